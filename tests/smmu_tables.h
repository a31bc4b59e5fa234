/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An SMMU without registers for the tests of its tables: memory that is counted and can fail, and a walk of the test's own from StreamID and SubstreamID to STE and CD.
 *
 * stream.c and context.c are compiled in here, so that each of their stores is seen as it happens and another call can come in between: no chance, no threads.
 */
#ifndef TESTS_SMMU_TABLES_H
#define TESTS_SMMU_TABLES_H
#include "harness.h"
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"
#include "smmu_golden.h"

enum { MAX_STORES = 4096 };
static const void *stored[MAX_STORES];
static unsigned nstored, looks, stop_at;
static void (*meanwhile)(void);
static void (*after_store)(void);

/*
 * What a call has stored may be seen by others later than what it loads afterwards, until its next full fence: so whoever comes meanwhile finds what was there before, and what he
 * stores is overwritten.
 */
static struct { void *at; size_t size; uint64_t was; } late[64];
static unsigned nlate;
static bool stores_are_late;

static inline void late_note(void *at, size_t size)
{
	if (!stores_are_late)
		return;
	ck_assert(nlate < 64 && size <= 8);
	late[nlate].at = at;
	late[nlate].size = size;
	memcpy(&late[nlate++].was, at, size);
}

static inline void late_swap(unsigned i)
{
	uint64_t now;

	memcpy(&now, late[i].at, late[i].size);
	memcpy(late[i].at, &late[i].was, late[i].size);
	late[i].was = now;
}

static inline void look(void)
{
	void (*act)(void) = meanwhile;
	bool were_late = stores_are_late;
	unsigned i;

	if (!act || ++looks != stop_at)
		return;
	meanwhile = NULL;
	stores_are_late = false;
	for (i = nlate; i-- > 0;)
		late_swap(i);
	act();
	for (i = 0; i < nlate; i++)
		late_swap(i);
	stores_are_late = were_late;
}

static inline void store_seen(const void *at)
{
	if (after_store)
		after_store();
	ck_assert_uint_lt(nstored, MAX_STORES);
	stored[nstored++] = at;
}

#define __atomic_store_n(p, v, order) (look(), late_note(p, sizeof *(p)), __atomic_store_n(p, v, order), store_seen(p))
#define __atomic_load_n(p, order) (look(), __atomic_load_n(p, order))
#undef store_rel
#define store_rel(p, v) (late_note(p, sizeof *(p)), atomic_store_explicit(p, v, memory_order_release))
#undef fence_sc
#define fence_sc() (look(), nlate = stores_are_late ? 0 : nlate, atomic_thread_fence(memory_order_seq_cst))
#include "backends/smmuv3/context.c"
#include "backends/smmuv3/stream.c"

/* ---- an SMMU without registers ---------------------------------------------------------------------------------------------------- */

#define BUS (1ull << 46)	/* bus addresses are no pointers */

struct rig {
	struct iovm__smmu s;
	struct iovm_port port;
	unsigned blocks, allocs, fail_nth;
	uint32_t ids[4];
	struct iovm_function fn;
};

static inline void *take(struct rig *r, size_t align, size_t size)
{
	void *mem;

	if (++r->allocs == r->fail_nth)
		return NULL;
	mem = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	ck_assert_ptr_nonnull(mem);
	memset(mem, 0, size);
	r->blocks++;
	return mem;
}
static inline void *rig_alloc(void *ctx, size_t size) { return take(ctx, 64, size); }
static inline void rig_free(void *ctx, void *mem, size_t size) { ((struct rig *)ctx)->blocks--; memset(mem, 0xdb, size); free(mem); }
static inline void *rig_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	void *mem = take(ctx, size, size);

	*bus = (uintptr_t)mem + BUS;
	return mem;
}
static inline void rig_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	ck_assert_uint_eq(bus, (uintptr_t)mem + BUS);
	rig_free(ctx, mem, size);
}

/* smmuv3.c has the driver's own; without it these stand in */
__attribute__((weak)) void *iovm__smmu_dma_alloc(const struct iovm__smmu *s, struct iovm__smmu_dma *dma, size_t size)
{
	dma->size = (size_t)1 << bits_ceil_log2(size < 64 ? 64 : size);
	return dma->mem = s->port->dma_alloc(s->port->ctx, dma->size, &dma->bus);
}
__attribute__((weak)) void iovm__smmu_dma_free(const struct iovm__smmu *s, struct iovm__smmu_dma *dma)
{
	if (dma->mem)
		s->port->dma_free(s->port->ctx, dma->mem, dma->size, dma->bus);
	*dma = (struct iovm__smmu_dma){ 0 };
}

static inline void rig_init(struct rig *r, unsigned pasid_bits)
{
	*r = (struct rig){ .s = { .features = all_features, .sid_bits = 16 }, .ids = { 5, 6, 0x100, 0xfffe } };
	r->port = (struct iovm_port){ .ctx = r, .alloc = rig_alloc, .free = rig_free, .dma_alloc = rig_dma_alloc, .dma_free = rig_dma_free };
	r->s.port = &r->port;
	r->fn = (struct iovm_function){ .stream_ids = r->ids, .nstream_ids = 4, .pasid_bits = (uint8_t)pasid_bits };
	nstored = 0;
	meanwhile = NULL;
}

static inline void rig_fini(struct rig *r)
{
	r->fn.aborted = true;
	(void)iovm__smmu_attach(&r->s, &r->fn);
	iovm__smmu_detach(&r->s, &r->fn);
	iovm__smmu_strtab_free(&r->s);
	ck_assert_uint_eq(r->blocks, 0);
}

/* Calls until 0; how many */
static inline unsigned attach(struct rig *r)
{
	unsigned calls = 1;
	int more;

	while ((more = iovm__smmu_attach(&r->s, &r->fn)) != 0 && calls++ < 10)
		ck_assert_int_eq(more, 1);
	ck_assert_int_eq(more, 0);
	return calls;
}

static inline unsigned enter(struct rig *r, uint32_t pasid, const struct iovm_table *table, uint32_t asid)
{
	unsigned calls = 1;
	int more;

	while ((more = iovm__smmu_entry(&r->s, &r->fn, pasid, IOVM_TO_WALK, table, asid)) != 0 && calls++ < 10)
		ck_assert_int_eq(more, 1);
	ck_assert_int_eq(more, 0);
	return calls;
}

static inline void set_up(struct rig *r, unsigned pasid_bits)
{
	rig_init(r, pasid_bits);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r->s), 0);
	attach(r);
}

static inline int quiet_entry(struct rig *r, uint32_t pasid)
{
	return iovm__smmu_entry(&r->s, &r->fn, pasid, IOVM_TO_QUIET, NULL, 0);
}

/* ---- a walk of the test's own: bit numbers as in IHI 0070 5.1 to 5.4 -------------------------------------------------------------------- */

static inline uint64_t at_bus(uint64_t bus, uint64_t mask)
{
	return (bus & mask) - BUS;
}

/* What the SMMU finds for a StreamID: through STRTAB_BASE; NULL: no STE */
static inline const uint64_t *find_ste(const struct rig *r, uint32_t sid)
{
	const uint64_t *base = r->s.strtab.mem, *leaf;

	if (!r->s.split)
		return base + (size_t)sid * 8;
	if (!(base[sid >> 8] & 31))
		return NULL;
	ck_assert_uint_eq(base[sid >> 8] & 31, 9);
	leaf = (const uint64_t *)(uintptr_t)at_bus(base[sid >> 8], 0x00ffffffffffffc0);
	ck_assert_uint_eq((uintptr_t)leaf % 16384, 0);
	return leaf + (sid & 255) * 8;
}

/* NULL: C_BAD_SUBSTREAMID */
static inline const uint64_t *find_cd(const uint64_t *ste, uint32_t ssid)
{
	unsigned fmt = ste[0] >> 4 & 3, bits = (unsigned)(ste[0] >> 59), leaf_bits = fmt == 1 ? 6 : 10;
	const uint64_t *top = (const uint64_t *)(uintptr_t)at_bus(ste[0], 0x00ffffffffffffc0);

	ck_assert_uint_eq(ste[0] & 15, 11);
	if (ssid >> bits)
		return NULL;
	if (fmt == 0) {
		ck_assert_uint_eq((uintptr_t)top % (64ull << bits), 0);
		return top + (size_t)ssid * 8;
	}
	ck_assert_uint_eq((uintptr_t)top % (8ull << (bits - leaf_bits) < 64 ? 64 : 8ull << (bits - leaf_bits)), 0);
	if (!(top[ssid >> leaf_bits] & 1))
		return NULL;
	top = (const uint64_t *)(uintptr_t)at_bus(top[ssid >> leaf_bits], 0x00fffffffffff000);
	ck_assert_uint_eq((uintptr_t)top % (64u << leaf_bits), 0);
	return top + (ssid & ((1u << leaf_bits) - 1)) * 8;
}

#endif
