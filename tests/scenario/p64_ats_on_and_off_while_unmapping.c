/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 64: ATS goes on and off while pages come and go; nobody may miss the moment. Entry 0, where a driver can switch ATS alone. */
#include "scenario.h"

SCENARIO(p64_ats_on_and_off_while_unmapping)
{
	struct iovm_sim *sim = scene_new();
	void *mm = scene_space(sim);
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 32, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED, .mm = mm };
	struct iovm_sim_ep *ep = iovm_sim_ep_new_config(sim, &config, NULL);
	struct iovm_device *dev = iovm_sim_ep_device(ep);
	unsigned i;

	for (i = 0; i < 32; i++) {
		uint64_t page = BASE + i % 16 * PAGE;

		ck_assert_ptr_nonnull(iovm_sim_mm_map(mm, page, page + PAGE - 1, IOVM_READ | IOVM_WRITE));
		ck_assert_int_eq(iovm_sim_mm_write(mm, page, "x", 1), 0);	/* present: without page requests nobody would bring it */
		ck_assert_int_eq(iovm_device_ats(dev, i % 2 == 0), 0);
		ck_assert(scene_dma(sim, ep, -1, page));
		ck_assert_uint_eq(iovm_sim_ep_atc(ep, IOVM_NO_PASID), i % 2 == 0);
		if (i % 4 < 2)
			ck_assert_int_eq(iovm_device_ats(dev, i % 2 != 0), 0);
		ck_assert_int_eq(iovm_sim_mm_unmap(mm, page, page + PAGE - 1), 0);
		ck_assert(!scene_dma(sim, ep, -1, page));
		ck_assert_uint_eq(iovm_sim_ep_atc(ep, IOVM_NO_PASID), 0);
	}
	scene_end(sim);
}
