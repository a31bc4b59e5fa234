/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Drivers as actors. A driver looks at the state of its device and does the next thing: plug in, init, bind, let go of what is dead, reset what
 * must be reset, now and then start over or leave. Drivers of one bus are serialised in what concerns a device's life (lifecycle), not in bind
 * and unbind.
 *
 *   not plugged in > plugged in (entry 0, perhaps ATS) > inited (bonds) > ... shutdown > removed
 *   pulled out (gone): its bonds are told, unbound and drained, then the handle is deleted and another device may be plugged in
 */
#include "soak_work.h"

struct iovm_device *driver_device(const struct driver *d)
{
	return d->ep ? iovm_sim_ep_device(d->ep) : NULL;
}

bool driver_ready(const struct driver *d)
{
	return d->ep && d->inited && !d->domain && !d->gone && !d->reset_wanted && d->goal == GOAL_WORK && !d->calls;
}

static void life_push(struct world *w, struct op *op)
{
	op_push(w, op);
	op->drv->lifecycle++;
}

static void life_pop(struct world *w, struct op *op)
{
	op->drv->lifecycle--;
	op_pop(w, op);
}

/* ---- plugged in, and out -------------------------------------------------------------------------------------------------- */

static struct space *pick_domain(struct world *w)	/* NULL: entry 0 blocked */
{
	unsigned n = choose(w, w->ndomains + 1, "driver.domain");
	struct space *s = n ? &w->space[w->nspaces + n - 1] : NULL;

	return s && s->alive ? s : NULL;
}

static void plug_in(struct world *w, struct driver *d)
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	struct space *s = pick_domain(w);
	int err = 0;

	if (d->pf && (!d->pf->ep || d->pf->gone || d->pf->goal == GOAL_LEAVE))
		return;
	op.space = s;
	d->config.mm = s ? s->mm : NULL;
	d->config.pf = d->pf ? d->pf->ep : NULL;
	d->reset_wanted = d->unsure = false;
	life_push(w, &op);
	d->ep = iovm_sim_ep_new_config(w->sim, &d->config, &err);
	life_pop(w, &op);
	d->error = err;
	if (!d->ep)
		world_expect(w, "iovm_device_add", err, MAY(BUSY) | MAY(NO_ASID) | MAY(FULL) | MAY(MM_DEAD) | MAY(NO_CREDITS) | MAY(PF_FIRST));
	d->inited = d->gone = d->leaving = false;
	d->goal = GOAL_WORK;
	d->issued = 0;
	d->domain = s;
	d->domain_mm = d->config.mm;
}

static void take_out(struct world *w, struct driver *d)
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	int err;

	life_push(w, &op);
	err = iovm_sim_ep_del(d->ep);
	life_pop(w, &op);
	d->error = err;
	world_expect(w, "iovm_device_del", err, MAY(BUSY));
	if (err) {
		d->leaving |= err != IOVM_E_BUSY;	/* half way out: only del goes on from here */
		return;
	}
	if (w->crew)
		watch_forget(w, d);
	d->ep = NULL;
	d->inited = d->gone = d->leaving = false;
	d->goal = GOAL_WORK;
}

static bool has_vfs(const struct world *w, const struct driver *d)	/* or one is just being plugged in */
{
	for (unsigned i = 0; d->nvfs && i < w->ndrv; i++)
		if (w->drv[i].pf == d && (w->drv[i].ep || w->drv[i].lifecycle))
			return true;
	return false;
}

bool driver_steady(const struct world *w, const struct driver *d)
{
	for (unsigned i = 0; d->nvfs && i < w->ndrv; i++)
		if (w->drv[i].pf == d && w->drv[i].lifecycle)
			return false;
	return d->ep && !d->gone && !d->leaving && !d->lifecycle;
}

void driver_remove(struct world *w, struct driver *d)
{
	struct op op = { .kind = OP_OTHER, .drv = d };

	for (unsigned i = 0; d->nvfs && i < w->ndrv; i++)
		if (w->drv[i].pf == d && w->drv[i].ep && !w->drv[i].gone)
			driver_remove(w, &w->drv[i]);
	d->gone = true;
	d->reset_wanted = false;
	op_push(w, &op);
	world_expect(w, "iovm_device_gone", iovm_sim_ep_remove(d->ep), 0);
	op_pop(w, &op);
}

void driver_reset(struct world *w, struct driver *d, bool ok)
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	int err;

	d->reset_wanted = false;
	life_push(w, &op);
	err = iovm_sim_ep_reset(d->ep, ok);
	life_pop(w, &op);
	d->error = err;
	world_expect(w, "iovm_device_reset", err, MAY(BUSY) | (d->gone ? MAY(INVAL) : 0));
	d->reset_wanted |= (!ok || err) && !d->gone;
	d->issued = iovm_sim_dma_done(d->ep) + iovm_sim_dma_failed(d->ep);
}

/* ---- between: SVA on and off, ATS, entry 0 -------------------------------------------------------------------------------- */

static void init(struct world *w, struct driver *d)
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	struct iovm_device *dev = driver_device(d);
	int err;

	life_push(w, &op);
	err = OUTSIDE(w, iovm_device_init(dev));
	life_pop(w, &op);
	d->error = err;
	world_expect(w, "iovm_device_init", err, MAY(BUSY) | (d->pf ? MAY(PF_FIRST) : 0));
	d->inited = !err;
}

int driver_shutdown(struct world *w, struct driver *d)
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	struct iovm_device *dev = driver_device(d);
	int err;

	life_push(w, &op);
	err = OUTSIDE(w, iovm_device_shutdown(dev));
	life_pop(w, &op);
	world_expect(w, "iovm_device_shutdown", err, MAY(BUSY));
	if (!err)
		d->inited = false;
	return err;
}

static void ats(struct world *w, struct driver *d)
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	struct iovm_device *dev = driver_device(d);
	bool on;

	if (d->config.stall)
		return;
	life_push(w, &op);
	on = choose(w, 2, "driver.ats");
	world_expect(w, "iovm_device_ats", OUTSIDE(w, iovm_device_ats(dev, on)), MAY(BUSY));
	life_pop(w, &op);
}

static void attach(struct world *w, struct driver *d, struct space *s)	/* NULL: block */
{
	struct op op = { .kind = OP_OTHER, .drv = d };
	struct iovm_device *dev = driver_device(d);
	void *mm = s ? s->mm : NULL;
	int err;

	op.space = s;
	life_push(w, &op);
	err = OUTSIDE(w, iovm_device_attach(dev, mm));
	life_pop(w, &op);
	world_expect(w, "iovm_device_attach", err, MAY(BUSY) | MAY(NO_ASID) | MAY(FULL) | MAY(MM_DEAD) | (d->gone ? MAY(NOT_READY) : 0));
	d->unsure |= err == IOVM_E_TIMEDOUT || err == IOVM_E_HARDWARE;
	if (!err) {
		d->domain = s;
		d->domain_mm = mm;
	}
}

static bool domain_dead(const struct driver *d)
{
	return d->domain && (!d->domain->alive || d->domain->mm != d->domain_mm);
}

/* ---- bonds ----------------------------------------------------------------------------------------------------------------- */

static struct bond *pick_bond(struct world *w, struct driver *d)
{
	struct bond *b = d->bonds;
	unsigned n = 0;

	for (struct bond *at = b; at; at = at->next)
		n++;
	for (n = n ? choose(w, n, "driver.bond") : 0; n; n--)
		b = b->next;
	return b;
}

static struct bond *dead_bond(const struct driver *d)
{
	for (struct bond *b = d->bonds; b; b = b->next)
		if (b->count > 0 && bond_dead(b))
			return b;
	return NULL;
}

static struct bond *live_bond(const struct driver *d)
{
	for (struct bond *b = d->bonds; b; b = b->next)
		if (b->count > 0)
			return b;
	return NULL;
}

static void bind_or_unbind(struct world *w, struct driver *d)
{
	struct bond *b = pick_bond(w, d);
	struct space *s;

	if (b && b->count > 0 && choose(w, 3, "driver.unbind") == 2) {
		bond_release(w, b);
		return;
	}
	s = space_pick(w);
	if (s)
		bond_bind(w, d, s, s->mm);
}

/* ---- turns ------------------------------------------------------------------------------------------------------------------ */

static void send_vfs_away(struct world *w, struct driver *d)
{
	for (unsigned i = 0; i < w->ndrv; i++)
		if (w->drv[i].pf == d && w->drv[i].ep)
			w->drv[i].goal = GOAL_LEAVE;
}

/* On the way out or to a fresh start: everything unbound and drained, then the next step down. */
static void wind_down(struct world *w, struct driver *d)
{
	struct bond *b = live_bond(d);

	if (b) {
		bond_release(w, b);
		return;
	}
	if (d->nvfs && has_vfs(w, d)) {
		send_vfs_away(w, d);
		return;
	}
	if (d->bonds || d->lifecycle)
		return;
	if (d->inited && !d->gone && !d->leaving && driver_shutdown(w, d))
		return;
	if (d->gone || d->leaving || d->goal == GOAL_LEAVE) {
		if (!d->calls)
			take_out(w, d);
		return;
	}
	ats(w, d);
	attach(w, d, pick_domain(w));
	d->goal = GOAL_WORK;
}

static void change_plans(struct world *w, struct driver *d)
{
	switch (choose(w, 8, "driver.plans")) {
	case 0:
		d->goal = has_vfs(w, d) ? GOAL_WORK : GOAL_RESTART;
		break;
	case 1:
		d->goal = GOAL_LEAVE;
		break;
	case 2:
		if (driver_steady(w, d) && iovm_sim_fault(w->sim, 19, 2)) {
			driver_remove(w, d);
			iovm_sim_injected(w->sim, 19, NULL);
		}
		break;
	case 3:
	case 4:
		if (driver_steady(w, d) && iovm_sim_fault(w->sim, 20, 2)) {
			driver_reset(w, d, choose(w, 8, "driver.reset_fails") != 7);
			iovm_sim_injected(w->sim, 20, d->ep);
		}
		break;
	case 5:
		if (d->config.pasid_bits <= 2 && iovm_sim_fault(w->sim, 47, 1))
			bond_exhaust(w, d);
		break;
	default:
		if (!d->lifecycle)
			attach(w, d, pick_domain(w));
	}
}

static void ebb(struct world *w, struct driver *d)
{
	struct bond *b = live_bond(d);

	if (b)
		bond_release(w, b);
	else if (d->domain && !d->lifecycle)
		attach(w, d, NULL);
}

static void work(struct world *w, struct driver *d)
{
	struct bond *b = dead_bond(d);

	if (b)
		bond_release(w, b);
	else if (w->ebb)
		ebb(w, d);
	else if (!d->lifecycle && (domain_dead(d) || (!d->domain && choose(w, 8, "driver.domain") == 7)))
		attach(w, d, pick_domain(w));
	else if (choose(w, 32, "driver.turn") == 31)
		change_plans(w, d);
	else
		bind_or_unbind(w, d);
}

void driver_turn(struct world *w, struct driver *d)
{
	if (!d->ep) {
		if (!d->lifecycle)
			plug_in(w, d);
	} else if (d->gone || d->leaving) {
		wind_down(w, d);
	} else if (d->reset_wanted) {
		if (!d->lifecycle)
			driver_reset(w, d, choose(w, 8, "driver.reset_fails") != 7);
	} else if (d->goal != GOAL_WORK) {
		wind_down(w, d);
	} else if (!d->inited) {
		if (!d->lifecycle)
			init(w, d);
	} else {
		work(w, d);
	}
}

/* ---- transfers -------------------------------------------------------------------------------------------------------------- */

static void transfer(struct world *w, struct driver *d, const struct space *s, int pasid)
{
	const struct region *g = &s->region[choose(w, REGIONS, "dma.place")];
	uint64_t pages, offset;
	size_t len;

	for (unsigned i = 0; !g->mapped && i < REGIONS; i++)	/* into nothing only by chance */
		g = choose(w, 4, "dma.nothing") == 3 ? g : &s->region[i];
	pages = (g->last + 1 - g->first) / PAGE;
	offset = choose(w, (unsigned)pages, "dma.page") * PAGE;
	len = (size_t)(pages - offset / PAGE);
	len = (1 + choose(w, len > 8 ? 8 : (unsigned)len, "dma.pages")) * PAGE - choose(w, 3, "dma.short") * 64;
	if (!iovm_sim_dma(d->ep, pasid, g->first + offset, w->buf, len, g->prot & IOVM_WRITE ? choose(w, 2, "dma.write") : 0))
		d->issued++;
}

void driver_dma(struct world *w, struct driver *d)
{
	struct bond *b;

	if (!d->ep || d->gone || d->leaving || d->lifecycle || d->issued > iovm_sim_dma_done(d->ep) + iovm_sim_dma_failed(d->ep) + 4)
		return;
	if (d->domain && d->domain->alive && d->domain->mm == d->domain_mm && choose(w, 8, "dma.entry0") == 7) {
		transfer(w, d, d->domain, -1);
		return;
	}
	b = pick_bond(w, d);
	if (d->inited && b && bond_usable(b) && b->space && !bond_dead(b))
		transfer(w, d, b->space, b->pasid);
}
