/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 13: refusing a group means one answer, to its Last; and nothing of it reaches the PASID's next owner. */
#include "scenario.h"

SCENARIO(p13_refused_members_get_no_answer)
{
	struct ears next = { 0 };
	struct scene s;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 1 });
	scene_ask(s.ep, s.pasid, BASE, 2, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 2, MEMBER);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(scene_answers(s.ep), 0);
	mm = scene_space(s.sim);
	ck_assert_int_eq(scene_bind(s.ep, mm, &next), s.pasid);
	scene_ask(s.ep, s.pasid, BASE + 2 * PAGE, 2, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_answers(s.ep), 1);
	ck_assert_uint_le(seen[IOVM_TR_FAULT], 1);	/* Invalid, since the index lost a member, or this page alone */
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
