/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A soak on the memory of real processes. One event_base carries it all: the engine under iovm_event, the pretend IOMMUs and devices (the mover: some steps,
 * then the base's turn), children and their deaths, and a tick that looks at time, signals and who shall die next.
 *
 * Order of the end: no new work; notifiers stop; drivers unbind; children leave; then the machine is settled and judged, and only then go
 * the loop and the memory that callbacks could reach.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "process_soak.h"
#include "soak_draw.h"
#include "soak_heap.h"
#include "trace_file.h"

enum {
	STEPS_A_MOVE = 8,	/* few: the engine shall find less than a full queue, and look in vain at times */
	JOBS_A_DEATH = 32,	/* transfers between two deaths: so that there is life as well */
	CRASH_AFTER = 8,	/* transfers, with --plant crash */
	SHARE = 3,		/* devices that a space is bound to */
	MIN_PASID_BITS = 8,	/* drawn: every space has its PASID, and reuse is left to the other part */
};
#define TICK_US 1000
#define PATIENCE_NS UINT64_C(20000000000)

static const struct timeval at_once = { 0, 0 };

void run_kick(struct run *run)
{
	if (!evtimer_pending(run->mover, NULL))
		evtimer_add(run->mover, &at_once);
}

unsigned run_choose(struct run *run, unsigned n, const char *point)
{
	return iovm_choose(run->sim, n, point);
}

void run_stop(struct run *run)
{
	run->r->partial = true;
	event_base_loopbreak(run->base);
}

/* ---- planted wrongs ------------------------------------------------------------------------------------------------------------ */

static __attribute__((noinline)) void store_to(volatile char *page)
{
	*page = 1;
	__asm__ volatile("" ::: "memory");	/* keeps the frames apart: no tail calls */
}

static __attribute__((noinline)) void planted_crash(struct run *run)
{
	char *page = mmap(NULL, PROCESS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page, PROCESS_PAGE);
	store_to(page);
	run->jobs++;
}

/* Every driver has unbound what it knew of: whatever is still bound is a leak. Told at the very end (the sentence itself takes memory) */
static void look_for_leaks(struct run *run)
{
	struct iovm_stats s = { .size = sizeof(s) };
	char words[300];

	if (!run->ending || !run->quiet)
		return;
	iovm_stats(run->sys, &s);
	run->leaked_pasids = s.pasids_live;
	for (unsigned i = 0; i < run->ndevices * run->nspaces; i++) {
		const struct bond *b = &run->devices[i / run->nspaces].bonds[i % run->nspaces];

		if (b->state == BOND_NONE || run->leak[0])
			continue;
		backtrace_words(&b->made, "iovm_bind_mm", words, sizeof(words));
		snprintf(run->leak, sizeof(run->leak), "leak: the bond of device %u and space %u was never unbound; it was made by %s", i / run->nspaces,
			 i % run->nspaces, words);
	}
}

/* ---- who shall die --------------------------------------------------------------------------------------------------------------- */

static bool all_live(const struct run *run)
{
	for (unsigned i = 0; i < run->nspaces; i++)
		if (run->spaces[i].state != PROC_LIVE)
			return false;
	return true;
}

static void order_death(struct run *run)
{
	unsigned at = run_choose(run, run->nspaces, "process.victim"), share = run->share < 2 ? 1 : 2;

	for (unsigned i = 0; i < run->nspaces; i++) {
		struct proc *s = &run->spaces[(at + i) % run->nspaces];

		if (s->own || proc_bonds(s, BOND_BOUND) < share)
			continue;
		proc_doom(s);
		run->ordered++;
		return;
	}
}

static void look_for_victim(struct run *run)
{
	bool more = !run->o->kills || run->ordered < run->o->kills;

	if (!run->ending && more && run->jobs >= JOBS_A_DEATH * (run->ordered + 1) && all_live(run))
		order_death(run);
}

/* ---- how long ------------------------------------------------------------------------------------------------------------------- */

static double portion(uint64_t done, uint64_t all)
{
	return all ? (double)done / (double)all : 0;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double progress(const struct run *run)
{
	struct iovm_stats s = { .size = sizeof(s) };
	double p = portion(run->r->processes.segfaulted, run->o->kills);

	iovm_stats(run->sys, &s);
	p = larger(p, portion(s.requests, run->o->requests));
	return larger(p, portion(soak_clock() - run->began, run->o->duration_ns));
}

static void look_at_time(struct run *run)
{
	double p = progress(run);

	soak_progress((int)(larger(0, p > 1 ? 1 : p) * 1000), "seed %" PRIu64 ", %" PRIu64 " transfers, %" PRIu64 " of %" PRIu64 " children died",
		      run->r->seed, run->jobs, run->r->processes.segfaulted, run->r->processes.started);
	if (p >= 1 && all_live(run))
		run->ending = true;
	if (soak_signal)
		run_stop(run);
	if (soak_clock() - run->last_progress > PATIENCE_NS) {
		soak_fail(run->r, "no transfer has ended for 20 s");
		run_stop(run);
	}
	if (run->r->nfailures > SOAK_FAILURES || iovm_check_violations(iovm_sim_check(run->sim)))
		run_stop(run);
}

static bool over(const struct run *run)
{
	for (unsigned i = 0; i < run->nspaces; i++) {
		const struct proc *s = &run->spaces[i];
		bool leaked = run->planted && run->planted->space == s && proc_bonds(s, BOND_NONE) == 1;

		if (s->state != PROC_GONE && !leaked)
			return false;
	}
	return run->quiet;
}

/* ---- events --------------------------------------------------------------------------------------------------------------------- */

static void turn(struct run *run)
{
	for (unsigned i = 0; i < run->ndevices; i++)
		device_turn(&run->devices[i]);
	for (unsigned i = 0; i < run->nspaces; i++)
		proc_turn(&run->spaces[i]);
	look_for_victim(run);
}

static void on_move(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;
	bool more = true;

	for (unsigned i = 0; i < STEPS_A_MOVE && more; i++) {
		more = iovm_sim_step(run->sim);
		run->r->steps++;
	}
	turn(run);
	if (more)
		run_kick(run);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	look_at_time(run);
	run_kick(run);
	if (run->ending && !run->quiet)
		run->quiet = notifiers_stop(run);
	if (run->o->plant == SOAK_PLANT_CRASH && run->jobs >= CRASH_AFTER)
		planted_crash(run);
	if (run->ending && over(run))
		event_base_loopbreak(run->base);
}

/* ---- the engine's host ---------------------------------------------------------------------------------------------------------- */

static void host_lock(void *ctx)
{
	struct run *run = ctx;

	if (run->binding && !run->binding->made.n)
		backtrace_take(&run->binding->made);
	run->port.lock(run->port.ctx);
}

static void host_unlock(void *ctx)
{
	struct run *run = ctx;

	run->port.unlock(run->port.ctx);
}

static void host_wake(void *ctx, struct iovm_iommu *iommu)
{
	struct run *run = ctx;

	run->port.wake(run->port.ctx, iommu);
	run_kick(run);
}

static void on_interrupt(void *ctx, unsigned iommu)
{
	struct run *run = ctx;

	run->port.wake(run->port.ctx, NULL);
}

/* ---- setting up ------------------------------------------------------------------------------------------------------------------ */

static int environment(struct run *run, const char *what, const char *why)
{
	run->r->environment = run->r->partial = true;
	soak_fail(run->r, "%s: %s", what, why);
	return -1;
}

static int new_loop(struct run *run)
{
	const struct timeval tick = { 0, TICK_US };

	run->base = event_base_new();
	run->ev = run->base ? iovm_event_new(run->base) : NULL;
	if (!run->ev)
		return environment(run, "the event loop (epoll, eventfd)", strerror(errno));
	run->port = iovm_event_port(run->ev);
	run->mover = evtimer_new(run->base, on_move, run);
	run->tick = event_new(run->base, -1, EV_PERSIST, on_tick, run);
	if (!run->mover || !run->tick || event_add(run->tick, &tick))
		return environment(run, "the event loop", "no memory");
	return 0;
}

static int new_machine(struct run *run, struct trace_file *trace)
{
	const struct soak_config *c = &run->r->config;
	const struct iovm_port port = { .ctx = run, .lock = host_lock, .unlock = host_unlock, .wake = host_wake };
	const struct iovm_sim_config sim = {
		.size = sizeof(sim), .seed = run->o->seed, .iommus = c->iommus, .pasid_bits = (uint8_t)c->pasid_bits, .asid_bits = (uint8_t)c->asid_bits,
		.priq_log2 = (uint8_t)c->priq_log2, .evtq_log2 = (uint8_t)c->evtq_log2, .cmdq_log2 = (uint8_t)c->cmdq_log2, .max_mms = 2 * c->mms, .port = &port, .quiet = true,
		.no_dispatch = true, .irq = on_interrupt, .irq_ctx = run, .trace = trace_file_put, .trace_ctx = trace,
	};
	struct iovm_iommu *iommu;

	run->sim = iovm_sim_new_config(&sim);
	if (!run->sim)
		return environment(run, "the pretend machine", "no memory");
	run->sys = iovm_sim_system(run->sim);
	for (unsigned i = 0; (iommu = iovm_sim_iommu(run->sim, i)) != NULL; i++)
		if (iovm_event_add(run->ev, iommu, -1))
			return environment(run, "the event loop", "no memory");
	return 0;
}

static int new_memory(struct run *run)
{
	char why[256];

	if (populate_init(&run->populate, run->o->populate, why, sizeof(why)))
		return environment(run, "page-in", why);
	run->r->config.populate = populate_name(&run->populate);
	run->pagemap = pagemap_open(getpid());
	if (run->pagemap < 0)
		return environment(run, "open of /proc/self/pagemap", "the pages cannot be verified: mount /proc");
	run->scratch = mmap(NULL, SCRATCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (run->scratch == MAP_FAILED)
		return environment(run, "mmap", strerror(errno));
	madvise(run->scratch, SCRATCH, MADV_DONTFORK);
	madvise(run->scratch, SCRATCH, MADV_NOHUGEPAGE);
	return 0;
}

static int new_parts(struct run *run)
{
	const struct soak_config *c = &run->r->config;

	run->nspaces = c->mms;
	run->ndevices = c->devices;
	run->share = c->devices < SHARE ? c->devices : SHARE;
	run->spaces = calloc(run->nspaces, sizeof(*run->spaces));
	run->devices = calloc(run->ndevices, sizeof(*run->devices));
	run->notifiers = calloc(c->threads, sizeof(*run->notifiers));
	if (!run->spaces || !run->devices || !run->notifiers)
		return environment(run, "the soak", "no memory");
	run->nnotifiers = c->threads;
	if (devices_new(run))
		return -1;
	for (unsigned i = 0; i < run->nspaces; i++) {
		run->spaces[i].index = i;
		run->spaces[i].own = i == 0 && run->nspaces > 1;
		if (proc_start(run, &run->spaces[i]))
			return -1;
	}
	if (!run->spaces[0].own)
		run->nnotifiers = 0;
	if (run->o->plant == SOAK_PLANT_LEAK)
		run->planted = &run->devices[0].bonds[0];
	return notifiers_start(run) ? environment(run, "pthread_create", "no thread") : 0;
}

static void draw(const struct soak_options *o, struct soak_config *c)
{
	soak_draw(o, c);
	if (!o->pasid_bits && c->pasid_bits < MIN_PASID_BITS)
		c->pasid_bits += MIN_PASID_BITS;
	if (!o->mms)
		c->mms = 2 + c->mms % 6;	/* processes are dearer than pretend ones */
	if (!o->priq_log2)
		while ((1u << c->priq_log2) < 4 * c->devices)
			c->priq_log2++;
}

/* ---- taking down ---------------------------------------------------------------------------------------------------------------- */

static void take_stats(struct run *run)
{
	struct iovm_event_stats s = { .size = sizeof(s) };
	struct soak_result *r = run->r;

	iovm_event_stats(run->ev, &s);
	r->loop.dispatches = s.dispatches;
	r->loop.wakeups = s.wakeups;
	r->loop.sleeps = s.sleeps;
	r->loop.spins = s.spins;
	r->loop.invalidations_posted = s.invalidations_posted;
	if (run->sim)
		soak_take_stats(r, run->sim);
	r->virtual_ns = run->virtual_ns;
	for (unsigned i = 0; i < IOVM_CHECK_MAX; i++)
		if (r->by_id[i].checked || r->by_id[i].violations)
			r->held |= UINT64_C(1) << i;
	r->has_loop = r->has_processes = true;
}

static void judge(struct run *run)
{
	struct soak_result *r = run->r;

	if (r->partial)
		return;
	if (r->processes.pages_present != r->processes.pages_verified)
		soak_fail(r, "%" PRIu64 " pages were made present, %" PRIu64 " of them by the kernel's page map", r->processes.pages_present,
			  r->processes.pages_verified);
	if (r->processes.callbacks_for_dead != r->processes.bonds_at_death)
		soak_fail(r, "%" PRIu64 " bonds of processes that died, %" PRIu64 " SHUTDOWN callbacks", r->processes.bonds_at_death,
			  r->processes.callbacks_for_dead);
	if (r->processes.died_with_request != r->processes.segfaulted)
		soak_fail(r, "%" PRIu64 " processes died, %" PRIu64 " with a page request outstanding", r->processes.segfaulted,
			  r->processes.died_with_request);
	if (run->o->kills && r->processes.segfaulted < run->o->kills && !r->nfailures)
		soak_fail(r, "%" PRIu64 " processes died, %" PRIu64 " were to", r->processes.segfaulted, run->o->kills);
}

static void stop_notifiers(struct run *run)	/* they wait for the loop to answer them */
{
	while (run->notifiers && !notifiers_stop(run))
		event_base_loop(run->base, EVLOOP_ONCE);
}

static void settle(struct run *run)
{
	struct soak_result *r = run->r;
	unsigned left;

	r->unsettled = r->nfailures || iovm_check_violations(iovm_sim_check(run->sim));
	run->virtual_ns = iovm_sim_now(run->sim);	/* taking it down, its clock leaps to where the event loop's is */
	look_for_leaks(run);
	run->closing = true;
	for (unsigned i = 0; run->spaces && i < run->nspaces; i++)
		if (run->spaces[i].run)
			proc_give_up(&run->spaces[i], false);
	left = r->unsettled ? 0 : iovm_sim_settle(run->sim);
	if (left && !run->leak[0] && !r->partial)
		soak_fail(r, "%u things are left after all devices, bonds and tokens went away", left);
}

static void free_machine(struct run *run)
{
	struct soak_result *r = run->r;

	if (!r->unsettled && iovm_sim_del(run->sim) && !r->nfailures && !run->leak[0] && !r->partial)
		soak_fail(r, "the machine found rules broken as it was taken down");
}

static void free_all(struct run *run)
{
	for (unsigned i = 0; run->spaces && i < run->nspaces; i++)
		if (run->spaces[i].run)
			proc_end(&run->spaces[i]);
	if (run->devices)
		devices_del(run);
	free(run->spaces);
	free(run->devices);
	free(run->notifiers);
	if (run->scratch && run->scratch != MAP_FAILED)
		munmap(run->scratch, SCRATCH);
	if (run->pagemap >= 0)
		close(run->pagemap);
	populate_fini(&run->populate);
	if (run->tick)
		event_free(run->tick);
	if (run->mover)
		event_free(run->mover);
	iovm_event_del(run->ev);
	if (run->base)
		event_base_free(run->base);
}

static void run_all(struct run *run, struct trace_file *trace)
{
	if (!new_loop(run) && !new_memory(run) && !new_machine(run, trace) && !new_parts(run)) {
		run->began = run->last_progress = soak_clock();
		event_base_dispatch(run->base);
	}
	if (run->ev)
		stop_notifiers(run);
	if (run->sim)
		settle(run);
	if (run->ev)
		take_stats(run);
	if (run->sim) {
		judge(run);
		free_machine(run);
	}
	free_all(run);
}

/* What libunwind acquires once and keeps is no leak of ours: the pipe by which a walk tries memory */
static void warm_up(unsigned threads)
{
	struct backtrace bt;

	backtrace_take(&bt);
	soak_warm_up(threads);
}

int soak_process_run(const struct soak_options *o, struct soak_result *r)
{
	struct run run = { .o = o, .r = r, .pagemap = -1, .populate.pidfd = -1, .own_memory = PTHREAD_MUTEX_INITIALIZER };
	struct soak_holdings before;
	struct trace_file *trace;
	uint64_t began = soak_clock();
	int err;

	r->backend = "sim";
	r->mm = "process";
	r->seed = o->seed;
	draw(o, &r->config);
	backtrace_on_crash();
	warm_up(r->config.threads);
	before = soak_holdings();
	trace = trace_file_new(o->trace, o->seed, !o->no_hash, o->collect[1]);
	if (!trace)
		environment(&run, o->trace ? o->trace : "the trace", strerror(errno));
	else
		run_all(&run, trace);
	err = trace ? trace_file_del(trace, r->trace_sha256) : 0;
	if (err)
		environment(&run, o->trace, strerror(err));
	backtrace_on_crash_end();
	soak_progress_end();
	if (!r->unsettled)
		soak_leaks(r, &before);
	r->leaks.pasids = r->pasids.leaked + run.leaked_pasids;
	if (run.leak[0])
		soak_fail(r, "%s", run.leak);
	r->wall_ns = soak_clock() - began;
	return soak_exit_code(r);
}
