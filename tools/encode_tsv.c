/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* `--tsv` of encode: fields in, words out. The name's record gives opcode or number; what is not named is 0, and no field may be named twice. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include "decode.h"
#include "encode_fields.h"
#include "smmu_tsv.h"

static bool named_before(const char *data, const char *name, size_t length)
{
	const char *at = data;

	for (; at < name; at += strcspn(at, ";") + 1)
		if (!strncasecmp(at, name, length) && at[length] == '=')
			return true;
	return false;
}

static const char *fill(struct smmu_tsv *line, const struct smmu_record *r, uint64_t *words)
{
	static char why[ENCODE_WHY];
	const char *name, *value;
	char *at = line->data;
	size_t length, digits;

	iovm__smmu_begin(r, words);
	while (*at) {
		if (!smmu_tsv_pair(&at, &name, &length, &value, &digits))
			return "its data must be FIELD=NUMBER;FIELD=NUMBER";
		if (named_before(line->data, name, length)) {
			snprintf(why, sizeof(why), "%.*s is given twice", (int)(length > 40 ? 40 : length), name);
			return why;
		}
		if (!encode_pair(r, words, name, length, value, digits, why))
			return why;
	}
	return NULL;
}

static const char *answer(FILE *out, struct smmu_tsv *line)
{
	uint64_t words[SMMU_RECORD_WORDS] = { 0 };
	const struct smmu_record *r;
	const char *why;
	unsigned i;

	if (smmu_tsv_calculates(line))
		return smmu_tsv_calculate(out, line);
	why = smmu_tsv_record(line, &r);
	if (!why)
		why = fill(line, r, words);
	if (why)
		return why;
	fprintf(out, "%s\t%s\t", line->kind, line->name);
	for (i = 0; i < r->words; i++)
		fprintf(out, "%s%016" PRIx64, i ? " " : "", words[i]);
	putc('\n', out);
	return NULL;
}

int encode_tsv(struct smmu_reader *in, FILE *out)
{
	return smmu_tsv_each(in, out, answer);
}
