/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From entries to groups. A group is the requests of one (device, PASID or none, PRG index) between two Lasts; members may interleave with those of other groups, a Last
 * comes after its members (SMMU chapter 8). PCIe promises one PASID a group; nobody but us checks it, so it is part of the key.
 *
 * Whatever cannot be kept is dropped and counted, and its index is marked lossy, so that the next Last of it is Invalid and not a Success for pages that nobody
 * served. Overflow is the exception: there the device has its answer, and the index may mean a new group (SMMU 8.1.1).
 *
 * An entry is consumed before it is filed: the answer that returns its credit comes later (invariant 9).
 */
#include "pri/pri.h"

size_t iovm__unit_bytes(uint16_t credits)
{
	return sizeof(struct iovm__unit) + credits * (sizeof(struct iovm__group) + sizeof(struct iovm__record));
}

void iovm__unit_init(struct iovm__unit *u, uint16_t credits)
{
	unsigned i;

	u->credits = credits;
	u->groups = (struct iovm__group *)(u + 1);
	u->records = (struct iovm__record *)(u->groups + credits);
	for (i = credits; i-- > 0;) {
		u->groups[i].chain = u->free_groups;
		u->free_groups = &u->groups[i];
		u->records[i].next = u->free_records;
		u->free_records = &u->records[i];
	}
}

/* ---- partial groups --------------------------------------------------------------------------------------------------------------- */

static struct iovm__group **find_link(struct iovm__unit *u, const struct iovm_request *req, uint32_t pasid)
{
	struct iovm__group **link = &u->heads[req->index % IOVM_PRG_INDICES];

	while (*link && !((*link)->stream_id == req->stream_id && (*link)->pasid == pasid))
		link = &(*link)->chain;
	return link;
}

static struct iovm__group *open_group(struct iovm_iommu *iommu, struct iovm__group **link, const struct iovm_request *req,
				      const struct iovm__verdict *v, uint32_t pasid)
{
	struct iovm__unit *u = v->dev->unit;
	struct iovm__pri *pri = iommu->pri;
	struct iovm__group *g = u->free_groups;

	if (!g)
		return NULL;
	u->free_groups = g->chain;
	*g = (struct iovm__group){ .dev = v->dev, .bond = v->bond, .stream_id = req->stream_id, .pasid = pasid, .index = req->index,
				   .serial = ++pri->serial,
				   .born = iommu->now, .born_cycle = pri->cycle, .older = pri->newest };
	g->tail = &g->first;
	*link = g;
	*(pri->newest ? &pri->newest->newer : &pri->oldest) = g;
	pri->newest = g;
	return g;
}

static void free_records(struct iovm__unit *u, struct iovm__group *g)
{
	if (g->first) {
		*g->tail = u->free_records;
		u->free_records = g->first;
	}
}

/* The group's place is free again; its records stay with the caller */
static void close_group(struct iovm_iommu *iommu, struct iovm__group *g)
{
	struct iovm__unit *u = g->dev->unit;
	struct iovm__pri *pri = iommu->pri;
	struct iovm__group **link = &u->heads[g->index % IOVM_PRG_INDICES];

	while (*link != g)
		link = &(*link)->chain;
	*link = g->chain;
	*(g->older ? &g->older->newer : &pri->oldest) = g->newer;
	*(g->newer ? &g->newer->older : &pri->newest) = g->older;
	g->dev = NULL;
	g->chain = u->free_groups;
	u->free_groups = g;
}

static void forget_lossy(struct iovm_device *dev)
{
	memset(dev->lossy, 0, sizeof dev->lossy);
	dev->nlossy = 0;
}

static void mark_lossy(const struct iovm_iommu *iommu, struct iovm_device *dev, uint16_t index)
{
	if (dev->lossy_since != iommu->pri->overflows)	/* an overflow answered whatever was open */
		forget_lossy(dev);
	dev->lossy_since = iommu->pri->overflows;
	if (!iovm__lossy(dev, index))
		dev->nlossy++;
	dev->lossy[index % IOVM_PRG_INDICES / 32] |= 1u << (index % 32);
}

static bool clear_lossy(const struct iovm_iommu *iommu, struct iovm_device *dev, uint16_t index)
{
	if (IOVM_LIKELY(!dev->nlossy) || dev->lossy_since != iommu->pri->overflows || !iovm__lossy(dev, index))
		return false;
	dev->lossy[index % IOVM_PRG_INDICES / 32] &= ~(1u << (index % 32));
	dev->nlossy--;
	return true;
}

static void trace_discard(struct iovm_iommu *iommu, const struct iovm__group *g, const struct iovm__record *r, uint8_t cause)
{
	TRACE(iommu->port, DISCARD, .iommu = (uint8_t)iommu->index, .stream_id = g->stream_id, .pasid = g->pasid, .index = g->index,
	      .flags = (uint8_t)(r->page & 15), .a = r->page & ~(uint64_t)15, .b = r->position, .id = g->serial, .code = cause);
}

static void discard(struct iovm_iommu *iommu, struct iovm__group *g, uint8_t cause)
{
	struct iovm__unit *u = g->dev->unit;
	const struct iovm__record *r;

	count_up(&iommu->count.discarded, g->n);
	u->outstanding -= g->n;
	if (iommu->port->trace)
		for (r = g->first; r; r = r->next)
			trace_discard(iommu, g, r, cause);
	free_records(u, g);
	close_group(iommu, g);
}

void iovm__group_age(struct iovm_iommu *iommu)
{
	struct iovm__pri *pri = iommu->pri;
	struct iovm__group *g;
	unsigned n;

	for (n = 0; n < IOVM__BATCH && (g = pri->oldest) != NULL; n++) {
		if (iommu->now < g->born + IOVM__PARTIAL_AGE_NS || pri->cycle < g->born_cycle + IOVM__PARTIAL_CYCLES)
			return;
		mark_lossy(iommu, g->dev, g->index);
		iovm__misbehaved(iommu, g->dev, 1);
		discard(iommu, g, IOVM_TRC_AGE);
	}
}

uint64_t iovm__group_deadline(const struct iovm_iommu *iommu)
{
	const struct iovm__group *g = iommu->pri->oldest;

	return g ? g->born + IOVM__PARTIAL_AGE_NS : UINT64_MAX;
}

void iovm__group_overflow(struct iovm_iommu *iommu)
{
	while (iommu->pri->oldest)
		discard(iommu, iommu->pri->oldest, IOVM_TRC_OVERFLOW);
	iommu->pri->overflows++;
	count_up(&iommu->count.overflows, 1);
	TRACE(iommu->port, OVERFLOW, .iommu = (uint8_t)iommu->index, .pasid = IOVM_NO_PASID, .b = iommu->consumed[0]);
}

void iovm__group_forget(struct iovm_iommu *iommu, struct iovm__bond *bond)
{
	struct iovm__unit *u = load_rlx(&bond->dev)->unit;
	unsigned i;

	for (i = 0; u && i < u->credits; i++)
		if (u->groups[i].dev && u->groups[i].bond == bond)
			discard(iommu, &u->groups[i], IOVM_TRC_BOND_END);
}

void iovm__group_reset(struct iovm_iommu *iommu, struct iovm_device *dev, bool all, uint8_t cause)
{
	struct iovm__unit *u = dev->unit;
	unsigned i;

	for (i = 0; u && i < u->credits; i++)
		if (u->groups[i].dev == dev && (all || u->groups[i].first->position < dev->ignore_below[0]))
			discard(iommu, &u->groups[i], cause);
	forget_lossy(dev);
}

/* ---- one entry ------------------------------------------------------------------------------------------------------------------------ */

static void trace_cons(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, int verdict, uint32_t serial)
{
	TRACE(iommu->port, CONS, .iommu = (uint8_t)iommu->index, .stream_id = req->stream_id, .index = req->index, .flags = req->flags,
	      .pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_NO_PASID, .a = req->addr, .b = req->position, .code = (int16_t)verdict,
	      .id = serial, .bond = v->bond ? v->bond->serial : 0, .context = v->bond ? load_rlx(&v->bond->slot->context) : 0);
}

/* What an honest device never does; not: asking while its bond goes, or from before a reset */
static void blame(struct iovm_iommu *iommu, const struct iovm__verdict *v, uint8_t cause)
{
	const unsigned wrong = 1u << IOVM_TRC_NO_BOND | 1u << IOVM_TRC_ACCESS | 1u << IOVM_TRC_ADDRESS | 1u << IOVM_TRC_FLOOD;

	if (v->dev && !v->excused && wrong >> cause & 1)
		iovm__misbehaved(iommu, v->dev, 1);
}

static void drop_member(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, uint8_t cause)
{
	count_up(&iommu->count.discarded, 1);
	trace_cons(iommu, req, v, IOVM_TRV_DROPPED, 0);
	TRACE(iommu->port, DISCARD, .iommu = (uint8_t)iommu->index, .stream_id = req->stream_id, .index = req->index, .flags = req->flags,
	      .pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_NO_PASID, .a = req->addr, .b = req->position, .code = cause);
	if (v->dev && !v->suppress)
		mark_lossy(iommu, v->dev, req->index);
	blame(iommu, v, cause);
}

/* The group that this request belongs to. One that an earlier owner of entry 0 left behind is forgotten: nobody's page joins the next owner's group. */
static struct iovm__group **find_own(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, uint32_t pasid)
{
	struct iovm__group **link = find_link(v->dev->unit, req, pasid);

	if (!*link || !v->bond || (*link)->bond == v->bond)
		return link;
	mark_lossy(iommu, v->dev, req->index);
	discard(iommu, *link, IOVM_TRC_BOND_END);
	return find_link(v->dev->unit, req, pasid);
}

static void file_member(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, uint32_t pasid)
{
	struct iovm__unit *u = v->dev->unit;
	struct iovm__group **link = find_own(iommu, req, v, pasid), *g = *link;
	struct iovm__record *r = u->free_records;

	if (!r || u->outstanding >= u->credits || (g && g->n == IOVM__GROUP_PAGES - 1) || (!g && !(g = open_group(iommu, link, req, v, pasid)))) {
		count_up(&iommu->count.flooded, 1);
		drop_member(iommu, req, v, IOVM_TRC_FLOOD);
		return;
	}
	u->free_records = r->next;
	u->outstanding++;
	*r = (struct iovm__record){ .page = req->addr | (req->flags & 15u), .position = req->position };
	*g->tail = r;
	g->tail = &r->next;
	g->n++;
	if (v->cause && !g->refused) {
		g->refused = true;
		g->cause = v->cause;
		blame(iommu, v, v->cause);
	}
	trace_cons(iommu, req, v, IOVM_TRV_MEMBER, g->serial);
}

static void add_range(struct iovm__pri *pri, uint64_t page, uint32_t prot, uint64_t position)
{
	pri->positions[pri->nranges] = position;
	pri->ranges[pri->nranges++] = (struct iovm_range){ .first = page, .last = page | ((1u << IOVM_PAGE_SHIFT) - 1), .prot = prot };
}

/* Into the batch: ranges in order of arrival, and a token that stands for the group until it is answered */
static bool batch_group(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, const struct iovm__group *g,
			uint32_t pasid, uint32_t serial)
{
	struct iovm__pri *pri = iommu->pri;
	struct iovm__token *t = iovm__token_new(iommu);
	const struct iovm__record *r;

	if (!t)
		return false;
	t->first_range = (uint16_t)pri->nranges;
	for (r = g ? g->first : NULL; r; r = r->next)
		add_range(pri, r->page & ~(uint64_t)15, r->page & 15, r->position);
	add_range(pri, req->addr, req->flags & 15u, req->position);
	t->n = (uint16_t)(pri->nranges - t->first_range);
	t->bond = v->bond;
	t->slot = v->bond->slot;
	t->dev = v->dev;
	t->position = req->position;
	t->page = req->addr;
	t->pasid = pasid;
	t->epoch = load_rlx(&v->dev->epoch);
	t->serial = serial;
	t->stream_id = req->stream_id;
	t->index = req->index;
	t->flags = req->flags;
	pri->closed[pri->nclosed++] = t;
	return true;
}

/* A Last closes its group whatever becomes of it. True: it went into the batch. */
static bool file_last(struct iovm_iommu *iommu, const struct iovm_request *req, struct iovm__verdict *v, uint32_t pasid)
{
	struct iovm__unit *u = v->dev ? v->dev->unit : NULL;
	bool alone = req->flags & IOVM_REQ_STALL || !u || v->suppress;	/* a stall is one page; its STAG is no PRG index */
	struct iovm__group *g = alone ? NULL : *find_own(iommu, req, v, pasid);
	uint32_t serial = g ? g->serial : ++iommu->pri->serial;
	enum iovm_response code = IOVM_RESP_INVALID;
	bool batched = false;

	trace_cons(iommu, req, v, IOVM_TRV_LAST, serial);
	count_up(&iommu->count.lasts, 1);
	count_up(&iommu->count.served, 1u + (g ? g->n : 0));
	if (!v->cause && g && g->refused)
		v->cause = g->cause;
	if (!alone && clear_lossy(iommu, v->dev, req->index) && !v->cause)
		v->cause = IOVM_TRC_LOSSY;
	if (!v->cause && u->outstanding >= u->credits) {
		count_up(&iommu->count.flooded, 1);
		v->cause = IOVM_TRC_FLOOD;
	}
	if (!v->cause) {
		batched = batch_group(iommu, req, v, g, pasid, serial);
		u->outstanding += batched;
		if (!batched) {
			v->cause = IOVM_TRC_AGAIN;
			code = IOVM_RESP_SUCCESS;
		}
	}
	if (g) {
		if (!batched)
			u->outstanding -= g->n;
		free_records(u, g);
		close_group(iommu, g);
	}
	if (batched)
		return true;
	iovm__answer_last(iommu, req, v, code, v->cause, serial);
	blame(iommu, v, v->cause);
	return false;
}

static bool is_marker(const struct iovm_request *req)	/* PCIe 10.4.1.2.1: PASID, Last, neither read nor write */
{
	const unsigned what = IOVM_REQ_PASID | IOVM_REQ_LAST | IOVM_REQ_READ | IOVM_REQ_WRITE | IOVM_REQ_STALL;

	return (req->flags & what) == (IOVM_REQ_PASID | IOVM_REQ_LAST);
}

/*
 * More unanswered requests than credits? What is answered at once never adds up in outstanding, however fast it comes. But all entries that were in the
 * queue at one moment were unanswered at that moment, together with what is outstanding: so a window is opened at the newest entry, and counted until it is passed.
 */
static bool over_credits(const struct iovm__pri *pri, struct iovm__unit *u, const struct iovm_request *req)
{
	if (req->position >= pri->window_end)
		return false;
	if (u->window != pri->window) {
		u->window = pri->window;
		u->in_window = u->outstanding;
	}
	return ++u->in_window > u->credits;
}

static void open_window(struct iovm_iommu *iommu)
{
	struct iovm__pri *pri = iommu->pri;
	uint64_t pos[2];

	if (iommu->consumed[0] < pri->window_end)
		return;
	iommu->be.newest(iommu->hw, pos);
	pri->window_end = pos[0];
	pri->window++;
}

static bool file_request(struct iovm_iommu *iommu, const struct iovm_request *req, struct iovm_device *dev)
{
	uint32_t pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_NO_PASID;
	struct iovm__verdict v;

	count_up(&iommu->count.requests, 1);
	iovm__admit(iommu, req, dev, &v);
	if (is_marker(req)) {
		count_up(&iommu->count.markers, 1);
		trace_cons(iommu, req, &v, IOVM_TRV_MARKER, 0);
		if (v.dev && !v.suppress)
			iovm__misbehaved(iommu, v.dev, 1);	/* one is fine, a flood is not */
		return false;
	}
	if (v.dev && v.dev->unit && !v.suppress && req->queue == 0 && v.cause != IOVM_TRC_NOT_READY && over_credits(iommu->pri, v.dev->unit, req) && !v.cause) {
		count_up(&iommu->count.flooded, 1);
		v.cause = IOVM_TRC_FLOOD;
	}
	if (req->flags & (IOVM_REQ_LAST | IOVM_REQ_STALL))
		return file_last(iommu, req, &v, pasid);
	if (v.bond && v.cause != IOVM_TRC_FLOOD)
		file_member(iommu, req, &v, pasid);
	else
		drop_member(iommu, req, &v, v.cause);
	return false;
}

/* Whose they are, and the lines that admission will want, before any of them is filed: misses overlap */
static void look_ahead(struct iovm_iommu *iommu, unsigned n)
{
	struct iovm__pri *pri = iommu->pri;
	_Atomic(struct iovm__bond *) *bucket[IOVM__BATCH];
	unsigned i, buckets = 0;

	for (i = 0; i < n; i++) {
		const struct iovm_request *req = &pri->requests[i];

		if (i && req->stream_id == req[-1].stream_id) {
			pri->devices[i] = pri->devices[i - 1];
			if (req->pasid == req[-1].pasid)
				continue;
		} else {
			pri->devices[i] = iovm__stream_find(iommu, req->stream_id);
		}
		if (pri->devices[i]) {
			bucket[buckets] = &iommu->bonds[iovm__bond_bucket(iommu, pri->devices[i], req->pasid)];
			IOVM_PREFETCH(bucket[buckets++]);
		}
	}
	for (i = 0; i < buckets; i++)
		IOVM_PREFETCH(load_acq(bucket[i]));
}

unsigned iovm__pri_take(struct iovm_iommu *iommu, unsigned max, unsigned *polled, uint32_t *flags)
{
	struct iovm__pri *pri = iommu->pri;
	struct iovm_poll out = { 0 };
	unsigned n, i, batched = 0;

	open_window(iommu);
	n = iommu->be.poll(iommu->hw, pri->requests, max < IOVM__BATCH ? max : IOVM__BATCH, &out);
	look_ahead(iommu, n);
	iommu->consumed[0] = out.consumed[0];
	iommu->consumed[1] = out.consumed[1];
	pri->last_bond = NULL;
	for (i = 0; i < n; i++) {
		if (IOVM_UNLIKELY(pri->nranges > IOVM__RANGES - IOVM__GROUP_PAGES))
			iovm__pri_serve(iommu);
		batched += file_request(iommu, &pri->requests[i], pri->devices[i]);
	}
	*polled = n;
	*flags = out.flags;
	return batched;
}
