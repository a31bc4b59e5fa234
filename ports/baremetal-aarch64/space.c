/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The order that all of this is about: take the entry away, iovm_invalidate(), and only when that has returned 0 look at the frame, write it to disk and
 * give it to somebody else. From read-only to writable, too: the device may hold the old right.
 */
#include "check.h"
#include "log.h"
#include "space.h"

#define DENSE	0x0000400000u		/* 32 pages in a row */
#define SPARSE	0x1234600000u		/* 32 pages, each 21 pages from the last: several tables */
#define TOP	(((uint64_t)1 << TABLE_BITS) - 32 * PAGE)	/* 32 pages up to the last address */
enum { THIRD = 32, APART = 21 };

struct memory memory;
static uint8_t frame_memory[FRAMES][PAGE] __attribute__((aligned(PAGE)));
static uint8_t table_memory[TABLES][PAGE] __attribute__((aligned(PAGE)));
static uint8_t disk[SPACES][PAGES][PAGE] __attribute__((aligned(PAGE)));
static uint8_t shadow[SPACES][PAGES][PAGE] __attribute__((aligned(PAGE)));
static uint64_t trap[PAGE / 8] __attribute__((aligned(PAGE)));
static void *free_frame[FRAMES], *free_table[TABLES];

/* ---- pages that are nobody's ---------------------------------------------------------------------------------------------------- */

static void poison(void *page)
{
	uint64_t *word = page, leads_to_trap = table_leaf(trap, true);
	unsigned i;

	for (i = 0; i < PAGE / 8; i++)
		word[i] = leads_to_trap;
}

static bool poisoned(const void *page)
{
	const uint64_t *word = page;
	uint64_t leads_to_trap = table_leaf(trap, true);
	unsigned i;

	for (i = 0; i < PAGE / 8; i++)
		if (word[i] != leads_to_trap)
			return false;
	return true;
}

void *page_get(void)
{
	void *page;

	if (!expect(memory.tables_free > 0, "no page for a table is left"))
		return NULL;
	page = free_table[--memory.tables_free];
	expect(poisoned(page), "a freed table was written");
	memset(page, 0, PAGE);
	return page;
}

void page_put(void *page)
{
	poison(page);
	free_table[memory.tables_free++] = page;
}

static void frame_put(void *page)
{
	poison(page);
	free_frame[memory.frames_free++] = page;
}

static void evict_any(void)		/* the next in turn that no transfer is under way to */
{
	static unsigned hand;
	unsigned tries;

	for (tries = 0; tries < SPACES * PAGES; tries++) {
		struct space *s = &memory.space[hand / PAGES];
		unsigned i = hand % PAGES;

		hand = (hand + 1) % (SPACES * PAGES);
		if (s->alive && s->page[i].frame && !s->page[i].in_flight) {
			space_evict(s, i);
			return;
		}
	}
}

static void *frame_get(void)
{
	void *page;

	if (!memory.frames_free)
		evict_any();
	if (!expect(memory.frames_free > 0, "no frame is left"))
		board_exit(4);
	page = free_frame[--memory.frames_free];
	expect(poisoned(page), "a freed frame was written");
	return page;
}

/* ---- where pages are ------------------------------------------------------------------------------------------------------------- */

uint64_t page_va(unsigned i)
{
	if (i < THIRD)
		return DENSE + (uint64_t)i * PAGE;
	if (i < 2 * THIRD)
		return SPARSE + (uint64_t)(i - THIRD) * APART * PAGE;
	return TOP + (uint64_t)(i - 2 * THIRD) * PAGE;
}

int page_at(uint64_t va)
{
	unsigned i;

	for (i = 0; i < PAGES; i++)
		if (va >> 12 == page_va(i) >> 12)
			return (int)i;
	return -1;
}

unsigned pages_in_a_row(unsigned i) { return i / THIRD == 1 ? 1 : THIRD - i % THIRD; }
uint8_t *page_shadow(const struct space *s, unsigned i) { return shadow[s->number][i]; }

/* ---- life of a page ---------------------------------------------------------------------------------------------------------------- */

static void invalidate(struct space *s, uint64_t first, uint64_t last)
{
	bool idle = s->mm.watched && !s->engines;
	int err = iovm_invalidate(memory.glue->sys, s, first, last);

	memory.invalidations += s->engines != 0;
	memory.idle_invalidations += idle;
	expect(err == 0 && !command_log.open, "iovm_invalidate says %d, commands open: %d", err, command_log.open);
}

static void map(struct space *s, unsigned i)
{
	if (!expect(table_map(&s->mm.table, page_va(i), s->page[i].frame, s->page[i].writable), "no table"))
		board_exit(4);
}

static void right(const struct space *s, unsigned i)	/* the frame against what it ought to be */
{
	const struct page *p = &s->page[i];

	if (p->in_flight)
		return;
	expect(!memcmp(p->frame, shadow[s->number][i], PAGE), "space %u page %u: not its data", s->number, i);
	expect(p->dirty || !memcmp(p->frame, disk[s->number][i], PAGE), "space %u page %u: written though read-only", s->number, i);
}

bool space_fault(struct space *s, uint64_t va, bool write)
{
	int i = page_at(va);
	struct page *p = &s->page[i < 0 ? 0 : i];

	if (i < 0 || !s->alive)
		return false;
	if (!p->frame) {
		p->frame = frame_get();
		memcpy(p->frame, disk[s->number][i], PAGE);
		p->writable = p->dirty = write && chance(2);	/* or read-only first: it asks again */
		map(s, (unsigned)i);
		memory.maps++;
	} else if (write && !p->writable) {
		p->writable = p->dirty = true;
		map(s, (unsigned)i);
		invalidate(s, page_va((unsigned)i), page_va((unsigned)i) + PAGE - 1);
		memory.upgrades++;
	}
	return true;
}

static void drop(struct space *s, unsigned i)	/* nothing reaches the frame any more */
{
	struct page *p = &s->page[i];

	right(s, i);
	memcpy(disk[s->number][i], p->frame, PAGE);
	frame_put(p->frame);
	p->frame = NULL;
}

void space_unmap_range(struct space *s, uint64_t first, uint64_t last)
{
	unsigned i;

	for (i = 0; i < PAGES; i++)
		if (s->page[i].frame && page_va(i) >= first && page_va(i) <= last)
			table_unmap(&s->mm.table, page_va(i));
	invalidate(s, first, last);
	for (i = 0; i < PAGES; i++)
		if (s->page[i].frame && page_va(i) >= first && page_va(i) <= last)
			drop(s, i);
	table_reap(&s->mm.table);
}

void space_evict(struct space *s, unsigned i)
{
	memory.evictions++;
	space_unmap_range(s, page_va(i), page_va(i) + PAGE - 1);
}

void space_clean(struct space *s, unsigned i)
{
	struct page *p = &s->page[i];

	if (!p->frame || !p->writable)
		return;
	p->writable = false;
	map(s, i);
	invalidate(s, page_va(i), page_va(i) + PAGE - 1);
	right(s, i);
	memcpy(disk[s->number][i], p->frame, PAGE);
	p->dirty = false;
}

/* ---- life of a space ------------------------------------------------------------------------------------------------------------------ */

void space_birth(struct space *s, uint32_t asid)
{
	uint64_t seed = ++memory.births * 0x9e3779b97f4a7c15u, *word;
	unsigned i, k;

	expect(!s->alive && !s->mm.watched, "space %u: born while its pointer is in use", s->number);
	s->mm.asid = asid;
	if (!expect(table_new(&s->mm.table), "no root"))
		board_exit(4);
	s->alive = true;
	for (i = 0; i < PAGES; i++) {
		s->page[i] = (struct page){ 0 };
		for (word = (uint64_t *)shadow[s->number][i], k = 0; k < PAGE / 8; k++)
			word[k] = (seed + i) * (2 * k + 1);
		memcpy(disk[s->number][i], shadow[s->number][i], PAGE);
	}
}

void space_death(struct space *s)
{
	unsigned i;
	int err = iovm_mm_exit(memory.glue->sys, s);

	expect(err == 0 && !command_log.open, "iovm_mm_exit says %d, commands open: %d", err, command_log.open);
	memory.deaths++;
	s->alive = false;
	for (i = 0; i < PAGES; i++)
		if (s->page[i].frame)
			drop(s, i);
	table_free(&s->mm.table);
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------------------- */

void memory_begin(struct glue *g)
{
	unsigned i;

	memory = (struct memory){ .glue = g };
	poison(trap);
	for (i = 0; i < FRAMES; i++)
		frame_put(frame_memory[i]);
	for (i = 0; i < TABLES; i++)
		page_put(table_memory[i]);
	for (i = 0; i < SPACES; i++) {
		memory.space[i].number = i;
		space_birth(&memory.space[i], i ? IOVM_ASID_ANY : PINNED_ASID);
	}
}

void memory_audit(void)
{
	unsigned i, k;

	expect(poisoned(trap), "a freed table was used");
	for (i = 0; i < memory.frames_free; i++)
		expect(poisoned(free_frame[i]), "a freed frame was written");
	for (i = 0; i < memory.tables_free; i++)
		expect(poisoned(free_table[i]), "a freed table was written");
	for (i = 0; i < SPACES; i++)
		for (k = 0; k < PAGES; k++)
			if (memory.space[i].page[k].frame)
				right(&memory.space[i], k);
}

uint64_t memory_bait(void) { return bus_address(trap); }

void memory_end(void)
{
	unsigned i;

	for (i = 0; i < SPACES; i++)
		if (memory.space[i].alive)
			space_death(&memory.space[i]);
	memory_audit();
	expect(memory.frames_free == FRAMES && memory.tables_free == TABLES, "%u of %u frames and %u of %u tables came back", memory.frames_free, (unsigned)FRAMES,
	       memory.tables_free, (unsigned)TABLES);
}
