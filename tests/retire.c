/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The way out: what the cut asks of the IOMMU and in which order, what a drain waits for and what not, who takes over from a slot that drains, and how a
 * quarantine begins and ends.
 */
#include "rig.h"
#include <string.h>

enum { R = IOVM_REQ_READ, L = IOVM_REQ_LAST };

static const char *kinds(const struct machine *m, unsigned long from)
{
	static char text[256];
	unsigned n = 0;

	for (; from < m->ncmds; from++)
		text[n++] = "RETAF"[machine_command(m, from)->op];
	text[n] = 0;
	return text;
}

/* ---- the cut ---------------------------------------------------------------------------------------------------------------------------- */

START_TEST(three_fences)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);
	int pasid = rig_bind(d, &r->mm[0]);
	unsigned long from;

	ck_assert_int_eq(rig_bind(e, &r->mm[0]), pasid);
	from = r->m[0].ncmds;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	ck_assert_str_eq(kinds(&r->m[0], from), "EFTFAF");
	from = r->m[0].ncmds;
	ck_assert_int_eq(iovm_unbind_mm(e->dev, &r->mm[0]), 0);
	ck_assert_str_eq(kinds(&r->m[0], from), "EFTFAF");
	ck_assert_uint_eq(machine_command(&r->m[0], from + 2)->last, UINT64_MAX);
	ck_assert_uint_eq(machine_command(&r->m[0], from + 4)->last, UINT64_MAX);
	ck_assert_uint_eq(machine_command(&r->m[0], from + 4)->pasid, (uint32_t)pasid);
	rig_finish(r);
}
END_TEST

START_TEST(death_cuts_all_at_once)
{
	const struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	unsigned long from[2];

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_gt(rig_bind(rig_ready(r, i % 2, 1 + i), &r->mm[0]), 0);
	for (unsigned i = 0; i < 2; i++)
		from[i] = r->m[i].ncmds;
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_str_eq(kinds(&r->m[i], from[i]), "EEFTTFAAF");
	rig_finish(r);
}
END_TEST

/* Devices ask between any two commands, and what no fence parts is carried out backwards: of unbind and of death nothing is left */
START_TEST(nothing_is_left)
{
	const struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d[3];
	int pasid = 0, other = 0;

	for (unsigned i = 0; i < 3; i++) {
		d[i] = rig_ready(r, i % 2, 1 + i);
		pasid = rig_bind(d[i], &r->mm[0]);
		other = rig_bind(d[i], &r->mm[1]);
	}
	if (_i) {
		ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	} else {
		for (unsigned i = 0; i < 3; i++) {
			ck_assert_int_eq(iovm_unbind_mm(d[i]->dev, &r->mm[0]), 0);
			ck_assert(!rig_reaches(d[i], &r->mm[0], -2));
			for (unsigned k = i + 1; k < 3; k++)
				ck_assert(rig_reaches(d[k], &r->mm[0], pasid));
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(!rig_reaches(d[i], &r->mm[0], -2));
		ck_assert(rig_reaches(d[i], &r->mm[1], other));
	}
	rig_finish(r);
}
END_TEST

/* ---- the drain ------------------------------------------------------------------------------------------------------------------------------ */

START_TEST(not_free_before_what_was_asked_is_consumed)
{
	const struct rig_config c = { .pasid_bits = 1 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);
	unsigned i;

	ck_assert_int_eq(rig_bind(d, &r->mm[0]), 1);
	for (i = 0; i < 20; i++)
		machine_request(&r->m[0], 1, 1, i, 0x1000, R | (i % 2 ? L : 0));
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	r->m[0].poll_max = 1;
	for (i = 0; i < 20; i++) {
		ck_assert_int_eq(port_dispatch(r->iommu[0], ++r->now, 1) >= 0, 1);
		if (r->m[0].cons[0] < 20) {
			ck_assert_uint_eq(r->nevents, 0);
			ck_assert_int_eq(rig_bind(d, &r->mm[1]), IOVM_E_NO_PASID);
		}
	}
	r->m[0].poll_max = 0;
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_uint_eq(rig_stats(r).invalid, 10);
	ck_assert_uint_eq(r->calls, 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[1]), 1);
	rig_finish(r);
}
END_TEST

/* A device that never stops: its queue is never empty, and the drain ends all the same */
START_TEST(it_ends_though_the_device_never_stops)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	uint32_t pasid = (uint32_t)rig_bind(d, &r->mm[0]);
	unsigned cycles, i;

	for (i = 0; i < 30; i++)
		machine_request(&r->m[0], 1, pasid, i, 0x1000, R | L);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	for (cycles = 0; !r->nevents; cycles++) {
		for (i = 0; i < 40; i++)
			machine_request(&r->m[0], 1, pasid, 100 + i, 0x1000, R | L);
		(void)rig_dispatch(r, 0);
		ck_assert_uint_lt(cycles, 2);
	}
	ck_assert_uint_le(cycles, 2);
	ck_assert_uint_eq(r->calls, 0);
	rig_finish(r);
}
END_TEST

/* ... nor is there ever less in it than one dispatch takes */
START_TEST(it_ends_though_the_queue_never_empties)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	uint32_t pasid = (uint32_t)rig_bind(d, &r->mm[0]);
	unsigned cycles, i;

	for (i = 0; i < 60; i++)
		machine_request(&r->m[0], 1, pasid, i, 0x1000, R | L);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	for (cycles = 0; !r->nevents; cycles++) {
		for (i = 0; i < 8; i++)
			machine_request(&r->m[0], 1, pasid, 100 + i, 0x1000, R | L);
		(void)port_dispatch(r->iommu[0], ++r->now, 1);
		ck_assert_uint_lt(cycles, 60 / 8 + 2);
	}
	rig_finish(r);
}
END_TEST

START_TEST(partials_do_not_reach_the_next_owner)
{
	const struct rig_config c = { .pasid_bits = 1 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_eq(rig_bind(d, &r->mm[0]), 1);
	machine_request(&r->m[0], 1, 1, 3, 0xabc000, R);
	(void)rig_dispatch(r, 0);
	machine_request(&r->m[0], 1, 1, 3, 0xdef000, R);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_uint_eq(rig_stats(r).partials_discarded, 2);
	ck_assert_int_eq(rig_bind(d, &r->mm[1]), 1);
	machine_request(&r->m[0], 1, 1, 3, 0x5000, R | L);	/* refused: members of this index were dropped */
	machine_request(&r->m[0], 1, 1, 3, 0x6000, R | L);
	(void)rig_dispatch(r, 0);
	ck_assert_uint_eq(r->mm[1].ranges, 1);
	ck_assert_uint_eq(r->mm[0].ranges, 0);
	ck_assert_uint_eq(r->range[0].first, 0x6000);
	rig_finish(r);
}
END_TEST

/* Entry 0 has its next owner at once, before the old one has drained, and by the same name */
START_TEST(nor_the_next_owner_of_entry_zero)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), 0);
	machine_request(&r->m[0], 1, IOVM_NO_PASID, 3, 0xabc000, R);
	(void)rig_dispatch(r, 0);
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[1]), 0);
	machine_request(&r->m[0], 1, IOVM_NO_PASID, 3, 0xdef000, R | L);
	(void)rig_dispatch(r, 0);
	ck_assert_uint_eq(r->calls, 0);
	ck_assert_uint_eq(machine_answer(&r->m[0], 0, 1, 3)->code, IOVM_RESP_INVALID);
	machine_request(&r->m[0], 1, IOVM_NO_PASID, 4, 0xdef000, R);
	machine_request(&r->m[0], 1, IOVM_NO_PASID, 4, 0xdee000, R | L);
	(void)rig_dispatch(r, 0);
	ck_assert_uint_eq(r->mm[1].ranges, 2);
	rig_finish(r);
}
END_TEST

START_TEST(an_overflow_meanwhile_is_finished_first)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	uint32_t pasid = (uint32_t)rig_bind(d, &r->mm[0]);
	unsigned i;

	for (i = 0; i < 100; i++)
		machine_request(&r->m[0], 1, pasid, i, 0x1000, R | L);
	machine_overflow(&r->m[0]);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	for (i = 0; i < 20 && !r->nevents; i++)
		(void)port_dispatch(r->iommu[0], ++r->now, 2);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_uint_eq(rig_stats(r).overflows, 1);
	ck_assert_uint_ge(r->m[0].cons[0], 100);
	rig_finish(r);
}
END_TEST

START_TEST(each_iommu_drains_its_own)
{
	const struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 1, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_gt(rig_bind(e, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_unbind_mm(e->dev, &r->mm[0]), 0);
	ck_assert_uint_eq(iovm_deadline(r->iommu[0]), 0);
	ck_assert_uint_eq(iovm_deadline(r->iommu[1]), 0);
	for (unsigned i = 0; i < 10; i++)
		(void)rig_dispatch(r, 1);
	ck_assert_uint_eq(rig_count(r, e->dev, &r->mm[0], IOVM_UNBOUND), 1);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_UNBOUND), 0);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	for (unsigned i = 0; i < 10; i++)
		(void)rig_dispatch(r, 0);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

/* ---- who comes next --------------------------------------------------------------------------------------------------------------------------- */

START_TEST(busy_until_unbound_in_a_live_slot)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);
	int pasid = rig_bind(d, &r->mm[0]);

	ck_assert_int_eq(rig_bind(e, &r->mm[0]), pasid);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_BUSY);
	rig_settle(r);
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), pasid);
	ck_assert(rig_reaches(d, &r->mm[0], pasid));
	ck_assert_uint_eq(r->mm[0].watches, 1);
	rig_finish(r);
}
END_TEST

START_TEST(a_draining_slot_is_taken_over)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);
	int pasid = rig_bind(d, &r->mm[0]), next;

	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	next = rig_bind(_i ? e : d, &r->mm[0]);
	ck_assert_int_gt(next, 0);
	ck_assert_int_ne(next, pasid);
	ck_assert(rig_reaches(_i ? e : d, &r->mm[0], next));
	ck_assert(machine_reaches(&r->m[0], &d->dev->fn, (uint32_t)pasid, NULL) == 0);
	ck_assert_uint_eq(r->mm[0].watches, 1);
	rig_settle(r);
	ck_assert_uint_eq(r->nevents, 1);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	ck_assert_int_eq(iovm_unbind_mm((_i ? e : d)->dev, &r->mm[0]), 0);
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].watches, 1);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_uint_eq(rig_stats(r).pasids_live, 0);
	rig_finish(r);
}
END_TEST

START_TEST(a_pinned_asid_passes_over)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	int pasid;

	r->mm[0].asid = 77;
	pasid = rig_bind(d, &r->mm[0]);
	ck_assert_int_gt(pasid, 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_int_eq(rig_bind(d, &r->mm[1]) > 0, 1);
	r->mm[2].asid = 77;
	ck_assert_int_eq(rig_bind(d, &r->mm[2]), IOVM_E_NO_ASID);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_int_gt(rig_bind(d, &r->mm[2]), 0);	/* given back once, not twice and not never */
	rig_finish(r);
}
END_TEST

START_TEST(a_failed_takeover_gives_everything_back)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	r->port.fail_from = r->port.allocs + 1;
	ck_assert_int_eq(rig_bind(e, &r->mm[0]), IOVM_E_NO_MEMORY);
	r->port.fail_from = 0;
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	rig_settle(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_int_gt(rig_bind(e, &r->mm[0]), 0);
	rig_finish(r);
}
END_TEST

/* A notifier stands in the slot when its last bond has ended; the mm is bound again before it leaves: one watch, and no unwatch under the new bond */
static struct { struct rig *r; struct iovm__slot *slot; unsigned side; } straggler;

static void enter_at_the_end(void *arg, const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_BOND_END && straggler.r && !straggler.slot)
		straggler.slot = iovm__slot_enter(&straggler.r->sys->reg, &straggler.r->mm[0], &straggler.side);
}

static void tracing(struct port *port)
{
	port_tracing(port, enter_at_the_end, NULL);
}

START_TEST(bound_again_while_a_notifier_stands_in_the_way)
{
	const struct rig_config c = { .port = tracing };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);
	int next;

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	straggler.r = r;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	rig_settle(r);
	ck_assert_ptr_nonnull(straggler.slot);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	straggler.r = NULL;
	next = rig_bind(d, &r->mm[0]);
	ck_assert(next > 0 || next == IOVM_E_BUSY);
	iovm__slot_leave(straggler.slot, straggler.side);
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].watches, r->mm[0].unwatches + (next > 0));
	if (next > 0)
		ck_assert(rig_reaches(d, &r->mm[0], next));
	rig_finish(r);
}
END_TEST

/* ---- quarantine ----------------------------------------------------------------------------------------------------------------------------------- */

enum { BY_RESET, BY_GONE, BY_FENCE, BY_FAILED_RESET };

static void fencing(struct port *port)
{
	port_fencing(port, -1);
}

/* unbind cannot prove its cut: the PASID is kept back until the suspect was reset, fenced or removed; then the steps run again without it */
START_TEST(quarantine_and_back)
{
	const struct rig_config c = { .port = fencing, .pasid_bits = 1 };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);

	ck_assert_int_eq(rig_bind(d, &r->mm[0]), 1);
	machine_function(&r->m[0], &d->dev->fn)->deaf = true;
	if (_i == BY_FENCE)
		r->port.fence_result = 0;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), _i == BY_FENCE ? 0 : IOVM_E_TIMEDOUT);
	rig_later(r);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_UNBOUND), 1);	/* quarantine does not delay it */
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, _i == BY_FENCE ? rig_stats(r).pasids_quarantined : 1);
	ck_assert_uint_eq(r->port.notices[IOVM_QUARANTINED], rig_stats(r).pasids_quarantined);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	ck_assert_int_eq(rig_bind(e, &r->mm[1]), IOVM_E_NO_PASID);
	ck_assert_int_eq(iovm_del(r->sys), IOVM_E_BUSY);
	machine_function(&r->m[0], &d->dev->fn)->deaf = false;	/* the fence ends at last; that proves nothing of before */
	while (machine_step(&r->m[0]))
		;
	if (_i != BY_FENCE) {
		rig_later(r);
		ck_assert_uint_eq(r->mm[0].unwatches, 0);
	}
	if (_i == BY_RESET)
		ck_assert_int_eq(rig_reset(d, true), 0);
	else if (_i == BY_GONE)
		ck_assert_int_eq(iovm_device_gone(d->dev), 0);
	else if (_i == BY_FAILED_RESET)
		ck_assert_int_eq(rig_reset(d, false), 0);
	rig_later(r);
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, _i == BY_FAILED_RESET ? rig_stats(r).pasids_quarantined : 0);
	if (_i == BY_FAILED_RESET) {
		ck_assert_int_eq(iovm_device_gone(d->dev), 0);
		rig_later(r);
	}
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_int_eq(rig_bind(e, &r->mm[1]), 1);
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, 0);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_UNBOUND), 1);
	rig_finish(r);
}
END_TEST

START_TEST(death_that_cannot_be_proven)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1), *e = rig_ready(r, 0, 2);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_gt(rig_bind(e, &r->mm[0]), 0);
	machine_function(&r->m[0], &d->dev->fn)->refuses = true;
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), IOVM_E_TIMEDOUT);
	ck_assert(!(iovm__device_state(e->dev) & IOVM__DEV_ABORTED));
	ck_assert(iovm__device_state(d->dev) & IOVM__DEV_SUSPECT);
	ck_assert(!rig_reaches(e, &r->mm[0], -2));
	rig_settle(r);
	ck_assert_uint_eq(rig_stats(r).shutdown_callbacks, 2);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), IOVM_E_TIMEDOUT);	/* still; and nobody is told again */
	rig_settle(r);
	ck_assert_uint_eq(rig_stats(r).shutdown_callbacks, 2);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_TIMEDOUT);
	ck_assert_int_eq(iovm_unbind_mm(e->dev, &r->mm[0]), 0);
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	ck_assert_uint_eq(rig_stats(r).unbound_callbacks, 2);
	ck_assert_int_eq(rig_reset(d, true), 0);
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

/* The bond has ended, in quarantine, and the IOMMU has not taken note of the abort: neither a second death nor a range may call the frames safe */
START_TEST(an_ended_bond_that_was_not_cut)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	r->m[0].manual = true;
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), IOVM_E_TIMEDOUT);
	(void)rig_dispatch(r, 0);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_TIMEDOUT);
	while (!rig_count(r, d->dev, &r->mm[0], IOVM_UNBOUND))
		(void)rig_dispatch(r, 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), IOVM_E_TIMEDOUT);
	ck_assert_int_eq(iovm_invalidate(r->sys, &r->mm[0], 0, UINT64_MAX), IOVM_E_TIMEDOUT);
	r->m[0].manual = false;
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	ck_assert_int_eq(rig_reset(d, true), 0);
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

/* The device is stopped at the bus, so unbind is good; the IOMMU has refused the cut, so PASID and ASID are not free before it was made again */
START_TEST(a_cut_that_was_refused_is_made_again)
{
	const struct rig_config c = { .port = fencing };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);

	r->port.fence_result = 0;
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	r->m[0].illegal[IOVM_CMD_ENTRY] = 3;	/* shared, alone, and the abort */
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	r->m[0].illegal[IOVM_CMD_ENTRY] = 1000;
	rig_settle(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	r->m[0].illegal[IOVM_CMD_ENTRY] = 0;
	ck_assert_int_eq(rig_reset(d, true), 0);	/* its ATC, too: the bus keeps it from using that */
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

/* A dead IOMMU delivers nothing any more: what drains behind it ends */
START_TEST(a_dead_iommu_ends_everything)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	r->mm[0].outcome = IOVM_PENDING;
	machine_request(&r->m[0], 1, (uint32_t)load_rlx(&d->dev->bonds)->slot->pasid, 1, 0x1000, R | L);
	(void)rig_dispatch(r, 0);
	r->m[0].dead = true;
	ck_assert_int_eq(rig_dispatch(r, 0), IOVM_E_DEAD);
	ck_assert_uint_eq(r->port.notices[IOVM_IOMMU_DEAD], 1);
	ck_assert_int_eq(rig_dispatch(r, 0), IOVM_E_DEAD);
	ck_assert_uint_eq(r->port.notices[IOVM_IOMMU_DEAD], 1);
	ck_assert_int_lt(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	(void)port_fault_done(r->sys, r->tokens[0], IOVM_DONE);
	rig_later(r);
	ck_assert_uint_eq(rig_count(r, d->dev, &r->mm[0], IOVM_UNBOUND), 1);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

/* The mm dies when the bind has looked whether it is alive, and before its bond can be seen */
static void kill_first(void *arg)
{
	struct rig *r = arg;

	r->m[0].on_newest = NULL;
	ck_assert_int_eq(iovm_mm_exit(r->sys, &r->mm[0]), 0);
}

START_TEST(death_passes_a_bind_by)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	r->m[0].newest_arg = r;
	r->m[0].on_newest = kill_first;
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_MM_DEAD);
	ck_assert(!rig_reaches(d, &r->mm[0], -2));
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	ck_assert_uint_eq(r->nevents, 0);
	rig_fini(r);
}
END_TEST

static Suite *retire_suite(void)
{
	Suite *suite = suite_create("retire");
	TCase *cut = tcase_create("cut"), *drain = tcase_create("drain"), *next = tcase_create("next"), *quarantine = tcase_create("quarantine");

	tcase_add_test(cut, three_fences);
	tcase_add_test(cut, death_passes_a_bind_by);
	tcase_add_test(cut, death_cuts_all_at_once);
	tcase_add_loop_test(cut, nothing_is_left, 0, 2);
	tcase_add_test(drain, not_free_before_what_was_asked_is_consumed);
	tcase_add_test(drain, it_ends_though_the_device_never_stops);
	tcase_add_test(drain, it_ends_though_the_queue_never_empties);
	tcase_add_test(drain, partials_do_not_reach_the_next_owner);
	tcase_add_test(drain, nor_the_next_owner_of_entry_zero);
	tcase_add_test(drain, an_overflow_meanwhile_is_finished_first);
	tcase_add_test(drain, each_iommu_drains_its_own);
	tcase_add_test(next, busy_until_unbound_in_a_live_slot);
	tcase_add_loop_test(next, a_draining_slot_is_taken_over, 0, 2);
	tcase_add_test(next, a_pinned_asid_passes_over);
	tcase_add_test(next, bound_again_while_a_notifier_stands_in_the_way);
	tcase_add_test(next, a_failed_takeover_gives_everything_back);
	tcase_add_loop_test(quarantine, quarantine_and_back, 0, 4);
	tcase_add_test(quarantine, death_that_cannot_be_proven);
	tcase_add_test(quarantine, an_ended_bond_that_was_not_cut);
	tcase_add_test(quarantine, a_cut_that_was_refused_is_made_again);
	tcase_add_test(quarantine, a_dead_iommu_ends_everything);
	suite_add_tcase(suite, cut);
	suite_add_tcase(suite, drain);
	suite_add_tcase(suite, next);
	suite_add_tcase(suite, quarantine);
	return suite;
}

int main(void)
{
	return harness_main(retire_suite());
}
