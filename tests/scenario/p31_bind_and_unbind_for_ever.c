/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 31: a PASID lost at each unbind would be missed soon in a space of three. */
#include "scenario.h"

SCENARIO(p31_bind_and_unbind_for_ever)
{
	struct ears ears[3];
	struct scene s;
	void *mm[3];
	unsigned i, n;

	scene_open_config(&s, (struct iovm_sim_config){ .pasid_bits = 2, .no_check = true });
	ck_assert_int_eq(iovm_unbind_mm(s.dev, s.mm), 0);
	iovm_sim_run(s.sim);
	for (i = 0; i < 3; i++)
		mm[i] = scene_space(s.sim);
	for (n = 0; n < 3000; n++) {
		memset(ears, 0, sizeof ears);
		for (i = 0; i < 3; i++)
			scene_bind(s.ep, mm[i], &ears[i]);
		ck_assert_uint_eq(scene_stats(s.sim).pasids_live, 3);
		for (i = 0; i < 3; i++)
			ck_assert_int_eq(iovm_unbind_mm(s.dev, mm[(n + i) % 3]), 0);
		iovm_sim_run(s.sim);
		ck_assert_uint_eq(scene_stats(s.sim).pasids_live, 0);
	}
	ck_assert_uint_eq(scene_stats(s.sim).pasids_allocated, scene_stats(s.sim).pasids_freed);
	scene_close(&s);
}
