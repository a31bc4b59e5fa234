/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A hypervisor without libc that hands a device to a VM. The VM's stage-2 table is entry 0 of the device: no PASID, no
 * driver call; the guest's faults come as stalls. All memory is one static array that only grows: the SMMU and the
 * device are added once. Frames are reused as soon as stage2_unmap() returns, and there is no port.fence: so a time-out
 * must stop the machine.
 */
#include "stubs/hypervisor.h"

static _Alignas(2 << 20) unsigned char pool[2 << 20];
static size_t used;

static void *take(void *ctx, size_t size)
{
	size_t align = size > 4096 ? size : 4096, at = (used + align - 1) / align * align;	/* serves dma_alloc, too: aligned to its size */

	return at > sizeof pool || size > sizeof pool - at ? NULL : (used = at + size, pool + at);
}
static void keep(void *ctx, void *mem, size_t size) { }
static void *dma_take(void *ctx, size_t size, uint64_t *bus)
{
	void *p = take(ctx, size);

	*bus = physical(p);
	return p;
}
static void dma_keep(void *ctx, void *mem, size_t size, uint64_t bus) { }

static int vm_watch(void *ctx, void *mm, struct iovm_table *t)
{
	const struct vm *vm = mm;

	*t = (struct iovm_table){ IOVM_TABLE_AARCH64_S2, vm->vmid, vm->vttbr, vm->vtcr, 0, (1ull << 40) - 1 };
	return 0;
}
static void vm_unwatch(void *ctx, void *mm) { }
static void vm_fault(void *ctx, void *mm, struct iovm_fault *f, unsigned n)
{
	for (; n--; f++) {		/* in the interrupt: hand it on */
		f->outcome = IOVM_PENDING;
		vm_page_in(mm, f->token, f->ranges, f->nranges);
	}
}

static const struct iovm_config config = {
	.size = sizeof config, .max_mms = 16, .pasid_bits = 1,
	.port = { .alloc = take, .free = keep, .dma_alloc = dma_take, .dma_free = dma_keep, .wait = timer_turn, .wake = kick },
	.mm = { NULL, vm_watch, vm_unwatch, vm_fault },
};
static const struct iovm_smmuv3_config hw = { .size = sizeof hw, .regs = smmu_regs, .read32 = mmio_read, .write32 = mmio_write };
static struct iovm *sys;
static struct iovm_iommu *smmu;

int passthrough(struct vm *vm, uint32_t stream_id, struct iovm_device **dev)
{
	const struct iovm_device_config d = { .size = sizeof d, .stream_ids = &stream_id, .nstream_ids = 1, .max_outstanding = 32, .mm = vm };
	int err = sys ? 0 : iovm_new(&sys, &config);

	if (!err && !smmu)
		err = iovm_smmuv3_add(sys, &hw, &smmu);
	return err ? err : iovm_device_add(smmu, &d, dev);
}

void smmu_irq(void)
{
	if (iovm_dispatch(smmu, timer_ns(), 32) == 32)
		kick(NULL, smmu);
}

void vm_paged_in(uint64_t token, bool ok) { iovm_fault_done(sys, token, ok ? IOVM_DONE : IOVM_REFUSED); }

void stage2_unmap(struct vm *vm, uint64_t first, uint64_t last)
{
	if (iovm_invalidate(sys, vm, first, last))
		panic("a device may still use memory that was taken from its VM");
}
