/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What an SMMU has to do with device TLBs (3.9): it answers Translation Requests, lets Translated traffic through, and sends the invalidations of CMD_ATC_INV. A Translation
 * Request never stalls and is never recorded as a translation fault: the answer without rights is what makes a device ask for the page.
 *
 * For the duties it remembers which table each PASID's translations came from, until a CMD_ATC_INV of everything is complete.
 */
#include "backends/sim/smmuv3/model.h"
#include "base/bits.h"

enum { GRANTED = 1024, ALL = 52 };

unsigned iovm__model_eats(const struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste)
{
	return model_idr0(m, IDR0_ATS) && ste_config(ste) & 3 && FIELD(ste->w[1], 28, 2) == 1;
}

static void note(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, uint8_t event, bool record, struct iovm_model_result *r)
{
	struct iovm__model_fault f = { .event = event, .class_ = 2 };
	struct iovm__model_ask q;
	uint64_t rec[4];

	r->event = event;
	if (!record || !event)
		return;
	iovm__model_ask_init(&q, a, false);
	iovm__model_record(m, &q, &f, rec);
	iovm__model_event(m, rec, false);
}

static bool records_config(const struct iovm_smmuv3_model *m, uint8_t event)
{
	return m->reg[R_CR2] & CR2_REC_CFG_ATS && (event != C_BAD_STREAMID || m->reg[R_CR2] & CR2_RECINVSID);
}

/* ---- Translation Requests (3.9.1.2) ------------------------------------------------------------------------------------------------------------------ */

static void ats_failed(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, const struct iovm__model_fault *f, struct iovm_model_result *r)
{
	if (f->event >= F_TRANSLATION && f->event <= F_ACCESS) {	/* not present: an answer like any other */
		*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_OK, .size_log2 = (uint8_t)(12 + m->c.stu), .event = f->event };
		return;
	}
	r->outcome = f->event ? IOVM_MODEL_CA : IOVM_MODEL_UR;
	note(m, a, f->event, records_config(m, f->event), r);
}

static void ats_granted(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const struct iovm__model_space *s, const struct iovm__model_tlbe *e,
			struct iovm_model_result *r)
{
	unsigned rights = e->s1 & e->s2;

	if (!q->priv)
		rights <<= 3;
	*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_OK, .addr = e->out | (q->addr & 4095), .size_log2 = e->size_log2, .tag = e->tag };
	if (!(rights & P_PR)) {
		r->event = F_PERMISSION;
		return;
	}
	r->flags = IOVM_MODEL_READ;
	r->flags |= rights & P_PW && !e->dirty_by_hw ? IOVM_MODEL_WRITE : 0;
	r->flags |= rights & P_PX && q->a->flags & IOVM_MODEL_EXEC && q->a->pasid != IOVM_MODEL_NO_PASID ? IOVM_MODEL_EXEC : 0;
	iovm__model_granted(m, q->a->stream_id, q->a->pasid, s->root);
}

void iovm__model_ats(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r)
{
	const struct iovm__model_conf *ste = NULL;
	struct iovm__model_fault f = { 0 };
	struct iovm__model_space s;
	struct iovm__model_ask q;
	struct iovm__model_tlbe e;

	*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_UR };
	if (!model_idr0(m, IDR0_ATS))
		return;
	iovm__model_ask_init(&q, a, false);
	if (model_on(m, CR0_SMMUEN)) {
		ste = iovm__model_ste(m, a->stream_id, &f);
		if (!ste) {
			ats_failed(m, a, &f, r);
			return;
		}
		if (!(ste_config(ste) & 4))
			return;
	}
	if (!ste || !iovm__model_eats(m, ste)) {
		note(m, a, F_BAD_ATS_TREQ, true, r);
		return;
	}
	if (!iovm__model_resolve(m, &q, &s, &f)) {
		ats_failed(m, a, &f, r);
	} else if (!s.s1 && !s.s2) {	/* S1DSS = 1: the device may use its addresses as they are */
		*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_OK, .addr = a->addr, .size_log2 = 12, .flags = IOVM_MODEL_READ | IOVM_MODEL_WRITE };
	} else if (iovm__model_find(m, &s, &q, &e, &f)) {
		ats_granted(m, &q, &s, &e, r);
	} else {
		ats_failed(m, a, &f, r);
	}
}

/* ---- Translated traffic (3.9.1.3) ------------------------------------------------------------------------------------------------------------------------- */

static void forbid(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r)
{
	r->outcome = IOVM_MODEL_ABORT;
	note(m, a, F_TRANSL_FORBIDDEN, true, r);
}

void iovm__model_translated(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r)
{
	const struct iovm__model_conf *ste;
	struct iovm__model_fault f = { 0 };

	*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_ABORT };
	if (!model_on(m, CR0_SMMUEN) || !model_idr0(m, IDR0_ATS)) {
		forbid(m, a, r);
		return;
	}
	if (model_on(m, CR0_ATSCHK)) {
		ste = iovm__model_ste(m, a->stream_id, &f);
		if (!ste) {
			note(m, a, f.event, records_config(m, f.event), r);
			return;
		}
		if (!(ste_config(ste) & 4))
			return;
		if (!iovm__model_eats(m, ste)) {
			forbid(m, a, r);
			return;
		}
	}
	if (a->addr >> model_oas(m)) {
		note(m, a, F_ADDR_SIZE, true, r);
		return;
	}
	*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_OK, .addr = a->addr, .size_log2 = 12, .flags = IOVM_MODEL_READ | IOVM_MODEL_WRITE };
}

/* ---- CMD_ATC_INV (4.5.1) ------------------------------------------------------------------------------------------------------------------------------------ */

static struct iovm__model_granted *granted_slot(struct iovm_smmuv3_model *m, uint32_t sid, uint32_t pasid)
{
	return &m->granted[bits_mix((uint64_t)sid << 32 | pasid) % GRANTED];
}

void iovm__model_granted(struct iovm_smmuv3_model *m, uint32_t sid, uint32_t pasid, uint64_t root)
{
	struct iovm__model_granted *g = granted_slot(m, sid, pasid);

	if (g->used && g->sid == sid && g->pasid == pasid && root)
		iovm__model_duty(m, DUTY_PASID, g->root == root);
	*g = (struct iovm__model_granted){ .root = root, .sid = sid, .pasid = pasid, .used = root != 0 };
}

static void granted_drop(struct iovm_smmuv3_model *m, const struct iovm_model_atc_inv *inv)
{
	struct iovm__model_granted *g = granted_slot(m, inv->stream_id, inv->pasid);
	unsigned i;

	if (inv->size_log2 < 64)
		return;
	if (!inv->global && g->sid == inv->stream_id && g->pasid == inv->pasid)
		g->dropped = true;
	for (i = 0; i < GRANTED && inv->global; i++)
		m->granted[i].dropped |= m->granted[i].sid == inv->stream_id && m->granted[i].pasid != IOVM_MODEL_NO_PASID;
}

void iovm__model_granted_synced(struct iovm_smmuv3_model *m)
{
	unsigned i;

	for (i = 0; i < GRANTED && m->drops_open; i++)
		if (m->granted[i].dropped)
			m->granted[i].used = m->granted[i].dropped = false;
	m->drops_open = false;
}

void iovm__model_granted_gone(struct iovm_smmuv3_model *m, uint32_t sid)
{
	unsigned i;

	for (i = 0; i < GRANTED; i++)
		if (m->granted[i].sid == sid)
			m->granted[i].used = false;
}

static void lost(struct iovm_smmuv3_model *m, uint32_t sid)
{
	unsigned i;

	m->atc_lost++;
	for (i = 0; i < GRANTED; i++)
		if (m->granted[i].sid == sid)
			m->granted[i].dropped = false;
}

static bool send(struct iovm_smmuv3_model *m, struct iovm_model_atc_inv *inv)
{
	unsigned tag;

	for (tag = 0; tag < ATC_TAGS && m->atc[tag].used; tag++)
		;
	if (tag == ATC_TAGS)
		return false;
	inv->tag = (uint16_t)tag;
	m->atc[tag].used = true;	/* the callback may say that it is done before it returns */
	m->atc[tag].sid = inv->stream_id;
	m->atc_out++;
	switch (m->c.atc_inv ? m->c.atc_inv(m->c.ctx, inv) : IOVM_MODEL_ATC_DONE) {
	case IOVM_MODEL_ATC_DONE: iovm_smmuv3_model_atc_done(m, inv->tag, false); return true;
	case IOVM_MODEL_ATC_LOST: iovm_smmuv3_model_atc_done(m, inv->tag, true); return true;
	case IOVM_MODEL_ATC_SENT: return true;
	default: iovm_smmuv3_model_atc_done(m, inv->tag, false); return false;
	}
}

bool iovm__model_atc_inv(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	unsigned size = FIELD(c->w[1], 0, 6);
	bool ssv = c->w[0] & BIT64(11);
	struct iovm_model_atc_inv inv = { .stream_id = FIELD(c->w[0], 32, 32), .pasid = ssv ? FIELD(c->w[0], 12, 20) : IOVM_MODEL_NO_PASID,
					  .size_log2 = (uint8_t)(size >= ALL ? 64 : 12 + size), .global = ssv && c->w[0] & BIT64(9) };

	if (!model_on(m, CR0_SMMUEN))
		return true;
	inv.addr = size >= ALL ? 0 : c->w[1] & ONES(12 + size, 63);
	if (!send(m, &inv)) {
		m->atc_busy = true;
		return false;
	}
	iovm__model_duty(m, DUTY_ATC_ORDER, !m->tlbi_open);
	iovm__model_duty(m, DUTY_ATC_SIZE, size >= m->c.stu);
	m->drops_open = true;
	granted_drop(m, &inv);
	return true;
}

void iovm_smmuv3_model_atc_done(struct iovm_smmuv3_model *m, uint16_t tag, bool was_lost)
{
	if (tag >= ATC_TAGS || !m->atc[tag].used)
		return;
	m->atc[tag].used = false;
	m->atc_out--;
	m->sync_blocked = false;
	if (was_lost)
		lost(m, m->atc[tag].sid);
}
