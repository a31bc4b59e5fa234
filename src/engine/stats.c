/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Counters are kept where they are written, one writer each; this adds them up. */
#include "engine/engine.h"

static void add_iommu(struct iovm_stats *s, const struct iovm__counters *c)
{
	s->requests += load_rlx(&c->requests);
	s->requests_served += load_rlx(&c->served);
	s->partials_discarded += load_rlx(&c->discarded);
	s->stop_markers += load_rlx(&c->markers);
	s->lasts += load_rlx(&c->lasts);
	s->groups += load_rlx(&c->groups);
	s->success += load_rlx(&c->success);
	s->invalid += load_rlx(&c->invalid);
	s->suppressed += load_rlx(&c->suppressed);
	s->overflows += load_rlx(&c->overflows);
	s->shutdown_callbacks += load_rlx(&c->shutdowns);
	s->unbound_callbacks += load_rlx(&c->unbounds);
	s->dispatches += load_rlx(&c->dispatches);
	s->unknown_streams += load_rlx(&c->unknown_streams);
	s->unknown_pasids += load_rlx(&c->unknown_pasids);
	s->flooded += load_rlx(&c->flooded);
	s->bad_outcomes += load_rlx(&c->bad_outcomes);
	s->bad_tokens += load_rlx(&c->bad_tokens);
	s->repeated += load_rlx(&c->repeated);
	s->fenced += load_rlx(&c->fenced);
	s->tokens += load_rlx(&c->tokens);
}

void iovm_stats(const struct iovm *sys, struct iovm_stats *stats)
{
	struct iovm_stats s = { .size = stats->size };
	unsigned i;

	for (i = 0; i < IOVM_MAX_IOMMUS; i++) {
		const struct iovm_iommu *iommu = load_acq(&sys->iommus[i]);

		if (iommu)
			add_iommu(&s, &iommu->count);
	}
	s.binds = load_rlx(&sys->binds);
	s.unbinds = load_rlx(&sys->unbinds);
	s.mm_exits = load_rlx(&sys->mm_exits);
	s.invalidations = load_rlx(&sys->invalidations);
	s.pasids_allocated = load_rlx(&sys->pasids_allocated);
	s.pasids_freed = load_rlx(&sys->pasids_freed);
	s.pasids_quarantined = load_rlx(&sys->quarantined);
	s.pasids_live = (uint32_t)(s.pasids_allocated - s.pasids_freed - s.pasids_quarantined);
	s.bonds = load_rlx(&sys->bonds);
	s.devices = load_rlx(&sys->devices);
	memcpy(stats, &s, stats->size < sizeof s ? stats->size : sizeof s);
}
