/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The event queue (7.2 to 7.4). event_at is where the next record goes; EVENTQ_PROD follows, late if chance wants it, and with it the interrupt when the queue was
 * empty. A record that finds the queue full is dropped and sets the overflow flag, unless it is a stall's: that waits, in stall.c.
 */
#include <string.h>
#include "backends/sim/smmuv3/model.h"

static uint64_t access_bits(const struct iovm__model_ask *q)	/* PnU, InD, RnW */
{
	return (uint64_t)q->priv << 33 | (uint64_t)q->exec << 34 | (uint64_t)!q->write << 35;
}

static void record_treq(const struct iovm__model_ask *q, uint64_t rec[4])
{
	const struct iovm_model_access *a = q->a;

	rec[1] |= (uint64_t)q->priv << 28 | (uint64_t)q->exec << 29 | (uint64_t)!!(a->flags & IOVM_MODEL_WRITE) << 30 | (uint64_t)!!(a->flags & IOVM_MODEL_READ) << 31;
	rec[2] = a->addr & ONES(12, 63);
}

void iovm__model_record(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const struct iovm__model_fault *f, uint64_t rec[4])
{
	const struct iovm_model_access *a = q->a;
	bool ssv = a->pasid != IOVM_MODEL_NO_PASID;
	uint64_t who = f->event | (uint64_t)a->stream_id << 32, stage = (uint64_t)f->s2 << 39 | (uint64_t)f->class_ << 40;

	memset(rec, 0, 4 * sizeof *rec);
	rec[0] = who | (ssv ? BIT64(11) | (uint64_t)(a->pasid & 0xfffff) << 12 : 0);
	switch (f->event) {
	case F_STE_FETCH: case F_CD_FETCH: rec[3] = f->fa & ONES(3, 55); break;
	case F_BAD_ATS_TREQ: record_treq(q, rec); break;
	case F_STREAM_DISABLED: rec[0] = who; break;
	case C_BAD_SUBSTREAMID: rec[0] = who | (ssv ? (uint64_t)(a->pasid & 0xfffff) << 12 : 0); break;
	case F_TRANSL_FORBIDDEN:
		rec[0] = who;
		rec[1] = (uint64_t)!q->write << 35;
		rec[2] = a->addr;
		break;
	case F_WALK_EABT:
		rec[1] = access_bits(q) | stage;
		rec[2] = a->addr;
		rec[3] = f->fa & ONES(3, 55);
		break;
	case F_TRANSLATION: case F_ADDR_SIZE: case F_ACCESS: case F_PERMISSION:
		rec[1] = access_bits(q) | stage | (f->event == F_PERMISSION && f->class_ == 1 ? BIT64(44) : 0);
		rec[2] = a->addr;
		rec[3] = f->s2 ? f->ipa & ONES(12, 55) : 0;
		break;
	default: break;
	}
}

/* ---- into memory ------------------------------------------------------------------------------------------------------------------------------------ */

static bool writable(const struct iovm_smmuv3_model *m)
{
	return model_on(m, CR0_EVENTQEN) && !m->failed && !(model_errors(m) & GERROR_EVENTQ_ABT);
}

static bool full(const struct iovm_smmuv3_model *m)
{
	unsigned log2 = queue_log2(m, R_EVENTQ_BASE);

	return queue_used(log2, m->event_at, m->reg[R_EVENTQ_CONS]) >= 1u << log2 || model_errs(m, IOVM_MODEL_ERROR_EVENTQ_FULL);
}

void iovm__model_event_show(struct iovm_smmuv3_model *m)
{
	unsigned log2 = queue_log2(m, R_EVENTQ_BASE);
	bool empty = !queue_used(log2, m->reg[R_EVENTQ_PROD], m->reg[R_EVENTQ_CONS]);

	if (m->event_shown == m->event_count)
		return;
	m->event_shown = m->event_count;
	m->reg[R_EVENTQ_PROD] = (m->reg[R_EVENTQ_PROD] & OVFLG) | m->event_at;
	if (empty)
		iovm__model_interrupt(m, IOVM_MODEL_LINE_EVENTQ);
}

static void put(struct iovm_smmuv3_model *m, const uint64_t rec[4])
{
	unsigned i, log2 = queue_log2(m, R_EVENTQ_BASE);
	uint64_t at = queue_slot(m, R_EVENTQ_BASE, log2, m->event_at, 32);

	for (i = 0; i < 4 && iovm__model_store(m, at + 8 * i, 8, rec[i]); i++)
		;
	if (i == 4 && m->c.event)
		m->c.event(m->c.ctx, rec, m->event_count);
	if (i == 4 || model_choose(m, 2, "event-abort-late")) {	/* asynchronous: PROD goes over what is not there (7.2.2) */
		m->event_at = queue_wrap(log2, m->event_at + 1);
		m->event_count++;
		m->stats.events++;
		if (!model_choose(m, 2, "event-late"))
			iovm__model_event_show(m);
	}
	if (i < 4) {
		m->stats.events_dropped++;
		iovm__model_gerror(m, GERROR_EVENTQ_ABT);
	}
	memcpy(m->event_last, rec, sizeof m->event_last);
	m->event_has_last = i == 4;
}

static bool merged(struct iovm_smmuv3_model *m, const uint64_t rec[4])
{
	return m->event_has_last && !memcmp(m->event_last, rec, sizeof m->event_last) &&
	       queue_used(queue_log2(m, R_EVENTQ_BASE), m->event_at, m->reg[R_EVENTQ_CONS]) && model_choose(m, 2, "event-merge");
}

void iovm__model_event(struct iovm_smmuv3_model *m, const uint64_t rec[4], bool merge)
{
	if (!writable(m) || (merge && merged(m, rec))) {
		m->stats.events_dropped++;
		return;
	}
	if (!full(m)) {
		put(m, rec);
		return;
	}
	m->stats.events_dropped++;
	iovm__model_event_show(m);	/* full is seen before overflow is */
	if (!((m->reg[R_EVENTQ_PROD] ^ m->reg[R_EVENTQ_CONS]) & OVFLG))
		m->reg[R_EVENTQ_PROD] ^= OVFLG;
}

bool iovm__model_event_stall(struct iovm_smmuv3_model *m, const uint64_t rec[4])
{
	if (!writable(m) || full(m))
		return false;
	put(m, rec);
	return true;
}

void iovm__model_event_cons(struct iovm_smmuv3_model *m, uint32_t value)
{
	unsigned log2 = queue_log2(m, R_EVENTQ_BASE);
	uint32_t old = m->reg[R_EVENTQ_CONS];
	bool ok;

	if (model_on(m, CR0_EVENTQEN)) {
		ok = queue_used(log2, value & INDEX, old & INDEX) <= queue_used(log2, m->reg[R_EVENTQ_PROD] & INDEX, old & INDEX);
		iovm__model_duty(m, DUTY_CONS, ok);
		if (!ok)
			return;
		value = (value & OVFLG) | queue_wrap(log2, value & INDEX);
	}
	m->reg[R_EVENTQ_CONS] = value;
	iovm__model_stall_flush(m);
}
