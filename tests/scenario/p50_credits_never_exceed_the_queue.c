/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 50: the sum of credits stays below the queue; the device that does not fit is refused, the others never see an overflow. */
#include "scenario.h"

SCENARIO(p50_credits_never_exceed_the_queue)
{
	struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 32, .pasid_bits = 8, .flags = IOVM_DEV_TRUSTED };
	struct iovm_sim_ep *third;
	struct ears ears = { 0 };
	struct iovm_sim_ep *second;
	struct scene s;
	unsigned i;
	int err, pasid;

	scene_open_config(&s, (struct iovm_sim_config){ .priq_log2 = 6 });	/* 64, of which 4 are kept for Stop Markers */
	ck_assert_ptr_null(iovm_sim_ep_new_config(s.sim, &config, &err));
	ck_assert_int_eq(err, IOVM_E_NO_CREDITS);
	config.credits = 28;
	second = iovm_sim_ep_new_config(s.sim, &config, &err);
	ck_assert_ptr_nonnull(second);
	config.credits = 1;
	third = iovm_sim_ep_new_config(s.sim, &config, &err);
	ck_assert(!third && err == IOVM_E_NO_CREDITS);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(second)), 0);
	pasid = scene_bind(second, s.mm, &ears);
	for (i = 0; i < 32; i++)
		scene_ask(s.ep, s.pasid, BASE + i % 16 * PAGE, (uint16_t)i, LAST);
	for (i = 0; i < 28; i++)
		scene_ask(second, pasid, BASE + i % 16 * PAGE, (uint16_t)i, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 32);
	ck_assert_uint_eq(iovm_sim_ep_answers(second).success, 28);
	ck_assert_uint_eq(scene_stats(s.sim).overflows, 0);
	ck_assert_int_eq(scene_unbind(second, s.mm), 0);
	scene_close(&s);
}
