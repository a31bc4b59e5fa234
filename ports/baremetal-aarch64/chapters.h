/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What is tried in one life of the system: from iovm_new() to iovm_del(), with the SMMU set up in one of its ways. */
#ifndef CHAPTERS_H
#define CHAPTERS_H
#include "log.h"
#include "traffic.h"

struct life {
	const char *name;
	uint8_t linear, sync, cmdq_log2, evtq_log2, sid_bits;
	unsigned operations;		/* random ones */
};
extern struct glue glue;

void chapter_probe(void);		/* before the first life */
void chapter_off(void);
bool life_begin(const struct life *life);
void chapter_refusals(void);
void chapter_faults(void);
void chapter_ranges(void);
void chapter_death(void);
void chapter_devices(void);
void chapter_flood(void);
void chapter_illegal(void);
void chapter_power(void);
void random_operations(unsigned n);
void life_end(const struct life *life);

/* Also used by the random operations */
struct transfer illegal_write(struct engine *e, unsigned length);	/* to where no space has a page */
void engine_blocked(struct engine *e);		/* a DMA of a device that reaches nothing: no trace of it in memory or events */
void space_replace(struct space *s, struct space *refuge);	/* its death with engines at it, and another at the same pointer */

#endif
