/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A small driver of its own for the SMMUv3 model, and 8 MiB of memory behind it. Positions are written out again here, from IHI 0070: a test that took them from the model could
 * not see a wrong one. Everything goes through the public face.
 */
#ifndef TESTS_MODEL_RIG_H
#define TESTS_MODEL_RIG_H
#include <iovm/smmuv3_model.h>
#include "harness.h"

enum { MR_BASE = 0x10000000, MR_SIZE = 8 << 20, MR_STREAMS_LOG2 = 8, MR_QUEUE_LOG2 = 4, MR_NONE = -1 };
enum {
	IDR0 = 0x00, IDR1 = 0x04, IDR3 = 0x0c, IDR5 = 0x14, CR0 = 0x20, CR0ACK = 0x24, CR1 = 0x28, CR2 = 0x2c, GBPA = 0x44, IRQ_CTRL = 0x50, IRQ_CTRLACK = 0x54, GERROR = 0x60,
	GERRORN = 0x64, GERROR_IRQ_CFG0 = 0x68, STRTAB_BASE = 0x80, STRTAB_BASE_CFG = 0x88, CMDQ_BASE = 0x90, CMDQ_PROD = 0x98, CMDQ_CONS = 0x9c, EVENTQ_BASE = 0xa0,
	EVENTQ_IRQ_CFG0 = 0xb0, PRIQ_BASE = 0xc0, PRIQ_IRQ_CFG0 = 0xd0, PRIQ_IRQ_CFG2 = 0xdc, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac, PRIQ_PROD = 0x100c8, PRIQ_CONS = 0x100cc,
};
enum { SMMUEN = 1, PRIQEN = 2, EVENTQEN = 4, CMDQEN = 8, ATSCHK = 16, ALL_ON = 31 };
#define FLAG31	0x80000000u

struct mr_answer { uint32_t sid, pasid; uint16_t index; uint8_t code; bool automatic; };
struct mr_resume { uint32_t sid, stall; uint8_t how; };
struct mr {
	struct iovm_smmuv3_model *m;
	struct iovm_smmuv3_model_config config;
	uint8_t *mem;
	uint64_t next;			/* of the bump allocator */
	uint64_t strtab, cmdq, evtq, priq;
	uint32_t prod;			/* what the driver wrote last */
	uint64_t deny_first, deny_last;	/* memory that aborts */
	unsigned lines[5], answers, resumes, invs, violations;
	struct mr_answer answer;	/* the newest */
	struct mr_resume resume;
	struct iovm_model_atc_inv inv;
	enum iovm_model_atc inv_reply;
	const char *broken;		/* the duty that was broken last, or "" */
	const char *point;		/* the choice that is not 0, and what it is */
	unsigned choice;
	uint64_t random;		/* not 0: a state of chance: everything may happen */
};

struct mr *mr_new(void (*adjust)(struct iovm_smmuv3_model_config *c));	/* reset state */
struct mr *mr_on(void (*adjust)(struct iovm_smmuv3_model_config *c));	/* initialised as 3.11 says, everything enabled that there is */
void mr_del(struct mr *r);						/* asserts that no duty was broken that the test did not take */
void mr_enable(struct mr *r, uint32_t cr0);
const char *mr_broken(struct mr *r);					/* takes it: "" if none */
uint64_t mr_duty(const struct mr *r, const char *name, bool broken);	/* its count */

static inline uint32_t rd(struct mr *r, uint32_t at) { return (uint32_t)iovm_smmuv3_model_read(r->m, at, 4); }
static inline void wr(struct mr *r, uint32_t at, uint32_t v) { iovm_smmuv3_model_write(r->m, at, 4, v); }
static inline void wr64(struct mr *r, uint32_t at, uint64_t v) { iovm_smmuv3_model_write(r->m, at, 8, v); }
uint64_t *mr_mem(struct mr *r, uint64_t addr);
uint64_t mr_alloc(struct mr *r, uint64_t bytes, uint64_t align);	/* zeroed */
void mr_run(struct mr *r);
void mr_put(struct mr *r, uint64_t w0, uint64_t w1);			/* a command, without the doorbell */
void mr_ring(struct mr *r);
void mr_cmd(struct mr *r, uint64_t w0, uint64_t w1);			/* put, ring, run */
void mr_sync(struct mr *r);						/* CMD_SYNC; asserts that it was consumed */
uint64_t *mr_ste(struct mr *r, uint32_t sid);

/* A stage 1 stream with 2^cdmax CDs, its CDs empty; ATS on. Returns where the CDs are */
uint64_t mr_stream(struct mr *r, uint32_t sid, unsigned cdmax);
enum { CD_R = 1 << 13, CD_A = 1 << 14, CD_S = 1 << 12 };		/* shifted by 32 */
uint64_t mr_cd(struct mr *r, uint64_t at, uint16_t asid, uint64_t flags, uint64_t ttb0);	/* 4K, 48 bits, TTB1 off; returns ttb0, a new one if 0 */
enum { PTE_USER = 1 << 6, PTE_RO = 1 << 7, PTE_AF = 1 << 10, PTE_NG = 1 << 11, PTE_RW = PTE_USER | PTE_AF | PTE_NG };
uint64_t *mr_pte(struct mr *r, uint64_t table, uint64_t va, unsigned level);	/* 4K granule: makes the tables on the way */
void mr_map(struct mr *r, uint64_t table, uint64_t va, uint64_t pa, uint64_t attributes);
struct iovm_model_result mr_access(struct mr *r, uint32_t sid, int64_t pasid, uint64_t addr, unsigned flags);
struct iovm_model_result mr_ats(struct mr *r, uint32_t sid, int64_t pasid, uint64_t addr, unsigned flags);
unsigned mr_events(struct mr *r);					/* in the queue */
const uint64_t *mr_event(struct mr *r);					/* takes the oldest: NULL: none */
bool mr_ask(struct mr *r, uint32_t sid, int64_t pasid, uint64_t addr, uint16_t index, unsigned flags);

#endif
