/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Tables and translation. The engine's entry() stores into memory; the IOMMU goes by what it read, and reads an entry the first time that it needs it and
 * after an ENTRY command. A quiet entry that was forgotten is not kept: not to exist is the same.
 */
#include <stdlib.h>
#include "base/bits.h"
#include "backends/sim/iommu.h"

static struct iovm__stream_seat *seat_find(struct iovm__iommu_hw *hw, uint32_t stream_id)
{
	struct iovm__stream_seat *s = hw->stream[bits_mix(stream_id) % IOVM__STREAMS];

	while (s && s->id != stream_id)
		s = s->next;
	return s;
}

static struct iovm__stream_seat *seat_new(struct iovm__iommu_hw *hw, uint32_t stream_id)
{
	struct iovm__stream_seat *s = seat_find(hw, stream_id), **head = &hw->stream[bits_mix(stream_id) % IOVM__STREAMS];

	if (s)
		return s;
	s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->id = stream_id;
	s->next = *head;
	*head = s;
	return s;
}

static void seat_free(struct iovm__iommu_hw *hw, struct iovm__stream_seat *seat)
{
	struct iovm__stream_seat **link = &hw->stream[bits_mix(seat->id) % IOVM__STREAMS];

	while (*link != seat)
		link = &(*link)->next;
	*link = seat->next;
	free(seat);
}

/* ---- what the engine writes --------------------------------------------------------------------------------------------------- */

static struct iovm__entry **entry_head(struct iovm__iommu_hw *hw, const struct iovm__fn *fn, uint32_t pasid)
{
	return &hw->entry[bits_mix((uint64_t)fn->stream_id << 32 | pasid) % IOVM__ENTRIES];
}

static struct iovm__entry *entry_find(struct iovm__iommu_hw *hw, const struct iovm__fn *fn, uint32_t pasid)
{
	struct iovm__entry *e = *entry_head(hw, fn, pasid);

	while (e && (e->fn != fn || e->pasid != pasid))
		e = e->hash_next;
	return e;
}

static struct iovm__entry *entry_new(struct iovm__iommu_hw *hw, struct iovm__fn *fn, uint32_t pasid)
{
	struct iovm__entry **head = entry_head(hw, fn, pasid), *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->fn = fn;
	e->pasid = pasid;
	e->hash_next = *head;
	*head = e;
	e->next = fn->entries;
	fn->entries = e;
	return e;
}

static void entry_free(struct iovm__iommu_hw *hw, struct iovm__entry *e)
{
	struct iovm__entry **link;

	for (link = entry_head(hw, e->fn, e->pasid); *link != e; link = &(*link)->hash_next)
		;
	*link = e->hash_next;
	for (link = &e->fn->entries; *link != e; link = &(*link)->next)
		;
	*link = e->next;
	free(e);
}

static void fn_free(struct iovm__fn *fn)
{
	if (fn->detached && !fn->commands)
		free(fn);
}

void iovm__walk_put(struct iovm__fn *fn)
{
	if (fn) {
		fn->commands--;
		fn_free(fn);
	}
}

static void fn_leave(struct iovm__iommu_hw *hw, struct iovm__fn *fn)
{
	struct iovm__stream_seat *seat;
	unsigned i;

	while (fn->entries)
		entry_free(hw, fn->entries);
	for (i = 0; i < fn->nids; i++) {
		seat = seat_find(hw, fn->ids[i]);
		if (seat && seat->fn == fn)
			seat_free(hw, seat);
	}
	fn->detached = true;
	fn_free(fn);
}

static struct iovm__fn *fn_new(struct iovm__iommu_hw *hw, const struct iovm_function *from)
{
	struct iovm__fn *fn = calloc(1, sizeof *fn);
	struct iovm__stream_seat *seat;
	unsigned i;

	if (!fn)
		return NULL;
	fn->stream_id = from->stream_ids[0];
	for (i = 0; i < from->nstream_ids && i < IOVM_MAX_STREAMS; i++) {
		seat = seat_new(hw, from->stream_ids[i]);
		if (!seat) {
			fn_leave(hw, fn);
			return NULL;
		}
		seat->fn = fn;
		fn->ids[fn->nids++] = seat->id;
	}
	return fn;
}

int iovm__walk_attach(void *vhw, struct iovm_function *from)
{
	struct iovm__iommu_hw *hw = vhw;
	struct iovm__fn *fn = from->priv;

	if (!fn) {
		if (iovm_sim_fault(hw->sim, 59, 8)) {
			iovm__injected_stream(hw->sim, 59, hw->node->index, from->stream_ids[0]);
			return IOVM_E_NO_MEMORY;
		}
		fn = from->priv = fn_new(hw, from);
		if (!fn)
			return IOVM_E_NO_MEMORY;
	}
	fn->ats = from->ats;
	fn->stall = from->stall;
	fn->aborted = from->aborted;
	return 0;
}

void iovm__walk_detach(void *vhw, struct iovm_function *from)
{
	if (from->priv)
		fn_leave(vhw, from->priv);
	from->priv = NULL;
}

int iovm__walk_entry(void *vhw, struct iovm_function *from, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	struct iovm__iommu_hw *hw = vhw;
	struct iovm__fn *fn = from->priv;
	struct iovm__entry *e = entry_find(hw, fn, pasid);
	struct iovm_sim_mm *mm;

	if (to == IOVM_TO_QUIET) {
		if (e)
			e->memory = (struct iovm__conf){ .walk = false };
		return 0;
	}
	if (table->format != IOVM_TABLE_SIM)
		return IOVM_E_FORMAT;
	if (!e && hw->sim->in_bind && iovm_sim_fault(hw->sim, 59, 16)) {
		iovm__injected_stream(hw->sim, 59, hw->node->index, fn->stream_id);
		return iovm_choose(hw->sim, 2, "entry-error") ? IOVM_E_FORMAT : IOVM_E_NO_MEMORY;
	}
	if (!e)
		e = entry_new(hw, fn, pasid);
	if (!e)
		return IOVM_E_NO_MEMORY;
	mm = (struct iovm_sim_mm *)(uintptr_t)table->root;
	e->memory = (struct iovm__conf){ .walk = true, .asid = asid, .mm = mm, .mm_id = mm->id };
	return 0;
}

void iovm__walk_changed(struct iovm__iommu_hw *hw, struct iovm__fn *fn, uint32_t pasid, bool stream)
{
	struct iovm__entry *e, *next;

	if (fn->detached)
		return;
	if (stream)
		fn->cached = false;
	for (e = stream ? fn->entries : entry_find(hw, fn, pasid); e; e = stream ? next : NULL) {
		next = e->next;
		e->cached = false;
		if (!e->memory.walk)
			entry_free(hw, e);
	}
}

/* ---- what devices ask ----------------------------------------------------------------------------------------------------------- */

static struct iovm__fn *fn_of(struct iovm__iommu_hw *hw, uint32_t stream_id)
{
	struct iovm__stream_seat *seat = seat_find(hw, stream_id);
	struct iovm__fn *fn = seat ? seat->fn : NULL;

	if (fn && !fn->cached) {
		fn->cached = true;
		fn->read_ats = fn->ats;
		fn->read_aborted = fn->aborted;
	}
	return fn;
}

bool iovm__walk_translated(void *vhw, uint32_t stream_id)
{
	const struct iovm__fn *fn = fn_of(vhw, stream_id);

	return fn && fn->read_ats && !fn->read_aborted;
}

/* The access waits for the engine, under a STAG that is taken until it is resumed */
static enum iovm__reply stall(struct iovm__iommu_hw *hw, const struct iovm__access *a)
{
	struct iovm_request req = {
		.addr = a->addr & ~(uint64_t)4095, .stream_id = a->stream_id, .pasid = a->pasid, .queue = 1,
		.flags = (uint8_t)(a->need | IOVM_REQ_LAST | IOVM_REQ_STALL | (a->pasid == IOVM_NO_PASID ? 0 : IOVM_REQ_PASID)),
	};
	unsigned n = 0;

	while (n < IOVM__STALLS && hw->stall[hw->next_stag].used) {
		hw->next_stag = (hw->next_stag + 1) % IOVM__STALLS;
		n++;
	}
	if (n == IOVM__STALLS || hw->prod[1] - hw->cons[1] == hw->size[1])
		return IOVM__DENIED;
	hw->stall[hw->next_stag].ep = iovm__bus_find(&hw->node->bus, a->stream_id);
	hw->stall[hw->next_stag].id = a->id;
	hw->stall[hw->next_stag].used = true;
	req.index = (uint16_t)hw->next_stag;
	hw->next_stag = (hw->next_stag + 1) % IOVM__STALLS;
	iovm__queue_put(hw, &req, a->fault);
	return IOVM__STALLED;
}

static const struct iovm__conf *conf_of(struct iovm__iommu_hw *hw, const struct iovm__fn *fn, uint32_t pasid)
{
	static const struct iovm__conf quiet;
	struct iovm__entry *e = entry_find(hw, fn, pasid);

	if (!e)
		return &quiet;
	if (!e->cached) {
		e->cached = true;
		e->read = e->memory;
	}
	return &e->read;
}

static enum iovm__reply walk(struct iovm__iommu_hw *hw, const struct iovm__access *a, const struct iovm__conf *conf, struct iovm__cached *out)
{
	struct iovm__page *page;

	if (!conf->walk || a->addr >> IOVM__ADDRESS_BITS)
		return IOVM__DENIED;
	if (conf->mm->id != conf->mm_id) {	/* the engine let go of a space that an entry still names */
		hw->sim->broken++;
		return IOVM__DENIED;
	}
	page = iovm__mm_page(conf->mm, a->addr >> IOVM_PAGE_SHIFT);
	if (!page || (page->prot & a->need) != a->need)
		return IOVM__MISS;
	*out = (struct iovm__cached){ .page = page->vpn, .mm = conf->mm, .mm_id = conf->mm_id, .tag = conf->asid, .prot = page->prot };
	out->walk = SIM_TRACE(hw->sim, WALK, .iommu = (uint8_t)hw->node->index, .stream_id = a->stream_id, .pasid = a->pasid,
			      .mm = conf->mm_id, .a = a->addr & ~(uint64_t)4095, .id = conf->asid);
	iovm__cache_put(&hw->tlb, out);
	return IOVM__GRANTED;
}

enum iovm__reply iovm__walk_translate(void *vhw, const struct iovm__access *a, struct iovm__cached *out)
{
	struct iovm__iommu_hw *hw = vhw;
	const struct iovm__fn *fn = fn_of(hw, a->stream_id);
	const struct iovm__conf *conf;
	struct iovm__cached *hit;
	enum iovm__reply reply;

	if (!fn || fn->read_aborted || (a->ats && !fn->read_ats))
		return IOVM__DENIED;
	conf = conf_of(hw, fn, a->pasid);
	hit = iovm__cache_find(&hw->tlb, conf->asid, a->addr >> IOVM_PAGE_SHIFT);
	if (hit) {
		*out = *hit;
		reply = (hit->prot & a->need) == a->need ? IOVM__GRANTED : IOVM__MISS;
	} else {
		reply = walk(hw, a, conf, out);
	}
	return reply == IOVM__MISS && fn->stall && !a->ats ? stall(hw, a) : reply;
}

void iovm__walk_fini(struct iovm__iommu_hw *hw)
{
	unsigned i;

	for (i = 0; i < IOVM__STREAMS; i++)
		while (hw->stream[i])
			fn_leave(hw, hw->stream[i]->fn);
	iovm__cache_fini(&hw->tlb);
}
