/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The world as its own parts see it. One thread: everything here is plain data, and what looks like another thread (a waiting driver call beside a device,
 * a callback beside an invalidation) is nesting: the machine's wait moves the hardware before it returns. With a monitor there are other threads, which come
 * in where nesting calls do, while this one is in the engine: SIM_CALL() leaves, monitor.c enters.
 *
 * Who is ready. A list holds what can move now: IOMMUs with a command to carry out, devices with a move, IOMMUs whose dispatch is due. Whoever changes
 * the state of one says so by iovm__*_update(); the scheduler never searches. What waits for time has a time of its own, and next_timer
 * is a lower bound of all of them.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H
#include <iovm/sim.h>
#include <iovm/smmuv3_model.h>
#include <iovm/trace.h>
#include "backends/sim/bus.h"
#include "backends/sim/cache.h"
#include "base/atomic.h"

enum {
	IOVM__STEP_NS = 100,		/* a choice of the scheduler takes so long */
	IOVM__TURN_NS = 4000,		/* a turn of port.wait */
	IOVM__WAIT_TURNS = 256,		/* turns until time is up: about a millisecond */
	IOVM__ADDRESS_BITS = 48,
	IOVM__SIM_IOMMUS = 64,
};

/* ---- lists of what is ready ------------------------------------------------------------------------------------------------ */

struct iovm__list {		/* unordered, but changed only by the run itself: the same run gives the same order */
	void **item;
	unsigned n, room;
};
bool iovm__list_room(struct iovm__list *list, unsigned n);	/* false: no memory */
void iovm__list_set(struct iovm__list *list, void *item, int *slot, bool in);	/* *slot: where item is, -1: it is not */

/* ---- memory on the bus (memory.c); there only with SMMUv3s -------------------------------------------------------------------- */

struct iovm__memory {
	struct map blocks;	/* by page of their bus addresses */
	uint64_t next_bus;
	struct iovm_model_shadow *shadow;
	size_t shadowed;	/* bytes */
};
bool iovm__memory_init(struct iovm__memory *memory, bool shadow, unsigned (*choose)(void *ctx, unsigned n, const char *point), void *ctx);
void iovm__memory_fini(struct iovm__memory *memory);
uint64_t iovm__memory_add(struct iovm__memory *memory, void *mem, size_t size, bool shadowed);	/* size a power of two; its bus address, 0: no memory */
void iovm__memory_remove(struct iovm__memory *memory, uint64_t bus);
bool iovm__memory_read(struct iovm__memory *memory, uint64_t addr, unsigned bytes, uint64_t *value);	/* as the SMMU sees it; false: abort */
bool iovm__memory_write(struct iovm__memory *memory, uint64_t addr, unsigned bytes, uint64_t value);
void iovm__memory_barrier(struct iovm__memory *memory);	/* all that was stored is visible */

/* ---- spaces ------------------------------------------------------------------------------------------------------------------ */

struct iovm__page {
	uint64_t vpn;
	struct iovm_sim_mm *mm;
	uint64_t since;		/* ordinal of the last record that took something from it, or made it: older translations are void */
	uint64_t born;		/* ordinal when its memory was new: older translations led to other memory */
	struct iovm__page *hash_next, *next, *prev;	/* next, prev: pages of one space */
	uint64_t frame;		/* of its address in a table; 0: no table has it */
	uint8_t prot;
	bool present;		/* not present: its memory is kept, as in swap */
	unsigned char data[4096];
};
struct iovm__vma {
	uint64_t first, last;
	uint32_t prot;
};
struct iovm__span {
	uint64_t first, last;
};
enum { IOVM__SPANS = 80 };	/* invalidations of one space at a time: more than a soak has threads */
struct iovm_sim_mm {
	struct iovm_sim *sim;
	uint64_t id;		/* 0: a free header */
	uint64_t born;		/* ordinal of the newest record when it got this id */
	struct iovm__table_page *table;	/* its page table: all of it; NULL: it has none */
	uint64_t root;		/* bus address of its first level */
	struct iovm_sim_mm *next, *prev;	/* all that are not free */
	struct iovm__vma *vma;
	unsigned nvmas, vma_room;
	struct iovm__page *pages;
	unsigned npages;
	bool dead, put, watched, exited;	/* exited: iovm_mm_exit() returned 0: nobody may reach it */
	unsigned recalled;	/* unbinds and exits of it that are under way */
	struct iovm__span pending[IOVM__SPANS];	/* taken away, but the invalidation has not returned 0 */
	unsigned npending;
	struct iovm__span lost;	/* hull of the ranges whose invalidation failed: excused until unwatch; first > last: none */
	bool backed;
	struct iovm_sim_backing backing;
};
enum { IOVM__PAGE_BUCKETS = 4096, IOVM__MM_CHUNKS = 24 };

struct iovm_sim_mm *iovm__mm_of(struct iovm_sim *sim, const void *pointer);	/* NULL: not one of ours */
struct iovm__page *iovm__mm_page(struct iovm_sim_mm *mm, uint64_t vpn);
int iovm__mm_page_in(struct iovm_sim_mm *mm, const struct iovm_range *range);	/* an enum iovm_outcome: DONE, REFUSED, AGAIN */
void iovm__mm_drop(struct iovm_sim_mm *mm, uint64_t first, uint64_t last);	/* reclaim: pages go, the mapping stays; invalidates */
int iovm__mm_dma(const struct iovm__cached *t, uint64_t addr, void *buf, size_t len, bool write);	/* 0; 1: the page is another by now; negative: no memory there */
bool iovm__mm_stale(const struct iovm__cached *t, uint8_t need);	/* used although its invalidation returned 0 */
void iovm__mm_release(struct iovm_sim_mm *mm);		/* unwatched: free it if its owner let go */
/* table.c */
bool iovm__table_new(struct iovm_sim_mm *mm, struct iovm_table *table);	/* false: no memory */
void iovm__table_del(struct iovm_sim_mm *mm);
bool iovm__table_show(struct iovm__page *p);	/* the table says what the page says; false: no memory */
bool iovm__frame_new(struct iovm__page *p);
void iovm__frame_free(const struct iovm__page *p);
struct iovm__page *iovm__frame_page(const struct iovm_sim *sim, uint64_t addr);	/* NULL: no page is there */
bool iovm__mm_init(struct iovm_sim *sim);
void iovm__mm_fini(struct iovm_sim *sim);

/* ---- IOMMUs -------------------------------------------------------------------------------------------------------------------- */

struct iovm__hw_ops {		/* an IOMMU, as the scheduler sees it */
	void (*step)(void *hw);		/* one command, or part of one */
	void (*timer)(void *hw);
	uint64_t (*next_timer)(const void *hw);
	bool (*queued)(const void *hw);	/* a request waits to be polled */
	bool (*busy)(const void *hw);	/* commands are not all carried out */
	void (*fini)(void *hw);		/* after the engine is gone; NULL: the engine has freed it */
};
struct iovm__node {		/* what the scheduler knows of an IOMMU; what it is itself is its bus's hw */
	struct iovm_sim *sim;
	unsigned index;
	struct iovm_iommu *core;
	const struct iovm__hw_ops *ops;
	struct iovm__bus bus;
	struct iovm__list eps;
	int hw_slot, due_slot;
	bool wake, irq, again, dispatching, dead;	/* again: the last dispatch used its budget up */
	bool irq_lost;		/* F26: an interrupt that nobody saw; irq_at is when somebody looks anyway */
	uint64_t deadline, irq_at;	/* UINT64_MAX: none. deadline is on the host's own clock (skewed) */
};
int iovm__direct_new(struct iovm__node *node);	/* the direct one; adds it to the system */
int iovm__chip_new(struct iovm__node *node);	/* an SMMUv3 (chip.h) */
void iovm__chip_given_up(struct iovm__node *node);	/* somebody's time was up (F35) */
void iovm__chip_fill_events(struct iovm__node *node);	/* F25 */
void iovm__chip_power(struct iovm__node *node);		/* F37; while nobody is in a call */
void iovm__chip_deaf(struct iovm__node *node);		/* F38 */
void iovm__chip_judge(struct iovm__node *node);		/* at rest: what is still owed? */
void iovm__node_update(struct iovm__node *node);	/* is a dispatch due? */
void iovm__node_irq(struct iovm__node *node);
void iovm__node_answer(struct iovm__node *node, const struct iovm_request *req, enum iovm_response code);	/* the IOMMU itself, to what it dropped */

/* ---- the world --------------------------------------------------------------------------------------------------------------- */

struct iovm__token {		/* a PENDING fault that the host holds */
	struct iovm__token *next;
	uint64_t token;
	struct iovm_sim_mm *mm;
	uint64_t mm_id, since;
	unsigned fault;		/* F48..F58: what shall go wrong when it is finished; 0: nothing */
	uint32_t bond;		/* serial, 0: not known */
	bool ended;		/* F48: its bond, or its space, has ended */
	unsigned nranges, room;
	struct iovm_range range[];
};
struct iovm__bond_seen {	/* what the trace told of live bonds: who may ask for which PASID */
	uint32_t stream_id, pasid;
	uint64_t mm;
	unsigned iommu;
};
enum { IOVM__BONDS = 1024, IOVM__SPENT = 64, IOVM__FAULT_GROUPS = 256 };

struct iovm_sim {
	struct iovm_sim_config config;
	struct iovm_port over;		/* config.port, copied */
	uint64_t rng;
	uint64_t inject;		/* what may still happen: settle() takes all of it away */
	uint64_t now, skew;		/* skew: how far the host's clock is off (F42, F44) */
	uint64_t stall_from;		/* F42: the host's clock stands still until now reaches stall_to */
	uint64_t stall_to;
	uint64_t ordinal;		/* of the newest record */
	struct iovm *sys;
	struct iovm_check *check;
	bool check_ended;
	unsigned broken, leaks;		/* rules broken that the machine itself saw; leaks that settle() found */

	struct iovm__node *node[IOVM__SIM_IOMMUS];
	unsigned nnodes;
	struct iovm__list hw_ready, due, ep_ready, inv_ready, background, resets;
	uint64_t next_timer;
	struct iovm__list eps;		/* all of them */
	unsigned njoining;		/* those whose iovm_device_add() is under way */
	uint32_t next_stream;
	uint64_t forged;		/* requests of nobody */

	struct iovm_sim_mm *mms, *mm_free;
	struct { struct iovm_sim_mm *mm; unsigned n; } chunk[IOVM__MM_CHUNKS];
	unsigned nchunks;
	uint64_t next_mm;
	struct iovm__page *page[IOVM__PAGE_BUCKETS], *page_free;
	struct iovm__memory memory;
	struct map tables, frames;	/* pages of tables by bus address; pages of spaces by frame */
	uint64_t next_frame;
	struct iovm_sim_smmuv3 smmuv3;	/* config.smmuv3, copied */
	bool power;			/* an SMMU is being switched: nobody else does anything (F37) */

	enum iovm_outcome handler;
	struct iovm__token *tokens, **tokens_tail, *token_free;
	unsigned ntokens, nblocked;
	bool ended;			/* a blocked token's bond was recalled */
	uint32_t fault_group, fault_bond[IOVM__FAULT_GROUPS];	/* the groups that the next call of the handler is about, as the trace told */
	unsigned nfault_bonds;
	uint64_t spent[IOVM__SPENT];
	unsigned nspent;

	struct iovm__bond_seen bonds[IOVM__BONDS];
	unsigned nbonds;
	unsigned in_bind;		/* BIND_CALL without BIND_RET: where F59 may fail an entry */

	void (*on_wait)(void *ctx, unsigned depth);
	void *on_wait_ctx;
	unsigned depth, dispatching;
	bool locked, settling;
	unsigned device_fault[32], ndevice_faults;
	struct iovm_sim_stats stats;
};

/* trace.c */
uint64_t iovm__trace(struct iovm_sim *sim, const struct iovm_trace *rec);	/* the machine's own record; its ordinal */
void iovm__trace_engine(void *sim, const struct iovm_trace *rec);		/* port.trace */
#define SIM_TRACE(sim, name, ...) iovm__trace(sim, &(const struct iovm_trace){ .event = IOVM_TR_##name, __VA_ARGS__ })
/* Of a request at an IOMMU. Without the PASID flag the field says nothing (SMMU chapter 8): records do not repeat it */
#define SIM_REQUEST(node, name, req, ...) \
	SIM_TRACE((node)->sim, name, .iommu = (uint8_t)(node)->index, .stream_id = (req)->stream_id, .index = (req)->index, .flags = (req)->flags, \
		  .pasid = (req)->flags & IOVM_REQ_PASID ? (req)->pasid : IOVM_NO_PASID, __VA_ARGS__)

/* inject.c */
bool iovm__chance(struct iovm_sim *sim, unsigned one_in, const char *point);	/* a choice between the harmless 0 and 1 */
static inline bool iovm__injects(const struct iovm_sim *sim, unsigned number)
{
	return sim->inject >> number & 1;
}
void iovm__injected_stream(struct iovm_sim *sim, unsigned number, unsigned iommu, uint32_t stream_id);

/* monitor.c */
static inline void iovm__enter(struct iovm_sim *sim)
{
	if (sim->config.monitor)
		sim->config.monitor(sim->config.monitor_ctx, true);
}
static inline void iovm__leave(struct iovm_sim *sim)
{
	if (sim->config.monitor)
		sim->config.monitor(sim->config.monitor_ctx, false);
}
static inline int iovm__back(struct iovm_sim *sim, int ret)
{
	iovm__enter(sim);
	return ret;
}
#define SIM_CALL(sim, call) (iovm__leave(sim), iovm__back(sim, (call)))		/* of the engine; the arguments are read outside, too */
void iovm__monitor_port(struct iovm_sim *sim, struct iovm_port *port, struct iovm_mm_ops *mm);	/* the same functions, inside the monitor */

/* host.c */
struct iovm_port iovm__host_port(struct iovm_sim *sim);
struct iovm_mm_ops iovm__host_mm_ops(struct iovm_sim *sim);
uint64_t iovm__host_clock(struct iovm_sim *sim);

/* handler.c */
void iovm__handler_fault(void *sim, void *mm, struct iovm_fault *faults, unsigned n);
void iovm__handler_recalled(struct iovm_sim *sim, uint64_t mm_id, uint32_t bond);	/* this bond has ended; 0: all of mm */
bool iovm__handler_step(struct iovm_sim *sim);		/* finish one token; false: there is none to finish */
void iovm__handler_unblock(struct iovm_sim *sim);	/* F48: those whose bond has ended */
void iovm__handler_race(struct iovm_sim *sim);		/* F58, F57: in somebody's wait */
void iovm__handler_fini(struct iovm_sim *sim);

/* sched.c */
void iovm__sched_hardware(struct iovm_sim *sim);	/* one move of the hardware, as beside a waiting caller */
void iovm__sched_time(struct iovm_sim *sim, uint64_t ns);	/* time passes: timers fire */
void iovm__sched_timer(struct iovm_sim *sim, uint64_t at);	/* something happens then */

#endif
