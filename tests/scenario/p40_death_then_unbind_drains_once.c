/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 40: death only cuts; the drain happens once, after unbind, whatever came before. */
#include "scenario.h"

SCENARIO(p40_death_then_unbind_drains_once)
{
	struct scene s;

	scene_open(&s);
	s.ears.stay = true;
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	ck_assert_int_eq(iovm_mm_exit(iovm_sim_system(s.sim), s.mm), 0);	/* again: fine */
	scene_ask(s.ep, s.pasid, BASE + PAGE, 1, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.shutdown, 1);
	ck_assert_uint_eq(s.ears.unbound, 0);
	ck_assert_int_eq(iovm_bind_mm(s.dev, s.mm, scene_hear, &s.ears), IOVM_E_MM_DEAD);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(seen[IOVM_TR_SNAPSHOT], 1);
	ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], 1);
	scene_close(&s);
}
