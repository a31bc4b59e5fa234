/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The four calls that Joerg Roedel proposed in October 2017, under their names. They are thin: iovm.h has the meaning of each.
 * The callback is told of the death of mm only (iovm_bond_cb with IOVM_SHUTDOWN); who needs the last word uses iovm_bind_mm().
 */
#ifndef IOVM_IOMMU_IOVM_H
#define IOVM_IOMMU_IOVM_H
#ifdef __cplusplus
extern "C" {
#endif

struct iovm_device;

/* Runs on the servicer when mm dies under the device; the device is cut off already. Stop it and unbind, here or later. */
typedef void iommu_iovm_shutdown_cb(struct iovm_device *dev, void *mm);

int iommu_iovm_device_init(struct iovm_device *dev);		/* PASID, ATS, PRI on. May interrupt the device's DMA */
int iommu_iovm_device_shutdown(struct iovm_device *dev);	/* IOVM_E_BUSY while a bond is left */
int iommu_iovm_bind_mm(struct iovm_device *dev, void *mm, iommu_iovm_shutdown_cb *shutdown_cb);	/* PASID (> 0) or a negative IOVM_E_* */
int iommu_iovm_unbind_mm(struct iovm_device *dev, void *mm);	/* on return the device no longer reaches mm */

#ifdef __cplusplus
}
#endif
#endif
