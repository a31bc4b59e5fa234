/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Ranges. The caller has changed the table; a full fence, then the TLBs of all IOMMUs that walk it, then, behind their fences, the ATCs of all devices that
 * may hold translations. The bonds are read after the TLB fence and a full fence: a device that was let in meanwhile walked the new table (bind stores the entry
 * after it published the bond, with a full fence between: either we see the bond, or its first walk sees the change).
 *
 * Several IOMMUs or devices are asked at once and then waited for, AT_ONCE at a time, since their batches live on our stack. A fence that fails is shared with
 * others: who shared it asks again alone, and who fails alone is guilty.
 */
#include "inval/inval.h"

enum { AT_ONCE = 6 };	/* keeps each frame below 2 KiB, what kernels allow: a notifier calls deep in their stack */

struct flight {		/* one batch under way */
	struct iovm_iommu *iommu;
	struct iovm_device *dev;	/* whose ATC is asked; NULL: none */
	struct iovm__bond *bond;
	struct iovm__batch batch;
	bool anew;			/* by the one who said IOVM__CUT_ANEW */
	bool unproven;			/* the device was stopped at the bus; what the IOMMU has carried out is not known */
	unsigned n;
	struct iovm_cmd cmd[3];
};

unsigned iovm__atc_split(uint64_t first, uint64_t last, unsigned stu, uint64_t out[2][2])
{
	uint64_t page[2] = { first >> IOVM_PAGE_SHIFT, last >> IOVM_PAGE_SHIFT }, middle;
	unsigned span = bits_len64(page[0] ^ page[1]), size[2], i;

	if (span < stu)
		span = stu;
	size[0] = size[1] = span;
	if (span > stu + 1) {	/* the boundary that blows it up: each side by itself may be far smaller */
		middle = page[1] >> (span - 1) << (span - 1);
		size[0] = bits_len64(page[0] ^ (middle - 1));
		size[1] = bits_len64(middle ^ page[1]);
		for (i = 0; i < 2; i++)
			if (size[i] < stu)
				size[i] = stu;
	}
	if (size[0] + 1 >= span || size[1] + 1 >= span)
		size[0] = size[1] = span;
	if (size[0] >= 64 - IOVM_PAGE_SHIFT) {
		out[0][0] = 0;
		out[0][1] = UINT64_MAX;
		return 1;
	}
	for (i = 0; i < 2; i++) {
		out[i][0] = page[i] >> size[i] << size[i] << IOVM_PAGE_SHIFT;
		out[i][1] = out[i][0] + ((uint64_t)1 << size[i] << IOVM_PAGE_SHIFT) - 1;
	}
	return size[0] == span ? 1 : 2;
}

static void launch(struct flight *f)
{
	iovm__submit_post(f->iommu, &f->batch, f->cmd, f->n, false);
}

/* Wait for one; a failed ATC fence is asked for again alone, and blamed on its device if it fails again */
static int land(struct flight *f, unsigned *turn)
{
	int err = iovm__submit_settle(f->iommu, &f->batch, turn);

	f->unproven = err == IOVM_E_TIMEDOUT || err == IOVM_E_HARDWARE;	/* an ATC fence that failed stands behind fences that did not */
	if ((err == IOVM_E_ATC || err == IOVM_E_TIMEDOUT) && f->dev)
		err = iovm__device_suspect(f->dev, load_rlx(&f->batch.ticket));
	return err == IOVM_E_ATC ? IOVM_E_HARDWARE : err;
}

static void take_off(const struct flight *f, unsigned n)	/* all of them, before the first is waited for */
{
	for (; n; n--, f++)
		iovm__submit_pump(f->iommu);
}

static int land_all(struct flight *f, unsigned n, unsigned *turn)
{
	int err = 0, e;

	take_off(f, n);
	for (; n; n--, f++) {
		e = land(f, turn);
		err = err ? err : e;
	}
	return err;
}

static struct iovm_cmd tlb_command(const struct iovm__domain *d, const struct iovm_table *table, uint64_t first, uint64_t last)
{
	return (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = (uint8_t)table->format, .asid = load_rlx(&d->asid), .pasid = IOVM_NO_PASID,
				  .first = first, .last = last, .control = table->control };
}

static int tlb_phase(struct iovm__slot *slot, uint64_t first, uint64_t last, unsigned *turn)
{
	struct iovm__domain *d = load_acq(&slot->domains);
	struct flight f[AT_ONCE];
	int err = 0, e;
	unsigned n;

	while (d) {
		for (n = 0; d && n < AT_ONCE; d = d->next) {
			bool all;

			if (!load_acq(&d->asid))
				continue;
			all = (last - first) >> IOVM_PAGE_SHIFT >= d->iommu->be.range_pages;
			f[n] = (struct flight){ .iommu = d->iommu, .n = 1 };
			f[n].cmd[0] = tlb_command(d, &slot->table, all ? 0 : first, all ? UINT64_MAX : last);
			launch(&f[n++]);
		}
		e = land_all(f, n, turn);
		err = err ? err : e;
	}
	return err;
}

/*
 * A device that was set to abort is asked nothing, and holds nothing of ours once the IOMMU has taken note of it. A suspect is not waited for; of one that is
 * being reset or was fenced it is a matter of a fence, unless it was stopped or is gone. When the reset is over it holds nothing either.
 */
static int aborted_reach(struct iovm_device *dev, unsigned *turn)
{
	const struct iovm_port *port = dev->iommu->port;
	unsigned state;

	do {
		state = iovm__device_state(dev);
		if (state & IOVM__DEV_SUSPECT)
			return iovm__device_aborted(dev) ? 0 : IOVM_E_TIMEDOUT;
		if (!(state & IOVM__DEV_ATS) || !(state & IOVM__DEV_ABORTED) || state & (IOVM__DEV_STOPPED | IOVM__DEV_GONE) || iovm__device_aborted(dev))
			return 0;
	} while (*turn != ~0u && port->wait(port->ctx, (*turn)++));
	return IOVM_E_TIMEDOUT;
}

/* Nothing is left of it. One that has ended and is not cut off is in quarantine: its device is asked nothing more, and reaches what it did until it aborts */
static bool over(const struct iovm__bond *b, unsigned state)
{
	return state == IOVM__BOND_FREE || (state == IOVM__BOND_ENDED && load_acq(&b->cut) == IOVM__CUT_DONE);
}

static void prepare_atc(struct flight *f, const struct iovm__bond *b, struct iovm_device *dev, uint64_t first, uint64_t last)
{
	uint64_t piece[2][2];
	unsigned i;

	*f = (struct flight){ .iommu = dev->iommu, .dev = dev };
	f->n = iovm__atc_split(first, last, dev->fn.stu, piece);
	for (i = 0; i < f->n; i++)
		f->cmd[i] = (struct iovm_cmd){ .op = IOVM_CMD_ATC, .pasid = load_rlx(&b->pasid), .first = piece[i][0],
					       .last = piece[i][1], .fn = &dev->fn };
}

static int atc_phase(struct iovm__slot *slot, uint64_t first, uint64_t last, unsigned *turn)
{
	struct iovm__bond *b = load_acq(&slot->bonds);
	struct flight f[AT_ONCE];
	int err = 0, e;
	unsigned n;

	while (b) {
		for (n = 0; b && n < AT_ONCE; b = b->next) {
			unsigned state = load_sc(&b->state);
			struct iovm_device *dev;

			if (over(b, state))
				continue;
			dev = load_rlx(&b->dev);
			if (state == IOVM__BOND_ENDED || !iovm__device_reaches_atc(dev)) {
				e = aborted_reach(dev, turn);
				err = err ? err : e;
				continue;
			}
			prepare_atc(&f[n], b, dev, first, last);
			launch(&f[n++]);
		}
		e = land_all(f, n, turn);
		err = err ? err : e;
	}
	return err;
}

int iovm__inval_slot(struct iovm__slot *slot, uint64_t first, uint64_t last)
{
	unsigned turn = 0;
	int err = tlb_phase(slot, first, last, &turn), e;

	fence_sc();
	e = atc_phase(slot, first, last, &turn);
	return err ? err : e;
}

/* ---- the cut ------------------------------------------------------------------------------------------------------------------------ */

void iovm__cut_quiet(struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);
	struct iovm_iommu *iommu = dev->iommu;
	uint32_t pasid = load_rlx(&b->pasid);

	(void)iommu->be.entry(iommu->hw, &dev->fn, pasid, IOVM_TO_QUIET, NULL, 0);
	TRACE(iommu->port, ENTRY, .iommu = (uint8_t)iommu->index, .stream_id = dev->fn.stream_ids[0], .pasid = pasid, .bond = b->serial,
	      .context = load_rlx(&b->slot->context), .code = IOVM_TO_QUIET);
}

unsigned iovm__cut_commands(const struct iovm__bond *b, struct iovm_cmd cmd[3])
{
	struct iovm_device *dev = load_rlx(&b->dev);
	uint32_t pasid = load_rlx(&b->pasid);
	unsigned n = 0;

	cmd[n++] = (struct iovm_cmd){ .op = IOVM_CMD_ENTRY, .pasid = pasid, .fn = &dev->fn };
	cmd[n++] = tlb_command(b->domain, &b->slot->table, 0, UINT64_MAX);
	if (iovm__device_reaches_atc(dev))
		cmd[n++] = (struct iovm_cmd){ .op = IOVM_CMD_ATC, .pasid = pasid, .first = 0, .last = UINT64_MAX, .fn = &dev->fn };
	return n;
}

void iovm__cut_note(struct iovm__bond *b, int err)
{
	unsigned was = load_acq(&b->cut);

	do
		if (was == IOVM__CUT_ANEW || (err && was == IOVM__CUT_DONE))
			return;
	while (!cas_ar(&b->cut, &was, (unsigned)(err ? IOVM__CUT_FAILED : IOVM__CUT_DONE)));
}

void iovm__cut_anew(struct iovm__bond *b)
{
	store_rel(&b->cut, (unsigned)IOVM__CUT_ANEW);	/* from here on a cut by somebody else, begun earlier, is not ours */
	iovm__cut_quiet(b);
}

static void prepare_cut(struct flight *f, struct iovm__bond *b)
{
	struct iovm_device *dev = load_rlx(&b->dev);

	if (load_acq(&b->cut) == IOVM__CUT_NOT_YET)	/* else it was quieted before; entry 0 may have its next owner already */
		iovm__cut_quiet(b);
	*f = (struct flight){ .iommu = dev->iommu, .bond = b };
	f->n = iovm__cut_commands(b, f->cmd);
	f->dev = f->cmd[f->n - 1].op == IOVM_CMD_ATC ? dev : NULL;
}

/*
 * What the cut came to. Whoever could not be proven cut off is set to abort, also if the fault is the IOMMU's and not its own: that command stays in the
 * queue, while ours was taken back, and is carried out as soon as anything is. A suspect's cut counts only once it was reset, fenced or removed. One that
 * timed out may have kept the device off by the fence hook, but the IOMMU may still hold the old entry and translations under its ASID: it is made again
 * before PASID and ASID are free.
 */
static int land_cut(struct flight *f, unsigned *turn)
{
	struct iovm_device *dev = load_rlx(&f->bond->dev);
	int err = land(f, turn);

	if (err == IOVM_E_HARDWARE || (err == IOVM_E_TIMEDOUT && !f->dev))
		err = iovm__device_suspect(dev, load_rlx(&f->batch.ticket));
	if (!err && !f->dev)
		err = aborted_reach(dev, turn);
	if (!err && (iovm__device_state(dev) & IOVM__DEV_SUSPECT))
		err = IOVM_E_TIMEDOUT;
	if (f->anew)	/* the entry was quiet before this one began: it is the one that counts */
		store_rel(&f->bond->cut, (unsigned)(err || f->unproven ? IOVM__CUT_FAILED : IOVM__CUT_DONE));
	else
		iovm__cut_note(f->bond, f->unproven ? IOVM_E_TIMEDOUT : err);
	return err;
}

int iovm__cut_bond(struct iovm__bond *b)
{
	struct flight f;
	unsigned turn = 0;

	prepare_cut(&f, b);
	f.anew = load_acq(&b->cut) == IOVM__CUT_ANEW;
	launch(&f);
	return land_cut(&f, &turn);
}

int iovm__cut_slot(struct iovm__slot *slot)
{
	struct iovm__bond *b = load_acq(&slot->bonds);
	struct flight f[AT_ONCE];
	unsigned turn = 0, n, i;
	int err = 0, e;

	while (b) {
		for (n = 0; b && n < AT_ONCE; b = b->next) {
			unsigned state = load_sc(&b->state);

			if (state == IOVM__BOND_FREE || load_acq(&b->cut) == IOVM__CUT_DONE)
				continue;
			if (state == IOVM__BOND_ENDED) {
				e = aborted_reach(load_rlx(&b->dev), &turn);
				err = err ? err : e;
				continue;
			}
			prepare_cut(&f[n], b);
			launch(&f[n++]);
		}
		take_off(f, n);
		for (i = 0; i < n; i++) {
			e = land_cut(&f[i], &turn);
			err = err ? err : e;
		}
	}
	return err;
}
