/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 80: the cut's wait ends early on a device that does not answer. Unbind says so, the PASID is kept back until
 * the device was reset.
 */
#include "scenario.h"

SCENARIO(p80_interrupted_wait_is_no_success)
{
	struct ears next = { 0 };
	struct scene s;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 1, .port = &scene_cannot_fence });
	mm = scene_space(s.sim);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE + PAGE, BASE + 2 * PAGE - 1), IOVM_E_TIMEDOUT);
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), IOVM_E_TIMEDOUT);	/* nobody has heard of the abort yet */
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), IOVM_E_TIMEDOUT);
	scene_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);			/* of the bond; a quarantine does not delay it */
	ck_assert_uint_eq(scene_stats(s.sim).pasids_quarantined, 1);
	ck_assert(iovm_sim_mm_watched(s.mm));
	ck_assert_int_eq(iovm_bind_mm(s.dev, mm, scene_hear, &next), IOVM_E_NO_PASID);
	iovm_sim_advance(s.sim, 3000000000);			/* the IOMMU, too, gives its invalidation up */
	scene_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).pasids_quarantined, 1);
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(s.ep, true), 0);
	scene_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).pasids_quarantined, 0);
	ck_assert(!iovm_sim_mm_watched(s.mm));
	ck_assert_int_eq(scene_bind(s.ep, mm, &next), s.pasid);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
