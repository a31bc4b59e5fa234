/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 45: after an overflow requests arrive while the queue is being emptied; none is lost, none is served twice. */
#include "scenario.h"

SCENARIO(p45_overflow_with_refill)
{
	struct iovm_iommu *iommu;
	struct scene s;
	unsigned i, n = 0;

	scene_open_config(&s, (struct iovm_sim_config){ .priq_log2 = 6 });
	iommu = iovm_sim_iommu(s.sim, 0);
	for (i = 0; i < 70; i++)
		scene_ask(s.ep, s.pasid, BASE + i % 16 * PAGE, (uint16_t)i, LAST);	/* the last six are the IOMMU's to answer */
	ck_assert_uint_eq(scene_answers(s.ep), 6);
	while (iovm_dispatch(iommu, iovm_sim_now(s.sim), 5) > 0)
		if (n < 20)
			scene_ask(s.ep, s.pasid, BASE, (uint16_t)(100 + n++), LAST);
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(scene_answers(s.ep), 70 + n);
	ck_assert_uint_ge(scene_stats(s.sim).overflows, 1);
	ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
	scene_close(&s);
}
