/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Everything that happens, once: fixed-size records through one hook (port.trace). The checker, replay, reports and metrics read this stream and
 * nothing else. Each record carries the ghost identity of what it is about (queue position, serial of the bond, of the context, of the group), since
 * PASIDs, PRG indices and pointers come again.
 *
 * The engine writes its own events; the pretend machine (or a backend) writes those of the device and of the IOMMU into the same stream.
 * File: struct iovm_trace_header, then records; little-endian. docs/TRACE.md is made from the table below.
 */
#ifndef IOVM_TRACE_H
#define IOVM_TRACE_H
#include <iovm/iovm.h>
#ifdef __cplusplus
extern "C" {
#endif

#define IOVM_TRACE_MAGIC "IOVMTRC"	/* and the terminating zero: 8 bytes */
#define IOVM_TRACE_VERSION 1u
struct iovm_trace_header {	/* 64 bytes */
	char magic[8];
	uint32_t version;
	uint32_t record_bytes;	/* sizeof(struct iovm_trace) */
	uint64_t seed;
	uint64_t reserved[5];
};

struct iovm_trace {		/* 64 bytes, no padding; fields that an event does not name are 0 (pasid: IOVM_NO_PASID) */
	uint64_t time;		/* ns; the engine has no clock: its hook's owner stamps it */
	uint64_t mm;		/* from the engine: the host's pointer. Who writes files puts an id of his own here (0: none) */
	uint64_t a, b;
	uint32_t stream_id;
	uint32_t pasid;		/* IOVM_NO_PASID: none */
	uint32_t bond;		/* serial of the bond, from 1 */
	uint32_t context;	/* serial of the slot's present life (one mm, one PASID), from 1 */
	uint32_t id;		/* group serial (per IOMMU, from 1), or as the event says */
	uint16_t event;		/* enum iovm_trace_event */
	uint16_t index;		/* PRG index or STAG */
	int16_t code;
	uint8_t iommu;		/* number of the IOMMU in its system */
	uint8_t flags;		/* IOVM_REQ_* (backend.h) */
	uint32_t reserved;
};

/*
 * X(name, number, fields). "stream" stands for iommu and stream_id; "key" for stream, pasid, index, flags.
 * Verdicts of CONS, causes and responses are the enums below.
 */
#define IOVM_TRACE_EVENTS(X) \
	/* the device and the IOMMU: written by the pretend machine */ \
	X(RX, 1, "device emitted a page request or stall: key, a=address, b=ordinal of the request of this device") \
	X(ACC, 2, "it entered the queue: key, a=address, b=position, id=queue (0 PRI, 1 events)") \
	X(DROP, 3, "it did not enter: key, a=address, code=1 overflow, 2 page requests disabled, 3 stream not attached") \
	X(AUTO, 4, "the IOMMU answered a dropped Last by itself: key, code=response") \
	X(ANSWERED, 5, "the IOMMU delivered the engine's response to the device: key, code=response") \
	X(EXEC, 6, "the IOMMU carried out a command: code=op, stream, pasid, a=first, b=last, id=ASID (TLB)") \
	X(FENCE_DONE, 7, "a fence completed, and that can be seen: iommu, b=ticket, code=0 or the error that it completed with, a=ordinal of the last record before it was carried out (SMMUv3)") \
	X(FENCE_STUCK, 8, "a fence began to wait for a device that does not answer: stream, b=ticket") \
	X(MAP, 9, "page table gained a..b: mm, flags=rights") \
	X(UNMAP, 10, "page table lost a..b (or rights in it): mm, flags=rights that remain") \
	X(WALK, 11, "the IOMMU fetched a translation by a table walk: stream, pasid, mm, a=address, id=ASID") \
	X(DMA, 12, "device used a translation: stream, pasid, mm=whose table it came from, a=address, b=ordinal of the WALK record that fetched it (the first record of a trace is 1), flags=READ/WRITE, code=0 honest, 1 a rogue's (fault 18, 23), id=bytes") \
	X(DMA_ABORT, 13, "a transaction was terminated: stream, pasid, a=address, flags") \
	X(CAP, 14, "device saw a capability change: stream, id=enum iovm_cap, a=value, code=0 or the refusal") \
	X(RESET, 15, "device went through a reset: stream") \
	X(ROGUE, 16, "device does not keep to the ATS rules from now on (fault 18): stream") \
	X(INJECT, 17, "effect of a fault was delivered: id=fault number, stream where there is one") \
	X(SMMU, 18, "IOMMU is an SMMUv3; or it was off and is on again, which ends all stalls: iommu") \
	/* the engine */ \
	X(DEVICE, 32, "life of a device: stream, code=enum iovm_trace_device, id=serial of the device, pasid=none. ADD comes once for each StreamID, the first one names the device in the engine's other records: a=credits, b=1 response has PASID, index=width of its PASID field, bond=id of its PF (VF)") \
	X(BIND_CALL, 33, "stream, mm") \
	X(BIND_RET, 34, "stream, mm, pasid, bond, context, code=0 or error, id=count after the call, a=1 it has a callback") \
	X(UNBIND_CALL, 35, "stream, mm, pasid, bond, context, id=count after the call; 0: this one cuts") \
	X(UNBIND_RET, 36, "as UNBIND_CALL, code=result") \
	X(EXIT_CALL, 37, "mm, context") \
	X(EXIT_RET, 38, "mm, context, code=result") \
	X(INV_CALL, 39, "mm, a..b, id=serial of the call") \
	X(INV_RET, 40, "mm, a..b, id=serial of the call, code=result") \
	X(ALLOC, 41, "PASID claimed: pasid, context") \
	X(FREE, 42, "PASID released: pasid, context") \
	X(QUARANTINE, 43, "PASID held back: pasid, context, bond, stream of the suspect") \
	X(RELEASE, 44, "quarantine over, the way out goes on: pasid, context") \
	X(WATCH, 45, "mm_ops.watch was called: mm, context, code=result") \
	X(UNWATCH, 46, "mm_ops.unwatch is called: mm, context") \
	X(ENTRY, 47, "entry written: stream, pasid, bond, context, code=enum iovm_to, id=ASID") \
	X(CMD, 48, "backend took a command: iommu, code=op, stream and pasid (ENTRY, ATC, ANSWER), id=ASID (TLB), a..b, index, flags=IOVM_CMD_*; ANSWER: a=position of its request; FENCE: b=ticket") \
	X(CONS, 49, "request left the queue: key, a=address, b=position, code=verdict, id=group that it went to (0: none), bond, context") \
	X(DISCARD, 50, "member that no group will have: key, a=address, b=position, id=group, code=cause") \
	X(FAULT, 51, "page is handed to the handler: key, mm, bond, context, id=group, a=address, b=position") \
	X(OUTCOME, 52, "handler's word on a group: id=group, iommu, stream, code=enum iovm_outcome as understood, bond, context") \
	X(RESP, 53, "a Last is answered: key of the Last (pasid=none if the response has none; index), bond, context, id=group, b=position of the Last, code=response, a=cause") \
	X(SUPPRESS, 54, "a Last is closed without an answer: key, id=group, b=position, a=cause") \
	X(OVERFLOW, 55, "recovery is complete, groups without Last are void: iommu, b=position behind the last entry") \
	X(SNAPSHOT, 56, "drain waits for the queue to be consumed to here: bond, context, stream, pasid, a=position in queue 0, b=in queue 1") \
	X(CB_IN, 57, "callback begins: stream, mm, pasid, bond, context, code=enum iovm_bond_event") \
	X(CB_OUT, 58, "callback returned: as CB_IN") \
	X(BOND_END, 59, "nothing of the bond is left in the engine: stream, pasid, bond, context") \
	X(DONE, 60, "iovm_fault_done() was called: id=group (0: unknown token), iommu, code=result, a=outcome given") \
	X(DISPATCH, 61, "dispatch returned: iommu, code=1 work remains, a=taken, b=position consumed in queue 0, id=1 commands wait for room in the queue") \
	X(NOTICE, 62, "host was told: stream, pasid, a=address, code=enum iovm_notice_what, id=code, b=count") \
	X(SUSPECT, 63, "device did not complete an ATC invalidation, or could not be proven cut off: stream, b=ticket, code=1 fenced by port.fence, 0 set to abort") \
	X(IOMMU, 64, "an IOMMU joined the system: iommu, a=entries of its page request queue, b=of its event queue")

enum iovm_trace_event {
#define X(name, number, fields) IOVM_TR_##name = number,
	IOVM_TRACE_EVENTS(X)
#undef X
};
enum iovm_trace_device { IOVM_TRD_ADD = 1, IOVM_TRD_INIT, IOVM_TRD_SHUTDOWN, IOVM_TRD_DEL, IOVM_TRD_GONE, IOVM_TRD_RESET_BEGIN, IOVM_TRD_RESET_DONE, IOVM_TRD_RESET_FAILED,
	IOVM_TRD_FENCED, IOVM_TRD_FREED };
enum iovm_trace_verdict {	/* CONS */
	IOVM_TRV_MEMBER = 1,	/* waits in a group for its Last */
	IOVM_TRV_LAST,		/* closes a group, answered now or by the handler */
	IOVM_TRV_MARKER,	/* Stop Marker: never answered */
	IOVM_TRV_DROPPED,	/* member that cannot be kept; a DISCARD follows */
};
enum iovm_trace_cause {		/* DISCARD, RESP, SUPPRESS */
	IOVM_TRC_SERVED = 1,	/* the handler's word */
	IOVM_TRC_UNKNOWN_STREAM, IOVM_TRC_NOT_READY,	/* no such device; page requests not on */
	IOVM_TRC_NO_BOND,	/* no live bond of (device, PASID) */
	IOVM_TRC_STALE,		/* asked before the bond was made */
	IOVM_TRC_ACCESS, IOVM_TRC_ADDRESS,	/* no access, exec or priv not enabled; beyond the table */
	IOVM_TRC_FLOOD, IOVM_TRC_LOSSY,	/* beyond the credits; a member of this index was dropped before */
	IOVM_TRC_FENCED, IOVM_TRC_AGE, IOVM_TRC_OVERFLOW, IOVM_TRC_BOND_END, IOVM_TRC_RESET, IOVM_TRC_GONE,
	IOVM_TRC_AGAIN,		/* Success without a mapping: IOVM_AGAIN, or no token was left */
};

#ifdef __cplusplus
}
#endif
#endif
