/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* A device names the PASID of a space that is bound to another device only: Invalid, and no handler is called. */
#include "scenario.h"

SCENARIO(s_foreign_pasid)
{
	struct iovm_sim_ep *thief;
	struct scene s;

	scene_open(&s);
	thief = scene_device(s.sim);
	scene_ask(thief, (uint32_t)s.pasid, BASE, 1, LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(thief).invalid, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert(!scene_dma(s.sim, thief, s.pasid, BASE));
	scene_close(&s);
}
