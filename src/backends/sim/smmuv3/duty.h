/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What a driver owes to an SMMUv3. Counted each time that it matters: a duty that was never checked was not tested. Clauses are those of IHI 0070. */
#ifndef SIM_SMMUV3_DUTY_H
#define SIM_SMMUV3_DUTY_H
#include "base/env.h"

#define IOVM__DUTIES(X) \
	X(ACCESS, "access", "6.1", "registers are accessed aligned, by 4 or 8 bytes, and inside the two pages") \
	X(GUARD, "guard", "6.3", "a guarded register is written only while its enable and its acknowledge are 0") \
	X(UPDATE, "update", "6.3.9", "a control field is not written again before its acknowledge") \
	X(GERRORN, "gerrorn", "7.5", "only active errors are acknowledged") \
	X(SETUP, "setup", "6.3.25", "a queue is enabled with consistent indexes and with equal overflow flags") \
	X(INIT, "init", "3.11", "SMMUEN is set after all caches were invalidated and that was synchronized") \
	X(PROD, "prod", "3.5.1", "CMDQ_PROD moves forward, and never more than a queue ahead of CMDQ_CONS") \
	X(ENTRY, "entry", "3.5.1", "a submitted command stays as it is until it is consumed") \
	X(COMMAND, "command", "4.1", "commands are legal") \
	X(CONS, "cons", "3.5.1", "the index of an output queue moves forward, and not beyond its PROD") \
	X(OVACK, "ovack", "8.1", "an overflow is acknowledged together with all that was in the queue") \
	X(RESUME, "resume", "4.7.1", "each CMD_RESUME names a stall of its stream that was shown and not yet resumed") \
	X(STALLED, "stalled", "3.12.2", "each stall that was shown is resumed or terminated") \
	X(STALL_TERM, "stall-term", "4.7.2", "CMD_STALL_TERM follows an STE that terminates, its CFGI and a SYNC, and what it ended is not resumed") \
	X(PCIE, "pcie", "16.4", "streams of PCIe functions are not made to stall") \
	X(ANSWER, "answer", "4.5.2", "each CMD_PRI_RESP answers one Last of the queue that has no answer yet") \
	X(ANSWERED, "answered", "8.1", "each Last that entered the queue is answered") \
	X(CREDIT, "credit", "8.1", "PRIQ_CONS passes a Last before it is answered") \
	X(ATC_ORDER, "atc-order", "4.5.1", "TLB invalidations are synchronized before a CMD_ATC_INV") \
	X(ATC_SIZE, "atc-size", "3.9.1", "CMD_ATC_INV covers at least the smallest translation unit") \
	X(CFGI, "cfgi", "4.3", "a structure that was changed is invalidated, and that is synchronized") \
	X(ASID, "asid", "3.17", "an ASID or VMID is used for another table only after its TLB entries are gone") \
	X(PASID, "pasid", "3.9.1", "a PASID is used for another table only after its device TLB entries are gone") \
	X(ACKNOWLEDGED, "acknowledged", "7.4", "errors and overflows are acknowledged")

enum iovm__duty {
#define X(id, name, clause, sentence) DUTY_##id,
	IOVM__DUTIES(X)
#undef X
	DUTIES
};
struct iovm__model_count { uint64_t checked, broken; };

#endif
