/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Which STEs and CDs are ILLEGAL (5.2.2, 5.4.2, 5.5): such a one counts as if V were 0. Pure functions of the ID registers and the words, one condition after the other as the
 * specification lists them.
 */
#include "backends/sim/smmuv3/model.h"

static unsigned httu(const struct iovm_smmuv3_model *m) { return FIELD(m->c.idr[0], IDR0_HTTU, 2); }

static bool granule_has(const struct iovm_smmuv3_model *m, unsigned granule_log2)
{
	return granule_log2 && m->c.idr[5] & 1u << (granule_log2 / 2 - 2);	/* 12, 14, 16: bits 4, 5, 6 */
}

bool iovm__model_tsz_legal(const struct iovm_smmuv3_model *m, unsigned tsz, unsigned granule_log2)
{
	unsigned most = !(m->c.idr[3] & IDR3_STT) ? 39 : granule_log2 == 16 ? 47 : 48;

	return granule_has(m, granule_log2) && tsz >= 16 && tsz <= most;
}

/* ---- stage 2 ------------------------------------------------------------------------------------------------------------------------------------ */

unsigned iovm__model_s2_start(unsigned granule_log2, unsigned sl0)
{
	if (sl0 == 3)
		return 4;
	return granule_log2 == 12 ? 2 - sl0 : 3 - sl0;
}

bool iovm__model_s2_legal(const struct iovm_smmuv3_model *m, const uint64_t w[8])
{
	static const uint8_t sizes[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	unsigned tsz = FIELD(w[2], 32, 6), granule = granule_of(FIELD(w[2], 46, 2)), start, shift, bits = 64 - tsz, ps = sizes[FIELD(w[2], 48, 3)];

	if (!(w[2] & BIT64(51)) || w[2] & BIT64(52))		/* S2AA64, S2ENDI */
		return false;
	if ((w[2] & BIT64(56) && httu(m) < 1) || (w[2] & BIT64(55) && httu(m) < 2))
		return false;
	if (!iovm__model_tsz_legal(m, tsz, granule) || bits > model_oas(m))
		return false;
	if ((w[3] & ONES(4, 55)) >> (ps < model_oas(m) ? ps : model_oas(m)))
		return false;
	start = iovm__model_s2_start(granule, FIELD(w[2], 38, 2));
	if (start > 3)
		return false;
	/* The first level resolves at least one bit, at most four more than a table has: that many tables stand side by side */
	shift = granule + (3 - start) * (granule - 3);
	return bits > shift && bits - shift <= granule - 3 + 4;
}

/* ---- STE (5.2.2) ------------------------------------------------------------------------------------------------------------------------------------ */

static bool eats_legal(const struct iovm_smmuv3_model *m, const uint64_t w[8], unsigned config)
{
	unsigned eats = FIELD(w[1], 28, 2);
	bool s2s = w[2] & BIT64(57);

	if (!model_idr0(m, IDR0_ATS) || !(config & 3))
		return true;
	if (eats == 2 && (config != 7 || s2s || model_idr0(m, IDR0_NS1ATS)))
		return false;
	return !(eats == 1 && config & 2 && s2s);
}

static bool s1_legal(const struct iovm_smmuv3_model *m, const uint64_t w[8], unsigned config)
{
	unsigned cdmax = FIELD(w[0], 59, 5), fmt = FIELD(w[0], 4, 2);

	if (w[1] & BIT64(27) && model_stall_model(m) != 0)	/* S1STALLD */
		return false;
	if (model_ssid_bits(m) && cdmax > model_ssid_bits(m))
		return false;
	if (ste_cdmax(m, w) && (fmt == 1 || fmt == 2) && !model_idr0(m, IDR0_CD2L))
		return false;
	return config == 7 || !((w[0] & ONES(6, 55)) >> model_oas(m));
}

bool iovm__model_ste_legal(const struct iovm_smmuv3_model *m, const uint64_t w[8])
{
	unsigned config = FIELD(w[0], 1, 3), strw = FIELD(w[1], 30, 2);
	bool s1 = config & 1, s2 = config & 2, strw_used = config == 5 && model_idr0(m, IDR0_HYP);

	if (!(w[0] & 1))
		return false;
	if (!(config & 4))	/* terminates: nothing else is looked at */
		return true;
	if ((s1 && !model_idr0(m, IDR0_S1P)) || (s2 && !model_idr0(m, IDR0_S2P)) || !eats_legal(m, w, config) || (strw_used && strw & 1))
		return false;
	if (s1 && !s1_legal(m, w, config))
		return false;
	if (s2 && (model_stall_model(m) == (w[2] & BIT64(57) ? 1u : 2u) || !iovm__model_s2_legal(m, w)))
		return false;
	return model_idr0(m, IDR0_VMID16) || !model_idr0(m, IDR0_S2P) || !(s2 || (s1 && !(strw_used && strw))) || !(w[2] & 0xff00);
}

/* ---- CD (5.4.2) ----------------------------------------------------------------------------------------------------------------------------------------- */

static bool half_legal(const struct iovm_smmuv3_model *m, unsigned tsz, unsigned granule_log2, uint64_t ttb, unsigned ips)
{
	static const uint8_t sizes[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };
	unsigned bits = sizes[ips] < model_oas(m) ? sizes[ips] : model_oas(m);

	return iovm__model_tsz_legal(m, tsz, granule_log2) && !((ttb & ONES(4, 55)) >> bits);
}

bool iovm__model_cd_legal(const struct iovm_smmuv3_model *m, const uint64_t ste[8], const uint64_t w[8])
{
	bool el2 = FIELD(ste[0], 1, 3) == 5 && model_idr0(m, IDR0_HYP) && FIELD(ste[1], 30, 2) == 2, e2h = el2 && m->reg[R_CR2] & CR2_E2H;
	bool s = w[0] & BIT64(44), half0 = !(w[0] & BIT64(14)), half1 = !(w[0] & BIT64(30)) && (!el2 || e2h);
	unsigned ips = FIELD(w[0], 32, 3), stalls = model_stall_model(m);

	if (!(w[0] & BIT64(31)) || (ste[1] & BIT64(27) && s) || (model_idr0(m, IDR0_TERM_MODEL) && !(w[0] & BIT64(46))))
		return false;
	if ((stalls == 1 && s) || (stalls == 2 && !s) || ((half0 || half1) && w[0] & BIT64(15)) || !(w[0] & BIT64(41)))
		return false;
	if ((w[0] & BIT64(43) && httu(m) < 1) || (w[0] & BIT64(42) && httu(m) < 2))
		return false;
	if ((!el2 || e2h) && !model_idr0(m, IDR0_ASID16) && w[0] & ONES(56, 63))
		return false;
	return (!half0 || half_legal(m, FIELD(w[0], 0, 6), granule_of(FIELD(w[0], 6, 2)), w[1], ips)) &&
	       (!half1 || half_legal(m, FIELD(w[0], 16, 6), granule1_of(FIELD(w[0], 22, 2)), w[2], ips));
}
