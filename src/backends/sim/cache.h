/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A bounded cache of translations, four ways a set: the IOMMU's TLB by ASID and each device's ATC by PASID. What it does not find it may
 * have evicted at any time, as hardware may.
 */
#ifndef SIM_CACHE_H
#define SIM_CACHE_H
#include "backends/sim/bus.h"

struct iovm__cache {
	struct iovm__cached *entry;
	unsigned sets, used, victim;
};
bool iovm__cache_init(struct iovm__cache *cache, unsigned sets);	/* a power of two; false: no memory */
void iovm__cache_fini(struct iovm__cache *cache);
struct iovm__cached *iovm__cache_find(struct iovm__cache *cache, uint32_t tag, uint64_t page);
void iovm__cache_put(struct iovm__cache *cache, const struct iovm__cached *entry);
void iovm__cache_drop(struct iovm__cache *cache, uint32_t tag, uint64_t first, uint64_t last);	/* addresses, inclusive */
void iovm__cache_clear(struct iovm__cache *cache);
unsigned iovm__cache_count(const struct iovm__cache *cache, uint32_t tag);

#endif
