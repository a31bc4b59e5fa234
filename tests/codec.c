/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The table of SMMUv3 bits and what is made of it. Whether a bit has its right place, only others can say: the vectors of data/golden.tsv were made by
 * another program and read by five other projects' headers. What every place must fulfil, whatever it is, is tried on all records: they do not overlap,
 * no bit is lost on the way through decoder and encoder unless it is named as reserved, and what does not fit is refused.
 */
#include "backends/smmuv3/codec.h"
#include "backends/smmuv3/fields.h"
#include "harness.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODED_ROWS 77	/* of golden.tsv: those of kinds that the codec knows */

struct row {	/* of golden.tsv */
	char *id, *kind, *name, *fields, *words;
};

/* Cuts the line at its tabs; false: a comment */
static bool row_read(struct row *row, char *line)
{
	char **column[] = { &row->id, &row->kind, &row->name, &row->fields, &row->words };
	unsigned i;

	if (*line == '#')
		return false;
	for (i = 0; i < sizeof column / sizeof *column; i++) {
		*column[i] = strsep(&line, "\t\n");
		ck_assert_msg(line != NULL, "golden.tsv: a row of %u columns", i);
	}
	return true;
}

static FILE *golden_open(void)
{
	const char *dir = getenv("srcdir");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/data/golden.tsv", dir ? dir : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot read %s", path);
	return file;
}

/* By its name where that says it, else by its words. Queue and range arithmetic is not the codec's: NULL */
static const struct smmu_record *row_record(const struct row *row, const uint64_t *words)
{
	const struct smmu_record *record = NULL;

	if (!iovm__smmu_kind_words(row->kind))
		return NULL;
	if (strcmp(row->kind, "REG") == 0 || strcmp(row->kind, "L1") == 0)
		record = iovm__smmu_record(row->kind, (row->name[strcspn(row->name, " (")] = '\0', row->name));
	else
		record = iovm__smmu_classify(row->kind, words);
	ck_assert_msg(record != NULL, "%s: nothing known of %s", row->id, row->name);
	if (strcmp(row->kind, "STE") != 0 && strcmp(row->kind, "CD") != 0)
		ck_assert_str_eq(record->name, row->name);
	return record;
}

static unsigned words_read(uint64_t *words, const char *text)
{
	unsigned n = 0;
	char *end;

	for (; *text && n < SMMU_RECORD_WORDS; text = end, n++) {
		words[n] = strtoull(text, &end, 16);
		if (end == text)
			break;
	}
	return n;
}

/* Puts the row's fields into words of its own, and sees that each is read out of the row's words */
static void row_check(const struct row *row, const struct smmu_record *record, const uint64_t *words)
{
	uint64_t made[SMMU_RECORD_WORDS] = { 0 }, reserved[SMMU_RECORD_WORDS];
	char *rest = row->fields, *one;
	unsigned i;

	iovm__smmu_begin(record, made);
	while ((one = strsep(&rest, ";")) != NULL && *one) {
		char *value = strchr(one, '=');
		const struct smmu_field *field;

		ck_assert_ptr_nonnull(value);
		*value++ = '\0';
		field = iovm__smmu_field(record, one);
		ck_assert_msg(field != NULL, "%s: no field %s", row->id, one);
		ck_assert_msg(iovm__smmu_get(field, words) == strtoull(value, NULL, 0), "%s: %s is %" PRIx64, row->id, one, iovm__smmu_get(field, words));
		ck_assert(iovm__smmu_put(field, made, strtoull(value, NULL, 0)));
	}
	for (i = 0; i < record->words; i++)	/* a field that the row leaves out is zero, or this differs */
		ck_assert_msg(made[i] == words[i], "%s: word %u is %016" PRIx64, row->id, i, made[i]);
	ck_assert_msg(!iovm__smmu_reserved(record, words, reserved), "%s: reserved bits", row->id);
}

START_TEST(golden_vectors_both_ways)
{
	FILE *file = golden_open();
	char line[1024];
	unsigned coded = 0;

	while (fgets(line, sizeof line, file)) {
		uint64_t words[SMMU_RECORD_WORDS] = { 0 };
		const struct smmu_record *record;
		struct row row;
		unsigned n;

		if (!row_read(&row, line))
			continue;
		n = words_read(words, row.words);
		record = row_record(&row, words);
		if (record == NULL)
			continue;
		ck_assert_uint_eq(n, record->words);
		row_check(&row, record, words);
		coded++;
	}
	fclose(file);
	ck_assert_uint_eq(coded, CODED_ROWS);
}
END_TEST

/* What the words hold, through values and back: all but the reserved bits */
static void round_trip(const struct smmu_record *record, const uint64_t *words)
{
	uint64_t made[SMMU_RECORD_WORDS] = { 0 }, reserved[SMMU_RECORD_WORDS], any = 0;
	bool told = iovm__smmu_reserved(record, words, reserved);
	unsigned i;

	iovm__smmu_begin(record, made);
	for (i = 0; i < record->nfields; i++)
		ck_assert(iovm__smmu_put(&record->fields[i], made, iovm__smmu_get(&record->fields[i], words)));
	for (i = 0; i < record->words; i++) {
		ck_assert_msg((made[i] | reserved[i]) == words[i], "%s word %u: %016" PRIx64 " became %016" PRIx64 ", reserved %016" PRIx64,
			      record->name, i, words[i], made[i], reserved[i]);
		ck_assert_uint_eq(made[i] & reserved[i], 0);
		any |= reserved[i];
	}
	ck_assert(told == (any != 0));
}

START_TEST(no_bit_is_lost)
{
	const struct smmu_record *record = &iovm__smmu_records[_i];
	unsigned bit;

	for (bit = 0; bit < record->words * 64; bit++) {
		uint64_t one[SMMU_RECORD_WORDS] = { 0 }, rest[SMMU_RECORD_WORDS];

		memset(rest, 0xff, sizeof rest);
		one[bit / 64] |= UINT64_C(1) << bit % 64;
		rest[bit / 64] &= ~(UINT64_C(1) << bit % 64);
		iovm__smmu_begin(record, one);	/* in bits 7:0 of a command or an event, only its own number is it */
		iovm__smmu_begin(record, rest);
		round_trip(record, one);
		round_trip(record, rest);
	}
}
END_TEST

START_TEST(nothing_and_everything)
{
	const struct smmu_record *record = &iovm__smmu_records[_i];
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };

	iovm__smmu_begin(record, words);
	round_trip(record, words);
	memset(words, 0xff, sizeof words);
	iovm__smmu_begin(record, words);
	round_trip(record, words);
}
END_TEST

START_TEST(fields_stand_in_order_and_apart)
{
	const struct smmu_record *record = &iovm__smmu_records[_i];
	bool numbered = strcmp(record->kind, "CMD") == 0 || strcmp(record->kind, "EVT") == 0;
	unsigned i, j, next = numbered ? 8 : 0;

	for (i = 0; i < record->nfields; i++) {
		const struct smmu_field *f = &record->fields[i];

		ck_assert_msg(f->lsb >= next && f->msb >= f->lsb, "%s.%s overlaps, or stands before what it follows", record->name, f->name);
		ck_assert_msg(f->lsb / 64 == f->msb / 64 && f->msb < record->words * 64, "%s.%s leaves its word", record->name, f->name);
		ck_assert_msg(f->shift == (f->msb - f->lsb >= 40 ? f->lsb % 64 : 0), "%s.%s: so wide are addresses, and their bits keep their places",
			      record->name, f->name);
		ck_assert_ptr_eq(iovm__smmu_field(record, f->name), f);
		next = f->msb + 1u;
	}
	for (j = 0; j < iovm__smmu_nrecords; j++)	/* fields[] is cut up without gaps: each record's stretch ends where the next begins */
		if (j == (unsigned)_i + 1)
			ck_assert_ptr_eq(iovm__smmu_records[j].fields, record->fields + record->nfields);
	ck_assert_ptr_null(iovm__smmu_field(record, "Nonesuch"));
}
END_TEST

START_TEST(put_takes_what_fits)
{
	const struct smmu_record *record = &iovm__smmu_records[_i];
	unsigned i, bit;

	for (i = 0; i < record->nfields; i++) {
		const struct smmu_field *f = &record->fields[i];
		unsigned width = f->msb - f->lsb + 1u;

		for (bit = 0; bit < 64; bit++) {
			uint64_t words[SMMU_RECORD_WORDS], before[SMMU_RECORD_WORDS], value = UINT64_C(1) << bit;
			bool fits = bit >= f->shift && bit < f->shift + width;

			memset(words, 0x5a, sizeof words);
			memcpy(before, words, sizeof words);
			ck_assert_msg(iovm__smmu_put(f, words, value) == fits, "%s.%s: bit %u", record->name, f->name, bit);
			if (!fits) {
				ck_assert_mem_eq(words, before, sizeof words);
				continue;
			}
			ck_assert_uint_eq(iovm__smmu_get(f, words), value);
			ck_assert(iovm__smmu_put(f, words, iovm__smmu_get(f, before)));
			ck_assert_mem_eq(words, before, sizeof words);
		}
	}
}
END_TEST

/* The driver's constants of a field put all ones where the codec does */
static void agree(const struct smmu_record *record, const char *name, unsigned word, uint64_t mask, unsigned shift)
{
	const struct smmu_field *field = iovm__smmu_field(record, name);
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };

	ck_assert_msg(field != NULL, "%s.%s", record->name, name);
	ck_assert(iovm__smmu_put(field, words, ~UINT64_C(0) >> (63 - (field->msb - field->lsb)) << shift));
	ck_assert_msg(words[word] == mask, "%s.%s: %016" PRIx64, record->name, name, words[word]);
}

static const struct smmu_record *agree_record(const char *kind, const char *name, uint32_t number)
{
	const struct smmu_record *record = iovm__smmu_record(kind, name);

	ck_assert_msg(record != NULL, "%s %s", kind, name);
	ck_assert_uint_eq(record->number, number);
	return record;
}

START_TEST(driver_and_codec_agree)
{
	const struct smmu_record *r = NULL;
	unsigned nrecords = 0;
	uint64_t bits[2] = { 0 };

#define RECORD(record, kind, name, number, words, clause, about) r = agree_record(#kind, #name, SMMU_##record##_NUMBER); nrecords++;
#define FIELD(record, name, msb, lsb, shift, values, meaning) agree(r, #name, SMMU_WORD(record, name), SMMU_MASK(record, name), SMMU_SHIFT(record, name));
#include "backends/smmuv3/fields.def"
#undef RECORD
#undef FIELD
	ck_assert_uint_eq(nrecords, iovm__smmu_nrecords);
	SMMU_ADD(bits, CMD_ATC_INV, Addr, 0x7f0000200fff);	/* golden.tsv's CMD30; the low bits are cut off */
	SMMU_ADD(bits, CMD_ATC_INV, Size, 9);
	SMMU_ADD(bits, CMD_ATC_INV, SSID, 5);
	ck_assert_uint_eq(bits[0], 0x5000);
	ck_assert_uint_eq(bits[1], 0x7f0000200009);
}
END_TEST

/* Of each kind, what number leads to which name */
static const struct { const char *kind, *name; uint64_t words[2]; } sorts[] = {
	{ "CMD", "CFGI_STE_RANGE", { 0x04, 0x1e } }, { "CMD", "CFGI_ALL", { 0x04, 0x1f } }, { "CMD", "CFGI_ALL", { 0x1200000004, ~0ull } },
	{ "CMD", "CFGI_STE", { 0x03, 0x1f } }, { "CMD", "CFGI_VMS_PIDM", { 0x07 } }, { "CMD", NULL, { 0x00 } }, { "CMD", NULL, { 0x80 } }, { "CMD", NULL, { 0xff } },
	{ "CMD", "SYNC", { 0xffffffffffffff46 } },
	{ "EVT", "F_TRANSL_FORBIDDEN", { 0x07 } }, { "EVT", "C_BAD_STE", { 0xffffffffffffff04 } }, { "EVT", NULL, { 0x00 } }, { "EVT", NULL, { 0xe0 } },
	{ "PRI", "PPR", { 0 } }, { "PRI", "STOP_MARKER", { 0xc000000000000000 } }, { "PRI", "STOP_MARKER", { 0xcc0fffffffffffff, ~0ull } },
	{ "PRI", "PPR", { 0x4000000000000000 } }, { "PRI", "PPR", { 0x8000000000000000 } }, { "PRI", "PPR", { 0xd000000000000000 } }, { "PRI", "PPR", { 0xe000000000000000 } },
	{ "L1", NULL, { 1 } }, { "REG", NULL, { 1 } }, { "cmd", NULL, { 0x46 } }, { "", NULL, { 0x46 } },
};

START_TEST(words_say_what_they_are)
{
	const struct smmu_record *record = iovm__smmu_classify(sorts[_i].kind, sorts[_i].words);

	if (sorts[_i].name == NULL)
		ck_assert_ptr_null(record);
	else
		ck_assert_ptr_eq(record, iovm__smmu_record(sorts[_i].kind, sorts[_i].name));
}
END_TEST

START_TEST(kinds_and_registers)
{
	static const struct { const char *kind; unsigned words; } kinds[] = {
		{ "CMD", 2 }, { "EVT", 4 }, { "PRI", 2 }, { "STE", 8 }, { "CD", 8 }, { "L1", 1 }, { "REG", 1 }, { "QUE", 0 }, { "", 0 }, { "C", 0 }, { "CDE", 0 },
	};
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };
	unsigned i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		ck_assert_uint_eq(iovm__smmu_kind_words(kinds[i].kind), kinds[i].words);
	ck_assert_str_eq(iovm__smmu_classify("STE", words)->name, "STE");
	ck_assert_str_eq(iovm__smmu_classify("CD", words)->name, "CD");
	ck_assert_str_eq(iovm__smmu_register(0)->name, "IDR0");
	ck_assert_str_eq(iovm__smmu_register(0x100a8)->name, "EVENTQ_PROD");
	ck_assert_ptr_null(iovm__smmu_register(0xa8));	/* an alias that not every SMMU has */
	ck_assert_ptr_null(iovm__smmu_register(4 * 4 + 1));
	ck_assert_ptr_null(iovm__smmu_record("REG", "SYNC"));
}
END_TEST

START_TEST(records_are_told_apart_and_told_about)
{
	const struct smmu_record *record = &iovm__smmu_records[_i], *found;

	ck_assert_ptr_eq(iovm__smmu_record(record->kind, record->name), record);
	ck_assert_uint_eq(iovm__smmu_kind_words(record->kind), record->words);
	ck_assert_uint_le(record->words, SMMU_RECORD_WORDS);
	ck_assert(record->about[0] != '\0' && record->clause[0] >= '1' && record->clause[0] <= '9');
	if (strcmp(record->kind, "REG") == 0)
		ck_assert_ptr_eq(iovm__smmu_register(record->number), record);
	if (strcmp(record->kind, "CMD") == 0 || strcmp(record->kind, "EVT") == 0) {
		uint64_t words[SMMU_RECORD_WORDS] = { ~UINT64_C(0) };

		iovm__smmu_begin(record, words);
		ck_assert_uint_eq(words[0], (~UINT64_C(0) << 8) | record->number);
		found = iovm__smmu_classify(record->kind, words);
		ck_assert_ptr_eq(found, strcmp(record->name, "CFGI_ALL") == 0 ? iovm__smmu_record("CMD", "CFGI_STE_RANGE") : record);
	}
}
END_TEST

/* "0 off|1 on": each number in its field's range, each name found by it and by no other */
START_TEST(names_of_values)
{
	const struct smmu_record *record = &iovm__smmu_records[_i];
	unsigned i;

	for (i = 0; i < record->nfields; i++) {
		const struct smmu_field *f = &record->fields[i];
		uint64_t last = 0, number, beyond = UINT64_C(1) << 63;
		const char *c = f->values;
		char *end;
		size_t length;

		ck_assert(f->meaning[0] != '\0');
		ck_assert_ptr_null(iovm__smmu_value_name(f, beyond, &length));
		for (; *c; last = number, c = end + length + (end[length] == '|')) {
			uint64_t words[SMMU_RECORD_WORDS] = { 0 };

			number = strtoull(c, &end, 10);
			ck_assert_msg(end > c && *end++ == ' ', "%s.%s: \"%s\"", record->name, f->name, f->values);
			ck_assert_msg(c == f->values || number > last, "%s.%s: not in order", record->name, f->name);
			ck_assert(iovm__smmu_put(f, words, number << f->shift));
			length = 0;
			ck_assert_ptr_eq(iovm__smmu_value_name(f, number, &length), end);
			ck_assert_uint_eq(length, strcspn(end, "|"));
			ck_assert_uint_gt(length, 0);
		}
		if (f->values[0])
			ck_assert_ptr_null(iovm__smmu_value_name(f, last + 1, &length));
	}
}
END_TEST

START_TEST(name_of_one_value)
{
	size_t length = 0;
	const char *name = iovm__smmu_value_name(iovm__smmu_field(iovm__smmu_record("STE", "STE"), "EATS"), 2, &length);

	ck_assert_uint_eq(length, strlen("split-stage ATS"));
	ck_assert_int_eq(strncmp(name, "split-stage ATS", length), 0);
	ck_assert_ptr_null(iovm__smmu_value_name(iovm__smmu_field(iovm__smmu_record("CD", "CD"), "TG1"), 0, &length));
}
END_TEST

START_TEST(reserved_bits_are_told)
{
	const struct smmu_record *sync = iovm__smmu_record("CMD", "SYNC"), *cr0 = iovm__smmu_record("REG", "CR0");
	uint64_t words[2] = { ~UINT64_C(0), ~UINT64_C(0) }, reserved[2];

	ck_assert(iovm__smmu_reserved(sync, words, reserved));
	ck_assert_uint_eq(reserved[0], 0xf03fcf00);	/* 31:28, 21:14, 11:8 */
	ck_assert_uint_eq(reserved[1], 0x7f00000000000003);
	ck_assert(iovm__smmu_reserved(cr0, words, reserved));
	ck_assert_uint_eq(reserved[0], ~UINT64_C(0x5df));
	words[0] = 0x5df;
	ck_assert(!iovm__smmu_reserved(cr0, words, reserved));
	ck_assert_uint_eq(reserved[0], 0);
}
END_TEST

static Suite *codec_suite(void)
{
	Suite *suite = suite_create("codec");
	TCase *golden = tcase_create("golden"), *table = tcase_create("every record"), *lookup = tcase_create("lookup");
	int records = (int)iovm__smmu_nrecords;

	tcase_add_test(golden, golden_vectors_both_ways);
	tcase_add_test(golden, driver_and_codec_agree);
	tcase_add_loop_test(table, no_bit_is_lost, 0, records);
	tcase_add_loop_test(table, nothing_and_everything, 0, records);
	tcase_add_loop_test(table, fields_stand_in_order_and_apart, 0, records);
	tcase_add_loop_test(table, put_takes_what_fits, 0, records);
	tcase_add_loop_test(table, records_are_told_apart_and_told_about, 0, records);
	tcase_add_loop_test(table, names_of_values, 0, records);
	tcase_add_loop_test(lookup, words_say_what_they_are, 0, sizeof sorts / sizeof *sorts);
	tcase_add_test(lookup, kinds_and_registers);
	tcase_add_test(lookup, name_of_one_value);
	tcase_add_test(lookup, reserved_bits_are_told);
	suite_add_tcase(suite, golden);
	suite_add_tcase(suite, table);
	suite_add_tcase(suite, lookup);
	return suite;
}

int main(void)
{
	return harness_main(codec_suite());
}
