/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 32: a space made like another one (a fork) is another: its own PASID, its own pages, its own end. */
#include "scenario.h"

SCENARIO(p32_a_copy_is_another_space)
{
	struct ears copied = { 0 };
	struct scene s;
	char seen_byte = 0;
	void *copy;
	int pasid;

	scene_open(&s);
	copy = scene_space(s.sim);
	ck_assert_int_eq(iovm_sim_mm_write(copy, BASE, "c", 1), 0);
	pasid = scene_bind(s.ep, copy, &copied);
	ck_assert_int_ne(pasid, s.pasid);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	ck_assert_int_eq(iovm_sim_mm_read(copy, BASE, &seen_byte, 1), 0);
	ck_assert_int_eq(seen_byte, 'c');
	ck_assert_int_eq(iovm_sim_mm_kill(s.mm), 0);
	ck_assert(scene_dma(s.sim, s.ep, pasid, BASE + PAGE));
	ck_assert_uint_eq(copied.shutdown, 0);
	ck_assert_int_eq(iovm_unbind_mm(s.dev, copy), 0);
	scene_close(&s);
}
