/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 70: PASID, then ATS, then page requests, and the reverse; an ATS that ran before goes off and on again around it. */
#include "scenario.h"

static void expect(const struct iovm_sim_ep *ep, const char *want)	/* p, a, r: PASID, ATS, PRI off; P, A, R: on */
{
	struct iovm_sim_cap cap[32];
	char got[33] = "";
	unsigned i, n = iovm_sim_ep_caps(ep, cap, 32);

	ck_assert_uint_le(n, 32);
	for (i = 0; i < n; i++)
		got[i] = (cap[i].value ? "PAR" : "par")[cap[i].cap];
	ck_assert_str_eq(got, want);
}

SCENARIO(p70_order_of_capabilities)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *plain = iovm_sim_ep_new(sim, 8, 8);
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 8, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED | IOVM_DEV_ATS };
	struct iovm_sim_ep *early = iovm_sim_ep_new_config(sim, &config, NULL);

	expect(plain, "");
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(plain)), 0);
	expect(plain, "PAR");
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(plain)), 0);
	ck_assert_int_eq(iovm_device_ats(iovm_sim_ep_device(plain), false), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_device_shutdown(iovm_sim_ep_device(plain)), 0);
	expect(plain, "PARrap");
	expect(early, "A");
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(early)), 0);
	expect(early, "AaPAR");
	ck_assert_int_eq(iovm_device_shutdown(iovm_sim_ep_device(early)), 0);
	expect(early, "AaPARrapA");
	scene_end(sim);
}
