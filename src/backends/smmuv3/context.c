/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A function's CDs: one for each PASID, and number 0 for traffic without one.
 *
 * CD 0 is never invalid: while entry 0 is blocked it is quiet, so that the STE can stay as it is. The others are invalid until first used, for a device that
 * names a PASID that nobody ever gave it is worth an event, and quiet once their bond has ended.
 *
 * Two levels: a leaf comes with the first entry in it, complete, before level 1 points to it (3.21.3 wants no CFGI for what could not be reached), and stays
 * until detach. Leaves are added under port.lock; entry(QUIET), which anybody may call, reads leaf[].mem with acquire, and where there is no leaf there is nothing to quiet.
 *
 * Quieting stores one word 0 while somebody may be about to store another: then he finds his bond dying, and quiets again (the core, bond.c).
 */
#include "backends/smmuv3/smmuv3.h"

enum { LINEAR_BITS = 6, SMALL_LEAF_BITS = 6, LARGE_LEAF_BITS = 10, SMALL_LEAVES_TO = 15, CD_BYTES = 64 };

/* ---- words that the SMMU may look at -------------------------------------------------------------------------------------------- */

#if SMMU_STORE_HALVES
typedef uint32_t __attribute__((may_alias)) half_word;

static half_word *half(const uint64_t *word, unsigned high)
{
	return (half_word *)(uintptr_t)word + (high ^ (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__));
}

static void put_half(uint64_t *to, unsigned high, uint64_t word)
{
	__atomic_store_n(half(to, high), (uint32_t)(high ? word >> 32 : word), __ATOMIC_RELEASE);
}

static uint64_t get(const uint64_t *from)
{
	return __atomic_load_n(half(from, 0), __ATOMIC_RELAXED) | (uint64_t)__atomic_load_n(half(from, 1), __ATOMIC_RELAXED) << 32;
}

static void put(uint64_t *to, uint64_t word, unsigned first)
{
	put_half(to, first, word);
	put_half(to, !first, word);
}
#else
static uint64_t get(const uint64_t *from)
{
	return __atomic_load_n(from, __ATOMIC_RELAXED);
}

static void put(uint64_t *to, uint64_t word, unsigned first)
{
	__atomic_store_n(to, word, __ATOMIC_RELEASE);
}
#endif

void iovm__smmu_store(uint64_t *to, const uint64_t *words, unsigned n)
{
	while (n--)
		if (get(&to[n]) != words[n])
			put(&to[n], words[n], 1);
}

void iovm__smmu_stop(uint64_t *to, uint64_t word0)
{
	put(to, word0, 0);
}

void iovm__smmu_load(const uint64_t *from, uint64_t words[8])
{
	unsigned i;

	for (i = 0; i < 8; i++)
		words[i] = get(&from[i]);
}

/* ---- tables ------------------------------------------------------------------------------------------------------------------------- */

/* NULL: its leaf is not there, or the function has no such entry */
static uint64_t *cd_of(const struct iovm__smmu_table *t, uint32_t index)
{
	const struct iovm__smmu_dma *leaf;
	unsigned char *mem;

	if (index >> t->bits || !t->top.mem)
		return NULL;
	if (!t->leaf_bits)
		return (uint64_t *)t->top.mem + (size_t)index * SMMU_CD_WORDS;
	leaf = &t->leaf[index >> t->leaf_bits];
	mem = __atomic_load_n(&leaf->mem, __ATOMIC_ACQUIRE);
	return mem ? (uint64_t *)(void *)mem + (size_t)(index & ((1u << t->leaf_bits) - 1)) * SMMU_CD_WORDS : NULL;
}

/* The leaf with index's entry, which is cd already */
static int leaf_new(struct iovm__smmu *s, struct iovm__smmu_table *t, uint32_t index, const uint64_t cd[SMMU_CD_WORDS])
{
	uint32_t i = index >> t->leaf_bits;
	struct iovm__smmu_dma leaf;
	uint64_t l1;

	if (!iovm__smmu_dma_alloc(s, &leaf, (size_t)CD_BYTES << t->leaf_bits))
		return IOVM_E_NO_MEMORY;
	memcpy((uint64_t *)leaf.mem + (size_t)(index & ((1u << t->leaf_bits) - 1)) * SMMU_CD_WORDS, cd, CD_BYTES);
	t->leaf[i].bus = leaf.bus;
	t->leaf[i].size = leaf.size;
	__atomic_store_n(&t->leaf[i].mem, leaf.mem, __ATOMIC_RELEASE);
	l1 = SMMU_BITS(L1_CD, V, 1) | SMMU_BITS(L1_CD, L2Ptr, leaf.bus);
	iovm__smmu_store((uint64_t *)t->top.mem + i, &l1, 1);
	return 0;
}

static void choose_form(const struct iovm__smmu *s, const struct iovm_function *fn, struct iovm__smmu_table *t)
{
	const struct iovm_smmuv3_features *f = &s->features;

	t->bits = fn->pasid_bits < f->pasid_bits ? fn->pasid_bits : f->pasid_bits;
	if (t->bits <= LINEAR_BITS || !f->two_level_cd)
		return;
	t->leaf_bits = t->bits <= SMALL_LEAVES_TO ? SMALL_LEAF_BITS : LARGE_LEAF_BITS;
	t->nleaves = 1u << (t->bits - t->leaf_bits);
}

/* The first table of CDs, with CD 0 quiet */
static int fill(struct iovm__smmu *s, const struct iovm_function *fn, struct iovm__smmu_table *t)
{
	const uint64_t quiet[SMMU_CD_WORDS] = { iovm__smmu_cd_quiet(s, fn->stall) };
	size_t size = t->leaf_bits ? sizeof(uint64_t) * t->nleaves : (size_t)CD_BYTES << t->bits;

	if (!iovm__smmu_dma_alloc(s, &t->top, size))
		return IOVM_E_NO_MEMORY;
	if (!t->leaf_bits) {
		memcpy(t->top.mem, quiet, sizeof quiet);
		return 0;
	}
	t->leaf = s->port->alloc(s->port->ctx, t->nleaves * sizeof *t->leaf);
	return t->leaf ? leaf_new(s, t, 0, quiet) : IOVM_E_NO_MEMORY;
}

int iovm__smmu_table_new(struct iovm__smmu *s, const struct iovm_function *fn, struct iovm__smmu_table **out)
{
	struct iovm__smmu_table *t = s->port->alloc(s->port->ctx, sizeof *t);
	int err = 0;

	if (!t)
		return IOVM_E_NO_MEMORY;
	if (!s->features.no_stage1) {
		choose_form(s, fn, t);
		err = fill(s, fn, t);
	}
	if (err)
		iovm__smmu_table_free(s, t);
	else
		*out = t;
	return err;
}

void iovm__smmu_table_free(struct iovm__smmu *s, struct iovm__smmu_table *t)
{
	const struct iovm_port *port = s->port;
	unsigned i;

	for (i = 0; t->leaf && i < t->nleaves; i++)
		iovm__smmu_dma_free(s, &t->leaf[i]);
	if (t->leaf)
		port->free(port->ctx, t->leaf, t->nleaves * sizeof *t->leaf);
	iovm__smmu_dma_free(s, &t->top);
	port->free(port->ctx, t, sizeof *t);
}

/* ---- entries -------------------------------------------------------------------------------------------------------------------------- */

static bool walks(const uint64_t *cd)
{
	uint64_t word = get(cd);

	return SMMU_GET(&word, CD, V) && !(SMMU_GET(&word, CD, EPD0) && SMMU_GET(&word, CD, EPD1));
}

/* Only asked when entry 0 becomes a stage-2 table: looking through the leaves that are there costs less than a count that anyone's QUIET would have to keep */
static bool pasid_walks(const struct iovm__smmu_table *t)
{
	uint32_t index, leaf = t->leaf_bits ? (1u << t->leaf_bits) - 1 : 0;
	const uint64_t *cd;

	for (index = 1; !(index >> t->bits); index++) {
		cd = cd_of(t, index);
		if (!cd)
			index |= leaf;
		else if (walks(cd))
			return true;
	}
	return false;
}

/* One step of the CD towards its table; 1: more are to come */
static int step_cd(struct iovm__smmu *s, const struct iovm_function *fn, uint32_t index, const struct iovm_table *table, uint32_t asid)
{
	struct iovm__smmu_table *t = fn->priv;
	uint64_t goal[SMMU_CD_WORDS], now[SMMU_CD_WORDS], next[SMMU_CD_WORDS], quiet = iovm__smmu_cd_quiet(s, fn->stall), *cd;
	int err = iovm__smmu_cd(s, table, asid, fn->stall, goal);
	unsigned left;

	if (err)
		return err;
	cd = cd_of(t, index);
	if (!cd)
		return leaf_new(s, t, index, goal);
	iovm__smmu_load(cd, now);
	left = iovm__smmu_plan(iovm__smmu_cd_used, quiet, now, goal, next);
	if (now[0] != next[0] && next[0] == quiet)
		iovm__smmu_stop(cd, next[0]);
	else if (left)
		iovm__smmu_store(cd, next, SMMU_CD_WORDS);
	return left > 1;
}

/*
 * CDs first, then the STE: it may still say stage 2, or abort after a stage 2 that was quieted, and while it does nobody looks at them. Where there never was a
 * stage 2 it is not a PASID's to write: who switches ATS or resets the device does that, at the same time, and a bind announces its CD alone.
 */
static int walk(struct iovm__smmu *s, struct iovm_function *fn, uint32_t pasid, const struct iovm_table *table, uint32_t asid)
{
	struct iovm__smmu_table *t = fn->priv;
	int more;

	if (pasid != IOVM_NO_PASID && (!pasid || pasid >> t->bits))
		return IOVM_E_INVAL;
	if (pasid != IOVM_NO_PASID && load_acq(&t->stage2))
		return IOVM_E_FORMAT;
	more = step_cd(s, fn, pasid == IOVM_NO_PASID ? 0 : pasid, table, asid);
	if (more)
		return more;
	if (pasid == IOVM_NO_PASID)
		store_rel(&t->stage2, false);
	else if (!load_acq(&t->restless))
		return 0;
	return iovm__smmu_streams_step(s, fn);
}

/* What the stage-2 table is stands in *t before the flag, from which attach() reads it. Later calls find it there and only step on. */
static int walk_stage2(struct iovm__smmu *s, struct iovm_function *fn, uint32_t pasid, const struct iovm_table *table, uint32_t vmid)
{
	struct iovm__smmu_table *t = fn->priv;
	int err = pasid == IOVM_NO_PASID ? iovm__smmu_stage2_check(s, table, vmid) : IOVM_E_FORMAT;

	if (!err && pasid_walks(t))
		err = IOVM_E_FORMAT;
	if (err)
		return err;
	t->vttb = table->root;
	t->vtcr = table->control;
	t->vmid = vmid;
	store_rel(&t->restless, true);	/* once it is quieted, a PASID's entry brings stage 1 back */
	store_rel(&t->stage2, true);
	return iovm__smmu_streams_step(s, fn);
}

static int quiet(struct iovm__smmu *s, const struct iovm_function *fn, uint32_t pasid)
{
	struct iovm__smmu_table *t = fn->priv;
	uint64_t *cd = cd_of(t, pasid == IOVM_NO_PASID ? 0 : pasid);

	if (cd)
		iovm__smmu_stop(cd, iovm__smmu_cd_quiet(s, fn->stall));
	if (pasid == IOVM_NO_PASID)
		iovm__smmu_streams_quiet(s, fn);
	return 0;
}

int iovm__smmu_entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	if (!fn->priv)
		return to == IOVM_TO_QUIET ? 0 : IOVM_E_INVAL;
	if (to == IOVM_TO_QUIET)
		return quiet(hw, fn, pasid);
	return table->format == IOVM_TABLE_AARCH64_S2 ? walk_stage2(hw, fn, pasid, table, asid) : walk(hw, fn, pasid, table, asid);
}
