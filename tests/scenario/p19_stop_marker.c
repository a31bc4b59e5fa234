/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 19: a Stop Marker is no request: no answer, no handler. The same bits without PASID are one, and are refused. */
#include "scenario.h"

SCENARIO(p19_stop_marker)
{
	struct scene s;

	scene_open(&s);
	scene_ask(s.ep, s.pasid, BASE, 1, MEMBER);
	scene_ask(s.ep, s.pasid, 0, 1, IOVM_REQ_LAST);
	scene_ask(s.ep, s.pasid, BASE + PAGE, 1, LAST);
	scene_ask(s.ep, IOVM_NO_PASID, 0, 2, IOVM_REQ_LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).stop_markers, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 2);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 1);
	scene_close(&s);
}
