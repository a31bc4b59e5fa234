/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 73: a device that makes every call wait its full time, and a lock that nobody holds meanwhile. */
#include "scenario.h"

static struct iovm_sim *world;
static unsigned waits;

static bool wait_a_little(void *ctx, unsigned turn)
{
	ck_assert_int_eq(scene_lock_depth, 0);
	waits++;
	iovm_sim_step(world);
	return turn < 100;
}

SCENARIO(p73_no_lock_across_a_wait)
{
	const struct iovm_port port = { .wait = wait_a_little, .fence = scene_refuse_fence };
	struct ears ears = { 0 };
	struct iovm_sim_ep *ep;
	void *mm;
	int pasid;

	world = scene_new_config((struct iovm_sim_config){ .port = &port });
	ep = scene_device(world);
	mm = scene_space(world);
	pasid = scene_bind(ep, mm, &ears);
	ck_assert(scene_dma(world, ep, pasid, BASE));
	iovm_sim_ep_behave(ep, IOVM_SIM_ATC_SILENT, true);
	waits = 0;
	ck_assert_int_eq(scene_unbind(ep, mm), IOVM_E_TIMEDOUT);
	ck_assert_uint_gt(waits, 0);
	iovm_sim_ep_behave(ep, IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(ep, true), 0);
	scene_run(world);
	ck_assert_uint_eq(ears.unbound, 1);
	scene_end(world);
}
