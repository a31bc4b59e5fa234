/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A request is known by its position in its queue until the engine has taken it, its group by serial while the host has it, its answer by what the device
 * knows it by. Each step leaves a mark with its time, the next one takes it. What has no mark (an answer of a Last that came before the report listened, say)
 * is not measured. The time that divides a run into bins is the trace's own: virtual.
 */
#include <stdlib.h>
#include <iovm/backend.h>
#include "report_collect.h"

#define FIRST_BIN_NS UINT64_C(1024)

struct report_collect *report_collect_new(void)
{
	struct report_collect *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->bin_ns = FIRST_BIN_NS;
	c->device = calloc(REPORT_DEVICES, sizeof *c->device);
	c->ndevices = 1;
	c->marks = report_marks_new();
	if (c->device && c->marks)
		return c;
	report_collect_del(c);
	return NULL;
}

void report_collect_del(struct report_collect *c)
{
	if (!c)
		return;
	report_marks_del(c->marks);
	free(c->device);
	free(c);
}

/* ---- durations ---------------------------------------------------------------------------------------------------------------- */

static void measure(struct report_times *t, uint64_t ns)
{
	unsigned n = 0;

	while (n < REPORT_BUCKETS - 1 && ns >> n)
		n++;
	t->bucket[n]++;
	t->n++;
	if (ns > t->max)
		t->max = ns;
}

uint64_t report_within(const struct report_times *t, unsigned percent)
{
	uint64_t below = 0;
	unsigned n = 0;

	while (n < REPORT_BUCKETS - 1 && (below += t->bucket[n]) * 100 < t->n * percent)
		n++;
	return !n ? 0 : UINT64_C(1) << n < t->max ? UINT64_C(1) << n : t->max;
}

/* ---- the run's time ----------------------------------------------------------------------------------------------------------- */

static void double_bins(struct report_collect *c)
{
	for (unsigned i = 0; i < REPORT_BINS; i++) {
		struct report_bin a = c->bin[i], b = { 0, 0, 0, 0 };

		c->bin[i] = (struct report_bin){ 0, 0, 0, 0 };
		if (i % 2)
			b = a, a = c->bin[i / 2];
		c->bin[i / 2] = (struct report_bin){ a.sum + b.sum, a.deaths + b.deaths, a.overflows + b.overflows, a.peak > b.peak ? a.peak : b.peak };
	}
	c->bin_ns *= 2;
}

static struct report_bin *bin_of(struct report_collect *c, uint64_t time)
{
	while (time / c->bin_ns >= REPORT_BINS)
		double_bins(c);
	return &c->bin[time / c->bin_ns];
}

static void note_peak(struct report_collect *c, struct report_bin *bin)
{
	if (c->waiting > bin->peak)
		bin->peak = c->waiting;
	if (c->waiting > c->peak)
		c->peak = c->waiting;
}

static void pass_time(struct report_collect *c, uint64_t to)	/* what waits waits on, through every bin until then */
{
	bin_of(c, to);
	while (c->now < to) {
		struct report_bin *bin = bin_of(c, c->now);
		uint64_t end = (c->now / c->bin_ns + 1) * c->bin_ns, until = end < to ? end : to;

		bin->sum += (until - c->now) * c->waiting;
		note_peak(c, bin);
		c->now = until;
	}
}

static void wait_more(struct report_collect *c)
{
	c->waiting++;
	note_peak(c, bin_of(c, c->now));
}

/* ---- devices ------------------------------------------------------------------------------------------------------------------- */

static struct report_key stream_key(const struct iovm_trace *rec)
{
	return (struct report_key){ MARK_STREAM, (uint64_t)rec->iommu << 32 | rec->stream_id };
}

static struct report_device *device_of(struct report_collect *c, const struct iovm_trace *rec)
{
	uint64_t i;

	return &c->device[report_marked(c->marks, stream_key(rec), &i) ? i : 0];
}

/* A device that comes again under the same StreamID is the same to the reader. Its further StreamIDs lead to it, too */
static void add_device(struct report_collect *c, const struct iovm_trace *rec)
{
	uint64_t i;

	if (rec->code != IOVM_TRD_ADD || report_marked(c->marks, stream_key(rec), &i) || c->ndevices == REPORT_DEVICES)
		return;
	if (rec->id != c->last_added)
		c->device[c->ndevices++] = (struct report_device){ .stream_id = rec->stream_id, .iommu = rec->iommu };
	c->last_added = rec->id;
	report_mark(c->marks, stream_key(rec), c->ndevices - 1);
}

/* ---- the way of a request ------------------------------------------------------------------------------------------------------ */

static struct report_key position_key(enum report_mark mark, const struct iovm_trace *rec, bool events)
{
	return (struct report_key){ mark | (uint64_t)events << 8 | (uint64_t)rec->iommu << 16, rec->b };
}

static struct report_key group_key(const struct iovm_trace *rec)
{
	return (struct report_key){ MARK_HOST | (uint64_t)rec->iommu << 16, rec->id };
}

/* By what the device knows its answer: StreamID, index, and a PASID if it wants one; a stall's tag needs none, though some IOMMUs tell it */
static struct report_key answer_key(const struct iovm_trace *rec, uint32_t pasid)
{
	return (struct report_key){ MARK_ANSWER | (uint64_t)rec->iommu << 16 | (uint64_t)rec->index << 32, (uint64_t)pasid << 32 | rec->stream_id };
}

static bool owed_an_answer(const struct iovm_trace *rec)	/* a stall, or a Last that is no Stop Marker */
{
	bool marker = (rec->flags & IOVM_REQ_PASID) && !(rec->flags & (IOVM_REQ_READ | IOVM_REQ_WRITE));

	return (rec->flags & IOVM_REQ_STALL) || ((rec->flags & IOVM_REQ_LAST) && !marker);
}

static void accepted(struct report_collect *c, const struct iovm_trace *rec)
{
	report_mark(c->marks, position_key(MARK_QUEUED, rec, rec->id), rec->time);
	if (owed_an_answer(rec))
		wait_more(c);
}

static void taken(struct report_collect *c, const struct iovm_trace *rec)
{
	bool events = rec->flags & IOVM_REQ_STALL;
	uint64_t since;

	if (!report_unmark(c->marks, position_key(MARK_QUEUED, rec, events), &since))
		return;
	measure(&c->stage[REPORT_QUEUED], rec->time - since);
	if (owed_an_answer(rec))
		report_mark(c->marks, position_key(MARK_LAST, rec, events), since);
}

static void handed_over(struct report_collect *c, const struct iovm_trace *rec)
{
	uint64_t since;

	if (!report_marked(c->marks, group_key(rec), &since))
		report_mark(c->marks, group_key(rec), rec->time);
}

static void closed(struct report_collect *c, const struct iovm_trace *rec)
{
	struct report_device *d = device_of(c, rec);
	uint64_t since;

	if (rec->id && report_unmark(c->marks, group_key(rec), &since))
		measure(&c->stage[REPORT_HOST], rec->time - since);
	if (!report_unmark(c->marks, position_key(MARK_LAST, rec, rec->flags & IOVM_REQ_STALL), &since))
		return;
	c->waiting--;
	if (rec->event == IOVM_TR_SUPPRESS) {
		d->suppressed++;
		return;
	}
	measure(&d->waited, rec->time - since);
	d->success += rec->code == IOVM_RESP_SUCCESS;
	d->invalid += rec->code != IOVM_RESP_SUCCESS;
	report_mark(c->marks, answer_key(rec, rec->flags & IOVM_REQ_STALL ? IOVM_NO_PASID : rec->pasid), rec->time);
}

static void arrived(struct report_collect *c, const struct iovm_trace *rec)
{
	uint64_t since;

	if (report_unmark(c->marks, answer_key(rec, rec->pasid), &since) || report_unmark(c->marks, answer_key(rec, IOVM_NO_PASID), &since))
		measure(&c->stage[REPORT_ANSWERED], rec->time - since);
}

/* A run lasts as long as somebody asks, is answered or dies. Taking the machine down is no part of it: its clock may leap there, to where the event loop's was */
static bool of_the_run(unsigned event)
{
	switch (event) {
	case IOVM_TR_RX: case IOVM_TR_DROP: case IOVM_TR_ACC: case IOVM_TR_CONS: case IOVM_TR_FAULT: case IOVM_TR_RESP: case IOVM_TR_SUPPRESS:
	case IOVM_TR_ANSWERED: case IOVM_TR_EXIT_CALL: case IOVM_TR_OVERFLOW:
		return true;
	default:
		return false;
	}
}

void report_collect_put(struct report_collect *c, const struct iovm_trace *rec)
{
	c->records++;
	if (of_the_run(rec->event))
		pass_time(c, rec->time);
	switch (rec->event) {
	case IOVM_TR_RX: device_of(c, rec)->requests++; break;
	case IOVM_TR_DROP: device_of(c, rec)->dropped++; break;
	case IOVM_TR_ACC: accepted(c, rec); break;
	case IOVM_TR_CONS: taken(c, rec); break;
	case IOVM_TR_FAULT: handed_over(c, rec); break;
	case IOVM_TR_RESP:
	case IOVM_TR_SUPPRESS: closed(c, rec); break;
	case IOVM_TR_ANSWERED: arrived(c, rec); break;
	case IOVM_TR_DEVICE: add_device(c, rec); break;
	case IOVM_TR_EXIT_CALL: c->deaths++; bin_of(c, c->now)->deaths++; break;
	case IOVM_TR_OVERFLOW: c->overflows++; bin_of(c, c->now)->overflows++; break;
	default: break;
	}
}
