/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 59: one device never completes an invalidation. The caller hears of it, that device alone is cut off, the other one works on. */
#include "scenario.h"

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_SUSPECT)
		ck_assert_uint_eq(rec->code, 0);
}

SCENARIO(p59_a_timeout_is_an_error)
{
	struct iovm_sim_ep *other;
	struct ears ears = { 0 };
	struct scene s;
	int pasid;

	scene_listener = listen;
	scene_open(&s);
	other = scene_device(s.sim);
	pasid = scene_bind(other, s.mm, &ears);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert(scene_dma(s.sim, other, pasid, BASE));
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), IOVM_E_TIMEDOUT);
	ck_assert_uint_eq(seen[IOVM_TR_SUSPECT], 1);
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE + PAGE));
	ck_assert(scene_dma(s.sim, other, pasid, BASE + PAGE));
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE + PAGE, BASE + 2 * PAGE - 1), 0);	/* the suspect is not asked again */
	ck_assert_int_eq(scene_unbind(other, s.mm), 0);
	(void)iovm_unbind_mm(s.dev, s.mm);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(ears.unbound, 1);
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(s.ep, true), 0);
	iovm_sim_run(s.sim);
	ck_assert(!iovm_sim_mm_watched(s.mm));
	scene_close(&s);
}
