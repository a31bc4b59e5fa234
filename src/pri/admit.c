/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Admission: (StreamID, PASID) to a live bond of exactly that device, and everything a request can be refused for.
 *
 * PASIDs are system-wide, so a PASID alone says nothing: a device that names the PASID of an mm bound only to another device finds no bond. A record carries no
 * generation; positions do: what was asked before the bond was made, or before a reset, is not for the present owner.
 */
#include "pri/pri.h"

void iovm__misbehaved(struct iovm_iommu *iommu, struct iovm_device *dev, unsigned weight)
{
	uint64_t forgiven = (iommu->now - dev->score_time) >> 20;	/* one each 2^20 ns, about IOVM__SCORE_DECAY_NS: no division on 32-bit hosts */

	if (iommu->now > dev->score_time && forgiven) {
		dev->score = forgiven >= dev->score ? 0 : dev->score - (uint32_t)forgiven;
		dev->score_time = iommu->now;
	}
	dev->score += weight;
	if (dev->score < IOVM__SCORE_LIMIT || !iovm__device_abort(dev, IOVM__DEV_FENCED))
		return;
	count_up(&iommu->count.fenced, 1);
	iovm__device_trace(dev, IOVM_TRD_FENCED);
	iovm__notice(iommu, dev, IOVM_RESET_WANTED, IOVM_NO_PASID, 0);
}

/* Positions came as words (nothing wider is atomic everywhere): make them whole again, from where the queue is now */
void iovm__ignore_older(const struct iovm_iommu *iommu, struct iovm_device *dev)
{
	unsigned q;

	for (q = 0; q < 2; q++) {
		long ahead = (long)(load_rlx(&dev->reset_position[q]) - (unsigned long)iommu->consumed[q]);

		dev->ignore_below[q] = iommu->consumed[q] + (uint64_t)(int64_t)ahead;
	}
}

static uint8_t refuse_device(const struct iovm_device *dev, unsigned state)
{
	if (!(state & IOVM__DEV_PRI) || !dev->unit)
		return IOVM_TRC_NOT_READY;
	return state & (IOVM__DEV_FENCED | IOVM__DEV_SUSPECT) ? IOVM_TRC_FENCED : 0;
}

static uint8_t refuse_access(const struct iovm_device *dev, const struct iovm__bond *bond, const struct iovm_request *req)
{
	if (!(req->flags & (IOVM_REQ_READ | IOVM_REQ_WRITE)))
		return IOVM_TRC_ACCESS;
	if (req->flags & (IOVM_REQ_EXEC | IOVM_REQ_PRIV) && !(req->flags & (IOVM_REQ_PASID | IOVM_REQ_STALL)))
		return IOVM_TRC_ACCESS;	/* both are fields of the PASID prefix */
	if ((req->flags & IOVM_REQ_EXEC && !(dev->flags & IOVM_DEV_EXEC)) || (req->flags & IOVM_REQ_PRIV && !(dev->flags & IOVM_DEV_PRIV)))
		return IOVM_TRC_ACCESS;
	if ((req->addr | ((1u << IOVM_PAGE_SHIFT) - 1)) > bond->table_top)
		return IOVM_TRC_ADDRESS;
	return 0;
}

static void no_bond(struct iovm_iommu *iommu, uint32_t pasid, struct iovm__verdict *out)
{
	count_up(&iommu->count.unknown_pasids, 1);
	out->cause = IOVM_TRC_NO_BOND;
	out->excused = iovm__bond_going(iommu, out->dev, pasid);
}

/* Members of a group come one after the other: look where the last one was found first. It is checked like any other, and nobody but us takes it out. */
static struct iovm__bond *find_bond(struct iovm_iommu *iommu, const struct iovm_device *dev, uint32_t pasid)
{
	struct iovm__bond *b = iommu->pri->last_bond;

	if (b && load_rlx(&b->pasid) == pasid && load_rlx(&b->dev) == dev && load_acq(&b->state) == IOVM__BOND_LIVE)
		return b;
	return iommu->pri->last_bond = iovm__bond_find(iommu, dev, pasid);
}

void iovm__admit(struct iovm_iommu *iommu, const struct iovm_request *req, struct iovm_device *dev, struct iovm__verdict *out)
{
	uint32_t pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_NO_PASID;
	struct iovm__bond *bond;
	unsigned state;

	*out = (struct iovm__verdict){ .dev = dev };
	if (IOVM_UNLIKELY(!dev)) {
		count_up(&iommu->count.unknown_streams, 1);
		out->cause = IOVM_TRC_UNKNOWN_STREAM;
		return;
	}
	state = iovm__device_state(dev);
	if (IOVM_UNLIKELY(load_acq(&dev->work.bits) & IOVM__WORK_RESET && !(state & IOVM__DEV_GONE)))
		iovm__ignore_older(iommu, dev);	/* the reset was done since this dispatch began */
	if (IOVM_UNLIKELY(state & (IOVM__DEV_GONE | IOVM__DEV_RESETTING) || req->position < dev->ignore_below[req->queue])) {
		out->cause = state & IOVM__DEV_GONE ? IOVM_TRC_GONE : IOVM_TRC_RESET;
		out->suppress = true;
		return;
	}
	out->cause = refuse_device(dev, state);
	if (IOVM_UNLIKELY(out->cause))
		return;
	bond = find_bond(iommu, dev, pasid);
	if (IOVM_UNLIKELY(!bond)) {
		no_bond(iommu, pasid, out);
	} else if (IOVM_UNLIKELY(req->position < bond->since[req->queue])) {
		out->cause = IOVM_TRC_STALE;
	} else {
		out->bond = bond;
		out->cause = refuse_access(dev, bond, req);
	}
}
