/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * fields.def as data. The compiler makes the tables by reading it four times: for the place of each record, for the number of its fields, for one flat
 * array of all fields, and for the records, each of which points to its stretch of that array. Nothing is built at run time and nothing is written down twice.
 *
 * Whatever the words are, all functions here are defined: a field reads only the word that it lies in, and what is no field is told by reserved().
 */
#include "backends/smmuv3/codec.h"
#include "backends/smmuv3/fields.h"

#define NUMBER_MASK 0xffull	/* a command's opcode (4.1.1), an event's number (7.3): bits 7:0 of word 0 */

#define RECORD(record, kind, name, number, words, clause, about) INDEX_##record,
#define FIELD(record, name, msb, lsb, shift, values, meaning)
enum {
#include "backends/smmuv3/fields.def"
	NRECORDS
};
#undef RECORD
#undef FIELD

/* A structure for each record with one byte for each field, and one more; its size counts them */
#define RECORD(record, kind, name, number, words, clause, about) }; struct fields_of_##record { char none;
#define FIELD(record, name, msb, lsb, shift, values, meaning) char name;
struct fields_of_nothing { char none;
#include "backends/smmuv3/fields.def"
};
#undef RECORD
#undef FIELD

/* An enumeration that counts through all fields. BEFORE_ takes back the step that FIRST_ makes, which is no field */
#define RECORD(record, kind, name, number, words, clause, about) FIRST_##record, BEFORE_##record = FIRST_##record - 1,
#define FIELD(record, name, msb, lsb, shift, values, meaning) AT_##record##_##name,
enum {
#include "backends/smmuv3/fields.def"
	NFIELDS
};
#undef RECORD
#undef FIELD

#define RECORD(record, kind, name, number, words, clause, about)
#define FIELD(record, name, msb, lsb, shift, values, meaning) [AT_##record##_##name] = { #name, msb, lsb, shift, values, meaning },
static const struct smmu_field fields[NFIELDS] = {
#include "backends/smmuv3/fields.def"
};
#undef RECORD
#undef FIELD

#define RECORD(record, kind, name, number, words, clause, about) \
	[INDEX_##record] = { #kind, #name, number, words, clause, about, fields + FIRST_##record, sizeof(struct fields_of_##record) - 1 },
#define FIELD(record, name, msb, lsb, shift, values, meaning)
const struct smmu_record iovm__smmu_records[NRECORDS] = {
#include "backends/smmuv3/fields.def"
};
#undef RECORD
#undef FIELD
const unsigned iovm__smmu_nrecords = NRECORDS;

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Only commands and events say by a number what they are */
static bool numbered(const char *kind)
{
	return same(kind, "CMD") || same(kind, "EVT");
}

const struct smmu_record *iovm__smmu_record(const char *kind, const char *name)
{
	unsigned i;

	for (i = 0; i < NRECORDS; i++)
		if (same(iovm__smmu_records[i].name, name) && same(iovm__smmu_records[i].kind, kind))
			return &iovm__smmu_records[i];
	return NULL;
}

static const struct smmu_record *by_number(const char *kind, uint32_t number)
{
	unsigned i;

	for (i = 0; i < NRECORDS; i++)
		if (iovm__smmu_records[i].number == number && same(iovm__smmu_records[i].kind, kind))
			return &iovm__smmu_records[i];
	return NULL;
}

const struct smmu_record *iovm__smmu_register(uint32_t offset)
{
	return by_number("REG", offset);
}

unsigned iovm__smmu_kind_words(const char *kind)
{
	unsigned i;

	for (i = 0; i < NRECORDS; i++)
		if (same(iovm__smmu_records[i].kind, kind))
			return iovm__smmu_records[i].words;
	return 0;
}

/* Without SSV the same bits are an ordinary, if empty, request that wants an answer (IHI 0070 8) */
static bool is_stop_marker(const uint64_t *w)
{
	return SMMU_GET(w, PRI_STOP_MARKER, SSV) && SMMU_GET(w, PRI_STOP_MARKER, Last) && !SMMU_GET(w, PRI_STOP_MARKER, R) && !SMMU_GET(w, PRI_STOP_MARKER, W);
}

const struct smmu_record *iovm__smmu_classify(const char *kind, const uint64_t *words)
{
	if (numbered(kind)) {
		const struct smmu_record *r = by_number(kind, words[0] & NUMBER_MASK);

		if (r == &iovm__smmu_records[INDEX_CMD_CFGI_STE_RANGE] && SMMU_GET(words, CMD_CFGI_ALL, Range) == 31)
			return &iovm__smmu_records[INDEX_CMD_CFGI_ALL];
		return r;
	}
	if (same(kind, "PRI"))
		return &iovm__smmu_records[is_stop_marker(words) ? INDEX_PRI_STOP_MARKER : INDEX_PRI_PPR];
	if (same(kind, "STE"))
		return &iovm__smmu_records[INDEX_STE];
	if (same(kind, "CD"))
		return &iovm__smmu_records[INDEX_CD];
	return NULL;
}

const struct smmu_field *iovm__smmu_field(const struct smmu_record *record, const char *name)
{
	unsigned i;

	for (i = 0; i < record->nfields; i++)
		if (same(record->fields[i].name, name))
			return &record->fields[i];
	return NULL;
}

static unsigned width(const struct smmu_field *field)
{
	return field->msb - field->lsb + 1u;
}

uint64_t iovm__smmu_get(const struct smmu_field *field, const uint64_t *words)
{
	return smmu_extract(words, field->lsb, width(field), field->shift);
}

/* The field's bits in its word */
static uint64_t mask(const struct smmu_field *field)
{
	return smmu_mask(width(field)) << field->lsb % 64;
}

bool iovm__smmu_put(const struct smmu_field *field, uint64_t *words, uint64_t value)
{
	uint64_t *word = &words[field->lsb / 64];

	if (value & ~(smmu_mask(width(field)) << field->shift))
		return false;
	*word = (*word & ~mask(field)) | smmu_place(field->lsb, width(field), field->shift, value);
	return true;
}

void iovm__smmu_begin(const struct smmu_record *record, uint64_t *words)
{
	if (numbered(record->kind))
		words[0] = (words[0] & ~NUMBER_MASK) | record->number;
}

bool iovm__smmu_reserved(const struct smmu_record *record, const uint64_t *words, uint64_t *reserved)
{
	uint64_t any = 0;
	unsigned i;

	for (i = 0; i < record->words; i++)
		reserved[i] = words[i];
	if (numbered(record->kind))
		reserved[0] &= ~NUMBER_MASK;
	for (i = 0; i < record->nfields; i++)
		reserved[record->fields[i].lsb / 64] &= ~mask(&record->fields[i]);
	for (i = 0; i < record->words; i++)
		any |= reserved[i];
	return any != 0;
}

/* values: a decimal number, a blank, a name up to the next bar */
const char *iovm__smmu_value_name(const struct smmu_field *field, uint64_t value, size_t *length)
{
	const char *c = field->values;

	while (*c) {
		const char *name;
		uint64_t number = 0;

		for (; *c >= '0' && *c <= '9'; c++)
			number = number * 10 + (uint64_t)(*c - '0');
		name = *c ? ++c : c;
		while (*c && *c != '|')
			c++;
		if (number == value) {
			*length = (size_t)(c - name);
			return name;
		}
		if (*c)
			c++;
	}
	return NULL;
}
