/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What kernel.c takes from its kernel. Names follow Linux where Linux has them; the signatures are what glue would wrap them into. */
#ifndef EXAMPLES_KERNEL_H
#define EXAMPLES_KERNEL_H
#include <iovm/smmuv3.h>

/* No SMMUv3 here: the direct IOMMU of stubs/direct.c stands in its place */
int stub_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu);
#define iovm_smmuv3_add stub_smmuv3_add

struct mm_struct;
struct notifier { struct mm_struct *mm; };		/* around a struct mmu_notifier */
struct acc { struct iovm_device *io; int pasid; unsigned users; };

extern struct iovm *iovm_system;
int notifier_add(struct mm_struct *mm);			/* mmgrab() and mmu_notifier_register(); may sleep */
void notifier_del(struct mm_struct *mm);		/* the reverse */
void arch_table(struct mm_struct *mm, struct iovm_table *t);	/* TTBR, TCR, MAIR, pinned ASID */
int fault_in(struct mm_struct *mm, const struct iovm_range *r, unsigned n);	/* handle_mm_fault() on each page; 0: all there */
struct mm_struct *current_mm(void);
uint64_t ktime_get_ns(void);
bool wait_for_irq_or_wake(struct iovm_iommu *iommu, uint64_t deadline);	/* false: kthread_should_stop() */
void acc_start(struct acc *a, int pasid);		/* program the PASID, let jobs in */
void acc_stop(struct acc *a);				/* no new jobs */
void acc_put(struct acc *a);

/* and what it gives in return */
extern const struct iovm_mm_ops mm_glue;
void sva_invalidate(struct notifier *n, uint64_t start, uint64_t end);
void sva_release(struct notifier *n);
int smmu_thread(void *iommu);
int acc_open(struct acc *a);
int acc_close(struct acc *a, struct mm_struct *mm);

#endif
