/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The way out of a bond, step by step, as the IOMMU saw it (I18), and how long the drain may take (I35).
 *
 * Commands between two fences form an epoch; a fence that completes with 0 completes its epoch, a fence that fails undoes it. A step counts only if
 * the step before it lies in an earlier epoch, so merging two fences or swapping two phases leaves a step out:
 *
 *   entry quiet  ->  ENTRY | fence  ->  TLB by the old ASID (when no entry of the context walks any more here) | fence  ->  ATC of everything | fence
 *   ->  SNAPSHOT  ->  consumed past it
 *
 * Devices that were reset, removed, fenced or lost ATS after the entry was quiet have no translation left to take back.
 */
#include "check/internal.h"

#define DRAIN_CYCLES 2	/* N of I35 */

void iovm__check_out(struct iovm_check *ck, struct iovm__ck_bond *bond, bool out)
{
	if (out && !bond->out_prev) {
		bond->out_prev = &ck->out;
		bond->out_next = ck->out;
		if (bond->out_next)
			bond->out_next->out_prev = &bond->out_next;
		ck->out = bond;
	} else if (!out && bond->out_prev) {
		*bond->out_prev = bond->out_next;
		if (bond->out_next)
			bond->out_next->out_prev = bond->out_prev;
		bond->out_next = NULL;
		bond->out_prev = NULL;
	}
}

static bool needs_atc(const struct iovm__ck_bond *bond)
{
	const struct iovm__ck_dev *dev = bond->dev;

	return dev->ats && !iovm__check_aborted(dev) && dev->ats_since < bond->quiet_at && dev->cleared < bond->quiet_at;
}

static bool consumed(const struct iovm_check *ck, const struct iovm__ck_bond *bond)
{
	const struct iovm__ck_iommu *iommu = ck->iommu[bond->dev->iommu];
	unsigned q;

	for (q = 0; q < 2; q++)
		if (iovm__check_waiting(ck, bond->dev->iommu, q) && iommu->consumed[q] < bond->snap_at[q])
			return false;
	return true;
}

bool iovm__check_cut_done(const struct iovm__ck_bond *bond)
{
	return bond->entry.ok && (!bond->home || bond->home->walking || bond->home->tlb.ok || bond->tlb.ok) && (bond->atc.ok || !needs_atc(bond));
}

const char *iovm__check_cut_missing(struct iovm_check *ck, const struct iovm__ck_bond *bond)
{
	const struct iovm__ck_ctx *ctx = bond->ctx;
	bool excused = ctx->was_quarantined || ctx->failed || bond->dev->suspect || ck->iommu[bond->dev->iommu]->dead;

	if (!bond->walked || bond->pasid == IOVM_NO_PASID || ck->iommu[bond->dev->iommu]->dead)
		return NULL;
	if (!bond->quiet)
		return "its entry was never quiet";
	if (!bond->entry.ok)
		return "its quiet entry was not followed by an entry command and a fence";
	if (!bond->snap)
		return "no snapshot of the queues was taken";
	if (!consumed(ck, bond))
		return "the queue was not consumed past its snapshot";
	if (!excused && !bond->atc.ok && needs_atc(bond))
		return "its device was not told to forget everything, after the TLB and its fence, with a fence behind it";
	if (!excused && !bond->snap_ok)
		return "the snapshot was taken before its cut was complete";
	return NULL;
}

const char *iovm__check_homes_missing(const struct iovm__ck_ctx *ctx)
{
	const struct iovm__ck_home *home;

	for (home = ctx->homes; home; home = home->next)
		if (home->used && !home->tlb.ok && !ctx->was_quarantined)
			return "no TLB command by its ASID came after its last entry was quiet and fenced";
	return NULL;
}

/* ---- commands ---- */

/* Several callers may take the same step at the same time, and the first of them may fail: each attempt is kept until one is good */
static void attempt(struct iovm__ck_step *step, uint64_t epoch)
{
	if (!step->ok && step->n < sizeof step->epoch / sizeof step->epoch[0])
		step->epoch[step->n++] = epoch;
}

static bool before(const struct iovm__ck_step *step, uint64_t epoch)	/* it was tried in an earlier epoch */
{
	return step->n && step->epoch[0] < epoch;
}

static bool attempt_done(struct iovm__ck_step *step, uint64_t epoch, bool good)
{
	unsigned i;

	for (i = 0; i < step->n && step->epoch[i] != epoch; i++)
		;
	if (step->ok || i == step->n)
		return false;
	step->ok = good;
	if (good) {
		step->epoch[0] = epoch;
		step->n = 1;
	} else {
		memmove(&step->epoch[i], &step->epoch[i + 1], (--step->n - i) * sizeof step->epoch[0]);
	}
	return true;
}

static void entry_command(struct iovm_check *ck, const struct iovm_trace *rec, uint64_t epoch)
{
	struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	struct iovm__ck_bond *bond;

	for (bond = ck->out; bond; bond = bond->out_next)
		if (bond->dev == dev && bond->quiet && (rec->flags & IOVM_CMD_STREAM || bond->pasid == rec->pasid)) {
			attempt(&bond->entry, epoch);
			if (bond->snap)
				attempt(&bond->again, epoch);
		}
}

/* Is every entry that ever walked here quiet, with a fence between its command and this epoch? */
static bool entries_fenced(const struct iovm_check *ck, const struct iovm__ck_home *home, uint64_t epoch)
{
	const struct iovm__ck_bond *bond;

	for (bond = ck->out; bond; bond = bond->out_next)
		if (bond->home == home && bond->walked && !before(&bond->entry, epoch))
			return false;
	return !home->walking;
}

static void tlb_command(struct iovm_check *ck, const struct iovm_trace *rec, uint64_t epoch)
{
	struct iovm__ck_home *home = map_get(&ck->asids, (uint64_t)rec->iommu << 32 | rec->id);
	struct iovm__ck_bond *bond;

	for (bond = ck->out; bond; bond = bond->out_next)	/* enough for this one, though others may walk on */
		if (home && bond->home == home && !rec->a && rec->b == UINT64_MAX && before(&bond->entry, epoch))
			attempt(&bond->tlb, epoch);
	if (home && !rec->a && rec->b == UINT64_MAX && entries_fenced(ck, home, epoch))
		attempt(&home->tlb, epoch);
}

static void atc_command(struct iovm_check *ck, const struct iovm_trace *rec, uint64_t epoch)
{
	struct iovm__ck_bond *bond = iovm__check_bond_at(ck, iovm__check_dev(ck, rec->iommu, rec->stream_id), rec->pasid);

	if (!bond || !bond->quiet || rec->a || rec->b != UINT64_MAX || !bond->home)
		return;
	if (!before(&bond->entry, epoch))
		return;
	if (bond->home->walking || before(&bond->home->tlb, epoch) || before(&bond->tlb, epoch))
		attempt(&bond->atc, epoch);
}

static void fence_command(struct iovm_check *ck, struct iovm__ck_iommu *iommu, uint64_t ticket)
{
	struct iovm__ck_fence *more;

	if (iommu->nfences == iommu->room) {
		more = realloc(iommu->fences, (iommu->room * 2 + 16) * sizeof *more);
		if (!more) {
			ck->no_memory = true;
			return;
		}
		iommu->fences = more;
		iommu->room = iommu->room * 2 + 16;
	}
	iommu->fences[iommu->nfences++] = (struct iovm__ck_fence){ ticket, iommu->epoch };
	iommu->epoch++;
}

static void settle(struct iovm__ck_bond *bond, uint64_t epoch, bool ok)
{
	if (attempt_done(&bond->entry, epoch, ok))
		bond->idle = 0;
	if (attempt_done(&bond->tlb, epoch, ok))
		bond->idle = 0;
	if (attempt_done(&bond->atc, epoch, ok))
		bond->idle = 0;
	if (attempt_done(&bond->again, epoch, true))
		bond->idle = 0;
	if (bond->home && attempt_done(&bond->home->tlb, epoch, ok))
		bond->idle = 0;
}

static void fence_done(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond;
	uint64_t epoch;
	unsigned i;

	for (i = 0; i < iommu->nfences && iommu->fences[i].ticket != rec->b; i++)
		;
	if (i == iommu->nfences)
		return;
	epoch = iommu->fences[i].epoch;
	memmove(&iommu->fences[i], &iommu->fences[i + 1], (--iommu->nfences - i) * sizeof iommu->fences[0]);
	for (bond = ck->out; bond; bond = bond->out_next)
		if (bond->dev->iommu == rec->iommu)
			settle(bond, epoch, !rec->code);
}

static void command(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	if (rec->code != IOVM_CMD_ANSWER)
		iommu->between = rec->code != IOVM_CMD_FENCE;
	switch (rec->code) {
	case IOVM_CMD_ENTRY: entry_command(ck, rec, iommu->epoch); break;
	case IOVM_CMD_TLB: tlb_command(ck, rec, iommu->epoch); break;
	case IOVM_CMD_ATC: atc_command(ck, rec, iommu->epoch); break;
	case IOVM_CMD_FENCE: fence_command(ck, iommu, rec->b); break;
	}
}

/* ---- drain ---- */

static void snapshot(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);

	if (!bond)
		return;
	bond->snap = true;
	bond->again = (struct iovm__ck_step){ .n = 0 };
	bond->snap_ok = iovm__check_cut_done(bond);
	bond->snap_at[0] = rec->a;
	bond->snap_at[1] = rec->b;
	bond->idle = 0;
}

/* One cycle of the servicer went by: a drain that nothing held up must have ended within DRAIN_CYCLES of them */
static void cycle(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond;

	for (bond = ck->out; bond; bond = bond->out_next) {
		if (bond->dev->iommu != rec->iommu)
			continue;
		if (!rec->code && bond->ctx->exited && bond->has_cb && !bond->ending && !bond->shutdown) {
			iovm__check_fail(ck, 22, "the servicer has nothing left to do, and the mm of bond %u died without SHUTDOWN", (unsigned)bond->serial);
			bond->shutdown = true;
		}
		if (!bond->unbind_done || !bond->has_cb || bond->unbound || bond->callbacks || iommu->nfences || iommu->between || rec->id || iommu->dead)
			continue;
		if (bond->snap && (!consumed(ck, bond) || (!bond->dev->pcie && !bond->again.ok)))	/* what may stall waits for one more fence */
			bond->idle = 0;
		else if (++bond->idle == DRAIN_CYCLES + 1)
			iovm__check_fail(ck, 35, "bond %u is not drained %u dispatches after the last completion that it waited for",
				(unsigned)bond->serial, bond->idle);
	}
}

void iovm__check_cut(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu;

	if (rec->event != IOVM_TR_CMD && rec->event != IOVM_TR_FENCE_DONE && rec->event != IOVM_TR_SNAPSHOT && rec->event != IOVM_TR_DISPATCH)
		return;
	iommu = iovm__check_iommu(ck, rec->iommu);
	if (!iommu)
		return;
	if (rec->event == IOVM_TR_CMD)
		command(ck, iommu, rec);
	else if (rec->event == IOVM_TR_FENCE_DONE)
		fence_done(ck, iommu, rec);
	else if (rec->event == IOVM_TR_SNAPSHOT)
		snapshot(ck, rec);
	else
		cycle(ck, iommu, rec);
}

void iovm__check_cut_end(struct iovm_check *ck)
{
	unsigned i;

	for (i = 0; i < 256; i++)
		if (ck->iommu[i] && ck->iommu[i]->nfences && !ck->iommu[i]->dead)
			iovm__check_fail(ck, 37, "IOMMU %u has %u fences that never completed", i, ck->iommu[i]->nfences);
}
