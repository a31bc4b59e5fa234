/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 1: a device sends members without end, each for a group of its own. What is kept of them was there before, and is no more than its credits. */
#include "scenario.h"

SCENARIO(g1_members_have_a_quota)
{
	struct scene s;
	unsigned i, allocs;
	size_t bytes;

	scene_open(&s);
	allocs = scene_allocs;
	bytes = scene_live_bytes();
	for (i = 0; i < 80; i++)
		scene_ask(s.ep, s.pasid, BASE + i % 16 * PAGE, (uint16_t)i, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 80 - 32);
	ck_assert_uint_eq(scene_allocs, allocs);
	ck_assert_uint_eq(scene_live_bytes(), bytes);
	scene_ask(s.ep, s.pasid, BASE, 79, LAST);		/* one of those that nobody has kept */
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	scene_close(&s);
}
