/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 49: however full the queue is, a dispatch takes what its budget allows and comes back. */
#include "scenario.h"

SCENARIO(p49_a_dispatch_is_bounded)
{
	struct scene s;
	unsigned i;

	scene_open(&s);
	for (i = 0; i < 32; i++)
		scene_ask(s.ep, s.pasid, BASE + i % 16 * PAGE, (uint16_t)i, LAST);
	ck_assert_int_eq(iovm_dispatch(iovm_sim_iommu(s.sim, 0), iovm_sim_now(s.sim), 4), 4);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 4);
	ck_assert_uint_eq(iovm_deadline(iovm_sim_iommu(s.sim, 0)), 0);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	for (i = 32; i < 232; i++)
		scene_ask(s.ep, s.pasid, BASE, (uint16_t)i, LAST);		/* refused ones are bounded, too */
	iovm_dispatch(iovm_sim_iommu(s.sim, 0), iovm_sim_now(s.sim), 4);
	ck_assert_uint_le(scene_stats(s.sim).requests, 4 + 9 * 4);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_answers(s.ep), 232);
	scene_close(&s);
}
