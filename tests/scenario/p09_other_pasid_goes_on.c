/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 9: one PASID of a device drains with requests queued; the same device goes on under another one. */
#include "scenario.h"

SCENARIO(p09_other_pasid_goes_on)
{
	struct ears other = { 0 };
	struct scene s;
	int pasid;
	void *mm;

	scene_open(&s);
	mm = scene_space(s.sim);
	pasid = scene_bind(s.ep, mm, &other);
	scene_ask(s.ep, s.pasid, BASE, 1, LAST);
	scene_ask(s.ep, pasid, BASE, 2, LAST);
	scene_ask(s.ep, s.pasid, BASE, 3, LAST);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).invalid, 2);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 1);
	ck_assert(scene_dma(s.sim, s.ep, pasid, BASE + PAGE));
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE + PAGE));
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
