/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Measuring on machines whose two CPUs drift apart. A virtual CPU moves: a cache line's round trip between two of
 * them is some 50 ns (threads of one core), 120 ns (one last-level cache) or 560 ns (two of them), and changes within
 * seconds; and another tenant may take a CPU away. So work is done in slices of a few milliseconds. A slice counts if
 * each thread had 97 % of its CPU and if the round trip just before and just after it lay in the same regime, nearly
 * equal. Results are kept by regime, and a thing and its floor are measured in turns, so that their ratio is of one
 * run and regime.
 */
#ifndef BENCH_SLICES_H
#define BENCH_SLICES_H
#include <stdbool.h>
#include <stdint.h>
#include "base/atomic.h"

enum slice_regime { SLICE_ONE, SLICE_SMT, SLICE_CCX, SLICE_FAR, SLICE_REGIMES,	/* ONE: a single thread */
		    SLICE_NOISY = SLICE_REGIMES, SLICE_SETS };	/* NOISY: did not count; looked at if nothing else is to be had */
#define SLICE_VALUES 3u

/* Runs until *stop; returns how many operations it did. tid 0 runs on the first CPU that we may use, 1 on the second. */
typedef uint64_t slice_worker(unsigned tid, const atomic_bool *stop, void *arg);

struct slice_job {
	slice_worker *worker[2];	/* the second may be NULL: one thread */
	void (*before)(void *arg);	/* each slice, in the caller's thread; may be NULL */
	/* What a slice was worth, in ns, nvalues numbers; NULL: ns an operation of the thread `who`, or the mean of both (who 2) */
	void (*values)(void *arg, double *out);
	unsigned nvalues, who;
	void *arg;
};

#define SLICE_KEEP 64u
struct slice_set {			/* clean slices of one job, by regime */
	unsigned n[SLICE_SETS];
	double value[SLICE_SETS][SLICE_VALUES][SLICE_KEEP];
};

unsigned slice_cpus(void);		/* 1 or 2 that we may run on */
bool slice_run(const struct slice_job *job, unsigned ms, struct slice_set *set);	/* one slice; whether it was clean */
double slice_median(const double *values, unsigned n);
double slice_spread(const double *values, unsigned n);	/* between the quartiles, as a part of the median */
const char *slice_regime_name(enum slice_regime regime);
uint64_t slice_now_ns(void);

/* The cheapest clock there is, of a rate that its user finds out. */
static inline uint64_t slice_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t t;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t));
	return t;
#else
	return slice_now_ns();
#endif
}

#endif
