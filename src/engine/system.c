/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The system and its IOMMUs come and go. All tables are sized here, by max_mms and by the queues; nothing grows later on what a device sends. */
#include "engine/engine.h"

void iovm__lock(struct iovm *sys)
{
	if (sys->port.lock)
		sys->port.lock(sys->port.ctx);
}

void iovm__unlock(struct iovm *sys)
{
	if (sys->port.lock)
		sys->port.unlock(sys->port.ctx);
}

void *iovm__alloc(struct iovm *sys, size_t size)
{
	return sys->port.alloc(sys->port.ctx, size);
}

void iovm__free(struct iovm *sys, void *mem, size_t size)
{
	if (mem)
		sys->port.free(sys->port.ctx, mem, size);
}

const struct iovm_port *iovm_system_port(const struct iovm *sys)
{
	return &sys->port;
}

/* ---- trim ------------------------------------------------------------------------------------------------------------------------- */

static void free_slot(struct iovm *sys, struct iovm__slot *slot)
{
	struct iovm__bond *b = load_rlx(&slot->bonds), *next_b;
	struct iovm__domain *d = load_rlx(&slot->domains), *next_d;

	for (; b; b = next_b) {
		next_b = b->next;
		iovm__free(sys, b, sizeof *b);
	}
	for (; d; d = next_d) {
		next_d = d->next;
		iovm__free(sys, d, sizeof *d);
	}
	store_rlx(&slot->bonds, NULL);
	store_rlx(&slot->domains, NULL);
	slot->next = sys->free_slots;
	sys->free_slots = slot;
}

static void free_device(struct iovm *sys, struct iovm_device *dev)
{
	struct iovm_iommu *iommu = dev->iommu;

	iommu->be.detach(iommu->hw, &dev->fn);
	if (dev->pf) {
		dev->pf->nvfs--;
	} else if (dev->unit) {
		*(dev->fn.stall ? &iommu->stalls_free : &iommu->credits_free) += dev->credits;
		iovm__free(sys, dev->unit, iovm__unit_bytes(dev->credits));
	}
	iommu->ndevices--;
	sub_ar(&sys->devices, 1u);
	iovm__device_trace(dev, IOVM_TRD_FREED);
	iovm__free(sys, dev, sizeof *dev);
}

static void free_undone(struct iovm *sys)
{
	struct iovm__slot **link = &sys->undone_slots, *slot;

	while ((slot = *link) != NULL) {
		if (!iovm__slot_grace(slot, &slot->grace)) {
			link = &slot->next;
			continue;
		}
		*link = slot->next;
		free_slot(sys, slot);
	}
}

void iovm__trim(struct iovm *sys)
{
	struct iovm__slot *slot = load_rlx(&sys->ended_slots) ? xchg_ar(&sys->ended_slots, NULL) : NULL, *next_slot;
	struct iovm_device *dev = load_rlx(&sys->ended_devices) ? xchg_ar(&sys->ended_devices, NULL) : NULL, *next_dev;

	for (; slot; slot = next_slot) {
		next_slot = slot->next;
		free_slot(sys, slot);
	}
	for (; dev; dev = next_dev) {
		next_dev = dev->trim_next;
		free_device(sys, dev);
	}
	free_undone(sys);
}

/* ---- the system -------------------------------------------------------------------------------------------------------------------- */

static void free_system(struct iovm *sys)
{
	struct iovm_port port = sys->port;

	iovm__free(sys, sys->slots, sys->max_mms * sizeof *sys->slots);
	iovm__free(sys, sys->lines, iovm__hash_bytes(sys->max_mms));
	iovm__free(sys, sys->pasids, iovm__bitmap_size(sys->pasid_bits));
	port.free(port.ctx, sys, sizeof *sys);
}

static bool config_good(const struct iovm_config *c)
{
	return c && c->size == sizeof *c && c->port.alloc && c->port.free && c->port.wait && !c->port.lock == !c->port.unlock &&
	       c->mm.watch && c->mm.unwatch && c->mm.fault && c->pasid_bits >= 1 && c->pasid_bits <= IOVM_PASID_BITS &&
	       c->max_mms >= 1 && c->max_mms < 1u << 20;
}

int iovm_new(struct iovm **out, const struct iovm_config *config)
{
	struct iovm *sys;
	uint32_t i;

	if (!out || !config_good(config))
		return IOVM_E_INVAL;
	sys = config->port.alloc(config->port.ctx, sizeof *sys);
	if (!sys)
		return IOVM_E_NO_MEMORY;
	sys->port = config->port;
	sys->mm = config->mm;
	sys->max_mms = config->max_mms;
	sys->pasid_bits = sys->narrowest = config->pasid_bits;
	sys->pasids = iovm__alloc(sys, iovm__bitmap_size(sys->pasid_bits));
	sys->slots = iovm__alloc(sys, sys->max_mms * sizeof *sys->slots);
	sys->lines = iovm__alloc(sys, iovm__hash_bytes(sys->max_mms));
	if (!sys->pasids || !sys->slots || !sys->lines) {
		free_system(sys);
		return IOVM_E_NO_MEMORY;
	}
	iovm__bitmap_init(sys->pasids, sys->pasid_bits);
	iovm__hash_init(&sys->reg, sys->lines, sys->slots, sys->max_mms);
	for (i = sys->max_mms; i-- > 0;) {
		sys->slots[i].next = sys->free_slots;
		sys->free_slots = &sys->slots[i];
	}
	*out = sys;
	return 0;
}

/* ---- IOMMUs -------------------------------------------------------------------------------------------------------------------------- */

static bool backend_good(const struct iovm_backend *b)
{
	return b && b->size == sizeof *b && b->pasid_bits <= IOVM_PASID_BITS && b->asid_bits >= 1 && b->asid_bits <= IOVM_PASID_BITS &&
	       b->vmid_bits >= 1 && b->vmid_bits <= IOVM_PASID_BITS && b->priq_log2 <= 19 && b->evtq_log2 <= 19 && b->address_bits <= 64 &&
	       b->poll && b->newest && b->submit && b->reached && b->recover && b->attach && b->detach && b->entry;
}

static uint32_t tokens_wanted(const struct iovm_iommu *iommu)	/* every credit may be a PENDING group, and as many orphans */
{
	uint32_t credits = iommu->credits_free + iommu->stalls_free;

	return credits > 1u << 15 ? 1u << 16 : 2 * credits + 16;
}

static int add_pri(struct iovm *sys, struct iovm_iommu *iommu)
{
	uint32_t n = tokens_wanted(iommu), buckets = 1u << bits_ceil_log2(sys->max_mms < 64 ? 64 : sys->max_mms);

	iommu->pri = iovm__alloc(sys, iovm__pri_bytes(n));
	if (!iommu->pri)
		return IOVM_E_NO_MEMORY;
	iovm__pri_init(iommu->pri, n, &sys->mm);
	iommu->bonds_mask = buckets - 1;
	iommu->bonds = iovm__alloc(sys, buckets * sizeof *iommu->bonds);
	return iommu->bonds ? 0 : IOVM_E_NO_MEMORY;
}

static void free_iommu(struct iovm *sys, struct iovm_iommu *iommu)
{
	if (iommu->pri)
		iovm__free(sys, iommu->pri, iovm__pri_bytes(iommu->pri->ntokens));
	if (iommu->bonds)
		iovm__free(sys, (void *)iommu->bonds, (iommu->bonds_mask + 1) * sizeof *iommu->bonds);
	iovm__iommu_free(iommu);
}

static int publish_iommu(struct iovm *sys, struct iovm_iommu *iommu)
{
	unsigned i;

	for (i = 0; i < IOVM_MAX_IOMMUS; i++)
		if (!load_rlx(&sys->iommus[i])) {
			iommu->index = i;
			TRACE(&sys->port, IOMMU, .iommu = (uint8_t)i, .pasid = IOVM_NO_PASID, .a = 1u << iommu->be.priq_log2,
			      .b = 1u << iommu->be.evtq_log2);
			store_rel(&sys->iommus[i], iommu);
			return 0;
		}
	return IOVM_E_FULL;
}

int iovm_iommu_add(struct iovm *sys, const struct iovm_backend *backend, void *hw, void (*del)(void *hw), struct iovm_iommu **out)
{
	struct iovm_iommu *iommu;
	int err;

	if (!sys || !out || !backend_good(backend))
		return IOVM_E_INVAL;
	err = iovm__iommu_new(&iommu, &sys->port, backend, hw);
	if (err)
		return err;
	iommu->sys = sys;
	iommu->del = del;
	iommu->due = UINT64_MAX;
	err = add_pri(sys, iommu);
	iovm__lock(sys);
	iovm__trim(sys);
	if (!err)
		err = publish_iommu(sys, iommu);
	iovm__unlock(sys);
	if (err)
		free_iommu(sys, iommu);
	else
		*out = iommu;
	return err;
}

/* Nobody dispatches any more: be the servicer until what is on its way out has ended */
static bool settle(struct iovm_iommu *iommu)
{
	unsigned turn;

	for (turn = 0; turn < 64 && (load_acq(&iommu->inbox) || iovm__retiring(iommu)); turn++)
		if (iovm_dispatch(iommu, iommu->now, IOVM__BATCH) < 0)
			break;
	return !load_acq(&iommu->inbox) && !iovm__retiring(iommu) && !load_acq(&iommu->count.tokens);
}

int iovm_iommu_del(struct iovm_iommu *iommu)
{
	struct iovm *sys = iommu->sys;
	bool idle = settle(iommu);

	iovm__lock(sys);
	iovm__trim(sys);
	idle = idle && !iommu->ndevices;
	if (idle)
		store_rel(&sys->iommus[iommu->index], NULL);
	iovm__unlock(sys);
	if (!idle)
		return IOVM_E_BUSY;
	if (iommu->del)
		iommu->del(iommu->hw);
	free_iommu(sys, iommu);
	return 0;
}

static int delete_devices(struct iovm_iommu *iommu, bool vfs)
{
	struct iovm_device *dev, *next;
	int err = 0;

	for (dev = iommu->devices; dev && !err; dev = next) {
		next = dev->next;
		if (!dev->pf == !vfs)
			err = iovm_device_del(dev);
	}
	(void)settle(iommu);	/* a PF goes when its VFs have gone */
	return err;
}

int iovm_del(struct iovm *sys)
{
	struct iovm_iommu *iommu;
	unsigned i;
	int err;

	if (load_acq(&sys->bonds) || load_acq(&sys->quarantined))
		return IOVM_E_BUSY;
	for (i = 0; i < IOVM_MAX_IOMMUS; i++) {
		iommu = load_acq(&sys->iommus[i]);
		if (!iommu)
			continue;
		err = delete_devices(iommu, true);
		if (!err)
			err = delete_devices(iommu, false);
		if (!err)
			err = iovm_iommu_del(iommu);
		if (err)
			return err;
	}
	iovm__lock(sys);
	iovm__trim(sys);
	iovm__unlock(sys);
	if (load_acq(&sys->slots_used))
		return IOVM_E_BUSY;
	free_system(sys);
	return 0;
}
