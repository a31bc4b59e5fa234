/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A direct IOMMU for trying programs out: no registers, no tables of its own; an access of a device is looked up in
 * what the engine wrote and in the host's own page tables. It holds a small TLB, so that a program that forgets to
 * invalidate is seen. One access at a time; any thread.
 */
#ifndef EXAMPLES_DIRECT_H
#define EXAMPLES_DIRECT_H
#include <iovm/iovm.h>

struct direct;
struct direct_config {
	void *(*page)(uint64_t root, uint64_t addr, uint32_t prot);	/* a walk: where this byte is in memory now; NULL: not present */
	void (*irq)(void *arg);						/* a record was queued; may be NULL */
	void *arg;
};
int direct_add(struct iovm *sys, const struct direct_config *config, struct iovm_iommu **iommu, struct direct **direct);
bool direct_pending(struct direct *d);		/* a queue is not empty */

enum direct_state { DIRECT_LANDED, DIRECT_ASKED, DIRECT_DENIED };
/* A device's access: *mem is where it lands. ASKED: a page request (or stall) is with the engine, try again. DENIED: terminated */
enum direct_state direct_access(struct direct *d, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint32_t prot, void **mem);
/* The same from a thread of its own, which waits for answers; NULL: denied */
void *direct_wait(struct direct *d, uint32_t stream_id, uint32_t pasid, uint64_t addr, uint32_t prot);

#endif
