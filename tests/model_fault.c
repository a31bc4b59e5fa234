/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 model, what devices wait for: stalls and all that ends them (IHI 0070 3.12.2, 4.7), ATS and device TLB invalidations (3.9, 4.5.1), the PRI queue with every row of its
 * automatic answers (chapter 8), and the duties of a driver in all of that, each broken once.
 */
#include "model_rig.h"
#include <string.h>

enum { SID = 5, PASID = 1, VA = 0x12345000, PA = 0x1000a000, R = IOVM_MODEL_READ, W = IOVM_MODEL_WRITE, L = IOVM_MODEL_LAST };
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

/* ---- ATS ---------------------------------------------------------------------------------------------------------------------------------------------- */

struct ats { struct mr *r; uint64_t cd, table; };

static struct ats ats_on(void (*adjust)(struct iovm_smmuv3_model_config *c))
{
	struct ats a = { .r = mr_on(adjust) };

	a.cd = mr_stream(a.r, SID, 1);
	a.table = mr_cd(a.r, a.cd + 64, 7, CD_A | CD_R, 0);
	mr_map(a.r, a.table, VA, PA, PTE_RW);
	mr_map(a.r, a.table, VA + 0x1000, PA, PTE_RW | PTE_RO | 1ull << 54);
	mr_map(a.r, a.table, VA + 0x2000, PA, PTE_RW & ~PTE_USER);
	return a;
}

static void tell(struct ats *a)	/* the STE was changed */
{
	mr_cmd(a->r, 0x03 | OF_SID, 1);
	mr_sync(a->r);
}

START_TEST(translation_requests)
{
	struct ats a = ats_on(NULL);
	struct iovm_model_result x = mr_ats(a.r, SID, PASID, VA, R | W);

	ck_assert_uint_eq(x.outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(x.flags, R | W);
	ck_assert_uint_eq(x.addr, PA);
	ck_assert_uint_eq(mr_ats(a.r, SID, PASID, VA, R | IOVM_MODEL_EXEC).flags, R | W | IOVM_MODEL_EXEC);
	ck_assert_uint_eq(mr_ats(a.r, SID, PASID, VA + 0x1000, R | W).flags, R);
	x = mr_ats(a.r, SID, PASID, VA + 0x2000, R);		/* permission: what there is, maybe nothing */
	ck_assert_uint_eq(x.outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(x.flags, 0);
	x = mr_ats(a.r, SID, PASID, VA + 0x3000, R);
	ck_assert_uint_eq(x.outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(x.flags, 0);
	ck_assert_uint_eq(mr_events(a.r), 0);
	ck_assert_uint_eq(mr_ats(a.r, SID, 2, VA, R).outcome, IOVM_MODEL_CA);	/* beyond S1CDMax */
	ck_assert_uint_eq(mr_event(a.r)[0] & 0xff, 0x08);			/* REC_CFG_ATS */
	ck_assert_uint_eq(mr_ats(a.r, SID, MR_NONE, VA, R).outcome, IOVM_MODEL_CA);	/* CD 0 is invalid */
	ck_assert_uint_eq(mr_event(a.r)[0] & 0xff, 0x0a);
	mr_ste(a.r, SID)[1] = 1 | 1ull << 28;					/* S1DSS: bypass */
	tell(&a);
	x = mr_ats(a.r, SID, MR_NONE, VA, R);
	ck_assert_uint_eq(x.addr, VA);
	ck_assert_uint_eq(x.flags, R | W);
	mr_ste(a.r, SID)[1] = 2;						/* EATS = 0 */
	tell(&a);
	ck_assert_uint_eq(mr_ats(a.r, SID, PASID, VA, R).outcome, IOVM_MODEL_UR);
	ck_assert_uint_eq(mr_event(a.r)[0], 0x05 | 1 << 11 | PASID << 12 | OF_SID);
	mr_ste(a.r, SID)[0] = 1;
	tell(&a);
	ck_assert_uint_eq(mr_ats(a.r, SID, PASID, VA, R).outcome, IOVM_MODEL_UR);
	ck_assert_uint_eq(mr_events(a.r), 0);
	mr_enable(a.r, ALL_ON & ~SMMUEN);
	ck_assert_uint_eq(mr_ats(a.r, SID, PASID, VA, R).outcome, IOVM_MODEL_UR);
	ck_assert_uint_eq(mr_event(a.r)[0] & 0xff, 0x05);
	mr_del(a.r);
}
END_TEST

static struct iovm_model_result translated(struct mr *r)
{
	struct iovm_model_access t = { .stream_id = SID, .pasid = IOVM_MODEL_NO_PASID, .addr = PA, .kind = IOVM_MODEL_TRANSLATED, .flags = R };
	struct iovm_model_result x;

	iovm_smmuv3_model_translate(r->m, &t, &x);
	return x;
}

START_TEST(translated_traffic)
{
	struct ats a = ats_on(NULL);

	ck_assert_uint_eq(translated(a.r).outcome, IOVM_MODEL_OK);
	mr_ste(a.r, SID)[1] = 2;
	tell(&a);
	ck_assert_uint_eq(translated(a.r).outcome, IOVM_MODEL_ABORT);
	ck_assert_uint_eq(mr_event(a.r)[0], 0x07 | OF_SID);
	mr_ste(a.r, SID)[0] = 1;
	tell(&a);
	ck_assert_uint_eq(translated(a.r).outcome, IOVM_MODEL_ABORT);	/* silently */
	ck_assert_uint_eq(mr_events(a.r), 0);
	mr_enable(a.r, ALL_ON & ~ATSCHK);
	ck_assert_uint_eq(translated(a.r).outcome, IOVM_MODEL_OK);	/* unchecked */
	mr_enable(a.r, CMDQEN | EVENTQEN);
	ck_assert_uint_eq(translated(a.r).outcome, IOVM_MODEL_ABORT);
	ck_assert_uint_eq(mr_event(a.r)[0] & 0xff, 0x07);
	mr_del(a.r);
}
END_TEST

START_TEST(atc_invalidate)
{
	struct ats a = ats_on(NULL);
	unsigned tag;

	mr_cmd(a.r, 0x40 | 1 << 11 | PASID << 12 | OF_SID, 0x12345000 | 4);
	ck_assert_uint_eq(a.r->invs, 1);
	ck_assert_uint_eq(a.r->inv.addr, 0x12340000);		/* aligned down */
	ck_assert_uint_eq(a.r->inv.size_log2, 16);
	ck_assert_uint_eq(a.r->inv.pasid, PASID);
	mr_cmd(a.r, 0x40 | OF_SID, 52);
	ck_assert_uint_eq(a.r->inv.size_log2, 64);
	ck_assert_uint_eq(a.r->inv.pasid, IOVM_MODEL_NO_PASID);
	a.r->inv_reply = IOVM_MODEL_ATC_BUSY;
	mr_cmd(a.r, 0x40 | OF_SID, 52);
	ck_assert_uint_ne(rd(a.r, CMDQ_CONS), a.r->prod);	/* waits for the device */
	a.r->inv_reply = IOVM_MODEL_ATC_SENT;
	mr_run(a.r);
	tag = a.r->inv.tag;
	mr_cmd(a.r, 0x46, 0);
	ck_assert_uint_ne(rd(a.r, CMDQ_CONS), a.r->prod);	/* so does a SYNC */
	iovm_smmuv3_model_atc_done(a.r->m, (uint16_t)tag, false);
	mr_run(a.r);
	ck_assert_uint_eq(rd(a.r, CMDQ_CONS), a.r->prod);
	mr_cmd(a.r, 0x12 | 7ull << 48, VA);
	mr_cmd(a.r, 0x40 | OF_SID, 52);				/* no SYNC between them */
	ck_assert_str_eq(mr_broken(a.r), "atc-order");
	iovm_smmuv3_model_atc_done(a.r->m, a.r->inv.tag, false);
	mr_sync(a.r);
	mr_enable(a.r, ALL_ON & ~SMMUEN);
	mr_cmd(a.r, 0x40 | OF_SID, 52);				/* ignored */
	ck_assert_uint_eq(a.r->invs, 5);
	mr_sync(a.r);
	mr_del(a.r);
}
END_TEST

START_TEST(atc_time_out)	/* CERROR_ATC_INV_SYNC at the SYNC, which is not consumed; the others are only delayed. First, middle, last and wrapped */
{
	struct ats a = ats_on(NULL);
	unsigned i, start = _i == 3 ? 14 : 8, tag;

	a.r->inv_reply = IOVM_MODEL_ATC_SENT;
	while ((a.r->prod & 15) != start)
		mr_sync(a.r);
	for (i = 0; i < (_i == 3 ? 1 : (unsigned)_i); i++)
		mr_put(a.r, 0x46, 0);
	mr_put(a.r, 0x40 | OF_SID, 52);
	mr_put(a.r, 0x46, 0);
	mr_put(a.r, 0x46, 0);
	mr_ring(a.r);
	mr_run(a.r);
	tag = a.r->inv.tag;
	iovm_smmuv3_model_atc_done(a.r->m, (uint16_t)tag, true);
	mr_run(a.r);
	ck_assert_uint_eq(rd(a.r, CMDQ_CONS), ((a.r->prod - 2) & 31) | 3 << 24);
	ck_assert_uint_eq(rd(a.r, GERROR), 1);
	wr(a.r, GERRORN, 1);
	mr_run(a.r);
	ck_assert_uint_eq(rd(a.r, CMDQ_CONS), a.r->prod);
	iovm_smmuv3_model_atc_done(a.r->m, (uint16_t)tag, true);	/* late: nobody's any more */
	mr_sync(a.r);
	mr_del(a.r);
}
END_TEST

static void big_pages(struct iovm_smmuv3_model_config *c) { c->stu = 4; }

START_TEST(atc_duties)
{
	struct ats a = ats_on(big_pages);

	mr_cmd(a.r, 0x40 | OF_SID, 3);
	ck_assert_str_eq(mr_broken(a.r), "atc-size");
	mr_ats(a.r, SID, PASID, VA, R);
	mr_cd(a.r, a.cd + 64, 8, CD_A | CD_R, 0);		/* another table, another ASID, TLB clean, device TLB not */
	mr_cmd(a.r, 0x05 | PASID << 12 | OF_SID, 1);
	mr_sync(a.r);
	mr_map(a.r, mr_mem(a.r, a.cd + 64)[1], VA, PA, PTE_RW);
	mr_ats(a.r, SID, PASID, VA, R);
	ck_assert_str_eq(mr_broken(a.r), "pasid");
	mr_cd(a.r, a.cd + 64, 9, CD_A | CD_R, a.table);
	mr_cmd(a.r, 0x05 | PASID << 12 | OF_SID, 1);
	mr_cmd(a.r, 0x40 | 1 << 11 | PASID << 12 | OF_SID, 52);
	mr_sync(a.r);
	mr_ats(a.r, SID, PASID, VA, R);
	mr_del(a.r);
}
END_TEST

/* ---- page requests ---------------------------------------------------------------------------------------------------------------------------------------- */

static void pps(struct iovm_smmuv3_model_config *c) { c->idr[3] |= 1u << 5; }
static void ppar(struct iovm_smmuv3_model_config *c) { c->idr[3] &= ~(1u << 5); }
static void no_pasid(struct iovm_smmuv3_model_config *c) { c->idr[1] &= ~(31u << 6); }

static void fill(struct mr *r, unsigned n)
{
	while (n--)
		mr_ask(r, SID, PASID, VA, 1, R);
}

static void pri_answer(struct mr *r, uint32_t sid, int64_t pasid, unsigned index, unsigned resp)
{
	mr_cmd(r, 0x41 | (pasid < 0 ? 0 : 1 << 11 | (uint64_t)pasid << 12) | (uint64_t)sid << 32, index | resp << 12);
}

static void consume(struct mr *r) { wr(r, PRIQ_CONS, rd(r, PRIQ_PROD)); }

START_TEST(record)
{
	struct ats a = ats_on(NULL);
	const uint64_t *w = mr_mem(a.r, a.r->priq);

	ck_assert(mr_ask(a.r, 0x4200, 0x1d, 0x7f0000204000, 5, W));
	ck_assert_uint_eq(w[0], 0xa000001d00004200);			/* golden PRI02 */
	ck_assert_uint_eq(w[1], 0x00007f0000204005);
	ck_assert(mr_ask(a.r, 0x4200, MR_NONE, 0xfffffffffffff000, 511, L | IOVM_MODEL_EXEC | IOVM_MODEL_PRIV));
	ck_assert_uint_eq(w[2], 0x4000000000004200);			/* X and Priv need a PASID; not a marker */
	ck_assert_uint_eq(w[3], 0xfffffffffffff1ff);
	ck_assert(mr_ask(a.r, 0x4200, 0x1d, 0, 0, L));
	ck_assert_uint_eq(w[4], 0xc000001d00004200);			/* PRI05: Stop Marker */
	consume(a.r);
	pri_answer(a.r, 0x4200, 0x1d, 0, 2);				/* a marker has no answer */
	ck_assert_str_eq(mr_broken(a.r), "answer");
	pri_answer(a.r, 0x4200, MR_NONE, 511, 1);			/* this one has */
	ck_assert_uint_eq(a.r->answer.code, 1);
	ck_assert_uint_eq(a.r->answer.index, 511);
	ck_assert(!a.r->answer.automatic);
	iovm_smmuv3_model_judge(a.r->m);
	mr_del(a.r);
}
END_TEST

enum { OFF, SMMU_OFF, ABORTED, SHUT, FULL, WRITE_ABORT };
enum { LAST, PART, MARKER };
static const struct { unsigned state, message, answers, code; bool toggles; } incoming[] = {	/* of messages with a PASID; PPS = 1 */
	{ OFF, LAST, 1, 0xf, false }, { OFF, PART, 1, 0xf, false }, { OFF, MARKER, 0, 0, false }, { SMMU_OFF, LAST, 1, 0xf, false }, { SMMU_OFF, MARKER, 0, 0, false },
	{ ABORTED, LAST, 1, 0xf, false }, { ABORTED, PART, 1, 0xf, false }, { ABORTED, MARKER, 0, 0, false },
	{ SHUT, LAST, 1, 0, false }, { SHUT, PART, 0, 0, false }, { SHUT, MARKER, 0, 0, false },
	{ FULL, LAST, 1, 0, true }, { FULL, PART, 0, 0, true }, { FULL, MARKER, 0, 0, true },
	{ WRITE_ABORT, LAST, 1, 0xf, false }, { WRITE_ABORT, PART, 0, 0, false }, { WRITE_ABORT, MARKER, 0, 0, false },
};

START_TEST(incoming_rows)
{
	struct ats a = ats_on(pps);
	unsigned state = incoming[_i].state;
	uint32_t was;

	if (state == OFF)
		mr_enable(a.r, ALL_ON & ~PRIQEN);
	if (state == SMMU_OFF)
		mr_enable(a.r, ALL_ON & ~SMMUEN);
	if (state == SHUT || state == FULL)
		fill(a.r, state == SHUT ? 17 : 16);
	if (state == ABORTED || state == WRITE_ABORT) {
		a.r->deny_first = a.r->priq;
		a.r->deny_last = a.r->priq + 255;
	}
	if (state == ABORTED)
		fill(a.r, 1);
	ck_assert_uint_eq(rd(a.r, GERROR), state == ABORTED ? 8 : 0);
	if (state == SHUT)
		wr(a.r, PRIQ_CONS, rd(a.r, PRIQ_PROD) & 31 & ~1u);	/* room alone does not open it */
	was = rd(a.r, PRIQ_PROD);
	ck_assert(!mr_ask(a.r, SID, PASID, VA, 3, incoming[_i].message == LAST ? R | L : incoming[_i].message == PART ? R : L));
	ck_assert_uint_eq(a.r->answers, incoming[_i].answers);
	ck_assert_uint_eq(a.r->answer.code, incoming[_i].code);
	if (a.r->answers) {
		ck_assert(a.r->answer.automatic);
		ck_assert_uint_eq(a.r->answer.index, 3);
		ck_assert_uint_eq(a.r->answer.pasid, incoming[_i].code ? IOVM_MODEL_NO_PASID : PASID);
	}
	ck_assert_uint_eq(rd(a.r, PRIQ_PROD), was ^ (incoming[_i].toggles ? FLAG31 : 0));
	ck_assert_uint_eq(rd(a.r, GERROR), state == ABORTED || state == WRITE_ABORT ? 8 : 0);
	mr_del(a.r);
}
END_TEST

enum { FINE, PPAR_SET, FAR, INVALID, ILLEGAL, ABORTS };
static const struct { void (*on)(struct iovm_smmuv3_model_config *c); unsigned ste; int64_t pasid; unsigned code, event; bool with; } overflows[] = {
	{ pps, INVALID, MR_NONE, 0, 0, false }, { ppar, INVALID, MR_NONE, 0, 0, false }, { pps, INVALID, PASID, 0, 0, true }, { ppar, PPAR_SET, PASID, 0, 0, true },
	{ ppar, FINE, PASID, 0, 0, false }, { ppar, INVALID, PASID, 0xf, 4, false }, { ppar, ILLEGAL, PASID, 0xf, 4, false }, { ppar, FAR, PASID, 0xf, 2, false },
	{ ppar, ABORTS, PASID, 0xf, 3, false }, { no_pasid, INVALID, PASID, 0, 0, true },
};

START_TEST(overflow_rows)
{
	struct ats a = ats_on(overflows[_i].on);
	uint32_t sid = overflows[_i].ste == FAR ? 300 : 9;
	const uint64_t *e;

	mr_ste(a.r, 9)[0] = overflows[_i].ste == INVALID ? 0 : overflows[_i].ste == ILLEGAL ? 1 | 5 << 1 | 31ull << 59 : 1;
	mr_ste(a.r, 9)[1] = overflows[_i].ste == PPAR_SET ? 1 << 18 : 0;
	if (overflows[_i].ste == ABORTS) {
		a.r->deny_first = a.r->strtab;
		a.r->deny_last = a.r->strtab + 0x3fff;
	}
	fill(a.r, 16);
	mr_ask(a.r, sid, overflows[_i].pasid, VA, 3, R | L);
	ck_assert_uint_eq(a.r->answers, 1);
	ck_assert_uint_eq(a.r->answer.code, overflows[_i].code);
	ck_assert_uint_eq(a.r->answer.pasid, overflows[_i].with ? PASID : IOVM_MODEL_NO_PASID);
	e = mr_event(a.r);
	ck_assert_uint_eq(e ? e[0] & 0xff : 0, overflows[_i].event);
	mr_del(a.r);
}
END_TEST

START_TEST(overflow_recovery)
{
	struct ats a = ats_on(NULL);

	fill(a.r, 14);
	mr_ask(a.r, SID, PASID, VA, 2, R | L);
	mr_ask(a.r, SID, PASID, VA, 1, R);
	mr_ask(a.r, SID, PASID, VA, 1, R | L);			/* dropped, answered by the SMMU */
	ck_assert_uint_eq(a.r->answers, 1);
	wr(a.r, PRIQ_CONS, ((rd(a.r, PRIQ_PROD) - 2) & 31) | FLAG31);
	ck_assert_str_eq(mr_broken(a.r), "ovack");		/* two entries are still there */
	consume(a.r);
	pri_answer(a.r, SID, PASID, 1, 2);			/* a forgotten group has no answer */
	ck_assert_str_eq(mr_broken(a.r), "answer");
	pri_answer(a.r, SID, MR_NONE, 2, 2);
	ck_assert_uint_eq(a.r->answer.code, 0);
	ck_assert_uint_eq(a.r->answer.pasid, IOVM_MODEL_NO_PASID);
	ck_assert(mr_ask(a.r, SID, PASID, VA, 1, R));
	iovm_smmuv3_model_judge(a.r->m);
	mr_del(a.r);
}
END_TEST

START_TEST(answers)
{
	struct ats a = ats_on(NULL);

	mr_ask(a.r, SID, PASID, VA, 1, R | L);
	pri_answer(a.r, SID, PASID, 1, 2);			/* the entry was not consumed: no credit is free */
	ck_assert_str_eq(mr_broken(a.r), "credit");
	consume(a.r);
	pri_answer(a.r, SID, PASID, 1, 2);			/* twice */
	ck_assert_str_eq(mr_broken(a.r), "answer");
	mr_ask(a.r, SID, PASID, VA, 1, R | L);
	consume(a.r);
	pri_answer(a.r, SID, PASID + 1, 1, 2);			/* another PASID */
	ck_assert_str_eq(mr_broken(a.r), "answer");
	iovm_smmuv3_model_judge(a.r->m);
	ck_assert_str_eq(mr_broken(a.r), "answered");
	mr_ask(a.r, SID, MR_NONE, VA, 4, R | L);
	consume(a.r);
	pri_answer(a.r, SID, 0, 4, 2);				/* a PASID that the request did not have */
	ck_assert_str_eq(mr_broken(a.r), "answer");
	iovm_smmuv3_model_device_gone(a.r->m, SID);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(a.r->m), 5);	/* excused: no more of them */
	mr_del(a.r);
}
END_TEST

START_TEST(interrupts)
{
	struct ats a = ats_on(NULL);
	unsigned *n = &a.r->lines[IOVM_MODEL_LINE_PRIQ];
	uint64_t msi = mr_alloc(a.r, 64, 64);

	mr_ask(a.r, SID, PASID, VA, 1, R);
	mr_ask(a.r, SID, PASID, VA, 1, R | L);
	ck_assert_uint_eq(*n, 1);				/* empty to not empty */
	consume(a.r);
	pri_answer(a.r, SID, PASID, 1, 2);
	wr(a.r, IRQ_CTRL, 5);
	wr(a.r, PRIQ_IRQ_CFG2, FLAG31);				/* LO */
	wr(a.r, IRQ_CTRL, 7);
	mr_ask(a.r, SID, PASID, VA, 1, R);
	ck_assert_uint_eq(*n, 1);
	mr_ask(a.r, SID, PASID, VA, 1, R | L);
	ck_assert_uint_eq(*n, 2);
	mr_ask(a.r, SID, PASID, VA, 2, R | L);
	ck_assert_uint_eq(*n, 3);
	fill(a.r, 14);
	ck_assert_uint_eq(*n, 3);				/* it is shut now */
	mr_ask(a.r, SID, PASID, VA, 3, R | L);
	ck_assert_uint_eq(*n, 4);				/* also for one that an overflow took */
	consume(a.r);
	wr(a.r, IRQ_CTRL, 5);
	wr64(a.r, PRIQ_IRQ_CFG0, msi);
	wr(a.r, PRIQ_IRQ_CFG0 + 8, 0x77);
	wr(a.r, IRQ_CTRL, 7);
	mr_ask(a.r, SID, PASID, VA, 3, R | L);
	ck_assert_uint_eq(*mr_mem(a.r, msi), 0x77);
	ck_assert_uint_eq(*n, 4);
	mr_del(a.r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model_fault");
	TCase *t = tcase_create("fault");

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
	tcase_add_test(t, translation_requests);
	tcase_add_test(t, translated_traffic);
	tcase_add_test(t, atc_invalidate);
	tcase_add_loop_test(t, atc_time_out, 0, 4);
	tcase_add_test(t, atc_duties);
	tcase_add_test(t, record);
	tcase_add_loop_test(t, incoming_rows, 0, sizeof incoming / sizeof *incoming);
	tcase_add_loop_test(t, overflow_rows, 0, sizeof overflows / sizeof *overflows);
	tcase_add_test(t, overflow_recovery);
	tcase_add_test(t, answers);
	tcase_add_test(t, interrupts);
	suite_add_tcase(s, t);
	return harness_main(s);
}
