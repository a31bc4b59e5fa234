/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pitfall 74: an IOMMU whose walks do not see the CPU's stores cannot share page tables; binding says so. The IOMMU
 * here is of this file, and does nothing.
 */
#include "scenario.h"

static unsigned long ticket;
static unsigned entries;

static unsigned poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out) { *out = (struct iovm_poll){ 0 }; return 0; }
static void newest(void *hw, uint64_t pos[2]) { pos[0] = pos[1] = 0; }
static int submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *t) { *t = ticket += n; return (int)n; }
static int reached(void *hw, unsigned long t) { return 1; }
static int recover(void *hw, struct iovm_blame *blame) { return 0; }
static int attach(void *hw, struct iovm_function *fn) { return 0; }
static void detach(void *hw, struct iovm_function *fn) { }
static int entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid) { entries += to == IOVM_TO_WALK; return 0; }
static int set_cap(void *dev, enum iovm_cap cap, uint32_t value) { return 0; }

static int try_it(bool coherent)
{
	const struct iovm_backend backend = {
		sizeof backend, .pasid_bits = 8, .asid_bits = 8, .vmid_bits = 8, .priq_log2 = 4, .evtq_log2 = 4, .address_bits = 64, .range_pages = 512,
		.coherent = coherent, .ats = true, .pri = true, .poll = poll, .newest = newest, .submit = submit, .reached = reached, .recover = recover,
		.attach = attach, .detach = detach, .entry = entry,
	};
	const uint32_t id = 0x7000;
	const struct iovm_device_config config = { .size = sizeof config, .stream_ids = &id, .nstream_ids = 1, .max_outstanding = 4, .pasid_bits = 8,
						   .flags = IOVM_DEV_TRUSTED, .set_cap = set_cap };
	struct iovm_sim *sim = scene_new_config((struct iovm_sim_config){ .no_check = true });
	struct iovm_iommu *iommu;
	struct iovm_device *dev;
	void *mm = scene_space(sim);
	int result, i;

	ck_assert_int_eq(iovm_iommu_add(iovm_sim_system(sim), &backend, NULL, NULL, &iommu), 0);
	ck_assert_int_eq(iovm_device_add(iommu, &config, &dev), 0);
	ck_assert_int_eq(iovm_device_init(dev), 0);
	result = iovm_bind_mm(dev, mm, NULL, NULL);
	if (result > 0)
		ck_assert_int_eq(iovm_unbind_mm(dev, mm), 0);
	for (i = 1; i < 8; i++)
		iovm_dispatch(iommu, (uint64_t)i, 64);
	ck_assert_int_eq(iovm_device_shutdown(dev), 0);
	ck_assert_int_eq(iovm_device_del(dev), 0);
	iovm_dispatch(iommu, 9, 64);
	ck_assert_int_eq(iovm_iommu_del(iommu), 0);
	scene_end(sim);
	return result;
}

SCENARIO(p74_incoherent_walks_are_refused)
{
	ck_assert_int_gt(try_it(true), 0);
	ck_assert_uint_eq(entries, 1);
	ck_assert_int_eq(try_it(false), IOVM_E_FORMAT);
	ck_assert_uint_eq(entries, 1);
}
