/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The driver and the model when it matters which stream it was: functions with two StreamIDs, streams and PASIDs that were tried before anybody had them, functions that
 * share a space of which one leaves, responses with and without PASID.
 */
#include "smmu_meet.h"

static void leave(struct meet_dev *d, struct meet_mm *mm)
{
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
}

/* The ATC of such a function is one, and what it holds is the same for both: asked by each stream anew */
static void forget(struct meet_dev *d)
{
	unsigned i;

	for (i = 0; i < MEET_ATC; i++)
		d->atc[i].valid = false;
}

START_TEST(two_streams)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid;

	meet_start(m);
	mm = meet_mm(m, false);
	meet_map(mm, VA, RD);
	d = meet_two(m, 5, 0x205, true);
	for (d->as = 0; d->as < 2; d->as++)
		ck_assert(meet_blocked(d, 1, VA));
	pasid = meet_bind(d, mm);
	for (d->as = 0; d->as < 2; d->as++, forget(d)) {
		ck_assert(meet_reaches(d, pasid, mm, VA, RD));
		meet_ask(d, pasid, VA + 0x1000 * (1 + d->as), RD | LAST);
		meet_settle(m);
		ck_assert_uint_eq(d->success, d->as + 1);
		ck_assert(meet_reaches(d, pasid, mm, VA + 0x1000 * (1 + d->as), RD));
	}
	d->invs = 0;
	meet_unmap(mm, VA);
	ck_assert_int_eq(port_invalidate(m->sys, mm, VA, VA + 0xfff), 0);
	ck_assert_uint_eq(d->invs, 2);		/* each by its own name */
	for (d->as = 0; d->as < 2; d->as++)
		ck_assert(meet_blocked(d, pasid, VA));
	leave(d, mm);
	for (d->as = 0; d->as < 2; d->as++)
		ck_assert(meet_blocked(d, pasid, VA + 0x1000));
	meet_end(m);
}
END_TEST

START_TEST(stalls_by_two_streams)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid;

	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_two(m, 9, 0x209, false);
	pasid = meet_bind(d, mm);
	for (d->as = 0; d->as < 2; d->as++) {
		ck_assert_int_eq(meet_access(d, pasid, VA + 0x1000 * d->as, d->as ? WR : RD, IOVM_MODEL_UNTRANSLATED).outcome, IOVM_MODEL_STALLED);
		meet_settle(m);
		ck_assert_uint_eq(d->retries, d->as + 1);
		ck_assert_uint_eq(mm->prot, d->as ? IOVM_WRITE : IOVM_READ);
	}
	mm->maps = false;
	mm->pends = true;
	for (d->as = 0; d->as < 2; d->as++)
		meet_access(d, pasid, VA + 0x5000, RD, IOVM_MODEL_UNTRANSLATED);
	meet_settle(m);
	leave(d, mm);
	meet_settle(m);
	ck_assert_uint_eq(d->aborts, 2);
	while (mm->ntokens)
		ck_assert_int_eq(port_fault_done(m->sys, mm->token[--mm->ntokens], IOVM_DONE), IOVM_E_STALE);
	meet_end(m);
}
END_TEST

/* What the SMMU keeps of "there is nothing" has to go when there is something */
START_TEST(tried_before_it_was_there)
{
	struct meet *m = meet_new(_i);
	struct meet_dev early = { .meet = m, .sid = { 0x305, 0x305 }, .pcie = true }, *d;
	struct meet_mm *mm;
	int pasid, i;

	m->max_mms = 4;
	meet_start(m);
	mm = meet_mm(m, false);
	meet_map(mm, VA, RD);
	ck_assert_int_ne(meet_access(&early, NO_PASID, VA, RD, IOVM_MODEL_UNTRANSLATED).outcome, IOVM_MODEL_OK);	/* no leaf of the stream table */
	d = meet_pci(m, 0x305, 0);
	for (i = 0; i < 80; i++) {		/* PASIDs of a leaf of the CD table */
		for (pasid = 1; pasid < 128; pasid += 21)
			ck_assert(meet_blocked(d, pasid, VA));
		pasid = meet_bind(d, mm);
		ck_assert_int_gt(pasid, 0);
		ck_assert(meet_reaches(d, pasid, mm, VA, RD));
		leave(d, mm);
		meet_settle(m);
	}
	ck_assert_int_gt(pasid, 63);
	meet_end(m);
}
END_TEST

/* Entry 0 was a stage 2; after it has gone the stream aborts, until an entry of a PASID brings stage 1 back */
START_TEST(a_pasid_after_stage_2)
{
	struct meet *m = meet_new(_i);
	struct meet_mm *guest, *mm;
	struct meet_dev *d;
	int pasid, i;

	meet_start(m);
	guest = meet_mm(m, true);
	mm = meet_mm(m, false);
	meet_map(guest, VA, RD);
	meet_map(mm, VA, RD);
	d = meet_pci(m, 5, 0);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(iovm_device_attach(d->dev, guest), 0);
		ck_assert(meet_reaches(d, NO_PASID, guest, VA, RD));
		ck_assert(meet_blocked(d, 1, VA));
		ck_assert_int_lt(meet_bind(d, mm), 0);
		ck_assert_int_eq(iovm_device_attach(d->dev, NULL), 0);
		ck_assert(meet_blocked(d, NO_PASID, VA));
		meet_settle(m);
		pasid = meet_bind(d, mm);
		ck_assert_int_gt(pasid, 0);
		ck_assert(meet_reaches(d, pasid, mm, VA, RD));
		ck_assert(meet_blocked(d, NO_PASID, VA));
		leave(d, mm);
		ck_assert(meet_blocked(d, pasid, VA));
		meet_settle(m);
	}
	meet_end(m);
}
END_TEST

/* Of two functions in one space one leaves: the ASID lives on, and so do hits under it, but not for the one that left */
START_TEST(one_leaves_the_other_stays)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d[2];
	struct meet_mm *mm;
	int pasid[2], i, turn;

	meet_start(m);
	mm = meet_mm(m, false);
	meet_map(mm, VA, RD);
	for (i = 0; i < 2; i++)
		d[i] = meet_pci(m, 5 + i, 0);
	for (turn = 0; turn < 4; turn++) {
		for (i = 0; i < 2; i++) {
			pasid[i] = meet_bind(d[i], mm);
			ck_assert(meet_reaches(d[i], pasid[i], mm, VA, RD));
		}
		ck_assert_int_eq(pasid[0], pasid[1]);
		leave(d[0], mm);
		ck_assert(meet_reaches(d[1], pasid[1], mm, VA, RD));
		ck_assert(meet_blocked(d[0], pasid[0], VA));
		meet_settle(m);
		ck_assert(meet_reaches(d[1], pasid[1], mm, VA, RD));
		ck_assert(meet_blocked(d[0], pasid[0], VA));
		leave(d[1], mm);
		ck_assert(meet_blocked(d[1], pasid[1], VA));
		meet_settle(m);
	}
	meet_end(m);
}
END_TEST

/* ---- responses with and without PASID --------------------------------------------------------------------------------------------------- */

static void with(struct iovm_device_config *c)
{
	c->max_outstanding = 4;
	c->flags |= IOVM_DEV_RESPONSE_PASID;
}

static void without(struct iovm_device_config *c)
{
	c->max_outstanding = 4;
}

/* By the driver, and by the SMMU when the queue is full: there the STE says so, unless IDR3.PPS does */
START_TEST(pasid_in_responses)
{
	struct meet *m = meet_new(_i / 4);
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid, k;

	if (_i & 1)
		m->mc.idr[3] |= 1u << 5;
	else
		m->mc.idr[3] &= ~(1u << 5);
	m->sc.priq_log2 = 5;		/* more than one dispatch takes: the overflow is acknowledged by the last */
	meet_start(m);
	mm = meet_mm(m, false);
	d = meet_add(m, 5, _i & 2 ? with : without);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	pasid = meet_bind(d, mm);
	d->index = IOVM_PRG_INDICES - 10;
	for (k = 0; k < 40; k++)
		meet_ask(d, pasid, VA + 0x1000u * k, RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(d->outstanding, 0);
	ck_assert_uint_ge(d->automatic, 8);
	meet_ask(d, pasid, VA, RD | LAST);
	meet_settle(m);
	ck_assert_uint_gt(d->success, d->automatic);
	ck_assert_uint_eq(d->failure + d->strange, 0);
	leave(d, mm);
	meet_end(m);
}
END_TEST

TCase *meet_streams(void)
{
	TCase *t = tcase_create("streams");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, two_streams, 0, SEEDS + 1);
	tcase_add_loop_test(t, stalls_by_two_streams, 0, SEEDS + 1);
	tcase_add_loop_test(t, tried_before_it_was_there, 0, SEEDS / 2 + 1);
	tcase_add_loop_test(t, a_pasid_after_stage_2, 0, SEEDS + 1);
	tcase_add_loop_test(t, one_leaves_the_other_stays, 0, SEEDS + 1);
	tcase_add_loop_test(t, pasid_in_responses, 0, 4 * (SEEDS / 4 + 1));
	return t;
}
