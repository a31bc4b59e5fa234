/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfalls 22 and 41: entry 0 is replaced with one fault in the host's hands and one in the queue. Each is answered
 * once; the old space is not reached.
 */
#include "scenario.h"

SCENARIO(p22_replace_entry_zero)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *ep = scene_device(sim);
	struct iovm_device *dev = iovm_sim_ep_device(ep);
	void *old = scene_space(sim), *new = scene_space(sim);

	ck_assert_int_eq(iovm_device_attach(dev, old), 0);
	iovm_sim_handler(sim, IOVM_PENDING);
	scene_ask(ep, IOVM_NO_PASID, BASE, 1, LAST);
	scene_run(sim);
	ck_assert_uint_eq(iovm_sim_pending(sim), 1);
	scene_ask(ep, IOVM_NO_PASID, BASE + PAGE, 2, LAST);
	ck_assert_int_eq(iovm_device_attach(dev, new), 0);
	scene_run(sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(ep).invalid, 2);
	ck_assert_uint_eq(scene_answers(ep), 2);
	ck_assert_int_eq(iovm_sim_finish(sim, IOVM_DONE), IOVM_E_STALE);
	scene_run(sim);
	ck_assert(!iovm_sim_mm_watched(old));
	iovm_sim_handler(sim, IOVM_DONE);
	ck_assert(scene_dma(sim, ep, -1, BASE));
	ck_assert_int_eq(iovm_device_attach(dev, NULL), 0);
	ck_assert(!scene_dma(sim, ep, -1, BASE));
	scene_end(sim);
}
