/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An SMMUv3 command queue whose device consumes at once, and two ways to fill it: the driver's submit(), and a bare
 * ring: the least that any driver does, words put together by hand, a slot, a wrap, room looked at, one doorbell.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H
#include "backends/smmuv3/smmuv3.h"

enum { RING_LOG2 = 8, RING_BATCH = 65 };
struct ring_registers { uint32_t prod, cons; };
struct ring_bench {
	struct iovm__smmu smmu;		/* its queue and nothing else */
	struct ring_registers drivers, bares;	/* of two devices: neither ring sees the other's indices */
	struct ring_registers *bare;
	uint64_t (*slot)[2];		/* the bare ring's */
	unsigned long bare_prod, bare_cons;
	uint32_t mask;
	struct iovm_cmd cmd[RING_BATCH];
	uint64_t taken, asked;
	unsigned long ticket;
};
struct ring_bench *ring_bench_new(void);
void ring_bench_batch(struct ring_bench *r, unsigned n);	/* n - 1 invalidations of a page and a fence; of 1: one invalidation */
void ring_submit(struct ring_bench *r, unsigned n);
void ring_bare(struct ring_bench *r, unsigned n);
bool ring_same(const struct ring_bench *r);			/* both rings hold the same words */

#endif
