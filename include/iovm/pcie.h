/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The ATS, PRI and PASID capabilities of a PCIe function on its raw configuration space: what an iovm_device_config wants to know, and a set_cap for it.
 * For hosts that have no PCI layer that does it; a host that has one uses its own. (PCIe 7.8.8 PASID, 7.8.9 ATS: 10.5.1; PRI: 10.5.2)
 */
#ifndef IOVM_PCIE_H
#define IOVM_PCIE_H
#include <iovm/iovm.h>
#ifdef __cplusplus
extern "C" {
#endif

struct iovm_pcie {		/* one function; filled by the host up to write16, the rest by iovm_pcie_probe() */
	void *ctx;
	uint32_t (*read32)(void *ctx, uint32_t offset);		/* configuration space, offset 0..0xffc, aligned */
	void (*write32)(void *ctx, uint32_t offset, uint32_t value);
	void (*write16)(void *ctx, uint32_t offset, uint16_t value);	/* a control register next to a status register with write-1-to-clear bits */
	uint16_t ats, pri, pasid;	/* offsets of the capabilities; 0: none */
	uint8_t pasid_bits;		/* width of its PASIDs; 0: none */
	bool exec, priv;		/* PASID capability: it can ask for these; enabled with PASID when .exec/.priv stand */
	bool page_aligned;		/* ATS: its untranslated addresses are page aligned */
	bool response_pasid;		/* PRI: "PRG Response PASID Required" */
	uint8_t invalidate_depth;	/* ATS invalidations that it takes at once, 1..32 */
	uint32_t capacity;		/* PRI: outstanding page requests it can have */
	bool resetting;			/* PRI: Reset was written, Stopped is awaited; set_cap's own */
};
/* Walk the extended capabilities (bounded: a broken list ends the walk). Returns how many of the three were found; any context. */
int iovm_pcie_probe(struct iovm_pcie *pcie);
/*
 * pasid_bits, max_outstanding (at most credits), flags (RESPONSE_PASID, EXEC, PRIV), set_cap and dev of *config. Trust is the host's to give.
 * A VF (config->pf is given) shares its PF's PRI and PASID: describe the PF into *config first, then the VF, which sets set_cap and dev only.
 */
void iovm_pcie_describe(struct iovm_pcie *pcie, uint16_t credits, struct iovm_device_config *config);
/*
 * For iovm_device_config.set_cap; dev is the struct iovm_pcie. PRI on: with Enable clear, Reset, then BUSY until Stopped, then the allocation and Enable.
 * UNSUPPORTED: the function has no such capability. INVAL: more credits than its capacity, an STU beyond 31; PASID or the STU would change while ATS is on.
 */
int iovm_pcie_set_cap(void *dev, enum iovm_cap cap, uint32_t value);

#ifdef __cplusplus
}
#endif
#endif
