/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The state of one SMMUv3, and what its files ask of each other:
 *
 *   model.c     new, del, step: whose turn it is
 *   regs.c      the registers as a table: offset, writable bits, guard
 *   control.c   CR0, IRQ_CTRL, GBPA: a write, an acknowledge, and what the acknowledge promises
 *   error.c     GERROR, interrupts, MSIs
 *   cmdq.c      which command is next; what is late; CMD_SYNC
 *   command.c   what a command may look like, and what it does
 *   config.c    finding, fetching, caching STEs and CDs; legal.c: which of them are legal
 *   walk.c      tables of both stages; tlb.c: what is kept of them
 *   translate.c the way of an access through all that; ats.c: of Translated traffic and of device TLB invalidations
 *   event.c     the event queue; stall.c: accesses that wait; pri.c: the PRI queue
 *   duty.c      what the driver owes, counted
 *   shadow.c    memory between a driver in this process and the model; knows nothing of the rest
 *
 * What the architecture leaves open is asked of choose(). What is late stays late until a step, so the host decides how long.
 */
#ifndef SIM_SMMUV3_MODEL_H
#define SIM_SMMUV3_MODEL_H
#include <iovm/smmuv3_model.h>
#include "backends/sim/smmuv3/bits.h"
#include "backends/sim/smmuv3/duty.h"

enum reg {			/* 64-bit registers take two words */
	R_CR0, R_CR0ACK, R_CR1, R_CR2, R_GBPA, R_IRQ_CTRL, R_IRQ_CTRLACK, R_GERROR, R_GERRORN, R_GERROR_IRQ, R_STRTAB_BASE = R_GERROR_IRQ + 4,
	R_STRTAB_BASE_CFG = R_STRTAB_BASE + 2, R_CMDQ_BASE, R_CMDQ_PROD = R_CMDQ_BASE + 2, R_CMDQ_CONS, R_EVENTQ_BASE, R_EVENTQ_PROD = R_EVENTQ_BASE + 2, R_EVENTQ_CONS,
	R_EVENTQ_IRQ, R_PRIQ_BASE = R_EVENTQ_IRQ + 4, R_PRIQ_PROD = R_PRIQ_BASE + 2, R_PRIQ_CONS, R_PRIQ_IRQ, R_COUNT = R_PRIQ_IRQ + 4
};

enum { LATE_EFFECTS = 8, ATC_TAGS = 64, CHANGES = 32 };

struct iovm__model_command { uint64_t w[2]; };

/* One fetched structure: an STE or CD (8 words) or a descriptor of a first-level table (1) */
enum iovm__model_conf_kind { CONF_L1STD, CONF_STE, CONF_L1CD, CONF_CD, CONF_KINDS };
struct iovm__model_conf {
	uint64_t w[8];
	uint64_t at;		/* where it was fetched; CDs of stage 2 streams: after translation */
	uint32_t sid, index;	/* CD, L1CD: index within the stream's table */
	uint64_t asked;		/* number of the last command that stood in the queue when memory was found changed */
	uint32_t old;		/* SYNCs that found memory changed and this still kept; behind that command */
	bool valid, illegal;
};
struct iovm__model_confs {
	struct iovm__model_conf *conf;
	unsigned sets, victim, next;	/* next: whose age is looked at */
};

enum iovm__model_world { WORLD_EL1, WORLD_EL2, WORLD_E2H, WORLD_S2 };	/* S2: stage 2 alone */
enum { P_UR = 1, P_UW = 2, P_UX = 4, P_PR = 8, P_PW = 16, P_PX = 32, P_ALL = 63 };
struct iovm__model_tlbe {
	uint64_t page;			/* input address >> 12 */
	uint64_t first, last;		/* what the leaf covers */
	uint64_t out;			/* of page */
	uint64_t root;			/* what table it came from: 13, the ASID in use */
	uint16_t asid, vmid;
	uint8_t s1, s2;			/* rights by stage */
	uint8_t size_log2, world, level;
	bool valid, global, s2on, dirty_by_hw;
	struct iovm_model_tag tag;
};
struct iovm__model_tlb {
	struct iovm__model_tlbe *e;
	unsigned sets, victim, used, big, globals;
};

struct iovm__model_fault {
	uint64_t ipa, fa;
	uint8_t event, class_;	/* class_: 0 CD, 1 stage 1 walk, 2 input (7.3) */
	bool s2;
};

struct iovm__model_space {	/* one access, resolved: what to translate by */
	const struct iovm__model_conf *ste, *cd;
	uint64_t root;
	uint16_t asid, vmid;
	uint8_t world;
	bool s1, s2;
};

struct iovm__model_ask {	/* an access on its way through */
	const struct iovm_model_access *a;
	uint64_t addr;
	bool write, exec, priv;	/* after STE.PRIVCFG and INSTCFG */
	bool ats, quiet;	/* quiet: tried early: records nothing, stalls nothing */
};

static inline unsigned ask_right(const struct iovm__model_ask *q)	/* which of P_* it needs */
{
	return q->priv ? (q->exec ? P_PX : q->write ? P_PW : P_PR) : (q->exec ? P_UX : q->write ? P_UW : P_UR);
}

enum iovm__model_stall_state { STALL_FREE, STALL_WAITS, STALL_RECORDED };	/* WAITS: its event does not fit yet */
struct iovm__model_stall {
	struct iovm_model_access access;
	uint64_t rec[4], position;	/* of its event: absolute */
	uint32_t id, order;
	int twin;			/* of a suppressed duplicate: whose RESUME it waits for; else -1 */
	uint16_t tag;
	uint8_t state;
	bool stuck;			/* the access still waits: not aborted, not retried early */
	bool terminated;		/* FREE: by a CMD_STALL_TERM */
};

struct iovm__model_group {	/* a Last in the PRI queue, until it is answered */
	uint64_t position;
	uint32_t sid, pasid;
	uint16_t index;
	bool used, excused;
};
struct iovm__model_granted {	/* a device TLB may hold translations of this PASID from this table */
	uint64_t root;
	uint32_t sid, pasid;
	bool used, dropped;	/* dropped: by an ATC_INV of everything, not complete yet */
};
struct iovm__model_change { uint32_t sid; uint8_t range; bool all; };	/* CFGI consumed, no SYNC yet: 2^range StreamIDs */

struct iovm_smmuv3_model {
	struct iovm_smmuv3_model_config c;
	struct iovm_model_stats stats;
	struct iovm__model_count count[DUTIES];
	uint64_t broken;
	uint32_t reg[R_COUNT];
	uint32_t cr0_late, irq_late;	/* fields whose acknowledge is late */
	bool gbpa_late, failed;		/* failed: service failure mode */
	uint32_t gbpa_next;

	/* cmdq.c */
	uint32_t cmd_at;		/* next to consume; CMDQ_CONS may lag */
	bool cons_late, sync_blocked, atc_busy, sync_msi_late, lenient, stands;
	uint64_t sync_msi_addr;
	uint32_t sync_msi_data;
	struct iovm__model_command late[LATE_EFFECTS];
	unsigned nlate;
	uint32_t *sum;			/* of each command as it was submitted */
	unsigned known;			/* how many of the newest have one */
	/* since the last SYNC, and ever: for duties */
	bool tlbi_open, cfgi_all_open, cfgi_all_done, tlbi_all_open, tlbi_all_done, moved_open;
	struct iovm__model_change change[CHANGES];
	unsigned nchange;

	struct { bool used, lost; uint32_t sid; } atc[ATC_TAGS];
	unsigned atc_out, atc_lost;
	bool drops_open;
	struct iovm__model_granted *granted;

	struct iovm__model_confs confs[CONF_KINDS];
	struct iovm__model_tlb tlb;
	bool unasked;			/* the last step was nobody's due */
	uint64_t guess;			/* what a prefetch may look at: the last StreamID and PASID */

	/* event.c, stall.c */
	uint32_t event_at;		/* next to write; EVENTQ_PROD may lag */
	uint64_t event_count, event_shown;	/* absolute: of event_at, of PROD */
	uint64_t event_last[4];
	bool event_has_last;
	struct iovm__model_stall *stall;
	unsigned nstall, tags, tag_limit;
	uint32_t stall_id, stall_order;

	/* pri.c */
	uint32_t pri_at;
	uint64_t pri_count, pri_shown, pri_read;	/* absolute: of pri_at, of PROD, of CONS */
	bool pri_last_late;
	struct iovm__model_group *group;
	unsigned ngroup;
};

/* ---- model.c ---- */
static inline unsigned model_choose(const struct iovm_smmuv3_model *m, unsigned n, const char *point)
{
	unsigned got = m->c.choose && n > 1 ? m->c.choose(m->c.ctx, n, point) : 0;

	return got < n ? got : 0;
}
static inline bool model_errs(const struct iovm_smmuv3_model *m, enum iovm_model_error what)
{
	return m->c.errs && m->c.errs(m->c.ctx, what);
}
static inline uint64_t model_reg64(const struct iovm_smmuv3_model *m, enum reg r)
{
	return m->reg[r] | (uint64_t)m->reg[r + 1] << 32;
}
static inline bool model_on(const struct iovm_smmuv3_model *m, uint32_t bits)	/* CR0: in force */
{
	return (m->reg[R_CR0ACK] & bits) == bits;
}
static inline uint32_t model_errors(const struct iovm_smmuv3_model *m)
{
	return m->reg[R_GERROR] ^ m->reg[R_GERRORN];
}
static inline bool model_idr0(const struct iovm_smmuv3_model *m, uint32_t bits)
{
	return (m->c.idr[0] & bits) == bits;
}
static inline unsigned model_oas(const struct iovm_smmuv3_model *m)
{
	static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return bits[m->c.idr[5] & 7];
}
static inline unsigned model_sid_bits(const struct iovm_smmuv3_model *m) { return FIELD(m->c.idr[1], 0, 6); }
static inline unsigned model_ssid_bits(const struct iovm_smmuv3_model *m) { return FIELD(m->c.idr[1], 6, 5); }
static inline unsigned model_stall_model(const struct iovm_smmuv3_model *m) { return FIELD(m->c.idr[0], IDR0_STALL_MODEL, 2); }
bool iovm__model_load(const struct iovm_smmuv3_model *m, uint64_t addr, uint64_t *value);	/* 64 bits; false: abort, or beyond OAS */
bool iovm__model_store(const struct iovm_smmuv3_model *m, uint64_t addr, unsigned bytes, uint64_t value);

/* ---- queues: index and wrap in one number (3.5.1) ---- */
static inline unsigned queue_log2(const struct iovm_smmuv3_model *m, enum reg base)
{
	unsigned low = base == R_CMDQ_BASE ? 21 : base == R_EVENTQ_BASE ? 16 : 11, limit = FIELD(m->c.idr[1], low, 5), n = FIELD(m->reg[base], 0, 5);

	return n < limit ? n : limit;
}
static inline uint32_t queue_wrap(unsigned log2, uint32_t index)
{
	return index & ((2u << log2) - 1);
}
static inline uint32_t queue_used(unsigned log2, uint32_t prod, uint32_t cons)	/* more than 1 << log2: inconsistent */
{
	return queue_wrap(log2, prod - cons);
}
static inline uint64_t queue_slot(const struct iovm_smmuv3_model *m, enum reg base, unsigned log2, uint32_t index, unsigned bytes)
{
	uint64_t size = (uint64_t)bytes << log2, from = model_reg64(m, base) & ONES(5, 55);

	return (from & ~((size < 32 ? 32 : size) - 1)) + (uint64_t)(index & ((1u << log2) - 1)) * bytes;
}

/* ---- control.c ---- */
void iovm__model_cr0(struct iovm_smmuv3_model *m, uint32_t value);
void iovm__model_irq_ctrl(struct iovm_smmuv3_model *m, uint32_t value);
void iovm__model_gbpa(struct iovm_smmuv3_model *m, uint32_t value);
bool iovm__model_acks(const struct iovm_smmuv3_model *m);	/* any late ones? */
void iovm__model_ack(struct iovm_smmuv3_model *m);		/* one of them */

/* ---- error.c ---- */
void iovm__model_gerror(struct iovm_smmuv3_model *m, uint32_t bit);
void iovm__model_gerrorn(struct iovm_smmuv3_model *m, uint32_t value);
void iovm__model_interrupt(struct iovm_smmuv3_model *m, enum iovm_model_line line);
bool iovm__model_msi(struct iovm_smmuv3_model *m, uint64_t addr, uint32_t data, uint32_t error);

/* ---- cmdq.c, command.c ---- */
void iovm__model_cmdq_enabled(struct iovm_smmuv3_model *m);
void iovm__model_cmdq_prod(struct iovm_smmuv3_model *m, uint32_t value);
void iovm__model_cmdq_show(struct iovm_smmuv3_model *m);	/* CONS follows */
unsigned iovm__model_cmdq_left(const struct iovm_smmuv3_model *m);	/* commands that it has not looked at */
bool iovm__model_cmdq_ready(const struct iovm_smmuv3_model *m);
void iovm__model_cmdq_step(struct iovm_smmuv3_model *m);
void iovm__model_effect(struct iovm_smmuv3_model *m);		/* one late one */
bool iovm__model_sync_msi(struct iovm_smmuv3_model *m);
bool iovm__model_command(struct iovm_smmuv3_model *m, const struct iovm__model_command *c);	/* those that cannot wait, but for CMD_SYNC; false: not now */
bool iovm__model_legal(const struct iovm_smmuv3_model *m, const struct iovm__model_command *c);
void iovm__model_note(struct iovm_smmuv3_model *m, const struct iovm__model_command *c);
void iovm__model_carry_out(struct iovm_smmuv3_model *m, const struct iovm__model_command *c);	/* CFGI, TLBI, PREFETCH: now */

/* ---- config.c, legal.c ---- */
/* The STE of sid: NULL and *fault: C_BAD_STREAMID, F_STE_FETCH, C_BAD_STE */
const struct iovm__model_conf *iovm__model_ste(struct iovm_smmuv3_model *m, uint32_t sid, struct iovm__model_fault *fault);
const struct iovm__model_conf *iovm__model_cd(struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint32_t sid, uint32_t index, struct iovm__model_fault *fault);
bool iovm__model_ste_peek(struct iovm_smmuv3_model *m, uint32_t sid, uint64_t w[8]);	/* as it is in memory */
void iovm__model_cfgi_ste(struct iovm_smmuv3_model *m, uint32_t sid, unsigned range, bool leaf);
void iovm__model_cfgi_cd(struct iovm_smmuv3_model *m, uint32_t sid, uint32_t index, bool leaf);
void iovm__model_cfgi_cd_all(struct iovm_smmuv3_model *m, uint32_t sid);
void iovm__model_confs_age(struct iovm_smmuv3_model *m, bool end);	/* at a SYNC: who is stale? */
void iovm__model_prefetch(struct iovm_smmuv3_model *m);
bool iovm__model_ste_legal(const struct iovm_smmuv3_model *m, const uint64_t w[8]);
bool iovm__model_cd_legal(const struct iovm_smmuv3_model *m, const uint64_t ste[8], const uint64_t w[8]);
/* Rows of 7.2 and 8.2 that walks need, too: input size in range for this granule */
bool iovm__model_tsz_legal(const struct iovm_smmuv3_model *m, unsigned tsz, unsigned granule_log2);
bool iovm__model_s2_legal(const struct iovm_smmuv3_model *m, const uint64_t w[8]);
unsigned iovm__model_s2_start(unsigned granule_log2, unsigned sl0);	/* level; 4: reserved */

static inline unsigned ste_config(const struct iovm__model_conf *s) { return FIELD(s->w[0], 1, 3); }
static inline unsigned ste_cdmax(const struct iovm_smmuv3_model *m, const uint64_t w[8]) { return model_ssid_bits(m) ? FIELD(w[0], 59, 5) : 0; }
static inline bool ste_s1(const struct iovm__model_conf *s) { return (ste_config(s) & 5) == 5; }
static inline bool ste_s2(const struct iovm__model_conf *s) { return (ste_config(s) & 6) == 6; }
static inline unsigned granule_of(unsigned tg) { return tg == 0 ? 12 : tg == 1 ? 16 : tg == 2 ? 14 : 0; }	/* TG0, S2TG */
static inline unsigned granule1_of(unsigned tg) { return tg == 2 ? 12 : tg == 3 ? 16 : tg == 1 ? 14 : 0; }	/* TG1 */

/* ---- walk.c, tlb.c ---- */
bool iovm__model_walk(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, const struct iovm__model_ask *q, struct iovm__model_tlbe *out,
		      struct iovm__model_fault *fault);
/* Stage 2 alone, for CDs and first-level tables: class_ says for what */
bool iovm__model_walk_ipa(struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste, uint64_t *addr, unsigned class_, struct iovm__model_fault *fault);
struct iovm__model_tlbe *iovm__model_tlb_find(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, uint64_t addr);
void iovm__model_tlb_put(struct iovm_smmuv3_model *m, const struct iovm__model_tlbe *e);
struct iovm__model_tlbi {
	uint64_t first, last;
	uint16_t asid, vmid, vmid_mask;
	uint8_t world;
	bool by_asid, by_vmid, by_addr, both_worlds, keep_global;
};
void iovm__model_tlb_drop(struct iovm_smmuv3_model *m, const struct iovm__model_tlbi *t);

/* ---- translate.c, ats.c ---- */
void iovm__model_through(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r, bool quiet);
void iovm__model_ask_init(struct iovm__model_ask *q, const struct iovm_model_access *a, bool quiet);
bool iovm__model_resolve(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, struct iovm__model_space *s, struct iovm__model_fault *fault);
bool iovm__model_find(struct iovm_smmuv3_model *m, const struct iovm__model_space *s, const struct iovm__model_ask *q, struct iovm__model_tlbe *e, struct iovm__model_fault *fault);
void iovm__model_ats(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r);
void iovm__model_translated(struct iovm_smmuv3_model *m, const struct iovm_model_access *a, struct iovm_model_result *r);
unsigned iovm__model_eats(const struct iovm_smmuv3_model *m, const struct iovm__model_conf *ste);	/* effective */
bool iovm__model_atc_inv(struct iovm_smmuv3_model *m, const struct iovm__model_command *c);
void iovm__model_granted(struct iovm_smmuv3_model *m, uint32_t sid, uint32_t pasid, uint64_t root);
void iovm__model_granted_gone(struct iovm_smmuv3_model *m, uint32_t sid);
void iovm__model_granted_synced(struct iovm_smmuv3_model *m);

/* ---- event.c, stall.c, pri.c ---- */
void iovm__model_record(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const struct iovm__model_fault *f, uint64_t rec[4]);	/* builds it */
void iovm__model_event(struct iovm_smmuv3_model *m, const uint64_t rec[4], bool merge);		/* not a stall's */
bool iovm__model_event_stall(struct iovm_smmuv3_model *m, const uint64_t rec[4]);		/* whether it was written */
void iovm__model_event_cons(struct iovm_smmuv3_model *m, uint32_t value);
void iovm__model_event_show(struct iovm_smmuv3_model *m);
bool iovm__model_stall_put(struct iovm_smmuv3_model *m, const struct iovm__model_ask *q, const uint64_t rec[4], uint32_t *id);
void iovm__model_stall_flush(struct iovm_smmuv3_model *m);		/* events that waited */
void iovm__model_stall_resume(struct iovm_smmuv3_model *m, uint32_t sid, uint16_t tag, enum iovm_model_outcome how);
void iovm__model_stall_term(struct iovm_smmuv3_model *m, uint32_t sid);
void iovm__model_stall_off(struct iovm_smmuv3_model *m);		/* SMMUEN 1 to 0 */
void iovm__model_stall_changed(struct iovm_smmuv3_model *m);		/* a SYNC after CFGI or TLBI */
void iovm__model_stall_gone(struct iovm_smmuv3_model *m, uint32_t sid);
bool iovm__model_stall_early(struct iovm_smmuv3_model *m);		/* try one again, unasked */
unsigned iovm__model_stall_owed(const struct iovm_smmuv3_model *m);
void iovm__model_pri_cons(struct iovm_smmuv3_model *m, uint32_t value);
void iovm__model_pri_show(struct iovm_smmuv3_model *m);
void iovm__model_pri_resp(struct iovm_smmuv3_model *m, const struct iovm__model_command *c);
void iovm__model_pri_off(struct iovm_smmuv3_model *m);
void iovm__model_pri_gone(struct iovm_smmuv3_model *m, uint32_t sid);
unsigned iovm__model_pri_owed(const struct iovm_smmuv3_model *m);

/* ---- duty.c ---- */
void iovm__model_duty(struct iovm_smmuv3_model *m, enum iovm__duty d, bool kept);

#endif
