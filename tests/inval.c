/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Taking translations back: how a range is cut for an ATC, which commands go out and in which order, and who is blamed when a device does not answer.
 */
#include "rig.h"
#include <stdlib.h>
#include <string.h>

/* ---- ranges for an ATC: pure ------------------------------------------------------------------------------------------------------------ */

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* log2 of the pages of the smallest legal block that holds it all: what one command would take; 52: everything */
static unsigned one_block(uint64_t first, uint64_t last, unsigned stu)
{
	unsigned size = stu;

	while (size < 52 && first >> 12 >> size != last >> 12 >> size)
		size++;
	return size;
}

static bool legal(const uint64_t piece[2], unsigned stu)	/* a naturally aligned power of two of at least 2^stu pages */
{
	uint64_t bytes = piece[1] - piece[0] + 1;

	if (bytes == 0)
		return piece[0] == 0;
	return (bytes & (bytes - 1)) == 0 && piece[0] % bytes == 0 && bytes >> 12 >> stu != 0;
}

static bool good_split(uint64_t first, uint64_t last, unsigned stu)
{
	uint64_t p[2][2] = { { 1, 0 }, { 1, 0 } };
	unsigned n = iovm__atc_split(first, last, stu, p), block = one_block(first, last, stu);

	if (n < 1 || n > 2 || !legal(p[0], stu) || (n == 2 && !legal(p[1], stu)))
		return false;
	if (p[0][0] > first || p[n - 1][1] < last)
		return false;
	if (n == 1)	/* no more than is needed */
		return block == 52 ? p[0][1] - p[0][0] == UINT64_MAX : p[0][1] - p[0][0] + 1 == (uint64_t)1 << 12 << block;
	if (p[0][1] + 1 != p[1][0] || p[0][1] < first || p[1][0] > last)
		return false;
	return block == 52 || p[1][1] - p[0][0] + 1 < (uint64_t)1 << 12 << block;
}

START_TEST(random_ranges)
{
	uint64_t seed = 0x9e3779b97f4a7c15u;
	unsigned wrong = 0, two = 0;

	for (unsigned i = 0; i < 2000000; i++) {
		uint64_t first = next(&seed) >> (next(&seed) % 64), length = next(&seed) >> (next(&seed) % 64), p[2][2];
		uint64_t last = first + length < first ? UINT64_MAX : first + length;
		unsigned stu = (unsigned)(next(&seed) % (i % 8 ? 6 : 53));

		wrong += !good_split(first, last, stu);
		two += iovm__atc_split(first, last, stu, p) == 2;
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_gt(two, 10000);
}
END_TEST

START_TEST(ranges_around_every_boundary)
{
	unsigned wrong = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		for (int64_t below = -3; below <= 3; below++)
			for (int64_t above = -3; above <= 3; above++)
				for (unsigned stu = 0; stu < 4; stu++)
					for (unsigned unit = 0; unit < 2; unit++) {
						uint64_t edge = (uint64_t)1 << bit, step = unit ? 4096 : 1;
						uint64_t first = edge + (uint64_t)below * step, last = edge + (uint64_t)above * step;

						if (first <= last)
							wrong += !good_split(first, last, stu);
					}
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(edges)
{
	static const struct { uint64_t first, last; unsigned stu, n; uint64_t piece[2][2]; } is[] = {
		{ 0, UINT64_MAX, 0, 1, { { 0, UINT64_MAX } } },
		{ 0, 0, 0, 1, { { 0, 0xfff } } },
		{ 0x1234, 0x1234, 0, 1, { { 0x1000, 0x1fff } } },
		{ UINT64_MAX, UINT64_MAX, 0, 1, { { UINT64_MAX - 0xfff, UINT64_MAX } } },
		{ UINT64_MAX - 0x1fff, UINT64_MAX, 0, 1, { { UINT64_MAX - 0x1fff, UINT64_MAX } } },
		{ 0x1000, 0x1fff, 3, 1, { { 0, 0x7fff } } },
		{ 0x7ffff000, 0x80000fff, 0, 2, { { 0x7ffff000, 0x7fffffff }, { 0x80000000, 0x80000fff } } },
		{ 0x3fffffffffffffff, 0x4000000000000000, 0, 2, { { 0x3ffffffffffff000, 0x3fffffffffffffff }, { 0x4000000000000000, 0x4000000000000fff } } },
		{ 1, UINT64_MAX - 1, 0, 1, { { 0, UINT64_MAX } } },
		{ 0x5000, 0x5fff, 52, 1, { { 0, UINT64_MAX } } },
	};
	unsigned i, k;

	for (i = 0; i < sizeof is / sizeof *is; i++) {
		uint64_t p[2][2];

		ck_assert_uint_eq(iovm__atc_split(is[i].first, is[i].last, is[i].stu, p), is[i].n);
		for (k = 0; k < is[i].n; k++) {
			ck_assert_uint_eq(p[k][0], is[i].piece[k][0]);
			ck_assert_uint_eq(p[k][1], is[i].piece[k][1]);
		}
	}
}
END_TEST

/* ---- which commands --------------------------------------------------------------------------------------------------------------------- */

static struct rig_config config = { .niommus = 1 };

static struct rig *two_devices(struct rig_device *d[2], int pasid[2], unsigned niommus)
{
	struct rig_config c = { .niommus = niommus };
	struct rig *r = rig_new(&c);

	for (unsigned i = 0; i < 2; i++) {
		d[i] = rig_ready(r, i % niommus, 10 + i);
		pasid[i] = rig_bind(d[i], &r->mm[0]);
		ck_assert_int_gt(pasid[i], 0);
	}
	ck_assert_int_eq(pasid[0], pasid[1]);
	return r;
}

static void unbind(struct rig_device *d, struct rig_mm *mm)
{
	int err = iovm_unbind_mm(d->dev, mm);

	must(!err || err == IOVM_E_TIMEDOUT, "unbind: %s", iovm_strerror(err));
}

static const char *kinds(const struct machine *m, unsigned long from)
{
	static char text[256];
	unsigned n = 0;

	for (; from < m->ncmds; from++)
		text[n++] = "RETAF"[machine_command(m, from)->op];
	text[n] = 0;
	return text;
}

START_TEST(tlb_fence_atc_fence)
{
	struct rig_device *d[2];
	int pasid[2];
	struct rig *r = two_devices(d, pasid, 1);
	unsigned long from = r->m[0].ncmds;
	const struct iovm_cmd *c;

	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0x5000, 0x5fff), 0);
	ck_assert_str_eq(kinds(&r->m[0], from), "TFAAF");
	c = machine_command(&r->m[0], from);
	ck_assert_uint_eq(c->first, 0x5000);
	ck_assert_uint_eq(c->last, 0x5fff);
	ck_assert_uint_eq(c->format, IOVM_TABLE_SIM);
	ck_assert_uint_ne(c->asid, 0);
	c = machine_command(&r->m[0], from + 2);
	ck_assert_uint_eq(c->pasid, (uint32_t)pasid[0]);
	ck_assert_uint_eq(c->first, 0x5000);
	ck_assert_ptr_ne(c->fn, machine_command(&r->m[0], from + 3)->fn);
	unbind(d[0], &r->mm[0]);
	unbind(d[1], &r->mm[0]);
	rig_fini(r);
}
END_TEST

/* The machine refills its caches between any two commands: after 0 nothing old is anywhere */
START_TEST(nothing_old_is_left)
{
	struct rig_device *d[2];
	int pasid[2];
	struct rig *r = two_devices(d, pasid, (unsigned)_i + 1);
	unsigned version = 0;

	for (unsigned i = 0; i < 20; i++) {
		r->versions[1]++;
		ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0x1000 * i, 0x1000 * i + (4096u << i)), 0);
		for (unsigned k = 0; k < 2; k++) {
			ck_assert_uint_eq(machine_reaches(d[k]->m, &d[k]->dev->fn, (uint32_t)pasid[k], &version), 1);
			ck_assert_uint_eq(version, r->versions[1]);
		}
	}
	unbind(d[0], &r->mm[0]);
	unbind(d[1], &r->mm[0]);
	rig_fini(r);
}
END_TEST

START_TEST(huge_ranges_ask_for_everything)
{
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_ready(r, 0, 1);
	static const struct { uint64_t first, last; bool all; } is[] = {
		{ 0, 4096 * 512 - 1, false }, { 0, 4096 * 512, true }, { 0x1000, 0x1000 + 4096 * 512 - 1, false }, { 0x1fff, 0x1fff + 4096ull * 512, true },
		{ 0, UINT64_MAX, true }, { UINT64_MAX, UINT64_MAX, false },
	};

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	for (unsigned i = 0; i < sizeof is / sizeof *is; i++) {
		unsigned long from = r->m[0].ncmds;
		const struct iovm_cmd *c;

		ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], is[i].first, is[i].last), 0);
		c = machine_command(&r->m[0], from);
		ck_assert_uint_eq(c->first, is[i].all ? 0 : is[i].first);
		ck_assert_uint_eq(c->last, is[i].all ? UINT64_MAX : is[i].last);
		ck_assert_uint_le(r->m[0].ncmds - from, 5);
	}
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 5, 4), IOVM_E_INVAL);
	unbind(d, &r->mm[0]);
	rig_fini(r);
}
END_TEST

static void with_stu(struct iovm_device_config *c)
{
	c->stu = 3;
}

START_TEST(a_piece_is_never_smaller_than_stu)
{
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_device(r, 0, 1, with_stu);
	unsigned long from;

	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert_uint_eq(d->ats_value, 4);
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	from = r->m[0].ncmds;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0x9000, 0x9fff), 0);
	ck_assert_uint_eq(machine_command(&r->m[0], from + 2)->first, 0x8000);
	ck_assert_uint_eq(machine_command(&r->m[0], from + 2)->last, 0xffff);
	unbind(d, &r->mm[0]);
	rig_fini(r);
}
END_TEST

START_TEST(nobody_to_ask)
{
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_ready(r, 0, 1);
	unsigned long from = r->m[0].ncmds;

	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, UINT64_MAX), 0);
	ck_assert_uint_eq(r->m[0].ncmds, from);
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	from = r->m[0].ncmds;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[1], 0, UINT64_MAX), 0);	/* another mm */
	ck_assert_uint_eq(r->m[0].ncmds, from);
	unbind(d, &r->mm[0]);
	from = r->m[0].ncmds;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, UINT64_MAX), 0);	/* quiet by now */
	ck_assert_uint_eq(r->m[0].ncmds, from);
	rig_fini(r);
}
END_TEST

static void plain(struct iovm_device_config *c)	/* a platform master: no ATS */
{
	c->set_cap = NULL;
}

START_TEST(without_ats_no_atc)
{
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_device(r, 0, 1, plain);
	unsigned long from;

	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	from = r->m[0].ncmds;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	ck_assert_str_eq(kinds(&r->m[0], from), "TF");
	unbind(d, &r->mm[0]);
	rig_fini(r);
}
END_TEST

START_TEST(more_bonds_than_fly_at_once)
{
	struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d[20];
	unsigned version, i;
	int pasid = 0;

	for (i = 0; i < 20; i++) {
		d[i] = rig_ready(r, i % 2, 100 + i);
		pasid = rig_bind(d[i], &r->mm[0]);
		ck_assert_int_gt(pasid, 0);
	}
	r->versions[1]++;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	for (i = 0; i < 20; i++) {
		ck_assert_uint_eq(machine_reaches(d[i]->m, &d[i]->dev->fn, (uint32_t)pasid, &version), 1);
		ck_assert_uint_eq(version, r->versions[1]);
	}
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[0]), 0);
	for (i = 0; i < 20; i++)
		ck_assert(!rig_reaches(d[i], &r->mm[0], -2));
	for (i = 0; i < 20; i++)
		unbind(d[i], &r->mm[0]);
	rig_fini(r);
}
END_TEST

/* ---- devices that do not answer ------------------------------------------------------------------------------------------------------------ */

static void fencing(struct port *port)
{
	port_fencing(port, 0);
}

static void fencing_fails(struct port *port)
{
	port_fencing(port, -1);
}

static struct machine_function *of(struct rig_device *d)
{
	return machine_function(d->m, &d->dev->fn);
}

START_TEST(no_answer_is_a_timeout_and_a_suspect)
{
	struct rig_config c = { .port = _i ? fencing_fails : NULL };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);
	int pasid = rig_bind(d, &r->mm[0]);

	ck_assert_int_gt(pasid, 0);
	of(d)->deaf = true;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), IOVM_E_TIMEDOUT);
	ck_assert(iovm__device_state(d->dev) & IOVM__DEV_SUSPECT);
	ck_assert_uint_eq(r->port.fences, (unsigned)_i);
	ck_assert_uint_eq(r->port.notices[IOVM_SUSPECT], 1);
	ck_assert_uint_eq(r->port.notices[IOVM_RESET_WANTED], 1);
	ck_assert(of(d)->entry.aborted);
	ck_assert_uint_le(r->port.longest, r->port.wait_limit + 1);
	of(d)->deaf = false;	/* the link is back; it was set to abort, and the IOMMU takes note */
	while (machine_step(&r->m[0]))
		;
	(void)rig_dispatch(r, 0);
	ck_assert(!rig_reaches(d, &r->mm[0], pasid));
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);	/* it holds nothing of ours any more */
	ck_assert_uint_eq(r->port.notices[IOVM_SUSPECT], 1);
	unbind(d, &r->mm[0]);
	rig_settle(r);
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, 1);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	ck_assert_int_eq(rig_reset(d, true), 0);
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_fini(r);
}
END_TEST

START_TEST(fenced_at_the_bus_is_good)
{
	struct rig_config c = { .port = fencing };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	of(d)->deaf = true;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	ck_assert_uint_eq(r->port.fences, 1);
	ck_assert(iovm__device_state(d->dev) & IOVM__DEV_FENCED);
	ck_assert(!(iovm__device_state(d->dev) & IOVM__DEV_SUSPECT));
	of(d)->deaf = false;
	unbind(d, &r->mm[0]);
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, 0);
	rig_fini(r);
}
END_TEST

/* While the invalidation waits for its TLB fence the device is set to abort, and its IOMMU does not take note of it at once */
struct meanwhile { struct rig *r; struct rig_device *d; bool begun, holds; unsigned fences; };

static void reset_begins(void *arg, unsigned turn)
{
	struct meanwhile *m = arg;

	if (!m->begun) {
		m->begun = m->holds = true;
		port_enter_callback();		/* another thread: it may do what a driver may */
		ck_assert_int_eq(iovm_device_reset_begin(m->d->dev), IOVM_E_TIMEDOUT);
		port_leave_callback();
		m->holds = false;
	}
	if (!m->holds)
		(void)machine_step(&m->r->m[0]);
}

START_TEST(until_it_aborts_it_reaches)
{
	struct rig *r = rig_new(NULL);
	struct meanwhile m = { .r = r, .d = rig_ready(r, 0, 1) };
	int pasid = rig_bind(m.d, &r->mm[0]);

	ck_assert(rig_reaches(m.d, &r->mm[0], pasid));
	r->m[0].manual = true;
	r->port.on_wait = reset_begins;
	r->port.wait_arg = &m;
	r->versions[1]++;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	ck_assert(m.begun && !rig_reaches(m.d, &r->mm[0], pasid));
	r->m[0].manual = false;
	while (machine_step(&r->m[0]))
		;
	r->port.on_wait = NULL;
	ck_assert_int_eq(iovm_device_gone(m.d->dev), 0);
	unbind(m.d, &r->mm[0]);
	rig_later(r);
	rig_fini(r);
}
END_TEST

/* The old owner of entry 0 could not be cut off: the new one does not come in its place, not by a reset either */
START_TEST(an_attach_that_failed_leaves_it_blocked)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[0]), 0);
	ck_assert(rig_reaches(d, &r->mm[0], -1));
	of(d)->refuses = true;
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[1]), IOVM_E_TIMEDOUT);
	of(d)->refuses = false;
	ck_assert_int_eq(rig_reset(d, true), 0);
	ck_assert(!rig_reaches(d, &r->mm[0], -1) && !rig_reaches(d, &r->mm[1], -1));
	rig_later(r);
	ck_assert_int_eq(iovm_device_attach(d->dev, &r->mm[1]), 0);
	ck_assert(rig_reaches(d, &r->mm[1], -1));
	rig_finish(r);
}
END_TEST

/* The driver deletes the device while an invalidation of entry 0's mm waits for it: from del's return on the host is not asked to stop what it may have freed */
static void is_deleted(void *arg, unsigned turn)
{
	struct meanwhile *m = arg;

	if (turn == 3 && !m->begun) {
		m->begun = true;
		port_enter_callback();
		ck_assert_int_eq(iovm_device_del(m->d->dev), 0);
		port_leave_callback();
		m->fences = m->r->port.fences;
	}
	(void)machine_step(&m->r->m[0]);
}

START_TEST(a_deleted_device_is_not_named)
{
	struct rig_config c = { .port = fencing };
	struct rig *r = rig_new(&c);
	struct meanwhile m = { .r = r, .d = rig_ready(r, 0, 1) };

	ck_assert_int_eq(iovm_device_attach(m.d->dev, &r->mm[0]), 0);
	ck_assert(rig_reaches(m.d, &r->mm[0], -1));
	r->port.fence_result = -1;
	of(m.d)->deaf = true;
	r->port.on_wait = is_deleted;
	r->port.wait_arg = &m;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), IOVM_E_TIMEDOUT);
	ck_assert(m.begun && r->port.fences == m.fences);
	r->port.on_wait = NULL;
	of(m.d)->deaf = false;
	rig_finish(r);
}
END_TEST

START_TEST(a_stranger_that_failed_is_not_ours)
{
	struct rig_device *d[2];
	int pasid[2];
	struct rig *r = two_devices(d, pasid, 1);

	/* both ATCs share a fence; the guilty one is found by asking each alone */
	r->m[0].quick_errors = _i;
	of(d[1])->refuses = true;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), IOVM_E_TIMEDOUT);
	ck_assert(!(iovm__device_state(d[0]->dev) & IOVM__DEV_ABORTED));
	ck_assert(iovm__device_state(d[1]->dev) & IOVM__DEV_SUSPECT);
	of(d[1])->refuses = false;
	ck_assert(rig_reaches(d[0], &r->mm[0], pasid[0]));
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	ck_assert_int_eq(iovm_device_gone(d[1]->dev), 0);
	unbind(d[0], &r->mm[0]);
	unbind(d[1], &r->mm[0]);
	rig_fini(r);
}
END_TEST

START_TEST(refused_commands_and_dead_queues_are_said)
{
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	r->m[0].illegal[IOVM_CMD_TLB] = 2;	/* the one that was shared, and the same alone */
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), IOVM_E_HARDWARE);
	r->m[0].illegal[IOVM_CMD_TLB] = 1;	/* somebody else's: asked alone, ours is done */
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	r->m[0].dead = true;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), IOVM_E_DEAD);
	(void)iovm_unbind_mm(d->dev, &r->mm[0]);
	rig_fini(r);
}
END_TEST

/* A cut has three fences, and its first two are not the last: what was refused before them counts */
START_TEST(a_cut_that_was_refused_in_the_middle)
{
	static const enum iovm_op refused[] = { IOVM_CMD_ENTRY, IOVM_CMD_TLB };
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	r->m[0].illegal[refused[_i]] = 2;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_TIMEDOUT);	/* not proven, and so it is set to abort */
	rig_later(r);
	ck_assert_uint_eq(r->mm[0].unwatches, 0);
	ck_assert_int_eq(rig_reset(d, true), 0);
	rig_later(r);	/* the drain makes the cut again */
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_fini(r);
}
END_TEST

/* A full queue, and nobody who empties it: bounded all the same */
START_TEST(a_full_queue_is_a_timeout)
{
	struct rig *r = rig_new(&config);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	r->m[0].accepts = 0;
	r->port.longest = 0;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), IOVM_E_TIMEDOUT);
	ck_assert_uint_eq(r->port.longest, r->port.wait_limit + 1);
	r->m[0].accepts = ~0u;
	ck_assert_int_eq(rig_reset(d, true), 0);
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), 0);
	unbind(d, &r->mm[0]);
	rig_fini(r);
}
END_TEST

static Suite *inval_suite(void)
{
	Suite *suite = suite_create("inval");
	TCase *split = tcase_create("split"), *order = tcase_create("order"), *blame = tcase_create("blame");

	tcase_add_test(split, random_ranges);
	tcase_add_test(split, ranges_around_every_boundary);
	tcase_add_test(split, edges);
	tcase_add_test(order, tlb_fence_atc_fence);
	tcase_add_loop_test(order, nothing_old_is_left, 0, 2);
	tcase_add_test(order, huge_ranges_ask_for_everything);
	tcase_add_test(order, a_piece_is_never_smaller_than_stu);
	tcase_add_test(order, nobody_to_ask);
	tcase_add_test(order, without_ats_no_atc);
	tcase_add_test(order, more_bonds_than_fly_at_once);
	tcase_add_loop_test(blame, no_answer_is_a_timeout_and_a_suspect, 0, 2);
	tcase_add_test(blame, fenced_at_the_bus_is_good);
	tcase_add_test(blame, until_it_aborts_it_reaches);
	tcase_add_test(blame, an_attach_that_failed_leaves_it_blocked);
	tcase_add_test(blame, a_deleted_device_is_not_named);
	tcase_add_loop_test(blame, a_stranger_that_failed_is_not_ours, 0, 2);
	tcase_add_test(blame, refused_commands_and_dead_queues_are_said);
	tcase_add_loop_test(blame, a_cut_that_was_refused_in_the_middle, 0, 2);
	tcase_add_test(blame, a_full_queue_is_a_timeout);
	tcase_set_timeout(split, 60);
	suite_add_tcase(suite, split);
	suite_add_tcase(suite, order);
	suite_add_tcase(suite, blame);
	return suite;
}

int main(void)
{
	return harness_main(inval_suite());
}
