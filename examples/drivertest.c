/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A unit test of a driver, acc.c, on the pretend machine: no hardware, no kernel, no root. The loop index of Check is
 * the seed; the last assertion is the strongest, since the machine has watched every rule of the engine and of the
 * driver meanwhile.
 */
#include <check.h>
#include <iovm/sim.h>
#include <stdlib.h>
#include "acc.h"

START_TEST(process_dies_with_requests_outstanding)
{
	struct iovm_sim *sim = iovm_sim_new((uint64_t)_i);
	struct iovm_sim_ep *ep = iovm_sim_ep_new(sim, 32, 16);
	void *mm = iovm_sim_mm_new(sim);
	char buf[64] = "hello";

	struct acc *acc = acc_probe(iovm_sim_ep_device(ep));
	int pasid = acc_open(acc, mm);
	ck_assert_int_gt(pasid, 0);

	iovm_sim_mm_map(mm, 0x10000, 0x1ffff, IOVM_READ | IOVM_WRITE);
	iovm_sim_dma(ep, pasid, 0x10000, buf, sizeof buf, true);
	iovm_sim_run(sim);				/* faults, is served, lands */
	ck_assert_uint_eq(iovm_sim_dma_failed(ep), 0);
	ck_assert_uint_eq(iovm_sim_dma_done(ep), 1);

	iovm_sim_dma(ep, pasid, 0x18000, buf, sizeof buf, true);
	iovm_sim_mm_kill(mm);
	iovm_sim_run(sim);
	ck_assert(acc_stopped(acc));
	ck_assert_uint_eq(iovm_sim_dma_failed(ep), 1);

	ck_assert_int_eq(acc_remove(acc), 0);
	ck_assert_int_eq(iovm_sim_del(sim), 0);		/* invariants, leaks and open bonds count */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("acc");
	TCase *t = tcase_create("mm");
	SRunner *r = srunner_create(s);

	tcase_add_loop_test(t, process_dies_with_requests_outstanding, 0, 100);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
