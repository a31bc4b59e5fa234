// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
/*
 * An address space is an mm_struct. Its notifier, registered from watch to unwatch, holds the struct (not its users),
 * so that the pointer stays unique; it is freed a grace period after unwatch, when nobody is in it any more. The
 * notifier may run under page-table locks: what it calls never sleeps.
 *
 * A frame is the kernel's again when the notifier returns, and it has no way to say no. An invalidation that is not
 * confirmed, of a device that could not be fenced either, stops the machine: otherwise the device would write to
 * memory that belongs to somebody else.
 */
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "glue.h"

struct space {
	struct mmu_notifier notifier;
	struct iovm_smmu *smmu;
	struct hlist_node node;
};

/* ---- what the kernel reports ------------------------------------------------------------------------------------------------- */

static void must_hold(int err)
{
	if (err == IOVM_E_TIMEDOUT)
		panic("iovm: a device may still write to memory that is to be reused");
}

static void space_invalidate_range(struct mmu_notifier *notifier, struct mm_struct *mm, unsigned long start, unsigned long end)
{
	must_hold(iovm_invalidate(container_of(notifier, struct space, notifier)->smmu->sys, mm, start, end - 1));
}

static void space_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	must_hold(iovm_mm_exit(container_of(notifier, struct space, notifier)->smmu->sys, mm));
}

static void space_free_notifier(struct mmu_notifier *notifier)
{
	kfree(container_of(notifier, struct space, notifier));
}

static const struct mmu_notifier_ops notifier_ops = {
	.invalidate_range = space_invalidate_range,
	.release = space_release,
	.free_notifier = space_free_notifier,
};

/* ---- watch, unwatch ------------------------------------------------------------------------------------------------------------ */

#ifdef CONFIG_ARM64
#include <asm/pgtable-hwdef.h>
#include <asm/sysreg.h>

/* As this CPU walks it, but for the kernel's half and the flags that hardware updates */
static int describe(const struct mm_struct *mm, struct iovm_table *table)
{
	const u64 same = TCR_T0SZ_MASK | TCR_IRGN0_MASK | TCR_ORGN0_MASK | TCR_SH0_MASK | TCR_TG0_MASK | TCR_IPS_MASK;

	table->format = IOVM_TABLE_AARCH64_S1;
	table->root = virt_to_phys(mm->pgd);
	table->control = (read_sysreg(tcr_el1) & same) | TCR_EPD1_MASK;
	table->attributes = read_sysreg(mair_el1);
	table->top = mm->task_size - 1;
	return 0;
}
#else
static int describe(const struct mm_struct *mm, struct iovm_table *table)
{
	return IOVM_E_FORMAT;	/* an SMMU walks the tables of Arm */
}
#endif

static int space_watch(void *ctx, void *mm, struct iovm_table *table)
{
	struct iovm_smmu *smmu = ctx;
	struct space *space;
	int err;

	err = describe(mm, table);
	if (err)
		return err;
	space = kzalloc(sizeof(*space), GFP_KERNEL);
	if (!space)
		return IOVM_E_NO_MEMORY;
	space->smmu = smmu;
	space->notifier.ops = &notifier_ops;
	if (mmu_notifier_register(&space->notifier, mm)) {
		kfree(space);
		return IOVM_E_NO_MEMORY;
	}
	spin_lock(&smmu->spaces_lock);
	hash_add(smmu->spaces, &space->node, (unsigned long)mm);
	spin_unlock(&smmu->spaces_lock);
	return 0;
}

static void space_unwatch(void *ctx, void *mm)
{
	struct iovm_smmu *smmu = ctx;
	struct space *space;

	spin_lock(&smmu->spaces_lock);
	hash_for_each_possible(smmu->spaces, space, node, (unsigned long)mm)
		if (space->notifier.mm == mm)
			break;
	hash_del(&space->node);		/* unwatch follows watch: it is there */
	spin_unlock(&smmu->spaces_lock);
	mmu_notifier_put(&space->notifier);
}

/* ---- faults -------------------------------------------------------------------------------------------------------------------- */

static enum iovm_outcome page_in(struct mm_struct *mm, unsigned long addr, u32 prot)
{
	vm_flags_t want = (prot & IOVM_READ ? VM_READ : 0) | (prot & IOVM_WRITE ? VM_WRITE : 0) | (prot & IOVM_EXEC ? VM_EXEC : 0);
	unsigned int flags = FAULT_FLAG_USER | FAULT_FLAG_REMOTE | (prot & IOVM_WRITE ? FAULT_FLAG_WRITE : 0) |
			     (prot & IOVM_EXEC ? FAULT_FLAG_INSTRUCTION : 0);
	struct vm_area_struct *vma = find_vma(mm, addr);
	vm_fault_t fault;

	if (!want || prot & IOVM_PRIV || !vma || addr < vma->vm_start || want & ~vma->vm_flags)
		return IOVM_REFUSED;
	fault = handle_mm_fault(vma, addr, flags, NULL);	/* may not retry, so the lock is still ours */
	if (fault & VM_FAULT_OOM)
		return IOVM_AGAIN;
	return fault & VM_FAULT_ERROR ? IOVM_REFUSED : IOVM_DONE;
}

static enum iovm_outcome range_in(const struct iovm_smmu *smmu, struct mm_struct *mm, const struct iovm_range *range)
{
	unsigned long addr;
	int outcome;

	for (addr = range->first & PAGE_MASK;; addr += PAGE_SIZE) {
		outcome = page_in(mm, addr, range->prot);
		if (outcome != IOVM_DONE || range->last - addr < PAGE_SIZE)
			break;
	}
	/* This kernel's notifier does not report a right that was added; Arm lets a TLB keep the smaller one, and the device would ask forever */
	if (range->prot & IOVM_WRITE)
		must_hold(iovm_invalidate(smmu->sys, mm, range->first, range->last));
	return outcome;
}

static void space_fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned int n)
{
	struct iovm_fault *f;
	unsigned int i;

	if (!mmget_not_zero(mm))	/* it dies; REFUSED stands */
		return;
	mmap_read_lock(mm);
	for (f = faults; f < faults + n; f++) {
		f->outcome = IOVM_DONE;
		for (i = 0; i < f->nranges && f->outcome == IOVM_DONE; i++)
			f->outcome = range_in(ctx, mm, &f->ranges[i]);
	}
	mmap_read_unlock(mm);
	mmput_async(mm);		/* the last user's end is not the servicer's work */
}

const struct iovm_mm_ops iovm_space_ops = { .watch = space_watch, .unwatch = space_unwatch, .fault = space_fault };
