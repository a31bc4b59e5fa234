/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 10: a device that goes on asking cannot hold up the end of its bond. */
#include "scenario.h"

SCENARIO(p10_faults_throughout_unbind)
{
	struct scene s;
	unsigned i, n;

	scene_open(&s);
	iovm_sim_ep_behave(s.ep, IOVM_SIM_NEVER_STOPS, true);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	for (n = 0; !s.ears.unbound && n < 3; n++) {
		for (i = 0; i < 16; i++)
			scene_ask(s.ep, s.pasid, BASE + i * PAGE, (uint16_t)(n * 16 + i), LAST);
		iovm_sim_dispatch(s.sim, 0);
	}
	ck_assert_uint_le(n, 2);
	ck_assert_uint_eq(s.ears.unbound, 1);
	iovm_sim_ep_behave(s.ep, IOVM_SIM_NEVER_STOPS, false);
	scene_close(&s);
}
