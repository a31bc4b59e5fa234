/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The engine under libevent: one servicer for all IOMMUs that are added, on the thread that runs the event_base. It spins for a short while
 * after work, then sleeps; callbacks run on it. Only iovm_event_invalidate() and the port's wake may be called from other threads.
 */
#ifndef IOVM_EVENT_H
#define IOVM_EVENT_H
#include <iovm/iovm.h>
#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct iovm_event;
struct iovm_event *iovm_event_new(struct event_base *base);	/* NULL: no memory or no file descriptor; base outlives it */
/* libc memory, a mutex, a wait of at most one second (sched_yield), wake = our bell. Change what you like before iovm_new(). */
struct iovm_port iovm_event_port(struct iovm_event *ev);
/*
 * Dispatch iommu from now on. fd: readable when the IOMMU has work (an eventfd; read by the loop), or -1. One that dispatch calls DEAD is dispatched only
 * for the bonds that still have to end. INVAL, NO_MEMORY.
 */
int iovm_event_add(struct iovm_event *ev, struct iovm_iommu *iommu, int fd);
/* Dispatch iommu no more: before iovm_iommu_del(). On the loop's thread, not from within the engine's callbacks. INVAL: it was not added. */
int iovm_event_remove(struct iovm_event *ev, struct iovm_iommu *iommu);
/*
 * Post iovm_invalidate(sys, mm, first, last) to the loop, where neighbours of one mm are merged. Any thread; INVAL, NO_MEMORY. done (may be NULL) runs on the
 * loop with the result.
 */
typedef void iovm_event_done(void *arg, int result);
int iovm_event_invalidate(struct iovm_event *ev, struct iovm *sys, void *mm, uint64_t first, uint64_t last, iovm_event_done *done, void *arg);

struct iovm_event_stats { size_t size; uint64_t dispatches, wakeups, sleeps, spins, invalidations_posted; };
void iovm_event_stats(const struct iovm_event *ev, struct iovm_event_stats *stats);	/* set size before the call */
void iovm_event_del(struct iovm_event *ev);			/* after iovm_del(); posted invalidations that did not run are told IOVM_E_STALE */

#ifdef __cplusplus
}
#endif
#endif
