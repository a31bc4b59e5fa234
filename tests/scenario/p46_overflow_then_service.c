/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 46: an overflow that nobody acknowledges would be the end of page requests. Several of them, and service after each. */
#include "scenario.h"

SCENARIO(p46_overflow_then_service)
{
	struct scene s;
	unsigned i, n;

	scene_open_config(&s, (struct iovm_sim_config){ .priq_log2 = 6 });
	for (n = 1; n <= 3; n++) {
		for (i = 0; i < 70; i++)
			scene_ask(s.ep, s.pasid, BASE, (uint16_t)i, MEMBER);
		iovm_sim_run(s.sim);
		ck_assert_uint_eq(scene_stats(s.sim).overflows, n);
		ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + n * PAGE));
		iovm_sim_advance(s.sim, 1000000000);		/* what it was blamed for is forgiven */
	}
	scene_close(&s);
}
