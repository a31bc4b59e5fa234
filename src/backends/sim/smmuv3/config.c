/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Where a stream's STE and a substream's CD are, and what is kept of them (5.2, 5.4, 3.21). Whatever was fetched is kept, invalid or not, until a CFGI, so that a driver
 * that forgets one goes on with the old. A fetch that aborted is not kept. Reading goes by 64-bit words, in either order: only they are atomic.
 *
 * At each CMD_SYNC some of what is kept is held against memory. A driver may be on its way from the store to its CFGI, so only what was found changed three times
 * counts as forgotten.
 */
#include "backends/sim/smmuv3/model.h"
#include "base/bits.h"

enum { WAYS = 4, PATIENCE = 8 };	/* each is looked at every 16 SYNCs; what a caller gave up is finished by the next */

static struct iovm__model_conf *set_of(struct iovm__model_confs *c, uint32_t sid, uint32_t index)
{
	return c->conf + (size_t)(bits_mix((uint64_t)sid << 32 | index) & (c->sets - 1)) * WAYS;
}

static struct iovm__model_conf *find(struct iovm__model_confs *c, uint32_t sid, uint32_t index)
{
	struct iovm__model_conf *e = set_of(c, sid, index), *end = e + WAYS;

	for (; e < end; e++)
		if (e->valid && e->sid == sid && e->index == index)
			return e;
	return NULL;
}

static unsigned words_of(enum iovm__model_conf_kind kind)
{
	return kind == CONF_STE || kind == CONF_CD ? 8 : 1;
}

static bool read_words(struct iovm_smmuv3_model *m, uint64_t at, unsigned n, uint64_t *w)
{
	bool down = n > 1 && model_choose(m, 2, "word-order");
	unsigned i;

	m->stats.config_fetches++;
	for (i = 0; i < n; i++)
		if (!iovm__model_load(m, at + 8 * (down ? n - 1 - i : i), &w[down ? n - 1 - i : i]))
			return false;
	return true;
}

/* Fetch into the cache. NULL: aborted */
static struct iovm__model_conf *fetch(struct iovm_smmuv3_model *m, enum iovm__model_conf_kind kind, uint32_t sid, uint32_t index, uint64_t at)
{
	struct iovm__model_confs *c = &m->confs[kind];
	struct iovm__model_conf *e = set_of(c, sid, index), new = { .at = at, .sid = sid, .index = index, .valid = true };
	unsigned i;

	if (!read_words(m, at, words_of(kind), new.w))
		return NULL;
	for (i = 0; i < WAYS && e[i].valid; i++)
		;
	e += i < WAYS ? i : c->victim++ % WAYS;
	*e = new;
	return e;
}

/* What is invalid need not be kept. It can still be read until the next fetch */
static void perhaps_drop(const struct iovm_smmuv3_model *m, struct iovm__model_conf *e, bool bad)
{
	if (bad && model_choose(m, 2, "drop-invalid"))
		e->valid = false;
}

/* ---- STEs --------------------------------------------------------------------------------------------------------------------------------------- */

static unsigned split_of(const struct iovm_smmuv3_model *m)	/* 0: linear */
{
	unsigned split = FIELD(m->reg[R_STRTAB_BASE_CFG], 6, 5);

	if (!FIELD(m->c.idr[0], IDR0_ST_LEVEL, 2) || FIELD(m->reg[R_STRTAB_BASE_CFG], 16, 2) != 1)
		return 0;
	return split == 8 || split == 10 ? split : 6;
}

static uint64_t table_base(const struct iovm_smmuv3_model *m, unsigned bytes_log2)
{
	return model_reg64(m, R_STRTAB_BASE) & ONES(bytes_log2 < 6 ? 6 : bytes_log2 > 55 ? 55 : bytes_log2, 55);
}

static bool bad(struct iovm__model_fault *fault, uint8_t event, uint64_t fa)
{
	*fault = (struct iovm__model_fault){ .event = event, .fa = fa };
	return false;
}

static bool ste_at(struct iovm_smmuv3_model *m, uint32_t sid, bool keep, uint64_t *at, struct iovm__model_fault *fault)
{
	unsigned size = FIELD(m->reg[R_STRTAB_BASE_CFG], 0, 6), bits = size < model_sid_bits(m) ? size : model_sid_bits(m), split = split_of(m), span;
	struct iovm__model_conf *l1;
	uint64_t from, word;

	if ((uint64_t)sid >> bits)
		return bad(fault, C_BAD_STREAMID, 0);
	if (!split) {
		*at = table_base(m, size + 6) + (uint64_t)sid * 64;
		return true;
	}
	from = table_base(m, size > split + 3 ? size - split + 3 : 0) + (uint64_t)(sid >> split) * 8;
	if (keep) {
		l1 = find(&m->confs[CONF_L1STD], sid >> split, 0);
		if (!l1)
			l1 = fetch(m, CONF_L1STD, sid >> split, 0, from);
		if (!l1)
			return bad(fault, F_STE_FETCH, from);
		perhaps_drop(m, l1, !(l1->w[0] & 31));
		word = l1->w[0];
	} else if (!iovm__model_load(m, from, &word)) {
		return bad(fault, F_STE_FETCH, from);
	}
	span = FIELD(word, 0, 5);
	if (!span || span > 11 || span > split + 1 || (sid & ((1u << split) - 1)) >> (span - 1))
		return bad(fault, C_BAD_STREAMID, 0);
	*at = (word & ONES(6 + span - 1, 55)) + (uint64_t)(sid & ((1u << split) - 1)) * 64;
	return true;
}

const struct iovm__model_conf *iovm__model_ste(struct iovm_smmuv3_model *m, uint32_t sid, struct iovm__model_fault *fault)
{
	struct iovm__model_conf *e = find(&m->confs[CONF_STE], sid, 0);
	uint64_t at = 0;

	m->guess = (uint64_t)sid << 20 | (m->guess & 0xfffff);
	if (!e) {
		if (!ste_at(m, sid, true, &at, fault))
			return NULL;
		e = fetch(m, CONF_STE, sid, 0, at);
		if (!e) {
			bad(fault, F_STE_FETCH, at);
			return NULL;
		}
		e->illegal = !iovm__model_ste_legal(m, e->w);
		perhaps_drop(m, e, e->illegal);
	}
	if (!e->illegal)
		return e;
	bad(fault, C_BAD_STE, 0);
	return NULL;
}

bool iovm__model_ste_peek(struct iovm_smmuv3_model *m, uint32_t sid, uint64_t w[8])
{
	struct iovm__model_fault fault;
	uint64_t at = 0;
	unsigned i;

	if (!ste_at(m, sid, false, &at, &fault))
		return false;
	for (i = 0; i < 8; i++)
		if (!iovm__model_load(m, at + 8 * i, &w[i]))
			return false;
	return true;
}

/* ---- CDs ---------------------------------------------------------------------------------------------------------------------------------------- */

/* The leaf table of a two-level CD table (5.4.1), or where the only one is */
static bool cd_table(struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint32_t index, unsigned split, uint64_t *at, struct iovm__model_fault *fault)
{
	unsigned cdmax = ste_cdmax(m, ste->w);
	uint64_t ptr = ste->w[0] & ONES(6, 55), from;
	struct iovm__model_conf *l1;

	if (!split) {
		*at = (ptr & ONES(6 + cdmax, 55)) + (uint64_t)index * 64;
		return true;
	}
	l1 = find(&m->confs[CONF_L1CD], ste->sid, index >> split);
	if (!l1) {
		from = (ptr & ONES(cdmax > split + 3 ? cdmax - split + 3 : 6, 55)) + (uint64_t)(index >> split) * 8;
		if (ste_s2(ste) && !iovm__model_walk_ipa(m, ste, &from, 0, fault))
			return false;
		l1 = fetch(m, CONF_L1CD, ste->sid, index >> split, from);
		if (!l1)
			return bad(fault, F_CD_FETCH, from);
		perhaps_drop(m, l1, !(l1->w[0] & 1));
	}
	*at = l1->w[0] & ONES(split == 6 ? 12 : 16, 55);
	if (!(l1->w[0] & 1) || (!ste_s2(ste) && *at >> model_oas(m)))
		return bad(fault, C_BAD_SUBSTREAMID, 0);
	*at += (uint64_t)(index & ((1u << split) - 1)) * 64;
	return true;
}

const struct iovm__model_conf *iovm__model_cd(struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint32_t sid, uint32_t index, struct iovm__model_fault *fault)
{
	struct iovm__model_conf *e = find(&m->confs[CONF_CD], sid, index);
	unsigned fmt = ste_cdmax(m, ste->w) ? FIELD(ste->w[0], 4, 2) : 0;
	uint64_t at = 0;

	m->guess = (uint64_t)sid << 20 | index;
	if (!e) {
		if (!cd_table(m, ste, index, fmt == 1 ? 6 : fmt == 2 ? 10 : 0, &at, fault))
			return NULL;
		if (ste_s2(ste) && !iovm__model_walk_ipa(m, ste, &at, 0, fault))
			return NULL;
		e = fetch(m, CONF_CD, sid, index, at);
		if (!e) {
			bad(fault, F_CD_FETCH, at);
			return NULL;
		}
		e->illegal = !iovm__model_cd_legal(m, ste->w, e->w);
		perhaps_drop(m, e, e->illegal);
	}
	if (!e->illegal)
		return e;
	bad(fault, C_BAD_CD, 0);
	return NULL;
}

/* A structure that traffic could reach, before any does: near to what was used last */
void iovm__model_prefetch(struct iovm_smmuv3_model *m)
{
	uint32_t sid = (uint32_t)(m->guess >> 20), index = (uint32_t)(m->guess & 0xfffff);
	struct iovm__model_fault fault;
	const struct iovm__model_conf *ste;

	if (!model_on(m, CR0_SMMUEN))
		return;
	ste = iovm__model_ste(m, sid ^ model_choose(m, 4, "prefetch-stream"), &fault);
	index ^= model_choose(m, 8, "prefetch-pasid");
	if (ste && ste_s1(ste) && !(index >> ste_cdmax(m, ste->w)))
		iovm__model_cd(m, ste, ste->sid, index, &fault);
}

/* ---- CFGI (4.3) -------------------------------------------------------------------------------------------------------------------------------------- */

static void drop(struct iovm__model_confs *c, uint32_t sid, unsigned range, bool any_index, uint32_t index)
{
	struct iovm__model_conf *e = c->conf, *end = e + (size_t)c->sets * WAYS;

	for (; e < end; e++)
		if (e->valid && (range >= 32 || e->sid >> range == sid >> range) && (any_index || e->index == index))
			e->valid = false;
}

void iovm__model_cfgi_ste(struct iovm_smmuv3_model *m, uint32_t sid, unsigned range, bool leaf)
{
	unsigned split = split_of(m);

	drop(&m->confs[CONF_STE], sid, range, true, 0);
	drop(&m->confs[CONF_L1CD], sid, range, true, 0);
	drop(&m->confs[CONF_CD], sid, range, true, 0);
	if (!leaf && (split || range >= 32))
		drop(&m->confs[CONF_L1STD], sid >> split, range >= 32 ? 32 : range > split ? range - split : 0, true, 0);
}

void iovm__model_cfgi_cd(struct iovm_smmuv3_model *m, uint32_t sid, uint32_t index, bool leaf)
{
	struct iovm__model_conf *e = find(&m->confs[CONF_CD], sid, index);

	if (e)
		e->valid = false;
	if (leaf)
		return;
	drop(&m->confs[CONF_L1CD], sid, 0, false, index >> 6);	/* whichever the STE's format is */
	drop(&m->confs[CONF_L1CD], sid, 0, false, index >> 10);
}

void iovm__model_cfgi_cd_all(struct iovm_smmuv3_model *m, uint32_t sid)
{
	drop(&m->confs[CONF_L1CD], sid, 0, true, 0);
	drop(&m->confs[CONF_CD], sid, 0, true, 0);
}

/* ---- what the driver forgot ------------------------------------------------------------------------------------------------------------------------------ */

static void age(struct iovm_smmuv3_model *m, enum iovm__model_conf_kind kind, struct iovm__model_conf *e, bool end)
{
	unsigned i, n = words_of(kind);
	uint64_t word;

	if (!e->valid)
		return;
	for (i = 0; i < n && iovm__model_load(m, e->at + 8 * i, &word) && word == e->w[i]; i++)
		;
	if (i == n) {
		e->old = 0;
		iovm__model_duty(m, DUTY_CFGI, true);
		return;
	}
	if (!e->old)
		e->asked = m->stats.commands + iovm__model_cmdq_left(m);
	if (e->old && m->stats.commands < e->asked && !end)	/* its command may still be on its way */
		return;
	if (end || ++e->old >= (m->c.patience ? m->c.patience : PATIENCE)) {
		e->valid = false;	/* said once */
		iovm__model_duty(m, DUTY_CFGI, false);
	}
}

/* While it is off nothing is owed: before it is on again all must go (DUTY_INIT) */
void iovm__model_confs_age(struct iovm_smmuv3_model *m, bool end)
{
	struct iovm__model_confs *c;
	unsigned kind, i, some;

	if (!model_on(m, CR0_SMMUEN))
		return;
	for (kind = 0; kind < CONF_KINDS; kind++) {
		c = &m->confs[kind];
		some = end ? c->sets * WAYS : c->sets * WAYS / 16;
		for (i = 0; i < some; i++)
			age(m, (enum iovm__model_conf_kind)kind, &c->conf[c->next++ % (c->sets * WAYS)], end);
	}
}
