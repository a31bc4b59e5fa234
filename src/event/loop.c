/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The servicer on an event_base. Everything happens in a turn: dispatch each IOMMU once with a budget, run one batch of posted
 * invalidations, then decide when the next turn is. After work, and for SPIN_NS beyond it, that is at once; then the loop sleeps until a
 * deadline, a descriptor or the bell. SPIN_NS is about twice what it costs to wake a sleeping thread: who would have to wait that long
 * anyway loses little by having looked meanwhile.
 *
 * "At once" is a timer of zero, never a loop of our own: between two turns the event_base polls and runs everything else that it has. (An event
 * activated from its own callback would run again before the base polls; a timer does not.)
 *
 * Any number of descriptors, the bell and the timer can be ready in one round of the base. Only who finds the loop asleep makes a turn;
 * otherwise the timer is armed already.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include "loop.h"

enum { BUDGET = 64 };			/* requests of one IOMMU a turn: some 100 us if each page has to be made present */
#define SPIN_NS UINT64_C(50000)

struct iovm__served {
	struct iovm__served *next;
	struct iovm_iommu *iommu;
	struct event *readable;		/* NULL: no descriptor */
	struct iovm_event *ev;
	bool dead;			/* dispatch said so: only what is bound to it has to end, for which the engine rings or sets a deadline */
};

uint64_t iovm__event_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void turn_in(struct iovm_event *ev, uint64_t ns)
{
	uint64_t us = ns / 1000 + (ns % 1000 != 0);
	const struct timeval tv = { .tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000) };

	event_add(ev->turn, &tv);
}

static void unwatch_fd(struct iovm__served *s)
{
	if (s->readable)
		event_free(s->readable);
	s->readable = NULL;
}

static bool dispatch(struct iovm_event *ev, struct iovm__served *s, uint64_t now)
{
	int n = iovm_dispatch(s->iommu, now, BUDGET);

	ev->count.dispatches++;
	s->dead = n == IOVM_E_DEAD;
	if (s->dead)
		unwatch_fd(s);
	return n > 0;
}

static bool dispatch_all(struct iovm_event *ev, uint64_t now, bool rung)
{
	bool busy = false;

	for (struct iovm__served *s = ev->served; s; s = s->next)
		if (!s->dead || rung || iovm_deadline(s->iommu) <= now)
			busy |= dispatch(ev, s, now);
	return busy;
}

static uint64_t deadline(const struct iovm_event *ev)
{
	uint64_t least = UINT64_MAX;

	for (const struct iovm__served *s = ev->served; s; s = s->next)
		if (iovm_deadline(s->iommu) < least)
			least = iovm_deadline(s->iommu);
	return least;
}

static void sleep_until(struct iovm_event *ev, uint64_t then, uint64_t now)
{
	if (!iovm__bell_sleep(ev)) {
		turn_in(ev, 0);
		return;
	}
	ev->count.sleeps++;
	if (then != UINT64_MAX)
		turn_in(ev, then - now);
}

static void turn(struct iovm_event *ev)
{
	uint64_t now = iovm__event_clock(), then;
	bool busy, rung;

	ev->count.wakeups += ev->sleeping;
	rung = iovm__bell_hear(ev);
	busy = dispatch_all(ev, now, rung);
	busy |= iovm__posts_run(ev);
	then = iovm__posts_left(ev) ? 0 : deadline(ev);
	now = iovm__event_clock();
	if (busy)
		ev->last_work = now;
	if (now < then && now - ev->last_work >= SPIN_NS) {
		sleep_until(ev, then, now);
		return;
	}
	ev->count.spins += !busy;
	turn_in(ev, 0);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	turn(arg);
}

static void on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct iovm_event *ev = arg;
	eventfd_t rings;

	eventfd_read(ev->bell_fd, &rings);
	if (ev->sleeping)
		turn(ev);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct iovm__served *s = arg;
	eventfd_t interrupts;

	eventfd_read(fd, &interrupts);
	if (s->ev->sleeping)
		turn(s->ev);
}

struct iovm_event *iovm_event_new(struct event_base *base)
{
	struct iovm_event *ev = calloc(1, sizeof(*ev));

	if (!ev)
		return NULL;
	ev->base = base;
	iovm__posts_init(ev);
	if (iovm__bell_init(ev))
		goto no_bell;
	ev->bell = event_new(base, ev->bell_fd, EV_READ | EV_PERSIST, on_bell, ev);
	ev->turn = event_new(base, -1, 0, on_time, ev);
	if (!ev->bell || !ev->turn || event_add(ev->bell, NULL))
		goto no_events;
	pthread_mutex_init(&ev->lock, NULL);
	return ev;
no_events:
	if (ev->turn)
		event_free(ev->turn);
	if (ev->bell)
		event_free(ev->bell);
	iovm__bell_fini(ev);
no_bell:
	free(ev);
	return NULL;
}

int iovm_event_add(struct iovm_event *ev, struct iovm_iommu *iommu, int fd)
{
	struct iovm__served *s;

	if (!ev || !iommu || fd < -1)
		return IOVM_E_INVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return IOVM_E_NO_MEMORY;
	*s = (struct iovm__served){ .next = ev->served, .iommu = iommu, .ev = ev };
	if (fd >= 0 && (!(s->readable = event_new(ev->base, fd, EV_READ | EV_PERSIST, on_readable, s)) || event_add(s->readable, NULL))) {
		unwatch_fd(s);
		free(s);
		return IOVM_E_NO_MEMORY;
	}
	ev->served = s;
	iovm__bell_ring(ev);		/* it may have work already */
	return 0;
}

int iovm_event_remove(struct iovm_event *ev, struct iovm_iommu *iommu)
{
	struct iovm__served **link = &ev->served, *s;

	while ((s = *link) != NULL && s->iommu != iommu)
		link = &s->next;
	if (!s)
		return IOVM_E_INVAL;
	*link = s->next;
	unwatch_fd(s);
	free(s);
	return 0;
}

void iovm_event_stats(const struct iovm_event *ev, struct iovm_event_stats *stats)
{
	const struct iovm_event_stats now = {
		.size = stats->size,
		.dispatches = ev->count.dispatches, .wakeups = ev->count.wakeups, .sleeps = ev->count.sleeps, .spins = ev->count.spins,
		.invalidations_posted = load_rlx(&ev->nposted),
	};

	memcpy(stats, &now, stats->size < sizeof(now) ? stats->size : sizeof(now));
}

void iovm_event_del(struct iovm_event *ev)
{
	if (!ev)
		return;
	iovm__posts_drop(ev);
	while (ev->served)
		iovm_event_remove(ev, ev->served->iommu);
	event_free(ev->turn);
	event_free(ev->bell);
	iovm__bell_fini(ev);
	pthread_mutex_destroy(&ev->lock);
	free(ev);
}
