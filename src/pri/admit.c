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
	TRACE(iommu->port, DEVICE, .iommu = (uint8_t)iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = IOVM_NO_PASID,
	      .id = dev->serial, .code = IOVM_TRD_FENCED);
	iovm__notice(iommu, dev, IOVM_RESET_WANTED, IOVM_NO_PASID, 0);
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

static void find_bond(struct iovm_iommu *iommu, const struct iovm_request *req, struct iovm__verdict *out)
{
	uint32_t pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_NO_PASID;
	struct iovm__bond *bond = iovm__bond_find(iommu, out->dev, pasid);

	if (IOVM_LIKELY(bond && req->position >= bond->since[req->queue])) {
		out->bond = bond;
		out->cause = refuse_access(out->dev, bond, req);
	} else if (bond) {
		out->cause = IOVM_TRC_STALE;
	} else {
		count_up(&iommu->count.unknown_pasids, 1);
		out->cause = IOVM_TRC_NO_BOND;
		out->excused = iovm__bond_going(iommu, out->dev, pasid);
	}
}

void iovm__admit(struct iovm_iommu *iommu, const struct iovm_request *req, struct iovm__verdict *out)
{
	struct iovm_device *dev = iovm__stream_find(iommu, req->stream_id);
	unsigned state;

	*out = (struct iovm__verdict){ .dev = dev };
	if (!dev) {
		count_up(&iommu->count.unknown_streams, 1);
		out->cause = IOVM_TRC_UNKNOWN_STREAM;
		return;
	}
	state = iovm__device_state(dev);
	if (IOVM_UNLIKELY(state & (IOVM__DEV_GONE | IOVM__DEV_RESETTING) || req->position < dev->ignore_below[req->queue])) {
		out->cause = state & IOVM__DEV_GONE ? IOVM_TRC_GONE : IOVM_TRC_RESET;
		out->suppress = true;
		return;
	}
	out->cause = refuse_device(dev, state);
	if (!out->cause)
		find_bond(iommu, req, out);
}
