/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Entry 0 translates from device_add on: before init, beside bonds that come and go, after shutdown. */
#include "scenario.h"

SCENARIO(s_entry_zero_all_along)
{
	struct iovm_sim *sim = scene_new();
	void *zero = scene_space(sim), *mm = scene_space(sim);
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 8, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED, .mm = zero };
	struct iovm_sim_ep *ep = iovm_sim_ep_new_config(sim, &config, NULL);
	struct iovm_device *dev = iovm_sim_ep_device(ep);
	struct ears ears = { 0 };
	int pasid;

	ck_assert_int_eq(iovm_sim_mm_write(zero, BASE, "0", 1), 0);	/* before init nobody could ask for it */
	ck_assert(scene_dma(sim, ep, -1, BASE));
	ck_assert_int_eq(iovm_device_init(dev), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	ck_assert_int_eq(iovm_bind_mm(dev, zero, scene_hear, &ears), IOVM_E_EXISTS);	/* one way or the other */
	pasid = scene_bind(ep, mm, &ears);
	ck_assert(scene_dma(sim, ep, -1, BASE + PAGE));
	ck_assert(scene_dma(sim, ep, pasid, BASE));
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE + 2 * PAGE));
	ck_assert(!scene_dma(sim, ep, pasid, BASE));
	iovm_sim_run(sim);
	ck_assert_int_eq(iovm_device_shutdown(dev), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	scene_end(sim);
}
