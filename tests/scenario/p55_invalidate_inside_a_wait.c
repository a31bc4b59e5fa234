/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 55: a second invalidation begins while the first one's commands are under way. Each returns only when its own
 * page is out of reach.
 */
#include "scenario.h"

static struct scene s;
static unsigned nested;

static void second(void *ctx, unsigned depth)
{
	if (nested++)
		return;
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE + PAGE, BASE + 2 * PAGE - 1), 0);
	ck_assert_uint_le(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 2);
}

SCENARIO(p55_invalidate_inside_a_wait)
{
	unsigned i;

	scene_open(&s);
	for (i = 0; i < 3; i++)
		ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + i * PAGE));
	iovm_sim_on_wait(s.sim, second, NULL);
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), 0);
	iovm_sim_on_wait(s.sim, NULL, NULL);
	ck_assert_uint_gt(nested, 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 1);
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE + PAGE));
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE + 2 * PAGE));
	scene_close(&s);
}
