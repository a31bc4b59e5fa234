/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One IOMMU: its memory, the inbox of its servicer, and StreamID -> device.
 *
 * Inbox order. post: bits |= x (seq_cst); only who found 0 pushes, so an item is in the list once. run: the list is taken whole, next is read, then
 * bits = exchange(0): a post from here on pushes again. A post that found bits set is covered by the run that has not yet taken them.
 */
#include "iommu/iommu.h"

void iovm__work_post(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits)
{
	struct iovm__work *head;

	if (or_sc(&work->bits, bits) == 0) {
		head = load_rlx(&iommu->inbox);
		do
			work->next = head;
		while (!cas_sc(&iommu->inbox, &head, work));
	}
	if (iommu->port->wake)
		iommu->port->wake(iommu->port->ctx, iommu);
}

bool iovm__work_run(struct iovm_iommu *iommu)
{
	struct iovm__work *w, *next, *first = NULL;

	if (!load_sc(&iommu->inbox))
		return false;
	for (w = xchg_sc(&iommu->inbox, NULL); w; w = next) {	/* newest first: turn it round */
		next = w->next;
		w->next = first;
		first = w;
	}
	for (w = first; w; w = next) {
		next = w->next;
		w->run(iommu, w, xchg_sc(&w->bits, 0));
	}
	return true;
}

struct iovm_device *iovm__stream_find(const struct iovm_iommu *iommu, uint32_t id)
{
	struct iovm__stream *s = load_acq(&iommu->streams[iovm__stream_bucket(id)]);

	while (s && s->id != id)
		s = load_acq(&s->next);
	return s ? s->dev : NULL;
}

void iovm__stream_add(struct iovm_iommu *iommu, struct iovm__stream *stream)
{
	_Atomic(struct iovm__stream *) *head = &iommu->streams[iovm__stream_bucket(stream->id)];
	struct iovm__stream *first = load_rlx(head);

	do
		store_rlx(&stream->next, first);
	while (!cas_ar(head, &first, stream));	/* the servicer may be taking the first one out */
}

void iovm__stream_remove(struct iovm_iommu *iommu, struct iovm__stream *stream)
{
	_Atomic(struct iovm__stream *) *head = &iommu->streams[iovm__stream_bucket(stream->id)], *link;
	struct iovm__stream *first = stream, *s;

	if (cas_ar(head, &first, load_rlx(&stream->next)))
		return;
	for (link = &first->next; (s = load_rlx(link)) != stream; link = &s->next)
		IOVM_ASSERT(s != NULL);
	store_rel(link, load_rlx(&stream->next));
}

static void *alloc(const struct iovm_port *port, size_t size)
{
	return port->alloc(port->ctx, size);
}

static struct iovm__bitmap *ids_new(const struct iovm_port *port, unsigned bits)
{
	struct iovm__bitmap *map = alloc(port, iovm__bitmap_size(bits));

	if (map)
		iovm__bitmap_init(map, bits);
	return map;
}

static uint32_t answers_wanted(const struct iovm_backend *be)
{
	unsigned log2 = be->priq_log2 < 6 ? 6 : be->priq_log2 > 12 ? 12 : be->priq_log2;

	return 1u << log2;
}

int iovm__iommu_new(struct iovm_iommu **out, const struct iovm_port *port, const struct iovm_backend *be, void *hw)
{
	uint32_t nanswers = answers_wanted(be), entries = 1u << be->priq_log2;
	struct iovm_iommu *iommu = alloc(port, sizeof *iommu);
	struct iovm_cmd *answers;

	if (!iommu)
		return IOVM_E_NO_MEMORY;
	iommu->port = port;
	iommu->be = *be;
	iommu->hw = hw;
	iommu->asids = ids_new(port, be->asid_bits);
	iommu->vmids = ids_new(port, be->vmid_bits);
	answers = alloc(port, nanswers * sizeof *answers);
	iovm__queue_init(&iommu->queue, answers, nanswers);
	if (!iommu->asids || !iommu->vmids || !answers) {
		iovm__iommu_free(iommu);
		return IOVM_E_NO_MEMORY;
	}
	/* Stop Markers have no credit: keep a sixteenth of the queue for them (invariant 34) */
	iommu->credits_free = be->pri ? entries - (entries / 16 ? entries / 16 : 1) : 0;
	iommu->stalls_free = be->max_stalls;
	*out = iommu;
	return 0;
}

void iovm__iommu_free(struct iovm_iommu *iommu)
{
	const struct iovm_port *port = iommu->port;
	struct iovm__queue *q = &iommu->queue;

	if (q->answers)
		port->free(port->ctx, q->answers, (q->answers_mask + 1) * sizeof *q->answers);
	if (iommu->asids)
		port->free(port->ctx, iommu->asids, iovm__bitmap_size(iommu->be.asid_bits));
	if (iommu->vmids)
		port->free(port->ctx, iommu->vmids, iovm__bitmap_size(iommu->be.vmid_bits));
	port->free(port->ctx, iommu, sizeof *iommu);
}

static void tell(struct iovm_iommu *iommu, struct iovm_device *dev, const struct iovm_notice *notice)
{
	TRACE(iommu->port, NOTICE, .iommu = (uint8_t)iommu->index, .stream_id = notice->stream_id, .pasid = notice->pasid, .a = notice->addr,
	      .code = (int16_t)notice->what, .id = notice->code, .b = notice->count);
	if (!iommu->port->notice)
		return;
	if (dev && !iovm__device_name(dev))
		dev = NULL;
	iommu->port->notice(iommu->port->ctx, dev, notice);
	if (dev)
		iovm__device_named(dev);
}

void iovm__notice(struct iovm_iommu *iommu, struct iovm_device *dev, enum iovm_notice_what what, uint32_t pasid, uint64_t addr)
{
	const struct iovm_notice notice = { .what = what, .stream_id = dev ? dev->fn.stream_ids[0] : 0, .pasid = pasid, .addr = addr };

	tell(iommu, dev, &notice);
}

void iovm_iommu_notice(struct iovm_iommu *iommu, const struct iovm_notice *what)
{
	tell(iommu, what->stream_id == UINT32_MAX ? NULL : iovm__stream_find(iommu, what->stream_id), what);
}

void *iovm_iommu_hw(const struct iovm_iommu *iommu)
{
	return iommu->hw;
}
