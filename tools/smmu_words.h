/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Words, numbers and lines as people and logs write them: what decode and encode share. Any bytes may come in; nothing is allocated. */
#ifndef IOVM_SMMU_WORDS_H
#define IOVM_SMMU_WORDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMMU_LINE_MAX 65536u

/* A file descriptor that is read once, and may be looked at before it is */
struct smmu_reader {
	int fd, error;			/* error: errno of a read that failed; the input ends there */
	size_t at, size;
	unsigned char block[SMMU_LINE_MAX];
};

void smmu_reader_init(struct smmu_reader *in, int fd);
/* How much can be looked at in in->block without taking it: a page, unless the input ends before */
size_t smmu_reader_look(struct smmu_reader *in);
size_t smmu_reader_take(struct smmu_reader *in, void *into, size_t size);	/* less than size: the input has ended */
/* One line without its newline, 0 behind its end; bytes beyond capacity - 1 are read and dropped (cut). false: the input has ended */
bool smmu_reader_line(struct smmu_reader *in, char *line, size_t capacity, size_t *length, bool *cut);

/* 1 to 16 hex digits, with or without 0x, and nothing else */
bool smmu_hex_parse(const char *text, size_t length, uint64_t *value);
/* 0x and hex digits, or decimal digits, below 2^64, and nothing else */
bool smmu_number_parse(const char *text, size_t length, uint64_t *value);

#endif
