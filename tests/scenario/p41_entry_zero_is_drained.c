/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 41: a fault without PASID is in the queue when entry 0 goes; the old space must not be served any more. */
#include "scenario.h"

SCENARIO(p41_entry_zero_is_drained)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = scene_device(sim);
	void *mm = scene_space(sim);

	ck_assert_int_eq(iovm_device_attach(iovm_sim_ep_device(ep), mm), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	scene_ask(ep, IOVM_NO_PASID, BASE + PAGE, 1, LAST);
	ck_assert_int_eq(iovm_device_attach(iovm_sim_ep_device(ep), NULL), 0);
	ck_assert(iovm_sim_mm_watched(mm));
	seen[IOVM_TR_FAULT] = 0;
	iovm_sim_run(sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).invalid, 1);
	ck_assert(!iovm_sim_mm_watched(mm));
	scene_end(sim);
}
