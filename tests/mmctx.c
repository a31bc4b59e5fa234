/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * mm -> slot against a model, with addresses chosen to meet in one line; who may still stand in a slot, step by step; and the lists that servicers search.
 */
#include "harness.h"
#include <stdlib.h>
#include <string.h>
#include "mmctx/slot.h"

/* ---- the hash ------------------------------------------------------------------------------------------------------------------------- */

enum { SLOTS = 200, MMS = 4000 };
struct table {
	struct iovm__registry reg;
	struct iovm__slot *slots;
	void *mm[MMS];			/* candidates */
	unsigned at[MMS];		/* slot + 1, 0: not in */
	unsigned used, free[SLOTS];
};

static struct table *table_new(uint32_t n)
{
	struct table *t = calloc(1, sizeof *t);
	size_t bytes = iovm__hash_bytes(n);
	struct iovm__hash_line *lines = aligned_alloc(64, bytes);

	memset(lines, 0, bytes);
	t->slots = calloc(n, sizeof *t->slots);
	iovm__hash_init(&t->reg, lines, t->slots, n);
	for (unsigned i = 0; i < n && i < SLOTS; i++)
		t->free[i] = i;
	return t;
}

static void table_del(struct table *t)
{
	free(t->reg.lines);
	free(t->slots);
	free(t);
}

/* Which line an address belongs to: the one that a lonely entry goes to */
static uint32_t line_of(struct table *t, void *mm)
{
	struct iovm__slot *s = &t->slots[0];
	uint32_t i;

	store_rlx(&s->mm, mm);
	iovm__hash_add(&t->reg, s);
	for (i = 0; !load_rlx(&t->reg.lines[i].entry[0]); i++)
		;
	ck_assert(iovm__hash_remove(&t->reg, s, mm));
	store_rlx(&s->mm, NULL);
	return i;
}

static void put(struct table *t, unsigned m)
{
	unsigned slot = t->free[t->used++];

	store_rlx(&t->slots[slot].mm, t->mm[m]);
	iovm__hash_add(&t->reg, &t->slots[slot]);
	t->at[m] = slot + 1;
}

static bool drop(struct table *t, unsigned m)
{
	unsigned slot = t->at[m] - 1;
	bool was = iovm__hash_remove(&t->reg, &t->slots[slot], t->mm[m]);

	store_rlx(&t->slots[slot].mm, NULL);
	t->free[--t->used] = slot;
	t->at[m] = 0;
	return was;
}

static unsigned compare(struct table *t, unsigned n)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < n; i++)
		wrong += iovm__hash_find(&t->reg, t->mm[i]) != (t->at[i] ? &t->slots[t->at[i] - 1] : NULL);
	return wrong;
}

static unsigned long elsewhere(const struct table *t)
{
	unsigned long n = 0;

	for (uint32_t i = 0; i <= t->reg.mask; i++)
		n += load_rlx(&t->reg.lines[i].elsewhere);
	return n;
}

static void churn(struct table *t, unsigned n, unsigned turns)
{
	uint64_t seed = 88172645463325252u;
	unsigned wrong = 0;

	for (unsigned i = 0; i < turns; i++) {
		unsigned m;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		m = (unsigned)(seed >> 33) % n;
		if (t->at[m])
			wrong += !drop(t, m);
		else if (t->used < SLOTS)
			put(t, m);
		if (i % 64 == 0)
			wrong += compare(t, n);
	}
	for (unsigned m = 0; m < n; m++)
		if (t->at[m])
			wrong += !drop(t, m);
	ck_assert_uint_eq(wrong + compare(t, n), 0);
	ck_assert_uint_eq(elsewhere(t), 0);
}

START_TEST(random_addresses)
{
	struct table *t = table_new(SLOTS);

	for (unsigned i = 0; i < MMS; i++)
		t->mm[i] = (void *)((uintptr_t)0x7f0000001000 + (uintptr_t)i * (_i ? 64 : 4096));
	churn(t, MMS / 8, 100000);
	table_del(t);
}
END_TEST

/* All of one line, and of its neighbour: the line overflows into the next ones and round the end */
START_TEST(addresses_that_meet)
{
	struct table *t = table_new(SLOTS);
	uint32_t last = t->reg.mask;
	unsigned n = 0;

	for (uintptr_t a = 0x1000; n < 200; a += 64) {
		uint32_t line = line_of(t, (void *)a);

		if (line == last || (line == 0 && n % 4 == 0))
			t->mm[n++] = (void *)a;
	}
	for (unsigned i = 0; i < 100; i++)
		put(t, i);
	ck_assert_uint_eq(compare(t, n), 0);
	ck_assert_uint_ge(load_rlx(&t->reg.lines[last].elsewhere), 50);
	ck_assert_uint_gt(load_rlx(&t->reg.lines[0].elsewhere), 0);
	for (unsigned i = 0; i < 100; i++) {	/* in order of arrival: those in front leave gaps before those behind */
		ck_assert(drop(t, i));
		ck_assert_uint_eq(compare(t, n), 0);
	}
	ck_assert_uint_eq(elsewhere(t), 0);
	churn(t, n, 50000);
	table_del(t);
}
END_TEST

START_TEST(full_to_the_last_slot)
{
	static const uint32_t sizes[] = { 1, 2, 7, 8, 15, 16, 100, SLOTS };
	uint32_t n = sizes[_i];
	struct table *t = table_new(n);

	ck_assert_uint_ge((t->reg.mask + 1) * IOVM__HASH_WAYS, 2 * n);
	for (unsigned i = 0; i < n; i++) {
		t->mm[i] = (void *)(uintptr_t)(0x10000 + i * 8);
		put(t, i);
	}
	t->mm[n] = (void *)(uintptr_t)0x42;
	ck_assert_uint_eq(compare(t, n + 1), 0);
	for (unsigned i = 0; i < n; i++)
		ck_assert(drop(t, i));
	ck_assert_uint_eq(elsewhere(t), 0);
	table_del(t);
}
END_TEST

START_TEST(removed_once)
{
	struct table *t = table_new(8);
	struct iovm__slot *s = &t->slots[0];

	store_rlx(&s->mm, t);
	ck_assert(!iovm__hash_remove(&t->reg, s, t));
	iovm__hash_add(&t->reg, s);
	ck_assert(iovm__hash_remove(&t->reg, s, t));
	ck_assert(!iovm__hash_remove(&t->reg, s, t));
	ck_assert_uint_eq(elsewhere(t), 0);
	table_del(t);
}
END_TEST

/* An entry is a hint: a slot that has another mm by now is not found by it */
START_TEST(a_hint_is_checked)
{
	struct table *t = table_new(8);
	struct iovm__slot *s = &t->slots[3];
	int a, b;

	store_rlx(&s->mm, &a);
	iovm__hash_add(&t->reg, s);
	store_rlx(&s->mm, &b);
	ck_assert_ptr_null(iovm__hash_find(&t->reg, &a));
	ck_assert_ptr_null(iovm__hash_find(&t->reg, &b));
	ck_assert(iovm__hash_remove(&t->reg, s, &a));
	table_del(t);
}
END_TEST

/* ---- users ------------------------------------------------------------------------------------------------------------------------------ */

struct place { struct table *t; struct iovm__slot *s; int mm; };

static struct place *place_new(void)
{
	struct place *p = calloc(1, sizeof *p);

	p->t = table_new(8);
	p->s = &p->t->slots[2];
	store_rlx(&p->s->mm, &p->mm);
	store_rlx(&p->s->state, (unsigned)IOVM__SLOT_LIVE);
	iovm__hash_add(&p->t->reg, p->s);
	return p;
}

static unsigned enter(struct place *p)
{
	unsigned side = 9;

	ck_assert_ptr_eq(iovm__slot_enter(&p->t->reg, &p->mm, &side), p->s);
	return side;
}

static void place_del(struct place *p)
{
	ck_assert_uint_eq(load_rlx(&p->s->users[0]) + load_rlx(&p->s->users[1]), 0);
	table_del(p->t);
	free(p);
}

START_TEST(grace_waits_for_those_who_were_there)
{
	struct place *p = place_new();
	unsigned step = 0, before, after;

	before = enter(p);
	ck_assert(!iovm__slot_grace(p->s, &step));
	after = enter(p);
	ck_assert_uint_ne(before, after);
	ck_assert(!iovm__slot_grace(p->s, &step));
	iovm__slot_leave(p->s, before);
	ck_assert(iovm__slot_grace(p->s, &step));	/* though one is in who came later */
	ck_assert_uint_eq(step, 0);
	iovm__slot_leave(p->s, after);
	place_del(p);
}
END_TEST

START_TEST(newcomers_cannot_starve_it)
{
	struct place *p = place_new();
	unsigned step = 0, sides[20], n = 0;

	sides[n++] = enter(p);
	ck_assert(!iovm__slot_grace(p->s, &step));
	while (n < 10)
		sides[n++] = enter(p);
	iovm__slot_leave(p->s, sides[0]);
	sides[n++] = enter(p);
	ck_assert(iovm__slot_grace(p->s, &step));
	while (n-- > 1)
		iovm__slot_leave(p->s, sides[n]);
	place_del(p);
}
END_TEST

START_TEST(stragglers_of_an_earlier_grace)
{
	struct place *p = place_new();
	unsigned step = 0, straggler;

	straggler = enter(p);	/* side 0; counted itself in, and two graces begin and end around it only when it left */
	ck_assert(!iovm__slot_grace(p->s, &step));
	iovm__slot_leave(p->s, straggler);
	ck_assert(iovm__slot_grace(p->s, &step));
	add_sc(&p->s->users[straggler], 1u);	/* it had read the side before the flip, and counts itself in only now */
	ck_assert(!iovm__slot_grace(p->s, &step));
	ck_assert_uint_eq(step, 1);
	iovm__slot_leave(p->s, straggler);
	ck_assert(iovm__slot_grace(p->s, &step));
	place_del(p);
}
END_TEST

START_TEST(one_grace_at_a_time)
{
	struct place *p = place_new();
	unsigned first = 0, second = 0, side = enter(p);

	ck_assert(!iovm__slot_grace(p->s, &first));
	ck_assert(!iovm__slot_grace(p->s, &second));
	ck_assert_uint_eq(second, 0);
	iovm__slot_leave(p->s, side);
	ck_assert(!iovm__slot_grace(p->s, &second));
	ck_assert(iovm__slot_grace(p->s, &first));
	ck_assert(iovm__slot_grace(p->s, &second));
	place_del(p);
}
END_TEST

START_TEST(no_entry_where_nothing_is)
{
	struct place *p = place_new();
	unsigned side = 0;
	int other;

	ck_assert_ptr_null(iovm__slot_enter(&p->t->reg, &other, &side));
	store_rlx(&p->s->state, (unsigned)IOVM__SLOT_FREE);
	ck_assert_ptr_null(iovm__slot_enter(&p->t->reg, &p->mm, &side));
	store_rlx(&p->s->state, (unsigned)IOVM__SLOT_DYING);	/* invalidate still means it */
	iovm__slot_leave(p->s, enter(p));
	store_rlx(&p->s->mm, &other);
	ck_assert_ptr_null(iovm__slot_enter(&p->t->reg, &p->mm, &side));
	place_del(p);
}
END_TEST

/* ---- bonds -------------------------------------------------------------------------------------------------------------------------------- */

enum { DEVICES = 3, BONDS = 60 };
struct bonds {
	struct iovm_iommu iommu;
	struct iovm_device dev[DEVICES];
	struct iovm__bond bond[BONDS];
};

static struct bonds *bonds_new(unsigned buckets)
{
	struct bonds *b = calloc(1, sizeof *b);

	b->iommu.bonds = calloc(buckets, sizeof *b->iommu.bonds);
	b->iommu.bonds_mask = buckets - 1;
	for (unsigned i = 0; i < DEVICES; i++)
		b->dev[i].serial = i + 1;
	for (unsigned i = 0; i < BONDS; i++) {
		store_rlx(&b->bond[i].dev, &b->dev[i % DEVICES]);
		store_rlx(&b->bond[i].pasid, i / DEVICES ? i / DEVICES : IOVM_NO_PASID);
		store_rlx(&b->bond[i].state, (unsigned)IOVM__BOND_LIVE);
	}
	return b;
}

static unsigned listed(const struct iovm_device *dev, const struct iovm__bond *bond)
{
	unsigned n = 0;

	for (const struct iovm__bond *b = load_rlx(&dev->bonds); b; b = load_rlx(&b->dev_next))
		n += bond == NULL || b == bond;
	return n;
}

/* Every bond is found by exactly its device and PASID, at one bucket and at many, while others come and go in any order */
START_TEST(bonds_by_device_and_pasid)
{
	struct bonds *b = bonds_new(_i ? 64 : 1);
	unsigned in[BONDS] = { 0 }, wrong = 0, i, turn;
	uint64_t seed = 1234567;

	for (turn = 0; turn < 3000; turn++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		i = (unsigned)(seed >> 33) % BONDS;
		if (in[i])
			iovm__bond_withdraw(&b->iommu, &b->bond[i]);
		else
			iovm__bond_publish(&b->iommu, &b->bond[i]);
		in[i] ^= 1;
		for (i = 0; i < BONDS; i++) {
			uint32_t pasid = load_rlx(&b->bond[i].pasid);

			wrong += iovm__bond_find(&b->iommu, &b->dev[i % DEVICES], pasid) != (in[i] ? &b->bond[i] : NULL);
			wrong += iovm__bond_going(&b->iommu, &b->dev[i % DEVICES], pasid) != in[i];
			wrong += listed(&b->dev[i % DEVICES], &b->bond[i]) != in[i];
		}
	}
	ck_assert_uint_eq(wrong, 0);
	free(b->iommu.bonds);
	free(b);
}
END_TEST

START_TEST(only_live_bonds_are_found)
{
	static const unsigned other[] = { IOVM__BOND_FREE, IOVM__BOND_BINDING, IOVM__BOND_DYING, IOVM__BOND_LEAVING, IOVM__BOND_ENDED };
	struct bonds *b = bonds_new(8);
	struct iovm__bond *old = &b->bond[3], *young = &b->bond[4];

	iovm__bond_publish(&b->iommu, old);
	for (unsigned i = 0; i < 5; i++) {
		store_rlx(&old->state, other[i]);
		ck_assert_ptr_null(iovm__bond_find(&b->iommu, &b->dev[0], 1));
		ck_assert(iovm__bond_going(&b->iommu, &b->dev[0], 1));
	}
	store_rlx(&young->dev, &b->dev[0]);	/* the PASID's next life, while the old one is not out yet */
	iovm__bond_publish(&b->iommu, young);
	ck_assert_ptr_eq(iovm__bond_find(&b->iommu, &b->dev[0], 1), young);
	ck_assert_ptr_null(iovm__bond_find(&b->iommu, &b->dev[1], 1));
	free(b->iommu.bonds);
	free(b);
}
END_TEST

START_TEST(what_a_slot_has)
{
	struct iovm__slot slot = { .pasid = 1 };
	struct iovm__bond bond[2] = { { .serial = 1 }, { .serial = 2 } };
	struct iovm__domain domain[2] = { { .live = 1 }, { .live = 2 } };
	struct iovm_iommu *iommu = calloc(2, sizeof *iommu);
	struct iovm_device *dev = calloc(2, sizeof *dev);

	for (unsigned i = 0; i < 2; i++) {
		store_rlx(&bond[i].dev, &dev[i]);
		store_rlx(&bond[i].state, (unsigned)IOVM__BOND_LIVE);
		iovm__slot_push_bond(&slot, &bond[i]);
		domain[i].iommu = &iommu[i];
		store_rlx(&domain[i].asid, 7u);
		iovm__slot_push_domain(&slot, &domain[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_ptr_eq(iovm__slot_bond(&slot, &dev[i]), &bond[i]);
		ck_assert_ptr_eq(iovm__slot_domain(&slot, &iommu[i]), &domain[i]);
	}
	store_rlx(&bond[0].state, (unsigned)IOVM__BOND_FREE);
	store_rlx(&domain[0].asid, 0u);
	ck_assert_ptr_null(iovm__slot_bond(&slot, &dev[0]));
	ck_assert_ptr_null(iovm__slot_domain(&slot, &iommu[0]));
	store_rlx(&bond[1].state, (unsigned)IOVM__BOND_ENDED);	/* still in the way of its next bind */
	ck_assert_ptr_eq(iovm__slot_bond(&slot, &dev[1]), &bond[1]);
	free(iommu);
	free(dev);
}
END_TEST

static Suite *mmctx_suite(void)
{
	Suite *suite = suite_create("mmctx");
	TCase *hash = tcase_create("hash"), *users = tcase_create("users"), *bonds = tcase_create("bonds");

	tcase_add_loop_test(hash, random_addresses, 0, 2);
	tcase_add_test(hash, addresses_that_meet);
	tcase_add_loop_test(hash, full_to_the_last_slot, 0, 8);
	tcase_add_test(hash, removed_once);
	tcase_add_test(hash, a_hint_is_checked);
	tcase_add_test(users, grace_waits_for_those_who_were_there);
	tcase_add_test(users, newcomers_cannot_starve_it);
	tcase_add_test(users, stragglers_of_an_earlier_grace);
	tcase_add_test(users, one_grace_at_a_time);
	tcase_add_test(users, no_entry_where_nothing_is);
	tcase_add_loop_test(bonds, bonds_by_device_and_pasid, 0, 2);
	tcase_add_test(bonds, only_live_bonds_are_found);
	tcase_add_test(bonds, what_a_slot_has);
	tcase_set_timeout(hash, 60);
	suite_add_tcase(suite, hash);
	suite_add_tcase(suite, users);
	suite_add_tcase(suite, bonds);
	return suite;
}

int main(void)
{
	return harness_main(mmctx_suite());
}
