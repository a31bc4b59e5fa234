/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Devices against the rules: short bursts of wrong requests (F01-F15, F21, F25, F56, F61), and illnesses that last until somebody resets the device (F16-F18, F23).
 * A burst's requests carry the number of their fault; it counts when the engine takes the request out of the queue.
 *
 * A stray is a request that no transfer waits for. A Last among them holds its index until the answer, as an honest one does.
 */
#include "backends/sim/endpoint.h"

enum { R = IOVM_REQ_READ, W = IOVM_REQ_WRITE, X = IOVM_REQ_EXEC, P = IOVM_REQ_PRIV, L = IOVM_REQ_LAST, S = IOVM_REQ_PASID };
enum { FORGED_STREAMS = 0x00f00000, AGAIN = 80, FLOOD_BURST = 8, OVERCLAIM = 4, KEPT_PAGES = 512, KEPT_TRIES = 200 };

static unsigned pick(struct iovm_sim_ep *ep, unsigned n)
{
	return iovm_choose(ep->sim, n, "fault-detail");
}

/* A PASID that this device may use and an address that it asked for lately; false: it has none */
static bool recent(const struct iovm_sim_ep *ep, uint32_t *pasid, uint64_t *addr, uint8_t *ssv)
{
	if (ep->recent_pasid == IOVM__NEVER_PASID)
		return false;
	*pasid = ep->recent_pasid;
	*addr = ep->recent_addr;
	*ssv = ep->recent_pasid == IOVM_NO_PASID ? 0 : S;
	return true;
}

static void stray_member(struct iovm_sim_ep *ep, uint32_t pasid, uint64_t addr, int index, uint8_t flags, unsigned fault)
{
	iovm__pri_emit(ep, ep->ids[0], pasid, addr, (uint16_t)index, flags, fault);
}

static void stray_last(struct iovm_sim_ep *ep, uint32_t pasid, uint64_t addr, int index, uint8_t flags, unsigned fault)
{
	struct iovm__group *g = iovm__pri_hold(ep, (uint16_t)index, flags & S ? pasid : IOVM_NO_PASID, addr, flags);

	g->sent = g->due = 1;
	g->last_sent = true;
	ep->outstanding++;
	iovm__pri_emit(ep, ep->ids[0], pasid, addr, (uint16_t)index, (uint8_t)(flags | L), fault);
}

static bool lone_last(struct iovm_sim_ep *ep)
{
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;
	int index = iovm__pri_index(ep);

	if (index < 0 || !recent(ep, &pasid, &addr, &ssv))
		return false;
	stray_last(ep, pasid, addr, index, R | ssv, 1);
	return true;
}

static bool never_last(struct iovm_sim_ep *ep)
{
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;
	int index = iovm__pri_index(ep);
	unsigned i, n = 1 + pick(ep, 3);

	if (index < 0 || !recent(ep, &pasid, &addr, &ssv))
		return false;
	for (i = 0; i < n; i++)
		stray_member(ep, pasid, addr + 4096 * (uint64_t)i, index, R | ssv, 2);
	return true;
}

static bool index_reused(struct iovm_sim_ep *ep)
{
	struct iovm__group *g;
	unsigned i, from = pick(ep, IOVM_PRG_INDICES);

	for (i = 0; i < IOVM_PRG_INDICES; i++) {
		g = &ep->unit->group[(from + i) % IOVM_PRG_INDICES];
		if (g->ep != ep || !g->last_sent || g->due > 3)
			continue;
		g->due++;
		iovm__pri_emit(ep, ep->ids[0], g->pasid, g->addr, (uint16_t)((from + i) % IOVM_PRG_INDICES),
			       (uint8_t)(R | L | (g->pasid == IOVM_NO_PASID ? 0 : S)), 3);
		return true;
	}
	return false;
}

static uint32_t other_pasid(struct iovm_sim_ep *ep, uint32_t not)	/* of somebody, or nobody's */
{
	struct iovm_sim *sim = ep->sim;
	uint32_t pasid = sim->nbonds ? sim->bonds[pick(ep, sim->nbonds)].pasid : not + 1;

	return pasid == not ? (not + 1) & 0xfffff : pasid;
}

static bool mixed_pasid(struct iovm_sim_ep *ep)
{
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;
	int index = iovm__pri_index(ep);

	if (index < 0 || !recent(ep, &pasid, &addr, &ssv) || !ssv)
		return false;
	stray_member(ep, pasid, addr, index, R | S, 4);
	stray_member(ep, other_pasid(ep, pasid), addr, index, R | S, 4);
	stray_last(ep, pasid, addr, index, R | S, 4);
	return true;
}

static bool garbage_without_pasid(struct iovm_sim_ep *ep)
{
	int index = iovm__pri_index(ep);

	if (index < 0)
		return false;
	stray_last(ep, pick(ep, 1u << 20), (uint64_t)pick(ep, 1u << 20) << 12, index, (uint8_t)(R | (pick(ep, 2) ? X : 0) | (pick(ep, 2) ? P : 0)), 5);
	return true;
}

static bool marker_garbage(struct iovm_sim_ep *ep)
{
	unsigned i, n = 1 + pick(ep, 4);

	for (i = 0; i < n; i++)
		stray_member(ep, pick(ep, 1u << 20), (uint64_t)pick(ep, 1u << 20) << 24, (int)pick(ep, IOVM_PRG_INDICES), L | S, 6);
	return true;
}

static bool last_no_access(struct iovm_sim_ep *ep)
{
	int index = iovm__pri_index(ep);

	if (index < 0)
		return false;
	stray_last(ep, IOVM_NO_PASID, ep->recent_addr, index, 0, 7);
	return true;
}

static bool member_no_access(struct iovm_sim_ep *ep)
{
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;
	int index = iovm__pri_index(ep);

	if (index < 0 || !recent(ep, &pasid, &addr, &ssv))
		return false;
	stray_member(ep, pasid, addr, index, ssv, 8);
	stray_last(ep, pasid, addr, index, R | ssv, 8);
	return true;
}

static bool not_enabled(struct iovm_sim_ep *ep)
{
	uint8_t can = (uint8_t)((ep->flags & IOVM_DEV_EXEC ? X : 0) | (ep->flags & IOVM_DEV_PRIV ? P : 0));
	uint8_t wrong = (uint8_t)((X | P) & ~can), ssv;
	uint32_t pasid;
	uint64_t addr;
	int index = iovm__pri_index(ep);

	if (index < 0 || !wrong || !recent(ep, &pasid, &addr, &ssv) || !ssv)
		return false;
	stray_last(ep, pasid, addr, index, R | S | wrong, 9);
	return true;
}

static bool bad_address(struct iovm_sim_ep *ep)
{
	static const uint64_t bad[] = { UINT64_MAX - 4095, UINT64_C(1) << 63, UINT64_C(1) << 48, UINT64_C(0xffff800000000000) };
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;
	int index = iovm__pri_index(ep);

	if (index < 0 || !recent(ep, &pasid, &addr, &ssv))
		return false;
	stray_last(ep, pasid, bad[pick(ep, 4)], index, R | ssv, 10);
	return true;
}

static bool unknown_stream(struct iovm_sim_ep *ep)	/* nobody waits for an answer */
{
	const uint32_t stream = FORGED_STREAMS + pick(ep, 256);

	if (pick(ep, 2))
		iovm__pri_emit(ep, stream, pick(ep, 1u << 20), ep->recent_addr, 1, R | S, 11);
	iovm__pri_emit(ep, stream, pick(ep, 1u << 20), ep->recent_addr, 1, R | L | S, 11);
	return true;
}

static bool owns(const struct iovm_sim_ep *ep, uint32_t pasid)
{
	const struct iovm_sim *sim = ep->sim;
	unsigned i;

	for (i = 0; i < sim->nbonds; i++)
		if (sim->bonds[i].pasid == pasid && sim->bonds[i].stream_id == ep->ids[0] && sim->bonds[i].iommu == ep->node->index)
			return true;
	return false;
}

static bool ask_for(struct iovm_sim_ep *ep, uint32_t pasid, unsigned fault)
{
	int index = iovm__pri_index(ep);

	if (index < 0 || owns(ep, pasid))
		return false;
	if (pick(ep, 2))
		stray_member(ep, pasid, ep->recent_addr, index, R | S, fault);
	stray_last(ep, pasid, ep->recent_addr, index, R | S, fault);
	return true;
}

static bool unknown_pasid(struct iovm_sim_ep *ep)
{
	return ask_for(ep, pick(ep, 2) ? pick(ep, 1u << 20) : pick(ep, 64), 12);
}

static bool after_unbind(struct iovm_sim_ep *ep)
{
	return ep->dead_pasid != IOVM__NEVER_PASID && ask_for(ep, ep->dead_pasid, 14);
}

static bool foreign_pasid(struct iovm_sim_ep *ep)
{
	const struct iovm_sim *sim = ep->sim;
	uint64_t mm;
	unsigned i, k;

	if (!sim->nbonds)
		return false;
	i = pick(ep, sim->nbonds);
	mm = sim->bonds[i].mm;
	for (k = 0; k < sim->nbonds; k++)
		if (sim->bonds[k].mm == mm && sim->bonds[k].stream_id == ep->ids[0] && sim->bonds[k].iommu == ep->node->index)
			return false;
	return ask_for(ep, sim->bonds[i].pasid, 61);
}

/* F13, F56: more Lasts than credits; those beyond carry the number */
static bool beyond_credits(struct iovm_sim_ep *ep, unsigned more, unsigned fault)
{
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;
	unsigned have = ep->unit->outstanding, i;
	int index;

	if (!recent(ep, &pasid, &addr, &ssv))
		return false;
	for (i = 0; have + i < ep->unit->credits + more; i++) {
		index = iovm__pri_index(ep);
		if (index < 0)
			break;
		if (have + i < ep->unit->credits)
			stray_last(ep, pasid, addr, index, R | ssv, 0);
		else
			stray_last(ep, pasid, addr, index, R | ssv, fault);
	}
	return i > 0;
}

/* ---- F15: the same page, for ever ---------------------------------------------------------------------------------------------------- */

static bool same_page(struct iovm_sim_ep *ep)
{
	uint32_t pasid;
	uint64_t addr;
	uint8_t ssv;

	if (ep->again.left || !recent(ep, &pasid, &addr, &ssv))
		return false;
	ep->again.pasid = pasid;
	ep->again.addr = addr;
	ep->again.flags = R | ssv;
	ep->again.left = AGAIN;
	ep->again.waits = false;
	iovm__ep_update(ep);
	return true;
}

void iovm__ep_asks_again(struct iovm_sim_ep *ep)
{
	int index = iovm__pri_index(ep);

	if (index < 0 || !ep->unit->on || !iovm__ep_alive(ep)) {
		ep->again.left = 0;
		return;
	}
	ep->again.index = (uint16_t)index;
	ep->again.waits = true;
	stray_last(ep, ep->again.pasid, ep->again.addr, index, ep->again.flags, ep->again.left < AGAIN ? 15 : 0);
}

/* ---- illnesses ----------------------------------------------------------------------------------------------------------------------------- */

static void falls_ill(struct iovm_sim_ep *ep)
{
	ep->sick_at = ep->sim->now;
	iovm__sched_timer(ep->sim, ep->sick_at + 1);
}

static void goes_rogue(struct iovm_sim_ep *ep)
{
	if (ep->rogue)
		return;
	ep->rogue = true;
	falls_ill(ep);
	SIM_TRACE(ep->sim, ROGUE, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = IOVM_NO_PASID);
}

static bool silent(struct iovm_sim_ep *ep)
{
	if (!ep->ats_on || ep->silent)
		return false;
	ep->silent = ep->silent_injected = true;
	falls_ill(ep);
	return true;
}

static bool refuses(struct iovm_sim_ep *ep)
{
	if (!ep->ats_on)
		return false;
	ep->refuses = true;
	return true;
}

static bool stale(struct iovm_sim_ep *ep)
{
	if (!ep->ats_on)
		return false;
	goes_rogue(ep);
	return true;
}

void iovm__ep_keeps(struct iovm_sim_ep *ep, const struct iovm__inv *inv)
{
	uint64_t page = inv->first >> IOVM_PAGE_SHIFT, end = inv->last >> IOVM_PAGE_SHIFT;
	const struct iovm__cached *e = NULL;

	for (; !e && page <= end && page - (inv->first >> IOVM_PAGE_SHIFT) < KEPT_PAGES; page++)
		e = iovm__cache_find(&ep->atc, inv->pasid, page);
	if (!e || !iovm__injects(ep->sim, 18))
		return;
	ep->kept = *e;
	ep->kept_tries = 0;
}

/* It waits until the engine believes that the translation is gone */
void iovm__ep_uses_kept(struct iovm_sim_ep *ep)
{
	const struct iovm__bus *bus = &ep->node->bus;
	struct iovm__cached *t = &ep->kept;

	if (!ep->rogue || !iovm__ep_alive(ep) || !bus->ops->translated(bus->hw, ep->ids[0]) || ++ep->kept_tries > KEPT_TRIES) {
		t->valid = false;
		return;
	}
	if (!iovm__mm_stale(t, IOVM_READ))
		return;
	SIM_TRACE(ep->sim, DMA, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = t->tag, .mm = t->mm_id,
		  .a = t->page << IOVM_PAGE_SHIFT, .b = t->walk, .flags = IOVM_READ, .code = 1, .id = 64);
	ep->sim->stats.dma_stale_rogue++;
	iovm_sim_injected(ep->sim, 18, ep);
	t->valid = false;
}

/* F23: a Translated request for what was never granted. The IOMMU can only refuse it to a device without ATS; others are beyond it */
static bool ungranted(struct iovm_sim_ep *ep)
{
	struct iovm_sim *sim = ep->sim;
	const struct iovm__bus *bus = &ep->node->bus;
	uint64_t addr = (uint64_t)pick(ep, 1u << 20) << 12;

	if (bus->ops->translated(bus->hw, ep->ids[0])) {
		goes_rogue(ep);
		SIM_TRACE(sim, DMA, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = IOVM_NO_PASID, .a = addr,
			  .flags = IOVM_READ, .code = 1, .id = 64);
	} else {
		SIM_TRACE(sim, DMA_ABORT, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = IOVM_NO_PASID, .a = addr,
			  .flags = IOVM_READ);
	}
	iovm_sim_injected(sim, 23, ep);
	return true;
}

void iovm__ep_cure(struct iovm_sim_ep *ep)
{
	if (ep->sick_at || ep->silent_injected) {
		ep->silent = ep->silent_injected = false;
		ep->rogue = false;
	}
	ep->refuses = ep->kept.valid = false;
	ep->sick_at = 0;
	ep->again.left = 0;
}

/* ---- stalls ------------------------------------------------------------------------------------------------------------------------------- */

static bool stall_twice(struct iovm_sim_ep *ep)		/* F21: a second access to a page that one waits for */
{
	const struct iovm__bus *bus = &ep->node->bus;
	const struct iovm__job *job = ep->jobs;
	const struct iovm__group *g;
	struct iovm__access access;
	struct iovm__cached unused;
	int id = iovm__stall_id(ep);

	while (job && job->state != IOVM__JOB_WAIT)
		job = job->next;
	if (!job || id < 0)
		return false;
	g = &ep->unit->group[job->index];
	access = (struct iovm__access){ .stream_id = ep->ids[0], .pasid = job->pasid, .addr = g->addr, .need = g->flags, .id = (uint16_t)id, .fault = 21 };
	if (bus->ops->translate(bus->hw, &access, &unused) != IOVM__STALLED)
		return false;
	iovm__stall_wait(ep, NULL, &access);
	return true;
}

/* ---- which ----------------------------------------------------------------------------------------------------------------------------------- */

static bool one_of_pri(struct iovm_sim_ep *ep, unsigned fault)
{
	switch (fault) {
	case 1: return lone_last(ep);
	case 2: return never_last(ep);
	case 3: return index_reused(ep);
	case 4: return mixed_pasid(ep);
	case 5: return garbage_without_pasid(ep);
	case 6: return marker_garbage(ep);
	case 7: return last_no_access(ep);
	case 8: return member_no_access(ep);
	case 9: return not_enabled(ep);
	case 10: return bad_address(ep);
	case 11: return unknown_stream(ep);
	case 12: return unknown_pasid(ep);
	case 13: return beyond_credits(ep, FLOOD_BURST + pick(ep, 16), 13);
	case 14: return after_unbind(ep);
	case 15: return same_page(ep);
	case 56: return beyond_credits(ep, 1 + pick(ep, OVERCLAIM), 56);
	case 61: return foreign_pasid(ep);
	}
	return false;
}

bool iovm__ep_misbehave(struct iovm_sim_ep *ep)
{
	struct iovm_sim *sim = ep->sim;
	unsigned fault = sim->device_fault[iovm_choose(sim, sim->ndevice_faults, "which-fault")];
	bool done;

	switch (fault) {
	case 16: return silent(ep);
	case 17: return refuses(ep);
	case 18: return stale(ep);
	case 21: return ep->stall && stall_twice(ep);
	case 23: return ungranted(ep);
	case 25: iovm__chip_fill_events(ep->node); return true;
	}
	done = !ep->stall && ep->unit->on && one_of_pri(ep, fault);
	iovm__ep_update(ep);
	return done;
}

/* A test switched it on: floods, or asks for what it lost, whenever it has its turn */
void iovm__ep_background(struct iovm_sim_ep *ep)
{
	uint32_t pasid = ep->never_stops && ep->dead_pasid != IOVM__NEVER_PASID ? ep->dead_pasid : ep->recent_pasid;
	unsigned n = ep->floods ? FLOOD_BURST : 1;
	int index;

	if (pasid == IOVM__NEVER_PASID)
		pasid = IOVM_NO_PASID;
	while (n--) {
		index = iovm__pri_index(ep);
		if (index < 0)		/* it does not care whose index it is */
			iovm__pri_emit(ep, ep->ids[0], pasid, ep->recent_addr, 0, (uint8_t)(R | L | (pasid == IOVM_NO_PASID ? 0 : S)), 0);
		else
			stray_last(ep, pasid, ep->recent_addr, index, (uint8_t)(R | (pasid == IOVM_NO_PASID ? 0 : S)), 0);
	}
	iovm__ep_update(ep);
}
