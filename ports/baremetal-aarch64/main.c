/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A machine whose devices page on demand, without an operating system: two DMA engines, five address spaces, fewer frames than pages, an SMMUv3. Devices
 * here neither stall nor ask for pages: a DMA that misses is ended, the SMMU records it, libiovm tells, the page is brought in, and the DMA is tried again.
 *
 * Linear stream tables come first: QEMU does not go back to them once it has seen a two-level one.
 */
#include "chapters.h"
#include "check.h"

static const struct life lives[] = {
	{ "linear stream table, CMD_SYNC by CONS", 1, IOVM_SMMUV3_SYNC_CONS, 1, 7, 8, 500 },
	{ "linear stream table, CMD_SYNC by interrupt", 1, IOVM_SMMUV3_SYNC_IRQ, 8, 5, 8, 500 },
	{ "two-level stream table, CMD_SYNC by CONS", 0, IOVM_SMMUV3_SYNC_CONS, 8, 4, 16, 1000 },
	{ "two-level stream table, CMD_SYNC by interrupt", 0, IOVM_SMMUV3_SYNC_IRQ, 4, 9, 0, 1000 },
};

static void live(const struct life *life)
{
	if (!life_begin(life))
		return;
	chapter_refusals();
	chapter_faults();
	chapter_ranges();
	chapter_death();
	chapter_devices();
	chapter_flood();
	chapter_illegal();
	chapter_power();
	random_operations(life->operations);
	life_end(life);
}

int main(void)
{
	unsigned i;

	board_start();
	chapter_probe();
	if (check(traffic_begin(), "two DMA engines on the bus")) {
		chapter_off();
		for (i = 0; i < sizeof lives / sizeof lives[0]; i++)
			live(&lives[i]);
	}
	score_end();
}
