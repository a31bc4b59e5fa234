/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMU's tables as the driver fills them: of one and two levels, read back by a walk of the test's own; the order of single stores; failing memory.
 */
#include "smmu_tables.h"

/* ---- streams --------------------------------------------------------------------------------------------------------------------------- */

static const struct { bool two_level, forced_linear; unsigned sid_bits, split; } strtabs[] = {
	{ true, false, 16, 8 }, { true, true, 16, 0 }, { false, false, 16, 0 }, { true, false, 8, 0 }, { true, false, 9, 8 },
};

START_TEST(stream_tables)
{
	struct rig r;
	unsigned i;

	rig_init(&r, 8);
	r.s.features.two_level_stream = strtabs[_i].two_level;
	r.s.config.linear = strtabs[_i].forced_linear;
	r.s.sid_bits = (uint8_t)strtabs[_i].sid_bits;
	r.ids[2] = (1u << r.s.sid_bits) - 1;
	r.ids[3] = 1u << (r.s.sid_bits - 1);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	ck_assert_uint_eq(r.s.split, strtabs[_i].split);
	ck_assert_uint_eq(r.s.strtab.size, r.s.split ? 8u << (r.s.sid_bits - 8) < 64 ? 64 : 8u << (r.s.sid_bits - 8) : 64u << r.s.sid_bits);
	ck_assert_ptr_null(iovm__smmu_ste_of(&r.s, 1u << r.s.sid_bits));
	attach(&r);
	for (i = 0; i < 4; i++) {
		ck_assert_ptr_eq(find_ste(&r, r.ids[i]), iovm__smmu_ste_of(&r.s, r.ids[i]));
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0] & 15, 11);
	}
	ck_assert_uint_eq(find_ste(&r, 7)[0], 0);
	iovm__smmu_detach(&r.s, &r.fn);
	for (i = 0; i < 4; i++)	/* V alone: they abort, and the pointer is gone */
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0], 1);
	ck_assert_ptr_null(r.fn.priv);
	rig_fini(&r);
}
END_TEST

START_TEST(streams_beyond_the_table)
{
	struct rig r;
	unsigned blocks;

	rig_init(&r, 8);
	r.s.sid_bits = 12;
	r.ids[2] = 0x1000;
	r.ids[3] = 0x200;
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	blocks = r.blocks;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), IOVM_E_INVAL);
	ck_assert_uint_eq(r.blocks, blocks);
	ck_assert_ptr_null(r.fn.priv);
	ck_assert_ptr_null(find_ste(&r, 5));
	/* Whoever goes on with it all the same does no harm */
	r.fn.aborted = true;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	ck_assert_int_eq(quiet_entry(&r, 1), 0);
	rig_fini(&r);
}
END_TEST

START_TEST(a_table_too_large_for_the_host)
{
	struct rig r;

	rig_init(&r, 0);
	r.fail_nth = 2;
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), IOVM_E_NO_MEMORY);
	ck_assert_uint_eq(r.blocks, 0);
	rig_fini(&r);
}
END_TEST

/* A step after the first never stores word 0 with another word, and each STE goes from invalid over its other words */
START_TEST(attach_goes_in_steps)
{
	const uint64_t *ste;
	struct rig r;
	unsigned i, k;

	rig_init(&r, 8);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 1);
	for (i = 0; i < 4; i++)
		for (k = 0; k < 8; k++)
			ck_assert_uint_eq(find_ste(&r, r.ids[i])[k], 0);
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 1);
	for (i = 0; i < 4; i++) {
		ste = find_ste(&r, r.ids[i]);
		ck_assert(!ste[0] && ste[1]);
	}
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	nstored = 0;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	ck_assert_uint_eq(nstored, 0);
	r.fn.ats = true;
	ck_assert_uint_eq(attach(&r), 1);
	ck_assert_uint_eq(nstored, 4);
	for (i = 0; i < 4; i++) {
		ck_assert_ptr_eq(stored[i], find_ste(&r, r.ids[i]) + 1);
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[1] >> 28 & 3, 1);
	}
	rig_fini(&r);
}
END_TEST

START_TEST(words_are_stored_word_0_last)
{
	uint64_t mem[8] = { 0, 0, 7 }, i;
	const uint64_t words[8] = { 1, 2, 7, 4, 5, 6, 0, 8 };

	nstored = 0;
	iovm__smmu_store(mem, words, 8);
	ck_assert_mem_eq(mem, words, sizeof mem);
	ck_assert_uint_eq(nstored, 6);
	ck_assert_ptr_eq(stored[5], mem);
	for (i = 0; i < 6; i++)
		ck_assert(stored[i] != &mem[2] && stored[i] != &mem[6]);
}
END_TEST

static unsigned blocks_after_failures(struct rig *r, int (*call)(struct rig *r), const void *watched, size_t size)
{
	unsigned nth, blocks = r->blocks;
	void *before = malloc(size);
	int err;

	ck_assert_ptr_nonnull(before);
	memcpy(before, watched, size);
	for (nth = 1;; nth++) {
		r->allocs = 0;
		r->fail_nth = nth;
		err = call(r);
		if (err != IOVM_E_NO_MEMORY)
			break;
		ck_assert_uint_eq(r->blocks, blocks);
		ck_assert_mem_eq(before, watched, size);
	}
	ck_assert_int_ge(err, 0);
	free(before);
	return nth - 1;
}

static int first_of_attach(struct rig *r) { return iovm__smmu_attach(&r->s, &r->fn); }
static int first_of_walk(struct rig *r) { return iovm__smmu_entry(&r->s, &r->fn, 0x43210, IOVM_TO_WALK, &stage1, 0x42); }

START_TEST(memory_fails_at_each_point)
{
	struct rig r;
	struct iovm__smmu_table *t;

	rig_init(&r, 20);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	/* three leaves of streams; table, level 1, list of leaves, leaf 0 */
	ck_assert_uint_eq(blocks_after_failures(&r, first_of_attach, r.s.strtab.mem, r.s.strtab.size), 7);
	attach(&r);
	t = r.fn.priv;
	ck_assert_uint_eq(blocks_after_failures(&r, first_of_walk, t->top.mem, t->top.size), 1);
	r.fail_nth = 0;
	rig_fini(&r);
}
END_TEST

START_TEST(a_leaf_outlives_a_failed_neighbour)
{
	static const uint32_t neighbour[2] = { 9, 0x5000 };
	struct rig r;
	struct iovm_function other = { .stream_ids = neighbour, .nstream_ids = 2 };

	set_up(&r, 0);
	r.allocs = 0;
	r.fail_nth = 2;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &other), IOVM_E_NO_MEMORY);
	ck_assert_uint_eq(find_ste(&r, 5)[0] & 15, 11);
	ck_assert_ptr_null(find_ste(&r, 0x5000));
	r.fail_nth = 0;
	rig_fini(&r);
}
END_TEST

/* ---- CD tables ------------------------------------------------------------------------------------------------------------------------- */

static const struct { unsigned bits, fmt, smmu_bits; bool two_level; } cd_tables[] = {
	{ 0, 0, 20, true }, { 1, 0, 20, true }, { 6, 0, 20, true }, { 7, 1, 20, true }, { 15, 1, 20, true }, { 16, 2, 20, true }, { 20, 2, 20, true },
	{ 12, 0, 20, false }, { 20, 1, 8, true }, { 8, 0, 0, true },
};

START_TEST(cd_forms)
{
	unsigned bits = cd_tables[_i].bits < cd_tables[_i].smmu_bits ? cd_tables[_i].bits : cd_tables[_i].smmu_bits, k;
	uint32_t pasid, last = (1u << bits) - 1;
	const uint64_t *ste;
	struct rig r;

	rig_init(&r, cd_tables[_i].bits);
	r.s.features.pasid_bits = (uint8_t)cd_tables[_i].smmu_bits;
	r.s.features.two_level_cd = cd_tables[_i].two_level;
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	attach(&r);
	ste = find_ste(&r, 5);
	ck_assert_uint_eq(ste[0] >> 59, bits);
	ck_assert_uint_eq(ste[0] >> 4 & 3, cd_tables[_i].fmt);
	ck_assert_uint_eq(ste[1] & 3, bits ? 2 : 0);
	ck_assert_uint_eq(find_cd(ste, 0)[0], QUIET0);
	for (pasid = 1, k = 0; pasid <= last; pasid = pasid * 3 + 1, k++) {
		const uint64_t *cd = find_cd(ste, pasid);

		ck_assert(!cd || !cd[0]);
		enter(&r, pasid, &stage1, 0x42);
		ck_assert_mem_eq(find_cd(ste, pasid), cd02, 64);
	}
	if (last) {
		enter(&r, last, &stage1, 0x42);
		ck_assert_mem_eq(find_cd(ste, last), cd02, 64);
	}
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);
	ck_assert_mem_eq(find_cd(ste, 0), cd02, 64);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, last + 1, IOVM_TO_WALK, &stage1, 1), IOVM_E_INVAL);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 0, IOVM_TO_WALK, &stage1, 1), IOVM_E_INVAL);
	ck_assert_int_eq(quiet_entry(&r, last + 1), 0);
	rig_fini(&r);
}
END_TEST

/* Whoever switches ATS writes the STEs, and tells of them; a bind that comes by announces its CD alone, and leaves them as they are */
START_TEST(an_entry_of_a_pasid_writes_no_ste)
{
	uint64_t ste[8];
	struct rig r;

	set_up(&r, 20);
	memcpy(ste, find_ste(&r, 5), sizeof ste);
	r.fn.ats = !r.fn.ats;
	enter(&r, 3, &stage1, 0x42);
	ck_assert_mem_eq(find_ste(&r, 5), ste, sizeof ste);
	rig_fini(&r);
}
END_TEST

/* In a leaf that is there: the other words, then word 0; in a new one: at once, for nobody could reach it */
START_TEST(entries_go_in_steps)
{
	const uint64_t *ste, *cd;
	struct rig r;

	set_up(&r, 20);
	ste = find_ste(&r, 5);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &stage1, 0x42), 1);
	cd = find_cd(ste, 3);
	ck_assert_uint_eq(cd[0], 0);
	ck_assert_mem_eq(cd + 1, cd02 + 1, 56);
	nstored = 0;
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &stage1, 0x42), 0);
	ck_assert(nstored == 1 && stored[0] == cd);
	ck_assert_mem_eq(cd, cd02, 64);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &stage1, 0x42), 0);
	ck_assert_uint_eq(nstored, 1);
	/* another address space: never a mix of the two */
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &(struct iovm_table){ .format = IOVM_TABLE_AARCH64_S1, .root = 0x5000,
			 .control = TCR_4K_48 }, 0x43), 1);
	ck_assert_uint_eq(cd[0], QUIET0);
	ck_assert_mem_eq(cd + 1, cd02 + 1, 56);
	ck_assert_uint_eq(enter(&r, 3, &(struct iovm_table){ .format = IOVM_TABLE_AARCH64_S1, .root = 0x5000, .control = TCR_4K_48 }, 0x43), 2);
	ck_assert(cd[0] >> 48 == 0x43 && cd[1] == 0x5000 && !cd[3]);
	/* the last store of a new leaf's entry is level 1's */
	nstored = 0;
	ck_assert_uint_eq(enter(&r, 0x12345, &stage1, 0x42), 1);
	ck_assert_ptr_eq(stored[nstored - 1], (const uint64_t *)((struct iovm__smmu_table *)r.fn.priv)->top.mem + (0x12345 >> 10));
	/* back from quiet it is one store */
	quiet_entry(&r, 0x12345);
	ck_assert_uint_eq(enter(&r, 0x12345, &stage1, 0x42), 1);
	rig_fini(&r);
}
END_TEST

static struct rig *linked_in;
static unsigned links;

/* Whoever finds the leaf finds it complete */
static void look_into_leaf(void)
{
	const uint64_t *cd = find_cd(find_ste(linked_in, 5), 0x12345);

	links += cd != NULL;
	ck_assert(!cd || !memcmp(cd, cd02, 64));
}

START_TEST(a_leaf_is_filled_before_it_is_linked)
{
	struct rig r;

	set_up(&r, 20);
	linked_in = &r;
	after_store = look_into_leaf;
	enter(&r, 0x12345, &stage1, 0x42);
	after_store = NULL;
	ck_assert_uint_gt(links, 0);
	rig_fini(&r);
}
END_TEST

START_TEST(quiet_is_one_store)
{
	static const uint32_t pasids[] = { IOVM_NO_PASID, 3, 0x12345 };
	const uint64_t *cd;
	uint64_t before[8];
	unsigned i, allocs;
	struct rig r;

	set_up(&r, 20);
	for (i = 0; i < 3; i++) {
		enter(&r, pasids[i], &stage1, 0x42);
		cd = find_cd(find_ste(&r, 5), pasids[i] == IOVM_NO_PASID ? 0 : pasids[i]);
		memcpy(before, cd, 64);
		nstored = 0;
		allocs = r.allocs;
		ck_assert_int_eq(quiet_entry(&r, pasids[i]), 0);
		ck_assert(nstored == 1 && stored[0] == cd);
		ck_assert_uint_eq(cd[0], QUIET0);
		ck_assert_mem_eq(cd + 1, before + 1, 56);
		ck_assert_uint_eq(r.allocs, allocs);
	}
	nstored = 0;
	ck_assert_int_eq(quiet_entry(&r, 0x54321), 0);	/* no leaf there */
	ck_assert_uint_eq(nstored, 0);
	ck_assert_ptr_null(find_cd(find_ste(&r, 5), 0x54321));
	rig_fini(&r);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_tables");
	TCase *tc = tcase_create("tables");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, stream_tables, 0, sizeof strtabs / sizeof strtabs[0]);
	tcase_add_test(tc, streams_beyond_the_table);
	tcase_add_test(tc, a_table_too_large_for_the_host);
	tcase_add_test(tc, attach_goes_in_steps);
	tcase_add_test(tc, words_are_stored_word_0_last);
	tcase_add_test(tc, memory_fails_at_each_point);
	tcase_add_test(tc, a_leaf_outlives_a_failed_neighbour);
	tcase_add_loop_test(tc, cd_forms, 0, sizeof cd_tables / sizeof cd_tables[0]);
	tcase_add_test(tc, entries_go_in_steps);
	tcase_add_test(tc, an_entry_of_a_pasid_writes_no_ste);
	tcase_add_test(tc, a_leaf_is_filled_before_it_is_linked);
	tcase_add_test(tc, quiet_is_one_store);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
