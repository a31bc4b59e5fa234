/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The servicer is stuck: nobody dispatches. Invalidate, mm_exit and unbind still return within the port's limit, keep their promise, and
 * say so when a device does not let them.
 */
#include "scenario.h"

enum { DEVICES = 4, LIMIT_NS = 5000000 };
static struct iovm_sim *world;

static void unreachable(struct iovm_sim_ep *ep, int pasid, uint64_t addr)
{
	unsigned done = iovm_sim_dma_done(ep), i;

	scene_start_dma(ep, pasid, addr);
	for (i = 0; i < 1000 && iovm_sim_step(world); i++)
		;
	ck_assert_uint_eq(iovm_sim_dma_done(ep), done);
}

static void in_time(uint64_t *since)
{
	ck_assert_uint_lt(iovm_sim_now(world) - *since, LIMIT_NS);
	*since = iovm_sim_now(world);
}

SCENARIO(s_without_dispatch)
{
	struct iovm_sim_ep *ep[DEVICES];
	struct ears ears[DEVICES] = { 0 };
	int pasid[DEVICES];
	uint64_t t;
	void *mm;
	unsigned i;

	world = scene_new_config((struct iovm_sim_config){ .no_dispatch = true });
	mm = scene_space(world);
	ck_assert_int_eq(iovm_sim_mm_write(mm, BASE, "x", 1), 0);
	ck_assert_int_eq(iovm_sim_mm_write(mm, BASE + PAGE, "y", 1), 0);
	for (i = 0; i < DEVICES; i++) {
		ep[i] = scene_device(world);
		pasid[i] = scene_bind(ep[i], mm, &ears[i]);
		ck_assert(scene_dma(world, ep[i], pasid[i], BASE));
		ck_assert(scene_dma(world, ep[i], pasid[i], BASE + PAGE));
		scene_ask(ep[i], (uint32_t)pasid[i], BASE + 2 * PAGE, 1, LAST);
	}
	t = iovm_sim_now(world);
	ck_assert_int_eq(iovm_sim_mm_unmap(mm, BASE, BASE + PAGE - 1), 0);
	in_time(&t);
	unreachable(ep[0], pasid[0], BASE);
	t = iovm_sim_now(world);
	ck_assert_int_eq(scene_unbind(ep[1], mm), 0);
	in_time(&t);
	unreachable(ep[1], pasid[1], BASE + PAGE);
	iovm_sim_ep_behave(ep[2], IOVM_SIM_ATC_SILENT, true);
	t = iovm_sim_now(world);
	ck_assert_int_eq(iovm_sim_mm_kill(mm), IOVM_E_TIMEDOUT);
	in_time(&t);
	unreachable(ep[2], pasid[2], BASE + PAGE);
	unreachable(ep[3], pasid[3], BASE + PAGE);
	for (i = 0; i < DEVICES; i++)
		ck_assert_uint_eq(ears[i].shutdown + ears[i].unbound + iovm_sim_ep_answers(ep[i]).success, 0);
	iovm_sim_ep_behave(ep[2], IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(ep[2], true), 0);
	for (i = 0; i < 50; i++)			/* it comes back to life, and everything ends */
		iovm_sim_dispatch(world, 0);
	for (i = 0; i < DEVICES; i++)
		ck_assert_uint_eq(ears[i].unbound, 1);
	scene_end(world);
}
