/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What libiovm asks of its host, top to bottom in the order of struct iovm_port; the rest of the port is this board's own. */
#include "glue.h"

#define SMMU_REGS ((void *)0x09050000)
enum { CLASSES = 24, SMALLEST = 6, HEAP = 16 << 20, SOON = 1000000 };

/* ---- memory: powers of two, each aligned to its size; what is freed waits for the next of its size ------------------------------ */

static struct {
	uint8_t space[HEAP] __attribute__((aligned(1 << 16)));
	size_t used;
	void *free[CLASSES];
} heap;

static void *take(size_t size, unsigned *class)
{
	void *mem;
	size_t bytes;

	for (*class = SMALLEST; (size_t)1 << *class < size; ++*class)
		;
	bytes = (size_t)1 << *class;
	mem = heap.free[*class];
	if (mem) {
		heap.free[*class] = *(void **)mem;
	} else {
		heap.used = (heap.used + bytes - 1) & ~(bytes - 1);
		if (heap.used + bytes > HEAP)
			return NULL;
		mem = heap.space + heap.used;
		heap.used += bytes;
	}
	memset(mem, 0, bytes);
	return mem;
}

static void give(void *mem, size_t size)
{
	unsigned class;

	for (class = SMALLEST; (size_t)1 << class < size; class++)
		;
	*(void **)mem = heap.free[class];
	heap.free[class] = mem;
}

static void *port_alloc(void *ctx, size_t size)
{
	unsigned class;
	void *mem = take(size, &class);

	if (mem)
		((struct glue *)ctx)->bytes += size;
	return mem;
}

static void port_free(void *ctx, void *mem, size_t size)
{
	((struct glue *)ctx)->bytes -= size;
	give(mem, size);
}

static void *port_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	unsigned class;
	void *mem = take(size, &class);

	*bus = bus_address(mem);
	if (mem)
		((struct glue *)ctx)->dma_bytes += size;
	return mem;
}

static void port_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	((struct glue *)ctx)->dma_bytes -= size;
	give(mem, size);
}

/* ---- sleep, wake, notices ------------------------------------------------------------------------------------------------------------ */

static bool port_wait(void *ctx, unsigned turn)	/* the CMD_SYNC interrupt ends a turn early */
{
	((struct glue *)ctx)->waits++;
	board_idle(board_now() + 1000000);
	return turn < 1000;
}

static void port_wake(void *ctx, struct iovm_iommu *iommu) { ((struct glue *)ctx)->work = true; }

static void port_notice(void *ctx, struct iovm_device *dev, const struct iovm_notice *what)
{
	struct glue *g = ctx;

	if (g->ntold == GLUE_NOTICES) {
		g->overrun = true;
		return;
	}
	g->told[g->ntold].dev = dev;
	g->told[g->ntold++].what = *what;
}

/* ---- address spaces --------------------------------------------------------------------------------------------------------------------- */

static int mm_watch(void *ctx, void *mm, struct iovm_table *table)
{
	struct glue_mm *m = mm;

	table->format = IOVM_TABLE_AARCH64_S1;
	table->asid = m->asid;
	table->root = bus_address(m->table.root);
	table->control = table_control();
	table->attributes = table_attributes();
	table->top = ((uint64_t)1 << TABLE_BITS) - 1;
	m->watched = true;
	return 0;
}

static void mm_unwatch(void *ctx, void *mm) { ((struct glue_mm *)mm)->watched = false; }

static void mm_fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned n)	/* nothing behind this SMMU can ask: refused */
{
	((struct glue *)ctx)->faults += n;
}

/* ---- registers and interrupts -------------------------------------------------------------------------------------------------------------- */

static uint32_t smmu_read32(void *regs, uint32_t offset)
{
	uint32_t value = mmio_read32((uintptr_t)regs + offset);

	barrier();
	return value;
}

static void smmu_write32(void *regs, uint32_t offset, uint32_t value)
{
	barrier();
	mmio_write32((uintptr_t)regs + offset, value);
}

static void rung(void *g) { ((struct glue *)g)->work = true; }
static void synced(void *g) { }		/* it has ended the sleep of port_wait */

void glue_smmu_config(struct iovm_smmuv3_config *config)
{
	*config = (struct iovm_smmuv3_config){ .size = sizeof *config, .regs = SMMU_REGS, .read32 = smmu_read32, .write32 = smmu_write32 };
}

int glue_new(struct glue *g, unsigned max_mms)
{
	const struct iovm_config config = {
		.size = sizeof config, .max_mms = max_mms, .pasid_bits = 1,
		.port = { .ctx = g, .alloc = port_alloc, .free = port_free, .dma_alloc = port_dma_alloc, .dma_free = port_dma_free,
			  .wait = port_wait, .wake = port_wake, .notice = port_notice },
		.mm = { .ctx = g, .watch = mm_watch, .unwatch = mm_unwatch, .fault = mm_fault },
	};

	*g = (struct glue){ 0 };
	return iovm_new(&g->sys, &config);
}

int glue_smmu(struct glue *g, const struct iovm_smmuv3_config *config)
{
	board_irq(SMMU_EVENT_SPI, true, rung, g);
	board_irq(SMMU_SYNC_SPI, true, synced, g);
	board_irq(SMMU_GERROR_SPI, true, rung, g);
	return iovm_smmuv3_add(g->sys, config, &g->iommu);
}

/* ---- the servicer ------------------------------------------------------------------------------------------------------------------------------ */

/* Work that is there, or that libiovm wants to look at again soon: the sleep in between ends by itself. What is further off is left to the next call. */
bool glue_serve(struct glue *g)
{
	unsigned turn;

	board_idle(0);		/* take what has rung so far */
	for (turn = 0; turn < 1000; turn++) {
		uint64_t deadline = iovm_deadline(g->iommu), now = board_now();

		if (!g->work && deadline > now + SOON)
			return true;
		if (!g->work && deadline > now) {
			board_idle(deadline);
			continue;
		}
		g->work = false;
		g->dispatches++;
		if (iovm_dispatch(g->iommu, now, 64) < 0)
			return false;
	}
	return false;
}
