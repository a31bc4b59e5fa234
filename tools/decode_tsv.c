/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * `--tsv` of decode: a line in, a line out, for programs and golden vectors. Kind and name are echoed; RESERVED and MISMATCH, which no field is called, say
 * what the fields cannot, so that `encode --tsv` makes the same words again. A line that cannot be read costs that line only.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "decode.h"
#include "smmu_ranges.h"
#include "smmu_tsv.h"

static const char *read_words(const struct smmu_tsv *line, const struct smmu_record *r, uint64_t *words)
{
	static char why[64];
	unsigned n = 0;
	const char *at = line->data;

	while (*at) {
		size_t length = strcspn(at, " ");
		uint64_t word;

		if (length && !smmu_hex_parse(at, length, &word))
			return "not a hex word of at most 16 digits";
		if (length && n++ < r->words)
			words[n - 1] = word;
		at += length + (at[length] == ' ');
	}
	if (n == r->words)
		return NULL;
	snprintf(why, sizeof(why), "%u of %u words", n, r->words);
	return why;
}

static void put_reserved(FILE *out, const char *gap, const struct smmu_record *r, const uint64_t *words)
{
	uint64_t reserved[SMMU_RECORD_WORDS];
	unsigned i;

	if (!iovm__smmu_reserved(r, words, reserved))
		return;
	fprintf(out, "%sRESERVED=", gap);
	for (gap = "", i = 0; i < 64 * r->words; i++)
		if (reserved[i / 64] >> i % 64 & 1) {
			fprintf(out, "%s%u", gap, i);
			gap = ",";
		}
}

static bool is_reserved(const struct smmu_record *r, const uint64_t *words)
{
	uint64_t reserved[SMMU_RECORD_WORDS];

	return iovm__smmu_reserved(r, words, reserved);
}

static void put_fields(FILE *out, const struct smmu_tsv *line, const struct smmu_record *r, const uint64_t *words)
{
	const char *gap = "";
	const struct smmu_record *real;
	unsigned i;

	fprintf(out, "%s\t%s\t", line->kind, line->name);
	for (i = 0; i < r->nfields; i++) {
		uint64_t value = iovm__smmu_get(&r->fields[i], words);

		if (value) {
			fprintf(out, "%s%s=0x%" PRIx64, gap, r->fields[i].name, value);
			gap = ";";
		}
	}
	put_reserved(out, gap, r, words);
	if (is_reserved(r, words))
		gap = ";";
	if (!strcmp(r->kind, "CMD") || !strcmp(r->kind, "EVT")) {
		real = iovm__smmu_classify(r->kind, words);
		if (!real)
			fprintf(out, "%sMISMATCH=0x%x", gap, (unsigned)(words[0] & 0xff));
		else if (real != r)
			fprintf(out, "%sMISMATCH=%s", gap, real->name);
	}
	putc('\n', out);
}

static const char *answer(FILE *out, struct smmu_tsv *line)
{
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };
	const struct smmu_record *r;
	const char *why;

	if (smmu_tsv_calculates(line))
		return smmu_tsv_calculate(out, line);
	why = smmu_tsv_record(line, &r);
	if (!why)
		why = read_words(line, r, words);
	if (!why)
		put_fields(out, line, r, words);
	return why;
}

int decode_tsv(struct smmu_reader *in, FILE *out)
{
	return smmu_tsv_each(in, out, answer);
}
