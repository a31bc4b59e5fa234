/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 21: the host is slow with one device's fault; another device is served meanwhile. */
#include "scenario.h"

/* Hardware and dispatch first, the host's answers last */
static unsigned first(void *ctx, unsigned n, const char *point) { return 0; }

SCENARIO(p21_pending_blocks_nobody)
{
	struct iovm_sim_ep *other;
	struct ears ears = { 0 };
	struct scene s;
	unsigned i;
	int pasid;
	void *mm;

	scene_open_config(&s, (struct iovm_sim_config){ .choose = first });
	other = scene_device(s.sim);
	mm = scene_space(s.sim);
	pasid = scene_bind(other, mm, &ears);
	iovm_sim_handler(s.sim, IOVM_PENDING);
	scene_start_dma(s.ep, s.pasid, BASE);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_pending(s.sim), 1);
	ck_assert_int_eq(iovm_sim_mm_write(mm, BASE, "x", 1), 0);	/* what it asks for is there: no second token */
	scene_ask(other, (uint32_t)pasid, BASE, 1, LAST);
	iovm_sim_handler(s.sim, IOVM_DONE);
	for (i = 0; i < 10000 && scene_answers(other) == 0; i++)
		ck_assert(iovm_sim_step(s.sim) && iovm_sim_pending(s.sim));
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 0);
	ck_assert_int_eq(iovm_sim_finish(s.sim, IOVM_DONE), 0);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(iovm_sim_dma_done(s.ep), 1);
	ck_assert_int_eq(scene_unbind(other, mm), 0);
	scene_close(&s);
}
