/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Memory as devices and SMMUs address it: blocks of the driver's and tables of spaces, by bus address. A bus address is never given out twice, and where no
 * block is an access aborts: who still looks where memory was given back is seen.
 *
 * What the driver stores reaches an SMMU through a shadow: at a barrier, or earlier when chance wants it. Every barrier copies what is shadowed, so only
 * small blocks are, and so many of them; other memory is visible at once, as any may be.
 */
#include "backends/sim/world.h"

enum { PAGE = 4096, SHADOW_BLOCK = 16384, SHADOW_ALL = 131072 };

struct block {
	uint8_t *mem;
	uint64_t bus;
	size_t size;
	bool shadowed;
};

bool iovm__memory_init(struct iovm__memory *memory, bool shadow, unsigned (*choose)(void *, unsigned, const char *), void *ctx)
{
	*memory = (struct iovm__memory){ .next_bus = UINT64_C(1) << 31, .shadow = shadow ? iovm_model_shadow_new(choose, ctx) : NULL };
	return memory->shadow || !shadow;
}

void iovm__memory_fini(struct iovm__memory *memory)
{
	if (memory->shadow)
		iovm_model_shadow_del(memory->shadow);
	map_fini(&memory->blocks, NULL);
}

static void unmap_pages(struct iovm__memory *memory, const struct block *b, size_t size)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		(void)map_take(&memory->blocks, (b->bus + at) / PAGE);
}

static bool map_pages(struct iovm__memory *memory, struct block *b)
{
	size_t at;

	for (at = 0; at < b->size; at += PAGE)
		if (!map_put(&memory->blocks, (b->bus + at) / PAGE, b)) {
			unmap_pages(memory, b, at);
			return false;
		}
	return true;
}

static bool shadow(struct iovm__memory *memory, const struct block *b)
{
	bool some = memory->shadow && b->size <= SHADOW_BLOCK && memory->shadowed + b->size <= SHADOW_ALL &&
		    iovm_model_shadow_add(memory->shadow, b->bus, b->mem, b->size);

	memory->shadowed += some ? b->size : 0;
	return some;
}

uint64_t iovm__memory_add(struct iovm__memory *memory, void *mem, size_t size, bool shadowed)
{
	size_t align = size < PAGE ? PAGE : size;
	struct block *b = malloc(sizeof *b);

	if (!b)
		return 0;
	*b = (struct block){ .mem = mem, .bus = (memory->next_bus + align - 1) & ~(uint64_t)(align - 1), .size = size };
	if (!map_pages(memory, b)) {
		free(b);
		return 0;
	}
	memory->next_bus = b->bus + align;
	b->shadowed = shadowed && shadow(memory, b);
	return b->bus;
}

void iovm__memory_remove(struct iovm__memory *memory, uint64_t bus)
{
	struct block *b = map_get(&memory->blocks, bus / PAGE);

	if (!b)
		return;
	unmap_pages(memory, b, b->size);
	if (b->shadowed) {
		iovm_model_shadow_remove(memory->shadow, bus);
		memory->shadowed -= b->size;
	}
	free(b);
}

static struct block *find(const struct iovm__memory *memory, uint64_t addr, unsigned bytes)
{
	struct block *b = map_get(&memory->blocks, addr / PAGE);

	return b && addr - b->bus + bytes <= b->size ? b : NULL;
}

/* Words of an SMMU are read and written whole (3.21.3), whatever another thread stores meanwhile */
static uint64_t load(const void *at, unsigned bytes)
{
	return bytes == 4 ? load_acq((const _Atomic(uint32_t) *)at) : load_acq((const _Atomic(uint64_t) *)at);
}

static void store(void *at, unsigned bytes, uint64_t value)
{
	if (bytes == 4)
		store_rel((_Atomic(uint32_t) *)at, (uint32_t)value);
	else
		store_rel((_Atomic(uint64_t) *)at, value);
}

bool iovm__memory_read(struct iovm__memory *memory, uint64_t addr, unsigned bytes, uint64_t *value)
{
	const struct block *b = find(memory, addr, bytes);

	*value = 0;
	if (!b)
		return false;
	if (b->shadowed)
		return iovm_model_shadow_read(memory->shadow, addr, bytes, value);
	*value = load(b->mem + (addr - b->bus), bytes);
	return true;
}

bool iovm__memory_write(struct iovm__memory *memory, uint64_t addr, unsigned bytes, uint64_t value)
{
	const struct block *b = find(memory, addr, bytes);

	if (!b)
		return false;
	if (b->shadowed)
		return iovm_model_shadow_write(memory->shadow, addr, bytes, value);
	store(b->mem + (addr - b->bus), bytes, value);
	return true;
}

void iovm__memory_barrier(struct iovm__memory *memory)
{
	if (memory->shadow)
		iovm_model_shadow_barrier(memory->shadow);
}
