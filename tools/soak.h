/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the parts of `iovm soak` say to each other. main.c reads the command line into soak_options, a runner (the pretend machine's or the one on
 * real processes) turns options into a soak_result, and report_*.c shows the result. A runner never prints to stdout and never exits: what is wrong
 * goes into the result as a sentence, and the exit code follows from it.
 */
#ifndef TOOLS_SOAK_H
#define TOOLS_SOAK_H
#include <signal.h>
#include <stdarg.h>
#include <iovm/check.h>
#include <iovm/iovm.h>

#define SOAK_SEED_MAX	((UINT64_C(1) << 53) - 1)	/* what every JSON reader keeps exactly */
#define SOAK_FAULT_MAX	61
#define SOAK_FAILURES	32

enum soak_exit { SOAK_GOOD = 0, SOAK_BROKEN = 1, SOAK_USAGE = 2, SOAK_ENVIRONMENT = 3 };	/* and 128 + n on signal n */
enum soak_mm { SOAK_MM_BOTH, SOAK_MM_SIM, SOAK_MM_PROCESS };	/* BOTH: neither was asked for: the two-part run */
enum soak_backend { SOAK_BACKEND_SIM, SOAK_BACKEND_SMMUV3 };
enum soak_kinds { SOAK_KINDS_DRAWN, SOAK_KINDS_PRI, SOAK_KINDS_STALL, SOAK_KINDS_MIXED };
enum soak_populate { SOAK_POPULATE_AUTO, SOAK_POPULATE_VECTOR, SOAK_POPULATE_SINGLE };
enum soak_plant { SOAK_PLANT_NONE, SOAK_PLANT_LEAK, SOAK_PLANT_CRASH };

struct soak_options {		/* 0 or NULL: not given, to be drawn from the seed (except seed itself: always set) */
	enum soak_backend backend;
	enum soak_mm mm;
	uint64_t seed;		/* 0..SOAK_SEED_MAX */
	uint64_t steps, requests, duration_ns, kills;	/* what ends the run; the first that is reached */
	unsigned devices, mms, iommus, pasid_bits, cmdq_log2, evtq_log2, priq_log2, threads;
	enum soak_kinds kinds;
	enum soak_populate populate;
	enum soak_plant plant;
	uint64_t inject;	/* bit n: Fn may happen */
	const char *inject_list;	/* as it was given, for the replay command */
	const char *trace;	/* file to write */
	const char *report;	/* page to write */
	struct report_collect *collect[2];	/* for it: what listens to the pretend machine, and to real processes; NULL: nobody */
	bool no_hash, json;
};

struct soak_config {		/* what was in force: given or drawn. 0: has no meaning in this run and is not reported */
	unsigned devices, mms, iommus, pasid_bits, asid_bits, cmdq_log2, evtq_log2, priq_log2, threads;
	enum soak_kinds kinds;
	const char *populate;	/* what was used in the end: "vector", "single", ... */
	bool smmuv3, linear, ranges;	/* SMMUv3s; with a stream table of one level; that invalidate by range */
	unsigned sync;		/* enum iovm_smmuv3_sync */
};

struct soak_result {		/* names are those of the JSON object, in its order */
	const char *backend, *mm;	/* "sim" or "smmuv3"; "sim" or "process" */
	uint64_t seed;
	struct soak_config config;
	uint64_t steps, virtual_ns, requests_emitted, requests, requests_dropped, requests_served, partials_discarded, stop_markers, lasts, groups, overflows;
	struct { uint64_t success, invalid, failure, suppressed; } responses;
	uint64_t auto_responses;
	struct { uint64_t reads, writes, bytes, stale, stale_rogue; } dma;
	uint64_t binds, unbinds, mm_exits, shutdown_callbacks, invalidations;
	struct { uint64_t allocated, freed, live, quarantined, leaked; } pasids;
	uint64_t inject, injected[64];	/* inject: which faults are reported */
	uint64_t held;			/* bit n: invariant In is reported, and must have been checked at least once */
	struct iovm_check_count by_id[IOVM_CHECK_MAX];
	bool has_memory, has_loop, has_processes, has_obligations;	/* objects in use; leaks always is */
	struct { uint64_t live_bytes_10pct, live_bytes_end, peak_bytes; } memory;
	struct { uint64_t bytes, fds, children, pasids; } leaks;
	struct { uint64_t dispatches, wakeups, sleeps, spins, invalidations_posted; } loop;
	struct { uint64_t started, segfaulted, died_with_request, bonds_at_death, callbacks_for_dead, pages_present, pages_verified; } processes;
	struct { uint64_t checked, broken; } obligations;
	char trace_sha256[65];		/* "": none */
	/* not in the JSON object */
	uint64_t wall_ns;
	char *failures[SOAK_FAILURES];	/* why this run is not good, one sentence each; those beyond the room are counted */
	unsigned nfailures;
	bool environment;		/* the first failure is that of the environment: exit 3 */
	bool partial;			/* ended early, by a signal, a failure or a broken environment: floors are not judged */
	bool second_failed;		/* two parts, and it is the one on process memory that is not good: that is what to run again */
	bool unsettled;			/* stopped where it failed, nothing torn down: identities and leaks are not judged */
};

extern volatile sig_atomic_t soak_signal;	/* the signal that asks us to stop and report; 0: go on */

void soak_fail(struct soak_result *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int soak_exit_code(const struct soak_result *r);
/* The same for every report */
const char *soak_verdict(const struct soak_result *r);
const char *soak_failure(const struct soak_result *r, unsigned i);	/* its sentence; i < SOAK_FAILURES */
bool soak_reports(const struct soak_result *r, unsigned invariant);	/* whether it has a line: it should have been checked, or was */

/* Runners: fill *r (zeroed by the caller); return soak_exit_code(r). They own no output but progress. */
int soak_sim_run(const struct soak_options *o, struct soak_result *r);
/*
 * On real process memory, under the event loop, ended by kills, requests or duration_ns. Fills backend, mm, seed, config, all counters that the engine and
 * the machine have (see soak_take_stats), loop, processes, leaks.
 */
int soak_process_run(const struct soak_options *o, struct soak_result *r);

struct iovm_sim;
/* Counters of engine, machine and checker into r. Call it after iovm_sim_settle(), before iovm_sim_del(). */
void soak_take_stats(struct soak_result *r, const struct iovm_sim *sim);
/* Identities between the counters, violations, stale DMA, vacuous invariants, leaks: each that does not hold becomes a failure. Called by main for every runner. */
void soak_judge(struct soak_result *r);
void soak_free(struct soak_result *r);		/* the sentences */

/* Progress on stderr: one redrawn line on a terminal, a line every few seconds elsewhere. Cheap enough for every 1000 steps. done: 0..1000, or -1 if unknown */
void soak_progress(int done, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void soak_progress_end(void);
uint64_t soak_clock(void);		/* monotonic, ns */

/* report_json.c, report_text.c: the whole object, or the page for people, to stdout; whether that took it main() sees */
void soak_report_json(const struct soak_options *o, const struct soak_result *r);
void soak_report_text(const struct soak_options *o, const struct soak_result *r);
void soak_replay_command(char *buf, size_t len, const struct soak_options *o, const struct soak_result *r);

#endif
