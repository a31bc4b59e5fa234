/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 78: page requests cannot be enabled while the device does not report STOPPED. A bounded wait, everything as
 * before, and a later try that works.
 */
#include "scenario.h"

SCENARIO(p78_never_stopped)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = iovm_sim_ep_new(sim, 16, 8);
	struct ears ears = { 0 };
	void *mm = scene_space(sim);
	uint64_t before = iovm_sim_now(sim);
	int pasid;

	iovm_sim_ep_behave(ep, IOVM_SIM_NOT_STOPPED, true);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), IOVM_E_BUSY);
	ck_assert_uint_gt(iovm_sim_now(sim), before);
	ck_assert_uint_lt(iovm_sim_now(sim) - before, 1000000000);
	ck_assert_int_eq(iovm_bind_mm(iovm_sim_ep_device(ep), mm, scene_hear, &ears), IOVM_E_NOT_READY);
	iovm_sim_ep_behave(ep, IOVM_SIM_NOT_STOPPED, false);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	pasid = scene_bind(ep, mm, &ears);
	ck_assert(scene_dma(sim, ep, pasid, BASE));
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	iovm_sim_run(sim);
	scene_end(sim);
}
