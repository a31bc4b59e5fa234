/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The servicer: one caller at a time per IOMMU. Work that others posted, then requests (poll, admit, group, serve, answer), then what drains; nothing here
 * allocates, takes a lock, or waits.
 *
 * The budget is for groups that go to a handler. A flood is refused without one, and would otherwise eat the others' share: what is refused, and members that
 * wait for their Last, do not count, but their number is bounded, too.
 *
 * While something can go on, the deadline is 0 and the bell is rung again before dispatch returns, so that no wake-up is lost. What waits for the command
 * queue to have room, or for a fence, cannot: it is looked at again after HARDWARE_NS, and budget is not returned for it (callers loop on that).
 */
#include "engine/engine.h"

enum { REFUSED_PER_SERVED = 8 };

struct turn {
	unsigned taken;		/* groups that went to a handler */
	unsigned polled;
	bool more;		/* requests that could be taken now */
	bool late;		/* one that the hardware has announced but not written; or an error that has to be looked at again */
	bool overflowed;
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One bite of the queue; false: it was the last */
static bool bite(struct iovm_iommu *iommu, unsigned budget, struct turn *t)
{
	unsigned room = iovm__answers_room(iommu), max = least(least(room, budget - t->taken), IOVM__BATCH), polled = 0;
	uint64_t before = iommu->consumed[0] + iommu->consumed[1], gone;
	uint32_t flags = 0;

	if (!max)
		return t->more = false;
	t->taken += iovm__pri_take(iommu, max, &polled, &flags);
	gone = iommu->consumed[0] + iommu->consumed[1] - before;	/* events that are no requests, too */
	t->polled += (unsigned)gone;
	iovm__pri_serve(iommu);
	if (flags & IOVM_POLL_OVERFLOW) {
		iovm__group_overflow(iommu);
		t->overflowed = true;
	}
	if (flags & IOVM_POLL_DEAD)
		store_rel(&iommu->dead, true);
	if (flags & IOVM_POLL_ERROR)
		iovm__submit_recover(iommu);
	iovm__answers_publish(iommu);
	iovm__submit_pump(iommu);
	t->more = gone && (polled == max || flags & IOVM_POLL_MORE);	/* an entry that is late is not to be spun for */
	t->late = flags & IOVM_POLL_ERROR || (!gone && flags & IOVM_POLL_MORE);
	return t->more;
}

static void take_requests(struct iovm_iommu *iommu, unsigned budget, struct turn *t)
{
	unsigned limit = budget < ~0u / REFUSED_PER_SERVED ? budget * REFUSED_PER_SERVED : ~0u;

	while (t->taken < budget && t->polled < limit && bite(iommu, budget, t))
		;
}

static void finish(struct iovm_iommu *iommu, uint64_t due, bool at_once)
{
	uint64_t age = iovm__group_deadline(iommu);

	iommu->due = at_once ? 0 : age < due ? age : due;
	iommu->dispatching = false;
	if (at_once && iommu->port->wake)
		iommu->port->wake(iommu->port->ctx, iommu);
}

int iovm_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget)
{
	struct turn t = { 0 };
	uint64_t due = UINT64_MAX;
	bool at_once, blocked, was_dead;

	if (!iommu || !budget)
		return IOVM_E_INVAL;
	if (iommu->dispatching)
		return IOVM_E_BUSY;
	iommu->dispatching = true;
	was_dead = load_acq(&iommu->dead);
	if (now > iommu->now)
		iommu->now = now;
	iommu->pri->cycle++;
	count_up(&iommu->count.dispatches, 1);
	iovm__submit_pump(iommu);
	iovm__work_run(iommu);
	blocked = iovm__pri_finished(iommu);
	if (!was_dead)
		take_requests(iommu, budget, &t);
	iovm__group_age(iommu);
	if (!blocked)	/* a finished group that waits for room still needs its bond */
		iovm__retire(iommu, t.overflowed, &due);
	iovm__answers_publish(iommu);
	iovm__submit_pump(iommu);
	at_once = t.more || due == 0 || load_sc(&iommu->inbox);
	if ((blocked || t.late || iovm__submit_pending(iommu) || !iovm__answers_room(iommu)) && due > iommu->now + IOVM__HARDWARE_NS)
		due = iommu->now + IOVM__HARDWARE_NS;
	TRACE(iommu->port, DISPATCH, .iommu = (uint8_t)iommu->index, .pasid = IOVM_NO_PASID, .code = at_once, .a = t.taken,
	      .b = iommu->consumed[0], .id = load_rlx(&iommu->queue.waiting));
	finish(iommu, due, at_once);
	if (!load_acq(&iommu->dead))
		return t.more ? (int)budget : (int)t.taken;
	if (!was_dead)
		iovm__notice(iommu, NULL, IOVM_IOMMU_DEAD, IOVM_NO_PASID, 0);
	return IOVM_E_DEAD;
}

uint64_t iovm_deadline(const struct iovm_iommu *iommu)
{
	return load_sc(&iommu->inbox) ? 0 : iommu->due;
}

int iovm_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome)
{
	unsigned index = (unsigned)(token >> 56);
	struct iovm_iommu *iommu = index < IOVM_MAX_IOMMUS ? load_acq(&sys->iommus[index]) : NULL;
	uint32_t serial = 0;
	int err;

	if ((unsigned)outcome > IOVM_AGAIN || outcome == IOVM_PENDING) {
		if (iommu)
			add_rlx(&iommu->count.bad_outcomes, 1);
		outcome = IOVM_REFUSED;
	}
	if (iommu && sys->port.trace)
		serial = iovm__token_serial(iommu, token);
	err = iommu ? iovm__token_done(iommu, token, outcome) : IOVM_E_STALE;
	if (err && iommu)
		add_rlx(&iommu->count.bad_tokens, 1);
	TRACE(&sys->port, DONE, .iommu = (uint8_t)index, .pasid = IOVM_NO_PASID, .id = serial, .code = (int16_t)err, .a = outcome);
	return err;
}
