/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * libiovm on this board: memory, sleep, interrupts, page tables. One core, no threads: driver calls and dispatch come from the same loop, so there are no
 * locks, and what the SMMU has to report is kept until dispatch has returned.
 */
#ifndef GLUE_H
#define GLUE_H
#include <iovm/smmuv3.h>
#include "pagetable.h"

enum { GLUE_NOTICES = 64, SMMU_EVENT_SPI = 74, SMMU_SYNC_SPI = 76, SMMU_GERROR_SPI = 77 };

struct glue_mm {			/* what a host's address space must have; its address is libiovm's mm */
	struct table table;
	uint32_t asid;			/* pinned, or IOVM_ASID_ANY */
	bool watched;			/* libiovm knows it: the pointer must stay unique */
};
struct glue {
	struct iovm *sys;
	struct iovm_iommu *iommu;
	bool work;			/* an interrupt or libiovm asked for dispatch */
	unsigned long dispatches, waits, faults;
	size_t bytes, dma_bytes;	/* out at the moment */
	struct { struct iovm_device *dev; struct iovm_notice what; } told[GLUE_NOTICES];	/* since the last glue_forget() */
	unsigned ntold;
	bool overrun;			/* there were more: the devices will ask again */
};

int glue_new(struct glue *g, unsigned max_mms);		/* g->sys */
int glue_smmu(struct glue *g, const struct iovm_smmuv3_config *config);	/* g->iommu; its interrupts ring for g */
void glue_smmu_config(struct iovm_smmuv3_config *config);	/* the board's: registers and how to reach them */
bool glue_serve(struct glue *g);			/* dispatch until libiovm is at rest; false: it does not come to rest, or is dead */
static inline void glue_forget(struct glue *g) { g->ntold = 0, g->overrun = false; }

#endif
