/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Ids as bits, one level of words (the leaves) that is the truth and two levels of summaries that are hints.
 *
 *	leaf	bit set: the id is free
 *	mid	bit set: look into this leaf
 *	top	bit set: look into this mid word
 *
 * An id changes hands by one read-modify-write of its leaf and nothing else. So no id is handed out twice, whatever
 * the summaries say: of all who clear a set bit, the one whose operation saw it set owns the id. Claiming acquires
 * what releasing released.
 *
 * A summary bit is not lost. Who fills the level below (leaf or mid, W) then looks at the summary (S) and sets the
 * bit if it is clear. Who clears the bit, having seen the level below empty, looks at that level again and sets the
 * bit anew if it has filled. All four are sequentially consistent:
 *
 *	release:  set W;  look at S		claim:  clear S;  look at W
 *
 * so in the one order of them all, either release sees S cleared and sets it, or the claim sees W filled and sets it.
 * Setting mid anew is filling mid, hence the top is looked at after it: the repair goes all the way up. A bit over an
 * empty word is harmless.
 *
 * Whoever takes the last id of a leaf leaves the summaries alone, since the id mostly comes back soon; the next walk
 * that finds the leaf empty clears the bit. So a claim may clear many bits, but each once for a claim that went
 * before.
 *
 * A summary bit may be missing for a moment, between the clear and the second look of a claim that was overtaken by a
 * release, for ever if its thread stops there. So summaries never prove that nothing is free. A claim that they led
 * nowhere goes through every leaf of its range (the thorough walk), sets the summary of each leaf that has ids, and
 * tries every free id that it finds there once. Failing proves exhaustion by coherence alone: an id that was released
 * before the call began and is still free is seen set when its leaf is read, and clearing it can only fail because
 * another has claimed it.
 *
 * Steps: a walk visits each leaf and each summary word of its range at most once, with at most one read-modify-write
 * an id that it sees free and six to mend summaries. A claim is at most two walks, a release at most one
 * read-modify-write of the leaf and two of summaries. Nobody waits for anybody.
 *
 * Late reuse: a claim begins where the last one ended, and goes round. There is a cursor for each width of max, since
 * devices with narrower PASIDs claim among the low ids only: in a range of its own each width goes round by itself.
 * The cursor is looked at again and stored, without a locked operation, and not pulled back by a claim that fell
 * behind; a caller that stops between the look and the store may do so. That brings an id back early, no more: an id
 * is released when nothing of its owner is left.
 */
#include "pasid/bitmap.h"
#include <iovm/iovm.h>
#include "base/atomic.h"
#include "base/bits.h"

#define WORD ((uint32_t)(8 * sizeof(unsigned long)))	/* 64-ary, or 32-ary on 32-bit hosts */
#define MARK(i) (1ul << (i) % WORD)
#define FROM(i) (~0ul << (i) % WORD)			/* this bit and those above it */
#define UPTO(i) (~0ul >> (WORD - 1 - (i) % WORD))	/* this bit and those below it */

struct iovm__bitmap {
	uint32_t last;			/* highest id */
	uint32_t mid, top, end;		/* leaf[mid], leaf[top]: the summaries */
	IOVM_ALIGNED atomic_ulong cursor[IOVM__BITMAP_BITS + 1];	/* by width of max */
	IOVM_ALIGNED atomic_ulong leaf[];
};

static uint32_t words(uint32_t bits)
{
	return (bits + WORD - 1) / WORD;
}

static uint32_t line_up(uint32_t nwords)	/* levels do not share a line */
{
	const uint32_t line = IOVM_LINE / sizeof(unsigned long);

	return (nwords + line - 1) / line * line;
}

static struct iovm__bitmap layout(unsigned bits)
{
	struct iovm__bitmap map = { .last = (1u << bits) - 1 };
	uint32_t leaves = words(1u << bits);

	map.mid = line_up(leaves);
	map.top = map.mid + line_up(words(leaves));
	map.end = map.top + line_up(words(words(leaves)));
	return map;
}

size_t iovm__bitmap_size(unsigned bits)
{
	IOVM_ASSERT(bits >= 1 && bits <= IOVM__BITMAP_BITS);
	return sizeof(struct iovm__bitmap) + layout(bits).end * sizeof(unsigned long);
}

static void fill(atomic_ulong *level, uint32_t nbits)
{
	for (uint32_t i = 0; i < words(nbits); i++)
		store_rlx(&level[i], i < nbits / WORD ? ~0ul : UPTO(nbits - 1));
}

void iovm__bitmap_init(struct iovm__bitmap *map, unsigned bits)
{
	struct iovm__bitmap at = layout(bits);
	uint32_t leaves = words(1u << bits);

	map->last = at.last;
	map->mid = at.mid;
	map->top = at.top;
	map->end = at.end;
	fill(map->leaf, 1u << bits);
	fill(map->leaf + at.mid, leaves);
	fill(map->leaf + at.top, words(leaves));
	store_rlx(&map->leaf[0], load_rlx(&map->leaf[0]) & ~1ul);
}

static atomic_ulong *mid_of(struct iovm__bitmap *map, uint32_t leaf)
{
	return &map->leaf[map->mid + leaf / WORD];
}

static atomic_ulong *top_of(struct iovm__bitmap *map, uint32_t mid)
{
	return &map->leaf[map->top + mid / WORD];
}

/* The leaf has filled: see to it that both summaries say so. */
static void raise(struct iovm__bitmap *map, uint32_t leaf)
{
	uint32_t mid = leaf / WORD;

	if (!(load_sc(mid_of(map, leaf)) & MARK(leaf)))
		or_sc(mid_of(map, leaf), MARK(leaf));
	if (!(load_sc(top_of(map, mid)) & MARK(mid)))
		or_sc(top_of(map, mid), MARK(mid));
}

static void lower_top(struct iovm__bitmap *map, uint32_t mid)
{
	atomic_ulong *below = &map->leaf[map->mid + mid], *top = top_of(map, mid);

	if (load_rlx(below) != 0 || !(load_rlx(top) & MARK(mid)))
		return;
	and_sc(top, ~MARK(mid));
	if (load_sc(below) != 0)
		or_sc(top, MARK(mid));
}

/* The leaf was seen empty: the summaries may forget it, unless it has filled meanwhile. */
static void lower(struct iovm__bitmap *map, uint32_t leaf)
{
	if (load_rlx(mid_of(map, leaf)) & MARK(leaf)) {
		and_sc(mid_of(map, leaf), ~MARK(leaf));
		if (load_sc(&map->leaf[leaf]) != 0) {
			raise(map, leaf);
			return;
		}
	}
	lower_top(map, leaf / WORD);
}

static uint32_t next_mid(struct iovm__bitmap *map, uint32_t mid, uint32_t end)
{
	for (; mid <= end; mid = (mid / WORD + 1) * WORD) {
		unsigned long found = load_rlx(top_of(map, mid)) & FROM(mid);

		if (found)
			return mid / WORD * WORD + (uint32_t)__builtin_ctzl(found);
	}
	return mid;
}

/* The first leaf from here to end that the summaries speak of; beyond end: none */
static uint32_t next_leaf(struct iovm__bitmap *map, uint32_t leaf, uint32_t end)
{
	unsigned long mask = FROM(leaf);
	uint32_t mid = leaf / WORD;

	if (leaf > end)
		return leaf;
	while (mid <= end / WORD) {
		unsigned long found = load_rlx(&map->leaf[map->mid + mid]) & mask;

		if (found)
			return mid * WORD + (uint32_t)__builtin_ctzl(found);
		lower_top(map, mid);
		mid = next_mid(map, mid + 1, end / WORD);
		mask = ~0ul;
	}
	return end + 1;
}

/* One of the ids that are free in this leaf and in mask; each is tried once. 0: none, as id 0 is never free */
static uint32_t take(struct iovm__bitmap *map, uint32_t leaf, unsigned long mask)
{
	atomic_ulong *w = &map->leaf[leaf];
	unsigned long was = load_rlx(w), want = was & mask;

	while (want != 0) {
		unsigned bit = (unsigned)__builtin_ctzl(want);

		was = and_ar(w, ~MARK(bit));
		if (was & MARK(bit))
			return leaf * WORD + bit;
		want &= was;
	}
	if (was == 0)
		lower(map, leaf);
	return 0;
}

static uint32_t walk(struct iovm__bitmap *map, uint32_t first, uint32_t last, bool thorough)
{
	uint32_t leaf = first / WORD, end = last / WORD;
	unsigned long mask = FROM(first);

	while (leaf <= end) {
		uint32_t id;

		if (thorough && load_rlx(&map->leaf[leaf]) != 0)
			raise(map, leaf);
		id = take(map, leaf, leaf < end ? mask : mask & UPTO(last));
		if (id != 0)
			return id;
		leaf = thorough ? leaf + 1 : next_leaf(map, leaf + 1, end);
		mask = ~0ul;
	}
	return 0;
}

static uint32_t go_round(struct iovm__bitmap *map, uint32_t min, uint32_t start, uint32_t max, bool thorough)
{
	uint32_t id = walk(map, start, max, thorough);

	return id == 0 && start > min ? walk(map, min, start - 1, thorough) : id;
}

/* Is id less than half of the space in front of the cursor? */
static bool ahead(const struct iovm__bitmap *map, uint32_t id, unsigned long cursor)
{
	return ((id - (uint32_t)cursor) & map->last) <= map->last / 2;
}

long iovm__bitmap_claim(struct iovm__bitmap *map, uint32_t min, uint32_t max)
{
	unsigned long from, now;
	uint32_t start, id;
	atomic_ulong *cursor;

	min = min > 1 ? min : 1;
	max = max < map->last ? max : map->last;
	if (min > max)
		return IOVM_E_INVAL;
	cursor = &map->cursor[bits_len64(max)];
	from = load_rlx(cursor);
	start = from >= min && from <= max ? (uint32_t)from : min;
	id = go_round(map, min, start, max, false);
	if (IOVM_UNLIKELY(id == 0))
		id = go_round(map, min, start, max, true);
	if (id == 0)
		return IOVM_E_NO_PASID;
	now = load_rlx(cursor);
	if (now == from || ahead(map, id, now))
		store_rlx(cursor, id + 1ul);
	return (long)id;
}

void iovm__bitmap_release(struct iovm__bitmap *map, uint32_t id)
{
	unsigned long was;

	IOVM_ASSERT(id != 0 && id <= map->last);
	was = or_sc(&map->leaf[id / WORD], MARK(id));
	IOVM_ASSERT(!(was & MARK(id)));
	(void)was;
	raise(map, id / WORD);
}

bool iovm__bitmap_taken(const struct iovm__bitmap *map, uint32_t id)
{
	return id > map->last || !(load_acq(&map->leaf[id / WORD]) & MARK(id));
}

static uint32_t ones(unsigned long x)	/* no library call where the CPU has no instruction for it */
{
	x -= x >> 1 & ~0ul / 3;
	x = (x & ~0ul / 5) + (x >> 2 & ~0ul / 5);
	x = (x + (x >> 4)) & ~0ul / 17;
	return (uint32_t)(x * (~0ul / 255) >> (WORD - 8));
}

uint32_t iovm__bitmap_count(const struct iovm__bitmap *map)
{
	uint32_t free = 0;

	for (uint32_t i = 0; i <= map->last / WORD; i++)
		free += ones(load_rlx(&map->leaf[i]));
	return map->last - free;
}

static bool covers(const atomic_ulong *above, const atomic_ulong *below, uint32_t nbelow)
{
	for (uint32_t i = 0; i < nbelow; i++)
		if (load_rlx(&below[i]) != 0 && !(load_rlx(&above[i / WORD]) & MARK(i)))
			return false;
	return true;
}

bool iovm__bitmap_check(const struct iovm__bitmap *map)
{
	const atomic_ulong *mid = map->leaf + map->mid, *top = map->leaf + map->top;
	uint32_t leaves = words(map->last);

	return covers(mid, map->leaf, leaves) && covers(top, mid, words(leaves)) && !(load_rlx(&map->leaf[0]) & 1);
}
