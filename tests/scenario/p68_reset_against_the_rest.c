/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 68: between the begin and the end of a reset: bind, unbind, death, invalidation; the reset succeeds or fails. */
#include "scenario.h"

static void one(char what, bool ok)
{
	struct ears next = { 0 };
	struct scene s;
	void *mm;
	int err = 0, pasid = 0;

	scene_open(&s);
	mm = scene_space(s.sim);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	scene_ask(s.ep, s.pasid, BASE + PAGE, 1, LAST);
	ck_assert_int_eq(iovm_device_reset_begin(s.dev), 0);
	if (what == 'b')
		pasid = err = iovm_bind_mm(s.dev, mm, scene_hear, &next);
	else if (what == 'u')
		err = iovm_unbind_mm(s.dev, s.mm);
	else if (what == 'd')
		err = iovm_sim_mm_kill(s.mm);
	else
		err = iovm_sim_mm_unmap(s.mm, BASE, TOP);
	ck_assert_int_ge(err, what == 'b' ? INT_MIN : 0);
	iovm_sim_ep_reset(s.ep, ok);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success + iovm_sim_ep_answers(s.ep).failure, 0);
	if (what == 'b' && pasid > 0) {
		ck_assert_int_eq(scene_dma(s.sim, s.ep, pasid, BASE), ok);
		ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	}
	if (what == 'b')
		ck_assert_int_eq(scene_dma(s.sim, s.ep, s.pasid, BASE + 2 * PAGE), ok);
	else
		ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(s.ears.unbound, what == 'u' || what == 'd');
	if (!ok)
		ck_assert_int_eq(iovm_sim_ep_reset(s.ep, true), 0);
	scene_close(&s);
}

SCENARIO(p68_reset_against_the_rest)
{
	const char *what;

	for (what = "budi"; *what; what++) {
		one(*what, true);
		one(*what, false);
	}
}
