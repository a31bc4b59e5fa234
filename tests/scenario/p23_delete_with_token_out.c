/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 23: the engine is not deleted while a fault is with the host. */
#include "scenario.h"

SCENARIO(p23_delete_with_token_out)
{
	struct scene s;

	scene_open(&s);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_start_dma(s.ep, s.pasid, BASE);
	scene_run(s.sim);
	ck_assert_int_eq(iovm_del(iovm_sim_system(s.sim)), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	scene_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(scene_stats(s.sim).tokens, 1);
	ck_assert_int_eq(iovm_del(iovm_sim_system(s.sim)), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_REFUSED), IOVM_E_STALE);
	scene_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).tokens, 0);
	scene_close(&s);
}
