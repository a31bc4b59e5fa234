/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 30: the space is dead, but its bond is not over: its PASID is nobody else's yet. */
#include "scenario.h"

SCENARIO(p30_pasid_outlives_its_space)
{
	struct ears next = { 0 };
	struct scene s;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 1 });	/* one PASID in all */
	s.ears.stay = true;
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.shutdown, 1);
	mm = scene_space(s.sim);
	ck_assert_int_eq(iovm_bind_mm(s.dev, mm, scene_hear, &next), IOVM_E_NO_PASID);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_int_eq(iovm_bind_mm(s.dev, mm, scene_hear, &next), IOVM_E_NO_PASID);	/* it drains */
	iovm_sim_run(s.sim);
	ck_assert_int_eq(scene_bind(s.ep, mm, &next), s.pasid);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
