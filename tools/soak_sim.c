/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A run on the pretend machine, from its shape to its verdict.
 *
 * Quiet points come at fixed numbers of steps, whatever ends the run: so a run that was ended by time repeats under the number of steps that it
 * reported. At a quiet point all devices are present and ready, and nothing is bound, draining or held back; then the engine's memory must be what it was
 * at any other quiet point.
 *
 * The floors ("idle") see to it that a run in which the world has come to a stop does not pass: they are judged over the whole run and over
 * each tenth of it. A tenth of a run that ends by the clock has as few steps as the machine had time for it, none if it was stopped; so what is asked
 * of a tenth is in proportion to its steps, and nothing is asked of one with too few of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "faults.h"
#include "soak_crash.h"
#include "soak_draw.h"
#include "soak_heap.h"
#include "soak_work.h"
#include "trace_file.h"

#define TIDE 16384u		/* steps between quiet points, for each 16 devices: the more there are, the longer it takes until all are quiet */
#define EBB_LIMIT 50000u	/* steps in which a quiet point is reached, or something hangs */
#define CREW_FLOOR 16u		/* and what must have happened in them, if they are done by threads */
#define LOOK 256u		/* steps between looks at clock, signals and counters */
#define EBB_SECONDS 60u		/* the same of threads, whose steps measure nothing */
#define FLOOR_STEPS 20000u	/* runs shorter than this, for each 16 devices, are too short to judge how busy they were: it takes steps until all are plugged in */

struct activity { uint64_t steps, requests, success, binds; };

struct run {
	const struct soak_options *o;
	struct soak_result *r;
	struct world *w;
	uint64_t start_ns, ebb_since, ebb_ns;
	unsigned tenth;			/* that runs */
	struct activity at[11];		/* when each tenth began */
	bool read_10pct;
};

static struct iovm_stats engine_stats(const struct run *run)
{
	struct iovm_stats s = { .size = sizeof(s) };

	iovm_stats(run->w->sys, &s);
	return s;
}

static struct activity activity(const struct run *run)
{
	struct iovm_stats s = engine_stats(run);

	return (struct activity){ run->r->steps, s.requests, s.success, s.binds };
}

static unsigned crowd(const struct run *run)
{
	return (run->r->config.devices + 15) / 16;
}

static double portion(uint64_t done, uint64_t all)
{
	return all ? (double)done / (double)all : 0;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double progress(const struct run *run)	/* 0..1 */
{
	const struct soak_options *o = run->o;
	double p = portion(run->r->steps, o->steps);

	if (o->requests)
		p = larger(p, portion(engine_stats(run).requests, o->requests));
	if (o->kills)
		p = larger(p, portion(run->w->kills, o->kills));
	if (o->duration_ns)
		p = larger(p, portion(soak_clock() - run->start_ns, o->duration_ns));
	return p;
}

static uint64_t live_bytes(const struct run *run)
{
	struct iovm_sim_stats s = { .size = sizeof(s) };

	iovm_sim_stats(run->w->sim, &s);
	return s.live_bytes;
}

static void begin_ebb(struct run *run)
{
	run->w->ebb = true;
	run->ebb_since = run->r->steps;
	run->ebb_ns = soak_clock();
}

static bool stuck(const struct run *run, uint64_t steps)
{
	return run->w->crew ? soak_clock() - run->ebb_ns > EBB_SECONDS * UINT64_C(1000000000) : steps > EBB_LIMIT;
}

static void report_stuck(struct run *run)
{
	struct iovm_stats s = engine_stats(run);

	soak_fail(run->r, "no quiet point within %u %s: %u bonds of drivers (%u of the engine), %u PASIDs live and %u in quarantine, %u tokens",
		  run->w->crew ? EBB_SECONDS : EBB_LIMIT, run->w->crew ? "seconds" : "steps", run->w->nbonds, s.bonds, s.pasids_live, s.pasids_quarantined, s.tokens);
	for (unsigned i = 0; i < run->w->ndrv; i++) {
		const struct driver *d = &run->w->drv[i];
		if (!driver_ready(d))
			soak_fail(run->r, "device %#x is not ready: %s%s%s%s%s%s, goal %d, last error %d", d->stream_ids[0], d->ep ? "plugged in" : "not plugged in",
				  d->inited ? ", inited" : "", d->domain ? ", entry 0 in use" : "", d->gone ? ", gone" : "", d->leaving ? ", half deleted" : "",
				  d->reset_wanted ? ", to be reset" : "", d->goal, d->error);
	}
	run->w->stop = true;
}

/* In ebb: has it got quiet? */
static void look_for_quiet(struct run *run)
{
	if (world_quiet(run->w)) {
		run->w->ebb = false;
		if (!run->read_10pct && progress(run) >= 0.1) {
			run->r->memory.live_bytes_10pct = live_bytes(run);
			run->read_10pct = true;
		}
	} else if (stuck(run, run->r->steps - run->ebb_since)) {
		report_stuck(run);
	}
}

static void look_at_tenths(struct run *run, double p)
{
	while (run->tenth < 10 && p * 10 >= run->tenth + 1)
		run->at[++run->tenth] = activity(run);
}

static bool violated(const struct run *run)
{
	const struct iovm_check *check = iovm_sim_check(run->w->sim);

	return check && iovm_check_violations(check);
}

static bool over(struct run *run)
{
	double p = progress(run);

	look_at_tenths(run, p);
	soak_progress((int)(p * 1000), "seed %" PRIu64 ", %" PRIu64 " steps, %" PRIu64 " requests", run->r->seed, run->r->steps, activity(run).requests);
	run->w->stop |= violated(run);
	run->r->partial = run->w->stop || soak_signal;
	return p >= 1 || run->r->partial;
}

static void flow(struct run *run)
{
	uint64_t steps = run->o->steps ? run->o->steps : UINT64_MAX;
	uint64_t tide = TIDE * crowd(run);

	while (!run->w->stop && run->r->steps < steps) {
		run->r->steps++;
		world_step(run->w);
		if (run->w->ebb && run->r->steps % 16 == 0)
			look_for_quiet(run);
		if (run->r->steps % tide == 0 && !run->w->ebb)
			begin_ebb(run);
		if (run->r->steps % LOOK == 0 && over(run))
			break;
	}
	look_at_tenths(run, progress(run));
}

static void last_ebb(struct run *run)	/* beyond the counted steps: the end of the world is not part of the run */
{
	uint64_t steps = 0;

	begin_ebb(run);
	while (!run->w->stop && (steps % 16 || !world_quiet(run->w))) {
		world_step(run->w);
		if (stuck(run, ++steps))
			report_stuck(run);
	}
	run->r->memory.live_bytes_end = live_bytes(run);
	if (!run->read_10pct)
		run->r->memory.live_bytes_10pct = run->r->memory.live_bytes_end;
	run->r->has_memory = true;
}

static void judge_floor(struct soak_result *r, const char *what, uint64_t n, uint64_t floor)
{
	if (n < floor)
		soak_fail(r, "idle: %s %" PRIu64 ", at least %" PRIu64 " expected", what, n, floor);
}

static void judge_tenth(struct soak_result *r, unsigned tenth, const char *what, uint64_t n, uint64_t expected)
{
	if (n < expected / 10)
		soak_fail(r, "idle: %s %" PRIu64 " in tenth %u of the run, %" PRIu64 " for its steps on average", what, n, tenth, expected);
}

static void judge_tenths(struct soak_result *r, const struct activity *at)
{
	struct activity all = at[10];

	for (unsigned i = 1; i <= 10; i++) {
		uint64_t steps = at[i].steps - at[i - 1].steps;

		if (steps < FLOOR_STEPS / 20)
			continue;
		judge_tenth(r, i, "requests", at[i].requests - at[i - 1].requests, (uint64_t)(portion(steps, all.steps) * (double)all.requests));
		judge_tenth(r, i, "responses.success", at[i].success - at[i - 1].success, (uint64_t)(portion(steps, all.steps) * (double)all.success));
		judge_tenth(r, i, "binds", at[i].binds - at[i - 1].binds, (uint64_t)(portion(steps, all.steps) * (double)all.binds));
	}
}

/* Of threads nobody chooses whose turn it is: only that everything went on happening can be expected */
static void judge_crew_floors(struct run *run)
{
	struct activity all = run->at[10];

	judge_floor(run->r, "requests", all.requests, CREW_FLOOR);
	judge_floor(run->r, "responses.success", all.success, CREW_FLOOR);
	judge_floor(run->r, "binds", all.binds, CREW_FLOOR);
	judge_floor(run->r, "mm_exits", run->r->mm_exits, CREW_FLOOR / 8);
	judge_floor(run->r, "invalidations", run->r->invalidations, CREW_FLOOR);
}

static void judge_floors(struct run *run)
{
	struct soak_result *r = run->r;
	struct activity all = run->at[10];

	if (r->partial || r->steps < FLOOR_STEPS * crowd(run))
		return;
	if (r->config.threads > 1) {
		judge_crew_floors(run);
		return;
	}
	judge_floor(r, "requests", all.requests, r->steps / 20);
	judge_floor(r, "responses.success", all.success, all.requests / 20);
	judge_floor(r, "binds", all.binds, r->steps / 2000);
	judge_tenths(r, run->at);
}

#define OFTEN 16u		/* a fault that was delivered so often must have had its consequences */

/* Invariants about something that is not in every world. All others must be checked in any run that is long enough. */
static const struct { unsigned id, fault; } rare[] = {	/* fault 0: any device with ATS */
	{ 8, 24 }, { 19, 16 }, { 29, 0 }, { 33, 13 }, { 34, 0 },	/* overflow, quarantine, ATC invalidations, floods, credits */
	{ 31, 34 },		/* whose fault a fence's failure was */
};
static const uint64_t of_stalls = UINT64_C(0xf) << 13;	/* I13 to I16 */
#define I(n) (UINT64_C(1) << (n))
static const uint64_t watched = I(1) | I(2) | I(10) | I(13) | I(17) | I(21) | I(26) | I(41);	/* what soak_watch.c judges */

/* Which invariants must have been checked at least once: those that this shape, these faults and this length put to the test */
static uint64_t must_check(const struct run *run)
{
	const struct soak_result *r = run->r;
	uint64_t set = r->config.threads > 1 ? watched : iovm_check_set(r->config.smmuv3);

	if (r->steps < FLOOR_STEPS * crowd(run))
		return 0;
	if (r->config.kinds == SOAK_KINDS_PRI)
		set &= ~of_stalls;
	for (unsigned i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (r->config.kinds == SOAK_KINDS_STALL || (rare[i].fault && r->injected[rare[i].fault] < OFTEN))
			set &= ~(UINT64_C(1) << rare[i].id);
	return set;
}

static void take_down(struct run *run)
{
	struct soak_result *r = run->r;
	unsigned leaks;

	r->partial |= run->w->stop;
	r->unsettled = r->nfailures || violated(run);
	if (!r->unsettled) {
		leaks = iovm_sim_settle(run->w->sim);
		if (leaks)
			soak_fail(r, "%u things are left after all devices, bonds and tokens went away", leaks);
	}
	soak_take_stats(r, run->w->sim);
	if (run->w->crew)
		watch_end(run->w);
	r->held = must_check(run);
	judge_floors(run);
	if (!r->unsettled && iovm_sim_del(run->w->sim) && !r->nfailures)
		soak_fail(r, "the machine found rules broken as it was taken down");
	world_free(run->w);
}

static void start(struct run *run, struct trace_file *trace)
{
	const struct soak_config *c = &run->r->config;
	const struct iovm_sim_smmuv3 smmuv3 = { .sync = (uint8_t)c->sync, .linear = c->linear, .no_range = !c->ranges };
	struct iovm_sim_config sim = {
		.size = sizeof(sim), .seed = run->o->seed, .iommus = c->iommus, .pasid_bits = (uint8_t)c->pasid_bits, .asid_bits = (uint8_t)c->asid_bits,
		.priq_log2 = (uint8_t)c->priq_log2, .evtq_log2 = (uint8_t)c->evtq_log2, .cmdq_log2 = (uint8_t)c->cmdq_log2, .inject = run->o->inject, .trace = trace_file_put,
		.trace_ctx = trace, .quiet = true,
		.smmuv3 = c->smmuv3 ? &smmuv3 : NULL,
	};

	run->w = world_new(c, run->r, &sim);
	run->start_ns = soak_clock();
}

static void environment(struct soak_result *r, const char *what, const char *why)
{
	r->environment = r->partial = true;
	soak_fail(r, "%s: %s", what, why);
}

static void run_world(struct run *run, struct trace_file *trace)
{
	int err;

	start(run, trace);
	if (!run->w) {
		environment(run->r, "the pretend machine", "no memory");
		return;
	}
	run->at[0] = activity(run);
	if (run->w->crew && (err = crew_start(run->w)) != 0) {
		environment(run->r, "pthread_create", strerror(err));
		run->w->stop = true;
	}
	flow(run);
	last_ebb(run);
	if (run->w->crew)
		crew_stop(run->w);
	take_down(run);
}

int soak_sim_run(const struct soak_options *o, struct soak_result *r)
{
	struct run run = { .o = o, .r = r };
	struct soak_holdings before;
	struct trace_file *trace;
	uint64_t began = soak_clock();
	int err;

	r->mm = "sim";
	r->backend = o->backend == SOAK_BACKEND_SMMUV3 ? "smmuv3" : "sim";
	r->seed = o->seed;
	r->inject = o->inject;
	soak_draw(o, &r->config);
	soak_crash_arm(o, r);
	if (r->config.threads > 1)
		soak_warm_up(r->config.threads + r->config.iommus);
	before = soak_holdings();
	trace = trace_file_new(o->trace, o->seed, !o->no_hash && r->config.threads < 2, o->collect[0]);
	if (!trace)
		environment(r, o->trace ? o->trace : "the trace", strerror(errno));
	else
		run_world(&run, trace);
	err = trace ? trace_file_del(trace, r->trace_sha256) : 0;
	if (err)
		environment(r, o->trace, strerror(err));
	soak_crash_arm(o, NULL);
	soak_progress_end();
	if (!r->unsettled)
		soak_leaks(r, &before);
	r->leaks.pasids = r->pasids.leaked;
	r->wall_ns = soak_clock() - began;
	return soak_exit_code(r);
}
