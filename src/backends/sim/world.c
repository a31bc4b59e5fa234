/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A world: made with its engine, one or more IOMMUs and the checker; unmade by its judge. settle() is the orderly end: faults stop, transfers are dropped, tokens
 * come back, spaces die, devices are healed, drained and taken away. Whatever does not go away then is a leak of the driver or of the engine.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "backends/sim/endpoint.h"

/* Faults that devices commit; the rest is drawn where it belongs */
static const unsigned char device_faults[] = { 21, 25, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 23, 56, 61 };
enum { SETTLE_TURNS = 64 };

static void defaults(struct iovm_sim_config *c)
{
	c->iommus = c->iommus ? c->iommus : 1;
	c->max_mms = c->max_mms ? c->max_mms : 64;
	c->pasid_bits = c->pasid_bits ? c->pasid_bits : 16;
	c->asid_bits = c->asid_bits ? c->asid_bits : 16;
	c->priq_log2 = c->priq_log2 ? c->priq_log2 : 8;
	c->evtq_log2 = c->evtq_log2 ? c->evtq_log2 : 10;
	c->cmdq_log2 = c->cmdq_log2 ? c->cmdq_log2 : 8;
}

static unsigned shadow_choose(void *sim, unsigned n, const char *point)
{
	return iovm_choose(sim, n, point);
}

static bool prepare(struct iovm_sim *sim)
{
	unsigned i;

	defaults(&sim->config);
	if (sim->config.port)
		sim->over = *sim->config.port;
	sim->config.port = NULL;	/* copied */
	sim->rng = sim->config.seed;
	sim->inject = sim->config.inject;
	sim->next_stream = 0x100;
	sim->next_timer = UINT64_MAX;
	sim->handler = IOVM_DONE;
	sim->tokens_tail = &sim->tokens;
	for (i = 0; i < sizeof device_faults; i++)
		if (iovm__injects(sim, device_faults[i]))
			sim->device_fault[sim->ndevice_faults++] = device_faults[i];
	if (!sim->config.no_check && !sim->config.monitor)
		sim->check = iovm_check_new();
	if (sim->config.smmuv3) {
		sim->smmuv3 = *sim->config.smmuv3;
		sim->config.smmuv3 = &sim->smmuv3;
		if (!iovm__memory_init(&sim->memory, !sim->smmuv3.no_shadow && !sim->config.monitor, shadow_choose, sim))
			return false;
	}
	return iovm__mm_init(sim) && (sim->check || sim->config.no_check || sim->config.monitor);
}

static bool engine(struct iovm_sim *sim)
{
	struct iovm_config config = { .size = sizeof config, .port = iovm__host_port(sim), .mm = iovm__host_mm_ops(sim),
				      .max_mms = sim->config.max_mms, .pasid_bits = sim->config.pasid_bits };
	uint64_t inject = sim->inject;
	bool ok;

	if ((!sim->config.trace && !sim->check && !sim->inject) || sim->config.monitor)	/* nobody listens: the engine need not speak */
		config.port.trace = NULL;
	if (sim->config.monitor)
		iovm__monitor_port(sim, &config.port, &config.mm);
	sim->inject = 0;	/* the world itself is made without accidents */
	ok = SIM_CALL(sim, iovm_new(&sim->sys, &config)) == 0;
	while (ok && sim->nnodes < sim->config.iommus)
		ok = iovm_sim_iommu_new(sim) != NULL;
	sim->inject = inject;
	return ok;
}

static void sim_free(struct iovm_sim *sim)
{
	unsigned i;

	iovm__handler_fini(sim);
	iovm__mm_fini(sim);
	for (i = 0; i < sim->nnodes; i++) {
		free(sim->node[i]->eps.item);
		map_fini(&sim->node[i]->bus.eps, NULL);
		if (sim->node[i]->ops->fini)
			sim->node[i]->ops->fini(sim->node[i]->bus.hw);
		free(sim->node[i]);
	}
	iovm__memory_fini(&sim->memory);
	map_fini(&sim->tables, NULL);
	map_fini(&sim->frames, NULL);
	free(sim->hw_ready.item);
	free(sim->due.item);
	free(sim->ep_ready.item);
	free(sim->inv_ready.item);
	free(sim->background.item);
	free(sim->resets.item);
	free(sim->eps.item);
	if (sim->check)
		iovm_check_del(sim->check);
	free(sim);
}

struct iovm_sim *iovm_sim_new_config(const struct iovm_sim_config *config)
{
	struct iovm_sim *sim = calloc(1, sizeof *sim);

	if (!sim)
		return NULL;
	sim->config = *config;
	if (prepare(sim) && engine(sim))
		return sim;
	if (sim->sys)
		(void)SIM_CALL(sim, iovm_del(sim->sys));
	sim_free(sim);
	return NULL;
}

struct iovm_sim *iovm_sim_new(uint64_t seed)
{
	const struct iovm_sim_config config = { .size = sizeof config, .seed = seed };

	return iovm_sim_new_config(&config);
}

struct iovm_iommu *iovm_sim_iommu_new(struct iovm_sim *sim)
{
	struct iovm__node *node;

	if (sim->nnodes == IOVM__SIM_IOMMUS || !iovm__list_room(&sim->hw_ready, sim->nnodes + 1) || !iovm__list_room(&sim->due, sim->nnodes + 1))
		return NULL;
	node = calloc(1, sizeof *node);
	if (!node)
		return NULL;
	node->sim = sim;
	node->index = sim->nnodes;
	node->hw_slot = node->due_slot = -1;
	node->deadline = node->irq_at = UINT64_MAX;
	if (sim->config.smmuv3 ? iovm__chip_new(node) : iovm__direct_new(node)) {
		map_fini(&node->bus.eps, NULL);
		free(node);
		return NULL;
	}
	sim->node[sim->nnodes++] = node;
	return node->core;
}

struct iovm *iovm_sim_system(struct iovm_sim *sim)
{
	return sim->sys;
}

struct iovm_iommu *iovm_sim_iommu(struct iovm_sim *sim, unsigned n)
{
	return n < sim->nnodes ? sim->node[n]->core : NULL;
}

void iovm_sim_on_wait(struct iovm_sim *sim, void (*fn)(void *ctx, unsigned depth), void *ctx)
{
	sim->on_wait = fn;
	sim->on_wait_ctx = ctx;
}

void iovm_sim_stats(const struct iovm_sim *sim, struct iovm_sim_stats *stats)
{
	size_t size = stats->size;

	*stats = sim->stats;
	stats->size = size;
}

const struct iovm_check *iovm_sim_check(const struct iovm_sim *sim)
{
	return sim->check;
}

/* ---- the end -------------------------------------------------------------------------------------------------------------------------- */

static void leak(struct iovm_sim *sim, unsigned n, const char *what)
{
	sim->leaks += n;
	if (n && !sim->config.quiet)
		fprintf(stderr, "seed %" PRIu64 ": %u %s\n", sim->config.seed, n, what);
}

static void turn(struct iovm_sim *sim)
{
	unsigned i;

	iovm__handler_unblock(sim);
	for (i = 0; i < sim->nnodes; i++)
		iovm_sim_dispatch(sim, i);
	iovm_sim_run(sim);
}

static void heal(struct iovm_sim *sim)
{
	struct iovm_sim_ep *ep;
	unsigned i;

	for (i = 0; i < sim->eps.n; i++) {
		ep = sim->eps.item[i];
		ep->floods = ep->never_stops = ep->not_stopped = ep->rogue = false;
		iovm_sim_ep_behave(ep, IOVM_SIM_ATC_SILENT, false);
		iovm__pri_forget(ep);
		iovm__jobs_drop(ep);
		ep->sick_at = 0;
	}
}

/* Fences, suspects and quarantines end with a reset */
static void reset_all(struct iovm_sim *sim)
{
	unsigned i;

	for (i = 0; i < sim->eps.n; i++) {
		struct iovm_sim_ep *ep = sim->eps.item[i];

		if (ep->device && !ep->gone)
			(void)iovm_sim_ep_reset(ep, true);
	}
}

static struct iovm_stats engine_stats(const struct iovm_sim *sim)
{
	struct iovm_stats stats = { .size = sizeof stats };

	iovm_stats(sim->sys, &stats);
	return stats;
}

static void kill_spaces(struct iovm_sim *sim)
{
	struct iovm_sim_mm *mm, *next;

	for (mm = sim->mms; mm; mm = next) {
		next = mm->next;
		if (!mm->dead)
			(void)iovm_sim_mm_kill(mm);
	}
}

static void unbind_leaked(struct iovm_sim *sim)	/* the drivers did not: so that the rest can be judged */
{
	struct iovm_sim_mm *mm;
	unsigned i;

	for (mm = sim->mms; mm; mm = mm->next)
		for (i = 0; i < sim->eps.n; i++) {
			struct iovm_sim_ep *ep = sim->eps.item[i];

			while (mm->watched && ep->device && SIM_CALL(sim, iovm_unbind_mm(ep->device, mm)) == 0)
				;
		}
}

static void del_devices(struct iovm_sim *sim)
{
	unsigned t, i;

	for (t = 0; t < SETTLE_TURNS && sim->eps.n; t++) {
		for (i = sim->eps.n; i-- > 0;) {
			struct iovm_sim_ep *ep = sim->eps.item[i];

			if (ep->device)
				(void)SIM_CALL(sim, iovm_device_shutdown(ep->device));
			(void)iovm_sim_ep_del(ep);	/* VFs before their PFs: what is BUSY has its turn later */
		}
		turn(sim);
	}
}

static void drain(struct iovm_sim *sim)
{
	struct iovm_stats stats = engine_stats(sim);
	unsigned t;

	for (t = 0; t < SETTLE_TURNS && (stats.bonds || stats.tokens || stats.pasids_quarantined || stats.pasids_live); t++) {
		if (t == 4)
			reset_all(sim);
		turn(sim);
		stats = engine_stats(sim);
	}
}

unsigned iovm_sim_settle(struct iovm_sim *sim)
{
	unsigned before = sim->leaks, i;
	struct iovm_stats stats;

	sim->inject = 0;
	sim->settling = true;
	heal(sim);
	turn(sim);
	kill_spaces(sim);
	turn(sim);
	reset_all(sim);
	drain(sim);
	leak(sim, engine_stats(sim).bonds, "bonds were never unbound");
	unbind_leaked(sim);
	drain(sim);
	del_devices(sim);
	drain(sim);
	stats = engine_stats(sim);
	leak(sim, sim->eps.n, "devices could not be deleted");
	leak(sim, stats.tokens, "tokens are out for ever");
	leak(sim, stats.pasids_live + stats.pasids_quarantined, "PASIDs leaked");
	for (i = 0; i < sim->nnodes && sim->config.smmuv3; i++)
		iovm__chip_judge(sim->node[i]);
	if (sim->check && !sim->check_ended)
		iovm_check_end(sim->check);
	sim->check_ended = true;
	return sim->leaks - before;
}

static unsigned judge(struct iovm_sim *sim)
{
	unsigned violations = sim->check ? iovm_check_violations(sim->check) : 0;

	if (violations && !sim->config.quiet)
		fprintf(stderr, "seed %" PRIu64 ": %u violations, first %s\n", sim->config.seed, violations, iovm_check_first(sim->check));
	if (sim->broken && !sim->config.quiet)
		fprintf(stderr, "seed %" PRIu64 ": %u rules broken that the machine saw (%" PRIu64 " of them stale DMA)\n", sim->config.seed,
			sim->broken, sim->stats.dma_stale);
	return violations + sim->broken + sim->leaks;
}

int iovm_sim_del(struct iovm_sim *sim)
{
	unsigned broken;

	(void)iovm_sim_settle(sim);
	if (SIM_CALL(sim, iovm_del(sim->sys)))
		leak(sim, 1, "engine is still in use");
	else
		leak(sim, (unsigned)(sim->stats.live_bytes + sim->stats.dma_memory), "bytes of the port were not freed");
	broken = judge(sim);
	sim_free(sim);
	return (int)broken;
}
