/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 67: the device was pulled out; nothing that is called afterwards waits for it, or fails for its sake. */
#include "scenario.h"

SCENARIO(p67_nobody_waits_for_the_gone)
{
	struct scene s;
	uint64_t before;

	scene_open(&s);
	s.ears.stay = true;
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	iovm_sim_ep_behave(s.ep, IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(iovm_sim_ep_remove(s.ep), 0);
	before = iovm_sim_now(s.sim);
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), 0);
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	ck_assert_uint_lt(iovm_sim_now(s.sim) - before, 500000);	/* the port's limit is about 1 ms */
	ck_assert_uint_eq(seen[IOVM_TR_FENCE_STUCK], 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.shutdown, 1);		/* of the removal; the death adds none */
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_int_eq(iovm_sim_ep_del(s.ep), 0);
	scene_close(&s);
}
