/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * PASIDs, contexts, bonds and their callbacks: I17 (one owner), I19 (quarantine), I20 (one context per mm and device, counted), I21 (callbacks),
 * I22 (death), I24 (nothing that has ended comes back), and the moment at which I18 is judged.
 *
 * A bond begins with the entry that walks (or the bind that returns) and ends with BOND_END; what it leaves undone is written into its context,
 * because only FREE, the last step of the way out, makes an omission a fault. A context begins with ALLOC or WATCH and ends with FREE.
 */
#include "check/internal.h"

struct iovm__ck_bond *iovm__check_bond(const struct iovm_check *ck, uint32_t serial)
{
	return serial ? map_get(&ck->bonds, serial) : NULL;
}

static uint64_t entry_key(const struct iovm__ck_dev *dev, uint32_t pasid)
{
	return (uint64_t)dev->serial << 32 | pasid;
}

struct iovm__ck_bond *iovm__check_bond_at(const struct iovm_check *ck, const struct iovm__ck_dev *dev, uint32_t pasid)
{
	return dev ? map_get(&ck->entries, entry_key(dev, pasid)) : NULL;
}

struct iovm__ck_ctx *iovm__check_ctx(const struct iovm_check *ck, uint32_t serial)
{
	return serial ? map_get(&ck->contexts, serial) : NULL;
}

static struct iovm__ck_ctx *ctx_make(struct iovm_check *ck, uint32_t serial)
{
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, serial);

	if (!ctx && (ctx = iovm__check_alloc(ck, sizeof *ctx))) {
		ctx->serial = serial;
		ctx->pasid = IOVM_NO_PASID;
		ck->no_memory |= !map_put(&ck->contexts, serial, ctx);
	}
	return ctx;
}

static void ctx_del(struct iovm_check *ck, struct iovm__ck_ctx *ctx)
{
	struct iovm__ck_home *home;

	while ((home = ctx->homes)) {
		ctx->homes = home->next;
		if (ck && map_get(&ck->asids, (uint64_t)home->iommu << 32 | home->asid) == home)
			map_take(&ck->asids, (uint64_t)home->iommu << 32 | home->asid);
		free(home);
	}
	while (ctx->suspects)
		iovm__check_dev_put(ctx->suspect[--ctx->suspects].dev);
	free(ctx);
}

void iovm__check_ctx_put(struct iovm_check *ck, struct iovm__ck_ctx *ctx)
{
	if (ctx->allocated || ctx->bonds || ctx->open || ctx->callbacks || ctx->tokens || (ctx->watched && ctx->pasid == IOVM_NO_PASID))
		return;
	map_take(&ck->contexts, ctx->serial);
	ctx_del(ck, ctx);
}

static struct iovm__ck_home *home_make(struct iovm_check *ck, struct iovm__ck_ctx *ctx, unsigned iommu)
{
	struct iovm__ck_home *home;

	for (home = ctx->homes; home; home = home->next)
		if (home->iommu == iommu)
			return home;
	home = iovm__check_alloc(ck, sizeof *home);
	if (home) {
		home->iommu = (uint8_t)iommu;
		home->next = ctx->homes;
		ctx->homes = home;
	}
	return home;
}

static struct iovm__ck_bond *bond_make(struct iovm_check *ck, struct iovm__ck_dev *dev, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);

	if (bond || !rec->bond || !dev || !rec->context)
		return bond;
	IOVM__CHECKED(ck, 24);
	if (rec->pasid != IOVM_NO_PASID && (!ctx || !ctx->allocated))
		iovm__check_fail(ck, 24, "bond %u was made in context %u, which holds no PASID", (unsigned)rec->bond, (unsigned)rec->context);
	ctx = ctx_make(ck, rec->context);
	bond = iovm__check_alloc(ck, sizeof *bond);
	if (!ctx || !bond)
		return NULL;
	bond->serial = rec->bond;
	bond->pasid = rec->pasid;
	bond->dev = iovm__check_dev_get(dev);
	bond->ctx = ctx;
	bond->home = home_make(ck, ctx, rec->iommu);
	bond->since = dev->binding ? dev->binding_since : ck->ordinal;
	ctx->bonds++;
	bond->prev = &ck->all;
	bond->next = ck->all;
	if (bond->next)
		bond->next->prev = &bond->next;
	ck->all = bond;
	ck->no_memory |= !map_put(&ck->bonds, bond->serial, bond) || !map_put(&ck->entries, entry_key(dev, rec->pasid), bond);
	return bond;
}

static void bond_del(struct iovm_check *ck, struct iovm__ck_bond *bond)
{
	struct iovm__ck_ctx *ctx = bond->ctx;

	iovm__check_out(ck, bond, false);
	iovm__check_bond_gone(ck, bond);
	if (iovm__check_bond_at(ck, bond->dev, bond->pasid) == bond)
		map_take(&ck->entries, entry_key(bond->dev, bond->pasid));
	map_take(&ck->bonds, bond->serial);
	*bond->prev = bond->next;
	if (bond->next)
		bond->next->prev = bond->prev;
	if (bond->walking && bond->home)
		bond->home->walking--;
	ctx->bonds--;
	iovm__check_dev_put(bond->dev);
	free(bond);
	if (!ctx->allocated) {
		ctx->watched = false;
		iovm__check_ctx_put(ck, ctx);
	}
}

/* ---- the entry of a bond ---- */

static void walk(struct iovm_check *ck, struct iovm__ck_bond *bond, uint32_t asid)
{
	struct iovm__ck_home *home = bond->home;

	if (!home || bond->walking)
		return;
	bond->walking = bond->walked = true;
	bond->entry = bond->tlb = bond->atc = (struct iovm__ck_step){ .n = 0 };
	bond->quiet = bond->snap = bond->snap_ok = false;
	bond->walk_at = ck->ordinal;
	home->walking++;
	home->used = true;
	home->tlb = (struct iovm__ck_step){ .n = 0 };
	if (home->asid != asid)
		map_take(&ck->asids, (uint64_t)home->iommu << 32 | home->asid);
	home->asid = asid;
	iovm__check_asid(ck, home, asid);
	ck->no_memory |= !map_put(&ck->asids, (uint64_t)home->iommu << 32 | asid, home);
	if (!bond->ending && !bond->ctx->exiting)
		iovm__check_out(ck, bond, false);
}

static void quiet(struct iovm_check *ck, struct iovm__ck_bond *bond, uint32_t asid)
{
	if (asid)
		iovm__check_fail(ck, 18, "the quiet entry of bond %u keeps ASID %u: what the TLB holds under it goes on answering",
			(unsigned)bond->serial, (unsigned)asid);
	if (bond->quiet)
		return;
	if (bond->walking && bond->home)
		bond->home->walking--;
	bond->walking = false;
	bond->quiet = true;
	bond->quiet_at = ck->ordinal;
	iovm__check_out(ck, bond, true);
}

static void entry(struct iovm_check *ck, struct iovm__ck_dev *dev, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond), *old;

	if (rec->code == IOVM_TO_WALK && !bond) {
		old = dev && rec->pasid == IOVM_NO_PASID ? iovm__check_bond_at(ck, dev, rec->pasid) : NULL;
		bond = bond_make(ck, dev, rec);
		if (bond && old && old->quiet)
			bond_del(ck, old);
	}
	if (bond && rec->code == IOVM_TO_WALK)
		walk(ck, bond, rec->id);
	else if (bond)
		quiet(ck, bond, rec->id);
}

/* ---- bind, unbind, death ---- */

static void bind_ret(struct iovm_check *ck, struct iovm__ck_dev *dev, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond, *other;

	if (dev && dev->binding && !--dev->binding)
		dev->binding_since = 0;
	if (rec->code)
		return;
	bond = bond_make(ck, dev, rec);
	if (!bond)
		return;
	IOVM__CHECKED(ck, 20);
	IOVM__CHECKED(ck, 17);
	if (rec->pasid != bond->pasid || map_get(&ck->owners, rec->pasid) != bond->ctx)
		iovm__check_fail(ck, 17, "bind returned PASID %u, which context %u does not own", (unsigned)rec->pasid, (unsigned)rec->context);
	bond->bound = true;
	bond->has_cb |= rec->a != 0;
	bond->count++;
	if (rec->mm)
		bond->ctx->mm = rec->mm;
	for (other = ck->all; other; other = other->next) {
		if (other == bond || !other->bound || other->ending || other->ctx->exiting || other->ctx->mm != rec->mm || !other->ctx->allocated)
			continue;
		if (other->ctx != bond->ctx || other->dev == dev) {
			iovm__check_fail(ck, 20, "bind made bond %u in context %u although bond %u in context %u serves the same mm",
				(unsigned)bond->serial, (unsigned)bond->ctx->serial, (unsigned)other->serial, (unsigned)other->ctx->serial);
			break;
		}
	}
}

static void unbind_call(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);

	if (!bond)
		return;
	IOVM__CHECKED(ck, 20);
	if (bond->ending || !bond->count || rec->id != bond->count - 1)
		iovm__check_fail(ck, 20, "unbind leaves a count of %u for bond %u, which was bound %u times", (unsigned)rec->id,
			(unsigned)bond->serial, (unsigned)bond->count);
	if (bond->count)
		bond->count--;
	if (!rec->id) {
		bond->ending = true;
		iovm__check_out(ck, bond, true);
	}
}

static void unbind_ret(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);

	if (!bond || rec->id)
		return;
	bond->unbind_done = true;
	bond->cut |= !rec->code;
	bond->idle = 0;
	bond->failed = !bond->cut && (rec->code == IOVM_E_TIMEDOUT || rec->code == IOVM_E_HARDWARE);
}

static void exit_ret(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);
	struct iovm__ck_bond *bond;

	if (!ctx)
		return;
	if (rec->code)
		return;
	IOVM__CHECKED(ck, 22);
	ctx->exited = true;
	for (bond = ck->all; bond; bond = bond->next)
		if (bond->ctx == ctx) {
			bond->cut = true;
			iovm__check_out(ck, bond, true);
		}
}

/* ---- callbacks and the end ---- */

static void shutdown_in(struct iovm_check *ck, struct iovm__ck_bond *bond)
{
	IOVM__CHECKED(ck, 22);
	if (bond->shutdown || bond->ending || bond->unbound)
		iovm__check_fail(ck, 21, "SHUTDOWN of bond %u %s", (unsigned)bond->serial,
			bond->shutdown ? "for the second time" : bond->unbound ? "after UNBOUND" : "after its last unbind was called");
	if (bond->walking && !bond->dev->gone)
		iovm__check_fail(ck, 22, "SHUTDOWN of bond %u while its device still reaches the mm", (unsigned)bond->serial);
	else if (!bond->ctx->exiting && !bond->dev->gone && !ck->iommu[bond->dev->iommu]->dead)
		iovm__check_fail(ck, 22, "SHUTDOWN of bond %u although neither its mm died nor its device went", (unsigned)bond->serial);
	bond->shutdown = true;
}

static void callback(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);

	IOVM__CHECKED(ck, 21);
	if (!bond) {
		iovm__check_fail(ck, 21, "a callback of bond %u after its end", (unsigned)rec->bond);
		return;
	}
	bond->callbacks++;
	bond->ctx->callbacks++;
	if (rec->code == IOVM_SHUTDOWN) {
		shutdown_in(ck, bond);
		return;
	}
	IOVM__CHECKED(ck, 35);
	IOVM__CHECKED(ck, 11);
	if (bond->unbound || !bond->ending)
		iovm__check_fail(ck, 21, "UNBOUND of bond %u %s", (unsigned)bond->serial, bond->unbound ? "for the second time" : "before its last unbind");
	else if (bond->open_lasts)
		iovm__check_fail(ck, 11, "UNBOUND of bond %u while %u of its groups have no answer", (unsigned)bond->serial, (unsigned)bond->open_lasts);
	bond->unbound = true;
}

static void callback_out(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);

	if (bond && bond->callbacks) {
		bond->callbacks--;
		bond->idle = 0;
	}
	if (ctx && ctx->callbacks)
		ctx->callbacks--;
}

static void bond_end(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);
	const char *missing;

	if (!bond)
		return;
	IOVM__CHECKED(ck, 11);
	if (bond->has_cb && bond->bound && !bond->unbound)
		iovm__check_fail(ck, 21, "bond %u ended without UNBOUND", (unsigned)bond->serial);
	if (bond->open_lasts && !bond->unbound)
		iovm__check_fail(ck, 11, "bond %u ended while %u of its groups have no answer", (unsigned)bond->serial, (unsigned)bond->open_lasts);
	bond->ctx->failed |= bond->failed && !bond->suspect && !iovm__check_cut_done(bond);	/* another call may have done it */
	missing = iovm__check_cut_missing(ck, bond);
	if (missing && !bond->ctx->bad) {
		bond->ctx->bad = missing;
		bond->ctx->bad_bond = bond->serial;
	}
	bond_del(ck, bond);
}

/* ---- PASIDs ---- */

static void alloc(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_ctx *ctx, *owner;

	if (rec->pasid == IOVM_NO_PASID)
		return;
	IOVM__CHECKED(ck, 17);
	owner = map_get(&ck->owners, rec->pasid);
	ctx = ctx_make(ck, rec->context);
	if (!ctx)
		return;
	if (owner)
		iovm__check_fail(ck, 17, "PASID %u was handed to context %u while context %u owns it", (unsigned)rec->pasid, (unsigned)ctx->serial,
			(unsigned)owner->serial);
	else if (!rec->pasid || rec->pasid >> IOVM_PASID_BITS)
		iovm__check_fail(ck, 17, "PASID %u is none that may be handed out", (unsigned)rec->pasid);
	ctx->allocated = true;
	ctx->pasid = rec->pasid;
	ck->no_memory |= !map_put(&ck->owners, rec->pasid, ctx);
}

/* Why the context may not be freed now, by I18; NULL: it may. Left open: partials and groups; live: bonds, callbacks, tokens */
static const char *held_by(const struct iovm__ck_ctx *ctx)
{
	return ctx->bonds ? "a bond of it has not ended" : ctx->open ? "requests of it are not closed" : ctx->callbacks ? "a callback of it runs" :
		ctx->tokens ? "a token of it is with the host" : ctx->bad ? ctx->bad : iovm__check_homes_missing(ctx);
}

/* A device that was not suspected is released once its cut was made again */
static void release_suspect(struct iovm_check *ck, struct iovm__ck_ctx *ctx, unsigned i)
{
	struct iovm__ck_dev *dev = ctx->suspect[i].dev;

	if (dev && dev->cleared < ctx->suspect[i].at && !iovm__check_aborted(dev) && !ck->iommu[dev->iommu]->dead)
		iovm__check_fail(ck, 19, "the quarantine of PASID %u ended although stream 0x%x was neither fenced, reset nor removed",
			(unsigned)ctx->pasid, (unsigned)dev->stream_id);
	iovm__check_dev_put(dev);
	ctx->suspect[i] = ctx->suspect[--ctx->suspects];
}

static void release(struct iovm_check *ck, struct iovm__ck_ctx *ctx, uint32_t bond)
{
	unsigned i;

	IOVM__CHECKED(ck, 19);
	for (i = ctx->suspects; i-- > 0;)
		if (!bond || ctx->suspect[i].bond == bond)
			release_suspect(ck, ctx, i);
	ctx->quarantined -= ctx->quarantined > 0;
}

static void quarantine(struct iovm_check *ck, struct iovm__ck_dev *dev, const struct iovm_trace *rec)
{
	struct iovm__ck_ctx *ctx = iovm__check_ctx(ck, rec->context);
	struct iovm__ck_bond *bond = iovm__check_bond(ck, rec->bond);

	IOVM__CHECKED(ck, 19);
	if (!ctx)
		return;
	ctx->quarantined++;
	ctx->was_quarantined = true;
	if (bond)
		bond->suspect = true;
	if (dev && dev->suspect && ctx->suspects < sizeof ctx->suspect / sizeof ctx->suspect[0]) {
		ctx->suspect[ctx->suspects].at = ck->ordinal;
		ctx->suspect[ctx->suspects].bond = rec->bond;
		ctx->suspect[ctx->suspects++].dev = iovm__check_dev_get(dev);
	}
}

static void free_pasid(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_ctx *ctx = map_get(&ck->owners, rec->pasid);
	const char *why;

	if (rec->pasid == IOVM_NO_PASID)
		return;
	IOVM__CHECKED(ck, 17);
	IOVM__CHECKED(ck, 18);
	if (!ctx || ctx->serial != rec->context) {
		iovm__check_fail(ck, 17, "context %u frees PASID %u, which it does not own", (unsigned)rec->context, (unsigned)rec->pasid);
		return;
	}
	why = held_by(ctx);
	if (ctx->failed || ctx->was_quarantined)
		IOVM__CHECKED(ck, 19);
	if (ctx->quarantined)
		iovm__check_fail(ck, 19, "PASID %u was freed out of quarantine", (unsigned)rec->pasid);
	else if (ctx->failed)
		iovm__check_fail(ck, 19, "PASID %u was freed without a quarantine although its cut had failed", (unsigned)rec->pasid);
	else if (why)
		iovm__check_fail(ck, 18, "PASID %u of context %u was freed although %s (bond %u)", (unsigned)rec->pasid, (unsigned)ctx->serial, why,
			(unsigned)ctx->bad_bond);
	map_take(&ck->owners, rec->pasid);
	ctx->allocated = false;
	iovm__check_ctx_put(ck, ctx);
}

void iovm__check_bonds(struct iovm_check *ck, const struct iovm_trace *rec)
{
	struct iovm__ck_dev *dev;
	struct iovm__ck_ctx *ctx;

	if (rec->event < IOVM_TR_BIND_CALL || rec->event > IOVM_TR_BOND_END)
		return;
	switch (rec->event) {
	case IOVM_TR_BIND_CALL:
		dev = iovm__check_dev(ck, rec->iommu, rec->stream_id);
		if (dev && !dev->binding++)
			dev->binding_since = ck->ordinal;
		break;
	case IOVM_TR_BIND_RET: bind_ret(ck, iovm__check_dev(ck, rec->iommu, rec->stream_id), rec); break;
	case IOVM_TR_UNBIND_CALL: unbind_call(ck, rec); break;
	case IOVM_TR_UNBIND_RET: unbind_ret(ck, rec); break;
	case IOVM_TR_EXIT_CALL:
		ctx = iovm__check_ctx(ck, rec->context);
		if (ctx)
			ctx->exiting = true;
		break;
	case IOVM_TR_EXIT_RET: exit_ret(ck, rec); break;
	case IOVM_TR_ALLOC: alloc(ck, rec); break;
	case IOVM_TR_FREE: free_pasid(ck, rec); break;
	case IOVM_TR_QUARANTINE: quarantine(ck, iovm__check_dev(ck, rec->iommu, rec->stream_id), rec); break;
	case IOVM_TR_RELEASE:
		ctx = iovm__check_ctx(ck, rec->context);
		if (ctx)
			release(ck, ctx, rec->bond);
		break;
	case IOVM_TR_WATCH:
		ctx = rec->code ? NULL : ctx_make(ck, rec->context);
		if (ctx) {
			ctx->mm = rec->mm;
			ctx->watched = true;
		}
		break;
	case IOVM_TR_UNWATCH:
		ctx = iovm__check_ctx(ck, rec->context);
		if (ctx) {
			ctx->watched = false;
			iovm__check_ctx_put(ck, ctx);
		}
		break;
	case IOVM_TR_ENTRY: entry(ck, iovm__check_dev(ck, rec->iommu, rec->stream_id), rec); break;
	case IOVM_TR_CB_IN: callback(ck, rec); break;
	case IOVM_TR_CB_OUT: callback_out(ck, rec); break;
	case IOVM_TR_BOND_END: bond_end(ck, rec); break;
	}
}

void iovm__check_bonds_end(struct iovm_check *ck)
{
	struct iovm__ck_bond *bond;
	uint32_t pasid, lost = 0, first = 0, i;

	IOVM__CHECKED(ck, 37);
	IOVM__CHECKED(ck, 17);
	for (bond = ck->all; bond; bond = bond->next) {
		if (bond->pasid == IOVM_NO_PASID)
			continue;
		if (bond->ctx->exited && bond->has_cb && !bond->shutdown && !bond->ending)
			iovm__check_fail(ck, 22, "the mm of bond %u died and nobody told its driver", (unsigned)bond->serial);
		else
			iovm__check_fail(ck, 37, "bond %u is left", (unsigned)bond->serial);
	}
	for (i = 0; ck->owners.cell && i <= ck->owners.mask; i++) {
		struct iovm__ck_ctx *ctx = ck->owners.cell[i].val;

		pasid = (uint32_t)ck->owners.cell[i].key;
		if (!ctx || ctx->quarantined || ctx->bonds)
			continue;
		first = !lost++ || pasid < first ? pasid : first;	/* the smallest: the map's order must not show */
	}
	if (lost)
		iovm__check_fail(ck, 17, "%u PASIDs are lost, the first is %u", (unsigned)lost, (unsigned)first);
}

static void ctx_free(void *val)
{
	ctx_del(NULL, val);
}

void iovm__check_bonds_fini(struct iovm_check *ck)
{
	struct iovm__ck_bond *bond;

	while ((bond = ck->all)) {
		ck->all = bond->next;
		iovm__check_dev_put(bond->dev);
		free(bond);
	}
	map_fini(&ck->contexts, ctx_free);
	map_fini(&ck->bonds, NULL);
	map_fini(&ck->entries, NULL);
	map_fini(&ck->asids, NULL);
	map_fini(&ck->owners, NULL);
}
