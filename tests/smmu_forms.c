/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What an STE and a CD say: golden words, and every table that an SMMU cannot walk refused by its field.
 */
#include "harness.h"
#include <stddef.h>
#include "smmu_golden.h"

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

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_forms");
	TCase *tc = tcase_create("tables");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, golden_cds);
	tcase_add_test(tc, refusals);
	tcase_add_test(tc, golden_stes);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
