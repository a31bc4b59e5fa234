/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Address spaces with demand paging. A space has PAGES pages in three places; each is in a frame or on "disk" only; frames are fewer than pages, so that
 * pages are evicted. shadow is what a page ought to contain, known without any frame or table.
 *
 * Freed frames and tables are filled with one word, which is a valid entry that leads to a page full of the same word: whoever uses a page after its end,
 * as data or as a table, writes into a page that is looked at before it is used again, or reads what no shadow has.
 */
#ifndef SPACE_H
#define SPACE_H
#include "glue.h"

enum { SPACES = 5, PAGES = 96, FRAMES = 44, TABLES = 96 };
enum { PINNED_ASID = 0xbeef };	/* of the first space; libiovm picks the others', counting up, and would take a low one while the first space is away */

struct page {
	uint8_t *frame;			/* NULL: on disk only */
	bool writable, dirty;
	unsigned in_flight;		/* transfers to it that are under way: may differ from its shadow */
};
struct space {
	struct glue_mm mm;		/* first: its address is the space's */
	struct page page[PAGES];
	bool alive;
	unsigned number, engines;	/* engines: attached to it */
};
struct memory {				/* everything there is */
	struct glue *glue;
	struct space space[SPACES];
	unsigned frames_free, tables_free;
	unsigned long invalidations;	/* of spaces with engines at them */
	unsigned long idle_invalidations;	/* of others that libiovm still watched: they may have nothing left to invalidate */
	unsigned long maps, upgrades, evictions, births, deaths;
};
extern struct memory memory;

void memory_begin(struct glue *g);
void memory_end(void);					/* every space is given up; checks that nothing is left */
void memory_audit(void);				/* what is resident is right, what is free is untouched */
uint64_t memory_bait(void);				/* a physical address that the audit looks at, and that no space has for an input address */

uint64_t page_va(unsigned i);
int page_at(uint64_t va);				/* -1: none */
unsigned pages_in_a_row(unsigned i);			/* from i on, 1.. */
uint8_t *page_shadow(const struct space *s, unsigned i);

void space_birth(struct space *s, uint32_t asid);
void space_death(struct space *s);			/* iovm_mm_exit, and its frames and tables are reused at once */
bool space_fault(struct space *s, uint64_t va, bool write);	/* false: no such page */
void space_evict(struct space *s, unsigned i);
void space_clean(struct space *s, unsigned i);		/* write it to disk and make it read-only */
/* Unmap all of first..last that is resident, invalidate once, then reuse frames and tables */
void space_unmap_range(struct space *s, uint64_t first, uint64_t last);

#endif
