/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The system: what ties IOMMUs, slots and PASIDs together, and the calls of iovm.h.
 *
 * Mutators run under port.lock but for their waits and callbacks; a device that is in the middle of one is `busy`, and a second mutator on it gets
 * IOVM_E_BUSY. Notifiers and servicers never take the lock: what they want freed they push on an ended list, and the next mutator frees it (trim).
 */
#ifndef IOVM_ENGINE_ENGINE_H
#define IOVM_ENGINE_ENGINE_H
#include "inval/inval.h"
#include "pri/pri.h"

struct iovm {
	struct iovm_port port;
	struct iovm_mm_ops mm;
	uint32_t max_mms;
	unsigned pasid_bits;
	struct iovm__bitmap *pasids;
	struct iovm__registry reg;
	struct iovm__slot *slots;
	struct iovm__hash_line *lines;
	_Atomic(struct iovm_iommu *) iommus[IOVM_MAX_IOMMUS];

	/* under port.lock */
	struct iovm__slot *free_slots, *undone_slots;	/* undone: free after a grace */
	unsigned narrowest;		/* PASID width of the narrowest device there is: wider ids are used up first */
	uint32_t device_serial, bond_serial, context_serial;

	/* pushed by servicers, emptied by trim() */
	_Atomic(struct iovm__slot *) ended_slots;
	_Atomic(struct iovm_device *) ended_devices;

	_Atomic(uint32_t) invalidation_serial;
	atomic_ulong binds, unbinds, mm_exits, invalidations, pasids_allocated, pasids_freed;
	atomic_uint quarantined;	/* PASIDs held back */
	atomic_uint bonds, devices, slots_used;
};

void iovm__lock(struct iovm *sys);
void iovm__unlock(struct iovm *sys);
void *iovm__alloc(struct iovm *sys, size_t size);
void iovm__free(struct iovm *sys, void *mem, size_t size);
void iovm__trim(struct iovm *sys);	/* under the lock: give back what servicers ended */

/* What a caller of bind wants: by PASID, or entry 0 */
struct iovm__want {
	struct iovm_device *dev;
	void *mm;
	bool entry0;
	iovm_bond_cb *cb;
	void *arg;
};
struct iovm__bound {		/* what came of it; bond is the caller's to use only for entry 0 */
	struct iovm__bond *bond;
	uint32_t serial, pasid, context, count;
};
/* ---- space.c: under the lock ---- */
int iovm__slot_new(struct iovm *sys, const struct iovm__want *want, struct iovm__slot **out);	/* FULL, NO_PASID */
/* A slot without a bond: as if it had never been. Two steps, with the call of unwatch in between: a bind that comes meanwhile finds the slot ENDING, and waits */
bool iovm__slot_undo_begin(struct iovm *sys, struct iovm__slot *slot);	/* true: unwatch is owed, without the lock, before iovm__slot_undo() */
void iovm__slot_undo(struct iovm *sys, struct iovm__slot *slot);
/* The mm's old slot drains: this one takes over its place, its table and its watch. False: too late, it is being unwatched */
bool iovm__slot_take_over(struct iovm *sys, struct iovm__slot *slot, struct iovm__slot *old);
bool iovm__pasid_fits(const struct iovm *sys, const struct iovm_device *dev, uint32_t pasid);
int iovm__domain_get(struct iovm *sys, struct iovm__slot *slot, struct iovm_iommu *iommu, struct iovm__domain **out);	/* NO_MEMORY, NO_ASID, FORMAT, BUSY */
void iovm__domain_undo(struct iovm__slot *slot, struct iovm__domain *domain);	/* nobody has ever walked under its ASID */
struct iovm__bitmap *iovm__asids_of(struct iovm_iommu *iommu, const struct iovm_table *table);	/* ASIDs or VMIDs; any context */

int iovm__bind(const struct iovm__want *want, struct iovm__bound *out);	/* 0 or an error; no lock held */
int iovm__unbind(struct iovm__bond *bond);	/* under the lock, which it gives back: cut, then leave the rest to the servicer */
void iovm__bond_died(struct iovm__bond *bond);	/* DYING, if it was live; SHUTDOWN is due. Any context */
void iovm__slot_quiet(struct iovm__slot *slot);	/* DYING -> QUIET when every cut is done */

enum { IOVM__WORK_SHUTDOWN = 1, IOVM__WORK_DRAIN = 2 };	/* of a bond */
void iovm__bond_run(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits);
void iovm__device_run(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits);

enum { IOVM__HARDWARE_NS = 50000 };	/* what waits for the IOMMU is looked at again after so long */

/* The way out, a step each dispatch; *due becomes sooner if something is to be looked at before it (0: at once) */
void iovm__retire(struct iovm_iommu *iommu, bool overflowed, uint64_t *due);
bool iovm__retiring(const struct iovm_iommu *iommu);	/* something has not ended yet */

static inline bool iovm__is_entry0(const struct iovm__slot *slot)
{
	return slot->pasid == IOVM_NO_PASID;
}

#endif
