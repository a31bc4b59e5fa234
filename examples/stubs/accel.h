/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A copy engine that works on the memory of this process: a thread over the direct IOMMU, which finds by mincore() what
 * is present and asks for what is not. One of it in a program.
 */
#ifndef EXAMPLES_ACCEL_H
#define EXAMPLES_ACCEL_H
#include <iovm/iovm.h>

int accel_add(struct iovm *sys, struct iovm_iommu **iommu, struct iovm_device **dev, int *fd);	/* fd: an eventfd, readable when the IOMMU has work */
typedef void accel_done(void *arg, size_t copied);	/* on the accelerator's thread */
void accel_copy(int pasid, void *to, const void *from, size_t len, accel_done *done, void *arg);
bool accel_page_in(uint64_t first, uint64_t last, bool write);	/* for a fault handler: this memory is there now; false: none is mapped there */
void accel_join(void);					/* after the last copy */

#endif
