/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Memory that a driver's stores reach late: what the model may and may not see of them, and with it the ways to get an STE wrong that hardware with strong ordering
 * forgives: V before the rest, no barrier before the command.
 */
#include "model_rig.h"
#include <string.h>

static unsigned early;		/* bit n: the n-th question is answered by yes */
static unsigned asked;

static unsigned ask(void *ctx, unsigned n, const char *point)
{
	ck_assert_str_eq(point, "store-early");
	return early >> asked++ & 1;
}

static uint64_t see(struct iovm_model_shadow *s, uint64_t addr)
{
	uint64_t value;

	ck_assert(iovm_model_shadow_read(s, addr, 8, &value));
	return value;
}

START_TEST(words)
{
	struct iovm_model_shadow *s = iovm_model_shadow_new(ask, NULL);
	uint64_t mem[4] = { 1, 2, 3, 4 }, value;

	asked = 0;
	early = 1 << 1;
	ck_assert(iovm_model_shadow_add(s, 0x1000, mem, sizeof mem));
	ck_assert(!iovm_model_shadow_add(s, 0x1018, mem, 8));			/* overlaps */
	ck_assert(!iovm_model_shadow_add(s, 0x1021, mem, 8));
	mem[0] = 11;
	mem[1] = 12;
	ck_assert_uint_eq(see(s, 0x1000), 1);					/* not yet */
	ck_assert_uint_eq(see(s, 0x1008), 12);					/* the later store first */
	ck_assert_uint_eq(see(s, 0x1008), 12);					/* and it stays */
	ck_assert_uint_eq(see(s, 0x1010), 3);
	ck_assert_uint_eq(asked, 2);						/* nothing to ask where nothing was stored */
	iovm_model_shadow_barrier(s);
	ck_assert_uint_eq(see(s, 0x1000), 11);
	ck_assert(iovm_model_shadow_write(s, 0x101c, 4, 9));			/* half a word, of the model's own */
	ck_assert_uint_eq(mem[3], 4 | 9ull << 32);
	ck_assert_uint_eq(see(s, 0x1018), mem[3]);
	mem[3] = 5;
	early = ~0u;
	ck_assert(iovm_model_shadow_read(s, 0x101c, 4, &value));		/* half of it is asked for, all of it appears */
	ck_assert_uint_eq(value, 0);
	early = 0;
	ck_assert_uint_eq(see(s, 0x1018), 5);
	ck_assert(!iovm_model_shadow_read(s, 0x1020, 8, &value));
	ck_assert(!iovm_model_shadow_read(s, ~7ull, 8, &value));
	iovm_model_shadow_remove(s, 0x1000);
	ck_assert(!iovm_model_shadow_read(s, 0x1000, 8, &value));
	iovm_model_shadow_del(s);
}
END_TEST

static struct iovm_model_shadow *between;
static bool shadow_read(void *ctx, uint64_t addr, unsigned bytes, uint64_t *value) { return iovm_model_shadow_read(between, addr, bytes, value); }
static bool shadow_write(void *ctx, uint64_t addr, unsigned bytes, uint64_t value) { return iovm_model_shadow_write(between, addr, bytes, value); }
static void through_shadow(struct iovm_smmuv3_model_config *c)
{
	c->read = shadow_read;
	c->write = shadow_write;
}

/* The same stores with and without a barrier between the other words and V: only without one is there an order in which the SMMU sees half an STE */
START_TEST(half_an_entry)
{
	bool fenced = _i & 1;
	struct mr *r = mr_new(through_shadow);
	struct iovm_model_result x;
	uint64_t *ste;

	between = iovm_model_shadow_new(ask, NULL);
	ck_assert(iovm_model_shadow_add(between, MR_BASE, r->mem, MR_SIZE));
	early = ~0u;
	asked = 0;
	r->strtab = mr_alloc(r, 64 << 8, 64 << 8);
	r->cmdq = mr_alloc(r, 256, 256);
	wr64(r, STRTAB_BASE, r->strtab);
	wr(r, STRTAB_BASE_CFG, 8);
	wr64(r, CMDQ_BASE, r->cmdq | 4);
	mr_enable(r, CMDQEN);
	mr_cmd(r, 0x04, 31);
	mr_cmd(r, 0x30, 0);
	mr_sync(r);
	mr_enable(r, CMDQEN | SMMUEN);
	iovm_model_shadow_barrier(between);
	ste = mr_ste(r, 5);
	ste[1] = 1ull << 44;
	ste[2] = 24ull << 32 | 1ull << 38 | 5ull << 48 | 1ull << 51;
	if (fenced)
		iovm_model_shadow_barrier(between);
	ste[0] = 1 | 6 << 1;
	early = 1;			/* V is seen, and nothing else that was not fenced */
	asked = 0;
	x = mr_access(r, 5, MR_NONE, 0x5000, IOVM_MODEL_READ);
	ck_assert_uint_eq(x.event, fenced ? 0x0b : 0x04);	/* legal, and its table is nowhere; or illegal */
	iovm_model_shadow_del(between);
	mr_del(r);
}
END_TEST

START_TEST(command_before_its_words)
{
	struct mr *r = mr_new(through_shadow);

	between = iovm_model_shadow_new(NULL, NULL);
	ck_assert(iovm_model_shadow_add(between, MR_BASE, r->mem, MR_SIZE));
	r->cmdq = mr_alloc(r, 256, 256);
	wr64(r, CMDQ_BASE, r->cmdq | 4);
	mr_enable(r, CMDQEN);
	mr_put(r, 0x46, 0);
	iovm_model_shadow_barrier(between);
	mr_ring(r);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
	mr_put(r, 0x46, 0);
	mr_ring(r);				/* no barrier: the SMMU reads what was there before */
	mr_run(r);
	ck_assert_str_eq(mr_broken(r), "command");
	iovm_model_shadow_del(between);
	mr_del(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model_shadow");
	TCase *t = tcase_create("shadow");

	tcase_add_test(t, words);
	tcase_add_loop_test(t, half_an_entry, 0, 2);
	tcase_add_test(t, command_before_its_words);
	suite_add_tcase(s, t);
	return harness_main(s);
}
