/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A space's page table in the architecture's form, for IOMMUs that walk one: stage 1, 4 KiB granule, 48 bits, four levels. It exists while the engine watches the space,
 * and says what the space's pages say. Pages have frames, which are never given out twice: where a walk ends tells whose page it found.
 */
#include "backends/sim/world.h"

enum { ENTRIES = 512, LEVELS = 4 };
#define FRAMES	(UINT64_C(1) << 40)	/* where frames begin: none of them is memory that an SMMU reads */
#define ADDRESS	UINT64_C(0x0000fffffffff000)

enum {	/* descriptors (Arm ARM, D8.3): valid and table or page; AP[1] EL0, AP[2] read-only, inner shareable, AF, nG */
	VALID = 3, USER = 1 << 6, READ_ONLY = 1 << 7, SHARED = 3 << 8, ACCESSED = 1 << 10, NOT_GLOBAL = 1 << 11,
};
#define NO_EXEC	(UINT64_C(3) << 53)	/* PXN, UXN */

struct iovm__table_page {
	uint64_t entry[ENTRIES];
	uint64_t bus;
	struct iovm__table_page *next;
};

static struct iovm__table_page *table_page(struct iovm_sim_mm *mm)
{
	struct iovm_sim *sim = mm->sim;
	struct iovm__table_page *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->bus = iovm__memory_add(&sim->memory, t->entry, sizeof t->entry, false);
	if (!t->bus || !map_put(&sim->tables, t->bus, t)) {
		iovm__memory_remove(&sim->memory, t->bus);
		free(t);
		return NULL;
	}
	t->next = mm->table;
	mm->table = t;
	return t;
}

/* Where the leaf of this page is; NULL: there is none, or no memory to make one */
static uint64_t *leaf(struct iovm_sim_mm *mm, uint64_t vpn, bool make)
{
	struct iovm__table_page *t = map_get(&mm->sim->tables, mm->root), *next;
	unsigned level;
	uint64_t *e;

	for (level = 0;; level++, t = next) {
		e = &t->entry[vpn >> 9 * (LEVELS - 1 - level) & (ENTRIES - 1)];
		if (level == LEVELS - 1)
			return e;
		next = *e ? map_get(&mm->sim->tables, *e & ADDRESS) : make ? table_page(mm) : NULL;
		if (!next)
			return NULL;
		*e = next->bus | VALID;
	}
}

static uint64_t descriptor(const struct iovm__page *p)
{
	uint64_t rights = USER | (p->prot & IOVM_WRITE ? 0 : READ_ONLY) | (p->prot & IOVM_EXEC ? 0 : NO_EXEC);

	if (!p->present || !(p->prot & IOVM_READ))
		return 0;
	return FRAMES | p->frame << IOVM_PAGE_SHIFT | rights | SHARED | ACCESSED | NOT_GLOBAL | VALID;
}

bool iovm__table_show(struct iovm__page *p)
{
	uint64_t desc, *e;

	if (!p->mm->table)
		return true;
	desc = descriptor(p);
	e = leaf(p->mm, p->vpn, desc != 0);
	if (e)
		*e = desc;
	return e || !desc;
}

bool iovm__table_new(struct iovm_sim_mm *mm, struct iovm_table *table)
{
	struct iovm__page *p = mm->pages;

	if (!table_page(mm))
		return false;
	mm->root = mm->table->bus;
	while (p && iovm__table_show(p))
		p = p->next;
	if (p) {
		iovm__table_del(mm);
		return false;
	}
	table->format = IOVM_TABLE_AARCH64_S1;
	table->root = mm->root;
	table->control = (64 - IOVM__ADDRESS_BITS) | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(5) << 32;	/* T0SZ; write-back, shared; EPD1; IPS: 48 bits */
	table->attributes = 0xff;
	return true;
}

void iovm__table_del(struct iovm_sim_mm *mm)
{
	struct iovm__table_page *t;

	while ((t = mm->table)) {
		mm->table = t->next;
		(void)map_take(&mm->sim->tables, t->bus);
		iovm__memory_remove(&mm->sim->memory, t->bus);
		free(t);
	}
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------------ */

bool iovm__frame_new(struct iovm__page *p)
{
	struct iovm_sim *sim = p->mm->sim;

	if (!sim->config.smmuv3)
		return true;
	p->frame = ++sim->next_frame;
	return map_put(&sim->frames, p->frame, p);
}

void iovm__frame_free(const struct iovm__page *p)
{
	if (p->frame)
		(void)map_take(&p->mm->sim->frames, p->frame);
}

struct iovm__page *iovm__frame_page(const struct iovm_sim *sim, uint64_t addr)
{
	return addr >> 41 ? NULL : map_get(&sim->frames, (addr & ~FRAMES) >> IOVM_PAGE_SHIFT);
}
