/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 69: ATS goes off with the device's shutdown; invalidations before, between and after find what they need, and
 * stop asking the device.
 */
#include "scenario.h"

SCENARIO(p69_invalidate_around_shutdown)
{
	struct iovm_sim_ep *other;
	struct ears ears = { 0 };
	struct scene s;
	unsigned round;
	int pasid;

	scene_open(&s);
	other = scene_device(s.sim);
	pasid = scene_bind(other, s.mm, &ears);
	for (round = 0; round < 3; round++) {
		ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
		ck_assert(scene_dma(s.sim, other, pasid, BASE));
		ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
		ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), s.mm, BASE, TOP), 0);
		ck_assert_uint_eq(iovm_sim_ep_atc(other, (uint32_t)pasid), 0);
		iovm_sim_run(s.sim);
		ck_assert_int_eq(iovm_device_shutdown(s.dev), 0);
		ck_assert_int_eq(iovm_invalidate(iovm_sim_system(s.sim), s.mm, BASE, TOP), 0);
		ck_assert_int_eq(iovm_device_init(s.dev), 0);
		memset(&s.ears, 0, sizeof s.ears);
		ck_assert_int_eq(scene_bind(s.ep, s.mm, &s.ears), pasid);
	}
	ck_assert_int_eq(scene_unbind(other, s.mm), 0);
	scene_close(&s);
}
