/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 model, registers and command queue: acknowledges, guards, errors, every command legal and illegal, CMD_SYNC. Last, a driver, devices and memory that mean no
 * good: none of them may harm the model.
 */
#include "model_rig.h"

/* ---- registers -------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(identification)
{
	struct mr *r = mr_new(NULL);

	ck_assert_uint_eq(rd(r, IDR0) & 3, 3);
	ck_assert_uint_eq(rd(r, IDR1), r->config.idr[1]);
	ck_assert_uint_eq(rd(r, IDR5), r->config.idr[5]);
	wr(r, IDR1, 0);
	ck_assert_uint_eq(rd(r, IDR1), r->config.idr[1]);
	ck_assert_uint_eq(iovm_smmuv3_model_read(r->m, IDR0, 8), rd(r, IDR0) | (uint64_t)rd(r, IDR1) << 32);
	ck_assert_uint_eq(rd(r, 0x1c), 2);
	mr_del(r);
}
END_TEST

static void claims_all(struct iovm_smmuv3_model_config *c)
{
	unsigned i;

	for (i = 0; i < 6; i++)
		c->idr[i] = ~0u;
}

START_TEST(only_what_it_has)
{
	struct mr *r = mr_new(claims_all);

	ck_assert_uint_eq(rd(r, IDR1) & 0x3f, 32);
	ck_assert_uint_eq(rd(r, IDR1) >> 6 & 31, 20);
	ck_assert_uint_eq(rd(r, IDR1) >> 21 & 31, 19);
	ck_assert_uint_eq(rd(r, IDR1) >> 26, 0);		/* no presets, no ECMDQ */
	ck_assert_uint_eq(rd(r, IDR5) & 7, 6);
	ck_assert_uint_eq(rd(r, IDR5) >> 7 & 0x1f, 0);		/* no DS, D128, VAX */
	ck_assert_uint_eq(rd(r, IDR0) >> 21 & 3, 2);		/* little-endian tables */
	mr_del(r);
}
END_TEST

START_TEST(accesses)
{
	struct mr *r = mr_new(NULL);

	wr64(r, STRTAB_BASE, 0x40000000123456c0);
	ck_assert_uint_eq(iovm_smmuv3_model_read(r->m, STRTAB_BASE, 8), 0x40000000123456c0);
	wr(r, STRTAB_BASE + 4, 0x80ffffff);			/* a half at a time, in any order; RES0 stays 0 */
	ck_assert_uint_eq(iovm_smmuv3_model_read(r->m, STRTAB_BASE, 8), 0x00ffffff123456c0);
	wr(r, 0x130, 5);
	wr(r, 0xa8, 5);						/* no alias of EVENTQ_PROD */
	ck_assert_uint_eq(rd(r, 0x130) | rd(r, 0xa8) | rd(r, 0x8000) | rd(r, 0x1fffc), 0);
	mr_duty(r, "access", false);
	ck_assert_str_eq(r->broken, "");
	ck_assert_uint_eq(iovm_smmuv3_model_read(r->m, 0x22, 4), 0);
	ck_assert_str_eq(mr_broken(r), "access");
	iovm_smmuv3_model_write(r->m, 0x84, 8, ~0ull);
	ck_assert_str_eq(mr_broken(r), "access");
	iovm_smmuv3_model_write(r->m, 0x20000, 4, 1);
	ck_assert_str_eq(mr_broken(r), "access");
	iovm_smmuv3_model_write(r->m, CMDQ_PROD, 1, 1);
	ck_assert_str_eq(mr_broken(r), "access");
	ck_assert_uint_eq(rd(r, CMDQ_PROD), 0);
	mr_del(r);
}
END_TEST

START_TEST(acknowledge_late)
{
	struct mr *r = mr_new(NULL);

	wr64(r, CMDQ_BASE, 0x10000004);
	r->point = "cr0-ack-late";
	r->choice = 1;
	wr(r, CR0, CMDQEN | EVENTQEN);
	ck_assert_uint_eq(rd(r, CR0), CMDQEN | EVENTQEN);
	ck_assert_uint_eq(rd(r, CR0ACK), 0);
	wr(r, CR0, EVENTQEN);					/* too early for that field */
	ck_assert_str_eq(mr_broken(r), "update");
	ck_assert_uint_eq(rd(r, CR0), CMDQEN | EVENTQEN);
	ck_assert(iovm_smmuv3_model_step(r->m));
	ck_assert_uint_ne(rd(r, CR0ACK), 0);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CR0ACK), CMDQEN | EVENTQEN);
	wr(r, CR0, 0xfffff000 | CMDQEN | EVENTQEN);		/* what is not a field is never mirrored */
	ck_assert_uint_eq(rd(r, CR0), CMDQEN | EVENTQEN);
	wr(r, CR0, 0);
	ck_assert_uint_eq(rd(r, CR0ACK), CMDQEN | EVENTQEN);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CR0ACK), 0);
	r->point = "irq-ack-late";
	wr(r, IRQ_CTRL, 5);
	ck_assert_uint_eq(rd(r, IRQ_CTRLACK), 0);
	mr_run(r);
	ck_assert_uint_eq(rd(r, IRQ_CTRLACK), 5);
	mr_del(r);
}
END_TEST

START_TEST(gbpa)
{
	struct mr *r = mr_new(NULL);
	struct iovm_model_result x;

	x = mr_access(r, 1, MR_NONE, 0x1234, IOVM_MODEL_READ);	/* off: as it is, even with a PASID */
	ck_assert_uint_eq(x.outcome, IOVM_MODEL_OK);
	ck_assert_uint_eq(x.addr, 0x1234);
	ck_assert_uint_eq(mr_access(r, 1, 7, 0x1234, IOVM_MODEL_READ).outcome, IOVM_MODEL_OK);
	wr(r, GBPA, 1 << 20);					/* without Update */
	ck_assert_str_eq(mr_broken(r), "update");
	ck_assert_uint_eq(rd(r, GBPA), 0);
	r->point = "gbpa-late";
	r->choice = 1;
	wr(r, GBPA, FLAG31 | 1 << 20);
	ck_assert_uint_eq(rd(r, GBPA), FLAG31);
	wr(r, GBPA, FLAG31);
	ck_assert_str_eq(mr_broken(r), "update");
	mr_run(r);
	ck_assert_uint_eq(rd(r, GBPA), 1 << 20);
	ck_assert_uint_eq(mr_access(r, 1, MR_NONE, 0x1234, IOVM_MODEL_READ).outcome, IOVM_MODEL_ABORT);
	mr_del(r);
}
END_TEST

static const struct { uint32_t offset, value, after; } guarded[] = {
	{ CR2, 1, ALL_ON }, { STRTAB_BASE, 0xc0, ALL_ON }, { STRTAB_BASE_CFG, 3, ALL_ON }, { CMDQ_BASE, 2, CMDQEN }, { CMDQ_CONS, 3, CMDQEN },
	{ EVENTQ_BASE, 2, CMDQEN | EVENTQEN }, { EVENTQ_PROD, 3, CMDQEN | EVENTQEN }, { PRIQ_BASE, 2, CMDQEN | PRIQEN }, { PRIQ_PROD, 3, CMDQEN | PRIQEN },
	{ CR1, 0xd40, ALL_ON }, { CR1, 0x35, CMDQEN }, { GERROR_IRQ_CFG0, 0x40, ALL_ON }, { EVENTQ_IRQ_CFG0, 0x40, ALL_ON }, { PRIQ_IRQ_CFG2, 3, ALL_ON },
};

START_TEST(guards)
{
	struct mr *r = mr_on(NULL);
	uint32_t was = rd(r, guarded[_i].offset), value = guarded[_i].value;

	if (was == value)
		value ^= 4;
	wr(r, guarded[_i].offset, value);
	ck_assert_str_eq(mr_broken(r), "guard");
	ck_assert_uint_eq(rd(r, guarded[_i].offset), was);
	mr_enable(r, 0);
	wr(r, IRQ_CTRL, 0);
	wr(r, guarded[_i].offset, value);
	ck_assert_uint_eq(rd(r, guarded[_i].offset), value);
	mr_del(r);
}
END_TEST

START_TEST(gerror)
{
	struct mr *r = mr_on(NULL);

	mr_cmd(r, 0xff, 0);
	ck_assert_str_eq(mr_broken(r), "command");
	ck_assert_uint_eq(rd(r, GERROR), 1);
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_GERROR], 1);
	wr(r, GERRORN, 4);					/* not active */
	ck_assert_str_eq(mr_broken(r), "gerrorn");
	ck_assert_uint_eq(rd(r, GERRORN), 0);
	mr_put(r, 0, 0);
	r->prod = rd(r, CMDQ_CONS) & 0x1f;			/* back to where it stopped: allowed only now */
	mr_ring(r);
	mr_put(r, 0x46, 0);
	mr_ring(r);
	wr(r, GERRORN, 1);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS) & 0x1f, r->prod);
	mr_cmd(r, 0xff, 0);
	mr_broken(r);
	ck_assert_uint_eq(rd(r, GERROR), 0);			/* a toggle, not a level */
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_GERROR], 2);
	mr_del(r);
}
END_TEST

START_TEST(gerror_msi)
{
	struct mr *r = mr_on(NULL);
	struct iovm_model_stats s = { .size = sizeof s };

	wr(r, IRQ_CTRL, 0);
	wr64(r, GERROR_IRQ_CFG0, 0x100);			/* no memory there */
	wr(r, IRQ_CTRL, 7);
	mr_cmd(r, 0xff, 0);
	ck_assert_str_eq(mr_broken(r), "command");
	ck_assert_uint_eq(rd(r, GERROR), 0x81);
	iovm_smmuv3_model_stats(r->m, &s);
	ck_assert_uint_eq(s.msis, 1);				/* and no interrupt about that */
	mr_del(r);
}
END_TEST

static void no_memory_for_msi(struct mr *r, uint32_t at)
{
	wr(r, IRQ_CTRL, 0);
	wr64(r, at, 0x100);
	wr(r, IRQ_CTRL, 7);
}

static void raise_error(struct mr *r, unsigned bit)
{
	r->deny_first = bit == 2 ? r->evtq : r->priq;
	r->deny_last = bit == 2 || bit == 3 ? r->deny_first + 255 : 0;
	switch (bit) {
	case 0: mr_cmd(r, 0xff, 0); break;
	case 2: mr_access(r, 1, MR_NONE, 0x1000, IOVM_MODEL_READ); break;
	case 3: mr_ask(r, 1, MR_NONE, 0x1000, 3, IOVM_MODEL_READ); break;
	case 4: mr_cmd(r, 0x46 | 1 << 12, 0x8); break;
	case 5: mr_event(r); mr_access(r, 1, MR_NONE, 0x1000, IOVM_MODEL_READ); break;
	case 6: wr(r, PRIQ_CONS, rd(r, PRIQ_PROD)); mr_ask(r, 1, MR_NONE, 0x1000, 3, IOVM_MODEL_READ); break;
	case 7: iovm_smmuv3_model_service_failure(r->m); break;
	}
	r->deny_last = 0;
	mr_broken(r);
}

START_TEST(each_gerror_bit)	/* active, while it is lost if it happens again, and inactive; what stands still meanwhile */
{
	static const uint32_t irq_cfg[] = { [5] = EVENTQ_IRQ_CFG0, [6] = PRIQ_IRQ_CFG0, [7] = GERROR_IRQ_CFG0 };
	struct mr *r = mr_on(NULL);
	unsigned bit = (unsigned)_i, lines = r->lines[IOVM_MODEL_LINE_GERROR];
	uint32_t cons;

	if (bit >= 5)
		no_memory_for_msi(r, irq_cfg[bit]);
	raise_error(r, bit);
	ck_assert_uint_eq(rd(r, GERROR) & ~0x100u, 1u << bit);	/* the eighth is what the seventh could not tell */
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_GERROR], lines + (bit != 7));
	raise_error(r, bit);
	ck_assert_uint_eq(rd(r, GERROR) & ~0x100u, 1u << bit);
	cons = rd(r, CMDQ_CONS);
	mr_put(r, 0x46, 0);
	mr_ring(r);
	mr_run(r);
	ck_assert_int_eq(rd(r, CMDQ_CONS) == cons, bit == 0 || bit == 7);
	mr_ask(r, 2, MR_NONE, 0x1000, 4, IOVM_MODEL_READ | IOVM_MODEL_LAST);
	ck_assert_int_eq(r->answers && r->answer.code == 0xf, bit == 3 || bit == 7);
	cons = mr_events(r);
	mr_access(r, 2, MR_NONE, 0x1000, IOVM_MODEL_READ);
	ck_assert_int_eq(mr_events(r) == cons, bit == 2 || bit == 7);
	wr(r, GERRORN, rd(r, GERROR));
	ck_assert_str_eq(mr_broken(r), "");
	ck_assert_uint_eq(rd(r, GERRORN), rd(r, GERROR));
	mr_broken(r);
	mr_del(r);
}
END_TEST

START_TEST(service_failure)	/* acknowledged or not, nothing goes on */
{
	struct mr *r = mr_on(NULL);
	uint32_t cons;

	iovm_smmuv3_model_service_failure(r->m);
	ck_assert_uint_eq(rd(r, GERROR), 0x100);
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_GERROR], 1);
	wr(r, GERRORN, 0x100);
	cons = rd(r, CMDQ_CONS);
	mr_cmd(r, 0x46, 0);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), cons);
	ck_assert_uint_eq(mr_access(r, 1, MR_NONE, 0x1000, IOVM_MODEL_READ).outcome, IOVM_MODEL_ABORT);
	ck_assert_uint_eq(mr_events(r), 0);
	ck_assert(!mr_ask(r, 1, 1, 0x1000, 3, IOVM_MODEL_READ | IOVM_MODEL_LAST));
	ck_assert_uint_eq(r->answer.code, 0xf);
	mr_del(r);
}
END_TEST

START_TEST(setup_and_init)
{
	struct mr *r = mr_on(NULL);

	mr_enable(r, 0);
	wr(r, EVENTQ_PROD, FLAG31);
	mr_enable(r, EVENTQEN);
	ck_assert_str_eq(mr_broken(r), "setup");
	mr_enable(r, 0);
	wr(r, CMDQ_PROD, 0x18);
	wr(r, CMDQ_CONS, 0x00);
	mr_enable(r, CMDQEN);
	ck_assert_str_eq(mr_broken(r), "setup");
	wr(r, CR0, CMDQEN | SMMUEN);				/* nothing was invalidated since it was off */
	ck_assert_str_eq(mr_broken(r), "init");
	mr_del(r);
}
END_TEST

/* ---- commands ------------------------------------------------------------------------------------------------------------------------------------ */

static void bare(struct iovm_smmuv3_model_config *c)	/* stage 1 only, terminate only, nothing optional */
{
	c->idr[0] = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 24 | 1 << 26;
	c->idr[3] = 0;
}
static void stage2_only(struct iovm_smmuv3_model_config *c)
{
	c->idr[0] = 1 << 0 | 1 << 3 | 1 << 4;
}

#define S	(5ull << 32)
static const struct { uint64_t w0, w1; void (*on)(struct iovm_smmuv3_model_config *c); bool legal; } commands[] = {
	{ 0x01 | S | 0x7800, 0, NULL, true }, { 0x01 | S, 1, NULL, false }, { 0x02 | S | 0x7800, 0x7fffdeadb124, NULL, true }, { 0x02 | S, 0x400, NULL, false },
	{ 0x03 | S, 1, NULL, true }, { 0x03 | S, 2, NULL, false }, { 0x03 | S | 1 << 10, 0, NULL, false }, { 0x03 | S | 1 << 11, 0, NULL, false },
	{ 0x04 | S, 6, NULL, true }, { 0x04, 31, NULL, true }, { 0x04 | S, 32, NULL, false },
	{ 0x05 | S | 0xfffff000, 1, NULL, true }, { 0x05 | S | 1 << 11, 0, NULL, false }, { 0x05 | S, 0, stage2_only, false },
	{ 0x06 | S, 0, NULL, true }, { 0x06 | S, 1, NULL, false }, { 0x06 | S, 0, stage2_only, false }, { 0x07, 0, NULL, false },
	{ 0x10 | S, 0, NULL, true }, { 0x10, 0, bare, true }, { 0x10 | S, 0, bare, false }, { 0x10, 0, stage2_only, false },
	{ 0x11 | S | 7ull << 48, 0, NULL, true }, { 0x11 | 1 << 12, 0, NULL, false },
	{ 0x12, 0x1001, NULL, true }, { 0x12, 0x1002, NULL, false }, { 0x12, 0x1081, NULL, false },
	{ 0x007700000051f012, 0x400701, NULL, true }, { 0x007700000051f012, 0x400701, bare, false },
	{ 0x12 | 1 << 12, 0x1000, NULL, false }, { 0x12 | 1 << 20, 0x1000, NULL, false }, { 0x12, 0x1100, NULL, false },	/* TG = 0 */
	{ 0x12, 0x1400, NULL, false }, { 0x12, 0x1700, NULL, true }, { 0x12, 0x1900, NULL, false },			/* one page: which level? */
	{ 0x12 | 1 << 12, 0x1900, NULL, true }, { 0x13, 0x1000, NULL, true }, { 0x13 | 1ull << 48, 0x1000, NULL, false },
	{ 0x18, 0, NULL, false }, { 0x1a, 0, NULL, false }, { 0x20, 0, NULL, true }, { 0x20, 0, bare, false }, { 0x21 | 7ull << 48, 0, NULL, true },
	{ 0x21 | S, 0, NULL, false }, { 0x22 | 7ull << 48, 0x1000, NULL, true }, { 0x23, 0x1000, NULL, true }, { 0x23 | 7ull << 48, 0x1000, NULL, false },
	{ 0x23, 0x1000, bare, false }, { 0x28 | S, 0, NULL, true }, { 0x28, 0, bare, false }, { 0x2a | S, 0x1000, NULL, true }, { 0x2a, 0, bare, false },
	{ 0x2a | S, 1ull << 56, NULL, false }, { 0x30, 0, NULL, true }, { 0x30 | S, 0, NULL, false },
	{ 0x40 | S, 52, NULL, true }, { 0x40 | S, 53, NULL, false }, { 0x40 | S, 0, bare, false }, { 0x00004200fffffa40, 52, NULL, true },
	{ 0x41 | S, 0x4000, NULL, false }, { 0x41 | S, 0x3000, NULL, false }, { 0x41 | S, 0x1000, bare, false },
	{ 0x44 | S, 0x10000, NULL, false }, { 0x44 | S, 1, bare, false }, { 0x45 | S, 1, NULL, false }, { 0x45 | S, 0, bare, false },
	{ 0x46, 0, NULL, true }, { 0x46 | 3 << 12, 0, NULL, false }, { 0x46 | 1 << 14, 0, NULL, false }, { 0xcafef00d0fc00046, 0x89abcdef4, NULL, true },
	{ 0x46, 3, NULL, false }, { 0x50, 0, NULL, false }, { 0x60, 0, NULL, false }, { 0x70, 0, NULL, false }, { 0x80, 0, NULL, false }, { 0, 0, NULL, false },
};

START_TEST(legal)
{
	struct mr *r = mr_on(commands[_i].on);

	mr_cmd(r, commands[_i].w0, commands[_i].w1);
	ck_assert_uint_eq(rd(r, GERROR) & 1, !commands[_i].legal);
	ck_assert_str_eq(mr_broken(r), commands[_i].legal ? "" : "command");
	ck_assert_uint_eq(rd(r, CMDQ_CONS) >> 24, commands[_i].legal ? 0 : 1);
	ck_assert_uint_eq(rd(r, CMDQ_CONS) & 0x1f, commands[_i].legal ? r->prod : r->prod - 1);
	mr_del(r);
}
END_TEST

START_TEST(reserved_ignored)
{
	struct mr *r = mr_new(NULL);

	iovm_smmuv3_model_del(r->m);
	r->point = "reserved-ignored";
	r->choice = 1;
	r->m = iovm_smmuv3_model_new(&r->config);
	r->cmdq = mr_alloc(r, 256, 256);
	wr64(r, CMDQ_BASE, r->cmdq | 4);
	mr_enable(r, CMDQEN);
	mr_cmd(r, 0x46 | 1 << 14, 3);
	ck_assert_uint_eq(rd(r, GERROR), 0);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), 1);
	mr_del(r);
}
END_TEST

START_TEST(error_in_any_slot)	/* first, middle, last of a batch, and over the wrap: what is before it is done, what is behind it is not */
{
	struct mr *r = mr_on(NULL);
	unsigned i, start = _i / 4 ? 14 : 6, at = _i % 4 == 3 ? 4 : (unsigned)(_i % 4) * 2;
	struct iovm_model_stats s = { .size = sizeof s };

	while (r->prod != start)
		mr_sync(r);
	iovm_smmuv3_model_stats(r->m, &s);
	for (i = 0; i < 5; i++)
		mr_put(r, i == at ? 0x99 : 0x46, 0);
	mr_ring(r);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), ((start + at) & 31) | 1 << 24);
	ck_assert_str_eq(mr_broken(r), "command");
	mr_mem(r, r->cmdq)[((start + at) & 15) * 2] = 0x46;	/* replaced, then acknowledged: it goes on by itself */
	wr(r, GERRORN, rd(r, GERROR));
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS) & 31, r->prod);
	mr_del(r);
}
END_TEST

START_TEST(command_abort)	/* in the same places */
{
	struct mr *r = mr_on(NULL);
	unsigned i, start = _i / 4 ? 14 : 6, at = _i % 4 == 3 ? 4 : (unsigned)(_i % 4) * 2;

	while (r->prod != start)
		mr_sync(r);
	for (i = 0; i < 5; i++)
		mr_put(r, 0x46, 0);
	r->deny_first = r->cmdq + ((start + at) & 15) * 16;
	r->deny_last = r->deny_first + 15;
	mr_ring(r);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), ((start + at) & 31) | 2 << 24);
	ck_assert_uint_eq(rd(r, GERROR), 1);
	r->deny_last = 0;
	wr(r, GERRORN, 1);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
	mr_del(r);
}
END_TEST

START_TEST(prod)
{
	struct mr *r = mr_on(NULL);
	unsigned i, was;

	r->point = "step";	/* nothing is consumed meanwhile: no steps */
	was = r->prod;
	for (i = 0; i < 16; i++)
		mr_put(r, 0x46, 0);
	mr_ring(r);		/* full */
	wr(r, CMDQ_PROD, (r->prod + 1) & 31);
	ck_assert_str_eq(mr_broken(r), "prod");
	wr(r, CMDQ_PROD, (r->prod - 1) & 31);
	ck_assert_str_eq(mr_broken(r), "prod");
	ck_assert_uint_eq(rd(r, CMDQ_PROD), r->prod);
	mr_mem(r, r->cmdq)[((was + 3) & 15) * 2 + 1] = 4;	/* no longer ours */
	mr_run(r);
	ck_assert_str_eq(mr_broken(r), "entry");
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
	mr_del(r);
}
END_TEST

START_TEST(sync_signals)
{
	struct mr *r = mr_on(NULL);
	uint64_t at = mr_alloc(r, 64, 64);

	mr_cmd(r, 0x46 | 1 << 12 | 0xcafef00dull << 32, at + 4);
	ck_assert_uint_eq(*mr_mem(r, at) >> 32, 0xcafef00d);
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_SYNC], 0);
	mr_cmd(r, 0x46 | 1 << 12, 0);
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_SYNC], 1);
	mr_cmd(r, 0x46 | 2 << 12, 0);
	ck_assert_uint_eq(r->lines[IOVM_MODEL_LINE_SEV], 1);
	r->point = "sync-msi-late";
	r->choice = 1;
	mr_cmd(r, 0x46 | 1 << 12 | 0x55ull << 32, at);
	ck_assert_uint_eq((uint32_t)*mr_mem(r, at), 0x55);
	mr_cmd(r, 0x46 | 1 << 12, 0x8);				/* no memory there */
	mr_run(r);
	ck_assert_uint_eq(rd(r, GERROR), 0x10);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
	mr_del(r);
}
END_TEST

START_TEST(cons_late)
{
	struct mr *r = mr_on(NULL);
	uint32_t was = rd(r, CMDQ_CONS);

	r->point = "cons-late";
	r->choice = 1;
	mr_put(r, 0x46, 0);
	mr_ring(r);
	ck_assert(iovm_smmuv3_model_step(r->m));
	ck_assert_uint_eq(rd(r, CMDQ_CONS), was);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
	mr_del(r);
}
END_TEST

START_TEST(disabled_queue)
{
	struct mr *r = mr_on(NULL);
	uint32_t was;

	mr_put(r, 0x46, 0);
	mr_put(r, 0x46, 0);
	mr_ring(r);
	iovm_smmuv3_model_step(r->m);
	was = rd(r, CMDQ_CONS);
	mr_enable(r, ALL_ON & ~CMDQEN);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), was);
	mr_enable(r, ALL_ON);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
	mr_del(r);
}
END_TEST

/* ---- hostile -------------------------------------------------------------------------------------------------------------------------------------------- */

static uint64_t next(struct mr *r)
{
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return r->random >> 20;
}

static void random_register(struct mr *r)
{
	static const uint32_t known[] = { CR0, CR1, CR2, GBPA, IRQ_CTRL, GERRORN, STRTAB_BASE, STRTAB_BASE_CFG, CMDQ_BASE, CMDQ_PROD, CMDQ_CONS, EVENTQ_BASE, EVENTQ_PROD,
					  EVENTQ_CONS, PRIQ_BASE, PRIQ_PROD, PRIQ_CONS, GERROR_IRQ_CFG0, EVENTQ_IRQ_CFG0, PRIQ_IRQ_CFG0 };
	uint32_t at = next(r) % 8 ? known[next(r) % (sizeof known / sizeof *known)] : (uint32_t)next(r) % 0x24000;
	uint64_t value = next(r) % 2 ? next(r) : MR_BASE | (next(r) & 0xfffff);

	if (at == CR0 && next(r) % 4)
		value = ALL_ON;
	if (next(r) % 3)
		iovm_smmuv3_model_write(r->m, at, next(r) % 4 ? 4 : 8, value);
	else
		iovm_smmuv3_model_read(r->m, at, next(r) % 4 ? 4 : 8);
}

static void random_device(struct mr *r)
{
	int64_t pasid = (int64_t)(next(r) % 6) - 1;
	uint32_t sid = (uint32_t)next(r) % 10;
	uint64_t addr = next(r) << (next(r) % 30);

	switch (next(r) % 6) {
	case 0: mr_access(r, sid, pasid, addr, (unsigned)next(r) & 15); break;
	case 1: mr_ats(r, sid, pasid, addr, (unsigned)next(r) & 15); break;
	case 2: mr_ask(r, sid, pasid, addr, (uint16_t)next(r), (unsigned)next(r) & 31); break;
	case 3: iovm_smmuv3_model_atc_done(r->m, (uint16_t)(next(r) % 70), next(r) % 2); break;
	case 4: r->inv_reply = (enum iovm_model_atc)(next(r) % 4); break;
	default: if (!(next(r) % 20)) iovm_smmuv3_model_device_gone(r->m, sid);
	}
}

START_TEST(hostile)	/* every register, memory of noise, chance everywhere. Each loop another seed, some with everything claimed */
{
	struct mr *r = _i % 3 == 2 ? mr_on(bare) : _i % 3 ? mr_on(NULL) : mr_new(claims_all);
	struct iovm_model_stats s = { .size = sizeof s };
	unsigned i, n;

	r->random = (uint64_t)_i * 77 + 1;
	for (i = 0; i < MR_SIZE / 8; i++)
		((uint64_t *)(void *)r->mem)[i] = next(r) % 4 ? next(r) & next(r) : MR_BASE | (next(r) & 0x7ff000) | 3;
	for (i = 0; i < 20000; i++) {
		if (next(r) % 16 == 0)
			random_register(r);
		else
			random_device(r);
		if (next(r) % 8 == 0)	/* a command that may be legal, wherever the queue is now */
			*(uint64_t *)(void *)(r->mem + (next(r) & (MR_SIZE - 1) & ~15ull)) = (next(r) & 7) << 32 | (next(r) & 0x47);
		for (n = 0; n < 3 && iovm_smmuv3_model_step(r->m); n++)
			;
		iovm_smmuv3_model_write(r->m, GERRORN, 4, rd(r, GERROR));
	}
	iovm_smmuv3_model_judge(r->m);
	iovm_smmuv3_model_stats(r->m, &s);
	ck_assert_uint_gt(s.translations, 5000);
	mr_broken(r);
	mr_del(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, identification);
	tcase_add_test(t, only_what_it_has);
	tcase_add_test(t, accesses);
	tcase_add_test(t, acknowledge_late);
	tcase_add_test(t, gbpa);
	tcase_add_loop_test(t, guards, 0, sizeof guarded / sizeof *guarded);
	tcase_add_test(t, gerror);
	tcase_add_test(t, gerror_msi);
	tcase_add_loop_test(t, each_gerror_bit, 0, 1);
	tcase_add_loop_test(t, each_gerror_bit, 2, 8);
	tcase_add_test(t, service_failure);
	tcase_add_test(t, setup_and_init);
	tcase_add_loop_test(t, legal, 0, sizeof commands / sizeof *commands);
	tcase_add_test(t, reserved_ignored);
	tcase_add_loop_test(t, error_in_any_slot, 0, 8);
	tcase_add_loop_test(t, command_abort, 0, 8);
	tcase_add_test(t, prod);
	tcase_add_test(t, sync_signals);
	tcase_add_test(t, cons_late);
	tcase_add_test(t, disabled_queue);
	tcase_add_loop_test(t, hostile, 0, 9);
	suite_add_tcase(s, t);
	return harness_main(s);
}
