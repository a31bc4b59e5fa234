/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 74: an IOMMU whose walks do not see the CPU's stores cannot share page tables; binding says so, and its entry
 * is never written.
 */
#include "idle.h"
#include "scenario.h"

static int try_it(bool coherent)
{
	struct idle idle;
	void *mm;
	int result;

	idle_open(&idle, coherent);
	mm = scene_space(idle.sim);
	result = iovm_bind_mm(idle.dev, mm, NULL, NULL);
	if (result > 0)
		ck_assert_int_eq(iovm_unbind_mm(idle.dev, mm), 0);
	ck_assert_uint_eq(idle.entries, result > 0);
	idle_close(&idle);
	return result;
}

SCENARIO(p74_incoherent_walks_are_refused)
{
	ck_assert_int_gt(try_it(true), 0);
	ck_assert_int_eq(try_it(false), IOVM_E_FORMAT);
}
