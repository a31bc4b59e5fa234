/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Counters of the engine, the machine and the checker, under the names that the report gives them. */
#include <iovm/sim.h>
#include <iovm/smmuv3_model.h>
#include "soak.h"

static void engine(struct soak_result *r, const struct iovm_stats *s)
{
	r->requests = s->requests;
	r->requests_served = s->requests_served;
	r->partials_discarded = s->partials_discarded;
	r->stop_markers = s->stop_markers;
	r->lasts = s->lasts;
	r->groups = s->groups;
	r->overflows = s->overflows;
	r->responses.success = s->success;
	r->responses.invalid = s->invalid;
	r->responses.suppressed = s->suppressed;
	r->binds = s->binds;
	r->unbinds = s->unbinds;
	r->mm_exits = s->mm_exits;
	r->shutdown_callbacks = s->shutdown_callbacks;
	r->invalidations = s->invalidations;
}

static void pasids(struct soak_result *r, const struct iovm_stats *s)
{
	uint64_t known = s->pasids_freed + s->pasids_live + s->pasids_quarantined;

	r->pasids.allocated = s->pasids_allocated;
	r->pasids.freed = s->pasids_freed;
	r->pasids.live = s->pasids_live;
	r->pasids.quarantined = s->pasids_quarantined;
	r->pasids.leaked = s->pasids_allocated > known ? s->pasids_allocated - known : 0;	/* too many is a broken identity */
	r->leaks.pasids = r->pasids.leaked;
}

static void machine(struct soak_result *r, const struct iovm_sim_stats *s)
{
	r->virtual_ns = s->virtual_ns;
	r->requests_emitted = s->requests_emitted;
	r->requests_dropped = s->requests_dropped;
	r->auto_responses = s->auto_responses;
	r->dma.reads = s->dma_reads;
	r->dma.writes = s->dma_writes;
	r->dma.bytes = s->dma_bytes;
	r->dma.stale = s->dma_stale;
	r->dma.stale_rogue = s->dma_stale_rogue;
	for (unsigned i = 0; i < 64; i++)
		r->injected[i] = s->injected[i];
	r->memory.peak_bytes = s->peak_bytes;
}

/* Long enough, with devices of either kind, queues that overflowed and an SMMU that was off: each obligation must have mattered */
static bool eventful(const struct soak_result *r)
{
	return r->steps >= 1000000 && r->config.kinds == SOAK_KINDS_MIXED && r->injected[24] && r->injected[25] && r->injected[37];
}

/* What the driver of the SMMUv3s owed to them */
static void obligations(struct soak_result *r, const struct iovm_sim *sim)
{
	struct iovm_model_duty duty;

	for (unsigned n = 0; iovm_sim_duty(sim, n, &duty); n++) {
		r->has_obligations = true;
		r->obligations.checked += duty.checked;
		r->obligations.broken += duty.broken;
		if (duty.broken)
			soak_fail(r, "the driver broke its obligation '%s' %llu times: %s (IHI 0070, %s)", duty.name, (unsigned long long)duty.broken, duty.sentence, duty.clause);
		if (!duty.checked && eventful(r))
			soak_fail(r, "vacuous: the obligation '%s' never mattered", duty.name);
	}
}

void soak_take_stats(struct soak_result *r, const struct iovm_sim *sim)
{
	struct iovm_stats es = { .size = sizeof(es) };
	struct iovm_sim_stats ms = { .size = sizeof(ms) };
	const struct iovm_check *check = iovm_sim_check(sim);

	iovm_stats(iovm_sim_system((struct iovm_sim *)sim), &es);
	iovm_sim_stats(sim, &ms);
	engine(r, &es);
	pasids(r, &es);
	machine(r, &ms);
	obligations(r, sim);
	for (unsigned i = 1; check && i < IOVM_CHECK_MAX; i++)
		if (iovm_check_count(check, i))
			r->by_id[i] = *iovm_check_count(check, i);
	if (check && iovm_check_first(check))
		soak_fail(r, "%s", iovm_check_first(check));
}
