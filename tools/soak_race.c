/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What other threads do while one waits inside the engine, and what callbacks do that nobody told them to. The machine calls race_on_wait() wherever
 * another thread could run; what happens there runs to its end before the first thread goes on, which is one of the orders that real threads
 * have. Aimed races look at the innermost call on the stack: the address space that is being bound dies (F45), the bond that is being unbound is
 * unbound by somebody else, too, or its device is taken away under it (F60, F19).
 *
 * Depth is bounded to two, since a race inside a race inside a race shows nothing that two do not.
 */
#include "soak_work.h"

static void dies(struct world *w, struct space *s)
{
	if (!s || !s->alive || s >= w->space + w->nspaces)
		return;
	space_kill(w, s);
	iovm_sim_injected(w->sim, 45, NULL);
}

/* A process can die at any hand-over: before bind returns, during an unbind, twice at once, or while its fault is being served. */
static void death(struct world *w)
{
	struct op *op = w->op;

	if (op && op->kind == OP_EXIT) {
		world_expect(w, "iovm_mm_exit", iovm_mm_exit(w->sys, op->mm), 0);
		iovm_sim_injected(w->sim, 45, NULL);
	} else if (op && (op->kind == OP_BIND || op->kind == OP_UNBIND)) {
		dies(w, op->space && op->space->mm == op->mm ? op->space : NULL);
	} else {
		dies(w, space_pick(w));
	}
}

static void del_is_refused(struct world *w, struct driver *d)
{
	struct iovm_device *dev = driver_device(d);
	int err = OUTSIDE(w, iovm_device_del(dev));

	if (err != IOVM_E_BUSY) {
		soak_fail(w->result, "iovm_device_del beside a bond's call returned %d, not BUSY, at step %llu", err, (unsigned long long)w->result->steps);
		w->stop = true;
	}
}

/* Somebody else works on the bond that this call is about. */
static void teardown(struct world *w)
{
	struct op *op = w->op;
	struct driver *d = op ? op->drv : NULL;

	if (!op || (op->kind != OP_BIND && op->kind != OP_UNBIND) || d->gone || !op->bond)
		return;
	switch (choose(w, 4, "race.teardown")) {
	case 0:
		bond_unbind(w, op->bond);
		break;
	case 1:
		if (op->space && op->space->alive && op->space->mm == op->mm)
			bond_bind(w, d, op->space, op->mm);
		break;
	case 2:
		if (d->lifecycle)
			return;
		driver_shutdown(w, d);
		break;
	default:
		if (op->outer)
			return;
		del_is_refused(w, d);
	}
	iovm_sim_injected(w->sim, 60, d->ep);
}

static void pulled_out(struct world *w)
{
	struct driver *d = w->op && w->op->drv ? w->op->drv : &w->drv[choose(w, w->ndrv, "race.driver")];

	if (!driver_steady(w, d))
		return;
	driver_remove(w, d);
	iovm_sim_injected(w->sim, 19, NULL);
}

static void is_reset(struct world *w)
{
	struct driver *d = w->op && w->op->drv ? w->op->drv : &w->drv[choose(w, w->ndrv, "race.driver")];

	if (!driver_steady(w, d))
		return;
	driver_reset(w, d, true);
	iovm_sim_injected(w->sim, 20, d->ep);
}

static void somebody_else(struct world *w)	/* nothing wrong: a second thread at its own work */
{
	struct driver *d = &w->drv[choose(w, w->ndrv, "race.driver")];

	if (!w->ebb && choose(w, 2, "race.who"))
		space_turn(w, &w->space[choose(w, w->nspaces + w->ndomains, "race.space")]);
	else if (!d->calls)
		driver_turn(w, d);
}

void race_on_wait(void *world, unsigned depth)
{
	struct world *w = world;

	if (depth > 1 || w->stop)
		return;
	if (iovm_sim_fault(w->sim, 45, 128))
		death(w);
	else if (iovm_sim_fault(w->sim, 60, 32))
		teardown(w);
	else if (iovm_sim_fault(w->sim, 19, 2048))
		pulled_out(w);
	else if (iovm_sim_fault(w->sim, 20, 512))
		is_reset(w);
	else if (chance(w, 16, "race.else"))
		somebody_else(w);
}

/* ---- callbacks that call back (F51, F52) ------------------------------------------------------------------------------------ */

static void reenter_shutdown(struct world *w, struct bond *b)
{
	struct iovm_device *dev = driver_device(b->drv);
	void *mm = b->mm;
	int err = OUTSIDE(w, iovm_bind_mm(dev, mm, NULL, NULL));

	if (err >= 0) {
		soak_fail(w->result, "bind of an address space that is dying went through at step %llu", (unsigned long long)w->result->steps);
		w->stop = true;
	}
	world_expect(w, "iovm_bind_mm", err, MAY(MM_DEAD) | MAY(EXISTS) | MAY(BUSY) | MAY(NOT_READY) | MAY(PASID_WIDTH));
	world_expect(w, "iovm_mm_exit", OUTSIDE(w, iovm_mm_exit(w->sys, mm)), 0);
	world_expect(w, "iovm_invalidate", OUTSIDE(w, iovm_invalidate(w->sys, mm, 0, UINT64_MAX)), 0);
	del_is_refused(w, b->drv);
}

void race_in_shutdown(struct world *w, struct bond *b)
{
	if (iovm_sim_fault(w->sim, 45, 16))
		dies(w, space_pick(w));
	if (!b->drv->gone && iovm_sim_fault(w->sim, 51, 4)) {
		reenter_shutdown(w, b);
		iovm_sim_injected(w->sim, 51, b->drv->ep);
	}
	if (b->count > 0 && iovm_sim_fault(w->sim, 52, 2)) {
		while (b->count > 0 && !w->stop && !(w->crew && b->binding))
			bond_unbind(w, b);
		iovm_sim_injected(w->sim, 52, b->drv->ep);
	}
}

void race_in_unbound(struct world *w, struct bond *b)
{
	struct space *s = b->space;

	if (b->drv->gone || w->ebb || !b->drv->inited || !iovm_sim_fault(w->sim, 51, 4))
		return;
	if (s && s->alive && s->mm == b->mm)
		bond_bind(w, b->drv, s, s->mm);
	driver_shutdown(w, b->drv);
	iovm_sim_injected(w->sim, 51, b->drv->ep);
}
