/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A set of ids, PASIDs or ASIDs, claimed and released by any number of callers without a lock. It knows which ids are
 * taken, not by whom or why: the state of an id's owner is the slot's. bitmap.c has the ordering argument.
 */
#ifndef IOVM_PASID_BITMAP_H
#define IOVM_PASID_BITMAP_H
#include "base/env.h"

#define IOVM__BITMAP_BITS 20u	/* most bits of an id: PCIe 10.4.1.1 */

struct iovm__bitmap;

size_t iovm__bitmap_size(unsigned bits);	/* bytes of memory for 2^bits ids, bits 1..20 */
/* On zeroed memory of that size, aligned to a line; ids 1..2^bits-1 are free, 0 is never handed out. The caller publishes it. */
void iovm__bitmap_init(struct iovm__bitmap *map, unsigned bits);
/*
 * An id of [min, max]: the first free one from where the last claim with a max of this width ended, so that an id
 * comes back as late as possible. NO_PASID: no id of the range was free throughout the call (its release happened
 * before the call, nobody claimed it until the call returned). INVAL: the range has no id of this space. What the
 * releaser did before release is visible to the new owner.
 */
long iovm__bitmap_claim(struct iovm__bitmap *map, uint32_t min, uint32_t max);
void iovm__bitmap_release(struct iovm__bitmap *map, uint32_t id);	/* of a claimed id, by its owner: else an assertion */
bool iovm__bitmap_taken(const struct iovm__bitmap *map, uint32_t id);	/* claimed now; 0 and ids beyond the space are */
uint32_t iovm__bitmap_count(const struct iovm__bitmap *map);	/* ids claimed: exact when nobody claims or releases; reads every word */
bool iovm__bitmap_check(const struct iovm__bitmap *map);	/* when quiet: the summaries speak of every word that has free ids */

#endif
