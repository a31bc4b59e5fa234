/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Gap 6: what no honest device asks for is answered Invalid, once a group, so that page requests go on, for its siblings too: never Response Failure, nothing for a
 * member, and no silence for a StreamID that nobody has (F11).
 */
#include "scenario.h"

static uint32_t own;
static unsigned asked, told;

static void listen(const struct iovm_trace *rec)
{
	if (rec->stream_id == own)
		return;
	asked += rec->event == IOVM_TR_CONS && rec->code == IOVM_TRV_LAST;
	told += rec->event == IOVM_TR_RESP && rec->code == IOVM_RESP_INVALID;
}

SCENARIO(g6_malformed_is_invalid_once)
{
	struct scene s;
	unsigned i;

	scene_open_config(&s, (struct iovm_sim_config){ .inject = 1ull << 11 });
	own = iovm_sim_ep_stream_id(s.ep);
	scene_listener = listen;
	for (i = 0; i < 4; i++)
		scene_ask(s.ep, s.pasid, BASE, 3, (i < 3 ? MEMBER : LAST) | IOVM_REQ_EXEC);	/* not enabled */
	for (i = 0; i < 4000; i++) {
		if (i % 1000 == 0)
			scene_start_dma(s.ep, s.pasid, BASE + i / 1000 * PAGE);
		iovm_sim_step(s.sim);
	}
	for (i = 0; i < 2; i++)
		iovm_sim_dispatch(s.sim, 0);
	scene_listener = NULL;
	ck_assert_uint_gt(asked, 0);
	ck_assert_uint_eq(told, asked);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).failure, 0);
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 4);
	scene_close(&s);
}
