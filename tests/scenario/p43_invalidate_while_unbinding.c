/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 43: invalidations from inside the cut's own wait and from the callback, while the bond they are about is ending. */
#include "scenario.h"

static struct scene s;
static unsigned nested;

static void invalidate(void *ctx, unsigned depth)
{
	if (depth > 1)
		return;
	nested++;
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, TOP), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 0);	/* whether the cut came that far or not */
}

static void bond(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), mm, 0, UINT64_MAX), 0);
	scene_hear(dev, mm, event, arg);
}

SCENARIO(p43_invalidate_while_unbinding)
{
	s.sim = scene_new();
	s.ep = scene_device(s.sim);
	s.dev = iovm_sim_ep_device(s.ep);
	s.mm = scene_space(s.sim);
	s.pasid = iovm_bind_mm(s.dev, s.mm, bond, &s.ears);
	ck_assert_int_gt(s.pasid, 0);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	iovm_sim_on_wait(s.sim, invalidate, NULL);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_on_wait(s.sim, NULL, NULL);
	ck_assert_uint_gt(nested, 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 0);
	iovm_sim_run(s.sim);
	ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), s.mm, BASE, TOP), 0);	/* unknown by now */
	scene_close(&s);
}
