/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What an SMMU is (IHI 0070 6.3.1 to 6.3.8), in the driver's terms. Whatever the driver cannot do without is refused by the name of its field; what it can do
 * without is missing by name. Values that are reserved count as the least: none of this trusts that a register is sane.
 */
#include "backends/smmuv3/smmuv3.h"

enum { TTF_AARCH64 = 2, RESERVED_ENDIAN = 1, BIG = 3, TERMINATE_ONLY = 1, RESERVED_MODEL = 3, QUEUE_LOG2_MAX = 19 };

#define IDR0(name) ((unsigned)SMMU_GET_REG(f->idr[0], REG_IDR0, name))
#define IDR1(name) ((unsigned)SMMU_GET_REG(f->idr[1], REG_IDR1, name))
#define IDR3(name) ((unsigned)SMMU_GET_REG(f->idr[3], REG_IDR3, name))
#define IDR5(name) ((unsigned)SMMU_GET_REG(f->idr[5], REG_IDR5, name))

static const char *refusal(const struct iovm_smmuv3_features *f)
{
	if (SMMU_GET_REG(f->aidr, REG_AIDR, ArchMajorRev))
		return "AIDR.ArchMajorRev is not 0: no SMMUv3 (or no SMMU at this address)";
	if (!IDR0(COHACC))
		return "IDR0.COHACC = 0: it does not see the CPU's caches";
	if (!IDR0(S1P) && !IDR0(S2P))
		return "IDR0.S1P = 0 and IDR0.S2P = 0: it translates nothing";
	if (!(IDR0(TTF) & TTF_AARCH64))
		return "IDR0.TTF has no AArch64 tables";
	if (IDR0(TTENDIAN) == BIG || IDR0(TTENDIAN) == RESERVED_ENDIAN)
		return IDR0(TTENDIAN) == BIG ? "IDR0.TTENDIAN = 3: big-endian tables only" : "IDR0.TTENDIAN = 1, which is reserved";
	if (IDR0(STALL_MODEL) == RESERVED_MODEL)	/* CD.S must be this or that by the model */
		return "IDR0.STALL_MODEL = 3, which is reserved";
	if (IDR1(QUEUES_PRESET) || IDR1(TABLES_PRESET))
		return IDR1(QUEUES_PRESET) ? "IDR1.QUEUES_PRESET = 1: its queues lie where we cannot choose" :
					     "IDR1.TABLES_PRESET = 1: its stream table lies where we cannot choose";
	if (!IDR5(GRAN4K) && !IDR5(GRAN16K) && !IDR5(GRAN64K))
		return "IDR5 has no granule";
	if (IDR1(SIDSIZE) > 32)
		return "IDR1.SIDSIZE is beyond 32";
	if (!IDR1(CMDQS))
		return "IDR1.CMDQS = 0: a queue of one command";
	return NULL;
}

static void missing(struct iovm_smmuv3_features *f)
{
	f->no_stage1 = IDR0(S1P) ? NULL : "IDR0.S1P = 0: no stage 1";
	f->no_stage2 = IDR0(S2P) ? NULL : "IDR0.S2P = 0: no stage 2";
	f->no_pasid = f->no_stage1 ? f->no_stage1 : IDR1(SSIDSIZE) ? NULL : "IDR1.SSIDSIZE = 0: no substreams";
	f->no_ats = IDR0(ATS) ? NULL : "IDR0.ATS = 0: no address translation service";
	f->no_pri = !IDR0(PRI) ? "IDR0.PRI = 0: no page requests" :
		    f->no_ats ? f->no_ats : IDR1(PRIQS) ? NULL : "IDR1.PRIQS = 0: a queue of one page request";
	f->no_stall = f->stall_model == TERMINATE_ONLY ? "IDR0.STALL_MODEL = 1: no stalls, faults terminate" :
		      f->max_stalls ? NULL : "IDR5.STALL_MAX = 0: no stalls";
	f->no_msi = IDR0(MSI) ? NULL : "IDR0.MSI = 0: no message signalled interrupts";
	f->no_range_tlbi = IDR3(RIL) ? NULL : "IDR3.RIL = 0: no invalidation by range";
}

static uint8_t least(unsigned a, unsigned b)
{
	return (uint8_t)(a < b ? a : b);
}

void iovm__smmu_features(struct iovm_smmuv3_features *f)
{
	static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52, 52 };	/* 56 bits need 128-bit tables */

	f->stall_model = (uint8_t)IDR0(STALL_MODEL);
	f->max_stalls = f->stall_model == TERMINATE_ONLY ? 0 : IDR5(STALL_MAX);
	f->httu = (uint8_t)IDR0(HTTU);
	f->sid_bits = (uint8_t)IDR1(SIDSIZE);
	f->pasid_bits = IDR0(S1P) ? least(IDR1(SSIDSIZE), IOVM_PASID_BITS) : 0;
	f->asid_bits = IDR0(ASID16) ? 16 : 8;
	f->vmid_bits = IDR0(VMID16) ? 16 : 8;
	f->input_bits = IDR5(VAX) ? 52 : 48;
	f->output_bits = bits[IDR5(OAS)];
	f->cmdq_log2 = least(IDR1(CMDQS), QUEUE_LOG2_MAX);
	f->evtq_log2 = least(IDR1(EVENTQS), QUEUE_LOG2_MAX);
	f->priq_log2 = least(IDR1(PRIQS), QUEUE_LOG2_MAX);
	f->two_level_stream = IDR0(ST_LEVEL) == 1;
	f->two_level_cd = IDR0(CD2L);
	f->granule_4k = IDR5(GRAN4K);
	f->granule_16k = IDR5(GRAN16K);
	f->granule_64k = IDR5(GRAN64K);
	f->terminate_abort_only = IDR0(TERM_MODEL);
	f->hyp = IDR0(Hyp);
	f->sev = IDR0(SEV);
	f->pri_pasid_fixed = IDR3(PPS);
	missing(f);
	f->refused = refusal(f);
}

int iovm_smmuv3_probe(const struct iovm_smmuv3_config *config, struct iovm_smmuv3_features *features)
{
	unsigned i;

	if (!config || !features || config->size != sizeof *config || !config->read32 || !config->write32)
		return IOVM_E_INVAL;
	*features = (struct iovm_smmuv3_features){ 0 };
	for (i = 0; i < 6; i++)
		features->idr[i] = config->read32(config->regs, SMMU_REG_IDR0_NUMBER + 4 * i);
	features->iidr = config->read32(config->regs, SMMU_REG_IIDR_NUMBER);
	features->aidr = config->read32(config->regs, SMMU_REG_AIDR_NUMBER);
	iovm__smmu_features(features);
	return 0;
}
