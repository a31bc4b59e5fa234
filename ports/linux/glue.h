/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One engine for each SMMU, since port.dma_alloc is not told for which of several it allocates.
 *
 *	glue.c		the platform driver, the port, the servicer
 *	space.c		address spaces: mm_struct, its notifier, its faults
 *	client.c	PCIe functions, and what their drivers call (iovm_linux.h)
 */
#ifndef IOVM_LINUX_GLUE_H
#define IOVM_LINUX_GLUE_H
#include <linux/device.h>
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <iovm/iovm.h>

struct iovm_smmu {
	struct device *dev;
	void __iomem *regs;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct mutex lock;		/* port.lock */
	wait_queue_head_t bell;
	int rung;
	spinlock_t spaces_lock;
	DECLARE_HASHTABLE(spaces, 6);	/* struct space by mm; under spaces_lock */
};

extern const struct iovm_mm_ops iovm_space_ops;		/* its ctx is the struct iovm_smmu */
int iovm_client_fence(void *ctx, void *dev);		/* port.fence */
struct iovm_smmu *iovm_smmu_find(const struct device_node *np);	/* NULL: no such SMMU, or not yet probed */

#endif
