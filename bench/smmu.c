/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See smmu.h. Bus addresses are pointers. */
#include "smmu.h"
#include "bench.h"

enum { PRIQ_LOG2 = 18, CMDQ_LOG2 = 14, SUCCESS = 2 };

static uint32_t read32(void *regs, uint32_t offset)
{
	const struct smmu_bench *smmu = regs;

	return smmu->reg[offset / 4];
}

static void write32(void *regs, uint32_t offset, uint32_t value)
{
	struct smmu_bench *smmu = regs;

	smmu->reg[offset / 4] = value;
	if (offset == SMMU_REG_CMDQ_PROD_NUMBER)
		smmu->reg[SMMU_REG_CMDQ_CONS_NUMBER / 4] = value;
	else if (offset == SMMU_REG_CR0_NUMBER || offset == SMMU_REG_IRQ_CTRL_NUMBER)	/* its acknowledge is the next register */
		smmu->reg[offset / 4 + 1] = value;
	else if (offset == SMMU_REG_GBPA_NUMBER)
		smmu->reg[offset / 4] = value & ~(uint32_t)SMMU_MASK(REG_GBPA, Update);
}

static void identify(uint32_t *reg)
{
	reg[0] = (uint32_t)(SMMU_BITS(REG_IDR0, S1P, 1) | SMMU_BITS(REG_IDR0, TTF, 2) | SMMU_BITS(REG_IDR0, COHACC, 1) | SMMU_BITS(REG_IDR0, ATS, 1) |
			    SMMU_BITS(REG_IDR0, NS1ATS, 1) | SMMU_BITS(REG_IDR0, ASID16, 1) | SMMU_BITS(REG_IDR0, PRI, 1) | SMMU_BITS(REG_IDR0, CD2L, 1) |
			    SMMU_BITS(REG_IDR0, TTENDIAN, 2) | SMMU_BITS(REG_IDR0, ST_LEVEL, 1));
	reg[1] = (uint32_t)(SMMU_BITS(REG_IDR1, SIDSIZE, 16) | SMMU_BITS(REG_IDR1, SSIDSIZE, 20) | SMMU_BITS(REG_IDR1, CMDQS, 19) | SMMU_BITS(REG_IDR1, EVENTQS, 19) |
			    SMMU_BITS(REG_IDR1, PRIQS, 19));
	reg[3] = (uint32_t)SMMU_BITS(REG_IDR3, RIL, 1);
	reg[5] = (uint32_t)(SMMU_BITS(REG_IDR5, OAS, 5) | SMMU_BITS(REG_IDR5, GRAN4K, 1) | SMMU_BITS(REG_IDR5, STALL_MAX, 64));
}

struct smmu_bench *smmu_bench_new(struct iovm *sys, struct iovm_iommu **iommu)
{
	struct smmu_bench *smmu = bench_memory(sizeof(*smmu));
	const struct iovm_smmuv3_config config = { .size = sizeof(config), .regs = smmu, .read32 = read32, .write32 = write32, .cmdq_log2 = CMDQ_LOG2,
						   .priq_log2 = PRIQ_LOG2 };
	const struct iovm__smmu *driver;

	identify(smmu->reg);
	if (iovm_smmuv3_add(sys, &config, iommu) < 0)
		return NULL;
	driver = iovm_iommu_hw(*iommu);
	smmu->command = driver->cmdq.slot;
	smmu->command_mask = (1u << driver->cmdq.log2) - 1;
	smmu->request = driver->priq.mem.mem;
	smmu->request_mask = (1u << driver->priq.log2) - 1;
	smmu->seen = smmu->reg[SMMU_REG_CMDQ_CONS_NUMBER / 4];
	return smmu;
}

static void put(uint64_t words[SMMU_PRI_WORDS], const struct traffic_request *r)
{
	words[0] = SMMU_BITS(PRI_PPR, SID, r->stream) | SMMU_BITS(PRI_PPR, SSID, r->pasid) | SMMU_BITS(PRI_PPR, SSV, 1) | SMMU_BITS(PRI_PPR, R, 1) |
		   SMMU_BITS(PRI_PPR, W, 1) | SMMU_BITS(PRI_PPR, Last, r->last);
	words[1] = SMMU_BITS(PRI_PPR, PRGIndex, r->index) | SMMU_BITS(PRI_PPR, Addr, r->addr);
}

void smmu_emit(struct traffic *traffic, unsigned ngroups)
{
	struct smmu_bench *smmu = traffic->world->smmu;
	uint32_t prod = smmu->reg[SMMU_REG_PRIQ_PROD_NUMBER / 4];
	struct traffic_request r;

	while (ngroups-- > 0) {
		traffic_group(traffic, &r);
		while (traffic_page(traffic, &r))
			put(smmu->request[prod++ & smmu->request_mask], &r);
	}
	smmu->reg[SMMU_REG_PRIQ_PROD_NUMBER / 4] = prod & (2 * smmu->request_mask + 1);
}

unsigned smmu_answers(struct smmu_bench *smmu, uint64_t *bad)
{
	uint32_t end = smmu->reg[SMMU_REG_CMDQ_CONS_NUMBER / 4], wrap = 2 * smmu->command_mask + 1;
	unsigned n = 0;

	for (; smmu->seen != end; smmu->seen = (smmu->seen + 1) & wrap) {
		const uint64_t *words = smmu->command[smmu->seen & smmu->command_mask];

		if ((uint8_t)words[0] != SMMU_CMD_PRI_RESP_NUMBER)
			continue;
		n++;
		*bad += SMMU_GET(words, CMD_PRI_RESP, Resp) != SUCCESS;
	}
	return n;
}
