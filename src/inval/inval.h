/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Taking translations back: a range of an mm (invalidate), or all that one device has of it (cut).
 * Order, always: table or entry first, ENTRY fence, TLB fence, ATC fence. All callers are notifiers or mutators: they wait, bounded by port.wait.
 */
#ifndef IOVM_INVAL_INVAL_H
#define IOVM_INVAL_INVAL_H
#include "mmctx/slot.h"

/* Pure: the ATC commands that cover first..last: 1 or 2, each a naturally aligned power of two >= 2^stu pages (PCIe 10.3.1; SMMU 4.5.1) */
unsigned iovm__atc_split(uint64_t first, uint64_t last, unsigned stu, uint64_t out[2][2]);

/* No device uses what the tables of slot held for first..last before: 0, or TIMEDOUT, HARDWARE, DEAD */
int iovm__inval_slot(struct iovm__slot *slot, uint64_t first, uint64_t last);

/*
 * The cut's commands for one bond, in phase order; returns how many: 1..3. The TLB is among them for every bond, not for the last one on an IOMMU only: who is last is known
 * before the others' entry fences are, and until those a device may still walk under the ASID.
 */
unsigned iovm__cut_commands(const struct iovm__bond *bond, struct iovm_cmd cmd[3]);
void iovm__cut_quiet(struct iovm__bond *bond);	/* the entry: one store; any caller, idempotent */
/* QUIET entry to last fence for one bond; records the outcome in bond->cut */
int iovm__cut_bond(struct iovm__bond *bond);
/* The same for every bond of a slot that is in use */
int iovm__cut_slot(struct iovm__slot *slot);
void iovm__cut_note(struct iovm__bond *bond, int err);	/* 0: done; it stays done */
void iovm__cut_anew(struct iovm__bond *bond);	/* the entry was stored after a cut may have begun: quiet again, and iovm__cut_bond() once more */

#endif
