/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 model, from context to address: what is kept until a CFGI or a TLBI, tables of all granules and both stages, rights, and which event a failure makes
 * (IHI 0070 3.4, 4.3, 4.4, 5.5, 7.3).
 */
#include "model_rig.h"

enum { SID = 5, VA = 0x12345000, PA = 0x1000a000 };
#define W2(bit)	(1ull << ((bit) - 128))

static unsigned code(const uint64_t *e) { return e ? (unsigned)(e[0] & 0xff) : 0; }

#define STAGE2	(24ull << 32 | 1ull << 38 | 5ull << 48 | W2(179))	/* 40 bits, from level 1, 48 bits out, 64-bit */

/* ---- what is kept ----------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(kept_until_cfgi)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 2), table = mr_cd(r, at + 64, 7, CD_A | CD_R, 0);
	unsigned i;

	mr_map(r, table, VA, PA, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, 1, VA, 1).addr, PA);
	mr_mem(r, at + 64)[0] &= ~(1ull << 31);
	ck_assert_uint_eq(mr_access(r, SID, 1, VA + 0x1000, 1).event, 0x10);	/* still the old CD */
	mr_cmd(r, 0x05 | (uint64_t)SID << 32 | 1 << 12, 1);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, 1, VA, 1).event, 0x0a);
	mr_ste(r, SID)[0] = 1;
	for (i = 0; i < 200 && !*r->broken; i++)				/* the driver never says so */
		mr_sync(r);
	ck_assert_str_eq(mr_broken(r), "cfgi");
	ck_assert_uint_gt(i, 3);
	mr_del(r);
}
END_TEST

/* Off: its tables may go, as long as everything is invalidated before it is on again (3.11, "init"). On: not */
START_TEST(tables_go_while_off)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, 7, CD_A | CD_R, 0);

	mr_map(r, table, VA, PA, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	if (!_i)
		mr_enable(r, ALL_ON & ~SMMUEN);
	mr_mem(r, at)[0] = 0;
	mr_ste(r, SID)[0] = 0;
	ck_assert_uint_eq(iovm_smmuv3_model_judge(r->m), _i ? 2 : 0);
	ck_assert_str_eq(mr_broken(r), _i ? "cfgi" : "");
	mr_del(r);
}
END_TEST

/* A late effect happens at the SYNC at the latest: who leaves the SYNC out sees the old */
START_TEST(no_sync_no_effect)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, 7, CD_A | CD_R, 0);

	mr_map(r, table, VA, PA, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	r->point = "effect-late";
	r->choice = 1;
	*mr_pte(r, table, VA, 3) = 0;
	mr_put(r, 0x12 | 7ull << 48, VA);
	mr_ring(r);
	iovm_smmuv3_model_step(r->m);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);				/* consumed, and yet */
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).event, 0x10);
	mr_del(r);
}
END_TEST

enum { MY = 7, VM = 3 };
static const struct { uint64_t w0, w1; bool gone, global_gone; } tlbis[] = {	/* VA in ASID 7 of VMID 3, and a global leaf beside it */
	{ 0x12 | (uint64_t)MY << 48 | (uint64_t)VM << 32, VA, true, false }, { 0x12 | (uint64_t)MY << 48 | (uint64_t)VM << 32, VA + 0x1000, false, true },
	{ 0x12 | 8ull << 48 | (uint64_t)VM << 32, VA, false, false }, { 0x12 | 8ull << 48 | (uint64_t)VM << 32, VA + 0x1000, false, true },
	{ 0x12 | (uint64_t)MY << 48, VA, false, false }, { 0x13 | (uint64_t)VM << 32, VA, true, false }, { 0x11 | (uint64_t)MY << 48 | (uint64_t)VM << 32, 0, true, false },
	{ 0x11 | 8ull << 48 | (uint64_t)VM << 32, 0, false, false }, { 0x10 | (uint64_t)VM << 32, 0, true, true }, { 0x10, 0, false, false }, { 0x30, 0, true, true },
	{ 0x28 | (uint64_t)VM << 32, 0, true, true }, { 0x28, 0, false, false }, { 0x20, 0, false, false }, { 0x21 | (uint64_t)MY << 48, 0, false, false },
	{ 0x2a | (uint64_t)VM << 32, VA, false, false }, { 0x10 | 2ull << 32, 0, false, false },
	{ 0x12 | 1 << 12 | (uint64_t)MY << 48 | (uint64_t)VM << 32, VA | 1 << 10, true, true },			/* two pages */
	{ 0x12 | 1 << 20 | (uint64_t)MY << 48 | (uint64_t)VM << 32, (VA - 0x2000) | 1 << 10, false, false },	/* the two before */
	{ 0x12 | 31 << 12 | 4 << 20 | (uint64_t)MY << 48 | (uint64_t)VM << 32, (VA - 0x100000) | 1 << 10, true, true },
};

START_TEST(tlbi_rows)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, MY, CD_A | CD_R, 0);

	mr_ste(r, SID)[2] = VM;
	mr_cmd(r, 0x03 | (uint64_t)SID << 32, 1);
	mr_sync(r);
	mr_map(r, table, VA, PA, PTE_RW);
	mr_map(r, table, VA + 0x1000, PA, PTE_RW & ~PTE_NG);
	mr_access(r, SID, MR_NONE, VA, 1);
	mr_access(r, SID, MR_NONE, VA + 0x1000, 1);
	*mr_pte(r, table, VA, 3) = 0;
	*mr_pte(r, table, VA + 0x1000, 3) = 0;
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	mr_cmd(r, tlbis[_i].w0, tlbis[_i].w1);
	mr_sync(r);
	ck_assert_int_eq(mr_access(r, SID, MR_NONE, VA, 1).event == 0x10, tlbis[_i].gone);
	ck_assert_int_eq(mr_access(r, SID, MR_NONE, VA + 0x1000, 1).event == 0x10, tlbis[_i].global_gone);
	mr_del(r);
}
END_TEST

static const struct { bool e2h; uint64_t w0, w1; bool gone; } el2[] = {	/* STRW = EL2; a leaf at VA, ASID 7 if that counts */
	{ false, 0x20, 0, true }, { false, 0x22, VA, true }, { false, 0x22 | 8ull << 48, VA, true }, { false, 0x23, VA + 0x1000, false }, { false, 0x30, 0, false },
	{ false, 0x10, 0, false }, { false, 0x12 | 7ull << 48, VA, false },
	{ true, 0x20, 0, true }, { true, 0x21 | 7ull << 48, 0, true }, { true, 0x21 | 8ull << 48, 0, false }, { true, 0x22 | 7ull << 48, VA, true },
	{ true, 0x22 | 8ull << 48, VA, false }, { true, 0x23, VA, true }, { true, 0x30, 0, false }, { true, 0x11 | 7ull << 48, 0, false },
};

START_TEST(el2_rows)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table;

	mr_enable(r, CMDQEN | EVENTQEN);
	wr(r, CR2, el2[_i].e2h);
	mr_ste(r, SID)[1] |= 2ull << 30;
	table = mr_cd(r, at, 7, CD_A | CD_R, 0);
	mr_cmd(r, 0x04, 31);
	mr_cmd(r, 0x30, 0);
	mr_sync(r);
	mr_enable(r, CMDQEN | EVENTQEN | SMMUEN);
	mr_map(r, table, VA, PA, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	*mr_pte(r, table, VA, 3) = 0;
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	mr_cmd(r, el2[_i].w0, el2[_i].w1);
	mr_sync(r);
	ck_assert_int_eq(mr_access(r, SID, MR_NONE, VA, 1).event == 0x10, el2[_i].gone);
	mr_del(r);
}
END_TEST

static void wildcard(struct iovm_smmuv3_model_config *c) { c->idr[0] |= 1u << 17; }

START_TEST(vmid_wildcard)	/* CR0.VMW: so many low bits of a VMID do not count */
{
	struct mr *r = mr_on(wildcard);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, MY, CD_A | CD_R, 0);

	mr_ste(r, SID)[2] = VM;
	mr_cmd(r, 0x03 | (uint64_t)SID << 32, 1);
	mr_sync(r);
	mr_map(r, table, VA, PA, PTE_RW);
	mr_access(r, SID, MR_NONE, VA, 1);
	*mr_pte(r, table, VA, 3) = 0;
	mr_enable(r, ALL_ON | 1 << 6);
	mr_cmd(r, 0x10 | 1ull << 32, 0);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	r->point = "cr0-ack-late";
	r->choice = 1;
	wr(r, CR0, ALL_ON | 2 << 6);
	wr(r, CR0, ALL_ON | 6 << 6);						/* one field: none of its bits may change again */
	ck_assert_str_eq(mr_broken(r), "update");
	ck_assert_uint_eq(rd(r, CR0), ALL_ON | 2 << 6);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CR0ACK), ALL_ON | 2 << 6);
	mr_cmd(r, 0x10 | 1ull << 32, 0);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).event, 0x10);
	mr_del(r);
}
END_TEST

START_TEST(recinvsid_off)
{
	struct mr *r = mr_on(NULL);

	mr_enable(r, CMDQEN | EVENTQEN);
	wr(r, CR2, 0);
	mr_cmd(r, 0x04, 31);
	mr_cmd(r, 0x30, 0);
	mr_sync(r);
	mr_enable(r, CMDQEN | EVENTQEN | SMMUEN);
	ck_assert_uint_eq(mr_access(r, 300, MR_NONE, VA, 1).event, 2);
	ck_assert_uint_eq(mr_ats(r, 300, MR_NONE, VA, 1).outcome, IOVM_MODEL_CA);
	ck_assert_uint_eq(mr_ats(r, SID, MR_NONE, VA, 1).outcome, IOVM_MODEL_CA);
	ck_assert_uint_eq(mr_events(r), 0);
	mr_enable(r, CMDQEN | EVENTQEN);
	wr(r, CR2, 8);								/* REC_CFG_ATS alone does not record a bad StreamID */
	mr_cmd(r, 0x04, 31);
	mr_cmd(r, 0x30, 0);
	mr_sync(r);
	mr_enable(r, CMDQEN | EVENTQEN | SMMUEN);
	mr_ats(r, 300, MR_NONE, VA, 1);
	ck_assert_uint_eq(mr_events(r), 0);
	mr_ats(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(mr_events(r), 1);
	mr_del(r);
}
END_TEST

START_TEST(asids_apart)	/* the same page in many spaces, over and over: each finds its own */
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 8);
	unsigned i;

	for (i = 1; i < 200; i++)
		mr_map(r, mr_cd(r, at + 64 * i, (uint16_t)(i * 321), CD_A | CD_R, 0), VA, PA + i * 0x1000, PTE_RW);
	for (i = 1; i < 2000; i++)
		ck_assert_uint_eq(mr_access(r, SID, 1 + i * 7 % 199, VA, 1).addr, PA + (1 + i * 7 % 199) * 0x1000);
	mr_del(r);
}
END_TEST

START_TEST(asid_used_again)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 1), table = mr_cd(r, at, 7, CD_A | CD_R, 0), other = mr_cd(r, at + 64, 7, CD_A | CD_R, 0);

	mr_map(r, table, VA, PA, PTE_RW);
	mr_map(r, other, VA, PA + 0x1000, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	ck_assert_uint_eq(mr_access(r, SID, 1, VA, 1).addr, PA);	/* the other's page */
	ck_assert_str_eq(mr_broken(r), "asid");
	mr_del(r);
}
END_TEST

/* ---- tables ------------------------------------------------------------------------------------------------------------------------------------------------ */

static const struct { unsigned tg, tsz, levels, block_level; } granules[] = {	/* of TTB0 */
	{ 0, 16, 4, 1 }, { 0, 16, 4, 2 }, { 0, 16, 4, 3 }, { 0, 25, 3, 3 }, { 0, 34, 2, 3 }, { 2, 16, 4, 3 }, { 2, 17, 3, 2 }, { 2, 28, 2, 3 },
	{ 1, 16, 3, 3 }, { 1, 16, 3, 2 }, { 1, 22, 2, 3 }, { 1, 34, 2, 3 }, { 1, 35, 1, 3 },
};

START_TEST(all_granules)
{
	struct mr *r = mr_on(NULL);
	unsigned g = granules[_i].tg == 0 ? 12 : granules[_i].tg == 1 ? 16 : 14, level, shift, start = 4 - granules[_i].levels;
	uint64_t at = mr_stream(r, SID, 0), table, va = 0x123456789abc & ((1ull << (64 - granules[_i].tsz)) - 1), pa, *d;
	struct iovm_model_result x;

	r->next = (r->next + 0xffff) & ~0xffffull;
	table = mr_alloc(r, 0x10000, 0x10000);
	mr_cd(r, at, 7, CD_A | CD_R, table);
	mr_mem(r, at)[0] ^= 16 ^ (granules[_i].tsz | granules[_i].tg << 6);
	for (level = start;; level++) {
		shift = g + (3 - level) * (g - 3);
		d = mr_mem(r, table) + ((va >> shift) & ((1ull << (level == start ? 64 - granules[_i].tsz - shift : g - 3)) - 1));
		if (level == granules[_i].block_level)
			break;
		table = mr_alloc(r, 0x10000, 0x10000);
		*d = table | 3;
	}
	pa = 0x6543210ull << 20 & ~((1ull << shift) - 1);
	*d = pa | PTE_RW | (level == 3 ? 3 : 1);
	x = mr_access(r, SID, MR_NONE, va, IOVM_MODEL_READ);
	ck_assert_uint_eq(x.event, 0);
	ck_assert_uint_eq(x.addr, pa | (va & ((1ull << shift) - 1)));
	ck_assert_uint_eq(x.size_log2, shift);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 1ull << (64 - granules[_i].tsz), 1).event, 0x10);	/* out of range */
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, va | 1ull << 55, 1).event, 0x10);			/* EPD1 */
	mr_del(r);
}
END_TEST

static const struct { uint64_t pte; unsigned flags, event; uint64_t cd; } rights[] = {
	{ PTE_RW, IOVM_MODEL_READ, 0, 0 }, { PTE_RW, IOVM_MODEL_WRITE, 0, 0 }, { PTE_RW | PTE_RO, IOVM_MODEL_WRITE, 0x13, 0 }, { PTE_RW | PTE_RO, IOVM_MODEL_READ, 0, 0 },
	{ PTE_RW & ~PTE_USER, IOVM_MODEL_READ, 0x13, 0 }, { PTE_RW & ~PTE_USER, IOVM_MODEL_READ | IOVM_MODEL_PRIV, 0, 0 },
	{ PTE_RW, IOVM_MODEL_EXEC, 0, 0 }, { PTE_RW | 1ull << 54, IOVM_MODEL_EXEC, 0x13, 0 }, { PTE_RW, IOVM_MODEL_EXEC | IOVM_MODEL_PRIV, 0x13, 0 },
	{ PTE_RW & ~PTE_USER, IOVM_MODEL_EXEC | IOVM_MODEL_PRIV, 0, 0 }, { (PTE_RW & ~PTE_USER) | 1ull << 53, IOVM_MODEL_EXEC | IOVM_MODEL_PRIV, 0x13, 0 },
	{ PTE_RW, IOVM_MODEL_EXEC, 0x13, 1ull << 36 }, { PTE_RW, IOVM_MODEL_READ | IOVM_MODEL_PRIV, 0x13, 1ull << 40 },			/* WXN, PAN */
	{ PTE_RW & ~PTE_AF, IOVM_MODEL_READ, 0x12, 0 }, { PTE_RW & ~PTE_AF, IOVM_MODEL_READ, 0, 1ull << 43 }, { PTE_RW & ~PTE_AF, IOVM_MODEL_READ, 0, 1ull << 35 },
	{ PTE_RW | PTE_RO | 1ull << 51, IOVM_MODEL_WRITE, 0, 3ull << 42 }, { PTE_RW | PTE_RO | 1ull << 51, IOVM_MODEL_WRITE, 0x13, 1ull << 43 },
	{ PTE_RW | 1ull << 47, IOVM_MODEL_READ, 0x11, 1ull << 32 },			/* IPS becomes 44 bits */
};

START_TEST(rights_rows)	/* from a walk, and again from the TLB */
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, 7, CD_A | CD_R, 0);
	unsigned event = rights[_i].event;
	struct iovm_model_result x;
	const uint64_t *e;

	mr_mem(r, at)[0] ^= rights[_i].cd;
	mr_map(r, table, VA, PA, rights[_i].pte);
	x = mr_access(r, SID, MR_NONE, VA + 0x10, rights[_i].flags);
	ck_assert_uint_eq(x.event, event);
	ck_assert_uint_eq(x.outcome, event ? IOVM_MODEL_ABORT : IOVM_MODEL_OK);
	mr_access(r, SID, MR_NONE, VA, event == 0x13 ? IOVM_MODEL_READ | IOVM_MODEL_PRIV : IOVM_MODEL_READ);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, rights[_i].flags).event, event);
	if (rights[_i].cd == 3ull << 42)
		ck_assert(!(*mr_pte(r, table, VA, 3) & PTE_RO));
	if (rights[_i].cd == 1ull << 43 && !event)
		ck_assert(*mr_pte(r, table, VA, 3) & PTE_AF);
	e = mr_event(r);
	if (event) {
		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(e[0], event | (uint64_t)SID << 32);
		ck_assert_uint_eq(e[2], VA + 0x10);
		ck_assert_uint_eq(e[1] >> 35 & 1, !(rights[_i].flags & IOVM_MODEL_WRITE));
		ck_assert_uint_eq(e[1] >> 33 & 1, !!(rights[_i].flags & IOVM_MODEL_PRIV));
		ck_assert_uint_eq(e[1] >> 40 & 3, 2);
	}
	mr_del(r);
}
END_TEST

/* Stage 2: 40 bits from level 1, two tables of 512 side by side; leaves for the memory of the rig, one to one, but for one page */
static void stage2(struct mr *r, uint64_t *ste, unsigned config)
{
	uint64_t root = mr_alloc(r, 8192, 8192), l2 = mr_alloc(r, 4096, 4096), l3 = mr_alloc(r, 4096, 4096);
	unsigned i;

	for (i = 0; i < 4; i++)
		mr_mem(r, l2)[(MR_BASE >> 21) + i] = (MR_BASE + ((uint64_t)i << 21)) | 1 << 6 | 1 << 7 | 1 << 10 | 1;
	mr_mem(r, l2)[VA >> 21 & 511] = l3 | 3;
	mr_mem(r, l3)[VA >> 12 & 511] = PA | 1 << 6 | 1 << 10 | 3;		/* read only */
	mr_mem(r, root)[0] = l2 | 3;
	ste[2] = STAGE2 | W2(186) | 9;
	ste[3] = root;
	ste[0] = (ste[0] & ~15ull) | 1 | config << 1;
}

START_TEST(second_stage)
{
	struct mr *r = mr_on(NULL);
	struct iovm_model_result x;
	const uint64_t *e;

	stage2(r, mr_ste(r, SID), 6);
	x = mr_access(r, SID, MR_NONE, VA + 4, IOVM_MODEL_READ);
	ck_assert_uint_eq(x.addr, PA + 4);
	ck_assert_uint_eq(x.flags & IOVM_MODEL_WRITE, 0);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, IOVM_MODEL_WRITE).event, 0x13);
	e = mr_event(r);
	ck_assert_uint_eq(e[1] >> 39 & 7, 1 | 2 << 1);				/* S2, CLASS = input */
	ck_assert_uint_eq(e[3], VA);						/* IPA */
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA + 0x1000, 1).event, 0x10);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 1ull << 40, 1).event, 0x10);
	*mr_mem(r, mr_ste(r, SID)[3]) = 0;
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).addr, PA);
	mr_cmd(r, 0x2a | 9ull << 32, VA);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).event, 0x10);
	mr_del(r);
}
END_TEST

START_TEST(both_stages)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, 7, CD_A | CD_R, 0);
	const uint64_t *e;

	mr_map(r, table, 0x5000, VA, PTE_RW);
	mr_map(r, table, 0x6000, VA + 0x1000, PTE_RW);
	mr_ste(r, SID)[1] = 2;
	stage2(r, mr_ste(r, SID), 7);
	mr_cmd(r, 0x03 | (uint64_t)SID << 32, 1);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 0x5008, 1).addr, PA + 8);
	mr_map(r, table, 0x7000, MR_BASE + 0x3000, PTE_RW);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 0x7000, 1).size_log2, 12);	/* the smaller of a page and a block, either way */
	*mr_pte(r, table, 0x600000, 2) = (VA & ~0x1fffff) | PTE_RW | 1;
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 0x600000 | (VA & 0x1fffff), 1).size_log2, 12);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 0x6008, 1).event, 0x10);
	e = mr_event(r);
	ck_assert_uint_eq(e[1] >> 39 & 7, 1 | 2 << 1);
	ck_assert_uint_eq(e[2], 0x6008);
	ck_assert_uint_eq(e[3], VA + 0x1000);
	*mr_pte(r, table, 0x40000000, 1) = 0x700000000 | 3;			/* a table that stage 2 does not have */
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 0x40000000, 1).event, 0x10);
	ck_assert_uint_eq(mr_event(r)[1] >> 39 & 7, 1 | 1 << 1);		/* CLASS = stage 1 walk */
	mr_ste(r, SID)[0] ^= 0x700000000;					/* CD: the same */
	mr_cmd(r, 0x03 | (uint64_t)SID << 32, 1);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, 0x5008, 1).event, 0x10);
	ck_assert_uint_eq(mr_event(r)[1] >> 39 & 7, 1);				/* CLASS = CD */
	mr_del(r);
}
END_TEST

/* ---- faults and events ---------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(terminate_rows)	/* A, R without S (5.5) */
{
	struct mr *r = mr_on(NULL);
	unsigned a = _i & 1, rec = _i >> 1;
	uint64_t at = mr_stream(r, SID, 0);

	mr_cd(r, at, 7, (a ? CD_A : 0) | (rec ? CD_R : 0), 0);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).outcome, a ? IOVM_MODEL_ABORT : IOVM_MODEL_RAZ_WI);
	ck_assert_uint_eq(mr_events(r), rec);
	mr_del(r);
}
END_TEST

START_TEST(walk_abort)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_stream(r, SID, 0), table = mr_cd(r, at, 7, 0, 0);
	const uint64_t *e;

	r->deny_first = table;
	r->deny_last = table + 4095;
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).outcome, IOVM_MODEL_ABORT);
	e = mr_event(r);
	ck_assert_uint_eq(code(e), 0x0b);
	ck_assert_uint_eq(e[1] >> 39 & 7, 1 << 1);
	ck_assert_uint_eq(e[3], table);
	r->deny_first = at;
	r->deny_last = at + 63;
	mr_cmd(r, 0x06 | (uint64_t)SID << 32, 0);
	mr_sync(r);
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).event, 0x09);
	ck_assert_uint_eq(mr_event(r)[3], at);
	r->deny_last = 0;						/* a fetch that failed is not kept */
	ck_assert_uint_eq(mr_access(r, SID, MR_NONE, VA, 1).event, 0x10);
	mr_del(r);
}
END_TEST

START_TEST(event_queue)
{
	struct mr *r = mr_on(NULL);
	unsigned i, irqs = r->lines[IOVM_MODEL_LINE_EVENTQ];

	for (i = 0; i < 16; i++)
		mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_EVENTQ], irqs + 1);	/* empty to not empty, once */
	ck_assert_uint_eq(mr_events(r), 16);
	ck_assert_uint_eq(rd(r, EVENTQ_PROD) & FLAG31, 0);		/* full, nothing lost yet */
	mr_access(r, SID, MR_NONE, VA, 1);
	mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(rd(r, EVENTQ_PROD) & FLAG31, FLAG31);
	ck_assert_uint_eq(rd(r, GERROR), 0);
	iovm_smmuv3_model_judge(r->m);
	ck_assert_str_eq(mr_broken(r), "acknowledged");
	mr_event(r);
	mr_access(r, SID, MR_NONE, VA, 1);				/* an event overflow shuts nothing */
	ck_assert_uint_eq(mr_events(r), 16);
	wr(r, EVENTQ_CONS, (rd(r, EVENTQ_PROD) + 1) & 31);
	ck_assert_str_eq(mr_broken(r), "cons");
	wr(r, EVENTQ_CONS, rd(r, EVENTQ_PROD));
	ck_assert_uint_eq(mr_events(r), 0);
	r->deny_first = r->evtq;
	r->deny_last = r->evtq + 511;
	mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(rd(r, GERROR), 4);
	ck_assert_uint_eq(mr_events(r), 0);
	r->deny_last = 0;
	mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(mr_events(r), 0);				/* until it is acknowledged */
	wr(r, GERRORN, 4);
	mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(mr_events(r), 1);
	r->point = "event-late";
	r->choice = 1;
	mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(mr_events(r), 1);
	mr_run(r);
	ck_assert_uint_eq(mr_events(r), 2);
	for (i = 0; i < 15; i++)
		mr_access(r, SID, MR_NONE, VA, 1);
	ck_assert_uint_eq(mr_events(r), 16);				/* full is seen before overflow is */
	ck_assert_uint_eq((rd(r, EVENTQ_PROD) ^ rd(r, EVENTQ_CONS)) & FLAG31, FLAG31);
	mr_del(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model_walk");
	TCase *t = tcase_create("walk");

	tcase_add_test(t, kept_until_cfgi);
	tcase_add_loop_test(t, tables_go_while_off, 0, 2);
	tcase_add_test(t, no_sync_no_effect);
	tcase_add_loop_test(t, tlbi_rows, 0, sizeof tlbis / sizeof *tlbis);
	tcase_add_loop_test(t, el2_rows, 0, sizeof el2 / sizeof *el2);
	tcase_add_test(t, asids_apart);
	tcase_add_test(t, asid_used_again);
	tcase_add_test(t, vmid_wildcard);
	tcase_add_test(t, recinvsid_off);
	tcase_add_loop_test(t, all_granules, 0, sizeof granules / sizeof *granules);
	tcase_add_loop_test(t, rights_rows, 0, sizeof rights / sizeof *rights);
	tcase_add_test(t, second_stage);
	tcase_add_test(t, both_stages);
	tcase_add_loop_test(t, terminate_rows, 0, 4);
	tcase_add_test(t, walk_abort);
	tcase_add_test(t, event_queue);
	suite_add_tcase(s, t);
	return harness_main(s);
}
