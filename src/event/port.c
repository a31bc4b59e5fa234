/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A port of a plain user-space program: libc's memory, for which bus address and pointer are the same, one mutex, and waits of a second at most.
 * A wait first spins, because hardware mostly answers within a microsecond, then yields, so that a simulated IOMMU in another thread gets its turn.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include "loop.h"

enum { LINE = 64, SPINS = 256 };
#define WAIT_NS UINT64_C(1000000000)

static void *zeroed(size_t alignment, size_t size)
{
	size_t whole = (size + alignment - 1) / alignment * alignment;
	void *mem = whole >= size ? aligned_alloc(alignment, whole) : NULL;

	return mem ? memset(mem, 0, whole) : NULL;
}

static void *port_alloc(void *ctx, size_t size)
{
	return zeroed(LINE, size ? size : 1);
}

static void port_free(void *ctx, void *mem, size_t size)
{
	free(mem);
}

static void *port_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	size_t alignment = LINE;
	void *mem;

	while (alignment < size && alignment << 1)
		alignment <<= 1;
	mem = zeroed(alignment, size);
	*bus = (uintptr_t)mem;
	return mem;
}

static void port_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	free(mem);
}

static void port_lock(void *ctx)
{
	struct iovm_event *ev = ctx;

	pthread_mutex_lock(&ev->lock);
}

static void port_unlock(void *ctx)
{
	struct iovm_event *ev = ctx;

	pthread_mutex_unlock(&ev->lock);
}

/* A caller is in one wait at a time, so that the beginning can live with its thread */
static bool port_wait(void *ctx, unsigned turn)
{
	static _Thread_local uint64_t began;

	if (turn == 0)
		began = iovm__event_clock();
	if (turn < SPINS)
		return true;
	sched_yield();
	return iovm__event_clock() - began < WAIT_NS;
}

static void port_wake(void *ctx, struct iovm_iommu *iommu)
{
	iovm__bell_ring(ctx);
}

struct iovm_port iovm_event_port(struct iovm_event *ev)
{
	return (struct iovm_port) {
		.ctx = ev,
		.alloc = port_alloc, .free = port_free,
		.dma_alloc = port_dma_alloc, .dma_free = port_dma_free,
		.lock = port_lock, .unlock = port_unlock,
		.wait = port_wait, .wake = port_wake,
	};
}
