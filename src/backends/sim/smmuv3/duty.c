/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Counting what the driver owes. Most duties are checked where they arise; what shows only by staying away, a stall without its RESUME, is checked by judge(),
 * when the driver says that it is at rest.
 */
#include "backends/sim/smmuv3/model.h"

static const struct { const char *name, *clause, *sentence; } duties[DUTIES] = {
#define X(id, name, clause, sentence) { name, clause, sentence },
	IOVM__DUTIES(X)
#undef X
};

void iovm__model_duty(struct iovm_smmuv3_model *m, enum iovm__duty d, bool kept)
{
	m->count[d].checked++;
	if (kept)
		return;
	m->count[d].broken++;
	m->broken++;
	if (m->c.violation)
		m->c.violation(m->c.ctx, duties[d].name, duties[d].clause, duties[d].sentence);
}

bool iovm_smmuv3_model_duty(const struct iovm_smmuv3_model *m, unsigned n, struct iovm_model_duty *duty)
{
	if (n >= DUTIES)
		return false;
	*duty = (struct iovm_model_duty){ .name = duties[n].name, .clause = duties[n].clause, .sentence = duties[n].sentence,
					  .checked = m->count[n].checked, .broken = m->count[n].broken };
	return true;
}

static bool overflows(const struct iovm_smmuv3_model *m, enum reg prod, enum reg cons)
{
	return (m->reg[prod] ^ m->reg[cons]) & OVFLG;
}

uint64_t iovm_smmuv3_model_judge(struct iovm_smmuv3_model *m)
{
	iovm__model_duty(m, DUTY_STALLED, !iovm__model_stall_owed(m));
	iovm__model_duty(m, DUTY_ANSWERED, !iovm__model_pri_owed(m));
	iovm__model_duty(m, DUTY_ACKNOWLEDGED, !(model_errors(m) & GERROR_ALL) && !(model_on(m, CR0_EVENTQEN) && overflows(m, R_EVENTQ_PROD, R_EVENTQ_CONS)) &&
			 !(model_on(m, CR0_PRIQEN) && overflows(m, R_PRIQ_PROD, R_PRIQ_CONS)));
	iovm__model_confs_age(m, true);
	return m->broken;
}
