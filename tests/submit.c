/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue: who shares a fence with whom, in which order commands leave at every size of the queue, what a caller whose time is up leaves behind,
 * and how a queue that stopped or died treats its waiters. Then two threads, each of whose commands must be taken once and in order.
 */
#include "machine.h"
#include <stdlib.h>
#include <string.h>
#include "iommu/iommu.h"

struct queue {
	struct port port;
	struct machine m;
	struct iovm_iommu *iommu;
	struct iovm_function fn[3];
	unsigned versions[MACHINE_ROOTS];
};
static const uint32_t ids[3] = { 1, 2, 3 };

static struct queue *queue_new(void)
{
	struct queue *q = calloc(1, sizeof *q);
	unsigned i;

	port_init(&q->port);
	machine_init(&q->m, q->versions);
	ck_assert_int_eq(iovm__iommu_new(&q->iommu, &q->port.ops, &q->m.be, &q->m), 0);
	for (i = 0; i < 3; i++) {
		q->fn[i] = (struct iovm_function){ .stream_ids = &ids[i], .nstream_ids = 1, .pasid_bits = 10 };
		q->m.be.attach(&q->m, &q->fn[i]);
	}
	return q;
}

static void queue_del(struct queue *q)
{
	unsigned i;

	for (i = 0; i < 3; i++)
		q->m.be.detach(&q->m, &q->fn[i]);
	iovm__iommu_free(q->iommu);
	machine_fini(&q->m);
	port_fini(&q->port);
	free(q);
}

/* The commands that "EETA" stands for; `first` says whose they are */
static unsigned commands(const struct queue *q, struct iovm_cmd *cmd, const char *ops, uint64_t id)
{
	unsigned n = 0;

	for (; *ops; ops++, n++)
		cmd[n] = (struct iovm_cmd){ .op = *ops == 'E' ? IOVM_CMD_ENTRY : *ops == 'T' ? IOVM_CMD_TLB : IOVM_CMD_ATC, .pasid = 5, .asid = 1,
					    .first = id + n, .last = UINT64_MAX, .fn = *ops == 'T' ? NULL : &q->fn[id % 3] };
	return n;
}

struct sender {
	struct iovm__batch batch;
	struct iovm_cmd cmd[8];
};

static void post(struct queue *q, struct sender *s, const char *ops, uint64_t id, bool alone)
{
	iovm__submit_post(q->iommu, &s->batch, s->cmd, commands(q, s->cmd, ops, id), alone);
}

static void answer(struct queue *q, unsigned index)
{
	const struct iovm_cmd cmd = { .op = IOVM_CMD_ANSWER, .stream_id = 1, .index = (uint16_t)index, .pasid = IOVM_NO_PASID };

	iovm__answer_put(q->iommu, &cmd);
	iovm__answers_publish(q->iommu);
}

/* What the machine took since `from`, a letter each: R answer, E, T, A, F */
static const char *taken(const struct queue *q, unsigned long from)
{
	static char text[1024];
	unsigned n = 0;

	for (; from < q->m.ncmds; from++)
		text[n++] = "RETAF"[machine_command(&q->m, from)->op];
	text[n] = 0;
	return text;
}

START_TEST(one_fence_a_phase_for_everybody)
{
	struct queue *q = queue_new();
	struct sender s[4];

	post(q, &s[0], "ETA", 10, false);
	post(q, &s[1], "ETA", 20, false);
	post(q, &s[2], "TA", 30, false);
	post(q, &s[3], "E", 40, false);
	iovm__submit_pump(q->iommu);
	ck_assert_str_eq(taken(q, 0), "EEEFTTTFAAAF");
	ck_assert_uint_eq(machine_command(&q->m, 0)->first, 10);
	ck_assert_uint_eq(machine_command(&q->m, 1)->first, 20);
	ck_assert_uint_eq(machine_command(&q->m, 2)->first, 40);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(iovm__submit_poll(q->iommu, &s[i].batch), 1);
	ck_assert_uint_eq(s[0].batch.ticket, 12);
	ck_assert_uint_eq(s[3].batch.ticket, 4);
	ck_assert(!iovm__submit_pending(q->iommu));
	queue_del(q);
}
END_TEST

START_TEST(empty_phases_fall_away)
{
	static const struct { const char *ops, *log; } is[] = {
		{ "E", "EF" }, { "T", "TF" }, { "A", "AF" }, { "AA", "AAF" }, { "EA", "EFAF" }, { "TA", "TFAF" }, { "ET", "EFTF" }, { "ETAA", "EFTFAAF" },
	};
	struct queue *q = queue_new();
	struct sender s;

	for (unsigned i = 0; i < sizeof is / sizeof *is; i++) {
		unsigned long from = q->m.ncmds;

		post(q, &s, is[i].ops, 10 * i, false);
		ck_assert_int_eq(iovm__submit_wait(q->iommu, &s.batch), 0);
		ck_assert_str_eq(taken(q, from), is[i].log);
	}
	queue_del(q);
}
END_TEST

START_TEST(answers_go_first_and_have_no_fence)
{
	struct queue *q = queue_new();
	struct sender s;

	post(q, &s, "ET", 10, false);
	answer(q, 1);
	answer(q, 2);
	iovm__submit_pump(q->iommu);
	ck_assert_str_eq(taken(q, 0), "RREFTF");
	answer(q, 3);
	iovm__submit_pump(q->iommu);
	ck_assert_str_eq(taken(q, 6), "R");
	ck_assert_uint_eq(machine_command(&q->m, 6)->index, 3);
	queue_del(q);
}
END_TEST

static void one_step(void *arg, unsigned turn)
{
	machine_step(arg);
}

/* Whatever the queue holds, commands leave in the same order and everybody is served */
START_TEST(every_size_of_the_queue)
{
	struct queue *q = queue_new();
	struct sender *s = calloc(30, sizeof *s);
	unsigned i;

	q->m.room = (unsigned)_i;
	q->m.manual = true;
	q->port.wait_limit = 100000;
	q->port.on_wait = one_step;
	q->port.wait_arg = &q->m;
	for (i = 0; i < 20; i++)
		answer(q, i);
	for (i = 0; i < 30; i++)
		post(q, &s[i], i % 3 ? "ETA" : "TAA", 10 * i, false);
	for (i = 0; i < 30; i++)
		ck_assert_int_eq(iovm__submit_wait(q->iommu, &s[i].batch), 0);
	ck_assert_str_eq(taken(q, 0), "RRRRRRRRRRRRRRRRRRRR" "EEEEEEEEEEEEEEEEEEEE" "F" "TTTTTTTTTTTTTTTTTTTTTTTTTTTTTT" "F"
			 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" "F");
	for (i = 0; i < 20; i++)
		ck_assert_uint_eq(machine_command(&q->m, i)->index, i);
	ck_assert(!iovm__submit_pending(q->iommu));
	free(s);
	queue_del(q);
}
END_TEST

/* More answers than a stage holds, and a batch behind them */
START_TEST(many_answers)
{
	struct queue *q = queue_new();
	unsigned n = iovm__answers_room(q->iommu), i;
	struct sender s;

	ck_assert_uint_eq(n, 256);
	q->m.accepts = 0;
	for (i = 0; i < n; i++)
		answer(q, i);
	post(q, &s, "E", 10, false);
	ck_assert_uint_eq(iovm__answers_room(q->iommu), 0);
	iovm__submit_pump(q->iommu);
	ck_assert_uint_eq(iovm__answers_room(q->iommu), IOVM__STAGE);
	ck_assert(iovm__submit_pending(q->iommu));
	q->m.accepts = ~0u;
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &s.batch), 0);
	for (i = 0; i < n; i++)
		ck_assert_uint_eq(machine_command(&q->m, i)->index, i);
	ck_assert_str_eq(taken(q, n), "EF");
	queue_del(q);
}
END_TEST

/* Time is up after the queue took _i commands: the batch is ours, nobody else is hurt, and what was not staged never leaves */
START_TEST(time_out_gives_the_batch_back)
{
	struct queue *q = queue_new();
	struct sender before, after, *mine = malloc(sizeof *mine), last;
	unsigned long i;

	q->m.accepts = (unsigned)_i;
	q->port.wait_limit = 3;
	post(q, &before, "ETA", 100, false);
	post(q, mine, "ETA", 200, false);
	post(q, &after, "ETA", 300, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &mine->batch), _i < 12 ? IOVM_E_TIMEDOUT : 0);
	memset(mine, 0xdb, sizeof *mine);
	free(mine);
	q->m.accepts = ~0u;
	post(q, &last, "ETA", 400, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &last.batch), 0);
	ck_assert_int_eq(iovm__submit_poll(q->iommu, &before.batch), 1);
	ck_assert_int_eq(iovm__submit_poll(q->iommu, &after.batch), 1);
	for (i = 0; i < q->m.ncmds; i++) {
		const struct iovm_cmd *c = machine_command(&q->m, i);

		ck_assert(c->op == IOVM_CMD_FENCE || c->fn == NULL || c->fn == &q->fn[0] || c->fn == &q->fn[1] || c->fn == &q->fn[2]);
	}
	ck_assert_uint_le(machine_count(&q->m, 0, IOVM_CMD_ATC), 4);
	ck_assert_uint_ge(machine_count(&q->m, 0, IOVM_CMD_ATC), 3);
	ck_assert(!iovm__submit_pending(q->iommu));
	queue_del(q);
}
END_TEST

/* The same at the end of the backlog, behind a round that is stuck: who comes later is still found */
START_TEST(time_out_at_the_end_of_the_list)
{
	struct queue *q = queue_new();
	struct sender before, *mine = malloc(sizeof *mine), last;

	q->m.accepts = (unsigned)_i;
	q->port.wait_limit = 3;
	post(q, &before, "ETA", 100, false);
	iovm__submit_pump(q->iommu);
	post(q, mine, "ETA", 200, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &mine->batch), IOVM_E_TIMEDOUT);
	memset(mine, 0xdb, sizeof *mine);
	free(mine);
	post(q, &last, "T", 400, false);
	q->m.accepts = ~0u;
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &last.batch), 0);
	ck_assert_int_eq(iovm__submit_poll(q->iommu, &before.batch), 1);
	ck_assert_str_eq(taken(q, 0), "EFTFAFTF");
	queue_del(q);
}
END_TEST

START_TEST(time_out_while_the_fence_is_under_way)
{
	struct queue *q = queue_new();
	struct sender *mine = malloc(sizeof *mine), last;

	q->m.manual = true;
	q->port.wait_limit = 3;
	post(q, mine, "E", 10, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &mine->batch), IOVM_E_TIMEDOUT);
	ck_assert_uint_eq(q->port.longest, 4);
	free(mine);
	q->m.manual = false;
	post(q, &last, "T", 20, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &last.batch), 0);
	ck_assert_str_eq(taken(q, 0), "EFTF");
	queue_del(q);
}
END_TEST

static void late(void *arg, unsigned turn)
{
	struct queue *q = arg;

	if (turn == 3)
		machine_step(&q->m);
}

START_TEST(complete_in_the_last_turn_is_complete)
{
	struct queue *q = queue_new();
	struct sender s;

	q->m.manual = true;
	q->port.wait_limit = 3;
	q->port.on_wait = late;
	q->port.wait_arg = q;
	post(q, &s, "E", 10, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &s.batch), 0);
	queue_del(q);
}
END_TEST

START_TEST(alone_means_alone)
{
	struct queue *q = queue_new();
	struct sender s[5];

	post(q, &s[0], "A", 10, false);
	post(q, &s[1], "A", 20, true);
	post(q, &s[2], "A", 30, true);
	post(q, &s[3], "A", 40, false);
	post(q, &s[4], "A", 50, false);
	iovm__submit_pump(q->iommu);
	iovm__submit_pump(q->iommu);
	ck_assert_str_eq(taken(q, 0), "AFAFAFAAF");
	queue_del(q);
}
END_TEST

START_TEST(an_atc_error_is_told_to_those_behind_that_fence)
{
	struct queue *q = queue_new();
	struct sender good, bad, next;

	machine_function(&q->m, &q->fn[1])->refuses = true;
	post(q, &good, "T", 9, false);
	post(q, &bad, "A", 10, false);
	post(q, &next, "A", 12, true);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &bad.batch), IOVM_E_ATC);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &good.batch), 0);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &next.batch), 0);
	ck_assert(!q->m.stopped);
	ck_assert_int_eq(iovm__submit_poll(q->iommu, &bad.batch), IOVM_E_ATC);
	queue_del(q);
}
END_TEST

/* A queue that dies at its n-th submit, with batches staged, in the round, in the backlog and pending */
START_TEST(a_dead_queue_fails_all_its_waiters)
{
	struct queue *q = queue_new();
	struct sender *s = calloc(40, sizeof *s);
	unsigned i;

	q->m.fault[MACHINE_SUBMIT].nth = (unsigned)_i;
	q->m.fault[MACHINE_SUBMIT].err = IOVM_E_DEAD;
	answer(q, 1);
	for (i = 0; i < 40; i++)
		post(q, &s[i], "ETA", 10 * i, i % 7 == 6);
	for (i = 0; i < 40; i++)
		(void)iovm__submit_wait(q->iommu, &s[i].batch);	/* the first ones may have been served */
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &s[39].batch), IOVM_E_DEAD);
	ck_assert(iovm__answers_room(q->iommu) == 256);
	post(q, &s[0], "E", 1, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &s[0].batch), IOVM_E_DEAD);
	ck_assert(!iovm__submit_pending(q->iommu));
	ck_assert(atomic_load(&q->iommu->dead));
	free(s);
	queue_del(q);
}
END_TEST

START_TEST(recovery_may_find_it_dead)
{
	struct queue *q = queue_new();
	struct sender s;

	machine_function(&q->m, &q->fn[0])->refuses = true;
	q->m.fault[MACHINE_RECOVER].nth = 1;
	q->m.fault[MACHINE_RECOVER].err = IOVM_E_DEAD;
	post(q, &s, "A", 0, false);
	ck_assert_int_eq(iovm__submit_wait(q->iommu, &s.batch), IOVM_E_DEAD);
	queue_del(q);
}
END_TEST

START_TEST(a_turn_is_bounded)
{
	struct queue *q = queue_new();
	struct sender *s = calloc(200, sizeof *s);
	unsigned i;

	for (i = 0; i < 200; i++)
		post(q, &s[i], "A", 10 * i, true);
	iovm__submit_pump(q->iommu);
	ck_assert_uint_le(q->m.submits, 2 * (16 + 256 / IOVM__STAGE));
	ck_assert(iovm__submit_pending(q->iommu));
	for (i = 0; i < 200; i++)
		ck_assert_int_eq(iovm__submit_wait(q->iommu, &s[i].batch), 0);
	free(s);
	queue_del(q);
}
END_TEST

/* ---- two threads ------------------------------------------------------------------------------------------------------------------- */

enum { BATCHES = 100000 };
struct stream {			/* one thread's */
	struct queue *q;
	unsigned me;
	uint64_t expected;	/* the next of its commands that the machine takes */
	atomic_ulong last;	/* where its latest command stands in the log, + 1 */
	atomic_uint wrong;	/* counted by this thread, and by whichever submits its commands */
	unsigned early;
	uint32_t answered;
};
struct both { struct stream stream[2]; unsigned answers; };

static void count_command(void *arg, const struct iovm_cmd *c)
{
	struct both *both = arg;
	struct stream *s;

	if (c->op == IOVM_CMD_ANSWER)
		both->stream[0].wrong += c->stream_id != both->answers++;
	if (c->op == IOVM_CMD_ANSWER || c->op == IOVM_CMD_FENCE)
		return;
	s = &both->stream[c->first >> 32];
	s->wrong += (uint32_t)c->first != s->expected++;
	atomic_store(&s->last, s->q->m.ncmds);
}

static void *send(void *arg)
{
	struct stream *s = arg;
	uint64_t seq = 0;
	struct iovm__batch batch;
	struct iovm_cmd cmd[3];

	for (unsigned i = 0; i < BATCHES; i++) {
		static const char *const kinds[] = { "ETA", "T", "TA", "E" };
		unsigned n = commands(s->q, cmd, kinds[(i + s->me) % 4], 0), k;

		for (k = 0; k < n; k++)
			cmd[k].first = (uint64_t)s->me << 32 | seq++;
		if (s->me == 0 && iovm__answers_room(s->q->iommu)) {
			const struct iovm_cmd a = { .op = IOVM_CMD_ANSWER, .stream_id = s->answered++ };

			iovm__answer_put(s->q->iommu, &a);
			iovm__answers_publish(s->q->iommu);
		}
		iovm__submit_post(s->q->iommu, &batch, cmd, n, i % 16 == 7);
		s->wrong += iovm__submit_wait(s->q->iommu, &batch) != 0;
		s->early += atomic_load(&s->last) > machine_done(&s->q->m) || s->expected != seq;
		memset(cmd, 0xdb, sizeof cmd);
		memset(&batch, 0xdb, sizeof batch);
	}
	return NULL;
}

START_TEST(two_threads)
{
	struct queue *q = queue_new();
	struct both both = { .stream = { { .q = q, .me = 0 }, { .q = q, .me = 1 } } };
	pthread_t thread;

	q->m.on_command = count_command;
	q->m.command_arg = &both;
	q->m.greedy = false;
	q->m.room = _i ? 7 : MACHINE_RING / 2;
	q->port.wait_limit = ~0u;
	ck_assert_int_eq(pthread_create(&thread, NULL, send, &both.stream[1]), 0);
	send(&both.stream[0]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	iovm__submit_pump(q->iommu);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(both.stream[i].wrong, 0);
		ck_assert_uint_eq(both.stream[i].early, 0);
		ck_assert_uint_eq(both.stream[i].expected, BATCHES / 4 * 7);
	}
	ck_assert_uint_eq(both.answers, both.stream[0].answered);
	ck_assert_uint_gt(both.answers, 0);
	queue_del(q);
}
END_TEST

static Suite *submit_suite(void)
{
	Suite *suite = suite_create("submit");
	TCase *one = tcase_create("one caller"), *two = tcase_create("two threads");

	tcase_add_test(one, one_fence_a_phase_for_everybody);
	tcase_add_test(one, empty_phases_fall_away);
	tcase_add_test(one, answers_go_first_and_have_no_fence);
	tcase_add_loop_test(one, every_size_of_the_queue, 1, 71);
	tcase_add_test(one, many_answers);
	tcase_add_loop_test(one, time_out_gives_the_batch_back, 0, 14);
	tcase_add_loop_test(one, time_out_at_the_end_of_the_list, 0, 6);
	tcase_add_test(one, time_out_while_the_fence_is_under_way);
	tcase_add_test(one, complete_in_the_last_turn_is_complete);
	tcase_add_test(one, alone_means_alone);
	tcase_add_test(one, an_atc_error_is_told_to_those_behind_that_fence);
	tcase_add_loop_test(one, a_dead_queue_fails_all_its_waiters, 1, 6);
	tcase_add_test(one, recovery_may_find_it_dead);
	tcase_add_test(one, a_turn_is_bounded);
	tcase_add_loop_test(two, two_threads, 0, 2);
	tcase_set_timeout(two, 120);
	suite_add_tcase(suite, one);
	suite_add_tcase(suite, two);
	return suite;
}

int main(void)
{
	return harness_main(submit_suite());
}
