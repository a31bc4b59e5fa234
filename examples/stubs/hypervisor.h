/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What hypervisor.c takes from its hypervisor, and what it gives in return. */
#ifndef EXAMPLES_HYPERVISOR_H
#define EXAMPLES_HYPERVISOR_H
#include <iovm/smmuv3.h>

/* No SMMUv3 here: the direct IOMMU of stubs/direct.c stands in its place */
int stub_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu);
#define iovm_smmuv3_add stub_smmuv3_add

struct vm { uint64_t vttbr, vtcr; uint16_t vmid; };
extern char smmu_regs[];
uint32_t mmio_read(void *regs, uint32_t offset);
void mmio_write(void *regs, uint32_t offset, uint32_t value);
uint64_t physical(const void *p);
uint64_t timer_ns(void);
bool timer_turn(void *ctx, unsigned turn);			/* false once a wait has lasted too long */
void kick(void *ctx, struct iovm_iommu *iommu);			/* raise the SMMU's interrupt by software */
void vm_page_in(struct vm *vm, uint64_t token, const struct iovm_range *r, unsigned n);	/* copies r; vm_paged_in() follows */
_Noreturn void panic(const char *what);

int passthrough(struct vm *vm, uint32_t stream_id, struct iovm_device **dev);
void smmu_irq(void);
void vm_paged_in(uint64_t token, bool ok);
void stage2_unmap(struct vm *vm, uint64_t first, uint64_t last);

#endif
