/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfalls 11 and 73: nobody is ever called with the port's lock held, neither callbacks nor the handler nor whoever
 * runs while a call waits.
 */
#include "scenario.h"

static unsigned waits;

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_CB_IN || rec->event == IOVM_TR_FAULT || rec->event == IOVM_TR_UNWATCH)
		ck_assert_int_eq(scene_lock_depth, 0);
}

static void nested(void *ctx, unsigned depth)
{
	waits++;
	ck_assert_int_eq(scene_lock_depth, 0);
}

SCENARIO(p11_no_lock_in_callbacks)
{
	struct scene s;

	scene_listener = listen;
	scene_open(&s);
	iovm_sim_on_wait(s.sim, nested, NULL);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, BASE + PAGE - 1), 0);
	ck_assert_int_eq(scene_bind(s.ep, s.mm, &s.ears), s.pasid);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.shutdown, 1);
	ck_assert_uint_gt(waits, 0);
	iovm_sim_on_wait(s.sim, NULL, NULL);
	scene_close(&s);
}
