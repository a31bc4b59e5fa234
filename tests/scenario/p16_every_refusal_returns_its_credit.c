/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 16: whatever a Last is refused for, it is answered, so that the device gets its credit back. */
#include "scenario.h"

SCENARIO(p16_every_refusal_returns_its_credit)
{
	struct scene s;

	scene_open(&s);
	scene_ask(s.ep, s.pasid + 1, BASE, 0, LAST);					/* no such bond */
	scene_ask(s.ep, 0, BASE, 1, LAST);
	scene_ask(s.ep, (1u << 20) - 1, BASE, 2, LAST);
	scene_ask(s.ep, IOVM_NO_PASID, BASE, 3, LAST);					/* entry 0 is blocked */
	scene_ask(s.ep, s.pasid, TOP + 1, 4, LAST);					/* nothing is mapped there */
	scene_ask(s.ep, s.pasid, ~(uint64_t)0xfff, 5, LAST);				/* beyond the table */
	scene_ask(s.ep, s.pasid, BASE, 6, LAST | IOVM_REQ_EXEC);			/* neither is enabled */
	scene_ask(s.ep, s.pasid, BASE, 7, LAST | IOVM_REQ_PRIV);
	scene_ask(s.ep, IOVM_NO_PASID, BASE, 8, IOVM_REQ_LAST);				/* no access, and no marker without PASID */
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 9);
	ck_assert_uint_eq(scene_answers(s.ep), 9);
	ck_assert_uint_eq(iovm_sim_ep_outstanding(s.ep), 0);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 1);				/* the one that only the host could judge */
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	scene_close(&s);
}
