/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The way of an access (3.3, 7.3.22): SMMUEN, STE, which CD (5.2, table of substreams), TLB or walk, and if that failed what the driver wants done about it: terminate it,
 * record it, or stall it (5.5).
 */
#include "backends/sim/smmuv3/model.h"

static bool bad(struct iovm__model_fault *f, uint8_t event)
{
	*f = (struct iovm__model_fault){ .event = event, .class_ = 2 };
	return false;
}

void iovm__model_ask_init(struct iovm__model_ask *q, const struct iovm_model_access *a, bool quiet)
{
	*q = (struct iovm__model_ask){ .a = a, .addr = a->addr, .write = a->flags & IOVM_MODEL_WRITE, .exec = (a->flags & IOVM_MODEL_EXEC) && !(a->flags & IOVM_MODEL_WRITE),
				       .priv = a->flags & IOVM_MODEL_PRIV, .ats = a->kind == IOVM_MODEL_ATS_REQUEST, .quiet = quiet };
	if (q->ats && a->pasid == IOVM_MODEL_NO_PASID)	/* without PASID: unprivileged data (3.9.1) */
		q->exec = q->priv = false;
}

/* ---- from stream and substream to tables ------------------------------------------------------------------------------------------------------------ */

/* Row by row as in 5.2: false with *f, or true with *index, -1 if stage 1 is bypassed */
static bool substream(const struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint32_t pasid, int64_t *index, struct iovm__model_fault *f)
{
	unsigned cdmax = ste_cdmax(m, ste->w), dss = FIELD(ste->w[1], 0, 2);
	bool ssv = pasid != IOVM_MODEL_NO_PASID;

	*index = -1;
	if (!ste_s1(ste) || !cdmax) {
		if (ssv)
			return bad(f, C_BAD_SUBSTREAMID);
		*index = ste_s1(ste) ? 0 : -1;
		return true;
	}
	if (ssv && pasid >> cdmax)
		return bad(f, C_BAD_SUBSTREAMID);
	if (ssv ? !pasid && dss == 2 : dss == 0 || dss == 3)
		return bad(f, F_STREAM_DISABLED);
	if (ssv || dss == 2)
		*index = ssv ? pasid : 0;
	return true;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

/* Everything that an entry of this ASID depends on, but for A, R, S and ASET (5.4); 0 if it walks nothing, or what is kept may be used on */
static uint64_t root_of(const struct iovm__model_space *s)
{
	uint64_t h = 1;

	if (s->s1 && (s->cd->w[0] & BIT64(14)) && (s->cd->w[0] & BIT64(30) || s->world == WORLD_EL2))
		return 0;
	if (s->s1)
		h = mix(mix(mix(mix(h, s->cd->w[0] & ~ONES(44, 63)), s->cd->w[1]), s->cd->w[2]), s->cd->w[3]);
	if (s->s2)
		h = mix(mix(h, s->ste->w[2] & ~(BIT64(57) | BIT64(58))), s->ste->w[3]);
	return h;
}

static uint8_t world_of(const struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, bool s1)
{
	if (!s1)
		return WORLD_S2;
	if (ste_config(ste) == 5 && model_idr0(m, IDR0_HYP) && FIELD(ste->w[1], 30, 2) == 2)
		return m->reg[R_CR2] & CR2_E2H ? WORLD_E2H : WORLD_EL2;
	return WORLD_EL1;
}

bool iovm__model_resolve(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, struct iovm__model_space *s, struct iovm__model_fault *f)
{
	int64_t index;

	*s = (struct iovm__model_space){ .ste = iovm__model_ste(m, q->a->stream_id, f) };
	if (!s->ste)
		return false;
	if (!(ste_config(s->ste) & 4))
		return bad(f, 0);	/* terminated, silently */
	if (!substream(m, s->ste, q->a->pasid, &index, f))
		return false;
	s->s1 = index >= 0;
	s->s2 = ste_s2(s->ste);
	if (s->s1) {
		s->cd = iovm__model_cd(m, s->ste, q->a->stream_id, (uint32_t)index, f);
		if (!s->cd)
			return false;
	}
	s->world = world_of(m, s->ste, s->s1);
	s->asid = s->s1 && s->world != WORLD_EL2 ? (uint16_t)FIELD(s->cd->w[0], 48, 16) : 0;
	s->vmid = model_idr0(m, IDR0_S2P) && (s->world == WORLD_EL1 || s->world == WORLD_S2) ? (uint16_t)FIELD(s->ste->w[2], 0, 16) : 0;
	s->root = root_of(s);
	return true;
}

/* STE.PRIVCFG, INSTCFG: 2 forces unprivileged, data; 3 the other. Not for ATS */
static void override(const struct iovm__model_conf *ste, struct iovm__model_ask *q)
{
	unsigned priv = FIELD(ste->w[1], 48, 2), inst = FIELD(ste->w[1], 50, 2);

	if (priv & 2)
		q->priv = priv & 1;
	if (inst & 2)
		q->exec = (inst & 1) && !q->write;
}

/* TBI: the top byte is not part of what is looked up */
static uint64_t canonical(const struct iovm__model_space *s, uint64_t addr)
{
	bool high = addr & BIT64(55) && s->world != WORLD_EL2;

	if (!s->s1 || !(s->cd->w[0] & BIT64(high ? 39 : 38)))
		return addr;
	return high ? addr | ONES(56, 63) : addr & ONES(0, 55);
}

/* Out of the TLB, or by a walk into it. With ATS no permission is missing: the caller looks at the rights */
bool iovm__model_find(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, const struct iovm__model_ask *asked, struct iovm__model_tlbe *e, struct iovm__model_fault *f)
{
	struct iovm__model_ask q = *asked;
	const struct iovm__model_tlbe *hit;

	q.addr = canonical(s, q.addr);
	hit = iovm__model_tlb_find(m, s, q.addr);
	if (hit && !(q.write && hit->dirty_by_hw)) {
		*e = *hit;
		if (q.ats || (e->s1 & e->s2 & ask_right(&q)))
			return true;
		*f = (struct iovm__model_fault){ .event = F_PERMISSION, .class_ = 2, .s2 = e->s1 & ask_right(&q), .ipa = s->s1 ? 0 : q.addr };
		return false;
	}
	if (!iovm__model_walk(m, s, &q, e, f))
		return false;
	if (m->c.walked)
		e->tag = m->c.walked(m->c.ctx, q.a, e->out, e->asid);
	iovm__model_tlb_put(m, e);
	return true;
}

/* ---- what becomes of a fault (5.5) -------------------------------------------------------------------------------------------------------------------- */

static bool stall(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const struct iovm__model_fault *f, struct iovm_model_result *r)
{
	uint64_t rec[4];

	iovm__model_duty(m, DUTY_PCIE, !(q->a->flags & IOVM_MODEL_PCIE));
	r->outcome = IOVM_MODEL_STALLED;
	if (q->quiet)
		return true;
	iovm__model_record(m, q, f, rec);
	if (!iovm__model_stall_put(m, q, rec, &r->stall))
		r->outcome = IOVM_MODEL_BUSY;
	return true;
}

static void failed(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const struct iovm__model_space *s, const struct iovm__model_fault *f,
		   struct iovm_model_result *r)
{
	bool walk = f->event >= F_TRANSLATION && f->event <= F_PERMISSION, a = true, rec = true, st = false, by_cd = walk && !f->s2 && s->cd;
	uint64_t event[4];

	r->event = f->event;
	r->outcome = IOVM_MODEL_ABORT;
	if (!f->event)
		return;
	if (by_cd) {
		a = s->cd->w[0] & BIT64(46);
		rec = s->cd->w[0] & BIT64(45);
		st = s->cd->w[0] & BIT64(44);
	} else if (walk && f->s2) {
		rec = s->ste->w[2] & BIT64(58);
		st = s->ste->w[2] & BIT64(57);
	} else if (f->event == C_BAD_STREAMID) {
		rec = m->reg[R_CR2] & CR2_RECINVSID;
	}
	if (st && stall(m, q, f, r))
		return;
	if (!a)
		r->outcome = IOVM_MODEL_RAZ_WI;
	if (!rec || q->quiet)
		return;
	iovm__model_record(m, q, f, event);
	iovm__model_event(m, event, s->ste && s->ste->w[1] & BIT64(19));
}

static void granted(const struct iovm__model_ask *q, const struct iovm__model_tlbe *e, struct iovm_model_result *r)
{
	unsigned rights = e->s1 & e->s2;

	if (!q->priv)
		rights <<= 3;
	r->outcome = IOVM_MODEL_OK;
	r->addr = e->out | (q->addr & 4095);
	r->size_log2 = e->size_log2;
	r->tag = e->tag;
	r->flags = (uint8_t)((rights & P_PR ? IOVM_MODEL_READ : 0) | (rights & P_PW && !e->dirty_by_hw ? IOVM_MODEL_WRITE : 0) | (rights & P_PX ? IOVM_MODEL_EXEC : 0));
}

static void bypass(struct iovm_model_result *r, uint64_t addr)
{
	*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_OK, .addr = addr, .size_log2 = 12, .flags = IOVM_MODEL_READ | IOVM_MODEL_WRITE | IOVM_MODEL_EXEC };
}

/* Untranslated traffic */
void iovm__model_through(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r, bool quiet)
{
	struct iovm__model_fault f = { 0 };
	struct iovm__model_space s;
	struct iovm__model_ask q;
	struct iovm__model_tlbe e;

	*r = (struct iovm_model_result){ .outcome = IOVM_MODEL_ABORT };
	iovm__model_ask_init(&q, a, quiet);
	if (!model_on(m, CR0_SMMUEN)) {
		if (!(m->reg[R_GBPA] & GBPA_ABORT))
			bypass(r, a->addr);
		return;
	}
	if (!iovm__model_resolve(m, &q, &s, &f)) {
		failed(m, &q, &s, &f, r);
		return;
	}
	override(s.ste, &q);
	if (!s.s1 && !s.s2) {	/* both bypassed: only the size of the address matters */
		if (a->addr >> model_oas(m)) {
			bad(&f, F_ADDR_SIZE);
			failed(m, &q, &s, &f, r);
		} else {
			bypass(r, a->addr);
		}
		return;
	}
	if (iovm__model_find(m, &s, &q, &e, &f))
		granted(&q, &e, r);
	else
		failed(m, &q, &s, &f, r);
}

void iovm_smmuv3_model_translate(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r)
{
	m->stats.translations++;
	if (m->failed) {
		*r = (struct iovm_model_result){ .outcome = a->kind == IOVM_MODEL_ATS_REQUEST ? IOVM_MODEL_UR : IOVM_MODEL_ABORT };
		return;
	}
	switch (a->kind) {
	case IOVM_MODEL_ATS_REQUEST: iovm__model_ats(m, a, r); break;
	case IOVM_MODEL_TRANSLATED: iovm__model_translated(m, a, r); break;
	default: iovm__model_through(m, a, r, false);
	}
}
