/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Where the SMMUv3 driver meets the model of an SMMUv3 that was written without it: the whole engine, iovm_smmuv3_add() on the model's registers,
 * memory that only the bus addresses of port.dma_alloc lead to, functions with an ATC and page requests of their own, address spaces of 4K pages. A
 * duty of duty.h that is broken fails the test at its end, and so does what the model finds when the driver says that it is at rest.
 */
#ifndef TESTS_SMMU_MEET_H
#define TESTS_SMMU_MEET_H
#include <iovm/smmuv3.h>
#include <iovm/smmuv3_model.h>
#include "port.h"

enum { MEET_BLOCKS = 512, MEET_DEVS = 8, MEET_MMS = 8, MEET_ATC = 32, MEET_CALLS = 256, MEET_SENT = 64, MEET_TOKENS = 16 };
enum { MEET_POOL = 4 << 20 };	/* bytes for the page tables of all address spaces */
enum { RD = IOVM_MODEL_READ, WR = IOVM_MODEL_WRITE, LAST = IOVM_MODEL_LAST };
#define NO_PASID (-1)
#define VA	0x40000000ull	/* where the tests' pages begin */

struct meet;
struct meet_mm {
	struct meet *meet;
	uint64_t root, version;
	bool stage2;
	bool maps;			/* the handler maps what is asked for; else it refuses */
	bool pends;			/* it answers later */
	uint64_t token[MEET_TOKENS];	/* what it owes */
	unsigned ntokens;
	unsigned watches, unwatches, faults, ranges;
	uint32_t prot;			/* of the newest range */
};
struct meet_atc {
	bool valid;
	int64_t pasid;
	uint64_t addr, out;
	uint8_t size_log2, flags;
};
struct meet_dev {
	struct meet *meet;
	struct iovm_device *dev;
	uint32_t sid[2];
	unsigned nsids, as;		/* as: which of them it uses now */
	bool response_pasid;
	bool pcie, pasid, ats, pri;	/* as switched */
	unsigned outstanding;		/* groups without an answer */
	uint16_t index;			/* of the next group */
	bool waits[IOVM_PRG_INDICES];	/* this group has no answer */
	int64_t asked[IOVM_PRG_INDICES];	/* its PASID */
	unsigned success, invalid, failure, automatic, strange;	/* strange: nobody asked, or a PASID too many or too few */
	struct meet_atc atc[MEET_ATC];
	enum iovm_model_atc reply;	/* to invalidations */
	unsigned invs, nsent;
	uint16_t sent[MEET_SENT];	/* tags that wait for meet_atc_fails() */
	unsigned retries, aborts;	/* of its stalled accesses */
};
struct meet {
	struct port port;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm_smmuv3_model *model;
	struct iovm_smmuv3_model_config mc;	/* change these before meet_start() */
	struct iovm_smmuv3_config sc;
	uint32_t max_mms;
	uint8_t pasid_bits;

	struct meet_block { void *mem; uint64_t bus; size_t size; } block[MEET_BLOCKS];
	unsigned nblocks;
	uint64_t next_bus;
	struct iovm_model_shadow *shadow;	/* memory that stores reach late; NULL: at once */
	uint64_t random;			/* not 0: everything that the model may choose happens now and then */
	unsigned pace;				/* steps of the model after each write of a register */

	uint8_t *pool;
	uint64_t pool_bus, pool_used;
	struct meet_mm mm[MEET_MMS];
	struct meet_dev dev[MEET_DEVS];
	uint64_t now;
	struct { struct meet_dev *dev; struct meet_mm *mm; enum iovm_bond_event event; } call[MEET_CALLS];
	unsigned ncalls;
	unsigned line[5];
	unsigned violations;
	const char *expects;			/* duties that the test itself breaks, and how often it was seen broken */
	uint64_t expected;
	unsigned spoil;				/* so many commands are read as illegal ones when their turn comes, or the read aborts */
	bool spoil_abort, stepping;
};

struct meet *meet_new(int seed);	/* 0: the plainest model; else chance from this seed, and with even ones late stores */
void meet_start(struct meet *m);	/* model, system, SMMU; change mc and sc before */
void meet_end(struct meet *m);		/* everything is unbound; no leak, no duty broken, nothing stale */

struct meet_dev *meet_pci(struct meet *m, uint32_t sid, unsigned credits);	/* ATS and page requests if credits; added and initialised */
struct meet_dev *meet_platform(struct meet *m, uint32_t sid, unsigned stalls);	/* no PCIe capabilities: it stalls */
struct meet_dev *meet_add(struct meet *m, uint32_t sid, void (*change)(struct iovm_device_config *c));	/* PCIe; as far as added */
struct meet_mm *meet_mm(struct meet *m, bool stage2);
int meet_bind(struct meet_dev *d, struct meet_mm *mm);

void meet_map(struct meet_mm *mm, uint64_t va, unsigned prot);
uint64_t meet_mapped(struct meet_mm *mm, uint64_t va);	/* where it points by the table; 0: nowhere */
void meet_unmap(struct meet_mm *mm, uint64_t va);		/* and nothing else: no invalidation */
uint64_t meet_pa(const struct meet_mm *mm, uint64_t va);	/* where meet_map() points va now */

void meet_steps(struct meet *m);	/* the model, until it has nothing to do */
void meet_settle(struct meet *m);	/* the model and the servicer, until neither has anything to do */
unsigned meet_called(const struct meet *m, const struct meet_dev *d, const struct meet_mm *mm, enum iovm_bond_event event);

struct iovm_model_result meet_access(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags, enum iovm_model_kind kind);
/* As the device does its DMA: out of its ATC, by a translation request, or untranslated. The outcome, and where it went */
struct iovm_model_result meet_dma(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags);
bool meet_reaches(struct meet_dev *d, int64_t pasid, const struct meet_mm *mm, uint64_t va, unsigned flags);
bool meet_blocked(struct meet_dev *d, int64_t pasid, uint64_t va);	/* from the ATC, by request and untranslated */
uint16_t meet_ask(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags);	/* a page request; its group */
struct meet_dev *meet_two(struct meet *m, uint32_t sid, uint32_t other, bool pcie);	/* two StreamIDs; initialised */
void meet_atc_fails(struct meet_dev *d);			/* what was SENT is lost */
int meet_reset(struct meet_dev *d);				/* begin, the reset of the function, done */
void meet_function_reset(struct meet_dev *d);			/* the function alone */
void meet_marker(struct meet_dev *d, int64_t pasid);			/* Stop Marker */
uint64_t meet_checked(const struct meet *m, const char *duty);		/* how often it mattered */

enum { SEEDS = 20 };
TCase *meet_errors(void);	/* smmu_meet_errors.c */
TCase *meet_gap(void);
TCase *meet_streams(void);	/* smmu_meet_streams.c */

#endif
