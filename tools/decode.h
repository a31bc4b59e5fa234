/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The parts of `iovm decode` and `iovm encode` to each other. */
#ifndef IOVM_DECODE_H
#define IOVM_DECODE_H
#include <stdio.h>
#include "decode_book.h"
#include "smmu_words.h"

enum { DECODE_GOOD = 0, DECODE_BAD = 1, DECODE_USAGE = 2 };

/* Result pages of a book, on stdout */
void decode_text(const struct decode_book *book);
bool decode_json(const struct decode_book *book);	/* false: no memory */

/* "CMD\tNAME\tDATA" lines from in, answered on out; DECODE_BAD if one of them was answered with ERR */
int decode_tsv(struct smmu_reader *in, FILE *out);
int encode_tsv(struct smmu_reader *in, FILE *out);

/* What both need of a record */
const char *decode_kind_says(const char *kind);		/* "event" for "EVT" */
bool decode_is_event(const struct decode_record *r);
/* As PCI counts: "00:06.1" of a StreamID's low 16 bits */
void decode_pci(uint64_t sid, char text[16]);
void decode_duration(int64_t us, char text[32]);	/* "3.2 s" */
/* Where a cut block was, and what is left of it, as a sentence */
void decode_cut_say(const struct decode_cut *cut, char *text, size_t size);
/* What the exit code is, and *why when it is not good */
int decode_verdict(const struct decode_book *book, const char **why);

#endif
