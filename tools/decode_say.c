/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Phrases that the page, the JSON object and the exit code share. */
#include <inttypes.h>
#include <string.h>
#include "decode.h"

const char *decode_kind_says(const char *kind)
{
	static const struct { const char *kind, *says; } kinds[] = {
		{ "CMD", "command" }, { "EVT", "event" }, { "PRI", "page request" }, { "STE", "stream table entry" }, { "CD", "context descriptor" },
		{ "L1", "level-1 descriptor" }, { "REG", "register" },
	};
	unsigned i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].kind, kind))
			return kinds[i].says;
	return kind;
}

void decode_pci(uint64_t sid, char text[16])	/* requester ID: bus 15:8, device 7:3, function 2:0 */
{
	snprintf(text, 16, "%02x:%02x.%u", (unsigned)(sid >> 8 & 0xff), (unsigned)(sid >> 3 & 0x1f), (unsigned)(sid & 7));
}

void decode_duration(int64_t us, char text[32])
{
	uint64_t n = (uint64_t)us;

	if (n < 1000)
		snprintf(text, 32, "%" PRIu64 " us", n);
	else if (n < 1000000)
		snprintf(text, 32, "%" PRIu64 ".%u ms", n / 1000, (unsigned)(n / 100 % 10));
	else if (n < UINT64_C(120000000))
		snprintf(text, 32, "%" PRIu64 ".%u s", n / 1000000, (unsigned)(n / 100000 % 10));
	else
		snprintf(text, 32, "%" PRIu64 " min %u s", n / 60000000, (unsigned)(n / 1000000 % 60));
}

/* What its first word tells, if that is there, or else the log's head */
static void cut_what(const struct decode_cut *cut, char *text, size_t size)
{
	const struct decode_record *r = &cut->record;
	const struct smmu_field *sid = r->record ? iovm__smmu_field(r->record, "SID") : NULL;

	if (!r->record && r->said >= 0)
		snprintf(text, size, "event 0x%02x", (unsigned)r->said);
	else if (!r->record)
		snprintf(text, size, "%s", decode_kind_says(r->kind));
	else if (sid && sid->msb < 64)
		snprintf(text, size, "%s (IHI 0070, %s), StreamID 0x%" PRIx64 ",", r->record->name, r->record->clause, iovm__smmu_get(sid, r->words));
	else
		snprintf(text, size, "%s (IHI 0070, %s)", r->record->name, r->record->clause);
}

void decode_cut_say(const struct decode_cut *cut, char *text, size_t size)
{
	const struct decode_record *r = &cut->record;
	char what[96], where[128] = "";

	cut_what(cut, what, sizeof(what));
	if (cut->bytes) {
		snprintf(text, size, "Cut short: the dump ends %" PRIu64 " bytes into record %" PRIu64 ", which needs %u.", cut->bytes, r->place, r->nwords * 8);
		return;
	}
	if (r->place)
		snprintf(where, sizeof(where), "%s%s at line %" PRIu64, r->device[0] ? " of " : "", r->device, r->place);
	snprintf(text, size, "Cut short: %s%s has %u of its %u words%s.", what, where, cut->have, r->nwords,
		cut->headless ? ", and no \"event received\" line before them" : "");
}

int decode_verdict(const struct decode_book *book, const char **why)
{
	*why = NULL;
	if (book->ncuts)
		*why = "a record was cut short";
	else if (!book->records)
		*why = "nothing here looks like SMMUv3 records: neither \"event 0x.. received\" with its four words, nor lines of hex words (0x..., 64 bits each)";
	else if (book->records == book->unknown)
		*why = "no record has a number that the architecture defines: is it another --kind?";
	return *why ? DECODE_BAD : DECODE_GOOD;
}
