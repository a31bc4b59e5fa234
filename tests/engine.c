/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What binding is promised to be: binds that count, one PASID per address space wherever it is bound, callbacks once and in
 * order, and an error for everything else.
 */
#include "rig.h"

/* ---- bind and unbind ------------------------------------------------------------------------------------------------------------------- */

START_TEST(binds_are_counted)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	struct rig_mm *mm = &r->mm[0];
	int pasid = rig_bind(d, mm);

	ck_assert_int_gt(pasid, 0);
	ck_assert_int_lt(pasid, 1024);
	ck_assert_int_eq(rig_bind(d, mm), pasid);
	ck_assert_int_eq(rig_bind(d, mm), pasid);
	ck_assert_int_eq(iovm_bind_mm(d->dev, mm, rig_callback, r), IOVM_E_EXISTS);
	ck_assert_int_eq(iovm_bind_mm(d->dev, mm, NULL, mm), IOVM_E_EXISTS);
	ck_assert_uint_eq(mm->watches, 1);
	ck_assert(rig_reaches(d, mm, pasid));
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	ck_assert(rig_reaches(d, mm, pasid));
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), 0);
	ck_assert(!rig_reaches(d, mm, pasid));
	ck_assert_int_eq(iovm_unbind_mm(d->dev, mm), IOVM_E_NOT_BOUND);
	ck_assert_uint_eq(mm->unwatches, 0);	/* it drains first */
	rig_settle(r);
	ck_assert_uint_eq(mm->unwatches, 1);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_int_eq(r->events[0].event, IOVM_UNBOUND);
	ck_assert_ptr_eq(r->events[0].arg, mm);
	ck_assert_uint_eq(rig_stats(r).binds, 3);
	ck_assert_uint_eq(rig_stats(r).unbinds, 3);
	ck_assert_uint_eq(rig_stats(r).bonds, 0);
	ck_assert_uint_eq(rig_stats(r).pasids_live, 0);
	rig_finish(r);
}
END_TEST

START_TEST(arguments)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_device(r, 0, 1, NULL);
	struct iovm_device *none = NULL;

	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_NOT_READY);
	ck_assert_uint_eq(r->mm[0].watch_calls, 0);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert_int_eq(iovm_bind_mm(NULL, &r->mm[0], NULL, NULL), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_bind_mm(d->dev, NULL, NULL, NULL), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, NULL), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_unbind_mm(NULL, d), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_NOT_BOUND);
	ck_assert_int_eq(iovm_device_init(NULL), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_device_add(r->iommu[0], NULL, &none), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_dispatch(r->iommu[0], 0, 0), IOVM_E_INVAL);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[5]), 0);
	rig_finish(r);
}
END_TEST

START_TEST(one_pasid_for_an_mm_everywhere)
{
	const struct rig_config c = { .niommus = 3 };
	struct rig *r = rig_new(&c);
	struct rig_device *d[6];
	int pasid = 0, other;

	for (unsigned i = 0; i < 6; i++) {
		d[i] = rig_ready(r, i % 3, 1 + i);
		other = rig_bind(d[i], &r->mm[0]);
		ck_assert_int_gt(other, 0);
		ck_assert(!pasid || other == pasid);
		pasid = other;
	}
	ck_assert_int_ne(rig_bind(d[0], &r->mm[1]), pasid);
	ck_assert_uint_eq(r->mm[0].watches, 1);
	ck_assert_uint_eq(rig_stats(r).pasids_live, 2);
	for (unsigned i = 0; i < 6; i++) {
		ck_assert(rig_reaches(d[i], &r->mm[0], pasid));
		ck_assert_int_eq(iovm_unbind_mm(d[i]->dev, &r->mm[0]), 0);
		ck_assert(!rig_reaches(d[i], &r->mm[0], pasid));
		for (unsigned k = i + 1; k < 6; k++)	/* the others go on */
			ck_assert(rig_reaches(d[k], &r->mm[0], pasid));
		ck_assert_uint_eq(r->mm[0].unwatches, 0);
	}
	rig_settle(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_uint_eq(r->nevents, 6);
	rig_finish(r);
}
END_TEST

START_TEST(no_callback_is_fine)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(iovm_bind_mm(d->dev, &r->mm[0], NULL, NULL), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

static void narrow(struct iovm_device_config *c)
{
	c->pasid_bits = 4;
}

START_TEST(widths)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *wide = rig_ready(r, 0, 1), *slim;
	int pasid;

	for (unsigned i = 0; i < 15; i++)	/* nobody is narrow yet: small ids go first */
		ck_assert_int_gt(rig_bind(wide, &r->mm[i]), 0);
	slim = rig_device(r, 0, 2, narrow);
	ck_assert_int_eq(iovm_device_init(slim->dev), 0);
	pasid = rig_bind(wide, &r->mm[20]);
	ck_assert_int_ge(pasid, 16);		/* ids that the narrow one cannot carry are used up first */
	ck_assert_int_eq(rig_bind(slim, &r->mm[20]), IOVM_E_PASID_WIDTH);
	ck_assert_int_eq(rig_bind(slim, &r->mm[21]), IOVM_E_NO_PASID);
	ck_assert_uint_eq(r->mm[21].watch_calls, 0);
	ck_assert_int_eq(rig_bind(slim, &r->mm[3]), rig_bind(wide, &r->mm[3]));
	ck_assert_int_eq(iovm_unbind_mm(wide->dev, &r->mm[7]), 0);
	rig_settle(r);
	pasid = rig_bind(slim, &r->mm[21]);
	ck_assert_int_gt(pasid, 0);
	ck_assert_int_lt(pasid, 16);
	rig_finish(r);
}
END_TEST

START_TEST(pasids_run_out_and_come_back)
{
	const struct rig_config c = { .pasid_bits = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);
	int last;

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_gt(rig_bind(d, &r->mm[i]), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[3]), IOVM_E_NO_PASID);
	ck_assert_uint_eq(r->mm[3].watch_calls, 0);
	last = rig_bind(d, &r->mm[1]);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[1]), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[1]), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[3]), IOVM_E_NO_PASID);	/* still drains */
	rig_settle(r);
	ck_assert_int_eq(rig_bind(d, &r->mm[3]), last);
	rig_finish(r);
}
END_TEST

START_TEST(slots_run_out)
{
	const struct rig_config c = { .max_mms = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_gt(rig_bind(d, &r->mm[1]), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[2]), IOVM_E_FULL);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_int_gt(rig_bind(d, &r->mm[2]), 0);
	rig_finish(r);
}
END_TEST

static void few_asids(struct iovm_backend *be, unsigned i)
{
	be->asid_bits = 2;
}

START_TEST(asids_run_out)
{
	const struct rig_config c = { .backend = few_asids, .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 1, 1);

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_gt(rig_bind(d, &r->mm[i]), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[3]), IOVM_E_NO_ASID);
	ck_assert_uint_eq(r->mm[3].watches, r->mm[3].unwatches);
	ck_assert_uint_eq(rig_stats(r).pasids_live, 3);
	ck_assert_int_gt(rig_bind(e, &r->mm[3]), 0);	/* each IOMMU has its own */
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[1]), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[3]), IOVM_E_NO_ASID);
	rig_settle(r);
	ck_assert_int_gt(rig_bind(d, &r->mm[3]), 0);
	rig_finish(r);
}
END_TEST

START_TEST(pinned_asids)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	r->mm[0].asid = 200;
	r->mm[1].asid = 200;
	r->mm[2].asid = 0;
	r->mm[3].format = 0;
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert(r->m[0].tlb[200].valid || rig_reaches(d, &r->mm[0], -2));
	ck_assert_int_eq(rig_bind(d, &r->mm[1]), IOVM_E_NO_ASID);
	ck_assert_int_eq(rig_bind(d, &r->mm[2]), IOVM_E_FORMAT);
	ck_assert_int_eq(rig_bind(d, &r->mm[3]), IOVM_E_FORMAT);
	for (unsigned i = 1; i < 4; i++)
		ck_assert_uint_eq(r->mm[i].watches, r->mm[i].unwatches);
	rig_finish(r);
}
END_TEST

START_TEST(watch_may_refuse)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	r->mm[0].watch_error = IOVM_E_FORMAT;
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_FORMAT);
	r->mm[0].watch_error = -4711;
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), -4711);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	ck_assert_uint_eq(rig_stats(r).pasids_live, 0);
	r->mm[0].watch_error = 0;
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	rig_finish(r);
}
END_TEST

/* Two drivers bind a mm for the first time: the second waits for the first one's watch, as long as port.wait lets it */
static struct { struct rig_device *second; int inside; } first_binder;

static int slow_watch(void *ctx, void *mm_, struct iovm_table *table)
{
	struct rig_mm *mm = mm_;

	port_no_lock_held();
	first_binder.inside = rig_bind(first_binder.second, mm);
	table->format = IOVM_TABLE_SIM;
	table->root = rig_root(mm);
	mm->watches++;
	return 0;
}

START_TEST(the_second_first_binder)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	int pasid;

	first_binder.second = rig_ready(r, 0, 2);
	r->sys->mm.watch = slow_watch;
	r->port.longest = 0;
	pasid = rig_bind(d, &r->mm[0]);
	ck_assert_int_gt(pasid, 0);
	ck_assert_int_eq(first_binder.inside, IOVM_E_BUSY);
	ck_assert_uint_eq(r->port.longest, r->port.wait_limit + 1);
	ck_assert_int_eq(rig_bind(first_binder.second, &r->mm[0]), pasid);
	ck_assert_uint_eq(r->mm[0].watches, 1);
	rig_finish(r);
}
END_TEST

/* A bind comes to nothing, since its mm dies while it is watched; while that is taken back, nobody else may begin to watch */
static int dying_watch(void *ctx, void *mm_, struct iovm_table *table)
{
	struct rig_mm *mm = mm_;

	mm->watches++;
	table->format = IOVM_TABLE_SIM;
	table->root = rig_root(mm);
	return mm->watches == 1 ? iovm_mm_exit(mm->rig->sys, mm) : 0;
}

static void slow_unwatch(void *ctx, void *mm_)
{
	struct rig_mm *mm = mm_;

	if (mm->unwatches == 0)
		first_binder.inside = rig_bind(first_binder.second, mm);
	ck_assert_uint_eq(mm->watches, ++mm->unwatches);
}

START_TEST(no_watch_before_unwatch_returns)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	first_binder.second = rig_ready(r, 0, 2);
	r->sys->mm.watch = dying_watch;
	r->sys->mm.unwatch = slow_unwatch;
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_MM_DEAD);
	ck_assert_int_eq(first_binder.inside, IOVM_E_BUSY);
	ck_assert_int_gt(rig_bind(first_binder.second, &r->mm[0]), 0);
	ck_assert_uint_eq(r->mm[0].watches, 2);
	rig_finish(r);
}
END_TEST

/* ---- entry 0 ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(entry_zero_all_along)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_device(r, 0, 1, NULL);
	int pasid;

	ck_assert(!rig_reaches(d, &r->mm[0], -1));
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), 0);
	ck_assert(rig_reaches(d, &r->mm[0], -1));
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_EXISTS);	/* one way or the other, never both */
	pasid = rig_bind(d, &r->mm[1]);
	ck_assert_int_gt(pasid, 0);
	ck_assert(rig_reaches(d, &r->mm[0], -1) && rig_reaches(d, &r->mm[1], pasid));
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[1]), IOVM_E_EXISTS);
	ck_assert(rig_reaches(d, &r->mm[0], -1));	/* nothing changed */
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[2]), 0);
	ck_assert(rig_reaches(d, &r->mm[2], -1));
	ck_assert_uint_eq(rig_stats(r).bonds, 1);	/* entry 0 does not count */
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[2]), IOVM_E_NOT_BOUND);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[1]), 0);
	rig_settle(r);
	ck_assert_int_eq(iovm_device_shutdown(d->dev), 0);
	ck_assert(rig_reaches(d, &r->mm[2], -1));
	ck_assert_int_eq(iovm_device_attach(d->dev, NULL), 0);
	ck_assert(!rig_reaches(d, &r->mm[2], -1));
	rig_settle(r);
	ck_assert_uint_eq(r->mm[0].unwatches + r->mm[1].unwatches + r->mm[2].unwatches, 3);
	rig_finish(r);
}
END_TEST

START_TEST(entry_zero_dies_quietly)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_device(r, 0, 1, NULL);

	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	ck_assert(!rig_reaches(d, &r->mm[0], -1));
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 0);
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), IOVM_E_MM_DEAD);
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[1]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);	/* late: it is nobody's any more */
	ck_assert(rig_reaches(d, &r->mm[1], -1));
	rig_finish(r);
}
END_TEST

/* The old mm of entry 0 dies while it drains: the new one keeps the entry */
START_TEST(the_old_owner_dies_after_it_was_replaced)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_device(r, 0, 1, NULL);

	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[1]), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	ck_assert(rig_reaches(d, &r->mm[1], -1));
	rig_settle(r);
	ck_assert(rig_reaches(d, &r->mm[1], -1));
	rig_finish(r);
}
END_TEST

/* ---- death ------------------------------------------------------------------------------------------------------------------------------------ */

static void unbind_in_shutdown(struct rig *r, const struct rig_event *e)
{
	struct rig_mm *mm = e->mm;

	if (e->event == IOVM_SHUTDOWN)
		must(!iovm_unbind_mm(e->dev, mm), "unbind in the callback");
}

START_TEST(death_shutdown_unbind_unbound)
{
	const struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d[4];
	int pasid = 0;

	for (unsigned i = 0; i < 4; i++) {
		d[i] = rig_ready(r, i % 2, 1 + i);
		pasid = rig_bind(d[i], &r->mm[0]);
	}
	r->on_event = _i ? unbind_in_shutdown : NULL;
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(!rig_reaches(d[i], &r->mm[0], pasid));
	ck_assert_uint_eq(r->nevents, 0);	/* from dispatch, not from here */
	ck_assert_int_eq(rig_bind(d[0], &r->mm[0]), IOVM_E_MM_DEAD);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(rig_stats(r).shutdown_callbacks, 4);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(rig_count(r, d[i]->dev, &r->mm[0], IOVM_SHUTDOWN), 1);
		ck_assert_uint_eq(rig_count(r, d[i]->dev, &r->mm[0], IOVM_UNBOUND), (unsigned)_i);
		if (!_i)
			ck_assert_int_eq(iovm_unbind_mm(d[i]->dev, &r->mm[0]), 0);
	}
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 8);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(iovm_unbind_mm(d[i]->dev, &r->mm[0]), IOVM_E_NOT_BOUND);
	ck_assert_int_gt(rig_bind(d[0], &r->mm[0]), 0);		/* the pointer is another space by now */
	rig_finish(r);
}
END_TEST

START_TEST(dead_and_gone_is_told_once)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_int_eq(iovm_device_gone(d->dev), 0);
	rig_settle(r);
	ck_assert_int_eq(iovm_device_gone(d->dev), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_SHUTDOWN), 1);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 2);
	rig_finish(r);
}
END_TEST

static void dispatch_inside(struct rig *r, const struct rig_event *e)
{
	must(iovm_dispatch(r->iommu[0], r->now, 1) == IOVM_E_BUSY, "dispatch in a callback");
	must(iovm_bind_mm(e->dev, e->mm, rig_callback, NULL) < 0, "the old mm is bound in its last callback");
	must(iovm_invalidate(r->sys, e->mm, 0, 0xfff) == 0, "invalidate in a callback");
}

START_TEST(callbacks_may_call)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	r->on_event = dispatch_inside;
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 2);
	rig_finish(r);
}
END_TEST

START_TEST(unbind_cancels_a_shutdown_that_is_only_due)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_SHUTDOWN), 0);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_UNBOUND), 1);
	rig_finish(r);
}
END_TEST

START_TEST(n_binds_need_n_unbinds_after_death_too)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 2);
	rig_finish(r);
}
END_TEST

/* mm_exit while bind waits for its first fence: the bind is told, and nobody is called back */
static struct { bool done; } dying;
static void dies_meanwhile(void *arg, unsigned turn)
{
	struct rig *r = arg;

	if (!dying.done) {
		dying.done = true;
		r->m[0].manual = false;
		must(!port_mm_exit(r->sys, &r->mm[0]), "mm_exit beside bind");
	}
}

START_TEST(death_while_it_is_bound)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	dying.done = false;
	r->m[0].manual = true;
	r->port.on_wait = dies_meanwhile;
	r->port.wait_arg = r;
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_MM_DEAD);
	ck_assert(dying.done);
	ck_assert(!rig_reaches(d, &r->mm[0], -2));
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_NOT_BOUND);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 0);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_uint_eq(rig_stats(r).bonds, 0);
	ck_assert_uint_eq(rig_stats(r).binds, 0);
	rig_finish(r);
}
END_TEST

static Suite *engine_suite(void)
{
	Suite *suite = suite_create("engine");
	TCase *bind = tcase_create("bind"), *death = tcase_create("death");

	tcase_add_test(bind, binds_are_counted);
	tcase_add_test(bind, arguments);
	tcase_add_test(bind, one_pasid_for_an_mm_everywhere);
	tcase_add_test(bind, no_callback_is_fine);
	tcase_add_test(bind, widths);
	tcase_add_test(bind, pasids_run_out_and_come_back);
	tcase_add_test(bind, slots_run_out);
	tcase_add_test(bind, asids_run_out);
	tcase_add_test(bind, pinned_asids);
	tcase_add_test(bind, watch_may_refuse);
	tcase_add_test(bind, the_second_first_binder);
	tcase_add_test(bind, no_watch_before_unwatch_returns);
	tcase_add_test(bind, entry_zero_all_along);
	tcase_add_test(death, entry_zero_dies_quietly);
	tcase_add_test(death, the_old_owner_dies_after_it_was_replaced);
	tcase_add_loop_test(death, death_shutdown_unbind_unbound, 0, 2);
	tcase_add_test(death, dead_and_gone_is_told_once);
	tcase_add_test(death, callbacks_may_call);
	tcase_add_test(death, unbind_cancels_a_shutdown_that_is_only_due);
	tcase_add_test(death, n_binds_need_n_unbinds_after_death_too);
	tcase_add_test(death, death_while_it_is_bound);
	suite_add_tcase(suite, bind);
	suite_add_tcase(suite, death);
	return suite;
}

int main(void)
{
	return harness_main(engine_suite());
}
