/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Binding, unbinding and death.
 *
 * bind: publish mm -> slot, call watch without the lock, publish the bond BINDING, full fence, entry valid, ENTRY and fence, CAS BINDING -> LIVE.
 * death: slot DYING, full fence, CAS every bond to DYING, cut them, SHUTDOWN to the servicers. Either death sees the bond, or bind's CAS finds it DYING; then
 * bind cuts what it made and the bond drains without a callback.
 * unbind: count to 0 and LEAVING under the lock, cut without it, drain on the servicer.
 *
 * Slots and domains are space.c's; the way out is retire.c's.
 */
#include "engine/engine.h"

/* ---- one bond -------------------------------------------------------------------------------------------------------------------- */

static struct iovm__bond *bond_node(struct iovm *sys, struct iovm__slot *slot)
{
	struct iovm__bond *b = load_rlx(&slot->bonds);

	while (b && load_acq(&b->state) != IOVM__BOND_FREE)
		b = b->next;
	if (b)
		return b;
	b = iovm__alloc(sys, sizeof *b);
	if (!b)
		return NULL;
	b->slot = slot;
	b->work.run = iovm__bond_run;
	iovm__slot_push_bond(slot, b);
	return b;
}

static uint64_t top_of(const struct iovm_iommu *iommu, const struct iovm__slot *slot)
{
	uint64_t limit = iommu->be.address_bits >= 64 ? UINT64_MAX : ((uint64_t)1 << iommu->be.address_bits) - 1;

	return slot->table.top < limit ? slot->table.top : limit;
}

static void bond_begin(struct iovm *sys, struct iovm__bond *b, struct iovm__domain *d, const struct iovm__want *w)
{
	store_rlx(&b->dev, w->dev);
	store_rlx(&b->pasid, b->slot->pasid);
	b->domain = d;
	b->serial = ++sys->bond_serial;
	b->table_top = top_of(w->dev->iommu, b->slot);
	b->repeats = 0;
	b->cb = w->cb;
	b->arg = w->arg;
	b->count = 0;	/* nobody's to unbind before it is live */
	b->step = b->snapshots = b->grace = 0;
	b->told_quarantine = b->posted = false;
	store_rlx(&b->shutdown, (unsigned)IOVM__SHUTDOWN_NONE);
	store_rlx(&b->cut, (unsigned)IOVM__CUT_NOT_YET);
	w->dev->iommu->be.newest(w->dev->iommu->hw, b->since);	/* what was asked before is not for this owner */
	d->live++;
	b->slot->live++;
	add_ar(&b->slot->nbonds, 1u);
	add_ar(&w->dev->holds, 1u);
	if (!w->entry0) {
		add_ar(&w->dev->pasid_bonds, 1u);
		add_ar(&sys->bonds, 1u);
	}
	store_sc(&b->state, (unsigned)IOVM__BOND_BINDING);
	fence_sc();	/* a notifier that missed us changed the table before our first walk */
}

/* The entry could not be written: nothing but invalidations ever saw this bond */
static void bond_undo(struct iovm *sys, struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);

	b->domain->live--;
	b->slot->live--;
	b->count = 0;
	if (!iovm__is_entry0(b->slot)) {
		sub_ar(&dev->pasid_bonds, 1u);
		sub_ar(&sys->bonds, 1u);
	}
	sub_ar(&b->slot->nbonds, 1u);
	sub_ar(&dev->holds, 1u);	/* the bind itself still holds it */
	store_sc(&b->state, (unsigned)IOVM__BOND_FREE);
	iovm__domain_undo(b->slot, b->domain);
}

/* 1: a step of several; 0: the entry walks; or an error */
static int write_entry(struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);
	struct iovm_iommu *iommu = dev->iommu;
	uint32_t asid = load_rlx(&b->domain->asid);
	int more = iommu->be.entry(iommu->hw, &dev->fn, load_rlx(&b->pasid), IOVM_TO_WALK, &b->slot->table, asid);

	if (!more)
		TRACE(iommu->port, ENTRY, .iommu = (uint8_t)iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = load_rlx(&b->pasid),
		      .bond = b->serial, .context = load_rlx(&b->slot->context), .code = IOVM_TO_WALK, .id = asid);
	return more;
}

/* The IOMMU may have cached that there was nothing */
static int announce_entry(struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);
	const struct iovm_cmd changed = { .op = IOVM_CMD_ENTRY, .pasid = load_rlx(&b->pasid), .fn = &dev->fn };
	struct iovm__batch batch;
	unsigned turn = 0;

	iovm__submit_post(dev->iommu, &batch, &changed, 1, false);
	return iovm__submit_settle(dev->iommu, &batch, &turn);
}

/*
 * The mm died before it could see that we were BINDING: nobody has told this bond, and if its cut comes by now, it comes too early. So it is DYING by our own hand, has
 * no entry, and is undone like one that was told (go_live). The fence is between our BINDING and this look; mm_exit's between dead and its look at the bonds.
 */
static bool passed_by(const struct iovm__slot *slot, struct iovm__bond *b)
{
	unsigned binding = IOVM__BOND_BINDING;

	if (!load_sc(&slot->dead))
		return false;
	(void)cas_sc(&b->state, &binding, (unsigned)IOVM__BOND_DYING);
	return true;
}

/* Under the lock: everything up to the entry's first step; *more: it takes another one */
static int bond_make(struct iovm *sys, struct iovm__slot *slot, const struct iovm__want *w, struct iovm__bond **out, int *more)
{
	struct iovm_iommu *iommu = w->dev->iommu;
	struct iovm__domain *d;
	struct iovm__bond *b = bond_node(sys, slot);
	int err;

	if (!b)
		return IOVM_E_NO_MEMORY;
	err = iovm__domain_get(sys, slot, iommu, &d);
	if (err)
		return err;
	bond_begin(sys, b, d, w);
	*more = passed_by(slot, b) ? 0 : write_entry(b);
	if (*more < 0) {
		bond_undo(sys, b);
		return *more;
	}
	iovm__bond_publish(iommu, b);
	*out = b;
	return 0;
}

/* ---- bind ------------------------------------------------------------------------------------------------------------------------- */

enum { AGAIN = 1 };	/* somebody else is in the middle of it */

static int check_device(const struct iovm__want *w)
{
	unsigned state = iovm__device_state(w->dev);

	if (state & (IOVM__DEV_DYING | IOVM__DEV_GONE))
		return IOVM_E_NOT_READY;
	if (w->entry0)
		return 0;
	if (!(state & IOVM__DEV_READY))
		return IOVM_E_NOT_READY;
	return w->dev->fn.pasid_bits ? 0 : IOVM_E_UNSUPPORTED;
}

/* dev is bound to this mm already? 0: no; a PASID: once more; BUSY, EXISTS, MM_DEAD, AGAIN */
static int bind_once_more(struct iovm__slot *slot, const struct iovm__want *w, struct iovm__bond **out)
{
	struct iovm__bond *b = iovm__slot_bond(slot, w->dev);

	if (!b)
		return 0;
	switch (load_acq(&b->state)) {
	case IOVM__BOND_BINDING:
		return AGAIN;
	case IOVM__BOND_LIVE:
		if (w->entry0 || b->cb != w->cb || b->arg != w->arg)
			return IOVM_E_EXISTS;
		b->count++;
		*out = b;
		return 0;
	case IOVM__BOND_DYING:
		return load_acq(&slot->dead) ? IOVM_E_MM_DEAD : IOVM_E_BUSY;
	default:
		return IOVM_E_BUSY;
	}
}

/* Find or make the slot. *fresh: it has no bond yet but ours. AGAIN: look again after a turn */
static int find_slot(struct iovm *sys, const struct iovm__want *w, struct iovm__slot **out, struct iovm__bond **more)
{
	struct iovm__slot *old = iovm__hash_find(&sys->reg, w->mm), *slot = NULL;
	unsigned state = old ? load_acq(&old->state) : IOVM__SLOT_FREE;
	int err;

	*more = NULL;
	if (state == IOVM__SLOT_ENDING && load_acq(&old->watch) == IOVM__WATCH_BUSY)
		return AGAIN;	/* it is being unwatched */
	if (old && load_acq(&old->dead))	/* after its state: mm_exit says dead first, and a dead slot that drains still has its drivers' bonds */
		return IOVM_E_MM_DEAD;
	if (state == IOVM__SLOT_LIVE) {
		if (iovm__is_entry0(old) != w->entry0)
			return IOVM_E_EXISTS;
		if (load_acq(&old->watch) == IOVM__WATCH_BUSY)
			return AGAIN;
		if (!w->entry0 && !iovm__pasid_fits(sys, w->dev, old->pasid))
			return IOVM_E_PASID_WIDTH;
		*out = old;
		return bind_once_more(old, w, more);
	}
	err = iovm__slot_new(sys, w, &slot);
	if (err)
		return err;
	if (old && !iovm__slot_take_over(sys, slot, old)) {
		iovm__slot_undo(sys, slot);
		return AGAIN;
	}
	iovm__hash_add(&sys->reg, slot);
	*out = slot;
	return 0;
}

/* First bind of an mm: report its changes from now on. Gives the lock up for the call. */
static int watch(struct iovm *sys, struct iovm__slot *slot, void *mm)
{
	int err;

	if (load_rlx(&slot->watch) != IOVM__WATCH_NONE)
		return 0;
	store_rel(&slot->watch, (unsigned)IOVM__WATCH_BUSY);
	iovm__unlock(sys);
	err = sys->mm.watch(sys->mm.ctx, mm, &slot->table);
	iovm__lock(sys);
	TRACE(&sys->port, WATCH, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .context = load_rlx(&slot->context), .code = (int16_t)err);
	store_rel(&slot->watch, (unsigned)(err ? IOVM__WATCH_NONE : IOVM__WATCH_ON));
	return err;
}

/* The last steps, without the lock: the IOMMU takes note, and the bond goes live unless its mm died meanwhile. Then it drains, without a callback. */
static int go_live(struct iovm *sys, struct iovm__bond *b, int more)
{
	unsigned binding = IOVM__BOND_BINDING;
	int err = announce_entry(b);

	while (!err && more && load_acq(&b->state) == IOVM__BOND_BINDING) {
		more = write_entry(b);
		err = more < 0 ? more : announce_entry(b);
	}
	iovm__lock(sys);
	if (!err && !cas_sc(&b->state, &binding, (unsigned)IOVM__BOND_LIVE))
		err = IOVM_E_MM_DEAD;
	if (!err) {
		b->count = 1;
		iovm__unlock(sys);
		return 0;
	}
	b->cb = NULL;
	iovm__cut_anew(b);	/* its death may have cut it before we stored the entry */
	(void)iovm__unbind(b);
	return err;
}

/* What the caller may know of the bond: once it is live, another thread may end it */
static void note_bound(struct iovm__bound *out, struct iovm__bond *b)
{
	if (b)
		*out = (struct iovm__bound){ .bond = b, .serial = b->serial, .pasid = b->slot->pasid, .count = b->count ? b->count : 1,
					     .context = load_rlx(&b->slot->context) };
}

/* A slot that came to nothing. Gives the lock up for the call. */
static void undo_slot(struct iovm *sys, struct iovm__slot *slot, void *mm)
{
	if (iovm__slot_undo_begin(sys, slot)) {
		iovm__unlock(sys);
		sys->mm.unwatch(sys->mm.ctx, mm);
		iovm__lock(sys);
	}
	iovm__slot_undo(sys, slot);
}

/* One attempt under the lock, which it gives back */
static int bind_try(struct iovm *sys, const struct iovm__want *w, struct iovm__bound *out)
{
	struct iovm__slot *slot = NULL;
	struct iovm__bond *more = NULL, *b = NULL;
	int err = check_device(w), step = 0;

	if (!err)
		err = find_slot(sys, w, &slot, &more);
	if (err || more) {
		note_bound(out, more);
		iovm__unlock(sys);
		return err;
	}
	err = watch(sys, slot, w->mm);
	if (!err && load_acq(&slot->dead))
		err = IOVM_E_MM_DEAD;
	if (!err)
		err = bond_make(sys, slot, w, &b, &step);
	if (err && !load_acq(&slot->nbonds))
		undo_slot(sys, slot, w->mm);
	note_bound(out, b);
	iovm__unlock(sys);
	if (err)
		return err;
	return go_live(sys, b, step);
}

int iovm__bind(const struct iovm__want *w, struct iovm__bound *out)
{
	struct iovm *sys = w->dev->iommu->sys;
	unsigned turn;
	int err;

	add_ar(&w->dev->holds, 1u);
	for (turn = 0;; turn++) {
		iovm__lock(sys);
		iovm__trim(sys);
		err = bind_try(sys, w, out);
		if (err != AGAIN)
			break;
		if (!sys->port.wait(sys->port.ctx, turn)) {
			err = IOVM_E_BUSY;
			break;
		}
	}
	sub_ar(&w->dev->holds, 1u);
	return err;
}

int iovm_bind_mm(struct iovm_device *dev, void *mm, iovm_bond_cb *cb, void *arg)
{
	const struct iovm__want want = { .dev = dev, .mm = mm, .cb = cb, .arg = arg };
	struct iovm__bound bound = { 0 };
	struct iovm *sys;
	int err;

	if (!dev || !mm)
		return IOVM_E_INVAL;
	sys = dev->iommu->sys;
	TRACE(&sys->port, BIND_CALL, .iommu = (uint8_t)dev->iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = IOVM_NO_PASID,
	      .mm = (uint64_t)(uintptr_t)mm);
	err = iovm__bind(&want, &bound);
	if (err)
		bound = (struct iovm__bound){ .pasid = IOVM_NO_PASID };
	else
		add_rlx(&sys->binds, 1);
	TRACE(&sys->port, BIND_RET, .iommu = (uint8_t)dev->iommu->index, .stream_id = dev->fn.stream_ids[0], .mm = (uint64_t)(uintptr_t)mm,
	      .pasid = bound.pasid, .bond = bound.serial, .context = bound.context, .id = bound.count, .code = (int16_t)err, .a = cb != NULL);
	return err ? err : (int)bound.pasid;
}

/* ---- unbind ----------------------------------------------------------------------------------------------------------------------- */

void iovm__slot_quiet(struct iovm__slot *slot)
{
	unsigned dying = IOVM__SLOT_DYING;
	struct iovm__bond *b;

	for (b = load_acq(&slot->bonds); b; b = b->next) {
		unsigned state = load_sc(&b->state);

		if (state == IOVM__BOND_BINDING || state == IOVM__BOND_LIVE)
			return;
		if (state != IOVM__BOND_FREE && load_acq(&b->cut) != IOVM__CUT_DONE)
			return;
	}
	(void)cas_sc(&slot->state, &dying, (unsigned)IOVM__SLOT_QUIET);
}

static void bond_leave(struct iovm__bond *b)	/* LEAVING, from wherever it is */
{
	unsigned state = load_acq(&b->state);

	while (!cas_sc(&b->state, &state, (unsigned)IOVM__BOND_LEAVING))
		;
}

int iovm__unbind(struct iovm__bond *b)
{
	struct iovm__slot *slot = b->slot;
	struct iovm_iommu *iommu = load_rlx(&b->dev)->iommu;
	bool last = --slot->live == 0;
	unsigned due = IOVM__SHUTDOWN_DUE, live = IOVM__SLOT_LIVE;
	int err = 0;

	if (!cas_ar(&b->shutdown, &due, (unsigned)IOVM__SHUTDOWN_CANCELLED) && due == IOVM__SHUTDOWN_NONE)
		store_rel(&b->shutdown, (unsigned)IOVM__SHUTDOWN_CANCELLED);
	b->domain->live--;
	if (last)
		(void)cas_sc(&slot->state, &live, (unsigned)IOVM__SLOT_DYING);
	bond_leave(b);
	iovm__unlock(iommu->sys);
	if (load_acq(&b->cut) == IOVM__CUT_NOT_YET || load_acq(&b->cut) == IOVM__CUT_ANEW)
		err = iovm__cut_bond(b);
	else if (load_acq(&b->cut) == IOVM__CUT_FAILED)	/* its death could not cut it: the drain tries again */
		err = IOVM_E_TIMEDOUT;
	if (last)
		iovm__slot_quiet(slot);
	iovm__work_post(iommu, &b->work, IOVM__WORK_DRAIN);
	return err;
}

static struct iovm__bond *find_bound(struct iovm *sys, struct iovm_device *dev, const void *mm)
{
	struct iovm__slot *slot = iovm__hash_find(&sys->reg, mm);
	struct iovm__bond *b = slot ? iovm__slot_bond(slot, dev) : NULL;

	return b && b->count && !iovm__is_entry0(slot) && load_acq(&b->state) != IOVM__BOND_BINDING ? b : NULL;
}

int iovm_unbind_mm(struct iovm_device *dev, void *mm)
{
	struct iovm__bond *b;
	struct iovm *sys;
	struct iovm_trace ids;
	int err = 0;

	if (!dev || !mm)
		return IOVM_E_INVAL;
	sys = dev->iommu->sys;
	iovm__lock(sys);
	iovm__trim(sys);
	b = find_bound(sys, dev, mm);
	if (!b) {
		iovm__unlock(sys);
		return IOVM_E_NOT_BOUND;
	}
	b->count--;
	add_rlx(&sys->unbinds, 1);
	ids = (struct iovm_trace){ .id = b->count, .bond = b->serial, .context = load_rlx(&b->slot->context), .pasid = b->slot->pasid };
	TRACE(&sys->port, UNBIND_CALL, .iommu = (uint8_t)dev->iommu->index, .stream_id = dev->fn.stream_ids[0], .mm = (uint64_t)(uintptr_t)mm,
	      .pasid = ids.pasid, .bond = ids.bond, .context = ids.context, .id = ids.id);
	if (b->count)
		iovm__unlock(sys);
	else
		err = iovm__unbind(b);
	TRACE(&sys->port, UNBIND_RET, .iommu = (uint8_t)dev->iommu->index, .stream_id = dev->fn.stream_ids[0], .mm = (uint64_t)(uintptr_t)mm,
	      .pasid = ids.pasid, .bond = ids.bond, .context = ids.context, .id = ids.id, .code = (int16_t)err);
	return err;
}
