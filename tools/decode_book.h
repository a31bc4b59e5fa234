/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What decode has found so far: an entry per distinct record, in the order of first sight, and the blocks that were cut short. Bounded, whatever comes
 * in: beyond the limits it only counts. Equal are records of one kind and one IOMMU with the same words but for the low 12 bits of InputAddr, which
 * an SMMU may itself merge (IHI 0070 7.3): an entry keeps the first.
 */
#ifndef IOVM_DECODE_BOOK_H
#define IOVM_DECODE_BOOK_H
#include <stdbool.h>
#include <stdint.h>
#include "backends/smmuv3/codec.h"
#include "decode_stamp.h"

#define DECODE_ENTRIES	4096u
#define DECODE_CUTS	256u
#define DECODE_NAME	64u		/* of an IOMMU in a log */

struct decode_record {
	const char *kind;			/* codec.h's */
	const struct smmu_record *record;	/* NULL: no opcode or number that is known */
	uint64_t words[SMMU_RECORD_WORDS];
	unsigned nwords;
	char device[DECODE_NAME];		/* "" outside of a log */
	char client[DECODE_NAME];		/* whom the log blames */
	int said;				/* the number in the log's words, or -1 */
	uint64_t place;				/* line of the input, or record of the dump; from 1 */
	struct decode_stamp stamp;
};
struct decode_entry {
	struct decode_record first;
	uint64_t count, last_place;
	struct decode_stamp last;
};
struct decode_cut {
	struct decode_record record;		/* nwords: that it needs */
	unsigned have;				/* words that came */
	uint64_t bytes;				/* of a dump's last record; 0: not of a dump */
	bool headless;				/* its beginning is missing */
};
struct decode_book {
	struct decode_entry *entry;
	unsigned nentries;
	struct decode_cut *cut;
	uint64_t ncuts;				/* also those that are not kept */
	uint64_t records, unknown, more, zeroes;	/* all; of no known number; found no room as an entry; empty slots of a dump */
	uint64_t lines, long_lines;
	bool dump;				/* places are records, not lines */
	uint16_t *slot;				/* hash table: entry number + 1 */
};

bool decode_book_init(struct decode_book *book);
void decode_book_fini(struct decode_book *book);
/* The entry it was counted under, or NULL: there is no room for another. Until the book's end entries stay where they are. */
struct decode_entry *decode_book_add(struct decode_book *book, const struct decode_record *record);
void decode_book_cut(struct decode_book *book, const struct decode_cut *cut);

#endif
