/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The planner, between all ordered pairs of STEs and of CDs: plain ones, odd ones, and ones with rubbish in what does not count. Each plan is walked store by store; after each
 * store every mix is looked at that the SMMU may hold of the words since the last CFGI and SYNC. It must be the old form, the new one, or an abort.
 *
 * What a form means is told by an oracle of its own: bit numbers as in IHI 0070 5.2 and 5.4, nothing of the driver's headers but the functions under test. A plan's length is
 * held to a search for a shorter one.
 *
 * Built with SMMU_STORE_HALVES=1, with plan.c, it plays a host that stores 32 bits at once: a word is then also seen with one half stored.
 */
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

enum { WORDS = 8, MAX_FORMS = 64, MAX_VALUES = 4 };

struct words { uint64_t w[WORDS]; };
struct meaning { bool abort; struct words looked; };	/* abort: looked is 0 */
typedef struct meaning meaning_fn(const struct words *r);

struct record {
	meaning_fn *meaning;
	iovm__smmu_used_fn *used;
	uint64_t abort0, valid;		/* word 0: that aborts; its V */
	unsigned n;
	struct words form[MAX_FORMS];
	const char *name[MAX_FORMS];
	struct words looks[MAX_FORMS];	/* bits whose flip changes the meaning */
};

static unsigned long views, pairs, plans[4];

/* ---- the oracle ----------------------------------------------------------------------------------------------------------------- */

static uint64_t bits(const struct words *r, unsigned msb, unsigned lsb)
{
	return r->w[lsb / 64] >> lsb % 64 & (~0ull >> (63 - (msb - lsb)));
}

static void set(struct words *r, unsigned msb, unsigned lsb, uint64_t value)
{
	uint64_t mask = ~0ull >> (63 - (msb - lsb));

	r->w[lsb / 64] = (r->w[lsb / 64] & ~(mask << lsb % 64)) | (value & mask) << lsb % 64;
}

static void look(struct meaning *m, const struct words *r, unsigned msb, unsigned lsb)
{
	set(&m->looked, msb, lsb, bits(r, msb, lsb));
}

static void look_all(struct meaning *m, const struct words *r, const unsigned (*ranges)[2], unsigned n)
{
	while (n--)
		look(m, r, ranges[n][0], ranges[n][1]);
}
#define LOOK(m, r, ...) look_all(m, r, (const unsigned [][2]){ __VA_ARGS__ }, sizeof((const unsigned [][2]){ __VA_ARGS__ }) / sizeof(unsigned [2]))

static void ste_attributes(struct meaning *m, const struct words *r)
{
	LOOK(m, r, { 109, 108 }, { 104, 101 }, { 100, 100 });
	if (bits(r, 100, 100))
		look(m, r, 99, 96);
}

static struct meaning ste_meaning(const struct words *r)
{
	unsigned config = (unsigned)bits(r, 3, 1);
	struct meaning m = { .abort = !bits(r, 0, 0) || config < 4 };

	if (m.abort)
		return m;
	LOOK(&m, r, { 3, 0 }, { 83, 76 }, { 111, 110 }, { 115, 112 }, { 127, 116 }, { 271, 256 }, { 287, 272 }, { 319, 304 }, { 328, 320 });
	if (config == 4 || config & 2)
		ste_attributes(&m, r);
	if (config != 4)
		look(&m, r, 93, 92);
	if (config & 1) {
		LOOK(&m, r, { 55, 6 }, { 63, 59 }, { 71, 66 }, { 88, 88 }, { 90, 90 }, { 91, 91 }, { 143, 128 });
		if (config == 5)
			look(&m, r, 95, 94);
		if (bits(r, 63, 59))
			LOOK(&m, r, { 5, 4 }, { 65, 64 });
		if (bits(r, 63, 59) && bits(r, 65, 64) == 1)
			ste_attributes(&m, r);
	}
	if (config & 2)
		LOOK(&m, r, { 75, 72 }, { 89, 89 }, { 191, 128 }, { 255, 192 }, { 375, 329 }, { 511, 448 });
	return m;
}

/* Both halves off and no ASID that was ever walked under: an abort. A host of halves passes by ASIDs of the one form or the other, too */
static struct meaning cd_meaning(const struct words *r)
{
	bool low = !bits(r, 14, 14), high = !bits(r, 30, 30);
	bool quiet = !low && !high && bits(r, 46, 46) && (SMMU_STORE_HALVES || (!bits(r, 44, 44) && !bits(r, 63, 48)));
	struct meaning m = { .abort = !bits(r, 31, 31) || quiet };

	if (m.abort)
		return m;
	LOOK(&m, r, { 14, 14 }, { 31, 30 }, { 63, 41 });
	if (low)
		LOOK(&m, r, { 13, 0 }, { 38, 38 }, { 127, 64 });
	if (high)
		LOOK(&m, r, { 29, 16 }, { 39, 39 }, { 191, 128 });
	if (low || high)
		LOOK(&m, r, { 15, 15 }, { 37, 32 }, { 40, 40 }, { 67, 67 }, { 122, 122 }, { 123, 123 }, { 131, 131 }, { 187, 186 },
		     { 255, 192 }, { 319, 256 }, { 383, 320 }, { 447, 384 }, { 511, 448 });
	return m;
}

static bool same(const struct meaning *a, const struct meaning *b)
{
	return a->abort == b->abort && !memcmp(&a->looked, &b->looked, sizeof a->looked);
}

static struct words looks_of(meaning_fn *meaning, const struct words *r)
{
	struct meaning was = meaning(r), is;
	struct words flipped = *r, looks = { { 0 } };
	unsigned bit;

	for (bit = 0; bit < WORDS * 64; bit++) {
		flipped.w[bit / 64] ^= 1ull << bit % 64;
		is = meaning(&flipped);
		if (!same(&was, &is))
			looks.w[bit / 64] |= 1ull << bit % 64;
		flipped = *r;
	}
	return looks;
}

/* ---- views ------------------------------------------------------------------------------------------------------------------------- */

struct history {	/* what each word was since the last SYNC */
	uint64_t value[WORDS][MAX_VALUES];
	unsigned n[WORDS];
};

static struct history history_of(const struct words *r)
{
	struct history h;
	unsigned i;

	for (i = 0; i < WORDS; i++) {
		h.value[i][0] = r->w[i];
		h.n[i] = 1;
	}
	return h;
}

static void seen_word(struct history *h, unsigned i, uint64_t value)
{
	if (h->value[i][h->n[i] - 1] != value)
		h->value[i][h->n[i]++] = value;
}

/* All mixes; false: one of them is neither form nor an abort. *aborts: one is an abort though neither form is */
static bool mixes_ok(const struct record *rec, const struct history *h, const struct meaning *old, const struct meaning *new, unsigned long *count,
		     bool *aborts)
{
	unsigned at[WORDS] = { 0 }, i = 0;
	struct words view;
	struct meaning m;

	while (i < WORDS) {
		for (i = 0; i < WORDS; i++)
			view.w[i] = h->value[i][at[i]];
		m = rec->meaning(&view);
		++*count;
		if (!m.abort && !same(&m, old) && !same(&m, new))
			return false;
		*aborts |= m.abort && !old->abort && !new->abort;
		for (i = 0; i < WORDS && ++at[i] == h->n[i]; i++)
			at[i] = 0;
	}
	return true;
}

/* One step of a plan as iovm__smmu_store or iovm__smmu_stop do it: 7, 6, ... 0, in halves the low one last (stop: first) */
static bool store_ok(const struct record *rec, struct words *mem, const uint64_t next[WORDS], bool stop, const struct meaning *old,
		     const struct meaning *new, bool *aborts)
{
	struct history h = history_of(mem);
	uint64_t low = 0xffffffffu, half;
	unsigned i;

	for (i = WORDS; i-- > 0;) {
		if (mem->w[i] == next[i])
			continue;
		half = stop ? (mem->w[i] & ~low) | (next[i] & low) : (next[i] & ~low) | (mem->w[i] & low);
		if (SMMU_STORE_HALVES) {
			seen_word(&h, i, half);
			if (!mixes_ok(rec, &h, old, new, &views, aborts))
				return false;
		}
		seen_word(&h, i, next[i]);
		mem->w[i] = next[i];
		if (!mixes_ok(rec, &h, old, new, &views, aborts))
			return false;
	}
	return true;
}

/* ---- the search for something shorter ---------------------------------------------------------------------------------------------- */

static bool step_safe(const struct record *rec, const struct words *from, const struct words *to, const struct meaning *old, const struct meaning *new)
{
	struct history h = history_of(from);
	unsigned long count = 0;
	bool aborts = false;
	unsigned i;

	for (i = 0; i < WORDS; i++)
		seen_word(&h, i, to->w[i]);
	return mixes_ok(rec, &h, old, new, &count, &aborts);
}

/* The least that must still change for the goal's meaning */
static bool finish_safe(const struct record *rec, const struct words *from, unsigned goal, const struct meaning *old, const struct meaning *new)
{
	struct words to = *from;
	unsigned i;

	for (i = 0; i < WORDS; i++)
		if ((from->w[i] ^ rec->form[goal].w[i]) & rec->looks[goal].w[i])
			to.w[i] = rec->form[goal].w[i];
	return step_safe(rec, from, &to, old, new);
}

/* By way of any mix of old words, new words, old words with new rubbish, and aborts in word 0 */
static bool two_steps_exist(const struct record *rec, unsigned old_i, unsigned goal, const struct meaning *old, const struct meaning *new)
{
	const struct words *from = &rec->form[old_i], *to = &rec->form[goal], *looks = &rec->looks[old_i];
	struct history choice = history_of(from);
	unsigned at[WORDS] = { 0 }, i = 0;
	struct words x;

	for (i = 0; i < WORDS; i++) {
		seen_word(&choice, i, to->w[i]);
		if (choice.n[i] == 2 && looks->w[i])
			seen_word(&choice, i, (from->w[i] & looks->w[i]) | (to->w[i] & ~looks->w[i]));
	}
	seen_word(&choice, 0, rec->abort0);
	for (i = 0; i < WORDS;) {
		for (i = 0; i < WORDS; i++)
			x.w[i] = choice.value[i][at[i]];
		if (step_safe(rec, from, &x, old, new) && finish_safe(rec, &x, goal, old, new))
			return true;
		for (i = 0; i < WORDS && ++at[i] == choice.n[i]; i++)
			at[i] = 0;
	}
	return false;
}

/* ---- pairs -------------------------------------------------------------------------------------------------------------------------- */

static unsigned words_that_both_see_change(const struct record *rec, unsigned a, unsigned b)
{
	unsigned i, n = 0;

	for (i = 0; i < WORDS; i++)
		n += ((rec->form[a].w[i] ^ rec->form[b].w[i]) & rec->looks[a].w[i] & rec->looks[b].w[i]) != 0;
	return n;
}

static void check_length(const struct record *rec, unsigned a, unsigned b, unsigned steps, bool aborts, const struct meaning *old,
			 const struct meaning *new)
{
	bool quiet_both = old->abort && new->abort;

	if (quiet_both || same(old, new))
		ck_assert_msg(steps <= quiet_both, "%s to %s: %u steps for nothing", rec->name[a], rec->name[b], steps);
	else
		ck_assert_msg(steps > 0, "%s to %s: no step", rec->name[a], rec->name[b]);
	if (SMMU_STORE_HALVES)	/* what is shortest there is another question */
		return;
	if (words_that_both_see_change(rec, a, b) <= 1)
		ck_assert_msg(steps <= 2 && !aborts, "%s to %s: %u steps%s", rec->name[a], rec->name[b], steps, aborts ? ", with an abort" : "");
	if (steps >= 2)
		ck_assert_msg(!finish_safe(rec, &rec->form[a], b, old, new), "%s to %s: one step would do", rec->name[a], rec->name[b]);
	if (steps == 3)
		ck_assert_msg(!two_steps_exist(rec, a, b, old, new), "%s to %s: two steps would do", rec->name[a], rec->name[b]);
}

/* As the driver decides it: is this an abort to come to, or one to come from? */
static bool stops(const struct record *rec, uint64_t now, uint64_t next, const struct meaning *new)
{
	return now != next && (next == rec->abort0 || new->abort) && now & rec->valid;
}

static void check_pair(const struct record *rec, unsigned a, unsigned b)
{
	const struct meaning old = rec->meaning(&rec->form[a]), new = rec->meaning(&rec->form[b]);
	struct words mem = rec->form[a];
	uint64_t next[WORDS];
	unsigned left, steps = 0, expected = 0;
	bool aborts = false;
	struct meaning end;

	while ((left = iovm__smmu_plan(rec->used, rec->abort0, mem.w, rec->form[b].w, next)) != 0) {
		ck_assert_msg(left <= 3 && (!steps || left == expected), "%s to %s: step %u says %u left", rec->name[a], rec->name[b], steps, left);
		ck_assert_msg(store_ok(rec, &mem, next, stops(rec, mem.w[0], next[0], &new), &old, &new, &aborts),
			      "%s to %s: in step %u with %u left something third can be seen", rec->name[a], rec->name[b], steps, left);
		expected = left - 1;
		steps++;
	}
	ck_assert_msg(!steps || !expected, "%s to %s ends early", rec->name[a], rec->name[b]);
	end = rec->meaning(&mem);
	ck_assert_msg(same(&end, &new), "%s to %s ends as something else", rec->name[a], rec->name[b]);
	check_length(rec, a, b, steps, aborts, &old, &new);
	plans[steps]++;
	pairs++;
}

static void check_all(struct record *rec, const char *what)
{
	unsigned a, b;

	views = pairs = 0;
	memset(plans, 0, sizeof plans);
	for (a = 0; a < rec->n; a++)
		rec->looks[a] = looks_of(rec->meaning, &rec->form[a]);
	for (a = 0; a < rec->n; a++)
		for (b = 0; b < rec->n; b++)
			check_pair(rec, a, b);
	printf("%s: %u forms, %lu pairs, %lu views; plans of 0, 1, 2, 3 steps: %lu %lu %lu %lu\n", what, rec->n, pairs, views, plans[0], plans[1],
	       plans[2], plans[3]);
}

/* What the driver calls looked at holds what the oracle looks at, and no word more */
static void check_used(const struct record *rec)
{
	struct words used, looks;
	unsigned a, i;

	for (a = 0; a < rec->n; a++) {
		rec->used(rec->form[a].w, used.w);
		looks = looks_of(rec->meaning, &rec->form[a]);
		for (i = 0; i < WORDS; i++)
			ck_assert_msg(!(looks.w[i] & ~used.w[i]) && (!i || looks.w[i] == used.w[i]), "%s: word %u counts %016llx, said %016llx",
				      rec->name[a], i, (unsigned long long)looks.w[i], (unsigned long long)used.w[i]);
	}
}

/* ---- forms --------------------------------------------------------------------------------------------------------------------------- */

static struct words *add(struct record *rec, const char *name, const struct words *base)
{
	struct words *r = &rec->form[rec->n];

	ck_assert_uint_lt(rec->n, MAX_FORMS);
	rec->name[rec->n++] = name;
	*r = base ? *base : (struct words){ { 0 } };
	return r;
}

/* { msb, lsb, value } ... on top of base */
static struct words *vary(struct record *rec, const char *name, const struct words *base, const uint64_t (*fields)[3], unsigned n)
{
	struct words *r = add(rec, name, base);
	unsigned i;

	for (i = 0; i < n; i++)
		set(r, (unsigned)fields[i][0], (unsigned)fields[i][1], fields[i][2]);
	return r;
}
#define VARY(rec, name, base, ...) \
	vary(rec, name, base, (const uint64_t [][3]){ __VA_ARGS__ }, sizeof((const uint64_t [][3]){ __VA_ARGS__ }) / sizeof(uint64_t [3]))

static void stage1_forms(struct record *rec)
{
	const struct words *one, *linear, *small, *large;

	one = VARY(rec, "stage 1, one CD", NULL, { 3, 0, 0xb }, { 55, 6, 0x80001000 >> 6 }, { 71, 66, 0x35 }, { 83, 83, 1 }, { 109, 108, 1 });
	VARY(rec, "stage 1, another CD", one, { 55, 6, 0x123480001040 >> 6 });
	VARY(rec, "stage 1, one CD, S1Fmt rubbish", one, { 5, 4, 2 }, { 65, 64, 3 });
	VARY(rec, "stage 1, one CD, stage 2 rubbish", one, { 191, 144, 0xfeedf00d1234 }, { 255, 192, ~0ull }, { 511, 448, ~0ull });
	linear = VARY(rec, "stage 1, 6 bits", one, { 63, 59, 6 }, { 65, 64, 2 });
	VARY(rec, "stage 1, 6 bits, without CD 0", linear, { 65, 64, 0 });
	VARY(rec, "stage 1, 6 bits, bypass without PASID", linear, { 65, 64, 1 });
	VARY(rec, "stage 1, 6 bits, bypass, MemAttr", linear, { 65, 64, 1 }, { 100, 96, 0x1f });
	small = VARY(rec, "stage 1, 8 bits", linear, { 63, 59, 8 }, { 5, 4, 1 });
	VARY(rec, "stage 1, 8 bits, PPAR", small, { 82, 82, 1 });
	VARY(rec, "stage 1, 8 bits, ATS", small, { 93, 92, 1 });
	VARY(rec, "stage 1, 8 bits, ATS, other table", small, { 93, 92, 1 }, { 55, 6, 0xabcd000 >> 6 });
	VARY(rec, "stage 1, 16 bits", small, { 63, 59, 16 }, { 5, 4, 2 });
	large = VARY(rec, "stage 1, 20 bits", small, { 63, 59, 20 }, { 5, 4, 2 });
	VARY(rec, "stage 1, 20 bits, no stalls", large, { 91, 91, 1 });
	VARY(rec, "stage 1, 20 bits, no stalls, ATS, PPAR", large, { 91, 91, 1 }, { 93, 92, 1 }, { 82, 82, 1 });
	VARY(rec, "stage 1, 20 bits, VMID", large, { 143, 128, 0x42 });
	VARY(rec, "stage 1, 20 bits, STRW", large, { 95, 94, 2 });
	VARY(rec, "stage 1, 20 bits, PARTID and PMG", large, { 287, 272, 5 }, { 327, 320, 1 });
	VARY(rec, "stage 1, 20 bits, privileged", large, { 113, 112, 3 });
}

static void stage2_forms(struct record *rec)
{
	const struct words *two, *nested;

	two = VARY(rec, "stage 2", NULL, { 3, 0, 0xd }, { 83, 83, 1 }, { 109, 108, 1 }, { 143, 128, 0x42 }, { 178, 160, 0x53558 }, { 179, 179, 1 },
		   { 182, 182, 1 }, { 186, 186, 1 }, { 247, 196, 0x123456780000 >> 4 });
	VARY(rec, "stage 2, other VMID", two, { 143, 128, 0x43 });
	VARY(rec, "stage 2, other table", two, { 247, 196, 0x90000000 >> 4 });
	VARY(rec, "stage 2, other VMID and table", two, { 143, 128, 0x43 }, { 247, 196, 0x90000000 >> 4 });
	VARY(rec, "stage 2, other size", two, { 165, 160, 0x10 });
	VARY(rec, "stage 2, ATS", two, { 93, 92, 1 });
	VARY(rec, "stage 2, stalls", two, { 185, 185, 1 });
	VARY(rec, "stage 2, S2FWB", two, { 89, 89, 1 });
	VARY(rec, "stage 2, stage 1 rubbish", two, { 63, 4, 0x123456789abcde }, { 71, 64, 0xff }, { 91, 90, 3 }, { 95, 94, 2 });
	nested = VARY(rec, "stages 1 and 2", two, { 3, 0, 0xf }, { 55, 6, 0x40001000 >> 6 }, { 71, 66, 0x35 }, { 93, 92, 2 });
	VARY(rec, "stages 1 and 2, 8 bits", nested, { 63, 59, 8 }, { 5, 4, 1 }, { 65, 64, 2 });
	VARY(rec, "stages 1 and 2, other table", nested, { 247, 196, 0x90000000 >> 4 });
}

static struct record *ste_record(void)
{
	struct record *rec = calloc(1, sizeof *rec);
	struct words *r;

	ck_assert_ptr_nonnull(rec);
	rec->meaning = ste_meaning;
	rec->used = iovm__smmu_ste_used;
	rec->abort0 = iovm__smmu_ste_abort();
	rec->valid = 1;
	add(rec, "invalid", NULL);
	r = add(rec, "invalid rubbish", NULL);
	memset(r, 0xff, sizeof *r);
	r->w[0] &= ~1ull;
	VARY(rec, "abort", NULL, { 3, 0, 1 });
	r = add(rec, "abort, rubbish", NULL);
	memset(r, 0xa5, sizeof *r);
	set(r, 3, 0, 7);
	r = VARY(rec, "bypass", NULL, { 3, 0, 9 }, { 109, 108, 1 });
	VARY(rec, "bypass, MemAttr", r, { 100, 96, 0x15 });
	VARY(rec, "bypass, merging", r, { 83, 83, 1 });
	VARY(rec, "bypass, stage 1 rubbish", r, { 63, 4, 0x123456789abcde }, { 71, 64, 0xff }, { 93, 92, 3 });
	stage1_forms(rec);
	stage2_forms(rec);
	return rec;
}

static struct record *cd_record(unsigned stall_model)
{
	const struct iovm__smmu s = { .features = { .stall_model = (uint8_t)stall_model } };
	struct record *rec = calloc(1, sizeof *rec);
	const struct words *walk, *both;
	struct words *r;

	ck_assert_ptr_nonnull(rec);
	rec->meaning = cd_meaning;
	rec->used = iovm__smmu_cd_used;
	rec->abort0 = iovm__smmu_cd_quiet(&s, false);
	rec->valid = 1ull << 31;
	add(rec, "invalid", NULL);
	r = add(rec, "invalid rubbish", NULL);
	memset(r, 0xff, sizeof *r);
	set(r, 31, 31, 0);
	add(rec, "quiet", NULL)->w[0] = rec->abort0;
	r = add(rec, "quiet rubbish", NULL);
	memset(r, 0x5a, sizeof *r);
	r->w[0] = rec->abort0 | 0x3f;
	VARY(rec, "quiet, recorded", &rec->form[2], { 45, 45, 1 });
	VARY(rec, "off, stalling", &rec->form[2], { 44, 44, 1 });
	VARY(rec, "off, another ASID", &rec->form[2], { 63, 48, 0x42 });
	walk = VARY(rec, "walking", NULL, { 63, 0, 0x0042e205c0003510 }, { 119, 68, 0x81234000 >> 4 }, { 255, 192, 0xff440c04 });
	VARY(rec, "walking, other ASID", walk, { 63, 48, 0x43 });
	VARY(rec, "walking, other table", walk, { 119, 68, 0x123481234000 >> 4 });
	VARY(rec, "walking, other ASID and table", walk, { 63, 48, 0x43 }, { 119, 68, 0x91234000 >> 4 });
	VARY(rec, "walking, other MAIR", walk, { 255, 192, 0xbbff44 });
	VARY(rec, "walking, other MAIR and table", walk, { 255, 192, 0xf000bbff44 }, { 119, 68, 0x91234000 >> 4 });
	VARY(rec, "walking, 39 bits", walk, { 5, 0, 25 });
	VARY(rec, "walking, 16K", walk, { 7, 6, 2 });
	VARY(rec, "walking, 64K, 52 bits", walk, { 7, 6, 1 }, { 34, 32, 6 });
	VARY(rec, "walking, 40 bits out", walk, { 34, 32, 2 });
	VARY(rec, "walking, stalls", walk, { 44, 44, 1 });
	VARY(rec, "walking, silent", walk, { 45, 45, 0 });
	VARY(rec, "walking, access flags", walk, { 43, 42, 3 });
	VARY(rec, "walking, upper rubbish", walk, { 29, 16, 0x2aaa }, { 39, 39, 1 }, { 183, 132, 0xabcdef });
	both = VARY(rec, "both halves", walk, { 30, 30, 0 }, { 29, 16, 0x3590 }, { 183, 132, 0x91000000 >> 4 });
	VARY(rec, "both halves, other upper table", both, { 183, 132, 0x92000000 >> 4 });
	VARY(rec, "upper half", both, { 14, 14, 1 });
	VARY(rec, "upper half, lower rubbish", both, { 14, 14, 1 }, { 13, 0, 0x1aaa }, { 119, 68, 0xabcdef });
	VARY(rec, "walking, AMAIR", walk, { 319, 256, 0x1234 });
	VARY(rec, "walking, PARTID", walk, { 375, 352, 0x10005 });
	VARY(rec, "walking, hierarchical attributes off", walk, { 65, 65, 1 });
	return rec;
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(stream_entries)
{
	struct record *rec = ste_record();

	ck_assert_uint_ge(rec->n, 30);
	check_used(rec);
	check_all(rec, "STE");
	free(rec);
}
END_TEST

START_TEST(context_descriptors)
{
	struct record *rec = cd_record(0);

	ck_assert_uint_ge(rec->n, 20);
	if (!SMMU_STORE_HALVES)
		check_used(rec);
	check_all(rec, "CD");
	free(rec);
}
END_TEST

START_TEST(nothing_to_do_changes_nothing)
{
	struct record *rec = ste_record();
	uint64_t next[WORDS];
	unsigned i;

	for (i = 0; i < rec->n; i++) {
		ck_assert_uint_eq(iovm__smmu_plan(rec->used, rec->abort0, rec->form[i].w, rec->form[i].w, next), 0);
		ck_assert_mem_eq(next, rec->form[i].w, sizeof next);
	}
	free(rec);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_plan");
	TCase *tc = tcase_create("plan");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, stream_entries);
	tcase_add_test(tc, context_descriptors);
	tcase_add_test(tc, nothing_to_do_changes_nothing);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
