/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From a PASID to its bond and from an mm to its slot. many: independent lookups, as a batch of requests makes them.
 * chain: each key depends on the result before it, as the latency of one. absent: an mm that nobody bound, what an
 * MMU notifier meets most. beside a writer: another thread binds and unbinds other mms all the time. The floor is an
 * array of pointers to one line each, under the same keys.
 *
 * What the writer unbinds ends in dispatch. The bond lookup belongs to the servicer, so there the reader dispatches
 * now and then; otherwise the writer does. Time spent in dispatch does not count as time of lookups.
 */
#include "bench.h"
#include <stdlib.h>
#include "engine/engine.h"
#include "world.h"

enum { ROUND = 256, REBINDS = 16, SPARE = 4096 };

struct thing { uint64_t key; uint64_t rest[7]; } IOVM_ALIGNED;
struct lookup {
	struct world *world;
	struct thing **floor;		/* by number of the mm */
	struct thing *thing;
	uint64_t sink;
	uint32_t spare;			/* the writer's next */
	unsigned missed;
	double servicer_ns;		/* a lookup of pasid_servicer() */
};

/*
 * mm i has PASID i + 1. A right answer is 1, computed from what was found, so that a chain depends on it and no branch
 * predictor can run ahead.
 */
static inline uint64_t by_pasid(struct lookup *l, uint32_t i)
{
	const struct iovm__bond *bond = iovm__bond_find(l->world->iommu, l->world->dev[0], i + 1);

	return bond != NULL ? load_rlx(&bond->pasid) - i : 0;
}
static inline uint64_t by_mm(struct lookup *l, uint32_t i)
{
	const struct iovm__slot *slot = iovm__hash_find(&l->world->sys->reg, &l->world->mm[i]);

	return slot != NULL ? slot->pasid - i : 0;
}
static inline uint64_t by_absent_mm(struct lookup *l, uint32_t i)
{
	return iovm__hash_find(&l->world->sys->reg, (const char *)&l->world->mm[i] + 8) == NULL;
}
static inline uint64_t by_array(struct lookup *l, uint32_t i)
{
	return load_rlx((_Atomic(struct thing *) *)&l->floor[i])->key - i;
}

#define WORKER(name, find, chained) \
static uint64_t name(unsigned tid, const atomic_bool *stop, void *arg) \
{ \
	struct lookup *l = arg; \
	uint64_t seed = 88172645463325252u, n = 0, sum = 0, last = 1; \
\
	for (; !load_rlx(stop); n += ROUND) { \
		for (unsigned k = 0; k < ROUND; k++) { \
			last = find(l, bench_below(&seed, l->world->nmms)); \
			sum += last; \
			if (chained) \
				seed ^= last - 1; \
		} \
	} \
	l->missed += sum != n; \
	return n; \
}
WORKER(pasid_many, by_pasid, false)
WORKER(pasid_chain, by_pasid, true)
WORKER(mm_many, by_mm, false)
WORKER(mm_chain, by_mm, true)
WORKER(mm_absent, by_absent_mm, false)
WORKER(array_many, by_array, false)
WORKER(array_chain, by_array, true)

static uint64_t pasid_servicer(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct lookup *l = arg;
	uint64_t seed = 88172645463325252u, n = 0, sum = 0, spent = 0, begin = slice_ticks(), begin_ns = slice_now_ns();

	for (; !load_rlx(stop); n += ROUND) {
		uint64_t start = slice_ticks();

		for (unsigned k = 0; k < ROUND; k++)
			sum += by_pasid(l, bench_below(&seed, l->world->nmms));
		spent += slice_ticks() - start;
		iovm_dispatch(l->world->iommu, ++l->world->now, 64);
	}
	l->missed += sum != n;
	l->servicer_ns = (double)spent * (double)(slice_now_ns() - begin_ns) / (double)(slice_ticks() - begin) / (double)n;
	return n;
}

static void servicer_value(void *arg, double *out)
{
	out[0] = ((struct lookup *)arg)->servicer_ns;
}

static uint64_t idle(unsigned tid, const atomic_bool *stop, void *arg)
{
	while (!load_rlx(stop))
		cpu_relax();
	return 1;
}

static bool rebind(struct lookup *l)
{
	struct world *world = l->world;
	void *mm = &world->mm[world->nmms + l->spare++ % SPARE];

	if (iovm_bind_mm(world->dev[0], mm, NULL, NULL) < 0)
		return false;	/* it still drains */
	iovm_unbind_mm(world->dev[0], mm);
	return true;
}

static uint64_t writer(unsigned tid, const atomic_bool *stop, void *arg)
{
	uint64_t n = 0;

	while (!load_rlx(stop))
		n += rebind(arg);
	return n;
}

static uint64_t writer_servicer(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct lookup *l = arg;
	uint64_t n = 0;

	while (!load_rlx(stop)) {
		for (unsigned i = 0; i < REBINDS; i++)
			n += rebind(l);
		iovm_dispatch(l->world->iommu, ++l->world->now, 64);
	}
	return n;
}

static void settle(void *arg)
{
	world_settle(((struct lookup *)arg)->world);
}

static void one(struct bench *bench, struct lookup *l, const char *what, slice_worker *subject, slice_worker *floor)
{
	char variant[64];
	const struct bench_measure m = { .name = "lookup", .variant = variant,
		.subject = { .worker = { subject }, .arg = l }, .floor = { .worker = { floor }, .arg = l } };

	snprintf(variant, sizeof(variant), "%s, %u contexts", what, l->world->nmms);
	bench_run(bench, &m);
}

/* floor: the same reader beside an idle thread, so that the ratio is what the writer costs it */
static void beside(struct bench *bench, struct lookup *l, const char *what, slice_worker *subject, slice_worker *write, unsigned who)
{
	char variant[64];
	struct bench_measure m = { .name = "lookup", .variant = variant,
		.subject = { .worker = { subject, write }, .before = settle, .who = who, .arg = l } };

	if (who == 0)
		m.floor = (struct slice_job){ .worker = { subject, idle }, .before = settle, .arg = l };
	snprintf(variant, sizeof(variant), "%s, %u contexts", what, l->world->nmms);
	m.subject.values = m.floor.values = subject == pasid_servicer ? servicer_value : NULL;
	bench_run(bench, &m);
}

static void fill_floor(struct lookup *l)
{
	const uint32_t n = l->world->nmms;

	l->floor = bench_memory(n * sizeof(*l->floor));
	l->thing = bench_memory(n * sizeof(*l->thing));
	for (uint32_t i = 0; i < n; i++) {
		l->floor[i] = &l->thing[i];
		l->thing[i].key = i + 1;
		if (l->world->pasid[i] != i + 1)
			exit(1);
	}
}

static void size(struct bench *bench, uint32_t n)
{
	struct lookup *l = bench_memory(sizeof(*l));

	l->world = world_new(1, n, SPARE);
	fill_floor(l);
	one(bench, l, "PASID, many", pasid_many, array_many);
	one(bench, l, "PASID, chain", pasid_chain, array_chain);
	one(bench, l, "mm, many", mm_many, array_many);
	one(bench, l, "mm, chain", mm_chain, array_chain);
	one(bench, l, "mm, absent", mm_absent, array_many);
	beside(bench, l, "PASID, many, beside a writer", pasid_servicer, writer, 0);
	beside(bench, l, "mm, many, beside a writer", mm_many, writer_servicer, 0);
	beside(bench, l, "rebind beside a reader", mm_many, writer_servicer, 1);
	if (l->missed > 0) {
		fputs("iovm-bench: lookup: a context that is there was not found\n", stderr);
		exit(1);
	}
	world_settle(l->world);
	world_del(l->world);
	free(l->floor);
	free(l->thing);
	free(l);
}

void case_lookup(struct bench *bench)
{
	size(bench, 1000);
	if (bench->full)
		size(bench, 100000);
	size(bench, 1000000);
}
