/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What is bounded, and what must add up: I33 (a flood takes at most a tenth of another's turns), I36 (no lost wake-up), I40 (sums).
 *
 * A device that kept to its credits and has a group ready since before the last dispatch loses a turn when a dispatch serves nothing of it while
 * another one floods; turns lost may be a tenth of all turns, after the first few. An IOMMU that says "no work" while an entry has been in its queue
 * since before that dispatch and for T has lost a wake-up. An entry that is announced and not yet written (fault 27) is not there, nor is one behind an
 * index that cannot be (28, 29): a dispatch that met one is not judged, there is another to come.
 */
#include "check/internal.h"

#define SHARE 10	/* X of I33: percent */
#define FIRST 10	/* turns that may go wrong before a percentage means anything */
#define LATE_NS 1000000	/* T of I36 */
enum { ENTRY_LATE = 27, PROD_WRAP, PROD_BACKWARDS };	/* faults: the queue's end was shown wrong */

static void turn(struct iovm_check *ck, struct iovm__ck_dev *dev)
{
	if (dev->ready_before && dev->ready && !dev->served && !dev->unit->flooding) {
		dev->lost++;
		if (dev->lost > FIRST && (uint64_t)(dev->lost - FIRST) * 100 > (uint64_t)(dev->lost + dev->turns) * SHARE) {
			iovm__check_fail(ck, 33, "stream 0x%x lost %u of %u turns to a device beyond its credits", (unsigned)dev->stream_id,
				(unsigned)dev->lost, (unsigned)(dev->lost + dev->turns));
			dev->lost = dev->turns = 0;
		}
	}
	dev->ready_before = dev->ready;
	dev->served = false;
}

static void turns(struct iovm_check *ck, unsigned iommu)
{
	struct iovm__ck_dev *dev;
	uint32_t i;

	for (i = 0; ck->devs.cell && i <= ck->devs.mask; i++) {
		dev = ck->devs.cell[i].val;
		if (dev && ck->devs.cell[i].key >> 63 && dev->iommu == iommu)
			turn(ck, dev);
	}
}

static void asleep(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	const struct iovm__ck_req *oldest;
	unsigned q;

	for (q = 0; q < 2; q++) {
		oldest = iovm__check_waiting(ck, rec->iommu, q);
		if (!oldest || oldest->accepted > iommu->dispatch || oldest->time + LATE_NS >= rec->time || rec->code || iommu->dead ||
		    iommu->late > iommu->dispatch)
			continue;
		iovm__check_fail(ck, 36, "IOMMU %u has nothing to do, and position %llu waits in its queue since %llu ns", (unsigned)rec->iommu,
			(unsigned long long)oldest->position, (unsigned long long)(rec->time - oldest->time));
	}
}

static void dispatched(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu = iovm__check_iommu(ck, rec->iommu);

	if (!iommu)
		return;
	if (iommu->flooding)
		turns(ck, rec->iommu);
	if (rec->a || iommu->consumed[0] < iommu->accepted[0] || iommu->consumed[1] < iommu->accepted[1])
		IOVM__CHECKED(ck, 36);
	asleep(ck, iommu, rec);
	iommu->dispatch = ck->ordinal;
}

void iovm__check_refused(struct iovm_check *ck, const struct iovm__ck_req *req)
{
	const struct iovm__ck_dev *unit = req->dev ? req->dev->unit : NULL;

	if (!unit || !unit->credits)
		return;
	IOVM__CHECKED(ck, 33);
	if (!unit->flooding && unit->calmed < req->accepted)	/* nor was it at any time since this one was asked */
		iovm__check_fail(ck, 33, "stream 0x%x kept to its credits and is refused for a flood", (unsigned)req->stream_id);
}

static void lost(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_req *req = rec->code == IOVM_TRC_FLOOD ? map_get(&ck->requests, iovm__check_request_key(rec)) : NULL;

	if (req)
		iovm__check_refused(ck, req);
}

void iovm__check_bounds(struct iovm_check *ck, const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_DISPATCH)
		dispatched(ck, rec);
	else if (rec->event == IOVM_TR_DISCARD)
		lost(ck, rec);
	else if (rec->event == IOVM_TR_INJECT && rec->id >= ENTRY_LATE && rec->id <= PROD_BACKWARDS && iovm__check_iommu(ck, rec->iommu))
		ck->iommu[rec->iommu]->late = ck->ordinal;
}

static void sum(struct iovm_check *ck, const struct iovm__ck_iommu *iommu, const char *what, uint64_t left, uint64_t right)
{
	if (left != right)
		iovm__check_fail(ck, 40, "IOMMU %u: %s: %llu and %llu", (unsigned)iommu->number, what, (unsigned long long)left, (unsigned long long)right);
}

void iovm__check_bounds_end(struct iovm_check *ck)
{
	const struct iovm__ck_iommu *iommu;
	unsigned i;

	for (i = 0; i < 256; i++) {
		iommu = ck->iommu[i];
		if (!iommu || iommu->dead)
			continue;
		IOVM__CHECKED(ck, 40);
		sum(ck, iommu, "requests emitted; accepted and dropped", iommu->rx, iommu->acc + iommu->drop);
		sum(ck, iommu, "requests consumed; served, discarded, markers", iommu->cons - iommu->open, iommu->served + iommu->discarded + iommu->markers);
		sum(ck, iommu, "Lasts; answered and suppressed", iommu->lasts - iommu->open_lasts, iommu->resp + iommu->suppress);
		if (iommu->autos < iommu->dropped_lasts)
			sum(ck, iommu, "Lasts dropped by an overflow; answered by the IOMMU", iommu->dropped_lasts, iommu->autos);
	}
}
