/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfalls 2 and 3: a fault is with the host while its device is pulled out. The group must not leak with the device,
 * nor may the device's end free what the host still holds the right to finish.
 */
#include "scenario.h"

SCENARIO(p02_gone_with_pending)
{
	struct scene s;

	scene_open(&s);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_start_dma(s.ep, s.pasid, BASE);
	scene_run(s.sim);
	ck_assert_uint_eq(iovm_sim_pending(s.sim), 1);
	ck_assert_int_eq(iovm_sim_ep_remove(s.ep), 0);
	scene_run(s.sim);
	ck_assert_uint_eq(s.ears.shutdown, 1);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert(iovm_sim_mm_watched(s.mm));		/* the token keeps the space, not the bond */
	ck_assert_int_eq(iovm_sim_ep_del(s.ep), 0);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_DONE), IOVM_E_STALE);
	scene_run(s.sim);
	ck_assert(!iovm_sim_mm_watched(s.mm));
	scene_end(s.sim);
}
