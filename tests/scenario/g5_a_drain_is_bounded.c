/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 5: whenever the engine takes one of its requests, the device sends the next: the queue is never empty. The bond ends all the same, within two dispatches. */
#include "scenario.h"

static struct scene s;
static uint16_t next;

static void ask(void)
{
	next = (uint16_t)((next + 1) % IOVM_PRG_INDICES);
	scene_ask(s.ep, s.pasid, BASE, next, LAST);
}

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_CONS && !s.ears.unbound)
		ask();
}

SCENARIO(g5_a_drain_is_bounded)
{
	unsigned i;

	scene_open(&s);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	for (i = 0; i < 8; i++)
		ask();
	scene_listener = listen;
	for (i = 0; i < 2; i++)
		iovm_sim_dispatch(s.sim, 0);
	scene_listener = NULL;
	ck_assert_uint_eq(s.ears.unbound, 1);
	scene_close(&s);
}
