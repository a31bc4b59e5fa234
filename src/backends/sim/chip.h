/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A chip: an SMMUv3 of registers and memory (smmuv3/) in the place of the direct IOMMU, with the library's driver on its registers. The two meet nowhere else.
 *
 *   chip.c        making one; its registers, as the driver reads and writes them; queues as positions
 *   chip_bus.c    the devices' side: translation, page requests, stalls, invalidations
 *   chip_tell.c   commands and events into the trace
 *   chip_err.c    what it does wrong: F24, F25, F27 to F39
 *   chip_power.c  off and on again (F37), and one that never comes up (F38)
 */
#ifndef SIM_CHIP_H
#define SIM_CHIP_H
#include <iovm/smmuv3.h>
#include <stdio.h>
#include <string.h>
#include "backends/sim/endpoint.h"
#include "base/env.h"

enum { IOVM__CHIP_STALLS = 512, IOVM__CHIP_TAGS = 64, IOVM__CHIP_DONE = 64, IOVM__CHIP_PRI = 0, IOVM__CHIP_EVENTS = 1 };

struct iovm__chip_mark { uint32_t stream_id; uint8_t fault; };	/* of an entry that carries out an injection */
struct iovm__chip_queue {	/* an output queue in absolute positions, as the driver counts them */
	uint64_t prod, cons;
	uint64_t base;		/* position at which the present model began to count */
	unsigned log2;
	struct iovm__chip_mark *mark;
	bool late, overflow;	/* F27, F24 or F25: it will be seen */
};

struct iovm__chip {
	struct iovm__node *node;
	struct iovm_sim *sim;
	struct iovm_smmuv3_model *model;
	struct iovm_smmuv3_model_config config;
	struct iovm__chip_queue queue[2];
	uint64_t checked[64];		/* how often each duty mattered to models that it had before */
	bool calm;			/* nothing goes wrong: it is being switched */

	/* chip_bus.c */
	const struct iovm__access *asking;	/* whose access it looks at now */
	bool rogue;				/* the page request that enters is an injection */
	bool answered;				/* it has answered that one by itself, so: */
	uint8_t answer;
	struct { struct iovm_sim_ep *ep; uint32_t stall; uint16_t id; } stall[IOVM__CHIP_STALLS];
	unsigned nstalls;
	struct { struct iovm_sim_ep *ep; uint64_t lost_at; bool used; } inv[IOVM__CHIP_TAGS];

	/* chip_tell.c */
	uint64_t commands;		/* how many it has carried out */
	uint64_t ill;			/* ticket of the command that was taken for illegal last */
	uint64_t bad;			/* ticket of one that was taken for illegal twice: the next fence fails. 0: none */
	bool bad_fence;			/* it is a fence itself */
	uint64_t told;			/* ticket of the newest fence below */
	/* fences that were carried out, and the driver cannot see it yet; msi: the word that is still to be written, 0: none */
	struct { uint64_t ticket, at, msi; int16_t error; } done[IOVM__CHIP_DONE];
	unsigned ndone;

	/* chip_err.c */
	unsigned stand_fault;		/* the queue stands: F31 or F35; 0: it goes */
	uint64_t stand_until;
	bool stand_seen;
	uint64_t spoilt_at;		/* number of the command that was spoilt last, */
	unsigned spoilt;		/* and how often */
	unsigned error_fault;		/* of the command error that is not acknowledged yet */
	uint32_t raised;		/* GERROR bits of F36 */
	bool pri_abort, filling;	/* F30; F25's records come */
};

void iovm__chip_injected(struct iovm__chip *chip, unsigned number, uint32_t stream_id);

/* chip.c */
void iovm__chip_update(struct iovm__chip *chip);	/* what can it do now, and what may the driver know? */
uint32_t iovm__chip_register(struct iovm__chip *chip, uint32_t offset);	/* as it is, whatever the driver is told */

/* chip_bus.c */
extern const struct iovm__bus_ops iovm__chip_bus_ops;
void iovm__chip_bus_config(struct iovm_smmuv3_model_config *config);	/* its callbacks */
void iovm__chip_timeouts(struct iovm__chip *chip);	/* invalidations that nobody answered in time */
uint64_t iovm__chip_next_timeout(const struct iovm__chip *chip);

/* chip_tell.c: model callbacks */
void iovm__chip_command(void *chip, const uint64_t words[2], uint32_t index, unsigned error);
void iovm__chip_msi(struct iovm__chip *chip, uint64_t addr);	/* it was written */
void iovm__chip_told(struct iovm__chip *chip, bool read);	/* tell of fences that the driver may know of; read: it has just read CMDQ_CONS */
void iovm__chip_event(void *chip, const uint64_t words[4], uint64_t position);
void iovm__chip_consumed(struct iovm__chip *chip, unsigned queue, uint32_t cons);	/* the driver wrote CONS */
void iovm__chip_mark(struct iovm__chip *chip, unsigned queue, uint64_t position, unsigned fault, uint32_t stream_id);

/* chip_err.c */
bool iovm__chip_errs(void *chip, enum iovm_model_error what);	/* model callback */
unsigned iovm__chip_choose(void *chip, unsigned n, const char *point);	/* model callback */
uint32_t iovm__chip_misread(struct iovm__chip *chip, uint32_t offset, uint32_t value);
void iovm__chip_doorbell(struct iovm__chip *chip);
void iovm__chip_acknowledged(struct iovm__chip *chip, uint32_t errors);
void iovm__chip_err_step(struct iovm__chip *chip);
void iovm__chip_err_timer(struct iovm__chip *chip);
bool iovm__chip_loses(struct iovm__chip *chip);	/* F34: this invalidation gets lost */

#endif
