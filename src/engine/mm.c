/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the host says about an address space: its tables changed, or it dies. Any thread, nothing allocated, no lock: notifiers count themselves in at the slot
 * (mmctx/slot.c), so that neither it nor a device that it leads to goes away under them.
 */
#include "engine/engine.h"

int iovm_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last)
{
	struct iovm__slot *slot;
	uint32_t serial = 0;
	unsigned side;
	int err = 0;

	if (first > last)
		return IOVM_E_INVAL;
	if (sys->port.trace)
		serial = add_rlx(&sys->invalidation_serial, 1) + 1;
	TRACE(&sys->port, INV_CALL, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .a = first, .b = last, .id = serial);
	fence_sc();	/* the caller's change to the table, before we look who uses it */
	slot = iovm__slot_enter(&sys->reg, mm, &side);
	if (slot) {
		if (load_sc(&slot->state) != IOVM__SLOT_QUIET) {
			add_rlx(&sys->invalidations, 1);
			err = iovm__inval_slot(slot, first, last);
		}
		iovm__slot_leave(slot, side);
	}
	TRACE(&sys->port, INV_RET, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .a = first, .b = last, .id = serial, .code = (int16_t)err);
	return err;
}

void iovm__bond_died(struct iovm__bond *b)
{
	unsigned live = IOVM__BOND_LIVE, none = IOVM__SHUTDOWN_NONE;

	(void)cas_sc(&b->state, &live, (unsigned)IOVM__BOND_DYING);
	if (live != IOVM__BOND_LIVE && live != IOVM__BOND_DYING)
		return;
	if (cas_ar(&b->shutdown, &none, (unsigned)IOVM__SHUTDOWN_DUE))
		iovm__work_post(load_rlx(&b->dev)->iommu, &b->work, IOVM__WORK_SHUTDOWN);
}

/* No bond of the slot goes live from here on; a bind in the middle finds its bond DYING and undoes it, without a callback */
static void mark_bonds(struct iovm__slot *slot)
{
	struct iovm__bond *b;

	for (b = load_acq(&slot->bonds); b; b = b->next) {
		unsigned state = IOVM__BOND_BINDING;

		if (load_acq(&b->state) == IOVM__BOND_BINDING)
			store_rel(&b->shutdown, (unsigned)IOVM__SHUTDOWN_CANCELLED);
		if (!cas_sc(&b->state, &state, (unsigned)IOVM__BOND_DYING) && state == IOVM__BOND_LIVE) {
			store_rel(&b->shutdown, (unsigned)IOVM__SHUTDOWN_NONE);
			(void)cas_sc(&b->state, &state, (unsigned)IOVM__BOND_DYING);
		}
	}
}

static int cut_all(struct iovm__slot *slot)
{
	int err;

	fence_sc();
	mark_bonds(slot);
	err = iovm__cut_slot(slot);	/* again, too: who is second owes the same guarantee */
	iovm__slot_quiet(slot);
	return err;
}

static int slot_dies(struct iovm__slot *slot)
{
	struct iovm__bond *b;
	unsigned live = IOVM__SLOT_LIVE;
	int err = 0;

	store_sc(&slot->dead, true);
	(void)cas_sc(&slot->state, &live, (unsigned)IOVM__SLOT_DYING);
	if (live != IOVM__SLOT_QUIET)
		err = cut_all(slot);
	for (b = load_acq(&slot->bonds); b; b = b->next)	/* the first one may still wait: whoever is through tells the drivers */
		if (load_acq(&b->state) == IOVM__BOND_DYING)
			iovm__bond_died(b);
	return err;
}

int iovm_mm_exit(struct iovm *sys, void *mm)
{
	struct iovm__slot *slot;
	uint32_t context = 0;
	unsigned side;
	int err = 0;

	slot = iovm__slot_enter(&sys->reg, mm, &side);
	if (slot)
		context = load_rlx(&slot->context);
	TRACE(&sys->port, EXIT_CALL, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .context = context);
	add_rlx(&sys->mm_exits, 1);
	if (slot) {
		err = slot_dies(slot);
		iovm__slot_leave(slot, side);
	}
	TRACE(&sys->port, EXIT_RET, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .context = context, .code = (int16_t)err);
	return err;
}
