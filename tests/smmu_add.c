/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An SMMU comes into the system and leaves it: limits, sizes, every allocation that may fail, what is counted, and what is said of invalidations while it is off.
 */
#include "smmu_mock.h"
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

START_TEST(limits)
{
	static const struct { size_t at; unsigned largest; } bytes[] = {
#define AT(name) offsetof(struct iovm_smmuv3_config, name)
		{ AT(cmdq_log2), 19 }, { AT(evtq_log2), 19 }, { AT(priq_log2), 19 }, { AT(sid_bits), 32 }, { AT(pasid_bits), 20 }, { AT(sync), 2 },
	};
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);
	struct iovm_iommu *iommu = NULL;
	struct iovm *sys = h->sys;
	unsigned i;

	for (i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
		config = mock_config(&h->m);
		((uint8_t *)&config)[bytes[i].at] = (uint8_t)(bytes[i].largest + 1);
		ck_assert_int_eq(iovm_smmuv3_add(sys, &config, &iommu), IOVM_E_INVAL);
		((uint8_t *)&config)[bytes[i].at] = 255;
		ck_assert_int_eq(iovm_smmuv3_add(sys, &config, &iommu), IOVM_E_INVAL);
	}
	config = mock_config(&h->m);
	ck_assert_int_eq(iovm_smmuv3_add(NULL, &config, &iommu), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_smmuv3_add(sys, NULL, &iommu), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_smmuv3_add(sys, &config, NULL), IOVM_E_INVAL);
	config.size++;
	ck_assert_int_eq(iovm_smmuv3_add(sys, &config, &iommu), IOVM_E_INVAL);
	ck_assert_ptr_null(iommu);
	ck_assert_uint_eq(h->m.nwrites, 0);
	ck_assert_int_eq(iovm_smmuv3_disable(NULL), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_smmuv3_enable(NULL), IOVM_E_INVAL);
	for (i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {	/* the largest is none too many; the SMMU has less */
		if (bytes[i].at == AT(sync))
			continue;
		((uint8_t *)&config)[bytes[i].at] = (uint8_t)bytes[i].largest;
	}
	config.size--;
	ck_assert_int_eq(mock_host_add(h, &config), 0);
	ck_assert(h->smmu->cmdq.log2 == 10 && h->smmu->evtq.log2 == 10 && h->smmu->priq.log2 == 10 && h->smmu->sid_bits == 16);
	mock_host_del(h);
}
END_TEST

/* Sizes: what the header says of 0, the smaller of two, and the least that an SMMU can have */
START_TEST(sizes)
{
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);
	unsigned i;

	config.cmdq_log2 = config.evtq_log2 = config.priq_log2 = 0;
	if (_i == 1) {
		h->m.reg[IDR1 / 4] = 4 | 20 << 6 | 1 << 11 | 0 << 16 | 1 << 21;
		config.cmdq_log2 = config.evtq_log2 = config.priq_log2 = 5;
		config.linear = 1;
	}
	if (_i == 2)
		h->m.reg[IDR0 / 4] &= ~(1u << 16);	/* no page requests, no queue for them */
	ck_assert_int_eq(mock_host_add(h, &config), 0);
	ck_assert_uint_eq(h->m.reg[CMDQ_BASE / 4] & 31, _i == 1 ? 1 : 8);
	ck_assert_uint_eq(h->m.reg[EVENTQ_BASE / 4] & 31, _i == 1 ? 0 : 7);
	ck_assert_uint_eq(h->m.reg[STRTAB_BASE_CFG / 4] & 63, _i == 1 ? 4 : 16);
	ck_assert_uint_eq(h->m.reg[STRTAB_BASE_CFG / 4] >> 16, _i != 1);
	if (_i == 2) {
		for (i = 0; i < h->m.nwrites; i++)
			ck_assert(h->m.write[i].offset / 8 != PRIQ_BASE / 8 && h->m.write[i].offset / 8 != PRIQ_PROD / 8);
		ck_assert_uint_eq(h->m.reg[CR0ACK / 4], 0x1d);
		ck_assert_uint_eq(h->m.reg[IRQ_CTRLACK / 4], 5);
		ck_assert_ptr_null(h->smmu->priq.mem.mem);
	} else {
		ck_assert_uint_eq(h->m.reg[PRIQ_BASE / 4] & 31, _i == 1 ? 1 : 9);
	}
	mock_host_del(h);
}
END_TEST

/* Each allocation fails in turn, alone and with all later ones: nothing is left behind, and the next try succeeds */
START_TEST(memory_that_is_not_there)
{
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);
	const unsigned blocks = h->port.blocks;
	const size_t live = h->port.live;
	unsigned nth, err = 0;

	config.sync = IOVM_SMMUV3_SYNC_MSI;
	for (nth = 1; nth < 40; nth++) {
		h->port.allocs = h->port.failed = 0;
		*(_i ? &h->port.fail_from : &h->port.fail_nth) = nth;
		if (mock_host_add(h, &config) == 0)
			break;
		err++;
		ck_assert_uint_ge(h->port.failed, 1);
		ck_assert_uint_eq(h->port.blocks, blocks);
		ck_assert_uint_eq(h->port.live, live);
		ck_assert_uint_eq(h->m.reg[CR0ACK / 4], 0);	/* off, or never on */
		h->port.fail_from = h->port.fail_nth = 0;
	}
	ck_assert_uint_eq(h->port.failed, 0);
	ck_assert_uint_gt(err, 6);	/* the driver's own, three queues, words, stream table; then the core's */
	ck_assert_int_eq(iovm_iommu_del(h->iommu), 0);
	ck_assert_uint_eq(h->port.blocks, blocks);
	ck_assert_uint_eq(h->port.live, live);
	ck_assert_uint_eq(h->m.reg[CR0ACK / 4], 0);
	ck_assert_uint_eq(h->m.reg[GBPA / 4] >> 20 & 1, 1);
	h->port.fail_from = h->port.fail_nth = 0;
	mock_host_del(h);
}
END_TEST

/* A fence that failed last has the number of whatever comes while it is off: that is complete all the same, and so is what comes after it is on */
START_TEST(off_is_complete_whatever_failed_before)
{
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);
	struct iovm_smmuv3_stats stats = { .size = sizeof stats };
	const struct iovm_cmd cmd[2] = { { .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .asid = 1, .first = 0x1000, .last = 0x1fff }, { .op = IOVM_CMD_FENCE } };
	unsigned long ticket = 0, failed = 0;
	struct iovm_blame blame;

	ck_assert_int_eq(mock_host_add(h, &config), 0);
	h->m.fail_at = h->m.count;
	h->m.fail_code = ILL;
	h->m.fail_times = 2;
	ck_assert_int_eq(iovm__smmu_submit(h->smmu, cmd, 2, &failed), 2);
	ck_assert_int_eq(iovm__smmu_reached(h->smmu, failed), IOVM_E_STOPPED);
	ck_assert_int_eq(iovm__smmu_recover(h->smmu, &blame), 0);
	ck_assert_int_eq(iovm__smmu_reached(h->smmu, failed), IOVM_E_STOPPED);
	ck_assert_int_eq(iovm__smmu_recover(h->smmu, &blame), 1);
	ck_assert_int_eq(iovm__smmu_reached(h->smmu, failed), IOVM_E_HARDWARE);
	ck_assert_int_eq(iovm_smmuv3_disable(h->iommu), 0);
	ck_assert_int_eq(iovm__smmu_submit(h->smmu, cmd, 2, &ticket), 2);
	ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 1);
	ck_assert_int_eq(iovm_smmuv3_enable(h->iommu), 0);
	ck_assert_int_eq(iovm__smmu_submit(h->smmu, cmd, 2, &ticket), 2);
	ck_assert_int_eq(iovm__smmu_reached(h->smmu, ticket), 1);
	iovm_smmuv3_stats(h->iommu, &stats);
	ck_assert_uint_eq(stats.size, sizeof stats);
	ck_assert(stats.cerror_ill == 2 && !stats.cerror_abt && !stats.cerror_atc && stats.gerror[0] == 2 && !stats.gerror[1]);
	mock_host_del(h);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_add");
	TCase *t = tcase_create("add");

	tcase_add_test(t, limits);
	tcase_add_loop_test(t, sizes, 0, 3);
	tcase_add_loop_test(t, memory_that_is_not_there, 0, 2);
	tcase_add_test(t, off_is_complete_whatever_failed_before);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
