/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Record of a request:  a = PASID 0-19 | StreamID 20-35 | PRG index 36-44 | rights 60-62 | Last 63; b = page address.
 * Record of a command:  a = op 0-7 | code 8-15 | index 16-31 | StreamID 32-63; b = PASID, address, or ticket.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"
#include "smmu.h"

enum { PASID_BITS = 20, QUEUE_LOG2 = 18, REQUESTS_LOG2 = 12, COMMANDS_LOG2 = 14, WAIT_TURNS = 1 << 26 };
#define LAST_BIT (1ull << 63)

void ring_init(struct ring *ring, unsigned log2)
{
	ring->record = bench_memory(sizeof(struct record) << log2);
	ring->mask = (1ull << log2) - 1;
}

/* ---- the backend ---- */

static void decode(const struct record *r, uint64_t position, struct iovm_request *req)
{
	req->position = position;
	req->addr = r->b;
	req->stream_id = (uint32_t)(r->a >> 20) & 0xffff;
	req->pasid = (uint32_t)r->a & 0xfffff;
	req->index = (uint16_t)(r->a >> 36) & (IOVM_PRG_INDICES - 1);
	req->flags = (uint8_t)(((r->a >> 60) & 7) | (r->a & LAST_BIT ? IOVM_REQ_LAST : 0) | IOVM_REQ_PASID);
	req->queue = 0;
}

static unsigned hw_poll(void *arg, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct ring *ring = &((struct hardware *)arg)->requests;
	unsigned long cons = load_rlx(&ring->cons), prod = load_acq(&ring->prod);
	unsigned n = 0;

	for (; n < max && cons != prod; cons++)
		decode(&ring->record[cons & ring->mask], cons, &req[n++]);
	if (n > 0)
		store_rel(&ring->cons, cons);
	*out = (struct iovm_poll){ .flags = cons != prod ? IOVM_POLL_MORE : 0, .consumed = { cons, 0 } };
	return n;
}

static void hw_newest(void *arg, uint64_t pos[2])
{
	pos[0] = load_acq(&((struct hardware *)arg)->requests.prod);
	pos[1] = 0;
}

static int hw_submit(void *arg, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct hardware *hw = arg;
	struct ring *ring = &hw->commands;
	unsigned long prod = load_rlx(&ring->prod), room = ring->mask + 1;

	if (!hw->instant)
		room -= prod - load_acq(&ring->cons);
	n = n < room ? n : (unsigned)room;
	for (unsigned i = 0; i < n; i++) {
		struct record *r = &ring->record[prod++ & ring->mask];

		r->a = cmd[i].op | (uint64_t)cmd[i].code << 8 | (uint64_t)cmd[i].index << 16 | (uint64_t)cmd[i].stream_id << 32;
		r->b = cmd[i].op == IOVM_CMD_FENCE ? prod : cmd[i].op == IOVM_CMD_ANSWER ? cmd[i].pasid : cmd[i].first;
		hw->fences += cmd[i].op == IOVM_CMD_FENCE;
	}
	store_rel(&ring->prod, prod);
	*ticket = prod;
	return (int)n;
}

static int hw_reached(void *arg, unsigned long ticket)
{
	struct hardware *hw = arg;

	return hw->instant || (long)(load_acq(&hw->reached) - ticket) >= 0;
}

static int hw_recover(void *arg, struct iovm_blame *blame)
{
	return 0;
}
static int hw_attach(void *arg, struct iovm_function *fn)
{
	return 0;
}
static void hw_detach(void *arg, struct iovm_function *fn)
{
}
static int hw_entry(void *arg, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	return 0;
}

/* ---- the host ---- */

static void *port_alloc(void *ctx, size_t size)
{
	return bench_memory(size);
}
static void port_free(void *ctx, void *mem, size_t size)
{
	free(mem);
}
static void *port_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	void *mem = aligned_alloc(size, size);

	if (mem != NULL)
		memset(mem, 0, size);
	*bus = (uintptr_t)mem;
	return mem;
}
static void port_dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	free(mem);
}
static void port_lock(void *ctx)
{
	pthread_mutex_lock(&((struct world *)ctx)->mutex);
}
static void port_unlock(void *ctx)
{
	pthread_mutex_unlock(&((struct world *)ctx)->mutex);
}
static bool port_wait(void *ctx, unsigned turn)
{
	cpu_relax();
	return turn < WAIT_TURNS;
}
static int mm_watch(void *ctx, void *mm, struct iovm_table *table)
{
	table->format = IOVM_TABLE_SIM;
	table->root = (uintptr_t)mm;
	if (((const struct world *)ctx)->smmu == NULL)
		return 0;
	table->format = IOVM_TABLE_AARCH64_S1;
	table->control = 16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 5ull << 32;	/* T0SZ, write-back, shared, EPD1, 48 bits */
	table->attributes = 0xff;
	table->top = (1ull << 48) - 1;
	table->root &= ~0xfffull;
	return 0;
}
static void mm_unwatch(void *ctx, void *mm)
{
}
static void mm_fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		faults[i].outcome = IOVM_DONE;
}
static int set_cap(void *dev, enum iovm_cap cap, uint32_t value)
{
	return 0;
}

/* ---- making it ---- */

static int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "iovm-bench: %s: %s\n", what, iovm_strerror(result));
	exit(3);
}

static void add_iommu(struct world *world)
{
	const struct iovm_backend backend = {
		.size = sizeof(backend), .pasid_bits = PASID_BITS, .asid_bits = PASID_BITS, .vmid_bits = 8, .priq_log2 = QUEUE_LOG2, .address_bits = 64,
		.range_pages = 512, .coherent = true, .ats = true, .pri = true, .poll = hw_poll, .newest = hw_newest, .submit = hw_submit,
		.reached = hw_reached, .recover = hw_recover, .attach = hw_attach, .detach = hw_detach, .entry = hw_entry };

	ring_init(&world->hw.requests, REQUESTS_LOG2);
	ring_init(&world->hw.commands, COMMANDS_LOG2);
	world->hw.instant = true;
	must(iovm_iommu_add(world->sys, &backend, &world->hw, NULL, &world->iommu), "iommu_add");
}

static void add_device(struct world *world, uint32_t id)
{
	const uint32_t queue = 1u << QUEUE_LOG2, credits = (queue - queue / 16) / world->ndevices;
	const struct iovm_device_config config = {
		.size = sizeof(config), .stream_ids = &id, .nstream_ids = 1, .max_outstanding = (uint16_t)(credits < 4096 ? credits : 4096),
		.pasid_bits = PASID_BITS, .flags = IOVM_DEV_TRUSTED, .set_cap = set_cap };

	must(iovm_device_add(world->iommu, &config, &world->dev[id]), "device_add");
	must(iovm_device_init(world->dev[id]), "device_init");
}

static struct world *make(uint32_t ndevices, uint32_t nmms, uint32_t nspare, bool smmu)
{
	struct world *world = bench_memory(sizeof(*world));
	const struct iovm_config config = {
		.size = sizeof(config), .max_mms = nmms + nspare, .pasid_bits = PASID_BITS,
		.port = { .ctx = world, .alloc = port_alloc, .free = port_free, .dma_alloc = port_dma_alloc, .dma_free = port_dma_free,
			  .lock = port_lock, .unlock = port_unlock, .wait = port_wait },
		.mm = { .ctx = world, .watch = mm_watch, .unwatch = mm_unwatch, .fault = mm_fault } };

	pthread_mutex_init(&world->mutex, NULL);
	world->ndevices = ndevices;
	world->nmms = nmms;
	world->nspare = nspare;
	must(iovm_new(&world->sys, &config), "new");
	if (!smmu)
		add_iommu(world);
	else if ((world->smmu = smmu_bench_new(world->sys, &world->iommu)) == NULL)
		must(IOVM_E_UNSUPPORTED, "smmuv3_add");
	world->dev = bench_memory(ndevices * sizeof(*world->dev));
	world->mm = bench_memory((nmms + nspare) * sizeof(*world->mm));
	world->pasid = bench_memory(nmms * sizeof(*world->pasid));
	for (uint32_t i = 0; i < ndevices; i++)
		add_device(world, i);
	for (uint32_t i = 0; i < nmms; i++)
		world->pasid[i] = (uint32_t)must(iovm_bind_mm(world->dev[i % ndevices], &world->mm[i], NULL, NULL), "bind_mm");
	world_settle(world);
	return world;
}

struct world *world_new(uint32_t ndevices, uint32_t nmms, uint32_t nspare)
{
	return make(ndevices, nmms, nspare, false);
}

struct world *world_new_smmu(uint32_t ndevices, uint32_t nmms)
{
	return make(ndevices, nmms, 0, true);
}

void world_settle(struct world *world)
{
	struct ring *requests = &world->hw.requests, *commands = &world->hw.commands;

	do {
		must(iovm_dispatch(world->iommu, ++world->now, 64), "dispatch");
		store_rlx(&commands->cons, load_rlx(&commands->prod));
	} while (load_rlx(&requests->cons) != load_rlx(&requests->prod) || iovm_deadline(world->iommu) == 0);
}

void world_del(struct world *world)
{
	world->hw.instant = true;
	for (uint32_t i = 0; i < world->nmms; i++)
		must(iovm_unbind_mm(world->dev[i % world->ndevices], &world->mm[i]), "unbind_mm");
	world_settle(world);
	must(iovm_del(world->sys), "del");
	free(world->hw.requests.record);
	free(world->hw.commands.record);
	free(world->dev);
	free(world->mm);
	free(world->pasid);
	free(world);
}

/* ---- the device side ---- */

void traffic_init(struct traffic *traffic, struct world *world, unsigned npages)
{
	*traffic = (struct traffic){ .world = world, .npages = npages, .seed = 88172645463325252u };
	traffic->index = bench_memory(world->ndevices * sizeof(*traffic->index));
}

void traffic_group(struct traffic *traffic, struct traffic_request *r)
{
	const struct world *world = traffic->world;
	uint32_t mm = bench_below(&traffic->seed, world->nmms), stream = mm % world->ndevices;

	*r = (struct traffic_request){ .stream = stream, .pasid = world->pasid[mm], .index = traffic->index[stream]++ % IOVM_PRG_INDICES };
}

bool traffic_page(struct traffic *traffic, struct traffic_request *r)
{
	if (r->last)
		return false;
	r->last = ++r->page == traffic->npages;
	r->addr = (++traffic->page & 0xfffffffff) << IOVM_PAGE_SHIFT;
	return true;
}

void traffic_emit(struct traffic *traffic, struct ring *ring, unsigned ngroups)
{
	unsigned long prod = load_rlx(&ring->prod);
	struct traffic_request r;

	while (ngroups-- > 0) {
		traffic_group(traffic, &r);
		while (traffic_page(traffic, &r)) {
			struct record *record = &ring->record[prod++ & ring->mask];

			record->a = r.pasid | (uint64_t)r.stream << 20 | (uint64_t)r.index << 36 | (uint64_t)(IOVM_READ | IOVM_WRITE) << 60 | (r.last ? LAST_BIT : 0);
			record->b = r.addr;
		}
	}
	store_rel(&ring->prod, prod);
}

unsigned traffic_answers(struct ring *ring, uint64_t *bad)
{
	unsigned long cons = load_rlx(&ring->cons), prod = load_acq(&ring->prod);
	unsigned n = 0;

	for (; cons != prod; cons++) {
		uint64_t a = ring->record[cons & ring->mask].a;

		if ((uint8_t)a != IOVM_CMD_ANSWER)
			continue;
		n++;
		*bad += (uint8_t)(a >> 8) != IOVM_RESP_SUCCESS;
	}
	store_rel(&ring->cons, cons);
	return n;
}

unsigned null_service(struct ring *requests, struct ring *commands, unsigned max)
{
	unsigned long cons = load_rlx(&requests->cons), from = load_acq(&requests->prod), to = load_rlx(&commands->prod);
	unsigned long n = from - cons < max ? from - cons : max;

	if (n == 0)
		return 0;
	for (unsigned long i = 0; i < n; i++) {
		const struct record *in = &requests->record[cons++ & requests->mask];
		struct record *out = &commands->record[to++ & commands->mask];

		out->a = (in->a & 0xfffffffff0000) << 16 | IOVM_CMD_ANSWER;
		out->b = in->b;
	}
	store_rel(&commands->prod, to);
	store_rel(&requests->cons, cons);
	return (unsigned)n;
}
