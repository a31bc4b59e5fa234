/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * SMMUv3 records as data: names, fields, meanings, for tools and tests. Total: any words decode without harm, any field values encode or are refused.
 * Not part of the driver; freestanding all the same, so that a kernel may print its own events with it.
 */
#ifndef IOVM_SMMUV3_CODEC_H
#define IOVM_SMMUV3_CODEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMMU_RECORD_WORDS 8u		/* of the largest record */

struct smmu_field {
	const char *name;
	uint16_t msb, lsb;		/* in the whole record: bit 64 is bit 0 of word 1 */
	uint8_t shift;			/* an address: its low bits that are not stored */
	const char *values;		/* "0 off|1 full ATS|2 split-stage": names of single values; "" if there are none */
	const char *meaning;		/* in a few words */
};
struct smmu_record {
	const char *kind;		/* CMD EVT PRI STE CD L1 REG */
	const char *name;
	uint32_t number;		/* opcode, event number, register offset */
	unsigned words;			/* 1, 2, 4, 8 */
	const char *clause;		/* of IHI 0070 */
	const char *about;		/* what it does or what it usually means, and what to check */
	const struct smmu_field *fields;
	unsigned nfields;		/* in the table's order */
};

extern const struct smmu_record iovm__smmu_records[];
extern const unsigned iovm__smmu_nrecords;

const struct smmu_record *iovm__smmu_record(const char *kind, const char *name);	/* NULL: no such */
const struct smmu_record *iovm__smmu_register(uint32_t offset);
unsigned iovm__smmu_kind_words(const char *kind);			/* 0: no such kind */
/* What the words themselves say that they are (opcode, event number; CFGI_ALL by its Range, STOP_MARKER by its bits); NULL: nothing known. STE, CD: their one record */
const struct smmu_record *iovm__smmu_classify(const char *kind, const uint64_t *words);

const struct smmu_field *iovm__smmu_field(const struct smmu_record *record, const char *name);
uint64_t iovm__smmu_get(const struct smmu_field *field, const uint64_t *words);
bool iovm__smmu_put(const struct smmu_field *field, uint64_t *words, uint64_t value);	/* false: the value does not fit; words unchanged */
/* The number that makes the record what it is, in its place (opcode, event number) */
void iovm__smmu_begin(const struct smmu_record *record, uint64_t *words);
/* Bits that are set in words and belong to no field of record (RES0): into reserved[record->words]; whether there are any */
bool iovm__smmu_reserved(const struct smmu_record *record, const uint64_t *words, uint64_t *reserved);
/* The name of a field's value ("full ATS"), and its length; NULL: it has none */
const char *iovm__smmu_value_name(const struct smmu_field *field, uint64_t value, size_t *length);

#endif
