/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * `iovm check-trace FILE`: the checker over a trace that somebody else recorded. Reads the file in pieces, so a trace may be larger than memory, and
 * nothing but the file, so a verdict can be repeated anywhere. A file that is no trace, or ends within a record, gets no verdict: exit 2.
 */
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <iovm/check.h>

int tool_check_trace(int argc, char **argv);

enum { CLEAN = 0, BROKEN = 1, NO_TRACE = 2 };
#define PIECE 4096	/* records read at once */

static const char help[] =
	"usage: iovm check-trace FILE [--json]\n\n"
	"Judges a trace, as `iovm soak` writes it, by the invariants of\n"
	"docs/INVARIANTS.md. Nothing but FILE is read. The trace must be that of a whole\n"
	"run, torn down at its end.\n\n"
	"  --json   one JSON object: each invariant with how often it was checked\n"
	"  --help   this text\n\n"
	"Exit: 0 clean; 1 an invariant is broken, named with the number of the record;\n"
	"2 FILE is not a trace, is truncated or cannot be read; 3 no room for the result.\n\n"
	"  iovm check-trace run.trace\n"
	"  iovm check-trace --json run.trace\n";

struct judged { const char *path; struct iovm_check *check; uint64_t seed, records; };

static int wrong(const char *path, const char *what)
{
	fprintf(stderr, "iovm check-trace: %s: %s\n", path, what);
	return NO_TRACE;
}

static int read_header(FILE *file, struct judged *j)
{
	struct iovm_trace_header header;
	size_t got = fread(&header, 1, sizeof header, file);

	if (ferror(file))
		return wrong(j->path, strerror(errno));
	if (got < sizeof header.magic || memcmp(header.magic, IOVM_TRACE_MAGIC, sizeof header.magic))
		return wrong(j->path, "not a trace: it does not begin with " IOVM_TRACE_MAGIC);
	if (got < sizeof header)
		return wrong(j->path, "truncated: it ends within the header");
	if (le32toh(header.version) != IOVM_TRACE_VERSION)
		return wrong(j->path, "a trace of another version: use the program that wrote it");
	if (le32toh(header.record_bytes) != sizeof(struct iovm_trace))
		return wrong(j->path, "not a trace: its records have another size");
	j->seed = le64toh(header.seed);
	return CLEAN;
}

#if __BYTE_ORDER == __BIG_ENDIAN
static void to_host_order(struct iovm_trace *r)
{
	r->time = le64toh(r->time), r->mm = le64toh(r->mm), r->a = le64toh(r->a), r->b = le64toh(r->b);
	r->stream_id = le32toh(r->stream_id), r->pasid = le32toh(r->pasid), r->bond = le32toh(r->bond), r->context = le32toh(r->context);
	r->id = le32toh(r->id), r->reserved = le32toh(r->reserved);
	r->event = le16toh(r->event), r->index = le16toh(r->index), r->code = (int16_t)le16toh((uint16_t)r->code);
}
#else
static void to_host_order(struct iovm_trace *r)
{
	(void)r;
}
#endif

static bool known(unsigned event)
{
	switch (event) {
#define X(name, number, fields) case number:
	IOVM_TRACE_EVENTS(X)
#undef X
		return true;
	default:
		return false;
	}
}

static int read_records(FILE *file, struct judged *j)
{
	static struct iovm_trace rec[PIECE];
	char what[120];
	size_t got, i;

	do {
		got = fread(rec, 1, sizeof rec, file);
		if (ferror(file))
			return wrong(j->path, strerror(errno));
		for (i = 0; i < got / sizeof rec[0]; i++) {
			to_host_order(&rec[i]);
			j->records++;
			if (!known(rec[i].event)) {
				snprintf(what, sizeof what, "not a trace, or damaged: record %llu is of event %u, which there is none of",
					(unsigned long long)j->records, rec[i].event);
				return wrong(j->path, what);
			}
			iovm_check_record(j->check, &rec[i]);
		}
	} while (got == sizeof rec);
	if (!j->records && !got)
		return wrong(j->path, "truncated: no record follows the header");
	if (got % sizeof rec[0] == 0)
		return CLEAN;
	snprintf(what, sizeof what, "truncated: it ends %zu bytes into record %llu", got % sizeof rec[0], (unsigned long long)j->records + 1);
	return wrong(j->path, what);
}

static uint64_t checks(const struct iovm_check *check)
{
	uint64_t sum = 0;
	unsigned n;

	for (n = 0; n < IOVM_CHECK_MAX; n++)
		sum += iovm_check_count(check, n)->checked;
	return sum;
}

static void say(const struct judged *j)
{
	const char *first = iovm_check_first(j->check);
	unsigned n;

	printf("%s: %llu records, seed %llu, %llu checks: ", j->path, (unsigned long long)j->records, (unsigned long long)j->seed,
		(unsigned long long)checks(j->check));
	if (!first) {
		puts("clean");
		return;
	}
	printf("%u violations\nfirst: %s\n", iovm_check_violations(j->check), first);
	for (n = 0; n < IOVM_CHECK_MAX; n++)
		if (iovm_check_count(j->check, n)->violations)
			printf("I%u: %llu of %llu\n", n, (unsigned long long)iovm_check_count(j->check, n)->violations,
				(unsigned long long)iovm_check_count(j->check, n)->checked);
}

static json_t *file_name(const char *path)	/* what of it is ASCII, should it be no UTF-8, which JSON is */
{
	json_t *name = json_string(path);
	char *ascii = name ? NULL : strdup(path), *c;

	for (c = ascii; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (ascii)
		name = json_string(ascii);
	free(ascii);
	return name ? name : json_null();
}

static void say_json(const struct judged *j)
{
	const char *first = iovm_check_first(j->check);
	json_t *ids = json_object(), *all;
	char name[8];
	unsigned n;

	for (n = 0; n < IOVM_CHECK_MAX; n++) {
		const struct iovm_check_count *count = iovm_check_count(j->check, n);

		if (!(iovm_check_set(false) >> n & 1) && !count->checked)
			continue;
		snprintf(name, sizeof name, "I%u", n);
		json_object_set_new(ids, name, json_pack("{s:I,s:I}", "checked", (json_int_t)count->checked, "violations", (json_int_t)count->violations));
	}
	all = json_pack("{s:s,s:i,s:o,s:I,s:I,s:I,s:I,s:s?,s:o}", "schema", "iovm-check-trace", "version", 1, "file", file_name(j->path),
		"seed", (json_int_t)j->seed, "records", (json_int_t)j->records, "checked", (json_int_t)checks(j->check),
		"violations", (json_int_t)iovm_check_violations(j->check), "first", first, "by_id", ids);
	if (all) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	}
	json_decref(all);
}

static int judge(const char *path, int json)
{
	struct judged j = { .path = path };
	FILE *file = fopen(path, "rb");
	int err;

	if (!file)
		return wrong(path, strerror(errno));
	j.check = iovm_check_new();
	err = j.check ? read_header(file, &j) : wrong(path, "no memory");
	if (!err)
		err = read_records(file, &j);
	fclose(file);
	if (!err) {
		iovm_check_end(j.check);
		(json ? say_json : say)(&j);
		err = iovm_check_violations(j.check) ? BROKEN : CLEAN;
	}
	iovm_check_del(j.check);
	return err;
}

int tool_check_trace(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	int json = 0, c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return fputs(help, stdout), CLEAN;
		if (c != 'j') {
			fputs("Try: iovm check-trace --help\n", stderr);
			return NO_TRACE;
		}
		json = 1;
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "iovm check-trace: %s\nTry: iovm check-trace --help\n", optind == argc ? "which FILE?" : "one FILE at a time");
		return NO_TRACE;
	}
	return judge(argv[optind], json);
}
