/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Exactly one end for every Last: RESP or SUPPRESS. Answers are made on the servicer only, so "exactly once" needs no order; the one thing that other threads do is
 * to finish a token, and that is one CAS on its word. Whoever wins it posts the token to the inbox.
 *
 *   FREE -> HOST -> FREE                     the handler answered at once
 *   FREE -> HOST -> FINISHED -> FREE         fault_done(), then the servicer answers
 *   FREE -> HOST -> ORPHAN -> RETURNED -> FREE  the bond ended first: answered then; fault_done() is STALE, and the mm is kept until it has come
 *
 * A stall has no lossy answer: Success is retry, Invalid is abort. It is never suppressed: the IOMMU holds it, whatever became of its device.
 */
#include "pri/pri.h"

enum { STATE_BITS = 3, OUTCOME_BITS = 2, GENERATION_SHIFT = STATE_BITS + OUTCOME_BITS };

static unsigned word(unsigned generation, unsigned outcome, unsigned state)
{
	return generation << GENERATION_SHIFT | outcome << STATE_BITS | state;
}

static unsigned generation_of(unsigned w)
{
	return w >> GENERATION_SHIFT;
}

static unsigned state_of(unsigned w)
{
	return w & ((1u << STATE_BITS) - 1);
}

static enum iovm_outcome outcome_of(unsigned w)
{
	return w >> STATE_BITS & ((1u << OUTCOME_BITS) - 1);
}

/* ---- tokens ----------------------------------------------------------------------------------------------------------------------- */

static void run_token(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits)
{
	struct iovm__token *t = (struct iovm__token *)((char *)work - offsetof(struct iovm__token, work));
	struct iovm__pri *pri = iommu->pri;

	if (t->link) {	/* off its bond's list */
		*t->link = t->next;
		if (t->next)
			t->next->link = t->link;
		t->link = NULL;
	}
	t->next = NULL;
	*pri->finished_tail = t;
	pri->finished_tail = &t->next;
}

size_t iovm__pri_bytes(uint32_t ntokens)
{
	return sizeof(struct iovm__pri) + ntokens * sizeof(struct iovm__token);
}

void iovm__pri_init(struct iovm__pri *pri, uint32_t ntokens, const struct iovm_mm_ops *mm)
{
	uint32_t i;

	pri->mm = mm;
	pri->tokens = (struct iovm__token *)(pri + 1);
	pri->ntokens = ntokens;
	pri->finished_tail = &pri->finished;
	for (i = ntokens; i-- > 0;) {
		struct iovm__token *t = &pri->tokens[i];

		store_rlx(&t->word, word(1, 0, IOVM__TOKEN_FREE));
		t->work.run = run_token;
		t->next = pri->free_tokens;
		pri->free_tokens = t;
	}
}

struct iovm__token *iovm__token_new(struct iovm_iommu *iommu)
{
	struct iovm__token *t = iommu->pri->free_tokens;

	if (!t)
		return NULL;
	iommu->pri->free_tokens = t->next;
	t->next = NULL;
	t->link = NULL;
	t->counted = t->answered = false;
	store_rel(&t->word, word(generation_of(load_rlx(&t->word)), 0, IOVM__TOKEN_HOST));
	return t;
}

/* The last one of a slot on its way out: its servicer, perhaps another, waits for that only. Either we see who waits, or it sees that none is out. */
static void count_back(struct iovm_iommu *iommu, struct iovm__slot *slot)
{
	struct iovm_iommu *retirer;

	store_rlx(&iommu->count.tokens, load_rlx(&iommu->count.tokens) - 1);
	if (sub_sc(&slot->tokens, 1u) != 1)
		return;
	retirer = load_sc(&slot->retirer);
	if (retirer && iommu->port->wake)
		iommu->port->wake(iommu->port->ctx, retirer);
}

void iovm__token_free(struct iovm_iommu *iommu, struct iovm__token *t)
{
	unsigned generation = (generation_of(load_rlx(&t->word)) + 1) & (~0u >> GENERATION_SHIFT);

	if (t->counted)
		count_back(iommu, t->slot);
	t->bond = NULL;
	store_rel(&t->word, word(generation ? generation : 1, 0, IOVM__TOKEN_FREE));
	t->next = iommu->pri->free_tokens;
	iommu->pri->free_tokens = t;
}

uint64_t iovm__token_value(const struct iovm_iommu *iommu, const struct iovm__token *t)
{
	return (uint64_t)iommu->index << 56 | (uint64_t)(t - iommu->pri->tokens) << 32 | generation_of(load_rlx(&t->word));
}

void iovm__token_pending(struct iovm_iommu *iommu, struct iovm__token *t)
{
	t->counted = true;
	add_ar(&t->slot->tokens, 1u);
	store_rlx(&iommu->count.tokens, load_rlx(&iommu->count.tokens) + 1);
	t->next = t->bond->tokens;
	t->link = &t->bond->tokens;
	if (t->next)
		t->next->link = &t->next;
	t->bond->tokens = t;
}

bool iovm__token_claim(struct iovm__token *t)
{
	unsigned w = load_acq(&t->word);

	return state_of(w) == IOVM__TOKEN_HOST && cas_ar(&t->word, &w, word(generation_of(w), 0, IOVM__TOKEN_RETURNED));
}

/* What a call by the host makes of the word: the new word, or 0 when the token is not out */
static unsigned finish_word(unsigned w, unsigned outcome)
{
	if (state_of(w) == IOVM__TOKEN_HOST)
		return word(generation_of(w), outcome, IOVM__TOKEN_FINISHED);
	return state_of(w) == IOVM__TOKEN_ORPHAN ? word(generation_of(w), 0, IOVM__TOKEN_RETURNED) : 0;
}

static struct iovm__token *token_at(const struct iovm_iommu *iommu, uint64_t value)
{
	uint32_t number = (uint32_t)(value >> 32) & 0xffffff;

	return number < iommu->pri->ntokens ? &iommu->pri->tokens[number] : NULL;
}

uint32_t iovm__token_serial(const struct iovm_iommu *iommu, uint64_t value)
{
	const struct iovm__token *t = token_at(iommu, value);
	unsigned w = t ? load_acq(&t->word) : 0;

	return t && state_of(w) != IOVM__TOKEN_FREE && generation_of(w) == (uint32_t)value ? t->serial : 0;
}

int iovm__token_done(struct iovm_iommu *iommu, uint64_t value, enum iovm_outcome outcome)
{
	struct iovm__token *t = token_at(iommu, value);
	unsigned w, to;

	if (!t)
		return IOVM_E_STALE;
	w = load_acq(&t->word);
	do {
		to = generation_of(w) == (uint32_t)value ? finish_word(w, outcome) : 0;
		if (!to)
			return IOVM_E_STALE;
	} while (!cas_ar(&t->word, &w, to));
	iovm__work_post(iommu, &t->work, 1);
	return state_of(to) == IOVM__TOKEN_FINISHED ? 0 : IOVM_E_STALE;
}

/* ---- answers ----------------------------------------------------------------------------------------------------------------------- */

struct last {		/* what an answer needs to know of the Last */
	const struct iovm_device *dev;
	const struct iovm__bond *bond;
	uint64_t position;
	uint32_t stream_id, pasid, serial;
	uint16_t index;
	uint8_t flags;
};

static void respond(struct iovm_iommu *iommu, const struct last *l, enum iovm_response code, uint8_t cause)
{
	bool with_pasid = l->pasid != IOVM_NO_PASID && l->dev && (l->flags & IOVM_REQ_STALL || l->dev->fn.response_pasid);
	const struct iovm_cmd cmd = { .op = IOVM_CMD_ANSWER, .code = (uint8_t)code, .index = l->index, .stream_id = l->stream_id,
				      .pasid = with_pasid ? l->pasid : IOVM_NO_PASID, .flags = l->flags & IOVM_REQ_STALL ? IOVM_CMD_STALL : 0,
				      .first = l->position };

	TRACE(iommu->port, RESP, .iommu = (uint8_t)iommu->index, .stream_id = l->stream_id, .pasid = cmd.pasid, .index = l->index,
	      .flags = l->flags, .bond = l->bond ? l->bond->serial : 0, .context = l->bond ? load_rlx(&l->bond->slot->context) : 0,
	      .id = l->serial, .b = l->position, .code = (int16_t)code, .a = cause);
	iovm__answer_put(iommu, &cmd);
	count_up(code == IOVM_RESP_SUCCESS ? &iommu->count.success : &iommu->count.invalid, 1);
}

static void suppress(struct iovm_iommu *iommu, const struct last *l, uint8_t cause)
{
	TRACE(iommu->port, SUPPRESS, .iommu = (uint8_t)iommu->index, .stream_id = l->stream_id, .pasid = l->pasid, .index = l->index,
	      .flags = l->flags, .id = l->serial, .b = l->position, .a = cause);
	count_up(&iommu->count.suppressed, 1);
}

/* The device was reset, or is gone, and expects no response. A stall is the IOMMU's: it wants its STAG back (IHI 0070, 3.12.2) */
static void close_reset(struct iovm_iommu *iommu, const struct last *l, uint8_t cause)
{
	if (l->flags & IOVM_REQ_STALL)
		respond(iommu, l, IOVM_RESP_INVALID, cause);
	else
		suppress(iommu, l, cause);
}

void iovm__answer_last(struct iovm_iommu *iommu, const struct iovm_request *req, const struct iovm__verdict *v, enum iovm_response code,
		       uint8_t cause, uint32_t serial)
{
	const struct last l = { .dev = v->dev, .bond = v->bond, .position = req->position, .stream_id = req->stream_id, .serial = serial,
				.pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_NO_PASID, .index = req->index, .flags = req->flags };

	if (v->suppress)
		close_reset(iommu, &l, cause);
	else
		respond(iommu, &l, code, cause);
}

/* The same page again and again, answered Success each time: the handler maps too little, or the device lies */
static bool repeated_too_often(struct iovm_iommu *iommu, struct iovm__bond *b, const struct iovm__token *t)
{
	if (b->last_page != t->page || iommu->now - b->repeats_since > IOVM__REPEAT_NS) {
		b->last_page = t->page;
		b->repeats_since = iommu->now;
		b->repeats = 0;
	}
	if (++b->repeats < IOVM__REPEAT_LIMIT)
		return false;
	if (b->repeats == IOVM__REPEAT_LIMIT) {
		count_up(&iommu->count.repeated, 1);
		iovm__notice(iommu, t->dev, IOVM_REPEATED, t->pasid, t->page);
	}
	return true;
}

static void answer_outcome(struct iovm_iommu *iommu, const struct iovm__token *t, const struct last *l, enum iovm_outcome outcome)
{
	bool often = outcome != IOVM_REFUSED && repeated_too_often(iommu, t->bond, t);

	if (outcome == IOVM_DONE)
		respond(iommu, l, IOVM_RESP_SUCCESS, IOVM_TRC_SERVED);
	else if (outcome == IOVM_AGAIN && !often)
		respond(iommu, l, IOVM_RESP_SUCCESS, IOVM_TRC_AGAIN);
	else
		respond(iommu, l, IOVM_RESP_INVALID, IOVM_TRC_SERVED);
}

static void end_token(struct iovm_iommu *iommu, struct iovm__token *t, enum iovm_outcome outcome)
{
	const struct last l = { .dev = t->dev, .bond = t->bond, .position = t->position, .stream_id = t->stream_id, .serial = t->serial,
				.pasid = t->pasid, .index = t->index, .flags = t->flags };
	unsigned state = iovm__device_state(t->dev);

	t->dev->unit->outstanding -= t->n;
	t->answered = true;
	if (load_rlx(&t->dev->epoch) != t->epoch || state & IOVM__DEV_GONE)
		close_reset(iommu, &l, state & IOVM__DEV_GONE ? IOVM_TRC_GONE : IOVM_TRC_RESET);
	else if (load_acq(&t->bond->state) != IOVM__BOND_LIVE)
		respond(iommu, &l, IOVM_RESP_INVALID, IOVM_TRC_BOND_END);
	else
		answer_outcome(iommu, t, &l, outcome);
}

void iovm__answer_token(struct iovm_iommu *iommu, struct iovm__token *t, enum iovm_outcome outcome)
{
	end_token(iommu, t, outcome);
	iovm__token_free(iommu, t);
}

bool iovm__pri_finished(struct iovm_iommu *iommu)
{
	struct iovm__pri *pri = iommu->pri;
	struct iovm__token *t;

	while ((t = pri->finished) != NULL) {
		if (!t->answered && !iovm__answers_room(iommu))
			return true;
		pri->finished = t->next;
		if (!pri->finished)
			pri->finished_tail = &pri->finished;
		if (!t->answered)
			end_token(iommu, t, outcome_of(load_acq(&t->word)));
		iovm__token_free(iommu, t);
	}
	return false;
}

bool iovm__pri_orphan(struct iovm_iommu *iommu, struct iovm__bond *bond, bool older)
{
	struct iovm__token **link = &bond->tokens, *t;

	while ((t = *link) != NULL) {
		unsigned w = load_acq(&t->word);

		if (older && t->epoch == load_rlx(&t->dev->epoch)) {
			link = &t->next;
			continue;
		}
		if (!iovm__answers_room(iommu))
			return false;
		if (state_of(w) == IOVM__TOKEN_HOST)	/* lost to fault_done(): it is in the inbox, and will find its answer given */
			(void)cas_ar(&t->word, &w, word(generation_of(w), 0, IOVM__TOKEN_ORPHAN));
		end_token(iommu, t, IOVM_REFUSED);
		*link = t->next;
		if (t->next)
			t->next->link = link;
		t->link = NULL;
		t->next = NULL;
	}
	return true;
}
