/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* A space's PASID is never renumbered: a narrower device that comes second is told so, unless the PASID fits. */
#include "scenario.h"

SCENARIO(s_narrow_device_second)
{
	struct iovm_sim_ep *narrow;
	struct ears ears = { 0 };
	struct scene s;
	void *mm;
	int pasid;

	memset(&s, 0, sizeof s);
	s.sim = scene_new();
	narrow = iovm_sim_ep_new(s.sim, 8, 2);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(narrow)), 0);
	s.ep = scene_device(s.sim);
	s.dev = iovm_sim_ep_device(s.ep);
	s.mm = scene_space(s.sim);
	s.pasid = scene_bind(s.ep, s.mm, &s.ears);
	mm = scene_space(s.sim);
	ck_assert_int_gt(s.pasid, 3);			/* what narrow devices need is given out last */
	ck_assert_int_eq(iovm_bind_mm(iovm_sim_ep_device(narrow), s.mm, scene_hear, &ears), IOVM_E_PASID_WIDTH);
	ck_assert_uint_eq(scene_stats(s.sim).bonds, 1);
	pasid = scene_bind(narrow, mm, &ears);			/* first: gets one that fits */
	ck_assert_int_le(pasid, 3);
	ck_assert_int_eq(iovm_bind_mm(s.dev, mm, NULL, NULL), pasid);
	ck_assert(scene_dma(s.sim, narrow, pasid, BASE));
	ck_assert(scene_dma(s.sim, s.ep, pasid, BASE));
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	ck_assert_int_eq(scene_unbind(narrow, mm), 0);
	scene_close(&s);
}
