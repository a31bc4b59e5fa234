/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pretend address spaces: what the owner mapped, and which pages are present. Only present pages are in the page table that IOMMUs walk. Each change of
 * the table is a record, then comes the invalidation, as a kernel does it.
 *
 * The oracle of stale use. A page remembers the record since when its translation is what it is; a translation fetched before that is old. It may be used
 * until the invalidation has returned 0: while that call is under way the range is pending, and if it fails the range is excused until
 * unwatch, which is what the engine promises.
 *
 * Headers of spaces are never given back to the heap, so that a pointer that somebody kept too long is seen by its id, and does not crash.
 */
#include <stdlib.h>
#include <string.h>
#include "base/bits.h"
#include "base/env.h"
#include "backends/sim/world.h"

enum { FIRST_CHUNK = 64 };

/* ---- headers -------------------------------------------------------------------------------------------------------------------- */

bool iovm__mm_init(struct iovm_sim *sim)
{
	sim->next_mm = 1;
	return true;
}

struct iovm_sim_mm *iovm__mm_of(struct iovm_sim *sim, const void *pointer)
{
	const char *p = pointer, *base;
	unsigned i;

	for (i = 0; i < sim->nchunks; i++) {
		base = (const char *)sim->chunk[i].mm;
		if (p >= base && p < base + sim->chunk[i].n * sizeof *sim->chunk[i].mm)
			return &sim->chunk[i].mm[(size_t)(p - base) / sizeof *sim->chunk[i].mm];
	}
	return NULL;
}

static bool more_headers(struct iovm_sim *sim)
{
	unsigned n = (unsigned)FIRST_CHUNK << sim->nchunks, i;
	struct iovm_sim_mm *mm;

	if (sim->nchunks == IOVM__MM_CHUNKS)
		return false;
	mm = calloc(n, sizeof *mm);
	if (!mm)
		return false;
	sim->chunk[sim->nchunks].mm = mm;
	sim->chunk[sim->nchunks++].n = n;
	for (i = n; i-- > 0;) {
		mm[i].next = sim->mm_free;
		sim->mm_free = &mm[i];
	}
	return true;
}

void *iovm_sim_mm_new(struct iovm_sim *sim)
{
	struct iovm_sim_mm *mm;

	if (!sim->mm_free && !more_headers(sim))
		return NULL;
	mm = sim->mm_free;
	sim->mm_free = mm->next;
	*mm = (struct iovm_sim_mm){ .sim = sim, .id = sim->next_mm++, .born = sim->ordinal, .next = sim->mms, .vma = mm->vma, .vma_room = mm->vma_room,
				    .lost = { .first = 1, .last = 0 } };
	if (mm->next)
		mm->next->prev = mm;
	sim->mms = mm;
	return mm;
}

/* ---- pages ---------------------------------------------------------------------------------------------------------------------- */

static struct iovm__page **bucket(struct iovm_sim_mm *mm, uint64_t vpn)
{
	return &mm->sim->page[bits_mix(vpn ^ mm->id << 36) % IOVM__PAGE_BUCKETS];
}

static struct iovm__page *page_find(struct iovm_sim_mm *mm, uint64_t vpn)
{
	struct iovm__page *p = *bucket(mm, vpn);

	while (p && (p->mm != mm || p->vpn != vpn))
		p = p->hash_next;
	return p;
}

struct iovm__page *iovm__mm_page(struct iovm_sim_mm *mm, uint64_t vpn)
{
	struct iovm__page *p = page_find(mm, vpn);

	return p && p->present ? p : NULL;
}

static struct iovm__page *page_new(struct iovm_sim_mm *mm, uint64_t vpn)
{
	struct iovm__page *p = mm->sim->page_free, **head = bucket(mm, vpn);

	if (p)
		mm->sim->page_free = p->next;
	else
		p = malloc(sizeof *p);
	if (!p)
		return NULL;
	memset(p, 0, sizeof *p);
	p->vpn = vpn;
	p->mm = mm;
	p->born = mm->sim->ordinal;
	if (!iovm__frame_new(p)) {
		p->next = mm->sim->page_free;
		mm->sim->page_free = p;
		return NULL;
	}
	p->hash_next = *head;
	*head = p;
	p->next = mm->pages;
	if (p->next)
		p->next->prev = p;
	mm->pages = p;
	mm->npages++;
	return p;
}

static void page_free(struct iovm__page *p)
{
	struct iovm_sim_mm *mm = p->mm;
	struct iovm__page **link = bucket(mm, p->vpn);

	while (*link != p)
		link = &(*link)->hash_next;
	*link = p->hash_next;
	if (p->prev)
		p->prev->next = p->next;
	else
		mm->pages = p->next;
	if (p->next)
		p->next->prev = p->prev;
	mm->npages--;
	iovm__frame_free(p);
	p->next = mm->sim->page_free;
	mm->sim->page_free = p;
}

/* Call fn for every page (present or not) of first..last */
static void each_page(struct iovm_sim_mm *mm, uint64_t first, uint64_t last, void (*fn)(struct iovm__page *p, uint64_t arg), uint64_t arg)
{
	uint64_t vpn = first >> IOVM_PAGE_SHIFT, end = last >> IOVM_PAGE_SHIFT;
	struct iovm__page *p, *next;

	if (end - vpn < mm->npages) {
		for (; vpn <= end; vpn++) {
			p = page_find(mm, vpn);
			if (p)
				fn(p, arg);
		}
		return;
	}
	for (p = mm->pages; p; p = next) {
		next = p->next;
		if (p->vpn >= vpn && p->vpn <= end)
			fn(p, arg);
	}
}

static void page_gone(struct iovm__page *p, uint64_t unused)
{
	p->present = false;
	(void)iovm__table_show(p);
	page_free(p);
}

static void page_out(struct iovm__page *p, uint64_t unused)
{
	p->present = false;
	(void)iovm__table_show(p);
}

static void page_prot(struct iovm__page *p, uint64_t prot)
{
	p->prot = (uint8_t)prot;
	(void)iovm__table_show(p);	/* what is present has its place in there */
}

static void page_since(struct iovm__page *p, uint64_t ordinal)
{
	p->since = ordinal;
}

/* ---- what the owner mapped ------------------------------------------------------------------------------------------------------ */

static struct iovm__vma *vma_find(struct iovm_sim_mm *mm, uint64_t addr)
{
	unsigned i;

	for (i = 0; i < mm->nvmas; i++)
		if (mm->vma[i].first <= addr && addr <= mm->vma[i].last)
			return &mm->vma[i];
	return NULL;
}

static bool vma_room(struct iovm_sim_mm *mm, unsigned more)
{
	unsigned want = mm->nvmas + more;
	struct iovm__vma *vma;

	if (want <= mm->vma_room)
		return true;
	vma = realloc(mm->vma, 2 * want * sizeof *vma);
	if (!vma)
		return false;
	mm->vma = vma;
	mm->vma_room = 2 * want;
	return true;
}

/* Take first..last out of what is mapped; room for one more was made */
static void vma_cut(struct iovm_sim_mm *mm, uint64_t first, uint64_t last)
{
	struct iovm__vma *v, tail;
	unsigned i;

	for (i = 0; i < mm->nvmas; i++) {
		v = &mm->vma[i];
		if (v->last < first || v->first > last)
			continue;
		tail = (struct iovm__vma){ .first = last + 1, .last = v->last, .prot = v->prot };
		if (v->first < first) {
			bool split = v->last > last;

			v->last = first - 1;
			if (split)
				mm->vma[mm->nvmas++] = tail;
		} else if (v->last > last) {
			v->first = last + 1;
		} else {
			*v = mm->vma[--mm->nvmas];
			i--;
		}
	}
}

/* ---- changes of the table ------------------------------------------------------------------------------------------------------- */

static unsigned span_begin(struct iovm_sim_mm *mm, uint64_t first, uint64_t last)
{
	if (mm->npending < IOVM__SPANS)
		mm->pending[mm->npending] = (struct iovm__span){ .first = first, .last = last };
	return mm->npending++;
}

static void span_lost(struct iovm_sim_mm *mm, uint64_t first, uint64_t last)
{
	bool none = mm->lost.first > mm->lost.last;

	if (none || first < mm->lost.first)
		mm->lost.first = first;
	if (none || last > mm->lost.last)
		mm->lost.last = last;
}

/* Nesting calls return in order, those of several threads in any: of equal spans one is as good as the other */
static int span_end(struct iovm_sim_mm *mm, uint64_t first, uint64_t last, int err)
{
	unsigned i = mm->npending;

	while (i > 0 && i <= IOVM__SPANS && (mm->pending[i - 1].first != first || mm->pending[i - 1].last != last))
		i--;
	if (mm->npending)
		mm->npending--;
	if (i > 0 && mm->npending < IOVM__SPANS)
		mm->pending[i - 1] = mm->pending[mm->npending];
	if (err && mm->watched)
		span_lost(mm, first, last);
	return err;
}

static uint64_t took_away(struct iovm_sim_mm *mm, uint64_t first, uint64_t last, uint32_t remain)
{
	return SIM_TRACE(mm->sim, UNMAP, .mm = mm->id, .pasid = IOVM_NO_PASID, .a = first, .b = last, .flags = (uint8_t)remain);
}

static int invalidate(struct iovm_sim_mm *mm, uint64_t first, uint64_t last)
{
	struct iovm_sim *sim = mm->sim;
	uint64_t id = mm->id;
	int err;

	span_begin(mm, first, last);
	err = SIM_CALL(sim, iovm_invalidate(sim->sys, mm, first, last));
	return mm->id == id ? span_end(mm, first, last, err) : err;
}

static void reload(struct iovm_sim_mm *mm, uint64_t first, uint64_t last, uint64_t ordinal)
{
	each_page(mm, first, last, page_since, ordinal);
}

int iovm_sim_mm_unmap(void *vmm, uint64_t first, uint64_t last)
{
	struct iovm_sim_mm *mm = vmm;

	if (first > last || !vma_room(mm, 1))
		return IOVM_E_INVAL;
	vma_cut(mm, first, last);
	each_page(mm, first, last, page_gone, 0);
	took_away(mm, first, last, 0);
	return invalidate(mm, first, last);
}

void iovm__mm_drop(struct iovm_sim_mm *mm, uint64_t first, uint64_t last)
{
	each_page(mm, first, last, page_out, 0);
	reload(mm, first, last, took_away(mm, first, last, 0));
	(void)invalidate(mm, first, last);
}

static bool anything_present(struct iovm_sim_mm *mm, uint64_t first, uint64_t last)
{
	unsigned i;

	for (i = 0; i < mm->nvmas; i++)
		if (mm->vma[i].first <= last && mm->vma[i].last >= first)
			return true;
	return false;
}

void *iovm_sim_mm_map(void *vmm, uint64_t first, uint64_t last, uint32_t prot)
{
	struct iovm_sim_mm *mm = vmm;

	if (first > last || mm->dead)
		return NULL;
	if (anything_present(mm, first, last))
		(void)iovm_sim_mm_unmap(mm, first, last);
	if (!vma_room(mm, 1))
		return NULL;
	mm->vma[mm->nvmas++] = (struct iovm__vma){ .first = first, .last = last, .prot = prot };
	return mm;
}

int iovm_sim_mm_protect(void *vmm, uint64_t first, uint64_t last, uint32_t prot)
{
	struct iovm_sim_mm *mm = vmm;
	uint32_t lost = 0;
	unsigned i;

	if (first > last || !vma_room(mm, 2))
		return IOVM_E_INVAL;
	for (i = 0; i < mm->nvmas; i++)
		if (mm->vma[i].first <= last && mm->vma[i].last >= first)
			lost |= mm->vma[i].prot & ~prot;
	vma_cut(mm, first, last);
	mm->vma[mm->nvmas++] = (struct iovm__vma){ .first = first, .last = last, .prot = prot };
	each_page(mm, first, last, page_prot, prot);
	if (lost)
		reload(mm, first, last, took_away(mm, first, last, prot));
	else
		SIM_TRACE(mm->sim, MAP, .mm = mm->id, .pasid = IOVM_NO_PASID, .a = first, .b = last, .flags = (uint8_t)prot);
	return invalidate(mm, first, last);	/* more rights, too: a TLB that knows the page without them would never ask again */
}

/* ---- page-in ---------------------------------------------------------------------------------------------------------------------- */

static int present(struct iovm_sim_mm *mm, uint64_t vpn, uint32_t prot)
{
	struct iovm__vma *vma = vma_find(mm, vpn << IOVM_PAGE_SHIFT);
	struct iovm__page *p;

	if (!vma || (vma->prot & prot) != prot)
		return IOVM_REFUSED;
	p = page_find(mm, vpn);
	if (p && p->present)
		return iovm__table_show(p) ? IOVM_DONE : IOVM_AGAIN;
	if (!p && iovm_sim_fault(mm->sim, 40, 64)) {
		iovm_sim_injected(mm->sim, 40, NULL);
		return IOVM_AGAIN;
	}
	if (!p)
		p = page_new(mm, vpn);
	if (!p)
		return IOVM_AGAIN;
	p->present = true;
	p->prot = (uint8_t)vma->prot;
	if (!iovm__table_show(p)) {
		p->present = false;
		return IOVM_AGAIN;
	}
	p->since = SIM_TRACE(mm->sim, MAP, .mm = mm->id, .pasid = IOVM_NO_PASID, .a = vpn << IOVM_PAGE_SHIFT,
			     .b = (vpn << IOVM_PAGE_SHIFT) | 4095, .flags = p->prot);
	return IOVM_DONE;
}

int iovm__mm_page_in(struct iovm_sim_mm *mm, const struct iovm_range *range)
{
	uint64_t vpn = range->first >> IOVM_PAGE_SHIFT, end = range->last >> IOVM_PAGE_SHIFT;
	int r = IOVM_DONE;

	if (mm->dead || (range->prot & IOVM_PRIV) || end - vpn >= IOVM_PRG_INDICES)
		return IOVM_REFUSED;
	for (; vpn <= end && r == IOVM_DONE; vpn++)
		r = present(mm, vpn, range->prot & (IOVM_READ | IOVM_WRITE | IOVM_EXEC));
	return r;
}

/* ---- the CPU's and the devices' accesses --------------------------------------------------------------------------------------------- */

static int cpu_access(struct iovm_sim_mm *mm, uint64_t addr, unsigned char *buf, size_t len, bool write)
{
	const struct iovm_range range = { .first = addr, .last = addr, .prot = write ? IOVM_WRITE : IOVM_READ };
	struct iovm__page *p;

	if (mm->backed)
		return mm->backing.access(mm->backing.ctx, addr, buf, len, write) > 0 ? 0 : IOVM_E_INVAL;
	if (iovm__mm_page_in(mm, &range) == IOVM_REFUSED)
		return IOVM_E_INVAL;
	p = page_find(mm, addr >> IOVM_PAGE_SHIFT);
	if (!p && !(p = page_new(mm, addr >> IOVM_PAGE_SHIFT)))	/* F40 is for devices: the CPU waits for memory */
		return IOVM_E_INVAL;
	if (write)
		memcpy(p->data + (addr & 4095), buf, len);
	else
		memcpy(buf, p->data + (addr & 4095), len);
	return 0;
}

static int cpu_accesses(struct iovm_sim_mm *mm, uint64_t addr, unsigned char *buf, size_t len, bool write)
{
	size_t n;
	int err;

	for (; len; len -= n, buf += n, addr += n) {
		n = 4096 - (size_t)(addr & 4095);
		if (n > len)
			n = len;
		err = cpu_access(mm, addr, buf, n, write);
		if (err)
			return err;
	}
	return 0;
}

int iovm_sim_mm_read(void *mm, uint64_t addr, void *buf, size_t len)
{
	return cpu_accesses(mm, addr, buf, len, false);
}

int iovm_sim_mm_write(void *mm, uint64_t addr, const void *buf, size_t len)
{
	return cpu_accesses(mm, addr, (unsigned char *)(uintptr_t)buf, len, true);
}

int iovm__mm_dma(const struct iovm__cached *t, uint64_t addr, void *buf, size_t len, bool write)
{
	struct iovm_sim_mm *mm = t->mm;
	struct iovm__page *p;

	if (mm->id != t->mm_id)
		return 1;
	if (mm->backed)
		return mm->backing.access(mm->backing.ctx, addr, buf, len, write) > 0 ? 0 : -1;
	p = page_find(mm, t->page);
	if (!p || p->born > t->walk)
		return 1;
	if (write)
		memcpy(p->data + (addr & 4095), buf, len);
	else
		memcpy(buf, p->data + (addr & 4095), len);
	return 0;
}

static bool within(const struct iovm__span *s, uint64_t addr)
{
	return s->first <= (addr | 4095) && addr <= s->last;
}

bool iovm__mm_stale(const struct iovm__cached *t, uint8_t need)
{
	const struct iovm_sim_mm *mm = t->mm;
	struct iovm__page *p;
	uint64_t addr = t->page << IOVM_PAGE_SHIFT;
	unsigned i;

	if (mm->id != t->mm_id)
		return true;
	if (within(&mm->lost, addr))
		return false;
	if (mm->exited)
		return true;
	p = page_find(t->mm, t->page);
	if (p && p->present && p->since <= t->walk && (p->prot & need) == need)
		return false;
	for (i = 0; i < mm->npending; i++)
		if (i >= IOVM__SPANS || within(&mm->pending[i], addr))
			return false;
	return true;
}

/* ---- its end --------------------------------------------------------------------------------------------------------------------------- */

int iovm_sim_mm_kill(void *vmm)
{
	struct iovm_sim_mm *mm = vmm;
	struct iovm_sim *sim = mm->sim;
	uint64_t id = mm->id;
	int err;

	mm->dead = true;
	span_begin(mm, 0, UINT64_MAX);
	err = SIM_CALL(sim, iovm_mm_exit(sim->sys, mm));
	if (mm->id != id)
		return err;
	span_end(mm, 0, UINT64_MAX, err);
	mm->exited |= !err;
	mm->nvmas = 0;
	if (mm->pages) {
		each_page(mm, 0, UINT64_MAX, page_gone, 0);
		took_away(mm, 0, UINT64_MAX, 0);
	}
	iovm__mm_release(mm);
	return err;
}

void iovm__mm_release(struct iovm_sim_mm *mm)
{
	struct iovm_sim *sim = mm->sim;

	if (!mm->put || mm->watched)
		return;
	while (mm->pages)
		page_free(mm->pages);
	if (mm->prev)
		mm->prev->next = mm->next;
	else
		sim->mms = mm->next;
	if (mm->next)
		mm->next->prev = mm->prev;
	mm->id = 0;
	mm->next = sim->mm_free;
	sim->mm_free = mm;
}

void iovm_sim_mm_put(void *vmm)
{
	struct iovm_sim_mm *mm = vmm;
	uint64_t id = mm->id;

	if (mm->watched && !mm->dead)
		(void)iovm_sim_mm_kill(mm);
	if (mm->id != id)
		return;
	mm->put = true;
	iovm__mm_release(mm);
}

void iovm_sim_mm_back(void *vmm, const struct iovm_sim_backing *backing)
{
	struct iovm_sim_mm *mm = vmm;

	mm->backed = true;
	mm->backing = *backing;
}

uint64_t iovm_sim_mm_id(const void *mm)
{
	return ((const struct iovm_sim_mm *)mm)->id;
}

bool iovm_sim_mm_watched(const void *mm)
{
	return ((const struct iovm_sim_mm *)mm)->watched;
}

void iovm__mm_fini(struct iovm_sim *sim)
{
	struct iovm__page *p;
	unsigned i, k;

	while (sim->mms) {
		sim->mms->put = true;
		sim->mms->watched = false;
		iovm__table_del(sim->mms);
		iovm__mm_release(sim->mms);
	}
	while ((p = sim->page_free) != NULL) {
		sim->page_free = p->next;
		free(p);
	}
	for (i = 0; i < sim->nchunks; i++) {
		for (k = 0; k < sim->chunk[i].n; k++)
			free(sim->chunk[i].mm[k].vma);
		free(sim->chunk[i].mm);
	}
}
