/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One stream of records in the order of happening: the engine's through port.trace, the machine's own. Here each gets its ordinal, its time, and an id instead of
 * the pointer to the space; then it goes to the caller's hook and to the checker.
 *
 * The machine listens, too: from the stream it knows which device may ask for which PASID (so that faults can ask for another), which spaces are being
 * recalled, and which handles of devices are gone.
 */
#include "backends/sim/endpoint.h"

uint64_t iovm__trace(struct iovm_sim *sim, const struct iovm_trace *rec)
{
	struct iovm_trace full;

	sim->ordinal++;
	if (!sim->config.trace && (!sim->check || sim->check_ended))
		return sim->ordinal;
	full = *rec;
	full.time = sim->now;
	if (sim->config.trace)
		sim->config.trace(sim->config.trace_ctx, &full);
	if (sim->check && !sim->check_ended)
		iovm_check_record(sim->check, &full);
	return sim->ordinal;
}

static struct iovm_sim_ep *ep_of(struct iovm_sim *sim, const struct iovm_trace *rec)
{
	return rec->iommu < sim->nnodes ? iovm__bus_find(&sim->node[rec->iommu]->bus, rec->stream_id) : NULL;
}

static void bond_lost(struct iovm_sim *sim, unsigned i)
{
	const struct iovm__bond_seen *bond = &sim->bonds[i];
	struct iovm_sim_ep *ep = iovm__bus_find(&sim->node[bond->iommu]->bus, bond->stream_id);

	if (ep)
		ep->dead_pasid = bond->pasid;
	sim->bonds[i] = sim->bonds[--sim->nbonds];
}

static void bonds_lost(struct iovm_sim *sim, const struct iovm_trace *rec, bool whole_mm)
{
	unsigned i;

	for (i = sim->nbonds; i-- > 0;)
		if (whole_mm ? sim->bonds[i].mm == rec->mm
			     : sim->bonds[i].stream_id == rec->stream_id && sim->bonds[i].pasid == rec->pasid && sim->bonds[i].iommu == rec->iommu)
			bond_lost(sim, i);
}

static void bond_made(struct iovm_sim *sim, const struct iovm_trace *rec)
{
	if (rec->code || rec->id != 1 || rec->pasid == IOVM_NO_PASID || sim->nbonds == IOVM__BONDS)
		return;
	sim->bonds[sim->nbonds++] = (struct iovm__bond_seen){ .stream_id = rec->stream_id, .pasid = rec->pasid, .mm = rec->mm,
							      .iommu = rec->iommu };
}

static void recall(struct iovm_sim *sim, const struct iovm_trace *rec, struct iovm_sim_mm *mm, int step)
{
	if (mm)
		mm->recalled += (unsigned)step;
	if (step < 0)
		iovm__handler_recalled(sim, rec->mm, rec->event == IOVM_TR_UNBIND_RET ? rec->bond : 0);
}

static void group_served(struct iovm_sim *sim, const struct iovm_trace *rec)
{
	if (sim->nfault_bonds && sim->fault_group == rec->id)
		return;
	sim->fault_group = rec->id;
	sim->fault_bond[sim->nfault_bonds++ % IOVM__FAULT_GROUPS] = rec->bond;
}

static void listen(struct iovm_sim *sim, const struct iovm_trace *rec, struct iovm_sim_mm *mm)
{
	struct iovm_sim_ep *ep;

	switch (rec->event) {
	case IOVM_TR_BIND_CALL:
		sim->in_bind++;
		break;
	case IOVM_TR_BIND_RET:
		sim->in_bind--;
		if (sim->inject)
			bond_made(sim, rec);
		break;
	case IOVM_TR_UNBIND_CALL:
		if (rec->id == 0) {
			bonds_lost(sim, rec, false);
			recall(sim, rec, mm, 1);
		}
		break;
	case IOVM_TR_UNBIND_RET:
		if (rec->id == 0)
			recall(sim, rec, mm, -1);
		break;
	case IOVM_TR_EXIT_CALL:
		bonds_lost(sim, rec, true);
		recall(sim, rec, mm, 1);
		break;
	case IOVM_TR_EXIT_RET:
		recall(sim, rec, mm, -1);
		break;
	case IOVM_TR_FAULT:
		if (sim->inject)
			group_served(sim, rec);
		break;
	case IOVM_TR_DEVICE:
		ep = rec->code == IOVM_TRD_DEL ? ep_of(sim, rec) : NULL;
		if (ep)
			ep->device = NULL;
		break;
	}
}

void iovm__trace_engine(void *vsim, const struct iovm_trace *rec)
{
	struct iovm_sim *sim = vsim;
	struct iovm_sim_mm *mm = rec->mm ? iovm__mm_of(sim, (const void *)(uintptr_t)rec->mm) : NULL;
	struct iovm_trace full = *rec;

	full.mm = mm ? mm->id : 0;
	iovm__trace(sim, &full);
	listen(sim, &full, mm);
}
