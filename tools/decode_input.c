/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A stream is read once, in pieces: its first block tells text from a dump and is then handed back to whoever reads on. Text may have a few strange
 * bytes (logs after a crash do), a dump of little-endian records has mostly such.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "decode_input.h"
#include "decode_log.h"
#include "smmu_words.h"

static uint64_t le64(const unsigned char *b)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 8; i--;)
		n = n << 8 | b[i];
	return n;
}

/* One byte of text: ASCII, or part of a UTF-8 character at p; how many bytes it has, 0: it is none */
static size_t character(const unsigned char *p, size_t left)
{
	size_t n = *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 ? 3 : 2, i;

	if (*p < 0x80)
		return isprint(*p) || isspace(*p) || *p == 0x1b;
	if (*p < 0xc2 || *p >= 0xf5)
		return 0;
	for (i = 1; i < n && i < left; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n < left ? n : left;
}

static bool looks_like_text(const unsigned char *p, size_t size)
{
	size_t strange = 0, at, n;

	for (at = 0; at < size; at += n ? n : 1) {
		n = character(p + at, size - at);
		strange += !n;
	}
	return strange <= size / 4;
}

static void slot(struct decode_book *book, const struct decode_source *s, const unsigned char *bytes, unsigned nwords, uint64_t place)
{
	struct decode_record r = { .kind = s->kind, .nwords = nwords, .said = -1, .place = place };
	uint64_t any = 0;
	unsigned i;

	for (i = 0; i < nwords; i++)
		any |= r.words[i] = le64(bytes + 8 * i);
	if (!any) {
		book->zeroes++;
		return;
	}
	r.record = s->fixed ? s->fixed : iovm__smmu_classify(s->kind, r.words);
	decode_book_add(book, &r);
}

static void raw(struct decode_book *book, const struct decode_source *s, struct smmu_reader *in)
{
	unsigned nwords = s->fixed ? s->fixed->words : iovm__smmu_kind_words(s->kind);
	unsigned char bytes[8 * SMMU_RECORD_WORDS];
	uint64_t place = 0;
	size_t got;

	book->dump = true;
	while ((got = smmu_reader_take(in, bytes, 8 * nwords)) == 8 * nwords)
		slot(book, s, bytes, nwords, ++place);
	if (got) {
		struct decode_cut cut = { .record = { .kind = s->kind, .nwords = nwords, .said = -1, .place = place + 1 }, .have = (unsigned)(got / 8), .bytes = got };

		decode_book_cut(book, &cut);
	}
}

static bool text(struct decode_book *book, const struct decode_source *s, struct smmu_reader *in)
{
	struct decode_log *log = malloc(sizeof(*log));
	char *line = malloc(SMMU_LINE_MAX);
	bool good = log && line, cut;
	size_t length;

	if (good) {
		decode_log_init(log, book, s->kind, s->fixed);
		while (smmu_reader_line(in, line, SMMU_LINE_MAX, &length, &cut)) {
			book->long_lines += cut;
			decode_log_line(log, line, length);
		}
		decode_log_end(log);
	}
	free(line);
	free(log);
	return good;
}

bool decode_stream(struct decode_book *book, const struct decode_source *s, struct smmu_reader *in)
{
	enum decode_form form = s->form;

	if (form == DECODE_GUESS)
		form = looks_like_text(in->block, smmu_reader_look(in)) ? DECODE_TEXT : DECODE_RAW;
	if (form == DECODE_TEXT)
		return text(book, s, in);
	raw(book, s, in);
	return true;
}

/* Any separators: what is not a letter or digit. A lone word may be of any length up to 16 digits */
bool decode_arguments(struct decode_book *book, const struct decode_source *s, char **argument, int count, const char **bad)
{
	struct decode_log *log = malloc(sizeof(*log));
	uint64_t word;
	int i, got;

	if (!log) {
		*bad = NULL;
		return false;
	}
	decode_log_init(log, book, s->kind, s->fixed);
	for (i = 0; i < count; i++) {
		const char *at = argument[i];

		while ((got = decode_log_next(&at, 1, &word)) > 0)
			decode_log_word(log, word);
		if (got) {
			*bad = argument[i];
			break;
		}
	}
	decode_log_end(log);
	free(log);
	return i == count;
}
