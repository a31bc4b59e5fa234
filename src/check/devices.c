/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Who is who: StreamIDs, functions, PRI units and IOMMUs, and what the device saw of its capabilities. No invariant of its own but I34, which is
 * about nothing else: credits are granted within the queue and never change while page requests are on.
 *
 * A device stays after its removal until its StreamID is taken anew: what it had asked may still be in a queue.
 */
#include "check/internal.h"

struct iovm__ck_iommu *iovm__check_iommu(struct iovm_check *ck, unsigned number)
{
	struct iovm__ck_iommu *iommu = ck->iommu[number & 255];

	if (!iommu && (iommu = iovm__check_alloc(ck, sizeof *iommu))) {
		iommu->epoch = 1;
		iommu->number = (uint8_t)number;
		ck->iommu[number & 255] = iommu;
	}
	return iommu;
}

static uint64_t dev_key(unsigned iommu, uint32_t stream_id)
{
	return (uint64_t)iommu << 32 | stream_id;
}

struct iovm__ck_dev *iovm__check_dev(const struct iovm_check *ck, unsigned iommu, uint32_t stream_id)
{
	return map_get(&ck->devs, dev_key(iommu, stream_id));
}

struct iovm__ck_dev *iovm__check_dev_get(struct iovm__ck_dev *dev)
{
	if (dev)
		dev->refs++;
	return dev;
}

void iovm__check_dev_put(struct iovm__ck_dev *dev)
{
	struct iovm__ck_dev *unit;

	if (!dev || --dev->refs)
		return;
	unit = dev->unit;
	free(dev);
	if (unit != dev)
		iovm__check_dev_put(unit);
}

bool iovm__check_aborted(const struct iovm__ck_dev *dev)
{
	return dev->gone || dev->resetting || dev->fenced || dev->confirmed;
}

bool iovm__check_stopped(const struct iovm__ck_dev *dev)
{
	return dev->suspect && dev->stream_done;
}

static void stream_state(struct iovm__ck_iommu *iommu, struct iovm__ck_dev *dev, uint64_t epoch, bool done)
{
	iommu->streams += (epoch && !done) - (dev->stream_epoch && !dev->stream_done);
	dev->stream_epoch = epoch;
	dev->stream_done = done;
}

/* Before the fence leaves the list of those under way: its epoch is found there */
static void fence_done(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *dev;
	uint64_t epoch = 0;
	uint32_t i;

	for (i = 0; i < iommu->nfences; i++)
		if (iommu->fences[i].ticket == rec->b)
			epoch = iommu->fences[i].epoch;
	for (i = 0; epoch && iommu->streams && i <= ck->devs.mask; i++) {
		dev = ck->devs.cell[i].val;
		if (dev && ck->devs.cell[i].key >> 63 && dev->iommu == rec->iommu && dev->stream_epoch == epoch && !dev->stream_done)
			stream_state(iommu, dev, rec->code ? 0 : epoch, !rec->code);
	}
}

/* The command that sets it to abort comes with this record, or later: an older one that is done proves nothing */
static void suspect(struct iovm_check *ck, struct iovm__ck_iommu *iommu, struct iovm__ck_dev *dev, bool stopped)
{
	if (!dev->suspect && dev->stream_done)
		stream_state(iommu, dev, 0, false);
	if (!dev->suspect)
		dev->suspected = ck->ordinal;
	dev->suspect = true;
	if (!stopped)
		return;
	dev->confirmed = true;
	dev->cleared = ck->ordinal;
}

static void grant(struct iovm_check *ck, struct iovm__ck_iommu *iommu, struct iovm__ck_dev *dev, uint32_t credits)
{
	uint64_t reserve = iommu->queue / 16 ? iommu->queue / 16 : 1;

	iommu->granted += credits;
	iommu->granted -= dev->pri;
	if (credits) {
		IOVM__CHECKED(ck, 34);
		if (dev->pri && dev->pri != credits)
			iovm__check_fail(ck, 34, "credits of stream 0x%x went from %u to %u while its page requests were on",
				(unsigned)dev->stream_id, (unsigned)dev->pri, (unsigned)credits);
		else if (dev->unit == dev && dev->credits && credits > dev->credits)
			iovm__check_fail(ck, 34, "stream 0x%x was granted %u credits and was added with %u",
				(unsigned)dev->stream_id, (unsigned)credits, (unsigned)dev->credits);
		else if (iommu->queue && iommu->granted > iommu->queue - reserve)
			iovm__check_fail(ck, 34, "%llu credits granted on IOMMU %u, whose queue has %llu entries",
				(unsigned long long)iommu->granted, (unsigned)iommu->number, (unsigned long long)iommu->queue);
	}
	dev->pri = credits;
}

/* A PF's reset leaves its VFs and what they have asked alone: with them the unit may still be beyond its credits */
static void calm(const struct iovm_check *ck, struct iovm__ck_iommu *iommu, struct iovm__ck_dev *dev)
{
	if (!dev->flooding || dev->outstanding > dev->credits)
		return;
	dev->calmed = ck->ordinal;
	iommu->flooding -= dev->flooding;
	dev->flooding = false;
}

/* A second StreamID of the same device (same serial) only points to it */
static void add(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *old = iovm__check_dev(ck, rec->iommu, rec->stream_id), *dev = NULL, *pf;

	dev = map_get(&ck->devs, UINT64_C(1) << 63 | rec->id);
	if (!dev) {
		dev = iovm__check_alloc(ck, sizeof *dev);
		if (!dev)
			return;
		*dev = (struct iovm__ck_dev){ .serial = rec->id, .stream_id = rec->stream_id, .credits = (uint32_t)rec->a, .width = rec->index,
			.iommu = rec->iommu, .response_pasid = rec->b, .removed = ck->ordinal };
		pf = rec->bond ? map_get(&ck->devs, UINT64_C(1) << 63 | rec->bond) : NULL;
		dev->unit = pf ? iovm__check_dev_get(pf->unit) : dev;
		map_put(&ck->devs, UINT64_C(1) << 63 | rec->id, iovm__check_dev_get(dev));
	}
	if (old) {
		grant(ck, iommu, old, 0);
		iovm__check_dev_put(old);
	}
	ck->no_memory |= !map_put(&ck->devs, dev_key(rec->iommu, rec->stream_id), iovm__check_dev_get(dev));
}

static void leave(struct iovm_check *ck, struct iovm__ck_iommu *iommu, struct iovm__ck_dev *dev)
{
	dev->gone = true;
	dev->removed = dev->cleared = ck->ordinal;
	grant(ck, iommu, dev, 0);
	iovm__check_requests_void(ck, dev);
	calm(ck, iommu, dev);
}

static void life(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *dev;

	if (rec->code == IOVM_TRD_ADD) {
		add(ck, iommu, rec);
		return;
	}
	dev = map_get(&ck->devs, UINT64_C(1) << 63 | rec->id);
	if (!dev)
		return;
	switch (rec->code) {
	case IOVM_TRD_GONE: case IOVM_TRD_DEL:
		leave(ck, iommu, dev);
		break;
	case IOVM_TRD_RESET_BEGIN:
		dev->resetting = true;
		dev->removed = dev->cleared = ck->ordinal;
		break;
	case IOVM_TRD_RESET_DONE:
		dev->fenced = dev->suspect = dev->confirmed = false;
		/* fall through */
	case IOVM_TRD_RESET_FAILED:
		dev->resetting = false;
		dev->fenced |= rec->code == IOVM_TRD_RESET_FAILED;
		dev->removed = dev->cleared = ck->ordinal;
		iovm__check_requests_void(ck, dev);
		calm(ck, iommu, dev);
		break;
	case IOVM_TRD_FENCED:
		dev->fenced = true;
		break;
	case IOVM_TRD_FREED:
		leave(ck, iommu, dev);
		stream_state(iommu, dev, 0, false);
		map_take(&ck->devs, UINT64_C(1) << 63 | dev->serial);
		iovm__check_dev_put(dev);
		break;
	}
}

static void cap(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);

	if (!dev)
		return;
	dev->pcie = true;
	if (rec->code)
		return;
	if (rec->id == IOVM_CAP_PRI)
		grant(ck, iommu, dev, (uint32_t)rec->a);
	if (rec->id != IOVM_CAP_ATS)
		return;
	if (rec->a && !dev->ats)
		dev->ats_since = ck->ordinal;
	dev->ats = rec->a;
	dev->stu = rec->a ? (uint8_t)(rec->a - 1) : 0;
}

void iovm__check_devices(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu;
	struct iovm__ck_dev *dev;

	switch (rec->event) {
	case IOVM_TR_DEVICE: case IOVM_TR_CAP: case IOVM_TR_RESET: case IOVM_TR_SUSPECT: case IOVM_TR_NOTICE: case IOVM_TR_IOMMU: case IOVM_TR_CMD:
	case IOVM_TR_FENCE_DONE:
		break;
	default:
		return;
	}
	iommu = iovm__check_iommu(ck, rec->iommu);
	dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	if (!iommu)
		return;
	if (rec->event == IOVM_TR_DEVICE) {
		life(ck, iommu, rec);
	} else if (rec->event == IOVM_TR_CAP) {
		cap(ck, iommu, rec);
	} else if (rec->event == IOVM_TR_IOMMU) {
		/* a number may come again: its queues begin anew */
		iommu->queue = rec->a;
		memset(iommu->accepted, 0, sizeof iommu->accepted);
		memset(iommu->consumed, 0, sizeof iommu->consumed);
		iommu->overflow = iommu->dispatch = iommu->late = iommu->granted = 0;
		iommu->nfences = iommu->streams = 0;
		iommu->dead = iommu->between = false;
	} else if (rec->event == IOVM_TR_NOTICE) {
		iommu->dead |= rec->code == IOVM_IOMMU_DEAD;
	} else if (dev && rec->event == IOVM_TR_RESET) {
		/* a reset clears the ATC and every capability, PCIe 10.3.2, 6.6.2 */
		dev->ats = false;
		dev->removed = dev->cleared = ck->ordinal;
		grant(ck, iommu, dev, 0);
	} else if (dev && rec->event == IOVM_TR_SUSPECT) {
		suspect(ck, iommu, dev, rec->code);
	} else if (dev && rec->event == IOVM_TR_CMD && rec->code == IOVM_CMD_ENTRY && rec->flags & IOVM_CMD_STREAM) {
		stream_state(iommu, dev, iommu->epoch, false);
	} else if (rec->event == IOVM_TR_FENCE_DONE) {
		fence_done(ck, iommu, rec);
	}
}

static void dev_del(void *val)
{
	iovm__check_dev_put(val);
}

void iovm__check_devices_fini(struct iovm_check *ck)
{
	unsigned i;

	map_fini(&ck->devs, dev_del);
	for (i = 0; i < 256; i++) {
		if (ck->iommu[i])
			free(ck->iommu[i]->fences);
		free(ck->iommu[i]);
	}
}
