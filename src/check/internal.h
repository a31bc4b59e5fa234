/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The checker's picture of the world, made of trace records only. It never looks into the engine, so that it cannot share the engine's mistakes.
 *
 * Objects appear with the record that first names them and go with the record that ends them, so memory follows what is alive, never how long the
 * trace is. One family of invariants per file: group.c and answer.c (requests, groups, answers), bond.c (PASIDs, bonds, callbacks), cut.c (the way
 * out), inval.c and dma.c (invalidations and who still translates), bounds.c (quotas, credits, liveness, sums). devices.c keeps who is who.
 */
#ifndef IOVM_CHECK_INTERNAL_H
#define IOVM_CHECK_INTERNAL_H
#include <iovm/backend.h>
#include <iovm/check.h>
#include <stdlib.h>
#include <string.h>
#include "base/map.h"

/* ---- devices and IOMMUs ---- */
struct iovm__ck_dev {			/* one requester; a VF points to the unit (its PF) that owns credits and records */
	struct iovm__ck_dev *unit;	/* itself, or the PF */
	unsigned refs;			/* StreamIDs, bonds, requests, VFs */
	uint32_t serial, stream_id, credits, width;
	uint8_t iommu, stu;
	bool pcie, stalls;		/* it has capabilities; an access of it has stalled */
	uint64_t stuck;			/* ordinal: it did not answer an invalidation */
	uint64_t suspected;		/* ordinal: it became a suspect */
	bool response_pasid, ats, gone, resetting, fenced, suspect, confirmed;	/* confirmed: the suspect cannot reach memory any more */
	uint64_t stream_epoch;		/* of the newest command about its stream entry; 0: none, or it is not the one that aborts */
	bool stream_done;		/* its fence completed well */
	uint64_t ats_since, cleared;	/* ordinals: ATS on; newest reset, removal or fence */
	uint64_t removed;		/* ordinal of the newest reset or removal: answers may be suppressed */
	uint64_t binding_since;		/* first of the bind calls that have not returned */
	unsigned binding;
	uint32_t pri;			/* credits granted; 0: page requests are off */
	uint32_t bond0;			/* bond of entry 0 */
	/* of a unit */
	uint32_t held, outstanding;	/* records that the engine keeps; requests accepted and not yet closed */
	bool flooding;			/* went beyond its credits since it was added or reset */
	uint64_t calmed;		/* ordinal of the reset that ended that; 0: none did */
	/* service while another one floods */
	uint32_t ready, ready_before, turns, lost;
	bool served;
};
enum { IOVM__CK_FAILED = 64 };
struct iovm__ck_fence { uint64_t ticket, epoch; };
struct iovm__ck_stall { struct iovm__ck_dev *dev; uint32_t pasid, stream_id; uint8_t iommu; bool aborts; };
struct iovm__ck_iommu {
	uint64_t accepted[2], consumed[2];	/* per queue: positions behind the newest entry */
	uint64_t overflow;			/* every position below went through a recovery */
	uint64_t rx, acc, drop, cons, served, discarded, markers, lasts, resp, suppress, autos, dropped_lasts;
	uint64_t open, open_lasts;
	uint64_t epoch;				/* of commands: one more after each fence; from 1 */
	struct iovm__ck_fence *fences;		/* taken by the backend, not completed; oldest first */
	unsigned nfences, room;
	bool between;				/* commands were taken, and not yet the fence behind them */
	uint64_t dispatch;			/* ordinal of the newest DISPATCH */
	uint64_t late;				/* ordinal of the newest poll that found an announced entry not yet written */
	uint64_t queue;				/* entries; 0: not told */
	uint64_t granted;			/* sum of credits with page requests on */
	unsigned flooding;			/* units that went beyond their credits */
	unsigned streams;			/* devices whose stream entry waits for its fence */
	bool smmu;				/* an SMMUv3; what follows is only of those */
	uint64_t fence_taken, fence_told;	/* tickets */
	uint64_t fenced_at;			/* ordinal of the last FENCE_DONE */
	struct { uint64_t ticket, since; } atc_failed[IOVM__CK_FAILED];	/* the newest fences that failed for ATC; since: ordinal of the fence before */
	unsigned natc_failed;
	bool dead, seen, had_entries;
	uint8_t number;
};

/* ---- spaces, contexts, bonds ---- */
struct iovm__ck_step {		/* of a cut: the epochs in which it was tried, or the one in which it was done */
	uint64_t epoch[4];
	unsigned n;
	bool ok;
};
struct iovm__ck_home {			/* a context on one IOMMU: what an ASID stands for */
	struct iovm__ck_home *next;	/* of the context */
	uint32_t asid;
	unsigned walking;		/* entries that walk under it */
	struct iovm__ck_step tlb;	/* the TLB command that came after every entry was quiet and fenced */
	bool used;
	uint8_t iommu;
};
struct iovm__ck_ctx {
	struct iovm__ck_home *homes;
	uint64_t mm;
	uint32_t serial, pasid, bonds, open, callbacks, tokens;
	bool allocated, watched, exiting, exited, was_quarantined, failed;	/* failed: a cut did, and no quarantine followed */
	unsigned quarantined;		/* bonds for whose sake it is held back */
	struct { struct iovm__ck_dev *dev; uint64_t at; uint32_t bond; } suspect[8];
	unsigned suspects;
	uint32_t bad_bond;
	const char *bad;		/* why it must not be freed: what a bond that ended had left out */
};

struct iovm__ck_bond {
	struct iovm__ck_bond *next, **prev;	/* all bonds */
	struct iovm__ck_bond *out_next, **out_prev;	/* those on the way out; out_prev NULL: not on it */
	struct iovm__ck_dev *dev;
	struct iovm__ck_ctx *ctx;
	struct iovm__ck_home *home;
	uint32_t serial, pasid, count;
	uint64_t since;			/* ordinal of the bind call that made it */
	uint64_t walk_at, quiet_at;
	bool bound, has_cb, walked, walking, quiet, ending, unbind_done, cut, failed, shutdown, unbound, suspect;
	unsigned callbacks;
	uint32_t open, open_lasts;
	struct iovm__ck_step entry, tlb, atc;
	bool snap, snap_ok;
	struct iovm__ck_step again;	/* an entry command after the snapshot: what may stall is drained behind its fence */
	uint64_t snap_at[2];
	unsigned idle;			/* dispatches since nothing held the drain up */
};
struct iovm__ck_mm;			/* dma.c */
struct iovm__ck_inv;			/* inval.c */

/* ---- requests and groups ---- */
struct iovm__ck_req {			/* from ACC until its group is closed */
	struct iovm__ck_req *next;	/* of its group, in order of arrival */
	struct iovm__ck_group *group;
	struct iovm__ck_dev *dev;	/* NULL: a StreamID of nobody */
	struct iovm__ck_bond *bond;	/* that it was admitted to; NULL: none, or it has ended */
	uint64_t accepted, time, addr, position;
	uint32_t stream_id, pasid, bond_serial, context;
	uint16_t index;
	uint8_t flags, iommu;
	bool consumed, last, dropped, live, served, ready;	/* ready: for the handler */
	bool asked, counted;		/* it takes a credit of the unit; it is in the unit's records */
};
struct iovm__ck_group {			/* until it was answered and its token is back */
	struct iovm__ck_req *first, *newest, *last;
	uint64_t key;			/* hash of what its first member is known by */
	uint32_t id, bond, context, members;
	int outcome;			/* the handler's word; -1: none yet */
	uint8_t iommu;
	bool answered, token, early, handed;	/* early: the token came back before its PENDING was told */
};

struct iovm__ck_mark { uint64_t position, at; uint32_t pasid; };	/* a member of this index could not be kept */

struct iovm_check {
	uint64_t ordinal;
	struct iovm_check_count count[IOVM_CHECK_MAX];
	unsigned violations;
	bool no_memory, ended;
	char first[400];
	struct iovm__ck_iommu *iommu[256];
	struct map devs, requests, groups, keys, lossy;	/* (iommu, stream); (iommu, queue, position); (iommu, id); request key; (iommu, stream, index) */
	struct map contexts, bonds, entries, asids, owners;	/* serial; serial; (device, pasid); (iommu, ASID); pasid */
	struct map posted;				/* answers not yet commanded */
	struct map stalls, terminated, aborting;	/* (iommu, stream, STAG), twice; (device, pasid): how many */
	struct map mms;
	struct iovm__ck_bond *all, *out;
	struct iovm__ck_inv *invs;
};

#define IOVM__CHECKED(ck, inv) ((ck)->count[inv].checked++)
void iovm__check_fail(struct iovm_check *ck, unsigned inv, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void *iovm__check_alloc(struct iovm_check *ck, size_t size);	/* zeroed; NULL: the checker gives up and says so */

/* devices.c */
struct iovm__ck_iommu *iovm__check_iommu(struct iovm_check *ck, unsigned number);
struct iovm__ck_dev *iovm__check_dev(const struct iovm_check *ck, unsigned iommu, uint32_t stream_id);
struct iovm__ck_dev *iovm__check_dev_get(struct iovm__ck_dev *dev);
void iovm__check_dev_put(struct iovm__ck_dev *dev);
bool iovm__check_stopped(const struct iovm__ck_dev *dev);	/* it did not answer, was set to abort, and a fence says that the IOMMU knows */
bool iovm__check_aborted(const struct iovm__ck_dev *dev);	/* the IOMMU terminates all that it sends: its ATC is of no use to it */
void iovm__check_devices(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_devices_fini(struct iovm_check *ck);
/* bond.c */
struct iovm__ck_bond *iovm__check_bond(const struct iovm_check *ck, uint32_t serial);
struct iovm__ck_bond *iovm__check_bond_at(const struct iovm_check *ck, const struct iovm__ck_dev *dev, uint32_t pasid);
struct iovm__ck_ctx *iovm__check_ctx(const struct iovm_check *ck, uint32_t serial);
void iovm__check_ctx_put(struct iovm_check *ck, struct iovm__ck_ctx *ctx);	/* gone if nothing holds it */
void iovm__check_bonds(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_bonds_end(struct iovm_check *ck);
void iovm__check_bonds_fini(struct iovm_check *ck);
/* cut.c */
void iovm__check_out(struct iovm_check *ck, struct iovm__ck_bond *bond, bool out);	/* is it on the way out? */
bool iovm__check_cut_done(const struct iovm__ck_bond *bond);	/* every step of the cut was commanded and fenced, as far as it is needed */
const char *iovm__check_cut_missing(struct iovm_check *ck, const struct iovm__ck_bond *bond);	/* NULL: cut and drained as it should be */
const char *iovm__check_homes_missing(const struct iovm__ck_ctx *ctx);
void iovm__check_cut(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_cut_end(struct iovm_check *ck);
/* group.c, answer.c */
uint64_t iovm__check_group_key(unsigned iommu, uint32_t id);
uint64_t iovm__check_request_key(const struct iovm_trace *rec);
uint64_t iovm__check_key_hash(unsigned iommu, uint32_t stream_id, uint32_t pasid, unsigned index, bool stall);
bool iovm__check_marker(unsigned flags);
/* The oldest request that was accepted and not consumed, NULL: none. An event that is no request has a position, too, and is passed over */
struct iovm__ck_req *iovm__check_waiting(const struct iovm_check *ck, unsigned iommu, unsigned queue);
void iovm__check_requests_void(struct iovm_check *ck, struct iovm__ck_dev *dev);	/* it was reset: what it had asked takes no credits any more */
void iovm__check_request_close(struct iovm_check *ck, struct iovm__ck_req *req);
void iovm__check_group_put(struct iovm_check *ck, struct iovm__ck_group *group);
void iovm__check_groups(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_groups_end(struct iovm_check *ck);
void iovm__check_groups_fini(struct iovm_check *ck);
void iovm__check_bond_gone(struct iovm_check *ck, struct iovm__ck_bond *bond);	/* requests forget it */
void iovm__check_answers(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_answers_end(struct iovm_check *ck);
void iovm__check_count(struct iovm_check *ck, struct map *map, uint64_t key, int by);	/* a map of numbers; 0 is not in it */
/* inval.c, dma.c */
void iovm__check_inval(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_inval_fini(struct iovm_check *ck);
void iovm__check_returned(struct iovm_check *ck, uint64_t mm, uint64_t first, uint64_t last, uint64_t called);	/* an invalidation of called returned 0 */
void iovm__check_dma(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_dma_fini(struct iovm_check *ck);
/* smmu.c */
void iovm__check_smmu(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_smmu_end(struct iovm_check *ck);
void iovm__check_smmu_fini(struct iovm_check *ck);
void iovm__check_asid(struct iovm_check *ck, const struct iovm__ck_home *home, uint32_t asid);	/* an entry walks under it from now on */
/* bounds.c */
void iovm__check_bounds(struct iovm_check *ck, const struct iovm_trace *rec);
void iovm__check_refused(struct iovm_check *ck, const struct iovm__ck_req *req);	/* for a flood */
void iovm__check_bounds_end(struct iovm_check *ck);

#endif
