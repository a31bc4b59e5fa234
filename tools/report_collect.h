/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the HTML report needs of a run's trace, gathered while it runs: how long requests stayed in each stage, how many waited when, and how each
 * device was served. All memory is taken before the run, so that the run's own account of memory does not see it.
 */
#ifndef TOOLS_REPORT_COLLECT_H
#define TOOLS_REPORT_COLLECT_H
#include <iovm/trace.h>

/*
 * QUEUED: from the queue's acceptance of a request to the engine taking it. HOST: from the first page of a group handed to the handler to the engine's answer.
 * ANSWERED: from that answer to its arrival at the device. WAITED, for each device: from the acceptance of a Last to its answer.
 */
enum report_stage { REPORT_QUEUED, REPORT_HOST, REPORT_ANSWERED, REPORT_STAGES };
#define REPORT_BUCKETS 64u		/* bucket 0: no time at all; n: below 2^n ns, and in no bucket before */
struct report_times { uint64_t n, max, bucket[REPORT_BUCKETS]; };
uint64_t report_within(const struct report_times *t, unsigned percent);	/* so many percent took no longer than this (a bucket's end, or the longest) */

#define REPORT_BINS 240u		/* of the run's time, all of one width, which doubles when the run outgrows them */
struct report_bin { uint64_t sum, deaths, overflows; unsigned peak; };	/* sum: groups that waited, times ns */

#define REPORT_DEVICES 1024u
struct report_device {
	uint32_t stream_id;		/* its first one */
	uint8_t iommu;
	uint64_t requests, dropped, success, invalid, suppressed;
	struct report_times waited;
};

struct report_collect {
	uint64_t records, now;		/* now: time of the last record that is of the run */
	struct report_times stage[REPORT_STAGES];
	struct report_bin bin[REPORT_BINS];
	uint64_t bin_ns;
	unsigned waiting;		/* groups whose Last was accepted and that are not closed */
	unsigned peak;
	uint64_t deaths, overflows;
	struct report_device *device;	/* [0]: requests of streams that no device has */
	unsigned ndevices, last_added;	/* last_added: serial of the device whose StreamIDs are being told */
	struct report_marks *marks;
};

struct report_collect *report_collect_new(void);	/* NULL: no memory */
void report_collect_del(struct report_collect *c);
void report_collect_put(struct report_collect *c, const struct iovm_trace *rec);

/* report_marks.c: numbers under keys, in a table of one size; what finds no room any more is dropped */
enum report_mark { MARK_QUEUED = 1, MARK_LAST, MARK_HOST, MARK_ANSWER, MARK_STREAM };
struct report_key { uint64_t a, b; };	/* a is never 0 */
struct report_marks *report_marks_new(void);
void report_marks_del(struct report_marks *m);
void report_mark(struct report_marks *m, struct report_key key, uint64_t value);	/* over what was there */
bool report_marked(const struct report_marks *m, struct report_key key, uint64_t *value);
unsigned report_marks_left(const struct report_marks *m);
bool report_unmark(struct report_marks *m, struct report_key key, uint64_t *value);

#endif
