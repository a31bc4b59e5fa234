/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 driver and the model of an SMMUv3, neither of which was written after the other. Every story runs on the plainest model and then, seed by
 * seed, on one that does all that it may, every second time with stores that arrive late.
 */
#include "smmu_meet.h"

enum { SEEDS = 20 };

START_TEST(up_and_down)
{
	struct meet *m = meet_new(_i);

	meet_start(m);
	ck_assert_uint_gt(meet_checked(m, "init"), 0);
	ck_assert_uint_gt(meet_checked(m, "setup"), 0);
	meet_end(m);
}
END_TEST

/* A page request is served, the device does its DMA, and after the unbind it does none */
START_TEST(a_page_request)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid;

	meet_start(m);
	d = meet_pci(m, 5, 4);
	mm = meet_mm(m, false);
	pasid = meet_bind(d, mm);
	ck_assert_int_gt(pasid, 0);
	ck_assert(meet_blocked(d, pasid, VA));
	meet_ask(d, pasid, VA, WR | RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(mm->faults, 1);
	ck_assert_uint_eq(d->success, 1);
	ck_assert(meet_reaches(d, pasid, mm, VA + 0x10, RD | WR));
	ck_assert(meet_reaches(d, pasid, mm, VA + 0x20, RD));	/* out of the ATC */
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	ck_assert(meet_blocked(d, pasid, VA));
	meet_settle(m);
	ck_assert_uint_eq(meet_called(m, d, mm, IOVM_UNBOUND), 1);
	ck_assert_uint_eq(d->outstanding, 0);
	meet_end(m);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_meet");
	TCase *t = tcase_create("meet");

	tcase_add_loop_test(t, up_and_down, 0, SEEDS + 1);
	tcase_add_loop_test(t, a_page_request, 0, SEEDS + 1);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
