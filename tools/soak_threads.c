/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A soak whose threads are real (--threads). The machine and the actors are code for one thread and stay it: a monitor guards them. The library is what runs at
 * once: whoever calls it has left the monitor, and it enters where it calls the host or touches a register. So there are
 *
 *   one thread that is the hardware: the caller's, a step of the machine at a time. Who waits in port.wait moves it, too
 *   a servicer for each IOMMU: dispatches when its interrupt or bell rang, at its deadline, and while work is left; nobody else dispatches
 *   N others, each of which is now an owner of some space, now a driver of some device: they share all of these, and calls for the same meet
 *
 * Monitor first, then nothing: the engine's lock is taken outside (the engine may hold it when it enters). Nothing repeats here, so there is no trace; what is
 * judged, and what cannot be, is in soak_watch.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include "soak_work.h"

enum { SERVICERS = 16, MUTATORS = 64, PATIENCE = 1 << 20 };	/* turns of a wait; in an honest world nobody's time is up */

struct servicer {
	struct crew *crew;
	struct iovm_iommu *iommu;
	pthread_t thread;
	uint64_t deadline;
	bool due, away;		/* away: in the engine */
};
struct crew {
	pthread_mutex_t monitor, engine;
	pthread_cond_t bell;
	struct world *w;
	struct servicer servicer[SERVICERS];
	pthread_t mutator[MUTATORS];
	unsigned threads, nservicers, nmutators;
	bool stop;
};

/* ---- the monitor, and what the machine asks of us inside ------------------------------------------------------------------- */

static void monitor(void *vcrew, bool enter)
{
	struct crew *c = vcrew;

	if (enter)
		pthread_mutex_lock(&c->monitor);
	else
		pthread_mutex_unlock(&c->monitor);
}

void crew_leave(struct world *w)
{
	monitor(w->crew, false);
}

int crew_back(struct world *w, int ret)
{
	monitor(w->crew, true);
	return ret;
}

static void engine_lock(void *vw)	/* outside */
{
	struct world *w = vw;

	pthread_mutex_lock(&w->crew->engine);
}

static void engine_unlock(void *vw)
{
	struct world *w = vw;

	pthread_mutex_unlock(&w->crew->engine);
}

static void ring(struct servicer *s)
{
	s->due = true;
	pthread_cond_broadcast(&s->crew->bell);
}

static void wake(void *vw, struct iovm_iommu *iommu)
{
	struct world *w = vw;

	for (unsigned i = 0; i < w->crew->nservicers; i++)
		if (w->crew->servicer[i].iommu == iommu)
			ring(&w->crew->servicer[i]);
}

static void interrupt(void *vw, unsigned iommu)
{
	struct world *w = vw;

	if (iommu < w->crew->nservicers)
		ring(&w->crew->servicer[iommu]);
}

static void others(struct world *w, bool idle)	/* let them in */
{
	crew_leave(w);
	if (idle)
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	else
		sched_yield();
	crew_back(w, 0);
}

static bool wait(void *vw, unsigned turn)
{
	struct world *w = vw;

	others(w, false);
	return turn < PATIENCE && !w->stop;
}

/* ---- the threads ------------------------------------------------------------------------------------------------------------- */

static void dispatch(struct world *w, struct servicer *s)
{
	static const unsigned budgets[] = { 64, 64, 8, 1 };
	unsigned budget = budgets[choose(w, 4, "budget")];
	uint64_t now = iovm_sim_now(w->sim), deadline;
	int n;

	s->due = false;
	s->away = true;
	crew_leave(w);
	n = iovm_dispatch(s->iommu, now, budget);
	deadline = iovm_deadline(s->iommu);
	crew_back(w, 0);
	s->away = false;
	s->deadline = deadline;
	s->due |= n >= (int)budget;
	world_expect(w, "iovm_dispatch", n, 0);
}

static void *serve(void *vs)
{
	struct servicer *s = vs;
	struct crew *c = s->crew;

	crew_back(c->w, 0);
	while (!c->stop)
		if (s->due)
			dispatch(c->w, s);
		else
			pthread_cond_wait(&c->bell, &c->monitor);
	crew_leave(c->w);
	return NULL;
}

static void *mutate(void *vcrew)
{
	struct crew *c = vcrew;

	crew_back(c->w, 0);
	while (!c->stop) {
		if (!c->w->stop)
			world_turn(c->w);
		others(c->w, c->w->ebb || c->w->stop);
	}
	crew_leave(c->w);
	return NULL;
}

void crew_step(struct world *w)
{
	struct crew *c = w->crew;
	bool moved = iovm_sim_step(w->sim);

	for (unsigned i = 0; i < c->nservicers; i++)
		if (c->servicer[i].deadline <= iovm_sim_now(w->sim)) {
			c->servicer[i].deadline = UINT64_MAX;
			ring(&c->servicer[i]);
		}
	others(w, !moved);
}

bool crew_idle(const struct world *w)
{
	const struct crew *c = w->crew;
	bool idle = true;

	for (unsigned i = 0; i < c->nservicers; i++)
		idle &= !c->servicer[i].due && !c->servicer[i].away && c->servicer[i].deadline == UINT64_MAX;
	return idle;
}

/* ---- coming and going ---------------------------------------------------------------------------------------------------------- */

int crew_new(struct world *w, unsigned threads, struct iovm_sim_config *machine, struct iovm_port *port)
{
	struct crew *c = w->crew = calloc(1, sizeof(*c));

	if (!c)
		return ENOMEM;
	c->w = w;
	c->threads = threads;
	pthread_mutex_init(&c->monitor, NULL);
	pthread_mutex_init(&c->engine, NULL);
	pthread_cond_init(&c->bell, NULL);
	port->lock = engine_lock;
	port->unlock = engine_unlock;
	port->wake = wake;
	port->wait = wait;
	machine->monitor = monitor;
	machine->monitor_ctx = c;
	machine->no_dispatch = true;
	machine->irq = interrupt;
	machine->irq_ctx = w;
	machine->trace = watch_record;
	machine->trace_ctx = w;
	crew_back(w, 0);
	return 0;
}

int crew_start(struct world *w)
{
	struct crew *c = w->crew;
	int err = 0;

	while (!err && c->nservicers < w->config->iommus) {
		struct servicer *s = &c->servicer[c->nservicers];

		*s = (struct servicer){ .crew = c, .iommu = iovm_sim_iommu(w->sim, c->nservicers), .deadline = UINT64_MAX, .due = true };
		err = pthread_create(&s->thread, NULL, serve, s);
		c->nservicers += !err;
	}
	while (!err && c->nmutators < c->threads) {
		err = pthread_create(&c->mutator[c->nmutators], NULL, mutate, c);
		c->nmutators += !err;
	}
	return err;
}

void crew_stop(struct world *w)
{
	struct crew *c = w->crew;

	c->stop = true;
	pthread_cond_broadcast(&c->bell);
	crew_leave(w);
	for (unsigned i = 0; i < c->nmutators; i++)
		pthread_join(c->mutator[i], NULL);
	for (unsigned i = 0; i < c->nservicers; i++)
		pthread_join(c->servicer[i].thread, NULL);
	crew_back(w, 0);
}

void crew_del(struct world *w)
{
	struct crew *c = w->crew;

	if (!c)
		return;
	crew_leave(w);
	pthread_cond_destroy(&c->bell);
	pthread_mutex_destroy(&c->engine);
	pthread_mutex_destroy(&c->monitor);
	free(c);
	w->crew = NULL;
}
