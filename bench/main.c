/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * iovm-bench: what a request, a lookup, a PASID and an invalidation cost, next to a floor measured in the same run.
 * Options and exits as in usage().
 */
#include "bench.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "base/env.h"

static const struct { const char *name; bench_case *run; } cases[] = {
	{ "pasid", case_pasid },
	{ "lookup", case_lookup },
	{ "requests", case_requests },
	{ "invalidation", case_invalidation },
	{ "latency", case_latency },
	{ "submit", case_submit },
};
#define NCASES (sizeof(cases) / sizeof(cases[0]))

static int usage(FILE *to, int status)
{
	fputs("usage: iovm-bench [--case NAME] [--full] [--json] [--compare FILE] [--count]\n"
	      "  --case NAME     only pasid, lookup, requests, invalidation, latency or submit\n"
	      "  --full          all cells, more slices (about half an hour)\n"
	      "  --json          one JSON object instead of the table\n"
	      "  --compare FILE  beside what an earlier --json wrote to FILE\n"
	      "  --count         instructions, counted by valgrind: the same on every machine\n"
	      "                  of one kind\n"
	      "ns are medians of clean slices, ratio is floor / ns. Regimes: one thread, or two\n"
	      "on one core (smt), on one last-level cache (ccx), or far apart (far); noisy:\n"
	      "never undisturbed, not to be trusted.\n"
	      "exit: 0 good, 1 something failed, or a count rose by more than a tenth over\n"
	      "FILE's, 2 usage, 3 the machine lacks something\n", to);
	return status;
}

void *bench_memory(size_t size)
{
	size_t rounded = (size + IOVM_LINE - 1) / IOVM_LINE * IOVM_LINE;
	void *mem = aligned_alloc(IOVM_LINE, rounded);

	if (mem == NULL) {
		fprintf(stderr, "iovm-bench: no memory for %zu bytes: --full and --count want 2 GB\n", size);
		exit(3);
	}
	return memset(mem, 0, rounded);
}

struct bench_row *bench_row_new(struct bench *bench)
{
	if (bench->nrows == bench->room) {
		bench->room = bench->room * 2 + 64;
		bench->rows = realloc(bench->rows, bench->room * sizeof(*bench->rows));
		if (bench->rows == NULL)
			exit(3);
	}
	bench->rows[bench->nrows] = (struct bench_row){ .name = "" };
	return &bench->rows[bench->nrows++];
}

enum { SLICES = 5, FULL_SLICES = 15, MS = 8, FULL_MS = 12 };
#define PATIENCE_NS 2000000000u		/* a measurement on a busy machine takes what it has by then */
#define FULL_PATIENCE_NS 12000000000u

struct measured { struct slice_set subject, floor, peer[BENCH_PEERS]; };

static void add_row(struct bench *bench, const struct bench_measure *m, const struct measured *got, enum slice_regime in,
		    unsigned value)
{
	struct bench_row *row = bench_row_new(bench);
	const char *of = m->value_name[value];

	row->name = m->name;
	snprintf(row->variant, sizeof(row->variant), "%s%s%s", m->variant, of ? ", " : "", of ? of : "");
	row->regime = in;
	row->slices = got->subject.n[in];
	row->ns = slice_median(got->subject.value[in][value], row->slices);
	row->spread = slice_spread(got->subject.value[in][value], row->slices);
	if (got->floor.n[in] > 0) {
		row->floor_ns = slice_median(got->floor.value[in][value], got->floor.n[in]);
		row->ratio = row->floor_ns / row->ns;
	}
	for (unsigned i = 0; i < BENCH_PEERS; i++) {
		row->peer[i] = got->peer[i].n[in] > 0 ? m->peer[i] : NULL;
		if (row->peer[i] != NULL)
			row->peer_ns[i] = slice_median(got->peer[i].value[in][value], got->peer[i].n[in]);
	}
}

/* Of one regime, as many slices as the subject and its floor both have */
static unsigned both(const struct bench_measure *m, const struct measured *got, unsigned in)
{
	unsigned subject = got->subject.n[in], floor = got->floor.n[in];

	return m->floor.worker[0] == NULL || subject < floor ? subject : floor;
}

static unsigned have(const struct bench_measure *m, const struct measured *got)
{
	unsigned n = 0;

	for (unsigned in = 0; in < SLICE_REGIMES; in++)
		n = both(m, got, in) > n ? both(m, got, in) : n;
	return n;
}

/* Subject, floor and peers in turns, until there are enough slices or time is up. */
static void take_slices(const struct bench *bench, const struct bench_measure *m, struct measured *got)
{
	const unsigned want = bench->full ? FULL_SLICES : SLICES, ms = bench->full ? FULL_MS : MS;
	const uint64_t end = slice_now_ns() + (bench->full ? FULL_PATIENCE_NS : PATIENCE_NS);

	slice_run(&m->subject, ms, &(struct slice_set){ .n = { 0 } });	/* warm up */
	while (have(m, got) < want && slice_now_ns() < end) {
		slice_run(&m->subject, ms, &got->subject);
		if (m->floor.worker[0] != NULL)
			slice_run(&m->floor, ms, &got->floor);
		for (unsigned k = 0; k < BENCH_PEERS && m->peer[k] != NULL; k++)
			slice_run(&m->peer_job[k], ms, &got->peer[k]);
	}
}

void bench_run(struct bench *bench, const struct bench_measure *m)
{
	struct measured *got = calloc(1, sizeof(*got));
	unsigned nvalues = m->subject.nvalues > 0 ? m->subject.nvalues : 1, most;

	if (got == NULL || (m->subject.worker[1] != NULL && slice_cpus() < 2)) {
		free(got);
		return;
	}
	take_slices(bench, m, got);
	most = have(m, got);
	for (unsigned in = 0; in < SLICE_SETS; in++)
		if (in == SLICE_NOISY ? most == 0 : most > 0 && both(m, got, in) >= (most + 1) / 2)
			for (unsigned value = 0; value < nvalues; value++)
				add_row(bench, m, got, (enum slice_regime)in, value);
	free(got);
}

static bool known(const char *name)
{
	for (size_t i = 0; i < NCASES; i++)
		if (strcmp(name, cases[i].name) == 0)
			return true;
	return false;
}

static int refuse(const char *option, const char *object, const char *what)
{
	fprintf(stderr, "iovm-bench: %s%s: %s\n", option, object, what);
	return usage(stderr, 2);
}

static void run_cases(struct bench *bench)
{
	for (size_t i = 0; i < NCASES; i++) {
		if (bench->only != NULL && strcmp(bench->only, cases[i].name) != 0)
			continue;
		fprintf(stderr, "%s ...\n", cases[i].name);
		cases[i].run(bench);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "case", required_argument, NULL, 'c' }, { "full", no_argument, NULL, 'f' }, { "json", no_argument, NULL, 'j' },
		{ "compare", required_argument, NULL, 'm' }, { "count", no_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' },
		{ "count-child", required_argument, NULL, 'C' }, { NULL, 0, NULL, 0 } };
	struct bench bench = { .only = NULL };
	bool json = false, count = false;
	const char *compare = NULL;
	unsigned npasids, ndevices;
	int option, status = 0;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'c': bench.only = optarg; break;
		case 'f': bench.full = true; break;
		case 'j': json = true; break;
		case 'm': compare = optarg; break;
		case 'n': count = true; break;
		case 'C': return sscanf(optarg, "%u,%u", &npasids, &ndevices) == 2 ? count_child(npasids, ndevices) : 2;
		case 'h': return usage(stdout, 0);
		default: return usage(stderr, 2);
		}
	}
	if (optind != argc)
		return refuse("", argv[optind], "no such option");
	if (bench.only != NULL && !known(bench.only))
		return refuse("--case ", bench.only, "no such case");
	if (compare != NULL && report_check_file(compare) != 0)
		return 2;
	if (count)
		status = count_run(&bench, argv[0]);
	else
		run_cases(&bench);
	if (status == 0)
		status = compare != NULL ? report_compare(&bench, compare, stdout) :
			 json ? report_json(&bench, stdout) : report_table(&bench, stdout);
	free(bench.rows);
	return status;
}
