/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfalls 6 and 14: after set-up the host has no memory left; a group of many members is served whole all the same. */
#include "scenario.h"

SCENARIO(p14_no_memory_while_faulting)
{
	struct scene s;
	unsigned i, before;

	scene_open(&s);
	before = scene_allocs;
	scene_allocs_left = 0;
	for (i = 0; i < 12; i++)
		scene_ask(s.ep, s.pasid, BASE + i * PAGE, 4, i < 11 ? MEMBER : LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 12);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(scene_allocs, before);	/* nobody even asked */
	scene_allocs_left = UINT_MAX;
	scene_close(&s);
}
