/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From the handler's word to the answer: outcomes, tokens and who owes them, room for answers; then stalls, VFs and resets. Every Last has exactly one end.
 */
#include "ask.h"

START_TEST(outcomes)
{
	static const struct { unsigned outcome; int code; } is[] = {
		{ IOVM_DONE, SUCCESS }, { IOVM_REFUSED, INVALID }, { IOVM_AGAIN, SUCCESS }, { 4, INVALID }, { 5, INVALID }, { 255, INVALID },
	};
	struct bench b = start(NULL, NULL);

	b.r->mm[0].outcome = (enum iovm_outcome)is[_i].outcome;
	ask(&b, 1, 1, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), is[_i].code);
	ck_assert_uint_eq(rig_stats(b.r).bad_outcomes, is[_i].outcome > IOVM_AGAIN);
	ck_assert_uint_eq(rig_stats(b.r).tokens, 0);
	finish(&b);
}
END_TEST

START_TEST(the_same_page_again_and_again)
{
	struct bench b = start(NULL, NULL);
	unsigned i;

	b.r->mm[0].outcome = _i ? IOVM_AGAIN : IOVM_DONE;
	for (i = 1; i <= 2 * IOVM__REPEAT_LIMIT; i++) {
		ask(&b, i, 1, R | L);
		go(&b);
		ck_assert_int_eq(answer(&b, 1, i), _i && i >= IOVM__REPEAT_LIMIT ? INVALID : SUCCESS);
	}
	ck_assert_uint_eq(b.r->port.notices[IOVM_REPEATED], 1);
	ck_assert_uint_eq(b.r->port.notice.addr, 0x1000);
	ck_assert_uint_eq(rig_stats(b.r).repeated, 1);
	b.r->now += 2ull * IOVM__REPEAT_NS;	/* a second later it starts anew */
	ask(&b, 500, 1, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 500), SUCCESS);
	finish(&b);
}
END_TEST

START_TEST(pending_is_finished_once)
{
	struct bench b = start(NULL, NULL);
	unsigned long marked;
	uint64_t token;

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SILENCE);
	ck_assert_uint_eq(rig_stats(b.r).tokens, 1);
	token = b.r->tokens[0];
	ck_assert_int_eq(port_fault_done(b.r->sys, token + 1, IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, token ^ 1ull << 32, IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, token ^ 1ull << 56, IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, UINT64_MAX, IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, 0, IOVM_DONE), IOVM_E_STALE);
	marked = b.r->port.wakes;
	ck_assert_int_eq(port_fault_done(b.r->sys, token, _i ? IOVM_AGAIN : IOVM_DONE), 0);
	ck_assert_uint_gt(b.r->port.wakes, marked);
	ck_assert_uint_eq(iovm_deadline(b.r->iommu[0]), 0);
	ck_assert_int_eq(port_fault_done(b.r->sys, token, IOVM_DONE), IOVM_E_STALE);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ck_assert_int_eq(port_fault_done(b.r->sys, token, IOVM_DONE), IOVM_E_STALE);
	ask(&b, 2, 1, R | L);	/* the same record again: the old token does not name it */
	go(&b);
	ck_assert_int_eq(port_fault_done(b.r->sys, token, IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[1], IOVM_REFUSED), 0);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	ck_assert_uint_eq(rig_stats(b.r).bad_tokens, 6);	/* two name no IOMMU */
	finish(&b);
}
END_TEST

START_TEST(a_word_that_is_none_is_a_refusal)
{
	static const unsigned words[] = { IOVM_PENDING, 4, 15, ~0u };
	struct bench b = start(NULL, NULL);

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R | L);
	go(&b);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], (enum iovm_outcome)words[_i]), 0);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	ck_assert_uint_eq(rig_stats(b.r).bad_outcomes, 1);
	finish(&b);
}
END_TEST

static void done_inside(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		must(!port_fault_done(r->sys, faults[i].token, IOVM_REFUSED), "a token that is not out");
		must(port_fault_done(r->sys, faults[i].token, IOVM_DONE) == IOVM_E_STALE, "finished twice");
	}
}

/* fault_done() may come before fault() has returned; whatever fault() says then, that word counts */
START_TEST(finished_inside_the_handler)
{
	struct bench b = start(NULL, NULL);

	b.r->on_fault = done_inside;
	b.r->mm[0].outcome = _i ? IOVM_DONE : IOVM_PENDING;
	ask(&b, 1, 1, R | L);
	ask(&b, 2, 2, R | L);
	rig_settle(b.r);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	finish(&b);
}
END_TEST

START_TEST(an_orphan_is_owed_all_the_same)
{
	struct bench b = start(NULL, NULL);

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R);
	ask(&b, 1, 2, R | L);
	ask(&b, 2, 2, R | L);
	go(&b);
	ck_assert_int_eq(iovm_unbind_mm(b.d->dev, &b.r->mm[0]), 0);
	if (_i)		/* finished between unbind and drain: the bond is not live any more, so Invalid */
		ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], IOVM_DONE), 0);
	rig_settle(b.r);
	ck_assert_int_eq(answer(&b, 1, 1), INVALID);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	ck_assert_uint_eq(rig_count(b.r, b.d->dev, &b.r->mm[0], IOVM_UNBOUND), 1);	/* tokens do not delay it */
	rig_later(b.r);
	ck_assert_uint_eq(b.r->mm[0].unwatches, 0);
	ck_assert_uint_eq(rig_stats(b.r).pasids_live, 1);
	if (!_i)
		ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[1], IOVM_DONE), IOVM_E_STALE);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[1], IOVM_DONE), IOVM_E_STALE);
	rig_later(b.r);
	ck_assert_uint_eq(b.r->mm[0].unwatches, 1);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 2);
	finish(&b);
}
END_TEST

static void small_queue(struct iovm_backend *be, unsigned i)
{
	be->priq_log2 = 4;
	be->max_stalls = 0;
}
static void fifteen(struct iovm_device_config *c)
{
	c->max_outstanding = 15;
}

START_TEST(no_token_left)
{
	const struct rig_config c = { .backend = small_queue };
	struct bench b = start(&c, fifteen);
	unsigned n = b.r->iommu[0]->pri->ntokens, k = 0, i;

	ck_assert_uint_eq(n, 46);
	while (b.r->ntokens < n) {	/* orphans keep their token until the host gives it back */
		b.r->mm[k].outcome = IOVM_PENDING;
		for (i = 0; i < 15 && b.r->ntokens + i < n; i++)
			ask(&b, i, 1, R | L);
		go(&b);
		ck_assert_int_eq(iovm_unbind_mm(b.d->dev, &b.r->mm[k++]), 0);
		rig_settle(b.r);
		b.pasid = rig_bind(b.d, &b.r->mm[k]);
		ck_assert_int_gt(b.pasid, 0);
	}
	forget_answers(&b);
	ask(&b, 100, 1, R);
	ask(&b, 100, 2, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 100), SUCCESS);	/* the device asks again */
	ck_assert_uint_eq(b.r->mm[k].faults, 0);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[7], IOVM_DONE), IOVM_E_STALE);
	go(&b);
	ask(&b, 101, 1, R | L);
	ck_assert_int_eq(go(&b), 1);
	for (i = 0; i < n; i++)
		if (i != 7)
			ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[i], IOVM_DONE), IOVM_E_STALE);
	finish(&b);
}
END_TEST

/* A callback or handler that ends an mm whose groups stand in the same batch */
static void kill_the_other(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n)
{
	must(!port_mm_exit(r->sys, &r->mm[mm == &r->mm[0] ? 1 : 0]), "mm_exit in the handler");
	must(!port_invalidate(r->sys, mm, 0, 0xfff), "invalidate in the handler");
}

START_TEST(a_handler_ends_another_mm)
{
	struct bench b = start(NULL, NULL);
	uint32_t other = (uint32_t)rig_bind(b.d, &b.r->mm[1]);

	b.r->on_fault = kill_the_other;
	ask(&b, 1, 1, R | L);
	machine_request(b.m, 1, other, 2, 0x1000, R | L);
	go(&b);
	ck_assert_uint_eq(b.r->calls, 1);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 2), INVALID);
	finish(&b);
}
END_TEST

START_TEST(answers_wait_for_room)
{
	struct bench b = start(NULL, NULL);
	unsigned i, k;

	b.m->accepts = 0;
	for (i = 0; i < 400; i++)
		machine_request(b.m, 99, NONE, i, 0x1000, R | L);
	for (k = 0; k < 10; k++)
		go(&b);
	ck_assert_uint_le(b.m->cons[0], 256 + IOVM__STAGE);	/* no room for its answer: not taken */
	ck_assert_uint_ge(b.m->cons[0], 256);
	b.m->accepts = ~0u;
	rig_settle(b.r);
	for (k = 0; k < 3; k++)
		rig_later(b.r);
	for (i = 0; i < 400; i++)
		ck_assert_int_eq(answer(&b, 99, i), INVALID);
	finish(&b);
}
END_TEST

START_TEST(done_while_there_is_no_room)
{
	struct bench b = start(NULL, NULL);
	unsigned i;

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R | L);
	ask(&b, 2, 1, R | L);
	go(&b);
	b.m->accepts = 0;
	for (i = 0; i < 400; i++)
		machine_request(b.m, 99, NONE, i, 0x1000, R | L);
	for (i = 0; i < 10; i++)
		go(&b);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], IOVM_DONE), 0);
	ck_assert_int_eq(iovm_unbind_mm(b.d->dev, &b.r->mm[0]), IOVM_E_TIMEDOUT);	/* nor for its cut */
	for (i = 0; i < 10; i++)
		go(&b);
	b.m->accepts = ~0u;
	ck_assert_int_eq(rig_reset(b.d, true), 0);
	(void)port_fault_done(b.r->sys, b.r->tokens[1], IOVM_DONE);
	rig_later(b.r);
	ck_assert_uint_eq(rig_stats(b.r).suppressed + machine_count(b.m, b.from, IOVM_CMD_ANSWER), 402);
	finish(&b);
}
END_TEST

/* ---- stalls, VFs, resets ------------------------------------------------------------------------------------------------------------------------ */

static void stalls(struct iovm_device_config *c)
{
	c->set_cap = NULL;
}

START_TEST(stalls_by_the_same_way)
{
	struct bench b = start(NULL, stalls);
	const struct iovm_cmd *c;

	ask(&b, 0x1234, 1, R | L | S);
	machine_request(b.m, 1, NONE, 2, 0x1000, R | L | S);	/* entry 0 is blocked */
	machine_request(b.m, 99, 7, 3, 0x1000, W | L | S);	/* nobody's: aborted, never silence */
	ask(&b, 4, 1, L | S);					/* no access: not a marker */
	go(&b);
	c = machine_answer(b.m, b.from, 1, 0x1234);
	ck_assert(c && c->code == SUCCESS && c->flags == IOVM_CMD_STALL && c->pasid == (uint32_t)b.pasid);
	c = machine_answer(b.m, b.from, 1, 2);
	ck_assert(c && c->code == INVALID && c->flags == IOVM_CMD_STALL);
	c = machine_answer(b.m, b.from, 99, 3);
	ck_assert(c && c->code == INVALID && c->flags == IOVM_CMD_STALL);
	ck_assert_int_eq(answer(&b, 1, 4), INVALID);
	ck_assert_uint_eq(b.r->iommu[0]->stalls_free, 64 - 16);
	finish(&b);
}
END_TEST

static struct iovm_device *pf_of;
static void vf(struct iovm_device_config *c)
{
	c->pf = pf_of;
	c->max_outstanding = 500;	/* ignored */
}

START_TEST(a_vf_shares_its_pf)
{
	struct bench b = start(NULL, NULL);
	struct rig_device *v;
	int pasid;
	unsigned i;

	pf_of = b.d->dev;
	v = rig_device(b.r, 0, 2, vf);
	ck_assert_int_eq(iovm_device_init(v->dev), 0);
	ck_assert(!v->pri && !v->pasid && v->ats);
	pasid = rig_bind(v, &b.r->mm[1]);
	ck_assert_int_gt(pasid, 0);
	ck_assert_ptr_eq(v->dev->unit, b.d->dev->unit);
	forget_answers(&b);
	b.r->mm[1].outcome = IOVM_PENDING;
	for (i = 0; i < 15; i++)
		machine_request(b.m, 2, (uint32_t)pasid, i, 0x1000, R | L);
	ask(&b, 7, 1, R);	/* the same index of the PF: another group */
	go(&b);
	ck_assert_uint_eq(b.d->dev->unit->outstanding, 16);
	machine_request(b.m, 2, (uint32_t)pasid, 100, 0x1000, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 2, 100), INVALID);
	for (i = 0; i < 15; i++)
		ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[i], IOVM_DONE), 0);
	go(&b);
	ask(&b, 7, 2, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 7), SUCCESS);
	ck_assert_uint_eq(b.r->nranges, 2);
	ck_assert_int_eq(answer(&b, 2, 7), SUCCESS);
	for (i = 0; i < IOVM__SCORE_LIMIT; i++)		/* the VF alone is fenced for what it does */
		machine_request(b.m, 2, 1000, i, 0x1000, R | L);
	forget_answers(&b);
	rig_settle(b.r);
	ck_assert(iovm__device_state(v->dev) & IOVM__DEV_FENCED);
	ck_assert(!(iovm__device_state(b.d->dev) & IOVM__DEV_ABORTED));
	ck_assert(b.d->pri);
	ck_assert_int_eq(iovm_device_shutdown(b.d->dev), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_unbind_mm(v->dev, &b.r->mm[1]), 0);
	rig_later(b.r);
	ck_assert_int_eq(iovm_device_shutdown(v->dev), 0);
	ck_assert_int_eq(iovm_device_del(b.d->dev), IOVM_E_BUSY);
	finish(&b);
}
END_TEST

START_TEST(a_reset_closes_everything_in_silence)
{
	struct bench b = start(NULL, NULL);

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R | L);		/* with the host */
	ask(&b, 2, 1, R);		/* a partial */
	go(&b);
	ask(&b, 3, 1, R | L);		/* in the queue */
	ask(&b, 4, 1, R);
	ck_assert_int_eq(iovm_device_reset_begin(b.d->dev), 0);
	ask(&b, 5, 1, R | L);		/* even now */
	go(&b);
	ask(&b, 6, 1, R | L);
	b.d->pasid = b.d->ats = b.d->pri = false;
	machine_forget_atc(b.m, &b.d->dev->fn);
	ck_assert_int_eq(iovm_device_reset_done(b.d->dev, true), 0);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], IOVM_DONE), IOVM_E_STALE);
	rig_settle(b.r);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 0);
	ck_assert_uint_eq(rig_stats(b.r).suppressed, 4);
	ck_assert_uint_eq(b.d->dev->unit->outstanding, 0);
	b.r->mm[0].outcome = IOVM_DONE;
	ask(&b, 1, 7, R | L);		/* the bond lives on */
	ask(&b, 2, 7, R | L);
	ask(&b, 4, 7, R | L);
	go(&b);
	ck_assert_int_eq(answer(&b, 1, 1), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 2), SUCCESS);
	ck_assert_int_eq(answer(&b, 1, 4), SUCCESS);
	ck_assert_uint_eq(b.r->mm[0].ranges, 4);
	finish(&b);
}
END_TEST

START_TEST(a_gone_device_is_not_answered)
{
	struct bench b = start(NULL, NULL);

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R | L);
	go(&b);
	ask(&b, 2, 1, R | L);
	ck_assert_int_eq(iovm_device_gone(b.d->dev), 0);
	rig_settle(b.r);
	ck_assert_uint_eq(machine_count(b.m, b.from, IOVM_CMD_ANSWER), 0);
	ck_assert_uint_eq(rig_stats(b.r).suppressed, 2);
	ck_assert_uint_eq(rig_count(b.r, b.d->dev, &b.r->mm[0], IOVM_SHUTDOWN), 1);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], IOVM_DONE), IOVM_E_STALE);
	finish(&b);
}
END_TEST

/* The IOMMU holds it, not the device: it wants its STAG back */
START_TEST(a_stall_is_aborted_all_the_same)
{
	struct bench b = start(NULL, stalls);
	const struct iovm_cmd *c;
	unsigned i;

	b.r->mm[0].outcome = IOVM_PENDING;
	ask(&b, 1, 1, R | L | S);	/* with the host */
	go(&b);
	ask(&b, 2, 1, R | L | S);	/* in the queue */
	ck_assert_int_eq(_i ? iovm_device_gone(b.d->dev) : rig_reset(b.d, true), 0);
	rig_settle(b.r);
	for (i = 1; i <= 2; i++) {
		c = machine_answer(b.m, b.from, 1, i);
		ck_assert(c && c->code == INVALID && c->flags == IOVM_CMD_STALL);
	}
	ck_assert_uint_eq(rig_stats(b.r).suppressed, 0);
	ck_assert_int_eq(port_fault_done(b.r->sys, b.r->tokens[0], IOVM_DONE), IOVM_E_STALE);
	finish(&b);
}
END_TEST

static Suite *token_suite(void)
{
	Suite *suite = suite_create("token");
	TCase *token = tcase_create("token"), *reset = tcase_create("reset");

	tcase_add_loop_test(token, outcomes, 0, 6);
	tcase_add_loop_test(token, the_same_page_again_and_again, 0, 2);
	tcase_add_loop_test(token, pending_is_finished_once, 0, 2);
	tcase_add_loop_test(token, a_word_that_is_none_is_a_refusal, 0, 4);
	tcase_add_loop_test(token, finished_inside_the_handler, 0, 2);
	tcase_add_loop_test(token, an_orphan_is_owed_all_the_same, 0, 2);
	tcase_add_test(token, no_token_left);
	tcase_add_test(token, a_handler_ends_another_mm);
	tcase_add_test(token, answers_wait_for_room);
	tcase_add_test(token, done_while_there_is_no_room);
	tcase_add_test(reset, stalls_by_the_same_way);
	tcase_add_test(reset, a_vf_shares_its_pf);
	tcase_add_test(reset, a_reset_closes_everything_in_silence);
	tcase_add_test(reset, a_gone_device_is_not_answered);
	tcase_add_loop_test(reset, a_stall_is_aborted_all_the_same, 0, 2);
	suite_add_tcase(suite, token);
	suite_add_tcase(suite, reset);
	return suite;
}

int main(void)
{
	return harness_main(token_suite());
}
