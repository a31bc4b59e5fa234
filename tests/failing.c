/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Every allocation and every function of the backend fails in turn, the n-th alone and, for memory, from the n-th on, over one story that uses everything. What
 * fails says so and changes nothing; the rest of the story goes on; in the end all is given back. The loops end when no more failure was met.
 */
#include "rig.h"
#include <string.h>

enum { R = IOVM_REQ_READ, L = IOVM_REQ_LAST };

static const struct rig_config two = { .niommus = 2 };

/* What a failed call must leave alone, once servicers had their turn */
struct state { struct iovm_stats stats; size_t live; unsigned attached, watched, asids[2]; };

static struct state state_of(struct rig *r)
{
	struct state s;
	unsigned i;

	memset(&s, 0, sizeof s);
	rig_later(r);
	iovm__lock(r->sys);
	iovm__trim(r->sys);	/* what ended is given back with the next driver call; memory that a call only parked is counted out here */
	iovm__unlock(r->sys);
	s.stats = rig_stats(r);
	s.stats.dispatches = s.stats.pasids_allocated = s.stats.pasids_freed = 0;
	for (i = 0; i < r->niommus; i++) {
		s.attached += r->m[i].attached;
		s.asids[i] = iovm__bitmap_count(r->iommu[i]->asids);
	}
	for (i = 0; i < RIG_MMS; i++)
		s.watched += r->mm[i].watches - r->mm[i].unwatches;
	s.live = r->port.live;
	return s;
}

static void unchanged(struct rig *r, const struct state *before, const char *what, int err)
{
	struct state now = state_of(r);

	must(now.stats.bonds == before->stats.bonds && now.stats.devices == before->stats.devices && now.stats.binds == before->stats.binds &&
	     now.stats.pasids_live == before->stats.pasids_live && now.stats.pasids_quarantined == before->stats.pasids_quarantined,
	     "%s failed (%s) and left bonds %u, devices %u, PASIDs %u", what, iovm_strerror(err), now.stats.bonds, now.stats.devices, now.stats.pasids_live);
	must(now.asids[0] == before->asids[0] && now.asids[1] == before->asids[1], "%s failed and kept an ASID", what);
	must(now.attached == before->attached, "%s failed and left a function attached", what);
	/* a record that is on its slot's list already waits there for the next bind: no more than one of each */
	must(now.live >= before->live && now.live <= before->live + sizeof(struct iovm__bond) + sizeof(struct iovm__domain),
	     "%s failed (%s) and keeps %zu bytes", what, iovm_strerror(err), now.live - before->live);
	must(now.watched == before->watched, "%s failed and left a mm watched", what);
}

struct story {
	struct rig *r;
	struct rig_device *d[2];
	unsigned failures;
	void (*disarm)(struct rig *r), (*arm)(struct rig *r);
};

/* A step that may fail; the state is compared with no failure armed, and the step made again */
#define STEP(s, call) do { \
	struct state before_; \
	int err_; \
	(s)->disarm((s)->r); \
	before_ = state_of((s)->r); \
	(s)->arm((s)->r); \
	err_ = (call); \
	if (err_ < 0) { \
		(s)->failures++; \
		(s)->disarm((s)->r); \
		unchanged((s)->r, &before_, #call, err_); \
		err_ = (call); \
		must(err_ >= 0, "%s fails with nothing armed: %s", #call, iovm_strerror(err_)); \
		(s)->arm((s)->r); \
	} \
} while (0)

static int add(struct story *s, unsigned i)
{
	return rig_try_device(s->r, i, 1 + i, NULL, &s->d[i]);
}

static void tell(struct story *s)
{
	struct rig *r = s->r;

	STEP(s, add(s, 0));
	STEP(s, add(s, 1));
	STEP(s, iovm_device_attach(s->d[0]->dev, &r->mm[5]));
	STEP(s, iovm_device_init(s->d[0]->dev));
	STEP(s, iovm_device_init(s->d[1]->dev));
	STEP(s, rig_bind(s->d[0], &r->mm[0]));
	STEP(s, rig_bind(s->d[0], &r->mm[1]));
	STEP(s, rig_bind(s->d[1], &r->mm[0]));
	STEP(s, rig_bind(s->d[1], &r->mm[0]));
}

static void untell(struct story *s)
{
	s->disarm(s->r);
	ck_assert_int_eq(port_mm_exit(s->r->sys, &s->r->mm[0]), 0);
	rig_settle(s->r);
	rig_finish(s->r);
}

/* ---- memory -------------------------------------------------------------------------------------------------------------------------- */

static struct { unsigned nth, from, start; } failing;	/* counted over the whole story */

static void memory_off(struct rig *r)
{
	failing.start = r->port.allocs;
	r->port.fail_nth = r->port.fail_from = 0;
}

static void memory_on(struct rig *r)
{
	unsigned between = r->port.allocs - failing.start;	/* attempts made while nothing was armed do not count */

	failing.nth += failing.nth ? between : 0;
	failing.from += failing.from ? between : 0;
	r->port.fail_nth = failing.nth;
	r->port.fail_from = failing.from;
}

static unsigned with_failing_memory(unsigned nth, bool from)
{
	struct story s = { .r = rig_prepare(&two), .disarm = memory_off, .arm = memory_on };
	struct port *p = &s.r->port;
	unsigned failed;
	int err;

	p->fail_nth = from ? 0 : nth;
	p->fail_from = from ? nth : 0;
	err = rig_start(s.r, &two);
	if (err) {
		ck_assert_int_eq(err, IOVM_E_NO_MEMORY);
		failed = p->failed;
		p->fail_nth = p->fail_from = 0;
		if (s.r->sys)
			ck_assert_int_eq(iovm_del(s.r->sys), 0);
		rig_free(s.r);
		return failed;
	}
	failing.nth = p->fail_nth;
	failing.from = p->fail_from;
	failing.start = p->allocs;
	tell(&s);
	failed = p->failed;
	untell(&s);
	return failed;
}

START_TEST(every_allocation)
{
	unsigned nth = 1;

	while (with_failing_memory(nth, _i) > 0)
		nth++;
	ck_assert_uint_ge(nth, 20);
}
END_TEST

/* ... and failing again and again does not pile them up */
START_TEST(failing_for_ever)
{
	struct rig *r = rig_new(&two);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 1, 1);
	size_t live = 0;

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	for (unsigned i = 0; i < 100; i++) {
		r->port.fail_nth = r->port.allocs + 1 + (i == 0);	/* first the second one, then whatever is asked for */
		ck_assert_int_eq(rig_bind(e, &r->mm[0]), IOVM_E_NO_MEMORY);
		r->port.fail_nth = r->port.allocs + 1;
		ck_assert_int_eq(rig_bind(d, &r->mm[1]), IOVM_E_NO_MEMORY);
		rig_later(r);
		live = live ? live : r->port.live;
		ck_assert_uint_eq(r->port.live, live);
	}
	r->port.fail_nth = 0;
	ck_assert_int_gt(rig_bind(e, &r->mm[0]), 0);
	rig_finish(r);
}
END_TEST

/* ---- the backend ------------------------------------------------------------------------------------------------------------------------- */

static struct { unsigned iommu, nth; enum machine_fn fn; int err; } broken;

static void backend_off(struct rig *r)
{
	struct machine *m = &r->m[broken.iommu];

	if (m->fault[broken.fn].nth)	/* what is left of it */
		broken.nth = m->fault[broken.fn].calls >= m->fault[broken.fn].nth ? 0 : m->fault[broken.fn].nth - m->fault[broken.fn].calls;
	m->fault[broken.fn].nth = 0;
}

static void backend_on(struct rig *r)
{
	struct machine *m = &r->m[broken.iommu];

	m->fault[broken.fn].nth = broken.nth ? m->fault[broken.fn].calls + broken.nth : 0;
	m->fault[broken.fn].err = broken.err;
}

static const struct { enum machine_fn fn; int err; } backend_errors[] = {
	{ MACHINE_ENTRY, IOVM_E_NO_MEMORY }, { MACHINE_ENTRY, IOVM_E_FORMAT }, { MACHINE_ATTACH, IOVM_E_NO_MEMORY }, { MACHINE_REACHED, IOVM_E_HARDWARE },
	{ MACHINE_SUBMIT, IOVM_E_STOPPED },
};

START_TEST(every_function_of_the_backend)
{
	unsigned nth, failures = 1;

	for (nth = 1; failures; nth++) {
		struct story s = { .r = rig_new(&two), .disarm = backend_off, .arm = backend_on };

		broken.iommu = 0;
		broken.nth = nth;
		broken.fn = backend_errors[_i].fn;
		broken.err = backend_errors[_i].err;
		tell(&s);
		failures = broken.nth == 0 || s.r->m[0].fault[broken.fn].calls >= s.r->m[0].fault[broken.fn].nth;
		backend_off(s.r);
		rig_later(s.r);
		untell(&s);
		ck_assert_uint_lt(nth, 200);
	}
	ck_assert_uint_gt(nth, 2);
}
END_TEST

/* The device's own refusals: of its n-th capability that goes on */
START_TEST(every_capability)
{
	for (unsigned nth = 1; nth <= 4; nth++) {
		struct rig *r = rig_new(NULL);
		struct rig_device *d = rig_device(r, 0, 1, NULL);

		d->fail_nth = nth;
		d->fail = -4711;
		ck_assert_int_eq(iovm_device_init(d->dev), nth <= 3 ? -4711 : 0);
		if (nth <= 3) {
			ck_assert(!d->pasid && !d->ats && !d->pri);
			ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_NOT_READY);
			ck_assert_int_eq(iovm_device_init(d->dev), 0);
		}
		ck_assert(d->pasid && d->ats && d->pri);
		ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
		rig_finish(r);
	}
}
END_TEST

/* ---- what no failure may do ----------------------------------------------------------------------------------------------------------------- */

/* A queue that dies at any command: nobody hangs, everything is given back */
START_TEST(the_queue_dies_at_every_command)
{
	unsigned nth;
	bool died = true;

	for (nth = 1; died; nth++) {
		struct rig *r = rig_new(NULL);
		struct rig_device *d = NULL;

		r->m[0].fault[MACHINE_SUBMIT].nth = nth;
		r->m[0].fault[MACHINE_SUBMIT].err = IOVM_E_DEAD;
		if (!rig_try_device(r, 0, 1, NULL, &d)) {
			(void)iovm_device_init(d->dev);
			(void)rig_bind(d, &r->mm[0]);
			(void)iovm_device_attach(d->dev, &r->mm[1]);
			machine_request(&r->m[0], 1, 1, 1, 0x1000, R | L);
			(void)rig_dispatch(r, 0);
			(void)port_invalidate(r->sys, &r->mm[0], 0, 0xfff);
			(void)port_mm_exit(r->sys, &r->mm[0]);
			(void)iovm_unbind_mm(d->dev, &r->mm[0]);
		}
		died = r->m[0].dead;
		rig_finish(r);
		ck_assert_uint_lt(nth, 100);
	}
	ck_assert_uint_gt(nth, 5);
}
END_TEST

static Suite *failing_suite(void)
{
	Suite *suite = suite_create("failing");
	TCase *memory = tcase_create("memory"), *backend = tcase_create("backend");

	tcase_add_loop_test(memory, every_allocation, 0, 2);
	tcase_add_test(memory, failing_for_ever);
	tcase_add_loop_test(backend, every_function_of_the_backend, 0, sizeof backend_errors / sizeof *backend_errors);
	tcase_add_test(backend, every_capability);
	tcase_add_test(backend, the_queue_dies_at_every_command);
	tcase_set_timeout(memory, 60);
	tcase_set_timeout(backend, 60);
	suite_add_tcase(suite, memory);
	suite_add_tcase(suite, backend);
	return suite;
}

int main(void)
{
	return harness_main(failing_suite());
}
