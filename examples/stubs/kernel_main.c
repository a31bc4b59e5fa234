/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The kernel that kernel.c is glue for: one process of two pages, one accelerator, one IOMMU. The story: open, fault, a
 * page is taken away and comes back, the process is killed while the device works, the driver hears of it, everything
 * goes.
 */
#include "kernel.h"
#include "direct.h"
#include "libc_port.h"

enum { STREAM = 0x100, BASE = 0x10000, NPAGES = 2, PAGE = 4096 };
struct mm_struct { char mem[NPAGES * PAGE]; bool present[NPAGES]; unsigned pins, faults; };
static struct mm_struct process;
static struct notifier notifier = { &process };
static struct direct *hw;
struct iovm *iovm_system;

int notifier_add(struct mm_struct *mm) { mm->pins++; return 0; }
void notifier_del(struct mm_struct *mm) { mm->pins--; }
void arch_table(struct mm_struct *mm, struct iovm_table *t) { *t = (struct iovm_table){ IOVM_TABLE_AARCH64_S1, IOVM_ASID_ANY, (uintptr_t)mm, 0, 0, (1ull << 48) - 1 }; }
struct mm_struct *current_mm(void) { return &process; }
uint64_t ktime_get_ns(void) { static uint64_t ns; return ns += 1000; }
bool wait_for_irq_or_wake(struct iovm_iommu *iommu, uint64_t deadline) { return direct_pending(hw) || deadline == 0; }
void acc_start(struct acc *a, int pasid) { a->pasid = pasid; a->users++; }
void acc_stop(struct acc *a) { a->pasid = 0; }
void acc_put(struct acc *a) { a->users--; }

int fault_in(struct mm_struct *mm, const struct iovm_range *r, unsigned n)
{
	for (; n--; r++) {
		if (r->first < BASE || r->last >= BASE + NPAGES * PAGE)
			return -1;
		mm->present[(r->first - BASE) / PAGE] = true;
		mm->faults++;
	}
	return 0;
}

static void *page(uint64_t root, uint64_t addr, uint32_t prot)
{
	struct mm_struct *mm = (void *)(uintptr_t)root;
	uint64_t n = (addr - BASE) / PAGE;

	return n < NPAGES && mm->present[n] ? mm->mem + n * PAGE : NULL;
}

int iovm_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu)
{
	return direct_add(sys, &(struct direct_config){ .page = page }, iommu, &hw);
}

static enum direct_state dma(struct iovm_iommu *iommu, int pasid, uint64_t addr, char value)
{
	enum direct_state s;
	void *mem;

	while ((s = direct_access(hw, STREAM, (uint32_t)pasid, addr, IOVM_READ | IOVM_WRITE, &mem)) == DIRECT_ASKED)
		smmu_thread(iommu);
	if (s == DIRECT_LANDED)
		*(char *)mem = value;
	return s;
}

int main(void)
{
	const struct iovm_config config = { sizeof config, { .alloc = port_alloc, .free = port_free, .wait = port_wait }, mm_glue, .max_mms = 8, .pasid_bits = 16 };
	const struct iovm_smmuv3_config smmu = { .size = sizeof smmu };
	const struct iovm_device_config dev = { .size = sizeof dev, .stream_ids = (const uint32_t[]){ STREAM }, .nstream_ids = 1, .max_outstanding = 8,
						.pasid_bits = 16, .flags = IOVM_DEV_TRUSTED, .set_cap = port_set_cap };
	struct iovm_iommu *iommu;
	struct acc acc = { 0 };
	int pasid;

	EXPECT(iovm_new(&iovm_system, &config) == 0 && iovm_smmuv3_add(iovm_system, &smmu, &iommu) == 0);
	EXPECT(iovm_device_add(iommu, &dev, &acc.io) == 0 && iovm_device_init(acc.io) == 0);
	pasid = acc_open(&acc);
	EXPECT(pasid > 0 && process.pins == 1);

	EXPECT(dma(iommu, pasid, BASE + 5, 'a') == DIRECT_LANDED && process.mem[5] == 'a' && process.faults == 1);
	process.present[0] = false;
	sva_invalidate(&notifier, BASE, BASE + PAGE);
	EXPECT(dma(iommu, pasid, BASE + 6, 'b') == DIRECT_LANDED && process.faults == 2);
	EXPECT(dma(iommu, pasid, BASE + NPAGES * PAGE, 'c') == DIRECT_DENIED);

	sva_release(&notifier);		/* with the second page not there yet: the request must not reach the dead process */
	EXPECT(dma(iommu, pasid, BASE + PAGE, 'd') == DIRECT_DENIED && process.faults == 2);
	smmu_thread(iommu);
	EXPECT(acc.users == 0 && acc.pasid == 0 && process.pins == 0);
	EXPECT(acc_close(&acc, &process) == IOVM_E_NOT_BOUND);
	EXPECT(iovm_del(iovm_system) == 0);
	return 0;
}
