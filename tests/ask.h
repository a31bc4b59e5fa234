/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the tests of page requests start from: one device, StreamID 1, bound to the rig's first mm. Whoever asks says the index, the page and R, W, X, P, L, S;
 * finish() sees to it that every credit is back and that the accounts are even.
 */
#ifndef TESTS_ASK_H
#define TESTS_ASK_H
#include "rig.h"

enum { R = IOVM_REQ_READ, W = IOVM_REQ_WRITE, X = IOVM_REQ_EXEC, P = IOVM_REQ_PRIV, L = IOVM_REQ_LAST, S = IOVM_REQ_STALL };
enum { SUCCESS = IOVM_RESP_SUCCESS, INVALID = IOVM_RESP_INVALID, SILENCE = -1 };
#define NONE IOVM_NO_PASID

struct bench {
	struct rig *r;
	struct machine *m;
	struct rig_device *d;
	int pasid;
	unsigned long from;	/* commands before the test's own */
};

static inline struct bench start(const struct rig_config *config, void (*change)(struct iovm_device_config *c))
{
	struct bench b = { .r = rig_new(config) };

	b.m = &b.r->m[0];
	b.d = rig_device(b.r, 0, 1, change);
	ck_assert_int_eq(iovm_device_init(b.d->dev), 0);
	b.pasid = rig_bind(b.d, &b.r->mm[0]);
	ck_assert_int_gt(b.pasid, 0);
	b.from = b.m->ncmds;
	return b;
}

static inline void ask(struct bench *b, unsigned index, uint64_t page, unsigned flags)
{
	machine_request(b->m, 1, (uint32_t)b->pasid, index, page << 12, flags);
}

static inline int go(struct bench *b)
{
	return rig_dispatch(b->r, 0);
}

/* -1: not answered; else the response code. Forgets the answer, so that the next one of this index can be asked for. */
static inline int answer(struct bench *b, uint32_t stream, unsigned index)
{
	const struct iovm_cmd *c = machine_answer(b->m, b->from, stream, index);

	return c ? c->code : -1;
}

static inline void forget_answers(struct bench *b)
{
	b->from = b->m->ncmds;
}

static inline unsigned length_of(const struct bench *b)
{
	const struct iovm__unit *u = b->d->dev->unit;
	unsigned groups = 0, records = 0;

	for (const struct iovm__group *g = u->free_groups; g; g = g->chain)
		groups++;
	for (const struct iovm__record *rec = u->free_records; rec; rec = rec->next)
		records++;
	return groups == records ? groups : ~0u;
}

static inline void finish(struct bench *b)
{
	struct iovm_stats s;

	for (unsigned i = 0; i < RIG_MMS; i++)
		while (b->d->dev && iovm_unbind_mm(b->d->dev, &b->r->mm[i]) != IOVM_E_NOT_BOUND)
			;
	rig_later(b->r);
	s = rig_stats(b->r);
	ck_assert_uint_eq(b->d->dev->unit->outstanding, 0);
	ck_assert_uint_eq(length_of(b), b->d->dev->unit->credits);
	ck_assert_uint_eq(s.requests, s.requests_served + s.partials_discarded + s.stop_markers);
	ck_assert_uint_eq(s.lasts, s.success + s.invalid + s.suppressed);
	ck_assert_uint_eq(s.tokens, 0);
	rig_fini(b->r);
}

#endif
