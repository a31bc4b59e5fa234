/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* An address space is one of rig->mm[]; the root of its table is its number + 1, so that a device's reach says whose memory it is. */
#include "rig.h"
#include <stdlib.h>
#include <string.h>

/* ---- the host's side ------------------------------------------------------------------------------------------------------------------ */

static int watch(void *ctx, void *mm_, struct iovm_table *table)
{
	struct rig_mm *mm = mm_;

	port_no_lock_held();
	must(table->asid == IOVM_ASID_ANY && table->top == UINT64_MAX, "the table is not preset");
	mm->watch_calls++;
	if (mm->watch_error)
		return mm->watch_error;
	must(mm->watches == mm->unwatches, "watched twice");
	mm->watches++;
	table->format = mm->format;
	table->asid = mm->asid;
	table->root = rig_root(mm);
	table->top = mm->top;
	return 0;
}

static void unwatch(void *ctx, void *mm_)
{
	struct rig_mm *mm = mm_;
	struct rig *r = mm->rig;
	unsigned i;

	port_no_lock_held();
	mm->unwatches++;
	must(mm->watches == mm->unwatches, "unwatch without watch");
	for (i = 0; i < RIG_DEVICES; i++)	/* from here on the frames are somebody else's */
		if (r->dev[i].dev && r->dev[i].m)
			must(!rig_reaches(&r->dev[i], mm, -2), "stream %u still reaches a mm that is unwatched", r->dev[i].stream);
}

static void fault(void *ctx, void *mm_, struct iovm_fault *faults, unsigned n)
{
	struct rig_mm *mm = mm_;
	struct rig *r = mm->rig;
	unsigned i;

	port_no_lock_held();
	must(n >= 1 && n <= IOVM__BATCH, "%u groups in a call", n);
	must(mm->watches == mm->unwatches + 1, "a fault of a mm that is not watched");
	r->calls++;
	r->nranges = 0;
	for (i = 0; i < n; i++) {
		must(faults[i].outcome == IOVM_REFUSED, "the outcome is not preset");
		r->group_size[i] = faults[i].nranges;
		memcpy(r->range + r->nranges, faults[i].ranges, faults[i].nranges * sizeof *r->range);
		r->nranges += faults[i].nranges;
		r->tokens[r->ntokens++ % RIG_LOG] = faults[i].token;
		mm->faults++;
		mm->ranges += faults[i].nranges;
		faults[i].outcome = (uint8_t)mm->outcome;
	}
	if (r->on_fault)
		r->on_fault(r, mm, faults, n);
}

void rig_callback(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct rig *r = ((struct rig_mm *)mm)->rig;
	struct rig_event *e = &r->events[r->nevents++ % RIG_LOG];

	port_enter_callback();
	*e = (struct rig_event){ .dev = dev, .mm = mm, .event = event, .arg = arg };
	if (r->on_event)
		r->on_event(r, e);
	port_leave_callback();
}

static void note(struct rig_device *d, char what, bool on)
{
	size_t n = strlen(d->order);

	if (n + 3 >= sizeof d->order)	/* who tells so long a story does not look */
		n = 0;
	d->order[n] = what;
	d->order[n + 1] = on ? '+' : '-';
	d->order[n + 2] = 0;
}

static int set_cap(void *dev, enum iovm_cap cap, uint32_t value)
{
	struct rig_device *d = dev;

	port_no_lock_held();
	if (value && ++d->calls == d->fail_nth)
		return d->fail;
	if (cap == IOVM_CAP_PRI && value && d->busy) {
		d->busy--;
		return IOVM_E_BUSY;
	}
	note(d, "PAR"[cap], value != 0);
	switch (cap) {
	case IOVM_CAP_PASID:
		must(!d->ats, "PASID changes while ATS is on");
		d->pasid = value;
		break;
	case IOVM_CAP_ATS:
		d->ats = value;
		d->ats_value = value;
		break;
	case IOVM_CAP_PRI:
		must(!value || d->ats, "page requests without ATS");
		d->pri = value;
		d->pri_value = value;
		break;
	}
	return 0;
}

/* ---- the rig ---------------------------------------------------------------------------------------------------------------------------- */

struct rig *rig_prepare(const struct rig_config *config)
{
	struct rig *r = calloc(1, sizeof *r);
	unsigned i;

	must(r, "no memory");
	port_init(&r->port);
	if (config->port)
		config->port(&r->port);
	r->niommus = config->niommus ? config->niommus : 1;
	for (i = 0; i < RIG_MMS; i++) {
		r->mm[i] = (struct rig_mm){ .rig = r, .asid = IOVM_ASID_ANY, .format = IOVM_TABLE_SIM, .top = UINT64_MAX, .outcome = IOVM_DONE };
		r->versions[i + 1] = 1;
	}
	for (i = 0; i < r->niommus; i++) {
		machine_init(&r->m[i], r->versions);
		if (config->backend)
			config->backend(&r->m[i].be, i);
	}
	return r;
}

int rig_start(struct rig *r, const struct rig_config *config)
{
	const struct iovm_config c = { .size = sizeof c, .port = r->port.ops, .mm = { .ctx = r, .watch = watch, .unwatch = unwatch, .fault = fault },
				       .max_mms = config->max_mms ? config->max_mms : 24, .pasid_bits = config->pasid_bits ? (uint8_t)config->pasid_bits : 10 };
	unsigned i;
	int err = iovm_new(&r->sys, &c);

	for (i = 0; !err && i < r->niommus; i++)
		err = iovm_iommu_add(r->sys, &r->m[i].be, &r->m[i], NULL, &r->iommu[i]);
	return err;
}

struct rig *rig_new(const struct rig_config *config)
{
	static const struct rig_config plain = { .niommus = 1 };
	struct rig *r = rig_prepare(config ? config : &plain);
	int err = rig_start(r, config ? config : &plain);

	must(!err, "a system cannot be made: %s", iovm_strerror(err));
	return r;
}

void rig_free(struct rig *r)
{
	unsigned i;

	for (i = 0; i < RIG_MMS; i++)
		must(r->mm[i].watches == r->mm[i].unwatches, "mm %u is still watched", i);
	for (i = 0; i < r->niommus; i++)
		machine_fini(&r->m[i]);
	port_fini(&r->port);
	free(r);
}

void rig_finish(struct rig *r)
{
	for (unsigned i = 0; i < RIG_DEVICES; i++)
		for (unsigned k = 0; k < RIG_MMS; k++)
			while (r->dev[i].dev && iovm_unbind_mm(r->dev[i].dev, &r->mm[k]) != IOVM_E_NOT_BOUND)
				;
	rig_fini(r);
}

void rig_fini(struct rig *r)
{
	int err;

	rig_later(r);
	err = iovm_del(r->sys);
	if (err == IOVM_E_BUSY) {	/* a PF goes after the servicer has seen its VFs go */
		rig_later(r);
		err = iovm_del(r->sys);
	}
	must(!err, "the system cannot be deleted: %s", iovm_strerror(err));
	rig_free(r);
}

int rig_try_device(struct rig *r, unsigned i, unsigned stream, void (*change)(struct iovm_device_config *c), struct rig_device **out)
{
	uint32_t id = stream;
	struct rig_device *d = r->dev;
	struct iovm_device_config c = { .size = sizeof c, .stream_ids = &id, .nstream_ids = 1, .max_outstanding = 16, .pasid_bits = 10,
					.flags = IOVM_DEV_TRUSTED, .set_cap = set_cap };
	int err;

	while (d->dev)
		d++;
	must(d < r->dev + RIG_DEVICES, "too many devices");
	*d = (struct rig_device){ .rig = r, .m = &r->m[i], .stream = stream };
	c.dev = d;
	if (change)
		change(&c);
	err = iovm_device_add(r->iommu[i], &c, &d->dev);
	if (err)
		d->dev = NULL;
	else if (out)
		*out = d;
	return err;
}

struct rig_device *rig_device(struct rig *r, unsigned i, unsigned stream, void (*change)(struct iovm_device_config *c))
{
	struct rig_device *d = NULL;
	int err = rig_try_device(r, i, stream, change, &d);

	must(!err, "device %u cannot be added: %s", stream, iovm_strerror(err));
	return d;
}

struct rig_device *rig_ready(struct rig *r, unsigned i, unsigned stream)
{
	struct rig_device *d = rig_device(r, i, stream, NULL);
	int err = iovm_device_init(d->dev);

	must(!err, "device %u cannot be initialised: %s", stream, iovm_strerror(err));
	return d;
}

int rig_bind(struct rig_device *d, struct rig_mm *mm)
{
	return iovm_bind_mm(d->dev, mm, rig_callback, mm);
}

int rig_reset(struct rig_device *d, bool ok)
{
	int err = iovm_device_reset_begin(d->dev);

	must(!err || err == IOVM_E_TIMEDOUT, "reset: %s", iovm_strerror(err));
	d->pasid = d->ats = d->pri = false;
	machine_function(d->m, &d->dev->fn)->deaf = machine_function(d->m, &d->dev->fn)->refuses = false;
	machine_forget_atc(d->m, &d->dev->fn);
	return iovm_device_reset_done(d->dev, ok);
}

int rig_dispatch(struct rig *r, unsigned i)
{
	r->now += 1000;
	return port_dispatch(r->iommu[i], r->now, IOVM__BATCH);
}

unsigned rig_settle(struct rig *r)
{
	unsigned round, i;
	bool more = true;

	for (round = 0; more && round < 1000; round++) {
		more = false;
		for (i = 0; i < r->niommus; i++) {
			(void)rig_dispatch(r, i);
			more |= iovm_deadline(r->iommu[i]) == 0;
		}
	}
	must(!more, "work never ends");
	return round;
}

void rig_later(struct rig *r)
{
	for (unsigned ms = 0; ms < 8; ms++) {
		rig_settle(r);
		r->now += 1000000;
	}
}

unsigned rig_count(const struct rig *r, const struct iovm_device *dev, const void *mm, enum iovm_bond_event event)
{
	unsigned i, n = 0;

	for (i = 0; i < r->nevents; i++)
		n += r->events[i].dev == dev && r->events[i].mm == mm && r->events[i].event == event;
	return n;
}

bool rig_reaches(struct rig_device *d, const struct rig_mm *mm, int pasid)
{
	if (pasid == -2)	/* by any PASID */
		return machine_reaches_root(d->m, &d->dev->fn, rig_root(mm));
	return machine_reaches(d->m, &d->dev->fn, pasid < 0 ? IOVM_NO_PASID : (uint32_t)pasid, NULL) == rig_root(mm);
}

struct iovm_stats rig_stats(const struct rig *r)
{
	struct iovm_stats s = { .size = sizeof s };

	iovm_stats(r->sys, &s);
	return s;
}
