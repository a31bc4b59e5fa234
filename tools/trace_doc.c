/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The trace format as a page. Offsets and sizes come from the struct, events and their fields from IOVM_TRACE_EVENTS, so the page cannot say
 * anything that the code does not do; the words around them are here.
 */
#include <stddef.h>
#include <iovm/trace.h>
#include "trace_doc.h"

struct field { const char *name, *type, *what; size_t offset, size; };
#define HEADER(name, type, what) { #name, type, what, offsetof(struct iovm_trace_header, name), sizeof(((struct iovm_trace_header *)0)->name) }
#define RECORD(name, type, what) { #name, type, what, offsetof(struct iovm_trace, name), sizeof(((struct iovm_trace *)0)->name) }

static const struct field header[] = {
	HEADER(magic, "bytes", "`" IOVM_TRACE_MAGIC "` and a zero"),
	HEADER(version, "u32", "1"),
	HEADER(record_bytes, "u32", "size of a record: 64"),
	HEADER(seed, "u64", "seed of the run"),
	HEADER(reserved, "bytes", "0"),
};
static const struct field record[] = {
	RECORD(time, "u64", "ns of the run's clock"),
	RECORD(mm, "u64", "number of the address space, given by who writes the file; 0: none"),
	RECORD(a, "u64", "as the event says"),
	RECORD(b, "u64", "as the event says"),
	RECORD(stream_id, "u32", "StreamID"),
	RECORD(pasid, "u32", "PASID; 0xffffffff: none"),
	RECORD(bond, "u32", "serial of the bond, from 1; 0: none"),
	RECORD(context, "u32", "serial of the context: one mm under one PASID, from 1; 0: none"),
	RECORD(id, "u32", "serial of the group on its IOMMU, or as the event says"),
	RECORD(event, "u16", "the event's number, below"),
	RECORD(index, "u16", "PRG index or STAG"),
	RECORD(code, "i16", "as the event says"),
	RECORD(iommu, "u8", "number of the IOMMU"),
	RECORD(flags, "u8", "of a request: 1 read, 2 write, 4 execute, 8 privileged, 16 Last, 32 PASID, 64 stall"),
	RECORD(reserved, "u32", "0"),
};
static const struct { const char *name, *fields; unsigned number; } events[] = {
#define X(name, number, fields) { #name, fields, number },
	IOVM_TRACE_EVENTS(X)
#undef X
};

static void fields(FILE *out, const struct field *f, size_t n)
{
	fputs("| offset | bytes | type | field | meaning |\n|---|---|---|---|---|\n", out);
	for (; n--; f++)
		fprintf(out, "| %zu | %zu | %s | `%s` | %s |\n", f->offset, f->size, f->type, f->name, f->what);
	fputc('\n', out);
}

static void list(FILE *out, const char *title, const char *const *names)
{
	unsigned i;

	fprintf(out, "%s: ", title);
	for (i = 0; names[i]; i++)
		fprintf(out, "%s%u %s", i ? ", " : "", i + 1, names[i]);
	fputs(".\n", out);
}

void trace_doc_print(FILE *out)
{
	static const char *const verdicts[] = { "MEMBER", "LAST", "MARKER", "DROPPED", NULL };
	static const char *const causes[] = { "SERVED", "UNKNOWN_STREAM", "NOT_READY", "NO_BOND", "STALE", "ACCESS", "ADDRESS", "FLOOD", "LOSSY", "FENCED", "AGE",
		"OVERFLOW", "BOND_END", "RESET", "GONE", "AGAIN", NULL };
	static const char *const lives[] = { "ADD", "INIT", "SHUTDOWN", "DEL", "GONE", "RESET_BEGIN", "RESET_DONE", "RESET_FAILED", "FENCED", "FREED", NULL };
	size_t i;

	fputs("<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later -->\n# The trace\n\n"
	      "Made from include/iovm/trace.h by tools/gen_trace_doc; a test compares the two.\n\n"
	      "A trace file is a header and then records of one size, all little-endian, in the order of happening. The first record has ordinal 1.\n"
	      "What an event does not name is 0, and `pasid` is 0xffffffff. `iovm check-trace FILE` judges a trace by docs/INVARIANTS.md and reads nothing else.\n\n"
	      "## Header\n\n", out);
	fields(out, header, sizeof header / sizeof header[0]);
	fputs("## Record\n\n", out);
	fields(out, record, sizeof record / sizeof record[0]);
	fputs("## Events\n\n*stream* stands for `iommu` and `stream_id`; *key* for stream, `pasid`, `index`, `flags`. Numbers below 32 are written by the\n"
	      "(pretend) machine, the others by the engine.\n\n| number | event | fields |\n|---|---|---|\n", out);
	for (i = 0; i < sizeof events / sizeof events[0]; i++)
		fprintf(out, "| %u | %s | %s |\n", events[i].number, events[i].name, events[i].fields);
	fputs("\n## Codes\n\n", out);
	list(out, "Verdicts of CONS", verdicts);
	list(out, "Causes of DISCARD, RESP, SUPPRESS", causes);
	list(out, "DEVICE", lives);
	fputs("Responses: 0 Success, 1 Invalid Request, 15 Response Failure. Results and refusals are 0 or a negative IOVM_E_* of include/iovm/iovm.h;\n"
	      "operations, capabilities, outcomes, bond events and notices are numbered as in include/iovm/backend.h and iovm.h.\n", out);
}
