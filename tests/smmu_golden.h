/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Tables that are fine, an SMMU that has everything, and the words that they come to (golden.tsv) */
#ifndef TESTS_SMMU_GOLDEN_H
#define TESTS_SMMU_GOLDEN_H
#include "backends/smmuv3/smmuv3.h"

static const struct iovm_smmuv3_features all_features = {
	.sid_bits = 16, .pasid_bits = 20, .asid_bits = 16, .vmid_bits = 16, .input_bits = 48, .output_bits = 48, .httu = 2, .two_level_stream = true,
	.two_level_cd = true, .granule_4k = true, .granule_16k = true, .granule_64k = true, .max_stalls = 4,
};

#define TCR_4K_48 (16 | 1 << 8 | 1 << 10 | 3 << 12 | 5ull << 32)
#define VTCR_4K_40 (24 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 5 << 16)
#define QUIET0 0x0000c200c0004000ull	/* EPD0, EPD1, V, AA64, A, ASET */
static const struct iovm_table stage1 = { IOVM_TABLE_AARCH64_S1, IOVM_ASID_ANY, 0x81234000, TCR_4K_48, 0xff440c04, UINT64_MAX };
static const struct iovm_table stage2 = { IOVM_TABLE_AARCH64_S2, IOVM_ASID_ANY, 0x123456780000, VTCR_4K_40, 0, UINT64_MAX };
static const uint64_t cd02[8] = { 0x0042e205c0003510, 0x81234000, 0, 0xff440c04 };	/* golden.tsv CD02 */

#endif
