/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Page requests (PCIe 10.4) and stalls. A group reserves the credits of all its pages when it begins, so that no two groups hold half of what they need;
 * its answer gives them back. An index is free again when every Last that was sent with it has its answer.
 */
#include "backends/sim/endpoint.h"

void iovm__pri_emit(struct iovm_sim_ep *ep, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint16_t index, uint8_t flags, unsigned fault)
{
	struct iovm_request req = { .addr = addr, .stream_id = stream_id, .pasid = pasid, .index = index, .flags = flags };

	if (!iovm__ep_alive(ep))
		return;
	if (pasid != IOVM_NO_PASID && !fault)
		req.flags |= IOVM_REQ_PASID;
	ep->node->bus.ops->request(ep->node->bus.hw, &req, fault);
}

uint64_t iovm__ep_ordinal(struct iovm_sim_ep *ep)
{
	return ep ? ++ep->serial : 0;
}

int iovm__pri_index(struct iovm_sim_ep *ep)
{
	struct iovm__unit *unit = ep->unit;
	unsigned i;

	if (unit->nused == IOVM_PRG_INDICES)
		return -1;
	for (i = unit->next; unit->group[i].ep; i = (i + 1) % IOVM_PRG_INDICES)
		;
	unit->next = (i + 1) % IOVM_PRG_INDICES;
	return (int)i;
}

struct iovm__group *iovm__pri_hold(struct iovm_sim_ep *ep, uint16_t index, uint32_t pasid, uint64_t addr, uint8_t flags)
{
	struct iovm__group *g = &ep->unit->group[index];

	*g = (struct iovm__group){ .ep = ep, .pasid = pasid, .addr = addr, .flags = flags };
	ep->unit->nused++;
	return g;
}

static void release(struct iovm__unit *unit, struct iovm__group *g)
{
	unit->outstanding -= g->npages;
	unit->nused--;
	g->ep->outstanding -= g->sent;
	g->ep = NULL;
	g->job = NULL;
}

static unsigned pages_wanted(const struct iovm_sim_ep *ep, const struct iovm__job *job)
{
	uint64_t left = ((job->iova + job->len - 1) >> IOVM_PAGE_SHIFT) - ((job->iova + job->at) >> IOVM_PAGE_SHIFT) + 1;
	unsigned room = ep->unit->credits - ep->unit->outstanding;

	if (left > IOVM__GROUP_PAGES)
		left = IOVM__GROUP_PAGES;
	return left < room ? (unsigned)left : room;
}

/* ---- stalls: the IOMMU asks, the device waits -------------------------------------------------------------------------------------- */

int iovm__stall_id(struct iovm_sim_ep *ep)
{
	return ep->unit->outstanding >= ep->unit->credits ? -1 : iovm__pri_index(ep);
}

void iovm__stall_wait(struct iovm_sim_ep *ep, struct iovm__job *job, const struct iovm__access *access)
{
	struct iovm__group *g = iovm__pri_hold(ep, access->id, access->pasid, access->addr & ~(uint64_t)4095, access->need);

	g->job = job;
	g->npages = g->sent = g->due = 1;
	g->last_sent = true;
	ep->unit->outstanding++;
	ep->outstanding++;
	if (!job)
		return;
	job->index = access->id;
	job->state = IOVM__JOB_WAIT;
}

/* ---- page requests ---------------------------------------------------------------------------------------------------------------- */

bool iovm__pri_ask(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	struct iovm__unit *unit = ep->unit;
	unsigned pages;
	struct iovm__group *g;
	int index;

	if (unit->outstanding >= unit->credits || (index = iovm__pri_index(ep)) < 0)
		return false;
	pages = 1 + iovm_choose(ep->sim, pages_wanted(ep, job), "group");
	g = iovm__pri_hold(ep, (uint16_t)index, job->pasid, (job->iova + job->at) & ~(uint64_t)4095,
			   job->write ? IOVM_REQ_WRITE : IOVM_REQ_READ);
	g->job = job;
	g->npages = (uint8_t)pages;
	unit->outstanding += pages;
	job->index = (uint16_t)index;
	job->state = IOVM__JOB_SEND;
	return true;
}

static void send_one(struct iovm_sim_ep *ep, uint16_t index, struct iovm__group *g, bool last)
{
	uint64_t addr = g->addr + 4096 * (uint64_t)g->sent;

	g->sent++;
	ep->outstanding++;
	if (last) {
		g->last_sent = true;
		g->due = 1;
	}
	iovm__pri_emit(ep, ep->ids[0], g->pasid, addr, index, (uint8_t)(g->flags | (last ? IOVM_REQ_LAST : 0)), 0);
}

void iovm__pri_send(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	struct iovm__group *g = &ep->unit->group[job->index];
	bool last = g->sent + 1 >= g->npages;

	if (last)
		job->state = IOVM__JOB_WAIT;	/* first: an overflowing queue answers at once */
	send_one(ep, job->index, g, last);
}

void iovm__pri_unblock(struct iovm__unit *unit, struct iovm_sim *sim)
{
	struct iovm_sim_ep *ep;
	struct iovm__job *job;
	unsigned i;

	for (i = 0; unit->blocked && i < sim->eps.n; i++) {
		ep = sim->eps.item[i];
		if (ep->unit != unit)
			continue;
		for (job = ep->jobs; job; job = job->next)
			if (job->state == IOVM__JOB_BLOCKED)
				job->state = IOVM__JOB_RUN;
		iovm__ep_update(ep);
	}
	unit->blocked = false;
}

void iovm__pri_forget(struct iovm_sim_ep *ep)
{
	struct iovm__group *g;
	unsigned i;

	for (i = 0; i < IOVM_PRG_INDICES && ep->unit->nused; i++) {
		g = &ep->unit->group[i];
		if (g->ep != ep)
			continue;
		if (g->job)
			g->job->state = IOVM__JOB_RUN;
		release(ep->unit, g);
	}
	ep->again.left = 0;
	iovm__pri_unblock(ep->unit, ep->sim);
}

static void count_answer(struct iovm_sim_ep *ep, uint32_t pasid, uint16_t index, enum iovm_response code)
{
	struct iovm_sim_answers *a = &ep->answers;

	a->success += code == IOVM_RESP_SUCCESS;
	a->invalid += code == IOVM_RESP_INVALID;
	a->failure += code == IOVM_RESP_FAILURE;
	a->index = index;
	a->pasid = pasid;
}

/* An answer that fits no request is an Unexpected PRG Index (PCIe 10.5.2.2): nothing happens */
static bool fits(const struct iovm_sim_ep *ep, const struct iovm__group *g, uint32_t pasid)
{
	if (g->ep != ep || !g->last_sent || !g->due)
		return false;
	return pasid == g->pasid || (pasid == IOVM_NO_PASID && !(ep->flags & IOVM_DEV_RESPONSE_PASID));
}

static void answered(struct iovm_sim_ep *ep, uint16_t index, enum iovm_response code)
{
	struct iovm__group *g = &ep->unit->group[index];
	struct iovm__job *job = g->job;

	g->job = NULL;
	if (ep->again.left && ep->again.waits && ep->again.index == index) {
		ep->again.waits = false;
		ep->again.left = code == IOVM_RESP_SUCCESS ? ep->again.left - 1 : 0;
	}
	if (--g->due == 0)
		release(ep->unit, g);
	if (job)
		iovm__job_answered(ep, job, code);
	iovm__pri_unblock(ep->unit, ep->sim);
	iovm__ep_update(ep);
}

/* Response Failure (PCIe 10.4.2.1): the page requests of this function and of all that share them are off. Its driver sees that, and resets it */
static void failed(struct iovm_sim_ep *ep)
{
	struct iovm_sim *sim = ep->sim;
	struct iovm_sim_ep *other;
	unsigned i;

	ep->unit->on = false;
	for (i = 0; i < sim->eps.n; i++) {
		other = sim->eps.item[i];
		if (other->unit != ep->unit)
			continue;
		iovm__pri_forget(other);	/* whoever waited finds that he cannot ask any more */
		if (other->device)
			iovm__list_set(&sim->resets, other, &other->reset_slot, true);
	}
}

void iovm__ep_answer(struct iovm_sim_ep *ep, uint32_t pasid, uint16_t index, enum iovm_response code)
{
	if (!iovm__ep_alive(ep))
		return;
	count_answer(ep, pasid, index, code);
	if (code == IOVM_RESP_FAILURE)
		failed(ep);
	else if (fits(ep, &ep->unit->group[index % IOVM_PRG_INDICES], pasid))
		answered(ep, index, code);
}

void iovm__ep_resume(struct iovm_sim_ep *ep, uint16_t id, bool retry)
{
	enum iovm_response code = retry ? IOVM_RESP_SUCCESS : IOVM_RESP_INVALID;
	const struct iovm__group *g = &ep->unit->group[id % IOVM_PRG_INDICES];

	count_answer(ep, g->pasid, id, code);
	if (ep->stall && g->ep == ep && g->due)
		answered(ep, id, code);
}

/* ---- the driver's and the test's --------------------------------------------------------------------------------------------- */

static void finish_group(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	struct iovm__group *g = &ep->unit->group[job->index];

	g->job = NULL;
	if (job->state == IOVM__JOB_SEND)
		send_one(ep, job->index, g, true);
}

void iovm_sim_ep_stop(struct iovm_sim_ep *ep, int pasid)
{
	uint32_t want = pasid < 0 ? IOVM_NO_PASID : (uint32_t)pasid;
	struct iovm__job *job, *next;

	for (job = ep->jobs; job; job = next) {
		next = job->next;
		if (job->pasid != want)
			continue;
		if (job->state == IOVM__JOB_SEND || job->state == IOVM__JOB_WAIT)
			finish_group(ep, job);
		iovm__job_end(ep, job, false);
	}
	if (ep->again.pasid == want)
		ep->again.left = 0;
	if (want != IOVM_NO_PASID && ep->unit->on && !ep->stall)
		iovm__pri_emit(ep, ep->ids[0], want, 0, 0, IOVM_REQ_LAST, 0);
	iovm__ep_update(ep);
}

void iovm_sim_ep_request(struct iovm_sim_ep *ep, uint32_t pasid, uint64_t addr, uint16_t index, uint8_t flags)
{
	struct iovm_request req = { .addr = addr, .stream_id = ep->ids[0], .pasid = pasid, .index = index, .flags = flags,
				    .queue = flags & IOVM_REQ_STALL ? 1 : 0 };

	if (iovm__ep_alive(ep))
		ep->node->bus.ops->request(ep->node->bus.hw, &req, 0);
}

unsigned iovm_sim_ep_outstanding(const struct iovm_sim_ep *ep)
{
	return ep->outstanding;
}

struct iovm_sim_answers iovm_sim_ep_answers(const struct iovm_sim_ep *ep)
{
	return ep->answers;
}
