/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Order. post: batch filled, then pushed with a seq_cst CAS; pump: an attempt to become the holder. Holder: busy = 1, works, busy = 0, then looks at pending again, all seq_cst: either
 * the pusher finds busy == 0, or the holder that let go finds the batch. pending is emptied by one exchange, so there is no ABA. A ticket is written before
 * state = PLACED is released; the owner acquires state, and from then on the batch is its own.
 *
 * Bound. A holder joins at most ROUNDS rounds before it lets go; a full queue ends its turn at once. Nobody waits for a holder but withdraw(), which takes the
 * batch of a caller whose time is up back: it spins for the length of one bounded section.
 */
#include "iommu/iommu.h"

enum { ROUNDS = 4 };

void iovm__queue_init(struct iovm__queue *q, struct iovm_cmd *answers, uint32_t nanswers)
{
	q->backlog_tail = &q->backlog;
	q->answers = answers;
	q->answers_mask = nanswers - 1;
}

uint32_t iovm__answers_room(const struct iovm_iommu *iommu)
{
	const struct iovm__queue *q = &iommu->queue;

	return q->answers_mask + 1 - (q->answers_next - load_acq(&q->answers_cons));
}

void iovm__answer_put(struct iovm_iommu *iommu, const struct iovm_cmd *cmd)
{
	struct iovm__queue *q = &iommu->queue;

	IOVM_ASSERT(iovm__answers_room(iommu) > 0);
	q->answers[q->answers_next++ & q->answers_mask] = *cmd;
}

void iovm__answers_publish(struct iovm_iommu *iommu)
{
	struct iovm__queue *q = &iommu->queue;

	if (q->answers_next != load_rlx(&q->answers_prod))
		store_sc(&q->answers_prod, q->answers_next);
}

/* ---- the holder ------------------------------------------------------------------------------------------------------------ */

static void take_pending(struct iovm__queue *q)
{
	struct iovm__batch *b = xchg_sc(&q->pending, NULL), *first = NULL, *last = b, *next;

	if (!b)
		return;
	for (; b; b = next) {		/* newest first: turn it round */
		next = b->next;
		b->next = first;
		first = b;
	}
	*q->backlog_tail = first;
	q->backlog_tail = &last->next;
}

/* The next round: everybody who is there, or one who must be alone */
static void begin_round(struct iovm__queue *q)
{
	struct iovm__batch **end = &q->backlog;

	take_pending(q);
	if (!q->backlog)
		return;
	if ((*end)->alone)
		end = &(*end)->next;
	else
		while (*end && !(*end)->alone)
			end = &(*end)->next;
	q->round = q->backlog;
	q->backlog = *end;
	*end = NULL;
	if (!q->backlog)
		q->backlog_tail = &q->backlog;
	q->phase = IOVM_CMD_ENTRY;
	q->phase_used = false;
}

static void stage_answers(struct iovm__queue *q)
{
	uint32_t cons = load_rlx(&q->answers_cons), prod = load_sc(&q->answers_prod);

	while (cons != prod && q->stage_n < IOVM__STAGE)
		q->stage[q->stage_n++] = q->answers[cons++ & q->answers_mask];
	store_rel(&q->answers_cons, cons);
}

/* Stage what is left of the present phase; its fence when nothing is left */
static void stage_phase(struct iovm__queue *q)
{
	struct iovm__batch *b;

	for (b = q->round; b; b = b->next)
		while (b->at < b->n && b->cmd[b->at].op == q->phase) {
			if (q->stage_n == IOVM__STAGE)
				return;
			q->stage[q->stage_n++] = b->cmd[b->at++];
			q->phase_used = true;
		}
	if (!q->phase_used) {
		q->phase++;
		return;
	}
	if (q->stage_n == IOVM__STAGE)
		return;
	q->stage[q->stage_n++] = (struct iovm_cmd){ .op = IOVM_CMD_FENCE, .pasid = IOVM_NO_PASID };
	q->fence_staged = true;
}

static void place(struct iovm__batch *b, unsigned state, unsigned long ticket)
{
	store_rlx(&b->ticket, ticket);
	store_rel(&b->state, state);	/* the owner may reuse it from here on */
}

static bool has_phase(const struct iovm__batch *b, unsigned phase)
{
	return b->at && b->cmd[b->at - 1].op == phase;
}

/* A phase's fence was taken: whoever had a part in it notes its ticket; those who have no later phase are placed */
static void end_phase(struct iovm__queue *q, unsigned long ticket)
{
	struct iovm__batch **link = &q->round, *b;

	while ((b = *link) != NULL) {
		if (b->at < b->n) {
			if (has_phase(b, q->phase)) {
				store_rlx(&b->before[load_rlx(&b->nbefore)], ticket);
				store_rlx(&b->nbefore, load_rlx(&b->nbefore) + 1u);
			}
			link = &b->next;
			continue;
		}
		*link = b->next;
		place(b, IOVM__BATCH_PLACED, ticket);
	}
	q->phase++;
	q->phase_used = q->fence_staged = false;
}

static void fill(struct iovm__queue *q)
{
	stage_answers(q);
	if (q->stage_n)
		return;
	if (!q->round)
		begin_round(q);
	while (q->round && !q->stage_n)
		stage_phase(q);
}

static void trace_taken(struct iovm_iommu *iommu, const struct iovm_cmd *c, unsigned n, unsigned long ticket)
{
	if (!iommu->port->trace)
		return;
	for (; n; n--, c++)
		TRACE(iommu->port, CMD, .iommu = (uint8_t)iommu->index, .code = c->op, .pasid = c->pasid, .index = c->index,
		      .stream_id = c->fn ? c->fn->stream_ids[0] : c->stream_id, .id = c->asid, .flags = c->flags, .a = c->first,
		      .b = c->op == IOVM_CMD_FENCE ? ticket : c->last);
}

static void fail_all(struct iovm__queue *q)
{
	struct iovm__batch *b, *next;

	take_pending(q);
	for (b = q->round; b; b = next) {
		next = b->next;
		place(b, IOVM__BATCH_DEAD, 0);
	}
	for (b = q->backlog; b; b = next) {
		next = b->next;
		place(b, IOVM__BATCH_DEAD, 0);
	}
	q->round = q->backlog = NULL;
	q->backlog_tail = &q->backlog;
	q->stage_at = q->stage_n = 0;
	q->fence_staged = false;
	store_rel(&q->answers_cons, load_sc(&q->answers_prod));
}

static void hold_dead(struct iovm_iommu *iommu)
{
	store_rel(&iommu->dead, true);
	fail_all(&iommu->queue);
}

/* The queue stands still: have the guilty command replaced, or its fence failed; whose it is, its owner learns by his ticket */
static void recover(struct iovm_iommu *iommu)
{
	struct iovm_blame blame = { 0 };
	int more = iommu->be.recover(iommu->hw, &blame);

	if (more == IOVM_E_DEAD)
		hold_dead(iommu);
}

/* Hand over what is staged; whether all of it was taken */
static bool flush(struct iovm_iommu *iommu)
{
	struct iovm__queue *q = &iommu->queue;
	unsigned long ticket = 0;
	unsigned n = q->stage_n - q->stage_at;
	int taken = iommu->be.submit(iommu->hw, q->stage + q->stage_at, n, &ticket);

	if (taken == IOVM_E_STOPPED)
		recover(iommu);		/* the next turn goes on */
	if (taken == IOVM_E_DEAD)
		hold_dead(iommu);
	if (taken <= 0)
		return false;
	trace_taken(iommu, q->stage + q->stage_at, (unsigned)taken, ticket);
	q->stage_at = (uint16_t)(q->stage_at + taken);
	if (q->stage_at < q->stage_n)
		return false;
	q->stage_at = q->stage_n = 0;
	if (q->fence_staged)
		end_phase(q, ticket);
	return true;
}

/* One bounded turn as the holder; whether something is left that did not fit */
static void hold(struct iovm_iommu *iommu)
{
	struct iovm__queue *q = &iommu->queue;
	bool all = true;
	unsigned i;

	if (load_acq(&iommu->dead)) {
		fail_all(q);
		return;
	}
	for (i = 0; all && i < 4 * ROUNDS + q->answers_mask / IOVM__STAGE; i++) {
		if (!q->stage_n)
			fill(q);
		if (!q->stage_n)
			break;
		all = flush(iommu);
	}
	store_sc(&q->waiting, q->stage_n || q->round || q->backlog);
}

static bool try_lock(struct iovm__queue *q)
{
	unsigned idle = 0;

	return cas_sc(&q->busy, &idle, 1u);
}

static bool something_new(const struct iovm__queue *q)
{
	return load_sc(&q->pending) || load_sc(&q->answers_prod) != load_acq(&q->answers_cons);
}

bool iovm__submit_pending(const struct iovm_iommu *iommu)
{
	return load_sc(&iommu->queue.waiting) || something_new(&iommu->queue);
}

void iovm__submit_pump(struct iovm_iommu *iommu)
{
	struct iovm__queue *q = &iommu->queue;
	unsigned long flags;
	unsigned turn;

	for (turn = 0; turn < 2 && iovm__submit_pending(iommu); turn++) {
		IOVM_IRQ_SAVE(flags);
		if (!try_lock(q)) {
			IOVM_IRQ_RESTORE(flags);
			return;
		}
		hold(iommu);
		store_sc(&q->busy, 0);
		IOVM_IRQ_RESTORE(flags);
		if (load_sc(&q->waiting))	/* full: the next turn of whoever waits */
			return;
	}
}

void iovm__submit_recover(struct iovm_iommu *iommu)
{
	struct iovm__queue *q = &iommu->queue;
	unsigned long flags;

	IOVM_IRQ_SAVE(flags);
	if (try_lock(q)) {
		recover(iommu);
		store_sc(&q->busy, 0);
	}
	IOVM_IRQ_RESTORE(flags);
}

/* ---- callers ----------------------------------------------------------------------------------------------------------------- */

void iovm__submit_post(struct iovm_iommu *iommu, struct iovm__batch *b, const struct iovm_cmd *cmd, unsigned n, bool alone)
{
	struct iovm__queue *q = &iommu->queue;
	struct iovm__batch *head = load_rlx(&q->pending);

	IOVM_ASSERT(n > 0);
	b->cmd = cmd;
	b->n = n;
	b->at = 0;
	b->alone = alone;
	store_rlx(&b->ticket, 0ul);
	store_rlx(&b->nbefore, 0u);
	store_rlx(&b->state, IOVM__BATCH_PENDING);
	do
		b->next = head;
	while (!cas_sc(&q->pending, &head, b));
}

/* The last fence is complete: so are the earlier ones, and each may have failed */
static int reached_all(struct iovm_iommu *iommu, const struct iovm__batch *b)
{
	int r = iommu->be.reached(iommu->hw, load_rlx(&b->ticket));
	unsigned i;

	for (i = 0; r == 1 && i < load_rlx(&b->nbefore); i++)
		r = iommu->be.reached(iommu->hw, load_rlx(&b->before[i]));
	return r;
}

int iovm__submit_poll(struct iovm_iommu *iommu, struct iovm__batch *b)
{
	unsigned state = load_acq(&b->state);
	int r;

	if (state == IOVM__BATCH_DEAD)
		return IOVM_E_DEAD;
	if (state == IOVM__BATCH_PENDING) {
		iovm__submit_pump(iommu);
		return 0;
	}
	r = reached_all(iommu, b);
	if (r != IOVM_E_STOPPED)
		return r;
	iovm__submit_recover(iommu);
	return 0;
}

static void unlink_batch(struct iovm__batch **list, struct iovm__batch *b)
{
	for (; *list; list = &(*list)->next)
		if (*list == b) {
			*list = b->next;
			return;
		}
}

/* Time is up: the batch is ours again, placed or not. What was staged of it may still be carried out: an invalidation too many. */
static void withdraw(struct iovm_iommu *iommu, struct iovm__batch *b)
{
	struct iovm__queue *q = &iommu->queue;
	struct iovm__batch **tail;
	unsigned long flags;

	while (load_acq(&b->state) == IOVM__BATCH_PENDING) {
		IOVM_IRQ_SAVE(flags);
		if (try_lock(q)) {
			if (load_rlx(&b->state) == IOVM__BATCH_PENDING) {
				take_pending(q);
				unlink_batch(&q->round, b);
				unlink_batch(&q->backlog, b);
				for (tail = &q->backlog; *tail; tail = &(*tail)->next)
					;
				q->backlog_tail = tail;
				place(b, IOVM__BATCH_DEAD, 0);
			}
			store_sc(&q->waiting, q->stage_n || q->round || q->backlog);
			store_sc(&q->busy, 0);
		}
		IOVM_IRQ_RESTORE(flags);
	}
}

static bool patience(const struct iovm_port *port, unsigned *turn)
{
	return *turn != ~0u && port->wait(port->ctx, (*turn)++);
}

static int wait_on(struct iovm_iommu *iommu, struct iovm__batch *b, unsigned *turn)
{
	int r;

	iovm__submit_pump(iommu);
	while ((r = iovm__submit_poll(iommu, b)) == 0) {
		if (patience(iommu->port, turn))
			continue;
		r = iovm__submit_poll(iommu, b);	/* we may have slept past the end ourselves */
		if (!r)
			r = iovm__submit_poll(iommu, b);	/* or past an error, which that look had mended */
		if (r)
			break;
		withdraw(iommu, b);
		*turn = ~0u;	/* the rest of the call gets one look each */
		return IOVM_E_TIMEDOUT;
	}
	return r == 1 ? 0 : r;
}

int iovm__submit_wait(struct iovm_iommu *iommu, struct iovm__batch *b)
{
	unsigned turn = 0;

	return wait_on(iommu, b, &turn);
}

int iovm__submit_settle(struct iovm_iommu *iommu, struct iovm__batch *b, unsigned *turn)
{
	int err = wait_on(iommu, b, turn);

	if ((err != IOVM_E_ATC && err != IOVM_E_HARDWARE) || b->alone)
		return err;
	iovm__submit_post(iommu, b, b->cmd, b->n, true);
	return wait_on(iommu, b, turn);
}
