/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See scenario.h. Check runs each test in a child, so what is static here belongs to one test. */
#include "scenario.h"

unsigned seen[SEEN], scene_allocs, scene_allocs_left = UINT_MAX;
int scene_lock_depth;
static size_t live_bytes;
static int on_stack, in_callback;	/* calls that promise to allocate and lock nothing; callbacks, which may */
void (*scene_listener)(const struct iovm_trace *rec);
static char buffer[64];

static void count(void *ctx, const struct iovm_trace *rec)
{
	ck_assert_uint_lt(rec->event, SEEN);
	seen[rec->event]++;
	in_callback += rec->event == IOVM_TR_CB_IN;
	in_callback -= rec->event == IOVM_TR_CB_OUT;
	DEAF(deaf_note(rec));
	if (scene_listener)
		scene_listener(rec);
}

/* ---- the port ------------------------------------------------------------------------------------------------------------------ */

/* Link with --wrap for these: references to them from the machine and from tests lead here */
int __real_iovm_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget);
int __wrap_iovm_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget);
int __real_iovm_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last);
int __wrap_iovm_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last);
int __real_iovm_mm_exit(struct iovm *sys, void *mm);
int __wrap_iovm_mm_exit(struct iovm *sys, void *mm);
int __real_iovm_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome);
int __wrap_iovm_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome);

static int leave(int result)
{
	on_stack--;
	return result;
}
int __wrap_iovm_fault_done(struct iovm *sys, uint64_t token, enum iovm_outcome outcome) { on_stack++; return leave(__real_iovm_fault_done(sys, token, outcome)); }
#ifndef SCENE_DEAF
int __wrap_iovm_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget) { on_stack++; return leave(__real_iovm_dispatch(iommu, now, budget)); }
int __wrap_iovm_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last) { on_stack++; return leave(__real_iovm_invalidate(sys, mm, first, last)); }
int __wrap_iovm_mm_exit(struct iovm *sys, void *mm) { on_stack++; return leave(__real_iovm_mm_exit(sys, mm)); }
#else
#define WATCHED(call, real) struct deaf_frame frame; struct iovm_trace about; deaf_enter(&frame, &about, call); return deaf_leave(&frame, real)
int __wrap_iovm_dispatch(struct iovm_iommu *iommu, uint64_t now, unsigned budget) { return 0; }
int __wrap_iovm_invalidate(struct iovm *sys, void *mm, uint64_t first, uint64_t last)
{
	on_stack++;
	WATCHED(DEAF_INVALIDATE, leave(__real_iovm_invalidate(sys, mm, first, last)));
}
int __wrap_iovm_mm_exit(struct iovm *sys, void *mm)
{
	on_stack++;
	WATCHED(DEAF_MM_EXIT, leave(__real_iovm_mm_exit(sys, mm)));
}
int __real_iovm_unbind_mm(struct iovm_device *dev, void *mm);
int __wrap_iovm_unbind_mm(struct iovm_device *dev, void *mm);
int __wrap_iovm_unbind_mm(struct iovm_device *dev, void *mm) { WATCHED(DEAF_UNBIND, __real_iovm_unbind_mm(dev, mm)); }
#endif

static void may(const char *what)
{
	if (on_stack && !in_callback)
		ck_abort_msg("%s while dispatch, invalidate, mm_exit or fault_done is on the stack", what);
}

static void *take(size_t align, size_t size)
{
	void *mem = NULL;

	scene_allocs++;
	if (scene_allocs_left)
		mem = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	scene_allocs_left -= scene_allocs_left != 0 && scene_allocs_left != UINT_MAX;
	live_bytes += mem ? size : 0;
	return mem ? memset(mem, 0, size) : NULL;
}

static void *port_alloc(void *ctx, size_t size)
{
	may("alloc");
	return take(64, size);
}

static void port_free(void *ctx, void *mem, size_t size)
{
	may("free");
	live_bytes -= size;
	free(mem);
}

static void *port_dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	size_t align = 64;
	void *mem;

	may("dma_alloc");
	while (align < size)
		align *= 2;
	mem = take(align, size);
	*bus = (uintptr_t)mem;
	return mem;
}

static void port_dma_free(void *ctx, void *mem, size_t size, uint64_t bus) { port_free(ctx, mem, size); }

static void port_lock(void *ctx)
{
	may("lock");
	ck_assert_int_eq(scene_lock_depth++, 0);
}

static void port_unlock(void *ctx) { ck_assert_int_eq(--scene_lock_depth, 0); }

size_t scene_live_bytes(void) { return live_bytes; }

/* ---- a world ------------------------------------------------------------------------------------------------------------------- */

struct iovm_sim *scene_new_config(struct iovm_sim_config config)
{
	struct iovm_port port = config.port ? *config.port : (struct iovm_port){ 0 };
	struct iovm_sim *sim;

	port.alloc = port_alloc;
	port.free = port_free;
	port.dma_alloc = port_dma_alloc;
	port.dma_free = port_dma_free;
	port.lock = port_lock;
	port.unlock = port_unlock;
	DEAF(deaf_new());
	DEAF(deaf_story_wait = port.wait);
	DEAF(port.wait = deaf_wait);
	DEAF(config.quiet = true);		/* its judgement is of a world with a servicer */
	config.port = &port;
	config.size = sizeof config;
	config.seed = 1;
	config.trace = count;
	sim = iovm_sim_new_config(&config);
	ck_assert_ptr_nonnull(sim);
	return sim;
}

void scene_run(struct iovm_sim *sim)
{
	unsigned i;

	for (i = 0; i < 3000 && iovm_sim_step(sim); i++)
		;
}

int scene_refuse_fence(void *ctx, void *dev) { return IOVM_E_TIMEDOUT; }
const struct iovm_port scene_cannot_fence = { .fence = scene_refuse_fence };

struct iovm_sim *scene_new(void) { return scene_new_config((struct iovm_sim_config){ 0 }); }

struct iovm_sim_ep *scene_device(struct iovm_sim *sim)
{
	struct iovm_sim_ep *ep = iovm_sim_ep_new(sim, 32, 16);

	ck_assert_ptr_nonnull(ep);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	DEAF(deaf_meet(ep));
	return ep;
}

void *scene_space(struct iovm_sim *sim)
{
	void *mm = iovm_sim_mm_map(iovm_sim_mm_new(sim), BASE, TOP, IOVM_READ | IOVM_WRITE);

	ck_assert_ptr_nonnull(mm);
	DEAF(deaf_fill(mm));
	return mm;
}

void scene_end(struct iovm_sim *sim)
{
	DEAF(deaf_try(sim));
	ck_assert_int_eq(iovm_sim_del(sim), 0);
	ck_assert_uint_eq(live_bytes, 0);
	memset(seen, 0, sizeof seen);
}

struct iovm_stats scene_stats(struct iovm_sim *sim)
{
	struct iovm_stats stats = { .size = sizeof stats };

	iovm_stats(iovm_sim_system(sim), &stats);
	return stats;
}

void scene_hear(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct ears *ears = arg;

	ck_assert_uint_eq(ears->unbound, 0);		/* it is the last word */
	if (event == IOVM_UNBOUND) {
		ears->unbound++;
		return;
	}
	ck_assert_uint_eq(ears->shutdown++, 0);
	if (!ears->stay)
		ck_assert_int_eq(iovm_unbind_mm(dev, mm), 0);
}

int scene_bind(struct iovm_sim_ep *ep, void *mm, struct ears *ears)
{
	int pasid = iovm_bind_mm(iovm_sim_ep_device(ep), mm, scene_hear, ears);

	ck_assert_int_gt(pasid, 0);
	return pasid;
}

void scene_open_config(struct scene *s, struct iovm_sim_config config)
{
	memset(s, 0, sizeof *s);
	s->sim = scene_new_config(config);
	s->ep = scene_device(s->sim);
	s->dev = iovm_sim_ep_device(s->ep);
	s->mm = scene_space(s->sim);
	s->pasid = scene_bind(s->ep, s->mm, &s->ears);
}

void scene_open(struct scene *s) { scene_open_config(s, (struct iovm_sim_config){ 0 }); }

void scene_close(struct scene *s)
{
	if (!s->ears.unbound)
		(void)iovm_unbind_mm(s->dev, s->mm);	/* NOT_BOUND: on its way out */
	iovm_sim_run(s->sim);
	ck_assert_uint_eq(s->ears.unbound, 1);
	scene_end(s->sim);
}

int scene_unbind(struct iovm_sim_ep *ep, void *mm) { return iovm_unbind_mm(iovm_sim_ep_device(ep), mm); }

void scene_start_dma(struct iovm_sim_ep *ep, int pasid, uint64_t addr)
{
	ck_assert_int_eq(iovm_sim_dma(ep, pasid, addr, buffer, sizeof buffer, true), 0);
}

bool scene_dma(struct iovm_sim *sim, struct iovm_sim_ep *ep, int pasid, uint64_t addr)
{
	unsigned done = iovm_sim_dma_done(ep);

	scene_start_dma(ep, pasid, addr);
	iovm_sim_run(sim);
	return iovm_sim_dma_done(ep) == done + 1;
}

void scene_ask(struct iovm_sim_ep *ep, uint32_t pasid, uint64_t addr, uint16_t index, unsigned flags)
{
	iovm_sim_ep_request(ep, pasid, addr, index, (uint8_t)(flags | (pasid == IOVM_NO_PASID ? 0 : IOVM_REQ_PASID)));
}

unsigned scene_answers(const struct iovm_sim_ep *ep)
{
	struct iovm_sim_answers a = iovm_sim_ep_answers(ep);

	return a.success + a.invalid + a.failure;
}
