/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The seam between a device and any IOMMU. A device asks for translations and pages and reports what it forgot; an IOMMU answers, and tells it what to forget.
 * Neither side knows more of the other than these calls. A device is known by its StreamIDs; one IOMMU sits between it and memory.
 *
 * Every call is made at one instant of virtual time and returns at once: whatever takes time is two calls (invalidate and forgot, ask and answer).
 */
#ifndef SIM_BUS_H
#define SIM_BUS_H
#include <iovm/backend.h>
#include <stdlib.h>
#include "base/map.h"

struct iovm_sim_ep;
struct iovm_sim_mm;

struct iovm__cached {		/* a translation, as TLBs and device TLBs keep it */
	uint64_t page;		/* address >> IOVM_PAGE_SHIFT */
	struct iovm_sim_mm *mm;	/* whose table it came from; mm_id tells whether that space is still the same */
	uint64_t mm_id;
	uint64_t walk;		/* ordinal of the WALK record that fetched it */
	uint32_t tag;		/* ASID in the IOMMU, PASID in a device */
	uint8_t prot;
	bool valid;
};

/*
 * MISS: not present with these rights: ask for the page. STALLED: the IOMMU keeps the access, which is this device's id; iovm__ep_resume() follows. FULL: it has no room
 * for another one now: try again later.
 */
enum iovm__reply { IOVM__GRANTED, IOVM__MISS, IOVM__DENIED, IOVM__STALLED, IOVM__FULL };
struct iovm__access {
	uint32_t stream_id, pasid;
	uint64_t addr;
	uint8_t need;		/* IOVM_READ, IOVM_WRITE */
	bool ats;		/* a translation request; else untranslated traffic */
	bool pcie;		/* of a PCIe function */
	uint16_t id;		/* by which the device knows it if it stalls: one at a time */
	uint8_t fault;		/* the injection that it carries out; 0: honest */
};

struct iovm__bus_ops {		/* an IOMMU, as a device sees it */
	enum iovm__reply (*translate)(void *hw, const struct iovm__access *access, struct iovm__cached *out);
	bool (*translated)(void *hw, uint32_t stream_id);	/* does a Translated request of this stream pass? */
	/* A page request enters. fault: the injection that it carries out, 0 for honest traffic */
	void (*request)(void *hw, const struct iovm_request *req, unsigned fault);
	/* An invalidation of this tag is complete (ok), was refused, or will never be answered (stuck): the IOMMU has to find out */
	void (*forgot)(void *hw, unsigned long tag, bool ok);
	void (*stuck)(void *hw, unsigned long tag, uint32_t stream_id, bool injected);
	void (*gone)(void *hw, struct iovm_sim_ep *ep);	/* it was reset or removed: nothing comes of what it had begun */
};
struct iovm__bus {
	const struct iovm__bus_ops *ops;
	void *hw;
	struct map eps;		/* by StreamID */
};

void iovm__bus_seat(struct iovm__bus *bus, uint32_t stream_id, struct iovm_sim_ep *ep);	/* ep NULL: nobody any more */

/* A device, as an IOMMU sees it */
struct iovm_sim_ep *iovm__bus_find(const struct iovm__bus *bus, uint32_t stream_id);	/* NULL: nobody there */
uint64_t iovm__ep_ordinal(struct iovm_sim_ep *ep);	/* of its next request, from 1; ep may be NULL */
void iovm__ep_answer(struct iovm_sim_ep *ep, uint32_t pasid, uint16_t index, enum iovm_response code);
void iovm__ep_resume(struct iovm_sim_ep *ep, uint16_t id, bool retry);
bool iovm__ep_invalidate(struct iovm_sim_ep *ep, unsigned long tag, uint32_t pasid, uint64_t first, uint64_t last);	/* false: no room, later */
void iovm__ep_forget(struct iovm_sim_ep *ep, unsigned long tag);	/* nobody waits for this invalidation any more */

#endif
