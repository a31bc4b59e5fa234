/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The parts of a soak on real process memory: spaces (process_space.c: a process, its memory and its simulated page table), devices and what their
 * drivers do (process_device.c), threads that take memory away (process_notify.c), and the run (soak_process.c). Everything but those threads
 * lives on one event_base, where the engine is dispatched, too.
 *
 * The life of a space: STARTING until the child says it is ready; LIVE; DOOMED when it shall die: the next page request for its private memory goes to the
 * agent, who never answers it, and the main thread is told to die (DYING); once its death is known its address space is over (DEAD), its bonds get
 * SHUTDOWN and end, and then the space begins anew with another child. At the end of the run children are told to leave (LEAVING) and are GONE.
 */
#ifndef TOOLS_PROCESS_SOAK_H
#define TOOLS_PROCESS_SOAK_H
#include <iovm/event.h>
#include <iovm/sim.h>
#include <pthread.h>
#include "backtrace.h"
#include "process.h"

#define CHUNK_PAGES 16u
#define CHUNK (CHUNK_PAGES * PROCESS_PAGE)
#define CHUNKS 32u			/* of each of the two regions that every space has */
#define REGION (CHUNKS * CHUNK)
#define SCRATCH (8 * CHUNK)		/* a third region of this process: its pages go away at any time */

struct run;
struct held;				/* a PENDING fault whose token is here */

enum proc_state { PROC_STARTING, PROC_LIVE, PROC_DOOMED, PROC_DYING, PROC_DEAD, PROC_LEAVING, PROC_GONE };
struct proc {
	struct run *run;
	unsigned index;
	enum proc_state state;
	bool own;			/* of this process; else of child */
	void *mm;
	struct process_child *child;
	struct process_region shared;
	uint64_t private_base;		/* own: memory of this process */
	bool used[2 * CHUNKS];		/* by a transfer: shared chunks, then private ones */
	struct held *held;
	uint32_t next_id;
};

enum bond_state { BOND_NONE, BOND_BOUND, BOND_ENDING };
struct bond {
	struct device *device;
	struct proc *space;
	enum bond_state state;
	int pasid;
	struct backtrace made;		/* where it was bound */
};

enum job_kind { JOB_WRITE, JOB_READ_NEW, JOB_READ_FILLED, JOB_READ_SCRATCH };
struct job {				/* one transfer, in pieces of a page */
	struct bond *bond;		/* NULL: none */
	enum job_kind kind;
	unsigned chunk;
	uint64_t addr, seed;
	size_t len;
	unsigned pieces, before;	/* before: transfers that had ended when it began */
	unsigned failed_before;
	unsigned char buf[CHUNK];
};
struct device {
	struct run *run;
	struct iovm_sim_ep *ep;
	struct iovm_device *dev;
	struct bond *bonds;		/* one for each space */
	struct job job;
};

struct notifier {
	struct run *run;
	pthread_t thread;
	bool started;
	uint64_t seed;
	_Atomic(unsigned) stop, gone, answers;
};

struct run {
	const struct soak_options *o;
	struct soak_result *r;
	struct event_base *base;
	struct event *mover, *tick;
	struct iovm_event *ev;
	struct iovm_port port;		/* the event loop's */
	struct iovm_sim *sim;
	struct iovm *sys;
	struct populate populate;
	int pagemap;			/* of this process */
	pthread_mutex_t own_memory;	/* making present and counting it, against taking it away */
	char *scratch;
	struct proc *spaces;
	struct device *devices;
	struct notifier *notifiers;
	unsigned nspaces, ndevices, nnotifiers, share;	/* share: devices a space is bound to */
	struct bond *binding;		/* whose iovm_bind_mm() is on the stack */
	struct bond *planted;		/* --plant leak: never unbound */
	uint64_t began, last_progress, jobs, ordered;	/* ordered: deaths */
	char leak[512];			/* the sentence on the first leak */
	uint64_t leaked_pasids;
	uint64_t virtual_ns;		/* how long it was, on the machine's clock */
	bool ending, quiet, closing;	/* no new work; the notifiers have stopped; no page is made present any more */
};

void run_kick(struct run *run);		/* the machine has something to do */
unsigned run_choose(struct run *run, unsigned n, const char *point);
void run_stop(struct run *run);		/* something is so wrong that going on makes no sense: the sentence is in the result */

/* process_space.c */
int proc_start(struct run *run, struct proc *s);	/* 0, or -1: in the result */
void proc_turn(struct proc *s);
void proc_doom(struct proc *s);
void proc_give_up(struct proc *s, bool stale);	/* return the tokens that are held for it; stale: their bonds have ended */
void proc_end(struct proc *s);	/* whatever state it is in: no child, no memory of it remains */
bool proc_usable(const struct proc *s);
uint64_t proc_chunk(const struct proc *s, unsigned chunk);	/* its address */
bool proc_private(const struct proc *s, unsigned chunk);
/* The owner of the memory itself: 0, or -1: other bytes (CHECK), or the owner is not able to any more */
int proc_fill(struct proc *s, uint64_t addr, size_t len, uint64_t seed);
int proc_check(struct proc *s, uint64_t addr, size_t len, uint64_t seed);
void proc_recycle(struct proc *s, unsigned chunk);	/* its pages go, and come anew when they are asked for */

/* process_device.c */
int devices_new(struct run *run);	/* 0, or -1: in the result */
void devices_del(struct run *run);
void device_turn(struct device *d);
unsigned proc_bonds(const struct proc *s, enum bond_state state);	/* state NONE: all that are not */
unsigned proc_outstanding(const struct proc *s);	/* page requests without an answer, of devices bound to it */

/* process_notify.c */
int notifiers_start(struct run *run);
bool notifiers_stop(struct run *run);	/* true once all have stopped; the loop must go on until then */

#endif
