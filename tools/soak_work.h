/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The world around the engine in a soak on the pretend machine: drivers (soak_driver.c, soak_bond.c), address spaces with their owners (soak_space.c) and
 * whatever happens while one of them waits (soak_race.c). Everything is decided by iovm_choose(), so that seed and number of steps repeat a run.
 *
 * Calls nest: while one "thread" waits inside the engine, another one runs to its end in the hook of the machine's port.wait. Three counters keep
 * the books right meanwhile: a bond record, a driver and a space are not given up while a call that names them is on the stack.
 *
 * With --threads the threads are real (soak_threads.c). All of this here is inside the machine's monitor, and outside while it calls the engine (OUTSIDE), which is
 * where nesting calls run otherwise: the same counters do. What two threads do to one bond at once is then known less exactly (soak_bond.c).
 */
#ifndef TOOLS_SOAK_WORK_H
#define TOOLS_SOAK_WORK_H
#include <iovm/sim.h>
#include <iovm/trace.h>
#include <stdlib.h>
#include "base/map.h"
#include "soak.h"

#define REGIONS 8		/* places in an address space where something can be mapped */
#define MAX_CREDITS 64u
#define TEMPORARIES 4		/* spaces made for the one purpose of using up PASIDs */
#define PAGE UINT64_C(4096)

struct region { uint64_t first, last; uint32_t prot; bool mapped; };

struct space {			/* the owner's view of one address space */
	void *mm;		/* NULL: not there at present */
	bool alive;
	unsigned calls;
	struct region region[REGIONS];
};

struct bond {			/* what a driver knows of one bond: the arg of its callback */
	struct bond *next;	/* of its driver, or free */
	struct world *world;
	struct driver *drv;
	struct space *space;	/* NULL: a temporary one */
	void *mm;
	int pasid;
	int count;		/* binds minus unbinds that succeeded; calls in flight can make it -1 */
	unsigned calls;		/* on the stack, of this bond */
	unsigned binding;	/* of these, binds */
	bool bound;		/* some bind succeeded: UNBOUND is owed, unless deaf */
	bool deaf;		/* bound without a callback */
	bool stopped, shutdown, unbound, raced;
};

enum driver_goal { GOAL_WORK, GOAL_RESTART, GOAL_LEAVE };

struct driver {
	struct iovm_sim_ep_config config;	/* the same each time it is plugged in */
	uint32_t stream_ids[4];
	struct driver *pf;
	unsigned nvfs;			/* how many drivers name this one as pf */
	struct iovm_sim_ep *ep;		/* NULL: not plugged in */
	struct bond *bonds;
	struct space *domain;		/* whose mm is (or was) entry 0 */
	void *domain_mm;
	enum driver_goal goal;
	bool inited, gone, leaving, reset_wanted;
	bool unsure;			/* a call that took something from it failed: until it is reset it may still reach that */
	unsigned calls;			/* on the stack, of this device */
	unsigned lifecycle;		/* of these, ones that its bus serialises: init, shutdown, attach, reset, del */
	unsigned issued;		/* transfers */
	int error;			/* of the last add, init, reset or del: told when it gets stuck there */
};

enum op_kind { OP_BIND, OP_UNBIND, OP_EXIT, OP_OTHER };
struct op {			/* a call that is on the stack, for races to aim at */
	struct op *outer;
	enum op_kind kind;
	struct driver *drv;
	struct bond *bond;
	struct space *space;
	void *mm;
};

struct world {
	struct iovm_sim *sim;
	struct iovm *sys;
	const struct soak_config *config;
	struct soak_result *result;
	uint64_t inject;
	struct driver *drv;
	unsigned ndrv;
	struct space *space;		/* nspaces bound by PASID, then ndomains for entry 0 */
	unsigned nspaces, ndomains;
	struct bond *pool, *free;
	unsigned nbonds;		/* in use */
	unsigned kills;
	struct op *op;
	bool ebb;			/* no new work: on the way to a quiet point */
	unsigned calm;			/* so often in a row it looked quiet */
	bool stop;			/* something is so wrong that going on makes no sense */
	struct crew *crew;		/* --threads; NULL: one thread */
	struct map owed;		/* answers, to whom and how many (soak_watch.c) */
	char buf[64 * 1024];		/* where all DMA goes to and comes from */
};

/* soak_world.c */
struct world *world_new(const struct soak_config *c, struct soak_result *r, const struct iovm_sim_config *machine);	/* NULL: no memory */
void world_free(struct world *w);	/* what is the world's own; the machine is already gone */
void world_step(struct world *w);
void world_turn(struct world *w);	/* of an owner or a driver */
bool world_quiet(struct world *w);	/* all devices present and ready, nothing bound, draining or held back; look every few steps */
static inline unsigned choose(struct world *w, unsigned n, const char *point)
{
	return iovm_choose(w->sim, n, point);
}
static inline bool chance(struct world *w, unsigned one_in, const char *point)	/* 0, the harmless choice, is no */
{
	return iovm_choose(w->sim, one_in, point) == 1;
}
void op_push(struct world *w, struct op *op);
void op_pop(struct world *w, struct op *op);
/* A call returned err: is that among what its manual names (a bit for each) or explained by an injected fault? If not, the run fails. */
void world_expect(struct world *w, const char *call, int err, uint64_t allowed);
#define MAY(e) (UINT64_C(1) << -(IOVM_E_##e))	/* all errors lie above -64, but DEAD, which never is right here */

/* soak_threads.c */
int crew_new(struct world *w, unsigned threads, struct iovm_sim_config *machine, struct iovm_port *port);	/* what the machine is to be made with; 0, and the caller is inside; or an errno */
int crew_start(struct world *w);	/* 0 or an errno */
void crew_step(struct world *w);	/* the hardware's thread, which is the caller's: one step, then others may enter */
bool crew_idle(const struct world *w);	/* every servicer has done all that it had to do */
void crew_stop(struct world *w);	/* all of them have ended; the caller is still inside */
void crew_del(struct world *w);		/* if there is one; the caller has left then */
void crew_leave(struct world *w);
int crew_back(struct world *w, int ret);	/* enters again, returns ret */
#define OUTSIDE(w, call) ((w)->crew ? (crew_leave(w), crew_back(w, (call))) : (call))

/* soak_watch.c: with a crew only. PASID as in the trace */
void watch_record(void *world, const struct iovm_trace *rec);
void watch_bound(struct world *w, const struct bond *b, int pasid);
void watch_forget(struct world *w, const struct driver *d);
void watch_judge(struct world *w, unsigned invariant, bool holds, const char *what, uint32_t stream_id, uint32_t pasid);
void watch_end(struct world *w);	/* after the engine has let go of everything and the result has its counters */

/* soak_bond.c */
struct bond *bond_find(struct driver *d, void *mm);	/* one that a further bind would join; NULL: none */
int bond_bind(struct world *w, struct driver *d, struct space *s, void *mm);	/* what iovm_bind_mm returned, or NO_MEMORY without a record */
int bond_unbind(struct world *w, struct bond *b);
void bond_release(struct world *w, struct bond *b);	/* as a driver does it: stop the device, undo every bind */
bool bond_usable(const struct bond *b);			/* for DMA */
bool bond_dead(const struct bond *b);			/* its address space is no more, or its device */
void bond_exhaust(struct world *w, struct driver *d);	/* F47 */

/* soak_driver.c */
void driver_turn(struct world *w, struct driver *d);
void driver_dma(struct world *w, struct driver *d);
void driver_reset(struct world *w, struct driver *d, bool ok);
void driver_remove(struct world *w, struct driver *d);	/* pulled out */
int driver_shutdown(struct world *w, struct driver *d);
bool driver_ready(const struct driver *d);	/* as it is to be at a quiet point: inited, and entry 0 blocked */
bool driver_steady(const struct world *w, const struct driver *d);	/* plugged in, and nobody is changing that, for its VFs neither */
struct iovm_device *driver_device(const struct driver *d);

/* soak_space.c */
void space_turn(struct world *w, struct space *s);
void space_fill(struct world *w, struct space *s);	/* make it anew */
void space_kill(struct world *w, struct space *s);
struct space *space_pick(struct world *w);		/* alive, to be bound; NULL: none */

/* soak_race.c */
void race_on_wait(void *world, unsigned depth);
void race_in_shutdown(struct world *w, struct bond *b);	/* SHUTDOWN callback */
void race_in_unbound(struct world *w, struct bond *b);

#endif
