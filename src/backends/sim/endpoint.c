/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Coming and going of devices. The engine's handle may go first, by the driver's own iovm_device_del(): the trace tells (trace.c). */
#include <stdlib.h>
#include <string.h>
#include "backends/sim/endpoint.h"

enum { ATC_SETS = 16 };

/* For all that are here and all that are about to be: while one joins, its driver waits, and others may come meanwhile */
static bool room(struct iovm_sim *sim, struct iovm__node *node)
{
	unsigned n = sim->eps.n + sim->njoining + 1;

	return iovm__list_room(&sim->eps, n) && iovm__list_room(&node->eps, n) && iovm__list_room(&sim->ep_ready, n) &&
	       iovm__list_room(&sim->inv_ready, n) && iovm__list_room(&sim->background, n) && iovm__list_room(&sim->resets, n);
}

static void ep_free(struct iovm_sim_ep *ep)
{
	struct iovm__job *job;

	while ((job = ep->job_free) != NULL) {
		ep->job_free = job->next;
		free(job);
	}
	iovm__cache_fini(&ep->atc);
	if (!ep->pf)
		free(ep->unit);
	free(ep);
}

static struct iovm_sim_ep *ep_alloc(struct iovm_sim *sim, const struct iovm_sim_ep_config *config)
{
	struct iovm_sim_ep *ep = calloc(1, sizeof *ep);

	if (!ep)
		return NULL;
	ep->sim = sim;
	ep->node = sim->node[config->iommu];
	ep->pf = config->pf;
	ep->unit = ep->pf ? ep->pf->unit : calloc(1, sizeof *ep->unit);
	ep->pasid_bits = config->pasid_bits;
	ep->flags = config->flags;
	ep->stall = config->stall;
	ep->honest = config->honest;
	ep->jobs_tail = &ep->jobs;
	ep->wake_at = UINT64_MAX;
	ep->recent_pasid = ep->dead_pasid = IOVM__NEVER_PASID;
	ep->all_slot = ep->node_slot = ep->ready_slot = ep->inv_slot = ep->background_slot = ep->reset_slot = -1;
	if (ep->unit && iovm__cache_init(&ep->atc, ATC_SETS))
		return ep;
	ep_free(ep);
	return NULL;
}

static void name_streams(struct iovm_sim_ep *ep, const struct iovm_sim_ep_config *config)
{
	unsigned i;

	ep->nids = config->nstream_ids;
	for (i = 0; i < ep->nids && i < IOVM_MAX_STREAMS; i++)
		ep->ids[i] = config->stream_ids[i];
	if (!ep->nids) {
		ep->nids = 1;
		ep->ids[0] = ep->sim->next_stream++;
	}
}

static int join(struct iovm_sim_ep *ep, const struct iovm_sim_ep_config *config)
{
	const struct iovm_device_config device = {
		.size = sizeof device, .stream_ids = ep->ids, .nstream_ids = ep->nids, .max_outstanding = config->credits,
		.pasid_bits = config->pasid_bits, .stu = config->stu, .flags = config->flags, .dev = ep,
		.set_cap = config->stall ? NULL : iovm__ep_set_cap, .mm = config->mm, .pf = ep->pf ? ep->pf->device : NULL,
	};

	return SIM_CALL(ep->sim, iovm_device_add(ep->node->core, &device, &ep->device));
}

struct iovm_sim_ep *iovm_sim_ep_new_config(struct iovm_sim *sim, const struct iovm_sim_ep_config *config, int *err)
{
	struct iovm_sim_ep *ep;
	int ignored, *why = err ? err : &ignored;
	unsigned i;

	*why = config->iommu < sim->nnodes && config->nstream_ids <= IOVM_MAX_STREAMS ? IOVM_E_NO_MEMORY : IOVM_E_INVAL;
	if (*why == IOVM_E_INVAL || !room(sim, sim->node[config->iommu]))
		return NULL;
	ep = ep_alloc(sim, config);
	if (!ep)
		return NULL;
	name_streams(ep, config);
	if (ep->stall) {
		ep->unit->on = true;
		ep->unit->credits = config->credits;
	}
	if (ep->pf)
		ep->pf->nvfs++;
	sim->njoining++;
	*why = join(ep, config);
	sim->njoining--;
	if (*why) {
		if (ep->pf)
			ep->pf->nvfs--;
		ep_free(ep);
		return NULL;
	}
	for (i = 0; i < ep->nids; i++)
		iovm__bus_seat(&ep->node->bus, ep->ids[i], ep);
	iovm__list_set(&sim->eps, ep, &ep->all_slot, true);
	iovm__list_set(&ep->node->eps, ep, &ep->node_slot, true);
	return ep;
}

struct iovm_sim_ep *iovm_sim_ep_new(struct iovm_sim *sim, uint16_t credits, uint8_t pasid_bits)
{
	const struct iovm_sim_ep_config config = { .size = sizeof config, .credits = credits, .pasid_bits = pasid_bits,
						   .flags = IOVM_DEV_TRUSTED };

	return iovm_sim_ep_new_config(sim, &config, NULL);
}

int iovm_sim_ep_del(struct iovm_sim_ep *ep)
{
	struct iovm_sim *sim = ep->sim;
	int err;

	if (ep->nvfs || ep->resetting || ep->leaving)
		return IOVM_E_BUSY;
	ep->leaving = true;
	err = ep->device ? SIM_CALL(sim, iovm_device_del(ep->device)) : 0;
	ep->leaving = false;
	if (err)
		return err;
	ep->device = NULL;
	ep->gone = true;	/* clear() then leaves the bus */
	ep->silent = ep->floods = ep->never_stops = false;
	iovm__ep_clear(ep);
	if (ep->pf)
		ep->pf->nvfs--;
	iovm__list_set(&sim->eps, ep, &ep->all_slot, false);
	iovm__list_set(&ep->node->eps, ep, &ep->node_slot, false);
	iovm__list_set(&sim->resets, ep, &ep->reset_slot, false);
	iovm__list_set(&sim->ep_ready, ep, &ep->ready_slot, false);
	iovm__list_set(&sim->inv_ready, ep, &ep->inv_slot, false);
	iovm__list_set(&sim->background, ep, &ep->background_slot, false);
	ep_free(ep);
	return 0;
}

struct iovm_device *iovm_sim_ep_device(struct iovm_sim_ep *ep)
{
	return ep->device;
}

uint32_t iovm_sim_ep_stream_id(const struct iovm_sim_ep *ep)
{
	return ep->ids[0];
}

bool iovm_sim_ep_idle(const struct iovm_sim_ep *ep)
{
	return !ep->njobs && !ep->outstanding && !ep->ninv;
}

unsigned iovm_sim_dma_failed(const struct iovm_sim_ep *ep)
{
	return ep->failed;
}

unsigned iovm_sim_dma_done(const struct iovm_sim_ep *ep)
{
	return ep->done;
}
