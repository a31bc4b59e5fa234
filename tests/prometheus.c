/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The text that a Prometheus server scrapes, read by a parser of the exposition format that knows nothing of the writer's table. Every field of struct
 * iovm_stats holds a value of its own, so that a field without a metric, or one that stands twice, is seen by its value.
 */
#include <iovm/iovm.h>
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

#define FIRST64 offsetof(struct iovm_stats, requests)
#define FIRST32 offsetof(struct iovm_stats, pasids_live)
#define FIELDS64 ((FIRST32 - FIRST64) / 8)
#define FIELDS32 ((offsetof(struct iovm_stats, tokens) + 4 - FIRST32) / 4)
#define FIELDS (FIELDS64 + FIELDS32)

static uint64_t expected(unsigned field)	/* wider than 32 bits where the field is, with zeros among the digits */
{
	return field < FIELDS64 ? UINT64_C(9007000000000000) + field * 1010 : 4000000000u + field;
}

static struct iovm_stats filled(void)
{
	struct iovm_stats s = { .size = sizeof s };

	for (unsigned i = 0; i < FIELDS64; i++)
		(&s.requests)[i] = expected(i);
	for (unsigned i = 0; i < FIELDS32; i++)
		(&s.pasids_live)[i] = (uint32_t)expected(FIELDS64 + i);
	return s;
}

/* ---- the parser ------------------------------------------------------------------------------------------------------------- */

struct scrape {
	char metric[64], type[16];	/* of the last TYPE line */
	char seen[64][64];		/* every metric that had one */
	unsigned nseen, samples;
	uint64_t value[64];
	bool counter[64];
};

static const char *name_end(const char *at)
{
	ck_assert_msg(isalpha((unsigned char)*at) || *at == '_' || *at == ':', "no name: %s", at);
	while (isalnum((unsigned char)*at) || *at == '_' || *at == ':')
		at++;
	return at;
}

static void read_comment(struct scrape *s, const char *line)
{
	char metric[64], type[16];

	if (sscanf(line, "# HELP %63s %15s", metric, type) == 2)
		return;		/* some words follow */
	ck_assert_msg(sscanf(line, "# TYPE %63s %15s", metric, type) == 2, "neither HELP nor TYPE: %s", line);
	ck_assert_msg(!strcmp(type, "counter") || !strcmp(type, "gauge"), "%s", line);
	for (unsigned i = 0; i < s->nseen; i++)
		ck_assert_msg(strcmp(s->seen[i], metric) != 0, "twice: %s", line);
	strcpy(s->seen[s->nseen++], metric);
	strcpy(s->metric, metric);
	strcpy(s->type, type);
}

static const char *labels_end(const char *at)	/* {name="value"}, as far as it is used here: one label, nothing escaped */
{
	if (*at != '{')
		return at;
	at = name_end(at + 1);
	ck_assert_int_eq(strncmp(at, "=\"", 2), 0);
	at = strpbrk(at + 2, "\"\\\n");
	ck_assert_msg(at && !strncmp(at, "\"}", 2), "the label does not end");
	return at + 2;
}

static void read_sample(struct scrape *s, const char *line)
{
	const char *end = name_end(line);
	size_t len = (size_t)(end - line);
	char *rest;

	ck_assert_msg(len == strlen(s->metric) && !strncmp(line, s->metric, len), "a sample that does not follow its TYPE: %s", line);
	ck_assert_msg(!strcmp(s->type, "counter") == (len > 6 && !strncmp(end - 6, "_total", 6)), "a counter ends in _total, a gauge does not: %s", line);
	end = labels_end(end);
	ck_assert_int_eq(*end, ' ');
	s->counter[s->samples] = !strcmp(s->type, "counter");
	s->value[s->samples++] = strtoull(end + 1, &rest, 10);
	ck_assert_msg(rest > end + 1 && !*rest, "no number: %s", line);
}

static struct scrape parse(const char *text)
{
	struct scrape s = { .nseen = 0 };
	char line[512];

	while (*text) {
		const char *end = strchr(text, '\n');

		ck_assert_msg(end && end > text && end - text < (long)sizeof line, "a line that does not end, or is empty: %s", text);
		memcpy(line, text, (size_t)(end - text));
		line[end - text] = '\0';
		(*line == '#' ? read_comment : read_sample)(&s, line);
		text = end + 1;
	}
	return s;
}

/* ---- what it must have read ------------------------------------------------------------------------------------------------ */

START_TEST(every_field_once)
{
	struct iovm_stats stats = filled();
	char text[IOVM_STATS_TEXT];
	struct scrape s;

	ck_assert_uint_eq(iovm_stats_prometheus(&stats, text, sizeof text), strlen(text));
	s = parse(text);
	ck_assert_uint_eq(s.samples, FIELDS);
	for (unsigned field = 0; field < FIELDS; field++) {
		unsigned n = 0;

		for (unsigned i = 0; i < s.samples; i++)
			if (s.value[i] == expected(field)) {
				ck_assert_msg(s.counter[i] == (field < FIELDS64), "field %u: a counter, or a gauge?", field);
				n++;
			}
		ck_assert_msg(n == 1, "field %u stands %u times", field, n);
	}
}
END_TEST

START_TEST(numbers)
{
	static const uint64_t some[] = { 0, 1, 9, 10, 99, 100, 4294967295, 4294967296, UINT64_C(9999999999999999999), UINT64_C(10000000000000000000), UINT64_MAX };
	struct iovm_stats stats = { .size = sizeof stats };
	char text[IOVM_STATS_TEXT];

	for (unsigned i = 0; i < sizeof some / sizeof some[0]; i++) {
		stats.requests = some[i];
		iovm_stats_prometheus(&stats, text, sizeof text);
		ck_assert_uint_eq(parse(text).value[0], some[i]);
	}
	memset(&stats, 0xff, sizeof stats);
	stats.size = sizeof stats;
	ck_assert_msg(iovm_stats_prometheus(&stats, text, sizeof text) < sizeof text, "IOVM_STATS_TEXT is not always enough");
}
END_TEST

START_TEST(any_room)
{
	struct iovm_stats stats = filled();
	char text[IOVM_STATS_TEXT], less[IOVM_STATS_TEXT];
	size_t whole = iovm_stats_prometheus(&stats, text, sizeof text);

	for (size_t len = 0; len <= whole + 2; len++) {
		size_t kept = len > whole ? whole : len ? len - 1 : 0;

		memset(less, '~', sizeof less);
		ck_assert_uint_eq(iovm_stats_prometheus(&stats, less, len), whole);
		ck_assert_int_eq(memcmp(less, text, kept), 0);
		ck_assert_int_eq(less[kept], len ? '\0' : '~');
		ck_assert_int_eq(less[kept + 1], '~');
	}
	ck_assert_uint_eq(iovm_stats_prometheus(&stats, NULL, 0), whole);
}
END_TEST

START_TEST(an_older_caller)
{
	struct iovm_stats stats = filled();
	char text[IOVM_STATS_TEXT];

	stats.size = FIRST32;
	iovm_stats_prometheus(&stats, text, sizeof text);
	ck_assert_uint_eq(parse(text).samples, FIELDS64);
	stats.size = FIRST32 - 1;
	iovm_stats_prometheus(&stats, text, sizeof text);
	ck_assert_uint_eq(parse(text).samples, FIELDS64 - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prometheus");
	TCase *text = tcase_create("text");

	tcase_add_test(text, every_field_once);
	tcase_add_test(text, numbers);
	tcase_add_test(text, any_room);
	tcase_add_test(text, an_older_caller);
	suite_add_tcase(suite, text);
	return harness_main(suite);
}
