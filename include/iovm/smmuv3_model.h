/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An SMMUv3 in software (IHI 0070; Non-secure programming interface): registers on one side, devices on the other, memory through callbacks. For authors of
 * drivers and of virtual machine monitors. It is stricter than hardware: what a driver must not do is noted as a violation with its clause, and what
 * the architecture leaves open is drawn from one source of chance. PRI and stalls are there.
 *
 * One caller at a time. No call allocates but new. Callbacks may call nothing here but iovm_smmuv3_model_atc_done(). No input, of driver, device or memory, can harm it.
 */
#ifndef IOVM_SMMUV3_MODEL_H
#define IOVM_SMMUV3_MODEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define IOVM_MODEL_NO_PASID	UINT32_MAX
#define IOVM_MODEL_REGISTERS	0x20000u	/* bytes: page 0 and page 1 */

struct iovm_smmuv3_model;

enum iovm_model_line {		/* wired interrupts: edges */
	IOVM_MODEL_LINE_GERROR, IOVM_MODEL_LINE_EVENTQ, IOVM_MODEL_LINE_PRIQ,
	IOVM_MODEL_LINE_SYNC,	/* CMD_SYNC with CS = 1 and without an MSI */
	IOVM_MODEL_LINE_SEV,	/* CMD_SYNC with CS = 2 */
};

enum {				/* of an access, and of what a translation grants */
	IOVM_MODEL_READ = 1, IOVM_MODEL_WRITE = 2, IOVM_MODEL_EXEC = 4, IOVM_MODEL_PRIV = 8,
	IOVM_MODEL_LAST = 16,	/* page requests */
	IOVM_MODEL_PCIE = 32,	/* accesses: of a PCIe function, which must never be stalled (16.4) */
};
enum iovm_model_kind { IOVM_MODEL_UNTRANSLATED, IOVM_MODEL_ATS_REQUEST, IOVM_MODEL_TRANSLATED };
struct iovm_model_access {
	uint32_t stream_id, pasid;	/* pasid: IOVM_MODEL_NO_PASID: none */
	uint64_t addr;
	uint8_t kind;			/* enum iovm_model_kind */
	uint8_t flags;			/* ATS_REQUEST: WRITE: not "no write" */
};

enum iovm_model_outcome {
	IOVM_MODEL_OK,		/* addr, size_log2, flags: what was granted. ATS_REQUEST: flags may be 0: ask for the page */
	IOVM_MODEL_ABORT,
	IOVM_MODEL_RAZ_WI,	/* reads are 0, writes ignored */
	IOVM_MODEL_STALLED,	/* the resume callback follows with this stall */
	IOVM_MODEL_BUSY,	/* no room to stall it: the same access again later */
	IOVM_MODEL_UR, IOVM_MODEL_CA,	/* ATS_REQUEST: Unsupported Request, Completer Abort */
};
struct iovm_model_tag { void *ptr; uint64_t n; };	/* of the host's own: what walked() said of a translation */
struct iovm_model_result {
	uint64_t addr;		/* output */
	uint32_t stall;		/* names the stalled access until it is resumed */
	uint8_t outcome;	/* enum iovm_model_outcome */
	uint8_t size_log2;	/* bytes, aligned, around the address that this translation covers */
	uint8_t flags;		/* READ, WRITE, EXEC */
	uint8_t event;		/* what went wrong, as an event number (7.3), whether it was recorded or not; 0: nothing */
	struct iovm_model_tag tag;	/* of the translation that was used; 0 where there is none */
};

struct iovm_model_page_request {
	uint32_t stream_id, pasid;
	uint64_t addr;
	uint16_t index;		/* PRG index, 9 bits */
	uint8_t flags;		/* READ, WRITE, EXEC, PRIV, LAST. With a PASID, LAST without READ and WRITE: a Stop Marker */
};

struct iovm_model_atc_inv {	/* CMD_ATC_INV on its way to a device */
	uint32_t stream_id, pasid;
	uint64_t addr;		/* aligned */
	uint16_t tag;		/* for iovm_smmuv3_model_atc_done() */
	uint8_t size_log2;	/* bytes; 64: everything */
	bool global;
};
enum iovm_model_atc {
	IOVM_MODEL_ATC_DONE,	/* complete; or the device refused it (UR), which an SMMU cannot tell from that (3.9.1) */
	IOVM_MODEL_ATC_SENT,	/* iovm_smmuv3_model_atc_done() follows */
	IOVM_MODEL_ATC_BUSY,	/* the device has no room: the same again later */
	IOVM_MODEL_ATC_LOST,	/* time-out */
};

/* What an SMMU itself may do wrong, for tests of those who have to live with it */
enum iovm_model_error {
	IOVM_MODEL_ERROR_COMMAND,	/* the next command is read as an illegal one (7.1, CERROR_ILL) */
	IOVM_MODEL_ERROR_FETCH,		/* the fetch of the next command aborts (CERROR_ABT) */
	IOVM_MODEL_ERROR_EVENTQ_FULL,	/* the event queue takes no record, as if it were full (7.4) */
	IOVM_MODEL_ERROR_PRIQ_FULL,	/* the PRI queue takes no message, as if it were full (8.1) */
	IOVM_MODEL_ERROR_PRIQ_ABORT,	/* the write of a PRI record aborts (8.2) */
	IOVM_MODEL_ERROR_TLBI,		/* a TLB invalidation does nothing: broken hardware, not to be survived */
};

/* Memory is little-endian. bytes is 4 or 8, addr a multiple of it. false: abort */
struct iovm_smmuv3_model_config {
	size_t size;			/* sizeof(struct iovm_smmuv3_model_config) */
	uint32_t idr[6], iidr, aidr;	/* bits for what the model does not have read as 0: see iovm_smmuv3_model_defaults() */
	uint16_t stalls;		/* stalled accesses that it keeps; 0: 64. IDR5.STALL_MAX bounds those with an event, too */
	uint8_t stu;			/* smallest translation unit of the devices: 2^(stu + 12) bytes */
	void *ctx;			/* for all callbacks */
	bool (*read)(void *ctx, uint64_t addr, unsigned bytes, uint64_t *value);
	bool (*write)(void *ctx, uint64_t addr, unsigned bytes, uint64_t value);
	/* All below may be NULL */
	unsigned (*choose)(void *ctx, unsigned n, const char *point);	/* 0..n-1, 0 is the plainest behaviour. NULL: always 0 */
	void (*line)(void *ctx, enum iovm_model_line line);
	void (*violation)(void *ctx, const char *duty, const char *clause, const char *sentence);
	enum iovm_model_atc (*atc_inv)(void *ctx, const struct iovm_model_atc_inv *inv);	/* NULL: DONE */
	/* Page Request Group Response; code 0x0 success, 0x1 invalid, 0xf failure; of_smmu: an automatic one */
	void (*prg_response)(void *ctx, uint32_t stream_id, uint32_t pasid, uint16_t index, uint8_t code, bool of_smmu);
	/* OK: it may be tried again, and is a new access then. ABORT, RAZ_WI: over */
	void (*resume)(void *ctx, uint32_t stream_id, uint32_t stall, enum iovm_model_outcome outcome);
	bool (*errs)(void *ctx, enum iovm_model_error what);	/* does it go wrong here? NULL: never */
	/* A walk found output address addr under this ASID. What is returned comes as result.tag with each use of that translation */
	struct iovm_model_tag (*walked)(void *ctx, const struct iovm_model_access *access, uint64_t addr, uint16_t asid);
	/* The command at this index (with wrap) was consumed; or the queue stopped there: error is CMDQ_CONS.ERR */
	void (*command)(void *ctx, const uint64_t words[2], uint32_t index, unsigned error);
	void (*event)(void *ctx, const uint64_t words[4], uint64_t position);	/* a record entered the event queue, the position-th from 0 */
	/*
	 * How many looks, one in 16 CMD_SYNCs, a structure that was changed may stay cached before its CMD_CFGI is missed. 0: 8, enough where callers take turns; of
	 * threads one can sleep between the store and its command while others go on
	 */
	uint32_t patience;
};

/* An SMMU with everything that the model has: both stages, 20-bit PASIDs and 16-bit StreamIDs, ATS, PRI, stalls, MSIs, queues up to 2^19 */
void iovm_smmuv3_model_defaults(struct iovm_smmuv3_model_config *config);
struct iovm_smmuv3_model *iovm_smmuv3_model_new(const struct iovm_smmuv3_model_config *config);	/* NULL: no memory, or size, read, write missing */
void iovm_smmuv3_model_del(struct iovm_smmuv3_model *model);

/* ---- the driver's side: offset < IOVM_MODEL_REGISTERS, bytes 4 or 8, aligned. Everything else reads as 0 and writes nothing, and is a violation ------- */
uint64_t iovm_smmuv3_model_read(struct iovm_smmuv3_model *model, uint32_t offset, unsigned bytes);
void iovm_smmuv3_model_write(struct iovm_smmuv3_model *model, uint32_t offset, unsigned bytes, uint64_t value);
bool iovm_smmuv3_model_due(const struct iovm_smmuv3_model *model);	/* is there background work? */
/* One piece of background work: an acknowledge, a command, something that becomes visible. Whether more can be done before somebody else does something */
bool iovm_smmuv3_model_step(struct iovm_smmuv3_model *model);

/* ---- the devices' side ----------------------------------------------------------------------------------------------------------------------- */
void iovm_smmuv3_model_translate(struct iovm_smmuv3_model *model, const struct iovm_model_access *access, struct iovm_model_result *result);
/* Whether it entered the PRI queue; else the automatic response, if one is due, was given before this returns */
bool iovm_smmuv3_model_page_request(struct iovm_smmuv3_model *model, const struct iovm_model_page_request *request);
void iovm_smmuv3_model_atc_done(struct iovm_smmuv3_model *model, uint16_t tag, bool lost);	/* of a tag that was SENT */
/* The function was reset or is gone: its stalled accesses are over, and the driver need not answer its groups */
void iovm_smmuv3_model_device_gone(struct iovm_smmuv3_model *model, uint32_t stream_id);
/* Service failure mode (12.3), for ever: GERROR.SFM_ERR; no command is consumed, no record written, all traffic is aborted */
void iovm_smmuv3_model_service_failure(struct iovm_smmuv3_model *model);
/* The command queue stands: hardware that is slow beyond measure. Nothing is consumed until it goes again */
void iovm_smmuv3_model_stand(struct iovm_smmuv3_model *model, bool stands);
/* One of the errors of interrupts becomes active (7.5.1; 4 to 7: bits of GERROR): nothing comes of it but that it has to be acknowledged */
void iovm_smmuv3_model_raise(struct iovm_smmuv3_model *model, unsigned bit);

/* ---- what the driver owes -------------------------------------------------------------------------------------------------------------------- */
struct iovm_model_duty {
	const char *name, *clause, *sentence;
	uint64_t checked, broken;
};
bool iovm_smmuv3_model_duty(const struct iovm_smmuv3_model *model, unsigned n, struct iovm_model_duty *duty);	/* the n-th; false: there are not so many */
/* At the end, when the driver says that it is at rest: what is stalled, unanswered, unacknowledged or stale now is a violation. Violations since new */
uint64_t iovm_smmuv3_model_judge(struct iovm_smmuv3_model *model);

struct iovm_model_stats {
	size_t size;			/* set before the call */
	uint64_t commands, syncs, events, events_dropped, requests, requests_dropped, auto_responses, stalls, resumes;
	uint64_t translations, tlb_hits, walks, config_fetches, gerrors, msis;
};
void iovm_smmuv3_model_stats(const struct iovm_smmuv3_model *model, struct iovm_model_stats *stats);

/* ---- memory that a driver's plain stores reach late -------------------------------------------------------------------------------------------- */
/*
 * Between a driver in this process and the model: what the driver stored becomes visible at a barrier, or word by word earlier when choose() wants it ("store-early"), in any
 * order. So a missing barrier, a structure torn between two words, and an index that runs ahead of its data show. What the model writes is visible at once.
 */
struct iovm_model_shadow;
/* choose as above; NULL: nothing is visible before a barrier. NULL: no memory */
struct iovm_model_shadow *iovm_model_shadow_new(unsigned (*choose)(void *ctx, unsigned n, const char *point), void *ctx);
void iovm_model_shadow_del(struct iovm_model_shadow *shadow);
/* Memory at host, known to the SMMU as addr; both and bytes multiples of 8. What is in it now is visible. false: no memory, or it overlaps */
bool iovm_model_shadow_add(struct iovm_model_shadow *shadow, uint64_t addr, void *host, size_t bytes);
void iovm_model_shadow_remove(struct iovm_model_shadow *shadow, uint64_t addr);
void iovm_model_shadow_barrier(struct iovm_model_shadow *shadow);
/* For the read and write of a model's configuration; false: not in any of it */
bool iovm_model_shadow_read(struct iovm_model_shadow *shadow, uint64_t addr, unsigned bytes, uint64_t *value);
bool iovm_model_shadow_write(struct iovm_model_shadow *shadow, uint64_t addr, unsigned bytes, uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
