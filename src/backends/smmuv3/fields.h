/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Bits of SMMUv3 records and registers by name. fields.def has one table per record; from it come these constants (for the driver, which wants
 * straight stores), and codec.c's descriptions (for whoever decodes what he does not know beforehand).
 *
 * A record is an array of 64-bit words, word 0 first; a field lies within one word. In memory each word is little-endian (IHI 0070 3.10).
 * A field holds the bits [shift + width - 1 : shift] of its value: an address field gives back the address.
 */
#ifndef IOVM_SMMUV3_FIELDS_H
#define IOVM_SMMUV3_FIELDS_H
#include <iovm/iovm.h>	/* fixed-width types, where the host has them */

#define RECORD(record, kind, name, number, words, clause, about) SMMU_##record##_NUMBER = (number),
#define FIELD(record, name, msb, lsb, shift, values, meaning) \
	SMMU_##record##_##name##_LSB = (lsb), SMMU_##record##_##name##_WIDTH = (msb) - (lsb) + 1, SMMU_##record##_##name##_SHIFT = (shift),
enum {
#include "backends/smmuv3/fields.def"
};
#undef RECORD
#undef FIELD

static inline uint64_t smmu_mask(unsigned width)
{
	return ~0ull >> (64 - width);
}

/* The value's bits where they belong in their word; what does not fit is cut off */
static inline uint64_t smmu_place(unsigned lsb, unsigned width, unsigned shift, uint64_t value)
{
	return (value >> shift & smmu_mask(width)) << lsb % 64;
}

static inline uint64_t smmu_extract(const uint64_t *words, unsigned lsb, unsigned width, unsigned shift)
{
	return (words[lsb / 64] >> lsb % 64 & smmu_mask(width)) << shift;
}

#define SMMU_LSB(record, name)		SMMU_##record##_##name##_LSB
#define SMMU_WIDTH(record, name)	SMMU_##record##_##name##_WIDTH
#define SMMU_SHIFT(record, name)	SMMU_##record##_##name##_SHIFT
#define SMMU_WORD(record, name)		(SMMU_LSB(record, name) / 64)	/* which word it is in */
/* SMMU_BITS(CD, ASID, 5): the field with this value, in its word; SMMU_MASK: all of the field's bits there */
#define SMMU_BITS(record, name, value)	smmu_place(SMMU_LSB(record, name), SMMU_WIDTH(record, name), SMMU_SHIFT(record, name), value)
#define SMMU_MASK(record, name)		(smmu_mask(SMMU_WIDTH(record, name)) << SMMU_LSB(record, name) % 64)
/* Of an array of words, or (registers) of one value */
#define SMMU_GET(words, record, name)	smmu_extract(words, SMMU_LSB(record, name), SMMU_WIDTH(record, name), SMMU_SHIFT(record, name))
#define SMMU_GET_REG(value, record, name) \
	(((uint64_t)(value) >> SMMU_LSB(record, name) & smmu_mask(SMMU_WIDTH(record, name))) << SMMU_SHIFT(record, name))
#define SMMU_ADD(words, record, name, value) ((void)((words)[SMMU_WORD(record, name)] |= SMMU_BITS(record, name, value)))	/* into zeroes */

#endif
