/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The loop: who wakes it and at what cost, how long it spins, that others on the same event_base have their turn, how posted invalidations are joined, and
 * what becomes of a dead IOMMU. Scripted IOMMUs (machine.h) show each command.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "event/loop.h"
#include "iommu/iommu.h"
#include "machine.h"

enum { SECOND = 1000000000, PAGE = 4096, STREAM = 7 };
static const struct timeval one_ms = { 0, 1000 };

/* ---- a loop around one scripted IOMMU -------------------------------------------------------------------------------------------------- */

struct loop {
	struct event_base *base;
	struct iovm_event *ev;
	struct iovm_port port;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm_device *dev;
	struct machine m;
	unsigned versions[MACHINE_ROOTS];
	char mm[2];			/* two address spaces: pointers are all that matters */
	int pasid[2];
	unsigned shutdowns, unbounds, faults, unwatched;
	pthread_t thread;		/* that runs the base */
	bool (*until)(struct loop *l);
	uint64_t began;
};

static int watch(void *ctx, void *mm, struct iovm_table *table)
{
	struct loop *l = ctx;

	table->format = IOVM_TABLE_SIM;
	table->root = (uint64_t)((char *)mm - l->mm) + 1;
	return 0;
}

static void unwatch(void *ctx, void *mm)
{
	((struct loop *)ctx)->unwatched++;
}

static void fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned n)
{
	struct loop *l = ctx;

	ck_assert(pthread_equal(pthread_self(), l->thread));
	l->faults += n;
	while (n > 0)
		faults[--n].outcome = IOVM_DONE;
}

static void on_bond(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct loop *l = arg;

	ck_assert(pthread_equal(pthread_self(), l->thread));
	if (event == IOVM_UNBOUND) {
		l->unbounds++;
		return;
	}
	l->shutdowns++;
	(void)iovm_unbind_mm(dev, mm);
}

static int set_cap(void *dev, enum iovm_cap cap, uint32_t value)
{
	return 0;
}

static struct iovm_stats stats_of(const struct iovm *sys)
{
	struct iovm_stats s = { .size = sizeof(s) };

	iovm_stats(sys, &s);
	return s;
}

static struct iovm_event_stats count(const struct iovm_event *ev)
{
	struct iovm_event_stats s = { .size = sizeof(s) };

	iovm_event_stats(ev, &s);
	return s;
}

static struct loop *loop_new(int fd)
{
	static const uint32_t ids[] = { STREAM };
	struct iovm_device_config dev = { .size = sizeof(dev), .stream_ids = ids, .nstream_ids = 1, .max_outstanding = 32, .pasid_bits = 8,
					  .flags = IOVM_DEV_TRUSTED, .set_cap = set_cap };
	struct loop *l = calloc(1, sizeof(*l));
	struct iovm_config config = { .size = sizeof(config), .mm = { l, watch, unwatch, fault }, .max_mms = 8, .pasid_bits = 8 };

	l->thread = pthread_self();
	l->base = event_base_new();
	l->ev = iovm_event_new(l->base);
	ck_assert_ptr_nonnull(l->ev);
	config.port = l->port = iovm_event_port(l->ev);
	machine_init(&l->m, l->versions);
	ck_assert_int_eq(iovm_new(&l->sys, &config), 0);
	ck_assert_int_eq(iovm_iommu_add(l->sys, &l->m.be, &l->m, NULL, &l->iommu), 0);
	ck_assert_int_eq(iovm_event_add(l->ev, l->iommu, fd), 0);
	ck_assert_int_eq(iovm_device_add(l->iommu, &dev, &l->dev), 0);
	ck_assert_int_eq(iovm_device_init(l->dev), 0);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_gt(l->pasid[i] = iovm_bind_mm(l->dev, &l->mm[i], on_bond, l), 0);
	return l;
}

static void check_until(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;

	if (l->until(l))
		event_base_loopbreak(l->base);
	ck_assert_msg(iovm__event_clock() - l->began < 5 * (uint64_t)SECOND, "it did not happen within 5 s");
}

static void run_until(struct loop *l, bool (*until)(struct loop *l))
{
	struct event *look = event_new(l->base, -1, EV_PERSIST, check_until, l);

	l->until = until;
	l->began = iovm__event_clock();
	event_add(look, &one_ms);
	event_base_dispatch(l->base);
	event_free(look);
}

static bool asleep(struct loop *l)
{
	return l->ev->sleeping;
}

static bool all_unbound(struct loop *l)
{
	return l->unbounds == 2 && l->unwatched == 2;
}

static void loop_del(struct loop *l)
{
	for (unsigned i = 0; i < 2; i++)
		(void)iovm_unbind_mm(l->dev, &l->mm[i]);
	run_until(l, all_unbound);
	ck_assert_int_eq(iovm_del(l->sys), 0);
	machine_fini(&l->m);
	iovm_event_del(l->ev);
	event_base_free(l->base);
	free(l);
}

/* ---- waking and sleeping ------------------------------------------------------------------------------------------------------------------ */

static void *wake_after_10ms(void *arg)
{
	struct loop *l = arg;

	nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	machine_request(&l->m, STREAM, (uint32_t)l->pasid[0], 3, 0x5000, IOVM_REQ_READ | IOVM_REQ_LAST);
	l->port.wake(l->port.ctx, l->iommu);
	return NULL;
}

static bool one_fault(struct loop *l)
{
	return l->faults == 1;
}

START_TEST(another_thread_wakes_a_sleeper)
{
	struct loop *l = loop_new(-1);
	struct iovm_event_stats before, after;
	pthread_t thread;

	run_until(l, asleep);
	before = count(l->ev);
	ck_assert_uint_gt(before.sleeps, 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wake_after_10ms, l), 0);
	run_until(l, one_fault);
	pthread_join(thread, NULL);
	run_until(l, asleep);
	after = count(l->ev);
	ck_assert_uint_eq(after.wakeups, before.wakeups + 1);
	ck_assert_uint_eq(after.sleeps, before.sleeps + 1);
	ck_assert_uint_gt(after.spins, before.spins);
	ck_assert_ptr_nonnull(machine_answer(&l->m, 0, STREAM, 3));
	loop_del(l);
}
END_TEST

static bool nothing(struct loop *l)	/* half a second later */
{
	return iovm__event_clock() - l->began > SECOND / 2;
}

START_TEST(asleep_it_does_not_look)
{
	struct loop *l = loop_new(-1);
	uint64_t dispatches;

	run_until(l, asleep);
	dispatches = count(l->ev).dispatches;
	run_until(l, nothing);
	ck_assert_uint_eq(count(l->ev).dispatches, dispatches);
	loop_del(l);
}
END_TEST

START_TEST(the_bell_is_written_once_and_only_for_a_sleeper)
{
	struct loop *l = loop_new(-1);
	eventfd_t rings;

	run_until(l, asleep);
	ck_assert_int_eq(iovm_event_invalidate(l->ev, l->sys, &l->mm[0], 0, PAGE - 1, NULL, NULL), 0);
	event_base_loop(l->base, EVLOOP_ONCE);		/* work: from here it spins */
	ck_assert(!l->ev->sleeping);
	l->port.wake(l->port.ctx, l->iommu);
	ck_assert_int_eq(eventfd_read(l->ev->bell_fd, &rings), -1);
	ck_assert_int_eq(errno, EAGAIN);
	run_until(l, asleep);
	for (unsigned i = 0; i < 3; i++)
		l->port.wake(l->port.ctx, l->iommu);
	ck_assert_int_eq(eventfd_read(l->ev->bell_fd, &rings), 0);
	ck_assert_uint_eq(rings, 1);
	eventfd_write(l->ev->bell_fd, 1);		/* as it was */
	loop_del(l);
}
END_TEST

static bool served_and_read(struct loop *l)
{
	return l->faults == 1 && l->ev->sleeping;
}

START_TEST(who_rings_before_the_sleep_prevents_it)
{
	struct event_base *base = event_base_new();
	struct iovm_event *ev = iovm_event_new(base);
	eventfd_t rings;

	ck_assert(!iovm__bell_hear(ev));
	iovm__bell_ring(ev);
	ck_assert(!iovm__bell_sleep(ev));
	ck_assert(!ev->sleeping);
	ck_assert_int_eq(eventfd_read(ev->bell_fd, &rings), -1);	/* it is awake: no need */
	ck_assert(iovm__bell_hear(ev));
	ck_assert(iovm__bell_sleep(ev));
	iovm__bell_ring(ev);
	ck_assert_int_eq(eventfd_read(ev->bell_fd, &rings), 0);
	iovm_event_del(ev);
	event_base_free(base);
}
END_TEST

START_TEST(a_descriptor_wakes_and_is_read)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct loop *l = loop_new(fd);
	eventfd_t left;

	run_until(l, asleep);
	machine_request(&l->m, STREAM, (uint32_t)l->pasid[0], 1, 0x1000, IOVM_REQ_READ | IOVM_REQ_LAST);
	eventfd_write(fd, 1);
	run_until(l, served_and_read);
	ck_assert_int_eq(eventfd_read(fd, &left), -1);
	loop_del(l);
	close(fd);
}
END_TEST

static bool forgotten(struct loop *l)
{
	return stats_of(l->sys).partials_discarded == 1;
}

START_TEST(a_deadline_is_kept_without_a_bell)
{
	struct loop *l = loop_new(-1);
	uint64_t sleeps;

	machine_request(&l->m, STREAM, (uint32_t)l->pasid[0], 1, 0x1000, IOVM_REQ_READ);	/* its Last never comes */
	run_until(l, asleep);
	sleeps = count(l->ev).sleeps;
	run_until(l, forgotten);
	ck_assert_uint_gt(count(l->ev).sleeps + 1, sleeps);
	ck_assert_uint_gt(count(l->ev).wakeups, 1);
	loop_del(l);
}
END_TEST

/* ---- others on the same base ---------------------------------------------------------------------------------------------------------------- */

/* Each answer posts the next */
static void again(void *arg, int result)
{
	struct loop *l = arg;

	if (!result && iovm__event_clock() - l->began < SECOND / 20)
		ck_assert_int_eq(iovm_event_invalidate(l->ev, l->sys, &l->mm[0], 0, PAGE - 1, again, l), 0);
}

static unsigned ticks;

static bool ticked(struct loop *l)
{
	return ++ticks == 10;
}

START_TEST(work_without_end_starves_nobody)
{
	struct loop *l = loop_new(-1);

	ticks = 0;
	l->began = iovm__event_clock();
	again(l, 0);
	run_until(l, ticked);
	ck_assert_uint_lt(iovm__event_clock() - l->began, SECOND / 4);
	ck_assert_uint_gt(count(l->ev).invalidations_posted, 20);
	loop_del(l);
}
END_TEST

/* ---- posted invalidations ------------------------------------------------------------------------------------------------------------------- */

static unsigned good, stale;

static void told(void *arg, int result)
{
	good += result == 0;
	stale += result == IOVM_E_STALE;
}

static void post(struct loop *l, unsigned mm, uint64_t first, uint64_t last)
{
	ck_assert_int_eq(iovm_event_invalidate(l->ev, l->sys, &l->mm[mm], first, last, told, NULL), 0);
}

static unsigned good_wanted;

static bool all_told(struct loop *l)
{
	return good == good_wanted;
}

static bool tlb_command(const struct loop *l, unsigned long from, uint64_t first, uint64_t last)
{
	for (unsigned long i = from; i < l->m.ncmds; i++) {
		const struct iovm_cmd *c = machine_command(&l->m, i);

		if (c->op == IOVM_CMD_TLB && c->first == first && c->last == last)
			return true;
	}
	return false;
}

START_TEST(neighbours_of_one_mm_are_joined)
{
	struct loop *l = loop_new(-1);
	unsigned long from;
	uint64_t before;

	good = stale = 0;
	run_until(l, asleep);
	from = l->m.ncmds;
	before = stats_of(l->sys).invalidations;
	for (uint64_t i = 0; i < 64; i++)	/* 64 neighbours, in a wild order */
		post(l, 0, (i * 37 % 64) * PAGE, (i * 37 % 64) * PAGE + PAGE - 1);
	post(l, 0, 10 * PAGE, 70 * PAGE - 1);	/* overlaps and reaches further */
	post(l, 0, 72 * PAGE, 73 * PAGE - 1);	/* a page apart */
	post(l, 1, 70 * PAGE, 72 * PAGE - 1);	/* would fill the gap, but is another's */
	good_wanted = 67;
	run_until(l, all_told);
	ck_assert_uint_eq(stats_of(l->sys).invalidations, before + 3);
	ck_assert_uint_eq(machine_count(&l->m, from, IOVM_CMD_TLB), 3);
	ck_assert(tlb_command(l, from, 0, 70 * PAGE - 1));
	ck_assert(tlb_command(l, from, 72 * PAGE, 73 * PAGE - 1));
	ck_assert(tlb_command(l, from, 70 * PAGE, 72 * PAGE - 1));
	ck_assert_uint_eq(count(l->ev).invalidations_posted, 67);
	loop_del(l);
}
END_TEST

START_TEST(the_last_page_has_no_neighbour)
{
	struct loop *l = loop_new(-1);
	uint64_t before = stats_of(l->sys).invalidations;

	good = 0;
	post(l, 0, UINT64_MAX - PAGE + 1, UINT64_MAX);
	post(l, 0, UINT64_MAX - PAGE + 1, UINT64_MAX);
	post(l, 0, 0, PAGE - 1);
	good_wanted = 3;
	run_until(l, all_told);
	ck_assert_uint_eq(stats_of(l->sys).invalidations, before + 2);
	ck_assert_int_eq(iovm_event_invalidate(l->ev, l->sys, &l->mm[0], 1, 0, told, NULL), IOVM_E_INVAL);
	loop_del(l);
}
END_TEST

enum { POSTERS = 3, POSTS = 2000 };

static void *post_many(void *arg)
{
	struct loop *l = arg;

	for (uint64_t i = 0; i < POSTS; i++) {
		post(l, i & 1, i * PAGE, i * PAGE + PAGE - 1);
		if (i % 256 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);	/* the loop falls asleep */
	}
	return NULL;
}

START_TEST(every_post_of_every_thread_is_told_once)
{
	struct loop *l = loop_new(-1);
	pthread_t thread[POSTERS];

	good = stale = 0;
	good_wanted = POSTERS * POSTS;
	for (unsigned i = 0; i < POSTERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, post_many, l), 0);
	run_until(l, all_told);
	for (unsigned i = 0; i < POSTERS; i++)
		pthread_join(thread[i], NULL);
	run_until(l, asleep);
	ck_assert_uint_eq(good, POSTERS * POSTS);
	ck_assert_uint_eq(count(l->ev).invalidations_posted, POSTERS * POSTS);
	loop_del(l);
}
END_TEST

START_TEST(what_did_not_run_is_told_so)
{
	struct event_base *base = event_base_new();
	struct iovm_event *ev = iovm_event_new(base);
	char mm;

	good = stale = 0;
	for (uint64_t i = 0; i < 5; i++)
		ck_assert_int_eq(iovm_event_invalidate(ev, (struct iovm *)base, &mm, i, i, told, NULL), 0);
	ck_assert_int_eq(iovm_event_invalidate(ev, (struct iovm *)base, &mm, 1, 1, NULL, NULL), 0);
	iovm_event_del(ev);
	event_base_free(base);
	ck_assert_uint_eq(stale, 5);
	ck_assert_uint_eq(good, 0);
}
END_TEST

/* ---- IOMMUs that go --------------------------------------------------------------------------------------------------------------------------- */

START_TEST(a_dead_iommu_is_left_alone_until_its_bonds_end)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct loop *l = loop_new(fd);
	uint64_t dispatches;

	run_until(l, asleep);
	l->m.dead = true;
	eventfd_write(fd, 1);
	run_until(l, nothing);
	dispatches = count(l->ev).dispatches;
	eventfd_write(fd, 1);		/* nobody listens any more */
	run_until(l, nothing);
	ck_assert_uint_eq(count(l->ev).dispatches, dispatches);
	loop_del(l);			/* but its bonds end */
	close(fd);
}
END_TEST

static bool second_served(struct loop *l)
{
	return l->ev->sleeping && count(l->ev).wakeups >= 3;
}

START_TEST(the_living_do_not_wake_the_dead)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct loop *l = loop_new(-1);
	struct iovm_iommu *second;
	struct machine *m = malloc(sizeof(*m));
	uint64_t dispatches;

	machine_init(m, l->versions);
	ck_assert_int_eq(iovm_iommu_add(l->sys, &m->be, m, NULL, &second), 0);
	ck_assert_int_eq(iovm_event_add(l->ev, second, fd), 0);
	l->m.dead = true;
	run_until(l, asleep);
	dispatches = l->iommu->count.dispatches;
	eventfd_write(fd, 1);
	run_until(l, nothing);
	eventfd_write(fd, 1);
	run_until(l, second_served);
	ck_assert_uint_eq(l->iommu->count.dispatches, dispatches);
	loop_del(l);
	machine_fini(m);
	free(m);
	close(fd);
}
END_TEST

START_TEST(removed_is_not_dispatched)
{
	struct loop *l = loop_new(-1);
	uint64_t dispatches;

	run_until(l, asleep);
	ck_assert_int_eq(iovm_event_remove(l->ev, l->iommu), 0);
	ck_assert_int_eq(iovm_event_remove(l->ev, l->iommu), IOVM_E_INVAL);
	dispatches = count(l->ev).dispatches;
	l->port.wake(l->port.ctx, l->iommu);
	run_until(l, nothing);
	ck_assert_uint_eq(count(l->ev).dispatches, dispatches);
	ck_assert_int_eq(iovm_event_add(l->ev, l->iommu, -1), 0);
	ck_assert_int_eq(iovm_event_add(l->ev, NULL, -1), IOVM_E_INVAL);
	loop_del(l);
}
END_TEST

static Suite *event_suite(void)
{
	Suite *suite = suite_create("event");
	TCase *bell = tcase_create("bell"), *posts = tcase_create("posts"), *iommus = tcase_create("iommus");

	tcase_add_test(bell, another_thread_wakes_a_sleeper);
	tcase_add_test(bell, asleep_it_does_not_look);
	tcase_add_test(bell, the_bell_is_written_once_and_only_for_a_sleeper);
	tcase_add_test(bell, who_rings_before_the_sleep_prevents_it);
	tcase_add_test(bell, a_descriptor_wakes_and_is_read);
	tcase_add_test(bell, a_deadline_is_kept_without_a_bell);
	tcase_add_test(bell, work_without_end_starves_nobody);
	tcase_add_test(posts, neighbours_of_one_mm_are_joined);
	tcase_add_test(posts, the_last_page_has_no_neighbour);
	tcase_add_test(posts, every_post_of_every_thread_is_told_once);
	tcase_add_test(posts, what_did_not_run_is_told_so);
	tcase_add_test(iommus, a_dead_iommu_is_left_alone_until_its_bonds_end);
	tcase_add_test(iommus, the_living_do_not_wake_the_dead);
	tcase_add_test(iommus, removed_is_not_dispatched);
	suite_add_tcase(suite, bell);
	suite_add_tcase(suite, posts);
	suite_add_tcase(suite, iommus);
	return suite;
}

int main(void)
{
	return harness_main(event_suite());
}
