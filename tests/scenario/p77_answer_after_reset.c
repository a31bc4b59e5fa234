/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 77: the host answers a fault whose device was reset meanwhile. Nothing is sent, the token is spent, the device works. */
#include "scenario.h"

SCENARIO(p77_answer_after_reset)
{
	struct scene s;

	scene_open(&s);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_ask(s.ep, s.pasid, BASE, 1, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_pending(s.sim), 1);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 2, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_int_eq(iovm_sim_ep_reset(s.ep, true), 0);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_DONE), IOVM_E_STALE);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_answers(s.ep), 0);
	ck_assert_uint_eq(scene_stats(s.sim).suppressed, 1);
	iovm_sim_handler(s.sim, IOVM_DONE);
	seen[IOVM_TR_FAULT] = 0;
	scene_ask(s.ep, s.pasid, BASE, 2, LAST);	/* the index is the device's again: no member of the time before joins it */
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + PAGE));
	scene_close(&s);
}
