/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What this process holds: for the leak check around a run. */
#ifndef TOOLS_SOAK_HEAP_H
#define TOOLS_SOAK_HEAP_H
#include <stdint.h>
#include "soak.h"

struct soak_holdings { uint64_t bytes, fds, children; };
struct soak_holdings soak_holdings(void);
void soak_warm_up(unsigned threads);	/* what libc acquires once for so many threads and keeps is no leak of ours: before the first look */
void soak_leaks(struct soak_result *r, const struct soak_holdings *before);	/* what is held now beyond before, into r->leaks */

#endif
