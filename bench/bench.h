/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the cases of iovm-bench share: a measurement is a subject, its floor and its peers, run in turns; a row is
 * what came out in one regime. A row's ratio is floor / ns: the part of the floor's speed that we reach.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H
#include <stdio.h>
#include "slices.h"

#define BENCH_PEERS 3u

struct bench_row {
	const char *name;		/* of the case */
	char variant[80];
	double ns, floor_ns, ratio;	/* floor_ns, ratio 0: there is no floor */
	double instructions;		/* --count: instead of the three above */
	const char *peer[BENCH_PEERS];
	double peer_ns[BENCH_PEERS];
	enum slice_regime regime;
	unsigned slices;
	double spread;
};

struct bench {
	bool full;			/* all cells, more slices */
	const char *only;		/* run the case of this name; NULL: all */
	struct bench_row *rows;
	unsigned nrows, room;
};

struct bench_measure {
	const char *name;
	const char *variant;
	const char *value_name[SLICE_VALUES];	/* appended to the variant; NULL: a single value */
	struct slice_job subject, floor;	/* floor.worker[0] NULL: none */
	const char *peer[BENCH_PEERS];
	struct slice_job peer_job[BENCH_PEERS];
};

void bench_run(struct bench *bench, const struct bench_measure *m);
struct bench_row *bench_row_new(struct bench *bench);
void *bench_memory(size_t size);	/* zeroed, 64-byte aligned, present; ends the program when there is none. For free() */

static inline uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
static inline uint32_t bench_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((bench_random(state) >> 32) * n >> 32);
}

typedef void bench_case(struct bench *bench);
bench_case case_pasid, case_lookup, case_requests, case_invalidation, case_latency, case_submit;

/* --count. In the process that was started: exit status. In the one that runs under valgrind: count_child() */
int count_run(struct bench *bench, const char *self);
int count_child(unsigned npasids, unsigned ndevices);

int report_json(const struct bench *bench, FILE *to);
int report_table(const struct bench *bench, FILE *to);
int report_check_file(const char *file);	/* 0 if it can be compared with, else 2, said on stderr */
/* 1 if an instruction count rose by more than a tenth: those are the same in every run. Times never fail. */
int report_compare(const struct bench *bench, const char *file, FILE *to);

#endif
