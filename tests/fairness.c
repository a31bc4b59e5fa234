/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Time is counted in dispatches. One device keeps to its credits; beside it another one floods the queue with ten times as much, in several manners. The first
 * one must get at least nine tenths of the service that it gets alone, and its 99th percentile must stay below three times that; and what leaves
 * leaves in two cycles though the device never stops.
 */
#include "rig.h"
#include <stdlib.h>
#include <string.h>

enum { R = IOVM_REQ_READ, L = IOVM_REQ_LAST, ROUNDS = 2000, SHARE = 8, BUDGET = 64, QUEUE = 240, CREDITS = 32 };
enum manner { ALONE, GOOD_REQUESTS, UNKNOWN_PASIDS, NO_LAST, MARKERS, FOREIGN_PASIDS, UNKNOWN_STREAM, MANNERS };

static void thirty_two(struct iovm_device_config *c)
{
	c->max_outstanding = CREDITS;
}

struct service {
	unsigned served, asked;
	unsigned waits[ROUNDS];		/* how often it took so many dispatches */
};

/* What the flood puts into the queue: the queue refuses what does not fit, as hardware does */
static void flood(struct rig *r, enum manner manner, uint32_t own, uint32_t foreign, unsigned round)
{
	struct machine *m = &r->m[0];
	unsigned i;

	for (i = 0; i < 10 * SHARE && m->prod[0] - m->cons[0] < QUEUE - SHARE; i++)
		switch (manner) {
		case GOOD_REQUESTS:
			machine_request(m, 2, own, i, (uint64_t)(round * 100 + i) << 12, R | L);
			break;
		case UNKNOWN_PASIDS:
			machine_request(m, 2, 900 + i, i, 0x1000, R | L);
			break;
		case NO_LAST:
			machine_request(m, 2, own, i, 0x1000, R);
			break;
		case MARKERS:
			machine_request(m, 2, own, i, 0x1000, L);
			break;
		case FOREIGN_PASIDS:
			machine_request(m, 2, foreign, i, 0x1000, R | L);
			break;
		case UNKNOWN_STREAM:
			machine_request(m, 99, own, i, 0x1000, R | L);
			break;
		default:
			return;
		}
}

/* The answers to stream 1 since *seen; each ends the wait of the request with its index */
static void collect(struct rig *r, unsigned long *seen, unsigned round, unsigned *since, struct service *s)
{
	for (; *seen < r->m[0].ncmds; ++*seen) {
		const struct iovm_cmd *c = machine_command(&r->m[0], *seen);

		if (c->op != IOVM_CMD_ANSWER || c->stream_id != 1)
			continue;
		must(c->code == IOVM_RESP_SUCCESS, "the honest device is refused");
		must(since[c->index], "an answer to nothing");
		s->waits[round + 1 - since[c->index]]++;
		since[c->index] = 0;
		s->served++;
	}
}

static void run(enum manner manner, struct service *s)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *good = rig_device(r, 0, 1, thirty_two), *bad = rig_device(r, 0, 2, thirty_two);
	unsigned since[IOVM_PRG_INDICES] = { 0 }, round, i, index = 0;
	uint32_t own, foreign;
	unsigned long seen;

	memset(s, 0, sizeof *s);
	ck_assert_int_eq(iovm_device_init(good->dev), 0);
	ck_assert_int_eq(iovm_device_init(bad->dev), 0);
	foreign = (uint32_t)rig_bind(good, &r->mm[0]);
	own = (uint32_t)rig_bind(bad, &r->mm[1]);
	seen = r->m[0].ncmds;
	for (round = 0; round < ROUNDS; round++) {
		flood(r, manner, own, foreign, round);
		for (i = 0; i < SHARE && r->m[0].prod[0] - r->m[0].cons[0] < QUEUE && s->asked - s->served < CREDITS; i++) {
			if (since[index])
				break;
			since[index] = round + 1;
			machine_request(&r->m[0], 1, foreign, index, (uint64_t)(round * 10 + i) << 12, R | L);
			index = (index + 1) % IOVM_PRG_INDICES;
			s->asked++;
		}
		r->now += 1000;
		ck_assert_int_ge(port_dispatch(r->iommu[0], r->now, BUDGET), 0);
		collect(r, &seen, round, since, s);
	}
	rig_finish(r);
}

static unsigned percentile(const struct service *s, unsigned p)
{
	unsigned n = 0, i;

	for (i = 0; i < ROUNDS; i++) {
		n += s->waits[i];
		if (n * 100ull >= s->served * (unsigned long long)p)
			return i + 1;
	}
	return ROUNDS;
}

START_TEST(beside_a_flood)
{
	struct service *alone = malloc(sizeof *alone), *beside = malloc(sizeof *beside);

	run(ALONE, alone);
	run((enum manner)_i, beside);
	ck_assert_uint_eq(alone->served, ROUNDS * SHARE);
	ck_assert_msg(beside->served * 10 >= alone->served * 9, "manner %d: %u of %u served", _i, beside->served, alone->served);
	ck_assert_msg(percentile(beside, 99) <= 3 * percentile(alone, 99), "manner %d: p99 %u dispatches, alone %u", _i, percentile(beside, 99),
		      percentile(alone, 99));
	free(alone);
	free(beside);
}
END_TEST

/* unbind, death and deletion beside a device that fills the queue before every dispatch */
START_TEST(two_cycles)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *good = rig_device(r, 0, 1, thirty_two), *bad = rig_device(r, 0, 2, thirty_two);
	uint32_t own, foreign;
	unsigned cycles;

	ck_assert_int_eq(iovm_device_init(good->dev), 0);
	ck_assert_int_eq(iovm_device_init(bad->dev), 0);
	foreign = (uint32_t)rig_bind(good, &r->mm[0]);
	own = (uint32_t)rig_bind(bad, &r->mm[1]);
	for (cycles = 0; cycles < 20; cycles++) {
		flood(r, (enum manner)_i, own, foreign, cycles);
		(void)rig_dispatch(r, 0);
	}
	flood(r, (enum manner)_i, own, foreign, 0);
	ck_assert_int_eq(iovm_unbind_mm(bad->dev, &r->mm[1]), 0);
	ck_assert_int_eq(iovm_unbind_mm(good->dev, &r->mm[0]), 0);
	for (cycles = 0; r->nevents < 2; cycles++) {
		flood(r, (enum manner)_i, own, foreign, cycles);
		r->now += 1000;
		ck_assert_int_ge(port_dispatch(r->iommu[0], r->now, 4 * BUDGET), 0);
		ck_assert_uint_lt(cycles, 2);
	}
	rig_finish(r);
}
END_TEST

static Suite *fairness_suite(void)
{
	Suite *suite = suite_create("fairness");
	TCase *share = tcase_create("share"), *drain = tcase_create("drain");

	tcase_add_loop_test(share, beside_a_flood, GOOD_REQUESTS, MANNERS);
	tcase_add_loop_test(drain, two_cycles, GOOD_REQUESTS, MANNERS);
	tcase_set_timeout(share, 60);
	suite_add_tcase(suite, share);
	suite_add_tcase(suite, drain);
	return suite;
}

int main(void)
{
	return harness_main(fairness_suite());
}
