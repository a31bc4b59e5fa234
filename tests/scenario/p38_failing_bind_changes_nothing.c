/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 38: each allocation of a bind fails in turn. The caller hears NO_MEMORY, nothing changed, and the next try works. */
#include "scenario.h"

SCENARIO(p38_failing_bind_changes_nothing)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = scene_device(sim);
	struct ears ears = { 0 };
	void *mm = scene_space(sim);
	unsigned n;
	int pasid;

	for (n = 0; n < 100; n++) {
		scene_allocs_left = n;
		pasid = iovm_bind_mm(iovm_sim_ep_device(ep), mm, scene_hear, &ears);
		scene_allocs_left = UINT_MAX;
		if (pasid > 0)
			break;
		ck_assert_int_eq(pasid, IOVM_E_NO_MEMORY);
		ck_assert_uint_eq(scene_stats(sim).bonds, 0);
		ck_assert_uint_eq(scene_stats(sim).pasids_live, 0);
		ck_assert(!iovm_sim_mm_watched(mm));
		ck_assert_int_eq(iovm_sim_mm_kill(iovm_sim_mm_new(sim)), 0);
	}
	ck_assert_uint_gt(n, 0);			/* a first bind does allocate */
	ck_assert_int_gt(pasid, 0);
	ck_assert(scene_dma(sim, ep, pasid, BASE));
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	iovm_sim_run(sim);
	ck_assert_uint_eq(ears.unbound, 1);
	scene_end(sim);
}
