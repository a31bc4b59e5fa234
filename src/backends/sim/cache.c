/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Four ways, one victim counter for all sets: simple, deterministic, and unkind enough to evict what is in use. */
#include <stdlib.h>
#include <string.h>
#include "base/bits.h"
#include "backends/sim/cache.h"

enum { WAYS = 4, BY_PAGE = 16 };	/* BY_PAGE: a range of so few pages is looked up page by page */

bool iovm__cache_init(struct iovm__cache *cache, unsigned sets)
{
	*cache = (struct iovm__cache){ .entry = calloc((size_t)sets * WAYS, sizeof *cache->entry), .sets = sets };
	return cache->entry != NULL;
}

void iovm__cache_fini(struct iovm__cache *cache)
{
	free(cache->entry);
}

static struct iovm__cached *set_of(const struct iovm__cache *cache, uint32_t tag, uint64_t page)
{
	uint32_t hash = bits_mix(page ^ (uint64_t)tag << 40 ^ tag);

	return cache->entry + (size_t)(hash & (cache->sets - 1)) * WAYS;
}

struct iovm__cached *iovm__cache_find(struct iovm__cache *cache, uint32_t tag, uint64_t page)
{
	struct iovm__cached *e = set_of(cache, tag, page), *end = e + WAYS;

	for (; e < end; e++)
		if (e->valid && e->tag == tag && e->page == page)
			return e;
	return NULL;
}

void iovm__cache_put(struct iovm__cache *cache, const struct iovm__cached *entry)
{
	struct iovm__cached *set = set_of(cache, entry->tag, entry->page), *to = NULL;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].valid && set[i].tag == entry->tag && set[i].page == entry->page)
			to = &set[i];
		if (!to && !set[i].valid)
			to = &set[i];
	}
	if (!to)
		to = &set[cache->victim++ % WAYS];
	cache->used += !to->valid;
	*to = *entry;
	to->valid = true;
}

static void drop(struct iovm__cache *cache, struct iovm__cached *e)
{
	e->valid = false;
	cache->used--;
}

void iovm__cache_drop(struct iovm__cache *cache, uint32_t tag, uint64_t first, uint64_t last)
{
	uint64_t page = first >> IOVM_PAGE_SHIFT, end = last >> IOVM_PAGE_SHIFT;
	struct iovm__cached *e;
	size_t i;

	if (!cache->used)
		return;
	if (end - page < BY_PAGE) {
		for (; page <= end; page++) {
			e = iovm__cache_find(cache, tag, page);
			if (e)
				drop(cache, e);
		}
		return;
	}
	for (i = 0; i < (size_t)cache->sets * WAYS; i++) {
		e = &cache->entry[i];
		if (e->valid && e->tag == tag && e->page >= page && e->page <= end)
			drop(cache, e);
	}
}

void iovm__cache_clear(struct iovm__cache *cache)
{
	if (cache->used)
		memset(cache->entry, 0, (size_t)cache->sets * WAYS * sizeof *cache->entry);
	cache->used = 0;
}

unsigned iovm__cache_count(const struct iovm__cache *cache, uint32_t tag)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < (size_t)cache->sets * WAYS; i++)
		n += cache->entry[i].valid && cache->entry[i].tag == tag;
	return n;
}
