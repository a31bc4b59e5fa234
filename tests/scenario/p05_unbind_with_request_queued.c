/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 5: the request lies in the hardware's queue when its bond ends. It is answered, and nobody serves it. */
#include "scenario.h"

SCENARIO(p05_unbind_with_request_queued)
{
	struct scene s;

	scene_open(&s);
	scene_ask(s.ep, s.pasid, BASE, 3, LAST);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_int_eq(iovm_device_shutdown(s.dev), IOVM_E_BUSY);
	ck_assert_uint_eq(scene_answers(s.ep), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	ck_assert_int_eq(iovm_device_shutdown(s.dev), 0);
	scene_close(&s);
}
