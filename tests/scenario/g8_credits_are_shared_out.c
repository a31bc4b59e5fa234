/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 8: each of many devices would like the whole queue. What they are granted is together less than the queue, so that all of them can ask at once and none overflows it. */
#include "scenario.h"

SCENARIO(g8_credits_are_shared_out)
{
	struct iovm_sim_ep_config config = { .size = sizeof config, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED };
	unsigned granted = 32, n, i, k;
	struct ears ears[8] = { 0 };
	struct iovm_sim_ep *ep[8];
	struct scene s;
	int err;

	scene_open_config(&s, (struct iovm_sim_config){ .priq_log2 = 7 });
	for (n = 0, config.credits = 128; n < 8 && config.credits; config.credits /= 2) {
		ep[n] = iovm_sim_ep_new_config(s.sim, &config, &err);
		if (!ep[n]) {
			ck_assert_int_eq(err, IOVM_E_NO_CREDITS);
			continue;
		}
		ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep[n])), 0);
		scene_bind(ep[n], s.mm, &ears[n]);
		granted += config.credits;
		for (i = 0; i < config.credits; i++)
			scene_ask(ep[n], s.pasid, BASE + i % 16 * PAGE, (uint16_t)i, LAST);
		n++;
	}
	for (i = 0; i < 32; i++)
		scene_ask(s.ep, s.pasid, BASE + i % 16 * PAGE, (uint16_t)i, LAST);
	ck_assert_uint_gt(n, 2);
	ck_assert_uint_le(granted, 128 - 8);		/* a sixteenth is for Stop Markers */
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).overflows, 0);
	for (k = i = 0; k < n; k++)
		i += iovm_sim_ep_answers(ep[k]).success;
	ck_assert_uint_eq(i + iovm_sim_ep_answers(s.ep).success, granted);
	for (k = 0; k < n; k++)
		ck_assert_int_eq(scene_unbind(ep[k], s.mm), 0);
	scene_close(&s);
}
