/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 37: a bond that is bound twice survives one unbind; the second ends it; a third is one too many. */
#include "scenario.h"

SCENARIO(p37_two_binds_one_unbind)
{
	struct ears other = { 0 }, keeper = { 0 }, again = { 0 };
	struct iovm_sim_ep *second;
	struct scene s;
	int pasid;

	scene_open(&s);
	second = scene_device(s.sim);
	scene_bind(second, s.mm, &keeper);
	ck_assert_int_eq(scene_bind(s.ep, s.mm, &s.ears), s.pasid);
	ck_assert_int_eq(iovm_bind_mm(s.dev, s.mm, scene_hear, &other), IOVM_E_EXISTS);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(s.ears.unbound, 0);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), IOVM_E_NOT_BOUND);
	ck_assert_int_eq(iovm_bind_mm(s.dev, s.mm, scene_hear, &other), IOVM_E_BUSY);	/* it drains, and its space lives on */
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_uint_eq(s.ears.unbound, 1);
	ck_assert_int_eq(scene_bind(s.ep, s.mm, &other), s.pasid);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_int_eq(scene_unbind(second, s.mm), 0);
	pasid = scene_bind(s.ep, s.mm, &again);		/* all of it drains: a new life, and a new PASID */
	ck_assert_int_ne(pasid, s.pasid);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(other.unbound + keeper.unbound + again.unbound, 3);
	scene_close(&s);
}
