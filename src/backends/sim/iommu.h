/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The direct IOMMU: struct iovm_backend without registers. Three parts share this state:
 *
 *   queue.c     requests and stalls on their way to the engine: positions, overflow, what is not visible yet
 *   command.c   commands on their way from the engine: carried out one by one, over time, in any order between two fences; fences and their results
 *   walk.c      the tables as the engine wrote them, what is cached of them, and translation
 *
 * As in real hardware, an entry counts as the IOMMU last read it: it reads anew only what an ENTRY command made it forget. A TLB hit
 * does not ask whether the entry allows walks.
 */
#ifndef SIM_IOMMU_H
#define SIM_IOMMU_H
#include "backends/sim/world.h"

enum { IOVM__STREAMS = 256, IOVM__ENTRIES = 1024, IOVM__RESULTS = 4096, IOVM__STALLS = 512 };

struct iovm__conf {		/* one entry: as it is in memory, or as the IOMMU read it */
	bool walk;
	uint32_t asid;
	struct iovm_sim_mm *mm;
	uint64_t mm_id;
};
struct iovm__entry {		/* of (function, PASID); one that does not exist is quiet */
	struct iovm__entry *hash_next, *next;	/* next: of the function */
	struct iovm__fn *fn;
	uint32_t pasid;
	struct iovm__conf memory, read;
	bool cached;
};
struct iovm__fn {		/* a function that is, or was, attached; lives until the queue has no command of it */
	uint32_t stream_id;		/* the first: names it in records */
	uint32_t ids[IOVM_MAX_STREAMS];
	uint16_t nids;
	bool ats, stall, aborted;	/* stream entry in memory */
	bool cached, read_ats, read_aborted;
	bool detached;
	unsigned commands;
	struct iovm__entry *entries;
};
struct iovm__stream_seat {
	struct iovm__stream_seat *next;
	uint32_t id;
	struct iovm__fn *fn;
};

struct iovm__queued {
	struct iovm_request req;
	uint64_t visible;	/* F27: PROD covers it, the data comes later */
	uint8_t fault;		/* what it carries out; 0: honest */
};
struct iovm__command {
	struct iovm_cmd cmd;
	struct iovm__fn *fn;
};
enum iovm__run { IOVM__RUNS, IOVM__STOPPED, IOVM__HW_DEAD };

struct iovm__iommu_hw {
	struct iovm__node *node;
	struct iovm_sim *sim;
	/* queue.c */
	struct iovm__queued *queue[2];
	uint64_t prod[2], cons[2], size[2];
	bool overflow, overflow_injected;
	struct { struct iovm_sim_ep *ep; uint16_t id; bool used; } stall[IOVM__STALLS];	/* by STAG; ep NULL: nobody waits any more */
	unsigned next_stag;
	/* command.c */
	struct iovm__command *slot;
	uint64_t slots, cprod, ccons;
	enum iovm__run run;
	unsigned outstanding, nstuck;	/* ATC invalidations since the last fence; those that nobody will answer */
	struct { struct iovm_sim_ep *ep; uint32_t stream_id; bool stuck, used; } inv[64];
	bool stuck_traced, stuck_injected, refused;
	uint32_t guilty;
	uint64_t deadline;		/* until when the fence waits; UINT64_MAX: no limit yet */
	struct { unsigned long ticket; int error; } failed[IOVM__RESULTS];
	/* walk.c */
	struct iovm__stream_seat *stream[IOVM__STREAMS];
	struct iovm__entry *entry[IOVM__ENTRIES];
	struct iovm__cache tlb;
};

void iovm__queue_put(void *hw, const struct iovm_request *req, unsigned fault);
unsigned iovm__queue_poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out);
void iovm__queue_newest(void *hw, uint64_t pos[2]);
bool iovm__queue_used(const void *hw);

int iovm__command_submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket);
int iovm__command_reached(void *hw, unsigned long ticket);
int iovm__command_recover(void *hw, struct iovm_blame *blame);
void iovm__command_forgot(void *hw, unsigned long tag, bool ok);
void iovm__command_stuck(void *hw, unsigned long tag, uint32_t stream_id, bool injected);
void iovm__command_gone(void *hw, struct iovm_sim_ep *ep);
void iovm__command_step(void *hw);
void iovm__command_timer(void *hw);
uint64_t iovm__command_next_timer(const void *hw);
bool iovm__command_busy(const void *hw);

int iovm__walk_attach(void *hw, struct iovm_function *fn);
void iovm__walk_detach(void *hw, struct iovm_function *fn);
int iovm__walk_entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid);
void iovm__walk_changed(struct iovm__iommu_hw *hw, struct iovm__fn *fn, uint32_t pasid, bool stream);	/* ENTRY carried out */
void iovm__walk_put(struct iovm__fn *fn);			/* a command of it was carried out */
enum iovm__reply iovm__walk_translate(void *hw, const struct iovm__access *access, struct iovm__cached *out);
bool iovm__walk_translated(void *hw, uint32_t stream_id);
void iovm__walk_fini(struct iovm__iommu_hw *hw);

#endif
