/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* `iovm soak --report FILE`: the result as one page for a browser, with all it needs inside and no script. */
#ifndef TOOLS_REPORT_HTML_H
#define TOOLS_REPORT_HTML_H
#include <stdio.h>
#include "report_collect.h"
#include "soak.h"

struct report { FILE *file; };

/* Before the run: takes the file and what collects (o->collect). 0 also if no report is wanted; SOAK_ENVIRONMENT: the sentence is on stderr */
int report_open(struct report *rep, struct soak_options *o);
/* After it. 0, or SOAK_ENVIRONMENT: the page could not be written whole, the sentence is on stderr */
int report_close(struct report *rep, const struct soak_options *o, const struct soak_result *r);

/* report_charts.c: one part's figures */
void report_latencies(FILE *out, const struct report_collect *c);
void report_timeline(FILE *out, const struct report_collect *c);
/* report_lists.c */
void report_faults(FILE *out, const struct soak_result *r);
void report_invariants(FILE *out, const struct soak_result *r);
void report_devices(FILE *out, const struct report_collect *c);
/* report_style.c */
extern const char report_style[];

#endif
