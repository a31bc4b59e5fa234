/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 4: an overflow takes a Last. The IOMMU has answered it, so the index means another group from now on, and no page of the old one is asked for. */
#include "scenario.h"

SCENARIO(g4_an_overflow_ends_partials)
{
	struct scene s;
	unsigned i;

	scene_open_config(&s, (struct iovm_sim_config){ .priq_log2 = 6 });
	for (i = 0; i < 16; i++)
		scene_ask(s.ep, s.pasid, BASE + i * PAGE, 9, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	for (i = 0; i < 64; i++)
		scene_ask(s.ep, s.pasid, BASE, (uint16_t)(100 + i), MEMBER);
	scene_ask(s.ep, s.pasid, BASE, 9, LAST);
	ck_assert_uint_eq(scene_answers(s.ep), 1);		/* by the IOMMU */
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(scene_stats(s.sim).overflows, 1);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 16 + 64);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 9, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 2);
	scene_close(&s);
}
