/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Making a chip, and its registers: every write of the driver's is a barrier first, every read may be lied about (chip_err.c). */
#include "backends/sim/chip.h"
#include "backends/sim/smmuv3/bits.h"

enum { STALL_MAX = 256, ATS_STU = 0, LONG = 4096 };

static bool memory_read(void *vchip, uint64_t addr, unsigned bytes, uint64_t *value)
{
	const struct iovm__chip *chip = vchip;

	return iovm__memory_read(&chip->sim->memory, addr, bytes, value);
}

static bool memory_write(void *vchip, uint64_t addr, unsigned bytes, uint64_t value)
{
	struct iovm__chip *chip = vchip;

	if (bytes == 4)
		iovm__chip_msi(chip, addr);
	return iovm__memory_write(&chip->sim->memory, addr, bytes, value);
}

static void line(void *vchip, enum iovm_model_line which)
{
	struct iovm__chip *chip = vchip;

	if (which <= IOVM_MODEL_LINE_PRIQ)
		iovm__node_irq(chip->node);
}

static void violation(void *vchip, const char *duty, const char *clause, const char *sentence)
{
	const struct iovm__chip *chip = vchip;
	struct iovm_sim *sim = chip->sim;

	if (!sim->broken++)
		fprintf(stderr, "record %llu: an SMMUv3's driver broke %s (IHI 0070, %s): %s\n", (unsigned long long)sim->ordinal, duty, clause, sentence);
}

/* ---- registers ------------------------------------------------------------------------------------------------------------------------------- */

uint32_t iovm__chip_register(struct iovm__chip *chip, uint32_t offset)
{
	return (uint32_t)iovm_smmuv3_model_read(chip->model, offset, 4);
}

static uint32_t errors(struct iovm__chip *chip)
{
	return iovm__chip_register(chip, O_GERROR) ^ iovm__chip_register(chip, O_GERRORN);
}

void iovm__chip_update(struct iovm__chip *chip)
{
	iovm__chip_told(chip, false);
	iovm__list_set(&chip->sim->hw_ready, chip->node, &chip->node->hw_slot, iovm_smmuv3_model_due(chip->model));
}

static uint32_t read32(void *vchip, uint32_t offset)
{
	struct iovm__chip *chip = vchip;
	uint32_t value;

	iovm__enter(chip->sim);
	if (offset == O_CMDQ_CONS)
		iovm__chip_told(chip, true);
	value = iovm__chip_misread(chip, offset, iovm__chip_register(chip, offset));
	iovm__leave(chip->sim);
	return value;
}

static void write32(void *vchip, uint32_t offset, uint32_t value)
{
	struct iovm__chip *chip = vchip;
	uint32_t active;

	iovm__enter(chip->sim);
	active = offset == O_GERRORN ? errors(chip) : 0;
	iovm__memory_barrier(&chip->sim->memory);
	iovm_smmuv3_model_write(chip->model, offset, 4, value);
	switch (offset) {
	case O_CMDQ_PROD: iovm__chip_doorbell(chip); break;
	case O_EVENTQ_CONS: iovm__chip_consumed(chip, IOVM__CHIP_EVENTS, value); break;
	case O_PRIQ_CONS: iovm__chip_consumed(chip, IOVM__CHIP_PRI, value); break;
	case O_GERRORN: iovm__chip_acknowledged(chip, active & ~errors(chip)); break;
	default: break;
	}
	iovm__chip_update(chip);
	iovm__leave(chip->sim);
}

/* ---- as the scheduler sees it ------------------------------------------------------------------------------------------------------------------- */

static void step(void *vchip)
{
	struct iovm__chip *chip = vchip;

	iovm__chip_err_step(chip);
	(void)iovm_smmuv3_model_step(chip->model);
	iovm__chip_update(chip);
}

static void timer(void *vchip)
{
	struct iovm__chip *chip = vchip;

	iovm__chip_err_timer(chip);
	iovm__chip_timeouts(chip);
	iovm__chip_update(chip);
}

static uint64_t next_timer(const void *vchip)
{
	const struct iovm__chip *chip = vchip;
	uint64_t timeout = iovm__chip_next_timeout(chip);

	return chip->stand_fault && chip->stand_until < timeout ? chip->stand_until : timeout;
}

static bool queued(const void *vchip)
{
	const struct iovm__chip *chip = vchip;

	return chip->queue[0].prod != chip->queue[0].cons || chip->queue[1].prod != chip->queue[1].cons || chip->queue[0].overflow;
}

static bool busy(const void *vchip)
{
	struct iovm__chip *chip = (struct iovm__chip *)vchip;

	return iovm_smmuv3_model_due(chip->model) || iovm__chip_register(chip, O_CMDQ_PROD) != (iovm__chip_register(chip, O_CMDQ_CONS) & INDEX);
}

static void fini(void *vchip)
{
	struct iovm__chip *chip = vchip;

	iovm_smmuv3_model_del(chip->model);
	free(chip->queue[0].mark);
	free(chip->queue[1].mark);
	free(chip);
}

static const struct iovm__hw_ops hw_ops = {
	.step = step, .timer = timer, .next_timer = next_timer, .queued = queued, .busy = busy, .fini = fini,
};

/* ---- making one ---------------------------------------------------------------------------------------------------------------------------------- */

static void configure(struct iovm__chip *chip)
{
	const struct iovm_sim_config *c = &chip->sim->config;
	struct iovm_smmuv3_model_config *m = &chip->config;

	iovm_smmuv3_model_defaults(m);
	m->idr[1] = 16 | 20 << 6 | (uint32_t)c->priq_log2 << 11 | (uint32_t)c->evtq_log2 << 16 | (uint32_t)c->cmdq_log2 << 21;
	m->idr[5] = (m->idr[5] & 0xffff) | (uint32_t)STALL_MAX << 16;
	if (c->asid_bits < 16)
		m->idr[0] &= ~(uint32_t)IDR0_ASID16;
	if (chip->sim->smmuv3.no_range)
		m->idr[3] &= ~(uint32_t)IDR3_RIL;
	m->stalls = IOVM__CHIP_STALLS;
	m->stu = ATS_STU;
	m->patience = chip->sim->config.monitor ? LONG : 0;
	m->ctx = chip;
	m->read = memory_read;
	m->write = memory_write;
	m->line = line;
	m->violation = violation;
	m->choose = iovm__chip_choose;
	m->errs = iovm__chip_errs;
	m->command = iovm__chip_command;
	m->event = iovm__chip_event;
	iovm__chip_bus_config(m);
}

static bool queue_new(struct iovm__chip_queue *q, unsigned log2)
{
	q->log2 = log2;
	q->mark = calloc((size_t)1 << log2, sizeof *q->mark);
	return q->mark;
}

static struct iovm__chip *chip_alloc(struct iovm__node *node)
{
	struct iovm__chip *chip = calloc(1, sizeof *chip);

	if (!chip)
		return NULL;
	chip->node = node;
	chip->sim = node->sim;
	node->ops = &hw_ops;
	node->bus.ops = &iovm__chip_bus_ops;
	node->bus.hw = chip;
	configure(chip);
	chip->model = iovm_smmuv3_model_new(&chip->config);
	if (queue_new(&chip->queue[IOVM__CHIP_PRI], chip->sim->config.priq_log2) && queue_new(&chip->queue[IOVM__CHIP_EVENTS], chip->sim->config.evtq_log2) &&
	    chip->model)
		return chip;
	fini(chip);
	return NULL;
}

/* What the driver gets to see of it */
static struct iovm_smmuv3_config driver_config(struct iovm__chip *chip)
{
	const struct iovm_sim_config *c = &chip->sim->config;

	return (struct iovm_smmuv3_config){
		.size = sizeof(struct iovm_smmuv3_config), .regs = chip, .read32 = read32, .write32 = write32, .cmdq_log2 = c->cmdq_log2,
		.evtq_log2 = c->evtq_log2, .priq_log2 = c->priq_log2, .sync = chip->sim->smmuv3.sync, .linear = chip->sim->smmuv3.linear,
	};
}

int iovm__chip_new(struct iovm__node *node)
{
	struct iovm__chip *chip = chip_alloc(node);
	struct iovm_smmuv3_config config;
	int err;

	if (!chip)
		return IOVM_E_NO_MEMORY;
	config = driver_config(chip);
	err = SIM_CALL(node->sim, iovm_smmuv3_add(node->sim->sys, &config, &node->core));
	if (!err) {
		SIM_TRACE(chip->sim, SMMU, .iommu = (uint8_t)node->index, .pasid = IOVM_NO_PASID);
		return 0;
	}
	iovm__list_set(&chip->sim->hw_ready, node, &node->hw_slot, false);
	fini(chip);
	return err;
}
