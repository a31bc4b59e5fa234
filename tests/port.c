/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Where a thread is stands in a small stack of its own: the innermost entry decides what is allowed. Blocks carry their size in front and a guard
 * behind, and are filled before they are given back, so that who uses one afterwards reads nonsense.
 */
#include "port.h"
#include "harness.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum where { OUTSIDE, DISPATCH, NOTIFIER, CALLBACK };
enum { DEPTH = 32, HEAD = 64, GUARD = 64, GUARD_BYTE = 0xa5, DEAD_BYTE = 0xdb };

static _Thread_local struct { enum where stack[DEPTH]; unsigned depth; bool locked; } self;

static enum where where(void)
{
	return self.depth ? self.stack[self.depth - 1] : OUTSIDE;
}

static void enter(enum where to)
{
	must(self.depth < DEPTH, "calls nest without end");
	self.stack[self.depth++] = to;
}

static void leave(void)
{
	self.depth--;
}

static void not_on_path(const char *what)
{
	must(where() != DISPATCH && where() != NOTIFIER, "%s on the fault path", what);
}

void port_no_lock_held(void)
{
	must(!self.locked, "the lock is held across a callback or a wait");
}

/* ---- memory ----------------------------------------------------------------------------------------------------------------------- */

static void *port_alloc(void *ctx, size_t size)
{
	struct port *p = ctx;
	unsigned char *mem;

	not_on_path("alloc");
	p->allocs++;
	if (p->allocs == p->fail_nth || (p->fail_from && p->allocs >= p->fail_from)) {
		p->failed++;
		return NULL;
	}
	mem = aligned_alloc(64, (HEAD + size + GUARD + 63) & ~(size_t)63);
	must(mem != NULL, "no memory");
	memcpy(mem, &size, sizeof size);
	memset(mem + HEAD, 0, size);
	memset(mem + HEAD + size, GUARD_BYTE, GUARD);
	p->live += size;
	p->blocks++;
	return mem + HEAD;
}

static void port_free(void *ctx, void *where_, size_t size)
{
	struct port *p = ctx;
	unsigned char *mem = (unsigned char *)where_ - HEAD;
	size_t was, i;

	not_on_path("free");
	memcpy(&was, mem, sizeof was);
	must(was == size, "freed as %zu bytes, allocated as %zu", size, was);
	for (i = 0; i < GUARD; i++)
		must(mem[HEAD + size + i] == GUARD_BYTE, "written %zu bytes behind a block of %zu", i, size);
	memset(mem, DEAD_BYTE, HEAD + size + GUARD);
	free(mem);
	p->live -= size;
	p->blocks--;
}

static void *port_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	void *mem = port_alloc(ctx, size);

	*bus = (uintptr_t)mem;
	return mem;
}

static void port_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	must(bus == (uintptr_t)mem, "freed another bus address");
	port_free(ctx, mem, size);
}

/* ---- lock and wait ------------------------------------------------------------------------------------------------------------------ */

static void port_lock(void *ctx)
{
	struct port *p = ctx;

	not_on_path("lock");
	must(!self.locked, "the lock is taken twice");
	pthread_mutex_lock(&p->mutex);
	self.locked = true;
	p->locks++;
}

static void port_unlock(void *ctx)
{
	struct port *p = ctx;

	must(self.locked, "unlocked by another than its holder");
	self.locked = false;
	pthread_mutex_unlock(&p->mutex);
}

static bool port_wait(void *ctx, unsigned turn)
{
	struct port *p = ctx;

	port_no_lock_held();
	must(where() != DISPATCH, "dispatch waits");
	atomic_fetch_add(&p->waits, 1);
	if (turn + 1 > atomic_load(&p->longest))	/* of two at once one may be lost: whoever looks runs alone */
		atomic_store(&p->longest, turn + 1);
	if (p->on_wait)
		p->on_wait(p->wait_arg, turn);
	else
		sched_yield();
	return turn < p->wait_limit;
}

/* ---- the rest of the host -------------------------------------------------------------------------------------------------------------- */

static int port_fence(void *ctx, void *dev)
{
	struct port *p = ctx;

	p->fences++;
	return p->fence_result;
}

static void port_wake(void *ctx, struct iovm_iommu *iommu)
{
	struct port *p = ctx;

	atomic_fetch_add(&p->wakes, 1);
}

static void port_notice(void *ctx, struct iovm_device *dev, const struct iovm_notice *what)
{
	struct port *p = ctx;

	p->notices[what->what]++;
	p->notice = *what;
}

static void port_trace(void *ctx, const struct iovm_trace *rec)
{
	struct port *p = ctx;

	p->on_trace(p->trace_arg, rec);
}

void port_init(struct port *p)
{
	memset(p, 0, sizeof *p);
	pthread_mutex_init(&p->mutex, NULL);
	p->wait_limit = 50;
	p->ops = (struct iovm_port){ .ctx = p, .alloc = port_alloc, .free = port_free, .dma_alloc = port_dma_alloc, .dma_free = port_dma_free,
				     .lock = port_lock, .unlock = port_unlock, .wait = port_wait, .wake = port_wake, .notice = port_notice };
}

void port_fencing(struct port *p, int result)
{
	p->ops.fence = port_fence;
	p->fence_result = result;
}

void port_tracing(struct port *p, void (*fn)(void *arg, const struct iovm_trace *rec), void *arg)
{
	p->ops.trace = port_trace;
	p->on_trace = fn;
	p->trace_arg = arg;
}

void port_fini(struct port *p)
{
	must(p->live == 0 && p->blocks == 0, "%zu bytes leak in %u blocks", p->live, p->blocks);
	must(!self.locked && self.depth == 0, "the lock is still held");
	pthread_mutex_destroy(&p->mutex);
}

/* ---- calls in their context ------------------------------------------------------------------------------------------------------------- */

int port_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget)
{
	int r;

	enter(DISPATCH);
	r = iovm_dispatch(iommu, now, budget);
	leave();
	return r;
}

int port_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last)
{
	int r;

	enter(NOTIFIER);
	r = iovm_invalidate(sys, mm, first, last);
	leave();
	return r;
}

int port_mm_exit(struct iovm *sys, void *mm)
{
	int r;

	enter(NOTIFIER);
	r = iovm_mm_exit(sys, mm);
	leave();
	return r;
}

int port_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome)
{
	int r;

	enter(NOTIFIER);
	r = iovm_fault_done(sys, token, outcome);
	leave();
	return r;
}

void port_enter_callback(void)
{
	port_no_lock_held();
	enter(CALLBACK);
}

void port_leave_callback(void)
{
	leave();
	port_no_lock_held();
}
