/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the device is told: I1 (every Last once, under its own name), I2 (nothing else), I3 (no Stop Marker), I5 (Success is the handler's word on every
 * page), I9 (consumed first), I10 (never Response Failure), I12 (refusals are Invalid, not silence), and I33's second half (no refusal for a flood that
 * was another's). An answer must also reach the hardware: each RESP is matched with one ANSWER command.
 */
#include "check/internal.h"

static uint64_t answer_key(const struct iovm_trace *rec, bool stall)
{
	return iovm__check_key_hash(rec->iommu, rec->stream_id, stall ? IOVM_NO_PASID : rec->pasid, rec->index, stall);
}

void iovm__check_count(struct iovm_check *ck, struct map *map, uint64_t key, int by)
{
	uintptr_t n = (uintptr_t)map_get(map, key) + (uintptr_t)by;

	if (n)
		ck->no_memory |= !map_put(map, key, (void *)n);
	else
		map_take(map, key);
}

static void commanded(struct iovm_check *ck, const struct iovm_trace *rec)
{
	uint64_t key = answer_key(rec, rec->flags & IOVM_CMD_STALL);

	if (rec->code != IOVM_CMD_ANSWER)
		return;
	if (map_get(&ck->posted, key))
		iovm__check_count(ck, &ck->posted, key, -1);
	else
		iovm__check_fail(ck, 2, "an answer to stream 0x%x, index %u was commanded that nobody gave", (unsigned)rec->stream_id, (unsigned)rec->index);
}

/* Name of the answer: StreamID, index, and a PASID exactly if the request had one and the function wants it back, PCIe 10.5.2.3 */
static void check_name(struct iovm_check *ck, const struct iovm__ck_req *last, const struct iovm_trace *rec)
{
	uint32_t pasid = last->dev && last->dev->response_pasid ? last->pasid : IOVM_NO_PASID;

	IOVM__CHECKED(ck, 1);
	if (rec->stream_id != last->stream_id || rec->index != last->index)
		iovm__check_fail(ck, 1, "the Last at position %llu came from stream 0x%x, index %u and is answered as 0x%x, %u",
			(unsigned long long)last->position, (unsigned)last->stream_id, (unsigned)last->index, (unsigned)rec->stream_id, (unsigned)rec->index);
	else if (last->dev && rec->a != IOVM_TRC_UNKNOWN_STREAM && !(last->flags & IOVM_REQ_STALL) && rec->pasid != pasid)
		iovm__check_fail(ck, 1, "the answer to position %llu (stream 0x%x) %s a PASID", (unsigned long long)last->position,
			(unsigned)last->stream_id, pasid == IOVM_NO_PASID ? "must not have" : "lacks or changes");
}

static bool members_dropped(const struct iovm_check *ck, const struct iovm__ck_req *last)
{
	const struct iovm__ck_mark *mark = map_get(&ck->lossy, iovm__check_key_hash(last->iommu, last->stream_id, 0, last->index, false));

	return mark && mark->pasid == last->pasid && mark->position < last->position && mark->position >= ck->iommu[last->iommu]->overflow &&
		!(last->flags & IOVM_REQ_STALL) && last->dev && last->dev->removed < mark->at;
}

static void check_word(struct iovm_check *ck, const struct iovm__ck_req *last, const struct iovm_trace *rec)
{
	const struct iovm__ck_group *group = last->group;
	const struct iovm__ck_req *req;

	if (rec->a != IOVM_TRC_SERVED && rec->a != IOVM_TRC_AGAIN) {
		IOVM__CHECKED(ck, 12);
		if (rec->code == IOVM_RESP_SUCCESS)
			iovm__check_fail(ck, 12, "position %llu was refused (cause %u) and is answered Success", (unsigned long long)rec->b, (unsigned)rec->a);
		return;
	}
	if (!last->bond_serial || !group) {
		iovm__check_fail(ck, 12, "position %llu was never admitted and is answered as if it were served", (unsigned long long)rec->b);
		return;
	}
	if (rec->a == IOVM_TRC_AGAIN)
		return;
	IOVM__CHECKED(ck, 5);
	if (rec->code != IOVM_RESP_SUCCESS) {
		if (group->outcome == IOVM_DONE)
			iovm__check_fail(ck, 5, "the handler served group %u, and its device is told that it did not", (unsigned)group->id);
		return;
	}
	for (req = group->first; req && req->served; req = req->next)
		;
	if (req || group->outcome != IOVM_DONE)
		iovm__check_fail(ck, 5, "group %u is answered Success although %s", (unsigned)group->id,
			req ? "a page of it was never handed over with all its rights" : "the handler did not say so");
	else if (members_dropped(ck, last))
		iovm__check_fail(ck, 5, "group %u is answered Success although a member of its index was dropped", (unsigned)group->id);
}

static void close_group(struct iovm_check *ck, struct iovm__ck_iommu *iommu, struct iovm__ck_req *last)
{
	struct iovm__ck_group *group = last->group;
	struct iovm__ck_req *req, *next;
	struct iovm__ck_mark *mark;

	mark = map_get(&ck->lossy, iovm__check_key_hash(last->iommu, last->stream_id, 0, last->index, false));
	if (mark && !(last->flags & IOVM_REQ_STALL))
		free(map_take(&ck->lossy, iovm__check_key_hash(last->iommu, last->stream_id, 0, last->index, false)));
	if (!group) {
		iommu->served++;
		iovm__check_request_close(ck, last);
		return;
	}
	group->answered = true;
	for (req = group->first; req; req = next) {
		next = req->next;
		iommu->served++;
		iovm__check_request_close(ck, req);
	}
	iovm__check_group_put(ck, group);
}

/* The Last that a RESP or SUPPRESS is about, or NULL with the violation noted */
static struct iovm__ck_req *closing(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_req *last = map_get(&ck->requests, iovm__check_request_key(rec));
	const char *why = NULL;

	IOVM__CHECKED(ck, 2);
	IOVM__CHECKED(ck, 9);
	if (iovm__check_marker(rec->flags)) {
		iovm__check_fail(ck, 3, "the Stop Marker at position %llu is answered", (unsigned long long)rec->b);
		return NULL;
	}
	if (last && !last->consumed) {
		iovm__check_fail(ck, 9, "position %llu is answered before it has left the queue", (unsigned long long)rec->b);
		return NULL;
	}
	if (!last)
		why = "is nobody's or has its answer already";
	else if (!last->last)
		why = "is not a Last";
	if (why)
		iovm__check_fail(ck, 2, "position %llu is answered and %s", (unsigned long long)rec->b, why);
	return why ? NULL : last;
}

static void respond(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_req *last = closing(ck, rec);

	IOVM__CHECKED(ck, 10);
	if (rec->code == IOVM_RESP_FAILURE)
		iovm__check_fail(ck, 10, "the engine answers position %llu with Response Failure", (unsigned long long)rec->b);
	iovm__check_count(ck, &ck->posted, answer_key(rec, rec->flags & IOVM_REQ_STALL), 1);
	if (!last)
		return;
	iommu->resp++;
	check_name(ck, last, rec);
	if (rec->code != IOVM_RESP_FAILURE)
		check_word(ck, last, rec);
	if (rec->a == IOVM_TRC_FLOOD)
		iovm__check_refused(ck, last);
	close_group(ck, iommu, last);
}

static void suppress(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_req *last = closing(ck, rec);
	const struct iovm__ck_dev *dev = last ? last->dev : NULL;

	if (!last)
		return;
	IOVM__CHECKED(ck, 1);
	iommu->suppress++;
	if (!iommu->dead && !(dev && (dev->gone || dev->resetting || dev->removed >= last->accepted)))
		iovm__check_fail(ck, 1, "the Last at position %llu is closed without an answer, and stream 0x%x was neither reset nor removed",
			(unsigned long long)rec->b, (unsigned)last->stream_id);
	close_group(ck, iommu, last);
}

void iovm__check_answers(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu;

	if (rec->event == IOVM_TR_CMD) {
		commanded(ck, rec);
		return;
	}
	if (rec->event != IOVM_TR_RESP && rec->event != IOVM_TR_SUPPRESS && rec->event != IOVM_TR_ANSWERED)
		return;
	iommu = iovm__check_iommu(ck, rec->iommu);
	if (!iommu)
		return;
	if (rec->event == IOVM_TR_RESP)
		respond(ck, iommu, rec);
	else if (rec->event == IOVM_TR_SUPPRESS)
		suppress(ck, iommu, rec);
	else if (rec->code == IOVM_RESP_FAILURE)
		iovm__check_fail(ck, 10, "stream 0x%x was told Response Failure", (unsigned)rec->stream_id);
}

void iovm__check_answers_end(struct iovm_check *ck)
{
	unsigned i;

	for (i = 0; i < 256; i++)
		if (ck->iommu[i] && ck->iommu[i]->dead)
			return;
	IOVM__CHECKED(ck, 1);
	if (ck->posted.used)
		iovm__check_fail(ck, 1, "%u answers never reached an IOMMU", (unsigned)ck->posted.used);
}
