/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The SMMUv3 model: stalls, and all that ends them (IHI 0070 3.12.2, 4.7); each of the driver's duties in it broken once. */
#include "model_rig.h"

enum { SID = 5, PASID = 1, VA = 0x12345000, PA = 0x1000a000, R = IOVM_MODEL_READ };
#define OF_SID	((uint64_t)SID << 32)

static unsigned tag_of(const uint64_t *e) { return (unsigned)(e[1] & 0xffff); }
static bool is_stall(const uint64_t *e) { return e[1] >> 31 & 1; }

/* ---- stalls ------------------------------------------------------------------------------------------------------------------------------------------ */

struct stalls { struct mr *r; uint64_t cd, table; };

static struct stalls stalling(void (*adjust)(struct iovm_smmuv3_model_config *c))
{
	struct stalls s = { .r = mr_on(adjust) };

	s.cd = mr_stream(s.r, SID, 1);
	s.table = mr_cd(s.r, s.cd + 64, 7, CD_A | CD_S, 0);	/* S: always recorded, whatever R is */
	return s;
}

static const uint64_t *stall(struct mr *r, uint64_t va)
{
	struct iovm_model_result x = mr_access(r, SID, PASID, va, R);

	ck_assert_uint_eq(x.outcome, IOVM_MODEL_STALLED);
	return mr_event(r);
}

static void resume(struct mr *r, uint32_t sid, unsigned tag, unsigned how)	/* how: 1 retry, 2 abort, 0 RAZ/WI */
{
	mr_cmd(r, 0x44 | how << 12 | (uint64_t)sid << 32, tag);
}

static void abort_only(struct iovm_smmuv3_model_config *c) { c->idr[0] |= 1u << 26; }
static void two_stalls(struct iovm_smmuv3_model_config *c) { c->idr[5] = (c->idr[5] & 0xffff) | 2u << 16; c->stalls = 3; }

static const struct { unsigned how, outcome; void (*on)(struct iovm_smmuv3_model_config *c); } ends[] = {
	{ 1, IOVM_MODEL_OK, NULL }, { 3, IOVM_MODEL_OK, NULL }, { 2, IOVM_MODEL_ABORT, NULL }, { 0, IOVM_MODEL_RAZ_WI, NULL }, { 0, IOVM_MODEL_ABORT, abort_only },
};

START_TEST(resume_rows)
{
	struct stalls s = stalling(ends[_i].on);
	const uint64_t *e = stall(s.r, VA + 8);
	unsigned tag = tag_of(e);

	ck_assert(is_stall(e));
	ck_assert_uint_eq(e[0], 0x10 | 1 << 11 | PASID << 12 | OF_SID);
	ck_assert_uint_eq(e[2], VA + 8);
	resume(s.r, SID + 1, tag, 1);			/* (SID, STAG) is the key */
	ck_assert_str_eq(mr_broken(s.r), "resume");
	ck_assert_uint_eq(s.r->resumes, 0);
	resume(s.r, SID, tag, ends[_i].how);
	ck_assert_uint_eq(s.r->resumes, 1);
	ck_assert_uint_eq(s.r->resume.how, ends[_i].outcome);
	resume(s.r, SID, tag, 1);			/* twice */
	ck_assert_str_eq(mr_broken(s.r), "resume");
	ck_assert_uint_eq(s.r->resumes, 1);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(s.r->m), 2);
	mr_del(s.r);
}
END_TEST

START_TEST(never_resumed)
{
	struct stalls s = stalling(NULL);

	stall(s.r, VA);
	iovm_smmuv3_model_judge(s.r->m);
	ck_assert_str_eq(mr_broken(s.r), "stalled");
	mr_del(s.r);
}
END_TEST

START_TEST(retry_faults_anew)
{
	struct stalls s = stalling(NULL);
	unsigned tag = tag_of(stall(s.r, VA)), again;

	s.r->point = "stag";
	s.r->choice = 9;
	resume(s.r, SID, tag, 1);
	again = tag_of(stall(s.r, VA));			/* an event and a STAG of its own */
	ck_assert_uint_eq(again, 9);
	mr_map(s.r, s.table, VA, PA, PTE_RW);
	resume(s.r, SID, again, 1);
	ck_assert_uint_eq(mr_access(s.r, SID, PASID, VA, R).addr, PA);
	mr_del(s.r);
}
END_TEST

START_TEST(resume_before_shown)
{
	struct stalls s = stalling(NULL);

	s.r->point = "event-late";
	s.r->choice = 1;
	mr_access(s.r, SID, PASID, VA, R);
	mr_put(s.r, 0x44 | 1 << 12 | OF_SID, 0);
	mr_ring(s.r);
	s.r->point = "step";				/* the command, not the event */
	iovm_smmuv3_model_step(s.r->m);
	ck_assert_str_eq(mr_broken(s.r), "resume");
	mr_run(s.r);
	ck_assert_uint_eq(mr_events(s.r), 1);
	resume(s.r, SID, tag_of(mr_event(s.r)), 1);
	mr_del(s.r);
}
END_TEST

START_TEST(early_retry)
{
	struct stalls s = stalling(NULL);
	unsigned tag = tag_of(stall(s.r, VA)), i;

	s.r->random = 5;
	for (i = 0; i < 3000; i++)
		iovm_smmuv3_model_step(s.r->m);
	ck_assert_uint_eq(s.r->resumes, 0);		/* it fails again: no second event */
	ck_assert_uint_eq(mr_events(s.r), 0);
	mr_map(s.r, s.table, VA, PA, PTE_RW);
	for (i = 0; i < 30000 && !s.r->resumes; i++)
		iovm_smmuv3_model_step(s.r->m);
	s.r->random = 0;
	ck_assert_uint_eq(s.r->resumes, 1);
	resume(s.r, SID, tag, 2);			/* owed all the same; the access is over */
	ck_assert_uint_eq(s.r->resumes, 1);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(s.r->m), 0);
	mr_del(s.r);
}
END_TEST

START_TEST(suppressed_duplicate)
{
	struct stalls s = stalling(NULL);
	unsigned tag = tag_of(stall(s.r, VA));

	s.r->point = "stall-suppressed";
	s.r->choice = 1;
	ck_assert_ptr_null(stall(s.r, VA + 0x40));	/* the same page, no event */
	ck_assert_ptr_nonnull(stall(s.r, VA + 0x1000));
	resume(s.r, SID, tag, 2);
	ck_assert_uint_eq(s.r->resumes, 2);
	ck_assert_uint_eq(s.r->resume.how, IOVM_MODEL_OK);	/* tried again, though the first was aborted */
	iovm_smmuv3_model_judge(s.r->m);
	ck_assert_str_eq(mr_broken(s.r), "stalled");		/* the other page */
	mr_del(s.r);
}
END_TEST

START_TEST(stall_max)
{
	struct stalls s = stalling(two_stalls);
	unsigned tag = tag_of(stall(s.r, VA));

	stall(s.r, VA + 0x1000);
	ck_assert_ptr_null(stall(s.r, VA + 0x2000));	/* waits without a STAG */
	ck_assert_uint_eq(mr_access(s.r, SID, PASID, VA + 0x3000, R).outcome, IOVM_MODEL_BUSY);
	resume(s.r, SID, tag, 2);
	ck_assert_uint_eq(mr_events(s.r), 1);
	ck_assert_uint_eq(mr_event(s.r)[2], VA + 0x2000);
	iovm_smmuv3_model_judge(s.r->m);
	mr_broken(s.r);
	mr_del(s.r);
}
END_TEST

/* Section 14.4 of what happens to stalls: full queue, disabled queue, CFGI with SYNC, SMMUEN */
START_TEST(waiting_events)
{
	struct stalls s = stalling(NULL);
	unsigned i;

	for (i = 0; i < 16; i++)
		mr_access(s.r, SID, PASID, VA + 0x1000 * i, R);
	ck_assert_uint_eq(mr_access(s.r, SID, PASID, 0x5000, R).outcome, IOVM_MODEL_STALLED);
	ck_assert_uint_eq(rd(s.r, EVENTQ_PROD) & FLAG31, 0);	/* a stall is no overflow */
	ck_assert_uint_eq(mr_events(s.r), 16);
	mr_event(s.r);
	ck_assert_uint_eq(mr_events(s.r), 16);			/* there was room: written */
	mr_enable(s.r, ALL_ON & ~EVENTQEN);
	wr(s.r, EVENTQ_CONS, rd(s.r, EVENTQ_PROD));
	mr_access(s.r, SID, PASID, 0x6000, R);
	ck_assert_uint_eq(s.r->resumes, 0);			/* stays stalled */
	mr_enable(s.r, ALL_ON);
	ck_assert_uint_eq(mr_events(s.r), 1);
	mr_event(s.r);
	mr_enable(s.r, ALL_ON & ~EVENTQEN);
	mr_access(s.r, SID, PASID, 0x7000, R);
	mr_map(s.r, s.table, 0x7000, PA, PTE_RW);
	mr_cmd(s.r, 0x12 | 7ull << 48, 0x7000);
	ck_assert_uint_eq(s.r->resumes, 0);
	mr_sync(s.r);
	ck_assert_uint_eq(s.r->resumes, 1);			/* tried anew, not recorded with what is no longer so */
	ck_assert_uint_eq(s.r->resume.how, IOVM_MODEL_OK);
	mr_enable(s.r, ALL_ON);
	ck_assert_uint_eq(mr_events(s.r), 0);
	mr_enable(s.r, ALL_ON & ~SMMUEN);
	ck_assert_uint_eq(s.r->resumes, 1 + 16 + 2);
	ck_assert_uint_eq(s.r->resume.how, IOVM_MODEL_ABORT);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(s.r->m), 0);	/* STAGs are free */
	mr_del(s.r);
}
END_TEST

START_TEST(stall_term)
{
	struct stalls s = stalling(NULL);
	unsigned tag = tag_of(stall(s.r, VA));

	mr_cmd(s.r, 0x45 | OF_SID, 0);
	ck_assert_str_eq(mr_broken(s.r), "stall-term");		/* the STE does not terminate */
	mr_ste(s.r, SID)[0] = 1;
	mr_cmd(s.r, 0x45 | OF_SID, 0);
	ck_assert_str_eq(mr_broken(s.r), "stall-term");		/* no CFGI */
	mr_cmd(s.r, 0x03 | OF_SID, 1);
	mr_cmd(s.r, 0x45 | OF_SID, 0);
	ck_assert_str_eq(mr_broken(s.r), "stall-term");		/* no SYNC */
	ck_assert_uint_eq(s.r->resumes, 0);
	mr_sync(s.r);
	mr_cmd(s.r, 0x45 | OF_SID, 0);
	ck_assert_uint_eq(s.r->resumes, 1);
	ck_assert_uint_eq(s.r->resume.how, IOVM_MODEL_ABORT);
	resume(s.r, SID, tag, 1);				/* never both */
	ck_assert_str_eq(mr_broken(s.r), "resume");
	mr_del(s.r);
}
END_TEST

START_TEST(pcie_never_stalls)
{
	struct stalls s = stalling(NULL);

	mr_access(s.r, SID, PASID, VA, R | IOVM_MODEL_PCIE);
	ck_assert_str_eq(mr_broken(s.r), "pcie");
	iovm_smmuv3_model_device_gone(s.r->m, SID);
	resume(s.r, SID, tag_of(mr_event(s.r)), 1);		/* owed, but nobody is there */
	ck_assert_uint_eq(s.r->resumes, 0);
	mr_del(s.r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model_stall");
	TCase *t = tcase_create("stall");

	tcase_add_loop_test(t, resume_rows, 0, sizeof ends / sizeof *ends);
	tcase_add_test(t, never_resumed);
	tcase_add_test(t, retry_faults_anew);
	tcase_add_test(t, resume_before_shown);
	tcase_add_test(t, early_retry);
	tcase_add_test(t, suppressed_duplicate);
	tcase_add_test(t, stall_max);
	tcase_add_test(t, waiting_events);
	tcase_add_test(t, stall_term);
	tcase_add_test(t, pcie_never_stalls);
	suite_add_tcase(s, t);
	return harness_main(s);
}
