/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The core's commands in the SMMU's words: against vectors that others made (tests/data/golden.tsv has them with names), and ranges taken apart by a decoder of our own
 * that asks of every piece what 4.4.1 asks: exactly the granules that were meant, in order, nothing illegal, nothing round the top of the address space.
 */
#include "harness.h"
#include "port.h"
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

enum { ANY = IOVM_TABLE_SIM, ALL_GRANULES = 3 };
static const uint32_t one[] = { 0x4200 }, several[] = { 0x15, 7, 0x15, 0xffffffff };
static const struct iovm_function fn_one = { .stream_ids = one, .nstream_ids = 1 }, fn_several = { .stream_ids = several, .nstream_ids = 4 };
static const unsigned shifts[ALL_GRANULES] = { 12, 16, 14 }, tgs[ALL_GRANULES] = { 1, 3, 2 };	/* by TCR.TG0 */

static struct iovm_cmd tlb(unsigned format, uint32_t asid, unsigned tg0, uint64_t first, uint64_t last)
{
	return (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = (uint8_t)format, .pasid = IOVM_NO_PASID, .asid = asid, .first = first, .last = last,
				  .control = ~0xc000ull | (uint64_t)tg0 << 14 };
}

static void is(const struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned i, uint64_t w0, uint64_t w1)
{
	uint64_t w[2] = { ~0ull, ~0ull };

	ck_assert_uint_lt(i, iovm__smmu_encode_count(s, cmd));
	iovm__smmu_encode(s, cmd, i, w);
	must(w[0] == w0 && w[1] == w1, "%016llx %016llx, not %016llx %016llx", (unsigned long long)w[0], (unsigned long long)w[1], (unsigned long long)w0,
	     (unsigned long long)w1);
}

static void is_one(const struct iovm__smmu *s, const struct iovm_cmd *cmd, uint64_t w0, uint64_t w1)
{
	ck_assert_uint_eq(iovm__smmu_encode_count(s, cmd), 1);
	is(s, cmd, 0, w0, w1);
}

START_TEST(answers)
{
	static const struct { struct iovm_cmd cmd; uint64_t w0, w1; } vectors[] = {
		{ { .code = IOVM_RESP_SUCCESS, .index = 0x1ff, .stream_id = 0x1ffff, .pasid = 0xfffff }, 0x0001fffffffff841, 0x21ff },
		{ { .code = IOVM_RESP_INVALID, .index = 0x12, .stream_id = 0x4200, .pasid = 0x10 }, 0x0000420000010841, 0x1012 },
		{ { .code = IOVM_RESP_FAILURE, .index = 0x12, .stream_id = 0x4200, .pasid = 0 }, 0x0000420000000841, 0x0012 },
		{ { .code = IOVM_RESP_SUCCESS, .index = 0, .stream_id = 0xffffffff, .pasid = IOVM_NO_PASID }, 0xffffffff00000041, 0x2000 },
		{ { .code = IOVM_RESP_SUCCESS, .flags = IOVM_CMD_STALL, .index = 0xbeef, .stream_id = 0x77, .pasid = 0x1d }, 0x0000007700001044, 0xbeef },
		{ { .code = IOVM_RESP_INVALID, .flags = IOVM_CMD_STALL, .index = 0xbeef, .stream_id = 0x77, .pasid = IOVM_NO_PASID }, 0x0000007700002044, 0xbeef },
		{ { .code = IOVM_RESP_FAILURE, .flags = IOVM_CMD_STALL, .index = 1, .stream_id = 0x77, .pasid = IOVM_NO_PASID }, 0x0000007700002044, 1 },
	};
	static const struct iovm__smmu s;
	unsigned i;

	for (i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		is_one(&s, &vectors[i].cmd, vectors[i].w0, vectors[i].w1);
}
END_TEST

START_TEST(entries)
{
	static const struct iovm__smmu s;
	struct iovm_cmd c = { .op = IOVM_CMD_ENTRY, .pasid = 0xfffff, .fn = &fn_several };
	unsigned i;

	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 4);	/* a table that streams share is told for each of them */
	is(&s, &c, 0, 0x00000015fffff005, 0);
	for (i = 0; i < 4; i++)
		is(&s, &c, i, (uint64_t)several[i] << 32 | 0xfffff005, 0);
	c.flags = IOVM_CMD_STREAM;
	for (i = 0; i < 4; i++)
		is(&s, &c, i, (uint64_t)several[i] << 32 | 3, 0);
	c.flags = 0;
	c.pasid = IOVM_NO_PASID;
	for (i = 0; i < 4; i++)
		is(&s, &c, i, (uint64_t)several[i] << 32 | 3, 0);
}
END_TEST

START_TEST(atc)
{
	static const struct iovm__smmu s;
	struct iovm_cmd c = { .op = IOVM_CMD_ATC, .pasid = IOVM_NO_PASID, .first = 0, .last = UINT64_MAX, .fn = &fn_one };
	unsigned i, k;

	is_one(&s, &c, 0x0000420000000040, 0x34);
	c.pasid = 5;
	is_one(&s, &c, 0x0000420000005840, 0x34);
	c.first = 0x7f0000200000;
	c.last = 0x7f00003fffff;
	is_one(&s, &c, 0x0000420000005840, 0x00007f0000200009);
	for (k = 0; k < 52; k++) {	/* every size; the last block of each ends at the top */
		c.first = UINT64_MAX << 12 << k;
		c.last = UINT64_MAX;
		is_one(&s, &c, 0x0000420000005840, c.first | k);
	}
	c.fn = &fn_several;
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 4);
	for (i = 0; i < 4; i++)
		is(&s, &c, i, (uint64_t)several[i] << 32 | 0x5840, c.first | 51);
}
END_TEST

START_TEST(tlb_stage_1)
{
	struct iovm__smmu s = { 0 };
	struct iovm_cmd c;

	c = tlb(IOVM_TABLE_AARCH64_S1, 0x55aa, 0, 0, UINT64_MAX);
	is_one(&s, &c, 0x55aa000000000011, 0);
	c = tlb(IOVM_TABLE_AARCH64_S1, 9, 0, 0xffff800012345000, 0xffff800012345fff);
	is_one(&s, &c, 0x0009000000000012, 0xffff800012345000);
	c = tlb(IOVM_TABLE_AARCH64_S1, 9, 1, 0xffff800012345678, 0xffff800012345678);	/* one granule is that without a granule */
	is_one(&s, &c, 0x0009000000000012, 0xffff800012340000);
	c = tlb(IOVM_TABLE_AARCH64_S1, 1, 2, 0x8000, 0xffff);
	is_one(&s, &c, 0x0001000000100012, 0x8800);
	c = tlb(IOVM_TABLE_AARCH64_S1, 0x77, 0, 0x400000, 0x400000 + 0x21 * 0x1000 - 1);
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 2);
	is(&s, &c, 0, 0x0077000000000012, 0x400000);
	is(&s, &c, 1, 0x0077000000500012, 0x401400);
	c = tlb(IOVM_TABLE_AARCH64_S1, 0x77, 0, 0x400000, 0x400000 + 0x3ff * 0x1000 - 1);
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 2);
	is(&s, &c, 0, 0x007700000001e012, 0x400400);
	is(&s, &c, 1, 0x007700000051e012, 0x41f400);
	c = tlb(IOVM_TABLE_AARCH64_S1, 1, 1, 0x10000, 0x3ffff);
	is_one(&s, &c, 0x0001000000002012, 0x10c00);
	s.features.no_range_tlbi = "";
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 3);
	is(&s, &c, 2, 0x0001000000000012, 0x30000);
}
END_TEST

START_TEST(tlb_stage_2)
{
	struct iovm__smmu s = { 0 };
	struct iovm_cmd c = tlb(IOVM_TABLE_AARCH64_S2, 0xabcd, 0, 0, UINT64_MAX);

	is_one(&s, &c, 0x0000abcd00000028, 0);
	c = tlb(IOVM_TABLE_AARCH64_S2, 0xabcd, 0, 0x400000, 0x401fff);
	ck_assert_uint_eq(iovm__smmu_encode_count(&s, &c), 2);
	is(&s, &c, 0, 0x0000abcd0010002a, 0x400400);
	is(&s, &c, 1, 0x0000abcd00000010, 0);	/* 4.4.3.1: what is cached of both stages */
	s.features.no_stage1 = "";		/* NH_ALL would be illegal */
	is(&s, &c, 1, 0x0000abcd00000028, 0);
}
END_TEST

START_TEST(the_rest)
{
	static const struct iovm__smmu s;
	struct iovm_cmd c = { .op = IOVM_CMD_FENCE, .pasid = IOVM_NO_PASID };

	is_one(&s, &c, 0x46, 0);
	c = tlb(ANY, 5, 0, 0x1000, 0x1fff);
	is_one(&s, &c, 0x30, 0);
	c = tlb(IOVM_TABLE_AARCH64_S1, 5, 3, 0x1000, 0x5fff);	/* no such granule */
	is_one(&s, &c, 0x0005000000000011, 0);
}
END_TEST

/* ---- ranges ------------------------------------------------------------------------------------------------------------------------------ */

static uint64_t random64(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Granules that a piece drops, from *at on */
static uint64_t piece_of(const uint64_t *w, unsigned tg0, uint64_t *at)
{
	unsigned num = w[0] >> 12 & 31, scale = w[0] >> 20 & 31, tg = w[1] >> 10 & 3;

	*at = w[1] & ~0xfffull;
	must(!(*at & ((1ull << shifts[tg0]) - 1)), "at %#llx, no granule", (unsigned long long)*at);
	must(!(w[1] & 0x3ff), "Leaf, TTL128 or TTL");
	must(!(w[0] & 0xfe0e0f00), "RES0 in %#llx", (unsigned long long)w[0]);
	if (!tg) {
		must(!num && !scale, "NUM or SCALE without TG");
		return 1;
	}
	must(tg == tgs[tg0], "TG %u", tg);
	must(num || scale, "one granule with TTL 0 and TG is illegal");
	return (num + 1ull) << scale;
}

static void exactly(const struct iovm__smmu *s, const struct iovm_cmd *c, unsigned tg0, unsigned most)
{
	unsigned n = iovm__smmu_encode_count(s, c), i;
	uint64_t next = c->first >> shifts[tg0], end = (c->last >> shifts[tg0]) + 1, at, pages, w[2];

	n -= c->format == IOVM_TABLE_AARCH64_S2;
	must(n <= most, "%u commands for %llu granules", n, (unsigned long long)(end - next));
	for (i = 0; i < n; i++) {
		iovm__smmu_encode(s, c, i, w);
		pages = piece_of(w, tg0, &at);
		must(at >> shifts[tg0] == next, "piece %u is at %#llx", i, (unsigned long long)at);
		must(end - next >= pages, "piece %u goes beyond the range", i);
		next += pages;
	}
	must(next == end, "%llu granules are left", (unsigned long long)(end - next));
}

static void any_range(const struct iovm__smmu *s, uint64_t *seed, unsigned bits, unsigned most)
{
	unsigned tg0 = (unsigned)(random64(seed) % ALL_GRANULES), format = random64(seed) & 1 ? IOVM_TABLE_AARCH64_S1 : IOVM_TABLE_AARCH64_S2;
	uint64_t granules = random64(seed) >> (64 - 1 - random64(seed) % bits), bytes = (granules + 1) << shifts[tg0];
	uint64_t first = random64(seed) >> random64(seed) % 52;
	struct iovm_cmd c;

	if (format == IOVM_TABLE_AARCH64_S2)
		first &= (1ull << 55) - 1;
	if (first + (bytes - 1) < first || random64(seed) % 8 == 0)
		first = format == IOVM_TABLE_AARCH64_S2 ? 1 : -bytes;	/* up to the top */
	c = tlb(format, 1, tg0, first, first + (bytes - 1));
	exactly(s, &c, tg0, most);
}

START_TEST(ranges_are_exact)
{
	struct iovm__smmu s = { 0 };
	uint64_t seed = 88172645463325252u;
	unsigned i;

	for (i = 0; i < 200000; i++)
		any_range(&s, &seed, 36, 9);	/* a command for every five bits, and one for a granule more at an odd beginning */
	s.features.no_range_tlbi = "";
	for (i = 0; i < 20000; i++)
		any_range(&s, &seed, 6, 66);
}
END_TEST

START_TEST(large_counts)
{
	uint64_t pages, sum;
	unsigned shift, n;

	for (shift = 0; shift < 52; shift++)
		for (unsigned k = 0; k < 3; k++) {
			uint64_t count = (1ull << shift) + k - (shift ? 1 : 0);

			for (pages = count, sum = n = 0; pages; n++) {
				struct iovm__smmu_piece p = iovm__smmu_range_piece(&pages);

				must(p.num < 32 && p.scale < 32 && p.pages == (p.num + 1ull) << p.scale, "a piece that TLBI cannot say");
				sum += p.pages;
			}
			ck_assert_uint_eq(sum, count);
			must(shift > 36 || n <= 8, "%u pieces", n);
		}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_encode");
	TCase *words = tcase_create("words"), *ranges = tcase_create("ranges");

	tcase_add_test(words, answers);
	tcase_add_test(words, entries);
	tcase_add_test(words, atc);
	tcase_add_test(words, tlb_stage_1);
	tcase_add_test(words, tlb_stage_2);
	tcase_add_test(words, the_rest);
	tcase_add_test(ranges, ranges_are_exact);
	tcase_add_test(ranges, large_counts);
	suite_add_tcase(s, words);
	suite_add_tcase(s, ranges);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
