/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What only an SMMUv3 shows: I13 (a stall is resumed once), I14 (STALL_TERM), I15 (nothing becomes valid for an access that is being terminated), I16 (PCIe functions do
 * not stall), I30 (the command queue goes forward), I31 (who is blamed for an ATC invalidation), I43 (ASIDs). A record SMMU says which IOMMUs are meant.
 *
 * A stall is known by its StreamID and STAG, from the record that the engine will see until the command that ends it is carried out.
 */
#include "check/internal.h"

static uint64_t stall_key(const struct iovm_trace *rec)
{
	return iovm__check_key_hash(rec->iommu, rec->stream_id, IOVM_NO_PASID, rec->index, true);
}

static uint64_t pasid_key(const struct iovm__ck_dev *dev, uint32_t pasid)
{
	return (uint64_t)dev->serial << 32 | pasid;
}

/* ---- stalls ------------------------------------------------------------------------------------------------------------------------------ */

static void stall_del(void *val)
{
	struct iovm__ck_stall *stall = val;

	if (stall)
		iovm__check_dev_put(stall->dev);
	free(stall);
}

static void stall_shown(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	struct iovm__ck_stall *stall = iovm__check_alloc(ck, sizeof *stall);

	IOVM__CHECKED(ck, 16);
	if (dev && dev->pcie)
		iovm__check_fail(ck, 16, "an access of stream 0x%x stalls, and that is a PCIe function", (unsigned)rec->stream_id);
	if (!stall)
		return;
	*stall = (struct iovm__ck_stall){ .dev = iovm__check_dev_get(dev), .pasid = rec->flags & IOVM_REQ_PASID ? rec->pasid : IOVM_NO_PASID,
					  .stream_id = rec->stream_id, .iommu = rec->iommu };
	if (dev)
		dev->stalls = true;
	stall_del(map_take(&ck->stalls, stall_key(rec)));
	ck->no_memory |= !map_put(&ck->stalls, stall_key(rec), stall);
}

/* The engine's word on it: an abort is on its way from here to the command */
static void stall_answered(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_stall *stall = map_get(&ck->stalls, stall_key(rec));

	if (!stall || !stall->dev || stall->aborts || rec->code == IOVM_RESP_SUCCESS)
		return;
	stall->aborts = true;
	iovm__check_count(ck, &ck->aborting, pasid_key(stall->dev, stall->pasid), 1);
}

static void stall_over(struct iovm_check *ck, struct iovm__ck_stall *stall)
{
	if (stall->aborts)
		iovm__check_count(ck, &ck->aborting, pasid_key(stall->dev, stall->pasid), -1);
	stall_del(stall);
}

static void resumed(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_stall *stall = map_take(&ck->stalls, stall_key(rec));

	IOVM__CHECKED(ck, 13);
	IOVM__CHECKED(ck, 14);
	if (stall)
		stall_over(ck, stall);
	else if (map_get(&ck->terminated, stall_key(rec)))
		iovm__check_fail(ck, 14, "STAG %u of stream 0x%x is resumed after STALL_TERM ended it", (unsigned)rec->index, (unsigned)rec->stream_id);
	else
		iovm__check_fail(ck, 13, "STAG %u of stream 0x%x is resumed: nothing is stalled there, or not any more", (unsigned)rec->index, (unsigned)rec->stream_id);
}

/* All stalls of a stream, or of an IOMMU (stream_id UINT32_MAX) */
static void end_stalls(struct iovm_check *ck, unsigned iommu, uint32_t stream_id, bool remember)
{
	struct iovm__ck_stall *stall;
	uint64_t key;
	uint32_t i;

	for (i = 0; ck->stalls.cell && i <= ck->stalls.mask; i++) {
		stall = ck->stalls.cell[i].val;
		key = ck->stalls.cell[i].key;
		if (!stall || stall->iommu != iommu || (stream_id != UINT32_MAX && stall->stream_id != stream_id))
			continue;
		map_take(&ck->stalls, key);
		i--;	/* what stood behind it may stand here now */
		if (remember)
			ck->no_memory |= !map_put(&ck->terminated, key, ck);
		stall_over(ck, stall);
	}
}

static void stall_term(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);

	IOVM__CHECKED(ck, 14);
	if (!dev || !dev->stream_done)
		iovm__check_fail(ck, 14, "STALL_TERM for stream 0x%x, whose stream entry is not known to terminate what is new", (unsigned)rec->stream_id);
	end_stalls(ck, rec->iommu, rec->stream_id, true);
}

/* ---- entries ------------------------------------------------------------------------------------------------------------------------------- */

static void entry(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);

	if (rec->code != IOVM_TO_WALK || !dev || !dev->stalls)
		return;
	IOVM__CHECKED(ck, 15);
	if (rec->pasid != IOVM_NO_PASID && map_get(&ck->aborting, pasid_key(dev, rec->pasid)))	/* entry 0 is replaced while its driver keeps the device still */
		iovm__check_fail(ck, 15, "the entry of stream 0x%x, PASID %d becomes valid while accesses of it are being terminated", (unsigned)rec->stream_id, (int)rec->pasid);
}

void iovm__check_asid(struct iovm_check *ck, const struct iovm__ck_home *home, uint32_t asid)
{
	const struct iovm__ck_home *other = map_get(&ck->asids, (uint64_t)home->iommu << 32 | asid);

	if (!ck->iommu[home->iommu]->smmu)
		return;
	IOVM__CHECKED(ck, 43);
	if (other && other != home && other->used && (other->walking || !other->tlb.ok))
		iovm__check_fail(ck, 43, "ASID %u of IOMMU %u is used for another space %s", (unsigned)asid, (unsigned)home->iommu,
			other->walking ? "while one walks under it" : "before its TLB entries are gone");
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------------- */

static void fence(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	uint64_t *newest = rec->event == IOVM_TR_CMD ? &iommu->fence_taken : &iommu->fence_told;

	IOVM__CHECKED(ck, 30);
	if (rec->b <= *newest)
		iovm__check_fail(ck, 30, "fence %llu of IOMMU %u %s behind %llu", (unsigned long long)rec->b, (unsigned)rec->iommu,
			rec->event == IOVM_TR_CMD ? "is submitted" : "completes", (unsigned long long)*newest);
	*newest = rec->b;
	if (rec->event != IOVM_TR_FENCE_DONE)
		return;
	if (rec->code == IOVM_E_ATC) {
		iommu->atc_failed[iommu->natc_failed % IOVM__CK_FAILED].ticket = rec->b;
		iommu->atc_failed[iommu->natc_failed++ % IOVM__CK_FAILED].since = iommu->fenced_at;
	}
	iommu->fenced_at = rec->a;
}

/* A fence that failed has guilty devices, which have not answered since the fence before it; one that never ended has suspects */
static void suspected(struct iovm_check *ck, const struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	const struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	unsigned i;

	if (!dev || dev->suspected != ck->ordinal)	/* who is suspected already is not asked again */
		return;
	IOVM__CHECKED(ck, 31);
	for (i = 0; i < IOVM__CK_FAILED && !(rec->b && iommu->atc_failed[i].ticket == rec->b); i++)
		;
	if (i < IOVM__CK_FAILED && dev->stuck <= iommu->atc_failed[i].since)
		iovm__check_fail(ck, 31, "stream 0x%x is blamed for fence %llu, and has answered every invalidation", (unsigned)rec->stream_id, (unsigned long long)rec->b);
}

static void begin(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu = iovm__check_iommu(ck, rec->iommu);

	if (iommu)
		iommu->smmu = true;
	end_stalls(ck, rec->iommu, UINT32_MAX, false);
}

static void stuck(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);

	if (dev)
		dev->stuck = ck->ordinal;
}

static void executed(struct iovm_check *ck, const struct iovm_trace *rec)
{
	if (rec->code != IOVM_CMD_ANSWER || !(rec->flags & IOVM_CMD_STALL))
		return;
	if (rec->flags & IOVM_CMD_STREAM)
		stall_term(ck, rec);
	else
		resumed(ck, rec);
}

void iovm__check_smmu(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu = ck->iommu[rec->iommu];

	if (rec->event == IOVM_TR_SMMU)
		begin(ck, rec);
	if (!iommu || !iommu->smmu)
		return;
	switch (rec->event) {
	case IOVM_TR_ACC:
		if (rec->flags & IOVM_REQ_STALL)
			stall_shown(ck, rec);
		break;
	case IOVM_TR_RESP:
		if (rec->flags & IOVM_REQ_STALL)
			stall_answered(ck, rec);
		break;
	case IOVM_TR_EXEC: executed(ck, rec); break;
	case IOVM_TR_ENTRY: entry(ck, rec); break;
	case IOVM_TR_CMD:
		if (rec->code == IOVM_CMD_FENCE)
			fence(ck, iommu, rec);
		break;
	case IOVM_TR_FENCE_DONE: fence(ck, iommu, rec); break;
	case IOVM_TR_FENCE_STUCK: stuck(ck, rec); break;
	case IOVM_TR_SUSPECT: suspected(ck, iommu, rec); break;
	}
}

void iovm__check_smmu_end(struct iovm_check *ck)
{
	const struct iovm__ck_stall *stall;
	unsigned n = 0;
	uint32_t i;

	for (i = 0; ck->stalls.cell && i <= ck->stalls.mask; i++) {
		stall = ck->stalls.cell[i].val;
		n += stall && !ck->iommu[stall->iommu]->dead;
	}
	if (n)
		iovm__check_fail(ck, 13, "%u stalls were never resumed", n);
}

void iovm__check_smmu_fini(struct iovm_check *ck)
{
	map_fini(&ck->stalls, stall_del);
	map_fini(&ck->terminated, NULL);
	map_fini(&ck->aborting, NULL);
}
