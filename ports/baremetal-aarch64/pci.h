/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * QEMU's edu devices as DMA engines: each copies up to 4,095 bytes between memory and a buffer of its own, 100 ms after it was told to (emulated time),
 * and interrupts when it is done. It says nothing about errors: whether a transfer went well, its IOMMU knows.
 */
#ifndef PCI_H
#define PCI_H
#include "board.h"

enum { EDU_BUFFER = 4096, EDU_MAX = 4095 };	/* offset + length: some versions of QEMU end at the buffer's last byte */

struct edu {
	uint64_t regs;
	uint64_t config;		/* its configuration space */
	uint32_t stream_id;		/* its requester id: bus, device, function */
	bool busy;
};
unsigned edu_scan(struct edu *found, unsigned max);	/* on bus 0; gives them their windows */
void edu_attend(struct edu *e);			/* its interrupt ends edu_wait(e); e stays where it is */
/* Between iova and the buffer at offset; to_memory: out of the buffer */
void edu_start(struct edu *e, uint64_t iova, unsigned offset, unsigned length, bool to_memory);
void edu_wait(struct edu *e);				/* asleep */
void edu_master(struct edu *e, bool on);		/* bus master enable */

#endif
