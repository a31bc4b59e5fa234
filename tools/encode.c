/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* `iovm encode`: the words of an SMMUv3 record from its fields, and the list of all records and fields. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "decode.h"
#include "encode_fields.h"
#include "smmu_words.h"
#include "wrap.h"

int tool_encode(int argc, char **argv);

static const char help[] =
"usage: iovm encode [--kind KIND] NAME [FIELD=VALUE...]\n"
"       iovm encode --list [NAME]\n"
"       iovm encode --tsv\n"
"\n"
"Prints the words of an Arm SMMUv3 record, 64 bits each in hex, word 0 first.\n"
"NAME is a command, event, register (or its kind: STE, CD, L1STD, L1CD, PPR); a\n"
"VALUE is hex with 0x, or decimal. Names are taken in any case. An address is\n"
"given whole: its low bits must be 0. What is not given is 0, but what makes NAME\n"
"what it is: a command's opcode, an event's number, Range of CFGI_ALL, SSV and\n"
"Last of STOP_MARKER (with --tsv: opcode and number only).\n"
"\n"
"  --kind cmd|evt|pri|ste|cd|l1|reg   where NAME is one of several\n"
"  --list [NAME]   all records, or the fields of one\n"
"  --tsv           lines \"KIND<tab>NAME<tab>FIELD=VALUE;...\" in, words out\n"
"  --help          this text\n"
"\n"
"Exit: 0 good; 1 with --tsv a line was answered with ERR; 2 usage, or a field\n"
"that the record does not have or that does not fit; 3 no room for the result.\n"
"\n"
"  iovm encode ATC_INV SSV=1 SSID=5 SID=0x4200 Size=9 Addr=0x7f0000200000\n"
"  iovm encode STE V=1 Config=5 S1ContextPtr=0x80001000\n"
"  iovm encode --list F_TRANSLATION\n";

static const struct option longs[] = {
	{ "kind", required_argument, NULL, 'k' }, { "list", no_argument, NULL, 'l' }, { "tsv", no_argument, NULL, 'T' }, { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct options { const char *kind; bool list, tsv, help; };

static int complain(const char *object, const char *what)
{
	fprintf(stderr, "iovm encode: %s%s%s\n", object ? object : "", object ? ": " : "", what);
	return DECODE_USAGE;
}

enum { MEANINGS = 25 };	/* the column where they begin */

static void list_fields(FILE *out, const struct smmu_record *r)
{
	unsigned i;

	fprintf(out, "%s %s, %u words of 64 bits, IHI 0070 %s\n", r->kind, r->name, r->words, r->clause);
	for (i = 0; i < r->nfields; i++) {
		const struct smmu_field *f = &r->fields[i];
		char bits[16];
		int at;

		snprintf(bits, sizeof(bits), f->msb == f->lsb ? "%u" : "%u:%u", f->msb, f->lsb);
		at = fprintf(out, "  %-8s %-13s ", bits, f->name);
		wrap(out, f->meaning, at > 0 ? (unsigned)at : 0, MEANINGS);
	}
}

static void list_records(void)
{
	unsigned i;

	for (i = 0; i < iovm__smmu_nrecords; i++) {
		const struct smmu_record *r = &iovm__smmu_records[i];

		printf("%-4s0x%-6" PRIx32 "%s\n", r->kind, r->number, r->name);
	}
}

/* NAME of any kind, or of one; NULL, having said why, if there is none or more than one */
static const struct smmu_record *find(const char *kind, const char *name)
{
	const struct smmu_record *found = NULL;
	unsigned i;

	for (i = 0; i < iovm__smmu_nrecords; i++) {
		const struct smmu_record *r = &iovm__smmu_records[i];

		if (strcasecmp(r->name, name) || (kind && strcasecmp(r->kind, kind)))
			continue;
		if (found) {
			fprintf(stderr, "iovm encode: %s: a %s and a %s; --kind says which\n", name, decode_kind_says(found->kind), decode_kind_says(r->kind));
			return NULL;
		}
		found = r;
	}
	if (!found)
		fprintf(stderr, "iovm encode: %s: no record of this name%s; `iovm encode --list` shows them\n", name, kind ? " and kind" : "");
	return found;
}

/* Some are told from others of their number by fields, which nobody who says the name wants to say again */
static void begin(const struct smmu_record *r, uint64_t *words)
{
	static const struct { const char *name, *field; uint64_t value; } implied[] = {
		{ "CFGI_ALL", "Range", 31 }, { "STOP_MARKER", "SSV", 1 }, { "STOP_MARKER", "Last", 1 },
	};
	unsigned i;

	iovm__smmu_begin(r, words);
	for (i = 0; i < sizeof(implied) / sizeof(implied[0]); i++)
		if (!strcmp(r->name, implied[i].name))
			iovm__smmu_put(iovm__smmu_field(r, implied[i].field), words, implied[i].value);
}

static bool named_before(char **word, int i, size_t length)	/* word[0] is the record's name */
{
	for (int before = 1; before < i; before++)
		if (!strncasecmp(word[before], word[i], length + 1))
			return true;
	return false;
}

static int encode(const struct options *o, char **word, int count)
{
	const struct smmu_record *r = find(o->kind, word[0]);
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };
	char why[ENCODE_WHY];
	unsigned n;
	int i;

	if (!r)
		return DECODE_USAGE;
	begin(r, words);
	for (i = 1; i < count; i++) {
		const char *equal = strchr(word[i], '=');

		if (!equal)
			snprintf(why, sizeof(why), "FIELD=VALUE is needed");
		else if (named_before(word, i, (size_t)(equal - word[i])))
			snprintf(why, sizeof(why), "%.*s is given twice", (int)(equal - word[i] > 40 ? 40 : equal - word[i]), word[i]);
		else if (encode_pair(r, words, word[i], (size_t)(equal - word[i]), equal + 1, strlen(equal + 1), why))
			continue;
		complain(word[i], why);
		list_fields(stderr, r);
		return DECODE_USAGE;
	}
	for (n = 0; n < r->words; n++)
		printf("%s%016" PRIx64, n ? " " : "", words[n]);
	putchar('\n');
	return DECODE_GOOD;
}

static int list(const struct options *o, char **word, int count)
{
	const struct smmu_record *r;

	if (!count) {
		list_records();
		return DECODE_GOOD;
	}
	r = find(o->kind, word[0]);
	if (r)
		list_fields(stdout, r);
	return r ? DECODE_GOOD : DECODE_USAGE;
}

static int tsv(void)
{
	struct smmu_reader *in = malloc(sizeof(*in));
	int code;

	if (!in)
		return complain(NULL, "no memory"), DECODE_BAD;
	smmu_reader_init(in, STDIN_FILENO);
	code = encode_tsv(in, stdout);
	if (in->error) {
		complain("standard input", strerror(in->error));
		code = DECODE_BAD;
	}
	free(in);
	return code;
}

static bool is_kind(const char *kind)
{
	for (unsigned i = 0; i < iovm__smmu_nrecords; i++)
		if (!strcasecmp(iovm__smmu_records[i].kind, kind))
			return true;
	return false;
}

static int parse(int argc, char **argv, struct options *o)
{
	int c, words;

	*o = (struct options){ .kind = NULL };
	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'k': o->kind = optarg; break;
		case 'l': o->list = true; break;
		case 'T': o->tsv = true; break;
		case 'h': o->help = true; return 0;
		default: return DECODE_USAGE;
		}
	words = argc - optind;
	if (o->kind && !is_kind(o->kind))
		return complain(o->kind, "no such kind; there are cmd, evt, pri, ste, cd, l1, reg");
	if (o->tsv && (o->list || o->kind || words))
		return complain("--tsv", "each line says its kind: no other option or word goes with it");
	if (o->list && words > 1)
		return complain("--list", "one NAME at a time");
	return o->tsv || o->list || words ? 0 : complain(NULL, "which record? NAME FIELD=VALUE..., --list or --tsv");
}

int tool_encode(int argc, char **argv)
{
	struct options o;
	int code = parse(argc, argv, &o);

	if (code) {
		fputs("Try: iovm encode --help\n", stderr);
		return code;
	}
	if (o.help)
		fputs(help, stdout);
	else if (o.tsv)
		code = tsv();
	else
		code = (o.list ? list : encode)(&o, argv + optind, argc - optind);
	return code;
}
