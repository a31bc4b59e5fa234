/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 60: ranges are inclusive at both ends, from one byte to everything; the last page of the space is a page. */
#include "scenario.h"

SCENARIO(p60_ends_of_ranges)
{
	static const struct { uint64_t first, last; unsigned left; } range[] = {
		{ BASE + PAGE, BASE + PAGE, 3 }, { BASE + PAGE - 1, BASE + PAGE, 2 }, { 0, UINT64_MAX, 0 }, { UINT64_MAX, UINT64_MAX, 4 },
		{ BASE + 4 * PAGE, UINT64_MAX, 4 }, { 0, BASE - 1, 4 }, { BASE + 3 * PAGE + 0xfff, UINT64_MAX, 3 },
	};
	struct scene s;
	unsigned i, j;

	scene_open(&s);
	for (i = 0; i < sizeof range / sizeof *range; i++) {
		for (j = 0; j < 4; j++)
			ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + j * PAGE));
		ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 4);
		ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), s.mm, range[i].first, range[i].last), 0);
		ck_assert_uint_le(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), range[i].left);
	}
	ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), s.mm, 1, 0), IOVM_E_INVAL);
	scene_close(&s);
}
