/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 24: what leaves the engine byte by byte, the trace, has no padding, and nothing in it that was not set. */
#include "scenario.h"

_Static_assert(sizeof(struct iovm_trace) == 64, "the trace's record has no padding");

static void listen(const struct iovm_trace *rec)
{
	ck_assert_uint_eq(rec->reserved, 0);
	ck_assert_uint_ne(rec->event, 0);
	if (rec->event == IOVM_TR_DISPATCH)
		ck_assert(rec->stream_id == 0 && rec->mm == 0 && rec->bond == 0 && rec->context == 0 && rec->index == 0);
}

SCENARIO(p24_records_are_clean)
{
	struct scene s;

	scene_listener = listen;
	scene_open(&s);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_uint_gt(seen[IOVM_TR_DISPATCH], 0);
	scene_close(&s);
}
