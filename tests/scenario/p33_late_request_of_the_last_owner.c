/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 33: one PASID, two owners after another, and a request that was queued between them. It is older than the bond. */
#include "scenario.h"

SCENARIO(p33_late_request_of_the_last_owner)
{
	struct ears next = { 0 };
	struct scene s;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 1 });
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	scene_ask(s.ep, s.pasid, BASE, 1, LAST);
	mm = scene_space(s.sim);
	ck_assert_int_eq(scene_bind(s.ep, mm, &next), s.pasid);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 2, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
