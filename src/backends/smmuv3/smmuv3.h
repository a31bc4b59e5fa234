/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The SMMUv3 driver's rooms, and who writes what:
 *
 *	probe.c		ID registers -> features; pure but for reads
 *	reset.c		initialise, disable, enable; every acknowledge is bounded by port.wait
 *	encode.c	the core's commands -> SMMU commands; pure
 *	cmdq.c		submit, reached, recover: the command queue and GERROR (recover is the one writer of GERRORN)
 *	poll.c		poll, newest: both output queues -> requests and notices
 *	events.c	event records: stalls become requests, the others are merged and told
 *	form.c		what an STE and a CD shall look like, and which of their bits the SMMU looks at; pure
 *	plan.c		from one form to another in the fewest safe steps; pure
 *	stream.c	stream table, attach, detach
 *	context.c	CD tables, entry
 *	smmuv3.c	iovm_smmuv3_add and its relatives: builds it, takes it apart
 *
 * submit and recover are the queue holder's, poll the servicer's, attach and entry the driver calls'; an aborting attach, entry(QUIET), reached and newest are anyone's.
 */
#ifndef IOVM_SMMUV3_DRIVER_H
#define IOVM_SMMUV3_DRIVER_H
#include <iovm/backend.h>
#include <iovm/smmuv3.h>
#include "backends/smmuv3/fields.h"
#include "base/atomic.h"
#include "base/bits.h"
#include "base/env.h"

#ifndef SMMU_STORE_HALVES	/* this host stores 32 bits at once, not 64 */
#define SMMU_STORE_HALVES (UINTPTR_MAX < UINT64_MAX)
#endif
enum { SMMU_STE_WORDS = 8, SMMU_CD_WORDS = 8, SMMU_CMD_WORDS = 2, SMMU_EVT_WORDS = 4, SMMU_PRI_WORDS = 2 };
enum { SMMU_EVENTQ_PAGE1 = 0x10000 };	/* EVENTQ_ and PRIQ_PROD/CONS stand in page 1; fields.def has their whole offsets */

struct iovm__smmu_dma {		/* memory that the SMMU reads or writes */
	void *mem;
	uint64_t bus;
	size_t size;
};

/* Indices run freely in unsigned long; a register holds their low log2 + 1 bits (index and wrap) */
struct iovm__smmu_cmdq {
	struct iovm__smmu_dma mem;
	uint64_t (*slot)[SMMU_CMD_WORDS];
	unsigned log2;
	unsigned long mask;		/* 2^log2 - 1 */
	atomic_ulong prod;		/* written by the holder: commands ever submitted. The ticket of a command is its number, from 1 */
	atomic_ulong cons;		/* a lower bound of those consumed, moved forward by whoever reads CMDQ_CONS */
	unsigned partial;		/* the holder's: SMMU commands of the next iovm_cmd that are in the queue already */
	struct iovm__smmu_dma msi;	/* one word a slot: the low bits of the ticket of the CMD_SYNC that completed there */
	_Atomic(uint32_t) *done;
	unsigned abort_retries;		/* the holder's: CERROR_ABT at the same place */
	unsigned long abort_at;
	/* fences that failed: tickets, newest last; written by the holder */
	struct { atomic_ulong ticket; atomic_int error; } failed[16];
	atomic_ulong forgotten;		/* the newest of those that made room for others */
	int fail_next;			/* the holder's: the next fence to be submitted fails with this */
	atomic_uint nfailed;
};
struct iovm__smmu_outq {	/* an output queue: events or page requests */
	struct iovm__smmu_dma mem;
	unsigned log2;			/* 0 and no memory: the SMMU has none */
	uint32_t prod_reg, cons_reg;
	atomic_ulong cons, cons_high;	/* absolute position of the next entry: iovm__smmu_outq_position, _seek */
	uint32_t acked;			/* the servicer's: OVACKFLG as last written, in its place (bit 31) */
};
enum {
	SMMU_OFF = 1,			/* disabled by the host */
	SMMU_DEAD = 2,			/* service failure, or an acknowledge that did not come */
};
enum { SMMU_MERGE = 8 };
struct iovm__smmu_merged {	/* events that were seen and are not yet told */
	struct iovm_notice notice[SMMU_MERGE];
	unsigned n;
};

struct iovm__smmu_table {	/* struct iovm_function.priv: one function's entries */
	struct iovm__smmu_dma top;	/* the linear table, or level 1 */
	struct iovm__smmu_dma *leaf;	/* level 2: as many as level 1 has entries; NULL if linear */
	unsigned nleaves;
	uint8_t bits;			/* S1CDMax: 2^bits CDs; 0: one CD, no substreams */
	uint8_t leaf_bits;		/* CDs of a leaf: 6 (4 KiB) or 10 (64 KiB); 0: linear */
	atomic_bool stage2;		/* entry 0 is a stage-2 table: the STE says so, there are no CDs in force. Cleared by entry(QUIET), anyone's */
	atomic_bool restless;		/* its STEs changed along with an entry of a PASID: from then on CFGI_STE tells its entries, too */
	uint64_t vttb, vtcr;		/* of that table */
	uint32_t vmid;
};

struct iovm__smmu {
	struct iovm_smmuv3_config config;
	struct iovm_smmuv3_features features;
	const struct iovm_port *port;
	struct iovm_iommu *iommu;	/* NULL until it has joined */
	struct iovm__smmu_cmdq cmdq;
	struct iovm__smmu_outq evtq, priq;
	struct iovm__smmu_merged merged;
	struct iovm__smmu_dma strtab;	/* linear, or level 1 */
	struct iovm__smmu_dma *strtab_leaf;	/* two-level: one for each level-1 entry, allocated when its first stream is attached */
	unsigned nstrtab_leaves;
	uint8_t sid_bits, split;	/* split 0: linear */
	atomic_uint down;		/* 0: it runs; SMMU_OFF, SMMU_DEAD */
	atomic_bool msi_broken;		/* a completion word could not be written: read CMDQ_CONS instead */
	atomic_uint told;		/* GERROR bits that recover() dealt with and poll() has not yet told the host; by bit */
	_Atomic(uint32_t) gerrorn;	/* as last written: the holder's; poll() reads it */
	uint64_t stalls_from;		/* stalls of before this position ended as it was disabled: their STAGs are free. Written while it is off */
	bool events_first;		/* the servicer's: the PRI queue alone filled the last poll */
	struct {
		atomic_ulong events, merged, stalls, requests, markers, event_overflows, pri_overflows;
		atomic_ulong ill, abt, atc, gerror[11];
	} count;
};

static inline uint32_t iovm__smmu_read(const struct iovm__smmu *s, uint32_t reg)
{
	return s->config.read32(s->config.regs, reg);
}
static inline void iovm__smmu_write(const struct iovm__smmu *s, uint32_t reg, uint32_t value)
{
	s->config.write32(s->config.regs, reg, value);
}
static inline void iovm__smmu_write64(const struct iovm__smmu *s, uint32_t reg, uint64_t value)	/* two halves, in any order (6.2) */
{
	iovm__smmu_write(s, reg, (uint32_t)value);
	iovm__smmu_write(s, reg + 4, (uint32_t)(value >> 32));
}
/* Index registers: idx has log2 + 1 bits. How far it is ahead of the free-running from, 0..2^(log2+1)-1 */
static inline unsigned long iovm__smmu_ahead(unsigned log2, uint32_t idx, unsigned long from)
{
	return (idx - from) & ((2ul << log2) - 1);
}

/* ---- probe.c, reset.c ------------------------------------------------------------------------------------------------------ */

void iovm__smmu_features(struct iovm_smmuv3_features *f);	/* idr, iidr and aidr are filled: the rest from them; pure */
/* From any state to enabled, with the tables and queues of *s (14.1, 14.3): DEAD. gerrorn, queue indices and told are set anew */
int iovm__smmu_enable(struct iovm__smmu *s);
int iovm__smmu_disable(struct iovm__smmu *s);	/* 14.2 from step 4; GBPA aborts */

/* ---- encode.c ------------------------------------------------------------------------------------------------------------------ */

/* SMMU commands that cmd becomes: their number (0: nobody waits for it any more), and the i-th of them (i below it). Pure. */
unsigned iovm__smmu_encode_count(const struct iovm__smmu *s, const struct iovm_cmd *cmd);
void iovm__smmu_encode(const struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned i, uint64_t words[SMMU_CMD_WORDS]);
/* A page count in pieces that TLBI's range operands can say (4.4.1): the next piece of *pages granules, which it takes off; ttl: level of the leaf or 0 */
struct iovm__smmu_piece { uint64_t pages; uint8_t num, scale; };
struct iovm__smmu_piece iovm__smmu_range_piece(uint64_t *pages);

/* ---- cmdq.c ---------------------------------------------------------------------------------------------------------------------- */

int iovm__smmu_submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket);
int iovm__smmu_reached(void *hw, unsigned long ticket);
int iovm__smmu_recover(void *hw, struct iovm_blame *blame);
/* One command and a SYNC, waited for: while nothing else uses the queue (reset.c). DEAD */
int iovm__smmu_command(struct iovm__smmu *s, const uint64_t words[SMMU_CMD_WORDS]);

/* ---- poll.c, events.c -------------------------------------------------------------------------------------------------------------- */

unsigned iovm__smmu_poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out);
void iovm__smmu_newest(void *hw, uint64_t pos[2]);
uint64_t iovm__smmu_outq_position(const struct iovm__smmu_outq *q);	/* any caller: every position below it was consumed */
void iovm__smmu_outq_seek(struct iovm__smmu_outq *q, uint64_t position);	/* the servicer, or while no poll runs; forward only */
uint32_t iovm__smmu_outq_begin(struct iovm__smmu_outq *q);	/* what PROD and CONS must both be before the queue is enabled */
void iovm__smmu_outq_drop(const struct iovm__smmu *s, struct iovm__smmu_outq *q);	/* disabled (ACK seen): what is left in it is void, positions go on behind it */
/* The two halves of a position on a host whose words have so many bits: low is the word, high the position >> (bits - 2), at most one store behind */
static inline uint64_t iovm__smmu_join(uint64_t high, uint64_t low, unsigned bits)
{
	return ((high + (((low >> (bits - 2)) - high) & 3)) << (bits - 2)) | (low & ((1ull << (bits - 2)) - 1));
}
/* One event record: true if it is a stall, as *req; otherwise it was merged with what waits to be told */
bool iovm__smmu_event(struct iovm__smmu *s, const uint64_t words[SMMU_EVT_WORDS], struct iovm_request *req);
void iovm__smmu_events_tell(struct iovm__smmu *s);	/* everything merged so far, to the host */

/* ---- form.c, plan.c ------------------------------------------------------------------------------------------------------------------ */

typedef void iovm__smmu_used_fn(const uint64_t words[8], uint64_t used[8]);	/* the bits that the SMMU looks at in this form */
iovm__smmu_used_fn iovm__smmu_ste_used, iovm__smmu_cd_used;
/*
 * One step from what is in memory towards goal: the words to store now into next (those that stay are copied), in one word at most if any mix of old and
 * new could be seen as something else. Returns the number of steps left with this one, 0: goal is met in all bits that count. abort0: a word 0 with which
 * the entry aborts whatever its other words say. After each step: CFGI, SYNC. Steps in all: 0, 1, 2 or 3, the fewest that keep
 * every view old, new or abort.
 */
unsigned iovm__smmu_plan(iovm__smmu_used_fn *used, uint64_t abort0, const uint64_t now[8], const uint64_t goal[8], uint64_t next[8]);

struct iovm__smmu_stream_form {	/* what an STE shall say */
	bool aborted, ats, stall, response_pasid, stage2;
	uint8_t cd_bits, cd_leaf_bits;
	uint64_t cd_table;		/* bus address */
	uint64_t vttb, vtcr;
	uint32_t vmid;
};
void iovm__smmu_ste(const struct iovm__smmu *s, const struct iovm__smmu_stream_form *form, uint64_t ste[8]);
/* 0, or IOVM_E_FORMAT: this table cannot be walked by this SMMU as stage 1 (stage 2) */
int iovm__smmu_cd(const struct iovm__smmu *s, const struct iovm_table *table, uint32_t asid, bool stall, uint64_t cd[8]);
int iovm__smmu_stage2_check(const struct iovm__smmu *s, const struct iovm_table *table, uint32_t vmid);
uint64_t iovm__smmu_cd_quiet(const struct iovm__smmu *s, bool stall);	/* word 0 of a quiet CD: ASID 0, walks nothing */
uint64_t iovm__smmu_ste_abort(void);	/* word 0 of an STE that aborts silently: V = 1, Config = 0 */

/* ---- stream.c, context.c ---------------------------------------------------------------------------------------------------------------- */

int iovm__smmu_strtab_new(struct iovm__smmu *s);	/* NO_MEMORY. Stream table of s->sid_bits, every stream invalid */
void iovm__smmu_strtab_free(struct iovm__smmu *s);
uint64_t *iovm__smmu_ste_of(const struct iovm__smmu *s, uint32_t stream_id);	/* NULL: beyond the table, or its leaf is not there */
int iovm__smmu_attach(void *hw, struct iovm_function *fn);
void iovm__smmu_detach(void *hw, struct iovm_function *fn);
int iovm__smmu_entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid);
/* Bring every STE of fn one step closer to what fn and its table say; 0 or 1 as attach */
int iovm__smmu_streams_step(struct iovm__smmu *s, const struct iovm_function *fn);
void iovm__smmu_streams_quiet(const struct iovm__smmu *s, const struct iovm_function *fn);	/* those that walk stage 2 abort; any caller */
int iovm__smmu_table_new(struct iovm__smmu *s, const struct iovm_function *fn, struct iovm__smmu_table **out);	/* NO_MEMORY */
void iovm__smmu_table_free(struct iovm__smmu *s, struct iovm__smmu_table *t);
/*
 * Where the SMMU may look at any moment: words that differ are stored, word 0 after the others, each at once. In halves, its low one (V, Config, EPDx) last;
 * stop() is for a word 0 that stops what the record does, and stores that half first.
 */
void iovm__smmu_store(uint64_t *to, const uint64_t *words, unsigned n);
void iovm__smmu_stop(uint64_t *to, uint64_t word0);
void iovm__smmu_load(const uint64_t *from, uint64_t words[8]);	/* a record that others may be storing to */

/* ---- smmuv3.c ------------------------------------------------------------------------------------------------------------------------------ */

void *iovm__smmu_dma_alloc(const struct iovm__smmu *s, struct iovm__smmu_dma *dma, size_t size);	/* size is rounded up to a power of two >= 64; NULL: no memory */
void iovm__smmu_dma_free(const struct iovm__smmu *s, struct iovm__smmu_dma *dma);

#endif
