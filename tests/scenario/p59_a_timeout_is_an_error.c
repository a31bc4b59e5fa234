/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 59: one device never completes an invalidation, and cannot be stopped at the bus. The caller is patient
 * enough for the IOMMU to name it: that device alone is cut off, the caller hears of it, the other one works on. (A
 * caller whose own time is up first has to suspect all who share the fence.)
 */
#include "scenario.h"

static struct iovm_sim *world;

static bool patient(void *ctx, unsigned turn)
{
	iovm_sim_step(world);
	return turn < 100000;
}

SCENARIO(p59_a_timeout_is_an_error)
{
	const struct iovm_port port = { .wait = patient, .fence = scene_refuse_fence };
	struct ears ears[2] = { 0 };
	struct iovm_sim_ep *bad, *good;
	void *mm;
	int pasid;

	world = scene_new_config((struct iovm_sim_config){ .port = &port });
	bad = scene_device(world);
	good = scene_device(world);
	mm = scene_space(world);
	pasid = scene_bind(bad, mm, &ears[0]);
	scene_bind(good, mm, &ears[1]);
	ck_assert(scene_dma(world, bad, pasid, BASE));
	ck_assert(scene_dma(world, good, pasid, BASE));
	iovm_sim_ep_behave(bad, IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(iovm_sim_mm_unmap(mm, BASE, BASE + PAGE - 1), IOVM_E_TIMEDOUT);
	ck_assert_uint_eq(seen[IOVM_TR_SUSPECT], 1);
	ck_assert(!scene_dma(world, bad, pasid, BASE + PAGE));
	ck_assert(scene_dma(world, good, pasid, BASE + PAGE));
	ck_assert_int_eq(iovm_sim_mm_unmap(mm, BASE + PAGE, BASE + 2 * PAGE - 1), 0);	/* the suspect is not asked again */
	ck_assert_int_eq(scene_unbind(good, mm), 0);
	(void)scene_unbind(bad, mm);
	scene_run(world);
	ck_assert_uint_eq(ears[0].unbound + ears[1].unbound, 2);
	iovm_sim_ep_behave(bad, IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(bad, true), 0);
	scene_run(world);
	ck_assert(!iovm_sim_mm_watched(mm));
	scene_end(world);
}
