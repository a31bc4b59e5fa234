/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 model, PCIe: ATS and device TLB invalidations (IHI 0070 3.9, 4.5.1), the PRI queue with every row of its automatic answers (chapter 8); each of the driver's
 * duties in it broken once.
 */
#include "model_rig.h"

enum { SID = 5, PASID = 1, VA = 0x12345000, PA = 0x1000a000, R = IOVM_MODEL_READ, W = IOVM_MODEL_WRITE, L = IOVM_MODEL_LAST };
#define OF_SID	((uint64_t)SID << 32)

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
	struct iovm_model_access t = { .stream_id = SID, .pasid = PASID, .addr = PA, .kind = IOVM_MODEL_TRANSLATED, .flags = R };
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

enum { OFF, SMMU_OFF, ABORTED, SHUT, FULL, WRITTEN, WRITE_ABORT, LATE_ABORT };
enum { LAST, PART, MARKER };
static const struct { unsigned state, message, answers, code; bool toggles; } incoming[] = {	/* of messages with a PASID; PPS = 1 */
	{ OFF, LAST, 1, 0xf, false }, { OFF, PART, 1, 0xf, false }, { OFF, MARKER, 0, 0, false },
	{ SMMU_OFF, LAST, 1, 0xf, false }, { SMMU_OFF, PART, 1, 0xf, false }, { SMMU_OFF, MARKER, 0, 0, false },
	{ ABORTED, LAST, 1, 0xf, false }, { ABORTED, PART, 1, 0xf, false }, { ABORTED, MARKER, 0, 0, false },
	{ SHUT, LAST, 1, 0, false }, { SHUT, PART, 0, 0, false }, { SHUT, MARKER, 0, 0, false },
	{ FULL, LAST, 1, 0, true }, { FULL, PART, 0, 0, true }, { FULL, MARKER, 0, 0, true },
	{ WRITTEN, LAST, 0, 0, false }, { WRITTEN, PART, 0, 0, false }, { WRITTEN, MARKER, 0, 0, false },
	{ WRITE_ABORT, LAST, 1, 0xf, false }, { WRITE_ABORT, PART, 0, 0, false }, { WRITE_ABORT, MARKER, 0, 0, false },
	{ LATE_ABORT, LAST, 0, 0, false }, { LATE_ABORT, PART, 0, 0, false }, { LATE_ABORT, MARKER, 0, 0, false },	/* lost */
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
	if (state == LATE_ABORT) {
		a.r->point = "pri-abort-late";
		a.r->choice = 1;
	}
	if (state == ABORTED || state >= WRITE_ABORT) {
		a.r->deny_first = a.r->priq;
		a.r->deny_last = a.r->priq + 255;
	}
	if (state == ABORTED)
		fill(a.r, 1);
	ck_assert_uint_eq(rd(a.r, GERROR), state == ABORTED ? 8 : 0);
	if (state == SHUT)
		wr(a.r, PRIQ_CONS, rd(a.r, PRIQ_PROD) & 31 & ~1u);	/* room alone does not open it */
	was = rd(a.r, PRIQ_PROD);
	ck_assert_int_eq(mr_ask(a.r, SID, PASID, VA, 3, incoming[_i].message == LAST ? R | L : incoming[_i].message == PART ? R : L), state == WRITTEN);
	ck_assert_uint_eq(a.r->answers, incoming[_i].answers);
	ck_assert_uint_eq(a.r->answer.code, incoming[_i].code);
	if (a.r->answers) {
		ck_assert(a.r->answer.automatic);
		ck_assert_uint_eq(a.r->answer.index, 3);
		ck_assert_uint_eq(a.r->answer.pasid, incoming[_i].code ? IOVM_MODEL_NO_PASID : PASID);
	}
	ck_assert_uint_eq(rd(a.r, PRIQ_PROD), (was ^ (incoming[_i].toggles ? FLAG31 : 0)) + (state == WRITTEN));
	ck_assert_uint_eq(rd(a.r, GERROR), state == ABORTED || state >= WRITE_ABORT ? 8 : 0);
	mr_del(a.r);
}
END_TEST

START_TEST(refused_once_a_group)	/* whether the SMMU refuses each message or each Last is open: never more than one response a message */
{
	struct ats a = ats_on(NULL);

	mr_enable(a.r, ALL_ON & ~PRIQEN);
	a.r->point = "pri-refuse-last-only";
	a.r->choice = 1;
	mr_ask(a.r, SID, PASID, VA, 3, R);
	ck_assert_uint_eq(a.r->answers, 0);
	mr_ask(a.r, SID, PASID, VA, 3, R | L);
	ck_assert_uint_eq(a.r->answers, 1);
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
	Suite *s = suite_create("model_pri");
	TCase *t = tcase_create("pri");

	tcase_add_test(t, translation_requests);
	tcase_add_test(t, translated_traffic);
	tcase_add_test(t, atc_invalidate);
	tcase_add_loop_test(t, atc_time_out, 0, 4);
	tcase_add_test(t, atc_duties);
	tcase_add_test(t, record);
	tcase_add_loop_test(t, incoming_rows, 0, sizeof incoming / sizeof *incoming);
	tcase_add_test(t, refused_once_a_group);
	tcase_add_loop_test(t, overflow_rows, 0, sizeof overflows / sizeof *overflows);
	tcase_add_test(t, overflow_recovery);
	tcase_add_test(t, answers);
	tcase_add_test(t, interrupts);
	suite_add_tcase(s, t);
	return harness_main(s);
}
