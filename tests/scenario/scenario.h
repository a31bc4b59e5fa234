/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the scenarios share. Each file is one story of docs/PITFALLS.md (pNN_) or a named promise of the library (s_),
 * told on the pretend machine with the invariant checker listening: scene_end() fails if any rule was broken meanwhile,
 * so a scenario asserts only what is its own.
 *
 * SCENARIO(name) defines a Check test; list.h names them all, main.c runs them, each in a process of its own.
 * Built with SCENE_DEAF the same stories make a second program, in which nobody dispatches: deaf.h.
 */
#ifndef TESTS_SCENARIO_H
#define TESTS_SCENARIO_H
#include <iovm/backend.h>
#include <iovm/sim.h>
#include <iovm/trace.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#ifdef SCENE_DEAF
#include "deaf.h"
#define DEAF(action) action
#else
#define DEAF(action) (void)0
#endif

#ifndef SCENE_DEAF
#define SCENARIO(name) \
	static void name##_story(int _i); \
	extern const TTest name; \
	const TTest name = { #name, name##_story, __FILE__, __LINE__ }; \
	static void name##_story(int _i)
#else
#define SCENARIO(name) \
	static void name##_told(int _i); \
	static void name##_story(int _i) { if (!setjmp(deaf_end)) name##_told(_i); } \
	extern const TTest name; \
	const TTest name = { #name, name##_story, __FILE__, __LINE__ }; \
	static void name##_told(int _i)
#endif

enum { SEEN = 128, PAGE = 0x1000, BASE = 0x10000, TOP = 0x1ffff };	/* every scene_space() is mapped from BASE to TOP, with nothing present */

/* ---- a world ------------------------------------------------------------------------------------------------------------------- */

struct iovm_sim *scene_new(void);				/* harmless, one IOMMU */
struct iovm_sim *scene_new_config(struct iovm_sim_config config);	/* size and seed are set here, the trace goes through seen[] */
struct iovm_sim_ep *scene_device(struct iovm_sim *sim);		/* a PF: 32 credits, 16 PASID bits, inited */
void *scene_space(struct iovm_sim *sim);
void scene_end(struct iovm_sim *sim);				/* no rule was broken, nothing is left */
struct iovm_stats scene_stats(struct iovm_sim *sim);

/* As iovm_sim_run(), but for a while only: a token or a quarantine makes the engine look again for ever */
void scene_run(struct iovm_sim *sim);
int scene_refuse_fence(void *ctx, void *dev);
extern const struct iovm_port scene_cannot_fence;	/* for a config: devices cannot be stopped at the bus */

extern unsigned seen[SEEN];		/* records so far, by enum iovm_trace_event */
extern void (*scene_listener)(const struct iovm_trace *rec);	/* sees every record, too */

/*
 * The host's memory and lock are ours, and abort when they are used while dispatch, invalidate, mm_exit or fault_done
 * is on the stack, bond callbacks excepted: so every scenario is a test of that promise. (The linker wraps the four
 * calls.)
 */
extern unsigned scene_allocs, scene_allocs_left;	/* so far; until one says no (UINT_MAX: never) */
size_t scene_live_bytes(void);
extern int scene_lock_depth;

/* ---- bonds ----------------------------------------------------------------------------------------------------------------------- */

struct ears {				/* what a bond's callback heard; zeroed by the test */
	unsigned shutdown, unbound;
	bool stay;			/* do not unbind from SHUTDOWN */
};
void scene_hear(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *ears);
int scene_bind(struct iovm_sim_ep *ep, void *mm, struct ears *ears);	/* asserts success; the PASID */
int scene_unbind(struct iovm_sim_ep *ep, void *mm);

/* Most stories begin alike: one device, one space, bound */
struct scene { struct iovm_sim *sim; struct iovm_sim_ep *ep; struct iovm_device *dev; void *mm; struct ears ears; int pasid; };
void scene_open(struct scene *s);
void scene_open_config(struct scene *s, struct iovm_sim_config config);
void scene_close(struct scene *s);	/* one unbind, if it is still bound; UNBOUND was heard once; scene_end() */

/* ---- what devices do --------------------------------------------------------------------------------------------------------------- */

/* A write of a few bytes, and everything that follows from it; whether it landed */
bool scene_dma(struct iovm_sim *sim, struct iovm_sim_ep *ep, int pasid, uint64_t addr);
void scene_start_dma(struct iovm_sim_ep *ep, int pasid, uint64_t addr);	/* queued only */
/* One page request by hand; pasid IOVM_NO_PASID: without. It is in the IOMMU's queue when this returns */
void scene_ask(struct iovm_sim_ep *ep, uint32_t pasid, uint64_t addr, uint16_t index, unsigned flags);
#define LAST	(IOVM_REQ_READ | IOVM_REQ_WRITE | IOVM_REQ_LAST)
#define MEMBER	(IOVM_REQ_READ | IOVM_REQ_WRITE)
unsigned scene_answers(const struct iovm_sim_ep *ep);		/* of any kind, to requests by hand */

#endif
