/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A batch of commands into an SMMUv3's queue: submit() beside a bare ring (ring.h) that writes the same words.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include "ring.h"

struct batches { struct ring_bench *ring; unsigned n; };

#define WORKER(name, call) \
static uint64_t name(unsigned tid, const atomic_bool *stop, void *arg) \
{ \
	struct batches *b = arg; \
	uint64_t n = 0; \
\
	for (; !load_rlx(stop); n += 64) \
		for (unsigned i = 0; i < 64; i++) \
			call(b->ring, b->n); \
	return n; \
}
WORKER(submitting, ring_submit)
WORKER(bare, ring_bare)

void case_submit(struct bench *bench)
{
	static const unsigned sizes[] = { 1, 3, 17, 65 };
	struct ring_bench *ring = ring_bench_new();

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct batches b = { ring, sizes[i] };
		struct bench_measure m = { .name = "submit", .subject = { .worker = { submitting }, .arg = &b },
					   .floor = { .worker = { bare }, .arg = &b } };
		char variant[40];

		snprintf(variant, sizeof(variant), "SMMUv3, a batch of %u", b.n);
		m.variant = variant;
		ring_bench_batch(ring, b.n);
		bench_run(bench, &m);
	}
	if (ring->taken != ring->asked) {	/* then these were the times of something else */
		fprintf(stderr, "iovm-bench: %llu commands were not taken\n", (unsigned long long)(ring->asked - ring->taken));
		exit(1);
	}
	free(ring->smmu.cmdq.slot);
	free(ring->slot);
	free(ring);
}
