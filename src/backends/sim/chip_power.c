/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * F37, an SMMU that is switched off and on again, and may have lost its registers meanwhile; F38, one that never acknowledges.
 *
 * The host does it as smmuv3.h says: the devices are reset and ask for nothing, the queues run empty, off, on, the devices come back. Nobody else calls
 * meanwhile, and nothing else goes wrong.
 */
#include "backends/sim/chip.h"
#include "backends/sim/smmuv3/bits.h"

enum { EMPTY_TURNS = 256, EMPTY_STEPS = 4096 };

static void run_empty(struct iovm__chip *chip)
{
	unsigned turn, step;

	for (turn = 0; turn < EMPTY_TURNS; turn++) {
		for (step = 0; step < EMPTY_STEPS && iovm_smmuv3_model_due(chip->model); step++)
			chip->node->ops->step(chip);
		iovm__sched_time(chip->sim, IOVM__TURN_NS);
		iovm_sim_dispatch(chip->sim, chip->node->index);
		if (!chip->node->ops->queued(chip) && iovm_deadline(chip->node->core) != 0 && !chip->node->ops->busy(chip))
			return;
	}
}

static unsigned begin_resets(struct iovm__chip *chip, struct iovm_sim_ep **reset)
{
	struct iovm_sim_ep *ep;
	unsigned i, n = 0;

	for (i = 0; i < chip->node->eps.n; i++) {
		ep = chip->node->eps.item[i];
		if (iovm__ep_reset_begin(ep))
			reset[n++] = ep;
	}
	return n;
}

static void renew(struct iovm__chip *chip)
{
	struct iovm_smmuv3_model *other = iovm_smmuv3_model_new(&chip->config);
	struct iovm_model_stats stats = { .size = sizeof stats };
	struct iovm_model_duty duty;
	unsigned n;

	if (!other)
		return;
	iovm_smmuv3_model_stats(chip->model, &stats);
	chip->queue[IOVM__CHIP_EVENTS].base += stats.events;
	for (n = 0; iovm_smmuv3_model_duty(chip->model, n, &duty); n++)
		chip->checked[n] += duty.checked;
	iovm_smmuv3_model_del(chip->model);
	chip->model = other;
}

static void off_and_on(struct iovm__chip *chip)
{
	int err = iovm_smmuv3_disable(chip->node->core);

	if (!err && iovm_choose(chip->sim, 2, "power-lost"))
		renew(chip);
	if (!err)
		err = iovm_smmuv3_enable(chip->node->core);
	chip->sim->broken += err != 0;
	if (err)
		return;
	SIM_TRACE(chip->sim, SMMU, .iommu = (uint8_t)chip->node->index, .pasid = IOVM_NO_PASID);
	iovm__chip_injected(chip, 37, 0);
}

void iovm__chip_power(struct iovm__node *node)
{
	struct iovm__chip *chip = node->bus.hw;
	struct iovm_sim_ep **reset;
	unsigned i, n;

	if (chip->stand_fault || node->dead)
		return;
	reset = malloc((node->eps.n + 1) * sizeof *reset);
	if (!reset)
		return;
	chip->sim->power = chip->calm = true;
	n = begin_resets(chip, reset);
	run_empty(chip);
	off_and_on(chip);
	for (i = 0; i < n; i++)
		iovm__ep_reset_done(reset[i]);
	chip->sim->power = chip->calm = false;
	iovm__chip_update(chip);
	free(reset);
}

/* ---- F38 ----------------------------------------------------------------------------------------------------------------------------------------- */

static uint32_t read_deaf(void *vmodel, uint32_t offset)
{
	return offset == O_CR0ACK || offset == O_IRQ_CTRLACK ? 0 : (uint32_t)iovm_smmuv3_model_read(vmodel, offset, 4);
}

static void write_deaf(void *vmodel, uint32_t offset, uint32_t value)
{
	iovm_smmuv3_model_write(vmodel, offset, 4, value);
}

/* A new one is brought up beside the others, and does not follow: an error, and nothing of it is left */
void iovm__chip_deaf(struct iovm__node *node)
{
	struct iovm__chip *chip = node->bus.hw;
	struct iovm_smmuv3_model_config config = chip->config;
	struct iovm_smmuv3_config driver = { .size = sizeof driver, .read32 = read_deaf, .write32 = write_deaf, .cmdq_log2 = 2, .evtq_log2 = 2, .priq_log2 = 4 };
	struct iovm_iommu *core;
	int err;

	config.choose = NULL;
	config.line = NULL;
	config.errs = NULL;
	config.command = NULL;
	config.event = NULL;
	driver.regs = iovm_smmuv3_model_new(&config);
	if (!driver.regs)
		return;
	err = iovm_smmuv3_add(chip->sim->sys, &driver, &core);
	chip->sim->broken += err != IOVM_E_DEAD && err != IOVM_E_NO_MEMORY;
	if (err == IOVM_E_DEAD)
		iovm__chip_injected(chip, 38, 0);
	iovm_smmuv3_model_del(driver.regs);
}

/* ---- what is owed --------------------------------------------------------------------------------------------------------------------------------- */

bool iovm_sim_duty(const struct iovm_sim *sim, unsigned n, struct iovm_model_duty *sum)
{
	struct iovm_model_duty duty;
	unsigned i;

	if (!sim->config.smmuv3)
		return false;
	for (i = 0; i < sim->nnodes; i++) {
		const struct iovm__chip *chip = sim->node[i]->bus.hw;

		if (!iovm_smmuv3_model_duty(chip->model, n, &duty))
			return false;
		duty.checked += chip->checked[n];
		if (i) {
			duty.checked += sum->checked;
			duty.broken += sum->broken;
		}
		*sum = duty;
	}
	return true;
}

void iovm__chip_judge(struct iovm__node *node)
{
	struct iovm__chip *chip = node->bus.hw;

	(void)iovm_smmuv3_model_judge(chip->model);	/* each is told as it is found */
}
