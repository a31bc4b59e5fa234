/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 driver and the model of an SMMUv3, neither of which was written after the other. Every story runs on the plainest model and then, seed
 * by seed, on one that does all that it may, every second time with stores that arrive late. Here: address spaces, faults, invalidations, and the
 * shapes that tables and queues can have; errors stand in smmu_meet_errors.c.
 */
#include "smmu_meet.h"

START_TEST(up_and_down)
{
	struct meet *m = meet_new(_i);

	meet_start(m);
	ck_assert_uint_gt(meet_checked(m, "init"), 0);
	ck_assert_uint_gt(meet_checked(m, "setup"), 0);
	meet_end(m);
}
END_TEST

/* ---- traffic without PASID --------------------------------------------------------------------------------------------------------- */

static void entry_zero_story(struct meet *m, bool stage2, bool ats)
{
	struct meet_dev *d;
	struct meet_mm *a, *b, *c;

	meet_start(m);
	d = meet_add(m, 5, NULL);
	a = meet_mm(m, stage2);
	b = meet_mm(m, stage2);
	c = meet_mm(m, !stage2);
	meet_map(a, VA, RD | WR);
	meet_map(b, VA, RD);
	meet_map(c, VA, RD);
	ck_assert(meet_blocked(d, NO_PASID, VA));
	ck_assert_int_eq(iovm_device_attach(d->dev, a), 0);
	if (ats)
		ck_assert_int_eq(iovm_device_ats(d->dev, true), 0);
	ck_assert(meet_reaches(d, NO_PASID, a, VA + 8, RD | WR));
	ck_assert_int_eq(iovm_device_attach(d->dev, b), 0);
	ck_assert(meet_reaches(d, NO_PASID, b, VA + 8, RD));
	ck_assert_int_ne(meet_dma(d, NO_PASID, VA, WR).outcome, IOVM_MODEL_OK);
	ck_assert_int_eq(iovm_device_attach(d->dev, c), 0);
	ck_assert(meet_reaches(d, NO_PASID, c, VA, RD));
	meet_settle(m);
	meet_unmap(c, VA);
	ck_assert_int_eq(port_invalidate(m->sys, c, VA, VA + 0xfff), 0);
	ck_assert(meet_blocked(d, NO_PASID, VA));
	meet_map(c, VA, RD);
	ck_assert(meet_reaches(d, NO_PASID, c, VA, RD));
	ck_assert_int_eq(iovm_device_attach(d->dev, NULL), 0);
	ck_assert(meet_blocked(d, NO_PASID, VA));
	meet_end(m);
}

START_TEST(entry_zero_stage_1)
{
	entry_zero_story(meet_new(_i), false, false);
}
END_TEST

START_TEST(entry_zero_stage_2)
{
	entry_zero_story(meet_new(_i), true, false);
}
END_TEST

START_TEST(entry_zero_stage_1_ats)
{
	entry_zero_story(meet_new(_i), false, true);
}
END_TEST

START_TEST(entry_zero_stage_2_ats)
{
	entry_zero_story(meet_new(_i), true, true);
}
END_TEST

/* ---- PASIDs and faults ---------------------------------------------------------------------------------------------------------------- */

/* A page request is served, the device does its DMA, and after the unbind it does none */
START_TEST(a_page_request)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid;

	meet_start(m);
	d = meet_pci(m, 5, 8);
	mm = meet_mm(m, false);
	pasid = meet_bind(d, mm);
	ck_assert_int_gt(pasid, 0);
	ck_assert(meet_blocked(d, pasid, VA));
	meet_ask(d, pasid, VA, WR | RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(mm->faults, 1);
	ck_assert_uint_eq(d->success, 1);
	ck_assert(meet_reaches(d, pasid, mm, VA + 0x10, RD | WR));
	ck_assert(meet_reaches(d, pasid, mm, VA + 0x20, RD));	/* out of the ATC */
	meet_ask(d, pasid, VA + 0x5000, RD);
	meet_ask(d, pasid, VA + 0x6000, RD);
	meet_ask(d, pasid, VA + 0x8000, RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(mm->ranges, 1 + 3);
	ck_assert_uint_eq(d->success, 2);
	ck_assert(meet_reaches(d, pasid, mm, VA + 0x6000, RD));
	ck_assert(meet_reaches(d, pasid, mm, VA + 0x8000, RD));
	ck_assert_int_ne(meet_dma(d, pasid, VA + 0x8000, WR).outcome, IOVM_MODEL_OK);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	ck_assert(meet_blocked(d, pasid, VA));
	ck_assert(meet_blocked(d, pasid, VA + 0x8000));
	meet_settle(m);
	ck_assert_uint_eq(meet_called(m, d, mm, IOVM_UNBOUND), 1);
	ck_assert_uint_eq(d->outstanding, 0);
	meet_end(m);
}
END_TEST

START_TEST(refused_unbound_marked)
{
	struct meet *m = meet_new(_i);
	struct iovm_stats st = { .size = sizeof st };
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid;

	meet_start(m);
	d = meet_pci(m, 5, 8);
	mm = meet_mm(m, false);
	pasid = meet_bind(d, mm);
	meet_ask(d, pasid + 1, VA, RD | LAST);
	meet_ask(d, NO_PASID, VA, RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(d->invalid, 2);
	mm->maps = false;
	meet_ask(d, pasid, VA, RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(d->invalid, 3);
	mm->maps = mm->pends = true;
	meet_ask(d, pasid, VA, RD | LAST);
	meet_settle(m);
	ck_assert_uint_eq(d->outstanding, 1);
	ck_assert_int_eq(port_fault_done(m->sys, mm->token[--mm->ntokens], IOVM_DONE), 0);
	meet_settle(m);
	ck_assert_uint_eq(d->success, 1);
	ck_assert(meet_reaches(d, pasid, mm, VA, RD));
	meet_marker(d, pasid);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	meet_settle(m);
	iovm_stats(m->sys, &st);
	ck_assert_uint_eq(st.stop_markers, 1);
	ck_assert_uint_eq(d->invalid + d->success, 4);
	ck_assert_uint_eq(d->automatic, 0);
	meet_end(m);
}
END_TEST

START_TEST(without_ats)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm[3];
	int pasid[3], i;

	meet_start(m);
	d = meet_pci(m, 5, 0);
	ck_assert(!d->ats);
	for (i = 0; i < 3; i++) {
		mm[i] = meet_mm(m, false);
		meet_map(mm[i], VA, RD | WR);
		pasid[i] = meet_bind(d, mm[i]);
	}
	for (i = 0; i < 3; i++)
		ck_assert(meet_reaches(d, pasid[i], mm[i], VA + 0x10, RD | WR));
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm[1]), 0);
	ck_assert(meet_blocked(d, pasid[1], VA));
	ck_assert(meet_reaches(d, pasid[2], mm[2], VA, RD));
	ck_assert(meet_blocked(d, pasid[2], VA + 0x1000));
	meet_settle(m);
	ck_assert_uint_gt(m->port.notices[IOVM_TERMINATED], 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm[0]), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm[2]), 0);
	meet_end(m);
}
END_TEST

static unsigned stall(struct meet *m, struct meet_dev *d, int pasid, uint64_t va)
{
	struct iovm_model_result r = meet_access(d, pasid, va, RD, IOVM_MODEL_UNTRANSLATED);

	ck_assert_int_eq(r.outcome, IOVM_MODEL_STALLED);
	return r.stall;
}

START_TEST(stalls)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d;
	struct meet_mm *mm;
	int pasid;

	meet_start(m);
	d = meet_platform(m, 9, 4);
	mm = meet_mm(m, false);
	pasid = meet_bind(d, mm);
	ck_assert_int_gt(pasid, 0);
	stall(m, d, pasid, VA);
	meet_settle(m);
	ck_assert_uint_gt(mm->faults, 0);
	ck_assert_uint_eq(d->retries, 1);
	ck_assert(meet_reaches(d, pasid, mm, VA, RD));
	mm->maps = false;
	stall(m, d, pasid, VA + 0x1000);
	meet_settle(m);
	ck_assert_uint_eq(d->aborts, 1);
	mm->pends = true;
	stall(m, d, pasid, VA + 0x2000);
	meet_settle(m);
	ck_assert_uint_eq(d->retries + d->aborts, 2);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);	/* with one outstanding */
	ck_assert(meet_blocked(d, pasid, VA));
	meet_settle(m);
	ck_assert_uint_eq(d->aborts, 2);
	ck_assert_int_eq(port_fault_done(m->sys, mm->token[--mm->ntokens], IOVM_DONE), IOVM_E_STALE);
	meet_settle(m);
	ck_assert_uint_eq(meet_called(m, d, mm, IOVM_UNBOUND), 1);
	meet_end(m);
}
END_TEST

/* ---- what changes ------------------------------------------------------------------------------------------------------------------------ */

START_TEST(invalidations)
{
	struct meet *m = meet_new(_i);
	struct meet_dev *d[3];
	struct meet_mm *mm;
	int pasid[3], i, k;

	meet_start(m);
	mm = meet_mm(m, false);
	for (k = 0; k < 8; k++)
		meet_map(mm, VA + k * 0x1000u, RD);
	for (i = 0; i < 3; i++) {
		d[i] = i < 2 ? meet_pci(m, 5 + i * 0x100, i ? 0 : 4) : meet_platform(m, 9, 4);
		pasid[i] = meet_bind(d[i], mm);
		for (k = 0; k < 8; k++)
			ck_assert(meet_reaches(d[i], pasid[i], mm, VA + k * 0x1000u, RD));
	}
	meet_unmap(mm, VA + 0x3000);
	ck_assert_int_eq(port_invalidate(m->sys, mm, VA + 0x3000, VA + 0x3fff), 0);
	for (i = 0; i < 2; i++)
		ck_assert(meet_blocked(d[i], pasid[i], VA + 0x3000));
	mm->version++;		/* all pages move */
	for (k = 0; k < 8; k++)
		meet_map(mm, VA + k * 0x1000u, RD | WR);
	ck_assert_int_eq(port_invalidate(m->sys, mm, VA, VA + 0x7fff), 0);
	for (i = 0; i < 3; i++)
		for (k = 0; k < 8; k++)
			ck_assert(meet_reaches(d[i], pasid[i], mm, VA + k * 0x1000u, RD | WR));
	mm->version++;
	for (k = 0; k < 8; k++)
		meet_map(mm, VA + k * 0x1000u, RD);
	ck_assert_int_eq(port_invalidate(m->sys, mm, 0, UINT64_MAX), 0);
	for (i = 0; i < 3; i++)
		for (k = 0; k < 8; k++)
			ck_assert(meet_reaches(d[i], pasid[i], mm, VA + k * 0x1000u, RD));
	ck_assert_int_eq(port_mm_exit(m->sys, mm), 0);
	for (i = 0; i < 3; i++)
		for (k = 0; k < 8; k++)
			ck_assert(meet_blocked(d[i], pasid[i], VA + k * 0x1000u));
	meet_settle(m);
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(meet_called(m, d[i], mm, IOVM_SHUTDOWN), 1);
		ck_assert_int_eq(iovm_unbind_mm(d[i]->dev, mm), 0);
	}
	meet_settle(m);
	ck_assert_uint_eq(mm->unwatches, 1);
	meet_end(m);
}
END_TEST

/* One PASID after the other, and each with another space's table: ASIDs and PASIDs are used again */
START_TEST(again_and_again)
{
	struct meet *m = meet_new(_i);
	struct meet_mm *mm[2];
	struct meet_dev *d;
	int pasid, i;

	m->pasid_bits = 1;
	m->mc.idr[0] &= ~(1u << 12);	/* 8 bits of ASID */
	meet_start(m);
	d = meet_pci(m, 5, 4);
	mm[0] = meet_mm(m, false);
	mm[1] = meet_mm(m, false);
	for (i = 0; i < 40; i++) {
		struct meet_mm *to = mm[i & 1];

		meet_map(to, VA, RD);
		meet_map(to, VA + 0x1000, RD);
		pasid = meet_bind(d, to);
		ck_assert_int_eq(pasid, 1);
		ck_assert(meet_reaches(d, pasid, to, VA, RD));
		ck_assert(meet_reaches(d, pasid, to, VA + 0x1000, RD));
		ck_assert_int_eq(iovm_unbind_mm(d->dev, to), 0);
		ck_assert(meet_blocked(d, pasid, VA));
		meet_settle(m);
	}
	ck_assert_uint_gt(meet_checked(m, "pasid"), 0);
	meet_end(m);
}
END_TEST

/* ---- shapes -------------------------------------------------------------------------------------------------------------------------------- */

static const struct shape { uint8_t pasid_bits, linear, sync; uint32_t sid; bool one_level_cd; } shapes[] = {
	{ 1, 1, IOVM_SMMUV3_SYNC_CONS, 3, false }, { 6, 0, IOVM_SMMUV3_SYNC_MSI, 1023, false }, { 8, 1, IOVM_SMMUV3_SYNC_MSI, 1023, true },
	{ 12, 0, IOVM_SMMUV3_SYNC_IRQ, 300, false }, { 16, 1, IOVM_SMMUV3_SYNC_CONS, 257, false }, { 17, 0, IOVM_SMMUV3_SYNC_MSI, 512, false },
	{ 20, 0, IOVM_SMMUV3_SYNC_CONS, 5, false }, { 20, 1, IOVM_SMMUV3_SYNC_IRQ, 5, false },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(shape)
{
	const struct shape *s = &shapes[_i % SHAPES];
	struct meet *m = meet_new(_i / SHAPES);
	struct iovm_model_stats st = { .size = sizeof st };
	struct meet_mm *mm[2];
	struct meet_dev *d;
	int pasid, i;

	m->pasid_bits = s->pasid_bits;
	m->sc.linear = s->linear;
	m->sc.sync = s->sync;
	if (s->one_level_cd)
		m->mc.idr[0] &= ~(1u << 19);
	meet_start(m);
	d = meet_pci(m, s->sid, 4);
	for (i = 0; i < 2; i++) {
		mm[i] = meet_mm(m, false);
		meet_map(mm[i], VA, RD);
	}
	ck_assert_int_eq(iovm_device_attach(d->dev, mm[1]), 0);
	pasid = meet_bind(d, mm[0]);
	ck_assert_int_gt(pasid, 0);
	ck_assert(meet_reaches(d, pasid, mm[0], VA, RD));
	ck_assert(meet_reaches(d, NO_PASID, mm[1], VA, RD));
	meet_ask(d, pasid, VA + 0x1000, RD | LAST);
	meet_settle(m);
	ck_assert(meet_reaches(d, pasid, mm[0], VA + 0x1000, RD));
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm[0]), 0);
	ck_assert(meet_blocked(d, pasid, VA));
	ck_assert(meet_reaches(d, NO_PASID, mm[1], VA, RD));
	iovm_smmuv3_model_stats(m->model, &st);
	ck_assert(s->sync != IOVM_SMMUV3_SYNC_MSI || st.msis > 0);
	ck_assert_uint_eq(st.gerrors, 0);
	ck_assert(s->sync != IOVM_SMMUV3_SYNC_IRQ || m->line[IOVM_MODEL_LINE_SYNC] > 0);
	meet_end(m);
}
END_TEST

/* ---- a life -------------------------------------------------------------------------------------------------------------------------------- */

/*
 * Functions of every kind are bound to spaces whose pages come, move and go, they ask and stall, and at each step what a function reaches is what its space
 * maps now, or nothing. Every duty that this can touch must have mattered by the end.
 */
enum { DEVS = 4, MMS = 4, PAGES = 6, STEPS = 300 };

struct life {
	struct meet *m;
	uint64_t state;
	struct meet_dev *d[DEVS];
	struct meet_mm *mm[MMS];
	int pasid[DEVS][MMS];		/* 0: not bound */
	uint64_t at[MMS][PAGES];	/* where it is mapped; 0: nowhere */
	unsigned reached;
};

static unsigned draw(struct life *l, unsigned n)
{
	l->state = l->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(l->state >> 33) % n;
}

static uint64_t va(unsigned page)
{
	return VA + page * 0x1000u;
}

static void change(struct life *l, unsigned i, unsigned page, bool away)
{
	struct meet_mm *mm = l->mm[i];

	mm->version = 1 + draw(l, 15);
	if (away)
		meet_unmap(mm, va(page));
	else
		meet_map(mm, va(page), RD | WR);
	ck_assert_int_eq(port_invalidate(l->m->sys, mm, va(page), va(page) + 0xfff), 0);
	l->at[i][page] = away ? 0 : meet_pa(mm, va(page));
}

static void look(struct life *l, unsigned i, unsigned k, unsigned page)
{
	struct meet_dev *d = l->d[i];
	struct iovm_model_result r;
	int pasid = l->pasid[i][k];

	if (!pasid)
		return;
	r = meet_dma(d, pasid, va(page), RD);
	if (r.outcome == IOVM_MODEL_OK) {
		ck_assert_uint_eq(r.addr, l->at[k][page]);
		l->reached++;
	} else {	/* what is mapped is reached */
		ck_assert_uint_eq(l->at[k][page], 0);
		if (d->pri && !d->outstanding)
			meet_ask(d, pasid, va(page), RD | LAST);
	}
}

static void toggle(struct life *l, unsigned i, unsigned k)
{
	int pasid = l->pasid[i][k], got;

	if (pasid) {
		ck_assert_int_eq(iovm_unbind_mm(l->d[i]->dev, l->mm[k]), 0);
		l->pasid[i][k] = 0;
		if (l->d[i]->pcie)
			ck_assert(meet_blocked(l->d[i], pasid, va(draw(l, PAGES))));
		return;
	}
	got = meet_bind(l->d[i], l->mm[k]);
	ck_assert(got > 0 || got == IOVM_E_BUSY);
	l->pasid[i][k] = got > 0 ? got : 0;
}

/* What the handler maps is for the test to know, too: one that it maps is mapped until the test takes it away */
static void learn(struct life *l)
{
	unsigned k, page;

	for (k = 0; k < MMS; k++)
		for (page = 0; page < PAGES; page++)
			l->at[k][page] = meet_mapped(l->mm[k], va(page));
}

static void one(struct life *l)
{
	unsigned i = draw(l, DEVS), k = draw(l, MMS), page = draw(l, PAGES);

	switch (draw(l, 8)) {
	case 0:
		toggle(l, i, k);
		break;
	case 1:
		change(l, k, page, draw(l, 2));
		break;
	case 2:
		l->m->now += 1000;
		ck_assert_int_ge(port_dispatch(l->m->iommu, l->m->now, 4), 0);
		learn(l);
		break;
	case 3:
		if (!draw(l, 4))
			meet_settle(l->m);
		learn(l);
		break;
	default:
		look(l, i, k, page);
	}
}

/* One life; what the duties count is added up in checked, in the order of duties */
static void live(unsigned seed, const char *const *duties, unsigned n, uint64_t *checked)
{
	struct life l = { .m = meet_new(seed), .state = (uint64_t)seed + 1 };
	unsigned i, k;

	meet_start(l.m);
	for (i = 0; i < DEVS; i++)
		l.d[i] = i < 2 ? meet_pci(l.m, 5 + i, 8) : i == 2 ? meet_pci(l.m, 0x200, 0) : meet_platform(l.m, 9, 8);
	for (k = 0; k < MMS; k++)
		l.mm[k] = meet_mm(l.m, false);
	for (i = 0; i < STEPS; i++)
		one(&l);
	for (i = 0; i < DEVS; i++)
		for (k = 0; k < MMS; k++)
			if (l.pasid[i][k])
				toggle(&l, i, k);
	meet_settle(l.m);
	ck_assert_uint_gt(l.reached, 0);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(l.m->model), 0);
	for (i = 0; i < n; i++)
		checked[i] += meet_checked(l.m, duties[i]);
	meet_end(l.m);
}

START_TEST(lives)
{
	static const char *const duties[] = { "guard", "update", "setup", "init", "prod", "entry", "command", "cons", "resume", "stalled", "answer", "answered",
					      "credit", "atc-order", "atc-size", "cfgi", "asid", "pcie", "gerrorn" };
	enum { N = sizeof duties / sizeof duties[0] };
	uint64_t checked[N] = { 0 };
	unsigned seed, i;

	for (seed = 0; seed <= SEEDS; seed++)
		live(seed, duties, N, checked);
	for (i = 0; i < N; i++)
		if (!checked[i])
			ck_abort_msg("%s never mattered", duties[i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_meet");
	TCase *t = tcase_create("meet");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, up_and_down, 0, SEEDS + 1);
	tcase_add_loop_test(t, entry_zero_stage_1, 0, SEEDS + 1);
	tcase_add_loop_test(t, entry_zero_stage_2, 0, SEEDS + 1);
	tcase_add_loop_test(t, entry_zero_stage_1_ats, 0, SEEDS + 1);
	tcase_add_loop_test(t, entry_zero_stage_2_ats, 0, SEEDS + 1);
	tcase_add_loop_test(t, a_page_request, 0, SEEDS + 1);
	tcase_add_loop_test(t, refused_unbound_marked, 0, SEEDS + 1);
	tcase_add_loop_test(t, without_ats, 0, SEEDS + 1);
	tcase_add_loop_test(t, stalls, 0, SEEDS + 1);
	tcase_add_loop_test(t, invalidations, 0, SEEDS + 1);
	tcase_add_loop_test(t, again_and_again, 0, SEEDS + 1);
	tcase_add_loop_test(t, shape, 0, SHAPES * (SEEDS + 1));
	tcase_add_test(t, lives);
	suite_add_tcase(s, t);
	suite_add_tcase(s, meet_errors());
	suite_add_tcase(s, meet_gap());
	suite_add_tcase(s, meet_streams());
	return s;
}

int main(void)
{
	return harness_main(suite());
}
