/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Slots, their users, and the bonds that servicers find.
 *
 * Users. A notifier reads the side, counts itself in there (seq_cst), then looks at the slot again. The way out first writes what it wants seen (a bond ENDED, the
 * hash entry gone), then waits: the other side empty (stragglers of an earlier flip), flip, the side we left empty. A notifier whose increment comes after
 * our look at its side sees what we wrote, since both are seq_cst; one whose increment came before is waited for. New ones go to the new side, so the
 * wait ends with those who were there. Only one grace runs on a slot at a time.
 */
#include "mmctx/slot.h"

struct iovm__slot *iovm__slot_enter(const struct iovm__registry *reg, const void *mm, unsigned *side)
{
	struct iovm__slot *slot;
	unsigned turn, state;

	for (turn = 0; turn < 4; turn++) {	/* the hash entry moves at most once while mm lives */
		slot = iovm__hash_find(reg, mm);
		if (!slot)
			return NULL;
		*side = load_sc(&slot->side) & 1;
		add_sc(&slot->users[*side], 1);
		state = load_sc(&slot->state);
		if (load_sc(&slot->mm) == mm && state != IOVM__SLOT_FREE && state != IOVM__SLOT_ENDING)
			return slot;
		iovm__slot_leave(slot, *side);
	}
	return NULL;
}

void iovm__slot_leave(struct iovm__slot *slot, unsigned side)
{
	sub_sc(&slot->users[side], 1);
}

bool iovm__slot_grace(struct iovm__slot *slot, unsigned *step)
{
	unsigned idle = 0, side;

	if (*step == 0) {
		if (!cas_sc(&slot->grace_busy, &idle, 1u))
			return false;
		*step = 1;
	}
	side = load_sc(&slot->side) & 1;
	if (*step == 1) {
		if (load_sc(&slot->users[side ^ 1]))
			return false;
		store_sc(&slot->side, side ^ 1);
		side ^= 1;
		*step = 2;
	}
	if (load_sc(&slot->users[side ^ 1]))
		return false;
	*step = 0;
	store_sc(&slot->grace_busy, 0u);
	return true;
}

void iovm__slot_push_bond(struct iovm__slot *slot, struct iovm__bond *bond)
{
	bond->next = load_rlx(&slot->bonds);
	store_sc(&slot->bonds, bond);
}

void iovm__slot_push_domain(struct iovm__slot *slot, struct iovm__domain *domain)
{
	domain->next = load_rlx(&slot->domains);
	store_sc(&slot->domains, domain);
}

struct iovm__domain *iovm__slot_domain(struct iovm__slot *slot, const struct iovm_iommu *iommu)
{
	struct iovm__domain *d = load_acq(&slot->domains);

	while (d && !(load_acq(&d->asid) && d->iommu == iommu))
		d = d->next;
	return d;
}

struct iovm__bond *iovm__slot_bond(struct iovm__slot *slot, const struct iovm_device *dev)
{
	struct iovm__bond *b = load_acq(&slot->bonds);

	while (b && !(load_acq(&b->state) != IOVM__BOND_FREE && load_rlx(&b->dev) == dev))
		b = b->next;
	return b;
}

/* ---- what servicers find ----------------------------------------------------------------------------------------------------------- */

struct iovm__bond *iovm__bond_find(const struct iovm_iommu *iommu, const struct iovm_device *dev, uint32_t pasid)
{
	struct iovm__bond *b = load_acq(&iommu->bonds[iovm__bond_bucket(iommu, dev, pasid)]);

	while (b && !(load_rlx(&b->pasid) == pasid && load_rlx(&b->dev) == dev && load_acq(&b->state) == IOVM__BOND_LIVE))
		b = load_acq(&b->hash_next);
	return b;
}

bool iovm__bond_going(const struct iovm_iommu *iommu, const struct iovm_device *dev, uint32_t pasid)
{
	struct iovm__bond *b = load_acq(&iommu->bonds[iovm__bond_bucket(iommu, dev, pasid)]);

	while (b && !(load_rlx(&b->pasid) == pasid && load_rlx(&b->dev) == dev))
		b = load_acq(&b->hash_next);
	return b != NULL;
}

/* Two lists of the same kind: pushed at the head by mutators, taken out anywhere by the one servicer */
#define PUSH(head_, node_, link_) do { \
	struct iovm__bond *first_ = load_rlx(head_); \
	do \
		store_rlx(&(node_)->link_, first_); \
	while (!cas_ar(head_, &first_, node_)); \
} while (0)

#define TAKE_OUT(head_, node_, link_) do { \
	struct iovm__bond *first_ = (node_), *at_; \
	if (!cas_ar(head_, &first_, load_rlx(&(node_)->link_))) { \
		for (at_ = first_; load_rlx(&at_->link_) != (node_); at_ = load_rlx(&at_->link_)) \
			IOVM_ASSERT(load_rlx(&at_->link_) != NULL); \
		store_rel(&at_->link_, load_rlx(&(node_)->link_)); \
	} \
} while (0)

void iovm__bond_publish(struct iovm_iommu *iommu, struct iovm__bond *bond)
{
	struct iovm_device *dev = load_rlx(&bond->dev);

	PUSH(&iommu->bonds[iovm__bond_bucket(iommu, dev, load_rlx(&bond->pasid))], bond, hash_next);
	PUSH(&dev->bonds, bond, dev_next);
}

void iovm__bond_withdraw(struct iovm_iommu *iommu, struct iovm__bond *bond)
{
	struct iovm_device *dev = load_rlx(&bond->dev);

	TAKE_OUT(&iommu->bonds[iovm__bond_bucket(iommu, dev, load_rlx(&bond->pasid))], bond, hash_next);
	TAKE_OUT(&dev->bonds, bond, dev_next);
}
