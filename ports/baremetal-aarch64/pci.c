/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Bus 0 through its memory-mapped configuration space (QEMU virt with highmem: 0x4010000000). Pin INTA of device d is SPI 3 + d % 4, a level. */
#include "pci.h"

#define ECAM		0x4010000000u
#define BAR_WINDOW	0x10000000u
enum { PCI_ID = 0, PCI_COMMAND = 4, PCI_BAR0 = 0x10, PCI_MEMORY = 2, PCI_MASTER = 4, EDU_ID = 0x11e81234, FIRST_PIN = 3 };
enum { EDU_IRQ_STATUS = 0x24, EDU_IRQ_ACK = 0x64, EDU_SOURCE = 0x80, EDU_DEST = 0x88, EDU_COUNT = 0x90, EDU_COMMAND = 0x98,
       EDU_GO = 1, EDU_TO_MEMORY = 2, EDU_INTERRUPT = 4, EDU_BUFFER_AT = 0x40000 };

static void edu_done(void *arg)
{
	struct edu *e = arg;

	mmio_write32(e->regs + EDU_IRQ_ACK, mmio_read32(e->regs + EDU_IRQ_STATUS));
	e->busy = false;
}

static uint64_t window;

static void edu_set_up(struct edu *e)
{
	uint32_t size;

	mmio_write32(e->config + PCI_BAR0, UINT32_MAX);
	size = ~(mmio_read32(e->config + PCI_BAR0) & ~15u) + 1;
	window = (window + size - 1) & ~(uint64_t)(size - 1);
	mmio_write32(e->config + PCI_BAR0, (uint32_t)window);
	e->regs = window;
	window += size;
	edu_master(e, true);
}

unsigned edu_scan(struct edu *found, unsigned max)
{
	unsigned d, n = 0;

	window = BAR_WINDOW;
	for (d = 0; d < 32 && n < max; d++) {
		struct edu *e = &found[n];

		*e = (struct edu){ .config = ECAM + (d << 15), .stream_id = d << 3 };
		if (mmio_read32(e->config + PCI_ID) != EDU_ID)
			continue;
		edu_set_up(e);
		n++;
	}
	return n;
}

void edu_attend(struct edu *e)
{
	board_irq(FIRST_PIN + e->stream_id / 8 % 4, false, edu_done, e);
}

void edu_master(struct edu *e, bool on)
{
	mmio_write16(e->config + PCI_COMMAND, on ? PCI_MEMORY | PCI_MASTER : PCI_MEMORY);
}

void edu_start(struct edu *e, uint64_t iova, unsigned offset, unsigned length, bool to_memory)
{
	uint64_t buffer = EDU_BUFFER_AT + offset;

	barrier();
	mmio_write64(e->regs + EDU_SOURCE, to_memory ? buffer : iova);
	mmio_write64(e->regs + EDU_DEST, to_memory ? iova : buffer);
	mmio_write64(e->regs + EDU_COUNT, length);
	e->busy = true;
	mmio_write32(e->regs + EDU_COMMAND, EDU_GO | EDU_INTERRUPT | (to_memory ? EDU_TO_MEMORY : 0));
}

void edu_wait(struct edu *e)
{
	while (e->busy)
		board_idle(UINT64_MAX);
	barrier();
}
