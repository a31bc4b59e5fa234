/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Stalled accesses (3.12.2, 4.7). One that stalls gets an event with a STAG, at once or when the queue has room and a STAG is free; from then on the STAG is the
 * driver's until a CMD_RESUME or CMD_STALL_TERM gives it back, or SMMUEN falls. The access itself may be over earlier: tried again unasked, or gone with its device.
 *
 * An access that waits for its event has no STAG, so nobody can resume it; when a SYNC made changes of configuration or translations complete, it is tried anew
 * instead of being recorded with what is no longer true.
 */
#include "backends/sim/smmuv3/model.h"

static void over(struct iovm_smmuv3_model *m, struct iovm__model_stall *s, enum iovm_model_outcome how)
{
	if (s->stuck && m->c.resume)
		m->c.resume(m->c.ctx, s->access.stream_id, s->id, how);
	s->stuck = false;
}

static void release(struct iovm_smmuv3_model *m, struct iovm__model_stall *s)
{
	if (s->state == STALL_RECORDED)
		m->tags--;
	s->state = STALL_FREE;
}

/* Those that were suppressed because of this one are tried again, whatever became of it */
static void release_twins(struct iovm_smmuv3_model *m, const struct iovm__model_stall *of)
{
	struct iovm__model_stall *s, *end = m->stall + m->nstall;

	for (s = m->stall; s < end; s++)
		if (s->state == STALL_WAITS && s->twin == of - m->stall) {
			release(m, s);
			over(m, s, IOVM_MODEL_OK);
		}
}

/* ---- recording ------------------------------------------------------------------------------------------------------------------------------------------ */

/* A STAG is unique together with its StreamID; whether two streams may have the same one is open (3.12.2) */
static bool tag_taken(const struct iovm_smmuv3_model *m, uint32_t sid, uint16_t tag, bool shared)
{
	const struct iovm__model_stall *s, *end = m->stall + m->nstall;

	for (s = m->stall; s < end; s++)
		if (s->state == STALL_RECORDED && s->tag == tag && (!shared || s->access.stream_id == sid))
			return true;
	return false;
}

static bool record(struct iovm_smmuv3_model *m, struct iovm__model_stall *s)
{
	uint64_t rec[4] = { s->rec[0], s->rec[1], s->rec[2], s->rec[3] };
	bool shared;
	uint16_t tag;

	if (m->tags >= m->tag_limit)
		return false;
	shared = model_choose(m, 2, "stag-shared");
	for (tag = (uint16_t)model_choose(m, m->tag_limit, "stag"); tag_taken(m, s->access.stream_id, tag, shared); tag = (uint16_t)((tag + 1u) % m->tag_limit))
		;
	rec[1] |= tag | BIT64(31);
	s->position = m->event_count;
	if (!iovm__model_event_stall(m, rec))
		return false;
	s->tag = tag;
	s->state = STALL_RECORDED;
	m->tags++;
	m->stats.stalls++;
	return true;
}

static struct iovm__model_stall *next_waiting(struct iovm_smmuv3_model *m)
{
	struct iovm__model_stall *s, *end = m->stall + m->nstall, *first = NULL;

	for (s = m->stall; s < end; s++)
		if (s->state == STALL_WAITS && s->twin < 0 && (!first || (int32_t)(s->order - first->order) < 0))
			first = s;
	return first;
}

void iovm__model_stall_flush(struct iovm_smmuv3_model *m)
{
	struct iovm__model_stall *s;

	do
		s = next_waiting(m);
	while (s && record(m, s));
}

static bool same(const struct iovm_model_access *a, const struct iovm_model_access *b)
{
	return a->stream_id == b->stream_id && a->pasid == b->pasid && !((a->addr ^ b->addr) >> 12) && a->flags == b->flags;
}

/* A duplicate may go without an event of its own (3.12.2.1) */
static int twin_of(struct iovm_smmuv3_model *m, const struct iovm_model_access *a)
{
	unsigned i;

	for (i = 0; i < m->nstall; i++)
		if (m->stall[i].state == STALL_RECORDED && m->stall[i].stuck && same(&m->stall[i].access, a))
			return model_choose(m, 2, "stall-suppressed") ? (int)i : -1;
	return -1;
}

bool iovm__model_stall_put(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const uint64_t rec[4], uint32_t *id)
{
	struct iovm__model_stall *s = m->stall, *end = m->stall + m->nstall;
	unsigned i;

	while (s < end && s->state != STALL_FREE)
		s++;
	if (s == end || !m->tag_limit)
		return false;
	*s = (struct iovm__model_stall){ .access = *q->a, .id = ++m->stall_id, .order = m->stall_order++, .twin = twin_of(m, q->a), .state = STALL_WAITS, .stuck = true };
	for (i = 0; i < 4; i++)
		s->rec[i] = rec[i];
	*id = s->id;
	if (s->twin < 0)
		iovm__model_stall_flush(m);
	return true;
}

/* ---- what ends one ------------------------------------------------------------------------------------------------------------------------------------------ */

static bool terminated(const struct iovm_smmuv3_model *m, uint32_t sid, uint16_t tag)
{
	const struct iovm__model_stall *s, *end = m->stall + m->nstall;

	for (s = m->stall; s < end; s++)
		if (s->state == STALL_FREE && s->terminated && s->tag == tag && s->access.stream_id == sid)
			return true;
	return false;
}

void iovm__model_stall_resume(struct iovm_smmuv3_model *m, uint32_t sid, uint16_t tag, enum iovm_model_outcome how)
{
	struct iovm__model_stall *s = m->stall, *end = m->stall + m->nstall;

	while (s < end && !(s->state == STALL_RECORDED && s->tag == tag && s->access.stream_id == sid && s->position < m->event_shown))
		s++;
	iovm__model_duty(m, DUTY_STALL_TERM, s < end || !terminated(m, sid, tag));
	iovm__model_duty(m, DUTY_RESUME, s < end);
	if (s == end)	/* may or may not act (4.7.1): does not */
		return;
	m->stats.resumes++;
	release(m, s);
	over(m, s, how);
	release_twins(m, s);
	iovm__model_stall_flush(m);
}

static void end_stream(struct iovm_smmuv3_model *m, uint32_t sid, bool any)
{
	struct iovm__model_stall *s, *end = m->stall + m->nstall;

	for (s = m->stall; s < end; s++)
		if (s->state != STALL_FREE && (any || s->access.stream_id == sid)) {
			s->terminated = !any && s->state == STALL_RECORDED;
			release(m, s);
			over(m, s, IOVM_MODEL_ABORT);
		}
}

static bool change_open(const struct iovm_smmuv3_model *m, uint32_t sid)
{
	const struct iovm__model_change *c = m->change, *end = m->change + m->nchange;

	for (; c < end; c++)
		if (c->all || c->range >= 32 || c->sid >> c->range == sid >> c->range)
			return true;
	return false;
}

/* Legal only when new traffic of the stream is terminated already: its STE says so, and nobody keeps another (4.7.2) */
void iovm__model_stall_term(struct iovm_smmuv3_model *m, uint32_t sid)
{
	struct iovm__model_fault f;
	const struct iovm__model_conf *ste;
	uint64_t w[8];
	bool ok = false;

	if (model_on(m, CR0_SMMUEN) && iovm__model_ste_peek(m, sid, w) && w[0] & 1 && !(w[0] & 8)) {
		ste = iovm__model_ste(m, sid, &f);
		ok = ste && !(ste_config(ste) & 4) && !change_open(m, sid);
	}
	iovm__model_duty(m, DUTY_STALL_TERM, ok);
	if (!ok)
		return;
	end_stream(m, sid, false);
	iovm__model_stall_flush(m);
}

void iovm__model_stall_off(struct iovm_smmuv3_model *m)
{
	end_stream(m, 0, true);
}

void iovm__model_stall_gone(struct iovm_smmuv3_model *m, uint32_t sid)
{
	struct iovm__model_stall *s, *end = m->stall + m->nstall;

	for (s = m->stall; s < end; s++) {
		if (s->state == STALL_FREE || s->access.stream_id != sid)
			continue;
		s->stuck = false;
		if (s->state == STALL_WAITS)
			release(m, s);
	}
}

void iovm__model_stall_changed(struct iovm_smmuv3_model *m)
{
	struct iovm__model_stall *s, *end = m->stall + m->nstall;

	for (s = m->stall; s < end; s++)
		if (s->state == STALL_WAITS && s->twin < 0) {
			release(m, s);
			over(m, s, IOVM_MODEL_OK);
		}
}

/* Success does not free the STAG, failure makes no second event (3.12.2.2) */
bool iovm__model_stall_early(struct iovm_smmuv3_model *m)
{
	struct iovm__model_stall *s = m->stall + model_choose(m, m->nstall, "retry-which");
	struct iovm_model_result r;

	if (s->state != STALL_RECORDED || !s->stuck || m->failed)
		return false;
	iovm__model_through(m, &s->access, &r, true);
	if (r.outcome == IOVM_MODEL_OK)
		over(m, s, IOVM_MODEL_OK);
	return r.outcome == IOVM_MODEL_OK;
}

unsigned iovm__model_stall_owed(const struct iovm_smmuv3_model *m)
{
	return m->tags;
}
