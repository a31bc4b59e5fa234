/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The tables' stores are ordered by whoever invalidates: iovm_invalidate() begins with a full fence, and what becomes valid is fetched anew at a fault. */
#include "pagetable.h"

enum { VALID_TABLE = 3, UNPRIVILEGED = 1 << 6, READ_ONLY = 1 << 7, INNER_SHAREABLE = 3 << 8, ACCESSED = 1 << 10, NOT_GLOBAL = 1 << 11, ENTRIES = 512 };

static uint64_t *next_table(uint64_t entry) { return entry ? bus_memory(entry & 0xfffffffff000u) : NULL; }
static unsigned index_at(uint64_t va, unsigned level) { return va >> (TABLE_BITS - 9 * level) & (ENTRIES - 1); }

uint64_t table_control(void)
{
	return (64 - TABLE_BITS) | 1u << 8 | 1u << 10 | 3u << 12 | 1u << 23 | (uint64_t)4 << 32;	/* T0SZ, IRGN0, ORGN0, SH0, EPD1, IPS 44 bits */
}

uint64_t table_attributes(void) { return 0xff; }	/* 0: Normal Write-Back */

uint64_t table_leaf(const void *page, bool writable)
{
	return bus_address(page) | VALID_TABLE | UNPRIVILEGED | INNER_SHAREABLE | ACCESSED | NOT_GLOBAL | (writable ? 0 : READ_ONLY);
}

bool table_new(struct table *t)
{
	*t = (struct table){ .root = page_get() };
	return t->root != NULL;
}

static bool empty(const uint64_t *page)
{
	unsigned i;

	for (i = 0; i < ENTRIES; i++)
		if (page[i])
			return false;
	return true;
}

bool table_map(struct table *t, uint64_t va, const void *page, bool writable)
{
	uint64_t *at = t->root;
	unsigned level;

	for (level = 1; level < 3; level++) {
		uint64_t *entry = &at[index_at(va, level)];

		if (!*entry) {
			uint64_t *fresh = page_get();

			if (!fresh)
				return false;
			barrier();
			*(volatile uint64_t *)entry = bus_address(fresh) | VALID_TABLE;
		}
		at = next_table(*entry);
	}
	*(volatile uint64_t *)&at[index_at(va, 3)] = table_leaf(page, writable);
	barrier();
	return true;
}

void table_unmap(struct table *t, uint64_t va)
{
	uint64_t *path[4] = { NULL, t->root };
	unsigned level;

	for (level = 1; level < 3; level++) {
		uint64_t entry = path[level][index_at(va, level)];

		if (!entry)
			return;
		path[level + 1] = next_table(entry);
	}
	*(volatile uint64_t *)&path[3][index_at(va, 3)] = 0;
	for (level = 3; level > 1 && empty(path[level]); level--) {
		*(volatile uint64_t *)&path[level - 1][index_at(va, level - 1)] = 0;
		barrier();
		path[level][ENTRIES - 1] = (uintptr_t)t->limbo;	/* aligned: not a valid entry */
		t->limbo = path[level];
	}
	barrier();
}

void table_reap(struct table *t)
{
	while (t->limbo) {
		uint64_t *page = t->limbo;

		t->limbo = (uint64_t *)(uintptr_t)page[ENTRIES - 1];
		page_put(page);
	}
}

void table_free(struct table *t)
{
	unsigned i, k;

	table_reap(t);
	for (i = 0; i < ENTRIES; i++) {
		uint64_t *middle = next_table(t->root[i]);

		for (k = 0; middle && k < ENTRIES; k++)
			if (middle[k])
				page_put(next_table(middle[k]));
		if (middle)
			page_put(middle);
	}
	page_put(t->root);
	*t = (struct table){ 0 };
}
