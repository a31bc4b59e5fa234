/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What a driver of a PCIe accelerator calls: the four calls of 2017 (iovm/iommu_iovm.h has the meaning) on a pci_dev,
 * with errno. Process context. For resets and surprise removal the driver calls libiovm's own
 * iovm_device_reset_begin(), _reset_done() and _gone() (iovm/iovm.h).
 */
#ifndef IOVM_LINUX_H
#define IOVM_LINUX_H
#include <iovm/iommu_iovm.h>

struct mm_struct;
struct pci_dev;

/*
 * The driver is bound to pdev and lets it work later. credits: how many page requests it may have outstanding; 0:
 * none. ERR_PTR: -EPROBE_DEFER (its SMMU is not there yet), -ENODEV (none in front of it), -EOPNOTSUPP (a VF; no
 * PASID on the way to the root, no ATS, no PRI), -ENOSPC (credits), -ENOMEM.
 */
struct iovm_device *iovm_linux_device_init(struct pci_dev *pdev, u16 credits);
/* 0: the handle is dead, no callback runs or will run. -EBUSY: a bond is left, or drains: unbind, call again. To be 0 before the driver lets go of pdev */
int iovm_linux_device_shutdown(struct iovm_device *dev);
/* The caller holds mm's users. A PASID (> 0), -EBUSY (the last bond of the two still drains), -ESRCH (mm dies), -ENOSPC, -ENOMEM, -EOPNOTSUPP, -EEXIST */
int iovm_linux_bind_mm(struct iovm_device *dev, struct mm_struct *mm, iommu_iovm_shutdown_cb *shutdown_cb);
int iovm_linux_unbind_mm(struct iovm_device *dev, struct mm_struct *mm);	/* on return the device does not reach mm; -ENOENT; -ETIMEDOUT: reset it */

#endif
