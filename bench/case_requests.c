/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Page requests, from the ring to the answer, with a handler that says DONE. The floor is the null servicer on rings
 * of its own: read 16 bytes, write 16 bytes, for each record (the engine answers once a group). One thread plays
 * device and servicer in turns; two share the rings. Each group is of a random PASID, so that contexts are met cold
 * when there are many.
 *
 * latency: one request outstanding, both sides polling, from the write of the request to the sight of its answer.
 */
#include "bench.h"
#include <stdlib.h>
#include "world.h"

enum { BURST = 64, ROUND = 256, IN_FLIGHT = 1024, BUDGET = 64, SAMPLES = 1 << 16 };

struct side {			/* the engine's, or the floor's */
	struct world *world;
	struct traffic traffic;
	struct ring *requests, *commands;
	struct ring own[2];	/* the floor's */
	bool null;
	uint64_t bad;
	uint32_t *sample;	/* latency: ticks of each round trip */
	unsigned nsamples;
	double ticks_per_ns;
};

static unsigned serve(struct side *side)
{
	unsigned long before;

	if (side->null)
		return null_service(side->requests, side->commands, BURST);
	before = load_rlx(&side->requests->cons);
	iovm_dispatch(side->world->iommu, ++side->world->now, BUDGET);
	return (unsigned)(load_rlx(&side->requests->cons) - before);
}

static uint64_t work_alone(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct side *side = arg;
	uint64_t n = 0;

	for (; !load_rlx(stop); n += ROUND) {
		traffic_emit(&side->traffic, side->requests, ROUND / side->traffic.npages);
		while (serve(side) != 0)
			;
		traffic_answers(side->commands, &side->bad);
	}
	return n;
}

static uint64_t work_device(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct side *side = arg;
	const unsigned npages = side->traffic.npages;
	uint64_t emitted = 0, answered = 0;

	while (!load_rlx(stop)) {
		if (emitted - answered + BURST <= IN_FLIGHT) {
			traffic_emit(&side->traffic, side->requests, BURST / npages);
			emitted += BURST;
		}
		answered += traffic_answers(side->commands, &side->bad) * (side->null ? 1 : npages);
	}
	return emitted;
}

static uint64_t work_servicer(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct side *side = arg;
	uint64_t n = 0;

	while (!load_rlx(stop)) {
		unsigned done = serve(side);

		if (done == 0)
			cpu_relax();
		n += done;
	}
	return n;
}

static void settle(void *arg)	/* the next slice begins with empty rings */
{
	struct side *side = arg;

	if (!side->null) {
		world_settle(side->world);
		return;
	}
	store_rlx(&side->requests->cons, load_rlx(&side->requests->prod));
	store_rlx(&side->commands->cons, load_rlx(&side->commands->prod));
}

static void side_init(struct side *side, struct world *world, unsigned npages, bool null)
{
	*side = (struct side){ .world = world, .null = null };
	traffic_init(&side->traffic, world, npages);
	side->requests = null ? &side->own[0] : &world->hw.requests;
	side->commands = null ? &side->own[1] : &world->hw.commands;
	if (null) {
		ring_init(side->requests, 12);
		ring_init(side->commands, 14);
	}
}

static void side_fini(struct side *side)
{
	free(side->sample);
	free(side->traffic.index);
	free(side->own[0].record);
	free(side->own[1].record);
}

static void check_answers(struct side *side, const char *variant)
{
	settle(side);
	if (side->bad == 0)
		return;
	fprintf(stderr, "iovm-bench: %s: %llu answers were not Success\n", variant, (unsigned long long)side->bad);
	exit(1);
}

static void measure(struct bench *bench, struct world *world, unsigned npages, unsigned threads)
{
	struct side *side = bench_memory(2 * sizeof(*side));
	struct bench_measure m = { .name = "requests" };
	char variant[64];

	side_init(&side[0], world, npages, false);
	side_init(&side[1], world, npages, true);
	snprintf(variant, sizeof(variant), "%u-page groups, %u PASIDs, %u thread%s", npages, world->nmms, threads, threads > 1 ? "s" : "");
	m.variant = variant;
	m.subject = (struct slice_job){ .worker = { work_alone }, .before = settle, .arg = &side[0] };
	if (threads > 1)
		m.subject = (struct slice_job){ .worker = { work_device, work_servicer }, .before = settle, .who = 1, .arg = &side[0] };
	m.floor = m.subject;
	m.floor.arg = &side[1];
	bench_run(bench, &m);
	check_answers(&side[0], variant);
	side_fini(&side[0]);
	side_fini(&side[1]);
	free(side);
}

void case_requests(struct bench *bench)
{
	static const uint32_t pasids[] = { 16, 1000, 100000, 1000000 };
	static const unsigned npages[] = { 8, 1 };

	for (size_t i = 0; i < sizeof(pasids) / sizeof(pasids[0]); i++) {
		struct world *world;

		if (pasids[i] != 1000 && !bench->full)
			continue;
		world = world_new(64, pasids[i], 0);
		for (size_t k = 0; k < sizeof(npages) / sizeof(npages[0]); k++)
			for (unsigned threads = 1; threads <= 2; threads++)
				measure(bench, world, npages[k], threads);
		world_del(world);
	}
}

/* ---- latency ---- */

static bool round_trip(struct side *side, const atomic_bool *stop)
{
	uint64_t begin = slice_ticks();

	traffic_emit(&side->traffic, side->requests, 1);
	while (traffic_answers(side->commands, &side->bad) == 0)
		if (load_rlx(stop))
			return false;
	side->sample[side->nsamples++] = (uint32_t)(slice_ticks() - begin);
	return true;
}

static uint64_t work_asker(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct side *side = arg;
	uint64_t begin_ns = slice_now_ns(), begin = slice_ticks();

	side->nsamples = 0;
	while (!load_rlx(stop) && round_trip(side, stop)) {
		if (side->nsamples == SAMPLES)
			side->nsamples = 0;
		for (unsigned i = 0; i < 16; i++)
			cpu_relax();	/* the servicer finds nothing for a while, too */
	}
	side->ticks_per_ns = (double)(slice_ticks() - begin) / (double)(slice_now_ns() - begin_ns);
	return side->nsamples;
}

static uint64_t work_poller(unsigned tid, const atomic_bool *stop, void *arg)
{
	uint64_t n = 0;

	while (!load_rlx(stop))
		n += serve(arg);
	return n;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void percentiles(void *arg, double *out)
{
	static const double part[SLICE_VALUES] = { 0.5, 0.99, 0.999 };
	struct side *side = arg;

	if (side->nsamples == 0)
		return;
	qsort(side->sample, side->nsamples, sizeof(*side->sample), compare);
	for (unsigned i = 0; i < SLICE_VALUES; i++)
		out[i] = side->sample[(unsigned)((side->nsamples - 1) * part[i])] / side->ticks_per_ns;
}

void case_latency(struct bench *bench)
{
	struct world *world = world_new(64, 1000, 0);
	struct side *side = bench_memory(2 * sizeof(*side));
	struct bench_measure m = { .name = "latency", .variant = "one outstanding, polled", .value_name = { "p50", "p99", "p99.9" } };

	for (unsigned i = 0; i < 2; i++) {
		side_init(&side[i], world, 1, i == 1);
		side[i].sample = bench_memory(SAMPLES * sizeof(*side[i].sample));
	}
	m.subject = (struct slice_job){ .worker = { work_asker, work_poller }, .before = settle, .values = percentiles,
					.nvalues = SLICE_VALUES, .arg = &side[0] };
	m.floor = m.subject;
	m.floor.arg = &side[1];
	bench_run(bench, &m);
	check_answers(&side[0], m.variant);
	side_fini(&side[0]);
	side_fini(&side[1]);
	free(side);
	world_del(world);
}
