/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 model, from stream to context: which STEs and CDs are legal, row by row (IHI 0070 5.2.2, 5.4.2), where they are found, which CD a substream gets.
 */
#include "model_rig.h"

enum { SID = 5, VA = 0x12345000, PA = 0x1000a000 };
#define HI(bit)	(1ull << ((bit) - 64))	/* of a record's second word, and so on */
#define W2(bit)	(1ull << ((bit) - 128))

static unsigned code(const uint64_t *e) { return e ? (unsigned)(e[0] & 0xff) : 0; }

/* ---- STEs ------------------------------------------------------------------------------------------------------------------------------------------ */

static void no_s1(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~2u; }
static void no_s2(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~1u; }
static void terminate(struct iovm_smmuv3_model_config *c) { c->idr[0] |= 1u << 24; }
static void forced(struct iovm_smmuv3_model_config *c) { c->idr[0] |= 2u << 24; }
static void no_cd2l(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~(1u << 19); }
static void narrow(struct iovm_smmuv3_model_config *c) { c->idr[1] = (c->idr[1] & ~(31u << 6)) | 4 << 6; }
static void no_pasid(struct iovm_smmuv3_model_config *c) { c->idr[1] &= ~(31u << 6); }
static void no_vmid16(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~(1u << 18); }
static void no_httu(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~(3u << 6); }
static void no_asid16(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~(1u << 12); }
static void abort_only(struct iovm_smmuv3_model_config *c) { c->idr[0] |= 1u << 26; }
static void no_ats(struct iovm_smmuv3_model_config *c) { c->idr[0] &= ~(1u << 10 | 1u << 16); }
static void only_4k(struct iovm_smmuv3_model_config *c) { c->idr[5] &= ~(6u << 4); }
static void small_tables(struct iovm_smmuv3_model_config *c) { c->idr[3] |= 1u << 9; }

enum { S1 = 1 | 5 << 1, S2 = 1 | 6 << 1, BOTH = 1 | 7 << 1, BYPASS = 1 | 4 << 1 };
#define CTX	0x10100000ull			/* some S1ContextPtr */
#define STAGE2	(24ull << 32 | 1ull << 38 | 5ull << 48 | W2(179))	/* 40 bits, from level 1, 48 bits out, 64-bit */
static const struct { uint64_t w[4]; void (*on)(struct iovm_smmuv3_model_config *c); bool legal; } stes[] = {
	{ { 0 }, NULL, false }, { { 1 }, NULL, true }, { { 1 | 3 << 1 | ~0ull << 59, ~0ull, ~0ull, ~0ull }, NULL, true },	/* terminates: nothing else counts */
	{ { BYPASS }, NULL, true }, { { BYPASS | CTX }, no_s1, true },
	{ { S1 | CTX }, NULL, true }, { { S1 | CTX }, no_s1, false }, { { S2, 0, STAGE2 }, NULL, true }, { { S2, 0, STAGE2 }, no_s2, false },
	{ { BOTH | CTX, 0, STAGE2 }, NULL, true }, { { BOTH | CTX, 0, STAGE2 }, no_s2, false },
	{ { S1 | CTX, HI(92) }, NULL, true }, { { S1 | CTX, HI(93) }, NULL, false }, { { S1 | CTX, HI(93) }, no_ats, true }, { { BYPASS, HI(93) }, NULL, true },
	{ { BOTH | CTX, HI(93), STAGE2 }, NULL, false }, { { BOTH | CTX, HI(93), STAGE2 | W2(185) }, NULL, false },	/* NS1ATS: no split stage here */
	{ { S2, HI(93), STAGE2 }, NULL, false }, { { S1 | CTX, HI(92) | HI(93) }, NULL, true }, { { BOTH | CTX, HI(92), STAGE2 | W2(185) }, NULL, false },
	{ { S2, HI(92), STAGE2 | W2(185) }, NULL, false }, { { S2, 0, STAGE2 | W2(185) }, NULL, true },
	{ { S1 | CTX, HI(94) }, NULL, false }, { { S1 | CTX, HI(95) }, NULL, true }, { { BOTH | CTX, HI(94), STAGE2 }, NULL, true },	/* STRW in use? */
	{ { S1 | CTX, HI(91) }, NULL, true }, { { S1 | CTX, HI(91) }, terminate, false }, { { S1 | CTX, HI(91) }, forced, false },
	{ { S1 | CTX | 20ull << 59 }, NULL, true }, { { S1 | CTX | 21ull << 59 }, NULL, false }, { { S1 | CTX | 5ull << 59 }, narrow, false },
	{ { S1 | CTX | 21ull << 59 }, no_pasid, true },
	{ { S1 | CTX | 1 << 4 | 8ull << 59 }, NULL, true }, { { S1 | CTX | 1 << 4 | 8ull << 59 }, no_cd2l, false }, { { S1 | CTX | 2 << 4 }, no_cd2l, true },
	{ { S1 | CTX | 3 << 4 | 8ull << 59 }, no_cd2l, true },
	{ { S1 | 1ull << 52 }, NULL, false }, { { BOTH | 1ull << 52, 0, STAGE2 }, NULL, true },
	{ { S2, 0, STAGE2 | W2(185) }, terminate, false }, { { S2, 0, STAGE2 }, forced, false }, { { S2, 0, STAGE2 | W2(185) }, forced, true },
	{ { S2, 0, STAGE2 & ~W2(179) }, NULL, false }, { { S2, 0, STAGE2 | W2(180) }, NULL, false },
	{ { S2, 0, STAGE2 | W2(184) }, NULL, true }, { { S2, 0, STAGE2 | W2(184) }, no_httu, false }, { { S2, 0, STAGE2 | W2(183) }, no_httu, false },
	{ { S2, 0, STAGE2 | 1ull << 46 }, only_4k, false }, { { S2, 0, STAGE2 }, only_4k, true },
	{ { S2, 0, STAGE2 | 3ull << 46 }, NULL, false }, { { S2, 0, STAGE2 | 1ull << 46 }, NULL, true }, { { S2, 0, (STAGE2 & ~(3ull << 38)) | 1ull << 46 }, NULL, false },
	{ { S2, 0, STAGE2 | 3ull << 38 }, NULL, false }, { { S2, 0, STAGE2 & ~(3ull << 38) }, NULL, false }, { { S2, 0, (STAGE2 & ~(63ull << 32)) | 40ull << 32 }, NULL, false },
	{ { S2, 0, (STAGE2 & ~(63ull << 32)) | 15ull << 32 }, NULL, false },
	{ { S2, 0, (STAGE2 & ~(63ull << 32)) | 21ull << 32 }, NULL, true }, { { S2, 0, (STAGE2 & ~(63ull << 32)) | 20ull << 32 }, NULL, false },	/* 16 tables, 32 */
	{ { S2, 0, (STAGE2 & ~(63ull << 32)) | 33ull << 32 }, NULL, true }, { { S2, 0, (STAGE2 & ~(63ull << 32)) | 34ull << 32 }, NULL, false },	/* one bit, none */
	{ { S2, 0, STAGE2, 1ull << 47 }, NULL, true }, { { S2, 0, STAGE2, 1ull << 48 }, NULL, false }, { { S2, 0, STAGE2 & ~(7ull << 48), 1ull << 33 }, NULL, false },
	{ { S2, 0, STAGE2 | 0x100 }, NULL, true }, { { S2, 0, STAGE2 | 0x100 }, no_vmid16, false }, { { S1 | CTX, 0, 0x100 }, no_vmid16, false },
	{ { S1 | CTX, HI(95), 0x100 }, no_vmid16, true }, { { BYPASS, 0, 0x100 }, no_vmid16, true },
};

START_TEST(ste_rows)
{
	struct mr *r = mr_on(stes[_i].on);
	struct iovm_model_result x;
	unsigned i;

	for (i = 0; i < 4; i++)
		mr_ste(r, SID)[i] = stes[_i].w[i];
	x = mr_access(r, SID, MR_NONE, VA, IOVM_MODEL_READ);
	ck_assert_int_eq(x.event == 4, !stes[_i].legal);
	ck_assert_int_eq(code(mr_event(r)) == 4, !stes[_i].legal);
	mr_del(r);
}
END_TEST

/* ---- CDs -------------------------------------------------------------------------------------------------------------------------------------------- */

#define CD	(16ull | 1ull << 30 | 1ull << 31 | 5ull << 32 | 1ull << 41 | 1ull << 46)
#define EPD0	(1ull << 14)
static const struct { uint64_t w0, w1, ste1; void (*on)(struct iovm_smmuv3_model_config *c); bool legal; } cds[] = {
	{ CD, 0, 0, NULL, true }, { CD & ~(1ull << 31), 0, 0, NULL, false }, { CD | 1ull << 44, 0, 0, NULL, true }, { CD | 1ull << 44, 0, HI(91), NULL, false },
	{ CD & ~(1ull << 46), 0, 0, NULL, true }, { CD & ~(1ull << 46), 0, 0, abort_only, false }, { CD | 1ull << 44, 0, 0, terminate, false },
	{ CD, 0, 0, forced, false }, { CD | 1ull << 44, 0, 0, forced, true },
	{ CD | 1 << 15, 0, 0, NULL, false }, { CD | 1 << 15 | EPD0, 0, 0, NULL, true }, { CD & ~(1ull << 41), 0, 0, NULL, false },
	{ CD | 1ull << 43, 0, 0, NULL, true }, { CD | 1ull << 43, 0, 0, no_httu, false }, { CD | 1ull << 42, 0, 0, no_httu, false },
	{ CD | 1ull << 56, 0, 0, NULL, true }, { CD | 1ull << 56, 0, 0, no_asid16, false }, { CD | 1ull << 56, 0, HI(95), no_asid16, true },	/* EL2: no ASID */
	{ CD - 1, 0, 0, NULL, false }, { (CD - 1) | EPD0, 0, 0, NULL, true }, { CD + 23, 0, 0, NULL, true }, { CD + 24, 0, 0, NULL, false },
	{ CD + 24, 0, 0, small_tables, true }, { CD + 33, 0, 0, small_tables, false },
	{ CD | 1 << 6, 0, 0, NULL, true }, { CD | 2 << 6, 0, 0, NULL, true }, { CD | 3 << 6, 0, 0, NULL, false }, { CD | 1 << 6, 0, 0, only_4k, false },
	{ CD, 1ull << 48, 0, NULL, false }, { CD & ~(7ull << 32), 1ull << 32, 0, NULL, false }, { CD | EPD0, 1ull << 48, 0, NULL, true },
	{ (CD & ~(1ull << 30)) | 16ull << 16 | 2ull << 22, 0, 0, NULL, true }, { (CD & ~(1ull << 30)) | 16ull << 16, 0, 0, NULL, false },	/* TG1 = 0 is none */
	{ (CD & ~(1ull << 30)) | 15ull << 16 | 2ull << 22, 0, 0, NULL, false }, { CD & ~(1ull << 30), 0, HI(95), NULL, true },		/* EL2: one half only */
};

START_TEST(cd_rows)
{
	struct mr *r = mr_on(cds[_i].on);
	uint64_t at = mr_alloc(r, 64, 64);
	struct iovm_model_result x;

	mr_mem(r, at)[0] = cds[_i].w0;
	mr_mem(r, at)[1] = cds[_i].w1;
	mr_ste(r, SID)[1] = cds[_i].ste1;
	mr_ste(r, SID)[0] = S1 | at;
	x = mr_access(r, SID, MR_NONE, VA, IOVM_MODEL_READ);
	ck_assert_int_eq(x.event == 0x0a, !cds[_i].legal);
	ck_assert_int_eq(code(mr_event(r)) == 0x0a, !cds[_i].legal);
	mr_del(r);
}
END_TEST

START_TEST(second_half)	/* its table is looked at while EPD1 = 0 */
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_alloc(r, 64, 64);

	mr_mem(r, at)[0] = _i & 1 ? CD : (CD & ~(1ull << 30)) | 16ull << 16 | 2ull << 22;
	mr_mem(r, at)[2] = 1ull << (_i & 2 ? 47 : 48);
	mr_ste(r, SID)[0] = S1 | at;
	ck_assert_int_eq(mr_access(r, SID, MR_NONE, VA, IOVM_MODEL_READ).event == 0x0a, _i == 0);
	mr_del(r);
}
END_TEST

static const struct { unsigned config, cdmax, dss; int64_t pasid; unsigned event, outcome; } substreams[] = {
	{ 4, 0, 0, 1, 0x08, IOVM_MODEL_ABORT }, { 4, 0, 0, MR_NONE, 0, IOVM_MODEL_OK }, { 0, 4, 0, 1, 0, IOVM_MODEL_ABORT }, { 3, 4, 0, MR_NONE, 0, IOVM_MODEL_ABORT },
	{ 5, 0, 0, 1, 0x08, IOVM_MODEL_ABORT }, { 5, 0, 0, MR_NONE, 0, IOVM_MODEL_OK }, { 5, 2, 2, 4, 0x08, IOVM_MODEL_ABORT }, { 5, 2, 2, 0, 0x06, IOVM_MODEL_ABORT },
	{ 5, 2, 1, 0, 0, IOVM_MODEL_OK }, { 5, 2, 2, 3, 0, IOVM_MODEL_OK }, { 5, 2, 0, MR_NONE, 0x06, IOVM_MODEL_ABORT }, { 5, 2, 3, MR_NONE, 0x06, IOVM_MODEL_ABORT },
	{ 5, 2, 1, MR_NONE, 0, IOVM_MODEL_OK }, { 5, 2, 2, MR_NONE, 0, IOVM_MODEL_OK },
	{ 6, 2, 2, 1, 0x08, IOVM_MODEL_ABORT }, { 5, 0, 2, 0, 0x08, IOVM_MODEL_ABORT }, { 5, 2, 2, 1 << 19, 0x08, IOVM_MODEL_ABORT },	/* before F_STREAM_DISABLED */
};

START_TEST(substream_rows)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_alloc(r, 64 * 4, 256), table = mr_alloc(r, 4096, 4096);
	struct iovm_model_result x;
	const uint64_t *e;
	unsigned i;

	for (i = 0; i < 4; i++)
		mr_cd(r, at + 64 * i, 1, CD_A | CD_R, table);
	mr_map(r, table, VA, PA, PTE_RW);
	mr_ste(r, SID)[1] = substreams[_i].dss;
	mr_ste(r, SID)[2] = substreams[_i].config == 6 ? STAGE2 : 0;
	mr_ste(r, SID)[0] = 1 | substreams[_i].config << 1 | at | (uint64_t)substreams[_i].cdmax << 59;
	x = mr_access(r, SID, substreams[_i].pasid, VA, IOVM_MODEL_READ);
	ck_assert_uint_eq(x.outcome, substreams[_i].outcome);
	ck_assert_uint_eq(x.event, substreams[_i].event);
	e = mr_event(r);
	ck_assert_uint_eq(code(e), substreams[_i].event);
	if (code(e) == 0x06)		/* neither SSV nor SSID */
		ck_assert_uint_eq(e[0], 0x06 | (uint64_t)SID << 32);
	if (code(e) == 0x08)		/* SSID without SSV */
		ck_assert_uint_eq(e[0], 0x08 | (uint64_t)SID << 32 | (uint64_t)substreams[_i].pasid << 12);
	if (x.outcome == IOVM_MODEL_OK)
		ck_assert_uint_eq(x.addr, substreams[_i].config == 4 || (substreams[_i].dss == 1 && substreams[_i].pasid < 0) ? VA : PA);
	mr_del(r);
}
END_TEST

START_TEST(without_substreams)	/* SSIDSIZE = 0: S1CDMax, S1DSS and S1Fmt mean nothing */
{
	struct mr *r = mr_on(no_pasid);
	uint64_t at = mr_alloc(r, 64, 64), table = mr_cd(r, at, 1, CD_A | CD_R, 0);

	mr_map(r, table, VA, PA, PTE_RW);
	mr_ste(r, SID)[0] = S1 | 1 << 4 | at | 31ull << 59;
	ck_assert_uint_eq(mr_access(r, SID, 0, VA, IOVM_MODEL_READ).event, 0x08);
	ck_assert_uint_eq(code(mr_event(r)), 0x08);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, IOVM_MODEL_READ).addr, PA);
	mr_del(r);
}
END_TEST

START_TEST(around_stage_1)	/* S1DSS = 1 without PASID: the address is what comes out, if it is one */
{
	struct mr *r = mr_on(NULL);
	struct iovm_model_result x;
	const uint64_t *e;

	mr_ste(r, SID)[1] = 1;
	mr_ste(r, SID)[0] = S1 | 1ull << 47 | 2ull << 59;	/* no CDs there: nobody looks */
	x = mr_access(r, SID, MR_NONE, VA, IOVM_MODEL_READ);
	ck_assert_uint_eq(x.outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(x.addr, VA);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 1ull << 48, IOVM_MODEL_READ).event, 0x11);
	e = mr_event(r);
	ck_assert_uint_eq(e[1] >> 39 & 7, 2 << 1);		/* stage 1, CLASS = input */
	mr_del(r);
}
END_TEST

START_TEST(two_level_streams)
{
	struct mr *r = mr_on(NULL);
	uint64_t l1 = mr_alloc(r, 64, 64), l2 = mr_alloc(r, 4096, 4096);

	mr_enable(r, CMDQEN | EVENTQEN);
	wr64(r, STRTAB_BASE, l1);
	wr(r, STRTAB_BASE_CFG, 8 | 6 << 6 | 1 << 16);
	mr_cmd(r, 0x04, 31);
	mr_cmd(r, 0x30, 0);
	mr_sync(r);
	mr_enable(r, CMDQEN | EVENTQEN | SMMUEN);
	mr_mem(r, l2)[3 * 8] = BYPASS;
	ck_assert_uint_eq(mr_access(r, 67, MR_NONE, VA, 1).event, 2);		/* Span 0 */
	ck_assert_uint_eq(code(mr_event(r)), 2);
	mr_mem(r, l1)[1] = l2 | 3;						/* four STEs */
	ck_assert_uint_eq(mr_access(r, 67, MR_NONE, VA, 1).event, 2);		/* kept: no CFGI yet */
	mr_cmd(r, 0x03 | 67ull << 32, 1);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, 67, MR_NONE, VA, 1).event, 2);		/* Leaf = 1 leaves the L1 descriptor */
	mr_cmd(r, 0x03 | 66ull << 32, 0);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, 67, MR_NONE, VA, 1).outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(mr_access(r, 68, MR_NONE, VA, 1).event, 2);		/* beyond the span */
	ck_assert_uint_eq(mr_access(r, 256, MR_NONE, VA, 1).event, 2);		/* beyond LOG2SIZE */
	ck_assert_uint_eq(mr_access(r, 65, MR_NONE, VA, 1).event, 4);		/* there, but V = 0 */
	mr_mem(r, l1)[1] = l2 | 8;						/* more than SPLIT allows */
	mr_cmd(r, 0x03 | 67ull << 32, 0);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, 67, MR_NONE, VA, 1).event, 2);
	r->deny_first = l1;
	r->deny_last = l1 + 63;
	ck_assert_uint_eq(mr_access(r, 130, MR_NONE, VA, 1).event, 3);
	while (mr_events(r) > 1)
		mr_event(r);
	ck_assert_uint_eq(mr_event(r)[3], l1 + 16);				/* FetchAddr */
	mr_del(r);
}
END_TEST

START_TEST(two_level_cds)
{
	struct mr *r = mr_on(NULL);
	unsigned fmt = _i + 1, split = fmt == 1 ? 6 : 10;
	uint64_t l1 = mr_alloc(r, 64, 64), l2 = mr_alloc(r, 64u << split, 64u << split), table;

	mr_ste(r, SID)[1] = 2;
	mr_ste(r, SID)[0] = S1 | l1 | fmt << 4 | (uint64_t)(split + 2) << 59;
	ck_assert_uint_eq(mr_access(r, SID, (1 << split) + 3, VA, 1).event, 8);	/* L1CD.V = 0 */
	mr_mem(r, l1)[1] = l2 | 1;
	table = mr_cd(r, l2 + 64 * 3, 9, CD_A | CD_R, 0);
	mr_map(r, table, VA, PA, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, (1 << split) + 3, VA, 1).event, 8);
	mr_cmd(r, 0x05 | (uint64_t)SID << 32 | (uint64_t)((1 << split) + 5) << 12, 0);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, (1 << split) + 3, VA, 1).addr, PA);
	mr_del(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model_config");
	TCase *t = tcase_create("config");

	tcase_add_loop_test(t, ste_rows, 0, sizeof stes / sizeof *stes);
	tcase_add_loop_test(t, cd_rows, 0, sizeof cds / sizeof *cds);
	tcase_add_loop_test(t, substream_rows, 0, sizeof substreams / sizeof *substreams);
	tcase_add_loop_test(t, second_half, 0, 4);
	tcase_add_test(t, without_substreams);
	tcase_add_test(t, around_stage_1);
	tcase_add_test(t, two_level_streams);
	tcase_add_loop_test(t, two_level_cds, 0, 2);
	suite_add_tcase(s, t);
	return harness_main(s);
}
