/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Claim and release of a PASID in a space of 2^20, at three occupancies. pair: claim, release the same. churn:
 * release a random live one, claim one. burst: claim 400, release them in random order. All allocators are called
 * through the same two pointers; the floor is one that does nothing. Peers are what one would write instead: a mutex
 * around a flat bitmap with a rotor, and a lock-free stack of ids (which hands out at once what was released).
 */
#include "bench.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/env.h"
#include "pasid/bitmap.h"

#define BITS 20u
#define LAST ((1u << BITS) - 1)
#define BURST 400u

struct ids {
	uint32_t (*claim)(void *impl);
	void (*release)(void *impl, uint32_t id);
	void *impl;
	struct live { uint32_t *id; uint32_t n, at; } live[2];
	uint16_t order[BURST];
};

static uint32_t ours_claim(void *impl)
{
	return (uint32_t)iovm__bitmap_claim(impl, 1, LAST);
}
static void ours_release(void *impl, uint32_t id)
{
	iovm__bitmap_release(impl, id);
}

static uint32_t null_claim(void *impl)
{
	return *(uint32_t *)impl | 1;
}
static void null_release(void *impl, uint32_t id)
{
	(void)id;
}

struct locked { pthread_mutex_t mutex; uint32_t rotor; uint64_t word[(LAST + 1) / 64]; };	/* bit set: free */

static uint32_t locked_claim(void *impl)
{
	struct locked *map = impl;
	uint32_t id = 0;

	pthread_mutex_lock(&map->mutex);
	for (uint32_t k = 0, w = map->rotor; k < (LAST + 1) / 64 && id == 0; k++, w = (w + 1) % ((LAST + 1) / 64)) {
		if (map->word[w] == 0)
			continue;
		id = w * 64 + (uint32_t)__builtin_ctzll(map->word[w]);
		map->word[w] &= map->word[w] - 1;
		map->rotor = w;
	}
	pthread_mutex_unlock(&map->mutex);
	return id;
}
static void locked_release(void *impl, uint32_t id)
{
	struct locked *map = impl;

	pthread_mutex_lock(&map->mutex);
	map->word[id / 64] |= 1ull << id % 64;
	pthread_mutex_unlock(&map->mutex);
}

struct stack { _Atomic(uint64_t) head; _Atomic(uint32_t) next[LAST + 1]; };	/* head: tag << 32 | id */

static uint32_t stack_claim(void *impl)
{
	struct stack *stack = impl;
	uint64_t head = load_acq(&stack->head);

	while ((uint32_t)head != 0)
		if (cas_ar(&stack->head, &head, ((head >> 32) + 1) << 32 | load_rlx(&stack->next[(uint32_t)head])))
			break;
	return (uint32_t)head;
}
static void stack_release(void *impl, uint32_t id)
{
	struct stack *stack = impl;
	uint64_t head = load_rlx(&stack->head);

	do
		store_rlx(&stack->next[id], (uint32_t)head);
	while (!cas_ar(&stack->head, &head, ((head >> 32) + 1) << 32 | id));
}

static void *ours_new(void)
{
	struct iovm__bitmap *map = bench_memory(iovm__bitmap_size(BITS));

	iovm__bitmap_init(map, BITS);
	return map;
}
static void *null_new(void)
{
	return bench_memory(sizeof(uint32_t));
}
static void *locked_new(void)
{
	struct locked *map = bench_memory(sizeof(*map));

	pthread_mutex_init(&map->mutex, NULL);
	memset(map->word, 0xff, sizeof(map->word));
	map->word[0] &= ~1ull;
	return map;
}
static void *stack_new(void)
{
	struct stack *stack = bench_memory(sizeof(*stack));

	for (uint32_t id = LAST; id > 0; id--)
		stack_release(stack, id);
	return stack;
}

static const struct allocator {
	const char *name;
	void *(*make)(void);
	uint32_t (*claim)(void *impl);
	void (*release)(void *impl, uint32_t id);
} allocators[] = {
	{ "ours", ours_new, ours_claim, ours_release },
	{ "null", null_new, null_claim, null_release },
	{ "mutex_rotor", locked_new, locked_claim, locked_release },
	{ "treiber", stack_new, stack_claim, stack_release },
};
#define NALLOCATORS (sizeof(allocators) / sizeof(allocators[0]))

static void must_have(uint32_t id)
{
	if (id == 0) {
		fputs("iovm-bench: pasid: refused although ids are free\n", stderr);
		exit(1);
	}
}

static uint64_t work_pair(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct ids *ids = arg;
	uint64_t n = 0;

	for (; !load_rlx(stop); n += 64) {
		for (unsigned k = 0; k < 64; k++) {
			uint32_t id = ids->claim(ids->impl);

			must_have(id);
			ids->release(ids->impl, id);
		}
	}
	return n;
}

static uint64_t work_churn(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct ids *ids = arg;
	struct live *live = &ids->live[tid];
	uint64_t n = 0;

	for (; !load_rlx(stop); n += 64) {
		for (unsigned k = 0; k < 64; k++) {
			ids->release(ids->impl, live->id[live->at]);
			live->id[live->at] = ids->claim(ids->impl);
			must_have(live->id[live->at]);
			live->at = live->at + 1 == live->n ? 0 : live->at + 1;
		}
	}
	return n;
}

static uint64_t work_burst(unsigned tid, const atomic_bool *stop, void *arg)
{
	struct ids *ids = arg;
	uint32_t id[BURST];
	uint64_t n = 0;

	for (; !load_rlx(stop); n += BURST) {
		for (unsigned k = 0; k < BURST; k++)
			must_have(id[k] = ids->claim(ids->impl));
		for (unsigned k = 0; k < BURST; k++)
			ids->release(ids->impl, id[ids->order[k]]);
	}
	return n;
}

static void shuffle(uint32_t *id, uint32_t n, uint64_t *seed)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = bench_below(seed, i), x = id[i - 1];

		id[i - 1] = id[j];
		id[j] = x;
	}
}

/* All are claimed, then random ones released until `keep` are left: holes as a long life leaves them. */
static void fill(struct ids *ids, const struct allocator *a, uint32_t keep)
{
	uint64_t seed = 88172645463325252u;
	uint32_t *all = bench_memory((LAST + 1) * sizeof(*all)), n = 0, order[BURST];

	*ids = (struct ids){ .claim = a->claim, .release = a->release, .impl = a->make() };
	while (n < LAST)
		all[n++] = a->claim(ids->impl);
	shuffle(all, n, &seed);
	while (n > keep)
		a->release(ids->impl, all[--n]);
	for (unsigned t = 0; t < 2; t++) {
		ids->live[t] = (struct live){ .id = bench_memory((n / 2 + 1) * sizeof(uint32_t)) };
		for (uint32_t i = t; i < n; i += 2)
			ids->live[t].id[ids->live[t].n++] = all[i];
	}
	for (uint32_t i = 0; i < BURST; i++)
		order[i] = i;
	shuffle(order, BURST, &seed);
	for (uint32_t i = 0; i < BURST; i++)
		ids->order[i] = (uint16_t)order[i];
	free(all);
}

static void empty(struct ids *ids)
{
	free(ids->live[0].id);
	free(ids->live[1].id);
	free(ids->impl);
}

static const struct mode { const char *name; slice_worker *work; } modes[] = {
	{ "pair", work_pair }, { "churn", work_churn }, { "burst", work_burst } };
static const struct { const char *name; uint32_t keep; } fills[] = {
	{ "0 %", 128 }, { "50 %", LAST / 2 }, { "99.9 %", LAST - LAST / 1000 } };

static void measure(struct bench *bench, struct ids *ids, const struct mode *mode, const char *occupied, unsigned threads)
{
	struct slice_job job[NALLOCATORS];
	struct bench_measure m = { .name = "pasid" };
	char variant[64];

	snprintf(variant, sizeof(variant), "%s, %s taken, %u thread%s", mode->name, occupied, threads, threads > 1 ? "s" : "");
	m.variant = variant;
	for (unsigned i = 0; i < NALLOCATORS; i++)
		job[i] = (struct slice_job){ .worker = { mode->work, threads > 1 ? mode->work : NULL },
					     .who = threads > 1 ? 2 : 0, .arg = &ids[i] };
	m.subject = job[0];
	m.floor = job[1];
	for (unsigned i = 2; i < NALLOCATORS; i++) {
		m.peer[i - 2] = allocators[i].name;
		m.peer_job[i - 2] = job[i];
	}
	bench_run(bench, &m);
}

void case_pasid(struct bench *bench)
{
	struct ids ids[NALLOCATORS];

	for (size_t o = 0; o < sizeof(fills) / sizeof(fills[0]); o++) {
		for (unsigned i = 0; i < NALLOCATORS; i++)
			fill(&ids[i], &allocators[i], fills[o].keep);
		for (size_t mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++)
			for (unsigned threads = 1; threads <= 2; threads++)
				measure(bench, ids, &modes[mode], fills[o].name, threads);
		for (unsigned i = 0; i < NALLOCATORS; i++)
			empty(&ids[i]);
	}
}
