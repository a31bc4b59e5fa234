// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
/*
 * A PCIe function behind an SMMU, for its driver. PASID and ATS are the kernel's to switch: it knows what bridges
 * carry, and restores them after a reset. It does not export PRI to modules, so that one is switched on the
 * configuration space.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <iovm/pcie.h>
#include "glue.h"
#include "iovm_linux.h"

enum { FENCE_US = 100000 };

struct client {			/* freed when its driver lets go of pdev */
	struct pci_dev *pdev;
	struct iovm_pcie pcie;
};

static int to_errno(int err)
{
	switch (err) {
	case IOVM_E_NO_MEMORY: return -ENOMEM;
	case IOVM_E_BUSY: return -EBUSY;
	case IOVM_E_EXISTS: return -EEXIST;
	case IOVM_E_NOT_BOUND: return -ENOENT;
	case IOVM_E_MM_DEAD: return -ESRCH;
	case IOVM_E_TIMEDOUT: return -ETIMEDOUT;
	case IOVM_E_FORMAT: case IOVM_E_UNTRUSTED: case IOVM_E_UNSUPPORTED: case IOVM_E_PASID_WIDTH: return -EOPNOTSUPP;
	case IOVM_E_NO_PASID: case IOVM_E_NO_ASID: case IOVM_E_NO_CREDITS: case IOVM_E_FULL: return -ENOSPC;
	case IOVM_E_HARDWARE: case IOVM_E_DEAD: return -EIO;
	default: return err < 0 ? -EINVAL : err;
	}
}

/* ---- capabilities ------------------------------------------------------------------------------------------------------------ */

static uint32_t config_read32(void *ctx, uint32_t offset)
{
	u32 value;

	pci_read_config_dword(ctx, offset, &value);	/* all ones if it fails, as the bus has it */
	return value;
}

static void config_write32(void *ctx, uint32_t offset, uint32_t value)
{
	pci_write_config_dword(ctx, offset, value);
}

static void config_write16(void *ctx, uint32_t offset, uint16_t value)
{
	pci_write_config_word(ctx, offset, value);
}

static int set_pasid(struct client *c, bool on)
{
	if (on == c->pdev->pasid_enabled)	/* already restored after a reset */
		return 0;
	if (on)
		return pci_enable_pasid(c->pdev, c->pcie.exec ? PCI_PASID_CAP_EXEC : 0);
	pci_disable_pasid(c->pdev);
	return 0;
}

static int set_ats(struct client *c, u32 value)
{
	if (!!value == c->pdev->ats_enabled)
		return 0;
	if (value)
		return pci_enable_ats(c->pdev, value - 1 + IOVM_PAGE_SHIFT);
	pci_disable_ats(c->pdev);
	return 0;
}

static int client_set_cap(void *dev, enum iovm_cap cap, uint32_t value)
{
	struct client *c = dev;

	if (cap == IOVM_CAP_PRI)
		return iovm_pcie_set_cap(&c->pcie, cap, value);
	return (cap == IOVM_CAP_PASID ? set_pasid(c, value) : set_ats(c, value)) ? IOVM_E_UNSUPPORTED : 0;
}

/*
 * Any context, so it polls. The completion of a configuration read pushes what the function wrote before (PCIe
 * 2.4.1); what it still reads is told by Transactions Pending, which also reads as set when nobody answers.
 */
int iovm_client_fence(void *ctx, void *dev)
{
	struct pci_dev *pdev = ((struct client *)dev)->pdev;
	unsigned int turn;
	u16 status;

	pci_clear_master(pdev);
	for (turn = 0; turn < FENCE_US; turn++) {
		if (!pcie_capability_read_word(pdev, PCI_EXP_DEVSTA, &status) && !(status & PCI_EXP_DEVSTA_TRPND))
			return 0;
		udelay(1);
	}
	return IOVM_E_TIMEDOUT;
}

/* ---- the four calls --------------------------------------------------------------------------------------------------------------- */

static struct iovm_smmu *smmu_of(struct pci_dev *pdev, u32 *stream_id)
{
	struct device_node *bridge = dev_of_node(pci_find_host_bridge(pdev->bus)->dev.parent), *np = NULL;
	struct iovm_smmu *smmu;

	if (of_map_id(bridge, pci_dev_id(pdev), "iommu-map", "iommu-map-mask", &np, stream_id) || !np)
		return ERR_PTR(-ENODEV);
	smmu = iovm_smmu_find(np);
	of_node_put(np);
	return smmu ?: ERR_PTR(-EPROBE_DEFER);
}

static struct client *client_new(struct pci_dev *pdev)
{
	struct client *c = devm_kzalloc(&pdev->dev, sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->pdev = pdev;
	c->pcie.ctx = pdev;
	c->pcie.read32 = config_read32;
	c->pcie.write32 = config_write32;
	c->pcie.write16 = config_write16;
	iovm_pcie_probe(&c->pcie);
	c->pcie.priv = false;		/* nothing privileged is shared with a device */
	return c;
}

struct iovm_device *iovm_linux_device_init(struct pci_dev *pdev, u16 credits)
{
	struct iovm_device_config config = { .size = sizeof(config), .nstream_ids = 1 };
	struct iovm_device *dev;
	struct iovm_smmu *smmu;
	struct client *c;
	u32 stream_id;
	int err;

	if (pdev->is_virtfn)
		return ERR_PTR(-EOPNOTSUPP);
	smmu = smmu_of(pdev, &stream_id);
	if (IS_ERR(smmu))
		return ERR_CAST(smmu);
	c = client_new(pdev);
	if (!c)
		return ERR_PTR(-ENOMEM);
	iovm_pcie_describe(&c->pcie, credits, &config);
	config.stream_ids = &stream_id;
	config.set_cap = client_set_cap;
	config.dev = c;
	config.flags |= pci_ats_supported(pdev) ? IOVM_DEV_TRUSTED : 0;
	err = iovm_device_add(smmu->iommu, &config, &dev);
	if (err)
		return ERR_PTR(to_errno(err));
	err = iommu_iovm_device_init(dev);
	if (!err)
		return dev;
	WARN_ON(iovm_device_del(dev));
	return ERR_PTR(to_errno(err));
}
EXPORT_SYMBOL_GPL(iovm_linux_device_init);

int iovm_linux_device_shutdown(struct iovm_device *dev)
{
	int err = iommu_iovm_device_shutdown(dev);

	return to_errno(err ? err : iovm_device_del(dev));
}
EXPORT_SYMBOL_GPL(iovm_linux_device_shutdown);

int iovm_linux_bind_mm(struct iovm_device *dev, struct mm_struct *mm, iommu_iovm_shutdown_cb *shutdown_cb)
{
	return to_errno(iommu_iovm_bind_mm(dev, mm, shutdown_cb));
}
EXPORT_SYMBOL_GPL(iovm_linux_bind_mm);

int iovm_linux_unbind_mm(struct iovm_device *dev, struct mm_struct *mm)
{
	return to_errno(iommu_iovm_unbind_mm(dev, mm));
}
EXPORT_SYMBOL_GPL(iovm_linux_unbind_mm);

EXPORT_SYMBOL_GPL(iovm_device_reset_begin);
EXPORT_SYMBOL_GPL(iovm_device_reset_done);
EXPORT_SYMBOL_GPL(iovm_device_gone);
