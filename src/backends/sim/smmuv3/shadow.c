/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Memory as the SMMU sees it. A driver's stores are plain C and cannot be watched, so each region has a copy: what was visible at the last barrier. A word that
 * differs from its copy was stored since; whether it is visible yet is a choice, made when the SMMU reads it, and once visible it stays so. 64 bits are one
 * word: they are never torn (3.21.3).
 *
 * Regions are few and looked up in order of use: the one that was found last is tried first.
 */
#include <iovm/smmuv3_model.h>
#include <stdlib.h>
#include <string.h>

struct region {
	struct region *next;
	uint64_t addr;
	size_t bytes;
	uint8_t *host;
	uint8_t seen[];
};
struct iovm_model_shadow {
	struct region *regions;
	unsigned (*choose)(void *ctx, unsigned n, const char *point);
	void *ctx;
};

struct iovm_model_shadow *iovm_model_shadow_new(unsigned (*choose)(void *ctx, unsigned n, const char *point), void *ctx)
{
	struct iovm_model_shadow *shadow = calloc(1, sizeof *shadow);

	if (shadow)
		*shadow = (struct iovm_model_shadow){ .choose = choose, .ctx = ctx };
	return shadow;
}

static void unlink_region(struct region **link)
{
	struct region *region = *link;

	*link = region->next;
	free(region);
}

void iovm_model_shadow_del(struct iovm_model_shadow *shadow)
{
	while (shadow && shadow->regions)
		unlink_region(&shadow->regions);
	free(shadow);
}

static bool holds(const struct region *region, uint64_t addr, size_t bytes)
{
	return addr >= region->addr && addr - region->addr < region->bytes && bytes <= region->bytes - (size_t)(addr - region->addr);
}

static bool overlaps(const struct region *region, uint64_t addr, size_t bytes)
{
	return addr < region->addr + region->bytes && region->addr < addr + bytes;
}

bool iovm_model_shadow_add(struct iovm_model_shadow *shadow, uint64_t addr, void *host, size_t bytes)
{
	struct region *region;

	if (!bytes || bytes % 8 || addr % 8 || (uintptr_t)host % 8 || addr + bytes < addr)
		return false;
	for (region = shadow->regions; region; region = region->next)
		if (overlaps(region, addr, bytes))
			return false;
	region = malloc(sizeof *region + bytes);
	if (!region)
		return false;
	*region = (struct region){ .next = shadow->regions, .addr = addr, .bytes = bytes, .host = host };
	memcpy(region->seen, host, bytes);
	shadow->regions = region;
	return true;
}

void iovm_model_shadow_remove(struct iovm_model_shadow *shadow, uint64_t addr)
{
	struct region **link = &shadow->regions;

	while (*link && (*link)->addr != addr)
		link = &(*link)->next;
	if (*link)
		unlink_region(link);
}

void iovm_model_shadow_barrier(struct iovm_model_shadow *shadow)
{
	struct region *region;

	for (region = shadow->regions; region; region = region->next)
		memcpy(region->seen, region->host, region->bytes);
}

static struct region *find(struct iovm_model_shadow *shadow, uint64_t addr, unsigned bytes)
{
	struct region **link = &shadow->regions, *region;

	while (*link && !holds(*link, addr, bytes))
		link = &(*link)->next;
	region = *link;
	if (!region || region == shadow->regions)
		return region;
	*link = region->next;
	region->next = shadow->regions;
	return shadow->regions = region;
}

bool iovm_model_shadow_read(struct iovm_model_shadow *shadow, uint64_t addr, unsigned bytes, uint64_t *value)
{
	struct region *region = find(shadow, addr, bytes);
	size_t at, word;

	*value = 0;
	if (!region)
		return false;
	at = (size_t)(addr - region->addr);
	word = at & ~(size_t)7;
	if (shadow->choose && memcmp(region->seen + word, region->host + word, 8) && shadow->choose(shadow->ctx, 2, "store-early"))
		memcpy(region->seen + word, region->host + word, 8);
	memcpy(value, region->seen + at, bytes);
	return true;
}

bool iovm_model_shadow_write(struct iovm_model_shadow *shadow, uint64_t addr, unsigned bytes, uint64_t value)
{
	struct region *region = find(shadow, addr, bytes);

	if (!region)
		return false;
	memcpy(region->host + (addr - region->addr), &value, bytes);
	memcpy(region->seen + (addr - region->addr), &value, bytes);
	return true;
}
