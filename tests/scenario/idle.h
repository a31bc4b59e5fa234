/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An IOMMU that does nothing, with one device behind it, beside those of a world: for what a backend may say and the
 * pretend one never does.
 */
#ifndef TESTS_SCENARIO_IDLE_H
#define TESTS_SCENARIO_IDLE_H
#include <iovm/sim.h>

struct idle {
	struct iovm_sim *sim;
	struct iovm_iommu *iommu;
	struct iovm_device *dev;
	unsigned long ticket;
	unsigned entries;		/* that were made to walk */
	int entry_result;		/* what the backend says to the next */
};
void idle_open(struct idle *idle, bool coherent);
void idle_close(struct idle *idle);	/* dispatches what drains, and takes everything apart */

#endif
