/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Everybody at once: two drivers that bind and unbind the same devices and address spaces, a host that invalidates and lets address spaces die, a servicer of two
 * IOMMUs, devices that ask throughout. No interleaving is chosen here; what is asserted holds in all of them: only the documented codes, callbacks that match,
 * watch once, no reach after unwatch, and nothing left. Built with ThreadSanitizer it says more.
 */
#include "rig.h"
#include <sched.h>
#include <string.h>

enum { R = IOVM_REQ_READ, L = IOVM_REQ_LAST, TURNS = 4000, SPACES = 4, DEVICES = 4 };

struct crowd {
	struct rig *r;
	struct rig_device *d[DEVICES];
	atomic_uint stop, bound, unbound, wrong;
};
struct one { struct crowd *crowd; uint64_t seed; };

static uint32_t draw(struct one *one, uint32_t n)
{
	one->seed = one->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(one->seed >> 33) % n;
}

static void *driver(void *arg)
{
	struct one *one = arg;
	struct crowd *c = one->crowd;
	int err;

	for (unsigned i = 0; i < TURNS; i++) {
		struct rig_device *d = c->d[draw(one, DEVICES)];
		struct rig_mm *mm = &c->r->mm[draw(one, SPACES)];

		if (draw(one, 2)) {
			err = rig_bind(d, mm);
			if (err > 0)
				atomic_fetch_add(&c->bound, 1);
			else if (err != IOVM_E_BUSY && err != IOVM_E_MM_DEAD && err != IOVM_E_FULL)	/* FULL: what drains waits for a servicer that sleeps */
				atomic_fetch_add(&c->wrong, 1);
		} else {
			err = iovm_unbind_mm(d->dev, mm);
			if (!err)
				atomic_fetch_add(&c->unbound, 1);
			else if (err != IOVM_E_NOT_BOUND)
				atomic_fetch_add(&c->wrong, 1);
		}
		if (i % 32 == 0)
			sched_yield();
	}
	return NULL;
}

static void *host(void *arg)
{
	struct one *one = arg;
	struct crowd *c = one->crowd;

	for (unsigned i = 0; !atomic_load(&c->stop); i++) {
		struct rig_mm *mm = &c->r->mm[draw(one, SPACES)];
		int err = i % 16 == 0 ? port_mm_exit(c->r->sys, mm) : port_invalidate(c->r->sys, mm, 0x1000, 0x1000 + draw(one, 1 << 20));

		if (err)
			atomic_fetch_add(&c->wrong, 1);
		sched_yield();
	}
	return NULL;
}

static void *servicer(void *arg)
{
	struct one *one = arg;
	struct crowd *c = one->crowd;

	for (unsigned i = 0; !atomic_load(&c->stop); i++) {
		machine_request(&c->r->m[i % 2], 1 + draw(one, DEVICES), 1 + draw(one, 8), i, 0x1000, R | L);
		c->r->now += 1000000;
		if (port_dispatch(c->r->iommu[i % 2], c->r->now, 16) < 0)
			atomic_fetch_add(&c->wrong, 1);
		if (i % 8 == 0)
			sched_yield();
	}
	return NULL;
}

START_TEST(everybody_at_once)
{
	const struct rig_config config = { .niommus = 2 };
	struct crowd c = { .r = rig_new(&config) };
	struct one one[4];
	pthread_t thread[4];
	void *(*const what[4])(void *) = { driver, driver, host, servicer };
	unsigned i;

	c.r->port.wait_limit = ~0u;
	for (i = 0; i < DEVICES; i++)
		c.d[i] = rig_ready(c.r, i % 2, 1 + i);
	for (i = 0; i < 4; i++) {
		one[i] = (struct one){ .crowd = &c, .seed = 1000u * (unsigned)_i + i };
		ck_assert_int_eq(pthread_create(&thread[i], NULL, what[i], &one[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		if (i == 2)
			atomic_store(&c.stop, 1);
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	}
	ck_assert_uint_eq(c.wrong, 0);
	ck_assert_uint_gt(c.bound, 50);
	ck_assert_uint_eq(rig_stats(c.r).binds, c.bound);
	ck_assert_uint_eq(rig_stats(c.r).unbinds, c.unbound);
	c.r->port.wait_limit = 50;
	rig_finish(c.r);
}
END_TEST

static Suite *threads_suite(void)
{
	Suite *suite = suite_create("threads");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, everybody_at_once, 0, 4);
	tcase_set_timeout(all, 120);
	suite_add_tcase(suite, all);
	return suite;
}

int main(void)
{
	return harness_main(threads_suite());
}
