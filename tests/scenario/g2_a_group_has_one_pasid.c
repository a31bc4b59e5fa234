/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Gap 2: three spaces of a device, one group index: each page is asked of the space whose PASID its request had. */
#include "scenario.h"

static uint32_t owner[16];	/* by page */
static unsigned wrong;

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_FAULT)
		wrong += rec->pasid != owner[(rec->a - BASE) / PAGE];
}

SCENARIO(g2_a_group_has_one_pasid)
{
	struct ears ears[2] = { 0 };
	struct scene s;
	int pasid[3];
	void *mm[2];
	unsigned i;

	scene_open(&s);
	pasid[0] = s.pasid;
	for (i = 0; i < 2; i++) {
		mm[i] = scene_space(s.sim);
		pasid[i + 1] = scene_bind(s.ep, mm[i], &ears[i]);
	}
	scene_listener = listen;
	for (i = 0; i < 12; i++) {
		owner[i] = (uint32_t)pasid[i % 3];
		scene_ask(s.ep, owner[i], BASE + i * PAGE, 7, i < 9 ? MEMBER : LAST);
	}
	iovm_sim_run(s.sim);
	ck_assert_uint_eq(seen[IOVM_TR_FAULT], 12);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, 3);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(iovm_unbind_mm(s.dev, mm[i]), 0);
	scene_close(&s);
}
