/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Linux prints an event as a head, "arm-smmu-v3 2b400000.smmu: event 0x10 received:", and a line for each of its four words, 16 digits each, and does the
 * same with a command it skips. Each line has the IOMMU's name before a colon; that name, not the order of lines, tells which block a word belongs to, since
 * two IOMMUs print at the same time and other lines come between. A block ends with its last word, or it was cut short: by the next head of the
 * same IOMMU, or by the end of the text. Words of an IOMMU without a head are a block whose head was cut off.
 *
 * Plain words, outside of any log, have no names: they fill one record after another, and a line that is not words ends the one that was begun.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "decode_log.h"
#include "smmu_words.h"

#define LOG_DIGITS	16u	/* Linux prints words with %016llx */
#define PLAIN_DIGITS	8u	/* a plain word without 0x has at least these, since "dead" and "beef" are English */

static const struct smmu_record *what(const struct decode_log *log, const struct decode_block *b)
{
	return log->fixed && b == &log->plain ? log->fixed : iovm__smmu_classify(b->record.kind, b->record.words);
}

static void finish(struct decode_log *log, struct decode_block *b)
{
	struct decode_record *r = &b->record;

	r->record = what(log, b);
	b->last = decode_book_add(log->book, r);
	b->open = false;
}

static void cut_off(struct decode_log *log, struct decode_block *b)
{
	struct decode_cut cut = { .record = b->record, .have = b->have, .headless = b->headless };

	if (!b->open)
		return;
	if (b->have && b->headless)	/* nobody knows which words are missing */
		cut.record.record = NULL;
	else if (b->have)
		cut.record.record = what(log, b);
	decode_book_cut(log->book, &cut);
	b->open = false;
}

static void begin(struct decode_log *log, struct decode_block *b, const char *kind, const struct decode_stamp *stamp)
{
	cut_off(log, b);
	memset(b->record.words, 0, sizeof(b->record.words));
	b->record.client[0] = '\0';
	b->record.record = NULL;
	b->record.kind = kind;
	b->record.nwords = iovm__smmu_kind_words(kind);
	b->record.said = -1;
	b->record.place = log->book->lines;
	b->record.stamp = *stamp;
	b->have = 0;
	b->open = true;
	b->headless = false;
	b->touched = log->book->lines;
}

static void take(struct decode_log *log, struct decode_block *b, uint64_t word)
{
	b->record.words[b->have++] = word;
	b->touched = log->book->lines;
	if (b->have == b->record.nwords)
		finish(log, b);
}

static struct decode_block *find(struct decode_log *log, const char *device)
{
	unsigned i;

	for (i = 0; i < DECODE_OPEN; i++)
		if (log->block[i].used && !strcmp(log->block[i].record.device, device))
			return &log->block[i];
	return NULL;
}

/* This IOMMU's block, or the one that nobody has touched for longest */
static struct decode_block *claim(struct decode_log *log, const char *device)
{
	struct decode_block *b = find(log, device), *oldest = &log->block[0];
	unsigned i;

	if (b)
		return b;
	for (i = 0; i < DECODE_OPEN && oldest->used; i++)
		if (!log->block[i].used || log->block[i].touched < oldest->touched)
			oldest = &log->block[i];
	cut_off(log, oldest);
	memset(oldest, 0, sizeof(*oldest));
	oldest->used = true;
	memcpy(oldest->record.device, device, strlen(device) + 1);
	return oldest;
}

/* Names are printed again, so what a terminal or JSON would trip over does not get in */
static void copy_name(char name[DECODE_NAME], const char *from, size_t length)
{
	size_t i;

	for (i = 0; i < length && i + 1 < DECODE_NAME; i++)
		name[i] = isprint((unsigned char)from[i]) ? from[i] : '?';
	name[i] = '\0';
}

/* The word that ends at `end`, without its colon: the IOMMU's name. "" if there is none */
static void name_before(const char *line, const char *end, char name[DECODE_NAME])
{
	const char *start;

	while (end > line && (isblank((unsigned char)end[-1]) || end[-1] == ':'))
		end--;
	for (start = end; start > line && !isblank((unsigned char)start[-1]) && start[-1] != ']'; start--)
		;
	copy_name(name, start, (size_t)(end - start));
}

static bool head(struct decode_log *log, const char *line, const struct decode_stamp *stamp)
{
	static const char before[] = "event 0x", after[] = " received", skipped[] = "skipping command in error state";
	const char *event = strstr(line, before), *command = strstr(line, skipped);
	char device[DECODE_NAME];
	struct decode_block *b;
	uint64_t number;
	size_t digits;

	if (event) {
		digits = strspn(event + strlen(before), "0123456789abcdefABCDEF");
		if (digits > 2 || strncmp(event + strlen(before) + digits, after, strlen(after)) || !smmu_hex_parse(event + strlen(before), digits, &number))
			return false;
	} else if (!command) {
		return false;
	}
	name_before(line, event ? event : command, device);
	b = claim(log, device);
	begin(log, b, event ? "EVT" : "CMD", stamp);
	b->record.said = event ? (int)number : -1;
	return true;
}

/* Newer kernels say after the words whose they are: "event: F_TRANSLATION client: 0000:01:00.0 sid: 0x8" */
static bool client(struct decode_log *log, const char *line)
{
	static const char mark[] = " client: ";
	const char *event = strstr(line, "event: "), *who = event ? strstr(event, mark) : NULL, *end;
	char device[DECODE_NAME];
	struct decode_block *b;
	struct decode_record *r;

	end = who ? strstr(who + strlen(mark) - 1, " sid: ") : NULL;
	if (!end)
		return false;
	name_before(line, event, device);
	who += strlen(mark);
	if (end < who)
		end = who;
	b = find(log, device);
	r = b && !b->open && b->last && b->last->last_place == b->record.place ? &b->last->first : NULL;
	if (r && !r->client[0])
		copy_name(r->client, who, (size_t)(end - who));
	return true;
}

static bool separator(char c)
{
	return c && !isalnum((unsigned char)c) && c != '_' && c != '-';
}

/* C's suffixes are let pass */
int decode_log_next(const char **at, unsigned least, uint64_t *word)
{
	const char *start, *end;
	size_t length;
	bool prefix;

	while (separator(**at))
		(*at)++;
	if (!**at)
		return 0;
	for (start = end = *at; *end && !separator(*end); end++)
		;
	*at = end;
	while (end > start && strchr("uUlL", end[-1]))
		end--;
	length = (size_t)(end - start);
	prefix = length > 2 && start[0] == '0' && (start[1] | 32) == 'x';
	if (!smmu_hex_parse(start, length, word))
		return -1;
	if (least == LOG_DIGITS)
		return prefix && length == LOG_DIGITS + 2 ? 1 : -1;
	if (prefix || length >= least)
		return 1;
	return length == 1 && *start == '0' ? 2 : -1;
}

/* And one of them is more than a lone 0, which is a word only among others */
static bool all_words(const char *text, unsigned least, bool zeroes)
{
	bool any = false;
	uint64_t word;
	int got;

	while ((got = decode_log_next(&text, least, &word)) > 0)
		any |= got == 1 || zeroes;
	return any && !got;
}

/* "NAME: 0x..." of an IOMMU whose block is open, or that looks like one */
static bool log_words(struct decode_log *log, const char *line, const struct decode_stamp *stamp)
{
	const char *colon = strrchr(line, ':'), *at = colon;
	char device[DECODE_NAME];
	struct decode_block *b;
	uint64_t word;

	if (!colon || !isblank((unsigned char)*++at) || !all_words(at, LOG_DIGITS, false))
		return false;
	name_before(line, colon, device);
	b = find(log, device);
	if (!device[0] || ((!b || !b->open) && !strstr(line, "smmu") && !strstr(line, "SMMU")))
		return false;
	while (decode_log_next(&at, LOG_DIGITS, &word) > 0) {
		if (!b || !b->open) {
			b = claim(log, device);
			begin(log, b, "EVT", stamp);
			b->headless = true;
		}
		take(log, b, word);
	}
	return true;
}

static struct decode_block *latest_open(struct decode_log *log)
{
	struct decode_block *latest = NULL;
	unsigned i;

	for (i = 0; i < DECODE_OPEN; i++)
		if (log->block[i].open && (!latest || log->block[i].touched > latest->touched))
			latest = &log->block[i];
	return latest;
}

void decode_log_word(struct decode_log *log, uint64_t word)
{
	static const struct decode_stamp none;

	if (!log->plain.open) {
		begin(log, &log->plain, log->kind, &none);
		log->plain.record.nwords = log->nwords;
	}
	take(log, &log->plain, word);
}

/* What a line of a debugger's dump says after "ADDRESS: ", or the line */
static const char *behind_address(const char *text)
{
	const char *colon = strchr(text, ':'), *at = text;
	uint64_t address;

	while (isblank((unsigned char)*at))
		at++;
	if (!colon || !isblank((unsigned char)colon[1]) || !smmu_hex_parse(at, (size_t)(colon - at), &address))
		return text;
	return colon + 1;
}

/* Words without a name: of the log's open block, if its lines have lost their prefixes; else records of their own */
static bool plain_words(struct decode_log *log, const char *text)
{
	struct decode_block *b = log->plain.open ? NULL : latest_open(log);
	unsigned least = b ? LOG_DIGITS : !strcmp(log->kind, "REG") ? 1 : PLAIN_DIGITS;
	const char *at = behind_address(text);
	uint64_t word;

	if (!all_words(at, least, log->plain.open))
		return false;
	while (decode_log_next(&at, least, &word) > 0) {
		if (b && b->open)
			take(log, b, word);
		else
			decode_log_word(log, word);
	}
	return true;
}

/* Takes a terminal's colours out (dmesg --color): ESC, [, parameters, and a letter that ends them */
static size_t uncolour(char *line, size_t length)
{
	size_t from = 0, to = 0;

	while (from < length) {
		if (line[from] != '\x1b' || line[from + 1] != '[') {
			line[to++] = line[from++];
			continue;
		}
		for (from += 2; from < length && (unsigned char)line[from] >= ' ' && (unsigned char)line[from] < '@'; from++)
			;
		from += from < length;
	}
	line[to] = '\0';
	return to;
}

void decode_log_line(struct decode_log *log, char *line, size_t length)
{
	struct decode_stamp stamp;
	const char *rest;
	size_t i;

	log->book->lines++;
	length = uncolour(line, length);
	for (i = 0; i < length; i++)	/* a log of a machine that crashed may have runs of them */
		if (!line[i])
			line[i] = ' ';
	while (length && isspace((unsigned char)line[length - 1]))
		line[--length] = '\0';
	if (!length)
		return;
	stamp = decode_stamp_find(line, &rest);
	if (head(log, line, &stamp) || log_words(log, line, &stamp) || client(log, line) || plain_words(log, rest))
		return;
	cut_off(log, &log->plain);
}

void decode_log_end(struct decode_log *log)
{
	unsigned i;

	for (i = 0; i < DECODE_OPEN; i++)
		cut_off(log, &log->block[i]);
	cut_off(log, &log->plain);
}

void decode_log_init(struct decode_log *log, struct decode_book *book, const char *kind, const struct smmu_record *fixed)
{
	memset(log, 0, sizeof(*log));
	log->book = book;
	log->kind = kind;
	log->fixed = fixed;
	log->nwords = fixed ? fixed->words : iovm__smmu_kind_words(kind);
}
