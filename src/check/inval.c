/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Invalidations as the IOMMUs saw them: I27 (0 only if every fence it needed completed well), I28 (TLB, fence, ATC, fence), I29 (what an ATC command
 * may name). dma.c judges the same promise from the other end: who still uses what.
 *
 * At INV_CALL every bond of the mm that walks and whose bind has returned becomes a part of the call. A part is done when TLB commands that cover the
 * range are fenced and, for a device with ATS, ATC commands in a later epoch that cover it, too. Commands of other callers count: the epochs are shared.
 */
#include "check/internal.h"

/*
 * Up to where; up to where before this epoch. Who hears of a failure asks anew, perhaps before the fence has been told, and others ask for the same:
 * any of them may be the one that succeeds.
 */
struct cover { struct cover *older; uint64_t next, restart, epoch; bool full, done; };
struct part { uint32_t bond; uint8_t iommu; bool ats, failed; struct cover tlb, atc; };
struct iovm__ck_inv {
	struct iovm__ck_inv *next;
	uint64_t mm, first, last, ordinal;
	uint32_t id;
	unsigned nparts;
	struct part part[];
};

static void begin(struct iovm_check *ck, struct cover *last, uint64_t first)
{
	struct cover *older = iovm__check_alloc(ck, sizeof *older);

	if (!older)
		return;
	*older = *last;
	*last = (struct cover){ .older = older, .next = first };
}

static void forget(struct cover *last)
{
	struct cover *c;

	while ((c = last->older)) {
		last->older = c->older;
		free(c);
	}
}

static void inv_free(struct iovm__ck_inv *inv)
{
	unsigned i;

	for (i = 0; i < inv->nparts; i++) {
		forget(&inv->part[i].tlb);
		forget(&inv->part[i].atc);
	}
	free(inv);
}

static bool full_before(const struct cover *c, uint64_t epoch)	/* UINT64_MAX: at all */
{
	while (c && !(c->full && c->epoch < epoch))
		c = c->older;
	return c;
}

static bool is_done(const struct cover *c)
{
	while (c && !c->done)
		c = c->older;
	return c;
}

static void call(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_bond *bond;
	struct iovm__ck_inv *inv;
	unsigned n = 0;

	for (bond = ck->all; bond; bond = bond->next)
		n += bond->ctx->mm == rec->mm;
	inv = iovm__check_alloc(ck, sizeof *inv + n * sizeof inv->part[0]);
	if (!inv)
		return;
	*inv = (struct iovm__ck_inv){ .next = ck->invs, .mm = rec->mm, .first = rec->a, .last = rec->b, .ordinal = ck->ordinal, .id = rec->id };
	for (bond = ck->all; bond; bond = bond->next) {
		if (bond->ctx->mm != rec->mm || !bond->walking || bond->ending || bond->ctx->exiting || (!bond->bound && bond->pasid != IOVM_NO_PASID))
			continue;
		inv->part[inv->nparts++] = (struct part){ .bond = bond->serial, .iommu = bond->dev->iommu,
			.ats = bond->dev->ats && !bond->dev->suspect, .tlb.next = rec->a, .atc.next = rec->a };
	}
	ck->invs = inv;
}

/* One command's range adds to what is covered; ranges come in ascending order */
static void cover(struct iovm_check *ck, struct cover *c, const struct iovm_trace *rec, const struct iovm__ck_inv *inv, uint64_t epoch)
{
	if (is_done(c))
		return;
	if (c->full && c->epoch != epoch && rec->a <= inv->first)
		begin(ck, c, inv->first);
	if (c->full || rec->a > c->next || rec->b < c->next)
		return;
	if (c->epoch != epoch)
		c->restart = c->next;
	c->epoch = epoch;
	c->full = rec->b >= inv->last;
	c->next = rec->b + !c->full;
}

static void completed(struct cover *c, struct part *part, uint64_t epoch, bool ok)
{
	for (; c; c = c->older) {
		if (c->epoch != epoch || c->done)
			continue;
		part->failed |= !ok;
		if (ok) {
			c->done = c->full;
		} else {
			c->next = c->restart;
			c->full = false;
		}
	}
}

static void command(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	uint64_t epoch = iovm__check_iommu(ck, rec->iommu)->epoch;
	struct iovm__ck_inv *inv;
	unsigned i;

	for (inv = ck->invs; inv; inv = inv->next)
		for (i = 0; i < inv->nparts; i++) {
			struct part *part = &inv->part[i];
			const struct iovm__ck_bond *bond = part->iommu == rec->iommu ? iovm__check_bond(ck, part->bond) : NULL;

			if (!bond)
				continue;
			if (rec->code == IOVM_CMD_TLB && bond->home && bond->home->asid == rec->id)
				cover(ck, &part->tlb, rec, inv, epoch);
			else if (rec->code == IOVM_CMD_ATC && bond->dev == dev && bond->pasid == rec->pasid && full_before(&part->tlb, epoch))
				cover(ck, &part->atc, rec, inv, epoch);
		}
}

/* Called before the fence leaves the list: its epoch is found there */
static void fence_done(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_iommu *iommu = iovm__check_iommu(ck, rec->iommu);
	struct iovm__ck_inv *inv;
	uint64_t epoch = 0;
	unsigned i;

	for (i = 0; i < iommu->nfences; i++)
		if (iommu->fences[i].ticket == rec->b)
			epoch = iommu->fences[i].epoch;
	if (!epoch)
		return;
	for (inv = ck->invs; inv; inv = inv->next)
		for (i = 0; i < inv->nparts; i++)
			if (inv->part[i].iommu == rec->iommu) {
				completed(&inv->part[i].tlb, &inv->part[i], epoch, !rec->code);
				completed(&inv->part[i].atc, &inv->part[i], epoch, !rec->code);
			}
}

static void judge_part(struct iovm_check *ck, const struct iovm__ck_inv *inv, const struct part *part)
{
	const struct iovm__ck_bond *bond = iovm__check_bond(ck, part->bond);
	const struct iovm__ck_dev *dev = bond ? bond->dev : NULL;
	bool ats;

	if (!bond || !bond->walking || bond->walk_at > inv->ordinal || bond->ending || bond->ctx->exiting || ck->iommu[part->iommu]->dead)
		return;
	ats = part->ats && dev->ats && dev->ats_since < inv->ordinal && !iovm__check_aborted(dev) && !iovm__check_stopped(dev) &&
		dev->cleared < inv->ordinal && (!dev->suspect || full_before(&part->atc, UINT64_MAX) || part->failed);	/* set to abort by another call: it holds nothing of use */
	IOVM__CHECKED(ck, 27);
	IOVM__CHECKED(ck, 28);
	if (!full_before(&part->tlb, UINT64_MAX) && !part->failed)
		iovm__check_fail(ck, 28, "invalidation %u returned without a TLB command for bond %u on IOMMU %u", (unsigned)inv->id,
			(unsigned)part->bond, (unsigned)part->iommu);
	else if (!is_done(&part->tlb))
		iovm__check_fail(ck, 27, "invalidation %u returned 0 before a fence behind its TLB commands for bond %u was done", (unsigned)inv->id,
			(unsigned)part->bond);
	else if (ats && !full_before(&part->atc, UINT64_MAX) && !part->failed)
		iovm__check_fail(ck, 28, "invalidation %u returned without ATC commands for bond %u (stream 0x%x) behind the TLB's fence",
			(unsigned)inv->id, (unsigned)part->bond, (unsigned)dev->stream_id);
	else if (ats && !is_done(&part->atc))
		iovm__check_fail(ck, 27, "invalidation %u returned 0 although stream 0x%x did not complete its ATC invalidation", (unsigned)inv->id,
			(unsigned)dev->stream_id);
}

static void ret(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_inv **at, *inv;
	unsigned i;

	for (at = &ck->invs; *at && (*at)->id != rec->id; at = &(*at)->next)
		;
	inv = *at;
	if (!inv)
		return;
	*at = inv->next;
	if (!rec->code) {
		for (i = 0; i < inv->nparts; i++)
			judge_part(ck, inv, &inv->part[i]);
		iovm__check_returned(ck, inv->mm, inv->first, inv->last, inv->ordinal);
	}
	inv_free(inv);
}

/* PCIe 10.3.1: one naturally aligned power of two, not below the function's STU; a wider PASID than the function has is answered UR, which looks like success */
static void atc_form(struct iovm_check *ck, const struct iovm_trace *rec)
{
	const struct iovm__ck_dev *dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
	uint64_t size = rec->b - rec->a + 1, least;

	if (rec->code != IOVM_CMD_ATC || !dev)
		return;
	IOVM__CHECKED(ck, 29);
	least = UINT64_C(1) << (IOVM_PAGE_SHIFT + (dev->stu & 31));
	if (size & (size - 1) || rec->a & (size - 1) || (size && size < least))
		iovm__check_fail(ck, 29, "ATC command 0x%llx..0x%llx for stream 0x%x, whose smallest unit is 0x%llx", (unsigned long long)rec->a,
			(unsigned long long)rec->b, (unsigned)rec->stream_id, (unsigned long long)least);
	else if (rec->pasid != IOVM_NO_PASID && dev->width && rec->pasid >> dev->width)
		iovm__check_fail(ck, 29, "ATC command with PASID %u for stream 0x%x, which has %u PASID bits", (unsigned)rec->pasid,
			(unsigned)rec->stream_id, (unsigned)dev->width);
}

void iovm__check_inval(struct iovm_check *ck, const struct iovm_trace *rec)
{
	switch (rec->event) {
	case IOVM_TR_INV_CALL: call(ck, rec); break;
	case IOVM_TR_INV_RET: ret(ck, rec); break;
	case IOVM_TR_FENCE_DONE:
		if (ck->invs)
			fence_done(ck, rec);
		break;
	case IOVM_TR_CMD:
		atc_form(ck, rec);
		if (ck->invs)
			command(ck, rec);
		break;
	}
}

void iovm__check_inval_fini(struct iovm_check *ck)
{
	struct iovm__ck_inv *inv;

	while ((inv = ck->invs)) {
		ck->invs = inv->next;
		inv_free(inv);
	}
}
