/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue against a consumer that is told when to go on and what to dislike: nothing is lost, doubled or turned round at any size and any beginning; a
 * fence is complete when the SMMU says so, in each of its ways, and never before.
 */
#include "smmu_cmdq.h"

/* What was consumed as numbers from..., against what encode() makes of these commands, in order; SYNCs whatever they signal */
static unsigned long expect(struct rig *r, unsigned long from, const struct iovm_cmd *cmd, unsigned n)
{
	uint64_t w[2];
	unsigned i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < iovm__smmu_encode_count(r->s, &cmd[i]); k++, from++) {
			const uint64_t *is = r->m->log[from % LOG];

			must(from < r->m->count, "command %lu is missing", from);
			iovm__smmu_encode(r->s, &cmd[i], k, w);
			if (cmd[i].op == IOVM_CMD_FENCE)
				must((is[0] & 0xff) == 0x46, "%#llx is no SYNC", (unsigned long long)is[0]);
			else
				must(is[0] == w[0] && is[1] == w[1], "command %lu is %#llx, not %#llx", from, (unsigned long long)is[0], (unsigned long long)w[0]);
		}
	return from;
}

/* ---- in, and through ------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_fence_in_each_way)
{
	struct rig r = rig_new(4, (unsigned)_i);
	unsigned long a = submit(&r, "TTF"), b = submit(&r, "EF");
	unsigned looks = r.m->cons_reads;
	const uint64_t *sync;

	ck_assert_int_eq(reached(&r, a), 0);
	mock_run(r.m, 2);
	ck_assert_int_eq(reached(&r, a), 0);
	mock_run(r.m, 1);
	ck_assert_int_eq(reached(&r, a), 1);
	ck_assert_int_eq(reached(&r, b), 0);
	mock_run(r.m, 2);
	ck_assert_int_eq(reached(&r, b), 1);
	ck_assert_int_eq(reached(&r, a), 1);
	sync = r.m->log[(a - 1 + r.base) % LOG];
	ck_assert_uint_eq(sync[0] >> 12 & 3, _i == IOVM_SMMUV3_SYNC_CONS ? 0 : 1);
	ck_assert_uint_eq(r.m->interrupts, _i == IOVM_SMMUV3_SYNC_IRQ ? 2 : 0);
	ck_assert_uint_eq(r.m->msis, _i == IOVM_SMMUV3_SYNC_MSI ? 2 : 0);
	if (_i == IOVM_SMMUV3_SYNC_MSI) {
		ck_assert_uint_eq(r.m->cons_reads, looks);	/* that is what it is for */
		ck_assert_uint_eq(sync[0] >> 32, (uint32_t)a);
		ck_assert_uint_eq(sync[0] & 0xfffffff, 0x0fc01046);
	}
	rig_del(&r);
}
END_TEST

/* Several turns round the ring, from before the corner of the numbers; tickets stay true whoever asks late */
START_TEST(round_the_ring_and_the_corner)
{
	static const unsigned long begins[] = { 6, ULONG_MAX - 20, ULONG_MAX / 2 - 20, UINT32_MAX - 20 };
	unsigned begin, i;

	for (begin = 0; begin < 4; begin++) {
		struct rig r = rig_new(2, (unsigned)_i);
		unsigned long ticket[50], first;

		begin_at(&r, begins[begin]);
		first = r.m->count;
		for (i = 0; i < 50; i++) {
			ticket[i] = submit(&r, i & 1 ? "TF" : "EAF");
			ck_assert_int_eq(reached(&r, ticket[i]), 0);
			mock_run(r.m, i & 1 ? 2 : 3);
			ck_assert_int_eq(reached(&r, ticket[i]), 1);
		}
		for (i = 0; i < 50; i++)
			ck_assert_int_eq(reached(&r, ticket[i]), 1);
		ck_assert_uint_eq(r.m->count - first, 125);
		rig_del(&r);
	}
}
END_TEST

/* Offer text until it is taken; the SMMU does a step when nothing was, or when chance says so. Returns what submit() returned for each offer, summed up */
static unsigned offer(struct rig *r, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket, unsigned *seed)
{
	unsigned done = 0, turns = 0;
	int taken;

	while (done < n) {
		unsigned most = 1 + (unsigned)rand_r(seed) % (n - done);

		taken = iovm__smmu_submit(r->s, cmd + done, most, ticket);
		must(taken >= 0 && (unsigned)taken <= most, "submit says %d", taken);
		done += (unsigned)taken;
		if (!taken || rand_r(seed) % 4 == 0)
			mock_run(r->m, 1 + (unsigned)rand_r(seed) % 3);
		must(++turns < 10000, "it never fits");
	}
	return done;
}

START_TEST(every_size_of_the_queue)
{
	static const char *texts[] = { "W", "WF", "RRSTTLEWFAF", "LLLF", "TTTTTTTTTTTTTTTTF", "EF", "F", "RR", "WWWF" };
	struct rig r = rig_new(1 + (unsigned)_i % 5, (unsigned)_i / 5);
	unsigned seed = (unsigned)_i, i, n;
	unsigned long from = r.m->count, ticket = 0;

	r.m->lag = (unsigned)_i % 4;
	for (i = 0; i < 300; i++) {
		const char *text = texts[rand_r(&seed) % (sizeof texts / sizeof texts[0])];
		struct iovm_cmd cmd[64];
		unsigned k;

		n = commands(cmd, text);
		offer(&r, cmd, n, &ticket, &seed);
		k = (unsigned)(load_rlx(&r.s->cmdq.prod) + r.base - r.m->count);
		if (text[n - 1] == 'F' && k)
			ck_assert_int_eq(reached(&r, ticket), 0);
		mock_run(r.m, ~0u);
		if (text[n - 1] == 'F')		/* nobody asks about another command */
			ck_assert_int_eq(reached(&r, ticket), 1);
		ck_assert_uint_eq(ticket + r.base, r.m->count);
		from = expect(&r, from, cmd, n);
		ck_assert_uint_eq(from, r.m->count);
	}
	rig_del(&r);
}
END_TEST

/* A full queue takes nothing, says so without an error, and does not touch what is in it */
START_TEST(full)
{
	struct rig r = rig_new(2, IOVM_SMMUV3_SYNC_CONS);
	struct iovm_cmd cmd[8];
	unsigned n = commands(cmd, "TTTTTTTT");
	unsigned long ticket = 0;

	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd, n, &ticket), 4);
	ck_assert_uint_eq(ticket + r.base, r.m->count + 4);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 4, 4, &ticket), 0);
	mock_run(r.m, 1);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 4, 4, &ticket), 1);
	mock_error(r.m, ERR_PRIQ);	/* of another kind */
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 5, 3, &ticket), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 5, 3, &ticket), 3);
	rig_del(&r);
}
END_TEST

START_TEST(registers_are_left_alone)
{
	struct rig r = rig_new(4, IOVM_SMMUV3_SYNC_CONS);
	unsigned long ticket = submit(&r, "TTTTF");
	unsigned reads;

	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, ticket), 1);
	reads = r.m->reads;
	r.m->nwrites = 0;
	submit(&r, "TTTTTTTTTTTTTTTF");	/* there is room for sixteen, and that is known */
	ck_assert_uint_eq(r.m->reads, reads);
	ck_assert_uint_eq(r.m->nwrites, 1);	/* one doorbell */
	ck_assert_int_eq(reached(&r, ticket), 1);
	ck_assert_uint_eq(r.m->reads, reads);
	rig_del(&r);
}
END_TEST

/* ---- a reader who is held up ------------------------------------------------------------------------------------------------------------- */

static struct rig *held;
static unsigned held_laps;

/* Between his look at the bound and the register's answer the queue goes round */
static uint32_t held_read(void *regs, uint32_t offset)
{
	unsigned i;

	if (offset == CMDQ_CONS && held) {
		struct rig *r = held;

		held = NULL;
		for (i = 0; i < held_laps; i++) {
			mock_run(r->m, ~0u);
			submit(r, i & 1 ? "TTF" : "F");
		}
	}
	return mock_read(regs, offset);
}

START_TEST(a_reader_who_is_held_up)
{
	struct rig r = rig_new(2, IOVM_SMMUV3_SYNC_CONS);
	unsigned laps;

	r.s->config.read32 = held_read;
	for (laps = 0; laps < 20; laps++) {
		unsigned long ticket = submit(&r, "TF"), cons;

		held = &r;
		held_laps = laps;
		(void)reached(&r, ticket);
		cons = load_rlx(&r.s->cmdq.cons);
		must((long)(r.m->count - (cons + r.base)) >= 0, "%lu are said to be consumed, %lu are", cons + r.base, r.m->count);
		mock_run(r.m, ~0u);
		ck_assert_int_eq(reached(&r, ticket), 1);
		ck_assert_int_eq(reached(&r, load_rlx(&r.s->cmdq.prod)), 1);
	}
	rig_del(&r);
}
END_TEST

/* ---- switched off ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(off_and_on)
{
	struct rig r = rig_new(2, (unsigned)_i);
	struct iovm_cmd cmd[32];
	unsigned n = commands(cmd, "WWTTLF");
	unsigned long before = submit(&r, "TF"), part = 0, ticket = 0;

	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd, n, &part), 0);	/* two of sixteen fit */
	ck_assert_int_eq(iovm_smmuv3_disable(r.h->iommu), 0);
	ck_assert_int_eq(reached(&r, before), 1);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd, n, &ticket), (int)n);
	ck_assert_int_eq(reached(&r, ticket), 1);
	ck_assert_int_eq(recover(&r), 0);
	r.m->stepwise = false;
	ck_assert_int_eq(iovm_smmuv3_enable(r.h->iommu), 0);
	r.m->stepwise = true;
	ck_assert_int_eq(reached(&r, before), 1);
	ck_assert_int_eq(reached(&r, ticket), 1);
	ticket = submit(&r, "TTF");
	ck_assert_int_eq(reached(&r, ticket), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, ticket), 1);
	rig_del(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_cmdq");
	TCase *t = tcase_create("queue");

	tcase_add_loop_test(t, a_fence_in_each_way, 0, 3);
	tcase_add_loop_test(t, round_the_ring_and_the_corner, 0, 3);
	tcase_add_loop_test(t, every_size_of_the_queue, 0, 15);
	tcase_add_test(t, full);
	tcase_add_test(t, registers_are_left_alone);
	tcase_add_test(t, a_reader_who_is_held_up);
	tcase_add_loop_test(t, off_and_on, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
