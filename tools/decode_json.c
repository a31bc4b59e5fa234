/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The same for programs: one JSON object. Its entries are built and printed one at a time, since thousands of them at once would be most of this
 * program's memory. 64-bit values are strings: JSON's numbers hold 53 bits everywhere.
 */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include "decode.h"
#include "decode_judge.h"

static json_t *hex(uint64_t value, int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, value);
	return json_string(text);
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? json_string(text) : json_null();
}

static json_t *fields(const struct decode_record *r)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; r->record && i < r->record->nfields; i++) {
		const struct smmu_field *f = &r->record->fields[i];
		uint64_t value = iovm__smmu_get(f, r->words);
		size_t length;
		const char *name = iovm__smmu_value_name(f, value, &length);

		json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:o,s:o,s:s}", "name", f->name, "msb", f->msb, "lsb", f->lsb, "value", hex(value, 1),
			"value_name", name ? json_stringn(name, length) : json_null(), "meaning", f->meaning));
	}
	return list;
}

static json_t *reserved(const struct decode_record *r)
{
	uint64_t bits[SMMU_RECORD_WORDS];
	json_t *list = json_array();
	unsigned i;

	if (r->record && iovm__smmu_reserved(r->record, r->words, bits))
		for (i = 0; i < 64 * r->record->words; i++)
			if (bits[i / 64] >> i % 64 & 1)
				json_array_append_new(list, json_integer(i));
	return list;
}

static void problem(void *arg, const char *text)
{
	json_array_append_new(arg, json_string(text));
}

static json_t *words(const struct decode_record *r, unsigned n)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, hex(r->words[i], 16));
	return list;
}

static json_t *number(const struct decode_record *r)
{
	if (!strcmp(r->kind, "EVT") || !strcmp(r->kind, "CMD"))
		return json_integer((json_int_t)(r->words[0] & 0xff));
	return !strcmp(r->kind, "REG") ? json_integer((json_int_t)r->record->number) : json_null();
}

static json_t *entry(const struct decode_entry *e)
{
	const struct decode_record *r = &e->first;
	json_t *problems = json_array();
	int64_t us;

	decode_judge(r, problem, problems);
	return json_pack("{s:s,s:s?,s:o,s:I,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:s?,s:s?}", "kind", r->kind, "name", r->record ? r->record->name : NULL,
		"number", number(r), "count", (json_int_t)e->count, "first_seen", text_or_null(r->stamp.text), "last_seen", text_or_null(e->last.text),
		"microseconds", decode_stamp_span(&r->stamp, &e->last, &us) ? json_integer(us) : json_null(),
		"iommu", text_or_null(r->device), "client", text_or_null(r->client), "first_place", (json_int_t)r->place, "last_place", (json_int_t)e->last_place,
		"words", words(r, r->nwords), "fields", fields(r), "reserved", reserved(r), "problems", problems,
		"clause", r->record ? r->record->clause : NULL, "about", r->record ? r->record->about : NULL);
}

static json_t *cut_short(const struct decode_book *book)
{
	json_t *list = json_array();
	char say[320];
	uint64_t i;

	for (i = 0; i < book->ncuts && i < DECODE_CUTS; i++) {
		const struct decode_cut *c = &book->cut[i];
		const struct decode_record *r = &c->record;

		decode_cut_say(c, say, sizeof(say));
		json_array_append_new(list, json_pack("{s:s,s:s?,s:o,s:I,s:o,s:o,s:i,s:I,s:s?,s:s}", "kind", r->kind, "name", r->record ? r->record->name : NULL,
			"iommu", text_or_null(r->device), "place", (json_int_t)r->place, "seen", text_or_null(r->stamp.text), "words", words(r, c->have),
			"needs", (int)r->nwords, "bytes", (json_int_t)c->bytes, "clause", r->record ? r->record->clause : NULL, "problem", say));
	}
	return list;
}

static bool put(json_t *o)	/* and give it back */
{
	int err = o ? json_dumpf(o, stdout, JSON_COMPACT | JSON_ENCODE_ANY) : -1;

	json_decref(o);
	return !err || ferror(stdout);
}

bool decode_json(const struct decode_book *book)
{
	unsigned i;

	fputs("{\"schema\":\"iovm-decode\",\"version\":1,\"entries\":[", stdout);
	for (i = 0; i < book->nentries; i++) {
		fputs(i ? ",\n" : "\n", stdout);
		if (!put(entry(&book->entry[i])))
			return false;
	}
	fputs("],\n\"cut_short\":", stdout);
	if (!put(cut_short(book)))
		return false;
	printf(",\n\"cut_short_count\":%" PRIu64 ",\"records\":%" PRIu64 ",\"unknown\":%" PRIu64 ",\"not_shown\":%" PRIu64 ",\"empty_slots\":%" PRIu64
		",\"lines\":%" PRIu64 ",\"long_lines\":%" PRIu64 "}\n",
		book->ncuts, book->records, book->unknown, book->more, book->zeroes, book->lines, book->long_lines);
	return true;
}
