/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What a chip does wrong, by number of the fault. Each is drawn where it would happen and counted where the driver meets it: reads the register, acknowledges
 * the error, finds the queue full.
 *
 *   F24 F25  a queue says that it is full       F27  an entry is there, and PROD does not say so yet
 *   F28 F29  PROD is read as what it cannot be  F30  the write of a PRI record aborts
 *   F31 F35  the command queue stands, until it is full, or until callers give up
 *   F32 F33  a command is taken for illegal, or its fetch aborts    F34  a device TLB's answer gets lost
 *   F36      errors of interrupts, again before the first is acknowledged
 *   F39      TLB invalidations do nothing: nobody survives that
 */
#include "backends/sim/chip.h"
#include "backends/sim/smmuv3/bits.h"

enum { FULL_NS = 300000, FETCHES = 2, EVENTS = 3 };
enum { WAIT_NS = IOVM__WAIT_TURNS * IOVM__TURN_NS };

static bool goes_wrong(struct iovm__chip *chip, unsigned number, unsigned one_in)
{
	return !chip->calm && iovm_sim_fault(chip->sim, number, one_in);
}

void iovm__chip_injected(struct iovm__chip *chip, unsigned number, uint32_t stream_id)
{
	iovm__injected_stream(chip->sim, number, chip->node->index, stream_id);
}

/* ---- what the model asks ------------------------------------------------------------------------------------------------------------------ */

/* How often a command may be taken for illegal: twice, then something else stands in its place. What nobody waits for is read well the second time */
static unsigned ill_times(struct iovm__chip *chip)
{
	uint32_t at = (uint32_t)chip->commands & ((1u << chip->sim->config.cmdq_log2) - 1);
	uint64_t base = iovm_smmuv3_model_read(chip->model, O_CMDQ_BASE, 8) & ONES(5, 55) & ~((UINT64_C(16) << chip->sim->config.cmdq_log2) - 1), w = 0;

	(void)iovm__memory_read(&chip->sim->memory, base + 16 * (uint64_t)at, 8, &w);
	return FIELD(w, 0, 8) == CMD_CFGI_STE || FIELD(w, 0, 8) == CMD_PRI_RESP || FIELD(w, 0, 8) == CMD_RESUME ? 1 : 2;
}

static bool spoils(struct iovm__chip *chip, unsigned fault, unsigned times)
{
	bool again = chip->spoilt && chip->spoilt_at == chip->commands;

	if ((again && chip->spoilt >= times) || !goes_wrong(chip, fault, again ? 2 : 600))
		return false;
	chip->spoilt = again ? chip->spoilt + 1 : 1;
	chip->spoilt_at = chip->commands;
	chip->error_fault = fault;
	return true;
}

static bool overflows(struct iovm__chip *chip, unsigned queue, bool now)
{
	chip->queue[queue].overflow |= now;
	return now;
}

static bool keeps(struct iovm__chip *chip)
{
	bool wrong = goes_wrong(chip, 39, 2);

	if (wrong)
		iovm__chip_injected(chip, 39, 0);
	return wrong;
}

bool iovm__chip_errs(void *vchip, enum iovm_model_error what)
{
	struct iovm__chip *chip = vchip;
	const struct iovm__chip_queue *pri = &chip->queue[IOVM__CHIP_PRI];

	switch (what) {
	case IOVM_MODEL_ERROR_COMMAND: return iovm__injects(chip->sim, 32) && spoils(chip, 32, ill_times(chip));
	case IOVM_MODEL_ERROR_FETCH: return spoils(chip, 33, FETCHES);
	case IOVM_MODEL_ERROR_EVENTQ_FULL: return overflows(chip, IOVM__CHIP_EVENTS, chip->filling);
	/* One request must be in it, or nobody would come and see */
	case IOVM_MODEL_ERROR_PRIQ_FULL: return overflows(chip, IOVM__CHIP_PRI, pri->prod != pri->cons && goes_wrong(chip, 24, 200));
	case IOVM_MODEL_ERROR_PRIQ_ABORT: return chip->pri_abort = goes_wrong(chip, 30, 400);
	case IOVM_MODEL_ERROR_TLBI: return keeps(chip);
	}
	return false;
}

/*
 * An index that is shown late is F27; all else that is open is drawn as it comes. Who asks for what no bond covers is shown at once: else nobody could tell him
 * from who asks when there is one.
 */
unsigned iovm__chip_choose(void *vchip, unsigned n, const char *point)
{
	struct iovm__chip *chip = vchip;
	bool pri = !strcmp(point, "pri-late"), late;

	if (!pri && strcmp(point, "event-late"))
		return iovm_choose(chip->sim, n, point);
	late = !(pri && chip->rogue) && goes_wrong(chip, 27, 50);
	chip->queue[pri ? IOVM__CHIP_PRI : IOVM__CHIP_EVENTS].late |= late;
	return late;
}

/* ---- registers ------------------------------------------------------------------------------------------------------------------------------- */

static uint32_t misread_prod(struct iovm__chip *chip, unsigned queue, uint32_t value)
{
	struct iovm__chip_queue *q = &chip->queue[queue];
	uint32_t size = 1u << q->log2, used = (value - (uint32_t)q->cons) & (2 * size - 1), wrong = value;

	if (q->late && ((value ^ (uint32_t)q->prod) & (2 * size - 1))) {
		q->late = false;
		iovm__chip_injected(chip, 27, 0);
	}
	if (used && used < size && goes_wrong(chip, 28, 500)) {	/* a full queue would look empty, and nobody could tell */
		wrong ^= size;
		iovm__chip_injected(chip, 28, 0);
	} else if (goes_wrong(chip, 29, 500)) {
		wrong = (value & OVFLG) | (((uint32_t)q->cons - 1 - iovm_choose(chip->sim, size - 1, "backwards")) & (2 * size - 1));
		iovm__chip_injected(chip, 29, 0);
	}
	return wrong;
}

/* F31 is met by whoever finds no room */
static void look_at_room(struct iovm__chip *chip)
{
	uint32_t size = 1u << chip->sim->config.cmdq_log2;

	if (chip->stand_fault != 31 || chip->stand_seen)
		return;
	if (((iovm__chip_register(chip, O_CMDQ_PROD) - iovm__chip_register(chip, O_CMDQ_CONS)) & (2 * size - 1)) < size)
		return;
	chip->stand_seen = true;
	iovm__chip_injected(chip, 31, 0);
}

uint32_t iovm__chip_misread(struct iovm__chip *chip, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case O_PRIQ_PROD: return misread_prod(chip, IOVM__CHIP_PRI, value);
	case O_EVENTQ_PROD: return misread_prod(chip, IOVM__CHIP_EVENTS, value);
	case O_CMDQ_CONS: look_at_room(chip); break;
	default: break;
	}
	return value;
}

void iovm__chip_acknowledged(struct iovm__chip *chip, uint32_t errors)
{
	if (errors & GERROR_CMDQ && chip->error_fault) {
		iovm__chip_injected(chip, chip->error_fault, 0);
		chip->error_fault = 0;
	}
	if (errors & GERROR_PRIQ_ABT) {
		chip->pri_abort = false;
		iovm__chip_injected(chip, 30, 0);
	}
	if (errors & chip->raised) {
		chip->raised = 0;
		iovm__chip_injected(chip, 36, 0);
	}
}

/* ---- a queue that stands ---------------------------------------------------------------------------------------------------------------------- */

static void stand(struct iovm__chip *chip, unsigned fault, uint64_t ns)
{
	chip->stand_fault = fault;
	chip->stand_seen = false;
	chip->stand_until = chip->sim->now + ns;
	iovm__sched_timer(chip->sim, chip->stand_until);
	iovm_smmuv3_model_stand(chip->model, true);
}

void iovm__chip_doorbell(struct iovm__chip *chip)
{
	if (!chip->stand_fault && goes_wrong(chip, 31, 100))
		stand(chip, 31, FULL_NS);
	else if (!chip->stand_fault && goes_wrong(chip, 35, 600))
		stand(chip, 35, 2 * (uint64_t)WAIT_NS);
	look_at_room(chip);
}

void iovm__chip_err_timer(struct iovm__chip *chip)
{
	if (!chip->stand_fault || chip->stand_until > chip->sim->now)
		return;
	chip->stand_fault = 0;
	iovm_smmuv3_model_stand(chip->model, false);
}

void iovm__chip_given_up(struct iovm__node *node)
{
	struct iovm__chip *chip = node->bus.hw;

	if (chip->stand_fault != 35 || chip->stand_seen)
		return;
	chip->stand_seen = true;
	iovm__chip_injected(chip, 35, 0);
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------------------ */

/* F36: one error, the same once more, another one */
void iovm__chip_err_step(struct iovm__chip *chip)
{
	unsigned bit;

	if (chip->raised || !goes_wrong(chip, 36, 2000))
		return;
	bit = 5 + iovm_choose(chip->sim, 3, "gerror");
	chip->raised = 1u << bit;
	iovm_smmuv3_model_raise(chip->model, bit);
	iovm_smmuv3_model_raise(chip->model, bit);
	if (iovm_choose(chip->sim, 2, "gerror-other"))
		iovm_smmuv3_model_raise(chip->model, 5 + (bit - 4) % 3);
}

bool iovm__chip_loses(struct iovm__chip *chip)
{
	if (!goes_wrong(chip, 34, 40))
		return false;
	chip->error_fault = 34;
	return true;
}

/* F25: accesses of nobody, whose records find no room */
void iovm__chip_fill_events(struct iovm__node *node)
{
	struct iovm__chip *chip = node->bus.hw;
	const struct iovm__access access = { .stream_id = 0x00e00000, .pasid = IOVM_NO_PASID, .addr = 0x1000, .need = IOVM_READ, .pcie = true };
	struct iovm__cached unused;
	unsigned i;

	for (i = 0; i <= EVENTS; i++) {
		chip->filling = i == EVENTS;	/* others before it, or nobody would come and see */
		(void)chip->node->bus.ops->translate(chip, &access, &unused);
	}
	chip->filling = false;
}
