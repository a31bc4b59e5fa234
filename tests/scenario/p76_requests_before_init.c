/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 76: requests from before init are refused, and those that lie in the queue when init is called do not belong
 * to the first bond.
 */
#include "scenario.h"

SCENARIO(p76_requests_before_init)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = iovm_sim_ep_new(sim, 16, 8);
	struct ears ears = { 0 };
	void *mm = scene_space(sim);
	int pasid;

	scene_ask(ep, 1, BASE, 1, LAST);
	iovm_sim_run(sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).invalid, 1);
	for (pasid = 1; pasid < 256; pasid += 50)
		scene_ask(ep, (uint32_t)pasid, BASE, (uint16_t)pasid, LAST);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	pasid = scene_bind(ep, mm, &ears);
	iovm_sim_run(sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).invalid, 7);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	ck_assert(scene_dma(sim, ep, pasid, BASE));
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	iovm_sim_run(sim);
	scene_end(sim);
}
