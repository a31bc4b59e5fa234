/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * mm_ops.fault of this world, and the host that finishes PENDING faults from outside: a guest, a helper process, somebody slow. Pages come from the owner's
 * mapping. What can go wrong there is F46, F48-F50 and F53-F58.
 *
 * A token that is out is ours until iovm_fault_done() was called for it, whatever that call says; spent ones are remembered for a while, to try them again.
 */
#include <stdlib.h>
#include <string.h>
#include "backends/sim/world.h"

enum { BLOCKED = 16, BLOCKED_NS = 20000000, UNBLOCK_STEPS = 1024 };	/* a blocked handler gives up in the end: devices have few credits */

/* ---- tokens ---------------------------------------------------------------------------------------------------------------------- */

static struct iovm__token *token_new(struct iovm_sim *sim, unsigned nranges)
{
	struct iovm__token *t = sim->token_free;

	if (t && t->room >= nranges) {
		sim->token_free = t->next;
		return t;
	}
	t = malloc(sizeof *t + nranges * sizeof t->range[0]);
	if (t)
		t->room = nranges;
	return t;
}

static bool keep(struct iovm_sim *sim, struct iovm_sim_mm *mm, const struct iovm_fault *f, unsigned fault, uint32_t bond)
{
	struct iovm__token *t = token_new(sim, f->nranges < 8 ? 8 : f->nranges);
	unsigned room;

	if (!t)
		return false;
	room = t->room;
	*t = (struct iovm__token){ .token = f->token, .mm = mm, .mm_id = mm->id, .since = sim->now, .fault = fault, .bond = bond, .nranges = f->nranges,
				   .room = room };
	memcpy(t->range, f->ranges, f->nranges * sizeof t->range[0]);
	*sim->tokens_tail = t;
	sim->tokens_tail = &t->next;
	sim->ntokens++;
	sim->nblocked += fault == 48;
	return true;
}

static void take_out(struct iovm_sim *sim, struct iovm__token **link)
{
	struct iovm__token *t = *link;

	*link = t->next;
	if (!*link)
		sim->tokens_tail = link;
	sim->ntokens--;
	sim->nblocked -= t->fault == 48;
}

static void token_free(struct iovm_sim *sim, struct iovm__token *t)
{
	t->next = sim->token_free;
	sim->token_free = t;
}

static enum iovm_outcome page_in(struct iovm_sim_mm *mm, const struct iovm_range *range, unsigned n)
{
	int r = IOVM_DONE;
	unsigned i;

	for (i = 0; i < n && r == IOVM_DONE; i++)
		r = iovm__mm_page_in(mm, &range[i]);
	return (enum iovm_outcome)r;
}

/* Real memory behind the space: all groups at once; then the table of this machine follows */
static void serve_backed(struct iovm_sim_mm *mm, struct iovm_fault *faults, unsigned n)
{
	unsigned i;

	mm->backing.page_in(mm->backing.ctx, faults, n);
	for (i = 0; i < n; i++)
		if (faults[i].outcome == IOVM_DONE)
			faults[i].outcome = (uint8_t)page_in(mm, faults[i].ranges, faults[i].nranges);
}

static enum iovm_outcome serve_token(struct iovm__token *t)
{
	struct iovm_fault f = { .ranges = t->range, .nranges = (uint16_t)t->nranges, .outcome = IOVM_REFUSED };

	if (!t->mm->backed)
		return page_in(t->mm, t->range, t->nranges);
	serve_backed(t->mm, &f, 1);
	return (enum iovm_outcome)f.outcome;
}

static int finish(struct iovm_sim *sim, struct iovm__token **link, enum iovm_outcome outcome)
{
	struct iovm__token *t = *link;
	int r;

	if (outcome == IOVM_DONE && t->mm->id == t->mm_id && !t->mm->dead)
		outcome = serve_token(t);
	take_out(sim, link);
	sim->spent[sim->nspent++ % IOVM__SPENT] = t->token;
	r = SIM_CALL(sim, iovm_fault_done(sim->sys, t->token, outcome));
	if (r == IOVM_E_INVAL)		/* there is no such outcome; the token is still ours */
		(void)SIM_CALL(sim, iovm_fault_done(sim->sys, t->token, IOVM_REFUSED));
	token_free(sim, t);
	return r;
}

static bool is_ours(const struct iovm_sim *sim, uint64_t token)
{
	const struct iovm__token *t;

	for (t = sim->tokens; t && t->token != token; t = t->next)
		;
	return t;
}

/* Try a token that nobody holds: nothing may happen but an error */
static void finish_wrong(struct iovm_sim *sim, uint64_t token, unsigned fault)
{
	if (is_ours(sim, token))
		return;
	if (SIM_CALL(sim, iovm_fault_done(sim->sys, token, IOVM_DONE)) == 0)
		sim->broken++;
	iovm_sim_injected(sim, fault, NULL);
}

/* ---- finishing, later ------------------------------------------------------------------------------------------------------------- */

static void consumer_dies(struct iovm_sim *sim)		/* F57: whoever held the tokens cleans up */
{
	struct iovm__token **link = &sim->tokens;

	while (*link)
		if ((*link)->fault == 48) {
			link = &(*link)->next;
		} else {
			(void)finish(sim, link, IOVM_REFUSED);
			link = &sim->tokens;
		}
	iovm_sim_injected(sim, 57, NULL);
}

static void finish_as_told(struct iovm_sim *sim, struct iovm__token **link)
{
	const struct iovm__token *t = *link;
	unsigned fault = t->fault;
	uint64_t token = t->token;
	unsigned low = sim->config.monitor ? 16 : 0;	/* with threads one that nobody ever gets: another may be on its way to the handler */

	switch (fault) {
	case 49:
		(void)finish(sim, link, IOVM_DONE);
		finish_wrong(sim, token, 49);
		break;
	case 54:
		finish_wrong(sim, iovm_choose(sim, 2, "foreign") && sim->nspent ? sim->spent[iovm_choose(sim, sim->nspent < IOVM__SPENT ?
			     sim->nspent : IOVM__SPENT, "spent")] : token ^ (UINT64_C(1) << (32 + low + iovm_choose(sim, 24 - low, "bit"))), 54);
		for (link = &sim->tokens; *link && (*link)->token != token; link = &(*link)->next)
			;
		if (*link)
			(void)finish(sim, link, IOVM_DONE);
		break;
	case 55:
		iovm_sim_injected(sim, 55, NULL);
		(void)finish(sim, link, (enum iovm_outcome)0xf);
		break;
	case 57:
		consumer_dies(sim);
		break;
	default:
		(void)finish(sim, link, IOVM_DONE);
	}
}

/* F48: not before the bond's end, or when patience is over */
static bool unblocked(struct iovm_sim *sim, struct iovm__token **link)
{
	struct iovm__token *t = *link;

	if (!t->ended && sim->now - t->since < BLOCKED_NS && !sim->settling)
		return false;
	if (finish(sim, link, IOVM_REFUSED) == IOVM_E_STALE && iovm__injects(sim, 48))
		iovm_sim_injected(sim, 48, NULL);
	return true;
}

void iovm__handler_unblock(struct iovm_sim *sim)
{
	struct iovm__token **link = &sim->tokens;

	if (!sim->ended && !sim->settling && sim->stats.steps % UNBLOCK_STEPS)
		return;
	sim->ended = false;
	while (*link)
		if ((*link)->fault != 48 || !unblocked(sim, link))
			link = &(*link)->next;
}

bool iovm__handler_step(struct iovm_sim *sim)
{
	struct iovm__token **link = &sim->tokens;

	while (*link && (*link)->fault == 48)
		link = &(*link)->next;
	if (!*link)
		return false;
	finish_as_told(sim, link);
	return true;
}

void iovm__handler_recalled(struct iovm_sim *sim, uint64_t mm_id, uint32_t bond)
{
	struct iovm__token *t;

	for (t = sim->nblocked ? sim->tokens : NULL; t; t = t->next)
		if (t->mm_id == mm_id && (!bond || !t->bond || t->bond == bond))
			sim->ended = t->ended = true;
}

void iovm__handler_race(struct iovm_sim *sim)
{
	struct iovm__token **link;

	if (!iovm__injects(sim, 58))
		return;
	for (link = &sim->tokens; *link; link = &(*link)->next)
		if ((*link)->mm->recalled && (*link)->fault != 48) {
			if (iovm_sim_fault(sim, 58, 4)) {
				(void)finish(sim, link, IOVM_DONE);
				iovm_sim_injected(sim, 58, NULL);
			}
			return;
		}
}

/* ---- the handler -------------------------------------------------------------------------------------------------------------------- */

static const unsigned char pending_faults[] = { 48, 49, 54, 55, 57, 58 };

/* The fault of a PENDING token, if one is drawn; 0: none */
static unsigned draw_pending(struct iovm_sim *sim)
{
	unsigned i;

	for (i = 0; i < sizeof pending_faults; i++)
		if (iovm_sim_fault(sim, pending_faults[i], 40) && (pending_faults[i] != 48 || sim->nblocked < BLOCKED))
			return pending_faults[i];
	return 0;
}

static void reclaim(struct iovm_sim *sim, struct iovm_sim_mm *mm, const struct iovm_fault *f)	/* F46: gone before it is answered */
{
	iovm__mm_drop(mm, f->ranges[0].first & ~(uint64_t)4095, f->ranges[0].last | 4095);
	iovm_sim_injected(sim, 46, NULL);
}

static bool lie(struct iovm_sim *sim, struct iovm_sim_mm *mm, const struct iovm_fault *f)	/* F53: only what is not there is a lie */
{
	return !iovm__mm_page(mm, f->ranges[0].first >> IOVM_PAGE_SHIFT) && iovm_sim_fault(sim, 53, 40);
}

static uint8_t serve(struct iovm_sim *sim, struct iovm_sim_mm *mm, const struct iovm_fault *f, uint32_t bond)
{
	unsigned fault = draw_pending(sim);
	enum iovm_outcome outcome = sim->handler;

	if (outcome == IOVM_DONE && sim->inject && iovm__chance(sim, 8, "pending"))
		outcome = IOVM_PENDING;
	if ((fault || outcome == IOVM_PENDING) && keep(sim, mm, f, fault, bond))
		return IOVM_PENDING;
	if (iovm_sim_fault(sim, 50, 100)) {
		iovm_sim_injected(sim, 50, NULL);
		return (uint8_t)(4 + iovm_choose(sim, 252, "bad-code"));
	}
	if (outcome != IOVM_DONE)
		return (uint8_t)outcome;
	if (lie(sim, mm, f)) {
		iovm_sim_injected(sim, 53, NULL);
		return IOVM_DONE;
	}
	outcome = page_in(mm, f->ranges, f->nranges);
	if (outcome == IOVM_DONE && iovm_sim_fault(sim, 46, 50))
		reclaim(sim, mm, f);
	return (uint8_t)outcome;
}

void iovm__handler_fault(void *vsim, void *vmm, struct iovm_fault *faults, unsigned n)
{
	struct iovm_sim *sim = vsim;
	struct iovm_sim_mm *mm = vmm;
	bool known = sim->nfault_bonds == n && n <= IOVM__FAULT_GROUPS;
	unsigned i;

	sim->nfault_bonds = 0;
	if (sim->on_wait && !sim->settling) {
		sim->on_wait(sim->on_wait_ctx, sim->depth++);
		sim->depth--;
	}
	if (mm->dead) {
		for (i = 0; i < n; i++)
			faults[i].outcome = IOVM_REFUSED;
	} else if (mm->backed && sim->handler == IOVM_DONE) {
		serve_backed(mm, faults, n);
	} else {
		for (i = 0; i < n; i++)
			faults[i].outcome = serve(sim, mm, &faults[i], known ? sim->fault_bond[i] : 0);
	}
}

/* ---- the test's --------------------------------------------------------------------------------------------------------------------- */

void iovm_sim_handler(struct iovm_sim *sim, enum iovm_outcome outcome)
{
	sim->handler = outcome;
}

unsigned iovm_sim_pending(const struct iovm_sim *sim)
{
	return sim->ntokens;
}

int iovm_sim_finish(struct iovm_sim *sim, enum iovm_outcome outcome)
{
	return sim->tokens ? finish(sim, &sim->tokens, outcome) : IOVM_E_INVAL;
}

void iovm__handler_fini(struct iovm_sim *sim)
{
	struct iovm__token *t;

	while (sim->tokens) {
		t = sim->tokens;
		take_out(sim, &sim->tokens);
		token_free(sim, t);
	}
	while ((t = sim->token_free) != NULL) {
		sim->token_free = t->next;
		free(t);
	}
}
