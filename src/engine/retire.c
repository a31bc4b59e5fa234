/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The way out, one list of steps for unbind, death, detach, removal and quarantine. It runs on the servicer of the bond's IOMMU, from dispatch, and waits for
 * nothing: a step that cannot go on is tried in a later dispatch.
 *
 *   SNAPSHOT   newest() of both queues, once, after the cut (after an overflow once more, at most twice)
 *   CONSUME    until everything before it was consumed
 *   CLEAN      forget partial groups, answer groups that the host has; out of the hash: from here on nothing finds the bond
 *   RESUMED    of a device that stalls: until the answers are carried out. An access that is being terminated may still complete if a page becomes valid in time
 *              (IHI 0070, 3.12.2.2), so nothing may become valid in the bond's place before
 *   TELL       UNBOUND, the bond's last word
 *   RECUT      only if the cut had failed: the PASID is in quarantine; once its device is no suspect any more the cut is made again, then SNAPSHOT again
 *   GRACE      notifiers that may still look at it
 *
 * The last bond of a slot to end retires the slot: tokens back, earlier slot of the mm ended, unpublished, grace; then ASIDs and PASID are free, and unwatch.
 */
#include "engine/engine.h"

enum { SNAPSHOT, CONSUME, CLEAN, RESUMED, TELL, RECUT, GRACE };
enum { TOKENS, UNPUBLISH, SLOT_GRACE };
enum { SOON = 1000000 };	/* ns; what somebody else must do first is looked at again after so long */

/* ---- callbacks ---------------------------------------------------------------------------------------------------------------------- */

static void call_back(struct iovm_iommu *iommu, struct iovm__bond *b, enum iovm_bond_event event)
{
	struct iovm_device *dev = load_rlx(&b->dev);
	void *mm = load_rlx(&b->slot->mm);
	const struct iovm_trace ids = { .stream_id = dev->fn.stream_ids[0], .mm = (uint64_t)(uintptr_t)mm, .pasid = b->slot->pasid,
					.bond = b->serial, .context = load_rlx(&b->slot->context) };

	if (!b->cb)
		return;
	TRACE(iommu->port, CB_IN, .iommu = (uint8_t)iommu->index, .stream_id = ids.stream_id, .mm = ids.mm, .pasid = ids.pasid,
	      .bond = ids.bond, .context = ids.context, .code = (int16_t)event);
	count_up(event == IOVM_SHUTDOWN ? &iommu->count.shutdowns : &iommu->count.unbounds, 1);
	b->cb(dev, mm, event, b->arg);
	TRACE(iommu->port, CB_OUT, .iommu = (uint8_t)iommu->index, .stream_id = ids.stream_id, .mm = ids.mm, .pasid = ids.pasid,
	      .bond = ids.bond, .context = ids.context, .code = (int16_t)event);
}

void iovm__bond_run(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits)
{
	struct iovm__bond *b = (struct iovm__bond *)((char *)work - offsetof(struct iovm__bond, work));
	unsigned due = IOVM__SHUTDOWN_DUE;

	if (bits & IOVM__WORK_DRAIN) {
		b->drain_next = iommu->draining;
		iommu->draining = b;
	}
	if (bits & IOVM__WORK_SHUTDOWN && cas_ar(&b->shutdown, &due, (unsigned)IOVM__SHUTDOWN_CLAIMED))
		call_back(iommu, b, IOVM_SHUTDOWN);
}

/* ---- one bond ----------------------------------------------------------------------------------------------------------------------- */

static bool snapshot(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	b->snap_cut = load_acq(&b->cut) == IOVM__CUT_DONE;
	iommu->be.newest(iommu->hw, b->snap);
	b->snapshots++;
	TRACE(iommu->port, SNAPSHOT, .iommu = (uint8_t)iommu->index, .stream_id = load_rlx(&b->dev)->fn.stream_ids[0],
	      .pasid = b->slot->pasid, .bond = b->serial, .context = load_rlx(&b->slot->context), .a = b->snap[0], .b = b->snap[1]);
	b->step = CONSUME;
	return true;
}

static bool consumed(const struct iovm_iommu *iommu, const uint64_t snap[2])
{
	return load_acq(&iommu->dead) || (iommu->consumed[0] >= snap[0] && iommu->consumed[1] >= snap[1]);
}

static bool clean(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	iovm__group_forget(iommu, b);
	if (!iovm__pri_orphan(iommu, b, false))
		return false;
	b->step = RESUMED;
	return true;
}

/* Answers go before all else, so a fence behind any command is one behind them. How it ends says nothing of them: they were consumed */
static bool resumed(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);

	if (dev->fn.stall && !load_acq(&iommu->dead)) {
		if (!b->posted) {
			iovm__answers_publish(iommu);
			b->cmd[0] = (struct iovm_cmd){ .op = IOVM_CMD_ENTRY, .pasid = load_rlx(&b->pasid), .fn = &dev->fn };
			iovm__submit_post(iommu, &b->batch, b->cmd, 1, false);
			b->posted = true;
		}
		if (iovm__submit_poll(iommu, &b->batch) == 0)
			return false;
	}
	b->posted = false;
	b->step = TELL;
	return true;
}

static bool tell(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	if (load_rlx(&b->state) == IOVM__BOND_LEAVING) {	/* not again after a repeated cut */
		iovm__bond_withdraw(iommu, b);
		store_sc(&b->state, (unsigned)IOVM__BOND_ENDED);
		call_back(iommu, b, IOVM_UNBOUND);
	}
	if (load_acq(&b->cut) != IOVM__CUT_DONE)
		b->step = RECUT;
	else	/* somebody else's cut may have been done after our snapshot */
		b->step = b->snap_cut ? GRACE : SNAPSHOT;
	return true;
}

static void quarantine(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);

	b->told_quarantine = true;
	if (add_ar(&b->slot->quarantined, 1u) == 0 && !iovm__is_entry0(b->slot))
		add_ar(&iommu->sys->quarantined, 1u);
	TRACE(iommu->port, QUARANTINE, .iommu = (uint8_t)iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = b->slot->pasid,
	      .bond = b->serial, .context = load_rlx(&b->slot->context));
	iovm__notice(iommu, dev, IOVM_QUARANTINED, b->slot->pasid, 0);
}

static void release(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	iovm__cut_note(b, 0);
	b->told_quarantine = false;
	if (sub_ar(&b->slot->quarantined, 1u) == 1 && !iovm__is_entry0(b->slot))
		sub_ar(&iommu->sys->quarantined, 1u);
	TRACE(iommu->port, RELEASE, .iommu = (uint8_t)iommu->index, .stream_id = load_rlx(&b->dev)->fn.stream_ids[0],
	      .pasid = b->slot->pasid, .bond = b->serial, .context = load_rlx(&b->slot->context));
	iovm__slot_quiet(b->slot);
	b->step = SNAPSHOT;
	b->snapshots = 0;
}

/* The IOMMU has taken note that the streams abort. Who waited for that command before may have taken it back: then once more. */
static bool aborted(struct iovm_iommu *iommu, struct iovm_device *dev)
{
	int err;

	if (load_acq(&iommu->dead) || iovm__device_aborted(dev))
		return true;
	if (load_acq(&dev->abort_batch.state) == IOVM__BATCH_DEAD)
		iovm__submit_post(iommu, &dev->abort_batch, &dev->abort_cmd, 1, false);
	err = iovm__submit_poll(iommu, &dev->abort_batch);
	if (err == IOVM_E_HARDWARE || err == IOVM_E_ATC)	/* of a fence that was shared: it says nothing of our command */
		iovm__submit_post(iommu, &dev->abort_batch, &dev->abort_cmd, 1, true);
	return false;
}

/*
 * A suspect is waited for until it was reset. One that is gone nobody waits for, also if it was blamed only after its removal. One that was deleted nobody
 * resets: it reaches nothing once its streams abort
 */
static bool is_suspect(struct iovm_iommu *iommu, struct iovm_device *dev)
{
	unsigned state = iovm__device_state(dev);

	return (state & (IOVM__DEV_SUSPECT | IOVM__DEV_GONE)) == IOVM__DEV_SUSPECT && !(state & IOVM__DEV_DYING && aborted(iommu, dev));
}

/* Post the cut again once its device is no suspect any more (reset_done and gone ring the bell); its ticket is looked at in later dispatches */
static bool recut(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);
	int err;

	if (!b->told_quarantine)
		quarantine(iommu, b);
	if (load_acq(&iommu->dead)) {	/* nothing gets through it any more */
		release(iommu, b);
		return true;
	}
	if (!b->posted) {
		if (is_suspect(iommu, dev) || iommu->now < b->retry_at)
			return false;
		iovm__submit_post(iommu, &b->batch, b->cmd, iovm__cut_commands(b, b->cmd), true);
		b->posted = true;
	}
	err = iovm__submit_poll(iommu, &b->batch);
	if (err == 0)
		return false;
	b->posted = false;
	b->retry_at = iommu->now + SOON;
	if (err == 1)
		release(iommu, b);
	else if (err == IOVM_E_ATC)
		(void)iovm__device_suspect(dev, load_rlx(&b->batch.ticket));
	return err == 1;
}

static void slot_ended(struct iovm_iommu *iommu, struct iovm__slot *slot);

static void bond_ended(struct iovm_iommu *iommu, struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);
	struct iovm__slot *slot = b->slot;
	struct iovm *sys = iommu->sys;

	TRACE(iommu->port, BOND_END, .iommu = (uint8_t)iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = slot->pasid,
	      .bond = b->serial, .context = load_rlx(&slot->context));
	if (!iovm__is_entry0(slot)) {
		sub_ar(&dev->pasid_bonds, 1u);
		sub_ar(&sys->bonds, 1u);
	}
	b->cb = NULL;
	store_sc(&b->state, (unsigned)IOVM__BOND_FREE);	/* from here on the next bind of this slot may use it */
	sub_ar(&dev->holds, 1u);
	if (sub_ar(&slot->nbonds, 1u) == 1)
		slot_ended(iommu, slot);
}

/* Whether the bond went on; *ended: it is off the list */
static bool drain_step(struct iovm_iommu *iommu, struct iovm__bond *b, bool *ended)
{
	switch (b->step) {
	case SNAPSHOT:
		return snapshot(iommu, b);
	case CONSUME:
		if (consumed(iommu, b->snap))
			b->step = CLEAN;
		return b->step == CLEAN;
	case CLEAN:
		return clean(iommu, b);
	case RESUMED:
		return resumed(iommu, b);
	case TELL:
		return tell(iommu, b);
	case RECUT:
		return recut(iommu, b);
	default:
		*ended = iovm__slot_grace(b->slot, &b->grace);
		return false;
	}
}

/* ---- one slot ------------------------------------------------------------------------------------------------------------------------ */

static void slot_ended(struct iovm_iommu *iommu, struct iovm__slot *slot)
{
	slot->step = TOKENS;
	slot->grace = 0;
	store_sc(&slot->retirer, iommu);
	slot->next = iommu->retiring;
	iommu->retiring = slot;
}

static bool before_ended(const struct iovm__slot *slot)
{
	const struct iovm__slot *before = slot->before;

	return !before || load_acq(&before->context) != slot->before_context || load_acq(&before->state) == IOVM__SLOT_FREE;
}

static void release_ids(struct iovm *sys, struct iovm__slot *slot)
{
	struct iovm__domain *d;

	for (d = load_acq(&slot->domains); d; d = d->next) {
		uint32_t asid = load_rlx(&d->asid);

		if (!asid)
			continue;	/* never used, or passed over to a later slot of the mm */
		store_sc(&d->asid, 0u);
		iovm__bitmap_release(iovm__asids_of(d->iommu, &slot->table), asid);
	}
	if (iovm__is_entry0(slot))
		return;
	TRACE(&sys->port, FREE, .pasid = slot->pasid, .context = load_rlx(&slot->context));
	add_rlx(&sys->pasids_freed, 1);
	iovm__bitmap_release(sys->pasids, slot->pasid);
}

static void slot_free(struct iovm *sys, struct iovm__slot *slot)
{
	void *mm = load_rlx(&slot->mm);
	bool watched = slot->unwatching || xchg_ar(&slot->watch, (unsigned)IOVM__WATCH_BUSY) == IOVM__WATCH_ON;

	release_ids(sys, slot);
	if (watched) {
		TRACE(&sys->port, UNWATCH, .mm = (uint64_t)(uintptr_t)mm, .pasid = IOVM_NO_PASID, .context = load_rlx(&slot->context));
		sys->mm.unwatch(sys->mm.ctx, mm);
	}
	iovm__hash_remove(&sys->reg, slot, mm);	/* a bind that found it until now waits */
	store_sc(&slot->state, (unsigned)IOVM__SLOT_FREE);
	store_sc(&slot->mm, NULL);
	sub_ar(&sys->slots_used, 1u);
	slot->next = load_rlx(&sys->ended_slots);
	while (!cas_ar(&sys->ended_slots, &slot->next, slot))
		;
}

static bool slot_step(struct iovm *sys, struct iovm__slot *slot)	/* true: it ended */
{
	unsigned on = IOVM__WATCH_ON;

	if (slot->step == TOKENS) {
		if (load_sc(&slot->tokens) || !before_ended(slot))
			return false;
		slot->step = UNPUBLISH;
	}
	if (slot->step == UNPUBLISH) {
		slot->unwatching = cas_ar(&slot->watch, &on, (unsigned)IOVM__WATCH_BUSY);	/* from here on nobody takes over */
		store_sc(&slot->state, (unsigned)IOVM__SLOT_ENDING);
		slot->step = SLOT_GRACE;
	}
	if (!iovm__slot_grace(slot, &slot->grace))
		return false;
	slot_free(sys, slot);
	return true;
}

/* ---- one device ------------------------------------------------------------------------------------------------------------------------ */

static void forget_device(struct iovm_iommu *iommu, struct iovm_device *dev)
{
	unsigned state = iovm__device_state(dev);
	bool all = state & (IOVM__DEV_GONE | IOVM__DEV_DYING);
	struct iovm__bond *b;

	dev->score = 0;
	iovm__group_reset(iommu, dev, all, all ? IOVM_TRC_GONE : IOVM_TRC_RESET);
	for (b = load_acq(&dev->bonds); b; b = load_acq(&b->dev_next))
		if (!iovm__pri_orphan(iommu, b, !all)) {	/* no room for the answers of others: again in the next dispatch */
			iovm__work_post(iommu, &dev->work, IOVM__WORK_RESET);
			return;
		}
}

void iovm__device_run(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits)
{
	struct iovm_device *dev = (struct iovm_device *)((char *)work - offsetof(struct iovm_device, work));

	if (bits & IOVM__WORK_RESET) {
		iovm__ignore_older(iommu, dev);
		forget_device(iommu, dev);
	}
	if (bits & IOVM__WORK_END) {
		dev->end_step = SNAPSHOT;
		dev->trim_next = iommu->ending;
		iommu->ending = dev;
	}
}

static bool device_step(struct iovm_iommu *iommu, struct iovm_device *dev)	/* true: it ended */
{
	unsigned i;

	if (dev->end_step == SNAPSHOT) {
		if (!aborted(iommu, dev))
			return false;
		iommu->be.newest(iommu->hw, dev->end_snap);
		dev->end_step = CONSUME;
	}
	if (!consumed(iommu, dev->end_snap) || load_acq(&dev->holds) || load_acq(&dev->work.bits))
		return false;
	iovm__group_reset(iommu, dev, true, IOVM_TRC_GONE);
	for (i = 0; i < dev->fn.nstream_ids; i++)
		iovm__stream_remove(iommu, &dev->streams[i]);
	dev->trim_next = load_rlx(&iommu->sys->ended_devices);
	while (!cas_ar(&iommu->sys->ended_devices, &dev->trim_next, dev))
		;
	return true;
}

/* ---- all of them ------------------------------------------------------------------------------------------------------------------------ */

bool iovm__retiring(const struct iovm_iommu *iommu)
{
	return iommu->draining || iommu->retiring || iommu->ending;
}

/* When it is worth looking at it again; 0: at once */
static uint64_t bond_due(const struct iovm_iommu *iommu, const struct iovm__bond *b)
{
	if (b->step == RESUMED)
		return iommu->now + IOVM__HARDWARE_NS;
	if (b->step == GRACE || b->posted)
		return iommu->now + SOON;
	if (b->step != RECUT)
		return 0;
	return (iovm__device_state(load_rlx(&b->dev)) & (IOVM__DEV_SUSPECT | IOVM__DEV_DYING | IOVM__DEV_GONE)) == IOVM__DEV_SUSPECT ? UINT64_MAX : b->retry_at;
}

static uint64_t slot_due(const struct iovm_iommu *iommu, const struct iovm__slot *slot)
{
	return slot->step == TOKENS && load_acq(&slot->tokens) ? UINT64_MAX : iommu->now + SOON;	/* the last token back rings the bell */
}

static void sooner(uint64_t *due, uint64_t other)
{
	if (other < *due)
		*due = other;
}

static void retire_bonds(struct iovm_iommu *iommu, bool overflowed, uint64_t *due)
{
	struct iovm__bond **link = &iommu->draining, *b;

	while ((b = *link) != NULL) {
		bool ended = false;

		if (overflowed && b->step == CONSUME && b->snapshots < 2)
			b->step = SNAPSHOT;
		while (drain_step(iommu, b, &ended))
			;
		if (ended) {
			*link = b->drain_next;
			bond_ended(iommu, b);
			continue;
		}
		sooner(due, bond_due(iommu, b));
		link = &b->drain_next;
	}
}

void iovm__retire(struct iovm_iommu *iommu, bool overflowed, uint64_t *due)
{
	struct iovm__slot **slot = &iommu->retiring;
	struct iovm_device **dev = &iommu->ending, *d;

	retire_bonds(iommu, overflowed, due);
	while (*slot) {
		struct iovm__slot *s = *slot, *next = s->next;

		if (slot_step(iommu->sys, s)) {
			*slot = next;
			continue;
		}
		sooner(due, slot_due(iommu, s));
		slot = &s->next;
	}
	while ((d = *dev) != NULL) {
		struct iovm_device *next = d->trim_next;

		if (device_step(iommu, d)) {
			*dev = next;
			continue;
		}
		sooner(due, iommu->now + SOON);
		dev = &d->trim_next;
	}
}
