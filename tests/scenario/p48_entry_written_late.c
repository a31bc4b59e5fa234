/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 48: the interrupt comes, PROD covers an entry that is not written yet (F27). It is waited for by coming
 * again, and nothing is lost.
 */
#include "scenario.h"

static unsigned late(void *ctx, unsigned n, const char *point)
{
	return (strncmp(point, "F27", 3) == 0 || strcmp(point, "late") == 0) ? n - 1 : 0;
}

SCENARIO(p48_entry_written_late)
{
	struct iovm_sim_stats stats = { .size = sizeof stats };
	struct scene s;
	unsigned i;

	scene_open_config(&s, (struct iovm_sim_config){ .inject = 1ull << 27, .choose = late });
	for (i = 0; i < 16; i++)
		ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + i * PAGE));
	iovm_sim_stats(s.sim, &stats);
	ck_assert_uint_gt(stats.injected[27], 0);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 16);
	scene_close(&s);
}
