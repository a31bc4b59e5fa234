/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What ownloop.c is made of: an epoll instance that holds a bell (eventfd) and the IOMMU's own interrupt. */
#ifndef EXAMPLES_OWNLOOP_H
#define EXAMPLES_OWNLOOP_H
#include <iovm/iovm.h>
#include <stdatomic.h>

struct loop { int ep, bell; struct iovm_iommu *iommu; atomic_bool stop; };
void loop_wake(void *ctx, struct iovm_iommu *iommu);	/* port.wake; ctx is the loop */
int loop_run(struct loop *l);				/* until stop; 0 or -errno, IOVM_E_* of dispatch */
uint64_t loop_now(void);				/* CLOCK_MONOTONIC, ns */

#endif
