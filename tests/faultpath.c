/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The fault path allocates nothing, takes no lock, makes no system call and ends by itself. The port of every test of this folder already aborts on memory or
 * lock below dispatch, invalidate, mm_exit and fault_done; here is one long story under it, the proof that it would abort, a child that may make no
 * system call but read, write and exit, and the same calls with nobody dispatching at all.
 */
#include "rig.h"
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { R = IOVM_REQ_READ, W = IOVM_REQ_WRITE, L = IOVM_REQ_LAST };

/* ---- it would be seen --------------------------------------------------------------------------------------------------------------------- */

static int how_it_ended(void (*fn)(void *), void *arg)	/* exit status, or 128 + signal */
{
	int status;
	pid_t child = fork();

	must(child >= 0, "fork");
	if (!child) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		fn(arg);
		syscall(SYS_exit, 0);
	}
	must(waitpid(child, &status, 0) == child, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void allocating_handler(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n)
{
	(void)r->port.ops.alloc(&r->port, 8);
}
static void locking_handler(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n)
{
	r->port.ops.lock(&r->port);
}
static void waiting_handler(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n)
{
	(void)r->port.ops.wait(&r->port, 0);
}

static void one_request(void *arg)
{
	struct rig *r = arg;

	(void)rig_dispatch(r, 0);
}

START_TEST(the_port_aborts)
{
	static void (*const bad[])(struct rig *, struct rig_mm *, struct iovm_fault *, unsigned) = { NULL, allocating_handler, locking_handler, waiting_handler };
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);
	int pasid = rig_bind(d, &r->mm[0]);

	r->on_fault = bad[_i];
	machine_request(&r->m[0], 1, (uint32_t)pasid, 1, 0x1000, R | L);
	ck_assert_int_eq(how_it_ended(one_request, r) != 0, _i != 0);
	r->on_fault = NULL;
	rig_finish(r);
}
END_TEST

/* ---- one long story ------------------------------------------------------------------------------------------------------------------------ */

static void busy_handler(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		faults[i].outcome = (uint8_t)((r->ntokens + i) % 5);
	must(port_invalidate(r->sys, mm, 0x1000, 0x5fff) <= 0, "invalidate");
	if (r->calls % 40 == 0)
		must(!port_mm_exit(r->sys, &r->mm[5]), "mm_exit");
	if (r->calls % 3 == 0)
		(void)port_fault_done(r->sys, r->tokens[(r->ntokens - 1) % RIG_LOG], IOVM_DONE);
}

static void reviving(struct rig *r, const struct rig_event *e)	/* a driver that binds again from its callback */
{
	if (e->event == IOVM_SHUTDOWN)
		must(!iovm_unbind_mm(e->dev, e->mm), "unbind in SHUTDOWN");
	else if (r->nevents < 500)
		(void)iovm_bind_mm(e->dev, e->mm, rig_callback, e->arg);
}

START_TEST(every_kind_of_work)
{
	const struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d[4];
	uint64_t seed = 42;
	unsigned i, k;

	r->on_fault = busy_handler;
	r->on_event = reviving;
	for (i = 0; i < 4; i++) {
		d[i] = rig_ready(r, i % 2, 1 + i);
		for (k = 0; k < 6; k++)
			(void)rig_bind(d[i], &r->mm[k]);
	}
	for (i = 0; i < 20000; i++) {
		uint32_t x = (uint32_t)((seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33);

		machine_request(d[x % 4]->m, 1 + x % 4, 1 + (x >> 8) % 6, x >> 12 & 7, (uint64_t)x << 12, x >> 20 & 3 ? R | W | (x >> 24 & 1 ? L : 0) : x >> 20 & 63);
		if (i % 16 == 0)
			(void)rig_dispatch(r, x >> 4 & 1);
		if (i % 500 == 7)
			(void)port_mm_exit(r->sys, &r->mm[x >> 16 & 3]);
		if (i % 100 == 13)
			(void)rig_reset(d[x % 4], true);
		if (i % 1000 == 0)
			machine_overflow(&r->m[x >> 5 & 1]);
		if (i % 100 == 50)
			(void)port_fault_done(r->sys, r->tokens[x % RIG_LOG], IOVM_DONE);
		if (i % 512 == 0)
			rig_settle(r);
	}
	r->on_event = NULL;
	r->on_fault = NULL;
	for (i = 0; i < r->ntokens && i < RIG_LOG; i++)
		(void)port_fault_done(r->sys, r->tokens[i], IOVM_REFUSED);
	rig_settle(r);
	for (i = 0; i < 4; i++) {
		(void)iovm_device_gone(d[i]->dev);
		rig_later(r);
		for (k = 0; k < 6; k++)
			(void)iovm_unbind_mm(d[i]->dev, &r->mm[k]);
	}
	ck_assert_uint_gt(rig_stats(r).success, 100);
	ck_assert_uint_gt(rig_stats(r).unbound_callbacks, 20);
	rig_finish(r);
}
END_TEST

/* ---- no system call --------------------------------------------------------------------------------------------------------------------------- */

enum { REQUESTS = 1000000, BATCH = 64 };
struct strict { struct rig *r; uint32_t pasid; bool breaks; };

/* Everything is prepared; from prctl() on any call but read, write and exit kills. Its own loop: Check's assertions write, mutexes may sleep only if contended. */
static void serve_strictly(void *arg)
{
	struct strict *s = arg;
	struct rig *r = s->r;
	unsigned done, i;
	struct iovm_stats before = rig_stats(r), after;

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		syscall(SYS_exit, 77);
	for (done = 0; done < REQUESTS; done += BATCH) {
		for (i = 0; i < BATCH; i++)
			machine_request(&r->m[0], 1, s->pasid, i, (uint64_t)(done + i) << 12, R | (i % 8 == 7 ? L : 0));
		if (rig_dispatch(r, 0) < 0)
			syscall(SYS_exit, 2);
		if (done % 6400 == 0 && port_invalidate(r->sys, &r->mm[0], 0, 0xffff))
			syscall(SYS_exit, 3);
		if (s->breaks && done > REQUESTS / 2)
			(void)getppid();
	}
	after = rig_stats(r);
	syscall(SYS_exit, after.requests - before.requests >= REQUESTS ? 0 : 4);
}

START_TEST(no_system_call)
{
	struct strict s = { .r = rig_new(NULL), .breaks = _i };
	struct rig_device *d = rig_ready(s.r, 0, 1);
	int ended;

	s.pasid = (uint32_t)rig_bind(d, &s.r->mm[0]);
	s.r->m[0].greedy = false;
	ended = how_it_ended(serve_strictly, &s);
	if (ended == 77)
		skip("SECCOMP_MODE_STRICT is refused: run where the kernel has CONFIG_SECCOMP and no filter forbids prctl");
	ck_assert_int_eq(ended, _i ? 128 + SIGKILL : 0);
	rig_finish(s.r);
}
END_TEST

/* ---- nobody dispatches --------------------------------------------------------------------------------------------------------------------------- */

/* invalidate, mm_exit and unbind need no servicer: each ends within port.wait's limit, and what they promise holds */
START_TEST(without_dispatch)
{
	const struct rig_config c = { .niommus = 2 };
	struct rig *r = rig_new(&c);
	struct rig_device *d[4];
	int pasid[3] = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		d[i] = rig_ready(r, i % 2, 1 + i);
		for (unsigned k = 0; k < 3; k++)
			pasid[k] = rig_bind(d[i], &r->mm[k]);
	}
	for (unsigned i = 0; i < 1000; i++)	/* a queue full of requests that nobody takes */
		machine_request(&r->m[i % 2], 1 + i % 4, (uint32_t)pasid[i % 3], i, 0x1000, R | L);
	if (_i == 1)
		machine_function(&r->m[0], &d[0]->dev->fn)->deaf = true;
	r->port.longest = 0;
	r->versions[1]++;
	ck_assert_int_eq(port_invalidate(r->sys, &r->mm[0], 0, 0xfff), _i ? IOVM_E_TIMEDOUT : 0);
	ck_assert_int_eq(port_mm_exit(r->sys, &r->mm[1]), _i ? IOVM_E_TIMEDOUT : 0);
	for (unsigned i = 0; i < 4; i++) {
		unsigned version = 0;

		ck_assert_int_eq(iovm_unbind_mm(d[i]->dev, &r->mm[2]), _i && i % 2 == 0 ? IOVM_E_TIMEDOUT : 0);
		if (_i && i % 2 == 0)
			continue;	/* behind the stuck queue nothing was promised */
		ck_assert(!rig_reaches(d[i], &r->mm[1], -2));
		ck_assert(!rig_reaches(d[i], &r->mm[2], -2));
		ck_assert_uint_eq(machine_reaches(d[i]->m, &d[i]->dev->fn, (uint32_t)pasid[0], &version), 1);
		ck_assert_uint_eq(version, r->versions[1]);
	}
	ck_assert_uint_le(r->port.longest, r->port.wait_limit + 1);
	ck_assert_uint_eq(r->nevents, 0);
	if (_i) {
		machine_function(&r->m[0], &d[0]->dev->fn)->deaf = false;
		while (machine_step(&r->m[0]))
			;
		for (unsigned i = 0; i < 4; i += 2)
			if (iovm__device_state(d[i]->dev) & IOVM__DEV_ABORTED)
				ck_assert_int_eq(rig_reset(d[i], true), 0);
	}
	rig_finish(r);
}
END_TEST

static Suite *faultpath_suite(void)
{
	Suite *suite = suite_create("faultpath");
	TCase *rules = tcase_create("rules"), *calls = tcase_create("system calls"), *alone = tcase_create("alone");

	tcase_add_loop_test(rules, the_port_aborts, 0, 4);
	tcase_add_test(rules, every_kind_of_work);
	tcase_add_loop_test(calls, no_system_call, 0, 2);
	tcase_add_loop_test(alone, without_dispatch, 0, 2);
	tcase_set_timeout(calls, 120);
	suite_add_tcase(suite, rules);
	suite_add_tcase(suite, calls);
	suite_add_tcase(suite, alone);
	return suite;
}

int main(void)
{
	return harness_main(faultpath_suite());
}
