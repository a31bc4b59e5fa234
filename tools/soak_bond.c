/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Bonds as drivers see them, and the promises that hold for them: SHUTDOWN at most once, UNBOUND exactly once and last, n binds need n unbinds, NOT_BOUND
 * only for one too many. A record lives from its first bind until UNBOUND has come and no call names it any more. A bond that drains is not joined:
 * a further bind of the same pair gets a record of its own, and BUSY or a new bond.
 *
 * Of several threads that bind and unbind one pair nobody can tell which came first. So that a record still is of one bond, with --threads the last unbind is not
 * made while a bind of that record is under way; a bind beside the last unbind has a record of its own, may be told EXISTS, and nothing else is excused.
 */
#include <string.h>
#include "soak_work.h"

static struct bond *take(struct world *w, struct driver *d)
{
	struct bond *b = w->free;

	if (!b)
		return NULL;
	w->free = b->next;
	*b = (struct bond){ .next = d->bonds, .world = w, .drv = d };
	d->bonds = b;
	w->nbonds++;
	return b;
}

static void give(struct world *w, struct bond *b)
{
	struct bond **at = &b->drv->bonds;

	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	b->drv = NULL;
	b->next = w->free;
	w->free = b;
	w->nbonds--;
}

static void broken(struct world *w, const struct bond *b, const char *what)
{
	soak_fail(w->result, "%s (StreamID %#x, PASID %d, count %d) at step %llu", what, b->drv->stream_ids[0], b->pasid, b->count,
		  (unsigned long long)w->result->steps);
	w->stop = true;
}

static void conclude(struct world *w, struct bond *b)	/* after each event: is the record done with? */
{
	if (b->calls)
		return;
	if (b->unbound && b->count)
		broken(w, b, "UNBOUND came while binds stand");
	else if (b->unbound || (!b->count && (b->deaf || !b->bound)))
		give(w, b);
	b->raced = false;
}

static void callback(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg);

struct bond *bond_find(struct driver *d, void *mm)
{
	for (struct bond *b = d->bonds; b; b = b->next)
		if (b->mm == mm && !b->unbound && (b->count > 0 || b->binding))
			return b;
	return NULL;
}

static const uint64_t bind_errors = MAY(BUSY) | MAY(MM_DEAD) | MAY(NOT_READY) | MAY(PASID_WIDTH) | MAY(NO_PASID) | MAY(NO_ASID) | MAY(FULL);

static void check_pasid(struct world *w, const struct bond *b, int pasid)
{
	if (b->count > 1 && b->pasid != pasid)
		broken(w, b, "a further bind gave another PASID");
	if ((uint32_t)pasid >> b->drv->config.pasid_bits || (uint32_t)pasid >> w->config->pasid_bits || !pasid)
		broken(w, b, "bind gave a PASID that the device cannot carry");
}

int bond_bind(struct world *w, struct driver *d, struct space *s, void *mm)
{
	struct bond *b = bond_find(d, mm);
	struct op op = { .kind = OP_BIND, .drv = d, .space = s, .mm = mm };
	struct iovm_device *dev;
	iovm_bond_cb *cb;
	int ret;

	if (!b) {
		b = take(w, d);
		if (!b)
			return IOVM_E_NO_MEMORY;
		b->mm = mm;
		b->space = s;
		b->deaf = choose(w, 16, "bond.deaf") == 1;
	}
	op.bond = b;
	op_push(w, &op);
	b->binding++;
	b->raced |= b->calls > 1 && !w->crew;
	cb = b->deaf ? NULL : callback;
	dev = driver_device(d);
	ret = OUTSIDE(w, iovm_bind_mm(dev, mm, cb, b));
	b->binding--;
	op_pop(w, &op);
	if (ret >= 0) {
		b->count++;
		b->bound = true;
		check_pasid(w, b, ret);
		b->pasid = ret;
		if (w->crew)
			watch_bound(w, b, ret);
	} else {
		world_expect(w, "iovm_bind_mm", ret, bind_errors | (b->raced || w->crew ? MAY(EXISTS) : 0));
	}
	conclude(w, b);
	return ret;
}

/* One unbind too many is one of whatever bond the pair has by now: the engine is asked by (dev, mm) and knows nothing of our records. */
static struct bond *meant(struct bond *b)
{
	struct bond *now = b->count > 0 ? NULL : bond_find(b->drv, b->mm);

	return now ? now : b;
}

int bond_unbind(struct world *w, struct bond *of)
{
	struct bond *b = meant(of);
	struct op op = { .kind = OP_UNBIND, .drv = b->drv, .bond = b, .space = b->space, .mm = b->mm };
	struct iovm_device *dev = driver_device(b->drv);
	bool owed = b->count > 0;
	int ret;

	if (w->crew && (!owed || (b->count == 1 && b->binding)))
		return 0;
	op_push(w, &op);
	b->raced |= b->calls > 1 && !w->crew;
	b->count--;
	ret = OUTSIDE(w, iovm_unbind_mm(dev, op.mm));
	op_pop(w, &op);
	if (ret == IOVM_E_TIMEDOUT || ret == IOVM_E_HARDWARE)	/* with these it took effect, too */
		b->drv->unsure = true;
	else if (ret)
		b->count++;
	world_expect(w, "iovm_unbind_mm", ret, MAY(NOT_BOUND));
	if (ret == IOVM_E_NOT_BOUND && owed && !b->raced)
		broken(w, b, "unbind was refused though a bind stands");
	if (ret == 0 && !owed && !b->raced)
		broken(w, b, "one unbind too many went through");
	conclude(w, b);
	return ret;
}

bool bond_usable(const struct bond *b)
{
	return b->count > 0 && !b->shutdown && !b->stopped && !b->unbound;
}

bool bond_dead(const struct bond *b)
{
	return b->shutdown || b->drv->gone || (b->space && (!b->space->alive || b->space->mm != b->mm));
}

void bond_release(struct world *w, struct bond *b)
{
	if (b->count == 1 && !b->calls && !b->drv->gone && !b->stopped && choose(w, 4, "bond.stop") != 3) {
		b->stopped = true;
		iovm_sim_ep_stop(b->drv->ep, b->pasid);
	}
	bond_unbind(w, b);
}

static void told(struct world *w, struct iovm_device *dev, void *mm, enum iovm_bond_event event, struct bond *b)
{
	if (!b->drv || b->unbound || b->mm != mm || driver_device(b->drv) != dev) {
		soak_fail(w->result, "callback %d for a bond that is not the caller's (after UNBOUND, or another's) at step %llu", event,
			  (unsigned long long)w->result->steps);
		w->stop = true;
		return;
	}
	if (w->crew)
		watch_judge(w, 21, event != IOVM_SHUTDOWN || !b->shutdown, "SHUTDOWN came twice", b->drv->stream_ids[0], (uint32_t)b->pasid);
	b->calls++;
	if (event == IOVM_SHUTDOWN) {
		if (b->shutdown)
			broken(w, b, "SHUTDOWN came twice");
		b->shutdown = true;
		race_in_shutdown(w, b);
	} else {
		b->unbound = true;
		race_in_unbound(w, b);
	}
	b->calls--;
	conclude(w, b);
}

static void callback(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)	/* the engine calls: outside */
{
	struct bond *b = arg;
	struct world *w = b->world;

	if (w->crew)
		crew_back(w, 0);
	told(w, dev, mm, event, b);
	if (w->crew)
		crew_leave(w);
}

/* ---- F47: every PASID that the device can carry is in use ----------------------------------------------------------------- */

static void let_go(struct world *w, void **mm, unsigned n, struct driver *d)	/* in an order of chance, so that ids come back in one */
{
	for (; n; n--) {
		unsigned i = choose(w, n, "exhaust.order");
		struct bond *b = bond_find(d, mm[i]);
		if (b)
			bond_release(w, b);
		world_expect(w, "iovm_sim_mm_kill", iovm_sim_mm_kill(mm[i]), 0);
		iovm_sim_mm_put(mm[i]);
		mm[i] = mm[n - 1];
	}
}

void bond_exhaust(struct world *w, struct driver *d)
{
	void *mm[TEMPORARIES];
	unsigned n = 0;
	int ret = 0;

	while (n < TEMPORARIES && ret >= 0) {
		mm[n] = iovm_sim_mm_new(w->sim);
		if (!mm[n])
			break;
		ret = bond_bind(w, d, NULL, mm[n++]);
	}
	if (ret == IOVM_E_NO_PASID)
		iovm_sim_injected(w->sim, 47, d->ep);
	let_go(w, mm, n, d);
}
