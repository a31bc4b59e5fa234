/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 18: the queue overflows between the members and the Last. Recovery forgets the members; the index may mean a
 * new group at once.
 */
#include "scenario.h"

SCENARIO(p18_overflow_mid_group)
{
	struct scene s;
	unsigned i;

	scene_open_config(&s, (struct iovm_sim_config){ .priq_log2 = 6 });	/* 64 entries, 32 credits */
	scene_ask(s.ep, s.pasid, BASE, 100, MEMBER);
	for (i = 1; i < 64; i++)
		scene_ask(s.ep, s.pasid, BASE + PAGE, (uint16_t)i, MEMBER);
	scene_ask(s.ep, s.pasid, BASE + 2 * PAGE, 100, LAST);		/* dropped, answered by the IOMMU */
	ck_assert_uint_eq(scene_answers(s.ep), 1);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).overflows, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	scene_ask(s.ep, s.pasid, BASE + 3 * PAGE, 100, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 2);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 64);
	scene_close(&s);
}
