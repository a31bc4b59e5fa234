/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A host on libc: what the programs that stand on the direct IOMMU share. Memory by aligned_alloc, no lock (one thread
 * makes driver calls), a wait of a second or two that lets other threads run: counting turns alone would call a
 * descheduled neighbour a dead device.
 */
#ifndef EXAMPLES_LIBC_PORT_H
#define EXAMPLES_LIBC_PORT_H
#include <iovm/iovm.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void *port_alloc(void *ctx, size_t size)
{
	size_t whole = (size + 63) & ~(size_t)63;
	void *p = aligned_alloc(64, whole);

	return p ? memset(p, 0, whole) : NULL;
}
static inline void port_free(void *ctx, void *mem, size_t size) { free(mem); }
static inline bool port_wait(void *ctx, unsigned turn)
{
	static _Thread_local time_t began;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (turn == 0)
		began = now.tv_sec;
	sched_yield();
	return now.tv_sec - began < 2;
}
static inline int port_set_cap(void *dev, enum iovm_cap cap, uint32_t value) { return 0; }

/* A check that stays in release builds: examples are tests */
#define EXPECT(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); exit(1); } } while (0)

#endif
