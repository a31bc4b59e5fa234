/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Errors of the command queue, and GERROR (IHI 0070 7.1, 7.5): of a command that the SMMU dislikes the guilty fence hears and no other, everything else is carried
 * out; every error is counted once and acknowledged alone; what cannot be mended is dead, and nothing is ever complete by mistake.
 */
#include "smmu_cmdq.h"

/* Each command of three fences' worth in turn is disliked, at each place of the ring: its fence fails, the others do not, and everything else is carried out */
START_TEST(the_guilty_fence_fails)
{
	static const char *texts[] = { "ELF", "TTATF", "RASTF" };
	const int code = _i ? ATC_SYNC : ILL, error = _i ? IOVM_E_ATC : IOVM_E_HARDWARE;
	unsigned place, at, k;

	for (place = 0; place < 32; place++)
		for (at = 0; at < 14; at++) {
			struct rig r = rig_new(4, place % 3);
			unsigned long first, ticket[3], from = 0;
			bool answer;

			begin_at(&r, 6 + place);
			first = r.m->count;
			for (k = 0; k < 3; k++) {
				ticket[k] = submit(&r, texts[k]);
				from = from || ticket[k] + r.base - first <= at ? from : ticket[k];	/* the fence at or behind it */
			}
			ck_assert_uint_eq(ticket[2] + r.base - first, 14);
			answer = at == 9 || at == 11;
			if (code == ATC_SYNC)
				at = (unsigned)(from + r.base - first) - 1;	/* a SYNC says so, not the ATC_INV */
			r.m->fail_at = first + at;
			r.m->fail_code = (unsigned)code;
			r.m->fail_times = code == ILL ? 2 : 1;
			mock_run(r.m, ~0u);
			ck_assert_int_eq(reached(&r, from), IOVM_E_STOPPED);
			if (code == ILL) {	/* once more, as it is */
				ck_assert_int_eq(recover(&r), 0);
				mock_run(r.m, ~0u);
			}
			ck_assert_int_eq(recover(&r), 1);
			ck_assert_int_eq(r.blame.error, error);
			ck_assert_int_eq(reached(&r, r.blame.fence), error);
			mock_run(r.m, ~0u);
			ck_assert_uint_eq(r.m->count, first + 14);
			for (k = 0; k < 3; k++)
				ck_assert_int_eq(reached(&r, ticket[k]), ticket[k] == from && !(answer && code == ILL) ? error : 1);
			if (!(answer && code == ILL))
				ck_assert_uint_eq(r.blame.fence, from);
			ck_assert_uint_eq(r.m->log[r.m->fail_at % LOG][0] & 0xff, 0x46);	/* in an illegal one's place */
			ck_assert_uint_eq(load_rlx(&r.s->count.ill), code == ILL ? 2 : 0);
			ck_assert_uint_eq(load_rlx(&r.s->count.atc), code == ATC_SYNC);
			ck_assert_uint_eq(load_rlx(&r.s->count.gerror[0]), code == ILL ? 2 : 1);
			rig_del(&r);
		}
}
END_TEST

START_TEST(whose_it_was)
{
	static const struct { const char *text; unsigned at; uint32_t stream; } is[] = {
		{ "EF", 0, 1 }, { "TF", 0, UINT32_MAX }, { "AF", 0, 1 }, { "WF", 4, 5 }, { "RF", 0, 70 }, { "SF", 0, 80 }, { "TF", 1, UINT32_MAX },
	};
	unsigned i;

	for (i = 0; i < sizeof is / sizeof is[0]; i++) {
		struct rig r = rig_new(5, IOVM_SMMUV3_SYNC_CONS);

		r.m->fail_at = r.m->count + is[i].at;
		r.m->fail_code = ILL;
		r.m->fail_times = 2;
		submit(&r, is[i].text);
		mock_run(r.m, ~0u);
		ck_assert_int_eq(recover(&r), 0);
		mock_run(r.m, ~0u);
		ck_assert_int_eq(recover(&r), 1);
		ck_assert_uint_eq(r.blame.stream_id, is[i].stream);
		mock_run(r.m, ~0u);
		rig_del(&r);
	}
}
END_TEST

/* Nothing is given up because it was read wrong once */
START_TEST(a_command_that_was_read_wrong)
{
	struct rig r = rig_new(4, IOVM_SMMUV3_SYNC_CONS);

	r.m->fail_at = r.m->count;
	r.m->fail_code = ILL;
	r.m->fail_times = 1;
	submit(&r, _i == 0 ? "RF" : _i == 1 ? "SF" : "TF");
	mock_run(r.m, ~0u);
	ck_assert_int_eq(recover(&r), 0);
	mock_run(r.m, ~0u);
	ck_assert_uint_eq(r.m->log[r.m->fail_at % LOG][0] & 0xff, _i == 0 ? 0x41 : _i == 1 ? 0x44 : 0x12);
	ck_assert_uint_eq(load_rlx(&r.s->count.ill), 1);
	rig_del(&r);
}
END_TEST

/* Its fence is not even submitted: it fails all the same, and the one after it does not */
START_TEST(a_fence_to_come)
{
	struct rig r = rig_new(3, (unsigned)_i);
	unsigned long guilty, innocent;

	submit(&r, "TF");
	mock_run(r.m, ~0u);
	r.m->fail_at = r.m->count + 1;
	r.m->fail_code = ILL;
	r.m->fail_times = 2;
	submit(&r, "TTT");
	mock_run(r.m, ~0u);
	ck_assert_int_eq(recover(&r), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(recover(&r), 1);
	guilty = submit(&r, "F");
	innocent = submit(&r, "TF");
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, guilty), IOVM_E_HARDWARE);
	ck_assert_int_eq(reached(&r, innocent), 1);
	rig_del(&r);
}
END_TEST

START_TEST(a_fetch_that_aborts)
{
	struct rig r = rig_new(4, IOVM_SMMUV3_SYNC_CONS);
	unsigned long ticket[2], other = 0;
	struct iovm_cmd cmd[2];
	unsigned i;

	for (i = 0; i < 2; i++) {	/* three times are forgiven, at each place anew */
		r.m->fail_at = r.m->count + 1;
		r.m->fail_code = ABT;
		r.m->fail_times = 3;
		ticket[i] = submit(&r, "TTF");
		settle(&r);
		ck_assert_int_eq(reached(&r, ticket[i]), 1);
	}
	r.m->fail_at = r.m->count + 1;
	r.m->fail_times = 4;
	ticket[1] = submit(&r, "TTF");
	for (i = 0; i < 3; i++) {
		mock_run(r.m, ~0u);
		ck_assert_int_eq(recover(&r), 0);
	}
	mock_run(r.m, ~0u);
	ck_assert_int_eq(recover(&r), IOVM_E_DEAD);
	ck_assert_int_eq(reached(&r, ticket[1]), IOVM_E_DEAD);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd, commands(cmd, "TF"), &other), IOVM_E_DEAD);
	ck_assert_uint_eq(load_rlx(&r.s->count.abt), 10);
	rig_del(&r);
}
END_TEST

/* A SYNC that fails twenty times is one failure: an old success stays one, and an old failure does, too */
START_TEST(what_is_remembered)
{
	struct rig r = rig_new(4, IOVM_SMMUV3_SYNC_CONS);
	unsigned long good, bad[40], last;
	unsigned i;

	good = submit(&r, "TF");
	settle(&r);
	for (i = 0; i < 40; i++) {
		bad[i] = load_rlx(&r.s->cmdq.prod) + 2;
		r.m->fail_at = bad[i] + r.base - 1;
		r.m->fail_code = ATC_SYNC;
		r.m->fail_times = 20;
		last = submit(&r, "AF");
		ck_assert_uint_eq(last, bad[i]);
		settle(&r);
		if (i == 3)
			ck_assert_int_eq(reached(&r, good), 1);
	}
	last = submit(&r, "TF");
	settle(&r);
	ck_assert_int_eq(reached(&r, last), 1);
	for (i = 0; i < 40; i++)
		must(reached(&r, bad[i]) < 0, "failure %u is forgotten", i);
	ck_assert_int_eq(reached(&r, bad[39]), IOVM_E_ATC);
	for (i = 0; i < 6; i++) {	/* the numbers come round: what was forgotten does not come with them */
		begin_at(&r, load_rlx(&r.s->cmdq.prod) + ULONG_MAX / 4);
		for (last = 0; last < 8; last++) {
			good = submit(&r, "TTTF");
			settle(&r);
			ck_assert_int_eq(reached(&r, good), 1);
		}
	}
	rig_del(&r);
}
END_TEST

START_TEST(stopped_and_full)
{
	struct rig r = rig_new(1, IOVM_SMMUV3_SYNC_CONS);
	struct iovm_cmd cmd[3];
	unsigned long ticket = 0;

	commands(cmd, "TTF");
	r.m->fail_at = r.m->count;
	r.m->fail_code = ILL;
	r.m->fail_times = 2;
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd, 3, &ticket), 2);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 2, 1, &ticket), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 2, 1, &ticket), IOVM_E_STOPPED);
	ck_assert_int_eq(recover(&r), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(recover(&r), 1);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(iovm__smmu_submit(r.s, cmd + 2, 1, &ticket), 1);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, ticket), IOVM_E_HARDWARE);
	rig_del(&r);
}
END_TEST

START_TEST(each_bit_of_gerror)
{
	struct rig r = rig_new(4, IOVM_SMMUV3_SYNC_CONS);
	unsigned bit, round, i;

	for (round = 0; round < 2; round++)
		for (bit = 2; bit < 11; bit++) {
			if (1u << bit == ERR_SFM)
				continue;
			mock_error(r.m, 1u << bit);
			ck_assert_int_eq(recover(&r), 0);
			ck_assert_int_eq(recover(&r), 0);
			ck_assert_uint_eq(mock_active(r.m), 0);
			ck_assert_uint_eq(load_rlx(&r.s->told), 1u << bit);
			for (i = 0; i < 11; i++)
				ck_assert_uint_eq(load_rlx(&r.s->count.gerror[i]), round + (i <= bit) - ((i < 2 || 1u << i == ERR_SFM) ? round + (i <= bit) : 0));
			store_rlx(&r.s->told, 0);
		}
	mock_error(r.m, ERR_ALL & ~ERR_SFM & ~ERR_CMDQ);	/* several at once */
	ck_assert_int_eq(recover(&r), 0);
	ck_assert_uint_eq(mock_active(r.m), 0);
	mock_error(r.m, ERR_SFM | ERR_EVENTQ);
	ck_assert_int_eq(recover(&r), IOVM_E_DEAD);
	ck_assert_uint_eq(load_rlx(&r.s->count.gerror[8]), 1);
	ck_assert_uint_eq(load_rlx(&r.s->count.gerror[2]), 4);
	ck_assert_int_eq(recover(&r), IOVM_E_DEAD);
	ck_assert_uint_eq(load_rlx(&r.s->count.gerror[8]), 1);
	rig_del(&r);
}
END_TEST

/* The word never comes: whoever waits learns that from GERROR, and from then on from CMDQ_CONS */
START_TEST(a_word_that_aborts)
{
	struct rig r = rig_new(4, IOVM_SMMUV3_SYNC_MSI);
	unsigned long ticket, next;

	r.m->msi_aborts = true;
	ticket = submit(&r, "TF");
	ck_assert_int_eq(reached(&r, ticket), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, ticket), IOVM_E_STOPPED);
	ck_assert_int_eq(recover(&r), 0);
	ck_assert_int_eq(reached(&r, ticket), 1);
	next = submit(&r, "TF");
	ck_assert_int_eq(reached(&r, next), 0);
	mock_run(r.m, ~0u);
	ck_assert_int_eq(reached(&r, next), 1);
	ck_assert_uint_eq(mock_active(r.m), 0);
	rig_del(&r);
}
END_TEST

/* All ones from everywhere: nothing is complete by that, at no position */
START_TEST(nothing_answers)
{
	unsigned place;

	for (place = 0; place < 8; place++) {
		struct rig r = rig_new(2, (unsigned)_i);
		unsigned long ticket;

		begin_at(&r, 6 + place);
		ticket = submit(&r, "TTTF");
		r.m->gone = true;
		ck_assert_int_eq(reached(&r, ticket), IOVM_E_STOPPED);
		ck_assert_int_eq(recover(&r), IOVM_E_DEAD);
		ck_assert_int_eq(reached(&r, ticket), IOVM_E_DEAD);
		r.m->gone = false;
		rig_del(&r);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_recover");
	TCase *t = tcase_create("errors");

	tcase_add_loop_test(t, the_guilty_fence_fails, 0, 2);
	tcase_add_test(t, whose_it_was);
	tcase_add_loop_test(t, a_command_that_was_read_wrong, 0, 3);
	tcase_add_loop_test(t, a_fence_to_come, 0, 3);
	tcase_add_test(t, a_fetch_that_aborts);
	tcase_add_test(t, what_is_remembered);
	tcase_add_test(t, stopped_and_full);
	tcase_add_test(t, each_bit_of_gerror);
	tcase_add_test(t, a_word_that_aborts);
	tcase_add_loop_test(t, nothing_answers, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
