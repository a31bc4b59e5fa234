/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What the files of this room share: the loop, and the bell that any thread may ring. */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H
#include <iovm/event.h>
#include <pthread.h>
#include "base/atomic.h"

struct event;
struct iovm__post;
struct iovm__served;

struct iovm_event {
	struct event_base *base;
	struct event *bell, *turn;
	struct iovm__served *served;	/* every IOMMU that is dispatched; the loop's own */
	struct iovm__post *backlog, **backlog_tail;	/* posts taken over, oldest first; the loop's own */
	uint64_t last_work;		/* when a turn last found something to do */
	bool sleeping;			/* the loop's own copy of asleep: a waker does not clear it */
	int bell_fd;
	struct { uint64_t dispatches, wakeups, sleeps, spins; } count;
	pthread_mutex_t lock;		/* port.lock */
	_Atomic(unsigned) asleep, rung;	/* see bell.c */
	_Atomic(struct iovm__post *) posted;	/* newest first; any thread pushes, the loop takes all */
	_Atomic(unsigned long) nposted;
};

uint64_t iovm__event_clock(void);	/* CLOCK_MONOTONIC, ns */

/* bell.c */
int iovm__bell_init(struct iovm_event *ev);	/* 0, or -1: no file descriptor */
void iovm__bell_fini(struct iovm_event *ev);
void iovm__bell_ring(struct iovm_event *ev);	/* any thread, any signal handler */
bool iovm__bell_hear(struct iovm_event *ev);	/* the loop: what was rung for until here is about to be looked at; whether anybody did */
bool iovm__bell_sleep(struct iovm_event *ev);	/* the loop: false if somebody rang meanwhile: look again */

/* post.c: the loop's side */
void iovm__posts_init(struct iovm_event *ev);
bool iovm__posts_run(struct iovm_event *ev);	/* a bounded number of them; false: there were none */
bool iovm__posts_left(struct iovm_event *ev);
void iovm__posts_drop(struct iovm_event *ev);	/* tell each IOVM_E_STALE */

#endif
