/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The bitmap of ids, overtaken: one call is stopped at each of its looks at shared memory in turn, and another caller's whole claim, or
 * release, happens there. No chance and no second thread, so each of these meetings happens in every run.
 */
#include "harness.h"
#include <iovm/iovm.h>
#include <stdlib.h>
#include <string.h>
#include "base/atomic.h"

static unsigned looks, stop_at;		/* of the call under test; stop_at 0: nobody comes */
static void (*meanwhile)(void);

static void look(void)
{
	void (*act)(void) = meanwhile;

	if (!act || ++looks != stop_at)
		return;
	meanwhile = NULL;
	act();
}

#undef load_rlx
#undef load_sc
#undef or_sc
#undef and_sc
#undef and_ar
#define load_rlx(p)	(look(), atomic_load_explicit(p, memory_order_relaxed))
#define load_sc(p)	(look(), atomic_load_explicit(p, memory_order_seq_cst))
#define or_sc(p, v)	(look(), atomic_fetch_or_explicit(p, v, memory_order_seq_cst))
#define and_sc(p, v)	(look(), atomic_fetch_and_explicit(p, v, memory_order_seq_cst))
#define and_ar(p, v)	(look(), atomic_fetch_and_explicit(p, v, memory_order_acq_rel))
#include "pasid/bitmap.c"

static struct iovm__bitmap *map;
static unsigned owners[1u << 13];
static uint32_t spare;			/* held by the other caller, who may give it back */

static long claim(void)
{
	long id = iovm__bitmap_claim(map, 1, map->last);

	if (id > 0)
		owners[id]++;
	return id;
}

static void let_go(uint32_t id)
{
	owners[id]--;
	iovm__bitmap_release(map, id);
}

static long others;
static void other_claims(void) { others = claim(); }
static void other_releases(void) { let_go(spare); }

/* All ids are held but nfree of them, spread over the range */
static void begin(unsigned bits, unsigned nfree, void (*act)(void), unsigned at)
{
	size_t size = (iovm__bitmap_size(bits) + 63) & ~(size_t)63;
	uint32_t last = (1u << bits) - 1;

	map = aligned_alloc(64, size);
	ck_assert_ptr_nonnull(map);
	memset(map, 0, size);
	memset(owners, 0, sizeof owners);
	iovm__bitmap_init(map, bits);
	meanwhile = NULL;
	while (claim() > 0)
		;
	for (unsigned i = 0; i < nfree; i++)
		let_go(1 + (uint32_t)((uint64_t)i * last / nfree));
	spare = last;
	others = 0;
	looks = 0;
	stop_at = at;
	meanwhile = act;
}

static bool end(void)	/* whether the other one came: false ends the search */
{
	bool came = meanwhile == NULL;
	unsigned held = 0;

	meanwhile = NULL;
	for (uint32_t id = 0; id <= map->last; id++) {
		ck_assert_uint_le(owners[id], 1);
		held += owners[id];
	}
	ck_assert_uint_eq(iovm__bitmap_count(map), held);
	ck_assert(iovm__bitmap_check(map));
	free(map);
	return came;
}

static const unsigned widths[] = { 1, 4, 7, 13 };

START_TEST(no_id_goes_to_two)
{
	for (unsigned nfree = 1; nfree <= 3 && nfree < 1u << widths[_i]; nfree++)
		for (unsigned at = 1;; at++) {
			long mine;

			begin(widths[_i], nfree, other_claims, at);
			mine = claim();
			ck_assert(mine > 0 || (nfree == 1 && others > 0));
			if (!end())
				break;
		}
}
END_TEST

START_TEST(a_release_on_the_way_is_not_lost)
{
	for (unsigned at = 1;; at++) {
		bool came;

		begin(widths[_i], 0, other_releases, at);
		(void)claim();		/* it may or may not find what came while it looked */
		came = meanwhile == NULL;
		meanwhile = NULL;
		if (came && !owners[spare])
			ck_assert_int_eq(claim(), (long)spare);
		if (!came)
			other_releases();
		end();
		if (!came)
			break;
	}
}
END_TEST

START_TEST(a_release_overtaken_by_a_claim)
{
	for (unsigned at = 1;; at++) {
		bool came;

		begin(widths[_i], 0, other_claims, at);
		let_go(spare);
		came = meanwhile == NULL;
		meanwhile = NULL;
		ck_assert(others > 0 || claim() == (long)spare);
		end();
		if (!came)
			break;
	}
}
END_TEST

static Suite *overtaken_suite(void)
{
	Suite *suite = suite_create("overtaken");
	TCase *claims = tcase_create("claim"), *releases = tcase_create("release");

	tcase_add_loop_test(claims, no_id_goes_to_two, 0, 4);
	tcase_add_loop_test(releases, a_release_on_the_way_is_not_lost, 0, 4);
	tcase_add_loop_test(releases, a_release_overtaken_by_a_claim, 0, 4);
	tcase_set_timeout(claims, 120);
	tcase_set_timeout(releases, 120);
	suite_add_tcase(suite, claims);
	suite_add_tcase(suite, releases);
	return suite;
}

int main(void)
{
	return harness_main(overtaken_suite());
}
