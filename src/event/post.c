/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Posted invalidations. Any thread pushes onto a stack with one CAS; the loop takes the whole stack with one exchange, so there is no ABA,
 * and turns it round. Of what it has, it joins the oldest BATCH: neighbouring and overlapping ranges of one mm become one
 * iovm_invalidate(). That is right because an invalidation covers every change made before it, and all members were posted, hence
 * changed, before the joint one runs.
 *
 * A turn runs one batch; what is left keeps the loop awake.
 */
#include <stdlib.h>
#include "loop.h"

enum { BATCH = 256 };

struct iovm__post {
	struct iovm__post *next;
	struct iovm *sys;
	void *mm;
	uint64_t first, last;
	iovm_event_done *done;
	void *arg;
};

int iovm_event_invalidate(struct iovm_event *ev, struct iovm *sys, void *mm, uint64_t first, uint64_t last, iovm_event_done *done, void *arg)
{
	struct iovm__post *p;

	if (!ev || !sys || first > last)
		return IOVM_E_INVAL;
	p = malloc(sizeof(*p));
	if (!p)
		return IOVM_E_NO_MEMORY;
	*p = (struct iovm__post){ load_rlx(&ev->posted), sys, mm, first, last, done, arg };
	while (!cas_ar(&ev->posted, &p->next, p))
		;
	add_rlx(&ev->nposted, 1);
	iovm__bell_ring(ev);
	return 0;
}

void iovm__posts_init(struct iovm_event *ev)
{
	ev->backlog_tail = &ev->backlog;
}

static void take_posted(struct iovm_event *ev)
{
	struct iovm__post *p = xchg_ar(&ev->posted, NULL), *last = p, *first = NULL, *next;

	if (!p)
		return;
	for (; p; p = next) {
		next = p->next;
		p->next = first;
		first = p;
	}
	*ev->backlog_tail = first;
	ev->backlog_tail = &last->next;
}

static unsigned take_batch(struct iovm_event *ev, struct iovm__post *batch[BATCH])
{
	unsigned n = 0;

	for (; ev->backlog && n < BATCH; ev->backlog = ev->backlog->next)
		batch[n++] = ev->backlog;
	if (!ev->backlog)
		ev->backlog_tail = &ev->backlog;
	return n;
}

static int compare(uintptr_t a, uintptr_t b)
{
	return a < b ? -1 : a > b;
}

static int by_mm_and_address(const void *left, const void *right)
{
	const struct iovm__post *a = *(struct iovm__post *const *)left, *b = *(struct iovm__post *const *)right;
	int order = compare((uintptr_t)a->sys, (uintptr_t)b->sys);

	if (!order)
		order = compare((uintptr_t)a->mm, (uintptr_t)b->mm);
	return order ? order : a->first < b->first ? -1 : a->first > b->first;
}

/* How many of the sorted batch, from its beginning, are one range that ends at *last */
static unsigned joined(struct iovm__post *const *batch, unsigned n, uint64_t *last)
{
	unsigned i = 1;

	for (*last = batch[0]->last; i < n && batch[i]->sys == batch[0]->sys && batch[i]->mm == batch[0]->mm; i++) {
		if (*last != UINT64_MAX && batch[i]->first > *last + 1)
			break;
		if (batch[i]->last > *last)
			*last = batch[i]->last;
	}
	return i;
}

static void finish(struct iovm__post *p, int result)
{
	if (p->done)
		p->done(p->arg, result);
	free(p);
}

bool iovm__posts_run(struct iovm_event *ev)
{
	struct iovm__post *batch[BATCH];
	unsigned n, i = 0;

	take_posted(ev);
	n = take_batch(ev, batch);
	qsort(batch, n, sizeof(batch[0]), by_mm_and_address);
	while (i < n) {
		uint64_t last;
		unsigned end = i + joined(batch + i, n - i, &last);
		int result = iovm_invalidate(batch[i]->sys, batch[i]->mm, batch[i]->first, last);

		while (i < end)
			finish(batch[i++], result);
	}
	return n > 0;
}

bool iovm__posts_left(struct iovm_event *ev)
{
	return ev->backlog != NULL;
}

void iovm__posts_drop(struct iovm_event *ev)
{
	struct iovm__post *p;

	while (take_posted(ev), (p = ev->backlog) != NULL) {	/* done() may post again */
		ev->backlog = p->next;
		if (!p->next)
			ev->backlog_tail = &ev->backlog;
		finish(p, IOVM_E_STALE);
	}
}
