/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue of one IOMMU: any number of callers, a sequential backend.
 *
 * A caller pushes a batch on a list. Whoever finds the queue free is the holder for a bounded while: it takes the whole list and joins it by phase: all ENTRY commands,
 * a fence, all TLB, a fence, all ATC, a fence (a phase without commands falls away): one fence a phase, for everybody who is there. Answers go first,
 * from a ring, without a fence. What does not fit stays staged, in order, and is tried by every waiter's turn and by every dispatch.
 *
 * A batch belongs to the queue from post() until its state is not PENDING; it is not touched afterwards, so it may live on its caller's stack.
 */
#ifndef IOVM_IOMMU_SUBMIT_H
#define IOVM_IOMMU_SUBMIT_H
#include <iovm/backend.h>
#include "base/atomic.h"
#include "base/env.h"

enum { IOVM__BATCH_PENDING, IOVM__BATCH_PLACED, IOVM__BATCH_DEAD };
struct iovm__batch {
	struct iovm__batch *next;
	const struct iovm_cmd *cmd;	/* sorted by op: ENTRY, TLB, ATC */
	unsigned n;
	unsigned at;			/* the holder's: next command to stage */
	bool alone;			/* shares its fences with nobody: to find out whose invalidation fails */
	atomic_uint state;
	atomic_ulong ticket;		/* of its last fence; valid once PLACED. Who polls a device's abort may sleep while a reset posts the batch anew: it is read, and not believed */
	atomic_ulong before[2];		/* of the fences of its earlier phases: a command that was refused fails the next fence, not the last */
	atomic_uint nbefore;
};

#define IOVM__STAGE 64u
struct iovm__queue {
	_Atomic(struct iovm__batch *) pending;	/* newest first */
	atomic_uint busy;
	atomic_uint waiting;			/* something is staged or in a round: the holder left because the queue was full */

	/* the holder's */
	struct iovm__batch *backlog, **backlog_tail;	/* taken from pending, in order of arrival */
	struct iovm__batch *round;			/* being joined */
	uint8_t phase;
	bool phase_used;			/* a command of this phase was staged: it needs its fence */
	bool fence_staged;			/* the last staged command is the phase's fence */
	uint16_t stage_at, stage_n;
	struct iovm_cmd stage[IOVM__STAGE];

	/* answers: the servicer produces, the holder consumes; indices run freely */
	struct iovm_cmd *answers;
	uint32_t answers_mask;
	uint32_t answers_next;			/* the servicer's: put, not yet published */
	_Atomic(uint32_t) answers_prod, answers_cons;
};

struct iovm_iommu;
void iovm__queue_init(struct iovm__queue *queue, struct iovm_cmd *answers, uint32_t nanswers);	/* nanswers: a power of two */
/* Push a batch; several may be pushed before the pump that starts them, so that they share their fences. */
void iovm__submit_post(struct iovm_iommu *iommu, struct iovm__batch *batch, const struct iovm_cmd *cmd, unsigned n, bool alone);
/* Where a posted batch is: 0 under way, 1 complete, or TIMEDOUT (never here), ATC, HARDWARE, DEAD. Never waits; recovers a queue that stopped. */
int iovm__submit_poll(struct iovm_iommu *iommu, struct iovm__batch *batch);
/* Wait for it, at most as long as port.wait allows: 0, TIMEDOUT (the batch is the caller's again), ATC, HARDWARE, DEAD */
int iovm__submit_wait(struct iovm_iommu *iommu, struct iovm__batch *batch);
/*
 * The same; a fence that failed (ATC, HARDWARE) is shared with others: ask again alone, and who fails alone is guilty. *turn (0 at first) goes on from one batch to the
 * next, so that a call that waits for many is over when port.wait says so once.
 */
int iovm__submit_settle(struct iovm_iommu *iommu, struct iovm__batch *batch, unsigned *turn);
void iovm__submit_pump(struct iovm_iommu *iommu);	/* move what can move; any caller */
bool iovm__submit_pending(const struct iovm_iommu *iommu);	/* something waits for room */
void iovm__submit_recover(struct iovm_iommu *iommu);	/* the IOMMU reports an error: look at it, unless somebody holds the queue; never waits */

/* Servicer: room in the answer ring (reserve before poll); put one answer there; hand over all that were put (then pump). */
uint32_t iovm__answers_room(const struct iovm_iommu *iommu);
void iovm__answer_put(struct iovm_iommu *iommu, const struct iovm_cmd *cmd);
void iovm__answers_publish(struct iovm_iommu *iommu);

#endif
