/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Control fields and their acknowledges (6.3.9, 6.3.15, 6.3.17). A write starts an Update; what the Update promises happens at the acknowledge, in one go, and
 * the acknowledge may be late. Until then the old value is in force and the field must not be written again. Fields are independent of each other.
 */
#include "backends/sim/smmuv3/model.h"

static uint32_t fields_of_cr0(const struct iovm_smmuv3_model *m)
{
	return CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN | (model_idr0(m, IDR0_PRI) ? CR0_PRIQEN : 0) | (model_idr0(m, IDR0_ATS) ? CR0_ATSCHK : 0) |
	       (model_idr0(m, IDR0_VMW) ? CR0_VMW : 0);
}

/* An output queue must be consistent when it is enabled, and its overflow flags equal (6.3.26 to 6.3.31) */
static void enable_output(struct iovm_smmuv3_model *m, enum reg base, enum reg prod, enum reg cons, uint32_t *at)
{
	unsigned log2 = queue_log2(m, base);
	uint32_t p = m->reg[prod], c = m->reg[cons];

	iovm__model_duty(m, DUTY_SETUP, queue_used(log2, p, c) <= 1u << log2 && !((p ^ c) & OVFLG));
	*at = queue_wrap(log2, p);
}

static void enable_pri(struct iovm_smmuv3_model *m)
{
	enable_output(m, R_PRIQ_BASE, R_PRIQ_PROD, R_PRIQ_CONS, &m->pri_at);
	m->pri_shown = m->pri_count;
	m->pri_read = m->pri_count - queue_used(queue_log2(m, R_PRIQ_BASE), m->pri_at, m->reg[R_PRIQ_CONS]);
}

static void changed_cr0(struct iovm_smmuv3_model *m, uint32_t field, bool on)
{
	switch (field) {
	case CR0_CMDQEN:
		if (on)
			iovm__model_cmdq_enabled(m);
		else
			iovm__model_cmdq_show(m);
		break;
	case CR0_EVENTQEN:
		if (on) {
			enable_output(m, R_EVENTQ_BASE, R_EVENTQ_PROD, R_EVENTQ_CONS, &m->event_at);
			m->event_shown = m->event_count;
			m->event_has_last = false;
			iovm__model_stall_flush(m);
		} else {
			iovm__model_event_show(m);
		}
		break;
	case CR0_PRIQEN:
		if (on)
			enable_pri(m);
		else
			iovm__model_pri_show(m);
		break;
	case CR0_SMMUEN:
		if (on) {
			iovm__model_duty(m, DUTY_INIT, m->cfgi_all_done && m->tlbi_all_done);
		} else {
			iovm__model_pri_show(m);
			iovm__model_stall_off(m);
			iovm__model_pri_off(m);
			m->cfgi_all_done = m->tlbi_all_done = false;
		}
		break;
	default:
		break;
	}
}

static void ack_cr0(struct iovm_smmuv3_model *m, uint32_t field)
{
	uint32_t value = m->reg[R_CR0] & field;

	m->cr0_late &= ~field;
	if (!value)	/* off: the last things happen, then nothing more */
		changed_cr0(m, field, false);
	m->reg[R_CR0ACK] = (m->reg[R_CR0ACK] & ~field) | value;
	if (value)
		changed_cr0(m, field, true);
}

static void ack_irq(struct iovm_smmuv3_model *m, uint32_t field)
{
	m->irq_late &= ~field;
	m->reg[R_IRQ_CTRLACK] = (m->reg[R_IRQ_CTRLACK] & ~field) | (m->reg[R_IRQ_CTRL] & field);
}

static uint32_t next_field(uint32_t from)	/* the lowest of the set ones; the bits of VMW are one field */
{
	uint32_t lowest = from & (0 - from);

	return lowest & CR0_VMW ? CR0_VMW : lowest;
}

/* The fields of value that differ from the register: accepted, if their last Update is complete */
static uint32_t accept(struct iovm_smmuv3_model *m, enum reg reg, enum reg ack, uint32_t value)
{
	uint32_t changed = value ^ m->reg[reg], busy = m->reg[reg] ^ m->reg[ack];

	if (busy & CR0_VMW)
		busy |= CR0_VMW;
	if (changed)
		iovm__model_duty(m, DUTY_UPDATE, !(changed & busy));
	changed &= ~busy;
	m->reg[reg] ^= changed;
	return changed;
}

void iovm__model_cr0(struct iovm_smmuv3_model *m, uint32_t value)
{
	uint32_t field, changed = accept(m, R_CR0, R_CR0ACK, value & fields_of_cr0(m));

	if (changed & CR0_VMW)
		changed |= CR0_VMW;
	for (; changed; changed &= ~field) {
		field = next_field(changed);
		if (model_choose(m, 2, "cr0-ack-late"))
			m->cr0_late |= field;
		else
			ack_cr0(m, field);
	}
}

void iovm__model_irq_ctrl(struct iovm_smmuv3_model *m, uint32_t value)
{
	uint32_t has = IRQ_GERROR | IRQ_EVENTQ | (model_idr0(m, IDR0_PRI) ? IRQ_PRIQ : 0);
	uint32_t changed = accept(m, R_IRQ_CTRL, R_IRQ_CTRLACK, value & has);

	if (model_choose(m, 2, "irq-ack-late"))
		m->irq_late |= changed;
	else
		ack_irq(m, changed);
}

/* All fields are written at once, with Update = 1, and not before the last Update is complete */
void iovm__model_gbpa(struct iovm_smmuv3_model *m, uint32_t value)
{
	bool ok = (value & GBPA_UPDATE) && !(m->reg[R_GBPA] & GBPA_UPDATE);

	iovm__model_duty(m, DUTY_UPDATE, ok);
	if (!ok)
		return;
	m->gbpa_next = value & 0x1f3f1f & ~GBPA_UPDATE;
	if (!model_choose(m, 2, "gbpa-late")) {
		m->reg[R_GBPA] = m->gbpa_next;
		return;
	}
	m->reg[R_GBPA] |= GBPA_UPDATE;
	m->gbpa_late = true;
}

bool iovm__model_acks(const struct iovm_smmuv3_model *m)
{
	return m->cr0_late || m->irq_late || m->gbpa_late;
}

void iovm__model_ack(struct iovm_smmuv3_model *m)
{
	uint32_t late = m->cr0_late, field = 0;
	unsigned skip;

	if (late) {
		for (skip = model_choose(m, 5, "cr0-ack-order") + 1; skip-- && late; late &= ~field)
			field = next_field(late);
		ack_cr0(m, field);
	} else if (m->irq_late) {
		ack_irq(m, m->irq_late & (0 - m->irq_late));
	} else if (m->gbpa_late) {
		m->gbpa_late = false;
		m->reg[R_GBPA] = m->gbpa_next;
	}
}
