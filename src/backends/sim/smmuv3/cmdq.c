/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue (3.5, 4.7.3, 7.1). cmd_at is the next command to consume; CMDQ_CONS follows, late if chance wants it. To consume a CFGI, a TLBI or a
 * prefetch promises nothing, so its effect may wait, in any order, until a CMD_SYNC: who omits that sees old entries. A CMD_SYNC is consumed when all
 * before it is complete: effects done, device TLB invalidations answered, records visible.
 *
 * An error stops the queue at the command that caused it, code first, then GERROR; the acknowledge starts it again (7.1).
 */
#include "backends/sim/smmuv3/model.h"

enum { BATCH = 1024 };

static bool fetch(const struct iovm_smmuv3_model *m, uint32_t at, struct iovm__model_command *c)
{
	uint64_t from = queue_slot(m, R_CMDQ_BASE, queue_log2(m, R_CMDQ_BASE), at, 16);

	return iovm__model_load(m, from, &c->w[0]) && iovm__model_load(m, from + 8, &c->w[1]);
}

static uint32_t sum(const struct iovm__model_command *c)	/* never 0: that is "not known" */
{
	uint64_t x = c->w[0] * 0x9e3779b97f4a7c15u ^ c->w[1] * 0xc2b2ae3d27d4eb4fu;

	return (uint32_t)(x >> 32) | 1;
}

static uint32_t *sum_of(struct iovm_smmuv3_model *m, uint32_t at)
{
	return &m->sum[at & ((1u << queue_log2(m, R_CMDQ_BASE)) - 1)];
}

/* Bounded, whatever the driver writes: a doorbell for more than BATCH is not held to its entries, nor is what was there before. known: that many before PROD are */
static void submitted(struct iovm_smmuv3_model *m, uint32_t from, uint32_t to)
{
	unsigned log2 = queue_log2(m, R_CMDQ_BASE);
	struct iovm__model_command c;

	if (queue_used(log2, to, from) > BATCH) {
		m->known = 0;
		return;
	}
	for (; from != to; from = queue_wrap(log2, from + 1), m->known++)
		*sum_of(m, from) = fetch(m, from, &c) ? sum(&c) : 0;
}

/* Enabled, or an error acknowledged: entries may have been replaced */
void iovm__model_cmdq_enabled(struct iovm_smmuv3_model *m)
{
	unsigned log2 = queue_log2(m, R_CMDQ_BASE);
	uint32_t prod = queue_wrap(log2, m->reg[R_CMDQ_PROD]), cons = queue_wrap(log2, m->reg[R_CMDQ_CONS]);
	bool ok = queue_used(log2, prod, cons) <= 1u << log2;

	if (!model_on(m, CR0_CMDQEN))
		return;
	iovm__model_duty(m, DUTY_SETUP, ok);
	if (!ok)	/* CONSTRAINED UNPREDICTABLE (3.5.1): taken as empty */
		m->reg[R_CMDQ_PROD] = prod = cons;
	m->cmd_at = cons;
	m->cons_late = m->sync_blocked = m->atc_busy = false;
	m->known = 0;
}

void iovm__model_cmdq_prod(struct iovm_smmuv3_model *m, uint32_t value)
{
	unsigned log2 = queue_log2(m, R_CMDQ_BASE);
	uint32_t new_prod = queue_wrap(log2, value), old = queue_wrap(log2, m->reg[R_CMDQ_PROD]), cons = queue_wrap(log2, m->reg[R_CMDQ_CONS]);
	bool stopped = model_errors(m) & GERROR_CMDQ, ok;

	if (!model_on(m, CR0_CMDQEN)) {
		m->reg[R_CMDQ_PROD] = value;
		return;
	}
	ok = queue_used(log2, new_prod, cons) <= 1u << log2 && (stopped || queue_used(log2, new_prod, cons) >= queue_used(log2, old, cons));
	iovm__model_duty(m, DUTY_PROD, ok);
	if (!ok)
		return;
	m->reg[R_CMDQ_PROD] = new_prod;
	if (!stopped)
		submitted(m, old, new_prod);
	else
		m->known = 0;
}

void iovm__model_cmdq_show(struct iovm_smmuv3_model *m)
{
	if (m->cons_late)
		m->reg[R_CMDQ_CONS] = m->cmd_at;
	m->cons_late = false;
}

void iovm_smmuv3_model_stand(struct iovm_smmuv3_model *m, bool stands)
{
	m->stands = stands;
}

static void tell(const struct iovm_smmuv3_model *m, const struct iovm__model_command *c, unsigned code)
{
	if (m->c.command)
		m->c.command(m->c.ctx, c->w, m->cmd_at, code);
}

static void stop(struct iovm_smmuv3_model *m, const struct iovm__model_command *c, unsigned code)
{
	tell(m, c, code);
	m->cons_late = false;
	m->reg[R_CMDQ_CONS] = m->cmd_at | code << 24;
	iovm__model_gerror(m, GERROR_CMDQ);
}

static void consumed(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	tell(m, c, 0);
	m->stats.commands++;
	m->cmd_at = queue_wrap(queue_log2(m, R_CMDQ_BASE), m->cmd_at + 1);
	m->cons_late = true;
	if (!model_choose(m, 2, "cons-late"))
		iovm__model_cmdq_show(m);
}

bool iovm__model_cmdq_ready(const struct iovm_smmuv3_model *m)
{
	return model_on(m, CR0_CMDQEN) && !m->failed && !m->stands && !(model_errors(m) & GERROR_CMDQ) && !m->sync_blocked && !m->atc_busy &&
	       m->cmd_at != queue_wrap(queue_log2(m, R_CMDQ_BASE), m->reg[R_CMDQ_PROD]);
}

unsigned iovm__model_cmdq_left(const struct iovm_smmuv3_model *m)
{
	return queue_used(queue_log2(m, R_CMDQ_BASE), m->reg[R_CMDQ_PROD], m->cmd_at);
}

/* ---- effects that wait ------------------------------------------------------------------------------------------------------------------------ */

static void effect(struct iovm_smmuv3_model *m, unsigned n)
{
	struct iovm__model_command c = m->late[n];

	m->late[n] = m->late[--m->nlate];
	iovm__model_carry_out(m, &c);
}

void iovm__model_effect(struct iovm_smmuv3_model *m)
{
	effect(m, model_choose(m, m->nlate, "effect-order"));
}

static bool may_wait(const struct iovm__model_command *c)
{
	unsigned op = FIELD(c->w[0], 0, 8);

	return op < CMD_ATC_INV;
}

/* ---- CMD_SYNC ----------------------------------------------------------------------------------------------------------------------------------- */

/* Who hears that a SYNC is complete knows that it was consumed: CONS is not late any more */
bool iovm__model_sync_msi(struct iovm_smmuv3_model *m)
{
	if (!m->sync_msi_late)
		return false;
	m->sync_msi_late = false;
	iovm__model_cmdq_show(m);
	return iovm__model_msi(m, m->sync_msi_addr, m->sync_msi_data, GERROR_MSI_CMDQ);
}

static void signal_sync(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	unsigned cs = FIELD(c->w[0], 12, 2);
	uint64_t addr = c->w[1] & ONES(2, 55);

	iovm__model_sync_msi(m);	/* of the one before: not after this one is complete */
	if (cs == 1 && addr && model_idr0(m, IDR0_MSI)) {
		m->sync_msi_late = true;
		m->sync_msi_addr = addr;
		m->sync_msi_data = FIELD(c->w[0], 32, 32);
		if (!model_choose(m, 2, "sync-msi-late"))
			iovm__model_sync_msi(m);
	} else if (cs == 1) {
		iovm__model_cmdq_show(m);
		iovm__model_interrupt(m, IOVM_MODEL_LINE_SYNC);
	} else if (cs == 2 && model_idr0(m, IDR0_SEV)) {
		iovm__model_interrupt(m, IOVM_MODEL_LINE_SEV);
	}
}

/* What this SYNC makes complete, for the duties that ask */
static void complete(struct iovm_smmuv3_model *m)
{
	m->cfgi_all_done |= m->cfgi_all_open;
	m->tlbi_all_done |= m->tlbi_all_open && m->cfgi_all_done;	/* CFGI_ALL first, then TLBI (3.21) */
	if (m->moved_open)
		iovm__model_stall_changed(m);
	m->tlbi_open = m->cfgi_all_open = m->tlbi_all_open = m->moved_open = false;
	m->nchange = 0;
	iovm__model_granted_synced(m);
	iovm__model_confs_age(m, false);
}

static void sync(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	while (m->nlate)
		iovm__model_effect(m);
	if (m->atc_lost) {	/* the others are only delayed (7.1) */
		m->atc_lost = 0;
		stop(m, c, CERROR_ATC_INV_SYNC);
		return;
	}
	if (m->atc_out) {
		iovm__model_cmdq_show(m);
		m->sync_blocked = true;
		return;
	}
	complete(m);
	iovm__model_event_show(m);
	m->stats.syncs++;
	consumed(m, c);
	signal_sync(m, c);
}

/* ---- one command ---------------------------------------------------------------------------------------------------------------------------------- */

static void one(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	bool legal = iovm__model_legal(m, c);

	iovm__model_duty(m, DUTY_COMMAND, legal);
	if (!legal) {
		stop(m, c, CERROR_ILL);
		return;
	}
	if (FIELD(c->w[0], 0, 8) == CMD_SYNC) {
		sync(m, c);
		return;
	}
	if (may_wait(c))
		iovm__model_note(m, c);
	if (may_wait(c) && m->nlate < LATE_EFFECTS && model_choose(m, 2, "effect-late"))
		m->late[m->nlate++] = *c;
	else if (may_wait(c))
		iovm__model_carry_out(m, c);
	else if (!iovm__model_command(m, c))
		return;
	consumed(m, c);
}

void iovm__model_cmdq_step(struct iovm_smmuv3_model *m)
{
	struct iovm__model_command c = { { 0 } };
	const uint32_t *was = sum_of(m, m->cmd_at);
	unsigned left = iovm__model_cmdq_left(m);

	if (!fetch(m, m->cmd_at, &c) || model_errs(m, IOVM_MODEL_ERROR_FETCH)) {
		stop(m, &c, CERROR_ABT);
		return;
	}
	if (left <= m->known && *was)
		iovm__model_duty(m, DUTY_ENTRY, *was == sum(&c));
	if (model_errs(m, IOVM_MODEL_ERROR_COMMAND))
		stop(m, &c, CERROR_ILL);
	else
		one(m, &c);
}
