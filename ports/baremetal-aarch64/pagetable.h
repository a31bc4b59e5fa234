/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Stage 1 tables of AArch64: 4 KiB granule, 39-bit addresses, three levels. Table pages come from the host's page_get() and go back by page_put().
 *
 * A table page that has become empty is unlinked but kept until table_reap(), which the host calls after iovm_invalidate() has returned 0: until then
 * some walk may still be in it.
 */
#ifndef PAGETABLE_H
#define PAGETABLE_H
#include "board.h"

enum { PAGE = 4096, TABLE_BITS = 39 };

struct table {
	uint64_t *root;
	uint64_t *limbo;		/* unlinked table pages, chained through their last word */
};
void *page_get(void);			/* the host's: zeroed; NULL: none left */
void page_put(void *page);

bool table_new(struct table *t);			/* false: no page */
void table_free(struct table *t);			/* nothing walks it any more */
bool table_map(struct table *t, uint64_t va, const void *page, bool writable);	/* false: no page for a table */
void table_unmap(struct table *t, uint64_t va);
void table_reap(struct table *t);
uint64_t table_control(void);				/* TCR_EL1 and MAIR_EL1 for them */
uint64_t table_attributes(void);
uint64_t table_leaf(const void *page, bool writable);	/* what maps page at level 3, and leads to it as a table above */

#endif
