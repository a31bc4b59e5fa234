/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A Linux-like kernel: the glue of its memory management, a thread for each IOMMU, and a driver of an accelerator. What
 * the kernel itself has stands in stubs/kernel.h. The mmu notifier may call with any lock of the mm held, since
 * sva_invalidate() and sva_release() take none and never sleep.
 */
#include "stubs/kernel.h"

static int mm_watch(void *ctx, void *mm, struct iovm_table *table)
{
	arch_table(mm, table);
	return notifier_add(mm) ? IOVM_E_NO_MEMORY : 0;
}

static void mm_unwatch(void *ctx, void *mm) { notifier_del(mm); }

static void mm_fault(void *ctx, void *mm, struct iovm_fault *f, unsigned n)
{
	for (; n--; f++)		/* on the IOMMU's thread, where sleeping is fine */
		f->outcome = fault_in(mm, f->ranges, f->nranges) ? IOVM_REFUSED : IOVM_DONE;
}

const struct iovm_mm_ops mm_glue = { NULL, mm_watch, mm_unwatch, mm_fault };

/* .arch_invalidate_secondary_tlbs: end is exclusive here, and the last page's end is 0 */
void sva_invalidate(struct notifier *n, uint64_t start, uint64_t end) { iovm_invalidate(iovm_system, n->mm, start, end - 1); }

/* .release */
void sva_release(struct notifier *n) { iovm_mm_exit(iovm_system, n->mm); }

int smmu_thread(void *iommu)
{
	while (wait_for_irq_or_wake(iommu, iovm_deadline(iommu)))
		while (iovm_dispatch(iommu, ktime_get_ns(), 64) == 64)
			;
	return 0;
}

/* The driver. The callback comes on the IOMMU's thread, after the device was cut off from the dead mm. */
static void acc_bond(struct iovm_device *io, void *mm, enum iovm_bond_event event, void *arg)
{
	struct acc *a = arg;

	if (event == IOVM_SHUTDOWN) {
		acc_stop(a);
		iovm_unbind_mm(io, mm);
	} else {
		acc_put(a);		/* the last word: nobody but us holds it now */
	}
}

int acc_open(struct acc *a)
{
	int pasid = iovm_bind_mm(a->io, current_mm(), acc_bond, a);

	if (pasid > 0)
		acc_start(a, pasid);
	return pasid;
}

int acc_close(struct acc *a, struct mm_struct *mm)
{
	acc_stop(a);
	return iovm_unbind_mm(a->io, mm);
}
