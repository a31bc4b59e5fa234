/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Open addressing in twice the entries' number of slots; nothing is ever taken out. */
#include <stdlib.h>
#include <string.h>
#include "decode_book.h"

#define SLOTS	(2 * DECODE_ENTRIES)
#define MERGED	UINT64_C(0xfff)		/* of InputAddr */

bool decode_book_init(struct decode_book *book)
{
	memset(book, 0, sizeof(*book));
	book->entry = calloc(DECODE_ENTRIES, sizeof(*book->entry));
	book->cut = calloc(DECODE_CUTS, sizeof(*book->cut));
	book->slot = calloc(SLOTS, sizeof(*book->slot));
	if (book->entry && book->cut && book->slot)
		return true;
	decode_book_fini(book);
	return false;
}

void decode_book_fini(struct decode_book *book)
{
	free(book->entry);
	free(book->cut);
	free(book->slot);
}

/* InputAddr's low bits are there to be ignored only where the field reaches down to them */
static uint64_t ignored(const struct decode_record *r, unsigned word)
{
	const struct smmu_field *f = r->record && !strcmp(r->kind, "EVT") ? iovm__smmu_field(r->record, "InputAddr") : NULL;

	return f && !f->shift && f->lsb / 64 == word ? MERGED : 0;
}

static bool same(const struct decode_record *a, const struct decode_record *b)
{
	unsigned i;

	if (a->record != b->record || a->nwords != b->nwords || a->said != b->said || strcmp(a->kind, b->kind) || strcmp(a->device, b->device))
		return false;
	for (i = 0; i < a->nwords; i++)
		if ((a->words[i] ^ b->words[i]) & ~ignored(a, i))
			return false;
	return true;
}

static uint32_t hash(const struct decode_record *r)
{
	uint64_t h = (uint64_t)r->said;
	unsigned i;

	for (i = 0; i < r->nwords; i++) {
		h = (h ^ (r->words[i] & ~ignored(r, i))) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return (uint32_t)(h >> 16);
}

static struct decode_entry *meet(struct decode_book *book, const struct decode_record *r)
{
	uint32_t at = hash(r) % SLOTS;
	struct decode_entry *e;

	for (; book->slot[at]; at = (at + 1) % SLOTS) {
		e = &book->entry[book->slot[at] - 1];
		if (same(&e->first, r))
			return e;
	}
	if (book->nentries == DECODE_ENTRIES)
		return NULL;
	e = &book->entry[book->nentries++];
	e->first = *r;
	book->slot[at] = (uint16_t)book->nentries;
	return e;
}

struct decode_entry *decode_book_add(struct decode_book *book, const struct decode_record *record)
{
	struct decode_entry *e = meet(book, record);

	book->records++;
	book->unknown += !record->record;
	if (!e) {
		book->more++;
		return NULL;
	}
	e->count++;
	e->last = record->stamp;
	e->last_place = record->place;
	return e;
}

void decode_book_cut(struct decode_book *book, const struct decode_cut *cut)
{
	if (book->ncuts < DECODE_CUTS)
		book->cut[book->ncuts] = *cut;
	book->ncuts++;
}
