/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Where decode's words come from: arguments, text, or a raw dump. */
#ifndef IOVM_DECODE_INPUT_H
#define IOVM_DECODE_INPUT_H
#include "decode_book.h"
#include "smmu_words.h"

enum decode_form { DECODE_GUESS, DECODE_TEXT, DECODE_RAW };

struct decode_source {
	const char *kind;			/* of words that do not say it; codec.h's */
	const struct smmu_record *fixed;	/* what they are, if their kind is not enough (L1, registers) */
	enum decode_form form;
};

/* false: an argument is not words: *bad; or there is no memory: NULL */
bool decode_arguments(struct decode_book *book, const struct decode_source *s, char **argument, int count, const char **bad);
/* false: no memory. A read that failed is in->error */
bool decode_stream(struct decode_book *book, const struct decode_source *s, struct smmu_reader *in);

#endif
