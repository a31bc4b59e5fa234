/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An engine over an IOMMU that is two rings in memory: page requests that the case writes, 16 bytes each, and
 * commands that the backend writes, 16 bytes each. It has no tables and no TLB; so what is measured is the engine and
 * what a ring costs, as in the null servicer beside it.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H
#include <iovm/backend.h>
#include <pthread.h>
#include "base/atomic.h"
#include "base/env.h"

struct record { uint64_t a, b; };
struct ring {				/* indices run freely */
	struct record *record;
	uint64_t mask;
	_Atomic(unsigned long) prod IOVM_ALIGNED;
	_Atomic(unsigned long) cons IOVM_ALIGNED;
};
void ring_init(struct ring *ring, unsigned log2);

struct hardware {
	struct ring requests, commands;
	_Atomic(unsigned long) reached IOVM_ALIGNED;	/* ticket of the last fence that the device side completed */
	atomic_bool instant;		/* fences are complete once submitted, and nobody reads the commands */
	uint64_t fences;
};

struct world_mm { void *nothing; } IOVM_ALIGNED;	/* the host's: one line each, as a real one would have at least */
struct world {
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm_device **dev;
	struct world_mm *mm;		/* nmms bound ones (mm i to device i % ndevices), then spare ones */
	uint32_t *pasid;
	uint32_t ndevices, nmms, nspare;
	uint64_t now;
	struct hardware hw;
	struct smmu_bench *smmu;	/* NULL: the IOMMU is hw */
	pthread_mutex_t mutex;
};
struct world *world_new(uint32_t ndevices, uint32_t nmms, uint32_t nspare);	/* ends the program if it cannot be had */
struct world *world_new_smmu(uint32_t ndevices, uint32_t nmms);	/* the same over an SMMUv3: smmu.h. Never deleted */
void world_del(struct world *world);
void world_settle(struct world *world);	/* all requests served, all commands forgotten */

/* The device side. Groups of npages, each of a random mm, come from its device under that device's next PRG index. */
struct traffic {
	struct world *world;
	unsigned npages;
	uint64_t seed, page;
	uint16_t *index;		/* next PRG index by device */
};
void traffic_init(struct traffic *traffic, struct world *world, unsigned npages);
struct traffic_request { uint32_t stream, pasid; uint16_t index; bool last; unsigned page; uint64_t addr; };
void traffic_group(struct traffic *traffic, struct traffic_request *r);	/* the next group */
bool traffic_page(struct traffic *traffic, struct traffic_request *r);	/* its next request; false: it had its last */
void traffic_emit(struct traffic *traffic, struct ring *ring, unsigned ngroups);
/* Take what is in the command ring; returns how many Lasts were answered; *bad counts the answers that were not Success. */
unsigned traffic_answers(struct ring *ring, uint64_t *bad);

/* The null servicer: read a record, write a command, as many as there are but at most max. Returns how many. */
unsigned null_service(struct ring *requests, struct ring *commands, unsigned max);

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield");
#endif
}

#endif
