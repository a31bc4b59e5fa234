/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See ring.h. The registers' functions are called through pointers, as a host's are. */
#include "ring.h"
#include <string.h>
#include "bench.h"

static uint32_t read32(void *regs, uint32_t offset)
{
	const struct ring_registers *r = regs;

	return offset == SMMU_REG_CMDQ_CONS_NUMBER ? r->cons : 0;
}

static void write32(void *regs, uint32_t offset, uint32_t value)
{
	struct ring_registers *r = regs;

	if (offset == SMMU_REG_CMDQ_PROD_NUMBER)
		r->prod = r->cons = value;
}

struct ring_bench *ring_bench_new(void)
{
	struct ring_bench *r = bench_memory(sizeof(*r));
	struct iovm__smmu *s = &r->smmu;

	s->config = (struct iovm_smmuv3_config){ .regs = &r->drivers, .read32 = read32, .write32 = write32 };
	(void)iovm_smmuv3_probe(&s->config, &s->features);
	r->bare = &r->bares;
	s->features.no_range_tlbi = NULL;
	s->cmdq.log2 = RING_LOG2;
	s->cmdq.mask = r->mask = (1u << RING_LOG2) - 1;
	s->cmdq.slot = bench_memory(sizeof(*s->cmdq.slot) << RING_LOG2);
	r->slot = bench_memory(sizeof(*r->slot) << RING_LOG2);
	return r;
}

void ring_bench_batch(struct ring_bench *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		r->cmd[i] = (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .pasid = IOVM_NO_PASID, .asid = 1 + i,
					       .first = 0x10000u * i, .last = 0x10000u * i + 0xfff };
	if (n > 1)
		r->cmd[n - 1] = (struct iovm_cmd){ .op = IOVM_CMD_FENCE, .pasid = IOVM_NO_PASID };
}

void ring_submit(struct ring_bench *r, unsigned n)
{
	r->taken += (unsigned)iovm__smmu_submit(&r->smmu, r->cmd, n, &r->ticket);
	r->asked += n;
}

void ring_bare(struct ring_bench *r, unsigned n)
{
	const uint32_t mask = r->mask;
	unsigned long prod = r->bare_prod;

	if (mask + 1 - (prod - r->bare_cons) < n) {
		uint32_t cons = r->smmu.config.read32(r->bare, SMMU_REG_CMDQ_CONS_NUMBER);

		r->bare_cons += (cons - r->bare_cons) & (2 * mask + 1);
	}
	for (const struct iovm_cmd *c = r->cmd; c < r->cmd + n; c++, prod++) {
		uint64_t *slot = r->slot[prod & mask];

		if (c->op == IOVM_CMD_TLB) {
			slot[0] = SMMU_CMD_TLBI_NH_VA_NUMBER | (uint64_t)c->asid << 48;
			slot[1] = (c->first & ~(uint64_t)0xfff);
		} else {
			slot[0] = SMMU_CMD_SYNC_NUMBER;
			slot[1] = 0;
		}
	}
	r->bare_prod = r->ticket = prod;
	r->taken += n;
	r->asked += n;
	r->smmu.config.write32(r->bare, SMMU_REG_CMDQ_PROD_NUMBER, prod & (2 * mask + 1));
}

bool ring_same(const struct ring_bench *r)
{
	return memcmp(r->slot, r->smmu.cmdq.slot, sizeof(*r->slot) << RING_LOG2) == 0;
}
