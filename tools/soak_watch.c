/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What is judged in a soak of several threads, in the place of the checker (src/check). The checker reads one order of events; the engine's records are written by
 * several threads, each some time after what it tells of, so their order proves nothing. The machine's own records are written inside the monitor, when and as
 * things happen, and so are the actors' books. These two are held against each other here, by the numbers of docs/INVARIANTS.md:
 *
 *   I1, I2, I13   each Last that entered a queue is answered once, nothing else is; a reset lets go of what the function had asked
 *   I10           never with Response Failure
 *   I17           no PASID has two spaces at once, nor a new one before the old one's UNBOUND (watch_bound)
 *   I21           SHUTDOWN at most once, UNBOUND once and last (soak_bond.c)
 *   I26           no honest device uses what an invalidation or MM_EXIT that returned 0 took away (the machine's own finding, space.c)
 *   I41           what a device reaches, by walk, TLB or ATC, is a space that it is bound to under that PASID; a call about it that is under way excuses
 *
 * All else needs the order inside the engine, and is left to the deterministic soak.
 */
#include <iovm/backend.h>
#include <stdlib.h>
#include "base/map.h"
#include "soak_work.h"

/* How many answers are due to one index, and how many may still come to what a reset forgot */
static void *owed(unsigned due, unsigned forgotten)
{
	return (void *)(uintptr_t)(due | forgotten << 16);
}

static unsigned due(const void *owed) { return (uintptr_t)owed & 0xffff; }
static unsigned forgotten(const void *owed) { return (unsigned)((uintptr_t)owed >> 16); }

static uint64_t key(unsigned iommu, uint32_t stream_id, unsigned index, bool stall)
{
	return (uint64_t)iommu << 56 | (uint64_t)stall << 55 | (uint64_t)stream_id << 16 | index;
}

static void put(struct world *w, uint64_t at, void *what)
{
	if (!what)
		map_take(&w->owed, at);
	else if (!map_put(&w->owed, at, what))
		w->stop = true;		/* no memory: nothing can be said any more */
}

void watch_judge(struct world *w, unsigned invariant, bool holds, const char *what, uint32_t stream_id, uint32_t pasid)
{
	struct iovm_check_count *n = &w->result->by_id[invariant];

	n->checked++;
	if (holds)
		return;
	n->violations++;
	w->stop = true;
	soak_fail(w->result, "I%u: %s (StreamID %#x, PASID %#x) at step %llu", invariant, what, stream_id, pasid, (unsigned long long)w->result->steps);
}

static struct driver *device_of(struct world *w, unsigned iommu, uint32_t stream_id)
{
	for (unsigned i = 0; i < w->ndrv; i++)
		for (unsigned s = 0; w->drv[i].config.iommu == iommu && s < w->drv[i].config.nstream_ids; s++)
			if (w->drv[i].stream_ids[s] == stream_id)
				return &w->drv[i];
	return NULL;
}

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

static bool marker(unsigned flags)
{
	return (flags & (IOVM_REQ_LAST | IOVM_REQ_PASID | IOVM_REQ_STALL | IOVM_REQ_READ | IOVM_REQ_WRITE)) == (IOVM_REQ_LAST | IOVM_REQ_PASID);
}

static void accepted(struct world *w, const struct iovm_trace *rec)
{
	uint64_t at = key(rec->iommu, rec->stream_id, rec->index, rec->flags & IOVM_REQ_STALL);
	const void *was = map_get(&w->owed, at);

	if (rec->flags & IOVM_REQ_LAST && !marker(rec->flags))
		put(w, at, owed(due(was) + 1, forgotten(was)));
}

static void answered(struct world *w, const struct iovm_trace *rec)
{
	bool stall = rec->flags & IOVM_REQ_STALL;
	uint64_t at = key(rec->iommu, rec->stream_id, rec->index, stall);
	const void *was = map_get(&w->owed, at);

	watch_judge(w, 2, was, "an answer to what was not asked", rec->stream_id, rec->pasid);
	w->result->by_id[13].checked += stall;
	watch_judge(w, 10, rec->code != IOVM_RESP_FAILURE, "Response Failure", rec->stream_id, rec->pasid);
	w->result->by_id[1].checked += due(was) > 0;
	if (due(was))
		put(w, at, owed(due(was) - 1, forgotten(was)));
	else if (was)
		put(w, at, owed(0, forgotten(was) - 1));
}

/* The function was reset, or is gone. Its stalls are the SMMU's, and are ended as ever */
void watch_forget(struct world *w, const struct driver *d)
{
	for (unsigned s = 0; s < d->config.nstream_ids; s++)
		for (unsigned i = 0; i < IOVM_PRG_INDICES; i++) {
			uint64_t at = key(d->config.iommu, d->stream_ids[s], i, false);
			const void *was = map_get(&w->owed, at);

			if (due(was))
				put(w, at, owed(0, due(was) + forgotten(was)));
		}
}

/* ---- what devices reach --------------------------------------------------------------------------------------------------- */

static bool may_reach(const struct driver *d, uint32_t pasid, uint64_t mm)
{
	if (pasid == IOVM_NO_PASID)
		return d->lifecycle || (d->domain && iovm_sim_mm_id(d->domain_mm) == mm);
	for (const struct bond *b = d->bonds; b; b = b->next)
		if ((b->count > 0 || b->calls) && (b->binding || (uint32_t)b->pasid == pasid) && iovm_sim_mm_id(b->mm) == mm)
			return true;
	return false;
}

static void reached(struct world *w, const struct iovm_trace *rec, const char *how)
{
	const struct driver *d = rec->event == IOVM_TR_DMA && rec->code ? NULL : device_of(w, rec->iommu, rec->stream_id);

	watch_judge(w, 41, !d || d->unsure || may_reach(d, rec->pasid, rec->mm), how, rec->stream_id, rec->pasid);
}

void watch_record(void *world, const struct iovm_trace *rec)
{
	struct world *w = world;
	struct driver *d;

	switch (rec->event) {
	case IOVM_TR_ACC: accepted(w, rec); break;
	case IOVM_TR_ANSWERED: answered(w, rec); break;
	case IOVM_TR_WALK: reached(w, rec, "a walk for who is not bound there"); break;
	case IOVM_TR_DMA: reached(w, rec, "DMA of who is not bound there"); break;
	case IOVM_TR_RESET:
		d = device_of(w, rec->iommu, rec->stream_id);
		if (d) {
			d->unsure = false;
			watch_forget(w, d);
		}
		break;
	}
}

void watch_bound(struct world *w, const struct bond *b, int pasid)
{
	bool alone = true;

	for (unsigned i = 0; i < w->ndrv; i++)
		for (const struct bond *other = w->drv[i].bonds; other; other = other->next)
			alone &= other->pasid != pasid || other->mm == b->mm || !other->bound || other->unbound || (other->deaf && other->count <= 0);
	watch_judge(w, 17, alone, "a PASID of two spaces", b->drv->stream_ids[0], (uint32_t)pasid);
}

/* ---- the end -------------------------------------------------------------------------------------------------------------- */

void watch_end(struct world *w)
{
	struct soak_result *r = w->result;

	for (uint32_t i = 0; !r->unsettled && w->owed.cell && i <= w->owed.mask; i++)
		if (due(w->owed.cell[i].val))
			watch_judge(w, w->owed.cell[i].key >> 55 & 1 ? 13 : 1, false, "a Last was not answered", (uint32_t)(w->owed.cell[i].key >> 16), IOVM_NO_PASID);
	map_fini(&w->owed, NULL);
	r->by_id[26].checked = r->dma.reads + r->dma.writes;
	r->by_id[26].violations = r->dma.stale;
}
