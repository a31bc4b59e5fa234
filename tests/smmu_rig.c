/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Registers, the producer behind them, and a system that the driver under test has joined. A write that a real SMMU would not survive ends the test.
 */
#include "smmu_rig.h"
#include <stdlib.h>
#include <string.h>

/* ---- registers -------------------------------------------------------------------------------------------------------------------------- */

uint32_t index_bits(const struct producer *q, uint64_t position)
{
	return (uint32_t)(position % (2ull << q->log2));
}

void publish(struct producer *q)
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

bool full(const struct producer *q)
{
	return q->prod - q->cons == 1ull << q->log2;
}

/* 7.4 and 8.1: events go on while an overflow is not acknowledged, page requests do not */
bool put(struct rig *r, unsigned queue, const uint64_t *words)
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

bool put_pri(struct rig *r, uint32_t sid)	/* read, Last, no PASID */
{
	const uint64_t w[2] = { 5ull << 60 | sid, 0x7000 | (sid & 0x1ff) };

	return put(r, PRI, w);
}

bool put_stall(struct rig *r, uint32_t sid)
{
	const uint64_t w[4] = { (uint64_t)sid << 32 | 0x10, 1ull << 35 | 1ull << 31 | (sid & 0xffff), 0x5123, 0 };

	return put(r, EVT, w);
}

bool put_fault(struct rig *r, uint32_t sid, uint64_t addr)	/* F_TRANSLATION, a read, terminated */
{
	const uint64_t w[4] = { (uint64_t)sid << 32 | 0x10, 1ull << 35 | 2ull << 40, addr, 0 };

	return put(r, EVT, w);
}

unsigned poll_max(struct rig *r, unsigned max)
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

struct rig *rig_new(unsigned pri_log2, unsigned evt_log2, uint64_t start)
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

void rig_del(struct rig *r)
{
	ck_assert_int_eq(iovm_del(r->sys), 0);
	port_fini(&r->port);
	free(r->q[0].mem);
	free(r->q[1].mem);
	free(r);
}

uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
