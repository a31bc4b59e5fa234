/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 34: the smallest and the largest PASID spaces, to their last id; and a device whose own field is narrower. */
#include "scenario.h"

static void fill(unsigned bits, unsigned want)
{
	struct iovm_sim *sim = scene_new_config((struct iovm_sim_config){ .pasid_bits = (uint8_t)bits });
	struct iovm_sim_ep *ep = scene_device(sim);
	struct ears ears[8] = { 0 };
	void *mm[8];
	unsigned used = 0, i;
	int pasid;

	for (i = 0; i < want; i++) {
		mm[i] = scene_space(sim);
		pasid = scene_bind(ep, mm[i], &ears[i]);
		ck_assert_int_lt(pasid, 1 << bits);
		ck_assert_uint_eq(used & 1u << pasid, 0);
		used |= 1u << pasid;
		ck_assert(scene_dma(sim, ep, pasid, BASE));
	}
	ck_assert_int_eq(iovm_bind_mm(iovm_sim_ep_device(ep), scene_space(sim), NULL, NULL), IOVM_E_NO_PASID);
	for (i = 0; i < want; i++)
		ck_assert_int_eq(scene_unbind(ep, mm[i]), 0);
	iovm_sim_run(sim);
	scene_end(sim);
}

SCENARIO(p34_limits_of_pasids)
{
	struct iovm_sim_ep *narrow;
	struct ears other = { 0 };
	struct scene s;

	fill(1, 1);
	fill(2, 3);
	s.sim = scene_new_config((struct iovm_sim_config){ .pasid_bits = 20 });
	s.ep = scene_device(s.sim);
	s.dev = iovm_sim_ep_device(s.ep);
	s.mm = scene_space(s.sim);
	memset(&s.ears, 0, sizeof s.ears);
	narrow = iovm_sim_ep_new(s.sim, 8, 1);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(narrow)), 0);
	s.pasid = scene_bind(s.ep, s.mm, &s.ears);
	ck_assert_int_gt(s.pasid, 1);			/* ids above the narrowest width go first */
	ck_assert_int_eq(iovm_bind_mm(iovm_sim_ep_device(narrow), s.mm, scene_hear, &other), IOVM_E_PASID_WIDTH);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	scene_ask(s.ep, (1u << 20) - 1, BASE, 1, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 1);
	scene_close(&s);
}
