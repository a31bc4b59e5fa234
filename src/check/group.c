/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Requests from the queue to the handler, and the groups that they form: I3 (Stop Markers), I4 (one key a group), I6, I7 and I42 (who may be served),
 * I8 (overflow), I24 (admission to something alive), I32 (records kept). What the device is told in the end is answer.c.
 *
 * A request is known by its absolute position, from ACC until the record that closes it: MARKER, DISCARD, or the answer to its group.
 */
#include "check/internal.h"
#include "base/bits.h"

#define ACCESS (IOVM_REQ_READ | IOVM_REQ_WRITE | IOVM_REQ_EXEC | IOVM_REQ_PRIV)

uint64_t iovm__check_group_key(unsigned iommu, uint32_t id)
{
	return (uint64_t)iommu << 32 | id;
}

uint64_t iovm__check_request_key(const struct iovm_trace *rec)
{
	return (uint64_t)rec->iommu << 56 | (uint64_t)!!(rec->flags & IOVM_REQ_STALL) << 55 | (rec->b & ((UINT64_C(1) << 55) - 1));
}

uint64_t iovm__check_key_hash(unsigned iommu, uint32_t stream_id, uint32_t pasid, unsigned index, bool stall)
{
	uint64_t low = (uint64_t)stream_id << 32 | pasid, high = (uint64_t)iommu << 32 | index << 1 | stall;

	return low * 0x9e3779b97f4a7c15u ^ (high * 0xd6e8feb86659fd93u + (low >> 29));
}

bool iovm__check_marker(unsigned flags)
{
	return (flags & (IOVM_REQ_LAST | IOVM_REQ_PASID | IOVM_REQ_STALL | IOVM_REQ_READ | IOVM_REQ_WRITE)) == (IOVM_REQ_LAST | IOVM_REQ_PASID);
}

struct iovm__ck_req *iovm__check_waiting(const struct iovm_check *ck, unsigned number, unsigned queue)
{
	struct iovm__ck_iommu *iommu = ck->iommu[number];
	struct iovm_trace at = { .iommu = (uint8_t)number, .flags = queue ? IOVM_REQ_STALL : 0 };
	struct iovm__ck_req *req = NULL;

	for (; !req && iommu->consumed[queue] < iommu->accepted[queue]; iommu->consumed[queue] += !req) {
		at.b = iommu->consumed[queue];
		req = map_get(&ck->requests, iovm__check_request_key(&at));
	}
	return req;
}

static uint64_t key_of(const struct iovm__ck_req *req)
{
	return iovm__check_key_hash(req->iommu, req->stream_id, req->pasid, req->index, req->flags & IOVM_REQ_STALL);
}

static bool same_key(const struct iovm__ck_req *a, const struct iovm__ck_req *b)
{
	return a->stream_id == b->stream_id && a->pasid == b->pasid && a->index == b->index && !((a->flags ^ b->flags) & IOVM_REQ_STALL);
}

/* ---- into the queue ---- */

static void flood(struct iovm__ck_iommu *iommu, struct iovm__ck_dev *unit)
{
	if (unit->outstanding > unit->credits && !unit->flooding) {
		unit->flooding = true;
		iommu->flooding++;
	}
}

static void accept(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_req *req = iovm__check_alloc(ck, sizeof *req);

	iommu->acc++;
	if (!req)
		return;
	*req = (struct iovm__ck_req){ .accepted = ck->ordinal, .time = rec->time, .addr = rec->a, .position = rec->b, .stream_id = rec->stream_id,
		.pasid = rec->flags & IOVM_REQ_PASID ? rec->pasid : IOVM_NO_PASID, .index = rec->index, .flags = rec->flags, .iommu = rec->iommu };
	req->dev = iovm__check_dev_get(iovm__check_dev(ck, rec->iommu, rec->stream_id));
	iommu->accepted[!!(rec->flags & IOVM_REQ_STALL)] = rec->b + 1;
	if (req->dev && !iovm__check_marker(req->flags)) {
		req->asked = true;
		req->dev->unit->outstanding++;
		flood(iommu, req->dev->unit);
	}
	ck->no_memory |= !map_put(&ck->requests, iovm__check_request_key(rec), req);
}

/* ---- out of every book ---- */

static void leave_group(struct iovm_check *ck, struct iovm__ck_group *group, struct iovm__ck_req *req)
{
	struct iovm__ck_req **at, *before = NULL;

	for (at = &group->first; *at && *at != req; at = &(*at)->next)
		before = *at;
	if (!*at)
		return;
	*at = req->next;
	group->members--;
	if (group->newest == req)
		group->newest = before;
	if (group->last == req)
		group->last = NULL;
	if (!group->first && map_get(&ck->keys, group->key) == group)
		map_take(&ck->keys, group->key);
}

void iovm__check_requests_void(struct iovm_check *ck, struct iovm__ck_dev *dev)
{
	struct iovm__ck_req *req;
	uint32_t i;

	for (i = 0; ck->requests.cell && i <= ck->requests.mask; i++) {
		req = ck->requests.cell[i].val;
		if (!req || req->dev != dev)
			continue;
		dev->unit->outstanding -= req->asked;
		req->asked = false;
	}
}

void iovm__check_request_close(struct iovm_check *ck, struct iovm__ck_req *req)
{
	struct iovm__ck_iommu *iommu = ck->iommu[req->iommu];
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, req->context);
	struct iovm_trace at = { .b = req->position, .iommu = req->iommu, .flags = req->flags };

	iommu->open -= req->consumed;
	iommu->open_lasts -= req->last;
	if (req->dev) {
		req->dev->unit->held -= req->counted;
		req->dev->ready -= req->ready;
		req->dev->unit->outstanding -= req->asked;
	}
	if (req->bond) {
		req->bond->open--;
		req->bond->open_lasts -= req->last;
	}
	if (req->group)
		leave_group(ck, req->group, req);
	map_take(&ck->requests, iovm__check_request_key(&at));
	if (ctx && req->live) {
		ctx->open--;
		iovm__check_ctx_put(ck, ctx);
	}
	iovm__check_dev_put(req->dev);
	free(req);
}

void iovm__check_group_put(struct iovm_check *ck, struct iovm__ck_group *group)
{
	if (group->first || group->token || group->handed)
		return;
	map_take(&ck->groups, iovm__check_group_key(group->iommu, group->id));
	free(group);
}

void iovm__check_bond_gone(struct iovm_check *ck, struct iovm__ck_bond *bond)
{
	struct iovm__ck_req *req;
	uint32_t i;

	for (i = 0; bond->open && ck->requests.cell && i <= ck->requests.mask; i++) {
		req = ck->requests.cell[i].val;
		if (req && req->bond == bond)
			req->bond = NULL;
	}
}

/* ---- out of the queue, into a group ---- */

/* Bond and context of an admitted request are alive, and the bond is this device's and this PASID's */
static void admit(struct iovm_check *ck, struct iovm__ck_req *req, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);

	req->bond_serial = rec->bond;
	req->context = rec->context;
	if (!rec->bond)
		return;
	IOVM__CHECKED(ck, 24);
	if (!bond || !ctx)
		iovm__check_fail(ck, 24, "request %llu was admitted to bond %u of context %u, which has ended", (unsigned long long)req->position,
			(unsigned)rec->bond, (unsigned)rec->context);
	if (!bond || !ctx)
		return;
	req->bond = bond;
	bond->open++;
	req->live = true;
	ctx->open++;
	if (bond->dev != req->dev || bond->pasid != req->pasid || bond->ctx != ctx || bond->cut || (bond->unbind_done && bond->quiet))
		req->dropped = true;	/* a FAULT for it breaks I42 */
}

static void join(struct iovm_check *ck, struct iovm__ck_req *req, uint32_t id)
{
	struct iovm__ck_group *group = map_get(&ck->groups, iovm__check_group_key(req->iommu, id)), *open = map_get(&ck->keys, key_of(req));
	uint64_t overflow = ck->iommu[req->iommu]->overflow;

	if (!id)
		return;
	if (!group) {
		group = iovm__check_alloc(ck, sizeof *group);
		if (!group)
			return;
		*group = (struct iovm__ck_group){ .id = id, .iommu = req->iommu, .outcome = -1, .bond = req->bond_serial,
			.key = key_of(req) };
		ck->no_memory |= !map_put(&ck->groups, iovm__check_group_key(req->iommu, id), group);
	}
	IOVM__CHECKED(ck, 4);
	if (group->last || group->answered || (group->first && (!same_key(group->first, req) || (req->bond_serial && group->bond != req->bond_serial) ||
	    group->newest->position >= req->position)))
		iovm__check_fail(ck, 4, "request %llu (stream 0x%x, index %u) does not belong into group %u", (unsigned long long)req->position,
			(unsigned)req->stream_id, (unsigned)req->index, (unsigned)id);
	else if (req->flags & IOVM_REQ_STALL || (group->first && group->first->position >= overflow))
		;
	else if (group->first && req->position >= overflow && overflow)
		iovm__check_fail(ck, 8, "request %llu joined group %u, which the overflow before position %llu made void",
			(unsigned long long)req->position, (unsigned)id, (unsigned long long)overflow);
	if (open && open != group && open->first && !open->last && same_key(open->first, req) && req->live && open->bond == req->bond_serial &&
	    open->first->position >= overflow)
		iovm__check_fail(ck, 4, "request %llu went to group %u while group %u of the same key waits for its Last", (unsigned long long)req->position,
			(unsigned)id, (unsigned)open->id);
	req->group = group;
	if (group->first)
		group->newest->next = req;
	else
		group->first = req;
	group->newest = req;
	group->members++;
	if (req->last)
		group->last = req;
	if (!req->last)
		ck->no_memory |= !map_put(&ck->keys, group->key, group);
	else if (map_get(&ck->keys, group->key) == group)
		map_take(&ck->keys, group->key);
}

static void hold(struct iovm_check *ck, struct iovm__ck_req *req)
{
	struct iovm__ck_dev *unit = req->dev ? req->dev->unit : NULL;

	if (!unit || !unit->credits || req->counted)
		return;
	IOVM__CHECKED(ck, 32);
	req->counted = true;
	if (++unit->held > unit->credits)
		iovm__check_fail(ck, 32, "%u requests are kept for stream 0x%x, which has %u credits", (unsigned)unit->held, (unsigned)unit->stream_id,
			(unsigned)unit->credits);
}

static void consume(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_req *req = map_get(&ck->requests, iovm__check_request_key(rec));
	bool marker = iovm__check_marker(rec->flags);

	iommu->cons++;
	if (!req || req->consumed) {
		iovm__check_fail(ck, 40, "position %llu left the queue of IOMMU %u %s", (unsigned long long)rec->b, (unsigned)rec->iommu,
			req ? "twice" : "and never entered it");
		return;
	}
	req->consumed = true;
	iommu->open++;
	iommu->consumed[!!(rec->flags & IOVM_REQ_STALL)] = rec->b + 1;
	if (rec->flags & IOVM_REQ_LAST)
		IOVM__CHECKED(ck, 3);
	if (marker != (rec->code == IOVM_TRV_MARKER))
		iovm__check_fail(ck, 3, "request %llu with flags 0x%x was taken for %s", (unsigned long long)rec->b, (unsigned)rec->flags,
			marker ? "a request and is a Stop Marker" : "a Stop Marker and is a request");
	if (rec->code == IOVM_TRV_MARKER) {
		iommu->markers++;
		iovm__check_request_close(ck, req);
		return;
	}
	if (rec->code == IOVM_TRV_DROPPED)
		return;
	admit(ck, req, rec);
	if (rec->code == IOVM_TRV_LAST) {
		req->last = true;
		iommu->lasts++;
		iommu->open_lasts++;
		if (req->bond)
			req->bond->open_lasts++;
		if (req->bond && req->dev) {
			req->ready = true;
			req->dev->ready++;
		}
	}
	join(ck, req, rec->id);
	if (req->bond && req->group && !req->last)
		hold(ck, req);
}

/* ---- to the handler ---- */

static void fault_identity(struct iovm_check *ck, const struct iovm__ck_req *req, const struct iovm_trace *rec)
{
	const struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);
	const char *wrong = NULL;

	IOVM__CHECKED(ck, 6);
	IOVM__CHECKED(ck, 42);
	if (!req->bond_serial || !req->live || req->dropped) {
		iovm__check_fail(ck, 42, "request %llu of stream 0x%x, PASID %u is served for bond %u, which was not a live bond of this device when it was admitted",
			(unsigned long long)req->position, (unsigned)req->stream_id, (unsigned)req->pasid, (unsigned)rec->bond);
		return;
	}
	if (req->stream_id != rec->stream_id || req->index != rec->index || req->addr >> IOVM_PAGE_SHIFT != rec->a >> IOVM_PAGE_SHIFT)
		wrong = "another device, index or page";
	else if (req->bond_serial != rec->bond || req->context != rec->context)
		wrong = "another bond or another life of the PASID";
	else if (ctx && ctx->mm && rec->mm && ctx->mm != rec->mm)
		wrong = "another mm";
	else if (req->bond && req->pasid != IOVM_NO_PASID && req->accepted < req->bond->since)
		wrong = "a bond that was made after it was asked";
	if (wrong)
		iovm__check_fail(ck, 6, "request %llu is served for %s", (unsigned long long)req->position, wrong);
}

static void fault(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_req *req = map_get(&ck->requests, iovm__check_request_key(rec));
	const struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);

	IOVM__CHECKED(ck, 7);
	if (ctx && ctx->exited) {
		IOVM__CHECKED(ck, 22);
		iovm__check_fail(ck, 22, "request %llu is served for a dead mm (context %u)", (unsigned long long)rec->b, (unsigned)rec->context);
	}
	if (!req || !req->consumed || req->served || !req->group || !req->group->last) {
		iovm__check_fail(ck, 7, "position %llu is served %s", (unsigned long long)rec->b, !req ? "and is answered, discarded or nobody's" :
			!req->consumed ? "and is still in the queue" : req->served ? "for the second time" : "and its group has no Last");
		return;
	}
	fault_identity(ck, req, rec);
	req->served = !(req->flags & ACCESS & ~rec->flags);
	req->group->handed = true;
	req->group->context = rec->context;
	if (req->last)
		hold(ck, req);
}

static void turn(struct iovm_check *ck, struct iovm__ck_iommu *iommu, struct iovm__ck_req *last)
{
	if (!last || !last->ready)
		return;
	last->ready = false;
	last->dev->ready--;
	last->dev->served = true;
	if (iommu->flooding && !last->dev->unit->flooding && !(last->flags & IOVM_REQ_STALL)) {
		IOVM__CHECKED(ck, 33);
		last->dev->turns++;
	}
}

static void outcome(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_group *group = map_get(&ck->groups, iovm__check_group_key(rec->iommu, rec->id));
	struct iovm__ck_ctx *ctx;

	if (!group)
		return;
	turn(ck, iommu, group->last);
	if (group->early) {
		;	/* the token came back first: that word counts */
	} else if (rec->code != IOVM_PENDING) {
		group->outcome = rec->code;
	} else if (!group->token) {
		group->token = true;
		ctx = iovm__check_ctx(ck, group->context);
		if (ctx)
			ctx->tokens++;
	}
	group->early = group->handed = false;
	iovm__check_group_put(ck, group);
}

static void done(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_group *group = rec->id ? map_get(&ck->groups, iovm__check_group_key(rec->iommu, rec->id)) : NULL;
	struct iovm__ck_ctx *ctx;

	if (!group || (!group->token && !group->handed))
		return;
	if (!rec->code)
		group->outcome = (int)rec->a;
	if (!group->token) {
		group->early = true;
		return;
	}
	group->token = false;
	ctx = iovm__check_ctx(ck, group->context);
	if (ctx) {
		ctx->tokens -= ctx->tokens > 0;
		iovm__check_ctx_put(ck, ctx);
	}
	iovm__check_group_put(ck, group);
}

static void discard(struct iovm_check *ck, struct iovm__ck_iommu *iommu, const struct iovm_trace *rec)
{
	struct iovm__ck_req *req = map_get(&ck->requests, iovm__check_request_key(rec));
	struct iovm__ck_group *group;

	if (!req || !req->consumed) {
		iovm__check_fail(ck, 40, "position %llu is discarded and %s", (unsigned long long)rec->b, req ? "is still in the queue" : "is closed already");
		return;
	}
	if (req->last)
		iovm__check_fail(ck, 12, "the Last at position %llu is discarded in silence", (unsigned long long)rec->b);
	if (req->dev && (rec->code == IOVM_TRC_FLOOD || rec->code == IOVM_TRC_LOSSY)) {
		struct iovm__ck_mark *mark = map_get(&ck->lossy, iovm__check_key_hash(req->iommu, req->stream_id, 0, req->index, false));

		if (!mark && (mark = iovm__check_alloc(ck, sizeof *mark)))
			ck->no_memory |= !map_put(&ck->lossy, iovm__check_key_hash(req->iommu, req->stream_id, 0, req->index, false), mark);
		if (mark)
			*mark = (struct iovm__ck_mark){ req->position, ck->ordinal, req->pasid };
	}
	iommu->discarded++;
	group = req->group;
	iovm__check_request_close(ck, req);
	if (group)
		iovm__check_group_put(ck, group);
}

void iovm__check_groups(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_iommu *iommu;

	switch (rec->event) {
	case IOVM_TR_RX: case IOVM_TR_ACC: case IOVM_TR_DROP: case IOVM_TR_AUTO: case IOVM_TR_CONS: case IOVM_TR_DISCARD: case IOVM_TR_FAULT:
	case IOVM_TR_OUTCOME: case IOVM_TR_DONE: case IOVM_TR_OVERFLOW:
		break;
	default:
		return;
	}
	iommu = iovm__check_iommu(ck, rec->iommu);
	if (!iommu)
		return;
	switch (rec->event) {
	case IOVM_TR_RX: iommu->rx++; break;
	case IOVM_TR_ACC: accept(ck, iommu, rec); break;
	case IOVM_TR_DROP:
		iommu->drop++;
		iommu->dropped_lasts += rec->code == 1 && rec->flags & IOVM_REQ_LAST && !iovm__check_marker(rec->flags);
		break;
	case IOVM_TR_AUTO: iommu->autos++; break;
	case IOVM_TR_CONS: consume(ck, iommu, rec); break;
	case IOVM_TR_DISCARD: discard(ck, iommu, rec); break;
	case IOVM_TR_FAULT: fault(ck, rec); break;
	case IOVM_TR_OUTCOME: outcome(ck, iommu, rec); break;
	case IOVM_TR_DONE: done(ck, rec); break;
	case IOVM_TR_OVERFLOW:
		IOVM__CHECKED(ck, 8);
		iommu->overflow = rec->b;
		break;
	}
}

void iovm__check_groups_end(struct iovm_check *ck)
{
	uint64_t partial = 0, unanswered = 0, waiting = 0;
	uint32_t i;

	for (i = 0; ck->requests.cell && i <= ck->requests.mask; i++) {
		const struct iovm__ck_req *req = ck->requests.cell[i].val;

		if (!req || ck->iommu[req->iommu]->dead)
			continue;
		partial += req->consumed && !req->last && (!req->group || !req->group->last);
		unanswered += req->last;
		waiting += !req->consumed;
	}
	IOVM__CHECKED(ck, 11);
	if (unanswered)
		iovm__check_fail(ck, 11, "%llu groups were never answered", (unsigned long long)unanswered);
	if (partial)
		iovm__check_fail(ck, 37, "%llu members are kept whose Last never came", (unsigned long long)partial);
	if (waiting)
		iovm__check_fail(ck, 36, "%llu requests were left in a queue", (unsigned long long)waiting);
}

static void req_del(void *val)
{
	struct iovm__ck_req *req = val;

	iovm__check_dev_put(req->dev);
	free(req);
}

void iovm__check_groups_fini(struct iovm_check *ck)
{
	map_fini(&ck->requests, req_del);
	map_fini(&ck->groups, free);
	map_fini(&ck->keys, NULL);
	map_fini(&ck->lossy, free);
	map_fini(&ck->posted, NULL);
}
