/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 7: a Stop Marker between and behind requests is answered by nobody; what it stands between is. */
#include "scenario.h"

SCENARIO(g7_a_stop_marker_has_no_answer)
{
	struct scene s;
	unsigned i;

	scene_open(&s);
	for (i = 0; i < 8; i++) {
		scene_ask(s.ep, s.pasid, BASE + i * PAGE, (uint16_t)i, LAST);
		scene_ask(s.ep, s.pasid, 0, (uint16_t)i, IOVM_REQ_LAST);
	}
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).stop_markers, 8);
	ck_assert_uint_eq(scene_answers(s.ep), 8);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 8);
	ck_assert_uint_eq(seen[IOVM_TR_RESP], 8);
	scene_close(&s);
}
