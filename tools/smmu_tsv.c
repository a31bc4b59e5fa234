/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A line is refused rather than guessed at: a carriage return, a NUL byte or a fourth column means that something else wrote the file than was thought. What is
 * echoed in an ERR line has its unprintable bytes replaced, so the answer always has three columns.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "decode.h"
#include "smmu_ranges.h"
#include "smmu_tsv.h"

#define ARGUMENTS 8u

static const char *columns(char *line, size_t length, struct smmu_tsv *t)
{
	bool nul = memchr(line, 0, length);
	char *tab = strchr(line, '\t'), *second = tab ? strchr(tab + 1, '\t') : NULL;

	t->kind = line;
	t->name = tab ? tab + 1 : line + length;
	t->data = second ? second + 1 : line + length;
	if (tab)
		*tab = '\0';
	if (second)
		*second = '\0';
	if (nul)
		return "a NUL byte";
	return second ? NULL : "three columns are needed, separated by tabs: kind, name, data";
}

static const char *strange(const struct smmu_tsv *t, const char *end)
{
	const char *at;

	if (end > t->data && end[-1] == '\r')
		return "a carriage return at its end: lines end with a newline alone";
	if (strchr(t->data, '\t'))
		return "more than three columns";
	for (at = t->kind; at < end; at++)
		if (*at && iscntrl((unsigned char)*at))
			return "a control character";
	return NULL;
}

static void refuse(FILE *out, const char *name, const char *why)
{
	fputs("ERR\t", out);
	for (; *name && *name != '\t'; name++)
		putc(isprint((unsigned char)*name) ? *name : '?', out);
	fprintf(out, "\t%s\n", why);
}

int smmu_tsv_each(struct smmu_reader *in, FILE *out, const char *(*answer)(FILE *out, struct smmu_tsv *line))
{
	char *line = malloc(SMMU_LINE_MAX);
	int code = line ? DECODE_GOOD : DECODE_BAD;
	struct smmu_tsv t;
	size_t length;
	bool cut;

	while (line && smmu_reader_line(in, line, SMMU_LINE_MAX, &length, &cut)) {
		const char *why = columns(line, length, &t);

		if (cut)
			why = "longer than 65535 bytes";
		if (!why)
			why = strange(&t, line + length);
		if (!why)
			why = answer(out, &t);
		if (why) {
			refuse(out, t.name, why);
			code = DECODE_BAD;
		}
	}
	free(line);
	return code;
}

static const struct smmu_record *of_length(const char *kind, const char *name, size_t length)
{
	char part[48];

	if (length >= sizeof(part))
		return NULL;
	memcpy(part, name, length);
	part[length] = '\0';
	return iovm__smmu_record(kind, part);
}

const char *smmu_tsv_record(const struct smmu_tsv *line, const struct smmu_record **r)
{
	static const char decode[] = "(decode)";
	size_t length = strlen(line->name), tail = strlen(decode);

	if (!strcmp(line->kind, "STE") || !strcmp(line->kind, "CD")) {
		*r = iovm__smmu_record(line->kind, line->kind);
	} else if (!strcmp(line->kind, "PRI")) {
		*r = iovm__smmu_record("PRI", strcmp(line->name, "STOP_MARKER") ? "PPR" : "STOP_MARKER");
	} else {
		if (!strcmp(line->kind, "L1"))
			length = strcspn(line->name, " ");
		else if (!strcmp(line->kind, "REG") && length > tail && !strcmp(line->name + length - tail, decode))
			length -= tail;
		*r = of_length(line->kind, line->name, length);
	}
	if (*r)
		return NULL;
	return iovm__smmu_kind_words(line->kind) ? "no record of this name" : "no such kind; there are CMD EVT PRI STE CD L1 REG QUE ALG";
}

bool smmu_tsv_pair(char **at, const char **name, size_t *length, const char **value, size_t *digits)
{
	char *start = *at, *end = start + strcspn(start, ";"), *equal = memchr(start, '=', (size_t)(end - start));

	*name = start;
	*length = (size_t)((equal ? equal : end) - start);
	*value = equal ? equal + 1 : end;
	*digits = (size_t)(end - *value);
	*at = end + (*end == ';');
	return equal && *length;
}

bool smmu_tsv_calculates(const struct smmu_tsv *line)
{
	return !strcmp(line->kind, "QUE") || !strcmp(line->kind, "ALG");
}

const char *smmu_tsv_calculate(FILE *out, const struct smmu_tsv *line)
{
	struct smmu_argument argument[ARGUMENTS];
	char *at = line->data;
	const char *value;
	size_t digits;
	unsigned n;

	for (n = 0; *at && n < ARGUMENTS; n++)
		if (!smmu_tsv_pair(&at, &argument[n].name, &argument[n].length, &value, &digits) || !smmu_number_parse(value, digits, &argument[n].value))
			return "its data must be NAME=NUMBER;NAME=NUMBER";
	if (*at)
		return "too many arguments";
	return smmu_ranges_print(out, line->kind, line->name, argument, n);
}
