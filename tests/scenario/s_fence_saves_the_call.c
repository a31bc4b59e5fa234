/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A device that does not complete an invalidation, and a host that can stop it at the bus: 0 after all, and a reset
 * brings the device back.
 */
#include "scenario.h"

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_SUSPECT)
		ck_assert_int_eq(rec->code, 1);
}

SCENARIO(s_fence_saves_the_call)
{
	struct scene s;

	scene_listener = listen;
	scene_open(&s);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), 0);
	ck_assert_uint_eq(seen[IOVM_TR_SUSPECT], 1);
	ck_assert_uint_ge(seen[IOVM_TR_NOTICE], 1);
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE + PAGE));
	iovm_sim_advance(s.sim, 3000000000);		/* the IOMMU, too, gives its invalidation up */
	scene_run(s.sim);
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(s.ep, true), 0);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + PAGE));
	scene_close(&s);
}
