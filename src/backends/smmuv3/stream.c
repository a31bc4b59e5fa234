/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The stream table, and each function's STEs in it.
 *
 * Linear, or level 1 and leaves of 256 STEs that come with the first stream in them and stay; a StreamID that nobody attached has an invalid STE, or no leaf, and is aborted
 * either way. The first attach of a function gets all its memory, or changes nothing; from then on an STE moves in planned steps towards what the function and its
 * table say (form.c), and what is in memory says how far it is.
 *
 * Two things may come from anyone while a step is under way: abort, and the quieting of a stage-2 entry 0 (there are no CDs to quiet, so its STE aborts).
 * Both set their flag, then store; a step stores, then looks at the flags again. Whoever is second in the total order of the two fences makes the abort stand.
 */
#include "backends/smmuv3/smmuv3.h"

enum { SPLIT = 8, LEAF_BYTES = 64 << SPLIT, SPAN = SPLIT + 1 };

/* ---- the table -------------------------------------------------------------------------------------------------------------------- */

static int two_levels_new(struct iovm__smmu *s)
{
	s->split = SPLIT;
	s->nstrtab_leaves = 1u << (s->sid_bits - SPLIT);
	s->strtab_leaf = s->port->alloc(s->port->ctx, s->nstrtab_leaves * sizeof *s->strtab_leaf);
	return s->strtab_leaf && iovm__smmu_dma_alloc(s, &s->strtab, s->nstrtab_leaves * sizeof(uint64_t)) ? 0 : IOVM_E_NO_MEMORY;
}

static int linear_new(struct iovm__smmu *s)
{
	s->split = 0;
	if (s->sid_bits + 7u > sizeof(size_t) * 8)
		return IOVM_E_NO_MEMORY;
	return iovm__smmu_dma_alloc(s, &s->strtab, (size_t)64 << s->sid_bits) ? 0 : IOVM_E_NO_MEMORY;
}

int iovm__smmu_strtab_new(struct iovm__smmu *s)
{
	bool two = s->features.two_level_stream && !s->config.linear && s->sid_bits > SPLIT;
	int err = two ? two_levels_new(s) : linear_new(s);

	if (err)
		iovm__smmu_strtab_free(s);
	return err;
}

void iovm__smmu_strtab_free(struct iovm__smmu *s)
{
	unsigned i;

	for (i = 0; s->strtab_leaf && i < s->nstrtab_leaves; i++)
		iovm__smmu_dma_free(s, &s->strtab_leaf[i]);
	if (s->strtab_leaf)
		s->port->free(s->port->ctx, s->strtab_leaf, s->nstrtab_leaves * sizeof *s->strtab_leaf);
	s->strtab_leaf = NULL;
	s->nstrtab_leaves = 0;
	iovm__smmu_dma_free(s, &s->strtab);
}

uint64_t *iovm__smmu_ste_of(const struct iovm__smmu *s, uint32_t stream_id)
{
	uint64_t *stes = s->strtab.mem;

	if ((uint64_t)stream_id >> s->sid_bits)
		return NULL;
	if (s->split) {
		stes = s->strtab_leaf[stream_id >> SPLIT].mem;
		stream_id &= (1u << SPLIT) - 1;
	}
	return stes ? stes + (size_t)stream_id * SMMU_STE_WORDS : NULL;
}

/* ---- leaves: under port.lock -------------------------------------------------------------------------------------------------------- */

static uint64_t *level1_of(const struct iovm__smmu *s, uint32_t stream_id)
{
	return (uint64_t *)s->strtab.mem + (stream_id >> SPLIT);
}

static void leaves_undo(struct iovm__smmu *s, const struct iovm_function *fn)
{
	unsigned i;

	for (i = 0; s->split && i < fn->nstream_ids; i++)
		if (!*level1_of(s, fn->stream_ids[i]))	/* nobody has it but us */
			iovm__smmu_dma_free(s, &s->strtab_leaf[fn->stream_ids[i] >> SPLIT]);
}

static int leaves_get(struct iovm__smmu *s, const struct iovm_function *fn)
{
	struct iovm__smmu_dma *leaf;
	unsigned i;

	for (i = 0; s->split && i < fn->nstream_ids; i++) {
		leaf = &s->strtab_leaf[fn->stream_ids[i] >> SPLIT];
		if (leaf->mem || iovm__smmu_dma_alloc(s, leaf, LEAF_BYTES))
			continue;
		leaves_undo(s, fn);
		return IOVM_E_NO_MEMORY;
	}
	return 0;
}

static void leaves_link(const struct iovm__smmu *s, const struct iovm_function *fn)
{
	uint64_t l1;
	unsigned i;

	for (i = 0; s->split && i < fn->nstream_ids; i++) {
		l1 = SMMU_BITS(L1_STD, Span, SPAN) | SMMU_BITS(L1_STD, L2Ptr, s->strtab_leaf[fn->stream_ids[i] >> SPLIT].bus);
		iovm__smmu_store(level1_of(s, fn->stream_ids[i]), &l1, 1);
	}
}

/* ---- entries ---------------------------------------------------------------------------------------------------------------------------- */

static bool aborted(const struct iovm_function *fn)
{
	return __atomic_load_n(&fn->aborted, __ATOMIC_RELAXED);
}

static void abort_all(const struct iovm__smmu *s, const struct iovm_function *fn)
{
	unsigned i;

	fence_sc();	/* after the flag */
	for (i = 0; i < fn->nstream_ids; i++)
		iovm__smmu_stop(iovm__smmu_ste_of(s, fn->stream_ids[i]), iovm__smmu_ste_abort());
}

void iovm__smmu_streams_quiet(const struct iovm__smmu *s, const struct iovm_function *fn)
{
	struct iovm__smmu_table *t = fn->priv;
	uint64_t ste[SMMU_STE_WORDS];
	unsigned i;

	store_rel(&t->stage2, false);
	fence_sc();
	for (i = 0; i < fn->nstream_ids; i++) {	/* by what they say, not by the flag: another may have cleared it and not yet stored */
		iovm__smmu_load(iovm__smmu_ste_of(s, fn->stream_ids[i]), ste);
		if (SMMU_GET(ste, STE, V) && (SMMU_GET(ste, STE, Config) & 6) == 6)
			iovm__smmu_stop(iovm__smmu_ste_of(s, fn->stream_ids[i]), iovm__smmu_ste_abort());
	}
}

static struct iovm__smmu_stream_form form_of(const struct iovm_function *fn)
{
	const struct iovm__smmu_table *t = fn->priv;
	struct iovm__smmu_stream_form form = { .ats = fn->ats, .stall = fn->stall, .response_pasid = fn->response_pasid };

	form.stage2 = load_acq(&t->stage2);
	form.cd_bits = t->bits;
	form.cd_leaf_bits = t->leaf_bits;
	form.cd_table = t->top.bus;
	if (form.stage2) {
		form.vttb = t->vttb;
		form.vtcr = t->vtcr;
		form.vmid = t->vmid;
	}
	return form;
}

static bool step(uint64_t *ste, const uint64_t goal[SMMU_STE_WORDS])
{
	uint64_t now[SMMU_STE_WORDS], next[SMMU_STE_WORDS];
	unsigned left;

	iovm__smmu_load(ste, now);
	left = iovm__smmu_plan(iovm__smmu_ste_used, iovm__smmu_ste_abort(), now, goal, next);
	if (now[0] != next[0] && next[0] == iovm__smmu_ste_abort())
		iovm__smmu_stop(ste, next[0]);
	else if (left)
		iovm__smmu_store(ste, next, SMMU_STE_WORDS);
	return left > 1;
}

int iovm__smmu_streams_step(struct iovm__smmu *s, const struct iovm_function *fn)
{
	const struct iovm__smmu_table *t = fn->priv;
	struct iovm__smmu_stream_form form;
	uint64_t goal[SMMU_STE_WORDS];
	bool more = false;
	unsigned i;

	if (aborted(fn)) {
		abort_all(s, fn);
		return 0;
	}
	form = form_of(fn);	/* not of one that aborts: whoever makes it may be beside him whose the form is */
	iovm__smmu_ste(s, &form, goal);
	for (i = 0; i < fn->nstream_ids; i++)
		more |= step(iovm__smmu_ste_of(s, fn->stream_ids[i]), goal);
	fence_sc();
	if (aborted(fn) || (form.stage2 && !load_rlx(&t->stage2))) {
		abort_all(s, fn);
		return 0;
	}
	return more;
}

/* ---- attach, detach ------------------------------------------------------------------------------------------------------------------------ */

static bool ids_ok(const struct iovm__smmu *s, const struct iovm_function *fn)
{
	unsigned i;

	for (i = 0; i < fn->nstream_ids; i++)
		if ((uint64_t)fn->stream_ids[i] >> s->sid_bits)
			return false;
	return true;
}

static int first_attach(struct iovm__smmu *s, struct iovm_function *fn)
{
	struct iovm__smmu_table *t;
	int err = ids_ok(s, fn) ? leaves_get(s, fn) : IOVM_E_INVAL;

	if (err)
		return err;
	err = iovm__smmu_table_new(s, fn, &t);
	if (err) {
		leaves_undo(s, fn);
		return err;
	}
	leaves_link(s, fn);
	fn->priv = t;
	return 1;	/* the STEs stay invalid: the core may call again without a fence in between, and there are two steps to come */
}

int iovm__smmu_attach(void *hw, struct iovm_function *fn)
{
	if (fn->priv)
		return iovm__smmu_streams_step(hw, fn);
	return aborted(fn) ? 0 : first_attach(hw, fn);
}

/* Its streams go on to abort: an entry that became invalid would be one more change to invalidate (4.3), and nobody does that behind us */
void iovm__smmu_detach(void *hw, struct iovm_function *fn)
{
	struct iovm__smmu *s = hw;
	uint64_t ste[SMMU_STE_WORDS];
	unsigned i;

	if (!fn->priv)
		return;
	for (i = 0; i < fn->nstream_ids; i++) {
		iovm__smmu_load(iovm__smmu_ste_of(s, fn->stream_ids[i]), ste);
		if (SMMU_GET(ste, STE, V))
			iovm__smmu_stop(iovm__smmu_ste_of(s, fn->stream_ids[i]), iovm__smmu_ste_abort());
	}
	iovm__smmu_table_free(s, fn->priv);
	fn->priv = NULL;
}
