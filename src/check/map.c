/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Open addressing, linear probing, at most half full; taking shifts the run back, so that there are no tombstones and the size follows the largest
 * number of objects alive at once. Never iterated in a way that could influence a result: order would be the hash's.
 */
#include "check/internal.h"
#include "base/bits.h"

static uint32_t home(const struct iovm__map *map, uint64_t key)
{
	return bits_mix(key * 0xd6e8feb86659fd93u + 1) & map->mask;
}

static struct iovm__map_cell *find(const struct iovm__map *map, uint64_t key)
{
	uint32_t i = home(map, key);

	while (map->cell[i].val && map->cell[i].key != key)
		i = (i + 1) & map->mask;
	return &map->cell[i];
}

void *iovm__map_get(const struct iovm__map *map, uint64_t key)
{
	return map->cell ? find(map, key)->val : NULL;
}

static bool grow(struct iovm__map *map)
{
	uint32_t n = map->cell ? (map->mask + 1) * 2 : 16, i;
	struct iovm__map bigger = { calloc(n, sizeof(struct iovm__map_cell)), n - 1, map->used };

	if (!bigger.cell)
		return false;
	for (i = 0; map->cell && i <= map->mask; i++)
		if (map->cell[i].val)
			*find(&bigger, map->cell[i].key) = map->cell[i];
	free(map->cell);
	*map = bigger;
	return true;
}

bool iovm__map_put(struct iovm__map *map, uint64_t key, void *val)
{
	struct iovm__map_cell *cell;

	if ((!map->cell || map->used * 2 > map->mask) && !grow(map))
		return false;
	cell = find(map, key);
	map->used += !cell->val;
	cell->key = key;
	cell->val = val;
	return true;
}

void *iovm__map_take(struct iovm__map *map, uint64_t key)
{
	struct iovm__map_cell *hole = map->cell ? find(map, key) : NULL;
	void *val = hole ? hole->val : NULL;
	uint32_t i, at;

	if (!val)
		return NULL;
	at = (uint32_t)(hole - map->cell);
	for (i = (at + 1) & map->mask; map->cell[i].val; i = (i + 1) & map->mask) {
		if (((i - home(map, map->cell[i].key)) & map->mask) >= ((i - at) & map->mask)) {
			map->cell[at] = map->cell[i];
			at = i;
		}
	}
	map->cell[at].val = NULL;
	map->used--;
	return val;
}

void iovm__map_fini(struct iovm__map *map, void (*del)(void *val))
{
	uint32_t i;

	for (i = 0; del && map->cell && i <= map->mask; i++)
		if (map->cell[i].val)
			del(map->cell[i].val);
	free(map->cell);
	*map = (struct iovm__map){ NULL, 0, 0 };
}
