/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The registers (6.2, 6.3) as a table: where each is, which bits can be written, and what must be off meanwhile. A guarded write while that is on is ignored
 * (as from v3.2 on) and is a violation. Registers with an effect of their own have a function. A 64-bit register is two words; accesses of 8 bytes are two
 * of 4, low half first, so that a pair of 32-bit registers can be read and written at once, too (6.1).
 */
#include "backends/sim/smmuv3/model.h"

enum guard { FREE, RO, SMMUEN, CMDQEN, EVENTQEN, PRIQEN, IRQ_G, IRQ_E, IRQ_P };
static const struct row { uint32_t offset; uint8_t reg, guard; uint32_t mask; } rows[] = {
	{ O_CMDQ_PROD, R_CMDQ_PROD, FREE, INDEX }, { O_CMDQ_CONS, R_CMDQ_CONS, CMDQEN, INDEX }, { O_GERROR, R_GERROR, RO, 0 },
	{ O_EVENTQ_PROD, R_EVENTQ_PROD, EVENTQEN, INDEX | OVFLG }, { O_EVENTQ_CONS, R_EVENTQ_CONS, FREE, INDEX | OVFLG },
	{ O_PRIQ_PROD, R_PRIQ_PROD, PRIQEN, INDEX | OVFLG }, { O_PRIQ_CONS, R_PRIQ_CONS, FREE, INDEX | OVFLG },
	{ O_GERRORN, R_GERRORN, FREE, GERROR_ALL },
	{ O_CR0, R_CR0, FREE, ~0u }, { O_CR0ACK, R_CR0ACK, RO, 0 }, { O_CR1, R_CR1, FREE, 0xfff }, { O_CR2, R_CR2, SMMUEN, 0xf }, { O_GBPA, R_GBPA, FREE, ~0u },
	{ O_IRQ_CTRL, R_IRQ_CTRL, FREE, ~0u }, { O_IRQ_CTRLACK, R_IRQ_CTRLACK, RO, 0 },
	{ O_STRTAB_BASE, R_STRTAB_BASE, SMMUEN, (uint32_t)ONES(6, 31) }, { O_STRTAB_BASE + 4, R_STRTAB_BASE + 1, SMMUEN, 1u << 30 | 0xffffff },
	{ O_STRTAB_BASE_CFG, R_STRTAB_BASE_CFG, SMMUEN, 0x307ff },
	{ O_CMDQ_BASE, R_CMDQ_BASE, CMDQEN, ~0u }, { O_CMDQ_BASE + 4, R_CMDQ_BASE + 1, CMDQEN, 1u << 30 | 0xffffff },
	{ O_EVENTQ_BASE, R_EVENTQ_BASE, EVENTQEN, ~0u }, { O_EVENTQ_BASE + 4, R_EVENTQ_BASE + 1, EVENTQEN, 1u << 30 | 0xffffff },
	{ O_PRIQ_BASE, R_PRIQ_BASE, PRIQEN, ~0u }, { O_PRIQ_BASE + 4, R_PRIQ_BASE + 1, PRIQEN, 1u << 30 | 0xffffff },
	{ O_GERROR_IRQ, R_GERROR_IRQ, IRQ_G, ~3u }, { O_GERROR_IRQ + 4, R_GERROR_IRQ + 1, IRQ_G, 0xffffff }, { O_GERROR_IRQ + 8, R_GERROR_IRQ + 2, IRQ_G, ~0u },
	{ O_GERROR_IRQ + 12, R_GERROR_IRQ + 3, IRQ_G, 0x3f },
	{ O_EVENTQ_IRQ, R_EVENTQ_IRQ, IRQ_E, ~3u }, { O_EVENTQ_IRQ + 4, R_EVENTQ_IRQ + 1, IRQ_E, 0xffffff }, { O_EVENTQ_IRQ + 8, R_EVENTQ_IRQ + 2, IRQ_E, ~0u },
	{ O_EVENTQ_IRQ + 12, R_EVENTQ_IRQ + 3, IRQ_E, 0x3f },
	{ O_PRIQ_IRQ, R_PRIQ_IRQ, IRQ_P, ~3u }, { O_PRIQ_IRQ + 4, R_PRIQ_IRQ + 1, IRQ_P, 0xffffff }, { O_PRIQ_IRQ + 8, R_PRIQ_IRQ + 2, IRQ_P, ~0u },
	{ O_PRIQ_IRQ + 12, R_PRIQ_IRQ + 3, IRQ_P, 1u << 31 | 0x3f },
};

/* What this SMMU does not have is RES0 (6.1) */
static uint32_t implemented(const struct iovm_smmuv3_model *m, const struct row *row)
{
	bool msi = row->offset >= O_GERROR_IRQ && row->offset < O_STRTAB_BASE;

	msi |= (row->offset >= O_EVENTQ_IRQ && row->offset < O_PRIQ_BASE) || (row->offset >= O_PRIQ_IRQ && row->offset < O_PRIQ_IRQ + 12);
	if (msi && !model_idr0(m, IDR0_MSI))
		return 0;
	if (((row->offset >= O_PRIQ_BASE && row->offset < O_PRIQ_IRQ + 16) || row->offset >= O_PRIQ_PROD) && !model_idr0(m, IDR0_PRI))
		return 0;
	if (row->reg == R_STRTAB_BASE_CFG && !FIELD(m->c.idr[0], IDR0_ST_LEVEL, 2))
		return 0x3f;
	if (row->reg == R_CR2)
		return (model_idr0(m, IDR0_HYP) ? CR2_E2H : 0) | CR2_RECINVSID | CR2_PTM | (model_idr0(m, IDR0_ATSRECERR) ? CR2_REC_CFG_ATS : 0);
	return row->mask;
}

static bool held(const struct iovm_smmuv3_model *m, enum guard guard)
{
	uint32_t cr0 = m->reg[R_CR0] | m->reg[R_CR0ACK], irq = m->reg[R_IRQ_CTRL] | m->reg[R_IRQ_CTRLACK];

	switch (guard) {
	case SMMUEN: return cr0 & CR0_SMMUEN;
	case CMDQEN: return cr0 & CR0_CMDQEN;
	case EVENTQEN: return cr0 & CR0_EVENTQEN;
	case PRIQEN: return cr0 & CR0_PRIQEN;
	case IRQ_G: return irq & IRQ_GERROR;
	case IRQ_E: return irq & IRQ_EVENTQ;
	case IRQ_P: return irq & IRQ_PRIQ;
	default: return false;
	}
}

static const struct row *find(uint32_t offset)
{
	unsigned i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].offset == offset)
			return &rows[i];
	return NULL;
}

static uint32_t read32(struct iovm_smmuv3_model *m, uint32_t offset)
{
	const struct row *row;

	if (offset < O_IIDR)
		return m->c.idr[offset / 4];
	if (offset == O_IIDR)
		return m->c.iidr;
	if (offset == O_AIDR)
		return m->c.aidr;
	row = find(offset);
	return row ? m->reg[row->reg] : 0;
}

/* CR1: the two halves have guards of their own (6.3.11) */
static void write_cr1(struct iovm_smmuv3_model *m, uint32_t value)
{
	uint32_t on = m->reg[R_CR0] | m->reg[R_CR0ACK], held_bits = 0, old = m->reg[R_CR1];

	if (on & CR0_SMMUEN)
		held_bits |= 0xfc0;
	if (on & (CR0_CMDQEN | CR0_EVENTQEN | CR0_PRIQEN))
		held_bits |= 0x03f;
	iovm__model_duty(m, DUTY_GUARD, !((value ^ old) & held_bits));
	m->reg[R_CR1] = (value & ~held_bits & 0xfff) | (old & held_bits);
}

static void write32(struct iovm_smmuv3_model *m, uint32_t offset, uint32_t value)
{
	const struct row *row = find(offset);
	bool is_held;

	if (!row || row->guard == RO)
		return;
	value &= implemented(m, row);
	if (row->guard != FREE) {
		is_held = held(m, (enum guard)row->guard);
		iovm__model_duty(m, DUTY_GUARD, !is_held);
		if (!is_held)
			m->reg[row->reg] = value;
		return;
	}
	switch (row->reg) {
	case R_CMDQ_PROD: iovm__model_cmdq_prod(m, value); break;
	case R_EVENTQ_CONS: iovm__model_event_cons(m, value); break;
	case R_PRIQ_CONS: iovm__model_pri_cons(m, value); break;
	case R_GERRORN: iovm__model_gerrorn(m, value); break;
	case R_CR0: iovm__model_cr0(m, value); break;
	case R_CR1: write_cr1(m, value); break;
	case R_GBPA: iovm__model_gbpa(m, value); break;
	case R_IRQ_CTRL: iovm__model_irq_ctrl(m, value); break;
	default: m->reg[row->reg] = value;
	}
}

static bool proper(struct iovm_smmuv3_model *m, uint32_t offset, unsigned bytes)
{
	bool ok = (bytes == 4 || bytes == 8) && !(offset & (bytes - 1)) && offset < IOVM_MODEL_REGISTERS;

	iovm__model_duty(m, DUTY_ACCESS, ok);
	return ok;
}

uint64_t iovm_smmuv3_model_read(struct iovm_smmuv3_model *m, uint32_t offset, unsigned bytes)
{
	if (!proper(m, offset, bytes))
		return 0;
	return read32(m, offset) | (bytes == 8 ? (uint64_t)read32(m, offset + 4) << 32 : 0);
}

void iovm_smmuv3_model_write(struct iovm_smmuv3_model *m, uint32_t offset, unsigned bytes, uint64_t value)
{
	if (!proper(m, offset, bytes))
		return;
	write32(m, offset, (uint32_t)value);
	if (bytes == 8)
		write32(m, offset + 4, (uint32_t)(value >> 32));
}
