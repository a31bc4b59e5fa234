/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Who still translates: I26 (nothing older than an invalidation that returned, nothing of an mm that was unwatched) and I41 (nothing of a bond that was
 * cut). Rogues, who use what they were told to forget, are the machine's finding, not the engine's fault.
 *
 * Per mm a table remembers, page by page, when the newest invalidation that returned 0 was called; longer ranges stand in a short list. Both have a
 * fixed size and forget the oldest: that can miss a fault of long ago, never invent one.
 */
#include "check/internal.h"
#include "base/bits.h"

#define PAGES 1024u	/* entries of a space's table */
#define RANGES 16u	/* longer ranges */
#define SHORT 32u	/* pages; beyond it a range goes to the list */

struct page { uint64_t page, called; };
struct range { uint64_t first, last, called; };
struct iovm__ck_mm {
	unsigned watched, ranges;
	struct range range[RANGES];
	struct page page[PAGES];
};

static struct page *page_of(struct iovm__ck_mm *mm, uint64_t page)
{
	return &mm->page[bits_mix(page * 0xd6e8feb86659fd93u) & (PAGES - 1)];
}

void iovm__check_returned(struct iovm_check *ck, uint64_t id, uint64_t first, uint64_t last, uint64_t called)
{
	struct iovm__ck_mm *mm = map_get(&ck->mms, id);
	uint64_t at, end = last >> IOVM_PAGE_SHIFT;
	struct page *page;

	if (!mm)
		return;
	if (end - (first >> IOVM_PAGE_SHIFT) >= SHORT) {
		mm->range[mm->ranges++ % RANGES] = (struct range){ first, last, called };
		return;
	}
	for (at = first >> IOVM_PAGE_SHIFT; at <= end; at++) {
		page = page_of(mm, at);
		if (page->page != at || page->called < called)
			*page = (struct page){ at, called };
	}
}

static uint64_t newest(struct iovm__ck_mm *mm, uint64_t addr)
{
	const struct page *page = page_of(mm, addr >> IOVM_PAGE_SHIFT);
	uint64_t called = page->page == addr >> IOVM_PAGE_SHIFT ? page->called : 0;
	unsigned i;

	for (i = 0; i < RANGES && i < mm->ranges; i++)
		if (mm->range[i].first <= addr && addr <= mm->range[i].last && called < mm->range[i].called)
			called = mm->range[i].called;
	return called;
}

static void age(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_mm *mm = map_get(&ck->mms, rec->mm);
	uint64_t called = mm ? newest(mm, rec->a) : 0;

	if (!mm && rec->mm) {
		IOVM__CHECKED(ck, 26);
		iovm__check_fail(ck, 26, "stream 0x%x reaches 0x%llx of an mm that is not watched", (unsigned)rec->stream_id, (unsigned long long)rec->a);
	}
	if (!called)
		return;
	IOVM__CHECKED(ck, 26);
	if (rec->b < called)
		iovm__check_fail(ck, 26, "stream 0x%x, PASID %d uses for 0x%llx what it fetched at record %llu; the invalidation of record %llu has returned",
			(unsigned)rec->stream_id, (int)rec->pasid, (unsigned long long)rec->a, (unsigned long long)rec->b, (unsigned long long)called);
}

static void reach(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	const struct iovm__ck_bond *bond = iovm__check_bond_at(ck, dev, rec->pasid);

	if (rec->pasid == IOVM_NO_PASID || !dev || (rec->event == IOVM_TR_WALK && dev->confirmed))	/* looked up for who is stopped at the bus: it reaches nobody */
		return;
	IOVM__CHECKED(ck, 41);
	if (!bond || bond->cut)
		iovm__check_fail(ck, 41, "stream 0x%x translates 0x%llx under PASID %u after %s", (unsigned)rec->stream_id, (unsigned long long)rec->a,
			(unsigned)rec->pasid, bond ? "its bond was cut" : "its bond has ended");
}

static void watch(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_mm *mm = map_get(&ck->mms, rec->mm);

	if (rec->code || mm || !rec->mm)
		return;
	mm = iovm__check_alloc(ck, sizeof *mm);
	if (mm)
		ck->no_memory |= !map_put(&ck->mms, rec->mm, mm);
}

void iovm__check_dma(struct iovm_check *ck, const struct iovm_trace *rec)
{
	switch (rec->event) {
	case IOVM_TR_WATCH: watch(ck, rec); break;
	case IOVM_TR_UNWATCH: free(map_take(&ck->mms, rec->mm)); break;
	case IOVM_TR_WALK: reach(ck, rec); break;
	case IOVM_TR_DMA:
		if (rec->code)
			break;
		reach(ck, rec);
		age(ck, rec);
		break;
	}
}

void iovm__check_dma_fini(struct iovm_check *ck)
{
	map_fini(&ck->mms, free);
}
