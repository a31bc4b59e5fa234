/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Page requests and stalls, from the queue to the answer: who is admitted, what is one group, what becomes of what cannot be kept, and that every Last has
 * exactly one end. Each test ends with all credits back.
 */
#include "ask.h"

/* ---- admission ------------------------------------------------------------------------------------------------------------------------------ */

enum { OWN = -1, FOREIGN = -2, NOBODYS = -3 };
static const struct { unsigned stream; int64_t pasid; unsigned flags; uint64_t addr; int code; } verdicts[] = {
	{ 1, OWN, R | L, 0x1000, SUCCESS },
	{ 1, OWN, W | L, 0x1000, SUCCESS },
	{ 1, OWN, R | L, 0x7ffffffff000, SUCCESS },
	{ 1, OWN, R | L, 0x800000000000, INVALID },		/* beyond the table */
	{ 1, OWN, R | L, 0xfffffffffffff000, INVALID },
	{ 1, OWN, R | X | L, 0x1000, INVALID },			/* not enabled */
	{ 1, OWN, R | P | L, 0x1000, INVALID },
	{ 1, OWN, X | L, 0x1000, SILENCE },			/* a Stop Marker, whatever it has in its other bits */
	{ 1, OWN, L, 0x1000, SILENCE },
	{ 1, NONE, L, 0x1000, INVALID },			/* no PASID: not a marker */
	{ 1, NONE, R | L, 0x1000, INVALID },			/* entry 0 is blocked */
	{ 1, FOREIGN, R | L, 0x1000, INVALID },			/* bound, but to another device */
	{ 1, NOBODYS, R | L, 0x1000, INVALID },
	{ 1, 0, R | L, 0x1000, INVALID },
	{ 1, 0xfffff, R | L, 0x1000, INVALID },
	{ 2, OWN, R | L, 0x1000, INVALID },
	{ 2, FOREIGN, R | L, 0x1000, SUCCESS },
	{ 3, OWN, R | L, 0x1000, INVALID },			/* added, page requests not on */
	{ 3, NONE, R | L, 0x1000, INVALID },
	{ 99, OWN, R | L, 0x1000, INVALID },			/* unknown */
	{ 99, NONE, L, 0x1000, INVALID },
	{ 1, OWN, R, 0x1000, SILENCE },				/* no Last, no answer, whatever becomes of it */
	{ 1, NOBODYS, R, 0x1000, SILENCE },
	{ 99, OWN, R, 0x1000, SILENCE },
};

START_TEST(admission)
{
	struct bench b = start(NULL, NULL);
	struct rig_device *other = rig_ready(b.r, 0, 2);
	int foreign;

	rig_device(b.r, 0, 3, NULL);
	ck_assert_int_eq(iovm_unbind_mm(b.d->dev, &b.r->mm[0]), 0);
	b.r->mm[2].top = 0x7fffffffffff;
	b.pasid = rig_bind(b.d, &b.r->mm[2]);
	foreign = rig_bind(other, &b.r->mm[1]);
	ck_assert_int_gt(foreign, 0);
	ck_assert_int_ne(foreign, b.pasid);
	rig_settle(b.r);
	machine_request(b.m, verdicts[_i].stream, verdicts[_i].pasid == OWN ? (uint32_t)b.pasid : verdicts[_i].pasid == FOREIGN ? (uint32_t)foreign :
			verdicts[_i].pasid == NOBODYS ? 1000 : (uint32_t)verdicts[_i].pasid, 7, verdicts[_i].addr, verdicts[_i].flags);
	ck_assert_int_ge(go(&b), verdicts[_i].code == SUCCESS);
	ck_assert_int_eq(answer(&b, verdicts[_i].stream, 7), verdicts[_i].code);
	ck_assert_uint_eq(b.r->calls, verdicts[_i].code == SUCCESS);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), verdicts[_i].code != SILENCE);
	ck_assert_int_eq(iovm_unbind_mm(other->dev, &b.r->mm[1]), 0);
	finish(&b);
}
END_TEST

static void exec_priv(struct iovm_device_config *c)
{
	c->flags |= IOVM_DEV_EXEC | IOVM_DEV_PRIV;
	c->mm = NULL;
}

START_TEST(rights_arrive_when_enabled)
{
	struct bench b = start(NULL, exec_priv);

	ask(&b, 1, 1, R | X | P | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ck_assert_uint_eq(b.r->range[0].prot, IOVM_READ | IOVM_EXEC | IOVM_PRIV);
	machine_request(b.m, 1, NONE, 2, 0x1000, R | X | L);	/* both are fields of the PASID prefix */
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	finish(&b);
}
END_TEST

static void response_pasid(struct iovm_device_config *c)
{
	c->flags |= IOVM_DEV_RESPONSE_PASID;
}

START_TEST(pasid_in_the_response)
{
	struct bench b = start(NULL, _i ? response_pasid : NULL);
	const struct iovm_cmd *c;

	ask(&b, 1, 1, R | L);
	machine_request(b.m, 1, 1000, 2, 0x1000, R | L);
	machine_request(b.m, 1, NONE, 3, 0x1000, R | L);
	machine_request(b.m, 99, 1000, 4, 0x1000, R | L);
	go(&b);
	c = machine_answer(b.m, b.from, 1, 1);
	ck_assert_uint_eq(c->pasid, _i ? (uint32_t)b.pasid : NONE);
	ck_assert_uint_eq(c->flags, 0);
	ck_assert_uint_eq(machine_answer(b.m, b.from, 1, 2)->pasid, _i ? 1000 : NONE);
	ck_assert_uint_eq(machine_answer(b.m, b.from, 1, 3)->pasid, NONE);
	ck_assert_uint_eq(machine_answer(b.m, b.from, 99, 4)->pasid, NONE);
	finish(&b);
}
END_TEST

/* The only PASID there is: a request for its last owner stands in the queue when the next one is bound */
START_TEST(asked_before_the_bond_was_made)
{
	const struct rig_config c = { .pasid_bits = 1 };
	struct bench b = start(&c, NULL);

	ck_assert_int_eq(b.pasid, 1);
	ck_assert_int_eq(iovm_unbind_mm(b.d->dev, &b.r->mm[0]), 0);
	rig_settle(b.r);
	ask(&b, 1, 5, R);	/* a partial, too, must not reach the next owner */
	ask(&b, 2, 6, R | L);
	ck_assert_int_eq(rig_bind(b.d, &b.r->mm[1]), 1);
	ask(&b, 1, 7, R | L);
	ask(&b, 3, 8, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	ck_assert_int_eq(answer(&b, 1, 3), SUCCESS);
	ck_assert_uint_eq(b.r->mm[0].faults, 0);
	ck_assert_uint_eq(b.r->mm[1].ranges, 1);
	finish(&b);
}
END_TEST

/* ---- groups -------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(members_in_order_of_arrival)
{
	struct bench b = start(NULL, NULL);

	ask(&b, 1, 9, R);
	ask(&b, 2, 50, W);
	ask(&b, 1, 3, W);
	go(&b);
	ck_assert_uint_eq(b.r->calls, 0);
	ask(&b, 1, 7, R | W);
	ask(&b, 1, 4, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->nranges, 4);
	ck_assert_uint_eq(b.r->range[0].first, 0x9000);
	ck_assert_uint_eq(b.r->range[0].last, 0x9fff);
	ck_assert_uint_eq(b.r->range[1].first, 0x3000);
	ck_assert_uint_eq(b.r->range[1].prot, IOVM_WRITE);
	ck_assert_uint_eq(b.r->range[2].first, 0x7000);
	ck_assert_uint_eq(b.r->range[2].prot, IOVM_READ | IOVM_WRITE);
	ck_assert_uint_eq(b.r->range[3].first, 0x4000);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ask(&b, 2, 51, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->nranges, 2);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 2);
	finish(&b);
}
END_TEST

static const uint32_t three[] = { 1, 5, 5, 6 };
static void three_streams(struct iovm_device_config *c)
{
	c->stream_ids = three;
	c->nstream_ids = 4;
}

/* One index, told apart by stream, by PASID, and by having none */
START_TEST(one_index_many_groups)
{
	struct bench b = start(NULL, three_streams);
	uint32_t pasid[2] = { (uint32_t)b.pasid };

	ck_assert_uint_eq(b.d->dev->fn.nstream_ids, 3);
	ck_assert_int_eq(iovm_device_attach(b.d->dev, &b.r->mm[2]), 0);
	pasid[1] = (uint32_t)rig_bind(b.d, &b.r->mm[1]);
	forget_answers(&b);
	machine_request(b.m, 1, pasid[0], 4, 0x1000, R);
	machine_request(b.m, 5, pasid[0], 4, 0x2000, R);
	machine_request(b.m, 1, pasid[1], 4, 0x3000, R);
	machine_request(b.m, 1, NONE, 4, 0x4000, R);
	machine_request(b.m, 5, pasid[0], 4, 0x5000, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->nranges, 2);
	ck_assert_uint_eq(b.r->range[0].first, 0x2000);
	ck_assert_int_eq(answer(&b, 5, 4), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 4), SILENCE);
	machine_request(b.m, 1, pasid[1], 4, 0x6000, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->mm[1].ranges, 2);
	ck_assert_uint_eq(b.r->range[0].first, 0x3000);
	machine_request(b.m, 1, NONE, 4, 0x7000, W | L);
	go(&b);
	ck_assert_uint_eq(b.r->mm[2].ranges, 2);
	ck_assert_uint_eq(b.r->range[0].first, 0x4000);
	forget_answers(&b);
	machine_request(b.m, 1, pasid[0], 4, 0x8000, R | L);
	machine_request(b.m, 6, pasid[0], 4, 0x9000, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->mm[0].ranges, 5);
	ck_assert_int_eq(answer(&b, 1, 4), SUCCESS);
	ck_assert_int_eq(answer(&b, 6, 4), SUCCESS);
	finish(&b);
}
END_TEST

START_TEST(one_bad_member_refuses_the_group)
{
	static const struct { unsigned flags; uint64_t page; } bad[] = { { 0, 1 }, { R | X, 1 }, { W | P, 1 }, { R, 0x900000000 } };
	struct bench b = start(NULL, NULL);

	ck_assert_int_eq(iovm_unbind_mm(b.d->dev, &b.r->mm[0]), 0);
	b.r->mm[3].top = 0x7fffffffffff;
	b.pasid = rig_bind(b.d, &b.r->mm[3]);
	forget_answers(&b);
	ask(&b, 1, 5, R);
	ask(&b, 1, bad[_i].page, bad[_i].flags);
	ask(&b, 1, 6, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	ck_assert_uint_eq(b.r->calls, 0);
	forget_answers(&b);
	ask(&b, 1, 6, R | L);	/* the next of this index is another */
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	finish(&b);
}
END_TEST

static void big_queue(struct iovm_backend *be, unsigned i)
{
	be->priq_log2 = 10;
}
static void many_credits(struct iovm_device_config *c)
{
	c->max_outstanding = 900;
}

START_TEST(the_largest_group)
{
	const struct rig_config c = { .backend = big_queue };
	struct bench b = start(&c, many_credits);
	unsigned n = 511 + (unsigned)_i;

	for (unsigned i = 0; i < n; i++)
		ask(&b, 1, i, R);
	ask(&b, 1, n, R | L);
	while (go(&b))
		;
	ck_assert_int_eq(answer(&b, 1, 1), _i ? INVALID : SUCCESS);
	ck_assert_uint_eq(b.r->mm[0].ranges, _i ? 0 : 512);
	for (unsigned i = 0; i < b.r->nranges; i++)
		ck_assert_uint_eq(b.r->range[i].first, (uint64_t)i << 12);
	for (unsigned g = 0; g < 40; g++)	/* more ranges than one batch holds */
		for (unsigned i = 0; i < 64; i++) {
			ask(&b, 100 + g, i, R | (i == 63 ? L : 0));
			if (i == 63 && g % 4 == 3)
				while (go(&b))
					;
		}
	for (unsigned g = 0; g < 40; g++)
		ck_assert_int_eq(answer(&b, 1, 100 + g), SUCCESS);
	finish(&b);
}
END_TEST

START_TEST(n_groups_of_one_mm_in_one_call)
{
	struct bench b = start(NULL, NULL);
	uint32_t other = (uint32_t)rig_bind(b.d, &b.r->mm[1]);

	for (unsigned i = 0; i < 5; i++) {
		ask(&b, i, i, R | L);
		machine_request(b.m, 1, other, 10 + i, 0x1000, R | L);
	}
	ck_assert_int_eq(go(&b), 10);
	ck_assert_uint_eq(b.r->calls, 2);
	ck_assert_uint_eq(b.r->mm[0].faults, 5);
	ck_assert_uint_eq(b.r->mm[1].faults, 5);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 10);
	finish(&b);
}
END_TEST

START_TEST(consumed_before_answered)
{
	struct bench b = start(NULL, NULL);

	b.m->accepts = 0;
	ask(&b, 1, 1, R | L);
	go(&b);
	ck_assert_uint_eq(b.m->cons[0], 1);
	ck_assert_int_eq(answer(&b, 1, 1), SILENCE);
	b.m->accepts = ~0u;
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	finish(&b);
}
END_TEST

/* ---- what cannot be kept ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(beyond_the_credits)
{
	struct bench b = start(NULL, NULL);
	unsigned i;

	for (i = 0; i < 16; i++)
		ask(&b, 1, i, R);
	ask(&b, 2, 100, R);		/* the seventeenth */
	go(&b);
	ck_assert_uint_eq(rig_stats(b.r).flooded, 1);
	ask(&b, 2, 101, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	ask(&b, 1, 102, R | L);		/* the group that filled the credits has none left for its Last */
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	forget_answers(&b);
	ask(&b, 1, 1, R | L);
	ask(&b, 2, 1, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 2), SUCCESS);
	finish(&b);
}
END_TEST

START_TEST(pending_holds_its_credit)
{
	struct bench b = start(NULL, NULL);
	unsigned i;

	b.r->mm[0].outcome = IOVM_PENDING;
	for (i = 0; i < 17; i++)
		ask(&b, i, i, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->ntokens, 16);
	ck_assert_int_eq(answer(&b, 1, 16), INVALID);
	ck_assert_uint_eq(rig_stats(b.r).tokens, 16);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[3], IOVM_DONE), 0);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 3), SUCCESS);
	ask(&b, 30, 30, R | L);
	ask(&b, 31, 31, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 30), SILENCE);	/* the credit that came back */
	ck_assert_int_eq(answer(&b, 1, 31), INVALID);
	for (i = 0; i < 17; i++)
		if (i != 3)
			ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[i], IOVM_REFUSED), 0);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 5), INVALID);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 19);
	finish(&b);
}
END_TEST

START_TEST(stop_markers_are_never_answered)
{
	struct bench b = start(NULL, NULL);

	ask(&b, 1, 1, R);
	ask(&b, 1, 0x123, L);
	go(&b);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 0);
	ck_assert_uint_eq(rig_stats(b.r).stop_markers, 1);
	ask(&b, 1, 2, R | L);	/* it did not close the group either */
	go(&b);
	ck_assert_uint_eq(b.r->nranges, 2);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	for (unsigned i = 0; i < 62; i++)
		ask(&b, 1, 1, L);
	rig_settle(b.r);
	ck_assert_uint_eq(rig_stats(b.r).fenced, 0);
	ask(&b, 1, 1, L);
	rig_settle(b.r);
	ck_assert_uint_eq(rig_stats(b.r).fenced, 1);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 1);
	finish(&b);
}
END_TEST

START_TEST(a_group_without_last_is_forgotten)
{
	struct bench b = start(NULL, NULL);
	unsigned i;

	go(&b);
	ck_assert_uint_eq(iovm_deadline(b.r->iommu[0]), UINT64_MAX);
	ask(&b, 1, 1, R);
	ask(&b, 2, 2, R);
	go(&b);
	ck_assert_uint_eq(iovm_deadline(b.r->iommu[0]), b.r->now + IOVM__PARTIAL_AGE_NS);
	b.r->now += 10ull * IOVM__PARTIAL_AGE_NS;	/* the clock jumps: not before it had its cycles */
	for (i = 0; i < IOVM__PARTIAL_CYCLES - 1; i++) {
		go(&b);
		ck_assert_uint_eq(rig_stats(b.r).partials_discarded, 0);
	}
	go(&b);
	ck_assert_uint_eq(rig_stats(b.r).partials_discarded, 2);
	ck_assert_uint_eq(iovm_deadline(b.r->iommu[0]), UINT64_MAX);
	ask(&b, 1, 3, R | L);		/* the rest of it: what was forgotten was not served */
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	ck_assert_uint_eq(b.r->calls, 0);
	forget_answers(&b);
	ask(&b, 1, 3, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	finish(&b);
}
END_TEST

START_TEST(cycles_alone_do_not_age)
{
	struct bench b = start(NULL, NULL);

	ask(&b, 1, 1, R);
	for (unsigned i = 0; i < 100; i++)
		go(&b);
	ask(&b, 1, 2, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->nranges, 2);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	finish(&b);
}
END_TEST

START_TEST(overflow_voids_what_has_no_last)
{
	struct bench b = start(NULL, NULL);

	ask(&b, 1, 1, R);
	ask(&b, 2, 2, R);
	ask(&b, 2, 3, R | L);
	ask(&b, 3, 4, R | X);
	for (unsigned i = 0; i < 16; i++)
		ask(&b, 4, i, R);	/* the last ones are dropped: index 4 is lossy */
	machine_overflow(b.m);
	ask(&b, 5, 1, R);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 2), SUCCESS);
	ck_assert_uint_eq(rig_stats(b.r).overflows, 1);
	ck_assert_uint_eq(b.d->dev->unit->outstanding, 0);
	ask(&b, 1, 7, R | L);	/* new groups by the same indices: nothing of the old ones in them, and nothing against them */
	ask(&b, 3, 8, R | L);
	ask(&b, 4, 9, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 3), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 4), SUCCESS);
	ck_assert_uint_eq(b.r->mm[0].ranges, 5);
	finish(&b);
}
END_TEST

START_TEST(misbehaviour_fences_the_function)
{
	struct bench b = start(NULL, NULL);
	struct rig_device *good = rig_ready(b.r, 0, 2);
	int pasid = rig_bind(good, &b.r->mm[0]);
	unsigned i;

	ck_assert_int_eq(pasid, b.pasid);
	forget_answers(&b);
	for (i = 0; i < IOVM__SCORE_LIMIT - 1; i++)
		machine_request(b.m, 1, 1000, i, 0x1000, R | L);
	rig_settle(b.r);
	ask(&b, 100, 1, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 100), SUCCESS);
	machine_request(b.m, 1, 1000, 101, 0x1000, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 101), INVALID);
	ck_assert_uint_eq(rig_stats(b.r).fenced, 1);
	ck_assert_uint_eq(b.r->port.notices[IOVM_RESET_WANTED], 1);
	ck_assert(!rig_reaches(b.d, &b.r->mm[0], -2));
	ck_assert(rig_reaches(good, &b.r->mm[0], pasid));
	ask(&b, 102, 1, R | L);
	machine_request(b.m, 2, (uint32_t)pasid, 1, 0x1000, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 102), INVALID);	/* its own mm, but not for it any more */
	ck_assert_int_eq(answer(&b, 2, 1), SUCCESS);
	ck_assert_uint_eq(b.r->port.notices[IOVM_RESET_WANTED], 1);
	ck_assert_int_eq(rig_reset(b.d, true), 0);
	go(&b);
	ask(&b, 103, 1, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 103), SUCCESS);
	ck_assert_int_eq(iovm_unbind_mm(good->dev, &b.r->mm[0]), 0);
	finish(&b);
}
END_TEST

START_TEST(misbehaviour_is_forgiven)
{
	struct bench b = start(NULL, NULL);
	unsigned i, turn;

	for (turn = 0; turn < 10; turn++) {
		for (i = 0; i < IOVM__SCORE_LIMIT - 4; i++)
			machine_request(b.m, 1, 1000, i, 0x1000, R | L);
		rig_settle(b.r);
		b.r->now += 100ull * IOVM__SCORE_DECAY_NS;
	}
	ck_assert_uint_eq(rig_stats(b.r).fenced, 0);
	finish(&b);
}
END_TEST

/* A bond that goes does not make an honest device's requests a crime; the answer is Invalid all the same */
START_TEST(late_requests_are_excused)
{
	struct bench b = start(NULL, NULL);

	ck_assert_int_eq(port_mm_exit(b.r->sys, &b.r->mm[0]), 0);
	for (unsigned i = 0; i < 200; i++) {
		ask(&b, i, 1, R | L);
		go(&b);
		ck_assert_int_eq(answer(&b, 1, i), INVALID);
	}
	ck_assert_uint_eq(rig_stats(b.r).fenced, 0);
	ck_assert_uint_eq(b.r->calls, 0);
	finish(&b);
}
END_TEST

static Suite *pri_suite(void)
{
	Suite *suite = suite_create("pri");
	TCase *admit = tcase_create("admit"), *group = tcase_create("group"), *lost = tcase_create("lost");

	tcase_add_loop_test(admit, admission, 0, sizeof verdicts / sizeof *verdicts);
	tcase_add_test(admit, rights_arrive_when_enabled);
	tcase_add_loop_test(admit, pasid_in_the_response, 0, 2);
	tcase_add_test(admit, asked_before_the_bond_was_made);
	tcase_add_test(group, members_in_order_of_arrival);
	tcase_add_test(group, one_index_many_groups);
	tcase_add_loop_test(group, one_bad_member_refuses_the_group, 0, 4);
	tcase_add_loop_test(group, the_largest_group, 0, 2);
	tcase_add_test(group, n_groups_of_one_mm_in_one_call);
	tcase_add_test(group, consumed_before_answered);
	tcase_add_test(lost, beyond_the_credits);
	tcase_add_test(lost, pending_holds_its_credit);
	tcase_add_test(lost, stop_markers_are_never_answered);
	tcase_add_test(lost, a_group_without_last_is_forgotten);
	tcase_add_test(lost, cycles_alone_do_not_age);
	tcase_add_test(lost, overflow_voids_what_has_no_last);
	tcase_add_test(lost, misbehaviour_fences_the_function);
	tcase_add_test(lost, misbehaviour_is_forgiven);
	tcase_add_test(lost, late_requests_are_excused);
	suite_add_tcase(suite, admit);
	suite_add_tcase(suite, group);
	suite_add_tcase(suite, lost);
	return suite;
}

int main(void)
{
	return harness_main(pri_suite());
}
