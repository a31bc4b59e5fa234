/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3's output queues from the other side: a producer that keeps absolute positions, knows what a full queue does (overflow, or QEMU's abort), and stands
 * still or adds something at the moments when it hurts. Records are made from bit numbers of its own.
 */
#ifndef TESTS_SMMU_RIG_H
#define TESTS_SMMU_RIG_H
#include "port.h"
#include "backends/smmuv3/smmuv3.h"

enum { PRI = 0, EVT = 1, MAX = 64 };
enum { PRIQ_PROD = 0x100c8, PRIQ_CONS = 0x100cc, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac, GERROR = 0x60 };
#define FLAG 0x80000000u

struct producer {
	uint64_t *mem;			/* the queue, shared with the driver */
	unsigned words, log2;
	uint64_t prod, cons;		/* absolute */
	_Atomic(uint32_t) prod_reg;
	uint32_t flag, ack;
	bool aborts;			/* a full event queue as in QEMU: an error instead of overflow */
	unsigned dropped, prod_reads, cons_writes;
};
struct rig {
	struct port port;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm__smmu s;
	struct producer q[2];
	uint32_t gerror, forced;
	bool force, threads;
	unsigned gerror_reads;
	void (*before_prod)(struct rig *r, unsigned queue), (*after_prod)(struct rig *r, unsigned queue), (*on_cons)(struct rig *r, unsigned queue);
	unsigned held;
	struct iovm_notice told[256];
	unsigned ntold, lost, errors[32];
	uint64_t told_events;
	struct iovm_request req[256];
	struct iovm_poll out;
};

/* Where positions begin: at the edges of words and of their halves */
#define STARTS { 0, 0xfffffffb, 0x3ffffffd, 0xfffffffff0ull, 0x3fffffff00000003ull }

struct rig *rig_new(unsigned pri_log2, unsigned evt_log2, uint64_t start);	/* start: absolute position of the first entry */
void rig_del(struct rig *r);
uint32_t index_bits(const struct producer *q, uint64_t position);
void publish(struct producer *q);
bool full(const struct producer *q);
/* Whether it was written, or lost */
bool put(struct rig *r, unsigned queue, const uint64_t *words);
bool put_pri(struct rig *r, uint32_t sid);
bool put_stall(struct rig *r, uint32_t sid);
bool put_fault(struct rig *r, uint32_t sid, uint64_t addr);
unsigned poll_max(struct rig *r, unsigned max);	/* into r->req, r->out */
uint64_t random_next(uint64_t *state);

#endif
