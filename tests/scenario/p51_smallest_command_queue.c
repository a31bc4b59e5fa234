/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 51: many commands at once into the smallest queue: "not full" is not "room enough". */
#include "scenario.h"

enum { DEVICES = 12 };

SCENARIO(p51_smallest_command_queue)
{
	struct iovm_sim *sim = scene_new_config((struct iovm_sim_config){ .cmdq_log2 = 2 });
	struct iovm_sim_ep *ep[DEVICES];
	struct ears ears[DEVICES] = { 0 };
	void *mm = scene_space(sim);
	unsigned i, n;
	int pasid = 0;

	for (i = 0; i < DEVICES; i++) {
		ep[i] = iovm_sim_ep_new(sim, 8, 8);
		ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep[i])), 0);
		pasid = scene_bind(ep[i], mm, &ears[i]);
	}
	for (n = 0; n < 10; n++) {
		for (i = 0; i < DEVICES; i++)
			ck_assert(scene_dma(sim, ep[i], pasid, BASE + n * PAGE));
		ck_assert_int_eq(iovm_sim_mm_unmap(mm, BASE + n * PAGE, BASE + n * PAGE + PAGE - 1), 0);
		for (i = 0; i < DEVICES; i++)
			ck_assert(!scene_dma(sim, ep[i], pasid, BASE + n * PAGE));
	}
	ck_assert_int_eq(iovm_sim_mm_kill(mm), 0);
	iovm_sim_run(sim);
	for (i = 0; i < DEVICES; i++)
		ck_assert_uint_eq(ears[i].unbound, 1);
	scene_end(sim);
}
