/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
#include "check.h"
#include "log.h"
#include "traffic.h"

struct traffic traffic;

bool traffic_begin(void)
{
	struct edu edu[ENGINES];
	unsigned i;

	if (edu_scan(edu, ENGINES) < ENGINES)
		return false;
	for (i = 0; i < ENGINES; i++)
		traffic.engine[i].edu = edu[i];
	for (i = 0; i < ENGINES; i++)		/* handlers know an engine by its address */
		edu_attend(&traffic.engine[i].edu);
	return true;
}

/* ---- what dispatch tells ----------------------------------------------------------------------------------------------------------- */

static struct engine *engine_of(uint32_t stream_id)
{
	unsigned i;

	for (i = 0; i < ENGINES; i++)
		if (traffic.engine[i].edu.stream_id == stream_id)
			return &traffic.engine[i];
	return NULL;
}

static void fail_all(void)		/* who was meant, is lost: everyone tries again */
{
	unsigned i;

	for (i = 0; i < ENGINES; i++)
		traffic.engine[i].failed = true;
}

static void check_fault(const struct engine *e, const struct iovm_notice *w)
{
	const struct transfer *t = e->now;

	expect(w->addr >= t->va && w->addr < t->va + t->length, "event at %lx, of a transfer at %lx", w->addr, t->va);
	expect(w->prot == (t->to_memory ? IOVM_WRITE : IOVM_READ), "event with prot %u", w->prot);
	expect((w->record[0] & 0xff) == w->code && w->record[0] >> 32 == w->stream_id, "record %lx does not fit its notice", w->record[0]);
	expect(w->count >= 1 && w->count <= PAGE, "%u records merged", w->count);
	expect(w->code == F_TRANSLATION || (w->code == F_PERMISSION && t->to_memory), "event %x", w->code);
}

static void terminated(struct iovm_device *dev, const struct iovm_notice *w)
{
	struct engine *e = engine_of(w->stream_id);

	traffic.notices++;
	traffic.records += w->count;
	traffic.last = *w;
	if (!expect(e && e->now && dev == e->dev && w->pasid == IOVM_NO_PASID, "event %x for stream %x", w->code, w->stream_id))
		return;
	e->failed = true;
	if (!dev) {		/* not added: it has no entry */
		expect(w->code == C_BAD_STE || w->code == C_BAD_STREAMID, "event %x of a stream without an entry", w->code);
		traffic.strays++;
		return;
	}
	check_fault(e, w);
	traffic.faults++;
	if (expect(e->space != NULL, "event %x of a blocked device", w->code))
		(void)space_fault(e->space, w->addr & ~(uint64_t)(PAGE - 1), w->prot & IOVM_WRITE);
}

void serve_notices(void)
{
	struct glue *g = memory.glue;
	unsigned i;

	expect(glue_serve(g), "dispatch does not end");
	for (i = 0; i < g->ntold; i++) {
		const struct iovm_notice *w = &g->told[i].what;

		if (w->what == IOVM_TERMINATED) {
			terminated(g->told[i].dev, w);
			continue;
		}
		expect(w->what == IOVM_EVENTS_LOST || w->what == IOVM_IOMMU_ERROR, "notice %u", (unsigned)w->what);
		traffic.lost += w->what == IOVM_EVENTS_LOST;
		traffic.errors += w->what == IOVM_IOMMU_ERROR;
		fail_all();
	}
	if (g->overrun)
		fail_all();
	glue_forget(g);
}

/* ---- transfers ------------------------------------------------------------------------------------------------------------------------ */

static void in_flight(const struct transfer *t, int change)
{
	uint64_t va;

	for (va = t->va & ~(uint64_t)(PAGE - 1); va < t->va + t->length; va += PAGE)
		if (page_at(va) >= 0)
			t->e->space->page[page_at(va)].in_flight += (unsigned)change;
}

/* One page's part of a transfer that went through: libiovm and the SMMU let it, so our tables must have it */
static void check_piece(const struct transfer *t, uint64_t va, unsigned offset, unsigned length)
{
	struct space *s = t->e->space;
	unsigned i = (unsigned)page_at(va);
	struct page *p = &s->page[i];
	uint8_t *good = page_shadow(s, i) + va % PAGE, *buffer = t->e->buffer + offset;

	if (!expect(p->frame != NULL, "%lx: went through though unmapped", va))
		return;
	if (!t->to_memory) {
		memcpy(buffer, good, length);
		return;
	}
	expect(p->writable, "%lx: written though read-only", va);
	memcpy(good, buffer, length);
	if (p->in_flight == 1)
		expect(!memcmp(p->frame, page_shadow(s, i), PAGE), "%lx: not the data that was sent", va);
}

static uint64_t hash(uint64_t h, const uint8_t *from, unsigned n)	/* FNV-1a */
{
	while (n--)
		h = (h ^ *from++) * 0x100000001b3u;
	return h;
}

/* What became of it, for the witness: the data as the device left it in memory, or found it there */
static void note(const struct transfer *t, bool through)
{
	uint64_t h = 0xcbf29ce484222325u, va, end = t->va + t->length;
	const struct page *p;

	for (va = t->va; through && va < end; va = (va / PAGE + 1) * PAGE) {
		p = &t->e->space->page[page_at(va)];
		if (p->frame)
			h = hash(h, p->frame + va % PAGE, (unsigned)((va | (PAGE - 1)) < end ? PAGE - va % PAGE : end - va));
	}
	log_note(NOTE_TRANSFER, (uint64_t[]){ t->e->edu.stream_id | (uint64_t)t->to_memory << 32 | (uint64_t)through << 33,
					      t->va == memory_bait() ? 0 : t->va,	/* where that is, is the linker's business */
					      (uint64_t)t->offset << 32 | t->length, through ? h : 0 }, 4);
}

static void finish(struct transfer *t)
{
	unsigned at, length;

	for (at = 0; at < t->length; at += length) {
		length = PAGE - (unsigned)((t->va + at) % PAGE);
		if (length > t->length - at)
			length = t->length - at;
		check_piece(t, t->va + at, t->offset + at, length);
	}
	in_flight(t, -1);
	note(t, true);
	t->done = true;
	traffic.transfers++;
}

static void start(struct transfer *t)
{
	t->e->now = t;
	t->e->failed = false;
	traffic.attempts++;
	edu_start(&t->e->edu, t->va, t->offset, t->length, t->to_memory);
}

void transfer_run(struct transfer *t, unsigned n)
{
	unsigned i, left = n, tries;

	for (i = 0; i < n; i++)
		in_flight(&t[i], 1);
	for (tries = 0; left && tries < TRIES; tries++) {
		for (i = 0; i < n; i++)
			if (!t[i].done)
				start(&t[i]);
		for (i = 0; i < n; i++)
			edu_wait(&t[i].e->edu);
		serve_notices();
		for (i = 0; i < n; i++)
			if (!t[i].done && !t[i].e->failed) {
				finish(&t[i]);
				left--;
			} else if (!t[i].done) {
				note(&t[i], false);
			}
	}
	expect(!left, "%u transfers do not get through", left);
	for (i = 0; i < n; i++) {
		if (!t[i].done)
			in_flight(&t[i], -1);
		t[i].e->now = NULL;
	}
}

void transfer_refused(struct transfer *t)
{
	start(t);
	edu_wait(&t->e->edu);
	serve_notices();
	note(t, false);
	t->e->now = NULL;
}

struct transfer transfer_at(struct engine *e, unsigned page, bool to_memory)
{
	unsigned length = 1 + chance(EDU_MAX), inside = chance(PAGE);

	if (inside + length > pages_in_a_row(page) * PAGE)
		length = pages_in_a_row(page) * PAGE - inside;
	return (struct transfer){ .e = e, .va = page_va(page) + inside, .offset = chance(EDU_MAX - length + 1), .length = length, .to_memory = to_memory };
}

/* ---- engines --------------------------------------------------------------------------------------------------------------------------- */

static void moved(struct engine *e, struct space *to)
{
	if (e->space)
		e->space->engines--;
	if (to)
		to->engines++;
	e->space = to;
}

int engine_add(struct engine *e, struct space *s)
{
	const struct iovm_device_config config = { .size = sizeof config, .stream_ids = &e->edu.stream_id, .nstream_ids = 1, .mm = s };
	int err = iovm_device_add(memory.glue->iommu, &config, &e->dev);

	if (!err)
		moved(e, s);
	return err;
}

void engine_remove(struct engine *e)
{
	int err = iovm_device_del(e->dev);

	if (err == IOVM_E_BUSY) {	/* where it was before still drains */
		serve_notices();
		err = iovm_device_del(e->dev);
	}
	expect(err == 0, "iovm_device_del says %d", err);
	e->dev = NULL;
	moved(e, NULL);
}

void engine_switch(struct engine *e, struct space *s)
{
	int err = iovm_device_attach(e->dev, s);

	if (err == IOVM_E_BUSY) {	/* it was there a moment ago, and that still drains */
		serve_notices();
		err = iovm_device_attach(e->dev, s);
	}
	expect(err == 0, "iovm_device_attach says %d", err);
	moved(e, s);
}
