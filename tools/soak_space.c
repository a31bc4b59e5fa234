/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The owners of address spaces: they map, unmap and change rights all the time, and now and then they die and another one takes the place.
 *
 * A space has eight places where a mapping can be, each of its own size and alignment: single pages, ranges that cross 2 MiB, one near the top of what
 * a table reaches. So invalidations of all shapes come about, and what a device finds at an address changes under its hands.
 */
#include "soak_work.h"

static const struct { uint64_t base; unsigned pages; } places[REGIONS] = {
	{ 0x10000, 1 }, { 0x20000, 4 }, { 0x40000, 16 }, { 0x1fe000, 4 }, { 0x400000, 64 }, { 0x3ffff000, 2 }, { 0x7f0000000000, 8 }, { 0x7ffffffe0000, 16 },
};

static const uint32_t rights[] = { IOVM_READ | IOVM_WRITE, IOVM_READ, IOVM_READ | IOVM_WRITE, IOVM_READ | IOVM_EXEC };

static void map(struct world *w, struct space *s, struct region *g)
{
	g->prot = rights[choose(w, 4, "space.rights")];
	g->mapped = iovm_sim_mm_map(s->mm, g->first, g->last, g->prot) != NULL;
}

/* The calls below hold s->mm in a variable of their own: while they wait, a race may kill the space, and its owner would start anew */
static void unmap(struct world *w, struct space *s, struct region *g)
{
	struct op op = { .kind = OP_OTHER, .space = s };

	g->mapped = false;
	op_push(w, &op);
	world_expect(w, "iovm_sim_mm_unmap", iovm_sim_mm_unmap(s->mm, g->first, g->last), 0);
	op_pop(w, &op);
}

static void unmap_part(struct world *w, struct space *s, struct region *g)	/* the owner hands back a page: the next access asks for a fresh one */
{
	uint64_t pages = (g->last + 1 - g->first) / PAGE, first = g->first + choose(w, (unsigned)pages, "space.page") * PAGE;
	struct op op = { .kind = OP_OTHER, .space = s };
	void *mm = s->mm;

	op_push(w, &op);
	world_expect(w, "iovm_sim_mm_unmap", iovm_sim_mm_unmap(mm, first, first + PAGE - 1), 0);
	if (s->alive && s->mm == mm)
		iovm_sim_mm_map(mm, first, first + PAGE - 1, g->prot);
	op_pop(w, &op);
}

static void protect(struct world *w, struct space *s, struct region *g)
{
	struct op op = { .kind = OP_OTHER, .space = s };

	g->prot = rights[choose(w, 4, "space.rights")];
	op_push(w, &op);
	world_expect(w, "iovm_sim_mm_protect", iovm_sim_mm_protect(s->mm, g->first, g->last, g->prot), 0);
	op_pop(w, &op);
}

void space_fill(struct world *w, struct space *s)
{
	s->mm = iovm_sim_mm_new(w->sim);
	s->alive = s->mm != NULL;
	for (unsigned i = 0; i < REGIONS && s->mm; i++) {
		s->region[i] = (struct region){ .first = places[i].base, .last = places[i].base + places[i].pages * PAGE - 1 };
		map(w, s, &s->region[i]);
	}
}

void space_kill(struct world *w, struct space *s)
{
	struct op op = { .kind = OP_EXIT, .space = s, .mm = s->mm };
	void *mm = s->mm;

	s->alive = false;
	op_push(w, &op);
	world_expect(w, "iovm_sim_mm_kill", iovm_sim_mm_kill(mm), 0);
	op_pop(w, &op);
	w->kills++;
}

/* The place of a dead space is free for a new one as soon as no call is on the stack that names the old one. */
static void replace(struct world *w, struct space *s)
{
	if (s->calls)
		return;
	if (s->mm)
		iovm_sim_mm_put(s->mm);
	space_fill(w, s);
}

void space_turn(struct world *w, struct space *s)
{
	struct region *g = &s->region[choose(w, REGIONS, "space.place")];

	if (!s->alive) {
		replace(w, s);
		return;
	}
	switch (choose(w, 32, "space.turn")) {
	case 31:
		if ((!s->calls || w->crew) && chance(w, 2, "space.dies"))
			space_kill(w, s);
		break;
	case 30:
	case 29:
		if (g->mapped)
			protect(w, s, g);
		break;
	case 28:
	case 27:
	case 26:
		if (g->mapped)
			unmap(w, s, g);
		break;
	default:
		if (g->mapped)
			unmap_part(w, s, g);
		else
			map(w, s, g);
	}
}

struct space *space_pick(struct world *w)
{
	struct space *s = &w->space[choose(w, w->nspaces, "space.pick")];

	return s->alive ? s : NULL;
}
