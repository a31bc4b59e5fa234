/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 12: two PASIDs of a device use the same group index at the same time. */
#include "scenario.h"

static uint64_t first;		/* whose page came first in each group */

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_FAULT)
		first = first << 32 | (rec->a & 0xffff0) << 8 | rec->pasid;
}

SCENARIO(p12_two_pasids_one_index)
{
	struct ears other = { 0 };
	struct scene s;
	int pasid;
	void *mm;

	scene_open(&s);
	mm = scene_space(s.sim);
	pasid = scene_bind(s.ep, mm, &other);
	scene_listener = listen;
	scene_ask(s.ep, s.pasid, BASE, 5, MEMBER);
	scene_ask(s.ep, pasid, BASE + PAGE, 5, LAST);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);
	ck_assert_uint_eq(first & 0xff, pasid);
	scene_ask(s.ep, s.pasid, BASE + 2 * PAGE, 5, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 3);
	ck_assert_uint_eq(first & 0xff, s.pasid);
	ck_assert_uint_eq(first >> 32 & 0xff, s.pasid);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 2);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
