/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The half of an SMMUv3 that a driver's registers and command queue meet: switches with acknowledges that may be late or never come, registers that may not be written
 * while something is enabled, a consumer of commands that stops at what it is told to dislike. It translates nothing. Its bits are its own, not those of
 * fields.def, so that a wrong one shows; what the driver may not do (IHI 0070 3.5, 6.3, 7.1) fails the test where it is done.
 */
#ifndef TESTS_SMMU_MOCK_H
#define TESTS_SMMU_MOCK_H
#include <iovm/smmuv3.h>
#include "port.h"

enum {				/* offsets */
	IDR0 = 0x00, IDR1 = 0x04, IDR3 = 0x0c, IDR5 = 0x14, IIDR = 0x18, AIDR = 0x1c, CR0 = 0x20, CR0ACK = 0x24, CR1 = 0x28, CR2 = 0x2c, GBPA = 0x44,
	IRQ_CTRL = 0x50, IRQ_CTRLACK = 0x54, GERROR = 0x60, GERRORN = 0x64, GERROR_IRQ_CFG0 = 0x68, STRTAB_BASE = 0x80, STRTAB_BASE_CFG = 0x88,
	CMDQ_BASE = 0x90, CMDQ_PROD = 0x98, CMDQ_CONS = 0x9c, EVENTQ_BASE = 0xa0, EVENTQ_IRQ_CFG0 = 0xb0, PRIQ_BASE = 0xc0, PRIQ_IRQ_CFG0 = 0xd0,
	PRIQ_IRQ_CFG2 = 0xdc, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac, PRIQ_PROD = 0x100c8, PRIQ_CONS = 0x100cc,
};
enum { SMMUEN = 1, PRIQEN = 2, EVENTQEN = 4, CMDQEN = 8, ATSCHK = 16 };
enum { ERR_CMDQ = 1, ERR_EVENTQ = 4, ERR_PRIQ = 8, ERR_MSI_CMDQ = 16, ERR_SFM = 256, ERR_ALL = 0x7fd };
enum { ILL = 1, ABT = 2, ATC_SYNC = 3 };
enum { NEVER = 0x7fffffff };

struct mock_write { uint32_t offset, value; };
struct mock {
	uint32_t reg[0x20000 / 4];
	unsigned cr0_delay[11];		/* reads of CR0ACK until this bit follows; NEVER */
	unsigned irq_delay, gbpa_delay;	/* the same for IRQ_CTRLACK, GBPA.Update */
	unsigned cr0_left[11], irq_left, gbpa_left;
	bool gone;			/* nothing answers any more: reads are all ones */
	bool no_gbpa;			/* reads as 0, as QEMU 7.2 has it */
	bool stepwise;			/* commands run when mock_run() says so, else at once */
	unsigned lag;			/* CMDQ_CONS shows every lag-th command, and where it stands when nothing is left */

	uint64_t (*seen)[2];		/* the queue as it was when PROD said so */
	uint32_t prod, cons;		/* index and wrap; cons as it is, CMDQ_CONS may be behind */
	unsigned long count;		/* commands ever consumed */
	unsigned long fail_at;		/* the command of this number, from 0, fails fail_times times with fail_code */
	unsigned fail_times, fail_code;
	bool msi_aborts, msi_lost;
	unsigned interrupts, msis;	/* of SYNCs */
	uint64_t log[8192][2];		/* consumed commands, by number */

	struct mock_write write[512];	/* newest at nwrites - 1 */
	unsigned nwrites, cons_reads, gerror_reads, reads;
};

void mock_init(struct mock *m);		/* a part with everything: two stages, ATS, PRI, stalls, 20-bit PASIDs, ranges, MSIs, EL2 */
void mock_fini(struct mock *m);
struct iovm_smmuv3_config mock_config(struct mock *m);
void mock_run(struct mock *m, unsigned n);	/* at most n commands */
void mock_error(struct mock *m, uint32_t bits);	/* activate these bits of GERROR */
uint32_t mock_active(const struct mock *m);	/* errors not acknowledged */
void *mock_memory(uint64_t bus);	/* where memory of this bus address is */
uint32_t mock_read(void *regs, uint32_t offset);
void mock_write(void *regs, uint32_t offset, uint32_t value);

/* A system with this SMMU alone, through iovm_smmuv3_add() */
struct mock_host {
	struct mock m;
	struct port port;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm__smmu *smmu;
};
struct mock_host *mock_host_new(void);	/* no SMMU yet: change m at will */
int mock_host_add(struct mock_host *h, const struct iovm_smmuv3_config *config);	/* what iovm_smmuv3_add() says */
void mock_host_del(struct mock_host *h);

#endif
