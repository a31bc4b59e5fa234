/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 79: a PF and two VFs share page requests. One VF misbehaves until it is fenced; its PF and its sibling never notice. */
#include "scenario.h"

SCENARIO(p79_a_bad_vf_hurts_nobody)
{
	struct iovm_sim_ep_config config = { .size = sizeof config, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED };
	struct iovm_sim_ep *vf[2];
	struct ears ears[2] = { 0 };
	struct iovm_sim_cap cap[16];
	struct scene s;
	unsigned i, n;
	int pasid[2];
	void *mm;

	scene_open(&s);
	mm = scene_space(s.sim);
	config.pf = s.ep;
	for (i = 0; i < 2; i++) {
		vf[i] = iovm_sim_ep_new_config(s.sim, &config, NULL);
		ck_assert_ptr_nonnull(vf[i]);
		ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(vf[i])), 0);
		pasid[i] = scene_bind(vf[i], mm, &ears[i]);
	}
	for (n = 0; n < 40; n++) {
		for (i = 0; i < 8; i++)
			scene_ask(vf[0], 77, BASE, (uint16_t)(n * 8 + i), LAST);
		iovm_sim_run(s.sim);
	}
	ck_assert_uint_eq(scene_stats(s.sim).fenced, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(vf[0]).invalid, 320);
	ck_assert_uint_eq(iovm_sim_ep_answers(vf[0]).failure, 0);
	ck_assert(!scene_dma(s.sim, vf[0], pasid[0], BASE));
	ck_assert(scene_dma(s.sim, vf[1], pasid[1], BASE));
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	n = iovm_sim_ep_caps(s.ep, cap, 16);
	ck_assert(cap[n - 1].cap == IOVM_CAP_PRI && cap[n - 1].value != 0);
	ck_assert_int_eq(iovm_sim_ep_reset(vf[0], true), 0);
	ck_assert(scene_dma(s.sim, vf[0], pasid[0], BASE + PAGE));
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(scene_unbind(vf[i], mm), 0);
	scene_close(&s);
}
