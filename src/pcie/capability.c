/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * ATS, PRI and PASID of one function, on its raw configuration space.
 *
 * The order of the three is the engine's (PASID, ATS, PRI and back); what would be undefined is refused here all the same: PASID Control must not change
 * while ATS is enabled (PCIe 7.8.8), nor the STU (10.5.1.3). Within PRI the order is ours: Enable off, Reset, Stopped, allocation, Enable (10.5.2).
 *
 * Control registers are written as 16 bits: the other half of their word is a capability (read only) or PRI's status, where a 1 that is written back clears
 * an error. Bits that this file does not know keep what they have.
 *
 * One caller at a time for a function, as the engine does; nothing here waits.
 */
#include <iovm/pcie.h>
#include "base/env.h"

enum { EXT_FIRST = 0x100, EXT_END = 0x1000, EXT_MOST = (EXT_END - EXT_FIRST) / 8 };	/* no two capabilities are closer than 8 bytes */
enum { ID_ATS = 0x0f, ID_PRI = 0x13, ID_PASID = 0x1b };

enum { ATS_CAP = 4, ATS_CONTROL = 6, ATS_BYTES = 8 };			/* 10.5.1 */
enum { ATS_DEPTH = 0x1f, ATS_PAGE_ALIGNED = 1 << 5, ATS_STU = 0x1f, ATS_ENABLE = 1 << 15 };

enum { PRI_CONTROL = 4, PRI_STATUS = 6, PRI_CAPACITY = 8, PRI_ALLOCATION = 12, PRI_BYTES = 16 };	/* 10.5.2 */
enum { PRI_ENABLE = 1, PRI_RESET = 2 };
enum { PRI_FAILURE = 1, PRI_UNEXPECTED = 2, PRI_STOPPED = 1 << 8, PRI_RESPONSE_PASID = 1 << 15 };

enum { PASID_CAP = 4, PASID_CONTROL = 6, PASID_BYTES = 8 };		/* 7.8.8 */
enum { PASID_ENABLE = 1, PASID_EXEC = 2, PASID_PRIV = 4 };		/* EXEC and PRIV: the same bits in both registers */

static uint32_t read32(const struct iovm_pcie *p, uint32_t offset)
{
	return p->read32(p->ctx, offset);
}

static uint16_t read16(const struct iovm_pcie *p, uint32_t offset)
{
	return (uint16_t)(read32(p, offset & ~3u) >> (offset & 2) * 8);
}

static void write16(const struct iovm_pcie *p, uint32_t offset, unsigned value)
{
	p->write16(p->ctx, offset, (uint16_t)value);
}

/* Remember a capability: the first of its kind, if it lies within configuration space */
static void note(struct iovm_pcie *p, unsigned id, uint32_t at)
{
	uint16_t *where = id == ID_ATS ? &p->ats : id == ID_PRI ? &p->pri : id == ID_PASID ? &p->pasid : NULL;

	if (where && !*where && at + (id == ID_PRI ? PRI_BYTES : ATS_BYTES) <= EXT_END)
		*where = (uint16_t)at;
}

/* 7.6.3: id 15:0, version 19:16, next 31:20, whose low two bits are reserved. A header of all zeroes or all ones is none */
static void walk(struct iovm_pcie *p)
{
	uint32_t at = EXT_FIRST, header;
	unsigned i;

	for (i = 0; i < EXT_MOST && at >= EXT_FIRST; i++) {
		header = read32(p, at);
		if (!header || header == UINT32_MAX)
			return;
		note(p, header & 0xffff, at);
		at = header >> 20 & ~3u;
	}
}

static void read_pasid(struct iovm_pcie *p)
{
	unsigned cap = read16(p, p->pasid + PASID_CAP), bits = cap >> 8 & 0x1f;

	p->pasid_bits = (uint8_t)(bits < IOVM_PASID_BITS ? bits : IOVM_PASID_BITS);
	p->exec = cap & PASID_EXEC;
	p->priv = cap & PASID_PRIV;
}

static void read_ats(struct iovm_pcie *p)
{
	unsigned cap = read16(p, p->ats + ATS_CAP);

	p->page_aligned = cap & ATS_PAGE_ALIGNED;
	p->invalidate_depth = (uint8_t)(cap & ATS_DEPTH ? cap & ATS_DEPTH : ATS_DEPTH + 1);
}

int iovm_pcie_probe(struct iovm_pcie *p)
{
	if (!p || !p->read32)
		return IOVM_E_INVAL;
	p->ats = p->pri = p->pasid = 0;
	p->pasid_bits = p->invalidate_depth = 0;
	p->exec = p->priv = p->page_aligned = p->response_pasid = p->resetting = false;
	p->capacity = 0;
	walk(p);
	if (p->pasid)
		read_pasid(p);
	if (p->ats)
		read_ats(p);
	if (p->pri) {
		p->capacity = read32(p, p->pri + PRI_CAPACITY);
		p->response_pasid = read16(p, p->pri + PRI_STATUS) & PRI_RESPONSE_PASID;
	}
	return !!p->ats + !!p->pri + !!p->pasid;
}

void iovm_pcie_describe(struct iovm_pcie *p, uint16_t credits, struct iovm_device_config *config)
{
	config->set_cap = iovm_pcie_set_cap;
	config->dev = p;
	if (config->pf)
		return;
	config->pasid_bits = p->pasid_bits;
	config->max_outstanding = (uint16_t)(credits < p->capacity ? credits : p->capacity);
	config->flags &= ~(IOVM_DEV_RESPONSE_PASID | IOVM_DEV_EXEC | IOVM_DEV_PRIV);
	config->flags |= (p->response_pasid ? IOVM_DEV_RESPONSE_PASID : 0) | (p->exec ? IOVM_DEV_EXEC : 0) | (p->priv ? IOVM_DEV_PRIV : 0);
}

/* ---- one capability, on or off --------------------------------------------------------------------------------------------- */

static bool ats_is_on(const struct iovm_pcie *p)
{
	return p->ats && read16(p, p->ats + ATS_CONTROL) & ATS_ENABLE;
}

static int set_pasid(struct iovm_pcie *p, uint32_t on)
{
	const unsigned ours = PASID_ENABLE | PASID_EXEC | PASID_PRIV;
	unsigned now = read16(p, p->pasid + PASID_CONTROL), want = now & ~ours;

	if (on > 1)
		return IOVM_E_INVAL;
	if (on)
		want |= PASID_ENABLE | (p->exec ? PASID_EXEC : 0) | (p->priv ? PASID_PRIV : 0);
	if (want == now)
		return 0;
	if (ats_is_on(p))
		return IOVM_E_INVAL;
	write16(p, p->pasid + PASID_CONTROL, want);
	return 0;
}

static int set_ats(struct iovm_pcie *p, uint32_t value)
{
	unsigned now = read16(p, p->ats + ATS_CONTROL), want = now & ~(unsigned)ATS_ENABLE;

	if (value > ATS_STU + 1)
		return IOVM_E_INVAL;
	if (value)
		want = (want & ~(unsigned)ATS_STU) | (value - 1) | ATS_ENABLE;
	if (value && now & ATS_ENABLE && want != now)
		return IOVM_E_INVAL;
	write16(p, p->ats + ATS_CONTROL, want);
	return 0;
}

/*
 * Reset is written once for each time that PRI goes on, and never read back (it clears itself, or not): a second one would begin anew what the first has not
 * ended. It also forgets the errors of the last owner, or UPRGI and RF would be taken for ours.
 */
static void pri_reset(struct iovm_pcie *p)
{
	if (p->resetting)
		return;
	write16(p, p->pri + PRI_CONTROL, 0);
	write16(p, p->pri + PRI_CONTROL, PRI_RESET);
	write16(p, p->pri + PRI_STATUS, PRI_FAILURE | PRI_UNEXPECTED);
	p->resetting = true;
}

static int set_pri(struct iovm_pcie *p, uint32_t credits)
{
	if (credits > p->capacity)
		return IOVM_E_INVAL;
	if (!credits) {
		p->resetting = false;
		write16(p, p->pri + PRI_CONTROL, 0);
		return 0;
	}
	pri_reset(p);
	if (!(read16(p, p->pri + PRI_STATUS) & PRI_STOPPED))
		return IOVM_E_BUSY;
	p->resetting = false;
	p->write32(p->ctx, p->pri + PRI_ALLOCATION, credits);
	write16(p, p->pri + PRI_CONTROL, PRI_ENABLE);
	return 0;
}

int iovm_pcie_set_cap(void *dev, enum iovm_cap cap, uint32_t value)
{
	struct iovm_pcie *p = dev;

	switch (cap) {
	case IOVM_CAP_PASID:
		return p->pasid ? set_pasid(p, value) : IOVM_E_UNSUPPORTED;
	case IOVM_CAP_ATS:
		return p->ats ? set_ats(p, value) : IOVM_E_UNSUPPORTED;
	case IOVM_CAP_PRI:
		return p->pri ? set_pri(p, value) : IOVM_E_UNSUPPORTED;
	}
	return IOVM_E_INVAL;
}
