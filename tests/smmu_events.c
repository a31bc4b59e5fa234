/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the SMMUv3's records become: requests by the golden vectors, notices that are merged and lose no count; errors of the SMMU itself, and indices that cannot be.
 */
#include "harness.h"
#include "smmu_rig.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t starts[] = STARTS;
enum { NSTARTS = sizeof starts / sizeof starts[0] };

/* ---- golden records ------------------------------------------------------------------------------------------------------------------------- */

static uint64_t field(const char *fields, const char *name)	/* of "A=0x1;B=0x2"; 0 if it is not named */
{
	size_t n = strlen(name);
	const char *at;

	for (at = fields; at; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL)
		if (!strncmp(at, name, n) && at[n] == '=')
			return strtoull(at + n + 1, NULL, 16);
	return 0;
}

static void golden_pri(struct rig *r, const char *f, const uint64_t *w)
{
	bool pasid = field(f, "SSV");
	uint64_t flags = field(f, "R") * IOVM_REQ_READ | field(f, "W") * IOVM_REQ_WRITE | field(f, "X") * IOVM_REQ_EXEC | field(f, "Priv") * IOVM_REQ_PRIV |
			 field(f, "Last") * IOVM_REQ_LAST | (pasid ? IOVM_REQ_PASID : 0u);

	ck_assert(put(r, PRI, w));
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->req[0].flags, flags);
	ck_assert_uint_eq(r->req[0].stream_id, field(f, "SID"));
	ck_assert_uint_eq(r->req[0].pasid, pasid ? field(f, "SSID") : IOVM_NO_PASID);
	ck_assert_uint_eq(r->req[0].index, field(f, "PRGIndex"));
	ck_assert_uint_eq(r->req[0].addr, field(f, "Addr"));
	ck_assert_uint_eq(r->req[0].queue, 0);
}

static unsigned golden_access(const char *f, unsigned number)
{
	unsigned user = (unsigned)(field(f, "uR") | field(f, "uW") << 1 | field(f, "uX") << 2);
	unsigned priv = (unsigned)(field(f, "pR") | field(f, "pW") << 1 | field(f, "pX") << 2);

	switch (number) {
	case 0x01: case 0x07: case 0x0b: case 0x10: case 0x11: case 0x12: case 0x13: case 0x20:
		return (unsigned)((field(f, "RnW") ? IOVM_READ : IOVM_WRITE) | field(f, "InD") * IOVM_EXEC | field(f, "PnU") * IOVM_PRIV);
	case 0x05:
		return (unsigned)(field(f, "R") | field(f, "W") << 1 | field(f, "X") << 2 | field(f, "P") << 3);
	case 0x24:
		return user | priv | (priv ? IOVM_PRIV : 0);
	}
	return 0;
}

static void golden_event(struct rig *r, const char *f, const uint64_t *w)
{
	unsigned number = (unsigned)w[0] & 0xff, access = golden_access(f, number);
	uint32_t pasid = field(f, "SSV") || number == 8 ? (uint32_t)field(f, "SSID") : IOVM_NO_PASID;
	const struct iovm_notice *n = &r->told[0];

	r->ntold = 0;
	ck_assert(put(r, EVT, w));
	if (field(f, "STALL")) {
		ck_assert_uint_eq(poll_max(r, MAX), 1);
		ck_assert_uint_eq(r->req[0].flags, IOVM_REQ_STALL | IOVM_REQ_LAST | access | (field(f, "SSV") ? IOVM_REQ_PASID : 0u));
		ck_assert_uint_eq(r->req[0].stream_id, field(f, "SID"));
		ck_assert_uint_eq(r->req[0].pasid, pasid);
		ck_assert_uint_eq(r->req[0].index, field(f, "STAG"));
		ck_assert_uint_eq(r->req[0].addr, field(f, "InputAddr") & ~0xfffull);
		ck_assert_uint_eq(r->req[0].queue, 1);
		ck_assert_uint_eq(r->ntold, 0);
		return;
	}
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->ntold, 1);
	ck_assert_uint_eq(n->code, number);
	ck_assert_uint_eq(n->count, 1);
	ck_assert_uint_eq(n->stream_id, field(f, "SID"));
	ck_assert_uint_eq(n->pasid, pasid);
	ck_assert_uint_eq(n->prot, access);
	ck_assert_uint_eq(n->addr, field(f, "InputAddr"));
	ck_assert(!memcmp(n->record, w, sizeof n->record));
}

START_TEST(golden_records_come_out_whole)
{
	struct rig *r = rig_new(3, 3, 0);
	const char *dir = getenv("srcdir");
	char path[512], line[1024];
	unsigned pri = 0, events = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/data/golden.tsv", dir ? dir : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s is missing", path);
	while (fgets(line, sizeof line, file)) {
		char kind[8], fields[512];
		uint64_t w[4] = { 0 };

		if (sscanf(line, "%*s %7s %*s %511s %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, kind, fields, &w[0], &w[1], &w[2], &w[3]) < 4)
			continue;
		if (!strcmp(kind, "PRI")) {
			golden_pri(r, fields, w);
			pri++;
		} else if (!strcmp(kind, "EVT")) {
			golden_event(r, fields, w);
			events++;
		}
	}
	fclose(file);
	ck_assert_uint_ge(pri, 5);
	ck_assert_uint_ge(events, 16);
	rig_del(r);
}
END_TEST

/* Without SSV, PASID, X and Priv say nothing; what is wider than its field is not looked at */
START_TEST(what_is_not_valid_is_not_believed)
{
	struct rig *r = rig_new(3, 3, 0);
	const uint64_t ones[4] = { ~0ull, ~0ull, ~0ull, ~0ull }, no_pasid[2] = { ~0ull >> 1, ~0ull };
	const uint64_t stall[4] = { (~(1ull << 11) & ~0xffull & ~(1ull << 32)) | 0x12, 1ull << 31, ~0ull, 0 };

	ck_assert(put(r, PRI, ones) && put(r, PRI, no_pasid) && put(r, EVT, stall));
	ck_assert_uint_eq(poll_max(r, MAX), 3);
	ck_assert_uint_eq(r->req[0].pasid, 0xfffff);
	ck_assert_uint_eq(r->req[0].index, 0x1ff);
	ck_assert_uint_eq(r->req[0].addr, ~0xfffull);
	ck_assert_uint_eq(r->req[0].flags, 63);
	ck_assert_uint_eq(r->req[1].pasid, IOVM_NO_PASID);
	ck_assert_uint_eq(r->req[1].flags, IOVM_REQ_READ | IOVM_REQ_WRITE | IOVM_REQ_LAST);
	ck_assert_uint_eq(r->req[2].pasid, IOVM_NO_PASID);
	ck_assert_uint_eq(r->req[2].flags, IOVM_REQ_WRITE | IOVM_REQ_LAST | IOVM_REQ_STALL);
	rig_del(r);
}
END_TEST

START_TEST(four_events_can_stall)
{
	struct rig *r = rig_new(3, 8, 0);
	unsigned number;

	for (number = 0; number < 256; number++) {
		const uint64_t w[4] = { number | 7ull << 32, 1ull << 31 | number, 0, 0 };

		put(r, EVT, w);
		ck_assert_uint_eq(poll_max(r, MAX), number >= 0x10 && number <= 0x13);
		ck_assert(number < 0x10 || number > 0x13 || r->req[0].index == number);
	}
	ck_assert_uint_eq(r->told_events, 252);
	rig_del(r);
}
END_TEST

START_TEST(stop_markers_are_counted_apart)
{
	struct rig *r = rig_new(4, 1, 0);
	unsigned i;

	for (i = 0; i < 16; i++) {
		const uint64_t w[2] = { (uint64_t)i << 60, 0 };		/* R W Last SSV */

		ck_assert(put(r, PRI, w));
	}
	ck_assert_uint_eq(poll_max(r, MAX), 16);
	ck_assert_uint_eq(load_rlx(&r->s.count.markers), 1);
	ck_assert_uint_eq(load_rlx(&r->s.count.requests), 15);
	ck_assert_uint_eq(r->req[12].flags, IOVM_REQ_LAST | IOVM_REQ_PASID);
	rig_del(r);
}
END_TEST

START_TEST(random_records_are_all_accounted_for)
{
	struct rig *r = rig_new(5, 5, 0);
	uint64_t seed = 0x5eed, w[4], stalls = 0, requests = 0;
	unsigned i, k;

	for (i = 0; i < 100000; i++) {
		for (k = 0; k < 4; k++)
			w[k] = random_next(&seed);
		w[0] = random_next(&seed) & 1 ? w[0] : (w[0] & ~0xffull) | 0x10 | (w[0] & 7);
		put(r, random_next(&seed) & 1, w);
		if (random_next(&seed) % 8)
			continue;
		for (k = poll_max(r, 1 + (unsigned)(random_next(&seed) % MAX)); k--;) {
			must(r->req[k].index <= (r->req[k].queue ? 0xffff : 0x1ff), "index");
			must(r->req[k].pasid < 1u << 20 || r->req[k].pasid == IOVM_NO_PASID, "pasid");
			*(r->req[k].queue ? &stalls : &requests) += 1;
		}
	}
	while (r->q[0].prod != r->q[0].cons || r->q[1].prod != r->q[1].cons)
		for (k = poll_max(r, MAX); k--;)
			*(r->req[k].queue ? &stalls : &requests) += 1;
	ck_assert_uint_eq(requests, r->q[0].prod);
	ck_assert_uint_eq(stalls + r->told_events, r->q[1].prod);
	ck_assert_uint_gt(stalls, 1000);
	ck_assert_uint_eq(load_rlx(&r->s.count.requests) + load_rlx(&r->s.count.markers), requests);
	ck_assert_uint_eq(load_rlx(&r->s.count.events), r->q[1].prod);
	ck_assert_uint_eq(load_rlx(&r->s.count.stalls), stalls);
	ck_assert_uint_eq(r->q[1].prod - stalls - load_rlx(&r->s.count.merged), r->ntold);
	rig_del(r);
}
END_TEST

/* ---- merging ----------------------------------------------------------------------------------------------------------------------------------------- */

static const unsigned flood_log2[] = { 4, 7, 17 };

START_TEST(a_flood_becomes_few_notices_with_an_exact_count)
{
	struct rig *r = rig_new(3, flood_log2[_i], 0);
	unsigned i = 0, most = 2 + 100000 / (1u << flood_log2[_i]) + 1;

	do {
		while (i < 100000 && !full(&r->q[EVT]))
			put_fault(r, 3, 0x700000 + (i++ * 4 & 0xfff));
		ck_assert_uint_eq(poll_max(r, MAX), 0);
	} while (i < 100000 || r->q[EVT].prod != r->q[EVT].cons);
	ck_assert_uint_eq(r->told_events, 100000);
	ck_assert_uint_le(r->ntold, most);
	ck_assert_uint_eq(load_rlx(&r->s.count.merged), 100000 - r->ntold);
	ck_assert_uint_eq(r->told[0].addr & ~0xfffull, 0x700000);
	rig_del(r);
}
END_TEST

/* The queue is never found empty: it is told all the same */
static void put_more(struct rig *r, unsigned queue)
{
	while (queue == EVT && !full(&r->q[EVT]))
		put_fault(r, 3, 0x700000);
}

START_TEST(a_flood_without_end_is_told)
{
	struct rig *r = rig_new(3, 8, 0);
	unsigned i;

	r->before_prod = put_more;
	for (i = 0; i < 70000 / 65; i++) {
		ck_assert_uint_eq(poll_max(r, 1), 0);
		ck_assert(r->out.flags & IOVM_POLL_MORE);
	}
	ck_assert_uint_eq(r->ntold, 1);
	ck_assert_uint_eq(r->told[0].count, 65536);
	rig_del(r);
}
END_TEST

static const struct kind { const char *what; unsigned word; uint64_t flip; } kinds[] = {
	{ "StreamID", 0, 1ull << 40 }, { "SSID", 0, 1ull << 20 }, { "event", 0, 1 }, { "RnW", 1, 1ull << 35 }, { "InD", 1, 1ull << 34 },
	{ "PnU", 1, 1ull << 33 }, { "page", 2, 1ull << 12 }, { "far page", 2, 1ull << 63 }, { "SSV", 0, 1ull << 11 },
};
enum { NKINDS = sizeof kinds / sizeof kinds[0] };

START_TEST(only_equal_events_are_merged)
{
	struct rig *r = rig_new(3, 5, 0);
	const uint64_t like[4] = { 0x700000810ull | 5ull << 12, 1ull << 35, 0x123456, 0 };
	uint64_t other[4], offset[4];
	unsigned i;

	memcpy(other, like, sizeof other);
	memcpy(offset, like, sizeof offset);
	other[kinds[_i].word] ^= kinds[_i].flip;
	offset[2] ^= 0xfff;
	offset[1] |= 0xbeef | 2ull << 40;	/* STAG, CLASS: of this one alone */
	for (i = 0; i < 3; i++)
		ck_assert(put(r, EVT, like) && put(r, EVT, other) && put(r, EVT, offset));
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_msg(r->ntold == 2, "%s: %u", kinds[_i].what, r->ntold);
	ck_assert_uint_eq(r->told[0].count, 6);
	ck_assert_uint_eq(r->told[1].count, 3);
	ck_assert(!memcmp(r->told[0].record, like, sizeof like));	/* the first of them */
	ck_assert(!memcmp(r->told[1].record, other, sizeof other));
	rig_del(r);
}
END_TEST

START_TEST(without_ssv_the_substream_says_nothing)
{
	struct rig *r = rig_new(3, 5, 0);
	const uint64_t a[4] = { 0x700000010ull | 5ull << 12 }, b[4] = { 0x700000010ull | 6ull << 12 };
	const uint64_t c[4] = { 0x700000008ull | 5ull << 12 }, d[4] = { 0x700000008ull | 6ull << 12 };

	ck_assert(put(r, EVT, a) && put(r, EVT, b) && put(r, EVT, c) && put(r, EVT, d));
	poll_max(r, MAX);
	ck_assert_uint_eq(r->ntold, 3);		/* C_BAD_SUBSTREAMID has no SSV: its SSID counts */
	ck_assert_uint_eq(r->told[0].count, 2);
	ck_assert_uint_eq(r->told[0].pasid, IOVM_NO_PASID);
	ck_assert_uint_eq(r->told[1].pasid, 5);
	ck_assert_uint_eq(r->told[2].pasid, 6);
	rig_del(r);
}
END_TEST

START_TEST(the_oldest_makes_room)
{
	struct rig *r = rig_new(3, 6, 0);
	unsigned i;

	for (i = 0; i < 2 * SMMU_MERGE + 3; i++)
		put_fault(r, i, 0x1000);
	put_fault(r, 2 * SMMU_MERGE, 0x1008);
	r->s.priq.mem.mem = NULL;			/* an SMMU without page requests */
	ck_assert_uint_eq(poll_max(r, 60), 0);
	ck_assert_uint_eq(r->ntold, 2 * SMMU_MERGE + 3);
	for (i = 0; i < r->ntold; i++) {
		ck_assert_uint_eq(r->told[i].stream_id, i);
		ck_assert_uint_eq(r->told[i].count, 1 + (i == 2 * SMMU_MERGE));
	}
	rig_del(r);
}
END_TEST

START_TEST(every_event_number_is_told)
{
	struct rig *r = rig_new(3, 8, 0);
	unsigned i;

	for (i = 0; i < 256; i++) {
		const uint64_t w[4] = { i | 7ull << 32, i >= 0x10 && i < 0x14 ? 0 : 1ull << 31, i, i };	/* bit 95 is STALL in four of them only */

		ck_assert(put(r, EVT, w));
	}
	for (i = 0; i < 10; i++)
		ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->ntold, 256);
	for (i = 0; i < 256; i++) {
		ck_assert_uint_eq(r->told[i].code, i);
		ck_assert_uint_eq(r->told[i].record[3], i);
	}
	rig_del(r);
}
END_TEST

START_TEST(a_poll_is_bounded_whatever_the_queue_holds)
{
	struct rig *r = rig_new(3, 11, 0);
	unsigned i, polls = 0, before;

	for (i = 0; i < 1500; i++)
		put_fault(r, i, 0);
	put_stall(r, 4711);
	do {
		before = (unsigned)r->q[EVT].cons;
		i = poll_max(r, 4);
		ck_assert_uint_le(r->q[EVT].cons - before, 68);
		ck_assert(i || r->out.flags & IOVM_POLL_MORE);
		polls++;
	} while (!i);
	ck_assert_uint_eq(r->req[0].stream_id, 4711);
	ck_assert_uint_eq(r->req[0].position, 1500);
	ck_assert_uint_eq(polls, 1 + 1500 / 68);
	rig_del(r);
}
END_TEST

/* ---- errors --------------------------------------------------------------------------------------------------------------------------------------------- */

static void look_with(struct rig *r, uint32_t prod, unsigned had)
{
	unsigned size = 1u << r->q[PRI].log2, ahead = (prod - (uint32_t)r->q[PRI].cons) & (2 * size - 1), n;
	bool fits = prod != ~0u && ahead <= size;
	uint64_t pos[2];

	if (fits && ahead > had)
		return;			/* the SMMU's to say: what it covers is there */
	r->force = true;
	r->forced = prod;
	iovm__smmu_newest(&r->s, pos);
	must(pos[0] == r->q[PRI].cons + (fits ? ahead : 0), "newest");
	n = poll_max(r, MAX);
	must(n == (fits ? ahead : 0), "%u entries by PROD %#x, CONS %#x", n, prod, (uint32_t)r->q[PRI].cons);
	must(fits || r->out.flags & IOVM_POLL_ERROR, "no error");
	must(!(r->out.flags & IOVM_POLL_OVERFLOW), "an overflow invented");
	r->force = false;
}

/* F29. Each PROD that there can be, against each CONS: nothing is invented, the ERROR is told, and afterwards all goes on */
START_TEST(indices_that_cannot_be_cover_nothing)
{
	unsigned log2 = (unsigned)_i % 5, size = 1u << log2, value, had, n;
	struct rig *r = rig_new(log2, log2, starts[(unsigned)_i / 5] + 1);

	for (had = 0; had <= size; had++)
		for (value = 0; value < 2 * size + 2; value++) {
			for (n = 0; n < had; n++)
				put_pri(r, n);
			look_with(r, value < 2 * size ? value : value == 2 * size ? ~0u : index_bits(&r->q[PRI], r->q[PRI].prod) | 0x7ff00000, had);
			while (poll_max(r, MAX))
				;
			must(r->q[PRI].cons == r->q[PRI].prod && !r->out.flags, "it does not go on");
		}
	rig_del(r);
}
END_TEST

START_TEST(errors_are_looked_at_when_idle)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned bit;

	for (bit = 0; bit < 32; bit++) {
		r->gerror = 1u << bit;
		put_pri(r, 1);
		ck_assert_uint_eq(poll_max(r, MAX), 1);
		ck_assert(!(r->out.flags & IOVM_POLL_ERROR));
		ck_assert_uint_eq(poll_max(r, MAX), 0);
		ck_assert_uint_eq(r->out.flags, bit <= 10 && bit != 1 ? IOVM_POLL_ERROR : 0);
		store_rlx(&r->s.gerrorn, r->gerror);
		ck_assert_uint_eq(poll_max(r, MAX), 0);
		ck_assert_uint_eq(r->out.flags, 0);
		store_rlx(&r->s.gerrorn, 0);
	}
	rig_del(r);
}
END_TEST

START_TEST(what_recover_did_is_told_once)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned bit;

	for (bit = 0; bit < 11; bit++) {
		store_rlx(&r->s.told, 1u << bit);
		poll_max(r, MAX);
		poll_max(r, MAX);
		ck_assert_uint_eq(r->errors[bit], bit != 2);
		ck_assert_uint_eq(r->lost, bit >= 2);
	}
	store_rlx(&r->s.told, 0x7fd);
	put_pri(r, 1);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->errors[0], 2);
	ck_assert_uint_eq(r->errors[10], 2);
	ck_assert_uint_eq(r->lost, 2);
	rig_del(r);
}
END_TEST

START_TEST(a_queue_that_aborts_when_full_is_an_error)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned i;

	r->q[EVT].aborts = true;
	for (i = 0; i < 20; i++)
		put_fault(r, 1, 0x1000 + 4 * i);
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_ERROR);
	ck_assert_uint_eq(r->told_events, 8);
	ck_assert_uint_eq(r->lost, 0);
	rig_del(r);
}
END_TEST

START_TEST(off_or_dead_no_register_is_touched)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned touched;
	uint64_t pos[2];

	put_pri(r, 1);
	put_stall(r, 1);
	ck_assert_uint_eq(poll_max(r, MAX), 2);
	put_pri(r, 1);
	touched = r->q[0].prod_reads + r->q[1].prod_reads + r->gerror_reads + r->q[0].cons_writes + r->q[1].cons_writes;
	store_rlx(&r->s.down, (unsigned)(_i ? SMMU_DEAD : SMMU_OFF));
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->out.flags, _i ? IOVM_POLL_DEAD : 0);
	ck_assert_uint_eq(r->out.consumed[0], 1);
	iovm__smmu_newest(&r->s, pos);
	ck_assert_uint_eq(pos[0], 1);
	ck_assert_uint_eq(pos[1], 1);
	ck_assert_uint_eq(touched, r->q[0].prod_reads + r->q[1].prod_reads + r->gerror_reads + r->q[0].cons_writes + r->q[1].cons_writes);
	rig_del(r);
}
END_TEST

START_TEST(before_it_has_joined_nothing_is_told)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned i;

	r->s.iommu = NULL;
	store_rlx(&r->s.told, 0x10);
	for (i = 0; i < 20; i++)
		put_fault(r, i, 0);
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->ntold + r->lost, 0);
	r->s.iommu = r->iommu;
	poll_max(r, MAX);
	ck_assert_uint_eq(r->errors[4], 1);	/* this one can wait */
	rig_del(r);
}
END_TEST

static Suite *events_suite(void)
{
	Suite *suite = suite_create("smmu_events");
	TCase *records = tcase_create("records"), *merging = tcase_create("merging"), *errors = tcase_create("errors");

	tcase_add_test(records, golden_records_come_out_whole);
	tcase_add_test(records, what_is_not_valid_is_not_believed);
	tcase_add_test(records, four_events_can_stall);
	tcase_add_test(records, stop_markers_are_counted_apart);
	tcase_add_test(records, random_records_are_all_accounted_for);
	tcase_add_loop_test(merging, a_flood_becomes_few_notices_with_an_exact_count, 0, 3);
	tcase_add_test(merging, a_flood_without_end_is_told);
	tcase_add_loop_test(merging, only_equal_events_are_merged, 0, NKINDS);
	tcase_add_test(merging, without_ssv_the_substream_says_nothing);
	tcase_add_test(merging, the_oldest_makes_room);
	tcase_add_test(merging, every_event_number_is_told);
	tcase_add_test(merging, a_poll_is_bounded_whatever_the_queue_holds);
	tcase_add_loop_test(errors, indices_that_cannot_be_cover_nothing, 0, 5 * NSTARTS);
	tcase_add_test(errors, errors_are_looked_at_when_idle);
	tcase_add_test(errors, what_recover_did_is_told_once);
	tcase_add_test(errors, a_queue_that_aborts_when_full_is_an_error);
	tcase_add_loop_test(errors, off_or_dead_no_register_is_touched, 0, 2);
	tcase_add_test(errors, before_it_has_joined_nothing_is_told);
	suite_add_tcase(suite, records);
	suite_add_tcase(suite, merging);
	suite_add_tcase(suite, errors);
	return suite;
}

int main(void)
{
	return harness_main(events_suite());
}
