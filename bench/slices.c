/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One slice is one pair of threads: pin, measure the round trip, start together, work until told to stop, measure the
 * round trip again. The main thread sleeps meanwhile, so that it takes no CPU from them.
 */
#define _GNU_SOURCE
#include "slices.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/env.h"

#define CPU_SHARE 0.97		/* below it somebody else ran on our CPU */
#define ROUNDS 1500u
enum { SMT_BELOW = 80, CCX_BELOW = 400 };	/* ns a round trip: 40-60, 100-260, 500-700 on machines that we saw */
#define DRIFT 1.3		/* a slice over which the round trip changed more than so is not of one regime */

struct runner {
	const struct slice_job *job;
	unsigned nthreads;
	int cpu[2];
	atomic_bool stop;
	pthread_barrier_t gate;
	struct runner_thread {
		struct runner *runner;
		unsigned tid;
		double ops, ns, cpu_ns, trip[2];
	} IOVM_ALIGNED thread[2];
	atomic_uint ping IOVM_ALIGNED, pong IOVM_ALIGNED;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t slice_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static unsigned allowed_cpus(int cpu[2])
{
	cpu_set_t set;
	unsigned n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	return n;
}

unsigned slice_cpus(void)
{
	int cpu[2];
	unsigned n = allowed_cpus(cpu);

	return n > 0 ? n : 1;
}

static double round_trip(struct runner *runner, unsigned tid, unsigned base)
{
	uint64_t begin = slice_now_ns();

	for (unsigned i = base + 1; i <= base + ROUNDS; i++) {
		if (tid == 0) {
			store_rel(&runner->ping, i);
			while (load_acq(&runner->pong) != i)
				;
		} else {
			while (load_acq(&runner->ping) != i)
				;
			store_rel(&runner->pong, i);
		}
	}
	return (double)(slice_now_ns() - begin) / ROUNDS;
}

static void work(struct runner_thread *thread)
{
	struct runner *runner = thread->runner;
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID), begin = slice_now_ns();

	thread->ops = (double)runner->job->worker[thread->tid](thread->tid, &runner->stop, runner->job->arg);
	thread->ns = (double)(slice_now_ns() - begin);
	thread->cpu_ns = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
}

static void *thread_main(void *arg)
{
	struct runner_thread *thread = arg;
	struct runner *runner = thread->runner;
	bool two = runner->nthreads == 2;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(runner->cpu[thread->tid], &set);
	sched_setaffinity(0, sizeof(set), &set);
	pthread_barrier_wait(&runner->gate);
	if (two)
		thread->trip[0] = round_trip(runner, thread->tid, 0);
	pthread_barrier_wait(&runner->gate);
	work(thread);
	pthread_barrier_wait(&runner->gate);
	if (two)
		thread->trip[1] = round_trip(runner, thread->tid, ROUNDS);
	return NULL;
}

static enum slice_regime regime(const struct runner *runner)
{
	const double *trip = runner->thread[0].trip;

	for (unsigned i = 0; i < runner->nthreads; i++)
		if (runner->thread[i].cpu_ns < CPU_SHARE * runner->thread[i].ns)
			return SLICE_NOISY;
	if (runner->nthreads == 1)
		return SLICE_ONE;
	if (trip[0] > DRIFT * trip[1] || trip[1] > DRIFT * trip[0])
		return SLICE_NOISY;
	return trip[0] < SMT_BELOW ? SLICE_SMT : trip[0] < CCX_BELOW ? SLICE_CCX : SLICE_FAR;
}

static void must(int error, const char *what)
{
	if (error != 0) {
		fprintf(stderr, "iovm-bench: %s: %s\n", what, strerror(error));
		exit(3);
	}
}

static void run_threads(struct runner *runner, unsigned ms)
{
	struct timespec nap = { 0, (long)ms * 1000000 };
	pthread_t id[2];

	must(pthread_barrier_init(&runner->gate, NULL, runner->nthreads + 1), "barrier");
	for (unsigned i = 0; i < runner->nthreads; i++) {
		runner->thread[i].runner = runner;
		runner->thread[i].tid = i;
		must(pthread_create(&id[i], NULL, thread_main, &runner->thread[i]), "thread");
	}
	pthread_barrier_wait(&runner->gate);
	pthread_barrier_wait(&runner->gate);
	nanosleep(&nap, NULL);
	store_rel(&runner->stop, true);
	pthread_barrier_wait(&runner->gate);
	for (unsigned i = 0; i < runner->nthreads; i++)
		pthread_join(id[i], NULL);
	pthread_barrier_destroy(&runner->gate);
}

/* One thread alone: its CPU time, which a neighbour stretches less. Two wait for each other: the clock's. */
static double time_of(const struct runner *runner, unsigned i)
{
	return runner->nthreads == 1 ? runner->thread[i].cpu_ns : runner->thread[i].ns;
}

static void values(const struct runner *runner, double *out)
{
	const struct slice_job *job = runner->job;
	double sum = 0;
	unsigned n = 0;

	if (job->values != NULL) {
		job->values(job->arg, out);
		return;
	}
	for (unsigned i = 0; i < runner->nthreads; i++) {
		if (job->who != 2 && job->who != i)
			continue;
		sum += time_of(runner, i) / (runner->thread[i].ops > 0 ? runner->thread[i].ops : 1);
		n++;
	}
	out[0] = sum / n;
}

bool slice_run(const struct slice_job *job, unsigned ms, struct slice_set *set)
{
	struct runner runner = { .job = job, .nthreads = job->worker[1] != NULL ? 2 : 1 };
	double out[SLICE_VALUES] = { 0 };
	enum slice_regime in;

	if (allowed_cpus(runner.cpu) < runner.nthreads)
		must(EINVAL, "fewer CPUs than threads");
	if (job->before != NULL)
		job->before(job->arg);
	run_threads(&runner, ms);
	values(&runner, out);
	in = regime(&runner);
	if (set->n[in] == SLICE_KEEP)
		return false;
	for (unsigned i = 0; i < SLICE_VALUES; i++)
		set->value[in][i][set->n[in]] = out[i];
	set->n[in]++;
	return in != SLICE_NOISY;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *unsorted, unsigned n, double q)
{
	double sorted[SLICE_KEEP];

	memcpy(sorted, unsorted, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[(unsigned)((n - 1) * q + 0.5)];
}

double slice_median(const double *unsorted, unsigned n)
{
	return quantile(unsorted, n, 0.5);
}

double slice_spread(const double *unsorted, unsigned n)
{
	double middle = slice_median(unsorted, n);

	return middle > 0 ? (quantile(unsorted, n, 0.75) - quantile(unsorted, n, 0.25)) / middle : 0;
}

const char *slice_regime_name(enum slice_regime in)
{
	static const char *const name[] = { "one", "smt", "ccx", "far", "noisy" };

	return name[in];
}
