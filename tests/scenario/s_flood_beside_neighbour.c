/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Fairness in virtual time: a device works alone, then beside one that asks ten times as much. It keeps at least nine
 * tenths of its service, and its slowest hundredth takes at most three times as many dispatches.
 */
#include "scenario.h"

enum { CYCLES = 1000, SHARE = 4, BUDGET = 2 * SHARE, SLOTS = 64 };
struct service { unsigned served, p99; };
static uint32_t watched;
static unsigned responses;		/* by the engine to the watched device; what the IOMMU answers by itself in an overflow is no service */

static void listen(const struct iovm_trace *rec)
{
	responses += rec->event == IOVM_TR_RESP && rec->stream_id == watched && rec->code == IOVM_RESP_SUCCESS;
}

static struct service measure(bool flood)
{
	struct iovm_sim *sim = scene_new_config((struct iovm_sim_config){ .no_dispatch = true });
	struct iovm_sim_ep *rogue = scene_device(sim), *good = scene_device(sim);
	struct ears ears[2] = { 0 };
	void *mm = scene_space(sim);
	int pasid = scene_bind(good, mm, &ears[0]);
	unsigned waited = 0, took[SLOTS] = { 0 }, turns = 0, n, i, sum;
	struct service s;

	watched = iovm_sim_ep_stream_id(good);
	responses = 0;
	scene_listener = listen;
	scene_bind(rogue, mm, &ears[1]);
	for (n = 0; n < CYCLES; n++) {
		for (i = 0; flood && i < 10 * SHARE; i++)
			scene_ask(rogue, (uint32_t)pasid, BASE + i % 16 * PAGE, (uint16_t)((n * 10 * SHARE + i) % IOVM_PRG_INDICES), LAST);
		if (iovm_sim_ep_outstanding(good) == 0)
			for (i = 0; i < SHARE; i++)
				scene_ask(good, (uint32_t)pasid, BASE + i * PAGE, (uint16_t)i, LAST);
		ck_assert_int_ge(iovm_dispatch(iovm_sim_iommu(sim, 0), iovm_sim_now(sim), BUDGET), 0);
		for (i = 0; i < 500 && iovm_sim_step(sim); i++)
			;
		waited++;
		if (responses >= (turns + 1) * SHARE) {
			took[waited < SLOTS ? waited : SLOTS - 1]++;
			turns++;
			waited = 0;
		}
	}
	s.served = responses;
	for (s.p99 = 0, sum = 0; s.p99 < SLOTS - 1 && sum * 100 < turns * 99; sum += took[++s.p99])
		;
	ck_assert_int_eq(scene_unbind(good, mm), 0);
	ck_assert_int_eq(scene_unbind(rogue, mm), 0);
	for (i = 0; i < 1000 && !(ears[0].unbound && ears[1].unbound); i++)
		iovm_sim_dispatch(sim, 0);
	scene_end(sim);
	return s;
}

SCENARIO(s_flood_beside_neighbour)
{
	struct service alone = measure(false), beside = measure(true);

	ck_assert_uint_ge(alone.served, CYCLES * SHARE / 2);
	ck_assert_uint_ge(beside.served * 10, alone.served * 9);
	ck_assert_uint_le(beside.p99, alone.p99 * 3);
}
