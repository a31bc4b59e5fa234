/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The world of original.c: one device, one space of 64 KiB, on the pretend machine. */
#ifndef TESTS_ORIGINAL_H
#define TESTS_ORIGINAL_H
#include <stdbool.h>

struct iovm_device;
struct world;
struct world *world_new(void);
struct iovm_device *world_device(struct world *w);
void *world_space(struct world *w);
bool world_dma(struct world *w, int pasid);	/* the device writes to a page that was never touched; true: it landed */
void world_kill(struct world *w);		/* the space dies; everything that follows from it happens */
int world_del(struct world *w);			/* broken rules */

#endif
