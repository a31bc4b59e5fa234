/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What is kept of walks: 4 KiB pieces by world, VMID, ASID and page, each with the range of the leaf that it came from, since an invalidation that touches a
 * leaf takes all of it. Faults are never kept. Global leaves have sets of their own, so that a lookup for any ASID finds them.
 *
 * Each entry knows which table it came from. A hit on an entry of another table is what an ASID used again too early looks like.
 */
#include "backends/sim/smmuv3/model.h"
#include "base/bits.h"

enum { WAYS = 4, BY_PAGE = 16 };

static struct iovm__model_tlbe *set_of(const struct iovm__model_tlb *t, uint64_t page, uint16_t asid, bool global)
{
	uint64_t key = page ^ (global ? 0 : (uint64_t)asid << 36) ^ (uint64_t)global << 60;

	return t->e + (size_t)(bits_mix(key) & (t->sets - 1)) * WAYS;
}

static struct iovm__model_tlbe *probe(const struct iovm__model_tlb *t, const struct iovm__model_space *s, uint64_t page, bool global)
{
	struct iovm__model_tlbe *e = set_of(t, page, s->asid, global), *end = e + WAYS;

	for (; e < end; e++)
		if (e->valid && e->page == page && e->world == s->world && e->global == global && e->vmid == s->vmid && e->s2on == s->s2 &&
		    (global || e->asid == s->asid))
			return e;
	return NULL;
}

struct iovm__model_tlbe *iovm__model_tlb_find(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, uint64_t addr)
{
	struct iovm__model_tlbe *e = probe(&m->tlb, s, addr >> 12, false);

	if (!e && m->tlb.globals)
		e = probe(&m->tlb, s, addr >> 12, true);
	if (!e)
		return NULL;
	m->stats.tlb_hits++;
	if (s->root)
		iovm__model_duty(m, DUTY_ASID, e->global || e->root == s->root);
	return e;
}

static void count(struct iovm__model_tlb *t, const struct iovm__model_tlbe *e, unsigned by)
{
	t->used += by;
	t->big += e->size_log2 > 12 ? by : 0;
	t->globals += e->global ? by : 0;
}

static void drop(struct iovm__model_tlb *t, struct iovm__model_tlbe *e)
{
	e->valid = false;
	count(t, e, 0u - 1);
}

void iovm__model_tlb_put(struct iovm_smmuv3_model *m, const struct iovm__model_tlbe *e)
{
	struct iovm__model_tlb *t = &m->tlb;
	struct iovm__model_space s = { .asid = e->asid, .vmid = e->vmid, .world = e->world, .s2 = e->s2on };
	struct iovm__model_tlbe *to = probe(t, &s, e->page, e->global), *set = set_of(t, e->page, e->asid, e->global);
	unsigned i;

	for (i = 0; i < WAYS && !to; i++)
		if (!set[i].valid)
			to = &set[i];
	if (!to)
		to = &set[t->victim++ % WAYS];
	if (to->valid)
		drop(t, to);
	*to = *e;
	count(t, to, 1);
}

static bool world_matches(const struct iovm__model_tlbi *t, const struct iovm__model_tlbe *e)
{
	return t->both_worlds ? e->world == WORLD_EL1 || e->world == WORLD_S2 : e->world == t->world;
}

static bool matches(const struct iovm__model_tlbi *t, const struct iovm__model_tlbe *e)
{
	if (!e->valid || !world_matches(t, e) || (t->by_vmid && (e->vmid ^ t->vmid) & t->vmid_mask) || (t->keep_global && e->global))
		return false;
	if (t->by_asid && !e->global && e->asid != t->asid)
		return false;
	return !t->by_addr || (t->first <= e->last && e->first <= t->last);
}

static void drop_set(struct iovm__model_tlb *tlb, const struct iovm__model_tlbi *t, struct iovm__model_tlbe *e)
{
	struct iovm__model_tlbe *end = e + WAYS;

	for (; e < end; e++)
		if (matches(t, e))
			drop(tlb, e);
}

void iovm__model_tlb_drop(struct iovm_smmuv3_model *m, const struct iovm__model_tlbi *t)
{
	struct iovm__model_tlb *tlb = &m->tlb;
	uint64_t page = t->first >> 12, end = t->last >> 12;
	unsigned i;

	if (!tlb->used)
		return;
	if (t->by_addr && t->by_asid && !tlb->big && end - page < BY_PAGE) {
		for (; page <= end; page++) {
			drop_set(tlb, t, set_of(tlb, page, t->asid, false));
			drop_set(tlb, t, set_of(tlb, page, 0, true));
		}
		return;
	}
	for (i = 0; i < tlb->sets; i++)
		drop_set(tlb, t, tlb->e + (size_t)i * WAYS);
}
