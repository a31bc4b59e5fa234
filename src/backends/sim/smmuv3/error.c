/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Global errors and interrupts (7.5, 3.18). An error is active while its bits in GERROR and GERRORN differ; what happens again meanwhile is lost. An interrupt
 * is an edge: an MSI if one is configured, else a wire. Whoever raises one has made visible what it announces.
 */
#include "backends/sim/smmuv3/model.h"

bool iovm__model_msi(struct iovm_smmuv3_model *m, uint64_t addr, uint32_t data, uint32_t error)
{
	m->stats.msis++;
	if (iovm__model_store(m, addr, 4, data))
		return true;
	iovm__model_gerror(m, error);
	return false;
}

void iovm__model_interrupt(struct iovm_smmuv3_model *m, enum iovm_model_line line)
{
	static const struct { uint32_t enable, error; uint8_t config; } source[] = {
		[IOVM_MODEL_LINE_GERROR] = { IRQ_GERROR, GERROR_MSI_GERROR, R_GERROR_IRQ },
		[IOVM_MODEL_LINE_EVENTQ] = { IRQ_EVENTQ, GERROR_MSI_EVENTQ, R_EVENTQ_IRQ },
		[IOVM_MODEL_LINE_PRIQ] = { IRQ_PRIQ, GERROR_MSI_PRIQ, R_PRIQ_IRQ },
	};
	uint64_t addr;

	if (line <= IOVM_MODEL_LINE_PRIQ) {
		if (!(m->reg[R_IRQ_CTRLACK] & source[line].enable))
			return;
		addr = model_reg64(m, source[line].config) & ONES(2, 55);
		if (addr && model_idr0(m, IDR0_MSI)) {
			iovm__model_msi(m, addr, m->reg[source[line].config + 2], source[line].error);
			return;
		}
	}
	if (m->c.line)
		m->c.line(m->c.ctx, line);
}

void iovm__model_gerror(struct iovm_smmuv3_model *m, uint32_t bit)
{
	if (model_errors(m) & bit)
		return;
	m->reg[R_GERROR] ^= bit;
	m->stats.gerrors++;
	if (bit != GERROR_MSI_GERROR)
		iovm__model_interrupt(m, IOVM_MODEL_LINE_GERROR);
}

void iovm_smmuv3_model_raise(struct iovm_smmuv3_model *m, unsigned bit)
{
	if (bit >= 4 && bit <= 7)
		iovm__model_gerror(m, 1u << bit);
}

void iovm_smmuv3_model_service_failure(struct iovm_smmuv3_model *m)
{
	m->failed = true;
	iovm__model_gerror(m, GERROR_SFM);
}

/* Toggling a bit that is not active is CONSTRAINED UNPREDICTABLE: it stays as it was here */
void iovm__model_gerrorn(struct iovm_smmuv3_model *m, uint32_t value)
{
	uint32_t toggled = value ^ m->reg[R_GERRORN], active = model_errors(m);

	iovm__model_duty(m, DUTY_GERRORN, !(toggled & ~active));
	m->reg[R_GERRORN] ^= toggled & active;
	if (toggled & active & GERROR_CMDQ)
		iovm__model_cmdq_enabled(m);	/* entries may have been replaced, PROD moved back (7.1) */
	if (toggled & active & GERROR_EVENTQ_ABT)
		iovm__model_stall_flush(m);
}
