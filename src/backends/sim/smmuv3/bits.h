/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The model's own table of positions, taken from IHI 0070 and from nobody's driver: a mistake in one of the two then shows where they meet. Records are read
 * as 64-bit words; a field is named by word, lowest bit and width.
 */
#ifndef SIM_SMMUV3_BITS_H
#define SIM_SMMUV3_BITS_H
#include "base/env.h"

#define FIELD(word, low, bits)	((uint32_t)((word) >> (low)) & (uint32_t)((1ull << (bits)) - 1))
#define BIT64(n)		(1ull << (n))
#define ONES(low, high)		((~0ull >> (63 - (high))) & (~0ull << (low)))	/* both included */

/* Register offsets (6.2) */
enum {
	O_IDR0 = 0x00, O_IIDR = 0x18, O_AIDR = 0x1c, O_CR0 = 0x20, O_CR0ACK = 0x24, O_CR1 = 0x28, O_CR2 = 0x2c, O_GBPA = 0x44, O_IRQ_CTRL = 0x50,
	O_IRQ_CTRLACK = 0x54, O_GERROR = 0x60, O_GERRORN = 0x64, O_GERROR_IRQ = 0x68, O_STRTAB_BASE = 0x80, O_STRTAB_BASE_CFG = 0x88, O_CMDQ_BASE = 0x90,
	O_CMDQ_PROD = 0x98, O_CMDQ_CONS = 0x9c, O_EVENTQ_BASE = 0xa0, O_EVENTQ_IRQ = 0xb0, O_PRIQ_BASE = 0xc0, O_PRIQ_IRQ = 0xd0,
	O_EVENTQ_PROD = 0x100a8, O_EVENTQ_CONS = 0x100ac, O_PRIQ_PROD = 0x100c8, O_PRIQ_CONS = 0x100cc,
};

/* IDR0 (6.3.1), as masks or low bits */
enum {
	IDR0_S2P = 1 << 0, IDR0_S1P = 1 << 1, IDR0_TTF64 = 1 << 3, IDR0_COHACC = 1 << 4, IDR0_HTTU = 6, IDR0_HYP = 1 << 9, IDR0_ATS = 1 << 10, IDR0_NS1ATS = 1 << 11,
	IDR0_ASID16 = 1 << 12, IDR0_MSI = 1 << 13, IDR0_SEV = 1 << 14, IDR0_PRI = 1 << 16, IDR0_VMW = 1 << 17, IDR0_VMID16 = 1 << 18, IDR0_CD2L = 1 << 19,
	IDR0_TTENDIAN = 21, IDR0_ATSRECERR = 1 << 23, IDR0_STALL_MODEL = 24, IDR0_TERM_MODEL = 1 << 26, IDR0_ST_LEVEL = 27,
	IDR3_PPS = 1 << 5, IDR3_XNX = 1 << 4, IDR3_HAD = 1 << 2, IDR3_FWB = 1 << 8, IDR3_STT = 1 << 9, IDR3_RIL = 1 << 10,
};

/* CR0 (6.3.9), CR2 (6.3.12), GBPA (6.3.15), IRQ_CTRL (6.3.17), GERROR (6.3.19) */
enum {
	CR0_SMMUEN = 1, CR0_PRIQEN = 2, CR0_EVENTQEN = 4, CR0_CMDQEN = 8, CR0_ATSCHK = 16, CR0_VMW = 7 << 6,
	CR2_E2H = 1, CR2_RECINVSID = 2, CR2_PTM = 4, CR2_REC_CFG_ATS = 8,
	GBPA_ABORT = 1 << 20,
	IRQ_GERROR = 1, IRQ_PRIQ = 2, IRQ_EVENTQ = 4,
	GERROR_CMDQ = 1 << 0, GERROR_EVENTQ_ABT = 1 << 2, GERROR_PRIQ_ABT = 1 << 3, GERROR_MSI_CMDQ = 1 << 4, GERROR_MSI_EVENTQ = 1 << 5, GERROR_MSI_PRIQ = 1 << 6,
	GERROR_MSI_GERROR = 1 << 7, GERROR_SFM = 1 << 8, GERROR_ALL = 0x1fd,
};
#define GBPA_UPDATE	(1u << 31)
#define OVFLG		(1u << 31)	/* EVENTQ_PROD, PRIQ_PROD; OVACKFLG in CONS */
#define INDEX		0xfffffu	/* WR, RD: index and wrap */
#define ADDRESS		ONES(0, 55)	/* no address has more bits (3.4) */

enum { CERROR_ILL = 1, CERROR_ABT = 2, CERROR_ATC_INV_SYNC = 3 };	/* CMDQ_CONS.ERR (7.1) */

enum {				/* events (7.3) */
	F_UUT = 0x01, C_BAD_STREAMID = 0x02, F_STE_FETCH = 0x03, C_BAD_STE = 0x04, F_BAD_ATS_TREQ = 0x05, F_STREAM_DISABLED = 0x06, F_TRANSL_FORBIDDEN = 0x07,
	C_BAD_SUBSTREAMID = 0x08, F_CD_FETCH = 0x09, C_BAD_CD = 0x0a, F_WALK_EABT = 0x0b, F_TRANSLATION = 0x10, F_ADDR_SIZE = 0x11, F_ACCESS = 0x12, F_PERMISSION = 0x13,
};

enum {				/* commands (4.1.1) */
	CMD_PREFETCH_CONFIG = 0x01, CMD_PREFETCH_ADDR = 0x02, CMD_CFGI_STE = 0x03, CMD_CFGI_STE_RANGE = 0x04, CMD_CFGI_CD = 0x05, CMD_CFGI_CD_ALL = 0x06,
	CMD_TLBI_NH_ALL = 0x10, CMD_TLBI_NH_ASID = 0x11, CMD_TLBI_NH_VA = 0x12, CMD_TLBI_NH_VAA = 0x13, CMD_TLBI_EL2_ALL = 0x20, CMD_TLBI_EL2_ASID = 0x21,
	CMD_TLBI_EL2_VA = 0x22, CMD_TLBI_EL2_VAA = 0x23, CMD_TLBI_S12_VMALL = 0x28, CMD_TLBI_S2_IPA = 0x2a, CMD_TLBI_NSNH_ALL = 0x30, CMD_ATC_INV = 0x40,
	CMD_PRI_RESP = 0x41, CMD_RESUME = 0x44, CMD_STALL_TERM = 0x45, CMD_SYNC = 0x46,
};

static inline bool cmd_by_address(unsigned op)	/* a TLBI of a range (4.4.1) */
{
	return op == CMD_TLBI_NH_VA || op == CMD_TLBI_NH_VAA || op == CMD_TLBI_EL2_VA || op == CMD_TLBI_EL2_VAA || op == CMD_TLBI_S2_IPA;
}

#endif
