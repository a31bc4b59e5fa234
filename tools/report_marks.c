/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Open addressing with linear probing. Removal moves later entries of the same run back into the hole, so that there are no tombstones and a table
 * that sees millions of keys come and go stays as fast as it was.
 */
#include <stdlib.h>
#include "report_collect.h"

enum { SLOTS = 1 << 17, MOST = SLOTS / 4 * 3 };

struct mark { struct report_key key; uint64_t value; };
struct report_marks { unsigned used; struct mark slot[SLOTS]; };

struct report_marks *report_marks_new(void)
{
	return calloc(1, sizeof(struct report_marks));
}

void report_marks_del(struct report_marks *m)
{
	free(m);
}

static unsigned home(struct report_key key)
{
	uint64_t h = (key.a ^ key.b * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9);

	return (unsigned)(h >> 40) % SLOTS;
}

/* The key's slot, or the free one where it would be */
static unsigned find(const struct report_marks *m, struct report_key key)
{
	unsigned at = home(key);

	while (m->slot[at].key.a && (m->slot[at].key.a != key.a || m->slot[at].key.b != key.b))
		at = (at + 1) % SLOTS;
	return at;
}

void report_mark(struct report_marks *m, struct report_key key, uint64_t value)
{
	struct mark *slot = &m->slot[find(m, key)];

	if (!slot->key.a && m->used == MOST)
		return;
	m->used += !slot->key.a;
	*slot = (struct mark){ key, value };
}

bool report_marked(const struct report_marks *m, struct report_key key, uint64_t *value)
{
	const struct mark *slot = &m->slot[find(m, key)];

	*value = slot->value;
	return slot->key.a != 0;
}

unsigned report_marks_left(const struct report_marks *m)
{
	return m->used;
}

static void close_hole(struct report_marks *m, unsigned hole)
{
	for (unsigned at = (hole + 1) % SLOTS; m->slot[at].key.a; at = (at + 1) % SLOTS)
		if ((at - home(m->slot[at].key)) % SLOTS >= (at - hole) % SLOTS) {	/* its home is not behind the hole */
			m->slot[hole] = m->slot[at];
			hole = at;
		}
	m->slot[hole] = (struct mark){ { 0, 0 }, 0 };
}

bool report_unmark(struct report_marks *m, struct report_key key, uint64_t *value)
{
	unsigned at = find(m, key);

	*value = m->slot[at].value;
	if (!m->slot[at].key.a)
		return false;
	m->used--;
	close_hole(m, at);
	return true;
}
