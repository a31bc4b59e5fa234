/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A device: its transfers, what it asked for, what it may remember.
 *
 *   endpoint.c   coming and going
 *   ep_dma.c     transfers: a few at a time, page by page, through the ATC or the IOMMU
 *   ep_pri.c     page requests: credits and indices of the unit, groups, answers; stalls
 *   ep_atc.c     invalidations that it was sent; capabilities; reset and removal
 *   ep_faults.c  what it does against the rules
 *
 * A transfer owns at most one group at a time. A group outlives its transfer: who asked must wait for the answer, or the index would be ambiguous.
 */
#ifndef SIM_ENDPOINT_H
#define SIM_ENDPOINT_H
#include "backends/sim/world.h"

enum { IOVM__WINDOW = 4, IOVM__ITAGS = 32, IOVM__CAP_LOG = 64, IOVM__GROUP_PAGES = 8, IOVM__RETRIES = 48 };

enum iovm__job_state {
	IOVM__JOB_RUN,		/* needs a translation */
	IOVM__JOB_FLIGHT,	/* under way with a translation of the ATC */
	IOVM__JOB_BLOCKED,	/* wants to ask and has no credit or no index */
	IOVM__JOB_SEND,		/* sends the members of its group */
	IOVM__JOB_WAIT,		/* asked */
};
struct iovm__job {
	struct iovm__job *next;
	enum iovm__job_state state;
	uint32_t pasid;
	uint16_t index;
	bool write, changed;		/* changed: it comes back as another access first (F22) */
	unsigned retries;
	uint64_t iova, retry_at;
	unsigned char *buf;
	size_t len, at;
	struct iovm__cached held;	/* FLIGHT: what it goes by */
};
struct iovm__group {
	struct iovm_sim_ep *ep;	/* NULL: the index is free */
	struct iovm__job *job;	/* NULL: nobody waits */
	uint64_t addr;
	uint32_t pasid;
	uint8_t flags, npages, sent, due;	/* due: answers to come */
	bool last_sent;
};
struct iovm__unit {		/* a PF's page requests; its VFs share them */
	struct iovm__group group[IOVM_PRG_INDICES];
	unsigned credits, outstanding, nused, next;
	bool on, blocked;		/* blocked: somebody waits for a credit */
	uint64_t stopped_at;
};
struct iovm__inv {
	unsigned long tag;
	uint32_t pasid;
	uint64_t first, last;
	bool done, stuck;	/* done: forgotten, but a transfer is still under way with it */
};

struct iovm_sim_ep {
	struct iovm_sim *sim;
	struct iovm__node *node;
	struct iovm_device *device;
	struct iovm_sim_ep *pf;
	unsigned nvfs;
	uint32_t ids[IOVM_MAX_STREAMS];
	uint16_t nids;
	uint8_t pasid_bits;
	uint32_t flags;
	bool stall, honest;
	int all_slot, node_slot, ready_slot, inv_slot, background_slot, reset_slot;

	struct iovm__unit *unit;	/* the PF's, or its own */
	struct iovm__cache atc;
	bool pasid_on, ats_on;
	bool gone, bus_off, resetting;
	bool leaving;			/* its iovm_device_del() is under way: nobody may begin anything else with the handle */

	struct iovm__job *jobs, **jobs_tail, *job_free;
	unsigned njobs, failed, done;
	uint64_t wake_at;
	struct iovm__inv inv[IOVM__ITAGS];
	unsigned ninv;

	unsigned outstanding;
	uint64_t serial;
	struct iovm_sim_answers answers;
	struct iovm_sim_cap cap[IOVM__CAP_LOG];
	unsigned ncaps;

	/* rules that it does not keep to */
	bool silent, silent_injected, refuses, rogue, floods, never_stops, not_stopped;
	struct iovm__cached kept;	/* F18: what it was told to forget, and means to use once more */
	unsigned kept_tries;
	uint64_t sick_at;		/* when it fell ill by chance; 0: it did not. Somebody resets it after a while */
	struct { uint32_t pasid; uint64_t addr; uint8_t flags; uint16_t index; unsigned left; bool waits; } again;	/* F15 */
	uint32_t recent_pasid, dead_pasid;	/* last asked for; last lost. IOVM_NO_PASID - 1: none */
	uint64_t recent_addr;
};
#define IOVM__NEVER_PASID (IOVM_NO_PASID - 1)

void iovm__ep_update(struct iovm_sim_ep *ep);		/* what can it do now? */
void iovm__ep_move(struct iovm_sim_ep *ep);		/* one move of a transfer */
void iovm__ep_invalidation(struct iovm_sim_ep *ep);	/* one move of an invalidation */
void iovm__ep_background(struct iovm_sim_ep *ep);	/* one move of a device without manners */
void iovm__ep_timer(struct iovm_sim_ep *ep);
static inline bool iovm__ep_alive(const struct iovm_sim_ep *ep)
{
	return !ep->gone && !ep->bus_off;
}

/* ep_dma.c */
void iovm__job_end(struct iovm_sim_ep *ep, struct iovm__job *job, bool landed);
void iovm__job_answered(struct iovm_sim_ep *ep, struct iovm__job *job, enum iovm_response code);
bool iovm__job_movable(const struct iovm_sim_ep *ep, const struct iovm__job *job);
bool iovm__job_uses(const struct iovm_sim_ep *ep, uint32_t pasid, uint64_t first, uint64_t last);	/* a transfer is under way there */
void iovm__jobs_drop(struct iovm_sim_ep *ep);		/* all of them fail */

/* ep_pri.c */
void iovm__pri_emit(struct iovm_sim_ep *ep, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint16_t index, uint8_t flags, unsigned fault);
bool iovm__pri_ask(struct iovm_sim_ep *ep, struct iovm__job *job);	/* begin its group; false: no credit, no index */
void iovm__pri_send(struct iovm_sim_ep *ep, struct iovm__job *job);	/* its group's next member */
int iovm__pri_index(struct iovm_sim_ep *ep);		/* a free one; negative: none */
int iovm__stall_id(struct iovm_sim_ep *ep);		/* for an access that may stall; negative: it has as many out as it may */
void iovm__stall_wait(struct iovm_sim_ep *ep, struct iovm__job *job, const struct iovm__access *access);	/* job NULL: nobody waits */
struct iovm__group *iovm__pri_hold(struct iovm_sim_ep *ep, uint16_t index, uint32_t pasid, uint64_t addr, uint8_t flags);
void iovm__pri_unblock(struct iovm__unit *unit, struct iovm_sim *sim);
void iovm__pri_forget(struct iovm_sim_ep *ep);		/* groups of this function: their credits are back, answers to come mean nothing */

/* ep_faults.c */
bool iovm__ep_misbehave(struct iovm_sim_ep *ep);	/* one of the injected faults of devices; false: not now */
void iovm__ep_cure(struct iovm_sim_ep *ep);		/* a reset makes it honest again, but for what a test switched on */
void iovm__ep_asks_again(struct iovm_sim_ep *ep);	/* F15 */
void iovm__ep_keeps(struct iovm_sim_ep *ep, const struct iovm__inv *inv);	/* F18 */
void iovm__ep_uses_kept(struct iovm_sim_ep *ep);

/* ep_atc.c */
int iovm__ep_set_cap(void *ep, enum iovm_cap cap, uint32_t value);
void iovm__ep_bus_off(struct iovm_sim_ep *ep);
bool iovm__ep_reset_begin(struct iovm_sim_ep *ep);	/* the first half of iovm_sim_ep_reset(); false: not now */
void iovm__ep_reset_done(struct iovm_sim_ep *ep);
void iovm__ep_clear(struct iovm_sim_ep *ep);		/* what a reset takes away */

#endif
