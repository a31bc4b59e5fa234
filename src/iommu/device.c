/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One requester: its capabilities in the only legal order, and its stream entry.
 *
 * PASID may change only while ATS is off (PCIe 10.3.7.8, 7.8.8), PRI only goes on when it reports STOPPED (10.5.2.2), ATS goes on at the device after the IOMMU
 * translates for it and goes off before. A VF has no PASID and no PRI capability of its own: its PF's serve it. Switching ATS off leaves
 * the ATC empty: the device stops using it at once, and ATC, fence make sure that nothing of it is in flight.
 */
#include "iommu/iommu.h"

void iovm__device_trace(const struct iovm_device *dev, enum iovm_trace_device what)
{
	const struct iovm_iommu *iommu = dev->iommu;

	TRACE(iommu->port, DEVICE, .iommu = (uint8_t)iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = IOVM_NO_PASID,
	      .id = dev->serial, .code = (int16_t)what);
}

static int set_cap(struct iovm_device *dev, enum iovm_cap cap, uint32_t value)
{
	if (!dev->set_cap || (iovm__device_state(dev) & IOVM__DEV_GONE))
		return 0;
	return dev->set_cap(dev->host, cap, value);
}

static bool has_pasid(const struct iovm_device *dev)
{
	return dev->fn.pasid_bits && !dev->pf;
}

static bool has_ats(const struct iovm_device *dev)
{
	return dev->set_cap && dev->iommu->be.ats && (dev->flags & IOVM_DEV_TRUSTED);
}

static bool has_pri(const struct iovm_device *dev)
{
	return dev->unit && !dev->fn.stall && !dev->pf;
}

/* The device has stopped using what it held; make sure that nothing of it is in flight */
static int forget_atc(struct iovm_device *dev)
{
	struct iovm_iommu *iommu = dev->iommu;
	const struct iovm_cmd all = { .op = IOVM_CMD_ATC, .pasid = IOVM_NO_PASID, .first = 0, .last = UINT64_MAX, .fn = &dev->fn };
	struct iovm__batch batch;
	unsigned turn = 0;
	int err;

	if (iovm__device_state(dev) & IOVM__DEV_ABORTED)
		return 0;
	iovm__submit_post(iommu, &batch, &all, 1, false);
	err = iovm__submit_settle(iommu, &batch, &turn);
	if (err == IOVM_E_ATC || err == IOVM_E_TIMEDOUT)
		(void)iovm__device_suspect(dev, load_rlx(&batch.ticket));
	return err == IOVM_E_ATC ? IOVM_E_TIMEDOUT : err;
}

int iovm__device_attached(struct iovm_device *dev, int more)
{
	const struct iovm_cmd changed = { .op = IOVM_CMD_ENTRY, .flags = IOVM_CMD_STREAM, .pasid = IOVM_NO_PASID, .fn = &dev->fn };
	struct iovm__batch batch;
	unsigned turn = 0;
	int err = 0;

	for (;; more = dev->iommu->be.attach(dev->iommu->hw, &dev->fn)) {
		if (more < 0)
			return more;
		iovm__submit_post(dev->iommu, &batch, &changed, 1, false);
		err = iovm__submit_settle(dev->iommu, &batch, &turn);
		dev->unsettled = err != 0;
		if (err || !more)
			return err;
	}
}

int iovm__device_sync(struct iovm_device *dev)
{
	/* a step that was never fenced is, before the next one */
	return iovm__device_attached(dev, dev->unsettled ? 1 : dev->iommu->be.attach(dev->iommu->hw, &dev->fn));
}

int iovm__device_ats_on(struct iovm_device *dev)
{
	int err;

	if (iovm__device_state(dev) & IOVM__DEV_ATS)
		return 0;
	/* The flag first: from now on whoever takes a page away also asks this ATC. Either he sees the flag, or our first walk sees his change. */
	or_sc(&dev->state, (unsigned)IOVM__DEV_ATS);
	fence_sc();
	dev->fn.ats = true;
	err = iovm__device_sync(dev);
	if (!err)
		err = set_cap(dev, IOVM_CAP_ATS, 1u + dev->fn.stu);
	if (!err)
		return 0;
	dev->fn.ats = false;
	(void)iovm__device_sync(dev);
	and_ar(&dev->state, ~(unsigned)IOVM__DEV_ATS);
	return err;
}

int iovm__device_ats_off(struct iovm_device *dev)
{
	int err;

	if (!(iovm__device_state(dev) & IOVM__DEV_ATS))
		return 0;
	(void)set_cap(dev, IOVM_CAP_ATS, 0);	/* SMMU 3.9.2: endpoint off, ATC, SYNC, then EATS = 0 */
	err = forget_atc(dev);
	dev->fn.ats = false;
	(void)iovm__device_sync(dev);
	and_ar(&dev->state, ~(unsigned)IOVM__DEV_ATS);
	return err;
}

static int pri_on(struct iovm_device *dev)
{
	const struct iovm_port *port = dev->iommu->port;
	unsigned turn;
	int err;

	for (turn = 0; (err = set_cap(dev, IOVM_CAP_PRI, dev->credits)) == IOVM_E_BUSY; turn++)
		if (!port->wait(port->ctx, turn))
			break;
	return err;
}

int iovm__device_caps_on(struct iovm_device *dev)
{
	int err = 0;

	if (has_pasid(dev)) {
		err = iovm__device_ats_off(dev);
		if (!err)
			err = set_cap(dev, IOVM_CAP_PASID, 1);
	}
	if (!err && (has_ats(dev) || dev->ats_wanted))
		err = iovm__device_ats_on(dev);
	if (!err && dev->unit) {
		or_sc(&dev->state, (unsigned)IOVM__DEV_PRI);	/* admitted before the first can come */
		if (has_pri(dev))
			err = pri_on(dev);
	}
	if (err)
		iovm__device_caps_off(dev);
	return err;
}

void iovm__device_caps_off(struct iovm_device *dev)
{
	if (has_pri(dev) && (iovm__device_state(dev) & IOVM__DEV_PRI))
		(void)set_cap(dev, IOVM_CAP_PRI, 0);
	and_ar(&dev->state, ~(unsigned)IOVM__DEV_PRI);
	if (has_pasid(dev) || !dev->ats_wanted)
		(void)iovm__device_ats_off(dev);
	if (has_pasid(dev))
		(void)set_cap(dev, IOVM_CAP_PASID, 0);
	if (dev->ats_wanted)
		(void)iovm__device_ats_on(dev);
}

void iovm__device_abort_streams(struct iovm_device *dev)
{
	struct iovm_iommu *iommu = dev->iommu;

	__atomic_store_n(&dev->fn.aborted, true, __ATOMIC_RELAXED);	/* the backend looks at it meanwhile */
	(void)iommu->be.attach(iommu->hw, &dev->fn);	/* aborted: stores only, any caller */
	dev->abort_cmd = (struct iovm_cmd){ .op = IOVM_CMD_ENTRY, .flags = IOVM_CMD_STREAM, .pasid = IOVM_NO_PASID, .fn = &dev->fn };
	add_ar(&dev->abort_serial, 1u);
	iovm__submit_post(iommu, &dev->abort_batch, &dev->abort_cmd, 1, false);
	iovm__submit_pump(iommu);
}

bool iovm__device_abort(struct iovm_device *dev, unsigned why)
{
	bool first;

	add_sc(&dev->aborting, 1u);
	first = !(or_sc(&dev->state, why) & IOVM__DEV_ABORTED);
	if (first)
		iovm__device_abort_streams(dev);
	sub_sc(&dev->aborting, 1u);
	return first;
}

static void until_none(struct iovm_device *dev, atomic_uint *callers)
{
	const struct iovm_port *port = dev->iommu->port;
	unsigned turn = 0;

	while (load_sc(callers))
		(void)port->wait(port->ctx, turn++);
}

void iovm__device_abort_stored(struct iovm_device *dev)
{
	until_none(dev, &dev->aborting);
}

bool iovm__device_aborted(struct iovm_device *dev)
{
	unsigned serial = load_acq(&dev->abort_serial);

	if (load_acq(&dev->abort_done) == serial + 1)
		return true;
	if (iovm__submit_poll(dev->iommu, &dev->abort_batch) != 1)
		return false;
	store_rel(&dev->abort_done, serial + 1);
	return load_acq(&dev->abort_serial) == serial;	/* else we slept over a reset, and it was another's */
}

bool iovm__device_name(struct iovm_device *dev)
{
	add_sc(&dev->named, 1u);
	if (!(load_sc(&dev->state) & IOVM__DEV_NAMELESS))
		return true;
	iovm__device_named(dev);
	return false;
}

void iovm__device_named(struct iovm_device *dev)
{
	sub_sc(&dev->named, 1u);
}

void iovm__device_unname(struct iovm_device *dev)
{
	or_sc(&dev->state, (unsigned)IOVM__DEV_NAMELESS);
	until_none(dev, &dev->named);
}

static bool stop_at_the_bus(struct iovm_device *dev)
{
	const struct iovm_port *port = dev->iommu->port;
	bool stopped;

	if (iovm__device_state(dev) & (IOVM__DEV_STOPPED | IOVM__DEV_GONE))
		return true;
	if (!port->fence || !iovm__device_name(dev))
		return false;
	stopped = port->fence(port->ctx, dev->host) == 0;
	iovm__device_named(dev);
	return stopped;
}

int iovm__device_suspect(struct iovm_device *dev, unsigned long ticket)
{
	const struct iovm_port *port = dev->iommu->port;
	bool fenced = stop_at_the_bus(dev);
	bool first = iovm__device_abort(dev, fenced ? IOVM__DEV_FENCED | IOVM__DEV_STOPPED : IOVM__DEV_SUSPECT);

	TRACE(port, SUSPECT, .iommu = (uint8_t)dev->iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = IOVM_NO_PASID,
	      .b = ticket, .code = fenced);
	if (first) {
		iovm__notice(dev->iommu, dev, IOVM_SUSPECT, IOVM_NO_PASID, 0);
		iovm__notice(dev->iommu, dev, IOVM_RESET_WANTED, IOVM_NO_PASID, 0);
	}
	return fenced ? 0 : IOVM_E_TIMEDOUT;
}
