/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Taking translations back. shared: 64 callers' batches, each a TLB and an ATC command of a random page, are posted
 * and then pumped once, so that they share their fences, as they do when callers meet; ns a range. The floor writes
 * the same two commands a range and one fence for all. The device side reads every command and completes the fences,
 * in the same thread or in another one. call: iovm_invalidate() from end to end, a fence each time; its floor writes
 * the four commands. callers: two threads in that call at once; the floor is one.
 */
#include "bench.h"
#include <stdlib.h>
#include "iommu/submit.h"
#include "world.h"

enum { RANGES = 64 };

struct taker {
	struct world *world;
	struct hardware hw;		/* the floor's */
	struct iovm_function fn;
	struct iovm__batch batch[RANGES];
	struct iovm_cmd cmd[RANGES][2];
	uint64_t seed[2][8];		/* a line for each thread */
	uint64_t read;
	unsigned failed;
	bool two;			/* the device has a thread of its own */
};

static void device_step(struct hardware *hw, uint64_t *sum)
{
	struct ring *ring = &hw->commands;
	unsigned long cons = load_rlx(&ring->cons), prod = load_acq(&ring->prod);

	if (cons == prod)
		return;
	for (; cons != prod; cons++) {
		const struct record *r = &ring->record[cons & ring->mask];

		if ((uint8_t)r->a == IOVM_CMD_FENCE)
			store_rel(&hw->reached, (unsigned long)r->b);
		*sum += r->b;
	}
	store_rel(&ring->cons, cons);
}

static void put(struct ring *ring, unsigned long *prod, uint64_t a, uint64_t b)
{
	ring->record[*prod & ring->mask] = (struct record){ a, b };
	++*prod;
}

static uint64_t random_page(uint64_t *seed)
{
	return (uint64_t)bench_below(seed, 1u << 20) << IOVM_PAGE_SHIFT;
}

static void make_commands(struct taker *t, unsigned i)
{
	uint64_t first = random_page(t->seed[0]);

	t->cmd[i][0] = (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = IOVM_TABLE_SIM, .asid = 1, .first = first, .last = first + 4095 };
	t->cmd[i][1] = (struct iovm_cmd){ .op = IOVM_CMD_ATC, .pasid = 1, .first = first, .last = first + 4095, .fn = &t->fn };
}

static void wait_all(struct taker *t)
{
	for (unsigned i = 0; i < RANGES; i++) {
		int done;

		while ((done = iovm__submit_poll(t->world->iommu, &t->batch[i])) == 0) {
			if (!t->two)
				device_step(&t->world->hw, &t->read);
			else
				cpu_relax();
		}
		t->failed += done < 0;
	}
}

static uint64_t shared(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct taker *t = arg;
	uint64_t n = 0;

	for (; !load_rlx(stop); n += RANGES) {
		for (unsigned i = 0; i < RANGES; i++) {
			make_commands(t, i);
			iovm__submit_post(t->world->iommu, &t->batch[i], t->cmd[i], 2, false);
		}
		iovm__submit_pump(t->world->iommu);
		wait_all(t);
	}
	store_rel(&t->hw.instant, true);	/* the device may go */
	return n;
}

static uint64_t shared_floor(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct taker *t = arg;
	struct ring *ring = &t->hw.commands;
	unsigned long prod = load_rlx(&ring->prod);
	uint64_t n = 0;

	for (; !load_rlx(stop); n += RANGES) {
		for (unsigned i = 0; i < RANGES; i++) {
			uint64_t page = random_page(t->seed[0]);

			put(ring, &prod, IOVM_CMD_TLB, page);
			put(ring, &prod, IOVM_CMD_ATC, page);
		}
		put(ring, &prod, IOVM_CMD_FENCE, prod + 1);
		store_rel(&ring->prod, prod);
		while ((long)(load_acq(&t->hw.reached) - prod) < 0)
			if (!t->two)
				device_step(&t->hw, &t->read);
	}
	store_rel(&t->hw.instant, true);
	return n;
}

static uint64_t device(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct taker *t = arg;
	uint64_t sum = 0;

	while (!load_acq(&t->hw.instant)) {	/* not *stop: the submitter may still wait for a fence */
		device_step(&t->world->hw, &sum);
		device_step(&t->hw, &sum);
	}
	t->read += sum;
	return 1;
}

static uint64_t call(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct taker *t = arg;
	uint64_t n = 0;

	for (; !load_rlx(stop); n++) {
		uint64_t first = random_page(t->seed[tid]);

		t->failed += iovm_invalidate(t->world->sys, &t->world->mm[tid], first, first + 4095) != 0;
	}
	return n;
}

static uint64_t call_floor(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct taker *t = arg;
	struct ring *ring = &t->hw.commands;
	unsigned long prod = load_rlx(&ring->prod);
	uint64_t n = 0;

	for (; !load_rlx(stop); n++) {
		uint64_t page = random_page(t->seed[tid]);

		put(ring, &prod, IOVM_CMD_TLB, page);
		put(ring, &prod, IOVM_CMD_FENCE, prod + 1);
		put(ring, &prod, IOVM_CMD_ATC, page);
		put(ring, &prod, IOVM_CMD_FENCE, prod + 1);
		store_rel(&ring->prod, prod);
	}
	return n;
}

static uint64_t idle(unsigned tid, const atomic_bool *stop, void *arg)
{
	while (!load_rlx(stop))
		cpu_relax();
	return 1;
}

static void before_shared(void *arg)
{
	struct taker *t = arg;

	t->world->hw.instant = false;
	store_rlx(&t->hw.instant, false);
}

static void before_call(void *arg)
{
	struct taker *t = arg;

	t->world->hw.instant = true;
}

void case_invalidation(struct bench *bench)
{
	struct taker *t = bench_memory(sizeof(*t));
	struct bench_measure m = { .name = "invalidation", .variant = "64 ranges a fence, 1 thread" };

	t->world = world_new(1, 2, 0);
	t->seed[0][0] = 88172645463325252u;
	t->seed[1][0] = 1181783497276652981u;
	ring_init(&t->hw.commands, 14);
	world_settle(t->world);
	store_rlx(&t->world->hw.reached, load_rlx(&t->world->hw.commands.prod));
	m.subject = (struct slice_job){ .worker = { shared }, .before = before_shared, .arg = t };
	m.floor = (struct slice_job){ .worker = { shared_floor }, .before = before_shared, .arg = t };
	bench_run(bench, &m);
	t->two = true;
	m.variant = "64 ranges a fence, device on the other CPU";
	m.subject.worker[1] = m.floor.worker[1] = device;
	bench_run(bench, &m);
	m.variant = "a call each, 1 thread";
	m.subject = (struct slice_job){ .worker = { call }, .before = before_call, .arg = t };
	m.floor = (struct slice_job){ .worker = { call_floor }, .before = before_call, .arg = t };
	bench_run(bench, &m);
	m.variant = "a call each, 2 callers";
	m.subject = (struct slice_job){ .worker = { call, call }, .before = before_call, .who = 2, .arg = t };
	m.floor = (struct slice_job){ .worker = { call, idle }, .before = before_call, .arg = t };
	bench_run(bench, &m);
	if (t->failed > 0) {
		fprintf(stderr, "iovm-bench: invalidation: %u of them failed\n", t->failed);
		exit(1);
	}
	world_del(t->world);
	free(t->hw.commands.record);
	free(t);
}
