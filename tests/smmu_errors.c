/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the core makes of an SMMU that dislikes commands, fails, or is gone: two callers share a fence, and only the guilty one hears of it in the end; the host is told once of
 * each error, by the servicer, whoever dealt with it; and an index that cannot be true completes nothing.
 */
#include "smmu_mock.h"
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"
#include "iommu/iommu.h"

enum { GUILTY = 7, INNOCENT = 8 };	/* StreamIDs, ASIDs */
static const uint32_t ids[2] = { GUILTY, INNOCENT };
static const struct iovm_function fn[2] = { { .stream_ids = ids, .nstream_ids = 1 }, { .stream_ids = ids + 1, .nstream_ids = 1 } };

static struct mock_host *host_new(unsigned log2, unsigned sync)
{
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);

	config.cmdq_log2 = (uint8_t)log2;
	config.sync = (uint8_t)sync;
	ck_assert_int_eq(mock_host_add(h, &config), 0);
	h->m.stepwise = true;
	return h;
}

/* ---- two callers ---------------------------------------------------------------------------------------------------------------------- */

static struct { struct mock_host *h; unsigned op, code; bool lost, seen; unsigned errors, slot; } scene;	/* slot: of the guilty command, when it came first */

static const uint64_t *next_command(void)
{
	struct mock *m = &scene.h->m;
	uint64_t base = ((uint64_t)m->reg[CMDQ_BASE / 4 + 1] << 32 | m->reg[CMDQ_BASE / 4]) & 0x00ffffffffffffe0;

	return (const uint64_t *)mock_memory(base) + 2 * (m->cons & ((1u << (m->reg[CMDQ_BASE / 4] & 31)) - 1));
}

/* One command. The guilty one's is illegal, whenever it comes; or it is an ATC_INV that gets no answer, and the next SYNC says so, once; or it cannot be fetched, once */
static void step(void *arg, unsigned turn)
{
	struct mock *m = &scene.h->m;
	const uint64_t *w = next_command();
	unsigned op = w[0] & 0xff, sid = (unsigned)(w[0] >> 32), asid = (unsigned)(w[0] >> 48);
	bool his = op == scene.op && (op == 0x12 ? asid : sid) == GUILTY;
	bool blame = scene.code == ATC_SYNC ? scene.lost && op == 0x46 : his && !(scene.code == ABT && scene.errors);
	unsigned long before = m->count;

	if (mock_active(m))
		return;
	if (his && !scene.seen)
		scene.slot = m->cons & ((1u << (m->reg[CMDQ_BASE / 4] & 31)) - 1);
	scene.seen |= his;
	if (blame) {
		m->fail_at = m->count;
		m->fail_code = scene.code;
		m->fail_times = 1;
	}
	mock_run(m, 1);
	if (mock_active(m)) {
		scene.errors++;
		scene.lost = false;
	} else if (m->count != before && scene.code == ATC_SYNC && his) {
		scene.lost = true;
	}
}

static void commands(struct iovm_cmd *c, unsigned whose)	/* an entry, its translations, the device's own */
{
	c[0] = (struct iovm_cmd){ .op = IOVM_CMD_ENTRY, .pasid = 5, .fn = &fn[whose] };
	c[1] = (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .pasid = 5, .asid = ids[whose], .first = 0x1000, .last = 0x1fff };
	c[2] = (struct iovm_cmd){ .op = IOVM_CMD_ATC, .pasid = 5, .first = 0, .last = UINT64_MAX, .fn = &fn[whose] };
}

/* What comes next stands in this slot of the ring */
static void begin_at(struct mock_host *h, unsigned slot, unsigned mask)
{
	const struct iovm_cmd fence = { .op = IOVM_CMD_FENCE, .pasid = IOVM_NO_PASID };
	unsigned long ticket;

	while ((h->m.cons & mask) != (slot & mask)) {
		ck_assert_int_eq(iovm__smmu_submit(h->smmu, &fence, 1, &ticket), 1);
		mock_run(&h->m, 1);
	}
}

static void two_callers(unsigned log2, unsigned sync, unsigned op, unsigned code, bool guilty_first, unsigned begin)
{
	int guilty = code == ATC_SYNC ? IOVM_E_ATC : code == ILL ? IOVM_E_HARDWARE : 0;	/* a fetch is tried again, and nobody hears */
	struct mock_host *h = host_new(log2, sync);
	struct iovm_cmd cmd[2][3];
	struct iovm__batch batch[2];
	unsigned i, turn[2] = { 0 };
	int err[2];

	memset(&scene, 0, sizeof scene);
	scene.h = h;
	scene.op = op;
	scene.code = code;
	begin_at(h, begin, (1u << log2) - 1);
	h->port.on_wait = step;
	h->port.wait_limit = 500;
	for (i = 0; i < 2; i++) {
		unsigned who = guilty_first ? i : 1 - i;

		commands(cmd[who], who);
		iovm__submit_post(h->iommu, &batch[who], cmd[who], 3, false);
	}
	for (i = 0; i < 2; i++) {
		unsigned who = guilty_first ? i : 1 - i;

		err[who] = iovm__submit_settle(h->iommu, &batch[who], &turn[who]);
	}
	must(err[0] == guilty, "the guilty one hears %d", err[0]);
	must(err[1] == 0, "the innocent one hears %d", err[1]);
	ck_assert_uint_eq(scene.errors, code == ILL ? 4 : code == ATC_SYNC ? 2 : 1);	/* together, and alone; what is illegal is tried twice */
	ck_assert_uint_eq(load_rlx(&h->smmu->count.gerror[0]), scene.errors);
	h->port.on_wait = NULL;
	h->m.stepwise = false;
	mock_run(&h->m, ~0u);
	mock_host_del(h);
}

START_TEST(the_guilty_hears_and_the_innocent_does_not)
{
	static const struct { unsigned op, code; } what[] = { { 0x05, ILL }, { 0x12, ILL }, { 0x40, ILL }, { 0x40, ATC_SYNC } };
	unsigned log2;

	for (log2 = 1; log2 < 5; log2++)
		two_callers(log2, (unsigned)_i / 8, what[_i % 4].op, what[_i % 4].code, _i / 4 % 2, 6);
}
END_TEST

/*
 * The two share a round of two commands and a fence a phase. Whoever is guilty of one of the six, and of whichever error: his command stands in the first slot of the ring, behind
 * the wrap of the others, in the middle, in the last, so that the rest wraps, and in the second.
 */
START_TEST(an_error_in_any_slot)
{
	static const struct { unsigned op, at; } commands_of[] = { { 0x05, 0 }, { 0x12, 3 }, { 0x40, 6 } };
	static const unsigned codes[] = { ILL, ABT, ATC_SYNC }, slots[] = { 0, 7, 15, 1 };
	unsigned code = codes[_i % 3], which, first, sync;

	for (which = code == ATC_SYNC ? 2 : 0; which < 3; which++)
		for (first = 0; first < 2; first++)
			for (sync = 0; sync < 3; sync++) {
				two_callers(4, sync, commands_of[which].op, code, first, 32 + slots[_i / 3] - commands_of[which].at - !first);
				ck_assert_uint_eq(scene.slot, slots[_i / 3] & 15);
			}
}
END_TEST

/* ---- what the host is told ------------------------------------------------------------------------------------------------------------------ */

static struct { unsigned what[IOVM_IOMMU_ERROR + 1], code[32]; } told;

/* The port keeps the last notice only: look after each dispatch, which tells at most one here */
static void dispatch(struct mock_host *h, int result)
{
	unsigned before[IOVM_IOMMU_ERROR + 1], i, n = 0;

	memcpy(before, h->port.notices, sizeof before);
	ck_assert_int_eq(port_dispatch(h->iommu, 1, 8), result);
	for (i = 0; i <= IOVM_IOMMU_ERROR; i++)
		n += h->port.notices[i] - before[i];
	ck_assert_uint_le(n, 1);
	if (!n)
		return;
	told.what[h->port.notice.what]++;
	if (h->port.notice.what == IOVM_IOMMU_ERROR)
		told.code[h->port.notice.code % 32]++;
}

START_TEST(each_error_is_told_once)
{
	static const unsigned bits[] = { 0, 2, 3, 4, 5, 6, 7, 9, 10 };
	struct mock_host *h = host_new(4, IOVM_SMMUV3_SYNC_CONS);
	struct iovm_smmuv3_stats stats = { .size = sizeof stats };
	unsigned i, k, round;

	for (round = 1; round < 4; round++)
		for (i = 0; i < sizeof bits / sizeof bits[0]; i++) {
			memset(&told, 0, sizeof told);
			mock_error(&h->m, 1u << bits[i]);
			if (round == 2)		/* whoever deals with it: the servicer tells */
				iovm__submit_recover(h->iommu);
			for (k = 0; k < 5; k++)
				dispatch(h, 0);
			ck_assert_uint_eq(mock_active(&h->m), 0);
			ck_assert_uint_eq(told.what[IOVM_EVENTS_LOST], bits[i] == 2);
			ck_assert_uint_eq(told.what[IOVM_IOMMU_ERROR], bits[i] != 2 && bits[i] != 0);
			ck_assert_uint_eq(told.code[bits[i]], bits[i] != 2 && bits[i] != 0);
			ck_assert_uint_eq(told.what[IOVM_IOMMU_DEAD], 0);
			iovm_smmuv3_stats(h->iommu, &stats);
			for (k = 0; k < 11; k++)
				ck_assert_uint_eq(stats.gerror[k], k == 1 || k == 8 ? 0 : round - (k > bits[i]));
		}
	mock_host_del(h);
}
END_TEST

/* Service failure, and nothing there any more: the servicer finds it, or whoever waits; nobody waits for long, and it is told once */
START_TEST(dead_is_told_once)
{
	struct mock_host *h = host_new(4, (unsigned)_i / 4);
	struct iovm_cmd cmd[2][3];
	struct iovm__batch batch[2];
	unsigned i, turn = 0;

	memset(&told, 0, sizeof told);
	commands(cmd[0], 0);
	commands(cmd[1], 1);
	iovm__submit_post(h->iommu, &batch[0], cmd[0], 3, false);
	iovm__submit_pump(h->iommu);
	if (_i % 2)
		h->m.gone = true;
	else
		mock_error(&h->m, ERR_SFM);
	if (_i / 2 % 2)
		dispatch(h, IOVM_E_DEAD);
	ck_assert_int_eq(iovm__submit_settle(h->iommu, &batch[0], &turn), IOVM_E_DEAD);
	ck_assert_uint_lt(atomic_load(&h->port.waits), 3);
	iovm__submit_post(h->iommu, &batch[1], cmd[1], 3, false);
	turn = 0;
	ck_assert_int_eq(iovm__submit_settle(h->iommu, &batch[1], &turn), IOVM_E_DEAD);
	for (i = 0; i < 4; i++)
		dispatch(h, IOVM_E_DEAD);
	ck_assert_uint_le(told.what[IOVM_IOMMU_DEAD], 1);
	ck_assert_uint_eq(load_rlx(&h->smmu->count.gerror[8]), !(_i % 2));
	h->m.gone = false;
	mock_host_del(h);
}
END_TEST

/* ---- indices that cannot be -------------------------------------------------------------------------------------------------------------------- */

static struct iovm_cmd tlb(uint32_t asid)
{
	return (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .pasid = IOVM_NO_PASID, .asid = asid, .first = 0x1000, .last = 0x1fff };
}

/* From every place of the ring: an index outside of what was submitted completes nothing and makes no room; bits that are none of the index count for nothing */
START_TEST(an_index_that_cannot_be)
{
	struct mock_host *h = host_new(3, IOVM_SMMUV3_SYNC_CONS);
	struct iovm_cmd c[9] = { tlb(1), tlb(2), { .op = IOVM_CMD_FENCE } }, one = tlb(3);
	uint32_t *cons = &h->m.reg[CMDQ_CONS / 4], wrong;
	unsigned long ticket = 0, other;
	unsigned lap, i;

	for (lap = 0; lap < 33; lap++) {
		const uint32_t from = h->m.cons;

		ck_assert_int_eq(iovm__smmu_submit(h->smmu, c, 3, &ticket), 3);
		for (wrong = 0; wrong < 16; wrong++) {
			if (((wrong - from) & 15) <= 3)
				continue;
			*cons = wrong;
			ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 0);
		}
		*cons = UINT32_MAX;
		ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 0);
		*cons = from | 0x7ff00000;	/* an old code stays there */
		ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 0);
		for (i = 3; i < 8; i++)
			ck_assert_int_eq(iovm__smmu_submit(h->smmu, &one, 1, &other), 1);
		*cons = from ^ 1 ? (from + 12) & 15 : 12;	/* behind all that there is, by less than a lap */
		ck_assert_int_eq(iovm__smmu_submit(h->smmu, &one, 1, &other), 0);
		mock_run(&h->m, ~0u);
		*cons |= 0x7ff00000;
		ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 1);
		mock_run(&h->m, ~0u);
		*cons = h->m.cons;
		if (lap % 2) {		/* move on by an odd number */
			ck_assert_int_eq(iovm__smmu_submit(h->smmu, &one, 1, &other), 1);
			mock_run(&h->m, ~0u);
		}
	}
	mock_host_del(h);
}
END_TEST

/* An error at a place where there is no command of ours, with any code: no command is touched, and it ends */
START_TEST(an_error_at_no_command)
{
	struct mock_host *h = host_new(3, IOVM_SMMUV3_SYNC_CONS);
	unsigned long count = h->m.count, ticket = 0;
	struct iovm_blame blame;
	struct iovm_cmd c = { .op = IOVM_CMD_FENCE };
	unsigned i;

	for (i = 0; i < 3; i++) {	/* nothing was submitted: whatever it says, it is acknowledged */
		h->m.reg[CMDQ_CONS / 4] = h->m.cons | (uint32_t)_i << 24;
		mock_error(&h->m, ERR_CMDQ);
		ck_assert_int_eq(iovm__smmu_recover(h->smmu, &blame), 0);
		ck_assert_uint_eq(mock_active(&h->m), 0);
	}
	h->m.reg[CMDQ_CONS / 4] = h->m.cons;
	ck_assert_int_eq(iovm__smmu_submit(h->smmu, &c, 1, &ticket), 1);
	mock_run(&h->m, ~0u);
	ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 1);
	ck_assert_uint_eq(h->m.count, count + 1);
	for (i = 0; i < 50; i++) {	/* one that stays is no reason to go on for ever */
		mock_error(&h->m, ERR_CMDQ);
		if (iovm__smmu_recover(h->smmu, &blame) == IOVM_E_DEAD)
			break;
	}
	ck_assert_uint_lt(i, 5);
	mock_host_del(h);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_errors");
	TCase *callers = tcase_create("callers"), *host = tcase_create("told"), *indices = tcase_create("indices");

	tcase_add_loop_test(callers, the_guilty_hears_and_the_innocent_does_not, 0, 24);
	tcase_add_loop_test(callers, an_error_in_any_slot, 0, 12);
	tcase_add_test(host, each_error_is_told_once);
	tcase_add_loop_test(host, dead_is_told_once, 0, 12);
	tcase_add_test(indices, an_index_that_cannot_be);
	tcase_add_loop_test(indices, an_error_at_no_command, 0, 8);
	suite_add_tcase(s, callers);
	suite_add_tcase(s, host);
	suite_add_tcase(s, indices);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
