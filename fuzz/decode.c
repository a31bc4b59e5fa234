/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Any words decode without harm, and nothing of them is lost. For libFuzzer (clang -fsanitize=fuzzer), or with main.c for other compilers.
 * Commands, events, page requests, STEs and CDs are read as what they say they are; of a level-1 descriptor or a register only its reader knows that,
 * so that those words are read as each of them.
 */
#include "decode.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/codec.h"

const char *const fuzz_kinds[] = { "CMD", "EVT", "PRI", "STE", "CD", "L1", "REG" };
const unsigned fuzz_nkinds = sizeof fuzz_kinds / sizeof *fuzz_kinds;

/* NULL, or a string of a length that lies within the field's own text and ends where a name does */
static const char *check_name(const struct smmu_field *field, uint64_t value)
{
	size_t length = 0, whole = strlen(field->values), start;
	const char *name = iovm__smmu_value_name(field, value, &length);

	if (name == NULL)
		return NULL;
	if (name <= field->values || name > field->values + whole)
		return "a value's name lies in its field's text";
	start = (size_t)(name - field->values);
	if (length == 0 || length > whole - start || (name[length] != '|' && name[length] != '\0') || memchr(name, '|', length))
		return "a value's name has its own length";
	return NULL;
}

/* The same bits that one reads must be those that one writes; a value that is not kept whole must be refused */
static const char *check_put(const struct smmu_field *field, const uint64_t *words, uint64_t value)
{
	uint64_t made[SMMU_RECORD_WORDS];
	size_t bytes = (field->msb / 64 + 1u) * sizeof *words;

	memcpy(made, words, bytes);
	if (!iovm__smmu_put(field, made, value))
		return memcmp(made, words, bytes) == 0 ? NULL : "a refused value changes nothing";
	if (iovm__smmu_get(field, made) != value)
		return "a value that was taken can be read";
	if (!iovm__smmu_put(field, made, iovm__smmu_get(field, words)) || memcmp(made, words, bytes) != 0)
		return "a value stays in its field";
	return NULL;
}

static const char *check_record(const struct smmu_record *record, const uint64_t *words)
{
	uint64_t told[SMMU_RECORD_WORDS], made[SMMU_RECORD_WORDS] = { 0 }, reserved[SMMU_RECORD_WORDS], any = 0;
	const char *broken;
	unsigned i;

	memcpy(told, words, sizeof told);
	iovm__smmu_begin(record, told);
	iovm__smmu_begin(record, made);
	for (i = 0; i < record->nfields; i++) {
		const struct smmu_field *field = &record->fields[i];
		uint64_t value = iovm__smmu_get(field, told);

		if (!iovm__smmu_put(field, made, value))
			return "a value that was read can be written";
		if ((broken = check_name(field, value)) || (broken = check_put(field, told, words[i % record->words])))
			return broken;
	}
	if (iovm__smmu_reserved(record, told, reserved) != (memcmp(made, told, record->words * sizeof *made) != 0))
		return "reserved bits are told when there are any";
	for (i = 0; i < record->words; i++) {
		any |= made[i] & reserved[i];
		if ((made[i] | reserved[i]) != told[i])
			return "decode and encode give back the word but for reserved bits";
	}
	return any ? "a bit is either reserved or a field's" : NULL;
}

/* Whether a record has this kind and number: asked without classify() */
static bool known(const char *kind, uint32_t number)
{
	unsigned i;

	for (i = 0; i < iovm__smmu_nrecords; i++)
		if (strcmp(iovm__smmu_records[i].kind, kind) == 0 && iovm__smmu_records[i].number == number)
			return true;
	return false;
}

static const char *check_class(const char *kind, const uint64_t *words, const struct smmu_record *record)
{
	bool numbered = strcmp(kind, "CMD") == 0 || strcmp(kind, "EVT") == 0;

	if (record == NULL)
		return numbered && !known(kind, words[0] & 0xff) ? NULL : "only an unknown number is of no record";
	if (record < iovm__smmu_records || record >= iovm__smmu_records + iovm__smmu_nrecords || strcmp(record->kind, kind) != 0)
		return "words are of a record of their kind";
	return numbered && record->number != (words[0] & 0xff) ? "words are of the record with their number" : NULL;
}

/* As each record of the kind */
static const char *check_all(const char *kind, const uint64_t *words)
{
	const char *broken = NULL;
	unsigned i;

	for (i = 0; i < iovm__smmu_nrecords && broken == NULL; i++)
		if (strcmp(iovm__smmu_records[i].kind, kind) == 0)
			broken = check_record(&iovm__smmu_records[i], words);
	return broken;
}

const char *fuzz_check(const uint8_t *data, size_t size)
{
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };
	const struct smmu_record *record;
	const char *kind, *broken;
	size_t i;

	if (size == 0)
		return NULL;
	kind = fuzz_kinds[data[0] % fuzz_nkinds];
	for (i = 1; i < size && i < FUZZ_INPUT_MAX; i++)
		words[(i - 1) / 8] |= (uint64_t)data[i] << (i - 1) % 8 * 8;
	record = iovm__smmu_classify(kind, words);
	if (strcmp(kind, "L1") == 0 || strcmp(kind, "REG") == 0)
		return record ? "descriptors and registers do not say what they are" : check_all(kind, words);
	broken = check_class(kind, words, record);
	return broken || record == NULL ? broken : check_record(record, words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *broken = fuzz_check(data, size);

	if (broken) {
		fprintf(stderr, "broken: %s\n", broken);
		abort();
	}
	return 0;
}
