/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Numbers are parsed here and not by strtoull, which takes blanks, signs and, with base 0, an octal 010 for 8; and lines are read here and not by
 * getline, which would keep whatever length it meets.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "smmu_words.h"

#define PAGE 4096u

void smmu_reader_init(struct smmu_reader *in, int fd)
{
	in->fd = fd;
	in->error = 0;
	in->at = in->size = 0;
}

/* Behind what is in the block; false: no more */
static bool fill(struct smmu_reader *in)
{
	ssize_t got;

	if (in->at == in->size)
		in->at = in->size = 0;
	do
		got = in->error ? 0 : read(in->fd, in->block + in->size, sizeof(in->block) - in->size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		in->error = errno;
	if (got > 0)
		in->size += (size_t)got;
	return got > 0;
}

size_t smmu_reader_look(struct smmu_reader *in)
{
	while (in->size - in->at < PAGE && fill(in))
		;
	return in->size - in->at < PAGE ? in->size - in->at : PAGE;
}

size_t smmu_reader_take(struct smmu_reader *in, void *into, size_t size)
{
	size_t done = 0;

	while (done < size && (in->at < in->size || fill(in))) {
		size_t n = in->size - in->at < size - done ? in->size - in->at : size - done;

		memcpy((char *)into + done, in->block + in->at, n);
		in->at += n;
		done += n;
	}
	return done;
}

bool smmu_reader_line(struct smmu_reader *in, char *line, size_t capacity, size_t *length, bool *cut)
{
	bool any = false;
	size_t n = 0;

	*cut = false;
	while (in->at < in->size || fill(in)) {
		char c = (char)in->block[in->at++];

		any = true;
		if (c == '\n')
			break;
		if (n + 1 < capacity)
			line[n++] = c;
		else
			*cut = true;
	}
	line[n] = '\0';
	*length = n;
	return any;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

static bool has_0x(const char *text, size_t length)
{
	return length > 2 && text[0] == '0' && (text[1] | 32) == 'x';
}

bool smmu_hex_parse(const char *text, size_t length, uint64_t *value)
{
	uint64_t sum = 0;

	if (has_0x(text, length)) {
		text += 2;
		length -= 2;
	}
	if (length < 1 || length > 16)
		return false;
	for (; length; length--, text++) {
		int d = digit(*text);

		if (d < 0)
			return false;
		sum = sum << 4 | (unsigned)d;
	}
	*value = sum;
	return true;
}

bool smmu_number_parse(const char *text, size_t length, uint64_t *value)
{
	uint64_t sum = 0;

	if (has_0x(text, length))
		return smmu_hex_parse(text, length, value);
	if (length < 1)
		return false;
	for (; length; length--, text++) {
		int d = digit(*text);

		if (d < 0 || d > 9 || sum > (UINT64_MAX - (unsigned)d) / 10)
			return false;
		sum = sum * 10 + (unsigned)d;
	}
	*value = sum;
	return true;
}
