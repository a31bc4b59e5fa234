/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 44: each allocation of making a device fails in turn; what was begun is undone, and the next try works. */
#include "scenario.h"

SCENARIO(p44_failing_setup_unwinds)
{
	struct iovm_sim *sim = scene_new();
	void *mm = scene_space(sim);
	struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 32, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED, .mm = mm };
	struct iovm_sim_ep *ep = NULL;
	unsigned n;
	int err;

	for (n = 0; n < 100 && !ep; n++) {
		scene_allocs_left = n;
		ep = iovm_sim_ep_new_config(sim, &config, &err);
		scene_allocs_left = UINT_MAX;
		ck_assert(ep || err == IOVM_E_NO_MEMORY);
		iovm_sim_run(sim);
		ck_assert_int_eq(iovm_sim_mm_watched(mm), ep != NULL);
	}
	ck_assert_uint_gt(n, 1);
	ck_assert_ptr_nonnull(ep);
	ck_assert_uint_eq(scene_stats(sim).devices, 1);
	scene_allocs_left = 0;
	err = iovm_device_init(iovm_sim_ep_device(ep));
	scene_allocs_left = UINT_MAX;
	ck_assert(err == 0 || err == IOVM_E_NO_MEMORY);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	scene_end(sim);
}
