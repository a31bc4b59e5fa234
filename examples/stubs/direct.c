/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * See direct.h. Commands are carried out while they are submitted, so every ticket is reached at once. The mutex stands
 * for the hardware's own ordering: the engine's side comes through the backend functions, the device's side through
 * direct_access(); nobody calls out with it held.
 */
#include "direct.h"
#include <iovm/backend.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 64, TLB = 16, RING = 64, PAGE = 4096 };

struct entry { const struct iovm_function *fn; uint32_t pasid, asid; enum iovm_to to; struct iovm_table table; };
struct cached { bool valid; uint32_t format, asid, prot; uint64_t page; char *mem; };
struct ring { struct iovm_request slot[RING]; uint64_t prod, cons; };
struct direct {
	pthread_mutex_t lock;
	pthread_cond_t answered;
	struct direct_config config;
	struct entry entry[ENTRIES];
	struct cached tlb[TLB];
	struct ring queue[2];
	unsigned long ticket;
	bool asked, refused;
	uint16_t index;
};

static unsigned take(struct direct *d, unsigned q, struct iovm_request *req, unsigned max)
{
	struct ring *r = &d->queue[q];
	unsigned n = 0;

	while (n < max && r->cons != r->prod)
		req[n++] = r->slot[r->cons++ % RING];
	return n;
}

static bool waiting(const struct direct *d) { return d->queue[0].cons != d->queue[0].prod || d->queue[1].cons != d->queue[1].prod; }

static unsigned poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct direct *d = hw;
	unsigned n;

	pthread_mutex_lock(&d->lock);
	n = take(d, 0, req, max);
	n += take(d, 1, req + n, max - n);
	out->consumed[0] = d->queue[0].cons;
	out->consumed[1] = d->queue[1].cons;
	out->flags = waiting(d) ? IOVM_POLL_MORE : 0;
	pthread_mutex_unlock(&d->lock);
	return n;
}

static void newest(void *hw, uint64_t pos[2])
{
	struct direct *d = hw;

	pthread_mutex_lock(&d->lock);
	pos[0] = d->queue[0].prod;
	pos[1] = d->queue[1].prod;
	pthread_mutex_unlock(&d->lock);
}

static void forget(struct direct *d, const struct iovm_cmd *c)
{
	for (struct cached *t = d->tlb; t < d->tlb + TLB; t++)
		if (t->format == c->format && t->asid == c->asid && t->page + PAGE - 1 >= c->first && t->page <= c->last)
			t->valid = false;
}

static int submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct direct *d = hw;

	pthread_mutex_lock(&d->lock);
	for (unsigned i = 0; i < n; i++)
		if (cmd[i].op == IOVM_CMD_TLB) {
			forget(d, &cmd[i]);
		} else if (cmd[i].op == IOVM_CMD_ANSWER && d->asked && cmd[i].index == d->index) {
			d->asked = false;
			d->refused = cmd[i].code != IOVM_RESP_SUCCESS;
			pthread_cond_broadcast(&d->answered);
		}
	*ticket = d->ticket += n;
	pthread_mutex_unlock(&d->lock);
	return (int)n;
}

static int reached(void *hw, unsigned long ticket) { return 1; }
static int recover(void *hw, struct iovm_blame *blame) { return 0; }
static int attach(void *hw, struct iovm_function *fn) { return 0; }

static void detach(void *hw, struct iovm_function *fn)
{
	struct direct *d = hw;

	pthread_mutex_lock(&d->lock);
	for (struct entry *e = d->entry; e < d->entry + ENTRIES; e++)
		if (e->fn == fn)
			e->fn = NULL;
	pthread_mutex_unlock(&d->lock);
}

static int write_entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	struct direct *d = hw;
	struct entry *e, *found = NULL;

	pthread_mutex_lock(&d->lock);
	for (e = d->entry; e < d->entry + ENTRIES; e++)
		if (e->fn == fn && e->pasid == pasid)
			found = e;
	for (e = d->entry; !found && to == IOVM_TO_WALK && e < d->entry + ENTRIES; e++)
		if (!e->fn || e->to == IOVM_TO_QUIET)
			found = e;
	if (found && to == IOVM_TO_WALK)
		*found = (struct entry){ fn, pasid, asid, to, *table };
	else if (found)
		found->to = to;
	pthread_mutex_unlock(&d->lock);
	return found || to == IOVM_TO_QUIET ? 0 : IOVM_E_NO_MEMORY;
}

static void del(void *hw)
{
	struct direct *d = hw;

	pthread_cond_destroy(&d->answered);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

int direct_add(struct iovm *sys, const struct direct_config *config, struct iovm_iommu **iommu, struct direct **direct)
{
	static const struct iovm_backend backend = {
		sizeof backend, .pasid_bits = 16, .asid_bits = 16, .vmid_bits = 16, .priq_log2 = 6, .evtq_log2 = 6, .address_bits = 64, .max_stalls = RING,
		.range_pages = 512, .coherent = true, .ats = true, .pri = true, .poll = poll, .newest = newest, .submit = submit, .reached = reached,
		.recover = recover, .attach = attach, .detach = detach, .entry = write_entry,
	};
	struct direct *d = calloc(1, sizeof *d);
	int err;

	if (!d)
		return IOVM_E_NO_MEMORY;
	d->config = *config;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->answered, NULL);
	err = iovm_iommu_add(sys, &backend, d, del, iommu);
	if (err)
		del(d);
	else
		*direct = d;
	return err;
}

bool direct_pending(struct direct *d)
{
	bool some;

	pthread_mutex_lock(&d->lock);
	some = waiting(d);
	pthread_mutex_unlock(&d->lock);
	return some;
}

static struct entry *lookup(struct direct *d, uint32_t stream_id, uint32_t pasid)
{
	for (struct entry *e = d->entry; e < d->entry + ENTRIES; e++)
		for (unsigned i = 0; e->fn && e->pasid == pasid && i < e->fn->nstream_ids; i++)
			if (e->fn->stream_ids[i] == stream_id)
				return e->to == IOVM_TO_WALK && !e->fn->aborted ? e : NULL;
	return NULL;
}

static char *walk(struct direct *d, const struct entry *e, uint64_t page, uint32_t prot)
{
	struct cached *t = &d->tlb[(page / PAGE) % TLB];

	if (!t->valid || t->format != e->table.format || t->asid != e->asid || t->page != page || (t->prot & prot) != prot) {
		char *mem = d->config.page(e->table.root, page, prot);
		*t = (struct cached){ mem != NULL, e->table.format, e->asid, prot, page, mem };
	}
	return t->valid ? t->mem : NULL;
}

static void ask(struct direct *d, const struct entry *e, uint32_t stream_id, uint32_t pasid, uint64_t page, uint32_t prot)
{
	struct ring *r = &d->queue[e->fn->stall];
	unsigned flags = prot | IOVM_REQ_LAST | (pasid == IOVM_NO_PASID ? 0 : IOVM_REQ_PASID) | (e->fn->stall ? IOVM_REQ_STALL : 0);

	d->asked = true;
	d->index = (uint16_t)(d->index + 1) % IOVM_PRG_INDICES;
	r->slot[r->prod % RING] = (struct iovm_request){ r->prod, page, stream_id, pasid, d->index, (uint8_t)flags, e->fn->stall };
	r->prod++;
}

static enum direct_state access_locked(struct direct *d, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint32_t prot, void **mem)
{
	uint64_t page = addr & ~(uint64_t)(PAGE - 1);
	struct entry *e;

	if (d->asked)
		return DIRECT_ASKED;
	e = lookup(d, stream_id, pasid);
	if (d->refused || !e) {
		d->refused = false;
		return DIRECT_DENIED;
	}
	*mem = walk(d, e, page, prot);
	if (*mem) {
		*mem = (char *)*mem + addr % PAGE;
		return DIRECT_LANDED;
	}
	ask(d, e, stream_id, pasid, page, prot);
	return DIRECT_ASKED;
}

enum direct_state direct_access(struct direct *d, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint32_t prot, void **mem)
{
	enum direct_state s;
	bool irq;

	pthread_mutex_lock(&d->lock);
	irq = !d->asked;
	s = access_locked(d, stream_id, pasid, addr, prot, mem);
	pthread_mutex_unlock(&d->lock);
	if (irq && s == DIRECT_ASKED && d->config.irq)
		d->config.irq(d->config.arg);
	return s;
}

void *direct_wait(struct direct *d, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint32_t prot)
{
	enum direct_state s;
	void *mem;

	while ((s = direct_access(d, stream_id, pasid, addr, prot, &mem)) == DIRECT_ASKED) {
		pthread_mutex_lock(&d->lock);
		while (d->asked)
			pthread_cond_wait(&d->answered, &d->lock);
		pthread_mutex_unlock(&d->lock);
	}
	return s == DIRECT_LANDED ? mem : NULL;
}
