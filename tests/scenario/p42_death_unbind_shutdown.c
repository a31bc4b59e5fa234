/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 42: the space's death, the driver's unbind and the device's shutdown, in all six orders, with and without
 * dispatches in between.
 */
#include "scenario.h"

static void act(struct scene *s, char what)
{
	int err;

	if (what == 'd') {
		ck_assert_int_eq(iovm_sim_mm_kill(s->mm), 0);
	} else if (what == 'u') {
		err = iovm_unbind_mm(s->dev, s->mm);
		ck_assert(err == 0 || (err == IOVM_E_NOT_BOUND && s->ears.shutdown));	/* the callback had done it */
	} else {
		err = iovm_device_shutdown(s->dev);
		ck_assert(err == IOVM_E_BUSY || (err == 0 && s->ears.unbound));
	}
}

SCENARIO(p42_death_unbind_shutdown)
{
	static const char orders[6][4] = { "dus", "dsu", "uds", "usd", "sdu", "sud" };
	struct scene s;
	unsigned i, j;

	for (i = 0; i < 12; i++) {
		scene_open(&s);
		ck_assert(scene_dma(s.sim, s.ep, s.pasid, BASE));
		scene_ask(s.ep, s.pasid, BASE + PAGE, 1, MEMBER);
		for (j = 0; j < 3; j++) {
			act(&s, orders[i % 6][j]);
			ck_assert_int_eq(scene_dma(s.sim, s.ep, s.pasid, BASE), orders[i % 6][0] == 's' && j == 0);
			if (i < 6)
				iovm_sim_run(s.sim);
		}
		iovm_sim_run(s.sim);
		ck_assert_int_eq(iovm_device_shutdown(s.dev), 0);
		scene_close(&s);
	}
}
