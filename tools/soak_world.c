/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Setting the scene and choosing whose turn it is. One step is one choice: a move of the machine (most of them), a transfer, a move of some space's
 * owner, or a move of some driver. Going to a quiet point ("ebb") there is no new work: drivers unbind, reset what must be reset and plug in
 * what is missing, until nothing is bound, draining or held back.
 */
#include "soak_work.h"

#define CALM 16		/* looks in a row */
#define STALLS 256u	/* outstanding behind one IOMMU: as many as the machine allows */

#define PRIQ_ABT_ERR 3u		/* bit of GERROR: page requests were lost, nobody knows whose (IHI 0070, 8.2) */

/* Whose device this is. A notice may come before iovm_device_add() has returned: then it is of one that is just being plugged in */
static bool is_device_of(const struct world *w, const struct driver *d, const struct iovm_device *dev)
{
	if (d->ep || !d->lifecycle)
		return driver_device(d) == dev;
	for (unsigned i = 0; i < w->ndrv; i++)
		if (driver_device(&w->drv[i]) == dev)
			return false;
	return true;
}

static void notice(void *ctx, struct iovm_device *dev, const struct iovm_notice *what)
{
	struct world *w = ctx;

	for (unsigned i = 0; what->what == IOVM_IOMMU_ERROR && what->code == PRIQ_ABT_ERR && i < w->ndrv; i++)
		w->drv[i].reset_wanted |= w->drv[i].ep && !w->drv[i].gone;
	for (unsigned i = 0; dev && what->what == IOVM_RESET_WANTED && i < w->ndrv; i++)
		if (is_device_of(w, &w->drv[i], dev))
			w->drv[i].reset_wanted = true;
}

void op_push(struct world *w, struct op *op)
{
	if (!w->crew) {		/* only where calls nest is there an innermost one */
		op->outer = w->op;
		w->op = op;
	}
	if (op->drv)
		op->drv->calls++;
	if (op->bond)
		op->bond->calls++;
	if (op->space)
		op->space->calls++;
}

void op_pop(struct world *w, struct op *op)
{
	if (!w->crew)
		w->op = op->outer;
	if (op->drv)
		op->drv->calls--;
	if (op->bond)
		op->bond->calls--;
	if (op->space)
		op->space->calls--;
}

#define F(n) (UINT64_C(1) << (n))
/* Under these a device or an IOMMU may leave a command without its effect, and under those memory may be refused */
static const uint64_t hardware_faults = F(16) | F(17) | F(19) | F(31) | F(32) | F(33) | F(34) | F(35) | F(37) | F(42) | F(43) | F(56) | F(59);
static const uint64_t memory_faults = F(40) | F(59);

void world_expect(struct world *w, const char *call, int err, uint64_t allowed)
{
	if (err >= 0)
		return;
	if (w->inject & hardware_faults)
		allowed |= MAY(TIMEDOUT) | MAY(HARDWARE);
	if (w->inject & memory_faults)
		allowed |= MAY(NO_MEMORY);
	if (w->inject & F(59))		/* a backend's entry() may say so of any table */
		allowed |= MAY(FORMAT);
	if (err > -64 && allowed >> -err & 1)
		return;
	soak_fail(w->result, "%s returned %d at step %llu: %s", call, err, (unsigned long long)w->result->steps, iovm_strerror(err));
	w->stop = true;
}

/* ---- the cast ---------------------------------------------------------------------------------------------------------- */

static void draw_function(struct world *w, struct driver *d, unsigned i)
{
	struct iovm_sim_ep_config *c = &d->config;
	unsigned width = w->config->pasid_bits;
	bool narrow = i == 1 || (w->ndrv == 1 && chance(w, 2, "shape.narrow"));

	c->size = sizeof(*c);
	c->pasid_bits = (uint8_t)(narrow ? (width < 2 ? width : 2) : choose(w, 4, "shape.width") ? 20 : width);
	c->stu = choose(w, 8, "shape.stu") == 1 ? 1 : 0;
	c->nstream_ids = choose(w, 4, "shape.streams") == 1 ? 2 : 1;
	c->stream_ids = d->stream_ids;
	for (unsigned s = 0; s < c->nstream_ids; s++)
		d->stream_ids[s] = 0x100 + i * 4 + s;
	c->flags = IOVM_DEV_TRUSTED;
	c->flags |= choose(w, 2, "shape.ats") ? IOVM_DEV_ATS : 0;
	c->flags |= choose(w, 2, "shape.response") ? IOVM_DEV_RESPONSE_PASID : 0;
	c->flags |= choose(w, 3, "shape.exec") == 1 ? IOVM_DEV_EXEC : 0;
	c->flags |= choose(w, 4, "shape.priv") == 1 ? IOVM_DEV_PRIV : 0;
	c->honest = i && choose(w, 6, "shape.honest") == 1;
}

static bool draw_stall(struct world *w, unsigned i)
{
	switch (w->config->kinds) {
	case SOAK_KINDS_STALL: return true;
	case SOAK_KINDS_MIXED: return i % 3 == 2;
	default: return false;
	}
}

static void draw_place(struct world *w, struct driver *d, unsigned i)
{
	unsigned iommus = w->config->iommus;
	struct driver *pf = i >= iommus ? d - iommus : NULL;	/* the one before it behind the same IOMMU */

	d->config.iommu = i % iommus;
	d->config.stall = draw_stall(w, i);
	if (d->config.stall) {
		d->config.flags &= ~(uint32_t)(IOVM_DEV_ATS | IOVM_DEV_RESPONSE_PASID);
		d->config.stu = 0;
	}
	while (pf && pf->pf)
		pf = pf->pf;
	if (pf && !d->config.stall && !pf->config.stall && choose(w, 3, "shape.vf") == 1) {
		d->pf = pf;
		pf->nvfs++;
	}
}

/* What a device may have outstanding: what there is behind its IOMMU, divided among those that take from it. The last ones may have to do without. */
static void share(struct world *w, unsigned iommu, bool stall, unsigned room)
{
	unsigned units = 0;

	for (unsigned i = 0; i < w->ndrv; i++)
		units += w->drv[i].config.iommu == iommu && !w->drv[i].pf && w->drv[i].config.stall == stall;
	for (unsigned i = 0; i < w->ndrv; i++) {
		struct driver *d = &w->drv[i];
		unsigned most = room / (units ? units : 1);
		if (d->config.iommu != iommu || d->pf || d->config.stall != stall)
			continue;
		most = most > MAX_CREDITS ? MAX_CREDITS : most;
		d->config.credits = (uint16_t)(most ? most - choose(w, (most + 1) / 2, "shape.credits") : room > 0);
		room -= d->config.credits;
		units--;
	}
}

static void share_all(struct world *w, unsigned iommu)
{
	unsigned size = 1u << w->config->priq_log2;

	share(w, iommu, false, size - (size / 16 ? size / 16 : 1));
	share(w, iommu, true, STALLS);
}

static void draw_cast(struct world *w)
{
	for (unsigned i = 0; i < w->ndrv; i++) {
		draw_function(w, &w->drv[i], i);
		draw_place(w, &w->drv[i], i);
	}
	for (unsigned i = 0; i < w->config->iommus; i++)
		share_all(w, i);
}

static bool allocate(struct world *w)
{
	unsigned spaces = w->nspaces + w->ndomains, bonds = w->ndrv * (w->nspaces + TEMPORARIES) * 2;

	w->drv = calloc(w->ndrv, sizeof(*w->drv));
	w->space = calloc(spaces, sizeof(*w->space));
	w->pool = calloc(bonds, sizeof(*w->pool));
	if (!w->drv || !w->space || !w->pool)
		return false;
	for (unsigned i = 0; i < bonds; i++) {
		w->pool[i].next = w->free;
		w->free = &w->pool[i];
	}
	return true;
}

struct world *world_new(const struct soak_config *c, struct soak_result *r, const struct iovm_sim_config *machine)
{
	struct iovm_sim_config sim = *machine;
	struct world *w = calloc(1, sizeof(*w));
	struct iovm_port port = { .ctx = w, .notice = notice };

	if (!w)
		return NULL;
	w->config = c;
	w->result = r;
	w->inject = machine->inject;
	w->ndrv = c->devices;
	w->nspaces = c->mms;
	w->ndomains = 2;
	sim.port = &port;
	sim.max_mms = (w->nspaces + w->ndomains + TEMPORARIES) * 2;
	if (c->threads > 1 && crew_new(w, c->threads, &sim, &port))
		w->sim = NULL;
	else
		w->sim = allocate(w) ? iovm_sim_new_config(&sim) : NULL;
	if (!w->sim) {
		world_free(w);
		return NULL;
	}
	w->sys = iovm_sim_system(w->sim);
	if (!w->crew)
		iovm_sim_on_wait(w->sim, race_on_wait, w);
	for (unsigned i = 0; i < w->nspaces + w->ndomains; i++)
		space_fill(w, &w->space[i]);
	draw_cast(w);
	return w;
}

void world_free(struct world *w)
{
	crew_del(w);
	free(w->drv);
	free(w->space);
	free(w->pool);
	free(w);
}

/* ---- whose turn ---------------------------------------------------------------------------------------------------------- */

static struct driver *any_driver(struct world *w)
{
	return &w->drv[choose(w, w->ndrv, "soak.driver")];
}

/* One with something to transfer for, rather: of many devices few are bound at a time */
static struct driver *busy_driver(struct world *w)
{
	struct driver *d = any_driver(w);

	for (unsigned i = w->ndrv / 16; i && !d->bonds; i--)
		d = any_driver(w);
	return d;
}

static void idle(struct world *w)	/* nothing moves but time */
{
	iovm_sim_advance(w->sim, 1000u << choose(w, 8, "soak.idle"));
}

void world_turn(struct world *w)
{
	unsigned turn = w->ebb ? 14 : choose(w, 20, "soak.turn");

	if (turn < 10)
		driver_dma(w, any_driver(w));
	else if (turn < 14)
		space_turn(w, &w->space[choose(w, w->nspaces + w->ndomains, "soak.space")]);
	else
		driver_turn(w, any_driver(w));
}

static void flood_step(struct world *w)
{
	unsigned turn = choose(w, 64, "soak.turn");

	if (turn < 44) {
		if (!iovm_sim_step(w->sim))
			driver_dma(w, busy_driver(w));
	} else if (turn < 54) {
		driver_dma(w, busy_driver(w));
	} else if (turn < 58) {
		space_turn(w, &w->space[choose(w, w->nspaces + w->ndomains, "soak.space")]);
	} else {
		driver_turn(w, any_driver(w));
	}
}

static void ebb_step(struct world *w)
{
	unsigned turn = choose(w, 16, "soak.ebb");

	if (turn == 15)		/* patience of those who hold something runs out, however busy a device that never stops is */
		idle(w);
	else if (turn > 10)
		driver_turn(w, any_driver(w));
	else if (!iovm_sim_step(w->sim))
		idle(w);
}

void world_step(struct world *w)
{
	if (w->crew)
		crew_step(w);
	else if (w->ebb)
		ebb_step(w);
	else
		flood_step(w);
}

static bool looks_quiet(struct world *w)
{
	struct iovm_stats s = { .size = sizeof(s) };

	if (w->nbonds || (w->crew && !crew_idle(w)))
		return false;
	for (unsigned i = 0; i < w->ndrv; i++)
		if (!driver_ready(&w->drv[i]))
			return false;
	for (unsigned i = 0; i < w->nspaces + w->ndomains; i++)
		if (w->space[i].alive && iovm_sim_mm_watched(w->space[i].mm))
			return false;
	iovm_stats(w->sys, &s);
	return !s.bonds && !s.pasids_live && !s.pasids_quarantined && !s.tokens;
}

/*
 * Entry 0 of spaces that died earlier drains where no counter shows it, hence several looks; with threads a servicer may sleep through them all, so what it still has to
 * do is asked. At last a driver's call that changes nothing: the engine gives memory back in such calls only.
 */
bool world_quiet(struct world *w)
{
	struct iovm_device *dev;

	w->calm = looks_quiet(w) ? w->calm + 1 : 0;
	if (w->calm < CALM)
		return false;
	dev = driver_device(&w->drv[0]);
	world_expect(w, "iovm_device_init", OUTSIDE(w, iovm_device_init(dev)), 0);
	w->calm = 0;
	return true;
}
