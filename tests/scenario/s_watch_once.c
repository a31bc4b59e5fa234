/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* watch with a space's first bond, unwatch after its last drain, however many devices and binds there were; and again for its next life. */
#include "scenario.h"

SCENARIO(s_watch_once)
{
	struct iovm_sim *sim = scene_new();
	struct iovm_sim_ep *a = scene_device(sim), *b = scene_device(sim);
	struct ears ears[2];
	void *mm = scene_space(sim);
	unsigned life;

	for (life = 1; life <= 3; life++) {
		memset(ears, 0, sizeof ears);
		scene_bind(a, mm, &ears[0]);
		scene_bind(b, mm, &ears[1]);
		scene_bind(a, mm, &ears[0]);
		ck_assert_uint_eq(seen[IOVM_TR_WATCH], life);
		ck_assert_int_eq(scene_unbind(a, mm), 0);
		ck_assert_int_eq(scene_unbind(a, mm), 0);
		iovm_sim_run(sim);
		ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], life - 1);
		ck_assert_int_eq(scene_unbind(b, mm), 0);
		ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], life - 1);
		iovm_sim_run(sim);
		ck_assert_uint_eq(seen[IOVM_TR_UNWATCH], life);
	}
	scene_end(sim);
}
