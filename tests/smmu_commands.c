/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue beside others: who asks while commands are consumed and submitted, by chance and at the worst moments, never hears of more than was consumed; a
 * completion word that is lost completes nothing. And what encoding does where a range would take too many commands, or an STE changed along with a CD.
 */
#include "smmu_cmdq.h"
#include <sched.h>

/* ---- words ------------------------------------------------------------------------------------------------------------------------------ */

/* More than anybody asks for: one command, and nothing is left out */
START_TEST(too_many_commands_are_one)
{
	struct iovm__smmu s = { .features = { .no_range_tlbi = _i ? "none" : NULL } };
	const unsigned bits = _i ? 32 : 48;	/* what is still said in ranges, or page by page */
	struct iovm_cmd c = { .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .asid = 0x1234, .first = 0x1000, .last = UINT64_MAX };
	uint64_t w[2];

	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 1);
	iovm__smmu_encode(&s, &c, 0, w);
	ck_assert(w[0] == 0x1234000000000011 && !w[1]);
	c.format = IOVM_TABLE_AARCH64_S2;
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 1);
	iovm__smmu_encode(&s, &c, 0, w);
	ck_assert(w[0] == 0x0000123400000028 && !w[1]);
	c = (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .asid = 1, .last = (1ull << bits) - 1 };
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), _i ? 1u << 20 : 1);
	iovm__smmu_encode(&s, &c, 0, w);
	ck_assert_uint_eq(w[0] & 0xff, 0x12);
	c.last++;
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 1);
	iovm__smmu_encode(&s, &c, 0, w);
	ck_assert_uint_eq(w[0] & 0xff, 0x11);
}
END_TEST

START_TEST(an_ste_that_changed_along_is_told)
{
	struct iovm__smmu_table table = { 0 };
	struct iovm_function fn = { .stream_ids = ids, .nstream_ids = 16, .priv = &table };
	struct iovm_cmd c = { .op = IOVM_CMD_ENTRY, .pasid = 0x12345, .fn = &fn };
	struct iovm__smmu s = { 0 };
	uint64_t w[2];
	unsigned i, restless;

	for (restless = 0; restless < 2; restless++) {
		store_rel(&table.restless, restless);
		ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 16);
		for (i = 0; i < 16; i++) {
			iovm__smmu_encode(&s, &c, i, w);
			ck_assert(w[0] == ((uint64_t)ids[i] << 32 | (restless ? 3 : 0x12345005)) && !w[1]);
		}
	}
}
END_TEST

/* ---- the worst moments --------------------------------------------------------------------------------------------------------------------- */

static struct { struct rig *r; unsigned n; bool behind; unsigned seed; } held;

static void meanwhile(struct rig *r)
{
	struct iovm_cmd c;
	unsigned long ticket;
	unsigned i;

	for (i = 0; i < held.n; i++) {
		commands(&c, rand_r(&held.seed) % 4 ? "T" : "F");
		if (iovm__smmu_submit(r->s, &c, 1, &ticket) == 0 || rand_r(&held.seed) % 2)
			mock_run(r->m, 1);
	}
}

/* Laps go by before the register is looked at, or behind it */
static uint32_t held_read(void *regs, uint32_t offset)
{
	struct rig *r = offset == CMDQ_CONS ? held.r : NULL;
	uint32_t value;

	if (r)
		held.r = NULL;
	if (r && !held.behind)
		meanwhile(r);
	value = mock_read(regs, offset);
	if (r && held.behind)
		meanwhile(r);
	return value;
}

START_TEST(who_is_held_up_never_counts_too_much)
{
	struct rig r = rig_new(2, IOVM_SMMUV3_SYNC_CONS);
	unsigned long ticket;
	unsigned i, answers[2] = { 0 };
	struct iovm_cmd c;
	int told;

	r.s->config.read32 = held_read;
	commands(&c, "F");
	held.seed = 5;
	held.behind = _i;
	for (i = 0; i < 20000; i++) {
		while (iovm__smmu_submit(r.s, &c, 1, &ticket) == 0)
			mock_run(r.m, 1 + (unsigned)rand_r(&held.seed) % 3);
		mock_run(r.m, (unsigned)rand_r(&held.seed) % 5);
		held.n = (unsigned)rand_r(&held.seed) % 20;
		held.r = &r;
		told = reached(&r, ticket);
		held.r = NULL;
		must(told >= 0 && (!told || r.m->count - r.base >= ticket), "%lu is said to be complete", ticket);
		must(r.m->count - r.base >= load_rlx(&r.s->cmdq.cons), "the bound is beyond what was consumed");
		answers[told]++;
	}
	ck_assert_uint_gt(answers[0], 500);
	ck_assert_uint_gt(answers[1], 500);
	rig_del(&r);
}
END_TEST

/* ---- by chance ------------------------------------------------------------------------------------------------------------------------------- */

static struct { struct rig *r; pthread_mutex_t registers; atomic_ulong consumed, ticket; atomic_bool stop; } shared = { .registers = PTHREAD_MUTEX_INITIALIZER };

static uint32_t shared_read(void *regs, uint32_t offset)
{
	uint32_t value;

	pthread_mutex_lock(&shared.registers);
	value = mock_read(regs, offset);
	pthread_mutex_unlock(&shared.registers);
	return value;
}

static void shared_write(void *regs, uint32_t offset, uint32_t value)
{
	pthread_mutex_lock(&shared.registers);
	mock_write(regs, offset, value);
	pthread_mutex_unlock(&shared.registers);
}

static void *consumer(void *arg)
{
	unsigned seed = 5, n;

	while (!load_acq(&shared.stop)) {
		n = (unsigned)rand_r(&seed) % 5;
		while (n--) {
			pthread_mutex_lock(&shared.registers);
			mock_run(shared.r->m, 1);
			store_rel(&shared.consumed, shared.r->m->count - shared.r->base);
			pthread_mutex_unlock(&shared.registers);
		}
		if (rand_r(&seed) % 2)
			sched_yield();
	}
	return NULL;
}

static void *asker(void *arg)
{
	unsigned long *answers = arg;

	while (!load_acq(&shared.stop)) {
		unsigned long ticket = load_acq(&shared.ticket);
		int told = ticket ? reached(shared.r, ticket) : 0;

		if (told && shared.r->s->cmdq.done)	/* the word is written before the mock counts */
			pthread_mutex_lock(&shared.registers), pthread_mutex_unlock(&shared.registers);
		must(told >= 0 && (!told || load_acq(&shared.consumed) >= ticket), "%lu is said to be complete", ticket);
		answers[told]++;
		if (!told)
			sched_yield();
	}
	return NULL;
}

START_TEST(asked_beside_a_consumer)
{
	struct rig r = rig_new(3, (unsigned)_i);
	unsigned long answers[2][2] = { { 0 } }, ticket = 0, total = 0;
	struct iovm_cmd c[3];
	pthread_t thread[3];
	unsigned i, at = 0;

	r.s->config.read32 = shared_read;
	r.s->config.write32 = shared_write;
	shared.r = &r;
	shared.stop = false;
	shared.ticket = 0;
	shared.consumed = r.m->count - r.base;
	commands(c, "TTF");
	pthread_create(&thread[0], NULL, consumer, NULL);
	pthread_create(&thread[1], NULL, asker, answers[0]);
	pthread_create(&thread[2], NULL, asker, answers[1]);
	for (i = 0; i < 4000000 && total < 9000; i++) {
		int n = iovm__smmu_submit(r.s, c + at, 3 - at, &ticket);

		must(n >= 0, "submit says %d", n);
		total += (unsigned)n;
		at = (at + (unsigned)n) % 3;
		if (n && !at)
			store_rel(&shared.ticket, ticket);
		if (!n)
			sched_yield();
	}
	store_rel(&shared.stop, true);
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	mock_run(r.m, ~0u);
	ck_assert_uint_eq(total, r.m->count - r.base - 6);	/* every one, once */
	ck_assert_uint_ge(total, 9000);
	r.s->config.read32 = mock_read;
	r.s->config.write32 = mock_write;
	rig_del(&r);
}
END_TEST

/* A word that never comes completes nothing, however often the queue goes round; a later one that does come, all before it */
START_TEST(a_word_that_is_lost)
{
	struct rig r = rig_new(2, IOVM_SMMUV3_SYNC_MSI);
	unsigned long lost, next;

	r.m->msi_lost = true;
	lost = submit(&r, "TF");
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, lost), 0);
	submit(&r, "TF");
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, lost), 0);
	r.m->msi_lost = false;
	next = submit(&r, "F");
	ck_assert_int_eq(reached(&r, next), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, next), 1);
	ck_assert_int_eq(reached(&r, lost), 1);
	rig_del(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_commands");
	TCase *words = tcase_create("words"), *beside = tcase_create("beside");

	tcase_add_loop_test(words, too_many_commands_are_one, 0, 2);
	tcase_add_test(words, an_ste_that_changed_along_is_told);
	tcase_add_loop_test(beside, who_is_held_up_never_counts_too_much, 0, 2);
	tcase_add_loop_test(beside, asked_beside_a_consumer, 0, 3);
	tcase_add_test(beside, a_word_that_is_lost);
	tcase_set_timeout(beside, 120);
	suite_add_tcase(s, words);
	suite_add_tcase(s, beside);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
