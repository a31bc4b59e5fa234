/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * RESERVED and MISMATCH are what decode says besides the fields: with them any words that it has read can be made again. Values that do not fit are refused,
 * never cut.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "encode_fields.h"
#include "smmu_words.h"

#define NUMBER_MASK 0xffu

static bool equal(const char *name, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(name, word, length);
}

static bool reserved_bit(const struct smmu_record *r, uint64_t *words, uint64_t bit)
{
	uint64_t one[SMMU_RECORD_WORDS] = { 0 }, rest[SMMU_RECORD_WORDS];

	if (bit >= 64 * r->words)
		return false;
	one[bit / 64] = UINT64_C(1) << bit % 64;
	if (!iovm__smmu_reserved(r, one, rest))
		return false;
	words[bit / 64] |= one[bit / 64];
	return true;
}

static bool reserved(const struct smmu_record *r, uint64_t *words, const char *list, size_t length, char why[ENCODE_WHY])
{
	const char *end = list + length, *comma;
	uint64_t bit;

	for (; list <= end; list = comma + 1) {
		comma = memchr(list, ',', (size_t)(end - list));
		if (!comma)
			comma = end;
		if (!smmu_number_parse(list, (size_t)(comma - list), &bit) || !reserved_bit(r, words, bit)) {
			snprintf(why, ENCODE_WHY, "RESERVED: %.*s is not a reserved bit of %s", (int)(comma - list > 32 ? 32 : comma - list), list, r->name);
			return false;
		}
	}
	return true;
}

static bool mismatch(const struct smmu_record *r, uint64_t *words, const char *value, size_t length, char why[ENCODE_WHY])
{
	uint64_t number;
	unsigned i;

	if (strcmp(r->kind, "CMD") && strcmp(r->kind, "EVT")) {
		snprintf(why, ENCODE_WHY, "MISMATCH: %s has no opcode or number", r->name);
		return false;
	}
	for (i = 0; i < iovm__smmu_nrecords; i++)
		if (!strcmp(iovm__smmu_records[i].kind, r->kind) && equal(value, length, iovm__smmu_records[i].name)) {
			iovm__smmu_begin(&iovm__smmu_records[i], words);
			return true;
		}
	if (smmu_number_parse(value, length, &number) && number <= NUMBER_MASK) {
		words[0] = (words[0] & ~(uint64_t)NUMBER_MASK) | number;
		return true;
	}
	snprintf(why, ENCODE_WHY, "MISMATCH: neither a name nor a number up to 0xff");
	return false;
}

/* In any case, as the names of records are; no two of one record differ in that alone */
static const struct smmu_field *find(const struct smmu_record *r, const char *name, size_t length)
{
	unsigned i;

	for (i = 0; i < r->nfields; i++)
		if (length == strlen(r->fields[i].name) && !strncasecmp(name, r->fields[i].name, length))
			return &r->fields[i];
	return NULL;
}

static void does_not_fit(const struct smmu_field *f, uint64_t value, char why[ENCODE_WHY])
{
	unsigned width = f->msb - f->lsb + 1u;

	if (f->shift)
		snprintf(why, ENCODE_WHY, "%s: 0x%" PRIx64 " does not fit: bits %u:%u of an address, the others 0", f->name, value, width + f->shift - 1, f->shift);
	else
		snprintf(why, ENCODE_WHY, "%s: 0x%" PRIx64 " does not fit into %u bit%s", f->name, value, width, width == 1 ? "" : "s");
}

bool encode_pair(const struct smmu_record *r, uint64_t *words, const char *name, size_t length, const char *value, size_t digits, char why[ENCODE_WHY])
{
	const struct smmu_field *f = find(r, name, length);
	uint64_t number;

	if (!f && equal(name, length, "RESERVED"))
		return reserved(r, words, value, digits, why);
	if (!f && equal(name, length, "MISMATCH"))
		return mismatch(r, words, value, digits, why);
	if (!f) {
		snprintf(why, ENCODE_WHY, "%s has no field %.*s", r->name, (int)(length > 40 ? 40 : length), name);
		return false;
	}
	if (!smmu_number_parse(value, digits, &number)) {
		snprintf(why, ENCODE_WHY, "%s: not a number below 2^64 (0x and hex digits, or decimal)", f->name);
		return false;
	}
	if (iovm__smmu_put(f, words, number))
		return true;
	does_not_fit(f, number, why);
	return false;
}
