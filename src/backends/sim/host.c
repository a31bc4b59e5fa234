/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The host's port. Memory is counted and may be refused (F40). A wait moves the hardware, lets others do what other threads would do at that time, and ends
 * after a bounded number of turns, sometimes in the very turn in which what it waits for happens (F43). Functions that the world's
 * maker gave replace ours, with their own ctx; the counting and the moving of hardware stay.
 */
#include <stdlib.h>
#include <string.h>
#include "backends/sim/endpoint.h"

enum { ALIGN = 64, MOVES = 4, SMMU_MOVES = 16, TIE_MOVES = 4096 };

static void grown(struct iovm_sim *sim, size_t size)
{
	sim->stats.live_bytes += size;
	if (sim->stats.live_bytes > sim->stats.peak_bytes)
		sim->stats.peak_bytes = sim->stats.live_bytes;
}

static bool refused(struct iovm_sim *sim)
{
	if (!iovm_sim_fault(sim, 40, 24))
		return false;
	iovm_sim_injected(sim, 40, NULL);
	return true;
}

static void *zeroed(size_t align, size_t size)
{
	void *mem = aligned_alloc(align, (size + align - 1) / align * align);

	return mem ? memset(mem, 0, size) : NULL;
}

static void *host_alloc(void *ctx, size_t size)
{
	struct iovm_sim *sim = ctx;
	void *mem;

	if (refused(sim))
		return NULL;
	mem = sim->over.alloc ? sim->over.alloc(sim->over.ctx, size) : zeroed(ALIGN, size);
	if (mem)
		grown(sim, size);
	return mem;
}

static void host_free(void *ctx, void *mem, size_t size)
{
	struct iovm_sim *sim = ctx;

	if (mem)
		sim->stats.live_bytes -= size;
	if (sim->over.free)
		sim->over.free(sim->over.ctx, mem, size);
	else
		free(mem);
}

static void host_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	struct iovm_sim *sim = ctx;

	if (mem)
		sim->stats.dma_memory -= size;
	if (sim->config.smmuv3)
		iovm__memory_remove(&sim->memory, bus);
	if (sim->over.dma_free)
		sim->over.dma_free(sim->over.ctx, mem, size, bus);
	else
		free(mem);
}

/* F59: what a backend's attach() and entry() may fail of */
static bool backend_fails(struct iovm_sim *sim)
{
	if (!sim->config.smmuv3 || !iovm_sim_fault(sim, 59, 12))
		return false;
	iovm_sim_injected(sim, 59, NULL);
	return true;
}

static void *host_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	struct iovm_sim *sim = ctx;
	size_t align = ALIGN;
	void *mem;

	if (refused(sim) || backend_fails(sim))
		return NULL;
	while (align < size)
		align *= 2;
	mem = sim->over.dma_alloc ? sim->over.dma_alloc(sim->over.ctx, size, bus) : zeroed(align, size);
	if (!mem)
		return NULL;
	if (sim->config.smmuv3)
		*bus = iovm__memory_add(&sim->memory, mem, size, true);
	else if (!sim->over.dma_alloc)
		*bus = (uintptr_t)mem;
	sim->stats.dma_memory += size;
	if (*bus)
		return mem;
	host_dma_free(sim, mem, size, 0);
	return NULL;
}

static void host_lock(void *ctx)
{
	struct iovm_sim *sim = ctx;

	if (sim->over.lock)
		sim->over.lock(sim->over.ctx);
	sim->broken += sim->locked;	/* one thread: whoever takes it twice waits for itself */
	sim->locked = true;
}

static void host_unlock(void *ctx)
{
	struct iovm_sim *sim = ctx;

	sim->locked = false;
	if (sim->over.unlock)
		sim->over.unlock(sim->over.ctx);
}

/* ---- waiting ------------------------------------------------------------------------------------------------------------------------ */

static void others(struct iovm_sim *sim)
{
	unsigned n;

	if (sim->power)
		return;
	iovm__handler_race(sim);
	if (sim->inject && !sim->config.no_dispatch && sim->depth < 2 && iovm__chance(sim, 8, "dispatch-in-wait")) {
		n = iovm_choose(sim, sim->nnodes, "iommu");
		sim->depth++;
		iovm_sim_dispatch(sim, n);
		sim->depth--;
	}
	if (sim->on_wait && !sim->settling) {
		sim->on_wait(sim->on_wait_ctx, sim->depth++);
		sim->depth--;
	}
}

/* F43: what is waited for is complete in the same turn in which time is up */
static bool tie(struct iovm_sim *sim)
{
	unsigned moves, i;
	bool busy = true;

	if (!iovm_sim_fault(sim, 43, 300))
		return false;
	for (moves = 0; busy && moves < TIE_MOVES; moves++) {
		iovm__sched_hardware(sim);
		for (i = 0, busy = false; i < sim->nnodes; i++)
			busy |= sim->node[i]->ops->busy(sim->node[i]->bus.hw);
	}
	if (busy)
		return false;
	iovm_sim_injected(sim, 43, NULL);
	return true;
}

static bool host_wait(void *ctx, unsigned turn)
{
	struct iovm_sim *sim = ctx;
	unsigned i;
	bool more;

	sim->broken += sim->locked;
	for (i = 0; i < (sim->config.smmuv3 ? SMMU_MOVES : MOVES); i++)
		iovm__sched_hardware(sim);
	iovm__sched_time(sim, IOVM__TURN_NS);
	others(sim);
	if (tie(sim))
		return false;
	more = sim->over.wait ? sim->over.wait(sim->over.ctx, turn) : turn + 1 < IOVM__WAIT_TURNS;
	for (i = 0; !more && sim->config.smmuv3 && i < sim->nnodes; i++)
		iovm__chip_given_up(sim->node[i]);
	return more;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------- */

/* Works unless the device is silent by chance: then the host cannot always reach it */
static int host_fence(void *ctx, void *dev)
{
	struct iovm_sim *sim = ctx;
	struct iovm_sim_ep *ep = dev;
	int err;

	if (sim->over.fence) {
		err = sim->over.fence(sim->over.ctx, dev);
		if (err)
			return err;
	} else if (iovm__injects(sim, 16) && iovm__chance(sim, 2, "fence-fails")) {
		return IOVM_E_TIMEDOUT;
	}
	iovm__ep_bus_off(ep);
	return 0;
}

static void host_wake(void *ctx, struct iovm_iommu *iommu)
{
	struct iovm_sim *sim = ctx;
	unsigned i;

	for (i = 0; i < sim->nnodes; i++)
		if (sim->node[i]->core == iommu) {
			sim->node[i]->wake = true;
			iovm__node_update(sim->node[i]);
		}
	if (sim->over.wake)
		sim->over.wake(sim->over.ctx, iommu);
}

static void host_notice(void *ctx, struct iovm_device *dev, const struct iovm_notice *what)
{
	struct iovm_sim *sim = ctx;
	struct iovm_sim_ep *ep;
	unsigned i;

	if (sim->over.notice) {
		sim->over.notice(sim->over.ctx, dev, what);
		return;
	}
	if (what->what != IOVM_RESET_WANTED || !dev)
		return;
	for (i = 0; i < sim->eps.n; i++) {
		ep = sim->eps.item[i];
		if (ep->device == dev)
			iovm__list_set(&sim->resets, ep, &ep->reset_slot, true);
	}
}

static int mm_watch(void *ctx, void *vmm, struct iovm_table *table)
{
	struct iovm_sim *sim = ctx;
	struct iovm_sim_mm *mm = vmm;

	if (refused(sim))
		return IOVM_E_NO_MEMORY;
	sim->broken += mm->watched;
	if (sim->config.smmuv3 && !iovm__table_new(mm, table))
		return IOVM_E_NO_MEMORY;
	if (!sim->config.smmuv3) {
		table->format = IOVM_TABLE_SIM;
		table->root = (uintptr_t)mm;
	}
	mm->watched = true;
	table->top = (UINT64_C(1) << IOVM__ADDRESS_BITS) - 1;
	return 0;
}

static void mm_unwatch(void *ctx, void *vmm)
{
	struct iovm_sim *sim = ctx;
	struct iovm_sim_mm *mm = vmm;

	sim->broken += !mm->watched;
	mm->watched = false;
	iovm__table_del(mm);
	mm->lost = (struct iovm__span){ .first = 1, .last = 0 };
	iovm__mm_release(mm);
}

struct iovm_mm_ops iovm__host_mm_ops(struct iovm_sim *sim)
{
	return (struct iovm_mm_ops){ .ctx = sim, .watch = mm_watch, .unwatch = mm_unwatch, .fault = iovm__handler_fault };
}

struct iovm_port iovm__host_port(struct iovm_sim *sim)
{
	return (struct iovm_port){
		.ctx = sim, .alloc = host_alloc, .free = host_free, .dma_alloc = host_dma_alloc, .dma_free = host_dma_free,
		.lock = host_lock, .unlock = host_unlock, .wait = host_wait, .fence = host_fence, .wake = host_wake,
		.trace = iovm__trace_engine, .notice = host_notice,
	};
}

/* F42: the host's clock, off by what was injected; it stands still for a while, it never goes back */
uint64_t iovm__host_clock(struct iovm_sim *sim)
{
	if (sim->now < sim->stall_to)
		return sim->stall_from + sim->skew;
	return sim->now + sim->skew;
}
