/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Only what the record alone can prove: nothing here depends on what the SMMU can do (IDR0...), so a sentence is never a false alarm on some part. Each rule
 * asks for fields by name and is silent in records that do not have them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "decode_judge.h"

#define STALL_BIT	95u	/* of the events that have STALL */
#define CLASS_TT	1u
#define CLASS_IN	2u
#define ATC_ALL		52u

struct judge { const struct decode_record *r; void (*say)(void *, const char *); void *arg; };

static __attribute__((format(printf, 2, 3))) void say(const struct judge *j, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	j->say(j->arg, text);
}

static const struct smmu_field *field(const struct judge *j, const char *name)
{
	return iovm__smmu_field(j->r->record, name);
}

static uint64_t get(const struct judge *j, const char *name)	/* 0, too, if there is no such field */
{
	const struct smmu_field *f = field(j, name);

	return f ? iovm__smmu_get(f, j->r->words) : 0;
}

static bool is(const struct judge *j, const char *name)
{
	return !strcmp(j->r->record->name, name);
}

static void number(const struct judge *j)
{
	unsigned of_words = j->r->words[0] & 0xff;
	const struct smmu_record *r = j->r->record;

	if (j->r->said >= 0 && j->r->said != (int)of_words)
		say(j, "The log says event 0x%02x, its words say 0x%02x. The words are what the SMMU wrote, unless lines were mixed up.", (unsigned)j->r->said, of_words);
	if (r)
		return;
	if (!strcmp(j->r->kind, "EVT") && of_words >= 0xe0 && of_words <= 0xef)
		say(j, "Event 0x%02x is implementation defined: the manual of this SMMU says what it is. It is not fatal.", of_words);
	else if (!strcmp(j->r->kind, "CMD") && of_words >= 0x80 && of_words <= 0x8f)
		say(j, "Command 0x%02x is implementation defined: the manual of this SMMU says what it does.", of_words);
	else
		say(j, "No %s has the number 0x%02x: a later architecture, or these words are not one.", !strcmp(j->r->kind, "CMD") ? "command" : "event", of_words);
}

static void event_class(const struct judge *j)
{
	uint64_t class = get(j, "CLASS"), s2 = get(j, "S2");

	if (!field(j, "CLASS"))
		return;
	if (class > CLASS_IN)
		say(j, "CLASS=3 is reserved.");
	else if (is(j, "F_WALK_EABT") && !s2 && class != CLASS_TT)
		say(j, "CLASS=%u with S2=0: an abort on a stage 1 walk is of CLASS 1.", (unsigned)class);
	else if (!is(j, "F_WALK_EABT") && !s2 && class != CLASS_IN)
		say(j, "CLASS=%u with S2=0: a stage 1 fault is always of CLASS 2 (the input address); CLASS 0 and 1 are faults of stage 2.", (unsigned)class);
	if (get(j, "TTRnW") && class != CLASS_TT)
		say(j, "TTRnW=1 means something with CLASS=1 only.");
}

static void event(const struct judge *j)
{
	uint64_t reserved[SMMU_RECORD_WORDS];

	if (iovm__smmu_reserved(j->r->record, j->r->words, reserved) && reserved[STALL_BIT / 64] >> STALL_BIT % 64 & 1)
		say(j, "Bit 95 (STALL) is set, but %s never stalls: there is nothing to resume.", j->r->record->name);
	if (field(j, "S2") && field(j, "IPA") && !get(j, "S2") && get(j, "IPA"))
		say(j, "IPA is set with S2=0: it is valid only in a fault of stage 2.");
	event_class(j);
	if (get(j, "InD") && !get(j, "RnW"))
		say(j, "InD=1 with RnW=0: an instruction is never written.");
	if (field(j, "SSV") && !get(j, "SSV") && get(j, "SSID"))
		say(j, "SSID is set with SSV=0: it is not valid, and should be 0.");
}

static void tlbi(const struct judge *j)
{
	uint64_t range = get(j, "NUM") | get(j, "SCALE") | get(j, "TTL");

	if (!field(j, "TG"))
		return;
	if (!get(j, "TG") && range)
		say(j, "NUM, SCALE and TTL must be 0 with TG=0 (no range).");
	if (get(j, "TG") && !range)
		say(j, "NUM, SCALE and TTL all 0 with a granule in TG is illegal (CERROR_ILL).");
}

static void command(const struct judge *j)
{
	tlbi(j);
	if (get(j, "SSec"))
		say(j, "SSec=1 is illegal on the Non-secure command queue (CERROR_ILL).");
	if (is(j, "SYNC") && get(j, "CS") == 3)
		say(j, "CS=3 is reserved: illegal (CERROR_ILL).");
	if (is(j, "SYNC") && get(j, "CS") != 1 && get(j, "MSIAddress"))
		say(j, "MSIAddress is ignored without CS=1.");
	if (is(j, "PRI_RESP") && get(j, "Resp") == 3)
		say(j, "Resp=3 is reserved: illegal (CERROR_ILL).");
	if (is(j, "ATC_INV") && get(j, "Size") > ATC_ALL)
		say(j, "Size=%u: 52 is everything; more may be illegal (CERROR_ILL).", (unsigned)get(j, "Size"));
	if (is(j, "ATC_INV") && get(j, "G") && !get(j, "SSV"))
		say(j, "G=1 means something with SSV=1 only.");
	if (is(j, "RESUME") && get(j, "Ac") && get(j, "Ab"))
		say(j, "Ab is ignored with Ac=1 (retry).");
}

static void request(const struct judge *j)
{
	if (!get(j, "SSV") && (get(j, "X") || get(j, "Priv")))
		say(j, "X or Priv is set with SSV=0: a request without a PASID has neither.");
}

static void stream(const struct judge *j)
{
	uint64_t config = get(j, "Config"), eats = get(j, "EATS");

	if (!get(j, "V") || config < 4)
		return;		/* the rest is not looked at */
	if ((config & 1) && get(j, "S1CDMax") && get(j, "S1Fmt") == 3)
		say(j, "S1Fmt=3 is reserved.");
	if (config == 5 && get(j, "STRW") & 1)
		say(j, "STRW=%u is reserved: the STE is illegal (C_BAD_STE) where Hyp is implemented.", (unsigned)get(j, "STRW"));
	if (config != 4 && eats == 2 && (config != 7 || get(j, "S2S")))
		say(j, "EATS=2 (split-stage ATS) needs Config=7 and S2S=0: the STE is illegal (C_BAD_STE) where ATS is implemented.");
	if ((config & 2) && (eats & 1) && get(j, "S2S"))
		say(j, "ATS with S2S=1 (stage 2 stalls): the STE is illegal (C_BAD_STE) where ATS is implemented.");
	if ((config & 1) && get(j, "S1CDMax") > 20)
		say(j, "S1CDMax=%u: SubstreamIDs have 20 bits at most; the STE is illegal (C_BAD_STE) where they are implemented.", (unsigned)get(j, "S1CDMax"));
}

static void context(const struct judge *j)
{
	uint64_t size = get(j, "T0SZ");		/* T1SZ and TG1 mean nothing in some worlds */

	if (get(j, "V") && get(j, "AA64") && !get(j, "EPD0") && (size < 12 || size > 48))
		say(j, "T0SZ=%u with EPD0=0 is out of range: the CD is illegal (C_BAD_CD).", (unsigned)size);
}

static void first_level(const struct judge *j)
{
	if (get(j, "Span") > 11)
		say(j, "Span=%u is invalid: 1 to 11 are 2^(Span-1) STEs.", (unsigned)get(j, "Span"));
}

void decode_judge(const struct decode_record *r, void (*tell)(void *arg, const char *text), void *arg)
{
	static const struct { const char *kind; void (*rules)(const struct judge *); } kinds[] = {
		{ "EVT", event }, { "CMD", command }, { "PRI", request }, { "STE", stream }, { "CD", context }, { "L1", first_level },
	};
	struct judge j = { r, tell, arg };
	unsigned i;

	number(&j);
	for (i = 0; r->record && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].kind, r->kind))
			kinds[i].rules(&j);
}
