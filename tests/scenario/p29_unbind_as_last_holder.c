/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 29: nobody but the bond keeps the space when unbind is called; until unwatch the engine may use the pointer,
 * afterwards it must not.
 */
#include "scenario.h"

SCENARIO(p29_unbind_as_last_holder)
{
	struct scene s;

	scene_open(&s);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert(iovm_sim_mm_watched(s.mm));
	iovm_sim_mm_put(s.mm);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert(iovm_sim_mm_watched(s.mm));		/* it drains */
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], 1);
	scene_end(s.sim);
}
