/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The batch of closed groups, sorted by mm, to the host's handler: n groups of one mm in one call, so that it can sort and merge pages across them.
 *
 * A token is the host's (HOST) before the handler is called: fault_done() may come from another thread before the handler has returned. When the handler says
 * anything but PENDING, the word decides who was first.
 */
#include "pri/pri.h"

static void trace_faults(struct iovm_iommu *iommu, const struct iovm__token *t)
{
	const struct iovm__pri *pri = iommu->pri;
	unsigned i;

	for (i = t->first_range; i < (unsigned)t->first_range + t->n; i++)
		TRACE(iommu->port, FAULT, .iommu = (uint8_t)iommu->index, .stream_id = t->stream_id, .pasid = t->pasid, .index = t->index,
		      .flags = (uint8_t)(pri->ranges[i].prot | (t->flags & (IOVM_REQ_PASID | IOVM_REQ_STALL))),
		      .mm = (uint64_t)(uintptr_t)load_rlx(&t->slot->mm), .bond = t->bond->serial, .context = load_rlx(&t->slot->context),
		      .id = t->serial, .a = pri->ranges[i].first, .b = pri->positions[i]);
}

static enum iovm_outcome understand(struct iovm_iommu *iommu, const struct iovm__token *t, unsigned outcome)
{
	if (outcome > IOVM_AGAIN) {
		add_rlx(&iommu->count.bad_outcomes, 1);
		outcome = IOVM_REFUSED;
	}
	TRACE(iommu->port, OUTCOME, .iommu = (uint8_t)iommu->index, .stream_id = t->stream_id, .pasid = t->pasid, .id = t->serial,
	      .code = (int16_t)outcome, .bond = t->bond->serial, .context = load_rlx(&t->slot->context));
	return outcome;
}

static void settle(struct iovm_iommu *iommu, struct iovm__token *t, unsigned given)
{
	enum iovm_outcome outcome = understand(iommu, t, given);

	if (outcome == IOVM_PENDING)
		iovm__token_pending(iommu, t);
	else if (iovm__token_claim(t))
		iovm__answer_token(iommu, t, outcome);
	else	/* finished by fault_done() inside the handler: that word counts */
		iovm__token_pending(iommu, t);
}

/* Hand over the n groups at g, all of one mm */
static void call_handler(struct iovm_iommu *iommu, struct iovm__token **g, unsigned n)
{
	struct iovm__pri *pri = iommu->pri;
	struct iovm_fault *faults = pri->faults;
	unsigned i;

	for (i = 0; i < n; i++) {
		faults[i] = (struct iovm_fault){ .token = iovm__token_value(iommu, g[i]), .ranges = pri->ranges + g[i]->first_range,
						 .nranges = g[i]->n, .outcome = IOVM_REFUSED };
		if (iommu->port->trace)
			trace_faults(iommu, g[i]);
	}
	count_up(&iommu->count.groups, n);
	pri->mm->fault(pri->mm->ctx, load_rlx(&g[0]->slot->mm), faults, n);
	for (i = 0; i < n; i++)
		settle(iommu, g[i], faults[i].outcome);
}

static bool still_live(const struct iovm__token *t)
{
	return load_acq(&t->bond->state) == IOVM__BOND_LIVE && load_rlx(&t->dev->epoch) == t->epoch;
}

enum { BUCKETS = 64, NONE = 255 };
struct by_slot {		/* chains of the batch's groups, in order of arrival */
	uint8_t head[BUCKETS], next[IOVM__BATCH];
};

static unsigned bucket(const struct iovm__slot *slot)	/* where it is looked for; order comes from arrival alone */
{
	return (unsigned)((uintptr_t)slot / sizeof *slot) % BUCKETS;
}

static void chain(const struct iovm__pri *pri, struct by_slot *by)
{
	unsigned i, b;

	memset(by->head, NONE, sizeof by->head);
	for (i = pri->nclosed; i-- > 0;) {
		b = bucket(pri->closed[i]->slot);
		by->next[i] = by->head[b];
		by->head[b] = (uint8_t)i;
	}
}

/* Bring the groups of one mm together. An earlier handler of this batch may have ended their bonds: those are answered here. */
static unsigned gather(struct iovm_iommu *iommu, const struct by_slot *by, unsigned first, struct iovm__token **out)
{
	struct iovm__pri *pri = iommu->pri;
	const struct iovm__slot *slot = pri->closed[first]->slot;
	struct iovm__token *t;
	unsigned n = 0, i;

	for (i = first; i != NONE; i = by->next[i]) {
		t = pri->closed[i];
		if (!t || t->slot != slot)
			continue;
		pri->closed[i] = NULL;
		if (still_live(t)) {
			out[n++] = t;
		} else {
			iovm__token_claim(t);
			iovm__answer_token(iommu, t, IOVM_REFUSED);
		}
	}
	return n;
}

void iovm__pri_serve(struct iovm_iommu *iommu)
{
	struct iovm__pri *pri = iommu->pri;
	struct iovm__token *same[IOVM__BATCH];
	struct by_slot by;
	unsigned i, n;

	if (!pri->nclosed)
		return;
	chain(pri, &by);
	for (i = 0; i < pri->nclosed; i++) {
		n = pri->closed[i] ? gather(iommu, &by, i, same) : 0;
		if (n)
			call_handler(iommu, same, n);
	}
	pri->nclosed = pri->nranges = 0;
}
