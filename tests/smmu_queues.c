/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3's output queues: every entry once, in order, at its position, over laps and words; the moments between the registers; overflow; newest beside poll.
 */
#include "harness.h"
#include "smmu_rig.h"
#include <pthread.h>
#include <sched.h>
#include <string.h>

/* ---- laps ------------------------------------------------------------------------------------------------------------------------------------ */

static const unsigned sizes[] = { 0, 1, 2, 3, 4, 7, 10, 19 };
static const uint64_t starts[] = STARTS;
enum { NSIZES = sizeof sizes / sizeof sizes[0], NSTARTS = sizeof starts / sizeof starts[0] };

/* Each entry carries its number as StreamID: none is lost, doubled or moved, and positions count on over laps and words */
START_TEST(entries_keep_their_order_and_position)
{
	unsigned log2 = sizes[_i % NSIZES], n, i;
	uint64_t start = starts[_i / NSIZES], end = (4ull << log2) + 100, put_[2] = { 0, 0 }, got[2] = { 0, 0 }, seed = 77 + (unsigned)_i, pos[2];
	struct rig *r = rig_new(log2, log2, start);

	while (got[0] < end || got[1] < end) {
		unsigned q = random_next(&seed) & 1, burst = (unsigned)(random_next(&seed) % (2 + (1u << log2)));

		for (; burst && !full(&r->q[q]); burst--)
			must(q ? put_stall(r, (uint32_t)put_[1]++) : put_pri(r, (uint32_t)put_[0]++), "room");
		iovm__smmu_newest(&r->s, pos);
		must(pos[0] == start + put_[0] && pos[1] == start + put_[1], "newest");
		n = poll_max(r, 1 + (unsigned)(random_next(&seed) % 200));
		for (i = 0; i < n; i++) {
			q = r->req[i].queue;
			must(r->req[i].stream_id == (uint32_t)got[q] && r->req[i].position == start + got[q], "entry %lu of %u", got[q], q);
			got[q]++;
		}
		must(r->out.consumed[0] == start + got[0] && r->out.consumed[1] == start + got[1], "consumed");
		must(n || (got[0] == put_[0] && got[1] == put_[1]), "left behind");
	}
	ck_assert_uint_eq(r->q[0].dropped + r->q[1].dropped, 0);
	rig_del(r);
}
END_TEST

/* Words of 32 bits: high lags by a store, or not, at every edge of the shared bits */
START_TEST(halves_join)
{
	static const uint64_t at[] = { 0, 1, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xbfffffff, 0xc0000000, 0xffffffff, 0x100000000, 0x13fffffff,
				       0x3ffffffffffffe00, 0x3ffffffe3fffffff };
	unsigned i, step;

	for (i = 0; i < sizeof at / sizeof at[0]; i++)
		for (step = 0; step < 300; step++) {
			uint64_t now = at[i] + step, before = now - (step < 200 ? step : 0);

			ck_assert_uint_eq(iovm__smmu_join(now >> 30 & 0xffffffff, now & 0xffffffff, 32), now);
			ck_assert_uint_eq(iovm__smmu_join(before >> 30 & 0xffffffff, now & 0xffffffff, 32), now);
		}
}
END_TEST

START_TEST(a_disabled_queue_goes_on_behind_what_it_held)
{
	struct rig *r = rig_new(3, 3, 0xfffffffe);
	struct producer *q = &r->q[PRI];
	unsigned i;

	for (i = 0; i < 5; i++)
		put_pri(r, i);
	ck_assert_uint_eq(poll_max(r, 2), 2);
	iovm__smmu_outq_drop(&r->s, &r->s.priq);
	r->s.priq.acked = FLAG;
	ck_assert_uint_eq(iovm__smmu_outq_begin(&r->s.priq), index_bits(q, 0xfffffffeull + 5));
	q->cons = q->prod;
	put_pri(r, 9);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->req[0].position, 0xfffffffeull + 5);
	ck_assert_uint_eq(r->req[0].stream_id, 9);
	ck_assert_uint_eq(r->out.flags, 0);
	ck_assert_uint_eq(q->ack, 0);
	rig_del(r);
}
END_TEST

/* ---- looks and writes ---------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_batch_costs_one_read_and_one_write)
{
	struct rig *r = rig_new(8, 8, 0);
	unsigned i;

	for (i = 0; i < 200; i++)
		put_pri(r, i);
	ck_assert_uint_eq(poll_max(r, MAX), MAX);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(r->q[0].prod_reads, 1);
	ck_assert_uint_eq(r->q[0].cons_writes, 1);
	ck_assert_uint_eq(r->q[1].prod_reads + r->q[1].cons_writes + r->gerror_reads, 0);
	while (poll_max(r, MAX))
		ck_assert_uint_eq(r->gerror_reads, 0);
	ck_assert_uint_eq(r->out.flags, 0);
	i = r->q[0].prod_reads;
	ck_assert_uint_eq(poll_max(r, MAX), 0);		/* idle: one look at each, and at the errors */
	ck_assert_uint_eq(r->q[0].prod_reads, i + 1);
	ck_assert_uint_eq(r->gerror_reads, 2);
	ck_assert_uint_eq(r->q[0].cons_writes, 4);
	ck_assert_uint_eq(r->q[1].cons_writes, 0);
	rig_del(r);
}
END_TEST

/* Entries come right behind the first look at PROD: their interrupt found the queue not empty, so there was none */
static void put_behind(struct rig *r, unsigned queue)
{
	if (r->held != queue || r->q[queue].prod_reads != 1)
		return;
	if (queue == PRI)
		put_pri(r, 42);
	else
		put_fault(r, 42, 0x9000);
}

START_TEST(what_comes_between_is_not_left_behind)
{
	struct rig *r = rig_new(4, 4, 0);

	r->held = (unsigned)_i;
	r->after_prod = put_behind;
	put_pri(r, 1);
	put_stall(r, 2);
	ck_assert_uint_eq(poll_max(r, MAX), 2);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(poll_max(r, MAX), _i == PRI);
	ck_assert_uint_eq(r->ntold, _i == EVT);
	ck_assert_uint_eq(r->out.flags, 0);
	rig_del(r);
}
END_TEST

static void overflow_behind(struct rig *r, unsigned queue)
{
	if (queue == PRI && r->q[PRI].prod_reads == 1) {
		put_pri(r, 7);
		put_pri(r, 8);
	}
}

START_TEST(an_overflow_that_comes_between_is_looked_at)
{
	struct rig *r = rig_new(1, 1, 0);

	r->after_prod = overflow_behind;
	put_pri(r, 1);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
	ck_assert_uint_eq(r->req[0].stream_id, 7);
	rig_del(r);
}
END_TEST

static void overflow_alone_behind(struct rig *r, unsigned queue)
{
	if (queue == PRI && r->q[PRI].prod_reads == 1)
		put_pri(r, 9);
}

START_TEST(an_overflow_alone_that_comes_between_is_looked_at)
{
	struct rig *r = rig_new(1, 1, 0);

	r->after_prod = overflow_alone_behind;
	put_pri(r, 1);
	put_pri(r, 2);
	ck_assert_uint_eq(poll_max(r, MAX), 2);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
	rig_del(r);
}
END_TEST

/* The SMMU fills the room at the moment that it gets it; somebody else looks before the poll has returned */
static void refill_and_look(struct rig *r, unsigned queue)
{
	uint64_t pos[2];

	while (!full(&r->q[queue]))
		must(queue == PRI ? put_pri(r, 1) : put_stall(r, 1), "room");
	iovm__smmu_newest(&r->s, pos);
	must(pos[queue] == r->q[queue].prod, "newest is %lu of %lu", (unsigned long)pos[queue], (unsigned long)r->q[queue].prod);
}

START_TEST(the_position_is_known_before_the_room)
{
	struct rig *r = rig_new((unsigned)_i, (unsigned)_i, 3);
	unsigned i;

	put_pri(r, 1);
	put_stall(r, 1);
	r->on_cons = refill_and_look;
	for (i = 0; i < 20; i++)
		ck_assert_uint_gt(poll_max(r, 2), 0);
	rig_del(r);
}
END_TEST

/* Every entry is read as it was put, also when it appears with the look, and when what its room is used for appears with the room */
static uint32_t placed;

static void put_next(struct rig *r, unsigned queue)
{
	if (queue == r->held && !full(&r->q[queue]))
		must(queue == PRI ? put_pri(r, placed++) : put_stall(r, placed++), "room");
}

static void put_all(struct rig *r, unsigned queue)
{
	while (queue == r->held && !full(&r->q[queue]))
		put_next(r, queue);
}

START_TEST(an_entry_is_read_between_look_and_room)
{
	struct rig *r = rig_new(3, 3, 5);
	uint32_t got = 0;
	unsigned turn, i, n;

	placed = 0;
	r->held = _i & 1;
	if (_i & 2)
		r->on_cons = put_all;
	else
		r->before_prod = put_next;
	put_all(r, r->held);
	for (turn = 0; turn < 100; turn++) {
		n = poll_max(r, 1 + turn % 8);
		for (i = 0; i < n; i++)
			ck_assert_uint_eq(r->req[i].stream_id, got++);
	}
	ck_assert_uint_gt(got, 100);
	rig_del(r);
}
END_TEST

START_TEST(neither_queue_starves_the_other)
{
	struct rig *r = rig_new(4, 4, 0);
	unsigned i, n, turn, stalls = 0, requests = 0;

	for (turn = 0; turn < 40; turn++) {
		while (put_pri(r, 1) && !full(&r->q[PRI]))
			;
		while (put_stall(r, 2) && !full(&r->q[EVT]))
			;
		n = poll_max(r, _i ? 8 : 1);
		ck_assert_uint_eq(n, _i ? 8 : 1);
		ck_assert(r->out.flags & IOVM_POLL_MORE);
		for (i = 0; i < n; i++)
			*(r->req[i].queue ? &stalls : &requests) += 1;
	}
	ck_assert_uint_eq(stalls, requests);
	rig_del(r);
}
END_TEST

/* ---- overflow -------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_full_pri_queue_is_emptied_then_acknowledged)
{
	struct rig *r = rig_new(3, 3, 5);
	unsigned lap, i, writes;

	for (lap = 0; lap < 5; lap++) {
		for (i = 0; i < 12; i++)
			put_pri(r, lap * 8 + i);
		ck_assert(r->q[PRI].flag != r->q[PRI].ack);
		ck_assert_uint_eq(poll_max(r, 3), 3);
		ck_assert(!(r->out.flags & IOVM_POLL_OVERFLOW));
		ck_assert(r->out.flags & IOVM_POLL_MORE);
		ck_assert(!put_pri(r, 999));		/* there is room, but PROD stands still */
		ck_assert_uint_eq(poll_max(r, 3), 3);
		ck_assert(!(r->out.flags & IOVM_POLL_OVERFLOW));
		writes = r->q[PRI].cons_writes;
		ck_assert_uint_eq(poll_max(r, 3), 2);
		ck_assert_uint_eq(r->q[PRI].cons_writes, writes + 1);
		ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
		ck_assert_uint_eq(r->req[1].stream_id, lap * 8 + 7);
		ck_assert(r->q[PRI].flag == r->q[PRI].ack);
		ck_assert_uint_eq(load_rlx(&r->s.count.pri_overflows), lap + 1);
		ck_assert_uint_eq(poll_max(r, 3), 0);
		ck_assert_uint_eq(r->out.flags, 0);
	}
	ck_assert_uint_eq(r->out.consumed[0], 5 + 40);
	rig_del(r);
}
END_TEST

START_TEST(an_overflow_is_acknowledged_without_entries_too)
{
	struct rig *r = rig_new(3, 3, 0);

	r->q[PRI].flag = FLAG;
	publish(&r->q[PRI]);
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
	ck_assert_uint_eq(r->q[PRI].ack, FLAG);
	rig_del(r);
}
END_TEST

START_TEST(lost_events_are_told_behind_those_that_were_not)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned lap, i;

	for (lap = 1; lap < 4; lap++) {
		for (i = 0; i < 10; i++)
			put_fault(r, lap, 0x1000 + i * 8);
		r->ntold = 0;
		ck_assert_uint_eq(poll_max(r, MAX), 0);
		ck_assert(!(r->out.flags & (IOVM_POLL_OVERFLOW | IOVM_POLL_MORE)));
		ck_assert(r->q[EVT].flag == r->q[EVT].ack);
		ck_assert_uint_eq(r->q[EVT].cons_writes, lap);
		ck_assert_uint_eq(r->ntold, 1);
		ck_assert_uint_eq(r->told[0].count, 8);
		ck_assert_uint_eq(r->lost, lap);
		ck_assert_uint_eq(load_rlx(&r->s.count.event_overflows), lap);
	}
	rig_del(r);
}
END_TEST

/* ---- newest ------------------------------------------------------------------------------------------------------------------------------------------------ */

static void churn(struct rig *r, unsigned queue)
{
	void (*before)(struct rig *, unsigned) = r->before_prod, (*after)(struct rig *, unsigned) = r->after_prod;
	unsigned i;

	r->before_prod = r->after_prod = NULL;
	for (i = 0; queue == PRI && i < r->held; i++) {
		if (full(&r->q[PRI]))
			poll_max(r, 1);
		put_pri(r, i);
	}
	r->before_prod = before;
	r->after_prod = after;
}

/* The caller is held up before or behind its look at PROD, for up to six laps: what it says was true at some moment of its call */
START_TEST(newest_holds_however_long_its_caller_was_held_up)
{
	unsigned log2 = (unsigned)_i % 4, size = 1u << log2, fill, took, held, where;
	uint64_t pos[2], before;

	for (where = 1; where < 4; where++)
		for (fill = 0; fill <= size; fill++)
			for (took = 0; took <= fill; took++)
				for (held = 0; held <= 6 * size; held++) {
					struct rig *r = rig_new(log2, 1, starts[_i / 4]);

					for (r->held = 0; r->held < fill; r->held++)
						put_pri(r, 0);
					if (took)
						poll_max(r, took);
					r->held = held;
					r->before_prod = where & 1 ? churn : NULL;
					r->after_prod = where & 2 ? churn : NULL;
					before = r->q[PRI].prod;
					iovm__smmu_newest(&r->s, pos);
					must(pos[0] >= before && pos[0] <= r->q[PRI].prod, "%ld behind, size %u, held %u", (long)(before - pos[0]), size, held);
					rig_del(r);
				}
}
END_TEST

struct beside {
	struct rig *r;
	atomic_ulong put;
	atomic_bool stop, started;
	unsigned long looks;
};

static void *look_beside(void *arg)
{
	struct beside *b = arg;
	unsigned long before, last = 0;
	uint64_t pos[2];

	store_rel(&b->started, true);
	while (!load_acq(&b->stop)) {
		before = load_acq(&b->put);
		iovm__smmu_newest(&b->r->s, pos);
		must(pos[0] >= before && pos[0] >= last, "newest %lu, but %lu were there, and %lu before", (unsigned long)pos[0], before, last);
		must(pos[0] <= load_acq(&b->put) + 1, "newest runs ahead");
		last = (unsigned long)pos[0];
		b->looks++;
	}
	return NULL;
}

START_TEST(newest_beside_poll)
{
	struct beside b = { .r = rig_new(2, 2, 0) };
	pthread_t thread;
	unsigned long i;

	b.r->threads = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, look_beside, &b), 0);
	while (!load_acq(&b.started))
		sched_yield();
	for (i = 1; i <= 200000; i++) {
		if (full(&b.r->q[PRI]))
			poll_max(b.r, 1 + i % 5);
		put_pri(b.r, 0);
		store_rel(&b.put, i);
		if (i % 5000 == 0)
			sched_yield();
	}
	store_rel(&b.stop, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_gt(b.looks, 0);
	rig_del(b.r);
}
END_TEST

static Suite *queues_suite(void)
{
	Suite *suite = suite_create("smmu_queues");
	TCase *laps = tcase_create("laps"), *overflow = tcase_create("overflow");

	tcase_add_loop_test(laps, entries_keep_their_order_and_position, 0, NSIZES * NSTARTS);
	tcase_add_test(laps, halves_join);
	tcase_add_test(laps, a_disabled_queue_goes_on_behind_what_it_held);
	tcase_add_test(laps, a_batch_costs_one_read_and_one_write);
	tcase_add_loop_test(laps, what_comes_between_is_not_left_behind, 0, 2);
	tcase_add_test(laps, an_overflow_that_comes_between_is_looked_at);
	tcase_add_test(laps, an_overflow_alone_that_comes_between_is_looked_at);
	tcase_add_loop_test(laps, the_position_is_known_before_the_room, 0, 4);
	tcase_add_loop_test(laps, an_entry_is_read_between_look_and_room, 0, 4);
	tcase_add_loop_test(laps, neither_queue_starves_the_other, 0, 2);
	tcase_add_loop_test(laps, newest_holds_however_long_its_caller_was_held_up, 0, 4 * NSTARTS);
	tcase_add_test(laps, newest_beside_poll);
	tcase_add_test(overflow, a_full_pri_queue_is_emptied_then_acknowledged);
	tcase_add_test(overflow, an_overflow_is_acknowledged_without_entries_too);
	tcase_add_test(overflow, lost_events_are_told_behind_those_that_were_not);
	tcase_set_timeout(laps, 120);
	suite_add_tcase(suite, laps);
	suite_add_tcase(suite, overflow);
	return suite;
}

int main(void)
{
	return harness_main(queues_suite());
}
