/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Where the engine comes in, when there are several threads: each function of the port and of the spaces enters the monitor, does what it does with one thread, and
 * leaves. What the machine calls itself (SIM_CALL) is called outside, so nobody enters twice. The engine's lock is not the monitor: it is held over calls of the
 * port, hence taken outside, and always first.
 */
#include "backends/sim/world.h"

struct inner { struct iovm_port port; struct iovm_mm_ops mm; };

static struct inner inner(struct iovm_sim *sim)
{
	return (struct inner){ iovm__host_port(sim), iovm__host_mm_ops(sim) };
}

static void *alloc(void *sim, size_t size)
{
	void *mem;

	iovm__enter(sim);
	mem = inner(sim).port.alloc(sim, size);
	iovm__leave(sim);
	return mem;
}

static void release(void *sim, void *mem, size_t size)
{
	iovm__enter(sim);
	inner(sim).port.free(sim, mem, size);
	iovm__leave(sim);
}

static void *dma_alloc(void *sim, size_t size, uint64_t *bus)
{
	void *mem;

	iovm__enter(sim);
	mem = inner(sim).port.dma_alloc(sim, size, bus);
	iovm__leave(sim);
	return mem;
}

static void dma_free(void *sim, void *mem, size_t size, uint64_t bus)
{
	iovm__enter(sim);
	inner(sim).port.dma_free(sim, mem, size, bus);
	iovm__leave(sim);
}

static void lock(void *vsim)
{
	struct iovm_sim *sim = vsim;

	sim->over.lock(sim->over.ctx);
}

static void unlock(void *vsim)
{
	struct iovm_sim *sim = vsim;

	sim->over.unlock(sim->over.ctx);
}

static bool wait(void *sim, unsigned turn)
{
	bool more;

	iovm__enter(sim);
	more = inner(sim).port.wait(sim, turn);
	iovm__leave(sim);
	return more;
}

static int fence(void *sim, void *dev)
{
	int err;

	iovm__enter(sim);
	err = inner(sim).port.fence(sim, dev);
	iovm__leave(sim);
	return err;
}

static void wake(void *sim, struct iovm_iommu *iommu)
{
	iovm__enter(sim);
	inner(sim).port.wake(sim, iommu);
	iovm__leave(sim);
}

static void notice(void *sim, struct iovm_device *dev, const struct iovm_notice *what)
{
	iovm__enter(sim);
	inner(sim).port.notice(sim, dev, what);
	iovm__leave(sim);
}

static int watch(void *sim, void *mm, struct iovm_table *table)
{
	int err;

	iovm__enter(sim);
	err = inner(sim).mm.watch(sim, mm, table);
	iovm__leave(sim);
	return err;
}

static void unwatch(void *sim, void *mm)
{
	iovm__enter(sim);
	inner(sim).mm.unwatch(sim, mm);
	iovm__leave(sim);
}

static void fault(void *sim, void *mm, struct iovm_fault *faults, unsigned n)
{
	iovm__enter(sim);
	inner(sim).mm.fault(sim, mm, faults, n);
	iovm__leave(sim);
}

void iovm__monitor_port(struct iovm_sim *sim, struct iovm_port *port, struct iovm_mm_ops *mm)
{
	*port = (struct iovm_port){
		.ctx = sim, .alloc = alloc, .free = release, .dma_alloc = dma_alloc, .dma_free = dma_free, .lock = lock, .unlock = unlock,
		.wait = wait, .fence = fence, .wake = wake, .notice = notice,
	};
	*mm = (struct iovm_mm_ops){ .ctx = sim, .watch = watch, .unwatch = unwatch, .fault = fault };
}
