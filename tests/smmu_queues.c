/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3's output queues as the driver takes them: against a producer that keeps absolute positions, knows what a full queue does (overflow, or
 * QEMU's abort), and stands still or adds something at the moments when it hurts. Records are made here from bit numbers of their own.
 */
#include "harness.h"
#include "port.h"
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

enum { PRI = 0, EVT = 1, MAX = 64 };
enum { PRIQ_PROD = 0x100c8, PRIQ_CONS = 0x100cc, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac, GERROR = 0x60 };
#define FLAG 0x80000000u

struct producer {
	uint64_t *mem;			/* the queue, shared with the driver */
	unsigned words, log2;
	uint64_t prod, cons;		/* absolute */
	_Atomic(uint32_t) prod_reg;
	uint32_t flag, ack;
	bool aborts;			/* a full event queue as in QEMU: an error instead of overflow */
	unsigned dropped, prod_reads, cons_writes;
};
struct rig {
	struct port port;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm__smmu s;
	struct producer q[2];
	uint32_t gerror, forced;
	bool force, threads;
	unsigned gerror_reads;
	void (*before_prod)(struct rig *r, unsigned queue), (*after_prod)(struct rig *r, unsigned queue), (*on_cons)(struct rig *r, unsigned queue);
	unsigned held;
	struct iovm_notice told[256];
	unsigned ntold, lost, errors[32];
	uint64_t told_events;
	struct iovm_request req[256];
	struct iovm_poll out;
};

/* ---- registers -------------------------------------------------------------------------------------------------------------------------- */

static uint32_t index_bits(const struct producer *q, uint64_t position)
{
	return (uint32_t)(position % (2ull << q->log2));
}

static void publish(struct producer *q)
{
	store_rel(&q->prod_reg, index_bits(q, q->prod) | q->flag);
}

static uint32_t read_prod(struct rig *r, unsigned queue)
{
	uint32_t value;

	if (r->threads)
		return load_acq(&r->q[queue].prod_reg);
	r->q[queue].prod_reads++;
	if (r->before_prod)
		r->before_prod(r, queue);
	value = r->force && queue == PRI ? r->forced : load_acq(&r->q[queue].prod_reg);
	if (r->after_prod)
		r->after_prod(r, queue);
	return value;
}

static uint32_t read32(void *regs, uint32_t offset)
{
	struct rig *r = regs;

	switch (offset) {
	case PRIQ_PROD:
	case EVENTQ_PROD:
		return read_prod(r, offset == EVENTQ_PROD);
	case GERROR:
		r->gerror_reads++;
		return r->gerror;
	}
	ck_abort_msg("read of %#x", offset);
	return 0;
}

static void write32(void *regs, uint32_t offset, uint32_t value)
{
	struct rig *r = regs;
	struct producer *q = &r->q[offset == EVENTQ_CONS];
	uint64_t moved;

	must(offset == EVENTQ_CONS || offset == PRIQ_CONS, "write of %#x", offset);
	must(!(value & ~FLAG & ~((2u << q->log2) - 1)), "CONS %#x has more than index and wrap", value);
	moved = (value - (uint32_t)q->cons) & ((2u << q->log2) - 1);
	must(moved <= q->prod - q->cons, "CONS moved by %u of %u", (unsigned)moved, (unsigned)(q->prod - q->cons));
	q->cons += moved;
	must(!((value ^ q->ack) & FLAG) || q->flag != q->ack, "an overflow acknowledged that there was not");
	q->ack = value & FLAG;
	q->cons_writes++;
	if (r->on_cons)
		r->on_cons(r, offset == EVENTQ_CONS);
}

/* ---- the producer ----------------------------------------------------------------------------------------------------------------------- */

static bool full(const struct producer *q)
{
	return q->prod - q->cons == 1ull << q->log2;
}

/* 7.4 and 8.1: events go on while an overflow is not acknowledged, page requests do not */
static bool put(struct rig *r, unsigned queue, const uint64_t *words)
{
	struct producer *q = &r->q[queue];

	if (full(q) || (queue == PRI && q->flag != q->ack)) {
		q->dropped++;
		if (q->aborts)
			r->gerror ^= (r->gerror ^ r->s.gerrorn) & 4 ? 0 : 4;
		else
			q->flag = q->ack ^ FLAG;
		publish(q);
		return false;
	}
	memcpy(q->mem + (q->prod & ((1ull << q->log2) - 1)) * q->words, words, q->words * 8);
	q->prod++;
	publish(q);
	return true;
}

static bool put_pri(struct rig *r, uint32_t sid)	/* read, Last, no PASID */
{
	const uint64_t w[2] = { 5ull << 60 | sid, 0x7000 | (sid & 0x1ff) };

	return put(r, PRI, w);
}

static bool put_stall(struct rig *r, uint32_t sid)
{
	const uint64_t w[4] = { (uint64_t)sid << 32 | 0x10, 1ull << 35 | 1ull << 31 | (sid & 0xffff), 0x5123, 0 };

	return put(r, EVT, w);
}

static bool put_fault(struct rig *r, uint32_t sid, uint64_t addr)	/* F_TRANSLATION, a read, terminated */
{
	const uint64_t w[4] = { (uint64_t)sid << 32 | 0x10, 1ull << 35 | 2ull << 40, addr, 0 };

	return put(r, EVT, w);
}

static unsigned poll_max(struct rig *r, unsigned max)
{
	unsigned n = iovm__smmu_poll(&r->s, r->req, max, &r->out);

	must(n <= max, "%u of at most %u", n, max);
	must(r->out.consumed[0] == iovm__smmu_outq_position(&r->s.priq) && r->out.consumed[1] == iovm__smmu_outq_position(&r->s.evtq), "consumed");
	return n;
}

/* ---- the rig ------------------------------------------------------------------------------------------------------------------------------ */

static void told(void *ctx, struct iovm_device *dev, const struct iovm_notice *what)
{
	struct port *port = ctx;
	struct rig *r = (struct rig *)((char *)port - offsetof(struct rig, port));

	must(dev == NULL, "nobody's");
	if (what->what == IOVM_TERMINATED) {
		r->told[r->ntold++ % 256] = *what;
		r->told_events += what->count;
	} else if (what->what == IOVM_EVENTS_LOST) {
		r->lost++;
	} else {
		must(what->what == IOVM_IOMMU_ERROR && what->code < 32, "notice %d", what->what);
		r->errors[what->code]++;
	}
}

static int no_watch(void *ctx, void *mm, struct iovm_table *table)
{
	return 0;
}
static void no_unwatch(void *ctx, void *mm)
{
}
static void no_fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned n)
{
}
static int no_submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	return 0;
}
static int no_reached(void *hw, unsigned long ticket)
{
	return 1;
}
static int no_recover(void *hw, struct iovm_blame *blame)
{
	return 0;
}
static int no_attach(void *hw, struct iovm_function *fn)
{
	return 0;
}
static void no_detach(void *hw, struct iovm_function *fn)
{
}
static int no_entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	return 0;
}

static void outq_new(struct rig *r, unsigned queue, struct iovm__smmu_outq *out, unsigned log2, uint64_t start)
{
	struct producer *q = &r->q[queue];

	q->words = queue == PRI ? 2 : 4;
	q->log2 = out->log2 = log2;
	q->mem = out->mem.mem = malloc((size_t)q->words * 8 << log2);	/* to the byte: a sanitizer sees who reads beyond */
	memset(q->mem, 0xff, (size_t)q->words * 8 << log2);
	out->prod_reg = queue == PRI ? PRIQ_PROD : EVENTQ_PROD;
	out->cons_reg = queue == PRI ? PRIQ_CONS : EVENTQ_CONS;
	iovm__smmu_outq_seek(out, start);
	q->prod = q->cons = start;
	ck_assert_uint_eq(iovm__smmu_outq_begin(out), index_bits(q, start));
	publish(q);
}

static struct rig *rig_new(unsigned pri_log2, unsigned evt_log2, uint64_t start)
{
	struct rig *r = calloc(1, sizeof *r);
	struct iovm_config config = { .size = sizeof config, .max_mms = 4, .pasid_bits = 4,
				      .mm = { .watch = no_watch, .unwatch = no_unwatch, .fault = no_fault } };
	const struct iovm_backend be = {
		.size = sizeof be, .asid_bits = 8, .vmid_bits = 8, .priq_log2 = 4, .evtq_log2 = 4, .address_bits = 48, .coherent = true, .pri = true,
		.poll = iovm__smmu_poll, .newest = iovm__smmu_newest, .submit = no_submit, .reached = no_reached, .recover = no_recover,
		.attach = no_attach, .detach = no_detach, .entry = no_entry,
	};

	port_init(&r->port);
	config.port = r->port.ops;
	config.port.notice = told;
	ck_assert_int_eq(iovm_new(&r->sys, &config), 0);
	ck_assert_int_eq(iovm_iommu_add(r->sys, &be, &r->s, NULL, &r->iommu), 0);
	r->s.iommu = r->iommu;
	r->s.config = (struct iovm_smmuv3_config){ .regs = r, .read32 = read32, .write32 = write32 };
	outq_new(r, PRI, &r->s.priq, pri_log2, start);
	outq_new(r, EVT, &r->s.evtq, evt_log2, start);
	return r;
}

static void rig_del(struct rig *r)
{
	ck_assert_int_eq(iovm_del(r->sys), 0);
	port_fini(&r->port);
	free(r->q[0].mem);
	free(r->q[1].mem);
	free(r);
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

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

/* ---- laps ------------------------------------------------------------------------------------------------------------------------------------ */

static const unsigned sizes[] = { 0, 1, 2, 3, 4, 7, 10, 19 };
static const uint64_t starts[] = { 0, 0xfffffffb, 0x3ffffffd, 0xfffffffff0ull, 0x3fffffff00000003ull };
enum { NSIZES = sizeof sizes / sizeof sizes[0], NSTARTS = sizeof starts / sizeof starts[0] };

/* Each entry carries its number as StreamID: none is lost, doubled or moved, and positions count on over laps and words */
START_TEST(entries_keep_their_order_and_position)
{
	unsigned log2 = sizes[_i % NSIZES], n, i;
	uint64_t start = starts[_i / NSIZES], end = (4ull << log2) + 100, put_[2] = { 0, 0 }, got[2] = { 0, 0 }, seed = 77 + (unsigned)_i, pos[2];
	struct rig *r = rig_new(log2, log2, start);

	while (got[0] < end || got[1] < end) {
		unsigned q = random_next(&seed) & 1, burst = (unsigned)(random_next(&seed) % (2 + (1u << log2)));

		for (; burst && !full(&r->q[q]); burst--)
			must(q ? put_stall(r, (uint32_t)put_[1]++) : put_pri(r, (uint32_t)put_[0]++), "room");
		iovm__smmu_newest(&r->s, pos);
		must(pos[0] == start + put_[0] && pos[1] == start + put_[1], "newest");
		n = poll_max(r, 1 + (unsigned)(random_next(&seed) % 200));
		for (i = 0; i < n; i++) {
			q = r->req[i].queue;
			must(r->req[i].stream_id == (uint32_t)got[q] && r->req[i].position == start + got[q], "entry %lu of %u", got[q], q);
			got[q]++;
		}
		must(r->out.consumed[0] == start + got[0] && r->out.consumed[1] == start + got[1], "consumed");
		must(n || (got[0] == put_[0] && got[1] == put_[1]), "left behind");
	}
	ck_assert_uint_eq(r->q[0].dropped + r->q[1].dropped, 0);
	rig_del(r);
}
END_TEST

/* Words of 32 bits: high lags by a store, or not, at every edge of the shared bits */
START_TEST(halves_join)
{
	static const uint64_t at[] = { 0, 1, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xbfffffff, 0xc0000000, 0xffffffff, 0x100000000, 0x13fffffff,
				       0x3ffffffffffffe00, 0x3ffffffe3fffffff };
	unsigned i, step;

	for (i = 0; i < sizeof at / sizeof at[0]; i++)
		for (step = 0; step < 300; step++) {
			uint64_t now = at[i] + step, before = now - (step < 200 ? step : 0);

			ck_assert_uint_eq(iovm__smmu_join(now >> 30 & 0xffffffff, now & 0xffffffff, 32), now);
			ck_assert_uint_eq(iovm__smmu_join(before >> 30 & 0xffffffff, now & 0xffffffff, 32), now);
		}
}
END_TEST

START_TEST(a_disabled_queue_goes_on_behind_what_it_held)
{
	struct rig *r = rig_new(3, 3, 0xfffffffe);
	struct producer *q = &r->q[PRI];
	unsigned i;

	for (i = 0; i < 5; i++)
		put_pri(r, i);
	ck_assert_uint_eq(poll_max(r, 2), 2);
	iovm__smmu_outq_drop(&r->s, &r->s.priq);
	r->s.priq.acked = FLAG;
	ck_assert_uint_eq(iovm__smmu_outq_begin(&r->s.priq), index_bits(q, 0xfffffffeull + 5));
	q->cons = q->prod;
	put_pri(r, 9);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->req[0].position, 0xfffffffeull + 5);
	ck_assert_uint_eq(r->req[0].stream_id, 9);
	ck_assert_uint_eq(r->out.flags, 0);
	ck_assert_uint_eq(q->ack, 0);
	rig_del(r);
}
END_TEST

/* ---- looks and writes ---------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_batch_costs_one_read_and_one_write)
{
	struct rig *r = rig_new(8, 8, 0);
	unsigned i;

	for (i = 0; i < 200; i++)
		put_pri(r, i);
	ck_assert_uint_eq(poll_max(r, MAX), MAX);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(r->q[0].prod_reads, 1);
	ck_assert_uint_eq(r->q[0].cons_writes, 1);
	ck_assert_uint_eq(r->q[1].prod_reads + r->q[1].cons_writes + r->gerror_reads, 0);
	while (poll_max(r, MAX))
		ck_assert_uint_eq(r->gerror_reads, 0);
	ck_assert_uint_eq(r->out.flags, 0);
	i = r->q[0].prod_reads;
	ck_assert_uint_eq(poll_max(r, MAX), 0);		/* idle: one look at each, and at the errors */
	ck_assert_uint_eq(r->q[0].prod_reads, i + 1);
	ck_assert_uint_eq(r->gerror_reads, 2);
	ck_assert_uint_eq(r->q[0].cons_writes, 4);
	ck_assert_uint_eq(r->q[1].cons_writes, 0);
	rig_del(r);
}
END_TEST

/* Entries come right behind the first look at PROD: their interrupt found the queue not empty, so there was none */
static void put_behind(struct rig *r, unsigned queue)
{
	if (r->held != queue || r->q[queue].prod_reads != 1)
		return;
	if (queue == PRI)
		put_pri(r, 42);
	else
		put_fault(r, 42, 0x9000);
}

START_TEST(what_comes_between_is_not_left_behind)
{
	struct rig *r = rig_new(4, 4, 0);

	r->held = (unsigned)_i;
	r->after_prod = put_behind;
	put_pri(r, 1);
	put_stall(r, 2);
	ck_assert_uint_eq(poll_max(r, MAX), 2);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(poll_max(r, MAX), _i == PRI);
	ck_assert_uint_eq(r->ntold, _i == EVT);
	ck_assert_uint_eq(r->out.flags, 0);
	rig_del(r);
}
END_TEST

static void overflow_behind(struct rig *r, unsigned queue)
{
	if (queue == PRI && r->q[PRI].prod_reads == 1) {
		put_pri(r, 7);
		put_pri(r, 8);
	}
}

START_TEST(an_overflow_that_comes_between_is_looked_at)
{
	struct rig *r = rig_new(1, 1, 0);

	r->after_prod = overflow_behind;
	put_pri(r, 1);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(poll_max(r, MAX), 1);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
	ck_assert_uint_eq(r->req[0].stream_id, 7);
	rig_del(r);
}
END_TEST

static void overflow_alone_behind(struct rig *r, unsigned queue)
{
	if (queue == PRI && r->q[PRI].prod_reads == 1)
		put_pri(r, 9);
}

START_TEST(an_overflow_alone_that_comes_between_is_looked_at)
{
	struct rig *r = rig_new(1, 1, 0);

	r->after_prod = overflow_alone_behind;
	put_pri(r, 1);
	put_pri(r, 2);
	ck_assert_uint_eq(poll_max(r, MAX), 2);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_MORE);
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
	rig_del(r);
}
END_TEST

/* The SMMU fills the room at the moment that it gets it; somebody else looks before the poll has returned */
static void refill_and_look(struct rig *r, unsigned queue)
{
	uint64_t pos[2];

	while (!full(&r->q[queue]))
		must(queue == PRI ? put_pri(r, 1) : put_stall(r, 1), "room");
	iovm__smmu_newest(&r->s, pos);
	must(pos[queue] == r->q[queue].prod, "newest is %lu of %lu", (unsigned long)pos[queue], (unsigned long)r->q[queue].prod);
}

START_TEST(the_position_is_known_before_the_room)
{
	struct rig *r = rig_new((unsigned)_i, (unsigned)_i, 3);
	unsigned i;

	put_pri(r, 1);
	put_stall(r, 1);
	r->on_cons = refill_and_look;
	for (i = 0; i < 20; i++)
		ck_assert_uint_gt(poll_max(r, 2), 0);
	rig_del(r);
}
END_TEST

START_TEST(neither_queue_starves_the_other)
{
	struct rig *r = rig_new(4, 4, 0);
	unsigned i, n, turn, stalls = 0, requests = 0;

	for (turn = 0; turn < 40; turn++) {
		while (put_pri(r, 1) && !full(&r->q[PRI]))
			;
		while (put_stall(r, 2) && !full(&r->q[EVT]))
			;
		n = poll_max(r, _i ? 8 : 1);
		ck_assert_uint_eq(n, _i ? 8 : 1);
		ck_assert(r->out.flags & IOVM_POLL_MORE);
		for (i = 0; i < n; i++)
			*(r->req[i].queue ? &stalls : &requests) += 1;
	}
	ck_assert_uint_eq(stalls, requests);
	rig_del(r);
}
END_TEST

/* ---- overflow -------------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_full_pri_queue_is_emptied_then_acknowledged)
{
	struct rig *r = rig_new(3, 3, 5);
	unsigned lap, i, writes;

	for (lap = 0; lap < 5; lap++) {
		for (i = 0; i < 12; i++)
			put_pri(r, lap * 8 + i);
		ck_assert(r->q[PRI].flag != r->q[PRI].ack);
		ck_assert_uint_eq(poll_max(r, 3), 3);
		ck_assert(!(r->out.flags & IOVM_POLL_OVERFLOW));
		ck_assert(r->out.flags & IOVM_POLL_MORE);
		ck_assert(!put_pri(r, 999));		/* there is room, but PROD stands still */
		ck_assert_uint_eq(poll_max(r, 3), 3);
		ck_assert(!(r->out.flags & IOVM_POLL_OVERFLOW));
		writes = r->q[PRI].cons_writes;
		ck_assert_uint_eq(poll_max(r, 3), 2);
		ck_assert_uint_eq(r->q[PRI].cons_writes, writes + 1);
		ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
		ck_assert_uint_eq(r->req[1].stream_id, lap * 8 + 7);
		ck_assert(r->q[PRI].flag == r->q[PRI].ack);
		ck_assert_uint_eq(load_rlx(&r->s.count.pri_overflows), lap + 1);
		ck_assert_uint_eq(poll_max(r, 3), 0);
		ck_assert_uint_eq(r->out.flags, 0);
	}
	ck_assert_uint_eq(r->out.consumed[0], 5 + 40);
	rig_del(r);
}
END_TEST

START_TEST(an_overflow_is_acknowledged_without_entries_too)
{
	struct rig *r = rig_new(3, 3, 0);

	r->q[PRI].flag = FLAG;
	publish(&r->q[PRI]);
	ck_assert_uint_eq(poll_max(r, MAX), 0);
	ck_assert_uint_eq(r->out.flags, IOVM_POLL_OVERFLOW);
	ck_assert_uint_eq(r->q[PRI].ack, FLAG);
	rig_del(r);
}
END_TEST

START_TEST(lost_events_are_told_behind_those_that_were_not)
{
	struct rig *r = rig_new(3, 3, 0);
	unsigned lap, i;

	for (lap = 1; lap < 4; lap++) {
		for (i = 0; i < 10; i++)
			put_fault(r, lap, 0x1000 + i * 8);
		r->ntold = 0;
		ck_assert_uint_eq(poll_max(r, MAX), 0);
		ck_assert(!(r->out.flags & (IOVM_POLL_OVERFLOW | IOVM_POLL_MORE)));
		ck_assert(r->q[EVT].flag == r->q[EVT].ack);
		ck_assert_uint_eq(r->q[EVT].cons_writes, lap);
		ck_assert_uint_eq(r->ntold, 1);
		ck_assert_uint_eq(r->told[0].count, 8);
		ck_assert_uint_eq(r->lost, lap);
		ck_assert_uint_eq(load_rlx(&r->s.count.event_overflows), lap);
	}
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

/* ---- newest ------------------------------------------------------------------------------------------------------------------------------------------------ */

static void churn(struct rig *r, unsigned queue)
{
	void (*before)(struct rig *, unsigned) = r->before_prod, (*after)(struct rig *, unsigned) = r->after_prod;
	unsigned i;

	r->before_prod = r->after_prod = NULL;
	for (i = 0; queue == PRI && i < r->held; i++) {
		if (full(&r->q[PRI]))
			poll_max(r, 1);
		put_pri(r, i);
	}
	r->before_prod = before;
	r->after_prod = after;
}

/* The caller is held up before or behind its look at PROD, for up to six laps: what it says was true at some moment of its call */
START_TEST(newest_holds_however_long_its_caller_was_held_up)
{
	unsigned log2 = (unsigned)_i % 4, size = 1u << log2, fill, took, held, where;
	uint64_t pos[2], before;

	for (where = 1; where < 4; where++)
		for (fill = 0; fill <= size; fill++)
			for (took = 0; took <= fill; took++)
				for (held = 0; held <= 6 * size; held++) {
					struct rig *r = rig_new(log2, 1, starts[_i / 4]);

					for (r->held = 0; r->held < fill; r->held++)
						put_pri(r, 0);
					if (took)
						poll_max(r, took);
					r->held = held;
					r->before_prod = where & 1 ? churn : NULL;
					r->after_prod = where & 2 ? churn : NULL;
					before = r->q[PRI].prod;
					iovm__smmu_newest(&r->s, pos);
					must(pos[0] >= before && pos[0] <= r->q[PRI].prod, "%ld behind, size %u, held %u", (long)(before - pos[0]), size, held);
					rig_del(r);
				}
}
END_TEST

struct beside {
	struct rig *r;
	atomic_ulong put;
	atomic_bool stop, started;
	unsigned long looks;
};

static void *look_beside(void *arg)
{
	struct beside *b = arg;
	unsigned long before, last = 0;
	uint64_t pos[2];

	store_rel(&b->started, true);
	while (!load_acq(&b->stop)) {
		before = load_acq(&b->put);
		iovm__smmu_newest(&b->r->s, pos);
		must(pos[0] >= before && pos[0] >= last, "newest %lu, but %lu were there, and %lu before", (unsigned long)pos[0], before, last);
		must(pos[0] <= load_acq(&b->put) + 1, "newest runs ahead");
		last = (unsigned long)pos[0];
		b->looks++;
	}
	return NULL;
}

START_TEST(newest_beside_poll)
{
	struct beside b = { .r = rig_new(2, 2, 0) };
	pthread_t thread;
	unsigned long i;

	b.r->threads = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, look_beside, &b), 0);
	while (!load_acq(&b.started))
		sched_yield();
	for (i = 1; i <= 200000; i++) {
		if (full(&b.r->q[PRI]))
			poll_max(b.r, 1 + i % 5);
		put_pri(b.r, 0);
		store_rel(&b.put, i);
		if (i % 5000 == 0)
			sched_yield();
	}
	store_rel(&b.stop, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_gt(b.looks, 0);
	rig_del(b.r);
}
END_TEST

static Suite *queues_suite(void)
{
	Suite *suite = suite_create("smmu_queues");
	TCase *records = tcase_create("records"), *laps = tcase_create("laps"), *errors = tcase_create("errors"), *merging = tcase_create("merging");

	tcase_add_test(records, golden_records_come_out_whole);
	tcase_add_test(records, what_is_not_valid_is_not_believed);
	tcase_add_test(records, four_events_can_stall);
	tcase_add_test(records, stop_markers_are_counted_apart);
	tcase_add_test(records, random_records_are_all_accounted_for);
	tcase_add_loop_test(laps, entries_keep_their_order_and_position, 0, NSIZES * NSTARTS);
	tcase_add_test(laps, halves_join);
	tcase_add_test(laps, a_disabled_queue_goes_on_behind_what_it_held);
	tcase_add_test(laps, a_batch_costs_one_read_and_one_write);
	tcase_add_loop_test(laps, what_comes_between_is_not_left_behind, 0, 2);
	tcase_add_test(laps, an_overflow_that_comes_between_is_looked_at);
	tcase_add_test(laps, an_overflow_alone_that_comes_between_is_looked_at);
	tcase_add_loop_test(laps, the_position_is_known_before_the_room, 0, 4);
	tcase_add_loop_test(laps, neither_queue_starves_the_other, 0, 2);
	tcase_add_loop_test(laps, newest_holds_however_long_its_caller_was_held_up, 0, 4 * NSTARTS);
	tcase_add_test(laps, newest_beside_poll);
	tcase_add_test(merging, a_full_pri_queue_is_emptied_then_acknowledged);
	tcase_add_test(merging, an_overflow_is_acknowledged_without_entries_too);
	tcase_add_test(merging, lost_events_are_told_behind_those_that_were_not);
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
	tcase_set_timeout(laps, 120);
	suite_add_tcase(suite, records);
	suite_add_tcase(suite, laps);
	suite_add_tcase(suite, merging);
	suite_add_tcase(suite, errors);
	return suite;
}

int main(void)
{
	return harness_main(queues_suite());
}
