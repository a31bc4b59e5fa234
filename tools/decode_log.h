/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Finds records in text: a kernel's log among other lines, or plain hex words. One line at a time, in bounded memory. */
#ifndef IOVM_DECODE_LOG_H
#define IOVM_DECODE_LOG_H
#include "decode_book.h"

#define DECODE_OPEN 32u		/* IOMMUs that may have a block open at the same time */

/* Words of one IOMMU that are becoming a record */
struct decode_block {
	struct decode_record record;	/* nwords: that it needs */
	unsigned have;
	bool used, open, headless;
	uint64_t touched;
	struct decode_entry *last;	/* its previous record's */
};
struct decode_log {
	struct decode_book *book;
	const struct smmu_record *fixed;	/* what plain words are; NULL: they say it themselves */
	const char *kind;
	unsigned nwords;
	struct decode_block block[DECODE_OPEN], plain;
};

void decode_log_init(struct decode_log *log, struct decode_book *book, const char *kind, const struct smmu_record *fixed);
void decode_log_line(struct decode_log *log, char *line, size_t length);	/* may change line; counts it in book->lines */
void decode_log_word(struct decode_log *log, uint64_t word);			/* a plain one */
/* The next hex word of `at`, of `least` digits if it has no 0x: 1; a lone 0: 2; 0: no more; -1: something else stands there */
int decode_log_next(const char **at, unsigned least, uint64_t *word);
void decode_log_end(struct decode_log *log);

#endif
