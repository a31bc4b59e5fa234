/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Page requests and stalls of one IOMMU: admit, group, serve, answer. Everything here belongs to the servicer, but for the word of a token, by which
 * any thread finishes a PENDING group once.
 *
 * A request is in one place at a time: a record of a group that waits for its Last (group.c), the batch that goes to the handler (serve.c), or a token that the
 * host holds (answer.c). Memory is sized when devices and IOMMUs are added: records and groups by the unit's credits, tokens by the IOMMU's queue.
 */
#ifndef IOVM_PRI_PRI_H
#define IOVM_PRI_PRI_H
#include "mmctx/slot.h"

#define IOVM__GROUP_PAGES	512u			/* members of one group; more are dropped and the group is Invalid */
#define IOVM__PARTIAL_AGE_NS	100000000u		/* a group whose Last has not come by then is forgotten */
#define IOVM__PARTIAL_CYCLES	8u			/* ... but not before so many dispatches: the clock may jump */
#define IOVM__SCORE_LIMIT	64u			/* misbehaviours, one forgiven each IOVM__SCORE_DECAY_NS: fence the function */
#define IOVM__SCORE_DECAY_NS	1000000u
#define IOVM__REPEAT_LIMIT	64u			/* equal requests answered Success in a row ... */
#define IOVM__REPEAT_NS		1000000000u		/* ... within so much time */
#define IOVM__BATCH		64u			/* requests taken from the queue at once, groups handed to handlers at once */
#define IOVM__RANGES		(2 * IOVM__GROUP_PAGES)

struct iovm__record {		/* a member that waits: 24 bytes */
	uint64_t page;		/* address | IOVM_READ.. in the low bits */
	uint64_t position;
	struct iovm__record *next;
};

struct iovm__group {		/* members of one (device, PASID or none, PRG index) whose Last has not come */
	struct iovm__group *chain;		/* same index in the unit; or free list */
	struct iovm__group *older, *newer;	/* all of the IOMMU, by age */
	struct iovm_device *dev;		/* NULL: free */
	struct iovm__bond *bond;
	struct iovm__record *first, **tail;
	uint32_t stream_id, pasid, serial;
	uint16_t index, n;
	bool refused;				/* a member may not be served: the Last is Invalid */
	uint8_t cause;
	uint64_t born, born_cycle;
};

struct iovm__unit {		/* one page request interface: a PF with its VFs, or a stalling master */
	uint16_t credits;
	uint32_t outstanding;			/* consumed and not answered */
	uint32_t window, in_window;		/* of which window, how many: see over_credits() */
	struct iovm__record *free_records;
	struct iovm__group *free_groups;
	struct iovm__group *heads[IOVM_PRG_INDICES];
	struct iovm__group *groups;		/* [credits] */
	struct iovm__record *records;		/* [credits] */
};

/* token.word: generation << 5 | outcome << 3 | state */
enum { IOVM__TOKEN_FREE, IOVM__TOKEN_HOST, IOVM__TOKEN_FINISHED, IOVM__TOKEN_ORPHAN, IOVM__TOKEN_RETURNED };
struct iovm__token {		/* a closed group between its Last and its answer (and, PENDING, its return) */
	atomic_uint word;
	struct iovm__work work;
	struct iovm__token *next, **link;	/* free list; bond's list; finished list */
	struct iovm__bond *bond;
	struct iovm__slot *slot;
	struct iovm_device *dev;
	uint64_t position, page;
	uint32_t stream_id, pasid, epoch, serial;
	uint16_t index, n, first_range;
	uint8_t flags;				/* IOVM_REQ_* of the Last */
	bool counted;				/* in slot->tokens */
	bool answered;
};

struct iovm__pri {
	struct iovm__token *tokens, *free_tokens;
	uint32_t ntokens;
	struct iovm__token *finished, **finished_tail;
	struct iovm__group *oldest, *newest;
	uint32_t serial;			/* of groups */
	uint64_t cycle;				/* dispatches */
	uint64_t overflows;
	uint64_t window_end;			/* newest position when this window was opened */
	uint32_t window;
	const struct iovm_mm_ops *mm;
	struct iovm__bond *last_bond;		/* of this bite of the queue: where admission found the last one */

	/* the batch that goes to the handlers */
	unsigned nclosed, nranges;
	struct iovm__token *closed[IOVM__BATCH];
	struct iovm_fault faults[IOVM__BATCH];	/* of one mm: what its handler sees; not on the stack, on which that may go deep */
	struct iovm_range ranges[IOVM__RANGES];
	uint64_t positions[IOVM__RANGES];
	struct iovm_request requests[IOVM__BATCH];
	struct iovm_device *devices[IOVM__BATCH];	/* theirs */
};

size_t iovm__pri_bytes(uint32_t ntokens);
void iovm__pri_init(struct iovm__pri *pri, uint32_t ntokens, const struct iovm_mm_ops *mm);
size_t iovm__unit_bytes(uint16_t credits);
void iovm__unit_init(struct iovm__unit *unit, uint16_t credits);

/* ---- admit.c: what a request is worth ----------------------------------------------------------------------------------------- */

struct iovm__verdict {
	struct iovm_device *dev;	/* NULL: unknown stream */
	struct iovm__bond *bond;	/* NULL: none that may be asked */
	uint8_t cause;			/* enum iovm_trace_cause; 0: serve it */
	bool excused;			/* its bond is just going: a device needs time to stop */
	bool suppress;			/* from before a reset or removal: close it without an answer */
};
/* dev: whose StreamID it is; NULL: nobody's */
void iovm__admit(struct iovm_iommu *iommu, const struct iovm_request *req, struct iovm_device *dev, struct iovm__verdict *out);
/* Entries that were in a queue when dev's reset was done are not for its present life */
void iovm__ignore_older(const struct iovm_iommu *iommu, struct iovm_device *dev);
void iovm__misbehaved(struct iovm_iommu *iommu, struct iovm_device *dev, unsigned weight);

/* ---- group.c: members and Lasts -------------------------------------------------------------------------------------------------- */

/* Take up to max requests from the queue and file each; those whose group closed and may be served are in the batch. Returns how many went there. */
unsigned iovm__pri_take(struct iovm_iommu *iommu, unsigned max, unsigned *polled, uint32_t *flags);
void iovm__group_age(struct iovm_iommu *iommu);
void iovm__group_overflow(struct iovm_iommu *iommu);		/* all groups without Last are void */
/* Forget the partial groups of one bond; or of a device, those that began before its reset */
void iovm__group_forget(struct iovm_iommu *iommu, struct iovm__bond *bond);
void iovm__group_reset(struct iovm_iommu *iommu, struct iovm_device *dev, bool all, uint8_t cause);
uint64_t iovm__group_deadline(const struct iovm_iommu *iommu);

/* ---- serve.c: the batch, by mm, to the handler --------------------------------------------------------------------------------------- */

void iovm__pri_serve(struct iovm_iommu *iommu);

/* ---- answer.c: exactly one end for every Last -------------------------------------------------------------------------------------------- */

struct iovm__token *iovm__token_new(struct iovm_iommu *iommu);	/* NULL: none left */
void iovm__token_free(struct iovm_iommu *iommu, struct iovm__token *token);
uint64_t iovm__token_value(const struct iovm_iommu *iommu, const struct iovm__token *token);
/* A Last that never became a token: Invalid, Success (AGAIN) or, to suppress, nothing */
void iovm__answer_last(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, enum iovm_response code,
		       uint8_t cause, uint32_t serial);
/* A served group by its outcome; its token is free afterwards */
void iovm__answer_token(struct iovm_iommu *iommu, struct iovm__token *token, enum iovm_outcome outcome);
void iovm__token_pending(struct iovm_iommu *iommu, struct iovm__token *token);	/* the handler said PENDING */
/* The handler said something else: who was first, it or fault_done()? True: it was the handler */
bool iovm__token_claim(struct iovm__token *token);
uint32_t iovm__token_serial(const struct iovm_iommu *iommu, uint64_t value);	/* of its group, for the trace; 0: not a token that is out */
int iovm__token_done(struct iovm_iommu *iommu, uint64_t value, enum iovm_outcome outcome);	/* any thread */
bool iovm__pri_finished(struct iovm_iommu *iommu);	/* answer what fault_done() brought back; whether something is left for want of room */
/* Answer every group of bond that the host still has (Invalid, or suppressed if its device was reset or removed) and orphan its token; false: no room, call again */
bool iovm__pri_orphan(struct iovm_iommu *iommu, struct iovm__bond *bond, bool older);	/* older: only those from before a reset */

static inline bool iovm__lossy(const struct iovm_device *dev, uint16_t index)
{
	return dev->lossy[index % IOVM_PRG_INDICES / 32] >> (index % 32) & 1;
}

#endif
