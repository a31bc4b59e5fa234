/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A host that watches the library: memory is counted, guarded and fails when told; a wait is as long as the test says; the lock knows who holds it. What
 * iovm.h promises of contexts is asserted at every call, in every test that uses this port:
 *
 *	dispatch, invalidate, mm_exit and fault_done, made through the functions below, touch neither memory nor the lock; dispatch does not wait.
 *	A bond's callback is outside of that (port_call_back). The lock is never taken twice, nor held across a wait or a callback.
 */
#ifndef TESTS_PORT_H
#define TESTS_PORT_H
#include "harness.h"
#include <iovm/backend.h>
#include <pthread.h>
#include <stdatomic.h>

/* An assertion without Check's mark: that writes to a pipe each time */
#define must(x, ...) do { if (!(x)) ck_abort_msg(__VA_ARGS__); } while (0)

struct port {
	struct iovm_port ops;		/* for the configuration; ctx is this port */

	size_t live;			/* bytes */
	unsigned blocks;
	unsigned allocs;		/* attempts so far */
	unsigned fail_nth, fail_from;	/* this attempt fails alone; this one and all later ones. 0: none */
	unsigned failed;

	unsigned wait_limit;		/* turns until time is up */
	atomic_uint longest;		/* wait there was, in turns */
	atomic_uint waits;
	void (*on_wait)(void *arg, unsigned turn);
	void *wait_arg;

	pthread_mutex_t mutex;
	unsigned locks;

	atomic_uint wakes;
	unsigned notices[16];		/* by enum iovm_notice_what */
	struct iovm_notice notice;	/* the last one */
	unsigned fences;
	int fence_result;		/* of port.fence, once port_fencing() was called */
	void (*on_trace)(void *arg, const struct iovm_trace *rec);
	void *trace_arg;
};

void port_init(struct port *port);
void port_fencing(struct port *port, int result);	/* give the port its fence */
void port_tracing(struct port *port, void (*fn)(void *arg, const struct iovm_trace *rec), void *arg);
void port_fini(struct port *port);			/* everything was freed, the lock is free */

/* The calls of iovm.h that are held to the rules of their context */
int port_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget);
int port_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last);
int port_mm_exit(struct iovm *sys, void *mm);
int port_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome);

/* Around a bond's callback, which may do what a driver may */
void port_enter_callback(void);
void port_leave_callback(void);
void port_no_lock_held(void);		/* watch, unwatch, fault, notice: asserted there */

#endif
