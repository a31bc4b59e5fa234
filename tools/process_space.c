/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One address space: page-in for it, its owner's own view of the bytes, and its death.
 *
 * Page-in gets n groups at once. What lies in memory that this process maps (its own, or a child's shared region) is made present here and now, joined across
 * the groups. What is private to a child goes to its agent, joined too, and its groups are PENDING until the answer comes by the loop; then the token
 * is finished, the device asks again, finds the page, and this time it is entered into the machine's page table. Each page made present is counted
 * twice: by what the kernel's call said, and by what the kernel's page map says right after it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "process_soak.h"

struct held {
	struct held *next;
	uint64_t token;
	uint32_t id;
	unsigned nranges;
	struct iovm_range ranges[];
};

/* ---- where memory is ------------------------------------------------------------------------------------------------------- */

static bool within(uint64_t base, uint64_t len, const struct iovm_range *r)
{
	return r->first >= base && r->last <= base + len - 1;
}

static bool is_private(const struct proc *s, const struct iovm_range *r)	/* of a child: only it can touch it */
{
	return !s->own && within(s->private_base, REGION, r);
}

static bool is_here(const struct proc *s, const struct iovm_range *r)
{
	if (within((uintptr_t)s->shared.base, REGION, r))
		return true;
	return s->own && (within(s->private_base, REGION, r) || within((uintptr_t)s->run->scratch, SCRATCH, r));
}

bool proc_private(const struct proc *s, unsigned chunk)
{
	return chunk >= CHUNKS;
}

uint64_t proc_chunk(const struct proc *s, unsigned chunk)
{
	return proc_private(s, chunk) ? s->private_base + (chunk - CHUNKS) * CHUNK : (uintptr_t)s->shared.base + chunk * CHUNK;
}

bool proc_usable(const struct proc *s)	/* the owner does what it is told */
{
	return s->state == PROC_LIVE || s->state == PROC_DOOMED;
}

/* ---- page-in ----------------------------------------------------------------------------------------------------------------- */

static void count_present(struct proc *s, uint64_t present, int64_t verified)
{
	s->run->r->processes.pages_present += present;
	s->run->r->processes.pages_verified += (uint64_t)verified;
}

static void page_in_here(struct proc *s, struct process_ranges *rs)
{
	struct run *run = s->run;

	if (!rs->n)
		return;
	ranges_join(rs);
	pthread_mutex_lock(&run->own_memory);
	uint64_t present = populate_pages(&run->populate, rs);
	int64_t verified = pagemap_present(run->pagemap, rs);
	pthread_mutex_unlock(&run->own_memory);
	count_present(s, present, verified < 0 ? 0 : verified);
}

static bool present_there(struct proc *s, const struct iovm_range *r)
{
	struct process_ranges one = { .n = 1, .r = { { r->first, r->last } } };

	return pagemap_present(child_pagemap(s->child), &one) == (int64_t)ranges_pages(&one);
}

/* Put the ranges of f where they belong. DONE so far; PENDING: the child must be asked; AGAIN: no room in this turn */
static enum iovm_outcome sort_out(struct proc *s, const struct iovm_fault *f, struct process_ranges *here, struct process_ranges *there)
{
	enum iovm_outcome outcome = IOVM_DONE;

	for (const struct iovm_range *r = f->ranges; r < f->ranges + f->nranges; r++) {
		if (is_here(s, r)) {
			if (!ranges_add(here, r->first, r->last))
				return IOVM_AGAIN;
		} else if (!is_private(s, r)) {
			return IOVM_REFUSED;
		} else if (s->state >= PROC_DOOMED || !present_there(s, r)) {
			if (!ranges_add(there, r->first, r->last))
				return IOVM_AGAIN;
			outcome = IOVM_PENDING;
		}
	}
	return outcome;
}

static enum iovm_outcome hold(struct proc *s, const struct iovm_fault *f, uint32_t id)
{
	struct held *h = malloc(sizeof(*h) + f->nranges * sizeof(h->ranges[0]));

	if (!h)
		return IOVM_AGAIN;
	*h = (struct held){ .next = s->held, .token = f->token, .id = id, .nranges = f->nranges };
	memcpy(h->ranges, f->ranges, f->nranges * sizeof(h->ranges[0]));
	s->held = h;
	return IOVM_PENDING;
}

/* Is everything that f wants there, as far as it was done here? */
static enum iovm_outcome result_of(const struct proc *s, const struct iovm_range *ranges, unsigned n, const struct process_ranges *rs, bool here)
{
	for (unsigned i = 0; i < n; i++)
		if (is_here(s, &ranges[i]) == here && (here || is_private(s, &ranges[i])) && !ranges_hold(rs, ranges[i].first, ranges[i].last))
			return IOVM_REFUSED;
	return IOVM_DONE;
}

static bool ask_child(struct proc *s, struct process_ranges *there)
{
	bool dies = s->state >= PROC_DOOMED;

	ranges_join(there);
	if (child_page_in(s->child, s->next_id, there, dies))
		return false;
	if (s->state == PROC_DOOMED) {
		child_order(s->child, WORKER_DIE, 0, NULL, 0, 0);
		s->state = PROC_DYING;
	}
	return true;
}

static void page_in(void *ctx, struct iovm_fault *faults, unsigned n)
{
	static struct process_ranges here, there;
	struct proc *s = ctx;
	bool asked;

	here.n = there.n = 0;
	for (unsigned i = 0; i < n; i++)
		faults[i].outcome = s->state < PROC_DEAD && !s->run->closing ? (uint8_t)sort_out(s, &faults[i], &here, &there) : IOVM_REFUSED;
	page_in_here(s, &here);
	asked = there.n && ask_child(s, &there);
	for (unsigned i = 0; i < n; i++) {
		struct iovm_fault *f = &faults[i];

		if (f->outcome == IOVM_DONE || f->outcome == IOVM_PENDING)
			if (result_of(s, f->ranges, f->nranges, &here, true) != IOVM_DONE)
				f->outcome = IOVM_REFUSED;
		if (f->outcome == IOVM_PENDING)
			f->outcome = asked ? (uint8_t)hold(s, f, s->next_id) : IOVM_REFUSED;
	}
	s->next_id++;
	run_kick(s->run);
}

static void release(struct proc *s, struct held *h, enum iovm_outcome outcome, bool stale)
{
	int err = iovm_fault_done(s->run->sys, h->token, outcome);

	if (stale ? err != IOVM_E_STALE : err && err != IOVM_E_STALE)
		soak_fail(s->run->r, "iovm_fault_done() returned %d %s", err, stale ? "for a token whose bond had ended" : "for a live token");
	free(h);
}

static void on_paged(void *ctx, uint32_t id, const struct process_ranges *rs)
{
	struct proc *s = ctx;
	struct held **link = &s->held, *h;
	int64_t verified = pagemap_present(child_pagemap(s->child), rs);

	if (verified >= 0)	/* else it is dying, and there is nothing to be present in */
		count_present(s, ranges_pages(rs), verified);
	while ((h = *link) != NULL) {
		if (h->id != id) {
			link = &h->next;
			continue;
		}
		*link = h->next;
		release(s, h, verified < 0 ? IOVM_REFUSED : result_of(s, h->ranges, h->nranges, rs, false), false);
	}
	run_kick(s->run);
}

/* A device's DMA, within a page */
static int access_memory(void *ctx, uint64_t addr, void *buf, size_t len, bool write)
{
	const struct iovm_range r = { .first = addr, .last = addr + len - 1 };
	struct proc *s = ctx;
	void *at = (void *)(uintptr_t)addr;

	if (is_here(s, &r)) {
		memcpy(write ? at : buf, write ? buf : at, len);
		return 1;
	}
	if (!is_private(s, &r) || !proc_usable(s))
		return 0;
	return child_order(s->child, write ? WORKER_WRITE : WORKER_READ, addr, buf, len, 0) ? -1 : 1;
}

/* ---- the owner's view -------------------------------------------------------------------------------------------------------- */

int proc_fill(struct proc *s, uint64_t addr, size_t len, uint64_t seed)
{
	if (!s->own)
		return child_order(s->child, WORKER_FILL, addr, NULL, len, seed);
	pattern_fill((void *)(uintptr_t)addr, addr, len, seed);
	return 0;
}

int proc_check(struct proc *s, uint64_t addr, size_t len, uint64_t seed)
{
	if (!s->own)
		return child_order(s->child, WORKER_CHECK, addr, NULL, len, seed);
	return pattern_holds((void *)(uintptr_t)addr, addr, len, seed) ? 0 : -1;
}

static int drop(struct proc *s, unsigned chunk, uint64_t first, uint64_t last)
{
	if (!proc_private(s, chunk)) {
		region_drop(&s->shared, first, last);
		return 0;
	}
	if (!s->own)
		return child_order(s->child, WORKER_DROP, first, NULL, CHUNK, 0);
	return madvise((void *)(uintptr_t)first, CHUNK, MADV_DONTNEED);
}

void proc_recycle(struct proc *s, unsigned chunk)
{
	uint64_t first = proc_chunk(s, chunk), last = first + CHUNK - 1;
	int err = iovm_sim_mm_unmap(s->mm, first, last);

	if (err)
		soak_fail(s->run->r, "taking pages away returned %d: %s", err, iovm_strerror(err));
	if (drop(s, chunk, first, last) || !iovm_sim_mm_map(s->mm, first, last, IOVM_READ | IOVM_WRITE))
		soak_fail(s->run->r, "space %u: its pages cannot be given back", s->index);
}

/* ---- beginning --------------------------------------------------------------------------------------------------------------- */

static bool map_chunks(struct proc *s)
{
	for (unsigned i = 0; i < 2 * CHUNKS; i++)
		if (!iovm_sim_mm_map(s->mm, proc_chunk(s, i), proc_chunk(s, i) + CHUNK - 1, IOVM_READ | IOVM_WRITE))
			return false;
	return !s->own || iovm_sim_mm_map(s->mm, (uintptr_t)s->run->scratch, (uintptr_t)s->run->scratch + SCRATCH - 1, IOVM_READ | IOVM_WRITE);
}

static void come_alive(struct proc *s)
{
	s->state = PROC_LIVE;
	if (map_chunks(s))
		return;
	soak_fail(s->run->r, "space %u: no memory for its page table", s->index);
	run_stop(s->run);
}

static void on_ready(void *ctx, uint64_t private_base)
{
	struct proc *s = ctx;

	s->private_base = private_base;
	come_alive(s);
}

static void account_death(struct proc *s, const siginfo_t *info)
{
	struct soak_result *r = s->run->r;
	bool segv = (info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED) && info->si_status == SIGSEGV;

	if (s->state != PROC_DYING || !segv) {
		run_stop(s->run);
		soak_fail(r, "child %d of space %u ended unasked (code %d, status %d)", (int)info->si_pid, s->index, info->si_code, info->si_status);
	}
	r->processes.segfaulted += segv;
	r->processes.died_with_request += s->held && proc_outstanding(s);
	r->processes.bonds_at_death += proc_bonds(s, BOND_BOUND);
}

static void on_died(void *ctx, const siginfo_t *info)
{
	struct proc *s = ctx;
	int err;

	if (s->state == PROC_LEAVING) {
		if (info->si_code != CLD_EXITED || info->si_status)
			soak_fail(s->run->r, "a child that was told to leave ended otherwise (code %d, status %d)", info->si_code, info->si_status);
		s->state = PROC_GONE;
		return;
	}
	account_death(s, info);
	s->state = PROC_DEAD;
	err = iovm_sim_mm_kill(s->mm);
	if (err)
		soak_fail(s->run->r, "iovm_mm_exit() returned %d: %s", err, iovm_strerror(err));
	run_kick(s->run);
}

static int start_child(struct run *run, struct proc *s)
{
	const struct process_child_events events = { .ctx = s, .ready = on_ready, .paged = on_paged, .died = on_died };
	const char *what;

	s->state = PROC_STARTING;
	s->child = child_start(run->base, &s->shared, REGION, &run->populate, &events, &what);
	if (s->child) {
		run->r->processes.started++;
		return 0;
	}
	run->r->environment = true;
	soak_fail(run->r, "%s: %s; a soak on process memory needs children, sockets and a mounted /proc", what, strerror(errno));
	return -1;
}

static int start_own(struct run *run, struct proc *s)
{
	void *private = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (private == MAP_FAILED)
		return -1;
	madvise(private, REGION, MADV_DONTFORK);
	madvise(private, REGION, MADV_NOHUGEPAGE);
	madvise(s->shared.base, REGION, MADV_DONTFORK);
	s->private_base = (uintptr_t)private;
	come_alive(s);
	return 0;
}

int proc_start(struct run *run, struct proc *s)
{
	const struct iovm_sim_backing backing = { .ctx = s, .page_in = page_in, .access = access_memory };

	s->run = run;
	s->mm = iovm_sim_mm_new(run->sim);
	if (!s->mm || region_new(&s->shared, REGION)) {
		run->r->environment = true;
		soak_fail(run->r, "memory for a space (memfd_create, mmap): %s", strerror(errno));
		return -1;
	}
	iovm_sim_mm_back(s->mm, &backing);
	memset(s->used, 0, sizeof(s->used));
	return s->own ? start_own(run, s) : start_child(run, s);
}

/* ---- end --------------------------------------------------------------------------------------------------------------------- */

void proc_doom(struct proc *s)
{
	s->state = PROC_DOOMED;
}

void proc_give_up(struct proc *s, bool stale)
{
	struct held *h;

	while ((h = s->held) != NULL) {
		s->held = h->next;
		release(s, h, IOVM_REFUSED, stale);
	}
}

void proc_end(struct proc *s)
{
	if (s->child)
		child_del(s->child);
	s->child = NULL;
	if (s->shared.base)
		region_del(&s->shared);
	s->shared.base = NULL;
	if (s->own && s->private_base)
		munmap((void *)(uintptr_t)s->private_base, REGION);
	s->private_base = 0;
	s->state = PROC_GONE;
}

static bool in_use(const struct proc *s)
{
	for (unsigned i = 0; i < 2 * CHUNKS; i++)
		if (s->used[i])
			return true;
	return proc_bonds(s, BOND_NONE) > 0;
}

/* Its process is dead: once no bond and no transfer is left, the tokens go back, then the engine lets go of it, and another takes its place */
static void bury(struct proc *s)
{
	if (in_use(s))
		return;
	proc_give_up(s, true);
	if (iovm_sim_mm_watched(s->mm))
		return;
	iovm_sim_mm_put(s->mm);
	proc_end(s);
	if (proc_start(s->run, s))
		run_stop(s->run);
}

static void leave(struct proc *s)
{
	if (s->state == PROC_DOOMED)
		s->state = PROC_LIVE;		/* nobody asked for its memory any more */
	if (s->state != PROC_LIVE || in_use(s) || s->held || iovm_sim_mm_watched(s->mm) || !s->run->quiet)
		return;
	iovm_sim_mm_put(s->mm);
	s->state = s->own ? PROC_GONE : PROC_LEAVING;
	if (!s->own)
		child_order(s->child, WORKER_LEAVE, 0, NULL, 0, 0);
}

void proc_turn(struct proc *s)
{
	if (s->state == PROC_DEAD)
		bury(s);
	else if (s->run->ending)
		leave(s);
}
