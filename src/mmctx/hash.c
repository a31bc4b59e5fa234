/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * mm -> slot, one cache line a lookup.
 *
 * A line has fifteen entries {11 bits of the hash, 21 bits of slot number} and a count of entries that belong to it but found it full and stand in a following line.
 * Lookups go on to the next line only while that count is not 0, so an mm without a slot costs one line. There are at least twice as many entries as
 * slots, and no slot has more than one entry: a free one is always found.
 *
 * An entry is a hint: who follows it checks slot->mm. Adding happens under port.lock; removal may run beside it, by CAS from the exact value to 0.
 * `elsewhere` is counted up before the entry is stored and down after it is cleared, so it may be too high for a moment, never too low.
 */
#include "mmctx/slot.h"

#define NUMBER_BITS 21u

static uint32_t lines_wanted(uint32_t max_mms)
{
	return 1u << bits_ceil_log2((2 * max_mms + IOVM__HASH_WAYS - 1) / IOVM__HASH_WAYS);	/* max_mms < 2^20 */
}

size_t iovm__hash_bytes(uint32_t max_mms)
{
	return lines_wanted(max_mms) * sizeof(struct iovm__hash_line);
}

void iovm__hash_init(struct iovm__registry *reg, struct iovm__hash_line *lines, struct iovm__slot *slots, uint32_t max_mms)
{
	reg->lines = lines;
	reg->mask = lines_wanted(max_mms) - 1;
	reg->slots = slots;
	reg->nslots = max_mms;
}

static inline uint32_t hash(const void *mm)
{
	return bits_mix((uint64_t)(uintptr_t)mm * 0xff51afd7ed558ccdu);
}

static inline uint32_t entry_of(const struct iovm__registry *reg, uint32_t h, const struct iovm__slot *slot)
{
	return (h & ~((1u << NUMBER_BITS) - 1)) | ((uint32_t)(slot - reg->slots) + 1);
}

static struct iovm__slot *find_in_line(const struct iovm__registry *reg, const struct iovm__hash_line *line, uint32_t h, const void *mm)
{
	unsigned i;

	for (i = 0; i < IOVM__HASH_WAYS; i++) {
		uint32_t e = load_acq(&line->entry[i]);

		if (e && (e ^ h) >> NUMBER_BITS == 0) {
			struct iovm__slot *slot = &reg->slots[(e & ((1u << NUMBER_BITS) - 1)) - 1];

			if (load_acq(&slot->mm) == mm)
				return slot;
		}
	}
	return NULL;
}

struct iovm__slot *iovm__hash_find(const struct iovm__registry *reg, const void *mm)
{
	uint32_t h = hash(mm), i;

	for (i = 0; i <= reg->mask; i++) {
		const struct iovm__hash_line *line = &reg->lines[(h + i) & reg->mask];
		struct iovm__slot *slot = find_in_line(reg, line, h, mm);

		if (slot || !load_acq(&line->elsewhere))
			return slot;
	}
	return NULL;
}

static bool add_to_line(struct iovm__hash_line *line, uint32_t e)
{
	unsigned i;

	for (i = 0; i < IOVM__HASH_WAYS; i++)
		if (!load_rlx(&line->entry[i])) {
			store_rel(&line->entry[i], e);
			return true;
		}
	return false;
}

void iovm__hash_add(struct iovm__registry *reg, struct iovm__slot *slot)
{
	uint32_t h = hash(load_rlx(&slot->mm)), e = entry_of(reg, h, slot), i;

	for (i = 0; i <= reg->mask; i++) {
		struct iovm__hash_line *line = &reg->lines[(h + i) & reg->mask];

		if (add_to_line(line, e))
			return;
		add_ar(&line->elsewhere, 1);
	}
	IOVM_ASSERT(!"twice as many entries as slots");
}

static bool remove_from_line(struct iovm__hash_line *line, uint32_t e)
{
	unsigned i;

	for (i = 0; i < IOVM__HASH_WAYS; i++) {
		uint32_t expected = e;

		if (load_rlx(&line->entry[i]) == e && cas_ar(&line->entry[i], &expected, 0))
			return true;
	}
	return false;
}

bool iovm__hash_remove(struct iovm__registry *reg, struct iovm__slot *slot, const void *mm)
{
	uint32_t h = hash(mm), e = entry_of(reg, h, slot), i, k;

	for (i = 0; i <= reg->mask; i++) {
		struct iovm__hash_line *line = &reg->lines[(h + i) & reg->mask];

		if (remove_from_line(line, e)) {
			for (k = 0; k < i; k++)
				sub_ar(&reg->lines[(h + k) & reg->mask].elsewhere, 1);
			return true;
		}
		if (!load_acq(&line->elsewhere))
			return false;
	}
	return false;
}
