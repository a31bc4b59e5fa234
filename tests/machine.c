/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Functions come from whoever has them: submit and recover assert that they are alone; everything else is under one mutex, since a test may run several
 * threads. A table is named by its root, 1..63, and has a version that its owner counts up when he changes it.
 */
#include "machine.h"
#include <string.h>

static bool fails(struct machine *m, enum machine_fn fn)
{
	return ++m->fault[fn].calls == m->fault[fn].nth;
}

static void only_one(struct machine *m)
{
	must(atomic_fetch_add(&m->inside, 1) == 0, "submit or recover is entered twice at once");
}

static void no_more(struct machine *m)
{
	atomic_fetch_sub(&m->inside, 1);
}

/* ---- what devices can reach -------------------------------------------------------------------------------------------------------- */

struct machine_function *machine_function(struct machine *m, const struct iovm_function *fn)
{
	unsigned i;

	for (i = 0; i < m->nfunctions; i++)
		if (m->functions[i].fn == fn)
			return &m->functions[i];
	for (i = 0; i < m->nfunctions && m->functions[i].fn; i++)
		;
	must(i < MACHINE_FUNCTIONS, "more functions than the machine has room for");
	if (i == m->nfunctions)
		m->nfunctions++;
	m->functions[i] = (struct machine_function){ .fn = fn };
	return &m->functions[i];
}

static struct machine_entry *entry_of(struct machine *m, struct machine_function *f, uint32_t pasid)
{
	unsigned i;

	for (i = 0; i < m->nentries; i++)
		if (m->entries[i].of == f && m->entries[i].pasid == pasid)
			return &m->entries[i];
	for (i = 0; i < m->nentries && m->entries[i].of; i++)
		;
	must(i < MACHINE_ENTRIES, "more entries than the machine has room for");
	if (i == m->nentries)
		m->nentries++;
	m->entries[i] = (struct machine_entry){ .of = f, .pasid = pasid, .entry = { .to = IOVM_TO_QUIET } };
	return &m->entries[i];
}

/* One access; with fill, the caches keep what it found */
static uint64_t access(struct machine *m, struct machine_entry *e, bool fill, unsigned *version)
{
	struct machine_function *f = e->of;
	bool aborted = f->cached.valid ? f->cached.aborted : f->entry.aborted, ats = f->cached.valid ? f->cached.ats : f->entry.ats;
	enum iovm_to to = e->cached.valid ? e->cached.to : e->entry.to;
	uint32_t asid = e->cached.valid ? e->cached.asid : e->entry.asid;
	uint64_t root = e->cached.valid ? e->cached.root : e->entry.root;

	if (fill && !f->cached.valid) {
		f->cached = f->entry;
		f->cached.valid = true;
	}
	if (m->dead || aborted || !f->entry.valid)
		return 0;
	if (ats && e->atc.valid && !fill) {	/* who fills asks for other pages, too, that it does not hold yet */
		*version = e->atc.version;
		return e->atc.root;
	}
	if (fill && !e->cached.valid) {
		e->cached = e->entry;
		e->cached.valid = true;
	}
	if (!e->entry.valid && !e->cached.valid)
		return 0;
	if (m->tlb[asid].valid) {	/* a quiet entry stops walks, not hits */
		root = m->tlb[asid].root;
		*version = m->tlb[asid].version;
	} else if (to == IOVM_TO_WALK) {
		*version = m->versions[root];
		if (fill) {
			m->tlb[asid].valid = true;
			m->tlb[asid].root = root;
			m->tlb[asid].version = *version;
		}
	} else {
		return 0;
	}
	if (fill && ats && !e->atc.valid) {
		e->atc.valid = true;
		e->atc.root = root;
		e->atc.version = *version;
	}
	return root;
}

uint64_t machine_reaches(struct machine *m, const struct iovm_function *fn, uint32_t pasid, unsigned *version)
{
	unsigned ignored;
	uint64_t root;

	pthread_mutex_lock(&m->mutex);
	root = access(m, entry_of(m, machine_function(m, fn), pasid), false, version ? version : &ignored);
	pthread_mutex_unlock(&m->mutex);
	return root;
}

bool machine_reaches_root(struct machine *m, const struct iovm_function *fn, uint64_t root)
{
	unsigned i, ignored;
	bool found = false;

	pthread_mutex_lock(&m->mutex);
	for (i = 0; i < m->nentries && !found; i++)
		found = m->entries[i].of && m->entries[i].of->fn == fn && access(m, &m->entries[i], false, &ignored) == root;
	pthread_mutex_unlock(&m->mutex);
	return found;
}

void machine_forget_atc(struct machine *m, const struct iovm_function *fn)
{
	unsigned i;

	pthread_mutex_lock(&m->mutex);
	for (i = 0; i < m->nentries; i++)
		if (m->entries[i].of && m->entries[i].of->fn == fn)
			m->entries[i].atc.valid = false;
	pthread_mutex_unlock(&m->mutex);
}

static void everybody_asks(struct machine *m)
{
	unsigned i, ignored;

	for (i = 0; m->greedy && i < m->nentries; i++)
		if (m->entries[i].of)
			(void)access(m, &m->entries[i], true, &ignored);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------ */

static void forget_entry(struct machine *m, const struct iovm_cmd *c)
{
	struct machine_function *f = machine_function(m, c->fn);
	unsigned i;

	if (c->flags & IOVM_CMD_STREAM) {
		f->cached.valid = false;
		f->fenced = true;
	}
	for (i = 0; i < m->nentries; i++)
		if (m->entries[i].of == f && (m->entries[i].pasid == c->pasid || c->flags & IOVM_CMD_STREAM)) {
			m->entries[i].cached.valid = false;
			m->entries[i].fenced = true;
		}
}

/* Ranges count as the whole: what is asked for less than was changed is seen by the tests that look at commands */
static void carry_out(struct machine *m, const struct iovm_cmd *c)
{
	struct machine_function *f;

	switch (c->op) {
	case IOVM_CMD_ENTRY:
		forget_entry(m, c);
		break;
	case IOVM_CMD_TLB:
		must(c->asid > 0 && c->asid < MACHINE_ASIDS, "TLB invalidation of ASID %u", c->asid);
		m->tlb[c->asid].valid = false;
		break;
	case IOVM_CMD_ATC:
		f = machine_function(m, c->fn);
		must(f->entry.valid, "ATC invalidation for a function that is not attached");
		if (!f->deaf && !f->refuses)
			entry_of(m, f, c->pasid)->atc.valid = false;
		break;
	default:
		break;
	}
	everybody_asks(m);
}

static struct machine_command *at(struct machine *m, unsigned long i)
{
	return &m->log[i % MACHINE_RING];
}

/* 1, 0: some device does not answer, or the error of this segment's fence */
static int judge(struct machine *m, unsigned long from, unsigned long fence)
{
	int result = 1;

	for (; from < fence; from++) {
		const struct iovm_cmd *c = &at(m, from)->cmd;
		const struct machine_function *f = c->op == IOVM_CMD_ATC ? machine_function(m, c->fn) : NULL;

		if (m->illegal[c->op] && !at(m, from)->refused) {
			m->illegal[c->op]--;
			at(m, from)->refused = true;
		}
		if (at(m, from)->refused)
			result = IOVM_E_HARDWARE;
		if (f && f->deaf)
			return 0;
		if (f && f->refuses)
			result = IOVM_E_ATC;
	}
	return result;
}

static bool step(struct machine *m)
{
	unsigned long fence = m->done, i;
	int result;

	while (fence < m->ncmds && at(m, fence)->cmd.op != IOVM_CMD_FENCE)
		fence++;
	if (m->done == m->ncmds || m->stopped || m->dead)
		return false;
	result = judge(m, m->segment, fence);
	if (!result)
		return false;
	everybody_asks(m);
	for (i = fence; i-- > m->done;)	/* nothing keeps them in order */
		if (!at(m, i)->refused)
			carry_out(m, &at(m, i)->cmd);
	if (fence == m->ncmds) {	/* no fence yet: at leisure */
		m->done = fence;
		return true;
	}
	m->segment = fence + 1;
	if (result == IOVM_E_ATC && !m->quick_errors) {
		m->stopped = true;
		m->failed = fence;
		m->done = fence;
		return false;
	}
	atomic_store(&at(m, fence)->result, result);
	m->done = fence + 1;
	return true;
}

bool machine_step(struct machine *m)
{
	bool went;

	pthread_mutex_lock(&m->mutex);
	went = step(m);
	pthread_mutex_unlock(&m->mutex);
	return went;
}

static void run(struct machine *m)
{
	while (!m->manual && step(m))
		;
}

unsigned long machine_done(struct machine *m)
{
	unsigned long done;

	pthread_mutex_lock(&m->mutex);
	done = m->done;
	pthread_mutex_unlock(&m->mutex);
	return done;
}

const struct iovm_cmd *machine_command(const struct machine *m, unsigned long i)
{
	must(i < m->ncmds && i + MACHINE_RING >= m->ncmds, "command %lu is not in the log", i);
	return &m->log[i % MACHINE_RING].cmd;
}

unsigned long machine_count(const struct machine *m, unsigned long from, enum iovm_op op)
{
	unsigned long n = 0;

	for (; from < m->ncmds; from++)
		n += machine_command(m, from)->op == op;
	return n;
}

const struct iovm_cmd *machine_answer(const struct machine *m, unsigned long from, uint32_t stream, unsigned index)
{
	const struct iovm_cmd *found = NULL, *c;

	for (; from < m->ncmds; from++) {
		c = machine_command(m, from);
		if (c->op != IOVM_CMD_ANSWER || c->stream_id != stream || c->index != index)
			continue;
		must(!found, "stream %u, index %u is answered twice", stream, index);
		found = c;
	}
	return found;
}

/* ---- the backend's functions ------------------------------------------------------------------------------------------------------------ */

static int submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct machine *m = hw;
	unsigned taken = 0;
	int err = 0;

	only_one(m);
	pthread_mutex_lock(&m->mutex);
	m->submits++;
	if (fails(m, MACHINE_SUBMIT))
		err = m->fault[MACHINE_SUBMIT].err;
	else if (m->dead)
		err = IOVM_E_DEAD;
	else if (m->stopped)
		err = IOVM_E_STOPPED;
	if (err == IOVM_E_DEAD)
		m->dead = true;
	for (; !err && taken < n && m->ncmds - m->done < m->room && m->accepts; taken++) {
		if (m->accepts != ~0u)
			m->accepts--;
		at(m, m->ncmds)->cmd = cmd[taken];
		atomic_store(&at(m, m->ncmds)->result, 0);
		m->ncmds++;
		if (m->on_command)
			m->on_command(m->command_arg, &cmd[taken]);
	}
	*ticket = m->ncmds;
	run(m);
	pthread_mutex_unlock(&m->mutex);
	no_more(m);
	return err ? err : (int)taken;
}

static int reached(void *hw, unsigned long ticket)
{
	struct machine *m = hw;
	int r;

	pthread_mutex_lock(&m->mutex);
	must(ticket > 0 && ticket <= m->ncmds, "ticket %lu was never given", ticket);
	if (ticket + MACHINE_RING <= m->ncmds) {	/* its owner slept long: the ring is smaller than that */
		pthread_mutex_unlock(&m->mutex);
		return 1;
	}
	must(at(m, ticket - 1)->cmd.op == IOVM_CMD_FENCE, "ticket %lu is not a fence's", ticket);
	if (!m->manual)
		run(m);
	r = fails(m, MACHINE_REACHED) ? m->fault[MACHINE_REACHED].err : atomic_load(&at(m, ticket - 1)->result);
	if (!r && m->dead)
		r = IOVM_E_DEAD;
	else if (!r && m->stopped)
		r = IOVM_E_STOPPED;
	pthread_mutex_unlock(&m->mutex);
	return r;
}

static int recover(void *hw, struct iovm_blame *blame)
{
	struct machine *m = hw;
	int r = 0;

	only_one(m);
	pthread_mutex_lock(&m->mutex);
	if (fails(m, MACHINE_RECOVER)) {
		r = m->fault[MACHINE_RECOVER].err;
		m->dead |= r == IOVM_E_DEAD;
	} else if (m->stopped) {
		*blame = (struct iovm_blame){ .error = IOVM_E_ATC, .fence = m->failed + 1, .stream_id = UINT32_MAX };
		atomic_store(&at(m, m->failed)->result, IOVM_E_ATC);
		m->done = m->failed + 1;
		m->stopped = false;
		run(m);
		r = 1;
	}
	pthread_mutex_unlock(&m->mutex);
	no_more(m);
	return r;
}

static unsigned poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct machine *m = hw;
	unsigned n = 0, q;

	pthread_mutex_lock(&m->mutex);
	if (m->poll_max && m->poll_max < max)
		max = m->poll_max;
	*out = (struct iovm_poll){ .flags = 0 };
	for (q = 0; q < 2; q++)
		while (n < max && m->cons[q] < m->prod[q])
			req[n++] = m->ring[q][m->cons[q]++ % MACHINE_RING];
	if (m->overflow_at && m->cons[0] + 1 >= m->overflow_at) {
		out->flags |= IOVM_POLL_OVERFLOW;
		m->overflow_at = 0;
	}
	if (m->cons[0] < m->prod[0] || m->cons[1] < m->prod[1])
		out->flags |= IOVM_POLL_MORE;
	if (m->dead || fails(m, MACHINE_POLL))
		out->flags |= IOVM_POLL_DEAD;
	out->consumed[0] = m->cons[0];
	out->consumed[1] = m->cons[1];
	pthread_mutex_unlock(&m->mutex);
	return n;
}

static void newest(void *hw, uint64_t pos[2])
{
	struct machine *m = hw;

	if (m->on_newest)
		m->on_newest(m->newest_arg);
	pthread_mutex_lock(&m->mutex);
	pos[0] = m->prod[0];
	pos[1] = m->prod[1];
	pthread_mutex_unlock(&m->mutex);
}

/* The first of two steps changes nothing that can be seen; the second must come behind a fence of the first */
static bool first_step(const struct machine *m, bool *prepared, bool *fenced)
{
	if (m->stepwise && !*prepared) {
		*prepared = true;
		*fenced = false;
		return true;
	}
	must(!m->stepwise || *fenced, "the second step before the first is fenced");
	*prepared = false;
	return false;
}

static int attach(void *hw, struct iovm_function *fn)
{
	struct machine *m = hw;
	struct machine_function *f;
	int err = 0;

	pthread_mutex_lock(&m->mutex);
	f = machine_function(m, fn);
	if (!fn->aborted && fails(m, MACHINE_ATTACH)) {	/* to abort is a store, it does not fail */
		err = m->fault[MACHINE_ATTACH].err;
		if (!f->entry.valid)
			f->fn = NULL;
	} else if (!fn->aborted && first_step(m, &f->prepared, &f->fenced)) {
		err = 1;
		m->attached += !f->entry.valid;
		f->entry.aborted |= !f->entry.valid;
		f->entry.valid = true;
	} else {
		m->attached += !f->entry.valid;
		f->entry.valid = true;
		f->entry.aborted = fn->aborted;
		f->entry.ats = fn->ats;
	}
	pthread_mutex_unlock(&m->mutex);
	return err;
}

static void detach(void *hw, struct iovm_function *fn)
{
	struct machine *m = hw;
	struct machine_function *f;
	unsigned i;

	pthread_mutex_lock(&m->mutex);
	f = machine_function(m, fn);
	must(f->entry.valid, "detach without attach");
	for (i = 0; i < m->nentries; i++)
		if (m->entries[i].of == f)
			m->entries[i] = (struct machine_entry){ .of = NULL };
	*f = (struct machine_function){ .fn = NULL };
	m->attached--;
	pthread_mutex_unlock(&m->mutex);
}

static int entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	struct machine *m = hw;
	struct machine_entry *e = NULL;
	int err = 0;

	pthread_mutex_lock(&m->mutex);
	must(asid < MACHINE_ASIDS, "ASID %u", asid);
	must(pasid == IOVM_NO_PASID || pasid >> fn->pasid_bits == 0, "PASID %u beyond the function's width", pasid);
	if (to == IOVM_TO_WALK && fails(m, MACHINE_ENTRY)) {
		err = m->fault[MACHINE_ENTRY].err;
	} else {
		e = entry_of(m, machine_function(m, fn), pasid);
		err = to == IOVM_TO_WALK && first_step(m, &e->prepared, &e->fenced);
	}
	if (!err) {
		e->entry.valid = true;
		e->entry.to = to;
		e->entry.asid = asid;
		e->entry.root = to == IOVM_TO_WALK ? table->root : 0;
	}
	pthread_mutex_unlock(&m->mutex);
	return err;
}

/* ---- its life ------------------------------------------------------------------------------------------------------------------------------ */

void machine_init(struct machine *m, unsigned *versions)
{
	memset(m, 0, sizeof *m);
	pthread_mutex_init(&m->mutex, NULL);
	m->stepwise = true;
	m->room = MACHINE_RING / 2;
	m->accepts = ~0u;
	m->greedy = true;
	m->versions = versions;
	m->be = (struct iovm_backend){ .size = sizeof m->be, .pasid_bits = 16, .asid_bits = 8, .vmid_bits = 8, .priq_log2 = 8, .evtq_log2 = 7,
				       .address_bits = 64, .max_stalls = 64, .range_pages = 512, .coherent = true, .ats = true, .pri = true, .poll = poll,
				       .newest = newest, .submit = submit, .reached = reached, .recover = recover, .attach = attach,
				       .detach = detach, .entry = entry };
}

void machine_fini(struct machine *m)
{
	must(m->attached == 0, "%u functions are still attached", m->attached);
	pthread_mutex_destroy(&m->mutex);
}

uint64_t machine_request(struct machine *m, uint32_t stream, uint32_t pasid, unsigned index, uint64_t addr, unsigned flags)
{
	unsigned q = flags & IOVM_REQ_STALL ? 1 : 0;
	uint64_t position;

	pthread_mutex_lock(&m->mutex);
	position = m->prod[q];
	must(position - m->cons[q] < MACHINE_RING, "the ring of requests is full");
	m->ring[q][position % MACHINE_RING] = (struct iovm_request){ .position = position, .addr = addr, .stream_id = stream, .index = (uint16_t)(q ? index : index % IOVM_PRG_INDICES),
		.pasid = pasid == IOVM_NO_PASID ? 0 : pasid, .queue = (uint8_t)q, .flags = (uint8_t)(flags | (pasid == IOVM_NO_PASID ? 0 : IOVM_REQ_PASID)) };
	m->prod[q]++;
	pthread_mutex_unlock(&m->mutex);
	return position;
}

void machine_overflow(struct machine *m)
{
	pthread_mutex_lock(&m->mutex);
	m->overflow_at = m->prod[0] + 1;
	pthread_mutex_unlock(&m->mutex);
}
