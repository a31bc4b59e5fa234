/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The queue is read after each store that makes the SMMU carry out commands: what lies between the last CONS and this one was carried out, in this order. */
#include "board.h"
#include "log.h"

enum { REG_CR0 = 0x20, REG_GERROR = 0x60, REG_GERRORN = 0x64, REG_CMDQ_BASE = 0x90, REG_CMDQ_PROD = 0x98, REG_CMDQ_CONS = 0x9c,
       REG_EVENTQ_BASE = 0xa0, REG_EVENTQ_PROD = 0x100a8, REG_EVENTQ_CONS = 0x100ac, INDEX = 0xfffff };
enum { SMMUEN = 1, EVENTQEN = 4, CMDQEN = 8, CMDQ_ERR = 1, EVENTQ_ABT_ERR = 4, OPCODE_SYNC = 0x46, OPCODE_NONE = 0xff, TG_4K = 1, NOTED = 1 << 20 };
#define OVACKFLG	(1u << 31)

struct log command_log;
unsigned long log_spoilt;
static struct { struct { uint64_t kind, word[4]; } note[NOTED]; unsigned n; bool full; } noted;

static uint64_t *slot(const struct log *log, uint32_t at) { return log->queue + 2 * (at & ((1u << log->log2) - 1)); }
static uint32_t next(const struct log *log, uint32_t at) { return (at + 1) & ((2u << log->log2) - 1); }
static uint32_t real_read(const struct log *log, uint32_t offset) { return log->real.read32(log->real.regs, offset); }

void log_note(enum log_note kind, const uint64_t *words, unsigned n)
{
	noted.full |= noted.n == NOTED;
	if (noted.full)
		return;
	noted.note[noted.n].kind = kind;
	memcpy(noted.note[noted.n++].word, words, n * sizeof *words);
}

static void follow(struct log *log, const uint64_t *command)
{
	unsigned opcode = command[0] & 0xff;

	log->disorder += opcode / 16 + 1 == LOG_TLBI && (command[1] >> 10 & 3) > TG_4K;	/* of a size that our tables do not have */
	log->consumed++;
	if (!(real_read(log, REG_CR0) & SMMUEN))	/* before it is on, order does not matter */
		return;
	log->disorder += log->cfgi_open && opcode / 16 + 1 == LOG_TLBI;
	log->cfgi_open = opcode != OPCODE_SYNC && (log->cfgi_open || opcode / 16 + 1 == LOG_CFGI);
	log->open = opcode != OPCODE_SYNC;
}

static void note_consumed(struct log *log)
{
	uint32_t cons = real_read(log, REG_CMDQ_CONS) & ((2u << log->log2) - 1);

	if (!(real_read(log, REG_CR0) & CMDQEN))
		return;
	for (; log->seen != cons; log->seen = next(log, log->seen)) {
		log_note(NOTE_COMMAND, slot(log, log->seen), 2);
		follow(log, slot(log, log->seen));
		log->stopped = false;
	}
	if (!log->stopped && (real_read(log, REG_GERROR) ^ real_read(log, REG_GERRORN)) & CMDQ_ERR) {
		log_note(NOTE_COMMAND, slot(log, cons), 2);
		log->failed++;
		log->stopped = true;
	}
}

static void spoil(struct log *log, uint32_t prod)
{
	uint32_t at;

	for (at = log->seen; log->spoil && at != prod; at = next(log, at))
		if ((slot(log, at)[0] & 0xff) / 16 + 1 == log->spoil) {
			slot(log, at)[0] |= OPCODE_NONE;
			log->spoil = LOG_NONE;
			log_spoilt++;
		}
}

static void check_queues(struct log *log, uint32_t on)
{
	if (on & CMDQEN)
		log->disorder += ((real_read(log, REG_CMDQ_PROD) ^ real_read(log, REG_CMDQ_CONS)) & INDEX) != 0;
	if (on & EVENTQEN)
		log->disorder += ((real_read(log, REG_EVENTQ_PROD) ^ real_read(log, REG_EVENTQ_CONS)) & INDEX) != 0;
}

/* Before the SMMU hears that their room is free */
static void note_events(struct log *log, uint32_t cons)
{
	log->overflows += (cons ^ log->events_seen) >> 31;
	for (; (log->events_seen ^ cons) & log->events_mask; log->events_seen++, log->events++)
		log_note(NOTE_EVENT, log->events_queue + 4 * (log->events_seen & log->events_mask >> 1), 4);
	log->events_seen = cons;
}

static void between_write32(void *regs, uint32_t offset, uint32_t value)
{
	struct log *log = regs;
	uint32_t active = real_read(log, REG_GERROR) ^ real_read(log, REG_GERRORN), gerrorn = real_read(log, REG_GERRORN);

	if (offset == REG_CMDQ_BASE) {
		log->queue = bus_memory(value & ~31u);
		log->log2 = value & 31;
	}
	if (offset == REG_CMDQ_CONS)
		log->seen = value;
	if (offset == REG_CMDQ_PROD && log->spoil)
		spoil(log, value);
	if (offset == REG_EVENTQ_BASE) {
		log->events_queue = bus_memory(value & ~31u);
		log->events_mask = (2u << (value & 31)) - 1;
	}
	if (offset == REG_EVENTQ_CONS && real_read(log, REG_CR0) & EVENTQEN)
		note_events(log, value);
	else if (offset == REG_EVENTQ_CONS)
		log->events_seen = value;
	if (offset == REG_GERRORN) {
		log->aborts += !!((value ^ gerrorn) & active & EVENTQ_ABT_ERR);
		log->stopped &= !((value ^ gerrorn) & active & CMDQ_ERR);	/* it is tried again */
	}
	if (offset == REG_CR0)
		check_queues(log, value & ~real_read(log, REG_CR0));
	log->real.write32(log->real.regs, offset, value);
	if (offset == REG_CMDQ_PROD || offset == REG_GERRORN)
		note_consumed(log);
}

static uint32_t between_read32(void *regs, uint32_t offset) { return real_read(regs, offset); }

void log_between(struct log *log, struct iovm_smmuv3_config *config)
{
	*log = (struct log){ .real = *config };
	config->regs = log;
	config->read32 = between_read32;
	config->write32 = between_write32;
}

bool log_save(void)
{
	char name[256];
	char *file = name;

	if (!board_arguments(name, sizeof name))
		return true;
	while (*file && *file != ' ')		/* the first word is the program's name */
		file++;
	if (!*file)
		return true;
	return !noted.full && board_file(file + 1, noted.note, noted.n * sizeof noted.note[0]);
}
