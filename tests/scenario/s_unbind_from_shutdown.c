/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The natural driver: unbind in the callback. Also with two binds to undo, and with none left for the caller. */
#include "scenario.h"

SCENARIO(s_unbind_from_shutdown)
{
	struct scene s;

	scene_open(&s);
	scene_bind(s.ep, s.mm, &s.ears);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	ck_assert_uint_eq(s.ears.shutdown, 0);		/* later, on the servicer */
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_uint_eq(s.ears.shutdown, 1);
	ck_assert_uint_eq(s.ears.unbound, 0);		/* one bind is left */
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), IOVM_E_NOT_BOUND);
	scene_close(&s);
}
