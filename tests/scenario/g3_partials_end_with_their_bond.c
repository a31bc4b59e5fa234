/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 3: a member is left behind by an unbind; the next owner of the same PASID closes a group of the same index. It is his page alone that is asked for. */
#include "scenario.h"

static uint64_t page;

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_FAULT)
		page = rec->a;
}

SCENARIO(g3_partials_end_with_their_bond)
{
	struct ears next = { 0 };
	struct scene s;
	unsigned i;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 1 });
	scene_listener = listen;
	scene_ask(s.ep, s.pasid, BASE, 5, MEMBER);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	for (i = 0; i < 3; i++)
		iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_uint_eq(scene_stats(s.sim).partials_discarded, 1);
	mm = scene_space(s.sim);
	ck_assert_int_eq(scene_bind(s.ep, mm, &next), s.pasid);
	scene_ask(s.ep, s.pasid, BASE + 2 * PAGE, 5, LAST);
	iovm_sim_dispatch(s.sim, 0);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);
	ck_assert_uint_eq(page, BASE + 2 * PAGE);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
