/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 17: a stall whose StreamID nobody has any more, or whose bond is gone, is aborted, not left hanging. */
#include "scenario.h"

SCENARIO(p17_stall_of_nobody)
{
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 8, .pasid_bits = 8, .stall = true };
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = iovm_sim_ep_new_config(sim, &config, NULL);
	struct ears ears = { 0 };
	void *mm = scene_space(sim);
	int pasid;

	ck_assert_ptr_nonnull(ep);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	pasid = scene_bind(ep, mm, &ears);
	ck_assert(scene_dma(sim, ep, pasid, BASE));		/* by a stall */
	ck_assert_uint_gt(seen[IOVM_TR_FAULT], 0);
	scene_ask(ep, pasid, BASE + PAGE, 3, LAST | IOVM_REQ_STALL);
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	iovm_sim_run(sim);
	ck_assert_uint_eq(ears.unbound, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).invalid, 1);
	scene_ask(ep, pasid, BASE + PAGE, 4, LAST | IOVM_REQ_STALL);
	ck_assert_int_eq(iovm_device_shutdown(iovm_sim_ep_device(ep)), 0);
	ck_assert_int_eq(iovm_sim_ep_del(ep), 0);
	iovm_sim_run(sim);
	ck_assert_uint_eq(scene_stats(sim).invalid, 2);
	scene_end(sim);
}
