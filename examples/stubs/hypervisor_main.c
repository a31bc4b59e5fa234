/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The hypervisor under hypervisor.c: one VM with eight guest pages. The story: hand over a device, it faults, the page
 * comes later and from elsewhere, the access lands; the page is taken away and the device faults again; a page that
 * cannot come ends the access.
 */
#include "hypervisor.h"
#include "direct.h"
#include "libc_port.h"

enum { STREAM = 7, NPAGES = 8, PAGE = 4096 };
static char guest[NPAGES][PAGE];
static bool present[NPAGES];
static struct { uint64_t token, page; bool out; } paging;
static struct direct *hw;
static bool kicked;
char smmu_regs[1];

uint32_t mmio_read(void *regs, uint32_t offset) { return 0; }
void mmio_write(void *regs, uint32_t offset, uint32_t value) { }
uint64_t physical(const void *p) { return (uintptr_t)p; }
uint64_t timer_ns(void) { static uint64_t ns; return ns += 1000; }
bool timer_turn(void *ctx, unsigned turn) { return turn < 1000; }
void kick(void *ctx, struct iovm_iommu *iommu) { kicked = true; }
_Noreturn void panic(const char *what) { fprintf(stderr, "panic: %s\n", what); exit(1); }

void vm_page_in(struct vm *vm, uint64_t token, const struct iovm_range *r, unsigned n)
{
	EXPECT(n == 1 && !paging.out);
	paging.token = token;
	paging.page = r->first / PAGE;
	paging.out = true;
}

static void *page(uint64_t root, uint64_t addr, uint32_t prot) { return addr / PAGE < NPAGES && present[addr / PAGE] ? guest[addr / PAGE] : NULL; }

int iovm_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu)
{
	return direct_add(sys, &(struct direct_config){ .page = page }, iommu, &hw);
}

static void interrupts(void)
{
	while (kicked || direct_pending(hw)) {
		kicked = false;
		smmu_irq();
	}
}

static enum direct_state guest_dma(uint64_t addr, char value)
{
	enum direct_state s;
	void *mem;

	while ((s = direct_access(hw, STREAM, IOVM_NO_PASID, addr, IOVM_WRITE, &mem)) == DIRECT_ASKED) {
		interrupts();
		EXPECT(paging.out && direct_access(hw, STREAM, IOVM_NO_PASID, addr, IOVM_WRITE, &mem) == DIRECT_ASKED);	/* waits for the page */
		paging.out = false;
		if (paging.page < NPAGES)
			present[paging.page] = true;
		vm_paged_in(paging.token, paging.page < NPAGES);
		interrupts();
	}
	if (s == DIRECT_LANDED)
		*(char *)mem = value;
	return s;
}

int main(void)
{
	struct vm vm = { .vmid = 3 };
	struct iovm_device *dev;

	EXPECT(passthrough(&vm, STREAM, &dev) == 0);
	EXPECT(guest_dma(2 * PAGE + 1, 'x') == DIRECT_LANDED && guest[2][1] == 'x');
	present[2] = false;
	stage2_unmap(&vm, 2 * PAGE, 3 * PAGE - 1);
	EXPECT(guest_dma(2 * PAGE + 2, 'y') == DIRECT_LANDED && present[2]);
	EXPECT(guest_dma(NPAGES * PAGE, 'z') == DIRECT_DENIED);
	EXPECT(iovm_device_del(dev) == 0);
	return 0;
}
