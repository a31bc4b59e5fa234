/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Two devices, one space: when A's unbind has returned A reaches nothing, through no cache, while B goes on without a miss. */
#include "scenario.h"

SCENARIO(s_cut_is_one_device)
{
	struct iovm_sim_ep *b;
	struct ears ears = { 0 };
	struct scene s;
	unsigned faults;

	scene_open(&s);
	b = scene_device(s.sim);
	ck_assert_int_eq(scene_bind(b, s.mm, &ears), s.pasid);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert(scene_dma(s.sim, b, s.pasid, BASE));
	faults = seen[IOVM_TR_FAULT];
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	scene_start_dma(s.ep, s.pasid, BASE);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(b, (uint32_t)s.pasid), 1);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 1);
	ck_assert(scene_dma(s.sim, b, s.pasid, BASE));
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], faults);
	ck_assert_int_eq(scene_unbind(b, s.mm), 0);
	scene_close(&s);
}
