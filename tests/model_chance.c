/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A driver that does all that it owes, on a model that does all that it may: everything late, in any order, tried unasked. No duty may be called broken, what was
 * invalidated may not be used, every answer arrives. Then the same driver with one thing left out: chance must find it within a few hundred rounds.
 */
#include "model_rig.h"

enum { SID = 5, PASIDS = 8, PAGES = 16, VA = 0x40000000, PA = 0x10100000, ROUNDS = 400, R = IOVM_MODEL_READ };
enum fault { NONE, NO_SYNC, NO_CFGI, NO_TLBI, NO_RESUME, NO_ANSWER, SAME_ASID, FAULTS };
#define OF_SID	((uint64_t)SID << 32)

struct work {
	struct mr *r;
	enum fault fault;
	uint64_t cds, table[PASIDS], seed;
	uint16_t asid[PASIDS], next_asid;
	bool mapped[PASIDS][PAGES];
	unsigned stale, stalled;
};

static unsigned draw(struct work *w, unsigned n)
{
	w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(w->seed >> 33) % n;
}

static bool leaves_out(struct work *w, enum fault fault)
{
	return w->fault == fault && draw(w, 2);
}

static void cmd(struct work *w, uint64_t w0, uint64_t w1)
{
	mr_put(w->r, w0, w1);
	mr_ring(w->r);
	while ((rd(w->r, CMDQ_CONS) & 31) != w->r->prod)
		iovm_smmuv3_model_step(w->r->m);
}

static void sync(struct work *w)
{
	if (!leaves_out(w, NO_SYNC))
		cmd(w, 0x46, 0);
}

static void unmap(struct work *w, unsigned p, unsigned page)
{
	uint64_t va = VA + page * 0x1000;

	if (!w->mapped[p][page])
		return;
	*mr_pte(w->r, w->table[p], va, 3) = 0;
	w->mapped[p][page] = false;
	if (!leaves_out(w, NO_TLBI))
		cmd(w, 0x12 | (uint64_t)w->asid[p] << 48, va);
	sync(w);
	cmd(w, 0x40 | 1 << 11 | (uint64_t)p << 12 | OF_SID, va);
	sync(w);
}

static void device(struct work *w)
{
	unsigned p = draw(w, PASIDS), page = draw(w, PAGES);
	uint64_t va = VA + page * 0x1000;
	struct iovm_model_result x;

	if (draw(w, 3) == 0) {
		mr_ask(w->r, SID, p, va, (uint16_t)draw(w, 512), R | (draw(w, 2) ? IOVM_MODEL_LAST : 0));
		return;
	}
	x = draw(w, 2) ? mr_ats(w->r, SID, p, va, R) : mr_access(w->r, SID, p, va, R);
	w->stale += x.outcome == IOVM_MODEL_OK && x.flags && !w->mapped[p][page];
	w->stalled += x.outcome == IOVM_MODEL_STALLED;
}

static void bind(struct work *w, unsigned p)	/* another table for this PASID: the old one out everywhere first */
{
	uint64_t *cd = mr_mem(w->r, w->cds + 64 * p);
	unsigned page;

	cd[0] &= ~(1ull << 31);
	if (!leaves_out(w, NO_CFGI))
		cmd(w, 0x05 | (uint64_t)p << 12 | OF_SID, 1);
	sync(w);
	for (page = 0; page < PAGES; page++)
		w->mapped[p][page] = false;
	device(w);
	if (!leaves_out(w, SAME_ASID))
		cmd(w, 0x11 | (uint64_t)w->asid[p] << 48, 0);
	sync(w);
	cmd(w, 0x40 | 1 << 11 | (uint64_t)p << 12 | OF_SID, 52);
	sync(w);
	w->table[p] = mr_alloc(w->r, 4096, 4096);
	if (w->fault != SAME_ASID)
		w->asid[p] = ++w->next_asid;
	mr_cd(w->r, w->cds + 64 * p, w->asid[p], CD_A | CD_S, w->table[p]);
	cmd(w, 0x05 | (uint64_t)p << 12 | OF_SID, 1);
	sync(w);
}

/* Everything that the queues hold: stalls are retried or aborted, groups answered after their entries are consumed */
static void serve(struct work *w)
{
	const uint64_t *e, *p;
	uint32_t cons, prod;

	while ((e = mr_event(w->r)) != NULL)
		if (e[1] >> 31 & 1) {
			ck_assert_uint_eq(e[0] >> 32, SID);
			if (!leaves_out(w, NO_RESUME))
				cmd(w, 0x44 | (uint64_t)(1 + draw(w, 2)) << 12 | OF_SID, e[1] & 0xffff);
		}
	for (prod = rd(w->r, PRIQ_PROD), cons = rd(w->r, PRIQ_CONS); (cons ^ prod) & 31; cons = (cons & FLAG31) | ((cons + 1) & 31)) {
		p = mr_mem(w->r, w->r->priq) + (cons & 15) * 2;
		wr(w->r, PRIQ_CONS, (cons & FLAG31) | ((cons + 1) & 31));
		if (p[0] >> 62 & 1 && !leaves_out(w, NO_ANSWER))
			cmd(w, 0x41 | 1 << 11 | (p[0] >> 32 & 0xfffff) << 12 | OF_SID, (p[1] & 511) | 2 << 12);
	}
	wr(w->r, PRIQ_CONS, (cons & 31) | (prod & FLAG31));	/* an overflow frozen at prod is acknowledged with it */
}

static void round_of(struct work *w)
{
	unsigned p = draw(w, PASIDS), page = draw(w, PAGES), i;

	switch (draw(w, 6)) {
	case 0: unmap(w, p, page); break;
	case 1:
		if (draw(w, 8) == 0)
			bind(w, p);
		break;
	default:
		if (!w->mapped[p][page])
			mr_map(w->r, w->table[p], VA + page * 0x1000, PA + page * 0x1000, PTE_RW);
		w->mapped[p][page] = true;
	}
	for (i = draw(w, 4); i; i--)
		device(w);
	for (i = draw(w, 4); i; i--)
		iovm_smmuv3_model_step(w->r->m);
	if (draw(w, 3) == 0)
		serve(w);
}

static struct work start(unsigned seed, enum fault fault)
{
	struct work w = { .r = mr_on(NULL), .fault = NONE, .seed = seed + 1 };
	unsigned p;

	w.cds = mr_stream(w.r, SID, 3);
	for (p = 0; p < PASIDS; p++)
		w.table[p] = mr_cd(w.r, w.cds + 64 * p, w.asid[p] = ++w.next_asid, CD_A | CD_S, 0);
	mr_ste(w.r, SID)[1] = 1 | 1ull << 28;	/* PASID 0 is one like the others */
	cmd(&w, 0x03 | OF_SID, 1);
	sync(&w);
	w.r->random = seed * 2654435761u + 1;
	w.fault = fault;
	return w;
}

static unsigned run(unsigned seed, enum fault fault)	/* what was found */
{
	struct work w = start(seed, fault);
	unsigned i, found;

	for (i = 0; i < ROUNDS; i++)
		round_of(&w);
	for (i = 0; i < 300; i++)
		iovm_smmuv3_model_step(w.r->m);
	for (i = 0; i < 40; i++)
		serve(&w);
	ck_assert_uint_gt(w.stalled, 10);
	found = (unsigned)iovm_smmuv3_model_judge(w.r->m) + w.stale;
	if (fault == NONE)
		ck_assert_str_eq(w.r->broken, "");
	ck_assert_uint_le(w.r->violations, found);
	mr_broken(w.r);
	mr_del(w.r);
	return found;
}

START_TEST(all_that_it_may)
{
	ck_assert_uint_eq(run((unsigned)_i, NONE), 0);
}
END_TEST

START_TEST(one_thing_left_out)
{
	unsigned seed;

	for (seed = 0; seed < 10 && !run(seed, (enum fault)_i); seed++)
		;
	ck_assert_uint_lt(seed, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model_chance");
	TCase *t = tcase_create("chance");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, all_that_it_may, 0, 40);
	tcase_add_loop_test(t, one_thing_left_out, NONE + 1, FAULTS);
	suite_add_tcase(s, t);
	return harness_main(s);
}
