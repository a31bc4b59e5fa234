/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The slot of an address space, and its domains (the space on one IOMMU: an ASID): made, taken over, undone. All under port.lock.
 *
 * A mm that is bound again while its old slot still drains gets a new slot and a new PASID; its place in the hash, its table, its watch and a pinned ASID pass over to
 * it. A new slot that comes to nothing gives watch and place back, if the old one still wants them. The way out is retire.c's.
 */
#include "engine/engine.h"

/* ---- slots ---------------------------------------------------------------------------------------------------------------------- */

static uint32_t ids_of(unsigned bits)
{
	return (uint32_t)1 << bits;
}

static unsigned width_of(const struct iovm *sys, const struct iovm_device *dev)
{
	unsigned bits = sys->pasid_bits;

	if (dev->fn.pasid_bits < bits)
		bits = dev->fn.pasid_bits;
	return dev->iommu->be.pasid_bits < bits ? dev->iommu->be.pasid_bits : bits;
}

bool iovm__pasid_fits(const struct iovm *sys, const struct iovm_device *dev, uint32_t pasid)
{
	return pasid < ids_of(width_of(sys, dev));
}

/* Ids that the narrowest device cannot carry are used up first */
static long claim_pasid(struct iovm *sys, const struct iovm_device *dev)
{
	unsigned width = width_of(sys, dev), narrow = sys->narrowest < width ? sys->narrowest : width;
	long id = IOVM_E_NO_PASID;

	if (!width)
		return IOVM_E_NO_PASID;
	if (narrow < width)
		id = iovm__bitmap_claim(sys->pasids, ids_of(narrow), ids_of(width) - 1);
	return id > 0 ? id : iovm__bitmap_claim(sys->pasids, 1, ids_of(narrow) - 1);
}

int iovm__slot_new(struct iovm *sys, const struct iovm__want *w, struct iovm__slot **out)
{
	struct iovm__slot *slot = sys->free_slots;
	long pasid = IOVM_NO_PASID;

	if (!slot)
		return IOVM_E_FULL;
	if (!w->entry0) {
		pasid = claim_pasid(sys, w->dev);
		if (pasid < 0)
			return (int)pasid;
	}
	sys->free_slots = slot->next;
	slot->next = NULL;
	slot->pasid = (uint32_t)pasid;
	slot->table = (struct iovm_table){ .asid = IOVM_ASID_ANY, .top = UINT64_MAX };
	slot->before = NULL;
	slot->live = slot->step = slot->grace = 0;
	store_rlx(&slot->retirer, NULL);
	store_rlx(&slot->dead, false);
	store_rlx(&slot->watch, (unsigned)IOVM__WATCH_NONE);
	store_rlx(&slot->context, ++sys->context_serial);
	store_sc(&slot->state, (unsigned)IOVM__SLOT_LIVE);
	store_sc(&slot->mm, w->mm);
	add_ar(&sys->slots_used, 1u);
	if (!w->entry0) {
		add_rlx(&sys->pasids_allocated, 1);
		TRACE(&sys->port, ALLOC, .pasid = slot->pasid, .context = load_rlx(&slot->context));
	}
	*out = slot;
	return 0;
}

bool iovm__slot_undo_begin(struct iovm *sys, struct iovm__slot *slot)
{
	unsigned passed = IOVM__WATCH_PASSED;
	void *mm = load_rlx(&slot->mm);

	if (load_rlx(&slot->watch) != IOVM__WATCH_ON)
		return false;
	if (slot->before && cas_ar(&slot->before->watch, &passed, (unsigned)IOVM__WATCH_ON)) {
		iovm__hash_remove(&sys->reg, slot, mm);
		iovm__hash_add(&sys->reg, slot->before);	/* the earlier slot still drains: it has its watch and its place back */
		store_rel(&slot->watch, (unsigned)IOVM__WATCH_NONE);
		return false;
	}
	store_rel(&slot->watch, (unsigned)IOVM__WATCH_BUSY);	/* a bind that finds it waits: the next watch comes after this unwatch */
	store_sc(&slot->state, (unsigned)IOVM__SLOT_ENDING);
	TRACE(&sys->port, UNWATCH, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .context = load_rlx(&slot->context));
	return true;
}

void iovm__slot_undo(struct iovm *sys, struct iovm__slot *slot)
{
	iovm__hash_remove(&sys->reg, slot, load_rlx(&slot->mm));
	if (!iovm__is_entry0(slot)) {
		TRACE(&sys->port, FREE, .pasid = slot->pasid, .context = load_rlx(&slot->context));
		add_rlx(&sys->pasids_freed, 1);
		iovm__bitmap_release(sys->pasids, slot->pasid);
	}
	store_sc(&slot->state, (unsigned)IOVM__SLOT_FREE);
	store_sc(&slot->mm, NULL);
	sub_ar(&sys->slots_used, 1u);
	slot->next = sys->undone_slots;	/* notifiers may stand in it: free after their grace (trim) */
	sys->undone_slots = slot;
}

bool iovm__slot_take_over(struct iovm *sys, struct iovm__slot *slot, struct iovm__slot *old)
{
	unsigned on = IOVM__WATCH_ON;

	if (!cas_ar(&old->watch, &on, (unsigned)IOVM__WATCH_PASSED))
		return false;
	slot->table = old->table;
	slot->before = old;
	slot->before_context = load_rlx(&old->context);
	store_rlx(&slot->watch, (unsigned)IOVM__WATCH_ON);
	iovm__hash_remove(&sys->reg, old, load_rlx(&old->mm));
	return true;
}

/* ---- on one IOMMU ---------------------------------------------------------------------------------------------------------------- */

struct iovm__bitmap *iovm__asids_of(struct iovm_iommu *iommu, const struct iovm_table *table)
{
	return table->format == IOVM_TABLE_AARCH64_S2 ? iommu->vmids : iommu->asids;
}

/* A pinned ASID that the mm's earlier slot still has passes over once that slot is cut off */
static bool take_over_asid(struct iovm__slot *slot, struct iovm_iommu *iommu, uint32_t asid)
{
	struct iovm__domain *d = slot->before ? iovm__slot_domain(slot->before, iommu) : NULL;

	if (!d || load_rlx(&d->asid) != asid || load_acq(&slot->before->state) != IOVM__SLOT_QUIET)
		return false;
	store_sc(&d->asid, 0u);
	return true;
}

static int claim_asid(struct iovm__slot *slot, struct iovm_iommu *iommu, uint32_t *asid)
{
	uint32_t pinned = slot->table.asid;
	struct iovm__bitmap *ids = iovm__asids_of(iommu, &slot->table);
	long id;

	if (pinned == 0 || slot->table.format == 0 || !iommu->be.coherent)	/* incoherent walks would read stale tables */
		return IOVM_E_FORMAT;
	id = pinned == IOVM_ASID_ANY ? iovm__bitmap_claim(ids, 1, UINT32_MAX) : iovm__bitmap_claim(ids, pinned, pinned);
	if (id <= 0 && pinned != IOVM_ASID_ANY) {
		if (take_over_asid(slot, iommu, pinned))
			id = pinned;
		else if (slot->before)
			return IOVM_E_BUSY;
	}
	*asid = (uint32_t)id;
	return id > 0 ? 0 : IOVM_E_NO_ASID;
}

int iovm__domain_get(struct iovm *sys, struct iovm__slot *slot, struct iovm_iommu *iommu, struct iovm__domain **out)
{
	struct iovm__domain *d = iovm__slot_domain(slot, iommu), *node;
	uint32_t asid;
	int err;

	if (d) {
		*out = d;
		return 0;
	}
	for (node = load_rlx(&slot->domains); node && load_rlx(&node->asid); node = node->next)
		;
	d = node ? node : iovm__alloc(sys, sizeof *d);
	if (!d)
		return IOVM_E_NO_MEMORY;
	if (!node)
		iovm__slot_push_domain(slot, d);
	err = claim_asid(slot, iommu, &asid);
	if (err)
		return err;
	d->iommu = iommu;
	d->live = 0;
	store_sc(&d->asid, asid);
	*out = d;
	return 0;
}

void iovm__domain_undo(struct iovm__slot *slot, struct iovm__domain *d)
{
	uint32_t asid = load_rlx(&d->asid);

	if (d->live)
		return;
	store_sc(&d->asid, 0u);
	iovm__bitmap_release(iovm__asids_of(d->iommu, &slot->table), asid);
}
