/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 15: members and never a Last. Memory does not grow, they age away, the neighbour is served. */
#include "scenario.h"

SCENARIO(p15_members_without_last)
{
	struct iovm_sim_ep *neighbour;
	struct ears other = { 0 };
	struct scene s;
	uint64_t before;
	unsigned i;
	int pasid;

	scene_open(&s);
	neighbour = scene_device(s.sim);
	pasid = scene_bind(neighbour, s.mm, &other);
	before = scene_live_bytes();
	for (i = 0; i < 32; i++)		/* all its credits, and not one more */
		scene_ask(s.ep, s.pasid, BASE, (uint16_t)(50 + i), MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 0);
	iovm_sim_run(s.sim);			/* they grow old */
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 32);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	for (i = 0; i < 2000; i++) {
		scene_ask(s.ep, s.pasid, BASE, (uint16_t)(100 + i % 400), MEMBER);
		if (i % 100 == 0)
			ck_assert(scene_dma(s.sim, neighbour, pasid, BASE + (i / 100 % 16) * PAGE));
		iovm_sim_run(s.sim);
	}
	for (i = 0; i < 32; i++) {
		iovm_sim_advance(s.sim, 100000000);
		iovm_sim_dispatch(s.sim, 0);
	}
	ck_assert_uint_eq(scene_live_bytes(), before);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 32 + 2000);
	ck_assert_uint_eq(scene_answers(s.ep), 1);
	ck_assert_int_eq(scene_unbind(neighbour, s.mm), 0);
	scene_close(&s);
}
