/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 61: one TiB goes in a bounded number of commands. */
#include "scenario.h"

SCENARIO(p61_huge_unmap)
{
	struct scene s;
	unsigned before;

	scene_open(&s);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	before = seen[IOVM_TR_CMD];
	ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), s.mm, 0x1000, 0x1000 + (1ull << 40) - 1), 0);
	ck_assert_uint_ge(seen[IOVM_TR_CMD] - before, 4);	/* TLB, fence, ATC, fence */
	ck_assert_uint_le(seen[IOVM_TR_CMD] - before, 16);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 0);
	scene_close(&s);
}
