/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What an STE and a CD shall say, and which of their bits the SMMU looks at. Pure.
 *
 * The core gives a table as the CPU's registers would describe it (TTBR0, TCR, MAIR; VTTBR, VTCR). A CD has the same fields at other places, with other rules
 * about what is legal (5.4.2); an illegal CD or STE would terminate everything with C_BAD_CD or C_BAD_STE, so what this SMMU cannot walk is refused here.
 * What registers do not say is the host's promise: leaves of a stage-1 table have nG set, or they would answer under every ASID, the quiet one too.
 *
 * A quiet CD walks neither half, has an ASID under which nothing was ever walked (EPDx ends walks, not hits in the TLB), aborts and records nothing.
 */
#include "backends/smmuv3/smmuv3.h"

enum { TABLE_4K, TABLE_64K, TABLE_16K };	/* TCR.TG0, VTCR.TG0, CD.TG0, STE.S2TG */
enum { WB_ALLOCATE = 1, INNER_SHAREABLE = 3, SHARE_INCOMING = 1 };
enum { CONFIG_ABORT = 0, CONFIG_STAGE1 = 5, CONFIG_STAGE2 = 6 };
enum { DSS_CD0 = 2, EATS_FULL = 1, MODEL_BOTH = 0, MODEL_FORCED = 2 };

#define BITS(value, msb, lsb) ((unsigned)((value) >> (lsb)) & ((2u << ((msb) - (lsb))) - 1))

/* ---- which bits count -------------------------------------------------------------------------------------------------------- */

/* Attributes that stand in for those of the walk: with no stage 1, or around it (13.5) */
static uint64_t ste_overrides(const uint64_t ste[8])
{
	uint64_t bits = SMMU_MASK(STE, MTCFG) | SMMU_MASK(STE, ALLOCCFG) | SMMU_MASK(STE, SHCFG);

	return SMMU_GET(ste, STE, MTCFG) ? bits | SMMU_MASK(STE, MemAttr) : bits;
}

static void ste_stage1_used(const uint64_t ste[8], uint64_t used[8])
{
	used[0] |= SMMU_MASK(STE, S1ContextPtr) | SMMU_MASK(STE, S1CDMax);
	used[1] |= SMMU_MASK(STE, S1CIR) | SMMU_MASK(STE, S1COR) | SMMU_MASK(STE, S1CSH) | SMMU_MASK(STE, S1STALLD) | SMMU_MASK(STE, S1PIE) |
		   SMMU_MASK(STE, S1MPAM);
	used[2] |= SMMU_MASK(STE, S2VMID);	/* what NS-EL1 stage 1 walks into the TLB is tagged with it, even without stage 2 */
	if (SMMU_GET(ste, STE, Config) == CONFIG_STAGE1)
		used[1] |= SMMU_MASK(STE, STRW);
	if (!SMMU_GET(ste, STE, S1CDMax))
		return;
	used[0] |= SMMU_MASK(STE, S1Fmt);
	used[1] |= SMMU_MASK(STE, S1DSS);
	if (SMMU_GET(ste, STE, S1DSS) == 1)
		used[1] |= ste_overrides(ste);
}

static void ste_stage2_used(const uint64_t ste[8], uint64_t used[8])
{
	used[1] |= ste_overrides(ste) | SMMU_MASK(STE, S2FWB) | SMMU_MASK(STE, S2HWU59) | SMMU_MASK(STE, S2HWU60) | SMMU_MASK(STE, S2HWU61) |
		   SMMU_MASK(STE, S2HWU62);
	used[2] = ~0ull;
	used[3] = ~0ull;
	used[5] |= SMMU_MASK(STE, VMSPtr) | SMMU_MASK(STE, AssuredOnly) | SMMU_MASK(STE, TL0) | SMMU_MASK(STE, TL1);
	used[7] = ~0ull;
}

/*
 * (5.2) What Config = 0b0xx leaves of PPAR, whether an automatic answer after an overflow names the PASID, is not worth a word of its own: an aborting stream's
 * entry keeps the bit that it had.
 */
void iovm__smmu_ste_used(const uint64_t ste[8], uint64_t used[8])
{
	unsigned config = (unsigned)SMMU_GET(ste, STE, Config);

	memset(used, 0, 8 * sizeof *used);
	used[0] = SMMU_MASK(STE, V);
	if (!SMMU_GET(ste, STE, V))
		return;
	if (config < 4) {
		used[0] |= SMMU_BITS(STE, Config, 4);
		return;
	}
	used[0] |= SMMU_MASK(STE, Config);
	used[1] = SMMU_MASK(STE, DRE) | SMMU_MASK(STE, CONT) | SMMU_MASK(STE, DCP) | SMMU_MASK(STE, PPAR) | SMMU_MASK(STE, MEV) |
		  SMMU_MASK(STE, NSCFG) | SMMU_MASK(STE, PRIVCFG) | SMMU_MASK(STE, INSTCFG) | SMMU_MASK(STE, ImpDef0);
	used[4] = SMMU_MASK(STE, PARTID) | SMMU_MASK(STE, MECID) | SMMU_MASK(STE, ImpDef2);
	used[5] = SMMU_MASK(STE, PMG) | SMMU_MASK(STE, MPAM_NS);
	if (config == 4)
		used[1] |= ste_overrides(ste);
	else
		used[1] |= SMMU_MASK(STE, EATS);
	if (config & 1)
		ste_stage1_used(ste, used);
	if (config & 2)
		ste_stage2_used(ste, used);
}

/* (5.4) */
void iovm__smmu_cd_used(const uint64_t cd[8], uint64_t used[8])
{
	bool low = !SMMU_GET(cd, CD, EPD0), high = !SMMU_GET(cd, CD, EPD1);

	memset(used, 0, 8 * sizeof *used);
	used[0] = SMMU_MASK(CD, V);
	if (!SMMU_GET(cd, CD, V))
		return;
	used[0] |= SMMU_MASK(CD, EPD0) | SMMU_MASK(CD, EPD1) | SMMU_MASK(CD, AA64) | SMMU_MASK(CD, HD) | SMMU_MASK(CD, HA) | SMMU_MASK(CD, S) |
		   SMMU_MASK(CD, R) | SMMU_MASK(CD, A) | SMMU_MASK(CD, ASET) | SMMU_MASK(CD, ASID);
	if (low) {
		used[0] |= SMMU_MASK(CD, T0SZ) | SMMU_MASK(CD, TG0) | SMMU_MASK(CD, IR0) | SMMU_MASK(CD, OR0) | SMMU_MASK(CD, SH0) |
			   SMMU_MASK(CD, TBI0);
		used[1] = ~0ull;
	}
	if (high) {
		used[0] |= SMMU_MASK(CD, T1SZ) | SMMU_MASK(CD, TG1) | SMMU_MASK(CD, IR1) | SMMU_MASK(CD, OR1) | SMMU_MASK(CD, SH1) |
			   SMMU_MASK(CD, TBI1);
		used[2] = ~0ull;
	}
	if (!low && !high)
		return;
	used[0] |= SMMU_MASK(CD, ENDI) | SMMU_MASK(CD, IPS) | SMMU_MASK(CD, AFFD) | SMMU_MASK(CD, WXN) | SMMU_MASK(CD, UWXN) | SMMU_MASK(CD, PAN);
	used[1] |= SMMU_MASK(CD, HAFT) | SMMU_MASK(CD, PnCH) | SMMU_MASK(CD, EPAN);
	used[2] |= SMMU_MASK(CD, AIE) | SMMU_MASK(CD, DS) | SMMU_MASK(CD, PIE);
	used[3] = used[4] = used[5] = used[6] = used[7] = ~0ull;
}

/* ---- sizes that both stages share ----------------------------------------------------------------------------------------------- */

static unsigned granule_shift(const struct iovm_smmuv3_features *f, unsigned tg)	/* 0: not one of this SMMU's */
{
	return tg == TABLE_4K && f->granule_4k ? 12 : tg == TABLE_16K && f->granule_16k ? 14 : tg == TABLE_64K && f->granule_64k ? 16 : 0;
}

/* (5.4 T0SZ, 5.2 S2T0SZ) 52 bits of input come with 64K granules alone where DS is 0, as it always is here */
static bool size_ok(const struct iovm_smmuv3_features *f, unsigned tsz, unsigned shift, unsigned input_bits)
{
	bool small = SMMU_GET_REG(f->idr[3], REG_IDR3, STT);
	unsigned most = !small ? 39 : shift == 16 ? 47 : 48;
	unsigned widest = shift == 16 ? 52 : 48;

	widest = input_bits < widest ? input_bits : widest;
	return tsz <= most && 64 - tsz <= widest;
}

static unsigned output_bits(unsigned ps)	/* IPS, PS; 0: none that a 64-bit table without D128 has */
{
	static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52, 0 };

	return bits[ps];
}

/* The table's address out of TTBR or VTTBR: neither CnP nor the ASID or VMID; with 52 bits of output 5:2 are 51:48 (Arm DDI 0487 TTBR0_EL1) */
static bool base_ok(uint64_t root, unsigned shift, unsigned out, unsigned table_log2, uint64_t *base)
{
	bool wide = shift == 16 && out == 52;

	*base = root & 0x0000fffffffffffeull;
	if (wide)
		*base = (root & 0x0000ffffffffffc0ull) | (root & 0x3c) << 46;
	if (wide && table_log2 < 6)
		table_log2 = 6;
	return !(*base & ((1ull << table_log2) - 1)) && !(*base >> out);
}

static bool updates_ok(const struct iovm_smmuv3_features *f, bool access, bool dirty)
{
	return f->httu >= (dirty ? 2 : access ? 1 : 0);
}

/* ---- stage 1 ------------------------------------------------------------------------------------------------------------------- */

struct tcr {	/* TCR_EL1's lower half */
	unsigned t0sz, irgn, orgn, sh, tg, ips;
	bool epd0, tbi, ha, hd, hpd, e0pd, ds, mtx;
};

static struct tcr tcr_of(uint64_t v)
{
	return (struct tcr){ .t0sz = BITS(v, 5, 0), .epd0 = BITS(v, 7, 7), .irgn = BITS(v, 9, 8), .orgn = BITS(v, 11, 10), .sh = BITS(v, 13, 12),
			     .tg = BITS(v, 15, 14), .ips = BITS(v, 34, 32), .tbi = BITS(v, 37, 37), .ha = BITS(v, 39, 39), .hd = BITS(v, 40, 40),
			     .hpd = BITS(v, 41, 41), .e0pd = BITS(v, 55, 55), .ds = BITS(v, 59, 59), .mtx = BITS(v, 60, 60) };
}

/* Bits of a level's index are granule_shift - 3; the first level has the rest */
static unsigned stage1_table_log2(unsigned tsz, unsigned shift)
{
	unsigned bits = 64 - tsz - shift;

	while (bits > shift - 3)
		bits -= shift - 3;
	return bits + 3;
}

static bool tcr_ok(const struct iovm_smmuv3_features *f, const struct tcr *t)
{
	unsigned shift = granule_shift(f, t->tg);
	unsigned out = output_bits(t->ips);

	if (t->epd0 || t->tbi || t->ds || t->mtx || t->sh == 1 || (t->e0pd && !SMMU_GET_REG(f->idr[3], REG_IDR3, E0PD)) ||
	    (t->hpd && !SMMU_GET_REG(f->idr[3], REG_IDR3, HAD)))
		return false;
	return shift && size_ok(f, t->t0sz, shift, f->input_bits) && out && out <= f->output_bits && updates_ok(f, t->ha, t->hd);
}

static bool id_ok(uint32_t id, unsigned bits)	/* 0 is the quiet one */
{
	return id && id < 1u << bits;
}

static bool forced(const struct iovm__smmu *s)
{
	return s->features.stall_model == MODEL_FORCED;
}

int iovm__smmu_cd(const struct iovm__smmu *s, const struct iovm_table *table, uint32_t asid, bool stall, uint64_t cd[8])
{
	const struct iovm_smmuv3_features *f = &s->features;
	struct tcr t = tcr_of(table->control);
	unsigned shift = granule_shift(f, t.tg);
	uint64_t base;

	if (table->format != IOVM_TABLE_AARCH64_S1 || f->no_stage1 || !tcr_ok(f, &t) || !id_ok(asid, f->asid_bits) ||
	    !base_ok(table->root, shift, output_bits(t.ips), stage1_table_log2(t.t0sz, shift), &base) || (stall && f->no_stall))
		return IOVM_E_FORMAT;
	memset(cd, 0, 8 * sizeof *cd);
	cd[0] = SMMU_BITS(CD, T0SZ, t.t0sz) | SMMU_BITS(CD, TG0, t.tg) | SMMU_BITS(CD, IR0, t.irgn) | SMMU_BITS(CD, OR0, t.orgn) |
		SMMU_BITS(CD, SH0, t.sh) | SMMU_BITS(CD, EPD1, 1) | SMMU_BITS(CD, V, 1) | SMMU_BITS(CD, IPS, t.ips) | SMMU_BITS(CD, AA64, 1) |
		SMMU_BITS(CD, HD, t.hd) | SMMU_BITS(CD, HA, t.ha) | SMMU_BITS(CD, S, stall || forced(s)) | SMMU_BITS(CD, R, 1) |
		SMMU_BITS(CD, A, 1) | SMMU_BITS(CD, ASET, 1) | SMMU_BITS(CD, ASID, asid);
	cd[1] = SMMU_BITS(CD, TTB0, base) | SMMU_BITS(CD, HAD0, t.hpd) | SMMU_BITS(CD, E0PD0, t.e0pd);
	cd[3] = SMMU_BITS(CD, MAIR0, table->attributes) | SMMU_BITS(CD, MAIR1, table->attributes >> 32);
	return 0;
}

/* A forced stall makes S=0 illegal, even here (5.4.2); who then stalls is answered with an abort */
uint64_t iovm__smmu_cd_quiet(const struct iovm__smmu *s, bool stall)
{
	return SMMU_BITS(CD, EPD0, 1) | SMMU_BITS(CD, EPD1, 1) | SMMU_BITS(CD, V, 1) | SMMU_BITS(CD, AA64, 1) | SMMU_BITS(CD, A, 1) |
	       SMMU_BITS(CD, ASET, 1) | SMMU_BITS(CD, S, forced(s));
}

/* ---- stage 2 ------------------------------------------------------------------------------------------------------------------- */

struct vtcr {	/* VTCR_EL2 */
	unsigned t0sz, sl0, irgn, orgn, sh, tg, ps;
	bool ha, hd, ds, sl2;
};

static struct vtcr vtcr_of(uint64_t v)
{
	return (struct vtcr){ .t0sz = BITS(v, 5, 0), .sl0 = BITS(v, 7, 6), .irgn = BITS(v, 9, 8), .orgn = BITS(v, 11, 10), .sh = BITS(v, 13, 12),
			      .tg = BITS(v, 15, 14), .ps = BITS(v, 18, 16), .ha = BITS(v, 21, 21), .hd = BITS(v, 22, 22), .ds = BITS(v, 32, 32),
			      .sl2 = BITS(v, 33, 33) };
}

/*
 * (5.2 S2SL0; Arm DDI 0487 D8.2) SL0 names the first level; up to 16 tables of it stand side by side. *table_log2: their size. The topmost level is there only for
 * physical addresses that need it; with 64K granules no size lets it be asked for otherwise.
 */
static bool stage2_start_ok(const struct iovm_smmuv3_features *f, const struct vtcr *t, unsigned shift, unsigned *table_log2)
{
	unsigned level = shift == 12 ? (t->sl0 == 3 ? 3 : 2 - t->sl0) : 3 - t->sl0, below, bits = 64 - t->t0sz;

	if (t->sl0 == 3 && (shift != 12 || !SMMU_GET_REG(f->idr[3], REG_IDR3, STT)))
		return false;
	if ((shift == 12 && level == 0 && f->output_bits <= 42) || (shift == 14 && level == 1 && f->output_bits <= 40))
		return false;
	below = shift + (3 - level) * (shift - 3);
	*table_log2 = bits - below + 3;
	return bits > below && bits - below <= shift - 3 + 4;
}

static bool stage2_base(const struct iovm_smmuv3_features *f, const struct vtcr *t, uint64_t vttb, uint64_t *base)
{
	unsigned shift = granule_shift(f, t->tg), out = output_bits(t->ps), table_log2;

	return shift && out && out <= f->output_bits && size_ok(f, t->t0sz, shift, f->output_bits) && stage2_start_ok(f, t, shift, &table_log2) &&
	       base_ok(vttb, shift, out, table_log2, base);
}

int iovm__smmu_stage2_check(const struct iovm__smmu *s, const struct iovm_table *table, uint32_t vmid)
{
	const struct iovm_smmuv3_features *f = &s->features;
	struct vtcr t = vtcr_of(table->control);
	uint64_t base;

	if (table->format != IOVM_TABLE_AARCH64_S2 || f->no_stage2 || !id_ok(vmid, f->vmid_bits) || t.ds || t.sl2 || t.sh == 1)
		return IOVM_E_FORMAT;
	return updates_ok(f, t.ha, t.hd) && stage2_base(f, &t, table->root, &base) ? 0 : IOVM_E_FORMAT;
}

static void ste_stage2(const struct iovm__smmu *s, const struct iovm__smmu_stream_form *form, uint64_t ste[8])
{
	struct vtcr t = vtcr_of(form->vtcr);
	uint64_t base = 0;

	(void)stage2_base(&s->features, &t, form->vttb, &base);	/* it was checked before */
	ste[0] |= SMMU_BITS(STE, Config, CONFIG_STAGE2);
	ste[2] = SMMU_BITS(STE, S2VMID, form->vmid) | SMMU_BITS(STE, S2T0SZ, t.t0sz) | SMMU_BITS(STE, S2SL0, t.sl0) | SMMU_BITS(STE, S2IR0, t.irgn) |
		 SMMU_BITS(STE, S2OR0, t.orgn) | SMMU_BITS(STE, S2SH0, t.sh) | SMMU_BITS(STE, S2TG, t.tg) | SMMU_BITS(STE, S2PS, t.ps) |
		 SMMU_BITS(STE, S2AA64, 1) | SMMU_BITS(STE, S2PTW, 1) | SMMU_BITS(STE, S2HD, t.hd) | SMMU_BITS(STE, S2HA, t.ha) |
		 SMMU_BITS(STE, S2S, forced(s)) | SMMU_BITS(STE, S2R, 1);
	ste[3] = SMMU_BITS(STE, S2TTB, base);
}

/* ---- the stream table entry -------------------------------------------------------------------------------------------------------- */

uint64_t iovm__smmu_ste_abort(void)
{
	return SMMU_BITS(STE, V, 1) | SMMU_BITS(STE, Config, CONFIG_ABORT);
}

static void ste_stage1(const struct iovm__smmu *s, const struct iovm__smmu_stream_form *form, uint64_t ste[8])
{
	unsigned fmt = form->cd_leaf_bits == 0 ? 0 : form->cd_leaf_bits == 6 ? 1 : 2;

	ste[0] |= SMMU_BITS(STE, Config, CONFIG_STAGE1) | SMMU_BITS(STE, S1Fmt, fmt) | SMMU_BITS(STE, S1ContextPtr, form->cd_table) |
		  SMMU_BITS(STE, S1CDMax, form->cd_bits);
	ste[1] |= SMMU_BITS(STE, S1DSS, form->cd_bits ? DSS_CD0 : 0) | SMMU_BITS(STE, S1CIR, WB_ALLOCATE) | SMMU_BITS(STE, S1COR, WB_ALLOCATE) |
		  SMMU_BITS(STE, S1CSH, INNER_SHAREABLE);
	/* (7.2) a PCIe function must not stall; where the SMMU has one model only, saying so is illegal */
	ste[1] |= SMMU_BITS(STE, S1STALLD, !form->stall && s->features.stall_model == MODEL_BOTH);
}

/* (5.2.2) ATS and a stage 2 that stalls exclude each other */
void iovm__smmu_ste(const struct iovm__smmu *s, const struct iovm__smmu_stream_form *form, uint64_t ste[8])
{
	memset(ste, 0, 8 * sizeof *ste);
	ste[0] = iovm__smmu_ste_abort();
	if (form->aborted || (form->stage2 ? s->features.no_stage2 : s->features.no_stage1))
		return;
	ste[1] = SMMU_BITS(STE, PPAR, form->response_pasid) | SMMU_BITS(STE, MEV, 1) | SMMU_BITS(STE, SHCFG, SHARE_INCOMING) |
		 SMMU_BITS(STE, EATS, form->ats && !(form->stage2 && forced(s)) ? EATS_FULL : 0);
	if (form->stage2)
		ste_stage2(s, form, ste);
	else
		ste_stage1(s, form, ste);
}
