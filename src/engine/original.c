/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The four calls of 2017, over those of today. */
#include <iovm/iommu_iovm.h>
#include <iovm/iovm.h>

/* arg carries the caller's callback: a function pointer is as wide as a pointer on every host that has an IOMMU */
union carried {
	iommu_iovm_shutdown_cb *cb;
	void *arg;
};

static void tell(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	union carried carried = { .arg = arg };

	if (event == IOVM_SHUTDOWN && carried.cb)
		carried.cb(dev, mm);
}

int iommu_iovm_device_init(struct iovm_device *dev)
{
	return iovm_device_init(dev);
}

int iommu_iovm_device_shutdown(struct iovm_device *dev)
{
	return iovm_device_shutdown(dev);
}

int iommu_iovm_bind_mm(struct iovm_device *dev, void *mm, iommu_iovm_shutdown_cb *shutdown_cb)
{
	union carried carried = { .cb = shutdown_cb };

	return iovm_bind_mm(dev, mm, tell, carried.arg);
}

int iommu_iovm_unbind_mm(struct iovm_device *dev, void *mm)
{
	return iovm_unbind_mm(dev, mm);
}
