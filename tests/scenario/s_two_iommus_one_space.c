/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Two IOMMUs, a device behind each, one space: one PASID, one watch, and an invalidation or a death that reaches both. */
#include "scenario.h"

SCENARIO(s_two_iommus_one_space)
{
	struct iovm_sim *sim = scene_new_config((struct iovm_sim_config){ .iommus = 2 });
	struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 8, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED };
	struct iovm_sim_ep *ep[2];
	struct ears ears[2] = { 0 };
	void *mm = scene_space(sim);
	int pasid[2];
	unsigned i;

	for (i = 0; i < 2; i++) {
		config.iommu = i;
		ep[i] = iovm_sim_ep_new_config(sim, &config, NULL);
		ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep[i])), 0);
		pasid[i] = scene_bind(ep[i], mm, &ears[i]);
		ck_assert(scene_dma(sim, ep[i], pasid[i], BASE));
	}
	ck_assert_int_eq(pasid[0], pasid[1]);
	ck_assert_uint_eq(seen[IOVM_TR_WATCH], 1);
	ck_assert_int_eq(iovm_sim_mm_unmap(mm, BASE, BASE + PAGE - 1), 0);
	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(iovm_sim_ep_atc(ep[i], (uint32_t)pasid[i]), 0);
		ck_assert(!scene_dma(sim, ep[i], pasid[i], BASE));
		ck_assert(scene_dma(sim, ep[i], pasid[i], BASE + PAGE));
	}
	ck_assert_int_eq(iovm_sim_mm_kill(mm), 0);
	for (i = 0; i < 2; i++)
		ck_assert(!scene_dma(sim, ep[i], pasid[i], BASE + PAGE));
	for (i = 0; i < 2; i++)
		ck_assert_uint_eq(ears[i].shutdown + ears[i].unbound, 2);
	ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], 1);
	scene_end(sim);
}
