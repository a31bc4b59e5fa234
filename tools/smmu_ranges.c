/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An index of a queue of 2^n entries has n + 1 bits: the upper one is the wrap bit, so that full and empty differ (IHI 0070 3.5.1). The ranges: ATC_INV
 * takes a power of two of pages at its own alignment, hence the smallest one that holds first and last page (4.5.1); a TLBI with range takes
 * (NUM + 1) << SCALE granules, hence five bits of the count per command, lowest first (4.4.1.1).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include "smmu_ranges.h"

#define QUEUE_LOG2_MAX		19u
#define ATC_ALL			52u		/* ATC_INV.Size of everything */
#define SCALE_MAX		31u		/* SCALE has five bits, if IDR5.DS is 0 */
#define NUM_MAX			31u
#define SPLIT_PAGES_MAX		(UINT64_C(1) << 52)	/* all of a 64-bit space in the smallest granule */

struct call { FILE *out; const char *kind, *name; const struct smmu_argument *arguments; unsigned count; };

static void start(const struct call *c)	/* the answer's line: nothing can go wrong any more */
{
	fprintf(c->out, "%s\t%s\t", c->kind, c->name);
}

static uint64_t arg(const struct call *c, const char *name)
{
	unsigned i;

	for (i = 0; i < c->count; i++)
		if (c->arguments[i].length == strlen(name) && !memcmp(c->arguments[i].name, name, c->arguments[i].length))
			return c->arguments[i].value;
	return 0;
}

static const char *state(const struct call *c)
{
	uint64_t log2 = arg(c, "log2"), entries = UINT64_C(1) << (log2 & 31), used;
	const char *name = "partial";

	if (log2 > QUEUE_LOG2_MAX)
		return "log2 is 0 to 19";
	used = (arg(c, "prod") - arg(c, "cons")) & (2 * entries - 1);
	if (used == 0)
		name = "empty";
	else if (used == entries)
		name = "full";
	else if (used > entries)
		name = "inconsistent";
	start(c);
	fprintf(c->out, "%s/%" PRIu64 "\n", name, used);
	return NULL;
}

static const char *advance(const struct call *c)
{
	uint64_t log2 = arg(c, "log2");

	if (log2 > QUEUE_LOG2_MAX)
		return "log2 is 0 to 19";
	start(c);
	fprintf(c->out, "%08" PRIx64 "\n", (arg(c, "idx") + arg(c, "n")) & ((UINT64_C(2) << log2) - 1));
	return NULL;
}

static const char *overflow(const struct call *c)
{
	start(c);
	fputs((arg(c, "prod") ^ arg(c, "cons")) >> 31 & 1 ? "active\n" : "clear\n", c->out);
	return NULL;
}

static const char *gerror(const struct call *c)
{
	start(c);
	fprintf(c->out, "%08" PRIx64 "\n", (arg(c, "GERROR") ^ arg(c, "GERRORN")) & UINT32_MAX);
	return NULL;
}

static unsigned bits(uint64_t n)
{
	return n ? 64 - (unsigned)__builtin_clzll(n) : 0;
}

static const char *atc_range(const struct call *c)
{
	uint64_t iova = arg(c, "iova"), size = arg(c, "size"), last = iova + size - 1;
	unsigned log2 = bits(iova >> 12 ^ last >> 12);

	if (last < iova)	/* size 0 asks for everything, and so does what runs around the end of the space */
		log2 = ATC_ALL;
	start(c);
	fprintf(c->out, "addr=0x%" PRIx64 " size=%u\n", log2 < ATC_ALL ? iova >> 12 >> log2 << log2 << 12 : 0, log2);
	return NULL;
}

/* A span of more than a page is written as the address's lower bits: ones below a zero at the place of the span's highest bit (PCIe ATS, S bit) */
static const char *pcie_inv_payload(const struct call *c)
{
	uint64_t addr = arg(c, "addr") >> 12, log2 = arg(c, "size"), payload, ones;

	if (log2 > ATC_ALL)
		return "size is 0 to 52";
	payload = log2 ? addr >> (log2 - 1) >> 1 << (log2 - 1) << 1 : addr;
	ones = log2 ? (UINT64_C(1) << (log2 - 1)) - 1 : 0;
	payload = (payload | ones) << 12 | (log2 ? 1u << 11 : 0) | (arg(c, "G") & 1);
	start(c);
	fprintf(c->out, "%016" PRIx64 "\n", payload);
	return NULL;
}

/* One page and no level is the one range that cannot be said (NUM, SCALE and TTL all 0 is illegal): it becomes two. It can only be the first piece. */
static uint64_t sayable(uint64_t pages, uint64_t ttl)
{
	return ttl == 0 && pages % (NUM_MAX + 1) == 1 ? pages + 1 : pages;
}

static const char *ril_split(const struct call *c)
{
	uint64_t addr = arg(c, "addr"), shift = arg(c, "tg_shift"), ttl = arg(c, "ttl"), pages = arg(c, "pages");
	const char *gap = "";

	if (shift > 63)
		return "tg_shift is 0 to 63";
	if (ttl > 3)
		return "ttl is 0 to 3";
	if (pages > SPLIT_PAGES_MAX)
		return "more pages than any address space has";
	start(c);
	for (pages = sayable(pages, ttl); pages; gap = " ") {
		unsigned scale = (unsigned)__builtin_ctzll(pages);
		uint64_t chunks;

		if (scale > SCALE_MAX)
			scale = SCALE_MAX;
		chunks = pages >> scale & NUM_MAX;
		if (!chunks)	/* only where SCALE ends: as many as one command takes */
			chunks = NUM_MAX + 1;
		fprintf(c->out, "%s(0x%" PRIx64 ",NUM=%" PRIu64 ",SCALE=%u)", gap, addr, chunks - 1, scale);
		addr += chunks << scale << shift;
		pages -= chunks << scale;
	}
	putc('\n', c->out);
	return NULL;
}

static const struct { const char *kind, *name, *takes; const char *(*print)(const struct call *); } functions[] = {
	{ "QUE", "state", " log2 prod cons ", state }, { "QUE", "advance", " log2 idx n ", advance }, { "QUE", "overflow", " prod cons ", overflow },
	{ "QUE", "gerror", " GERROR GERRORN ", gerror }, { "ALG", "atc_range", " iova size ", atc_range },
	{ "ALG", "pcie_inv_payload", " addr size G ", pcie_inv_payload }, { "ALG", "ril_split", " addr pages tg_shift ttl ", ril_split },
};

static bool takes(const char *names, const struct smmu_argument *a)
{
	const char *at = names;

	while ((at = strchr(at, ' ')) && *++at)
		if (!strncmp(at, a->name, a->length) && at[a->length] == ' ')
			return true;
	return false;
}

const char *smmu_ranges_print(FILE *out, const char *kind, const char *name, const struct smmu_argument *arguments, unsigned count)
{
	struct call c = { out, kind, name, arguments, count };
	unsigned i, k;

	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strcmp(functions[i].kind, kind) || strcmp(functions[i].name, name))
			continue;
		for (k = 0; k < count; k++)
			if (!takes(functions[i].takes, &arguments[k]))
				return "an argument that it does not take";
		return functions[i].print(&c);
	}
	return "no such calculation: QUE has state, advance, overflow, gerror; ALG has atc_range, pcie_inv_payload, ril_split";
}
