/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An IOMMU in memory that does what a test says: rings of requests, a command queue whose fences complete at once or when told, errors in each function, the
 * n-th call. Behind the queue stands the smallest thing that can be caught with a stale translation: what it cached of entries, a TLB by ASID, an ATC by
 * (function, PASID). Between any two commands every device asks for everything again, and commands that no fence keeps apart are carried out
 * backwards: an engine that lets a phase go or changes their order leaves something behind, and machine_reaches() sees it.
 */
#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H
#include "port.h"

enum { MACHINE_RING = 4096, MACHINE_ENTRIES = 256, MACHINE_FUNCTIONS = 64, MACHINE_ASIDS = 1024, MACHINE_ROOTS = 64 };
enum machine_fn { MACHINE_POLL, MACHINE_SUBMIT, MACHINE_REACHED, MACHINE_RECOVER, MACHINE_ATTACH, MACHINE_ENTRY, MACHINE_FNS };

struct machine_command {
	struct iovm_cmd cmd;
	atomic_int result;		/* of a fence: 0 not yet, 1, or its error */
	bool refused;			/* illegal: not carried out, and the fence behind it fails */
};
struct machine_function {		/* what the stream entry says, and what the IOMMU knows of it */
	const struct iovm_function *fn;
	bool prepared, fenced;		/* stepwise: the first step was made, and fenced */
	struct { bool valid, aborted, ats; } entry, cached;
	bool deaf;			/* does not answer ATC invalidations */
	bool refuses;			/* they fail: the fence behind them reports it */
};
struct machine_entry {
	struct machine_function *of;
	uint32_t pasid;
	bool prepared, fenced;
	struct { bool valid; enum iovm_to to; uint32_t asid; uint64_t root; } entry, cached;
	struct { bool valid; uint64_t root; unsigned version; } atc;
};

struct machine {
	struct iovm_backend be;		/* to be changed before iovm_iommu_add() */
	pthread_mutex_t mutex;
	atomic_uint inside;		/* submit, recover: never entered twice */

	/* requests */
	struct iovm_request ring[2][MACHINE_RING];
	uint64_t prod[2], cons[2];
	uint64_t overflow_at;		/* position that recovery must reach, + 1; 0: none */
	unsigned poll_max;		/* the most that one poll returns; 0: no limit */
	bool dead;

	/* commands: log[i % MACHINE_RING] of i = 0..ncmds-1; ticket of command i is i + 1 */
	struct machine_command log[MACHINE_RING];
	unsigned long ncmds, done;	/* taken; carried out */
	unsigned long segment;		/* the first one behind the last fence carried out */
	unsigned room;			/* commands that the queue holds, taken and not carried out */
	unsigned accepts;		/* commands that it will still take; ~0: no limit */
	bool manual;			/* fences wait for machine_step() */
	bool stopped;			/* an ATC error: stands still until recover() */
	unsigned long failed;		/* the fence that stopped it */
	bool stepwise;			/* an entry that shall walk takes two steps: the first shows nothing, and the second wants it fenced; streams likewise */
	bool quick_errors;		/* an ATC error is reported without stopping */
	unsigned illegal[IOVM_CMD_FENCE + 1];	/* by op: so many commands will be refused */
	unsigned submits;
	void (*on_command)(void *arg, const struct iovm_cmd *cmd);	/* as it is taken */
	void *command_arg;
	void (*on_newest)(void *arg);	/* somebody asks where the queues are: a bind does just before its bond can be seen */
	void *newest_arg;

	/* the n-th call of a function fails, alone; 0: none */
	struct { unsigned calls, nth; int err; } fault[MACHINE_FNS];

	bool greedy;			/* devices ask for everything between commands; on by default */
	struct machine_function functions[MACHINE_FUNCTIONS];
	unsigned nfunctions, attached;
	struct machine_entry entries[MACHINE_ENTRIES];
	unsigned nentries;
	struct { bool valid; uint64_t root; unsigned version; } tlb[MACHINE_ASIDS];
	unsigned *versions;		/* of the tables, by root: shared by all machines of a test */
};

void machine_init(struct machine *m, unsigned *versions);
void machine_fini(struct machine *m);

/* One request enters queue 0 (queue 1 with IOVM_REQ_STALL). Returns its position. */
uint64_t machine_request(struct machine *m, uint32_t stream, uint32_t pasid, unsigned index, uint64_t addr, unsigned flags);
void machine_overflow(struct machine *m);	/* the queue overflowed behind what is in it now */

/* Carry out the commands up to and with the next fence, or all; false: there are none, or the queue cannot go on */
bool machine_step(struct machine *m);
unsigned long machine_done(struct machine *m);	/* m->done, for threads */
const struct iovm_cmd *machine_command(const struct machine *m, unsigned long i);
unsigned long machine_count(const struct machine *m, unsigned long from, enum iovm_op op);	/* of one kind among log[from..] */
/* The only answer in log[from..] to (stream, index), or NULL; fails when there are two */
const struct iovm_cmd *machine_answer(const struct machine *m, unsigned long from, uint32_t stream, unsigned index);
struct machine_function *machine_function(struct machine *m, const struct iovm_function *fn);

void machine_forget_atc(struct machine *m, const struct iovm_function *fn);	/* a reset does */
/* Whether fn could use something of pasid now, from a cache or by a walk: the root; 0: no. *version: of what it would use */
uint64_t machine_reaches(struct machine *m, const struct iovm_function *fn, uint32_t pasid, unsigned *version);
bool machine_reaches_root(struct machine *m, const struct iovm_function *fn, uint64_t root);	/* by any PASID */

#endif
