/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The two output queues (IHI 0070 3.5, 7.4, 8.1): page requests are queue 0, events queue 1.
 *
 * A poll of a queue: read PROD, copy out what it covers, publish the new position, write CONS, and, if that was all, read PROD again. The interrupt comes only
 * when an empty queue gets an entry (3.18.2); an entry that came between the first look and the write of CONS has none of its own. Nothing was
 * taken: then that one look came after the last write, and what comes after it finds the queue empty.
 *
 * Bounds. Each page request fills one req[]. Of events, most end in a notice and fill none: a poll looks at EVENTS more than it may return, so that its work depends
 * neither on the size of the queue nor on what devices do; MORE says that there is something left. The PRI queue goes first, but if it fills a poll alone, events
 * go first in the next one: neither starves the other.
 *
 * Overflow. PRI: PROD stands still until it is acknowledged (8.1), so everything up to it is returned, perhaps over several polls, then one write moves CONS and
 * sets OVACKFLG. Events go on while it is unacknowledged (7.4): it is acknowledged by the write that empties the queue.
 *
 * An index that cannot be (PROD behind CONS, or beyond a whole queue, or all ones: no register there) covers nothing: no entry is invented. The poll says ERROR,
 * so that it is looked at again, and all goes on when it is right again.
 *
 * Positions are absolute. On 32-bit hosts they stand in two words that share two bits, the low one stored first: see outq_position and iovm__smmu_newest.
 */
#include "backends/smmuv3/smmuv3.h"

enum { EVENTS = 64, WORD_BITS = 8 * sizeof(unsigned long) };
#define OVFLG	((uint32_t)SMMU_MASK(REG_PRIQ_PROD, OVFLG))	/* and OVACKFLG; the same bit in both queues */

struct look {			/* at PROD */
	unsigned long n;	/* entries that can be taken */
	bool overflow, broken;
};

/* ---- positions ------------------------------------------------------------------------------------------------------------------ */

/*
 * Only the servicer stores. high is behind low by one store at most, which the shared bits tell. A reader that finds high unchanged around low has a low of
 * that quarter of its range or the next; it looks again only if 2^30 entries went by meanwhile.
 */
uint64_t iovm__smmu_outq_position(const struct iovm__smmu_outq *q)
{
	unsigned long high, low;
	unsigned i;

	if (WORD_BITS == 64)
		return load_acq(&q->cons);
	high = load_acq(&q->cons_high);
	for (i = 0; i < 4; i++) {
		unsigned long before = high;

		low = load_acq(&q->cons);
		high = load_acq(&q->cons_high);
		if (high == before)
			break;
	}
	return iovm__smmu_join(high, low, WORD_BITS);
}

void iovm__smmu_outq_seek(struct iovm__smmu_outq *q, uint64_t position)
{
	store_rel(&q->cons, (unsigned long)position);
	if (WORD_BITS < 64)
		store_rel(&q->cons_high, (unsigned long)(position >> (WORD_BITS - 2)));
}

static uint32_t index_of(const struct iovm__smmu_outq *q, uint64_t position)
{
	return (uint32_t)position & (uint32_t)((2ul << q->log2) - 1);
}

uint32_t iovm__smmu_outq_begin(struct iovm__smmu_outq *q)
{
	q->acked = 0;
	return index_of(q, iovm__smmu_outq_position(q));
}

/*
 * Where the newest entry ends, at some moment during the call. Between the two looks at the position it moved by less than a queue: then PROD is less than two
 * queues ahead of the first, and its bits say how far, however long we were held up. Or by a queue or more: then all that was there when we were called
 * is consumed, and the second is the answer.
 */
static uint64_t newest(const struct iovm__smmu *s, const struct iovm__smmu_outq *q)
{
	uint64_t before = iovm__smmu_outq_position(q), after;
	unsigned long size = 1ul << q->log2, ahead;
	uint32_t prod;

	if (!q->mem.mem || load_acq(&s->down))
		return before;
	prod = iovm__smmu_read(s, q->prod_reg);
	after = iovm__smmu_outq_position(q);
	ahead = iovm__smmu_ahead(q->log2, prod, (unsigned long)before);
	if (prod == UINT32_MAX || after - before >= size || ahead > size + (unsigned long)(after - before))
		return after;
	return before + ahead;
}

void iovm__smmu_newest(void *hw, uint64_t pos[2])
{
	const struct iovm__smmu *s = hw;

	pos[0] = newest(s, &s->priq);
	pos[1] = newest(s, &s->evtq);
}

void iovm__smmu_outq_drop(const struct iovm__smmu *s, struct iovm__smmu_outq *q)
{
	iovm__smmu_outq_seek(q, newest(s, q));
}

/* ---- one queue -------------------------------------------------------------------------------------------------------------------- */

static struct look look(const struct iovm__smmu *s, const struct iovm__smmu_outq *q, uint64_t cons)
{
	uint32_t prod = iovm__smmu_read(s, q->prod_reg);
	unsigned long ahead = iovm__smmu_ahead(q->log2, prod, (unsigned long)cons);

	if (IOVM_UNLIKELY(prod == UINT32_MAX || ahead > 1ul << q->log2))
		return (struct look){ .broken = true };
	return (struct look){ .n = ahead, .overflow = (prod ^ q->acked) & OVFLG };
}

/* The position before the register: newest() must not see what the SMMU writes into room that it does not yet know of */
static void advance(const struct iovm__smmu *s, struct iovm__smmu_outq *q, uint64_t cons, bool overflow)
{
	if (overflow)
		q->acked ^= OVFLG;
	iovm__smmu_outq_seek(q, cons);
	iovm__smmu_write(s, q->cons_reg, index_of(q, cons) | q->acked);
}

/* n entries are copied out: give their room back. Whether that was all that was seen */
static bool settle(const struct iovm__smmu *s, struct iovm__smmu_outq *q, uint64_t cons, const struct look *seen, unsigned long n, struct iovm_poll *out)
{
	bool all = n == seen->n, more = !all;
	struct look again = *seen;

	if (n || (all && seen->overflow)) {
		advance(s, q, cons + n, all && seen->overflow);
		if (all) {
			again = look(s, q, cons + n);
			more = again.n || again.overflow;
		}
	}
	out->flags |= (more ? IOVM_POLL_MORE : 0) | (again.broken ? IOVM_POLL_ERROR : 0);
	return all;
}

/*
 * Clause 8. Without SSV there is no PASID, nor what a PASID prefix carries: SSID, X and Priv say nothing. A Stop Marker is a request like any other here:
 * the core knows it by PASID, Last, and neither R nor W.
 */
static inline uint8_t decode_request(const uint64_t words[SMMU_PRI_WORDS], struct iovm_request *req)
{
	const uint64_t w[SMMU_PRI_WORDS] = { words[0], words[1] };
	bool pasid = SMMU_GET(w, PRI_PPR, SSV);
	unsigned flags = (unsigned)(SMMU_GET(w, PRI_PPR, R) * IOVM_REQ_READ | SMMU_GET(w, PRI_PPR, W) * IOVM_REQ_WRITE |
				    SMMU_GET(w, PRI_PPR, Last) * IOVM_REQ_LAST);

	if (pasid)
		flags |= (unsigned)(SMMU_GET(w, PRI_PPR, X) * IOVM_REQ_EXEC | SMMU_GET(w, PRI_PPR, Priv) * IOVM_REQ_PRIV | IOVM_REQ_PASID);
	req->addr = SMMU_GET(w, PRI_PPR, Addr);
	req->stream_id = (uint32_t)SMMU_GET(w, PRI_PPR, SID);
	req->pasid = pasid ? (uint32_t)SMMU_GET(w, PRI_PPR, SSID) : IOVM_NO_PASID;
	req->index = (uint16_t)SMMU_GET(w, PRI_PPR, PRGIndex);
	req->flags = (uint8_t)flags;
	req->queue = 0;
	return req->flags;
}

static unsigned take_requests(struct iovm__smmu *s, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	const unsigned marker = IOVM_REQ_PASID | IOVM_REQ_LAST, what = marker | IOVM_REQ_READ | IOVM_REQ_WRITE;
	struct iovm__smmu_outq *q = &s->priq;
	const uint64_t (*slot)[SMMU_PRI_WORDS] = q->mem.mem;
	uint64_t cons = out->consumed[0];
	unsigned long mask = (1ul << q->log2) - 1;
	struct look seen = look(s, q, cons);
	unsigned n = seen.n < max ? (unsigned)seen.n : max, i, markers = 0;

	for (i = 0; i < n; i++) {
		req[i].position = cons + i;
		markers += (decode_request(slot[((unsigned long)cons + i) & mask], &req[i]) & what) == marker;
	}
	out->consumed[0] = cons + n;
	count_up(&s->count.requests, n - markers);
	count_up(&s->count.markers, markers);
	if (settle(s, q, cons, &seen, n, out) && IOVM_UNLIKELY(seen.overflow)) {
		out->flags |= IOVM_POLL_OVERFLOW;
		count_up(&s->count.pri_overflows, 1);
	}
	return n;
}

static void events_lost(struct iovm__smmu *s)
{
	const struct iovm_notice lost = { .what = IOVM_EVENTS_LOST, .stream_id = UINT32_MAX, .pasid = IOVM_NO_PASID };

	if (s->iommu)
		iovm_iommu_notice(s->iommu, &lost);
}

static unsigned take_events(struct iovm__smmu *s, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct iovm__smmu_outq *q = &s->evtq;
	const uint64_t (*slot)[SMMU_EVT_WORDS] = q->mem.mem;
	uint64_t cons = out->consumed[1];
	unsigned long mask = (1ul << q->log2) - 1, looked;
	struct look seen = look(s, q, cons);
	unsigned n = 0;

	for (looked = 0; looked < seen.n && looked < EVENTS + (unsigned long)max && n < max; looked++)
		if (iovm__smmu_event(s, slot[((unsigned long)cons + looked) & mask], &req[n]))
			req[n++].position = cons + looked;
	out->consumed[1] = cons + looked;
	count_up(&s->count.events, looked);
	count_up(&s->count.stalls, n);
	if (!settle(s, q, cons, &seen, looked, out))
		return n;
	iovm__smmu_events_tell(s);
	if (IOVM_UNLIKELY(seen.overflow)) {
		count_up(&s->count.event_overflows, 1);
		events_lost(s);
	}
	return n;
}

/* One queue's turn. Without room for a request nothing is looked at: what is not seen may be there */
static unsigned take(struct iovm__smmu *s, unsigned queue, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	if (!(queue ? &s->evtq : &s->priq)->mem.mem)
		return 0;
	if (max)
		return queue ? take_events(s, req, max, out) : take_requests(s, req, max, out);
	out->flags |= IOVM_POLL_MORE;
	return 0;
}

/* ---- errors ------------------------------------------------------------------------------------------------------------------------ */

/* 6.3.19: an error is active where GERROR and GERRORN differ. Bit 1 is none */
static bool errors_active(const struct iovm__smmu *s)
{
	const uint32_t known = (2u << SMMU_LSB(REG_GERROR, DPT_ERR)) - 1 - (1u << 1);

	return (iovm__smmu_read(s, SMMU_REG_GERROR_NUMBER) ^ load_rlx(&s->gerrorn)) & known;
}

/* What recover() has dealt with. A write to the event queue that aborted took its record along, and perhaps others (7.2) */
static void tell_errors(struct iovm__smmu *s)
{
	struct iovm_notice notice = { .what = IOVM_IOMMU_ERROR, .stream_id = UINT32_MAX, .pasid = IOVM_NO_PASID };
	unsigned bits;

	if (IOVM_LIKELY(!load_rlx(&s->told)) || !s->iommu)
		return;
	bits = xchg_ar(&s->told, 0);
	for (notice.code = 0; bits; notice.code++, bits >>= 1) {
		if (!(bits & 1))
			continue;
		if (notice.code == SMMU_LSB(REG_GERROR, EVENTQ_ABT_ERR))
			events_lost(s);
		else
			iovm_iommu_notice(s->iommu, &notice);
	}
}

unsigned iovm__smmu_poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct iovm__smmu *s = hw;
	unsigned first = s->events_first, n = 0;

	*out = (struct iovm_poll){ .consumed = { iovm__smmu_outq_position(&s->priq), iovm__smmu_outq_position(&s->evtq) } };
	if (IOVM_UNLIKELY(load_acq(&s->down) & SMMU_DEAD))
		out->flags = IOVM_POLL_DEAD;
	else if (IOVM_LIKELY(!load_acq(&s->down))) {
		n = take(s, first, req, max, out);
		s->events_first = !first && n == max;
		n += take(s, !first, req + n, max - n, out);
		if (!n && errors_active(s))	/* who returns requests is called again, and a standing command queue is seen by who waits for it */
			out->flags |= IOVM_POLL_ERROR;
	}
	tell_errors(s);
	return n;
}
