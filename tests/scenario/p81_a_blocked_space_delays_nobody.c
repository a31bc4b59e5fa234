/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 81: the host sits on a fault of one space; another space's bond, of the same device, comes to its end all the same. */
#include "scenario.h"

SCENARIO(p81_a_blocked_space_delays_nobody)
{
	struct ears other = { 0 };
	struct scene s;
	int pasid;
	void *mm;

	scene_open(&s);
	mm = scene_space(s.sim);
	pasid = scene_bind(s.ep, mm, &other);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_ask(s.ep, s.pasid, BASE, 1, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_pending(s.sim), 1);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(other.unbound, 1);
	ck_assert(!iovm_sim_mm_watched(mm));
	ck_assert(!scene_dma(s.sim, s.ep, pasid, BASE));
	ck_assert_uint_eq(scene_answers(s.ep), 0);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_DONE), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	scene_close(&s);
}
