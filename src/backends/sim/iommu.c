/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* One direct IOMMU: its memory, its place in the system. */
#include <stdlib.h>
#include "backends/sim/iommu.h"

enum { MAX_STALLS = 256, TLB_SETS = 128, RANGE_PAGES = 512 };

static const struct iovm__bus_ops bus_ops = {
	.translate = iovm__walk_translate, .translated = iovm__walk_translated, .request = iovm__queue_put,
	.forgot = iovm__command_forgot, .stuck = iovm__command_stuck, .gone = iovm__command_gone,
};
static const struct iovm__hw_ops hw_ops = {
	.step = iovm__command_step, .timer = iovm__command_timer, .next_timer = iovm__command_next_timer, .queued = iovm__queue_used,
	.busy = iovm__command_busy,
};

static void hw_free(void *vhw)
{
	struct iovm__iommu_hw *hw = vhw;

	for (; hw->ccons != hw->cprod; hw->ccons++)
		iovm__walk_put(hw->slot[hw->ccons & (hw->slots - 1)].fn);
	iovm__walk_fini(hw);
	free(hw->queue[0]);
	free(hw->queue[1]);
	free(hw->slot);
	free(hw);
}

static struct iovm__iommu_hw *hw_alloc(struct iovm__node *node)
{
	const struct iovm_sim_config *config = &node->sim->config;
	struct iovm__iommu_hw *hw = calloc(1, sizeof *hw);

	if (!hw)
		return NULL;
	node->ops = &hw_ops;
	node->bus.ops = &bus_ops;
	node->bus.hw = hw;
	hw->node = node;
	hw->sim = node->sim;
	hw->deadline = UINT64_MAX;
	hw->size[0] = 1u << config->priq_log2;
	hw->size[1] = 1u << config->evtq_log2;
	hw->slots = 1u << config->cmdq_log2;
	hw->queue[0] = calloc(hw->size[0], sizeof *hw->queue[0]);
	hw->queue[1] = calloc(hw->size[1], sizeof *hw->queue[1]);
	hw->slot = calloc(hw->slots, sizeof *hw->slot);
	if (iovm__cache_init(&hw->tlb, TLB_SETS) && hw->queue[0] && hw->queue[1] && hw->slot)
		return hw;
	hw_free(hw);
	return NULL;
}

int iovm__direct_new(struct iovm__node *node)
{
	const struct iovm_sim_config *config = &node->sim->config;
	const struct iovm_backend be = {
		.size = sizeof be, .pasid_bits = IOVM_PASID_BITS, .asid_bits = config->asid_bits, .vmid_bits = config->asid_bits,
		.priq_log2 = config->priq_log2, .evtq_log2 = config->evtq_log2, .address_bits = IOVM__ADDRESS_BITS,
		.max_stalls = config->evtq_log2 < 8 ? 1u << config->evtq_log2 : MAX_STALLS,
		.range_pages = RANGE_PAGES, .coherent = true, .ats = true, .pri = true,
		.poll = iovm__queue_poll, .newest = iovm__queue_newest, .submit = iovm__command_submit, .reached = iovm__command_reached,
		.recover = iovm__command_recover, .attach = iovm__walk_attach, .detach = iovm__walk_detach, .entry = iovm__walk_entry,
	};
	struct iovm__iommu_hw *hw = hw_alloc(node);
	int err;

	if (!hw)
		return IOVM_E_NO_MEMORY;
	err = SIM_CALL(node->sim, iovm_iommu_add(node->sim->sys, &be, hw, hw_free, &node->core));
	if (err)
		hw_free(hw);
	return err;
}
