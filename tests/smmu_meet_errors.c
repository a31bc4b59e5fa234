/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The driver and the model when something goes wrong: queues that overflow, ATCs that fail or never answer, commands that are refused, functions that are
 * reset, an SMMU that is switched off and on. At the end everything works again, and no duty is broken but those that a test breaks itself.
 */
#include "smmu_meet.h"

static struct iovm_smmuv3_stats stats(struct meet *m)
{
	struct iovm_smmuv3_stats st = { .size = sizeof st };

	iovm_smmuv3_stats(m->iommu, &st);
	return st;
}

/* Neither out of the ATC's store, whatever that still has, nor through the SMMU */
static bool cut(struct meet_dev *d, int64_t pasid, const struct meet_mm *mm, uint64_t va)
{
	return meet_access(d, pasid, meet_pa(mm, va), RD, IOVM_MODEL_TRANSLATED).outcome != IOVM_MODEL_OK &&
	       meet_access(d, pasid, va, 0, IOVM_MODEL_ATS_REQUEST).outcome != IOVM_MODEL_OK &&
	       meet_access(d, pasid, va, RD, IOVM_MODEL_UNTRANSLATED).outcome != IOVM_MODEL_OK;
}

static void part(struct meet_dev *d, struct meet_mm *mm)
{
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	meet_settle(d->meet);
}

/* ---- output queues ------------------------------------------------------------------------------------------------------------------- */

START_TEST(page_requests_overflow)
{
	struct meet *m = meet_new(_i);
	struct iovm_stats st = { .size = sizeof st };
	struct meet_dev *d[3];
	struct meet_mm *mm;
	int pasid[3], i, k;

	m->sc.priq_log2 = 4;
	meet_start(m);
	mm = meet_mm(m, false);
	for (i = 0; i < 3; i++) {
		d[i] = meet_pci(m, 5 + i * 0x20, 4);
		pasid[i] = meet_bind(d[i], mm);
	}
	for (k = 0; k < 12; k++)	/* more than they were granted */
		for (i = 0; i < 3; i++)
			meet_ask(d[i], pasid[i], VA + (uint64_t)k * 0x1000, RD | (k % 3 ? LAST : 0));
	meet_settle(m);
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(d[i]->outstanding, 0);
		ck_assert_uint_eq(d[i]->success + d[i]->invalid + d[i]->failure, 8);
		ck_assert_uint_gt(d[i]->success, 0);
	}
	ck_assert_uint_gt(d[0]->automatic + d[1]->automatic + d[2]->automatic, 0);
	iovm_stats(m->sys, &st);
	ck_assert_uint_gt(st.overflows, 0);
	ck_assert_uint_gt(stats(m).pri_overflows, 0);
	for (i = 0; i < 3; i++) {
		k = (int)d[i]->success;
		meet_ask(d[i], pasid[i], VA + 0x100000, RD | LAST);
		meet_settle(m);
		ck_assert_uint_eq(d[i]->success, (unsigned)k + 1);
		ck_assert(meet_reaches(d[i], pasid[i], mm, VA + 0x100000, RD));
	}
	for (i = 0; i < 3; i++)
		part(d[i], mm);
	meet_end(m);
}
END_TEST

START_TEST(events_overflow)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d, *s;
	struct meet_mm *mm;
	int pasid, with, k;

	m->sc.evtq_log2 = 2;
	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_pci(m, 5, 0);
	s = meet_platform(m, 9, 2);
	pasid = meet_bind(d, mm);
	with = meet_bind(s, mm);
	for (k = 0; k < 40; k++)
		ck_assert_int_ne(meet_access(d, pasid, VA + (uint64_t)k * 0x1000, RD, IOVM_MODEL_UNTRANSLATED).outcome, IOVM_MODEL_OK);
	ck_assert_int_eq(meet_access(s, with, VA, RD, IOVM_MODEL_UNTRANSLATED).outcome, IOVM_MODEL_STALLED);	/* its record waits for room */
	meet_settle(m);
	ck_assert_uint_gt(m->port.notices[IOVM_EVENTS_LOST], 0);
	ck_assert_uint_gt(m->port.notices[IOVM_TERMINATED], 0);
	ck_assert_uint_gt(stats(m).event_overflows, 0);
	ck_assert_uint_eq(s->retries, 1);
	ck_assert(meet_reaches(s, with, mm, VA, RD));
	part(d, mm);
	part(s, mm);
	meet_end(m);
}
END_TEST

/* ---- ATCs -------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(an_atc_fails)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *guilty, *innocent;
	struct meet_mm *both, *one;
	int p, q, r;

	meet_start(m);
	both = meet_mm(m, false);
	one = meet_mm(m, false);
	guilty = meet_pci(m, 5, 4);
	innocent = meet_pci(m, 0x105, 4);
	p = meet_bind(guilty, both);
	q = meet_bind(innocent, both);
	r = meet_bind(innocent, one);
	meet_map(both, VA, RD);
	meet_map(one, VA, RD);
	ck_assert(meet_reaches(guilty, p, both, VA, RD) && meet_reaches(innocent, q, both, VA, RD) && meet_reaches(innocent, r, one, VA, RD));
	guilty->reply = _i % 3 == 2 ? IOVM_MODEL_ATC_SENT : IOVM_MODEL_ATC_LOST;
	meet_unmap(both, VA);
	ck_assert_int_eq(port_invalidate(m->sys, both, VA, VA + 0xfff), IOVM_E_TIMEDOUT);
	meet_atc_fails(guilty);
	meet_settle(m);
	meet_atc_fails(guilty);
	meet_settle(m);
	ck_assert(cut(guilty, p, both, VA));
	ck_assert_uint_gt(stats(m).cerror_atc, 0);
	ck_assert_uint_ge(m->port.notices[IOVM_SUSPECT], 1);
	if (guilty->reply == IOVM_MODEL_ATC_LOST) {
		ck_assert_uint_eq(m->port.notices[IOVM_SUSPECT], 1);
		ck_assert(meet_blocked(innocent, q, VA));
		meet_unmap(one, VA);
		ck_assert_int_eq(port_invalidate(m->sys, one, VA, VA + 0xfff), 0);
		ck_assert(meet_blocked(innocent, r, VA));
	} else if (m->port.notices[IOVM_SUSPECT] > 1) {
		ck_assert_int_eq(meet_reset(innocent), 0);
	}
	guilty->reply = IOVM_MODEL_ATC_DONE;
	ck_assert_int_eq(meet_reset(guilty), 0);
	meet_settle(m);
	meet_map(both, VA, RD);
	meet_map(one, VA, RD);
	ck_assert(meet_reaches(guilty, p, both, VA, RD) && meet_reaches(innocent, q, both, VA, RD) && meet_reaches(innocent, r, one, VA, RD));
	part(guilty, both);
	part(innocent, both);
	part(innocent, one);
	meet_end(m);
}
END_TEST

/* The unbind's own invalidation fails: the PASID is in quarantine until the function was reset */
START_TEST(an_atc_fails_at_unbind)
{
	struct meet *m = meet_new(_i);
	struct iovm_stats st = { .size = sizeof st };
	struct meet_dev *d;
	struct meet_mm *mm;
	int p;

	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_pci(m, 5, 4);
	p = meet_bind(d, mm);
	meet_map(mm, VA, RD);
	ck_assert(meet_reaches(d, p, mm, VA, RD));
	d->reply = IOVM_MODEL_ATC_LOST;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), IOVM_E_TIMEDOUT);
	meet_settle(m);
	ck_assert(cut(d, p, mm, VA));
	ck_assert_uint_eq(meet_called(m, d, mm, IOVM_UNBOUND), 1);
	iovm_stats(m->sys, &st);
	ck_assert_uint_eq(st.pasids_quarantined, 1);
	d->reply = IOVM_MODEL_ATC_DONE;
	ck_assert_int_eq(meet_reset(d), 0);
	meet_settle(m);
	iovm_stats(m->sys, &st);
	ck_assert_uint_eq(st.pasids_quarantined, 0);
	ck_assert_uint_eq(mm->unwatches, 1);
	meet_end(m);
}
END_TEST

/* Gap 10: an invalidation that got no answer is no invalidation. Who asked for it hears that, and the device that may hold the page reaches nothing */
START_TEST(g10_an_atc_timeout_is_told)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int p;

	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_pci(m, 5, 4);
	p = meet_bind(d, mm);
	meet_map(mm, VA, RD);
	ck_assert(meet_reaches(d, p, mm, VA, RD));
	d->reply = IOVM_MODEL_ATC_LOST;
	meet_unmap(mm, VA);
	ck_assert_int_eq(port_invalidate(m->sys, mm, VA, VA + 0xfff), IOVM_E_TIMEDOUT);
	ck_assert_uint_gt(stats(m).cerror_atc, 0);
	meet_settle(m);
	ck_assert(cut(d, p, mm, VA));
	d->reply = IOVM_MODEL_ATC_DONE;
	ck_assert_int_eq(meet_reset(d), 0);
	part(d, mm);
	meet_end(m);
}
END_TEST

TCase *meet_gap(void)
{
	TCase *t = tcase_create("g10");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, g10_an_atc_timeout_is_told, 0, SEEDS + 1);
	return t;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------------ */

static void spoiled_story(struct meet *m, bool aborts)
{
	struct meet_dev *d;
	struct meet_mm *mm;
	int p, err, k;

	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_pci(m, 5, 4);
	p = meet_bind(d, mm);
	m->expects = aborts ? NULL : "command, entry";	/* it is not what was submitted */
	m->spoil_abort = aborts;
	for (k = 0; k < 4; k++) {
		meet_map(mm, VA, RD);
		ck_assert(meet_reaches(d, p, mm, VA, RD));
		meet_unmap(mm, VA);
		m->spoil = 1;
		err = port_invalidate(m->sys, mm, VA, VA + 0xfff);
		ck_assert(err == 0 || err == IOVM_E_TIMEDOUT);
		ck_assert(err ? cut(d, p, mm, VA) : meet_blocked(d, p, VA));
		meet_settle(m);
		ck_assert_uint_eq(m->spoil, 0);
		if (err) {
			ck_assert(!aborts);
			ck_assert_int_eq(meet_reset(d), 0);
			meet_settle(m);
		}
	}
	ck_assert_uint_gt(aborts ? stats(m).cerror_abt : stats(m).cerror_ill, 0);
	part(d, mm);
	meet_end(m);
}

START_TEST(illegal_commands)
{
	spoiled_story(meet_new(_i), false);
}
END_TEST

START_TEST(commands_that_cannot_be_read)
{
	spoiled_story(meet_new(_i), true);
}
END_TEST

/* ---- resets, off and on ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(a_reset)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int p;

	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_pci(m, 5, 4);
	p = meet_bind(d, mm);
	meet_map(mm, VA, RD);
	mm->pends = true;
	meet_ask(d, p, VA + 0x1000, RD | LAST);
	meet_settle(m);
	meet_ask(d, p, VA + 0x2000, RD | LAST);
	ck_assert_int_eq(iovm_device_reset_begin(d->dev), 0);
	ck_assert(cut(d, p, mm, VA));
	meet_function_reset(d);
	ck_assert_int_eq(iovm_device_reset_done(d->dev, true), 0);
	meet_settle(m);
	ck_assert_int_eq(port_fault_done(m->sys, mm->token[--mm->ntokens], IOVM_DONE), IOVM_E_STALE);
	mm->pends = false;
	ck_assert_uint_eq(d->strange, 0);
	ck_assert(meet_reaches(d, p, mm, VA, RD));
	meet_ask(d, p, VA + 0x3000, RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(d->success, 1);
	part(d, mm);
	meet_end(m);
}
END_TEST

START_TEST(off_and_on)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d[2];
	struct meet_mm *mm;
	int p[2], i, k;

	meet_start(m);
	mm = meet_mm(m, false);
	d[0] = meet_pci(m, 5, 4);
	d[1] = meet_platform(m, 9, 2);
	for (i = 0; i < 2; i++)
		p[i] = meet_bind(d[i], mm);
	for (k = 0; k < 3; k++) {
		meet_map(mm, VA, RD);
		for (i = 0; i < 2; i++)
			ck_assert(meet_reaches(d[i], p[i], mm, VA, RD));
		mm->pends = k == 1;
		ck_assert_int_eq(meet_access(d[1], p[1], VA + 0x1000u * (k + 1), RD, IOVM_MODEL_UNTRANSLATED).outcome, IOVM_MODEL_STALLED);
		meet_ask(d[0], p[0], VA + 0x1000u * (k + 5), RD | LAST);
		if (k)
			meet_settle(m);
		for (i = 0; i < 2; i++)
			ck_assert_int_eq(iovm_device_reset_begin(d[i]->dev), 0);
		ck_assert_int_eq(iovm_smmuv3_disable(m->iommu), 0);
		for (i = 0; i < 2; i++) {
			meet_function_reset(d[i]);
			ck_assert(cut(d[i], p[i], mm, VA));
		}
		meet_unmap(mm, VA);
		ck_assert_int_eq(port_invalidate(m->sys, mm, VA, VA + 0xfff), 0);
		ck_assert_int_eq(iovm_smmuv3_enable(m->iommu), 0);
		for (i = 0; i < 2; i++)
			ck_assert_int_eq(iovm_device_reset_done(d[i]->dev, true), 0);
		meet_settle(m);
		while (mm->ntokens)
			ck_assert_int_eq(port_fault_done(m->sys, mm->token[--mm->ntokens], IOVM_DONE), IOVM_E_STALE);
		mm->pends = false;
		ck_assert(meet_blocked(d[0], p[0], VA));
	}
	for (i = 0; i < 2; i++)
		part(d[i], mm);
	meet_end(m);
}
END_TEST

TCase *meet_errors(void)
{
	TCase *t = tcase_create("errors");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, page_requests_overflow, 0, SEEDS + 1);
	tcase_add_loop_test(t, events_overflow, 0, SEEDS + 1);
	tcase_add_loop_test(t, an_atc_fails, 0, SEEDS + 1);
	tcase_add_loop_test(t, an_atc_fails_at_unbind, 0, SEEDS + 1);
	tcase_add_loop_test(t, illegal_commands, 0, SEEDS + 1);
	tcase_add_loop_test(t, commands_that_cannot_be_read, 0, SEEDS + 1);
	tcase_add_loop_test(t, a_reset, 0, SEEDS + 1);
	tcase_add_loop_test(t, off_and_on, 0, SEEDS + 1);
	return t;
}
