/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Requests whose StreamID no device ever had (F11): each Last is answered Invalid, and the devices that exist are served beside it. */
#include "scenario.h"

SCENARIO(s_requests_of_nobody)
{
	struct iovm_sim_stats stats = { .size = sizeof stats };
	struct scene s;
	unsigned i;

	scene_open_config(&s, (struct iovm_sim_config){ .inject = 1ull << 11 });
	for (i = 0; i < 20000; i++) {
		if (i % 1000 == 0)
			scene_start_dma(s.ep, s.pasid, BASE + i / 1000 % 16 * PAGE);
		iovm_sim_step(s.sim);
	}
	iovm_sim_stats(s.sim, &stats);
	ck_assert_uint_gt(stats.injected[11], 0);
	ck_assert_uint_gt(scene_stats(s.sim).unknown_streams, 0);
	ck_assert_uint_gt(iovm_sim_dma_done(s.ep), 10);
	scene_close(&s);
}
