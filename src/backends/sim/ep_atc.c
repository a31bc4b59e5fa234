/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What a device must forget: invalidations, capabilities, reset, removal.
 *
 * An invalidation is complete when the translations are gone and no transfer uses one of them any more (PCIe 10.3.3). Capabilities have an order: PASID changes
 * only while ATS is off (10.3.7.8), PRI goes on after ATS and only when STOPPED (10.5.2.2). A reset (FLR) clears ATC, groups and
 * capabilities and ends invalidations without an answer.
 */
#include "backends/sim/endpoint.h"

/* ---- invalidations --------------------------------------------------------------------------------------------------------- */

bool iovm__ep_invalidate(struct iovm_sim_ep *ep, unsigned long tag, uint32_t pasid, uint64_t first, uint64_t last)
{
	if (ep->ninv == IOVM__ITAGS)
		return false;
	ep->inv[ep->ninv++] = (struct iovm__inv){ .tag = tag, .pasid = pasid, .first = first, .last = last };
	iovm__ep_update(ep);
	return true;
}

static void inv_remove(struct iovm_sim_ep *ep, unsigned i)
{
	for (ep->ninv--; i < ep->ninv; i++)
		ep->inv[i] = ep->inv[i + 1];
}

void iovm__ep_forget(struct iovm_sim_ep *ep, unsigned long tag)
{
	unsigned i;

	for (i = 0; i < ep->ninv; i++)
		if (ep->inv[i].tag == tag) {
			inv_remove(ep, i);
			break;
		}
	iovm__ep_update(ep);
}

static bool in_use(const struct iovm_sim_ep *ep, const struct iovm__inv *inv)
{
	return inv->done && iovm__job_uses(ep, inv->pasid, inv->first, inv->last);
}

static int inv_next(const struct iovm_sim_ep *ep)	/* one that can go on; negative: none */
{
	unsigned i;

	for (i = 0; i < ep->ninv; i++)
		if (!ep->inv[i].stuck && !in_use(ep, &ep->inv[i]))
			return (int)i;
	return -1;
}

/* A device that left answers nothing: the IOMMU has to find out by itself, unless it is told that nobody is there */
static bool is_silent(const struct iovm_sim_ep *ep)
{
	return ep->silent || !iovm__ep_alive(ep);
}

void iovm__ep_invalidation(struct iovm_sim_ep *ep)
{
	const struct iovm__bus *bus = &ep->node->bus;
	int i = inv_next(ep);
	struct iovm__inv *inv = &ep->inv[i];
	unsigned long tag;
	bool ok;

	if (i < 0)
		return;
	if (is_silent(ep)) {
		inv->stuck = true;
		bus->ops->stuck(bus->hw, inv->tag, ep->ids[0], ep->silent_injected);
	} else if (!inv->done) {
		inv->done = true;
		if (ep->rogue)
			iovm__ep_keeps(ep, inv);
		else
			iovm__cache_drop(&ep->atc, inv->pasid, inv->first, inv->last);
	} else {
		tag = inv->tag;
		ok = !ep->refuses;
		if (!ok) {		/* F17: it supports no such invalidation and keeps nothing instead */
			ep->refuses = false;
			iovm__cache_clear(&ep->atc);
			iovm_sim_injected(ep->sim, 17, ep);
		}
		inv_remove(ep, (unsigned)i);
		bus->ops->forgot(bus->hw, tag, ok);
	}
	iovm__ep_update(ep);
}

static void answer_stuck(struct iovm_sim_ep *ep)	/* it speaks again */
{
	unsigned i;

	for (i = ep->ninv; i-- > 0;)
		if (ep->inv[i].stuck) {
			unsigned long tag = ep->inv[i].tag;

			iovm__cache_drop(&ep->atc, ep->inv[i].pasid, ep->inv[i].first, ep->inv[i].last);
			inv_remove(ep, i);
			ep->node->bus.ops->forgot(ep->node->bus.hw, tag, true);
		}
}

void iovm__ep_update(struct iovm_sim_ep *ep)
{
	struct iovm_sim *sim = ep->sim;
	const struct iovm__job *job;
	bool ready = (ep->again.left && !ep->again.waits) || ep->kept.valid;
	unsigned i = 0;

	for (job = ep->jobs; job && !ready && i < IOVM__WINDOW; job = job->next, i++)
		ready = iovm__job_movable(ep, job);
	iovm__list_set(&sim->ep_ready, ep, &ep->ready_slot, ready);
	iovm__list_set(&sim->inv_ready, ep, &ep->inv_slot, inv_next(ep) >= 0);
	iovm__list_set(&sim->background, ep, &ep->background_slot, (ep->floods || ep->never_stops) && iovm__ep_alive(ep) && ep->unit->on);
}

/* ---- capabilities ------------------------------------------------------------------------------------------------------------ */

static void ats_off(struct iovm_sim_ep *ep)
{
	struct iovm__job *job;

	ep->ats_on = false;
	iovm__cache_clear(&ep->atc);
	for (job = ep->jobs; job; job = job->next)
		if (job->state == IOVM__JOB_FLIGHT)
			job->state = IOVM__JOB_RUN;
}

static int set_pri(struct iovm_sim_ep *ep, uint32_t value)
{
	struct iovm__unit *unit = ep->unit;
	unsigned i;

	if (!value) {
		if (unit->on && unit->outstanding)
			unit->stopped_at = ep->sim->now + 5000;
		unit->on = false;
		for (i = 0; i < ep->sim->eps.n; i++)
			if (((struct iovm_sim_ep *)ep->sim->eps.item[i])->unit == unit)
				iovm__pri_forget(ep->sim->eps.item[i]);
		return 0;
	}
	if (!ep->ats_on || ep->pf)
		return IOVM_E_INVAL;
	if (!unit->on && (ep->not_stopped || ep->sim->now < unit->stopped_at))
		return IOVM_E_BUSY;
	if (unit->on && value != unit->credits)	/* Allocation is not changed while enabled */
		return IOVM_E_INVAL;
	unit->credits = value;
	unit->on = true;
	return 0;
}

static int change(struct iovm_sim_ep *ep, enum iovm_cap cap, uint32_t value)
{
	switch (cap) {
	case IOVM_CAP_PASID:
		if (ep->ats_on)
			return IOVM_E_INVAL;
		ep->pasid_on = value;
		return 0;
	case IOVM_CAP_ATS:
		if (!value && ep->unit->on && !ep->pf)
			return IOVM_E_INVAL;
		if (value)
			ep->ats_on = true;
		else
			ats_off(ep);
		return 0;
	case IOVM_CAP_PRI:
		return set_pri(ep, value);
	}
	return IOVM_E_INVAL;
}

int iovm__ep_set_cap(void *vep, enum iovm_cap cap, uint32_t value)
{
	struct iovm_sim_ep *ep = vep;
	int err;

	iovm__enter(ep->sim);
	err = ep->gone ? 0 : change(ep, cap, value);
	if (ep->ncaps < IOVM__CAP_LOG)
		ep->cap[ep->ncaps] = (struct iovm_sim_cap){ .cap = cap, .value = value };
	ep->ncaps++;
	SIM_TRACE(ep->sim, CAP, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = IOVM_NO_PASID, .id = (uint32_t)cap,
		  .a = value, .code = (int16_t)err);
	iovm__ep_update(ep);
	iovm__leave(ep->sim);
	return err;
}

unsigned iovm_sim_ep_caps(const struct iovm_sim_ep *ep, struct iovm_sim_cap *cap, unsigned n)
{
	unsigned i;

	for (i = 0; i < n && i < ep->ncaps && i < IOVM__CAP_LOG; i++)
		cap[i] = ep->cap[i];
	return ep->ncaps;
}

unsigned iovm_sim_ep_atc(const struct iovm_sim_ep *ep, uint32_t pasid)
{
	return iovm__cache_count(&ep->atc, pasid);
}

/* ---- reset, removal, the host's fence ------------------------------------------------------------------------------------------ */

void iovm__ep_clear(struct iovm_sim_ep *ep)
{
	struct iovm__node *node = ep->node;
	unsigned i;

	iovm__pri_forget(ep);
	iovm__jobs_drop(ep);
	iovm__cache_clear(&ep->atc);
	ep->kept.valid = false;
	ep->pasid_on = ep->ats_on = false;
	if (!ep->pf) {
		ep->unit->on = ep->stall;
		ep->unit->stopped_at = 0;
	}
	ep->ninv = 0;
	for (i = 0; i < ep->nids; i++) {	/* invalidations under way have nobody to wait for */
		iovm__bus_seat(&node->bus, ep->ids[i], NULL);
		if (!ep->gone)
			iovm__bus_seat(&node->bus, ep->ids[i], ep);
	}
	iovm__ep_update(ep);
}

void iovm__ep_bus_off(struct iovm_sim_ep *ep)
{
	ep->bus_off = true;
	iovm__pri_forget(ep);
	iovm__jobs_drop(ep);
	iovm__ep_update(ep);
}

static int reset_begin(struct iovm_sim_ep *ep)	/* TIMEDOUT, HARDWARE: it has begun, even if the IOMMU has not said so yet */
{
	int err;

	ep->resetting = true;
	err = SIM_CALL(ep->sim, iovm_device_reset_begin(ep->device));
	if (err == IOVM_E_TIMEDOUT || err == IOVM_E_HARDWARE)
		err = 0;
	if (!ep->gone && !err) {
		iovm__ep_clear(ep);
		iovm__ep_cure(ep);
		ep->bus_off = false;
		SIM_TRACE(ep->sim, RESET, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = IOVM_NO_PASID);
	}
	if (err) {
		ep->resetting = false;
		iovm__ep_update(ep);
	}
	return err;
}

static int reset_done(struct iovm_sim_ep *ep, bool ok)	/* another thread's call for the device ends; nobody else would bring its reset to an end */
{
	int err;

	do
		err = ep->device ? SIM_CALL(ep->sim, iovm_device_reset_done(ep->device, ok)) : 0;
	while (err == IOVM_E_BUSY && ep->sim->config.monitor);
	ep->resetting = false;
	iovm__ep_update(ep);
	return err;
}

int iovm_sim_ep_reset(struct iovm_sim_ep *ep, bool ok)
{
	int err;

	if (ep->resetting || ep->leaving || !ep->device)
		return IOVM_E_BUSY;
	err = reset_begin(ep);
	return err ? err : reset_done(ep, ok);
}

bool iovm__ep_reset_begin(struct iovm_sim_ep *ep)
{
	return !ep->resetting && !ep->leaving && ep->device && !ep->gone && !reset_begin(ep);
}

void iovm__ep_reset_done(struct iovm_sim_ep *ep)
{
	(void)reset_done(ep, true);
}

int iovm_sim_ep_remove(struct iovm_sim_ep *ep)
{
	ep->gone = true;
	iovm__ep_clear(ep);
	return ep->device ? SIM_CALL(ep->sim, iovm_device_gone(ep->device)) : 0;
}

void iovm_sim_ep_behave(struct iovm_sim_ep *ep, enum iovm_sim_behaviour what, bool on)
{
	switch (what) {
	case IOVM_SIM_ATC_SILENT:
		ep->silent = on;
		ep->silent_injected = false;
		if (!on)
			answer_stuck(ep);
		break;
	case IOVM_SIM_FLOOD:
		ep->floods = on;
		break;
	case IOVM_SIM_STALE:
		if (on && !ep->rogue)
			SIM_TRACE(ep->sim, ROGUE, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = IOVM_NO_PASID);
		ep->rogue = on;
		break;
	case IOVM_SIM_NEVER_STOPS:
		ep->never_stops = on;
		break;
	case IOVM_SIM_NOT_STOPPED:
		ep->not_stopped = on;
		break;
	}
	iovm__ep_update(ep);
}
