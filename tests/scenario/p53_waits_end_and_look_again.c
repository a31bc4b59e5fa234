/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 53: a wait whose time is up looks once more before it fails: what did complete counts as done. */
#include "scenario.h"

static struct iovm_sim *world;
static unsigned waits;

static bool wait_once(void *ctx, unsigned turn)
{
	waits++;
	while (iovm_sim_step(world))	/* the paused waiter: everything happens while it is away ... */
		;
	return false;			/* ... and its time is up when it comes back */
}

SCENARIO(p53_waits_end_and_look_again)
{
	const struct iovm_port port = { .wait = wait_once };
	struct scene s;

	s.sim = world = scene_new_config((struct iovm_sim_config){ .port = &port });
	s.ep = scene_device(s.sim);
	s.dev = iovm_sim_ep_device(s.ep);
	s.mm = scene_space(s.sim);
	memset(&s.ears, 0, sizeof s.ears);
	s.pasid = scene_bind(s.ep, s.mm, &s.ears);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	waits = 0;
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), 0);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_uint_gt(waits, 0);
	ck_assert_uint_eq(seen[IOVM_TR_SUSPECT], 0);
	scene_close(&s);
}
