/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Everything at random, out of one fixed sequence of numbers, and in each other's way. No two draws are arguments of one call: compilers differ in which comes first. */
#include "chapters.h"
#include "check.h"

static struct engine *any_engine(void) { return &traffic.engine[chance(ENGINES)]; }
static struct space *any_space(void) { return &memory.space[chance(SPACES)]; }

static bool overlap(const struct transfer *a, const struct transfer *b)
{
	return a->e->space == b->e->space && (a->to_memory || b->to_memory) && a->va / PAGE <= (b->va + b->length - 1) / PAGE &&
	       b->va / PAGE <= (a->va + a->length - 1) / PAGE;
}

static void transfers(void)
{
	struct transfer t[ENGINES];
	unsigned i, n = 0;

	for (i = 0; i < ENGINES; i++) {
		struct engine *e = &traffic.engine[i];
		unsigned page;

		if (!e->space || (n && !chance(3)))
			continue;
		page = chance(PAGES);
		t[n++] = transfer_at(e, page, chance(2));
	}
	if (!n) {
		engine_blocked(any_engine());
	} else if (n == 2 && overlap(&t[0], &t[1])) {
		transfer_run(&t[0], 1);
		transfer_run(&t[1], 1);
	} else {
		transfer_run(t, n);
	}
}

static void evict(void)
{
	struct space *s = any_space();
	unsigned i = chance(PAGES);

	if (s->page[i].frame)
		space_evict(s, i);
}

static void clean(void)
{
	struct space *s = any_space();

	space_clean(s, chance(PAGES));
}

static void unmap(void)
{
	static const unsigned lengths[] = { 1, 3, 17, 600 };
	uint64_t first = page_va(chance(PAGES)), last = first + (uint64_t)lengths[chance(4)] * PAGE - 1;

	if (chance(8))
		space_unmap_range(any_space(), first, last);
	else
		space_unmap_range(any_space(), 0, UINT64_MAX);
}

static void move(void)
{
	struct engine *e = any_engine();

	engine_switch(e, chance(8) ? any_space() : NULL);
}

static void die(void)
{
	unsigned i = chance(SPACES);

	space_replace(&memory.space[i], chance(4) ? &memory.space[(i + 1) % SPACES] : NULL);
}

static void replug(void)
{
	struct engine *e = any_engine();

	engine_remove(e);
	if (chance(2))
		engine_blocked(e);
	serve_notices();
	expect(engine_add(e, any_space()) == 0, "iovm_device_add");
}

static void reset(void)
{
	struct engine *e = any_engine();
	struct space *s = any_space();

	expect(iovm_device_reset_begin(e->dev) == 0, "iovm_device_reset_begin");
	engine_blocked(e);
	if (chance(2))
		engine_switch(e, s);	/* in force once the reset is done */
	expect(iovm_device_reset_done(e->dev, true) == 0, "iovm_device_reset_done");
}

static void flood(void)
{
	struct engine *e = any_engine();
	struct transfer t = illegal_write(e, 1 + chance(EDU_MAX));

	if (e->space)
		transfer_refused(&t);
}

static void spoilt(void)
{
	static const enum log_kind kinds[] = { LOG_CFGI, LOG_TLBI, LOG_SYNC };
	static void (*const under[])(void) = { move, unmap, replug, reset, die };

	command_log.spoil = kinds[chance(3)];
	under[chance(5)]();
	command_log.spoil = LOG_NONE;
}

static const struct { void (*run)(void); unsigned share; } operation[] = {
	{ transfers, 645 }, { evict, 80 }, { clean, 70 }, { unmap, 40 }, { move, 40 }, { flood, 30 }, { die, 15 }, { replug, 15 }, { reset, 15 }, { spoilt, 50 },
};

void random_operations(unsigned n)
{
	unsigned long transfers_before = traffic.transfers;
	unsigned i, k;
	uint32_t draw;

	for (i = 0; i < n; i++) {
		draw = chance(1000);
		for (k = 0; draw >= operation[k].share; k++)
			draw -= operation[k].share;
		operation[k].run();
		if (i % 64 == 0)
			memory_audit();
	}
	memory_audit();
	board_say("      %u operations, %lu transfers, %lu started, %lu faults served out of %lu events, %lu times events lost\n", n,
		  traffic.transfers - transfers_before, traffic.attempts, traffic.faults, traffic.records, traffic.lost);
	board_say("      %lu pages brought in, %lu made writable, %lu evicted; %lu spaces died\n", memory.maps, memory.upgrades, memory.evictions, memory.deaths);
	expectations("random operations");
}
