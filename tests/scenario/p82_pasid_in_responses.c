/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 82: a response carries the PASID if the request had one and the device wants it; all four combinations. */
#include "scenario.h"

static void one(bool wants, bool with)
{
	struct iovm_sim *sim = scene_new();
	void *mm = scene_space(sim), *zero = scene_space(sim);
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = 8, .pasid_bits = 8, .mm = zero,
						   .flags = IOVM_DEV_TRUSTED | (wants ? IOVM_DEV_RESPONSE_PASID : 0) };
	struct iovm_sim_ep *ep = iovm_sim_ep_new_config(sim, &config, NULL);
	struct ears ears = { 0 };
	int pasid;

	ck_assert_ptr_nonnull(ep);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	pasid = scene_bind(ep, mm, &ears);
	scene_ask(ep, with ? (uint32_t)pasid : IOVM_NO_PASID, BASE, 6, LAST);
	iovm_sim_run(sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).success, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).index, 6);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).pasid, wants && with ? (uint32_t)pasid : IOVM_NO_PASID);
	ck_assert_int_eq(scene_unbind(ep, mm), 0);
	iovm_sim_run(sim);
	scene_end(sim);
}

SCENARIO(p82_pasid_in_responses)
{
	one(false, false);
	one(false, true);
	one(true, false);
	one(true, true);
}
