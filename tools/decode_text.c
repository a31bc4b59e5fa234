/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The page for people: an entry for each distinct record, then what was cut short, then the sum. 80 columns, no colour, no drawn lines: columns are made
 * by blanks alone and each line makes sense when it is read aloud. Large structures (STE, CD) show the fields that are not zero and name the others.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "decode.h"
#include "decode_judge.h"
#include "wrap.h"

#define LEFT		41u	/* where meanings begin */

static void title(const struct decode_entry *e)
{
	const struct decode_record *r = &e->first;
	unsigned number = (unsigned)(r->words[0] & 0xff);
	char span[32];
	int64_t us;

	if (!strcmp(r->kind, "EVT") || !strcmp(r->kind, "CMD"))
		printf("%s (%s 0x%02x)", r->record ? r->record->name : "unknown", decode_kind_says(r->kind), number);
	else if (!strcmp(r->kind, "REG"))
		printf("%s (register 0x%03" PRIx32 ")", r->record->name, r->record->number);
	else
		printf("%s (%s)", r->record ? r->record->name : "unknown", decode_kind_says(r->kind));
	if (e->count > 1) {
		printf(", x%" PRIu64, e->count);
		if (decode_stamp_span(&r->stamp, &e->last, &us)) {
			decode_duration(us, span);
			printf(" in %s", span);
		}
	}
	putchar('\n');
}

/* Sentences are put together before they are wrapped */
struct line { char text[512]; size_t used; };

static __attribute__((format(printf, 2, 3))) void add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->used, sizeof(l->text) - l->used, fmt, ap);
	va_end(ap);
	l->used += n < 0 ? 0 : (size_t)n;
	if (l->used >= sizeof(l->text))
		l->used = sizeof(l->text) - 1;
}

static void origin(const struct decode_entry *e, const char *place)
{
	const struct decode_record *r = &e->first;
	struct line l = { "seen", 4 };

	if (!r->place)
		return;
	if (r->device[0])
		add(&l, " by %s", r->device);
	if (r->client[0])
		add(&l, " for %s", r->client);
	add(&l, " at %s %" PRIu64, place, r->place);
	if (e->last_place != r->place)
		add(&l, " to %s %" PRIu64, place, e->last_place);
	if (r->stamp.clock != DECODE_NO_CLOCK)
		add(&l, ", time %s", r->stamp.text);
	if (e->count > 1 && e->last.clock != DECODE_NO_CLOCK && strcmp(r->stamp.text, e->last.text))
		add(&l, " to %s", e->last.text);
	fputs("  ", stdout);
	wrap(stdout, l.text, 2, 4);
}

static void words(const struct decode_record *r)
{
	unsigned i;

	for (i = 0; i < r->nwords; i++)
		printf("%s%016" PRIx64, i % 4 ? " " : i ? "\n  " : "  ", r->words[i]);
	putchar('\n');
}

static bool find(const struct decode_record *r, const char *name, uint64_t *value)
{
	const struct smmu_field *f = r->record ? iovm__smmu_field(r->record, name) : NULL;

	if (f)
		*value = iovm__smmu_get(f, r->words);
	return f;
}

static void who(const struct decode_record *r)
{
	uint64_t sid, ssid, valid = 1;
	char pci[16];

	if (!find(r, "SID", &sid) || (!strcmp(r->kind, "CMD") && !sid))
		return;
	decode_pci(sid, pci);
	printf("  StreamID 0x%" PRIx64 " (PCI %s, if it is a PCI device)", sid, pci);
	find(r, "SSV", &valid);
	if (find(r, "SSID", &ssid))
		printf(valid ? ", SubstreamID 0x%" PRIx64 : ", no SubstreamID", ssid);
	putchar('\n');
}

static void field(const struct smmu_field *f, const struct decode_record *r)
{
	uint64_t value = iovm__smmu_get(f, r->words);
	size_t length;
	const char *name = iovm__smmu_value_name(f, value, &length);
	char bits[16], meaning[256];
	int at;

	snprintf(bits, sizeof(bits), f->msb == f->lsb ? "%u" : "%u:%u", f->msb, f->lsb);
	if (name)
		snprintf(meaning, sizeof(meaning), "%.*s: %s", (int)length, name, f->meaning);
	else
		snprintf(meaning, sizeof(meaning), "%s", f->meaning);
	at = printf(value > 9 ? "  %-8s %-13s 0x%-12" PRIx64 : "  %-8s %-13s %-14" PRIu64, bits, f->name, value);
	fputs("  ", stdout);
	wrap(stdout, meaning, (unsigned)at + 2, LEFT);
}

static void fields(const struct decode_record *r)
{
	bool large = r->record->words == SMMU_RECORD_WORDS;
	char zero[2048] = "Zero:";
	size_t used = strlen(zero);
	unsigned i;

	for (i = 0; i < r->record->nfields; i++) {
		const struct smmu_field *f = &r->record->fields[i];

		if (!large || iovm__smmu_get(f, r->words))
			field(f, r);
		else if (used < sizeof(zero))
			used += (size_t)snprintf(zero + used, sizeof(zero) - used, " %s", f->name);
	}
	if (large) {
		fputs("  ", stdout);
		wrap(stdout, zero, 2, 4);
	}
}

static void reserved(const struct decode_record *r)
{
	uint64_t bits[SMMU_RECORD_WORDS];
	char list[2560] = "RESERVED bits are set:";
	size_t used = strlen(list);
	unsigned i;

	if (!r->record || !iovm__smmu_reserved(r->record, r->words, bits))
		return;
	for (i = 0; i < 64 * r->record->words && used < sizeof(list); i++)
		if (bits[i / 64] >> i % 64 & 1)
			used += (size_t)snprintf(list + used, sizeof(list) - used, " %u", i);
	fputs("  ! ", stdout);
	wrap(stdout, list, 4, 4);
}

static void problem(void *arg, const char *text)
{
	(void)arg;
	fputs("  ! ", stdout);
	wrap(stdout, text, 4, 4);
}

static void entry(const struct decode_entry *e, const char *place)
{
	const struct decode_record *r = &e->first;

	title(e);
	origin(e, place);
	who(r);
	words(r);
	if (r->record)
		fields(r);
	reserved(r);
	decode_judge(r, problem, NULL);
	if (r->record) {
		printf("  IHI 0070, %s. ", r->record->clause);
		wrap(stdout, r->record->about, 14 + (unsigned)strlen(r->record->clause), 2);
	}
	putchar('\n');
}

static void counted(struct line *l, uint64_t n, const char *one, const char *many)
{
	if (n)
		add(l, ", %" PRIu64 " %s", n, n == 1 ? one : many);
}

void decode_text(const struct decode_book *book)
{
	struct line sum = { "", 0 };
	char text[320];
	uint64_t i;

	for (i = 0; i < book->nentries; i++)
		entry(&book->entry[i], book->dump ? "record" : "line");
	for (i = 0; i < book->ncuts && i < DECODE_CUTS; i++) {
		decode_cut_say(&book->cut[i], text, sizeof(text));
		fputs("! ", stdout);
		wrap(stdout, text, 2, 2);
	}
	add(&sum, "%" PRIu64 " whole, %u distinct", book->records, book->nentries);
	counted(&sum, book->ncuts, "cut short", "cut short");
	counted(&sum, book->unknown, "of unknown number", "of unknown number");
	counted(&sum, book->more, "more than there is room for", "more than there is room for");
	counted(&sum, book->zeroes, "empty slot", "empty slots");
	counted(&sum, book->long_lines, "line longer than 65535 bytes", "lines longer than 65535 bytes");
	add(&sum, ".");
	wrap(stdout, sum.text, 0, 2);
}
