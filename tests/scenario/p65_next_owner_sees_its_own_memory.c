/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 65: same PASID, same address, another owner. What the device held of the first must be gone although ATS was never off. */
#include "scenario.h"

SCENARIO(p65_next_owner_sees_its_own_memory)
{
	struct ears next = { 0 };
	char first = 0, second = 0;
	struct scene s;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 1 });
	ck_assert_int_eq(iovm_sim_mm_write(s.mm, BASE, "1", 1), 0);
	ck_assert_int_eq(iovm_sim_dma(s.ep, s.pasid, BASE, &first, 1, false), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 1);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 0);
	iovm_sim_run(s.sim);
	mm = scene_space(s.sim);
	ck_assert_int_eq(iovm_sim_mm_write(mm, BASE, "2", 1), 0);
	ck_assert_int_eq(scene_bind(s.ep, mm, &next), s.pasid);
	ck_assert_int_eq(iovm_sim_dma(s.ep, s.pasid, BASE, &second, 1, false), 0);
	iovm_sim_run(s.sim);
	ck_assert_int_eq(first, '1');
	ck_assert_int_eq(second, '2');
	ck_assert_int_eq(iovm_unbind_mm(s.dev, mm), 0);
	scene_close(&s);
}
