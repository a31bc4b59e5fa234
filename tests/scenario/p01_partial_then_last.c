/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 1: a member must not count as a last request as well. */
#include "scenario.h"

SCENARIO(p01_partial_then_last)
{
	struct scene s;

	scene_open(&s);
	scene_ask(s.ep, s.pasid, BASE, 7, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT] + scene_answers(s.ep), 0);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 7, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 2);
	ck_assert_uint_eq(scene_stats(s.sim).groups, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	ck_assert_uint_eq(scene_answers(s.ep), 1);
	scene_close(&s);
}
