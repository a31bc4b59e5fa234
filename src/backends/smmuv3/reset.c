/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From whatever state to enabled, and to aborting everything (IHI 0070 3.11, 6.3.9, 6.3.14, 6.3.16).
 *
 * A switch is set when its acknowledge register shows it; until then it is not written again (6.3.9). Every wait is a turn of the host's and one more look
 * after the last. While nothing is enabled, tables and queues are given; then commands, and with them forgetting whatever is cached, since nothing of
 * that is promised over a disable; then events, page requests, the check of Translated traffic (before any stream has ATS), interrupts, and at last translation.
 *
 * Positions of the queues go on over a disable: indices start where the numbers' low bits are.
 */
#include "backends/smmuv3/smmuv3.h"

enum { CR0_SMMUEN = 1, CR0_PRIQEN = 2, CR0_EVENTQEN = 4, CR0_CMDQEN = 8, CR0_ATSCHK = 16 };
enum { IRQ_GERROR = 1, IRQ_PRIQ = 2, IRQ_EVENTQ = 4, CR0_SWITCHES = 0x5df, IRQ_SWITCHES = 7, CFGI_EVERYTHING = 31 };

/* Until (reg & mask) == value */
static int acknowledged(const struct iovm__smmu *s, uint32_t reg, uint32_t mask, uint32_t value)
{
	const struct iovm_port *port = s->port;
	unsigned turn;

	for (turn = 0; (iovm__smmu_read(s, reg) & mask) != value; turn++)
		if (!port->wait(port->ctx, turn))
			return (iovm__smmu_read(s, reg) & mask) == value ? 0 : IOVM_E_DEAD;
	return 0;
}

/* Who was here before, or a try that was given up, may have left a switch on its way */
static int set(const struct iovm__smmu *s, uint32_t reg, uint32_t ack, uint32_t switches, uint32_t value)
{
	int err = acknowledged(s, ack, switches, iovm__smmu_read(s, reg) & switches);

	if (err)
		return err;
	iovm__smmu_write(s, reg, value);
	return acknowledged(s, ack, switches, value);
}

static int set_cr0(const struct iovm__smmu *s, uint32_t value)
{
	return set(s, SMMU_REG_CR0_NUMBER, SMMU_REG_CR0ACK_NUMBER, CR0_SWITCHES, value);
}

static int set_irq(const struct iovm__smmu *s, uint32_t value)
{
	return set(s, SMMU_REG_IRQ_CTRL_NUMBER, SMMU_REG_IRQ_CTRLACK_NUMBER, IRQ_SWITCHES, value);
}

/* 6.3.14: all fields and Update in one store, while Update is 0. What does not translate aborts. An SMMU that has no GBPA reads 0 and says nothing. */
static int abort_untranslated(const struct iovm__smmu *s)
{
	const uint32_t update = (uint32_t)SMMU_MASK(REG_GBPA, Update);
	int err = acknowledged(s, SMMU_REG_GBPA_NUMBER, update, 0);
	uint32_t gbpa;

	if (err)
		return err;
	gbpa = iovm__smmu_read(s, SMMU_REG_GBPA_NUMBER);
	iovm__smmu_write(s, SMMU_REG_GBPA_NUMBER, gbpa | (uint32_t)SMMU_MASK(REG_GBPA, ABORT) | update);
	return acknowledged(s, SMMU_REG_GBPA_NUMBER, update, 0);
}

/* ---- what is given while nothing is enabled --------------------------------------------------------------------------------------------- */

static void give_attributes(const struct iovm__smmu *s)
{
	uint64_t cr1 = SMMU_BITS(REG_CR1, QUEUE_IC, 1) | SMMU_BITS(REG_CR1, QUEUE_OC, 1) | SMMU_BITS(REG_CR1, QUEUE_SH, 3) |
		       SMMU_BITS(REG_CR1, TABLE_IC, 1) | SMMU_BITS(REG_CR1, TABLE_OC, 1) | SMMU_BITS(REG_CR1, TABLE_SH, 3);

	iovm__smmu_write(s, SMMU_REG_CR1_NUMBER, (uint32_t)cr1);
	/* our invalidations are commands: broadcast ones from CPUs are not for us */
	iovm__smmu_write(s, SMMU_REG_CR2_NUMBER, (uint32_t)(SMMU_BITS(REG_CR2, RECINVSID, 1) | SMMU_BITS(REG_CR2, PTM, 1)));
}

static void give_streams(const struct iovm__smmu *s)
{
	uint64_t cfg = SMMU_BITS(REG_STRTAB_BASE_CFG, LOG2SIZE, s->sid_bits) | SMMU_BITS(REG_STRTAB_BASE_CFG, SPLIT, s->split) |
		       SMMU_BITS(REG_STRTAB_BASE_CFG, FMT, s->split != 0);

	iovm__smmu_write64(s, SMMU_REG_STRTAB_BASE_NUMBER, SMMU_BITS(REG_STRTAB_BASE, ADDR, s->strtab.bus) | SMMU_BITS(REG_STRTAB_BASE, RA, 1));
	iovm__smmu_write(s, SMMU_REG_STRTAB_BASE_CFG_NUMBER, (uint32_t)cfg);
}

static void give_commands(struct iovm__smmu *s)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	uint32_t at = (uint32_t)(load_rlx(&q->prod) & ((2ul << q->log2) - 1));

	store_rel(&q->cons, load_rlx(&q->prod));
	q->partial = q->abort_retries = 0;
	q->fail_next = 0;
	iovm__smmu_write64(s, SMMU_REG_CMDQ_BASE_NUMBER,
			   SMMU_BITS(REG_CMDQ_BASE, LOG2SIZE, q->log2) | SMMU_BITS(REG_CMDQ_BASE, ADDR, q->mem.bus) | SMMU_BITS(REG_CMDQ_BASE, RA, 1));
	iovm__smmu_write(s, SMMU_REG_CMDQ_PROD_NUMBER, at);
	iovm__smmu_write(s, SMMU_REG_CMDQ_CONS_NUMBER, at);
}

/* The two output queues have their fields at the same places. PROD and CONS, flags too: what they are after reset differs and is partly unknown (6.3.95) */
static void give_output(const struct iovm__smmu *s, struct iovm__smmu_outq *q, uint32_t base)
{
	uint32_t at;

	if (!q->mem.mem)
		return;
	at = iovm__smmu_outq_begin(q);
	iovm__smmu_write64(s, base, SMMU_BITS(REG_EVENTQ_BASE, LOG2SIZE, q->log2) | SMMU_BITS(REG_EVENTQ_BASE, ADDR, q->mem.bus) |
			   SMMU_BITS(REG_EVENTQ_BASE, WA, 1));
	iovm__smmu_write(s, q->prod_reg, at);
	iovm__smmu_write(s, q->cons_reg, at);
}

/* ---- what is switched on --------------------------------------------------------------------------------------------------------------------- */

/* Configuration before translations (4.3): what walks would fill the TLB anew */
static int forget_everything(struct iovm__smmu *s)
{
	const uint64_t configuration[SMMU_CMD_WORDS] = { SMMU_CMD_CFGI_ALL_NUMBER, SMMU_BITS(CMD_CFGI_ALL, Range, CFGI_EVERYTHING) };
	const uint64_t el2[SMMU_CMD_WORDS] = { SMMU_CMD_TLBI_EL2_ALL_NUMBER }, rest[SMMU_CMD_WORDS] = { SMMU_CMD_TLBI_NSNH_ALL_NUMBER };
	int err = iovm__smmu_command(s, configuration);

	if (!err && s->features.hyp)
		err = iovm__smmu_command(s, el2);
	return err ? err : iovm__smmu_command(s, rest);
}

/* A command error of who was here before would stop our commands: over with it before there are any. Service failure is left by a reset only, acknowledged or not (12.3) */
static int forget_errors(struct iovm__smmu *s)
{
	uint32_t gerror = iovm__smmu_read(s, SMMU_REG_GERROR_NUMBER);

	if (gerror & (uint32_t)SMMU_MASK(REG_GERROR, SFM_ERR))
		return IOVM_E_DEAD;
	store_rel(&s->gerrorn, gerror);
	iovm__smmu_write(s, SMMU_REG_GERRORN_NUMBER, gerror);
	return 0;
}

/* No MSIs: interrupts are lines. What was wrong before is not ours */
static int begin_interrupts(struct iovm__smmu *s)
{
	uint32_t wanted = IRQ_GERROR | IRQ_EVENTQ | (s->priq.mem.mem ? IRQ_PRIQ : 0);
	int err = forget_errors(s);

	if (err)
		return err;
	if (!s->features.no_msi) {
		iovm__smmu_write64(s, SMMU_REG_GERROR_IRQ_CFG0_NUMBER, 0);
		iovm__smmu_write64(s, SMMU_REG_EVENTQ_IRQ_CFG0_NUMBER, 0);
		if (s->priq.mem.mem)
			iovm__smmu_write64(s, SMMU_REG_PRIQ_IRQ_CFG0_NUMBER, 0);
	}
	if (s->priq.mem.mem)	/* LO = 0, for a line too: when it is no longer empty, as poll() wants it */
		iovm__smmu_write(s, SMMU_REG_PRIQ_IRQ_CFG2_NUMBER, 0);
	return set_irq(s, wanted);
}

static int switch_on(struct iovm__smmu *s)
{
	uint32_t cr0 = CR0_CMDQEN;
	int err = set_cr0(s, cr0);

	if (!err)
		err = forget_everything(s);
	if (!err)
		err = set_cr0(s, cr0 |= CR0_EVENTQEN);
	if (!err && s->priq.mem.mem)
		err = set_cr0(s, cr0 |= CR0_PRIQEN);
	if (!err && !s->features.no_ats)
		err = set_cr0(s, cr0 |= CR0_ATSCHK);
	if (!err)
		err = begin_interrupts(s);
	return err ? err : set_cr0(s, cr0 | CR0_SMMUEN);
}

static int switch_off(struct iovm__smmu *s)
{
	int err = abort_untranslated(s);

	if (!err)
		err = set_cr0(s, 0);
	return err ? err : set_irq(s, 0);
}

int iovm__smmu_enable(struct iovm__smmu *s)
{
	int err = switch_off(s);

	if (!err)
		err = forget_errors(s);
	if (!err) {
		give_attributes(s);
		give_streams(s);
		give_commands(s);
		give_output(s, &s->evtq, SMMU_REG_EVENTQ_BASE_NUMBER);
		give_output(s, &s->priq, SMMU_REG_PRIQ_BASE_NUMBER);
		err = switch_on(s);
	}
	store_rel(&s->down, (unsigned)(err ? SMMU_DEAD : 0));
	return err;
}

/*
 * 14.2, from step 4: stalls end with SMMUEN; the last events are still written; then the queues. If it does not follow it may still translate: then nothing more may be
 * said to be complete.
 */
int iovm__smmu_disable(struct iovm__smmu *s)
{
	uint32_t cr0;
	int err;

	if (load_acq(&s->down) & SMMU_OFF)	/* its registers may have no power */
		return 0;
	err = abort_untranslated(s);
	cr0 = iovm__smmu_read(s, SMMU_REG_CR0_NUMBER) & CR0_SWITCHES;
	if (!err)
		err = set_cr0(s, cr0 & ~(uint32_t)CR0_SMMUEN);
	if (!err)
		err = set_cr0(s, cr0 & CR0_CMDQEN);
	if (!err)
		err = set_irq(s, 0);
	if (!err)
		err = set_cr0(s, 0);
	if (err) {
		or_ar(&s->down, (unsigned)SMMU_DEAD);
		return err;
	}
	iovm__smmu_outq_drop(s, &s->priq);
	iovm__smmu_outq_drop(s, &s->evtq);
	s->stalls_from = iovm__smmu_outq_position(&s->evtq);
	store_rel(&s->cmdq.cons, load_rlx(&s->cmdq.prod));
	or_ar(&s->down, (unsigned)SMMU_OFF);
	return 0;
}
