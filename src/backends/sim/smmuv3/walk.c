/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Translation tables (3.4, 5.4, chapter 15; 64-bit formats). descend() walks one table of either stage down to a leaf; with both stages on, it has each
 * address of a stage 1 descriptor translated by stage 2 first. Which fault comes first is the order of 7.3.22: range, then level by level abort, invalid descriptor, address
 * size, then access flag, then permission.
 *
 * With HTTU the access flag and the dirty state are written back as one 64-bit store.
 */
#include "backends/sim/smmuv3/model.h"

enum { DESC_AF = 10, DESC_NG = 11, DESC_DBM = 51, DESC_PXN = 53, DESC_UXN = 54 };

struct table {
	uint64_t base;
	unsigned granule, start, bits, oas;	/* bits: of the input */
	bool s2, ha, hd, affd, had, el2, pan, wxn;
};
struct leaf {
	uint64_t desc, at, out;
	unsigned level, shift;
	bool ap_user_off, ap_ro, pxn, uxn;	/* what tables on the way took away */
};

static bool bad(struct iovm__model_fault *f, uint8_t event, bool s2, unsigned class_, uint64_t ipa, uint64_t fa)
{
	*f = (struct iovm__model_fault){ .event = event, .s2 = s2, .class_ = (uint8_t)class_, .ipa = ipa, .fa = fa };
	return false;
}

static unsigned shift_of(const struct table *t, unsigned level)
{
	return t->granule + (3 - level) * (t->granule - 3);
}

/* Bits 47 down to low; with 64K and 52-bit outputs bits 15:12 are 51:48 */
static uint64_t output_of(const struct table *t, uint64_t desc, unsigned low)
{
	uint64_t out = desc & ONES(low, 47);

	return t->granule == 16 && t->oas > 48 ? out | (desc & ONES(12, 15)) << 36 : out;
}

static bool block_at(const struct table *t, unsigned level)
{
	return level == 2 || (level == 1 && t->granule == 12);
}

static void inherit(const struct table *t, struct leaf *l)
{
	if (t->s2 || t->had)
		return;
	l->ap_user_off |= (l->desc >> 61) & 1;
	l->ap_ro |= (l->desc >> 62) & 1;
	l->pxn |= (l->desc >> 59) & 1;
	l->uxn |= (l->desc >> 60) & 1;
}

/* nested: the STE whose stage 2 translates this table's own addresses, or NULL. class_, ipa: how faults are reported */
static bool descend(struct iovm_smmuv3_model *m, const struct table *t, uint64_t addr, const struct iovm__model_conf *nested, unsigned class_, struct leaf *l,
		    struct iovm__model_fault *f)
{
	unsigned shift = shift_of(t, t->start), width = t->bits - shift;
	uint64_t table = t->base & ~((8ull << width) - 1);

	*l = (struct leaf){ .level = t->start };
	for (;; l->level++, width = t->granule - 3) {
		shift = shift_of(t, l->level);
		l->at = table + ((addr >> shift) & ((1ull << width) - 1)) * 8;
		if (nested && !iovm__model_walk_ipa(m, nested, &l->at, 1, f))
			return false;
		m->stats.walks++;
		if (!iovm__model_load(m, l->at, &l->desc))
			return bad(f, F_WALK_EABT, t->s2, t->s2 ? class_ : 1, addr, l->at);
		if (!(l->desc & 1) || (l->level == 3 && !(l->desc & 2)) || (l->level < 3 && !(l->desc & 2) && !block_at(t, l->level)))
			return bad(f, F_TRANSLATION, t->s2, class_, addr, 0);
		if (l->level == 3 || !(l->desc & 2))
			break;
		table = output_of(t, l->desc, t->granule);
		if (table >> t->oas)
			return bad(f, F_ADDR_SIZE, t->s2, class_, addr, 0);
		inherit(t, l);
	}
	l->shift = shift;
	l->out = output_of(t, l->desc, shift);
	if (l->out >> t->oas)
		return bad(f, F_ADDR_SIZE, t->s2, class_, addr, 0);
	l->out |= addr & ((1ull << shift) - 1);
	return true;
}

static bool write_back(struct iovm_smmuv3_model *m, const struct table *t, struct leaf *l, uint64_t desc, unsigned class_, uint64_t ipa, struct iovm__model_fault *f)
{
	if (!iovm__model_store(m, l->at, 8, desc))
		return bad(f, F_WALK_EABT, t->s2, t->s2 ? class_ : 1, ipa, l->at);
	l->desc = desc;
	return true;
}

static bool access_flag(struct iovm_smmuv3_model *m, const struct table *t, struct leaf *l, unsigned class_, uint64_t ipa, struct iovm__model_fault *f)
{
	if (l->desc & BIT64(DESC_AF) || (t->affd && !t->ha))
		return true;
	if (!t->ha)
		return bad(f, F_ACCESS, t->s2, class_, ipa, 0);
	return write_back(m, t, l, l->desc | BIT64(DESC_AF), class_, ipa, f);
}

/* Dirty state by hardware: the leaf is read-only until somebody writes */
static bool clean(const struct table *t, const struct leaf *l)
{
	return t->hd && l->desc & BIT64(DESC_DBM) && (t->s2 ? !(l->desc & BIT64(7)) : l->desc & BIT64(7) && !l->ap_ro);
}

static unsigned rights1(const struct table *t, const struct leaf *l)
{
	bool user = l->desc & BIT64(6) && !l->ap_user_off, w = !(l->desc & BIT64(7)) && !l->ap_ro, ux = !(l->desc & BIT64(DESC_UXN)) && !l->uxn;
	bool px = !(l->desc & BIT64(DESC_PXN)) && !l->pxn && !(user && w);
	unsigned rights;

	if (t->el2) {	/* one privilege level: XN is bit 54 */
		px = ux && !(t->wxn && w);
		return P_UR | P_PR | (w ? P_UW | P_PW : 0) | (px ? P_UX | P_PX : 0);
	}
	rights = P_PR | (w ? P_PW : 0) | (user ? P_UR : 0) | (user && w ? P_UW : 0) | (ux ? P_UX : 0) | (px ? P_PX : 0);
	if (t->pan && user)
		rights &= ~(unsigned)(P_PR | P_PW);
	if (t->wxn && w)
		rights &= ~(unsigned)(P_PX | (user ? P_UX : 0));
	return rights;
}

static unsigned rights2(const struct iovm_smmuv3_model *m, const struct leaf *l)
{
	static const uint8_t exec[4] = { P_UX | P_PX, P_UX, 0, P_PX };
	unsigned xn = FIELD(l->desc, 53, 2);

	if (!(m->c.idr[3] & IDR3_XNX))
		xn &= 2;
	return (l->desc & BIT64(6) ? P_UR | P_PR : 0) | (l->desc & BIT64(7) ? P_UW | P_PW : 0) | exec[xn];
}

/* ---- stage 2 ---------------------------------------------------------------------------------------------------------------------------------------- */

static void table2(const struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, struct table *t)
{
	static const uint8_t sizes[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	const uint64_t *w = ste->w;
	unsigned ps = sizes[FIELD(w[2], 48, 3)];

	*t = (struct table){ .base = w[3] & ONES(4, 55), .granule = granule_of(FIELD(w[2], 46, 2)), .bits = 64 - FIELD(w[2], 32, 6),
			     .oas = ps < model_oas(m) ? ps : model_oas(m), .s2 = true, .ha = w[2] & BIT64(56), .hd = w[2] & BIT64(55), .affd = w[2] & BIT64(53) };
	t->start = iovm__model_s2_start(t->granule, FIELD(w[2], 38, 2));
}

struct ipa { uint64_t out; unsigned shift, rights; bool clean; };

static bool walk2(struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint64_t ipa, unsigned class_, bool write, struct ipa *out, struct iovm__model_fault *f)
{
	struct table t;
	struct leaf l;

	table2(m, ste, &t);
	if (ipa >> t.bits)
		return bad(f, F_TRANSLATION, true, class_, ipa, 0);
	if (!descend(m, &t, ipa, NULL, class_, &l, f) || !access_flag(m, &t, &l, class_, ipa, f))
		return false;
	if (write && clean(&t, &l) && !write_back(m, &t, &l, l.desc | BIT64(7), class_, ipa, f))
		return false;
	*out = (struct ipa){ .out = l.out, .shift = l.shift, .rights = rights2(m, &l), .clean = clean(&t, &l) };
	return true;
}

bool iovm__model_walk_ipa(struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint64_t *addr, unsigned class_, struct iovm__model_fault *f)
{
	struct ipa out;

	if (!walk2(m, ste, *addr, class_, false, &out, f))
		return false;
	if (!(out.rights & P_PR))
		return bad(f, F_PERMISSION, true, class_, *addr, 0);
	*addr = out.out;
	return true;
}

/* ---- stage 1 ------------------------------------------------------------------------------------------------------------------------------------------ */

static unsigned start_of(unsigned granule, unsigned bits)
{
	unsigned stride = granule - 3, levels = (bits - granule + stride - 1) / stride;

	return 4 - levels;
}

/* Which half, and whether the address is in its range (TBI, EPD) */
static bool table1(const struct iovm_smmuv3_model *m, const struct iovm__model_space *s, uint64_t addr, struct table *t, struct iovm__model_fault *f)
{
	static const uint8_t sizes[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	const uint64_t *w = s->cd->w;
	bool high = addr & BIT64(55) && s->world != WORLD_EL2, tbi = w[0] & BIT64(high ? 39 : 38), out_of_range;
	unsigned ips = sizes[FIELD(w[0], 32, 3)], low = high ? 16 : 0;

	*t = (struct table){ .base = w[high ? 2 : 1] & ONES(4, 55), .granule = high ? granule1_of(FIELD(w[0], 22, 2)) : granule_of(FIELD(w[0], 6, 2)),
			     .bits = 64 - FIELD(w[0], low, 6), .oas = ips < model_oas(m) ? ips : model_oas(m), .ha = w[0] & BIT64(43), .hd = w[0] & BIT64(42),
			     .affd = w[0] & BIT64(35), .had = w[high ? 2 : 1] & BIT64(1) && m->c.idr[3] & IDR3_HAD, .el2 = s->world == WORLD_EL2,
			     .pan = w[0] & BIT64(40), .wxn = w[0] & BIT64(36) };
	if (w[0] & BIT64(high ? 30 : 14))
		return bad(f, F_TRANSLATION, false, 2, 0, 0);
	if (high)
		addr = ~addr;
	out_of_range = (tbi ? addr & ONES(0, 55) : addr) >> t->bits;
	if (out_of_range)
		return bad(f, F_TRANSLATION, false, 2, 0, 0);
	t->start = start_of(t->granule, t->bits);
	return true;
}

static bool stage1(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, const struct iovm__model_ask *q, struct iovm__model_tlbe *e, struct iovm__model_fault *f)
{
	struct table t;
	struct leaf l;

	if (!table1(m, s, q->addr, &t, f))
		return false;
	if (!descend(m, &t, q->addr & ((1ull << t.bits) - 1), s->s2 ? s->ste : NULL, 2, &l, f) || !access_flag(m, &t, &l, 2, 0, f))
		return false;
	if (q->write && clean(&t, &l) && !write_back(m, &t, &l, l.desc & ~BIT64(7), 2, 0, f))
		return false;
	e->s1 = (uint8_t)rights1(&t, &l);
	e->dirty_by_hw = clean(&t, &l);
	e->global = !(l.desc & BIT64(DESC_NG)) && s->world != WORLD_EL2;
	e->level = (uint8_t)l.level;
	e->size_log2 = (uint8_t)l.shift;
	e->out = l.out;
	if (!q->ats && !(e->s1 & ask_right(q)))
		return bad(f, F_PERMISSION, false, 2, 0, 0);
	return true;
}

static bool stage2(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, const struct iovm__model_ask *q, struct iovm__model_tlbe *e, struct iovm__model_fault *f)
{
	struct ipa out;
	uint64_t ipa = e->out;

	if (!walk2(m, s->ste, ipa, 2, q->write && e->s1 & ask_right(q), &out, f))
		return false;
	e->s2 = (uint8_t)out.rights;
	e->dirty_by_hw |= out.clean;
	e->out = out.out;
	if (!s->s1 || out.shift < e->size_log2)
		e->size_log2 = (uint8_t)out.shift;
	if (!q->ats && !(e->s2 & ask_right(q)))
		return bad(f, F_PERMISSION, true, 2, ipa, 0);
	return true;
}

bool iovm__model_walk(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, const struct iovm__model_ask *q, struct iovm__model_tlbe *e, struct iovm__model_fault *f)
{
	*e = (struct iovm__model_tlbe){ .page = q->addr >> 12, .out = q->addr, .root = s->root, .asid = s->asid, .vmid = s->vmid, .s1 = P_ALL, .s2 = P_ALL,
					.world = s->world, .s2on = s->s2, .valid = true };
	if ((s->s1 && !stage1(m, s, q, e, f)) || (s->s2 && !stage2(m, s, q, e, f)))
		return false;
	e->out &= ~4095ull;
	e->first = q->addr & ~((1ull << e->size_log2) - 1);
	e->last = e->first | ((1ull << e->size_log2) - 1);
	return true;
}
