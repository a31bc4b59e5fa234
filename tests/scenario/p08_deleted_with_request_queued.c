/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 8: the device is deleted while a request of it lies in the queue; who looks it up afterwards must find nothing, safely. */
#include "scenario.h"

SCENARIO(p08_deleted_with_request_queued)
{
	struct scene s;

	scene_open(&s);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	scene_ask(s.ep, s.pasid, BASE, 3, LAST);
	ck_assert_int_eq(iovm_device_shutdown(s.dev), 0);
	ck_assert_int_eq(iovm_sim_ep_del(s.ep), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_stats(s.sim).invalid, 1);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 0);
	scene_end(s.sim);
}
