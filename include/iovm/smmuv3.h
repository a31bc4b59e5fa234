/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The Arm SMMUv3 driver (IHI 0070; Non-secure programming interface). The host maps the registers and routes the interrupts, each of which calls for
 * iovm_dispatch(); the driver resets the SMMU, sizes its tables and queues by what the SMMU has and by the limits below, and brings it into the system.
 */
#ifndef IOVM_SMMUV3_H
#define IOVM_SMMUV3_H
#include <iovm/iovm.h>
#ifdef __cplusplus
extern "C" {
#endif

enum iovm_smmuv3_sync {		/* how the driver learns that a CMD_SYNC is complete (4.7.3) */
	IOVM_SMMUV3_SYNC_CONS,	/* it reads CMDQ_CONS */
	IOVM_SMMUV3_SYNC_MSI,	/* the SMMU also writes a word of memory for each; needs IDR0.MSI, else as CONS */
	IOVM_SMMUV3_SYNC_IRQ,	/* the SMMU also raises the CMD_SYNC interrupt, for a port.wait that sleeps */
};
struct iovm_smmuv3_config {
	size_t size;			/* sizeof(struct iovm_smmuv3_config) */
	void *regs;			/* pages 0 and 1, handed to read32 and write32; offsets 0..0x1ffff */
	uint32_t (*read32)(void *regs, uint32_t offset);		/* before every later load, as readl() */
	void (*write32)(void *regs, uint32_t offset, uint32_t value);	/* after every earlier store, as writel() */
	uint8_t cmdq_log2, evtq_log2, priq_log2;	/* entries at most, 1..19; the SMMU's own limit if smaller; 0: 8, 7 and 9 */
	uint8_t sid_bits;				/* StreamIDs in use; the SMMU's own limit if smaller; 0: 16 */
	uint8_t pasid_bits;				/* at most; 0: as many as the SMMU has */
	uint8_t sync;					/* enum iovm_smmuv3_sync */
	uint8_t linear;					/* 1: linear stream table even if the SMMU has two levels */
	void *dma;			/* ctx of port.dma_alloc and dma_free for this SMMU's memory; NULL: the port's own */
};

/* What the ID registers say (clause 6.3.1 to 6.3.7), in the driver's terms */
struct iovm_smmuv3_features {
	uint32_t idr[6], iidr, aidr;	/* as read */
	const char *refused;		/* why iovm_smmuv3_add() says UNSUPPORTED, naming the field: "IDR0.COHACC = 0: ..."; NULL: it would go on */
	/* Each NULL if there, or says what is missing, naming the field: "IDR0.PRI = 0: no page requests" */
	const char *no_ats, *no_pri, *no_stall, *no_pasid, *no_stage1, *no_stage2, *no_msi, *no_range_tlbi;
	uint8_t sid_bits, pasid_bits, asid_bits, vmid_bits;
	uint8_t input_bits, output_bits;	/* of addresses: stage 1 input, and physical */
	uint8_t cmdq_log2, evtq_log2, priq_log2;	/* largest */
	uint8_t stall_model;		/* IDR0.STALL_MODEL: 0 stall or terminate, 1 terminate only, 2 stall forced */
	uint8_t httu;			/* IDR0.HTTU: 1 access flag, 2 dirty state too */
	bool two_level_stream, two_level_cd, granule_4k, granule_16k, granule_64k;
	bool terminate_abort_only;	/* IDR0.TERM_MODEL */
	bool hyp, sev, pri_pasid_fixed;	/* EL2 commands; WFE wake-up; IDR3.PPS */
	uint32_t max_stalls;		/* IDR5.STALL_MAX */
};
/* Reads the ID registers and nothing else; any state of the SMMU, any context. INVAL: size, a missing function */
int iovm_smmuv3_probe(const struct iovm_smmuv3_config *config, struct iovm_smmuv3_features *features);

/*
 * Initialise (IHI 0070 3.11) and bring into the system. Whatever ran on this SMMU before is aborted. Process context; turns port.wait for each acknowledge.
 * NO_MEMORY; UNSUPPORTED (iovm_smmuv3_probe() names the field); DEAD (it does not follow its control registers, or is in service failure mode); FULL.
 * Needs port.dma_alloc. Deleted, with the SMMU left to abort everything, by iovm_iommu_del() or iovm_del().
 */
int iovm_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu);

/*
 * Switch it off (suspend, kexec): all traffic is aborted from here on. Before: iovm_device_reset_begin() for each device behind it, so that nothing is asked
 * any more; no other call on this IOMMU or its devices runs meanwhile. Invalidations while it is off are complete at once: enabling forgets everything.
 * DEAD: an acknowledge did not come.
 */
int iovm_smmuv3_disable(struct iovm_iommu *iommu);
/* On again, from the tables in memory, after whatever the power did to the registers. Then iovm_device_reset_done() for each device. DEAD as above. */
int iovm_smmuv3_enable(struct iovm_iommu *iommu);

/* What it has met since it was added; any context; each counter by itself exact once nothing runs */
struct iovm_smmuv3_stats {
	size_t size;			/* sizeof, set before the call */
	uint64_t commands;	/* those of bringing it up, too */
	uint64_t events, events_merged, stalls, page_requests, stop_markers;
	uint64_t event_overflows, pri_overflows;	/* the queue was full; how many records were lost is not known */
	uint64_t cerror_ill, cerror_abt, cerror_atc;	/* CMDQ_CONS.ERR */
	uint64_t gerror[11];		/* activations by bit of GERROR, bit 0 included */
};
void iovm_smmuv3_stats(const struct iovm_iommu *iommu, struct iovm_smmuv3_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
