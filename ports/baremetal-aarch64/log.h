/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A witness between the driver and the registers: every command that the SMMU consumed and every event that the driver took, in order, as they stood in
 * the queues, and the transfers in between, for tests/baremetal.sh to compare with what the emulator says that it decoded, and with what another
 * SMMU did; and counts to compare with iovm_smmuv3_stats(). It can also spoil a command.
 *
 * It relies on QEMU: commands are carried out within the store to CMDQ_PROD or GERRORN.
 */
#ifndef LOG_H
#define LOG_H
#include <iovm/smmuv3.h>

enum log_kind { LOG_NONE, LOG_CFGI = 1 + 0, LOG_TLBI = 1 + 1, LOG_SYNC = 1 + 4 };	/* of commands: 1 + opcode / 16 */
enum log_note {			/* a line of five words in the file: this, and up to four */
	NOTE_COMMAND,		/* as it stood in the queue */
	NOTE_EVENT,
	NOTE_TRANSFER,		/* stream, input address, offset << 32 | length, 0 or a hash of the data that memory has now; bit 32 of the stream: to memory; 33: went through */
};
struct log {
	struct iovm_smmuv3_config real;		/* where accesses go on to */
	uint64_t *queue, *events_queue;
	unsigned log2;
	uint32_t seen;				/* CMDQ_CONS, index and wrap, up to which commands are noted */
	uint32_t events_seen, events_mask;	/* EVENTQ_CONS as last written; its index and wrap bits */
	bool stopped;				/* the command at seen was noted as it failed */
	enum log_kind spoil;			/* make the next command of this kind an illegal one */
	bool cfgi_open, open;			/* since the last SYNC there were: CFGIs, commands */
	unsigned long consumed, failed, events, aborts, overflows;	/* aborts, overflows: EVENTQ_ABT_ERR, EVENTQ_PROD.OVFLG acknowledged */
	unsigned long disorder;			/* TLBI while a CFGI was not complete: what is thrown out may come back from the old entry; or a queue that was not empty when switched on */
};
extern struct log command_log;
enum { LOG_TRIES = 2 };			/* the driver tries a command that is refused once more as it stands, then replaces it: so often it fails */
extern unsigned long log_spoilt;	/* commands, in all lives */
void log_between(struct log *log, struct iovm_smmuv3_config *config);	/* from here on config's accesses pass by the log */
void log_note(enum log_note kind, const uint64_t *words, unsigned n);	/* n words, 1..4 */
bool log_save(void);		/* everything noted, into the file that the command line names; true: done, or none is named */

#endif
