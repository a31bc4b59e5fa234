/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 4: unbind and shutdown while the handler has not come to an end with a fault of the bond. */
#include "scenario.h"

SCENARIO(p04_unbind_mid_fault)
{
	struct scene s;

	scene_open(&s);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_start_dma(s.ep, s.pasid, BASE);
	scene_run(s.sim);
	ck_assert_uint_eq(iovm_sim_pending(s.sim), 1);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_int_eq(iovm_device_shutdown(s.dev), IOVM_E_BUSY);
	scene_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);		/* the token delays the PASID, not this */
	ck_assert_uint_eq(iovm_sim_ep_outstanding(s.ep), 0);
	ck_assert_uint_eq(scene_stats(s.sim).pasids_live, 1);
	ck_assert_int_eq(iovm_device_shutdown(s.dev), 0);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_DONE), IOVM_E_STALE);
	scene_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).pasids_live, 0);
	scene_end(s.sim);
}
