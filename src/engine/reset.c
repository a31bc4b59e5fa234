/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A device is reset, or it is gone. Both set its stream entries to abort first; what it had asked for is closed without an answer (SUPPRESS; a stall is the
 * SMMU's and is given back all the same, RESUME), and what it held is void: a reset clears the ATC and every capability (PCIe 6.6.2, 10.3.x), so nothing
 * waits for it any more, and a quarantine that it caused can end.
 */
#include "engine/engine.h"

static void note_position(struct iovm_device *dev)
{
	uint64_t pos[2] = { 0, 0 };

	dev->iommu->be.newest(dev->iommu->hw, pos);
	store_rlx(&dev->reset_position[0], (unsigned long)pos[0]);
	store_rlx(&dev->reset_position[1], (unsigned long)pos[1]);
}

static int take(struct iovm_device *dev, unsigned set, unsigned wanted)
{
	struct iovm *sys = dev->iommu->sys;
	int err = 0;

	iovm__lock(sys);
	iovm__trim(sys);
	if (dev->busy)
		err = IOVM_E_BUSY;
	else if (iovm__device_state(dev) & (IOVM__DEV_DYING | IOVM__DEV_GONE) || (iovm__device_state(dev) & set) != wanted)
		err = IOVM_E_INVAL;
	else
		dev->busy = true;
	iovm__unlock(sys);
	return err;
}

static void give(struct iovm_device *dev)
{
	iovm__lock(dev->iommu->sys);
	dev->busy = false;
	iovm__unlock(dev->iommu->sys);
}

int iovm_device_reset_begin(struct iovm_device *dev)
{
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	err = take(dev, IOVM__DEV_RESETTING, 0);
	if (err)
		return err;
	iovm__device_trace(dev, IOVM_TRD_RESET_BEGIN);
	if (!iovm__device_abort(dev, IOVM__DEV_RESETTING))
		iovm__device_abort_stored(dev);
	add_ar(&dev->epoch, 1u);	/* what the host still has of it is answered to nobody */
	err = iovm__device_sync(dev);
	note_position(dev);
	iovm__work_post(dev->iommu, &dev->work, IOVM__WORK_RESET);
	give(dev);
	return err;
}

/*
 * Lift what the reset cured. Not what came meanwhile: who was removed stays so, and who was stopped at the bus is stopped after the reset. False: it stays aborted,
 * and the command of the abort, which restore() took back, is posted again.
 */
static bool lift(struct iovm_device *dev, unsigned before)
{
	unsigned state = iovm__device_state(dev);

	__atomic_store_n(&dev->fn.aborted, false, __ATOMIC_RELAXED);	/* first: who aborts it from now on says true after us */
	do
		if (state & IOVM__DEV_GONE || state & ~before & IOVM__DEV_STOPPED) {
			iovm__device_abort_streams(dev);
			return false;
		}
	while (!cas_ar(&dev->state, &state, state & ~(unsigned)(IOVM__DEV_ABORTED | IOVM__DEV_STOPPED)));
	return true;
}

/* The reset switched everything off at the device; say so to the IOMMU, then switch on again what was on */
static int restore(struct iovm_device *dev)
{
	unsigned before = iovm__device_state(dev);
	int err;

	if (load_acq(&dev->abort_batch.state) == IOVM__BATCH_PENDING)	/* ours again before the next abort posts it */
		(void)iovm__submit_wait(dev->iommu, &dev->abort_batch);
	add_ar(&dev->abort_serial, 1u);	/* who sees the next abort's flag shall not take this one's command for that one's */
	store_rel(&dev->abort_batch.state, (unsigned)IOVM__BATCH_PENDING);
	and_ar(&dev->state, ~(unsigned)(IOVM__DEV_ATS | (dev->fn.stall ? 0 : IOVM__DEV_PRI)));
	dev->fn.ats = false;
	if (!lift(dev, before))
		return iovm__device_state(dev) & IOVM__DEV_GONE ? IOVM_E_INVAL : IOVM_E_TIMEDOUT;
	err = iovm__device_sync(dev);
	if (!err && before & IOVM__DEV_READY)
		err = iovm__device_caps_on(dev);
	else if (!err && dev->ats_wanted)
		err = iovm__device_ats_on(dev);
	if (!err && iovm__device_state(dev) & IOVM__DEV_ABORTED)	/* it failed somebody again while it was switched on */
		err = IOVM_E_TIMEDOUT;
	return err;
}

int iovm_device_reset_done(struct iovm_device *dev, bool ok)
{
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	err = take(dev, IOVM__DEV_RESETTING, IOVM__DEV_RESETTING);
	if (err)
		return err;
	note_position(dev);
	iovm__work_post(dev->iommu, &dev->work, IOVM__WORK_RESET);
	if (ok)
		err = restore(dev);
	if (!ok || err) {
		(void)iovm__device_abort(dev, IOVM__DEV_FENCED);
		and_ar(&dev->state, ~(unsigned)IOVM__DEV_RESETTING);
	}
	iovm__device_trace(dev, ok && !err ? IOVM_TRD_RESET_DONE : IOVM_TRD_RESET_FAILED);
	if (dev->iommu->port->wake)	/* what waited for this device in quarantine */
		dev->iommu->port->wake(dev->iommu->port->ctx, dev->iommu);
	give(dev);
	return err;
}

int iovm_device_gone(struct iovm_device *dev)
{
	struct iovm__bond *b;
	struct iovm *sys;

	if (!dev)
		return IOVM_E_INVAL;
	sys = dev->iommu->sys;
	iovm__lock(sys);
	iovm__trim(sys);
	if (iovm__device_state(dev) & (IOVM__DEV_DYING | IOVM__DEV_GONE)) {
		iovm__unlock(sys);
		return 0;
	}
	iovm__device_trace(dev, IOVM_TRD_GONE);
	(void)iovm__device_abort(dev, IOVM__DEV_GONE);
	and_ar(&dev->state, ~(unsigned)IOVM__DEV_SUSPECT);
	add_ar(&dev->epoch, 1u);
	for (b = load_acq(&dev->bonds); b; b = load_acq(&b->dev_next))
		if (load_rlx(&b->pasid) != IOVM_NO_PASID)
			iovm__bond_died(b);
	iovm__unlock(sys);
	iovm__work_post(dev->iommu, &dev->work, IOVM__WORK_RESET);
	return 0;
}
