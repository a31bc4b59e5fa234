/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 68: between the begin and the end of a reset (when the device itself is reset, the machine says so): bind,
 * unbind, death, invalidation; the reset succeeds or fails. What was asked before is closed without an answer.
 */
#include "scenario.h"

static struct scene s;
static struct ears next;
static void *mm;
static char what;
static int pasid;

static void at_reset(const struct iovm_trace *rec)
{
	char now = what;

	if (rec->event != IOVM_TR_RESET)
		return;
	what = 0;
	if (now == 'b')
		pasid = iovm_bind_mm(s.dev, mm, scene_hear, &next);
	else if (now == 'u')
		ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	else if (now == 'd')
		ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	else if (now == 'i')
		ck_assert_int_eq(iovm_sim_mm_unmap(s.mm, BASE, TOP), 0);
}

static void one(char op, bool ok)
{
	bool lives = op == 'b' || op == 'i';

	memset(&next, 0, sizeof next);
	scene_listener = at_reset;
	what = 0;
	scene_open(&s);
	mm = scene_space(s.sim);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	scene_ask(s.ep, s.pasid, BASE + PAGE, 1, LAST);
	what = op;
	pasid = 0;
	ck_assert_int_eq(iovm_sim_ep_reset(s.ep, ok), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_answers(s.ep), 1);		/* the DMA's own */
	ck_assert_uint_eq(scene_stats(s.sim).suppressed, 1);
	ck_assert_int_eq(s.ears.unbound, !lives);
	if (pasid > 0) {
		ck_assert_int_eq(scene_dma(s.sim, s.ep, pasid, BASE), ok);
		ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	}
	ck_assert_int_eq(scene_dma(s.sim, s.ep, s.pasid, BASE + 2 * PAGE), ok && op == 'b');	/* 'i' took the mapping away */
	if (!ok)
		ck_assert_int_eq(iovm_sim_ep_reset(s.ep, true), 0);
	scene_close(&s);
}

SCENARIO(p68_reset_against_the_rest)
{
	const char *op;

	for (op = "budi"; *op; op++) {
		one(*op, true);
		one(*op, false);
	}
}
