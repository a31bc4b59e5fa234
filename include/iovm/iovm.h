/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * libiovm: the engine that lets devices share address spaces.
 *
 * Three groups of calls, told apart by who may make them:
 *
 *   driver         any thread, process context; may allocate, may spin on the hardware, never waits for the servicer
 *   address space  any thread, never sleeps, allocates nothing and takes no lock; may be called with the host's locks held
 *   servicer       one caller at a time per IOMMU; allocates nothing and waits for nothing
 *
 * Addresses are input addresses of the IOMMU in bytes; ranges are inclusive at both ends, so that the last byte of the address space
 * can be named. Times are nanoseconds of the host's own monotonic clock. Functions return 0, a count or a PASID (>= 0), or a negative IOVM_E_*.
 * Each function lists the errors that are its own; IOVM_E_INVAL (an argument outside its range) and IOVM_E_DEAD (the IOMMU's queues
 * stopped for good: add it anew) can come from all that take a device or an IOMMU.
 */
#ifndef IOVM_IOVM_H
#define IOVM_IOVM_H
#ifdef IOVM_TYPES_H		/* a kernel without <stdint.h>: the only thing of its environment that this header sees */
#include IOVM_TYPES_H
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif
#ifdef __cplusplus
extern "C" {
#endif

struct iovm;			/* the system: PASID space, registry of address spaces */
struct iovm_iommu;		/* one IOMMU: its queues, its one servicer */
struct iovm_device;		/* one requester behind it (PCIe function, platform master) */
struct iovm_trace;		/* one record of what happened: trace.h */

#define IOVM_NO_PASID	UINT32_MAX	/* in records and commands: traffic without PASID */
#define IOVM_PASID_BITS	20		/* PCIe 10.4.1.1: a PASID has at most 20 bits */
#define IOVM_PAGE_SHIFT	12		/* page requests and ATC invalidations count in 4 KiB, PCIe 10.4.1, 10.3.1 */
#define IOVM_PRG_INDICES 512u		/* Page Request Group Index: 9 bits, PCIe 10.4.1 */

/* ---- errors: numbers are pinned ---------------------------------------------------------------------------------------- */

enum iovm_error {
	/* caller: change the call */
	IOVM_E_INVAL = -1,		/* an argument is outside its range */
	IOVM_E_NOT_BOUND = -2,		/* no such bond: one unbind too many, or never bound */
	IOVM_E_EXISTS = -3,		/* another callback or arg for this bond; the StreamID is taken; the mm is in force the other way (entry 0 or PASID) */
	IOVM_E_BUSY = -4,		/* something is still in use or draining: dispatch on, call again */
	IOVM_E_STALE = -5,		/* the token was finished before, or its bond has ended: forget it */
	IOVM_E_FORMAT = -6,		/* the IOMMU cannot walk this table */
	IOVM_E_PF_FIRST = -7,		/* a VF before its PF: init the PF, call again */
	IOVM_E_UNTRUSTED = -8,		/* ATS or PRI asked for a device without IOVM_DEV_TRUSTED */
	IOVM_E_NOT_READY = -9,		/* bind before iovm_device_init() */
	IOVM_E_UNSUPPORTED = -10,	/* this IOMMU (or the device) has no such feature (ATS, page requests, stalls, PASIDs): do without it */
	/* resource: free something, call again */
	IOVM_E_NO_MEMORY = -20,		/* port.alloc or dma_alloc said no; nothing changed */
	IOVM_E_NO_PASID = -21,		/* every PASID this device can carry is in use or in quarantine */
	IOVM_E_NO_ASID = -22,		/* the IOMMU's ASIDs (VMIDs) are used up, or the pinned one is taken */
	IOVM_E_NO_CREDITS = -23,	/* the IOMMU's queue has no room for this device's max_outstanding: ask for fewer */
	IOVM_E_PASID_WIDTH = -24,	/* the mm's PASID is wider than this device can carry; it is never renumbered */
	IOVM_E_FULL = -25,		/* max_mms address spaces are in use, or IOVM_MAX_IOMMUS IOMMUs */
	/* address space */
	IOVM_E_MM_DEAD = -40,		/* the mm is dying */
	/* hardware: the device or the IOMMU did not do its part */
	IOVM_E_TIMEDOUT = -60,		/* port.wait ran out; what that means stands at each call */
	IOVM_E_HARDWARE = -61,		/* a command was refused: nothing can be said about its effect */
	IOVM_E_ATC = -62,		/* backends only: this fence's ATC invalidation failed */
	IOVM_E_STOPPED = -63,		/* backends only: the queue stands still until recover() */
	/* fatal */
	IOVM_E_DEAD = -80,		/* the IOMMU's queues are dead */
};
const char *iovm_strerror(int err);	/* a sentence: what happened and the way out; static, never NULL */

/* ---- driver: any thread, may allocate, may spin, never waits for the servicer ------------------------------------------- */

/*
 * Turn on PASID, then ATS, then PRI at the device, through set_cap, in this order (PCIe 10.3, 10.4, 10.5). May interrupt the device's DMA:
 * PASID may only change while ATS is off, so a running ATS is switched off and on again. Call it before the device works.
 * Twice is fine (0). BUSY: PRI did not become STOPPED while port.wait allowed,
 * or the device is fenced and wants a reset first. TIMEDOUT: it did not give up what its ATC held: reset it. PF_FIRST: a VF shares its PF's page requests.
 * On an error everything stands as before the call.
 */
int iovm_device_init(struct iovm_device *dev);
/* The reverse; entry 0 and an ATS that was on before init stay on. May interrupt the device's DMA. BUSY while a bond is left (or drains): unbind, dispatch, call again. */
int iovm_device_shutdown(struct iovm_device *dev);

enum iovm_bond_event {
	IOVM_SHUTDOWN,		/* the mm died; the device is already cut off from it. Stop it, then unbind (here or later). At most once */
	IOVM_UNBOUND,		/* last word, exactly once: arg may go, the PASID is no longer yours */
};
/* Runs on the servicer, no lock held; may call anything but iovm_dispatch() and iovm_del() of its own system. */
typedef void iovm_bond_cb(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg);

/*
 * Let dev reach mm. Returns the PASID (1..2^20-1) to program into the device. Counted: a second bind of (dev, mm) with the same callback and
 * arg gives the same PASID and needs a second unbind; another callback or arg is EXISTS. The caller holds mm alive during the call.
 * cb may run (SHUTDOWN) before bind has returned in another thread: initialise what it uses first. cb may be NULL.
 * BUSY: the last bond of (dev, mm) still drains: wait for UNBOUND. MM_DEAD: no callback will come. Otherwise NOT_READY, UNSUPPORTED (no PASIDs at this device or IOMMU), PASID_WIDTH, NO_PASID,
 * NO_ASID, NO_MEMORY, FULL, FORMAT, or what mm_ops.watch returned: nothing changed.
 */
int iovm_bind_mm(struct iovm_device *dev, void *mm, iovm_bond_cb *cb, void *arg);
/*
 * Undo one bind. The unbind that takes the count to zero cuts: from its return on the device does not reach mm; UNBOUND follows from dispatch
 * when nothing of the bond is left. Allowed inside the bond's callback. NOT_BOUND: one too many. TIMEDOUT: the device could not be proven
 * cut off; it was set to abort and the PASID is in quarantine until the device is reset, fenced or gone; UNBOUND still follows.
 */
int iovm_unbind_mm(struct iovm_device *dev, void *mm);

/* ---- address space: any thread, never sleeps ----------------------------------------------------------------------------- */

/*
 * The tables of mm changed for first..last (both inclusive); call it after the change is visible. 0: no device can use the old translation.
 * TIMEDOUT, HARDWARE: some device may; it was set to abort, keep the frames until mm_ops.unwatch(mm), the one signal that they are safe.
 */
int iovm_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last);
/*
 * mm dies: cut every device off from it, then let their drivers know (SHUTDOWN, from dispatch). 0 (again and for an unknown mm, too): from now on no
 * device reaches mm and the fault handler is not called for it any more (a call that another thread is in may still finish). TIMEDOUT and HARDWARE as at
 * iovm_invalidate().
 */
int iovm_mm_exit(struct iovm *sys, void *mm);

/* ---- servicer: one caller at a time per IOMMU; allocates nothing, waits for nothing ---------------------------------------- */

/*
 * Take page requests and stalls, have them served, answer them, and carry on what drains. budget: how many groups (and stalls) may go to the handler in this
 * call; what is refused does not count but is bounded too (8 x budget entries), so that a flood costs the others nothing.
 * Returns the groups handed over, at most budget; budget means: call again at once. What an IOMMU reports of its own (TERMINATED, EVENTS_LOST) may come one call later:
 * who must know whether a transfer was terminated dispatches until iovm_deadline() is in the future. DEAD: this IOMMU is finished. BUSY: it is being dispatched (a callback calls).
 */
int iovm_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget);
uint64_t iovm_deadline(const struct iovm_iommu *iommu);	/* call dispatch again by then (0: at once; UINT64_MAX: when there is work) */

/* ---- what the host provides ------------------------------------------------------------------------------------------------- */

enum iovm_outcome {
	IOVM_DONE,		/* every range is present with all that was asked: answered Success */
	IOVM_REFUSED,		/* answered Invalid Request; the device's transaction fails */
	IOVM_PENDING,		/* iovm_fault_done(token) follows, from any thread, possibly before fault() returns */
	IOVM_AGAIN,		/* no memory now: answered Success without a mapping, the device asks again; 64 in a row within a second become Invalid */
};
enum { IOVM_READ = 1, IOVM_WRITE = 2, IOVM_EXEC = 4, IOVM_PRIV = 8 };
struct iovm_range {		/* 24 bytes */
	uint64_t first, last;
	uint32_t prot;		/* IOVM_READ.., what the device asked for */
	uint32_t reserved;
};
struct iovm_fault {		/* one page request group, or one stall; 24 bytes on 64-bit hosts */
	uint64_t token;		/* for IOVM_PENDING */
	const struct iovm_range *ranges;	/* nranges of them, in order of arrival; valid until fault() returns */
	uint16_t nranges;	/* 1..512 */
	uint8_t outcome;	/* out; REFUSED on entry */
};
/*
 * Finish a PENDING fault, once, from any thread; an outcome that is none (PENDING, too) counts as REFUSED. STALE: it was finished before or its bond has ended meanwhile
 * (the device has its answer already): nothing else happens, but the call is owed all the same, since mm is kept until all tokens are back.
 */
int iovm_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome);

enum iovm_table_format { IOVM_TABLE_AARCH64_S1 = 1, IOVM_TABLE_AARCH64_S2, IOVM_TABLE_SIM };
#define IOVM_ASID_ANY UINT32_MAX
struct iovm_table {		/* what watch() fills in: the root that the IOMMU shall walk */
	uint32_t format;	/* enum iovm_table_format */
	uint32_t asid;		/* ASID or VMID pinned by the host, not 0; IOVM_ASID_ANY (preset): one per IOMMU, from below: pin high ones if you mix */
	uint64_t root, control, attributes;	/* TTBR0, TCR, MAIR, or VTTBR, VTCR, 0 */
	uint64_t top;		/* highest input address; preset UINT64_MAX. Requests beyond it are Invalid */
};

struct iovm_mm_ops {
	void *ctx;
	/* first bind of mm: from now on report its changes (iovm_invalidate) and its end (iovm_mm_exit); the pointer stays unique until unwatch. Caller of bind, no lock held. 0 or a negative IOVM_E_* */
	int  (*watch)(void *ctx, void *mm, struct iovm_table *table);
	/* last drain: nothing of mm is in use any more, the pointer may be reused. Servicer (or a failed bind), no lock held */
	void (*unwatch)(void *ctx, void *mm);
	/* n groups of one mm, each with its outcome. Servicer, no lock held; may call iovm_invalidate, iovm_mm_exit, iovm_fault_done */
	void (*fault)(void *ctx, void *mm, struct iovm_fault *faults, unsigned n);
};

struct iovm_notice {		/* what the host should know; valid during the call */
	enum iovm_notice_what {
		IOVM_RESET_WANTED = 1,	/* the function misbehaved or did not answer; it is fenced: reset it */
		IOVM_SUSPECT,		/* its ATC invalidation failed or never ended, or it could not be proven cut off */
		IOVM_QUARANTINED,	/* the PASID is held back until the device is reset, fenced or gone */
		IOVM_REPEATED,		/* 64 equal requests answered Success within a second: the handler maps too little, or the device lies */
		IOVM_IOMMU_DEAD,
		IOVM_TERMINATED,	/* the IOMMU ended transactions of a stream: code is its own number for why (SMMUv3 7.3), record its words */
		IOVM_EVENTS_LOST,	/* the IOMMU had more to report than its event queue took */
		IOVM_IOMMU_ERROR,	/* the IOMMU reports an error of its own, which was dealt with: code says which (SMMUv3: bit of GERROR) */
	} what;
	uint32_t stream_id, pasid, prot;
	uint64_t addr;		/* TERMINATED: of the first byte that was refused, not of its page */
	uint32_t code, count;	/* TERMINATED: count equal events (but for the offset in the page) were merged into this one */
	uint64_t record[4];	/* TERMINATED: the first of them as the IOMMU wrote it */
};

struct iovm_port {
	void *ctx;
	void *(*alloc)(void *ctx, size_t size);			/* zeroed, 64-byte aligned; driver calls only, possibly with port.lock held (dma_alloc, too) */
	void  (*free)(void *ctx, void *mem, size_t size);
	void *(*dma_alloc)(void *ctx, size_t size, uint64_t *bus);	/* zeroed, aligned to size, coherent */
	void  (*dma_free)(void *ctx, void *mem, size_t size, uint64_t bus);
	void  (*lock)(void *ctx);		/* driver calls only; never held across a wait or a callback */
	void  (*unlock)(void *ctx);		/* both NULL: the host makes driver calls one at a time */
	bool  (*wait)(void *ctx, unsigned turn);	/* one turn (0, 1, 2...) of a bounded wait; false: time is up. Any caller but dispatch */
	int   (*fence)(void *ctx, void *dev);	/* stop this device (its config.dev) at the bus: bus master off, link down; 0 once what it issued has landed; may be NULL */
	void  (*wake)(void *ctx, struct iovm_iommu *iommu);	/* dispatch soon; any context. NULL: it is called often anyway */
	void  (*trace)(void *ctx, const struct iovm_trace *rec);	/* every event, as it happens; may be NULL */
	void  (*notice)(void *ctx, struct iovm_device *dev, const struct iovm_notice *what);	/* any context; dev may be NULL; may be NULL */
};

struct iovm_config {
	size_t size;			/* sizeof(struct iovm_config) */
	struct iovm_port port;
	struct iovm_mm_ops mm;
	uint32_t max_mms;		/* bounds every table; device input makes nothing grow */
	uint8_t pasid_bits;		/* 1..20 */
};
/* INVAL: a size, a missing port.alloc, free or wait, pasid_bits, max_mms 0. NO_MEMORY. */
int iovm_new(struct iovm **sys, const struct iovm_config *config);
/* Deletes idle devices and IOMMUs with it. BUSY while a PASID bond lives or drains, a token is out or a quarantine holds: dispatch on, call again. No dispatch may run. */
int iovm_del(struct iovm *sys);
int iovm_iommu_del(struct iovm_iommu *iommu);	/* BUSY while a device is left or something drains; no dispatch may run. Adding: backend.h, smmuv3.h */

enum iovm_cap { IOVM_CAP_PASID, IOVM_CAP_ATS, IOVM_CAP_PRI };
#define IOVM_DEV_TRUSTED	1u	/* ATS and PRI only then: a Translated request goes around the IOMMU's tables */
#define IOVM_DEV_ATS		2u	/* ATS on from iovm_device_add() */
#define IOVM_DEV_RESPONSE_PASID	4u	/* "PRG Response PASID Required", PCIe 10.5.2.3 */
#define IOVM_DEV_EXEC		8u	/* Execute requests are enabled in PASID Control */
#define IOVM_DEV_PRIV		16u	/* Privileged requests are enabled in PASID Control */
struct iovm_device_config {
	size_t size;			/* sizeof(struct iovm_device_config) */
	const uint32_t *stream_ids;	/* copied */
	uint16_t nstream_ids;		/* 1..IOVM_MAX_STREAMS; equal ones count once */
	uint16_t max_outstanding;	/* PRI credits of a PF, or stalls; granted one for one; 0: no page requests. A VF's is ignored */
	uint8_t pasid_bits;		/* width of the device's PASID field; 0: none */
	uint8_t stu;			/* ATS Smallest Translation Unit, log2 of 4 KiB pages */
	uint32_t flags;			/* IOVM_DEV_* */
	void *dev;			/* the host's own device, handed to set_cap and fence */
	/* value: PASID 0, 1; ATS 0, 1 + stu; PRI 0, credits. PRI on returns IOVM_E_BUSY until STOPPED. NULL: no PCIe capabilities (stalls) */
	int (*set_cap)(void *dev, enum iovm_cap cap, uint32_t value);
	void *mm;			/* entry 0, traffic without PASID; NULL: blocked */
	struct iovm_device *pf;		/* VF: its PF, whose page requests (PRI unit) it shares */
};
#define IOVM_MAX_STREAMS 16u
#define IOVM_MAX_IOMMUS 64u
/*
 * Attach: entry 0 is in force when this returns 0, before init and after shutdown. BUSY: an earlier device of this StreamID still drains.
 * EXISTS: StreamID taken, or mm is bound by PASID. NO_CREDITS, NO_ASID, NO_MEMORY, UNTRUSTED, FORMAT, PF_FIRST (pf on another IOMMU is INVAL).
 */
int iovm_device_add(struct iovm_iommu *iommu, const struct iovm_device_config *config, struct iovm_device **dev);
/*
 * Replace entry 0 (NULL: blocked). EXISTS, MM_DEAD, FULL: nothing changed; any other error: the old mm is not reached any more, and entry 0 is blocked.
 * Stop the device's traffic without PASID first, if it can stall: an access that waits may complete in the new mm. BUSY: mm was entry 0 of this device
 * before and that still drains (also when a second mm came in between): dispatch, call again.
 */
int iovm_device_attach(struct iovm_device *dev, void *mm);
/* ATS without SVA. init and shutdown switch it off and on again around PASID. BUSY while PRI is on. May interrupt the device's DMA. */
int iovm_device_ats(struct iovm_device *dev, bool on);
/*
 * Orderly: BUSY while PASID bonds (draining ones too), a replaced entry 0 that drains, or VFs are left. On 0 the handle is dead: neither notice nor fence names the device
 * any more, and none that does is still running (so not from within these); dispatch frees what was queued
 */
int iovm_device_del(struct iovm_device *dev);
int iovm_device_gone(struct iovm_device *dev);	/* surprise removal: nothing waits for the device any more; its drivers get SHUTDOWN; unbind, then del as usual */
/* Before FLR: its streams abort, its groups are suppressed; bonds live on. TIMEDOUT, HARDWARE: the IOMMU has not confirmed it; go on with the reset all the same. INVAL: one is under way */
int iovm_device_reset_begin(struct iovm_device *dev);
/*
 * After it: capabilities on again in order, entries restored, fence and quarantine lifted; !ok: stays fenced. BUSY: another call for the device is under way; the reset
 * has not ended: call again. INVAL: none is under way, or the device is gone by now. TIMEDOUT, HARDWARE: it stays fenced, or was stopped meanwhile: reset it again
 */
int iovm_device_reset_done(struct iovm_device *dev, bool ok);

struct iovm_stats {		/* set size before the call; sums over all IOMMUs, exact when no dispatch runs */
	size_t size;
	uint64_t requests;		/* entries consumed: = served + discarded + stop_markers */
	uint64_t requests_served, partials_discarded, stop_markers;
	uint64_t lasts;			/* = success + invalid + suppressed (the engine never answers Response Failure) */
	uint64_t groups;		/* handed to the fault handler */
	uint64_t success, invalid, suppressed, overflows;
	uint64_t binds, unbinds, mm_exits, shutdown_callbacks, unbound_callbacks, invalidations, dispatches;
	uint64_t pasids_allocated, pasids_freed;
	uint64_t unknown_streams, unknown_pasids, flooded, bad_outcomes, bad_tokens, repeated, fenced;
	uint32_t pasids_live;		/* bound or draining */
	uint32_t pasids_quarantined;
	uint32_t bonds;			/* by PASID, bound or draining */
	uint32_t devices, tokens;	/* tokens: PENDING, not yet back */
};
void iovm_stats(const struct iovm *sys, struct iovm_stats *stats);
/*
 * The counters as a Prometheus server scrapes them (text exposition format 0.0.4), with HELP and TYPE, into buf; no system is touched, nothing is
 * allocated. Returns the bytes without the terminating zero, as they would be in a buffer that is large enough; IOVM_STATS_TEXT always is. A shorter one gets the
 * beginning, cut anywhere and terminated; len 0 writes nothing. Fields beyond stats->size are left out. One system for each endpoint: names carry no label of it.
 */
#define IOVM_STATS_TEXT 8192u
size_t iovm_stats_prometheus(const struct iovm_stats *stats, char *buf, size_t len);

#ifdef __cplusplus
}
#endif
#endif
