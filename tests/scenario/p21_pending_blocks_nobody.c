/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 21: the host is slow with one device's fault; another device is served meanwhile. */
#include "scenario.h"

SCENARIO(p21_pending_blocks_nobody)
{
	struct iovm_sim_ep *other;
	struct ears ears = { 0 };
	struct scene s;
	int pasid;
	void *mm;

	scene_open(&s);
	other = scene_device(s.sim);
	mm = scene_space(s.sim);
	pasid = scene_bind(other, mm, &ears);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_start_dma(s.ep, s.pasid, BASE);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_pending(s.sim), 1);
	iovm_sim_handler(s.sim, IOVM_DONE);
	ck_assert(scene_dma(s.sim, other, pasid, BASE));
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 0);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_DONE), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 1);
	ck_assert_int_eq(scene_unbind(other, mm), 0);
	scene_close(&s);
}
