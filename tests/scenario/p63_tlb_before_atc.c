/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 63: were the device's cache cleared first, it would refill from the IOMMU's. TLB, fence done, then ATC, in
 * every invalidation and cut.
 */
#include "scenario.h"

static enum { NOTHING, TLB, TLB_FENCED, ATC } phase;
static unsigned atcs;

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_INV_CALL)
		phase = NOTHING;
	if (rec->event == IOVM_TR_EXEC && rec->code == IOVM_CMD_TLB) {
		ck_assert_int_ne(phase, ATC);
		phase = TLB;
	}
	if (rec->event == IOVM_TR_FENCE_DONE && phase == TLB)
		phase = TLB_FENCED;
	if (rec->event == IOVM_TR_EXEC && rec->code == IOVM_CMD_ATC) {
		ck_assert(phase == TLB_FENCED || phase == ATC);
		phase = ATC;
		atcs++;
	}
}

SCENARIO(p63_tlb_before_atc)
{
	struct scene s;
	unsigned i;

	scene_open(&s);
	for (i = 0; i < 4; i++)
		ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + i * PAGE));
	scene_listener = listen;
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE + i * PAGE, BASE + i * PAGE + PAGE - 1), 0);
	ck_assert_uint_eq(atcs, 4);
	scene_listener = NULL;
	scene_close(&s);
}
