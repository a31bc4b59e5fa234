/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What a drain still waits for when everything before its snapshot is consumed, and nobody has the PASID before: answers to stalls, and a cut that came late. */
#include "rig.h"

enum { R = IOVM_REQ_READ, L = IOVM_REQ_LAST };

static void stalls(struct iovm_device_config *c)
{
	c->set_cap = NULL;
}

/* An access that is being terminated may complete if a page becomes valid in time: the place is nobody's before the answers are carried out */
START_TEST(the_stalls_are_resumed)
{
	const struct rig_config c = { .pasid_bits = 1 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_device(r, 0, 1, stalls);
	struct machine *m = &r->m[0];
	unsigned i;

	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), 1);
	r->mm[0].outcome = IOVM_PENDING;
	machine_request(m, 1, 1, 7, 0x1000, R | L | IOVM_REQ_STALL);
	(void)rig_dispatch(r, 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(port_fault_done(r->sys, r->tokens[0], IOVM_DONE), 0);
	m->manual = true;
	for (i = 0; i < 10; i++)
		(void)rig_dispatch(r, 0);
	ck_assert_uint_eq(machine_answer(m, 0, 1, 7)->code, IOVM_RESP_INVALID);
	ck_assert_uint_eq(r->nevents, 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[1]), IOVM_E_NO_PASID);
	while (machine_step(m))
		;
	m->manual = false;
	rig_later(r);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_int_eq(rig_bind(d, &r->mm[1]), 1);
	rig_finish(r);
}
END_TEST

/* Our cut failed, and we began to drain; a death then made it. What the device asked between the two is behind our snapshot. */
START_TEST(what_was_asked_before_a_late_cut_is_consumed)
{
	const struct rig_config c = { .pasid_bits = 1 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);
	struct machine *m = &r->m[0];
	unsigned i;

	ck_assert_int_eq(rig_bind(d, &r->mm[0]), 1);
	for (i = 0; i < 10; i++)
		machine_request(m, 1, 1, i, 0x1000, R | L);
	machine_function(m, &d->dev->fn)->deaf = true;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_TIMEDOUT);
	m->poll_max = 1;
	(void)port_dispatch(r->iommu[0], ++r->now, 1);
	for (i = 10; i < 20; i++)
		machine_request(m, 1, 1, i, 0x1000, R | L);
	machine_function(m, &d->dev->fn)->deaf = false;
	while (machine_step(m))
		;
	ck_assert_int_eq(rig_reset(d, true), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	ck_assert_uint_lt(m->cons[0], 10);
	while (m->cons[0] < 20) {
		r->now += 2000000;
		ck_assert_int_eq(port_dispatch(r->iommu[0], r->now, 1) >= 0, 1);
		if (m->cons[0] < 20)
			ck_assert_int_eq(rig_bind(e, &r->mm[1]), IOVM_E_NO_PASID);
	}
	m->poll_max = 0;
	rig_later(r);
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, 0);
	ck_assert_int_eq(rig_bind(e, &r->mm[1]), 1);
	rig_finish(r);
}
END_TEST

static Suite *late_suite(void)
{
	Suite *suite = suite_create("retire_late");
	TCase *tc = tcase_create("late");

	tcase_add_test(tc, the_stalls_are_resumed);
	tcase_add_test(tc, what_was_asked_before_a_late_cut_is_consumed);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return harness_main(late_suite());
}
