/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 28: the owner drops its last reference to the space inside the driver's callback. The struct is the host's to
 * free from unwatch on.
 */
#include "scenario.h"

static unsigned unbound;

static void bond(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	if (event == IOVM_SHUTDOWN) {
		iovm_sim_mm_put(mm);
		ck_assert_int_eq(iovm_unbind_mm(dev, mm), 0);
	} else {
		unbound++;
	}
}

SCENARIO(p28_owner_lets_go_in_shutdown)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = scene_device(sim);
	void *mm = scene_space(sim);
	int pasid = iovm_bind_mm(iovm_sim_ep_device(ep), mm, bond, NULL);

	ck_assert_int_gt(pasid, 0);
	ck_assert(scene_dma(sim, ep, pasid, BASE));
	ck_assert_int_eq(iovm_sim_mm_kill(mm), 0);
	iovm_sim_run(sim);
	ck_assert_uint_eq(unbound, 1);
	scene_end(sim);
}
