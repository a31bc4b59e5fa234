/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Memory of real processes for a soak: making pages present, counting them, and children that own memory of their own and really die.
 *
 * What is written where. A child's shared region is a memfd that the parent maps too: the parent makes its pages present and devices reach it through the
 * parent's mapping. A child's private region is the child's alone: nothing here writes into it from outside; pages are made present by the child's agent
 * thread, and a device's bytes are carried to the child's main thread, which stores them itself.
 */
#ifndef TOOLS_PROCESS_H
#define TOOLS_PROCESS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "soak.h"

struct event_base;

#define PROCESS_PAGE UINT64_C(4096)
#define PROCESS_RANGES 512u		/* of one page-in; as many as one page request group can have */

/* process_ranges.c: page-aligned, inclusive ranges; after ranges_join() sorted, and neither overlapping nor touching */
struct process_range { uint64_t first, last; };
struct process_ranges {
	uint32_t n;
	struct process_range r[PROCESS_RANGES];
	uint64_t failed[PROCESS_RANGES / 64];	/* bit n: r[n] could not be made present */
};
bool ranges_add(struct process_ranges *rs, uint64_t first, uint64_t last);	/* false: no room */
void ranges_join(struct process_ranges *rs);
uint64_t ranges_pages(const struct process_ranges *rs);		/* without failed ones */
bool ranges_failed(const struct process_ranges *rs, unsigned i);
void ranges_fail(struct process_ranges *rs, unsigned i);
bool ranges_hold(const struct process_ranges *rs, uint64_t first, uint64_t last);	/* all of it, in one that did not fail. rs joined */

/* process_populate.c: make pages of this process present, with what the kernel takes */
enum populate_how { POPULATE_VECTOR, POPULATE_SINGLE, POPULATE_TOUCH };
struct populate { enum populate_how how; int pidfd; };
/* Find out what works, and hold wanted to it. 0, or -1: why is a sentence that names the call and the way out */
int populate_init(struct populate *p, enum soak_populate wanted, char *why, size_t len);
int populate_init_child(struct populate *p, const struct populate *parent);	/* the same for the process that we are now */
void populate_fini(struct populate *p);
const char *populate_name(const struct populate *p);
uint64_t populate_pages(const struct populate *p, struct process_ranges *rs);	/* rs joined; how many pages are present now; the rest is marked failed */

/* process_pagemap.c */
int pagemap_open(pid_t pid);		/* -1, errno */
int64_t pagemap_present(int fd, const struct process_ranges *rs);	/* pages of those that did not fail; -1: the process has no memory any more */

/* process_pattern.c: what DMA writes and who checks it; each byte depends on seed and address */
void pattern_fill(void *buf, uint64_t addr, size_t len, uint64_t seed);
bool pattern_holds(const void *buf, uint64_t addr, size_t len, uint64_t seed);	/* seed 0: all zero */

/* process_child.c: the parent's side. All calls on the event_base's thread */
struct process_region { char *base; size_t len; int memfd; };
int region_new(struct process_region *region, size_t len);	/* a memfd, mapped here; 0 or -1, errno */
void region_del(struct process_region *region);
void region_drop(struct process_region *region, uint64_t first, uint64_t last);	/* the pages go, in every mapping */

enum worker_op { WORKER_READ = 1, WORKER_WRITE, WORKER_FILL, WORKER_CHECK, WORKER_DROP, WORKER_DIE, WORKER_LEAVE };

struct process_child;
struct process_child_events {
	void *ctx;
	void (*ready)(void *ctx, uint64_t private_base);
	void (*paged)(void *ctx, uint32_t id, const struct process_ranges *rs);	/* an answer to child_page_in() */
	void (*died)(void *ctx, const siginfo_t *info);	/* reaped already; last word, once */
};
/* Fork. NULL: *what names the call that failed, errno says why */
struct process_child *child_start(struct event_base *base, const struct process_region *shared, size_t private_len, const struct populate *populate,
				  const struct process_child_events *events, const char **what);
pid_t child_pid(const struct process_child *c);
int child_pagemap(const struct process_child *c);
/* Ask the agent; hold: it takes the request and never answers. 0 or -1: the child is gone */
int child_page_in(struct process_child *c, uint32_t id, const struct process_ranges *rs, bool hold);
/* Let the child's main thread do op and wait for it. 0; -1: it is gone, hangs, or (CHECK) found other bytes. DIE, LEAVE are not waited for */
int child_order(struct process_child *c, enum worker_op op, uint64_t addr, void *buf, size_t len, uint64_t seed);
void child_del(struct process_child *c);	/* SIGKILL and wait, if it still lives */

/* process_worker.c: what runs in the child */
struct worker_setup { int ready, pages, orders; pid_t parent; const struct process_region *shared; size_t private_len; const struct populate *populate; };
_Noreturn void worker_main(const struct worker_setup *setup);
struct worker_order { uint32_t op, len; uint64_t addr, seed; unsigned char data[PROCESS_PAGE]; };	/* cut off behind the data */
struct worker_reply { uint32_t good, len; unsigned char data[PROCESS_PAGE]; };
struct agent_request { uint32_t id, hold; struct process_ranges ranges; };	/* cut off behind the last range; failed is not sent */
struct agent_reply { uint32_t id, unused; uint64_t failed[PROCESS_RANGES / 64]; };

#endif
