/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The pretend machine: devices, address spaces and IOMMUs in software, an engine over them, a clock of its own, and the checker listening.
 * For unit tests of drivers: whatever the driver does, iovm_sim_del() returns how many rules were broken. One thread; deterministic: the same
 * seed and the same calls give the same trace, byte for byte. (Several threads, and then nothing repeats: monitor below.)
 */
#ifndef IOVM_SIM_H
#define IOVM_SIM_H
#include <iovm/iovm.h>
#include <iovm/check.h>
#ifdef __cplusplus
extern "C" {
#endif

struct iovm_sim;
struct iovm_sim_mm;		/* its pointer is what iovm_bind_mm() takes */
struct iovm_sim_ep;		/* an endpoint: one PCIe function */

/* ---- a world with one IOMMU, everything harmless ----------------------------------------------------------------------- */

struct iovm_sim *iovm_sim_new(uint64_t seed);	/* NULL: no memory */
/*
 * Tear down and judge: frees endpoints, spaces, IOMMUs, engine. Returns broken rules (0: none): violated invariants, live bonds, leaked PASIDs or
 * memory; each is printed to stderr with the seed.
 */
int iovm_sim_del(struct iovm_sim *sim);
struct iovm *iovm_sim_system(struct iovm_sim *sim);
struct iovm_iommu *iovm_sim_iommu_new(struct iovm_sim *sim);	/* a further IOMMU in the same system; NULL: no memory */
struct iovm_iommu *iovm_sim_iommu(struct iovm_sim *sim, unsigned n);	/* n-th IOMMU, from 0; NULL: there is none */

/* 0..n-1, 0 is always the harmless choice: the only source of chance in this world. point names the choice in replay files. n >= 1 */
unsigned iovm_choose(struct iovm_sim *sim, unsigned n, const char *point);

/* A new PF behind IOMMU 0, added (trusted, entry 0 blocked), not yet inited. NULL: no memory or no credits. */
struct iovm_sim_ep *iovm_sim_ep_new(struct iovm_sim *sim, uint16_t credits, uint8_t pasid_bits);
struct iovm_device *iovm_sim_ep_device(struct iovm_sim_ep *ep);

void *iovm_sim_mm_new(struct iovm_sim *sim);	/* an empty space, alive */
/* The space's owner maps first..last (page aligned, last inclusive) with IOVM_READ|WRITE|EXEC rights; pages come on demand. Returns mm, NULL: no memory */
void *iovm_sim_mm_map(void *mm, uint64_t first, uint64_t last, uint32_t prot);
int iovm_sim_mm_unmap(void *mm, uint64_t first, uint64_t last);	/* takes pages away and calls iovm_invalidate(); its result */
int iovm_sim_mm_protect(void *mm, uint64_t first, uint64_t last, uint32_t prot);	/* new rights; invalidates as needed */
int iovm_sim_mm_kill(void *mm);			/* the process dies: iovm_mm_exit(); its result */
void iovm_sim_mm_put(void *mm);			/* the owner lets go of a space; freed once unwatched */
int iovm_sim_mm_read(void *mm, uint64_t addr, void *buf, size_t len);	/* as the CPU sees it, page-in included; 0 or IOVM_E_INVAL (not mapped) */
int iovm_sim_mm_write(void *mm, uint64_t addr, const void *buf, size_t len);

/*
 * Queue a DMA of len bytes (split at pages) at iova in the space of pasid (negative: without PASID); it runs in iovm_sim_run(): translated through the ATC or the
 * IOMMU, asked for by page requests when not present, tried again when answered Success. buf lives until then. 0, or IOVM_E_NO_MEMORY.
 */
int iovm_sim_dma(struct iovm_sim_ep *ep, int pasid, uint64_t iova, void *buf, size_t len, bool write);
unsigned iovm_sim_dma_failed(const struct iovm_sim_ep *ep);	/* transfers that ended in an abort or an Invalid, since the endpoint was made */
unsigned iovm_sim_dma_done(const struct iovm_sim_ep *ep);	/* transfers that landed whole */
void iovm_sim_run(struct iovm_sim *sim);	/* until nothing is left to do */

/* ---- the same with every knob, for soaks, searches and tests of the engine itself ------------------------------------------- */

typedef unsigned iovm_sim_choose_fn(void *ctx, unsigned n, const char *point);
struct iovm_sim_smmuv3 {		/* 0: what they have by themselves */
	uint8_t sync;			/* enum iovm_smmuv3_sync */
	bool linear, no_range;		/* a stream table of one level; no TLB invalidations by range */
	bool no_shadow;			/* what the driver stores is visible at once, not only at a barrier */
};
struct iovm_sim_config {
	size_t size;			/* sizeof(struct iovm_sim_config) */
	uint64_t seed;
	unsigned iommus;		/* 1..IOVM_MAX_IOMMUS, default 1 */
	uint32_t max_mms;		/* default 64 */
	uint8_t pasid_bits;		/* default 16 */
	uint8_t asid_bits;		/* default 16 */
	uint8_t priq_log2;		/* default 8 */
	uint8_t evtq_log2;		/* default 10; as many stalls at a time as it has entries, 256 at most */
	uint8_t cmdq_log2;		/* default 8 */
	uint64_t inject;		/* bit n: fault Fn may happen (n = 1..61); 0: a harmless world */
	iovm_sim_choose_fn *choose;	/* NULL: with inject 0 always 0 where a choice is a fault, else a PRNG over seed */
	void *choose_ctx;
	/* every record in order, after ids and time were filled in, before the checker sees it; may be NULL */
	void (*trace)(void *ctx, const struct iovm_trace *rec);
	void *trace_ctx;
	const struct iovm_port *port;	/* functions that are not NULL replace the machine's own (alloc, free, lock, unlock, wait, fence, wake, notice); trace always passes the machine */
	const struct iovm_sim_smmuv3 *smmuv3;	/* the IOMMUs are SMMUv3s of registers and memory under the library's driver; NULL: they have no registers. Copied */
	bool quiet;			/* do not print broken rules */
	bool no_check;			/* without the checker (benchmarks); without trace and inject, too, the engine is not traced: delete devices by iovm_sim_ep_del() only */
	bool no_dispatch;		/* somebody else dispatches (an event loop): iovm_sim_step() never does */
	void (*irq)(void *ctx, unsigned iommu);	/* IOMMU n has something to poll; may be NULL */
	void *irq_ctx;
	/*
	 * Several threads. The machine stays code for one: whoever calls iovm_sim_*() has entered; the machine enters when the engine calls its port or its
	 * registers, and leaves while it calls the engine. So the engine's own code runs at once in all threads that call it, and the host's other calls to it are
	 * made outside, too. Hooks of this struct and of port are called inside, but lock and unlock, which port must have. Of the engine's
	 * threads nobody knows in which order things happen: it is not traced, there is no checker, trace hears what the machine itself does. NULL: one thread
	 */
	void (*monitor)(void *ctx, bool enter);
	void *monitor_ctx;
};
struct iovm_sim *iovm_sim_new_config(const struct iovm_sim_config *config);

struct iovm_sim_ep_config {
	size_t size;			/* sizeof(struct iovm_sim_ep_config) */
	unsigned iommu;
	uint16_t credits;		/* 0: no page requests */
	uint8_t pasid_bits, stu;
	uint32_t flags;			/* IOVM_DEV_*; the world does not add TRUSTED by itself here */
	uint16_t nstream_ids;		/* 0: one, chosen by the world */
	const uint32_t *stream_ids;
	void *mm;			/* entry 0 */
	struct iovm_sim_ep *pf;		/* VF of this PF */
	bool stall;			/* a platform master: stalls instead of page requests, no PCIe capabilities */
	bool honest;			/* never chosen for device faults */
};
struct iovm_sim_ep *iovm_sim_ep_new_config(struct iovm_sim *sim, const struct iovm_sim_ep_config *config, int *err);	/* err (may be NULL): why NULL */
uint32_t iovm_sim_ep_stream_id(const struct iovm_sim_ep *ep);
unsigned iovm_sim_ep_outstanding(const struct iovm_sim_ep *ep);	/* page requests without an answer */
bool iovm_sim_ep_idle(const struct iovm_sim_ep *ep);
int iovm_sim_ep_del(struct iovm_sim_ep *ep);	/* iovm_device_del(), then the endpoint; on an error it stays */
void iovm_sim_ep_stop(struct iovm_sim_ep *ep, int pasid);	/* the driver stops the device's use of pasid: drop its transfers, send a Stop Marker */
int iovm_sim_ep_reset(struct iovm_sim_ep *ep, bool ok);		/* reset_begin, the reset itself, reset_done(ok) */
int iovm_sim_ep_remove(struct iovm_sim_ep *ep);			/* surprise removal: the device answers nothing any more, iovm_device_gone() */
/* Send one page request as it stands, rules or no rules. For tests. addr page aligned; flags IOVM_REQ_* (backend.h); a response to it is counted */
void iovm_sim_ep_request(struct iovm_sim_ep *ep, uint32_t pasid, uint64_t addr, uint16_t index, uint8_t flags);
struct iovm_sim_answers { unsigned success, invalid, failure; uint16_t index; uint32_t pasid; };	/* index, pasid: of the newest */
struct iovm_sim_answers iovm_sim_ep_answers(const struct iovm_sim_ep *ep);
/* The order in which the device saw set_cap, oldest first: returns how many there were since it was made, fills at most n */
struct iovm_sim_cap { enum iovm_cap cap; uint32_t value; };
unsigned iovm_sim_ep_caps(const struct iovm_sim_ep *ep, struct iovm_sim_cap *cap, unsigned n);
unsigned iovm_sim_ep_atc(const struct iovm_sim_ep *ep, uint32_t pasid);	/* translations it holds for pasid (IOVM_NO_PASID: without) */

/* Behaviours that a test can switch on by itself (faults of the same number do it by chance) */
enum iovm_sim_behaviour {
	IOVM_SIM_ATC_SILENT = 1,	/* F16: never completes an ATC invalidation */
	IOVM_SIM_FLOOD,			/* F13: ignores its credits */
	IOVM_SIM_STALE,			/* F18: goes on using what it was told to forget (a rogue) */
	IOVM_SIM_NEVER_STOPS,		/* F14: asks on after unbind, without end */
	IOVM_SIM_NOT_STOPPED,		/* PRI never reports STOPPED */
};
void iovm_sim_ep_behave(struct iovm_sim_ep *ep, enum iovm_sim_behaviour what, bool on);

/* Memory behind a space: real memory instead of the machine's own, for --mm process */
struct iovm_sim_backing {
	void *ctx;
	/* make present for real; set each outcome (DONE, REFUSED, AGAIN); the machine then maps what is DONE */
	void (*page_in)(void *ctx, struct iovm_fault *faults, unsigned n);
	int (*access)(void *ctx, uint64_t addr, void *buf, size_t len, bool write);	/* a device's DMA within one page; 0 or negative: no memory there */
};
void iovm_sim_mm_back(void *mm, const struct iovm_sim_backing *backing);	/* before the first bind; copied */
uint64_t iovm_sim_mm_id(const void *mm);	/* what stands in trace records */
bool iovm_sim_mm_watched(const void *mm);	/* the engine still holds the pointer */

/* How mm_ops.fault of this world answers, when no fault chooses otherwise: PENDING keeps the tokens for iovm_sim_finish() */
void iovm_sim_handler(struct iovm_sim *sim, enum iovm_outcome outcome);
unsigned iovm_sim_pending(const struct iovm_sim *sim);			/* tokens with the host */
int iovm_sim_finish(struct iovm_sim *sim, enum iovm_outcome outcome);	/* the oldest one (DONE pages in first); what iovm_fault_done returned */

uint64_t iovm_sim_now(const struct iovm_sim *sim);		/* virtual ns */
void iovm_sim_advance(struct iovm_sim *sim, uint64_t ns);	/* let time pass */
void iovm_sim_dispatch(struct iovm_sim *sim, unsigned iommu);	/* one dispatch, budget 64 */
/* One scheduler choice among everything that the machine can do (a device's move, the IOMMU's, a dispatch, a finished token, a fault); false: nothing to do but idle */
bool iovm_sim_step(struct iovm_sim *sim);
/* Called from within the machine's port.wait and handler, where other threads would run: a soak does more there. depth: how deep we are already */
void iovm_sim_on_wait(struct iovm_sim *sim, void (*fn)(void *ctx, unsigned depth), void *ctx);
bool iovm_sim_fault(struct iovm_sim *sim, unsigned number, unsigned one_in);	/* shall fault F<number> happen here? One in so many; false if not injected */
void iovm_sim_injected(struct iovm_sim *sim, unsigned number, const struct iovm_sim_ep *ep);	/* its effect was delivered: count and trace; ep may be NULL */

struct iovm_sim_stats {
	size_t size;			/* set before the call */
	uint64_t steps, virtual_ns, requests_emitted, requests_dropped, auto_responses, auto_success, auto_failure;
	uint64_t dma_reads, dma_writes, dma_bytes, dma_stale, dma_stale_rogue;
	uint64_t injected[64];		/* by fault number */
	uint64_t live_bytes, peak_bytes;	/* of port.alloc */
	uint64_t dma_memory;		/* bytes of port.dma_alloc: a driver's queues and tables, which grow to what the PASIDs in use need and stay */
};
void iovm_sim_stats(const struct iovm_sim *sim, struct iovm_sim_stats *stats);
struct iovm_model_duty;			/* smmuv3_model.h */
/* The n-th thing that the driver of the SMMUv3s owes to them, summed over all of them; false: there are not so many, or there is no SMMUv3 */
bool iovm_sim_duty(const struct iovm_sim *sim, unsigned n, struct iovm_model_duty *duty);
const struct iovm_check *iovm_sim_check(const struct iovm_sim *sim);
/* All devices, bonds and tokens away, all spaces dead, drained; the engine stands. Number of leaks found (0: none). iovm_sim_del() does it too. */
unsigned iovm_sim_settle(struct iovm_sim *sim);

#ifdef __cplusplus
}
#endif
#endif
