/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the engine knows of one address space (slot), of it on one IOMMU (domain), and of one device bound to it (bond).
 *
 * Memory. Slots are an array of max_mms, made with the system and never freed before it. A slot's domains and bonds hang from it on lists that only grow while the
 * slot lives; a bond that ended is used again in place. So whoever walks such a list without a lock never meets a node that went away: what he
 * reads may be old, never wild. All of them are freed after the slot ended, by the next mutator (dispatch frees nothing).
 *
 * Who may hold a slot. Mutators: port.lock. Notifiers (invalidate, mm_exit): users, a pair of counters. The way out flips the pair and waits for the old side only,
 * so that new notifiers cannot starve it (grace). Servicers: only bonds of their own IOMMU, through the bond hash, of which each is the only unlinker.
 *
 * States: FREE -> LIVE -> DYING (the last unbind or the mm's death; counts as live for invalidate) -> QUIET (every cut is done) -> ENDING (nobody enters any more) -> FREE.
 */
#ifndef IOVM_MMCTX_SLOT_H
#define IOVM_MMCTX_SLOT_H
#include "iommu/iommu.h"

enum { IOVM__SLOT_FREE, IOVM__SLOT_LIVE, IOVM__SLOT_DYING, IOVM__SLOT_QUIET, IOVM__SLOT_ENDING };

struct iovm__domain {		/* one mm on one IOMMU */
	struct iovm__domain *next;
	struct iovm_iommu *iommu;	/* valid while asid is not 0 */
	_Atomic(uint32_t) asid;		/* 0: this node is not in use */
	unsigned live;			/* bonds not cut; under port.lock */
};

enum iovm__bond_state {
	IOVM__BOND_FREE,
	IOVM__BOND_BINDING,	/* being made; invalidations reach it, requests do not */
	IOVM__BOND_LIVE,
	IOVM__BOND_DYING,	/* its mm died (or its device went): quiet, SHUTDOWN due, unbind awaited */
	IOVM__BOND_LEAVING,	/* the last unbind was called: quiet, drains */
	IOVM__BOND_ENDED,	/* drained, UNBOUND told; a grace or a repeated cut may be due */
};
enum iovm__shutdown { IOVM__SHUTDOWN_NONE, IOVM__SHUTDOWN_DUE, IOVM__SHUTDOWN_CLAIMED, IOVM__SHUTDOWN_CANCELLED };
enum { IOVM__CUT_NOT_YET, IOVM__CUT_DONE, IOVM__CUT_FAILED, IOVM__CUT_ANEW };	/* ANEW: what was done before does not count */

struct iovm__bond {
	/* what admission reads: one line */
	_Atomic(struct iovm__bond *) hash_next;
	_Atomic(struct iovm_device *) dev;
	_Atomic(uint32_t) pasid;	/* IOVM_NO_PASID: entry 0 */
	atomic_uint state;
	struct iovm__slot *slot;	/* constant */
	uint64_t since[2];		/* requests below these queue positions were meant for somebody else */
	uint32_t serial;
	uint32_t repeats;		/* equal requests in a row answered Success; the servicer's, as the next three */
	uint64_t last_page, repeats_since;

	struct iovm__bond *next;	/* slot's list, constant */
	_Atomic(struct iovm__bond *) dev_next;
	struct iovm__domain *domain;
	uint64_t table_top;

	/* under port.lock */
	iovm_bond_cb *cb;
	void *arg;
	unsigned count;

	atomic_uint shutdown;		/* enum iovm__shutdown */
	atomic_uint cut;
	struct iovm__work work;

	/* the servicer's: drain */
	struct iovm__token *tokens;	/* pri: PENDING groups of it */
	struct iovm__bond *drain_next;
	unsigned step, snapshots, grace;
	bool told_quarantine, posted;	/* posted: batch is under way */
	bool snap_cut;			/* the cut was done when the snapshot was taken */
	uint64_t snap[2];
	uint64_t retry_at;
	struct iovm__batch batch;
	struct iovm_cmd cmd[3];
};

struct iovm__slot {
	_Atomic(void *) mm;		/* what the hash leads to; NULL: free */
	atomic_uint state;
	_Atomic(uint32_t) context;	/* serial of this life */
	_Atomic(struct iovm__domain *) domains;
	_Atomic(struct iovm__bond *) bonds;
	atomic_uint side, users[2];
	atomic_uint grace_busy;		/* one grace at a time */
	atomic_uint nbonds;		/* not ended */
	atomic_uint tokens;		/* with the host */
	atomic_uint quarantined;	/* bonds whose cut failed */
	atomic_uint watch;		/* enum iovm__watch */
	atomic_bool dead;		/* mm_exit was called */
	uint32_t pasid;			/* IOVM_NO_PASID: in force as entry 0 */
	struct iovm_table table;
	unsigned live;			/* bonds not cut, over all IOMMUs; under port.lock */
	struct iovm__slot *next;	/* free list, retiring list, trim list */
	struct iovm__slot *before;	/* the mm's earlier slot that still drained when this one took over ... */
	uint32_t before_context;	/* ... and its life: unwatch only when it has ended, too */
	unsigned step, grace;		/* retire's */
	bool unwatching;
	_Atomic(struct iovm_iommu *) retirer;	/* whose servicer waits for the last token to come back; NULL: nobody */
};
enum iovm__watch { IOVM__WATCH_NONE, IOVM__WATCH_BUSY, IOVM__WATCH_ON, IOVM__WATCH_PASSED };	/* PASSED: a later slot of the mm has it */

/* ---- hash mm -> slot: hash.c. Lines of 15 entries {tag, slot number}; sized by max_mms, never grows ------------------------- */

#define IOVM__HASH_WAYS 15u
struct iovm__hash_line {
	_Atomic(uint32_t) entry[IOVM__HASH_WAYS];	/* 0: empty; else tag << 21 | slot number + 1 */
	_Atomic(uint32_t) elsewhere;			/* entries that belong here and stand further on */
} IOVM_ALIGNED;
struct iovm__registry {
	struct iovm__hash_line *lines;
	uint32_t mask;
	struct iovm__slot *slots;
	uint32_t nslots;
};
size_t iovm__hash_bytes(uint32_t max_mms);
void iovm__hash_init(struct iovm__registry *reg, struct iovm__hash_line *lines, struct iovm__slot *slots, uint32_t max_mms);
struct iovm__slot *iovm__hash_find(const struct iovm__registry *reg, const void *mm);
void iovm__hash_add(struct iovm__registry *reg, struct iovm__slot *slot);	/* under port.lock; slot->mm is set */
bool iovm__hash_remove(struct iovm__registry *reg, struct iovm__slot *slot, const void *mm);	/* any context, once per add; false: it was not there */

/* ---- notifiers -------------------------------------------------------------------------------------------------------------------- */

/* The slot of mm with this caller counted in, or NULL. *side goes back to leave(). Lock-free. */
struct iovm__slot *iovm__slot_enter(const struct iovm__registry *reg, const void *mm, unsigned *side);
void iovm__slot_leave(struct iovm__slot *slot, unsigned side);
/* One step of waiting until every notifier that was in when it began has left. *step: 0 at first. True: over. */
bool iovm__slot_grace(struct iovm__slot *slot, unsigned *step);

/* ---- lists ------------------------------------------------------------------------------------------------------------------------- */

void iovm__slot_push_bond(struct iovm__slot *slot, struct iovm__bond *bond);		/* under port.lock, as the next */
void iovm__slot_push_domain(struct iovm__slot *slot, struct iovm__domain *domain);
struct iovm__domain *iovm__slot_domain(struct iovm__slot *slot, const struct iovm_iommu *iommu);	/* in use on iommu, or NULL */
struct iovm__bond *iovm__slot_bond(struct iovm__slot *slot, const struct iovm_device *dev);		/* not FREE, or NULL */

/* The live bond of (device, PASID), or NULL; servicer. Also what a lookup costs: bench. */
struct iovm__bond *iovm__bond_find(const struct iovm_iommu *iommu, const struct iovm_device *dev, uint32_t pasid);
bool iovm__bond_going(const struct iovm_iommu *iommu, const struct iovm_device *dev, uint32_t pasid);	/* one that is not live, or not yet */
void iovm__bond_publish(struct iovm_iommu *iommu, struct iovm__bond *bond);	/* into the hash and its device's list; under port.lock */
void iovm__bond_withdraw(struct iovm_iommu *iommu, struct iovm__bond *bond);	/* out of both; servicer */

static inline uint32_t iovm__bond_bucket(const struct iovm_iommu *iommu, const struct iovm_device *dev, uint32_t pasid)
{
	return (pasid * 0x9e3779b1u + dev->serial * 0x85ebca6bu) & iommu->bonds_mask;
}

#endif
