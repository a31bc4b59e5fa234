/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 7: a member waits for its Last, the device goes, and the Last comes from what was on its way. */
#include "scenario.h"

SCENARIO(p07_gone_with_partial)
{
	struct scene s;

	scene_open(&s);
	scene_ask(s.ep, s.pasid, BASE, 9, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 9, LAST);
	ck_assert_int_eq(iovm_sim_ep_remove(s.ep), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 1);
	ck_assert_uint_eq(scene_stats(s.sim).suppressed, 1);
	ck_assert_int_eq(iovm_sim_ep_del(s.ep), 0);
	scene_close(&s);
}
