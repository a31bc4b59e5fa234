/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The PRI queue (chapter 8): which messages enter it, and what the SMMU answers by itself to those that do not. An overflow shuts the queue until the driver has
 * acknowledged it; what is dropped meanwhile is answered "ask again" if it was a Last.
 *
 * For the duties, every Last that entered is remembered until it is answered. Without room for that the oldest is forgotten: nothing is said of it then.
 */
#include "backends/sim/smmuv3/model.h"
#include "base/bits.h"

enum { WAYS = 8, SUCCESS = 0x0, INVALID = 0x1, FAILURE = 0xf };

static void respond(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p, uint8_t code, bool pasid)
{
	m->stats.auto_responses++;
	if (m->c.prg_response)
		m->c.prg_response(m->c.ctx, p->stream_id, pasid ? p->pasid : IOVM_MODEL_NO_PASID, p->index & 511, code, true);
}

static bool marker(const struct iovm_model_page_request *p)
{
	return p->pasid != IOVM_MODEL_NO_PASID && (p->flags & (IOVM_MODEL_LAST | IOVM_MODEL_READ | IOVM_MODEL_WRITE)) == IOVM_MODEL_LAST;
}

/* ---- overflow (8.1) ------------------------------------------------------------------------------------------------------------------------------------- */

static void note_config(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p, const struct iovm__model_fault *f)
{
	struct iovm_model_access a = { .stream_id = p->stream_id, .pasid = p->pasid, .addr = p->addr, .flags = p->flags & 15 };
	struct iovm__model_ask q;
	uint64_t rec[4];

	if (!(m->reg[R_CR2] & CR2_REC_CFG_ATS) || (f->event == C_BAD_STREAMID && !(m->reg[R_CR2] & CR2_RECINVSID)))
		return;
	iovm__model_ask_init(&q, &a, false);
	iovm__model_record(m, &q, f, rec);
	iovm__model_event(m, rec, false);
}

static void overflow_response(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p)
{
	const struct iovm__model_conf *ste;
	struct iovm__model_fault f;

	if (p->pasid == IOVM_MODEL_NO_PASID || !model_ssid_bits(m) || m->c.idr[3] & IDR3_PPS) {
		respond(m, p, SUCCESS, p->pasid != IOVM_MODEL_NO_PASID);
		return;
	}
	ste = iovm__model_ste(m, p->stream_id, &f);
	if (!ste)
		note_config(m, p, &f);
	respond(m, p, ste ? SUCCESS : FAILURE, ste && ste->w[1] & BIT64(18));	/* STE.PPAR */
}

static bool overflows(const struct iovm_smmuv3_model *m)
{
	return (m->reg[R_PRIQ_PROD] ^ m->reg[R_PRIQ_CONS]) & OVFLG;
}

static bool full(const struct iovm_smmuv3_model *m)
{
	unsigned log2 = queue_log2(m, R_PRIQ_BASE);

	return queue_used(log2, m->pri_at, m->reg[R_PRIQ_CONS] & INDEX) >= 1u << log2 || model_errs(m, IOVM_MODEL_ERROR_PRIQ_FULL);
}

/* LO: an interrupt for each Last, also for one that an overflow took (6.3.35) */
static bool last_only(const struct iovm_smmuv3_model *m)
{
	return m->reg[R_PRIQ_IRQ + 3] >> 31;
}

static void discard(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p)
{
	m->stats.requests_dropped++;
	if (!(p->flags & IOVM_MODEL_LAST))
		return;
	if (!marker(p))
		overflow_response(m, p);
	if (last_only(m))
		iovm__model_interrupt(m, IOVM_MODEL_LINE_PRIQ);
}

/* ---- into memory ------------------------------------------------------------------------------------------------------------------------------------------ */

void iovm__model_pri_show(struct iovm_smmuv3_model *m)
{
	unsigned log2 = queue_log2(m, R_PRIQ_BASE);
	bool empty = !queue_used(log2, m->reg[R_PRIQ_PROD] & INDEX, m->reg[R_PRIQ_CONS] & INDEX);

	if (m->pri_shown == m->pri_count)
		return;
	m->pri_shown = m->pri_count;
	m->reg[R_PRIQ_PROD] = (m->reg[R_PRIQ_PROD] & OVFLG) | m->pri_at;
	if (last_only(m) ? m->pri_last_late : empty)
		iovm__model_interrupt(m, IOVM_MODEL_LINE_PRIQ);
	m->pri_last_late = false;
}

static struct iovm__model_group *group_set(const struct iovm_smmuv3_model *m, uint32_t sid, uint16_t index)
{
	return m->group + (size_t)(bits_mix((uint64_t)sid << 9 | index) % (m->ngroup / WAYS)) * WAYS;
}

static void remember(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p)
{
	struct iovm__model_group *g = group_set(m, p->stream_id, p->index & 511), *to = g;
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (!g[i].used || (to->used && g[i].position < to->position))
			to = &g[i];
	*to = (struct iovm__model_group){ .position = m->pri_count, .sid = p->stream_id, .pasid = p->pasid, .index = p->index & 511, .used = true };
}

static void encode(const struct iovm_model_page_request *p, uint64_t w[2])
{
	bool ssv = p->pasid != IOVM_MODEL_NO_PASID;

	w[0] = p->stream_id | (uint64_t)!!(p->flags & IOVM_MODEL_READ) << 60 | (uint64_t)!!(p->flags & IOVM_MODEL_WRITE) << 61 | (uint64_t)!!(p->flags & IOVM_MODEL_LAST) << 62;
	if (ssv)
		w[0] |= (uint64_t)(p->pasid & 0xfffff) << 32 | (uint64_t)!!(p->flags & IOVM_MODEL_PRIV) << 58 | (uint64_t)!!(p->flags & IOVM_MODEL_EXEC) << 59 | BIT64(63);
	w[1] = (p->index & 511) | (p->addr & ONES(12, 63));
}

static bool put(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p)
{
	unsigned log2 = queue_log2(m, R_PRIQ_BASE);
	uint64_t at = queue_slot(m, R_PRIQ_BASE, log2, m->pri_at, 16), w[2];
	bool last = p->flags & IOVM_MODEL_LAST;

	encode(p, w);
	if (model_errs(m, IOVM_MODEL_ERROR_PRIQ_ABORT) || !iovm__model_store(m, at, 8, w[0]) || !iovm__model_store(m, at + 8, 8, w[1])) {
		m->stats.requests_dropped++;
		if (last && !marker(p) && !model_choose(m, 2, "pri-abort-late"))	/* asynchronous: lost without an answer (8.2) */
			respond(m, p, FAILURE, false);
		iovm__model_gerror(m, GERROR_PRIQ_ABT);
		return false;
	}
	if (last && !marker(p))
		remember(m, p);
	m->pri_at = queue_wrap(log2, m->pri_at + 1);
	m->pri_count++;
	m->stats.requests++;
	m->pri_last_late |= last;
	if (!model_choose(m, 2, "pri-late"))
		iovm__model_pri_show(m);
	return true;
}

bool iovm_smmuv3_model_page_request(struct iovm_smmuv3_model *m, const struct iovm_model_page_request *p)
{
	if (!model_on(m, CR0_PRIQEN | CR0_SMMUEN) || m->failed || model_errors(m) & GERROR_PRIQ_ABT) {
		m->stats.requests_dropped++;
		/* Whether a group is refused once or message by message is open */
		if (!marker(p) && (p->flags & IOVM_MODEL_LAST || !model_choose(m, 2, "pri-refuse-last-only")))
			respond(m, p, FAILURE, false);
		return false;
	}
	if (overflows(m)) {
		discard(m, p);
		return false;
	}
	if (!full(m))
		return put(m, p);
	iovm__model_pri_show(m);
	m->reg[R_PRIQ_PROD] ^= OVFLG;
	discard(m, p);
	return false;
}

void iovm__model_pri_cons(struct iovm_smmuv3_model *m, uint32_t value)
{
	unsigned log2 = queue_log2(m, R_PRIQ_BASE);
	uint32_t old = m->reg[R_PRIQ_CONS], prod = m->reg[R_PRIQ_PROD], by = queue_used(log2, value & INDEX, old & INDEX);
	bool ok;

	if (!model_on(m, CR0_PRIQEN)) {
		m->reg[R_PRIQ_CONS] = value;
		return;
	}
	ok = by <= queue_used(log2, prod & INDEX, old & INDEX);
	iovm__model_duty(m, DUTY_CONS, ok);
	if (!ok)
		return;
	if ((value ^ old) & OVFLG)
		iovm__model_duty(m, DUTY_OVACK, overflows(m) && !queue_used(log2, prod & INDEX, value & INDEX));
	m->pri_read += by;
	m->reg[R_PRIQ_CONS] = (value & OVFLG) | queue_wrap(log2, value & INDEX);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------------------------------ */

static struct iovm__model_group *oldest(struct iovm_smmuv3_model *m, uint32_t sid, uint16_t index, bool any, uint32_t pasid)
{
	struct iovm__model_group *g = group_set(m, sid, index), *found = NULL;
	unsigned i;

	for (i = 0; i < WAYS; i++)
		if (g[i].used && g[i].sid == sid && g[i].index == index && (any || g[i].pasid == pasid) && (!found || g[i].position < found->position))
			found = &g[i];
	return found;
}

void iovm__model_pri_resp(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	static const uint8_t codes[4] = { FAILURE, INVALID, SUCCESS, FAILURE };
	uint32_t sid = FIELD(c->w[0], 32, 32), pasid = c->w[0] & BIT64(11) ? FIELD(c->w[0], 12, 20) : IOVM_MODEL_NO_PASID;
	uint16_t index = (uint16_t)FIELD(c->w[1], 0, 9);
	struct iovm__model_group *g;

	if (!model_on(m, CR0_SMMUEN))
		return;
	g = oldest(m, sid, index, pasid == IOVM_MODEL_NO_PASID, pasid);
	iovm__model_duty(m, DUTY_ANSWER, g && g->position < m->pri_shown);
	if (g)
		iovm__model_duty(m, DUTY_CREDIT, g->position < m->pri_read);
	if (g)
		g->used = false;
	if (m->c.prg_response)
		m->c.prg_response(m->c.ctx, sid, pasid, index, codes[FIELD(c->w[1], 12, 2)], false);
}

static void excuse(struct iovm_smmuv3_model *m, uint32_t sid, bool any)
{
	unsigned i;

	for (i = 0; i < m->ngroup; i++)
		m->group[i].excused |= any || m->group[i].sid == sid;
}

void iovm__model_pri_off(struct iovm_smmuv3_model *m)
{
	excuse(m, 0, true);
}

void iovm__model_pri_gone(struct iovm_smmuv3_model *m, uint32_t sid)
{
	excuse(m, sid, false);
}

unsigned iovm__model_pri_owed(const struct iovm_smmuv3_model *m)
{
	unsigned i, n = 0;

	for (i = 0; i < m->ngroup; i++)
		n += m->group[i].used && !m->group[i].excused;
	return n;
}
