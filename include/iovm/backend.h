/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What an IOMMU driver is to the core: eight functions of sequential code, and five commands.
 *
 * The core owns all concurrency. submit() and recover() are never entered twice at once (src/iommu/submit.c); poll() and newest() have one caller at a
 * time but newest() may run beside poll(); attach() and detach() are called by one driver call at a time; entry(QUIET), an aborting attach() and reached() by anyone at any time.
 */
#ifndef IOVM_BACKEND_H
#define IOVM_BACKEND_H
#include <iovm/iovm.h>
#ifdef __cplusplus
extern "C" {
#endif

enum iovm_op {
	IOVM_CMD_ANSWER,	/* PRI_RESP or RESUME */
	IOVM_CMD_ENTRY,		/* CFGI: the function's entry for pasid (or its stream entry: IOVM_CMD_STREAM) changed */
	IOVM_CMD_TLB,		/* TLBI: translations of an ASID changed */
	IOVM_CMD_ATC,		/* ATC_INV: translations that the device itself holds changed */
	IOVM_CMD_FENCE,		/* SYNC: later commands do not start before all earlier ones are complete */
};
enum iovm_response {		/* PCIe 10.4.2.1 Page Request Group Response codes */
	IOVM_RESP_SUCCESS = 0x0, IOVM_RESP_INVALID = 0x1, IOVM_RESP_FAILURE = 0xf,
};
struct iovm_function;
struct iovm_cmd {			/* 56 bytes; the core's own form, the backend encodes it */
	uint8_t op;			/* enum iovm_op */
	uint8_t code;			/* ANSWER: enum iovm_response. A stall's Success is retry, its Invalid is abort */
	uint8_t flags;			/* IOVM_CMD_* below */
	uint8_t format;			/* TLB: enum iovm_table_format of the table (ASID or VMID) */
	uint16_t index;			/* ANSWER: PRG index, or STAG */
	uint32_t stream_id;		/* ANSWER */
	uint32_t pasid;			/* ENTRY, ATC, ANSWER (IOVM_NO_PASID: none, or entry 0) */
	uint32_t asid;			/* TLB */
	uint64_t first, last;		/* TLB, ATC: range, inclusive; 0..UINT64_MAX: everything. ATC: one naturally aligned power of two >= STU. ANSWER: first: position of its request */
	uint64_t control;		/* TLB: iovm_table.control of the table; its granule is in there */
	const struct iovm_function *fn;	/* ENTRY, ATC: every StreamID of it */
};
#define IOVM_CMD_STALL	1u		/* ANSWER: of a stall, not of a page request */
#define IOVM_CMD_STREAM	2u		/* ENTRY: the whole stream entry and all that hangs from it */

enum { IOVM_REQ_READ = 1, IOVM_REQ_WRITE = 2, IOVM_REQ_EXEC = 4, IOVM_REQ_PRIV = 8,	/* = IOVM_READ.. */
       IOVM_REQ_LAST = 16, IOVM_REQ_PASID = 32, IOVM_REQ_STALL = 64 };
struct iovm_request {			/* one page request or stall, as it left the queue; 32 bytes */
	uint64_t position;		/* absolute: counts every entry that this queue ever had, from 0 */
	uint64_t addr;			/* page aligned for page requests */
	uint32_t stream_id;
	uint32_t pasid;			/* valid with IOVM_REQ_PASID; already masked to 20 bits */
	uint16_t index;			/* PRG index (masked to 9 bits) or STAG */
	uint8_t flags;			/* IOVM_REQ_* */
	uint8_t queue;			/* 0 page requests, 1 events (stalls) */
};
struct iovm_poll {			/* what else poll() saw */
	uint32_t flags;			/* IOVM_POLL_* */
	uint64_t consumed[2];		/* per queue: every position below it has been consumed */
};
#define IOVM_POLL_OVERFLOW 1u	/* the queue had overflowed; all entries up to there have now been returned (this call's included) and it was acknowledged: groups without Last are void */
#define IOVM_POLL_DEAD 2u	/* this IOMMU delivers nothing any more */
#define IOVM_POLL_MORE 4u	/* there was more than max */
#define IOVM_POLL_ERROR 8u	/* the IOMMU reports an error: have recover() look at it */

enum iovm_to {
	IOVM_TO_WALK,			/* translate through the table under this ASID */
	IOVM_TO_QUIET,			/* terminate without a record, under the reserved ASID 0: one store, no allocation, any caller */
};
struct iovm_function {			/* one requester, as the backend sees it: owned by the core, constant between attach and detach but for ats, live */
	const uint32_t *stream_ids;	/* distinct */
	uint16_t nstream_ids;
	uint8_t pasid_bits;		/* entries to provide: 2^pasid_bits; 0: entry 0 only */
	uint8_t stu;
	bool ats, stall, response_pasid;	/* response_pasid: STE.PPAR must mirror it */
	bool aborted;			/* suspect: the stream entry aborts everything, ATS off */
	void *priv;			/* the backend's own */
};
struct iovm_blame {			/* what recover() found */
	int error;			/* IOVM_E_HARDWARE: an illegal command was replaced. IOVM_E_ATC: an ATC invalidation failed. IOVM_E_DEAD */
	unsigned long fence;		/* ticket of the fence that failed; reached(fence) reports error from now on */
	uint32_t stream_id;		/* guilty StreamID, or UINT32_MAX: not known */
};

struct iovm_backend {			/* limits and functions; copied */
	size_t size;			/* sizeof(struct iovm_backend) */
	uint8_t pasid_bits;		/* of the PASID table, 0..20 */
	uint8_t asid_bits, vmid_bits;	/* 8 or 16 (simulators: up to 20); id 0 of both is the quiet one, never given out */
	uint8_t priq_log2, evtq_log2;	/* entries; the sum of credits is kept below 2^priq_log2 - max(1, 2^priq_log2 / 16) */
	uint8_t address_bits;		/* input addresses have at most so many bits; 64: no limit */
	uint32_t max_stalls;		/* STALL_MAX; 0: no stalls */
	uint32_t range_pages;		/* largest TLB range worth giving, in 4 KiB pages; beyond it the core asks for everything */
	bool coherent;			/* walks see the CPU's stores without cache maintenance; needed to bind */
	bool ats, pri;
	/* Copy out up to max requests in queue order and advance CONS past them, so that an entry is consumed before its answer can exist. A record that is torn, or does not
	 * exist although PROD covers it, is waited for by returning short. PROD is read again before 0 is returned. Fills *out always. */
	unsigned (*poll)(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out);
	void (*newest)(void *hw, uint64_t pos[2]);	/* per queue: position behind the newest entry (PROD read once); any caller */
	/* Encode and append the longest prefix that fits (0 when full); one doorbell; never waits. *ticket: of the last command taken. Negative: IOVM_E_STOPPED, IOVM_E_DEAD */
	int (*submit)(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket);
	int (*reached)(void *hw, unsigned long ticket);	/* the fence at ticket completed: 1, not yet: 0; ATC, HARDWARE: it failed; STOPPED, DEAD. No side effect, any caller */
	int (*recover)(void *hw, struct iovm_blame *blame);	/* after STOPPED, or POLL_ERROR: 1 with *blame filled, 0 when the queue runs, IOVM_E_DEAD */
	/* Create, or bring in line with *fn (ats, aborted), the stream entries. May allocate the first time. The core submits ENTRY|STREAM afterwards.
	 * 1: this was one safe step of several: when that command is fenced, call again, with the same *fn. Aborting is one step; 0 or 1 may be ignored for it */
	int (*attach)(void *hw, struct iovm_function *fn);
	void (*detach)(void *hw, struct iovm_function *fn);	/* aborted and fenced before: nothing looks at it any more; frees priv */
	/* Write one entry (pasid, or IOVM_NO_PASID: entry 0). WALK may allocate and may return NO_MEMORY or FORMAT; QUIET never fails. The core submits ENTRY afterwards.
	 * WALK, 1: not in force yet: when that command is fenced, call again with the same arguments (then stores only, and no lock is held; FORMAT if entry 0 became
	 * something else meanwhile) */
	int (*entry)(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid);
};

/*
 * Bring an IOMMU into the system. The backend's hardware is initialised and its queues run. INVAL (limits), FULL, NO_MEMORY.
 * On iovm_iommu_del() or iovm_del(), del(hw) is called last, if given.
 */
int iovm_iommu_add(struct iovm *sys, const struct iovm_backend *backend, void *hw, void (*del)(void *hw), struct iovm_iommu **iommu);
const struct iovm_port *iovm_system_port(const struct iovm *sys);	/* for a backend's own memory and waits */
void *iovm_iommu_hw(const struct iovm_iommu *iommu);	/* what iovm_iommu_add() was given */
/* From within poll(): tell the host what the IOMMU reports. The device is found by what->stream_id (UINT32_MAX: about none) */
void iovm_iommu_notice(struct iovm_iommu *iommu, const struct iovm_notice *what);

#ifdef __cplusplus
}
#endif
#endif
