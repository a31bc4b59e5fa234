/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See idle.h. Commands are done when they are submitted; nothing is ever asked. */
#include "idle.h"
#include "scenario.h"

static unsigned poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	*out = (struct iovm_poll){ 0 };
	return 0;
}
static void newest(void *hw, uint64_t pos[2]) { pos[0] = pos[1] = 0; }
static int submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *t)
{
	struct idle *idle = hw;

	*t = idle->ticket += n;
	return (int)n;
}
static int reached(void *hw, unsigned long t) { return 1; }
static int recover(void *hw, struct iovm_blame *blame) { return 0; }
static int attach(void *hw, struct iovm_function *fn) { return 0; }
static void detach(void *hw, struct iovm_function *fn) { }
static int entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	struct idle *idle = hw;

	if (to == IOVM_TO_QUIET)
		return 0;
	idle->entries += idle->entry_result == 0;
	return idle->entry_result;
}
static int set_cap(void *dev, enum iovm_cap cap, uint32_t value) { return 0; }

void idle_open(struct idle *idle, bool coherent)
{
	const struct iovm_backend backend = {
		sizeof backend, .pasid_bits = 8, .asid_bits = 8, .vmid_bits = 8, .priq_log2 = 4, .evtq_log2 = 4, .address_bits = 64, .range_pages = 512,
		.coherent = coherent, .ats = true, .pri = true, .poll = poll, .newest = newest, .submit = submit, .reached = reached, .recover = recover,
		.attach = attach, .detach = detach, .entry = entry,
	};
	const uint32_t id = 0x7000;
	const struct iovm_device_config config = { .size = sizeof config, .stream_ids = &id, .nstream_ids = 1, .max_outstanding = 4, .pasid_bits = 8,
						   .flags = IOVM_DEV_TRUSTED, .set_cap = set_cap };

	memset(idle, 0, sizeof *idle);
	idle->sim = scene_new_config((struct iovm_sim_config){ .no_check = true });
	ck_assert_int_eq(iovm_iommu_add(iovm_sim_system(idle->sim), &backend, idle, NULL, &idle->iommu), 0);
	ck_assert_int_eq(iovm_device_add(idle->iommu, &config, &idle->dev), 0);
	ck_assert_int_eq(iovm_device_init(idle->dev), 0);
}

void idle_close(struct idle *idle)
{
	int i;

	for (i = 1; i < 8; i++)
		iovm_dispatch(idle->iommu, (uint64_t)i, 64);
	ck_assert_int_eq(iovm_device_shutdown(idle->dev), 0);
	ck_assert_int_eq(iovm_device_del(idle->dev), 0);
	iovm_dispatch(idle->iommu, 9, 64);
	ck_assert_int_eq(iovm_iommu_del(idle->iommu), 0);
	scene_end(idle->sim);
}
