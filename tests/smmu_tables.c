/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMU's tables as the driver fills them: golden words, every refusal by its field, tables of one and two levels read back by a walk of the test's own, the order of
 * single stores, failing memory, and what becomes of a call that an abort or a quieting overtakes.
 *
 * stream.c and context.c are compiled into this file, so that each of their stores is seen as it happens and another call can come in between: no chance, no threads.
 */
#include "harness.h"
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

enum { MAX_STORES = 4096 };
static const void *stored[MAX_STORES];
static unsigned nstored, looks, stop_at;
static void (*meanwhile)(void);

static void look(void)
{
	void (*act)(void) = meanwhile;

	if (!act || ++looks != stop_at)
		return;
	meanwhile = NULL;
	act();
}

static void store_seen(const void *at)
{
	ck_assert_uint_lt(nstored, MAX_STORES);
	stored[nstored++] = at;
}

#define __atomic_store_n(p, v, order) (look(), __atomic_store_n(p, v, order), store_seen(p))
#define __atomic_load_n(p, order) (look(), __atomic_load_n(p, order))
#undef fence_sc
#define fence_sc() (look(), atomic_thread_fence(memory_order_seq_cst))
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

static void *take(struct rig *r, size_t align, size_t size)
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
static void *rig_alloc(void *ctx, size_t size) { return take(ctx, 64, size); }
static void rig_free(void *ctx, void *mem, size_t size) { ((struct rig *)ctx)->blocks--; memset(mem, 0xdb, size); free(mem); }
static void *rig_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	void *mem = take(ctx, size, size);

	*bus = (uintptr_t)mem + BUS;
	return mem;
}
static void rig_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
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

static const struct iovm_smmuv3_features all_features = {
	.sid_bits = 16, .pasid_bits = 20, .asid_bits = 16, .vmid_bits = 16, .input_bits = 48, .output_bits = 48, .httu = 2, .two_level_stream = true,
	.two_level_cd = true, .granule_4k = true, .granule_16k = true, .granule_64k = true, .max_stalls = 4,
};

static void rig_init(struct rig *r, unsigned pasid_bits)
{
	*r = (struct rig){ .s = { .features = all_features, .sid_bits = 16 }, .ids = { 5, 6, 0x100, 0xfffe } };
	r->port = (struct iovm_port){ .ctx = r, .alloc = rig_alloc, .free = rig_free, .dma_alloc = rig_dma_alloc, .dma_free = rig_dma_free };
	r->s.port = &r->port;
	r->fn = (struct iovm_function){ .stream_ids = r->ids, .nstream_ids = 4, .pasid_bits = (uint8_t)pasid_bits };
	nstored = 0;
	meanwhile = NULL;
}

static void rig_fini(struct rig *r)
{
	r->fn.aborted = true;
	(void)iovm__smmu_attach(&r->s, &r->fn);
	iovm__smmu_detach(&r->s, &r->fn);
	iovm__smmu_strtab_free(&r->s);
	ck_assert_uint_eq(r->blocks, 0);
}

/* Calls until 0; how many */
static unsigned attach(struct rig *r)
{
	unsigned calls = 1;
	int more;

	while ((more = iovm__smmu_attach(&r->s, &r->fn)) != 0 && calls++ < 10)
		ck_assert_int_eq(more, 1);
	ck_assert_int_eq(more, 0);
	return calls;
}

static unsigned enter(struct rig *r, uint32_t pasid, const struct iovm_table *table, uint32_t asid)
{
	unsigned calls = 1;
	int more;

	while ((more = iovm__smmu_entry(&r->s, &r->fn, pasid, IOVM_TO_WALK, table, asid)) != 0 && calls++ < 10)
		ck_assert_int_eq(more, 1);
	ck_assert_int_eq(more, 0);
	return calls;
}

static void set_up(struct rig *r, unsigned pasid_bits)
{
	rig_init(r, pasid_bits);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r->s), 0);
	attach(r);
}

static int quiet_entry(struct rig *r, uint32_t pasid)
{
	return iovm__smmu_entry(&r->s, &r->fn, pasid, IOVM_TO_QUIET, NULL, 0);
}

#define TCR_4K_48 (16 | 1 << 8 | 1 << 10 | 3 << 12 | 5ull << 32)
#define VTCR_4K_40 (24 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 5 << 16)
#define QUIET0 0x0000c200c0004000ull	/* EPD0, EPD1, V, AA64, A, ASET */
static const struct iovm_table stage1 = { IOVM_TABLE_AARCH64_S1, IOVM_ASID_ANY, 0x81234000, TCR_4K_48, 0xff440c04, UINT64_MAX };
static const struct iovm_table stage2 = { IOVM_TABLE_AARCH64_S2, IOVM_ASID_ANY, 0x123456780000, VTCR_4K_40, 0, UINT64_MAX };
static const uint64_t cd02[8] = { 0x0042e205c0003510, 0x81234000, 0, 0xff440c04 };	/* golden.tsv CD02 */

/* ---- a walk of the test's own: bit numbers as in IHI 0070 5.1 to 5.4 -------------------------------------------------------------------- */

static uint64_t at_bus(uint64_t bus, uint64_t mask)
{
	return (bus & mask) - BUS;
}

/* What the SMMU finds for a StreamID: through STRTAB_BASE; NULL: no STE */
static const uint64_t *find_ste(const struct rig *r, uint32_t sid)
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
static const uint64_t *find_cd(const uint64_t *ste, uint32_t ssid)
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

/* ---- forms ------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(golden_cds)
{
	struct iovm__smmu s = { .features = all_features };
	struct iovm_table t = stage1;
	uint64_t cd[8];

	ck_assert_int_eq(iovm__smmu_cd(&s, &t, 0x42, false, cd), 0);
	ck_assert_mem_eq(cd, cd02, sizeof cd);
	t.root |= 0x77ull << 48 | 1;	/* an ASID and CnP */
	ck_assert_int_eq(iovm__smmu_cd(&s, &t, 0x42, false, cd), 0);
	ck_assert_mem_eq(cd, cd02, sizeof cd);
	ck_assert_int_eq(iovm__smmu_cd(&s, &t, 0x42, true, cd), 0);
	ck_assert_uint_eq(cd[0], cd02[0] | 1ull << 44);
	s.features.stall_model = 2;
	ck_assert_int_eq(iovm__smmu_cd(&s, &t, 0x42, false, cd), 0);
	ck_assert_uint_eq(cd[0], cd02[0] | 1ull << 44);

	/* CD05's lower half: 16K, 47 bits, hardware updates */
	t.control = 17 | 2 << 14 | 1 << 8 | 1 << 10 | 3 << 12 | 5ull << 32 | 3ull << 39;
	t.root = 0x92000000;
	t.attributes = 0x12345678000000ff;
	s.features.stall_model = 0;
	ck_assert_int_eq(iovm__smmu_cd(&s, &t, 0x100, false, cd), 0);
	ck_assert_uint_eq(cd[0], 0x0100ee05c0003591);
	ck_assert_uint_eq(cd[1], 0x92000000);
	ck_assert_uint_eq(cd[3], 0x12345678000000ff);

	/* 64K, 52 bits in and out: TTBR 5:2 are address bits 51:48 */
	s.features.input_bits = s.features.output_bits = 52;
	t.control = 12 | 1 << 14 | 6ull << 32;
	t.root = 0x0000000092000000 | 0xa << 2;
	ck_assert_int_eq(iovm__smmu_cd(&s, &t, 1, false, cd), 0);
	ck_assert_uint_eq(cd[1], 0x000a000092000000);
}
END_TEST

/* What is changed of a table that is fine, and of the SMMU; ok: it stays fine */
struct trial {
	const char *what;
	uint64_t flip, root;		/* of control; added to root */
	uint32_t asid;			/* 0: as it was */
	size_t feature;			/* offset of a byte of the features, which becomes value */
	uint8_t value;
	bool no_asid, ok;
};
#define F(name) offsetof(struct iovm_smmuv3_features, name)

static void try_it(const struct trial *t, bool two)
{
	struct iovm__smmu s = { .features = all_features };
	struct iovm_table table = two ? stage2 : stage1;
	uint32_t id = t->no_asid ? 0 : t->asid ? t->asid : 0x42;
	uint64_t cd[8];
	int err;

	table.control ^= t->flip;
	table.root += t->root;
	if (t->feature)
		((uint8_t *)&s.features)[t->feature] = t->value;
	err = two ? iovm__smmu_stage2_check(&s, &table, id) : iovm__smmu_cd(&s, &table, id, false, cd);
	ck_assert_msg(err == (t->ok ? 0 : IOVM_E_FORMAT), "%s: %d", t->what, err);
}

static const struct trial stage1_trials[] = {
	{ "as it is", .ok = true },
	{ "TBI0", .flip = 1ull << 37 },
	{ "TBI1 of the half that is not used", .flip = 1ull << 38, .ok = true },
	{ "EPD0", .flip = 1 << 7 },
	{ "DS", .flip = 1ull << 59 },
	{ "MTX0", .flip = 1ull << 60 },
	{ "SH reserved", .flip = 2 << 12 },
	{ "4K granule", .feature = F(granule_4k) },
	{ "64K granule", .flip = 1 << 14, .root = 0xc000, .ok = true },
	{ "64K granule, not there", .flip = 1 << 14, .root = 0xc000, .feature = F(granule_64k) },
	{ "16K granule", .flip = 2 << 14, .ok = true },
	{ "16K granule, not there", .flip = 2 << 14, .feature = F(granule_16k) },
	{ "TG0 reserved", .flip = 3 << 14 },
	{ "T0SZ 39", .flip = 16 ^ 39, .ok = true },
	{ "T0SZ 40", .flip = 16 ^ 40 },
	{ "T0SZ 40 with STT", .flip = 16 ^ 40, .feature = F(idr) + 13, .value = 2, .ok = true },
	{ "T0SZ 48 with STT", .flip = 16 ^ 48, .feature = F(idr) + 13, .value = 2, .ok = true },
	{ "T0SZ 49 with STT", .flip = 16 ^ 49, .feature = F(idr) + 13, .value = 2 },
	{ "64K, T0SZ 48 with STT", .flip = (16 ^ 48) | 1 << 14, .feature = F(idr) + 13, .value = 2 },
	{ "T0SZ 15", .flip = 16 ^ 15 },
	{ "4K, T0SZ 12, 52 bits of input", .flip = 16 ^ 12, .feature = F(input_bits), .value = 52 },
	{ "64K, T0SZ 12, 52 bits of input", .flip = (16 ^ 12) | 1 << 14, .root = 0xc000, .feature = F(input_bits), .value = 52, .ok = true },
	{ "64K, T0SZ 11, 52 bits of input", .flip = (16 ^ 11) | 1 << 14, .root = 0xc000, .feature = F(input_bits), .value = 52 },
	{ "64K, T0SZ 12, 48 bits of input", .flip = (16 ^ 12) | 1 << 14, .root = 0xc000 },
	{ "47 bits of input", .feature = F(input_bits), .value = 47 },
	{ "IPS 52", .flip = 3ull << 32 },
	{ "IPS 56", .flip = 2ull << 32 },
	{ "IPS 48 of 44", .feature = F(output_bits), .value = 44 },
	{ "IPS 44 of 44", .flip = 1ull << 32, .feature = F(output_bits), .value = 44, .ok = true },
	{ "TTB beyond IPS", .flip = 5ull << 32, .root = 0x100000000 },
	{ "TTB within IPS", .flip = 5ull << 32, .root = 0x7edcb000, .ok = true },
	{ "TTB not aligned to its table", .root = 0x800 },
	{ "a small table needs less", .flip = 16 ^ 39, .root = 0x200, .ok = true },
	{ "but it does need that", .flip = 16 ^ 39, .root = 0x40 },
	{ "16 bytes at least", .flip = 16 ^ 39, .root = 2 },
	{ "HA", .flip = 1ull << 39, .ok = true },
	{ "HA without HTTU", .flip = 1ull << 39, .feature = F(httu), .value = 0 },
	{ "HA with HTTU 1", .flip = 1ull << 39, .feature = F(httu), .value = 1, .ok = true },
	{ "HA and HD with HTTU 1", .flip = 3ull << 39, .feature = F(httu), .value = 1 },
	{ "HPD0 without HAD", .flip = 1ull << 41 },
	{ "HPD0", .flip = 1ull << 41, .feature = F(idr) + 12, .value = 4, .ok = true },
	{ "E0PD0 without E0PD", .flip = 1ull << 55 },
	{ "E0PD0", .flip = 1ull << 55, .feature = F(idr) + 13, .value = 0x20, .ok = true },
	{ "ASID 0", .no_asid = true },
	{ "ASID of 16 bits", .asid = 0xffff, .ok = true },
	{ "ASID beyond 16 bits", .asid = 0x10000 },
	{ "ASID beyond 8 bits", .asid = 0x100, .feature = F(asid_bits), .value = 8 },
	{ "no stage 1", .feature = F(no_stage1), .value = 1 },
};

static const struct trial stage2_trials[] = {
	{ "as it is", .ok = true },
	{ "4K granule", .feature = F(granule_4k) },
	{ "64K granule", .flip = 1 << 14, .ok = true },
	{ "64K granule, not there", .flip = 1 << 14, .feature = F(granule_64k) },
	{ "TG0 reserved", .flip = 3 << 14 },
	{ "DS", .flip = 1ull << 32 },
	{ "SL2", .flip = 1ull << 33 },
	{ "SH reserved", .flip = 2 << 12 },
	{ "HA", .flip = 1 << 21, .ok = true },
	{ "HA without HTTU", .flip = 1 << 21, .feature = F(httu), .value = 0 },
	{ "HD with HTTU 1", .flip = 1 << 22, .feature = F(httu), .value = 1 },
	{ "PS 52", .flip = 3 << 16 },
	{ "PS 48 of 44", .feature = F(output_bits), .value = 44 },
	{ "PS 44 of 44", .flip = (1 << 16), .root = 0 - 0x120000000000ull, .feature = F(output_bits), .value = 44, .ok = true },
	{ "IPA wider than the output", .flip = 24 ^ 16 ^ (3 << 6) ^ (1 << 16), .root = 0 - 0x120000000000ull, .feature = F(output_bits), .value = 44 },
	{ "level 0 for 48 bits", .flip = 24 ^ 16 ^ (3 << 6), .ok = true },
	{ "level 0 for 39 bits", .flip = 24 ^ 25 ^ (3 << 6) },
	{ "level 1 for 43 bits: 16 tables", .flip = 24 ^ 21, .ok = true },
	{ "level 1 for 44 bits: 32 tables", .flip = 24 ^ 20 },
	{ "level 3", .flip = 2 << 6 },
	{ "level 3 with STT, too many bits", .flip = 2 << 6, .feature = F(idr) + 13, .value = 2 },
	{ "level 2 for 34 bits", .flip = (24 ^ 30) | 1 << 6, .ok = true },
	{ "level 3 with STT for 24 bits", .flip = (24 ^ 40) | 2 << 6, .feature = F(idr) + 13, .value = 2, .ok = true },
	{ "level 0 for 42 bits of 42", .flip = 24 ^ 22 ^ 3 << 6 ^ 6 << 16, .root = 0 - 0x120000000000ull, .feature = F(output_bits), .value = 42 },
	{ "level 1 for 42 bits of 42", .flip = 24 ^ 22 ^ 6 << 16, .root = 0 - 0x120000000000ull, .feature = F(output_bits), .value = 42, .ok = true },
	{ "16K, level 1 for 40 bits of 40", .flip = 2 << 14 ^ 3 << 6 ^ 7 << 16, .root = 0 - 0x120000000000ull, .feature = F(output_bits), .value = 40 },
	{ "16K, level 1 for 40 bits of 48", .flip = 2 << 14 ^ 3 << 6, .ok = true },
	{ "T0SZ 40", .flip = (24 ^ 40) | 1 << 6 },
	{ "table not aligned to both its parts", .root = 0x1000 },
	{ "CnP and VMID", .root = 0x42ull << 48 | 1, .ok = true },
	{ "table beyond PS", .flip = 5 << 16 },
	{ "VMID 0", .no_asid = true },
	{ "VMID beyond 16 bits", .asid = 0x10000 },
	{ "VMID beyond 8 bits", .asid = 0x100, .feature = F(vmid_bits), .value = 8 },
	{ "no stage 2", .feature = F(no_stage2), .value = 1 },
};

START_TEST(refusals)
{
	struct iovm__smmu s = { .features = all_features };
	struct iovm_table sim = stage1;
	uint64_t cd[8];
	size_t i;

	for (i = 0; i < sizeof stage1_trials / sizeof stage1_trials[0]; i++)
		try_it(&stage1_trials[i], false);
	for (i = 0; i < sizeof stage2_trials / sizeof stage2_trials[0]; i++)
		try_it(&stage2_trials[i], true);
	sim.format = IOVM_TABLE_SIM;
	ck_assert_int_eq(iovm__smmu_cd(&s, &sim, 1, false, cd), IOVM_E_FORMAT);
	ck_assert_int_eq(iovm__smmu_cd(&s, &stage2, 1, false, cd), IOVM_E_FORMAT);
	ck_assert_int_eq(iovm__smmu_stage2_check(&s, &stage1, 1), IOVM_E_FORMAT);
	s.features.no_stall = "IDR0.STALL_MODEL = 1";
	ck_assert_int_eq(iovm__smmu_cd(&s, &stage1, 1, true, cd), IOVM_E_FORMAT);
}
END_TEST

START_TEST(golden_stes)
{
	struct iovm__smmu s = { .features = all_features };
	struct iovm__smmu_stream_form form = { .ats = true, .cd_bits = 20, .cd_leaf_bits = 10, .cd_table = 0x890000000 };
	const uint64_t ours = 1 << 19 | 1ull << 44;	/* MEV and SHCFG, which the golden vectors leave out */
	uint64_t ste[8], zero[8] = { 0 };

	ck_assert_uint_eq(iovm__smmu_ste_abort(), 1);
	iovm__smmu_ste(&s, &form, ste);		/* STE06 */
	ck_assert_uint_eq(ste[0], 0xa00000089000002b);
	ck_assert_uint_eq(ste[1], 0x180000d6 | ours);
	ck_assert_mem_eq(&ste[2], zero, 48);
	form = (struct iovm__smmu_stream_form){ .ats = true, .response_pasid = true, .cd_bits = 15, .cd_leaf_bits = 6, .cd_table = 0x88000000 };
	iovm__smmu_ste(&s, &form, ste);		/* STE07 but for its bits and S1DSS */
	ck_assert_uint_eq(ste[0], 0x780000008800001b);
	ck_assert_uint_eq(ste[1], 0x180c00d6 | ours);
	form = (struct iovm__smmu_stream_form){ .stall = true, .cd_table = 0x80001000 };
	iovm__smmu_ste(&s, &form, ste);		/* STE04 */
	ck_assert_uint_eq(ste[0], 0x8000100b);
	ck_assert_uint_eq(ste[1], 0xd4 | ours);
	form.stall = false;
	s.features.stall_model = 1;		/* S1STALLD is illegal there */
	iovm__smmu_ste(&s, &form, ste);
	ck_assert_uint_eq(ste[1], 0xd4 | ours);
	s.features.stall_model = 0;
	form = (struct iovm__smmu_stream_form){ .stage2 = true, .vtcr = VTCR_4K_40, .vttb = 0x123456780000 | 1, .vmid = 0x42, .ats = true };
	iovm__smmu_ste(&s, &form, ste);		/* STE09 without S2S */
	ck_assert_uint_eq(ste[0], 0xd);
	ck_assert_uint_eq(ste[1], ours | 1ull << 28);
	ck_assert_uint_eq(ste[2], 0x044d355800000042);
	ck_assert_uint_eq(ste[3], 0x123456780000);
	s.features.stall_model = 2;		/* forced: S2S, and then no ATS */
	iovm__smmu_ste(&s, &form, ste);
	ck_assert_uint_eq(ste[1], ours);
	ck_assert_uint_eq(ste[2], 0x064d355800000042);
	form.aborted = true;
	iovm__smmu_ste(&s, &form, ste);
	ck_assert_uint_eq(ste[0], 1);
	ck_assert_mem_eq(&ste[1], zero, 56);
	ck_assert_uint_eq(iovm__smmu_cd_quiet(&s, false), QUIET0 | 1ull << 44);
	s.features.stall_model = 0;
	ck_assert_uint_eq(iovm__smmu_cd_quiet(&s, true), QUIET0);
	form = (struct iovm__smmu_stream_form){ 0 };
	s.features.no_stage1 = "IDR0.S1P = 0";
	iovm__smmu_ste(&s, &form, ste);
	ck_assert_uint_eq(ste[0], 1);
}
END_TEST

/* ---- streams --------------------------------------------------------------------------------------------------------------------------- */

static const struct { bool two_level, forced_linear; unsigned sid_bits, split; } strtabs[] = {
	{ true, false, 16, 8 }, { true, true, 16, 0 }, { false, false, 16, 0 }, { true, false, 8, 0 }, { true, false, 9, 8 },
};

START_TEST(stream_tables)
{
	struct rig r;
	unsigned i;

	rig_init(&r, 8);
	r.s.features.two_level_stream = strtabs[_i].two_level;
	r.s.config.linear = strtabs[_i].forced_linear;
	r.s.sid_bits = (uint8_t)strtabs[_i].sid_bits;
	r.ids[2] = (1u << r.s.sid_bits) - 1;
	r.ids[3] = 1u << (r.s.sid_bits - 1);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	ck_assert_uint_eq(r.s.split, strtabs[_i].split);
	ck_assert_uint_eq(r.s.strtab.size, r.s.split ? 8u << (r.s.sid_bits - 8) < 64 ? 64 : 8u << (r.s.sid_bits - 8) : 64u << r.s.sid_bits);
	ck_assert_ptr_null(iovm__smmu_ste_of(&r.s, 1u << r.s.sid_bits));
	attach(&r);
	for (i = 0; i < 4; i++) {
		ck_assert_ptr_eq(find_ste(&r, r.ids[i]), iovm__smmu_ste_of(&r.s, r.ids[i]));
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0] & 15, 11);
	}
	ck_assert_uint_eq(find_ste(&r, 7)[0], 0);
	iovm__smmu_detach(&r.s, &r.fn);
	for (i = 0; i < 32; i++)	/* nothing of it is left, in any word */
		ck_assert_uint_eq(find_ste(&r, r.ids[i / 8])[i % 8], 0);
	ck_assert_ptr_null(r.fn.priv);
	rig_fini(&r);
}
END_TEST

START_TEST(streams_beyond_the_table)
{
	struct rig r;
	unsigned blocks;

	rig_init(&r, 8);
	r.s.sid_bits = 12;
	r.ids[2] = 0x1000;
	r.ids[3] = 0x200;
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	blocks = r.blocks;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), IOVM_E_INVAL);
	ck_assert_uint_eq(r.blocks, blocks);
	ck_assert_ptr_null(r.fn.priv);
	ck_assert_ptr_null(find_ste(&r, 5));
	/* Whoever goes on with it all the same does no harm */
	r.fn.aborted = true;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	ck_assert_int_eq(quiet_entry(&r, 1), 0);
	rig_fini(&r);
}
END_TEST

START_TEST(a_table_too_large_for_the_host)
{
	struct rig r;

	rig_init(&r, 0);
	r.fail_nth = 2;
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), IOVM_E_NO_MEMORY);
	ck_assert_uint_eq(r.blocks, 0);
	rig_fini(&r);
}
END_TEST

/* A step after the first never stores word 0 with another word, and each STE goes from invalid over its other words */
START_TEST(attach_goes_in_steps)
{
	const uint64_t *ste;
	struct rig r;
	unsigned i, k;

	rig_init(&r, 8);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 1);
	for (i = 0; i < 4; i++)
		for (k = 0; k < 8; k++)
			ck_assert_uint_eq(find_ste(&r, r.ids[i])[k], 0);
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 1);
	for (i = 0; i < 4; i++) {
		ste = find_ste(&r, r.ids[i]);
		ck_assert(!ste[0] && ste[1]);
	}
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	nstored = 0;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	ck_assert_uint_eq(nstored, 0);
	r.fn.ats = true;
	ck_assert_uint_eq(attach(&r), 1);
	ck_assert_uint_eq(nstored, 4);
	for (i = 0; i < 4; i++) {
		ck_assert_ptr_eq(stored[i], find_ste(&r, r.ids[i]) + 1);
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[1] >> 28 & 3, 1);
	}
	rig_fini(&r);
}
END_TEST

START_TEST(words_are_stored_word_0_last)
{
	uint64_t mem[8] = { 0, 0, 7 }, i;
	const uint64_t words[8] = { 1, 2, 7, 4, 5, 6, 0, 8 };

	nstored = 0;
	iovm__smmu_store(mem, words, 8);
	ck_assert_mem_eq(mem, words, sizeof mem);
	ck_assert_uint_eq(nstored, 6);
	ck_assert_ptr_eq(stored[5], mem);
	for (i = 0; i < 6; i++)
		ck_assert(stored[i] != &mem[2] && stored[i] != &mem[6]);
}
END_TEST

static unsigned blocks_after_failures(struct rig *r, int (*call)(struct rig *r), const void *watched, size_t size)
{
	unsigned nth, blocks = r->blocks;
	void *before = malloc(size);
	int err;

	ck_assert_ptr_nonnull(before);
	memcpy(before, watched, size);
	for (nth = 1;; nth++) {
		r->allocs = 0;
		r->fail_nth = nth;
		err = call(r);
		if (err != IOVM_E_NO_MEMORY)
			break;
		ck_assert_uint_eq(r->blocks, blocks);
		ck_assert_mem_eq(before, watched, size);
	}
	ck_assert_int_ge(err, 0);
	free(before);
	return nth - 1;
}

static int first_of_attach(struct rig *r) { return iovm__smmu_attach(&r->s, &r->fn); }
static int first_of_walk(struct rig *r) { return iovm__smmu_entry(&r->s, &r->fn, 0x43210, IOVM_TO_WALK, &stage1, 0x42); }

START_TEST(memory_fails_at_each_point)
{
	struct rig r;
	struct iovm__smmu_table *t;

	rig_init(&r, 20);
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	/* three leaves of streams; table, level 1, list of leaves, leaf 0 */
	ck_assert_uint_eq(blocks_after_failures(&r, first_of_attach, r.s.strtab.mem, r.s.strtab.size), 7);
	attach(&r);
	t = r.fn.priv;
	ck_assert_uint_eq(blocks_after_failures(&r, first_of_walk, t->top.mem, t->top.size), 1);
	r.fail_nth = 0;
	rig_fini(&r);
}
END_TEST

START_TEST(a_leaf_outlives_a_failed_neighbour)
{
	static const uint32_t neighbour[2] = { 9, 0x5000 };
	struct rig r;
	struct iovm_function other = { .stream_ids = neighbour, .nstream_ids = 2 };

	set_up(&r, 0);
	r.allocs = 0;
	r.fail_nth = 2;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &other), IOVM_E_NO_MEMORY);
	ck_assert_uint_eq(find_ste(&r, 5)[0] & 15, 11);
	ck_assert_ptr_null(find_ste(&r, 0x5000));
	r.fail_nth = 0;
	rig_fini(&r);
}
END_TEST

/* ---- CD tables ------------------------------------------------------------------------------------------------------------------------- */

static const struct { unsigned bits, fmt, smmu_bits; bool two_level; } cd_tables[] = {
	{ 0, 0, 20, true }, { 1, 0, 20, true }, { 6, 0, 20, true }, { 7, 1, 20, true }, { 15, 1, 20, true }, { 16, 2, 20, true }, { 20, 2, 20, true },
	{ 12, 0, 20, false }, { 20, 1, 8, true }, { 8, 0, 0, true },
};

START_TEST(cd_forms)
{
	unsigned bits = cd_tables[_i].bits < cd_tables[_i].smmu_bits ? cd_tables[_i].bits : cd_tables[_i].smmu_bits, k;
	uint32_t pasid, last = (1u << bits) - 1;
	const uint64_t *ste;
	struct rig r;

	rig_init(&r, cd_tables[_i].bits);
	r.s.features.pasid_bits = (uint8_t)cd_tables[_i].smmu_bits;
	r.s.features.two_level_cd = cd_tables[_i].two_level;
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	attach(&r);
	ste = find_ste(&r, 5);
	ck_assert_uint_eq(ste[0] >> 59, bits);
	ck_assert_uint_eq(ste[0] >> 4 & 3, cd_tables[_i].fmt);
	ck_assert_uint_eq(ste[1] & 3, bits ? 2 : 0);
	ck_assert_uint_eq(find_cd(ste, 0)[0], QUIET0);
	for (pasid = 1, k = 0; pasid <= last; pasid = pasid * 3 + 1, k++) {
		const uint64_t *cd = find_cd(ste, pasid);

		ck_assert(!cd || !cd[0]);
		enter(&r, pasid, &stage1, 0x42);
		ck_assert_mem_eq(find_cd(ste, pasid), cd02, 64);
	}
	if (last) {
		enter(&r, last, &stage1, 0x42);
		ck_assert_mem_eq(find_cd(ste, last), cd02, 64);
	}
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);
	ck_assert_mem_eq(find_cd(ste, 0), cd02, 64);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, last + 1, IOVM_TO_WALK, &stage1, 1), IOVM_E_INVAL);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 0, IOVM_TO_WALK, &stage1, 1), IOVM_E_INVAL);
	ck_assert_int_eq(quiet_entry(&r, last + 1), 0);
	rig_fini(&r);
}
END_TEST

/* In a leaf that is there: the other words, then word 0; in a new one: at once, for nobody could reach it */
START_TEST(entries_go_in_steps)
{
	const uint64_t *ste, *cd;
	struct rig r;

	set_up(&r, 20);
	ste = find_ste(&r, 5);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &stage1, 0x42), 1);
	cd = find_cd(ste, 3);
	ck_assert_uint_eq(cd[0], 0);
	ck_assert_mem_eq(cd + 1, cd02 + 1, 56);
	nstored = 0;
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &stage1, 0x42), 0);
	ck_assert(nstored == 1 && stored[0] == cd);
	ck_assert_mem_eq(cd, cd02, 64);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &stage1, 0x42), 0);
	ck_assert_uint_eq(nstored, 1);
	/* another address space: never a mix of the two */
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 3, IOVM_TO_WALK, &(struct iovm_table){ .format = IOVM_TABLE_AARCH64_S1, .root = 0x5000,
			 .control = TCR_4K_48 }, 0x43), 1);
	ck_assert_uint_eq(cd[0], QUIET0);
	ck_assert_mem_eq(cd + 1, cd02 + 1, 56);
	ck_assert_uint_eq(enter(&r, 3, &(struct iovm_table){ .format = IOVM_TABLE_AARCH64_S1, .root = 0x5000, .control = TCR_4K_48 }, 0x43), 2);
	ck_assert(cd[0] >> 48 == 0x43 && cd[1] == 0x5000 && !cd[3]);
	/* the last store of a new leaf's entry is level 1's */
	nstored = 0;
	ck_assert_uint_eq(enter(&r, 0x12345, &stage1, 0x42), 1);
	ck_assert_ptr_eq(stored[nstored - 1], (const uint64_t *)((struct iovm__smmu_table *)r.fn.priv)->top.mem + (0x12345 >> 10));
	/* back from quiet it is one store */
	quiet_entry(&r, 0x12345);
	ck_assert_uint_eq(enter(&r, 0x12345, &stage1, 0x42), 1);
	rig_fini(&r);
}
END_TEST

START_TEST(quiet_is_one_store)
{
	static const uint32_t pasids[] = { IOVM_NO_PASID, 3, 0x12345 };
	const uint64_t *cd;
	uint64_t before[8];
	unsigned i, allocs;
	struct rig r;

	set_up(&r, 20);
	for (i = 0; i < 3; i++) {
		enter(&r, pasids[i], &stage1, 0x42);
		cd = find_cd(find_ste(&r, 5), pasids[i] == IOVM_NO_PASID ? 0 : pasids[i]);
		memcpy(before, cd, 64);
		nstored = 0;
		allocs = r.allocs;
		ck_assert_int_eq(quiet_entry(&r, pasids[i]), 0);
		ck_assert(nstored == 1 && stored[0] == cd);
		ck_assert_uint_eq(cd[0], QUIET0);
		ck_assert_mem_eq(cd + 1, before + 1, 56);
		ck_assert_uint_eq(r.allocs, allocs);
	}
	nstored = 0;
	ck_assert_int_eq(quiet_entry(&r, 0x54321), 0);	/* no leaf there */
	ck_assert_uint_eq(nstored, 0);
	ck_assert_ptr_null(find_cd(find_ste(&r, 5), 0x54321));
	rig_fini(&r);
}
END_TEST

/* ---- stage 2 as entry 0 ------------------------------------------------------------------------------------------------------------------ */

START_TEST(stage2_entry)
{
	uint64_t before[8];
	const uint64_t *ste;
	struct rig r;
	unsigned i;

	set_up(&r, 8);
	ste = find_ste(&r, 0x100);
	enter(&r, 7, &stage1, 0x42);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, IOVM_NO_PASID, IOVM_TO_WALK, &stage2, 0x42), IOVM_E_FORMAT);
	ck_assert_uint_eq(ste[0] & 15, 11);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 9, IOVM_TO_WALK, &stage2, 0x42), IOVM_E_FORMAT);
	quiet_entry(&r, 7);
	enter(&r, IOVM_NO_PASID, &stage2, 0x42);
	for (i = 0; i < 4; i++) {
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0], 0xd);
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[2], 0x044d355800000042);
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[3], 0x123456780000);
	}
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 7, IOVM_TO_WALK, &stage1, 0x42), IOVM_E_FORMAT);
	r.fn.ats = true;
	ck_assert_uint_eq(attach(&r), 1);
	ck_assert_uint_eq(ste[0], 0xd);

	memcpy(before, ste, 64);
	nstored = 0;
	ck_assert_int_eq(quiet_entry(&r, IOVM_NO_PASID), 0);
	ck_assert_uint_eq(nstored, 5);		/* CD 0, and each STE */
	for (i = 0; i < 4; i++)
		ck_assert_ptr_eq(stored[1 + i], find_ste(&r, r.ids[i]));
	ck_assert_uint_eq(ste[0], 1);
	ck_assert_mem_eq(ste + 1, before + 1, 56);
	/* Nothing brings the old table back; a PASID brings stage 1, under VMID 0 */
	enter(&r, 7, &stage1, 0x42);
	ck_assert_uint_eq(ste[0] & 15, 11);
	ck_assert_uint_eq(ste[2] & 0xffff, 0);
	ck_assert_mem_eq(find_cd(ste, 7), cd02, 64);
	ck_assert_uint_eq(find_cd(ste, 0)[0], QUIET0);
	rig_fini(&r);
}
END_TEST

START_TEST(stage2_then_stage1)
{
	struct rig r;

	set_up(&r, 8);
	enter(&r, IOVM_NO_PASID, &stage2, 0x42);
	quiet_entry(&r, IOVM_NO_PASID);
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);
	ck_assert_uint_eq(find_ste(&r, 6)[0] & 15, 11);
	ck_assert_mem_eq(find_cd(find_ste(&r, 6), 0), cd02, 64);
	quiet_entry(&r, IOVM_NO_PASID);
	enter(&r, IOVM_NO_PASID, &stage2, 0x43);
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);	/* nobody asked for quiet */
	ck_assert_uint_eq(find_ste(&r, 6)[0] & 15, 11);
	ck_assert_mem_eq(find_cd(find_ste(&r, 6), 0), cd02, 64);
	enter(&r, IOVM_NO_PASID, &stage2, 0x43);
	quiet_entry(&r, IOVM_NO_PASID);
	attach(&r);	/* on its own account, too */
	ck_assert_uint_eq(find_ste(&r, 6)[0] & 15, 11);
	ck_assert_uint_eq(find_cd(find_ste(&r, 6), 0)[0], QUIET0);
	rig_fini(&r);
}
END_TEST

START_TEST(stage2_alone)
{
	struct rig r;

	rig_init(&r, 0);
	r.s.features.no_stage1 = "IDR0.S1P = 0";
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	attach(&r);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 1);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, IOVM_NO_PASID, IOVM_TO_WALK, &stage1, 0x42), IOVM_E_FORMAT);
	enter(&r, IOVM_NO_PASID, &stage2, 0x42);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 0xd);
	quiet_entry(&r, IOVM_NO_PASID);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 1);
	attach(&r);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 1);
	rig_fini(&r);
}
END_TEST

/* ---- abort ---------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(abort_is_one_store_a_stream)
{
	uint64_t before[8];
	struct rig r;
	unsigned i;

	set_up(&r, 8);
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);
	memcpy(before, find_ste(&r, 6), 64);
	nstored = 0;
	r.fn.aborted = true;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	ck_assert_uint_eq(nstored, 4);
	for (i = 0; i < 4; i++) {
		ck_assert_ptr_eq(stored[i], find_ste(&r, r.ids[i]));
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0], 1);
	}
	ck_assert_mem_eq(find_ste(&r, 6) + 1, before + 1, 56);
	quiet_entry(&r, IOVM_NO_PASID);
	enter(&r, 7, &stage1, 0x42);		/* entries go on, the abort stands */
	ck_assert_uint_eq(find_ste(&r, 6)[0], 1);
	r.fn.aborted = false;
	ck_assert_uint_eq(attach(&r), 1);
	ck_assert_mem_eq(find_ste(&r, 6), before, 64);
	rig_fini(&r);
}
END_TEST

static struct rig *beside;

static void abort_comes(void)
{
	beside->fn.aborted = true;
	ck_assert_int_eq(iovm__smmu_attach(&beside->s, &beside->fn), 0);
}

static void quiet_comes(void)
{
	quiet_entry(beside, IOVM_NO_PASID);
}

static void attach_call(struct rig *r) { (void)iovm__smmu_attach(&r->s, &r->fn); }
static void quiet_call(struct rig *r) { quiet_entry(r, IOVM_NO_PASID); }
static void walk2_call(struct rig *r) { (void)iovm__smmu_entry(&r->s, &r->fn, IOVM_NO_PASID, IOVM_TO_WALK, &stage2, 0x42); }
static void walk_call(struct rig *r) { (void)iovm__smmu_entry(&r->s, &r->fn, 7, IOVM_TO_WALK, &stage1, 0x42); }

/* act comes at each look of call in turn; call is the step that would bring the STE into force. Returns how many places there were */
static unsigned overtake(struct rig *r, void (*prepare)(struct rig *r), void (*call)(struct rig *r), void (*act)(void), bool walks2_is_wrong)
{
	unsigned at, i;

	beside = r;
	for (at = 1;; at++) {
		set_up(r, 8);
		prepare(r);
		looks = 0;
		stop_at = at;
		meanwhile = act;
		call(r);
		if (meanwhile) {
			meanwhile = NULL;
			rig_fini(r);
			return at - 1;
		}
		for (i = 0; i < 4; i++)
			ck_assert_msg(walks2_is_wrong ? (find_ste(r, r->ids[i])[0] & 12) != 12 : find_ste(r, r->ids[i])[0] == 1,
				      "overtaken at %u: stream %u stands at %llx", at, i, (unsigned long long)find_ste(r, r->ids[i])[0]);
		rig_fini(r);
	}
}

static void nothing(struct rig *r) { (void)r; }
static void was_aborted(struct rig *r)
{
	r->fn.aborted = true;
	(void)iovm__smmu_attach(&r->s, &r->fn);
	r->fn.aborted = false;
}
static void in_stage2(struct rig *r) { enter(r, IOVM_NO_PASID, &stage2, 0x42); }
static void in_stage2_aborted(struct rig *r)
{
	in_stage2(r);
	was_aborted(r);
}
static void before_stage2(struct rig *r) { walk2_call(r); }
static void after_stage2(struct rig *r)
{
	in_stage2(r);
	quiet_entry(r, IOVM_NO_PASID);
	walk_call(r);
	walk_call(r);
}

START_TEST(an_abort_overtakes)
{
	struct rig r;

	ck_assert_uint_gt(overtake(&r, was_aborted, attach_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, nothing, attach_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2_aborted, attach_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, before_stage2, walk2_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2, quiet_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, after_stage2, walk_call, abort_comes, false), 4);
}
END_TEST

START_TEST(a_quieting_overtakes_stage2)
{
	struct rig r;

	ck_assert_uint_gt(overtake(&r, in_stage2_aborted, attach_call, quiet_comes, true), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2, attach_call, quiet_comes, true), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2, quiet_call, quiet_comes, true), 4);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_tables");
	TCase *tc = tcase_create("tables");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, golden_cds);
	tcase_add_test(tc, golden_stes);
	tcase_add_test(tc, refusals);
	tcase_add_loop_test(tc, stream_tables, 0, sizeof strtabs / sizeof strtabs[0]);
	tcase_add_test(tc, streams_beyond_the_table);
	tcase_add_test(tc, a_table_too_large_for_the_host);
	tcase_add_test(tc, attach_goes_in_steps);
	tcase_add_test(tc, words_are_stored_word_0_last);
	tcase_add_test(tc, memory_fails_at_each_point);
	tcase_add_test(tc, a_leaf_outlives_a_failed_neighbour);
	tcase_add_loop_test(tc, cd_forms, 0, sizeof cd_tables / sizeof cd_tables[0]);
	tcase_add_test(tc, entries_go_in_steps);
	tcase_add_test(tc, quiet_is_one_store);
	tcase_add_test(tc, stage2_entry);
	tcase_add_test(tc, stage2_then_stage1);
	tcase_add_test(tc, stage2_alone);
	tcase_add_test(tc, abort_is_one_store_a_stream);
	tcase_add_test(tc, an_abort_overtakes);
	tcase_add_test(tc, a_quieting_overtakes_stage2);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
