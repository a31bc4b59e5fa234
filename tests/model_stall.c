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

/* ---- section 9 of the fault configuration, and 3.12.2, rule by rule ---------------------------------------------------------------------------------- */

START_TEST(s_stalls_whatever_a_and_r)
{
	struct mr *r = mr_on(NULL);
	uint64_t cd = mr_stream(r, SID, 1);
	const uint64_t *e;

	mr_cd(r, cd + 64, 7, CD_S | (_i & 1 ? CD_A : 0) | (_i & 2 ? CD_R : 0), 0);
	e = stall(r, VA);
	ck_assert(is_stall(e));
	resume(r, SID, tag_of(e), 2);
	ck_assert_uint_eq(r->resume.how, IOVM_MODEL_ABORT);
	mr_del(r);
}
END_TEST

/* Stage 2: 40 bits from level 1, 48 bits out, 64-bit tables, of which there is none at root */
static uint64_t stage2(struct mr *r, unsigned config, bool s2s, bool s2r)
{
	uint64_t root = mr_alloc(r, 8192, 8192), *ste = mr_ste(r, SID);

	ste[2] = 24ull << 32 | 1ull << 38 | 5ull << 48 | 1ull << 51 | (uint64_t)s2s << 57 | (uint64_t)s2r << 58;
	ste[3] = root;
	ste[1] &= ~(3ull << 28);	/* no ATS: EATS and S2S exclude each other */
	ste[0] = (ste[0] & ~15ull) | 1 | config << 1;
	mr_cmd(r, 0x03 | OF_SID, 1);
	mr_sync(r);
	return root;
}

START_TEST(s2s_and_s2r)		/* as S and R, with A = 1 */
{
	bool s2s = _i & 1, s2r = _i & 2;
	struct mr *r = mr_on(NULL);
	struct iovm_model_result x;
	const uint64_t *e;

	stage2(r, 6, s2s, s2r);
	x = mr_access(r, SID, MR_NONE, VA, R);
	ck_assert_uint_eq(x.outcome, s2s ? IOVM_MODEL_STALLED : IOVM_MODEL_ABORT);
	e = mr_event(r);
	ck_assert_int_eq(e != NULL, s2s || s2r);
	ck_assert(!e || is_stall(e) == s2s);
	if (s2s) {
		resume(r, SID, tag_of(e), 0);	/* the driver may choose RAZ/WI all the same */
		ck_assert_uint_eq(r->resume.how, IOVM_MODEL_RAZ_WI);
	}
	mr_del(r);
}
END_TEST

START_TEST(translation_requests_ignore_a_r_s)
{
	struct mr *r = mr_on(NULL);
	uint64_t cd = mr_stream(r, SID, 1);
	struct iovm_model_result x;

	mr_cd(r, cd + 64, 7, (_i & 1 ? CD_A : 0) | (_i & 2 ? CD_R : 0) | (_i & 4 ? CD_S : 0), 0);
	x = mr_ats(r, SID, PASID, VA, R);
	ck_assert_uint_eq(x.outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(x.flags, 0);
	ck_assert_uint_eq(mr_events(r), 0);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(r->m), 0);
	mr_del(r);
}
END_TEST

START_TEST(other_events_never_stall)	/* S is for translation faults: a walk that aborts and a substream that is off terminate */
{
	struct stalls s = stalling(NULL);

	s.r->deny_first = s.table;
	s.r->deny_last = s.table + 4095;
	ck_assert_uint_eq(mr_access(s.r, SID, PASID, VA, R).outcome, IOVM_MODEL_ABORT);
	ck_assert_uint_eq(mr_event(s.r)[0] & 0xff, 0x0b);
	ck_assert_uint_eq(mr_access(s.r, SID, 0, VA, R).outcome, IOVM_MODEL_ABORT);
	ck_assert_uint_eq(mr_event(s.r)[0] & 0xff, 0x06);
	mr_del(s.r);
}
END_TEST

START_TEST(stags_are_unique)
{
	struct stalls s = stalling(NULL);
	bool used[64] = { false };
	unsigned i, tag;

	s.r->point = "stag";
	s.r->choice = 7;		/* always the same wish */
	for (i = 0; i < 60; i++) {
		tag = tag_of(stall(s.r, VA + 0x1000 * i));
		ck_assert(tag < 64 && !used[tag]);
		used[tag] = true;
	}
	for (tag = 0; tag < 64; tag++)
		if (used[tag])
			resume(s.r, SID, tag, 2);
	ck_assert_uint_eq(s.r->resumes, 60);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(s.r->m), 0);
	mr_del(s.r);
}
END_TEST

START_TEST(invalidations_release_nothing)
{
	struct stalls s = stalling(NULL);
	unsigned tag = tag_of(stall(s.r, VA));

	mr_cmd(s.r, 0x03 | OF_SID, 1);
	mr_cmd(s.r, 0x05 | PASID << 12 | OF_SID, 1);
	mr_cmd(s.r, 0x30, 0);
	mr_sync(s.r);
	ck_assert_uint_eq(s.r->resumes, 0);
	ck_assert_uint_eq(mr_events(s.r), 0);
	resume(s.r, SID, tag, 1);
	ck_assert_uint_eq(s.r->resumes, 1);
	mr_del(s.r);
}
END_TEST

START_TEST(others_pass_one_that_is_stalled)	/* of the same stream, too */
{
	struct stalls s = stalling(NULL);
	unsigned tag;

	mr_map(s.r, s.table, VA + 0x1000, PA, PTE_RW);
	mr_map(s.r, mr_cd(s.r, s.cd, 8, CD_A | CD_S, 0), VA, PA + 0x1000, PTE_RW);
	mr_ste(s.r, SID)[1] |= 1;	/* PASID 0 is one like the others */
	mr_cmd(s.r, 0x03 | OF_SID, 1);
	mr_sync(s.r);
	tag = tag_of(stall(s.r, VA));
	ck_assert_uint_eq(mr_access(s.r, SID, 0, VA, R).addr, PA + 0x1000);
	ck_assert_uint_eq(mr_access(s.r, SID, PASID, VA + 0x1000, R).addr, PA);
	resume(s.r, SID, tag, 2);
	mr_del(s.r);
}
END_TEST

START_TEST(stall_records_are_never_merged)
{
	struct stalls s = stalling(NULL);
	const uint64_t *first, *second;

	mr_ste(s.r, SID)[1] |= 1ull << 19;	/* MEV */
	mr_cmd(s.r, 0x03 | OF_SID, 1);
	mr_sync(s.r);
	s.r->point = "event-merge";
	s.r->choice = 1;
	mr_access(s.r, SID, PASID, VA, R);
	mr_access(s.r, SID, PASID, VA, R);
	ck_assert_uint_eq(mr_events(s.r), 2);
	first = mr_event(s.r);
	second = mr_event(s.r);
	ck_assert_uint_ne(tag_of(first), tag_of(second));
	resume(s.r, SID, tag_of(first), 2);
	resume(s.r, SID, tag_of(second), 2);
	ck_assert_uint_eq(s.r->resumes, 2);
	mr_del(s.r);
}
END_TEST

START_TEST(stage_2_faults_on_the_way_stall)	/* of the CD fetch, and of a stage 1 walk: CLASS tells */
{
	struct mr *r = mr_on(NULL);
	uint64_t cd = mr_stream(r, SID, 1), root, l2 = mr_alloc(r, 4096, 4096);
	const uint64_t *e;
	unsigned i;

	mr_cd(r, cd + 64, 7, CD_A | CD_R, 0x700000000);		/* a table that stage 2 does not have */
	root = stage2(r, 7, true, true);
	e = stall(r, VA);
	ck_assert_uint_eq(e[1] >> 39 & 7, 1);			/* S2, CLASS = CD */
	resume(r, SID, tag_of(e), 2);
	mr_mem(r, root)[0] = l2 | 3;
	for (i = 0; i < 4; i++)
		mr_mem(r, l2)[(MR_BASE >> 21) + i] = (MR_BASE + ((uint64_t)i << 21)) | 3 << 6 | 1 << 10 | 1;
	e = stall(r, VA);
	ck_assert_uint_eq(e[1] >> 39 & 7, 1 | 1 << 1);		/* CLASS = stage 1 walk */
	resume(r, SID, tag_of(e), 2);
	ck_assert_uint_eq(r->resumes, 2);
	mr_del(r);
}
END_TEST

START_TEST(speculation_records_nothing)
{
	struct stalls s = stalling(NULL);

	mr_cmd(s.r, 0x02 | 1 << 11 | PASID << 12 | OF_SID, VA);	/* not mapped */
	mr_cmd(s.r, 0x01 | 1 << 11 | PASID << 12 | 6ull << 32, 0);	/* no such stream */
	mr_cmd(s.r, 0x01 | 1 << 11 | 9 << 12 | OF_SID, 0);		/* no such substream */
	mr_sync(s.r);
	ck_assert_uint_eq(mr_events(s.r), 0);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(s.r->m), 0);
	mr_del(s.r);
}
END_TEST

START_TEST(a_retry_is_a_new_arrival)	/* it meets what is configured now */
{
	struct stalls s = stalling(NULL);
	unsigned tag = tag_of(stall(s.r, VA));

	mr_cd(s.r, s.cd + 64, 7, CD_A | CD_R, s.table);
	mr_cmd(s.r, 0x05 | PASID << 12 | OF_SID, 1);
	mr_sync(s.r);
	resume(s.r, SID, tag, 1);
	ck_assert_uint_eq(s.r->resume.how, IOVM_MODEL_OK);
	ck_assert_uint_eq(mr_access(s.r, SID, PASID, VA, R).outcome, IOVM_MODEL_ABORT);
	ck_assert(!is_stall(mr_event(s.r)));
	mr_del(s.r);
}
END_TEST

/* ---- the rest of them ------------------------------------------------------------------------------------------------------------------------------------ */

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

static const struct { int64_t pasid; uint64_t va; unsigned flags; bool may; } twins[] = {
	{ PASID, VA, R, true }, { PASID, VA + 0xfff, R, true }, { PASID, VA + 0x1000, R, false }, { PASID, VA, IOVM_MODEL_WRITE, false },
	{ PASID, VA, R | IOVM_MODEL_PRIV, false }, { PASID, VA, IOVM_MODEL_EXEC, false }, { 2, VA, R, false },
};

START_TEST(which_duplicates_may_be_suppressed)	/* page, privilege, kind and substream are the same, and the first is stalled still */
{
	struct mr *r = mr_on(NULL);
	uint64_t cd = mr_stream(r, SID, 2);
	const uint64_t *e;
	unsigned tag;

	mr_cd(r, cd + 64, 7, CD_A | CD_S, 0);
	mr_cd(r, cd + 128, 8, CD_A | CD_S, 0);
	tag = tag_of(stall(r, VA));
	r->point = "stall-suppressed";
	r->choice = 1;
	ck_assert_uint_eq(mr_access(r, SID, twins[_i].pasid, twins[_i].va, twins[_i].flags).outcome, IOVM_MODEL_STALLED);
	e = mr_event(r);
	ck_assert_int_eq(!e, twins[_i].may);
	resume(r, SID, tag, 2);
	if (e)
		resume(r, SID, tag_of(e), 2);
	ck_assert_uint_eq(r->resumes, 2);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(r->m), 0);
	mr_del(r);
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
	tcase_add_loop_test(t, s_stalls_whatever_a_and_r, 0, 4);
	tcase_add_loop_test(t, s2s_and_s2r, 0, 4);
	tcase_add_loop_test(t, translation_requests_ignore_a_r_s, 0, 8);
	tcase_add_test(t, other_events_never_stall);
	tcase_add_test(t, stags_are_unique);
	tcase_add_test(t, invalidations_release_nothing);
	tcase_add_test(t, others_pass_one_that_is_stalled);
	tcase_add_test(t, stall_records_are_never_merged);
	tcase_add_test(t, stage_2_faults_on_the_way_stall);
	tcase_add_test(t, speculation_records_nothing);
	tcase_add_test(t, a_retry_is_a_new_arrival);
	tcase_add_loop_test(t, which_duplicates_may_be_suppressed, 0, sizeof twins / sizeof *twins);
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
