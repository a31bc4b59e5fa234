/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The backend has no memory for an entry: bind says so, and nothing is left of it: no bond, no PASID, nobody watched;
 * the next one works.
 */
#include "idle.h"
#include "scenario.h"

SCENARIO(s_entry_refused)
{
	struct idle idle;
	void *mm;

	idle_open(&idle, true);
	mm = scene_space(idle.sim);
	idle.entry_result = IOVM_E_NO_MEMORY;
	ck_assert_int_eq(iovm_bind_mm(idle.dev, mm, NULL, NULL), IOVM_E_NO_MEMORY);
	ck_assert_uint_eq(scene_stats(idle.sim).bonds, 0);
	ck_assert_uint_eq(scene_stats(idle.sim).pasids_live, 0);
	ck_assert(!iovm_sim_mm_watched(mm));
	idle.entry_result = 0;
	ck_assert_int_gt(iovm_bind_mm(idle.dev, mm, NULL, NULL), 0);
	ck_assert_int_eq(iovm_unbind_mm(idle.dev, mm), 0);
	idle_close(&idle);
}
