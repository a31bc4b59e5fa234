/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* ATS without PASID and page requests, switched by the driver; init and shutdown leave it as it was, off and on in between. */
#include "scenario.h"

SCENARIO(s_ats_alone)
{
	struct iovm_sim *sim = scene_new();
	void *zero = scene_space(sim);
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 8, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED, .mm = zero };
	struct iovm_sim_ep *ep = iovm_sim_ep_new_config(sim, &config, NULL);
	struct iovm_device *dev = iovm_sim_ep_device(ep);
	struct iovm_sim_cap cap[16];
	unsigned i, n;
	char got[17] = "";

	ck_assert_int_eq(iovm_sim_mm_write(zero, BASE, "0", 1), 0);
	ck_assert_int_eq(iovm_device_ats(dev, true), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	ck_assert_uint_eq(iovm_sim_ep_atc(ep, IOVM_NO_PASID), 1);
	ck_assert_int_eq(iovm_device_init(dev), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	ck_assert_int_eq(iovm_device_shutdown(dev), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	ck_assert_uint_eq(iovm_sim_ep_atc(ep, IOVM_NO_PASID), 1);
	ck_assert_int_eq(iovm_device_ats(dev, false), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(ep, IOVM_NO_PASID), 0);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	n = iovm_sim_ep_caps(ep, cap, 16);
	for (i = 0; i < n && i < 16; i++)
		got[i] = (cap[i].value ? "PAR" : "par")[cap[i].cap];
	ck_assert_str_eq(got, "AaPARrapAa");
	scene_end(sim);
}
