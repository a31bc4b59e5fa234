/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A map of 64-bit keys to pointers, any key, pointers not NULL; for simulators and tests: who includes it has stdlib.h, and its calloc. Open addressing, linear
 * probing, at most half full; taking shifts the run back, so that there are no tombstones and the size follows the largest number of objects alive at once. Never iterated in a way that could
 * influence a result: order would be the hash's.
 */
#ifndef IOVM_BASE_MAP_H
#define IOVM_BASE_MAP_H
#include "base/bits.h"

struct map_cell { uint64_t key; void *val; };
struct map { struct map_cell *cell; uint32_t mask, used; };

static inline uint32_t map_home(const struct map *map, uint64_t key)
{
	return bits_mix(key * 0xd6e8feb86659fd93u + 1) & map->mask;
}

static inline struct map_cell *map_find(const struct map *map, uint64_t key)
{
	uint32_t i = map_home(map, key);

	while (map->cell[i].val && map->cell[i].key != key)
		i = (i + 1) & map->mask;
	return &map->cell[i];
}

static inline void *map_get(const struct map *map, uint64_t key)
{
	return map->cell ? map_find(map, key)->val : NULL;
}

static inline bool map_grow(struct map *map)
{
	uint32_t n = map->cell ? (map->mask + 1) * 2 : 16, i;
	struct map bigger = { calloc(n, sizeof(struct map_cell)), n - 1, map->used };

	if (!bigger.cell)
		return false;
	for (i = 0; map->cell && i <= map->mask; i++)
		if (map->cell[i].val)
			*map_find(&bigger, map->cell[i].key) = map->cell[i];
	free(map->cell);
	*map = bigger;
	return true;
}

/* false: no memory */
static inline bool map_put(struct map *map, uint64_t key, void *val)
{
	struct map_cell *cell;

	if ((!map->cell || map->used * 2 > map->mask) && !map_grow(map))
		return false;
	cell = map_find(map, key);
	map->used += !cell->val;
	cell->key = key;
	cell->val = val;
	return true;
}

/* Removes; what was there, or NULL */
static inline void *map_take(struct map *map, uint64_t key)
{
	struct map_cell *hole = map->cell ? map_find(map, key) : NULL;
	void *val = hole ? hole->val : NULL;
	uint32_t i, at;

	if (!val)
		return NULL;
	at = (uint32_t)(hole - map->cell);
	for (i = (at + 1) & map->mask; map->cell[i].val; i = (i + 1) & map->mask) {
		if (((i - map_home(map, map->cell[i].key)) & map->mask) >= ((i - at) & map->mask)) {
			map->cell[at] = map->cell[i];
			at = i;
		}
	}
	map->cell[at].val = NULL;
	map->used--;
	return val;
}

/* del may be NULL */
static inline void map_fini(struct map *map, void (*del)(void *val))
{
	uint32_t i;

	for (i = 0; del && map->cell && i <= map->mask; i++)
		if (map->cell[i].val)
			del(map->cell[i].val);
	free(map->cell);
	*map = (struct map){ NULL, 0, 0 };
}

#endif
