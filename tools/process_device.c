/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Devices and their drivers. A device has one transfer at a time, cut into pages that it asks for all at once, to or from a chunk of some space that it is
 * bound to. When all pieces have ended, the owner of the memory compares the bytes. A piece may fail only if its bond or its space came to an end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "process_soak.h"

enum { SEED_MASK = 0x7fffffff };

/* ---- bonds ------------------------------------------------------------------------------------------------------------------- */

unsigned proc_bonds(const struct proc *s, enum bond_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->run->ndevices; i++) {
		enum bond_state is = s->run->devices[i].bonds[s->index].state;

		n += state == BOND_NONE ? is != BOND_NONE : is == state;
	}
	return n;
}

unsigned proc_outstanding(const struct proc *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->run->ndevices; i++)
		if (s->run->devices[i].bonds[s->index].state == BOND_BOUND)
			n += iovm_sim_ep_outstanding(s->run->devices[i].ep);
	return n;
}

static void bond_end(struct bond *b)
{
	int err;

	b->state = BOND_ENDING;		/* before: UNBOUND may come within */
	iovm_sim_ep_stop(b->device->ep, b->pasid);
	err = iovm_unbind_mm(b->device->dev, b->space->mm);
	if (err)
		soak_fail(b->device->run->r, "iovm_unbind_mm() returned %d: %s", err, iovm_strerror(err));
	run_kick(b->device->run);
}

static void on_bond(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct bond *b = arg;

	run_kick(b->device->run);
	if (event == IOVM_UNBOUND) {
		b->state = BOND_NONE;
		return;
	}
	b->device->run->r->processes.callbacks_for_dead += b->space->state == PROC_DEAD;
	if (b->state == BOND_BOUND)
		bond_end(b);
}

/* Not inlined: a leak report shall name it */
static __attribute__((noinline)) void bond_make(struct bond *b)
{
	struct run *run = b->device->run;

	b->made.n = 0;
	run->binding = b;		/* whoever locks now is within the call */
	b->pasid = iovm_bind_mm(b->device->dev, b->space->mm, on_bond, b);
	run->binding = NULL;
	if (b->pasid > 0)
		b->state = BOND_BOUND;
	else if (b->pasid != IOVM_E_BUSY && b->pasid != IOVM_E_NO_PASID && b->pasid != IOVM_E_PASID_WIDTH)
		soak_fail(run->r, "iovm_bind_mm() returned %d: %s", b->pasid, iovm_strerror(b->pasid));
}

/* Space s is for the `share` devices from number s on */
static bool wanted(const struct bond *b)
{
	const struct run *run = b->device->run;
	unsigned d = (unsigned)(b->device - run->devices), distance = (d + run->ndevices - b->space->index % run->ndevices) % run->ndevices;

	return !run->ending && b->space->state == PROC_LIVE && distance < run->share;
}

/* ---- transfers --------------------------------------------------------------------------------------------------------------- */

static unsigned ended(const struct device *d)
{
	return iovm_sim_dma_done(d->ep) + iovm_sim_dma_failed(d->ep);
}

static int free_chunk(struct run *run, const struct proc *s)
{
	unsigned first = s->state == PROC_DOOMED ? CHUNKS : 0, n = 2 * CHUNKS - first, at = run_choose(run, n, "process.chunk");

	for (unsigned i = 0; i < n; i++) {
		unsigned chunk = first + (at + i) % n;

		if (!s->used[chunk])
			return (int)chunk;
	}
	return -1;
}

static bool send_pieces(struct device *d, struct job *j)
{
	bool write = j->kind == JOB_WRITE;

	j->pieces = 0;
	j->before = ended(d);
	j->failed_before = iovm_sim_dma_failed(d->ep);
	for (size_t at = 0, n; at < j->len; at += n, j->pieces++) {
		n = PROCESS_PAGE - (j->addr + at) % PROCESS_PAGE;
		n = n < j->len - at ? n : j->len - at;
		if (iovm_sim_dma(d->ep, j->bond->pasid, j->addr + at, j->buf + at, n, write))
			return j->pieces > 0;
	}
	return true;
}

static void place_in_scratch(struct run *run, struct job *j)
{
	uint64_t page = run_choose(run, SCRATCH / PROCESS_PAGE, "process.scratch");
	size_t most = SCRATCH - page * PROCESS_PAGE;

	j->addr = (uintptr_t)run->scratch + page * PROCESS_PAGE;
	j->len = (1 + run_choose(run, CHUNK_PAGES, "process.pages")) * PROCESS_PAGE;
	j->len = j->len < most ? j->len : most;
}

static bool place_in_chunk(struct run *run, struct job *j)
{
	int chunk = free_chunk(run, j->bond->space);
	size_t offset = run_choose(run, PROCESS_PAGE, "process.offset");

	if (chunk < 0)
		return false;
	j->chunk = (unsigned)chunk;
	j->addr = proc_chunk(j->bond->space, j->chunk) + offset;
	j->len = 1 + run_choose(run, (unsigned)(CHUNK - offset), "process.length");
	j->bond->space->used[chunk] = true;
	return true;
}

static void job_begin(struct device *d, struct bond *b)
{
	struct run *run = d->run;
	struct job *j = &d->job;

	j->bond = b;
	j->seed = 1 + run_choose(run, SEED_MASK, "process.seed");
	j->kind = run_choose(run, b->space->own ? 4 : 3, "process.job");
	if (j->kind == JOB_READ_SCRATCH) {
		place_in_scratch(run, j);
	} else if (!place_in_chunk(run, j)) {
		j->bond = NULL;
		return;
	}
	if (j->kind == JOB_WRITE)
		pattern_fill(j->buf, j->addr, j->len, j->seed);
	else
		memset(j->buf, 0xa5, j->len);
	if (j->kind == JOB_READ_FILLED && proc_fill(b->space, j->addr, j->len, j->seed))
		soak_fail(run->r, "space %u does not fill its own memory", b->space->index);
	if (!send_pieces(d, j))
		soak_fail(run->r, "no memory for a transfer");
	run_kick(run);
}

static bool bytes_right(struct job *j)
{
	switch (j->kind) {
	case JOB_WRITE: return !proc_check(j->bond->space, j->addr, j->len, j->seed);
	case JOB_READ_FILLED: return pattern_holds(j->buf, j->addr, j->len, j->seed);
	default: return pattern_holds(j->buf, j->addr, j->len, 0);
	}
}

static void job_end(struct device *d)
{
	static const char *const names[] = { "write", "read of new memory", "read of written memory", "read of scratch memory" };
	struct run *run = d->run;
	struct job *j = &d->job;
	struct proc *s = j->bond->space;
	unsigned failed = iovm_sim_dma_failed(d->ep) - j->failed_before;

	if (failed && proc_usable(s) && j->bond->state == BOND_BOUND)
		soak_fail(run->r, "%u pieces of a %s failed in a live space", failed, names[j->kind]);
	else if (!failed && proc_usable(s) && !bytes_right(j))
		soak_fail(run->r, "space %u: a %s of %zu bytes: other bytes than expected", s->index, names[j->kind], j->len);
	if (j->kind != JOB_READ_SCRATCH) {
		s->used[j->chunk] = false;
		if (proc_usable(s))
			proc_recycle(s, j->chunk);
	}
	j->bond = NULL;
	run->jobs++;
	run->last_progress = soak_clock();
}

/* ---- turns ------------------------------------------------------------------------------------------------------------------- */

/* The bond to work on: one whose space shall die first of all, else any */
static struct bond *pick(struct device *d)
{
	unsigned n = d->run->nspaces, at = run_choose(d->run, n, "process.bond");
	struct bond *any = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct bond *b = &d->bonds[(at + i) % n];

		if (b->state != BOND_BOUND)
			continue;
		if (b->space->state == PROC_DOOMED)
			return b;
		if (b->space->state == PROC_LIVE && !any)
			any = b;
	}
	return any;
}

static void end_bonds(struct device *d)
{
	for (unsigned i = 0; i < d->run->nspaces; i++)
		if (d->bonds[i].state == BOND_BOUND && &d->bonds[i] != d->run->planted)
			bond_end(&d->bonds[i]);
}

static void make_bonds(struct device *d)
{
	for (unsigned i = 0; i < d->run->nspaces; i++)
		if (d->bonds[i].state == BOND_NONE && wanted(&d->bonds[i]))
			bond_make(&d->bonds[i]);
}

static void work(struct device *d)
{
	struct bond *b;

	make_bonds(d);
	b = pick(d);
	if (!b)
		return;
	if (b->space->state == PROC_LIVE && b != d->run->planted && !run_choose(d->run, 16, "process.unbind"))
		bond_end(b);
	else
		job_begin(d, b);
}

void device_turn(struct device *d)
{
	if (d->job.bond && ended(d) - d->job.before >= d->job.pieces)
		job_end(d);
	if (d->job.bond)
		return;
	if (d->run->ending)
		end_bonds(d);
	else
		work(d);
}

/* ---- beginning and end --------------------------------------------------------------------------------------------------------- */

static uint16_t credits(const struct run *run)
{
	const struct soak_config *c = &run->r->config;
	unsigned queue = 1u << c->priq_log2, reserve = queue / 16 ? queue / 16 : 1, each = (queue - reserve) / ((c->devices + c->iommus - 1) / c->iommus);

	return (uint16_t)(each > 32 ? 32 : each);
}

static int device_new(struct run *run, struct device *d, unsigned i)
{
	const struct soak_config *c = &run->r->config;
	const struct iovm_sim_ep_config config = {
		.size = sizeof(config), .iommu = i % c->iommus, .credits = credits(run), .pasid_bits = (uint8_t)c->pasid_bits, .honest = true,
		.flags = IOVM_DEV_TRUSTED | (i % 3 == 1 ? IOVM_DEV_RESPONSE_PASID : 0),
		.stall = c->kinds == SOAK_KINDS_STALL || (c->kinds == SOAK_KINDS_MIXED && i % 4 == 3),
	};
	int err = IOVM_E_NO_MEMORY;

	d->run = run;
	d->bonds = calloc(run->nspaces, sizeof(*d->bonds));
	d->ep = d->bonds ? iovm_sim_ep_new_config(run->sim, &config, &err) : NULL;
	if (d->ep) {
		d->dev = iovm_sim_ep_device(d->ep);
		err = iovm_device_init(d->dev);
	}
	if (err) {
		soak_fail(run->r, "device %u of %u with %u credits: %s", i, run->ndevices, config.credits, iovm_strerror(err));
		return -1;
	}
	for (unsigned k = 0; k < run->nspaces; k++)
		d->bonds[k] = (struct bond){ .device = d, .space = &run->spaces[k] };
	return 0;
}

int devices_new(struct run *run)
{
	for (unsigned i = 0; i < run->ndevices; i++)
		if (device_new(run, &run->devices[i], i))
			return -1;
	return 0;
}

void devices_del(struct run *run)
{
	for (unsigned i = 0; i < run->ndevices; i++)
		free(run->devices[i].bonds);
}
