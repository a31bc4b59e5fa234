/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The servicer is stuck: nobody dispatches. Invalidate, mm_exit and unbind still return within the port's limit (about
 * a millisecond) and keep their promise; where a device does not let them, they say so in the same time. When the
 * servicer comes back, everything ends as it should.
 */
#include "scenario.h"

enum { DEVICES = 4, LIMIT_NS = 2200000 };
static struct iovm_sim *world;

static void unreachable(struct iovm_sim_ep *ep, int pasid, uint64_t addr)
{
	unsigned done = iovm_sim_dma_done(ep), i;

	scene_start_dma(ep, pasid, addr);
	for (i = 0; i < 1000 && iovm_sim_step(world); i++)
		;
	ck_assert_uint_eq(iovm_sim_dma_done(ep), done);
}

static int in_time(uint64_t since, int result)
{
	ck_assert_uint_lt(iovm_sim_now(world) - since, LIMIT_NS);
	return result;
}
#define IN_TIME(call) (since = iovm_sim_now(world), in_time(since, call))

SCENARIO(s_without_dispatch)
{
	struct ears ears[DEVICES] = { 0 }, last = { 0 };
	struct iovm_sim_ep *ep[DEVICES];
	void *mm, *other;
	uint64_t since;
	unsigned i;
	int pasid = 0, second;

	world = scene_new_config((struct iovm_sim_config){ .no_dispatch = true, .port = &scene_cannot_fence });
	mm = scene_space(world);
	other = scene_space(world);
	ck_assert_int_eq(iovm_sim_mm_write(mm, BASE, "x", 1) + iovm_sim_mm_write(mm, BASE + PAGE, "y", 1) + iovm_sim_mm_write(other, BASE, "z", 1), 0);
	for (i = 0; i < DEVICES; i++) {
		ep[i] = scene_device(world);
		pasid = scene_bind(ep[i], mm, &ears[i]);
		ck_assert(scene_dma(world, ep[i], pasid, BASE));
		ck_assert(scene_dma(world, ep[i], pasid, BASE + PAGE));
		scene_ask(ep[i], (uint32_t)pasid, BASE + 2 * PAGE, 1, LAST);
	}
	second = scene_bind(ep[0], other, &last);
	ck_assert(scene_dma(world, ep[0], second, BASE));
	ck_assert_int_eq(IN_TIME(iovm_sim_mm_unmap(mm, BASE, BASE + PAGE - 1)), 0);
	unreachable(ep[0], pasid, BASE);
	ck_assert_int_eq(IN_TIME(scene_unbind(ep[1], mm)), 0);
	unreachable(ep[1], pasid, BASE + PAGE);
	ck_assert_int_eq(IN_TIME(iovm_sim_mm_kill(mm)), 0);
	for (i = 0; i < DEVICES; i++)
		unreachable(ep[i], pasid, BASE + PAGE);
	iovm_sim_ep_behave(ep[0], IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(IN_TIME(scene_unbind(ep[0], other)), IOVM_E_TIMEDOUT);
	for (i = 0; i < DEVICES; i++)
		ck_assert_uint_eq(ears[i].shutdown + ears[i].unbound + scene_answers(ep[i]), 0);
	iovm_sim_ep_behave(ep[0], IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(ep[0], true), 0);
	for (i = 0; i < 100; i++) {
		iovm_sim_step(world);
		iovm_sim_dispatch(world, 0);
	}
	for (i = 0; i < DEVICES; i++)
		ck_assert_uint_eq(ears[i].unbound, 1);
	ck_assert_uint_eq(last.unbound, 1);
	scene_end(world);
}
