/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* `iovm decode`: what SMMUv3 records say. Options and the way from input to page; the record's bits are the codec's. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "decode.h"
#include "decode_input.h"
#include "smmu_words.h"
#include "wrap.h"

int tool_decode(int argc, char **argv);

static const char help[] =
"usage: iovm decode [options] [WORD...]\n"
"\n"
"Says what the records of an Arm SMMUv3 mean: each field with its bits, value and\n"
"meaning, the clause of Arm IHI 0070, what an event usually comes from and what\n"
"to check. Reserved bits and contradictions are marked with \"!\".\n"
"\n"
"WORDs are hex, 64 bits each, word 0 first, with or without 0x, separated by\n"
"anything. Without WORDs, or with -, standard input is read. It may be\n"
"  a kernel's log, as it was pasted: the blocks \"event 0x10 received:\" of Linux\n"
"    are found among other lines, equal ones folded, one cut short reported\n"
"  lines of hex words (with 0x, or of at least 8 digits)\n"
"  a raw dump of a queue or table, little-endian; empty slots are skipped\n"
"Equal are records of one SMMU with the same words, but for the low 12 bits of\n"
"InputAddr; the first is shown.\n"
"\n"
"  --kind evt|cmd|pri|ste|cd|l1std|l1cd|reg   evt without; reg needs --reg\n"
"  --reg NAME      a register's value, by name or offset (CR0, 0x20)\n"
"  --raw, --text   standard input is a dump, or text; otherwise it is guessed\n"
"  --json          one JSON object instead of the page for people\n"
"  --tsv           lines KIND<tab>NAME<tab>WORDS in, KIND<tab>NAME<tab>FIELDS out\n"
"  --help          this text\n"
"\n"
"Exit: 0 all of it was decoded; 1 nothing was, or a record is cut short (with\n"
"--tsv: a line was answered with ERR); 2 usage; 3 no room for the result.\n"
"\n"
"  dmesg | iovm decode\n"
"  iovm decode 0x0000003100001810 0x0000020800000000 0x00007f00deadb123 0\n"
"  iovm decode --kind cmd 0000420000005840 00007f0000200009\n"
"  iovm decode --reg CR0 0x1d\n"
"  iovm decode --kind ste --raw < stream-table.bin\n";

static const struct option longs[] = {
	{ "kind", required_argument, NULL, 'k' }, { "reg", required_argument, NULL, 'r' }, { "raw", no_argument, NULL, 'b' },
	{ "text", no_argument, NULL, 't' }, { "json", no_argument, NULL, 'j' }, { "tsv", no_argument, NULL, 'T' }, { "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* reg is not in it: a register is known by its name only */
static const struct { const char *option, *kind, *record; } kinds[] = {
	{ "evt", "EVT", NULL }, { "cmd", "CMD", NULL }, { "pri", "PRI", NULL }, { "ste", "STE", NULL }, { "cd", "CD", NULL },
	{ "l1std", "L1", "L1STD" }, { "l1cd", "L1", "L1CD" },
};

struct options { struct decode_source source; bool json, tsv, help, wants_register, kind_given; };

static int complain(const char *object, const char *what)
{
	fprintf(stderr, "iovm decode: %s%s%s\nTry: iovm decode --help\n", object ? object : "", object ? ": " : "", what);
	return DECODE_USAGE;
}

static int set_kind(struct options *o, const char *kind)
{
	unsigned i;

	o->kind_given = true;
	o->wants_register = !strcasecmp(kind, "reg");
	if (o->wants_register)
		return 0;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcasecmp(kinds[i].option, kind)) {
			o->source.kind = kinds[i].kind;
			o->source.fixed = kinds[i].record ? iovm__smmu_record(kinds[i].kind, kinds[i].record) : NULL;
			return 0;
		}
	return complain(kind, "no such kind; there are evt, cmd, pri, ste, cd, l1std, l1cd, reg");
}

static int set_register(struct options *o, const char *name)
{
	const struct smmu_record *r = NULL;
	uint64_t offset;
	unsigned i;

	for (i = 0; i < iovm__smmu_nrecords; i++)
		if (!strcmp(iovm__smmu_records[i].kind, "REG") && !strcasecmp(iovm__smmu_records[i].name, name))
			r = &iovm__smmu_records[i];
	if (!r && smmu_number_parse(name, strlen(name), &offset) && offset <= UINT32_MAX)
		r = iovm__smmu_register((uint32_t)offset);
	if (!r)
		return complain(name, "no register of this name or offset; `iovm encode --list` names them all");
	o->source.kind = "REG";
	o->source.fixed = r;
	return 0;
}

static int settle(struct options *o, int words)
{
	bool reg = o->source.fixed && !strcmp(o->source.fixed->kind, "REG");

	if (o->wants_register && !reg)
		return complain("--kind reg", "which one? --reg NAME or --reg OFFSET says it");
	if (o->kind_given && !o->wants_register && reg)
		return complain("--reg", "means something with --kind reg only");
	if (o->source.form != DECODE_GUESS && words)
		return complain(NULL, "--raw and --text are about standard input; WORDs are given as well");
	if (o->tsv && (o->json || o->kind_given || reg || o->source.form != DECODE_GUESS || words))
		return complain("--tsv", "each line says its kind: no other option or WORD goes with it");
	return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
	int c, err = 0;

	*o = (struct options){ .source.kind = "EVT" };
	optind = 1;
	while (!err && (c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'k': err = set_kind(o, optarg); break;
		case 'r': err = set_register(o, optarg); break;
		case 'b': o->source.form = DECODE_RAW; break;
		case 't': o->source.form = DECODE_TEXT; break;
		case 'j': o->json = true; break;
		case 'T': o->tsv = true; break;
		case 'h': o->help = true; return 0;
		default: fputs("Try: iovm decode --help\n", stderr); return DECODE_USAGE;
		}
	if (!err && argc - optind == 1 && !strcmp(argv[optind], "-"))
		optind++;
	return err ? err : settle(o, argc - optind);
}

static int read_failed(int error)
{
	fprintf(stderr, "iovm decode: standard input: %s\n", strerror(error));
	return DECODE_BAD;
}

static int page(const struct decode_book *book, bool json)
{
	const char *why;
	int code = decode_verdict(book, &why);

	if (!json)
		decode_text(book);
	else if (!decode_json(book))
		return complain(NULL, "no memory"), DECODE_BAD;
	fflush(stdout);
	if (why)
		wrap(stderr, why, (unsigned)fprintf(stderr, "iovm decode: "), 2);
	return code;
}

static int no_word(const char *word)
{
	if (access(word, F_OK))
		return complain(word, "not a hex word of at most 16 digits");
	fprintf(stderr, "iovm decode: %s: not a hex word, but a file, which is read from standard\n  input: iovm decode <%s\n", word, word);
	return DECODE_USAGE;
}

static int run(const struct options *o, char **word, int words, struct smmu_reader *in)
{
	struct decode_book book;
	const char *bad = NULL;
	int code;

	if (o->tsv) {
		code = decode_tsv(in, stdout);
		return in->error ? read_failed(in->error) : code;
	}
	if (!decode_book_init(&book))
		return complain(NULL, "no memory"), DECODE_BAD;
	if (!(words ? decode_arguments(&book, &o->source, word, words, &bad) : decode_stream(&book, &o->source, in)))
		code = bad ? no_word(bad) : (complain(NULL, "no memory"), DECODE_BAD);
	else if (in->error)
		code = read_failed(in->error);
	else
		code = page(&book, o->json);
	decode_book_fini(&book);
	return code;
}

int tool_decode(int argc, char **argv)
{
	struct smmu_reader *in;
	struct options o;
	int code = parse(argc, argv, &o);

	if (code)
		return code;
	if (o.help) {
		fputs(help, stdout);
		return DECODE_GOOD;
	}
	in = malloc(sizeof(*in));
	if (!in)
		return complain(NULL, "no memory"), DECODE_BAD;
	smmu_reader_init(in, STDIN_FILENO);
	if (optind == argc && isatty(STDIN_FILENO))
		fputs("iovm decode: reading standard input; paste, then Ctrl-D (iovm decode --help says more)\n", stderr);
	code = run(&o, argv + optind, argc - optind, in);
	free(in);
	return code;
}
