/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The Arm SMMUv3 driver. The host maps the registers and routes the interrupts (each calls for iovm_dispatch()); the
 * driver resets the SMMU, sizes its tables and queues by what the SMMU has and by the limits below, and brings it into
 * the system.
 */
#ifndef IOVM_SMMUV3_H
#define IOVM_SMMUV3_H
#include <iovm/iovm.h>
#ifdef __cplusplus
extern "C" {
#endif

struct iovm_smmuv3_config {
	size_t size;			/* sizeof(struct iovm_smmuv3_config) */
	void *regs;			/* pages 0 and 1, handed to read32 and write32 */
	uint32_t (*read32)(void *regs, uint32_t offset);		/* before every later load, as readl() */
	void (*write32)(void *regs, uint32_t offset, uint32_t value);	/* after every earlier store, as writel() */
	uint8_t cmdq_log2, evtq_log2, priq_log2;	/* entries at most; the SMMU's own limit if smaller */
	uint8_t sid_bits;				/* StreamIDs in use; the SMMU's own limit if smaller */
};
/*
 * NO_MEMORY, FORMAT (not coherent, or no stage that we use), DEAD (it does not follow its control registers). Deleted
 * by iovm_iommu_del() or iovm_del().
 */
int iovm_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu);

#ifdef __cplusplus
}
#endif
#endif
