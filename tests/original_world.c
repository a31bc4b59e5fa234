/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See original.h. */
#include <iovm/sim.h>
#include <check.h>
#include <stdlib.h>
#include "original.h"

struct world { struct iovm_sim *sim; struct iovm_sim_ep *ep; void *mm; uint64_t next; char buf[64]; };

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof *w);

	ck_assert_ptr_nonnull(w);
	w->sim = iovm_sim_new(1);
	w->ep = iovm_sim_ep_new(w->sim, 16, 16);
	w->mm = iovm_sim_mm_new(w->sim);
	w->next = 0x10000;
	ck_assert_ptr_nonnull(iovm_sim_mm_map(w->mm, 0x10000, 0x1ffff, IOVM_READ | IOVM_WRITE));
	return w;
}

struct iovm_device *world_device(struct world *w) { return iovm_sim_ep_device(w->ep); }
void *world_space(struct world *w) { return w->mm; }

bool world_dma(struct world *w, int pasid)
{
	unsigned done = iovm_sim_dma_done(w->ep);

	ck_assert_int_eq(iovm_sim_dma(w->ep, pasid, w->next, w->buf, sizeof w->buf, true), 0);
	w->next += 0x1000;
	iovm_sim_run(w->sim);
	return iovm_sim_dma_done(w->ep) == done + 1;
}

void world_kill(struct world *w)
{
	ck_assert_int_eq(iovm_sim_mm_kill(w->mm), 0);
	iovm_sim_run(w->sim);
}

int world_del(struct world *w)
{
	int broken = iovm_sim_del(w->sim);

	free(w);
	return broken;
}
