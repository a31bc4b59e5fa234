/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The real SMMUv3 driver under the engine, over registers that are an array: commands are consumed by the store to CMDQ_PROD, page requests are there once PROD is
 * written. So what is counted is engine, driver and queues, and of the device only two functions of a few instructions.
 */
#ifndef BENCH_SMMU_H
#define BENCH_SMMU_H
#include "backends/smmuv3/smmuv3.h"
#include "world.h"

struct smmu_bench {
	uint32_t reg[0x20000 / 4];
	uint64_t (*request)[SMMU_PRI_WORDS], (*command)[SMMU_CMD_WORDS];	/* the driver's queues */
	uint32_t request_mask, command_mask;
	uint32_t seen;			/* commands that were looked at: CMDQ_CONS */
};
struct smmu_bench *smmu_bench_new(struct iovm *sys, struct iovm_iommu **iommu);	/* NULL: the driver refuses it */
/* As traffic_emit() and traffic_answers(), through the queues of an SMMU */
void smmu_emit(struct traffic *traffic, unsigned ngroups);
unsigned smmu_answers(struct smmu_bench *smmu, uint64_t *bad);

#endif
