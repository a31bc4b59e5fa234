/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 27: the device holds a read-only translation when the rights grow; the write must land after a bounded number of requests. */
#include "scenario.h"

SCENARIO(p27_rights_upgrade)
{
	char buf[16];
	struct scene s;

	scene_open(&s);
	ck_assert_ptr_nonnull(iovm_sim_mm_map(s.mm, 0x40000, 0x40fff, IOVM_READ));
	ck_assert_int_eq(iovm_sim_dma(s.ep, s.pasid, 0x40000, buf, sizeof buf, false), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 1);
	ck_assert_uint_eq(iovm_sim_ep_atc(s.ep, (uint32_t)s.pasid), 1);
	ck_assert(!scene_dma(s.sim, s.ep, s.pasid, 0x40000));
	ck_assert_int_eq(iovm_sim_mm_protect(s.mm, 0x40000, 0x40fff, IOVM_READ | IOVM_WRITE), 0);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, 0x40000));
	ck_assert_uint_le(scene_stats(s.sim).groups, 3);
	scene_close(&s);
}
