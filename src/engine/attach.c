/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Devices come and go. A device is attached from add to del: its stream entries are valid, entry 0 translates (or blocks), and ATS alone may be on; SVA (enable.c) comes on top.
 *
 * Entry 0 is a bond like any other, without PASID and without a callback, to a slot of its own kind. Its replacement: the old bond is
 * cut, the entry is written anew; from its cut on the old mm is not reached.
 */
#include "engine/engine.h"

/* ---- add --------------------------------------------------------------------------------------------------------------------------- */

static int config_check(const struct iovm_iommu *iommu, const struct iovm_device_config *c)
{
	bool stall = !c->set_cap;

	if (c->size != sizeof *c || !c->stream_ids || c->nstream_ids < 1 || c->nstream_ids > IOVM_MAX_STREAMS ||
	    c->pasid_bits > IOVM_PASID_BITS || c->stu > 52 || (c->pf && c->pf->iommu != iommu) || (stall && c->pf))
		return IOVM_E_INVAL;
	if (c->flags & IOVM_DEV_ATS && stall)
		return IOVM_E_INVAL;
	if (c->flags & IOVM_DEV_ATS && !(c->flags & IOVM_DEV_TRUSTED))
		return IOVM_E_UNTRUSTED;
	if (c->flags & IOVM_DEV_ATS && !iommu->be.ats)
		return IOVM_E_UNSUPPORTED;
	if (c->max_outstanding && !c->pf && !(stall ? iommu->be.max_stalls > 0 : iommu->be.pri))
		return IOVM_E_UNSUPPORTED;
	return 0;
}

static void copy_streams(struct iovm_device *dev, const struct iovm_device_config *c)
{
	unsigned i, k, n = 0;

	for (i = 0; i < c->nstream_ids; i++) {
		for (k = 0; k < n && dev->ids[k] != c->stream_ids[i]; k++)
			;
		if (k < n)
			continue;
		dev->streams[n].dev = dev;
		dev->streams[n].id = dev->ids[n] = c->stream_ids[i];
		n++;
	}
	dev->fn.stream_ids = dev->ids;
	dev->fn.nstream_ids = (uint16_t)n;
}

static struct iovm_device *device_new(struct iovm_iommu *iommu, const struct iovm_device_config *c)
{
	struct iovm_device *dev = iovm__alloc(iommu->sys, sizeof *dev);

	if (!dev)
		return NULL;
	dev->iommu = iommu;
	dev->flags = c->flags;
	dev->host = c->dev;
	dev->set_cap = c->set_cap;
	dev->pf = c->pf;
	dev->credits = c->pf ? 0 : c->max_outstanding;
	dev->work.run = iovm__device_run;
	dev->fn.pasid_bits = c->pasid_bits < iommu->be.pasid_bits ? c->pasid_bits : iommu->be.pasid_bits;
	dev->fn.stu = c->stu;
	dev->fn.stall = !c->set_cap && c->max_outstanding;
	dev->fn.response_pasid = c->flags & IOVM_DEV_RESPONSE_PASID;
	copy_streams(dev, c);
	return dev;
}

static int streams_free(struct iovm_iommu *iommu, const struct iovm_device *dev)
{
	const struct iovm_device *other;
	unsigned i;

	for (i = 0; i < dev->fn.nstream_ids; i++) {
		other = iovm__stream_find(iommu, dev->ids[i]);
		if (other)
			return iovm__device_state(other) & IOVM__DEV_DYING ? IOVM_E_BUSY : IOVM_E_EXISTS;
	}
	return 0;
}

static int unit_get(struct iovm *sys, struct iovm_device *dev)
{
	uint32_t *left = dev->fn.stall ? &dev->iommu->stalls_free : &dev->iommu->credits_free;

	if (dev->pf) {
		dev->unit = dev->pf->unit;
		return 0;
	}
	if (!dev->credits)
		return 0;
	if (dev->credits > *left)
		return IOVM_E_NO_CREDITS;
	dev->unit = iovm__alloc(sys, iovm__unit_bytes(dev->credits));
	if (!dev->unit)
		return IOVM_E_NO_MEMORY;
	iovm__unit_init(dev->unit, dev->credits);
	*left -= dev->credits;
	return 0;
}

static void unit_put(struct iovm *sys, struct iovm_device *dev)
{
	if (dev->pf || !dev->unit)
		return;
	*(dev->fn.stall ? &dev->iommu->stalls_free : &dev->iommu->credits_free) += dev->credits;
	iovm__free(sys, dev->unit, iovm__unit_bytes(dev->credits));
}

static void trace_add(const struct iovm_device *dev)
{
	const struct iovm_iommu *iommu = dev->iommu;
	unsigned i;

	for (i = 0; i < dev->fn.nstream_ids; i++)
		TRACE(iommu->port, DEVICE, .iommu = (uint8_t)iommu->index, .stream_id = dev->ids[i], .pasid = IOVM_NO_PASID, .id = dev->serial,
		      .code = IOVM_TRD_ADD, .a = dev->credits, .b = dev->fn.response_pasid, .index = dev->fn.pasid_bits,
		      .bond = dev->pf ? dev->pf->serial : 0);
}

/* Under the lock: into the tables, with every stream blocked. 0 or 1 as the backend's attach() said */
static int publish_device(struct iovm *sys, struct iovm_device *dev)
{
	struct iovm_iommu *iommu = dev->iommu;
	unsigned i;
	int err = streams_free(iommu, dev), more;

	if (!err)
		err = unit_get(sys, dev);
	if (err)
		return err;
	more = iommu->be.attach(iommu->hw, &dev->fn);
	if (more < 0) {
		unit_put(sys, dev);
		return more;
	}
	dev->serial = ++sys->device_serial;
	dev->busy = true;
	if (dev->fn.stall)	/* a stalled transaction waits for us from the first moment on */
		store_rlx(&dev->state, (unsigned)IOVM__DEV_PRI);
	if (dev->pf)
		dev->pf->nvfs++;
	if (dev->fn.pasid_bits && dev->fn.pasid_bits < sys->narrowest)
		sys->narrowest = dev->fn.pasid_bits;
	dev->next = iommu->devices;
	iommu->devices = dev;
	iommu->ndevices++;
	add_ar(&sys->devices, 1u);
	trace_add(dev);
	for (i = 0; i < dev->fn.nstream_ids; i++)
		iovm__stream_add(iommu, &dev->streams[i]);
	return more;
}

static int attach_mm(struct iovm_device *dev, void *mm);
static void delete(struct iovm_device *dev);

static void done(struct iovm_device *dev)
{
	iovm__lock(dev->iommu->sys);
	dev->busy = false;
	iovm__unlock(dev->iommu->sys);
}

static bool begin(struct iovm_device *dev, int *err)
{
	struct iovm *sys = dev->iommu->sys;

	iovm__lock(sys);
	iovm__trim(sys);
	*err = dev->busy ? IOVM_E_BUSY : iovm__device_state(dev) & IOVM__DEV_DYING ? IOVM_E_INVAL : 0;
	if (!*err)
		dev->busy = true;
	iovm__unlock(sys);
	return !*err;
}

int iovm_device_add(struct iovm_iommu *iommu, const struct iovm_device_config *config, struct iovm_device **out)
{
	struct iovm_device *dev;
	struct iovm *sys;
	int err;

	if (!iommu || !config || !out)
		return IOVM_E_INVAL;
	err = config_check(iommu, config);
	if (err)
		return err;
	sys = iommu->sys;
	dev = device_new(iommu, config);
	if (!dev)
		return IOVM_E_NO_MEMORY;
	iovm__lock(sys);
	iovm__trim(sys);
	err = publish_device(sys, dev);
	iovm__unlock(sys);
	if (err < 0) {
		iovm__free(sys, dev, sizeof *dev);
		return err;
	}
	err = iovm__device_attached(dev, err);
	if (!err && config->mm)
		err = attach_mm(dev, config->mm);
	if (!err && config->flags & IOVM_DEV_ATS) {
		dev->ats_wanted = true;
		err = iovm__device_ats_on(dev);
	}
	if (err) {
		delete(dev);
		return err;
	}
	*out = dev;
	done(dev);
	return 0;
}

/* ---- entry 0 -------------------------------------------------------------------------------------------------------------------------- */

/* Cut entry 0's old owner; what is left of it drains */
static int let_go(struct iovm_device *dev, struct iovm__bond *old)
{
	iovm__lock(dev->iommu->sys);
	old->count = 0;
	return iovm__unbind(old);
}

/* What binding mm to entry 0 would refuse, before the old one is let go */
static int attach_check(struct iovm *sys, const void *mm)
{
	struct iovm__slot *slot;
	int err = 0;

	iovm__lock(sys);
	slot = mm ? iovm__hash_find(&sys->reg, mm) : NULL;
	if (slot && load_acq(&slot->dead))
		err = IOVM_E_MM_DEAD;
	else if (slot && load_acq(&slot->state) == IOVM__SLOT_LIVE && !iovm__is_entry0(slot))
		err = IOVM_E_EXISTS;
	else if (mm && !slot && !sys->free_slots)
		err = IOVM_E_FULL;
	iovm__unlock(sys);
	return err;
}

static int attach_mm(struct iovm_device *dev, void *mm)
{
	const struct iovm__want want = { .dev = dev, .mm = mm, .entry0 = true };
	struct iovm__bond *old = load_rlx(&dev->bond0);
	struct iovm__bound bound = { 0 };
	int err;

	if (old && load_rlx(&old->slot->mm) == mm)
		return load_acq(&old->state) == IOVM__BOND_LIVE ? 0 : IOVM_E_MM_DEAD;
	err = attach_check(dev->iommu->sys, mm);
	if (err)
		return err;
	store_rlx(&dev->bond0, NULL);
	if (old)
		err = let_go(dev, old);
	if (err || !mm)		/* old may still be reached: until the device is reset entry 0 is nobody's */
		return err;
	err = iovm__bind(&want, &bound);
	if (!err)
		store_rlx(&dev->bond0, bound.bond);
	return err;
}

int iovm_device_attach(struct iovm_device *dev, void *mm)
{
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	if (!begin(dev, &err))
		return err;
	if (mm && iovm__device_state(dev) & IOVM__DEV_GONE)
		err = IOVM_E_NOT_READY;
	else
		err = attach_mm(dev, mm);
	done(dev);
	return err;
}

/* ---- capabilities ------------------------------------------------------------------------------------------------------------------------ */

int iovm_device_ats(struct iovm_device *dev, bool on)
{
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	if (on && !(dev->flags & IOVM_DEV_TRUSTED))
		return IOVM_E_UNTRUSTED;
	if (on && !dev->set_cap)
		return IOVM_E_INVAL;
	if (on && !dev->iommu->be.ats)
		return IOVM_E_UNSUPPORTED;
	if (!begin(dev, &err))
		return err;
	if (iovm__device_state(dev) & IOVM__DEV_READY) {
		if (on)
			dev->ats_wanted = true;	/* it is on already, and stays on after shutdown */
		else
			err = IOVM_E_BUSY;
	} else if (iovm__device_state(dev) & IOVM__DEV_ABORTED) {
		err = IOVM_E_BUSY;
	} else if (on) {
		err = iovm__device_ats_on(dev);
		dev->ats_wanted = !err;
	} else {
		dev->ats_wanted = false;
		err = iovm__device_ats_off(dev);
	}
	done(dev);
	return err;
}

static int init_check(const struct iovm_device *dev)
{
	unsigned state = iovm__device_state(dev);

	if (state & IOVM__DEV_GONE)
		return IOVM_E_NOT_READY;
	if (state & IOVM__DEV_ABORTED)	/* it wants a reset first */
		return IOVM_E_BUSY;
	if (dev->pf && !(iovm__device_state(dev->pf) & IOVM__DEV_READY))
		return IOVM_E_PF_FIRST;
	if (dev->unit && !dev->fn.stall && !(dev->flags & IOVM_DEV_TRUSTED))
		return IOVM_E_UNTRUSTED;
	return 0;
}

int iovm_device_init(struct iovm_device *dev)
{
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	if (!begin(dev, &err))
		return err;
	if (!(iovm__device_state(dev) & IOVM__DEV_READY)) {
		err = init_check(dev);
		if (!err)
			err = iovm__device_caps_on(dev);
		if (!err) {
			or_sc(&dev->state, (unsigned)IOVM__DEV_READY);
			iovm__device_trace(dev, IOVM_TRD_INIT);
		}
	}
	done(dev);
	return err;
}

static bool vf_ready(const struct iovm_device *pf)	/* under the lock */
{
	const struct iovm_device *dev;

	for (dev = pf->iommu->devices; dev; dev = dev->next)
		if (dev->pf == pf && iovm__device_state(dev) & IOVM__DEV_READY)
			return true;
	return false;
}

/* No bind may begin from here on; one that has begun still holds the device */
static int stop_binds(struct iovm_device *dev)
{
	int err = 0;

	iovm__lock(dev->iommu->sys);
	if (load_acq(&dev->pasid_bonds) || vf_ready(dev))
		err = IOVM_E_BUSY;
	else
		and_ar(&dev->state, ~(unsigned)IOVM__DEV_READY);
	iovm__unlock(dev->iommu->sys);
	return err;
}

static int shut_down(struct iovm_device *dev)
{
	int err;

	if (!(iovm__device_state(dev) & IOVM__DEV_READY))
		return 0;
	err = stop_binds(dev);
	if (err)
		return err;
	iovm__device_caps_off(dev);
	iovm__device_trace(dev, IOVM_TRD_SHUTDOWN);
	return 0;
}

int iovm_device_shutdown(struct iovm_device *dev)
{
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	if (!begin(dev, &err))
		return err;
	err = shut_down(dev);
	done(dev);
	return err;
}

/* ---- del ---------------------------------------------------------------------------------------------------------------------------------- */

static void unlink_device(struct iovm_device *dev)
{
	struct iovm_device **link = &dev->iommu->devices;

	iovm__lock(dev->iommu->sys);
	while (*link != dev)
		link = &(*link)->next;
	*link = dev->next;
	iovm__unlock(dev->iommu->sys);
}

/*
 * Stop everything that the device could still do. The rest needs nobody to wait: the servicer sees when the IOMMU has taken note that its streams abort and
 * when nothing of it is queued any more, and the next mutator detaches it and gives its memory back.
 */
static void delete(struct iovm_device *dev)
{
	struct iovm_iommu *iommu = dev->iommu;
	struct iovm__bond *bond0 = load_rlx(&dev->bond0);

	dev->ats_wanted = false;
	(void)iovm__device_ats_off(dev);
	(void)iovm__device_abort(dev, IOVM__DEV_DYING);
	and_ar(&dev->state, ~(unsigned)(IOVM__DEV_PRI | IOVM__DEV_SUSPECT));	/* it reaches nothing: no suspect any more */
	store_rlx(&dev->bond0, NULL);
	if (bond0)
		(void)let_go(dev, bond0);
	iovm__device_trace(dev, IOVM_TRD_DEL);
	unlink_device(dev);
	iovm__device_unname(dev);
	iovm__work_post(iommu, &dev->work, IOVM__WORK_RESET | IOVM__WORK_END);	/* its credits are its unit's again at once */
}

int iovm_device_del(struct iovm_device *dev)
{
	struct iovm *sys;
	int err;

	if (!dev)
		return IOVM_E_INVAL;
	sys = dev->iommu->sys;
	if (!begin(dev, &err))
		return err;
	iovm__lock(sys);
	if (load_acq(&dev->pasid_bonds) || dev->nvfs || load_acq(&dev->holds) > (load_rlx(&dev->bond0) != NULL))
		err = IOVM_E_BUSY;
	iovm__unlock(sys);
	if (!err)
		err = shut_down(dev);
	if (err) {
		done(dev);
		return err;
	}
	delete(dev);
	return 0;
}
