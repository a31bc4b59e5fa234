/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Transfers. With ATS a page is translated first, kept, and used in a later move: between the two an invalidation may come, and has to wait for the use.
 * Without ATS translation and use are one. What is not present is asked for; Success means: try again, so often and no more.
 */
#include <stdlib.h>
#include <string.h>
#include "backends/sim/endpoint.h"

enum { FULL_NS = 2000 };

static uint64_t job_addr(const struct iovm__job *job)
{
	return job->iova + job->at;
}

static uint8_t job_need(const struct iovm__job *job)
{
	return job->write ? IOVM_WRITE : IOVM_READ;
}

static size_t job_chunk(const struct iovm__job *job)	/* to the end of this page */
{
	size_t page = 4096 - (size_t)(job_addr(job) & 4095), left = job->len - job->at;

	return left < page ? left : page;
}

int iovm_sim_dma(struct iovm_sim_ep *ep, int pasid, uint64_t iova, void *buf, size_t len, bool write)
{
	struct iovm__job *job = ep->job_free;

	if (!len) {
		ep->done++;
		return 0;
	}
	if (job)
		ep->job_free = job->next;
	else
		job = malloc(sizeof *job);
	if (!job)
		return IOVM_E_NO_MEMORY;
	*job = (struct iovm__job){ .pasid = pasid < 0 ? IOVM_NO_PASID : (uint32_t)pasid, .iova = iova, .buf = buf, .len = len,
				   .write = write };
	*ep->jobs_tail = job;
	ep->jobs_tail = &job->next;
	ep->njobs++;
	iovm__ep_update(ep);
	return 0;
}

void iovm__job_end(struct iovm_sim_ep *ep, struct iovm__job *job, bool landed)
{
	struct iovm__job **link = &ep->jobs;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	if (!*link)
		ep->jobs_tail = link;
	job->next = ep->job_free;
	ep->job_free = job;
	ep->njobs--;
	if (landed)
		ep->done++;
	else
		ep->failed++;
	iovm__ep_update(ep);
}

static void job_abort(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	SIM_TRACE(ep->sim, DMA_ABORT, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = job->pasid, .a = job_addr(job),
		  .flags = job_need(job));
	iovm__job_end(ep, job, false);
}

void iovm__jobs_drop(struct iovm_sim_ep *ep)
{
	while (ep->jobs)
		iovm__job_end(ep, ep->jobs, false);
}

bool iovm__job_uses(const struct iovm_sim_ep *ep, uint32_t pasid, uint64_t first, uint64_t last)
{
	const struct iovm__job *job;
	unsigned i = 0;

	for (job = ep->jobs; job && i < IOVM__WINDOW; job = job->next, i++)
		if (job->state == IOVM__JOB_FLIGHT && job->pasid == pasid && job_addr(job) >= (first & ~(uint64_t)4095) &&
		    job_addr(job) <= last)
			return true;
	return false;
}

bool iovm__job_movable(const struct iovm_sim_ep *ep, const struct iovm__job *job)
{
	return (job->state == IOVM__JOB_RUN && job->retry_at <= ep->sim->now) || job->state == IOVM__JOB_FLIGHT ||
	       job->state == IOVM__JOB_SEND;
}

static void account(struct iovm_sim_ep *ep, const struct iovm__job *job, size_t len, bool stale)
{
	struct iovm_sim_stats *stats = &ep->sim->stats;

	if (job->write)
		stats->dma_writes++;
	else
		stats->dma_reads++;
	stats->dma_bytes += len;
	if (!stale)
		return;
	if (ep->rogue) {
		stats->dma_stale_rogue++;
		if (iovm__injects(ep->sim, 18))
			iovm_sim_injected(ep->sim, 18, ep);
	} else {
		stats->dma_stale++;
		ep->sim->broken++;
	}
}

static void land(struct iovm_sim_ep *ep, struct iovm__job *job, const struct iovm__cached *t)
{
	size_t len = job_chunk(job);
	int r;

	account(ep, job, len, iovm__mm_stale(t, job_need(job)));
	SIM_TRACE(ep->sim, DMA, .iommu = (uint8_t)ep->node->index, .stream_id = ep->ids[0], .pasid = job->pasid, .mm = t->mm_id,
		  .a = job_addr(job), .b = t->walk, .flags = job_need(job), .code = ep->rogue, .id = (uint32_t)len);
	r = iovm__mm_dma(t, job_addr(job), job->buf + job->at, len, job->write);
	if (r < 0) {
		job_abort(ep, job);
		return;
	}
	job->state = IOVM__JOB_RUN;
	job->retries = 0;
	job->at += len;
	if (job->at == job->len)
		iovm__job_end(ep, job, true);
}

static void fly(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	const struct iovm__cached t = job->held;

	if (!ep->node->bus.ops->translated(ep->node->bus.hw, ep->ids[0]))
		job_abort(ep, job);
	else
		land(ep, job, &t);
}

static void block(struct iovm_sim_ep *ep, struct iovm__job *job)	/* until something of the unit is answered */
{
	job->state = IOVM__JOB_BLOCKED;
	ep->unit->blocked = true;
}

static void ask(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	if (ep->stall || !ep->ats_on || !ep->unit->on)
		job_abort(ep, job);
	else if (!iovm__pri_ask(ep, job))
		block(ep, job);
}

static void take_off(struct iovm__job *job, const struct iovm__cached *t)
{
	job->held = *t;
	job->state = IOVM__JOB_FLIGHT;
}

static void granted(struct iovm_sim_ep *ep, struct iovm__job *job, struct iovm__cached *got)
{
	if (!ep->ats_on) {
		land(ep, job, got);
		return;
	}
	got->tag = job->pasid;
	iovm__cache_put(&ep->atc, got);
	take_off(job, got);
}

static void later(struct iovm_sim_ep *ep, struct iovm__job *job, uint64_t ns)
{
	job->retry_at = ep->sim->now + ns;
	if (job->retry_at < ep->wake_at)
		ep->wake_at = job->retry_at;
	iovm__sched_timer(ep->sim, job->retry_at);
}

/* F22: what was stalled as a read comes back as a write first. If that is not refused the read goes on as ever */
static bool changed_stalls(struct iovm_sim_ep *ep, struct iovm__job *job, struct iovm__access access)
{
	struct iovm__cached unused;

	job->changed = false;
	access.need = IOVM_WRITE;
	access.fault = 22;
	if (ep->node->bus.ops->translate(ep->node->bus.hw, &access, &unused) != IOVM__STALLED)
		return false;
	iovm__stall_wait(ep, job, &access);
	return true;
}

static void run(struct iovm_sim_ep *ep, struct iovm__job *job)
{
	struct iovm__access access = { .stream_id = ep->ids[0], .pasid = job->pasid, .addr = job_addr(job), .need = job_need(job),
				       .ats = ep->ats_on, .pcie = !ep->stall };
	struct iovm__cached *hit = NULL, got;
	int id = ep->stall && ep->unit->credits ? iovm__stall_id(ep) : 0;

	ep->recent_pasid = job->pasid;
	ep->recent_addr = access.addr & ~(uint64_t)4095;
	if (job->pasid != IOVM_NO_PASID && !ep->pasid_on && !ep->stall && !(ep->pf && ep->pf->pasid_on)) {
		job_abort(ep, job);
		return;
	}
	if (ep->ats_on)
		hit = iovm__cache_find(&ep->atc, job->pasid, access.addr >> IOVM_PAGE_SHIFT);
	if (hit && (hit->prot & access.need) == access.need) {
		take_off(job, hit);
		return;
	}
	if (id < 0) {
		block(ep, job);
		return;
	}
	access.id = (uint16_t)id;
	if (job->changed && changed_stalls(ep, job, access))
		return;
	switch (ep->node->bus.ops->translate(ep->node->bus.hw, &access, &got)) {
	case IOVM__MISS: ask(ep, job); break;
	case IOVM__DENIED: job_abort(ep, job); break;
	case IOVM__STALLED: iovm__stall_wait(ep, job, &access); break;
	case IOVM__FULL: later(ep, job, FULL_NS); break;
	case IOVM__GRANTED: granted(ep, job, &got); break;
	}
}

void iovm__job_answered(struct iovm_sim_ep *ep, struct iovm__job *job, enum iovm_response code)
{
	job->state = IOVM__JOB_RUN;
	if (code != IOVM_RESP_SUCCESS || ++job->retries > IOVM__RETRIES) {
		iovm__job_end(ep, job, false);
		return;
	}
	job->changed = ep->stall && !job->write && iovm_sim_fault(ep->sim, 22, 8);
	if (job->retries > 1)		/* Success and still not there: not so fast */
		later(ep, job, 500 * (uint64_t)job->retries);
}

void iovm__ep_timer(struct iovm_sim_ep *ep)
{
	const struct iovm__job *job;

	ep->wake_at = UINT64_MAX;
	for (job = ep->jobs; job; job = job->next)
		if (job->state == IOVM__JOB_RUN && job->retry_at > ep->sim->now && job->retry_at < ep->wake_at)
			ep->wake_at = job->retry_at;
	if (ep->wake_at != UINT64_MAX)
		iovm__sched_timer(ep->sim, ep->wake_at);
	iovm__ep_update(ep);
}

void iovm__ep_move(struct iovm_sim_ep *ep)
{
	struct iovm__job *job, *can[IOVM__WINDOW];
	unsigned i = 0, n = 0;

	if (ep->kept.valid) {
		iovm__ep_uses_kept(ep);
		iovm__ep_update(ep);
		return;
	}
	if (ep->again.left && !ep->again.waits) {
		iovm__ep_asks_again(ep);
		iovm__ep_update(ep);
		return;
	}
	for (job = ep->jobs; job && i < IOVM__WINDOW; job = job->next, i++)
		if (iovm__job_movable(ep, job))
			can[n++] = job;
	if (n) {
		job = can[iovm_choose(ep->sim, n, "job")];
		if (!iovm__ep_alive(ep))
			job_abort(ep, job);
		else if (job->state == IOVM__JOB_RUN)
			run(ep, job);
		else if (job->state == IOVM__JOB_FLIGHT)
			fly(ep, job);
		else
			iovm__pri_send(ep, job);
	}
	iovm__ep_update(ep);
}
