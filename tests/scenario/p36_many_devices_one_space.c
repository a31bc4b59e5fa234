/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 36: every device that is bound to a space translates, all with its one PASID, and each one's unbind is its own. */
#include "scenario.h"

enum { DEVICES = 6 };

SCENARIO(p36_many_devices_one_space)
{
	struct iovm_sim *sim = scene_new();
	struct ears ears[DEVICES] = { 0 };
	struct iovm_sim_ep *ep[DEVICES];
	void *mm = scene_space(sim);
	unsigned i, j;
	int pasid = 0;

	for (i = 0; i < DEVICES; i++) {
		ep[i] = scene_device(sim);
		if (i == 0)
			pasid = scene_bind(ep[i], mm, &ears[i]);
		else
			ck_assert_int_eq(scene_bind(ep[i], mm, &ears[i]), pasid);
		ck_assert(scene_dma(sim, ep[i], pasid, BASE + i * PAGE));
	}
	for (i = 0; i < DEVICES; i++) {
		ck_assert_int_eq(scene_unbind(ep[i], mm), 0);
		for (j = 0; j < DEVICES; j++)
			ck_assert_int_eq(scene_dma(sim, ep[j], pasid, BASE), j > i);
	}
	ck_assert_uint_eq(seen[IOVM_TR_WATCH], 1);
	ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], 1);
	scene_end(sim);
}
