/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The bitmap of ids against a model of one byte an id: every limit, every word boundary, ranges, exhaustion, late
 * reuse; then two threads that empty and fill the same words, each of which must never be refused the id that only it
 * may claim.
 */
#include "harness.h"
#include <iovm/iovm.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/atomic.h"
#include "pasid/bitmap.h"

#define GUARD 64
static const unsigned limits[] = { 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 15, 16, 18, 19, 20 };
#define NLIMITS (sizeof(limits) / sizeof(limits[0]))

static struct iovm__bitmap *map_new(unsigned bits)
{
	size_t size = iovm__bitmap_size(bits);
	unsigned char *mem = aligned_alloc(64, (size + GUARD + 63) & ~(size_t)63);

	ck_assert_ptr_nonnull(mem);
	memset(mem, 0, size);
	memset(mem + size, 0xa5, GUARD);
	iovm__bitmap_init((struct iovm__bitmap *)mem, bits);
	return (struct iovm__bitmap *)mem;
}

static void map_del(struct iovm__bitmap *map, unsigned bits)
{
	const unsigned char *guard = (unsigned char *)map + iovm__bitmap_size(bits);

	ck_assert(iovm__bitmap_check(map));
	for (int i = 0; i < GUARD; i++)
		ck_assert_int_eq(guard[i], 0xa5);
	free(map);
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void claim_all(struct iovm__bitmap *map, uint32_t last)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < last; i++)
		refused += iovm__bitmap_claim(map, 1, UINT32_MAX) <= 0;
	ck_assert_uint_eq(refused, 0);
	ck_assert_int_eq(iovm__bitmap_claim(map, 1, UINT32_MAX), IOVM_E_NO_PASID);
}

START_TEST(limits_hand_out_every_id_once)
{
	unsigned bits = limits[_i];
	uint32_t last = (1u << bits) - 1;
	struct iovm__bitmap *map = map_new(bits);
	unsigned char *seen = calloc(1, last + 1);
	uint32_t good = 0;

	ck_assert_uint_eq(iovm__bitmap_count(map), 0);
	for (uint32_t i = 1; i <= last; i++) {
		long id = iovm__bitmap_claim(map, 0, UINT32_MAX);

		if (id >= 1 && id <= (long)last && !seen[id]++)
			good += iovm__bitmap_taken(map, (uint32_t)id);
	}
	ck_assert_uint_eq(good, last);
	ck_assert_int_eq(iovm__bitmap_claim(map, 0, last), IOVM_E_NO_PASID);
	ck_assert_uint_eq(iovm__bitmap_count(map), last);
	for (uint32_t i = 1; i <= last; i++) {
		iovm__bitmap_release(map, i);
		good -= !iovm__bitmap_taken(map, i);
	}
	ck_assert_uint_eq(good, 0);
	ck_assert_uint_eq(iovm__bitmap_count(map), 0);
	ck_assert(iovm__bitmap_taken(map, 0) && iovm__bitmap_taken(map, last + 1));
	free(seen);
	map_del(map, bits);
}
END_TEST

START_TEST(ranges_are_kept)
{
	struct iovm__bitmap *map = map_new(16);
	static const struct { uint32_t min, max; } range[] = { { 1, 1 }, { 63, 64 }, { 31, 33 }, { 100, 400 }, { 4095, 4097 }, { 60000, 65535 } };

	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
		uint32_t n = range[i].max - range[i].min + 1;

		while (n-- > 0) {
			long id = iovm__bitmap_claim(map, range[i].min, range[i].max);

			ck_assert(id >= (long)range[i].min && id <= (long)range[i].max);
		}
		ck_assert_int_eq(iovm__bitmap_claim(map, range[i].min, range[i].max), IOVM_E_NO_PASID);
	}
	ck_assert_int_eq(iovm__bitmap_claim(map, 0, 0), IOVM_E_INVAL);
	ck_assert_int_eq(iovm__bitmap_claim(map, 7, 6), IOVM_E_INVAL);
	ck_assert_int_eq(iovm__bitmap_claim(map, 65536, UINT32_MAX), IOVM_E_INVAL);
	ck_assert_int_eq(iovm__bitmap_claim(map, 60000, UINT32_MAX), IOVM_E_NO_PASID);
	iovm__bitmap_release(map, 65535);
	ck_assert_int_eq(iovm__bitmap_claim(map, 60000, UINT32_MAX), 65535);
	ck_assert_int_eq(iovm__bitmap_claim(map, 0, 2), 2);
	map_del(map, 16);
}
END_TEST

/* Only id is free: it is found from everywhere, and not beside its place. Returns the number of wrong answers. */
static unsigned only_free(struct iovm__bitmap *map, uint32_t id, uint32_t last)
{
	const struct { uint32_t min, max; } hit[] = { { 1, last }, { id, id }, { id - 1, id }, { id, id + 1 }, { id > 4100 ? id - 4100 : 1, id } };
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(hit) / sizeof(hit[0]); i++) {
		iovm__bitmap_release(map, id);
		wrong += iovm__bitmap_claim(map, hit[i].min, hit[i].max) != (long)id;
	}
	iovm__bitmap_release(map, id);
	if (id > 1)
		wrong += iovm__bitmap_claim(map, id > 70 ? id - 70 : 1, id - 1) != IOVM_E_NO_PASID;
	if (id < last)
		wrong += iovm__bitmap_claim(map, id + 1, id + 70) != IOVM_E_NO_PASID;
	return wrong + (iovm__bitmap_claim(map, id, last) != (long)id);
}

START_TEST(every_word_boundary)
{
	const uint32_t last = (1u << 20) - 1;
	struct iovm__bitmap *map = map_new(20);
	unsigned wrong;

	claim_all(map, last);
	wrong = only_free(map, 1, last) + only_free(map, last, last);
	for (uint32_t edge = 32; edge <= last; edge += 32)
		wrong += only_free(map, edge - 1, last) + only_free(map, edge, last);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(iovm__bitmap_count(map), last);
	map_del(map, 20);
}
END_TEST

START_TEST(random_releases_are_all_found_again)
{
	unsigned bits = limits[_i];
	uint32_t last = (1u << bits) - 1;
	struct iovm__bitmap *map = map_new(bits);
	unsigned char *taken = malloc(last + 1);
	uint64_t seed = 4711 + bits;

	claim_all(map, last);
	memset(taken, 1, last + 1);
	for (unsigned round = 0; round < 4; round++) {
		uint32_t nfree = 0, wrong = 0;

		for (uint32_t i = 0; i < last; i++) {
			uint32_t id = 1 + (uint32_t)(random_next(&seed) % last);

			if (!taken[id] || random_next(&seed) % (1u << (3 * round)) != 0)
				continue;
			iovm__bitmap_release(map, id);
			taken[id] = 0;
			nfree++;
		}
		ck_assert_uint_eq(iovm__bitmap_count(map), last - nfree);
		while (nfree-- > 0) {
			long id = iovm__bitmap_claim(map, 1, last);

			wrong += id <= 0 || taken[id]++ != 0;
		}
		ck_assert_uint_eq(wrong, 0);
		ck_assert_int_eq(iovm__bitmap_claim(map, 1, last), IOVM_E_NO_PASID);
	}
	free(taken);
	map_del(map, bits);
}
END_TEST

/* An id comes again only when no other id was free ever since it was handed out the last time. */
static void check_late(struct iovm__bitmap *map, uint32_t min, uint32_t max, uint32_t high, unsigned steps)
{
	uint64_t seed = max * 31u + min, now = 1;
	uint64_t *claimed = calloc(max + 1, sizeof(*claimed)), *freed = calloc(max + 1, sizeof(*freed));
	unsigned early = 0;	/* counted, since every ck_assert() writes to a pipe */

	for (; now < steps; now++) {
		uint32_t x = min + (uint32_t)(random_next(&seed) % (max - min + 1));
		long id;

		if (claimed[x] > freed[x]) {
			iovm__bitmap_release(map, x);
			freed[x] = now++;
		}
		if (high != 0)	/* another width goes its own way */
			iovm__bitmap_release(map, (uint32_t)iovm__bitmap_claim(map, max + 1, high));
		id = iovm__bitmap_claim(map, min, max);
		ck_assert_int_gt(id, 0);
		for (uint32_t y = min; y <= max && claimed[id] != 0; y++)
			early += y != (uint32_t)id && freed[y] >= claimed[y] && freed[y] <= claimed[id];
		claimed[id] = now;
	}
	ck_assert_uint_eq(early, 0);
	for (uint32_t y = min; y <= max; y++)
		if (claimed[y] > freed[y])
			iovm__bitmap_release(map, y);
	free(claimed);
	free(freed);
}

START_TEST(reuse_is_late)
{
	struct iovm__bitmap *map = map_new(20);

	check_late(map, 1, 255, 0, 20000);
	check_late(map, 1, 1023, 0, 40000);
	check_late(map, 1, 255, 65535, 20000);
	check_late(map, 300, 500, 65535, 20000);
	ck_assert_uint_eq(iovm__bitmap_count(map), 0);
	map_del(map, 20);
}
END_TEST

START_TEST(reuse_goes_round_the_whole_space)
{
	const uint32_t last = (1u << 20) - 1;
	struct iovm__bitmap *map = map_new(20);
	long id = iovm__bitmap_claim(map, 1, last);
	uint32_t early = 0;

	iovm__bitmap_release(map, (uint32_t)id);
	for (uint32_t i = 1; i < last; i++) {
		long other = iovm__bitmap_claim(map, 1, last);

		early += other == id;
		iovm__bitmap_release(map, (uint32_t)other);
	}
	ck_assert_uint_eq(early, 0);
	ck_assert_int_eq(iovm__bitmap_claim(map, 1, last), id);
	map_del(map, 20);
}
END_TEST

static bool dies(struct iovm__bitmap *map, uint32_t id)
{
	const struct rlimit none = { 0, 0 };
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &none);
		iovm__bitmap_release(map, id);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(release_of_a_free_id_is_caught)
{
#ifdef NDEBUG
	skip("assertions are compiled out: build without NDEBUG");
#else
	struct iovm__bitmap *map = map_new(8);

	ck_assert(dies(map, 0) && dies(map, 7) && dies(map, 256));
	ck_assert_int_eq(iovm__bitmap_claim(map, 7, 7), 7);
	ck_assert(!dies(map, 7));
	map_del(map, 8);
#endif
}
END_TEST

struct pair {			/* two threads; each claims in a range of which only its own id can be free */
	struct iovm__bitmap *map;
	uint32_t id[2], min[2], max[2], none_min[2], none_max[2];	/* none: nothing is free there, but it reaches into the leaf of id */
	unsigned turns, refused[2], wrong[2];
	atomic_uint ready;
};
struct party { struct pair *pair; unsigned me; };

static void meet(atomic_uint *ready)
{
	add_ar(ready, 1);
	while (load_acq(ready) < 2)
		sched_yield();
}

static void *own_id(void *arg)
{
	const struct party *party = arg;
	struct pair *pair = party->pair;
	unsigned me = party->me;

	meet(&pair->ready);
	for (unsigned i = 0; i < pair->turns; i++) {
		long id = iovm__bitmap_claim(pair->map, pair->min[me], pair->max[me]);

		pair->refused[me] += id < 0;
		pair->wrong[me] += id > 0 && id != (long)pair->id[me];
		if (i % 4 == 0)	/* who finds the leaf empty clears its summary, while the other one may be filling it */
			pair->wrong[me] += iovm__bitmap_claim(pair->map, pair->none_min[me], pair->none_max[me]) != IOVM_E_NO_PASID;
		if (id > 0)
			iovm__bitmap_release(pair->map, (uint32_t)id);
	}
	return NULL;
}

static void both(void *(*fn)(void *), struct party party[2])
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, fn, &party[1]), 0);
	fn(&party[0]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* The two ids in one leaf, in two leaves of one mid word, in two mid words: both threads empty and fill leaf, mid and top. */
START_TEST(never_refused_what_is_free)
{
	static const uint32_t other[] = { 4811, 4875, 8901 };
	const uint32_t last = (1u << 14) - 1, id = 4810, beyond = other[_i] + 1;
	struct pair pair = { .map = map_new(14), .id = { id, other[_i] }, .min = { 1, id + 1 }, .max = { id, last }, .none_min = { id - 5, beyond },
			     .none_max = { id - 1, beyond + 70 }, .turns = 150000 };
	struct party party[2] = { { &pair, 0 }, { &pair, 1 } };

	claim_all(pair.map, last);
	iovm__bitmap_release(pair.map, pair.id[0]);
	iovm__bitmap_release(pair.map, pair.id[1]);
	both(own_id, party);
	ck_assert_uint_eq(pair.refused[0] + pair.refused[1], 0);
	ck_assert_uint_eq(pair.wrong[0] + pair.wrong[1], 0);
	ck_assert_uint_eq(iovm__bitmap_count(pair.map), last - 2);
	map_del(pair.map, 14);
}
END_TEST

struct crowd {			/* both take what they get and keep accounts */
	struct iovm__bitmap *map;
	uint32_t last;
	unsigned steps;
	unsigned owner[1u << 13];	/* plain: a data race if an id is in two hands or its release is not seen */
	atomic_uint ready, moves[2], held[2];	/* moves: odd while its thread is inside a call */
	unsigned doubles[2], false_refusals[2], sure_refusals[2];
};
struct member { struct crowd *crowd; unsigned me; };

/* A refusal during which the other thread made no move is wrong unless everything was held. */
static void refused(struct crowd *crowd, unsigned me, unsigned before)
{
	unsigned held = load_sc(&crowd->held[0]) + load_sc(&crowd->held[1]);

	if (before % 2 != 0 || load_sc(&crowd->moves[!me]) != before)
		return;
	crowd->sure_refusals[me]++;
	crowd->false_refusals[me] += held != crowd->last;
}

static void step_claim(struct crowd *crowd, unsigned me, uint32_t *mine)
{
	unsigned before, held = load_rlx(&crowd->held[me]);
	long id;

	add_sc(&crowd->moves[me], 1);
	before = load_sc(&crowd->moves[!me]);
	id = iovm__bitmap_claim(crowd->map, 1, crowd->last);
	if (id > 0) {
		crowd->doubles[me] += crowd->owner[id] != 0;
		crowd->owner[id] = me + 1;
		mine[held] = (uint32_t)id;
		store_sc(&crowd->held[me], held + 1);
	} else {
		refused(crowd, me, before);
	}
	add_sc(&crowd->moves[me], 1);
}

static void step_release(struct crowd *crowd, unsigned me, uint32_t *mine, uint64_t *seed)
{
	unsigned held = load_rlx(&crowd->held[me]), i = (unsigned)(random_next(seed) % held);
	uint32_t id = mine[i];

	mine[i] = mine[held - 1];
	add_sc(&crowd->moves[me], 1);
	crowd->doubles[me] += crowd->owner[id] != me + 1;
	crowd->owner[id] = 0;
	store_sc(&crowd->held[me], held - 1);
	iovm__bitmap_release(crowd->map, id);
	add_sc(&crowd->moves[me], 1);
}

static void *crowd_run(void *arg)
{
	const struct member *member = arg;
	struct crowd *crowd = member->crowd;
	unsigned me = member->me;
	uint32_t *mine = malloc((crowd->last + 1) * sizeof(*mine));
	uint64_t seed = 99 + me;

	meet(&crowd->ready);
	for (unsigned i = 0; i < crowd->steps; i++) {
		if (load_rlx(&crowd->held[me]) == 0 || random_next(&seed) % 8 < 5)
			step_claim(crowd, me, mine);
		else
			step_release(crowd, me, mine, &seed);
		if (i % 256 == me)
			sched_yield();	/* so that some refusals fall where the other one rests */
	}
	free(mine);
	return NULL;
}

START_TEST(two_threads_keep_the_accounts)
{
	static const unsigned bits[] = { 1, 3, 7, 13 };
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	struct member member[2] = { { crowd, 0 }, { crowd, 1 } };
	pthread_t thread;

	crowd->map = map_new(bits[_i]);
	crowd->last = (1u << bits[_i]) - 1;
	crowd->steps = 300000;
	ck_assert_int_eq(pthread_create(&thread, NULL, crowd_run, &member[1]), 0);
	crowd_run(&member[0]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(crowd->doubles[0] + crowd->doubles[1], 0);
	ck_assert_uint_eq(crowd->false_refusals[0] + crowd->false_refusals[1], 0);
	ck_assert_uint_gt(crowd->sure_refusals[0] + crowd->sure_refusals[1], 0);
	ck_assert_uint_eq(iovm__bitmap_count(crowd->map), crowd->held[0] + crowd->held[1]);
	while (iovm__bitmap_claim(crowd->map, 1, crowd->last) > 0)
		;
	ck_assert_uint_eq(iovm__bitmap_count(crowd->map), crowd->last);
	map_del(crowd->map, bits[_i]);
	free(crowd);
}
END_TEST

static Suite *pasid_suite(void)
{
	Suite *suite = suite_create("pasid");
	TCase *one = tcase_create("one thread"), *two = tcase_create("two threads");

	tcase_add_loop_test(one, limits_hand_out_every_id_once, 0, NLIMITS);
	tcase_add_test(one, ranges_are_kept);
	tcase_add_test(one, every_word_boundary);
	tcase_add_loop_test(one, random_releases_are_all_found_again, 0, NLIMITS);
	tcase_add_test(one, reuse_is_late);
	tcase_add_test(one, reuse_goes_round_the_whole_space);
	tcase_add_test(one, release_of_a_free_id_is_caught);
	tcase_add_loop_test(two, never_refused_what_is_free, 0, 3);
	tcase_add_loop_test(two, two_threads_keep_the_accounts, 0, 4);
	tcase_set_timeout(one, 60);
	tcase_set_timeout(two, 120);
	suite_add_tcase(suite, one);
	suite_add_tcase(suite, two);
	return suite;
}

int main(void)
{
	return harness_main(pasid_suite());
}
