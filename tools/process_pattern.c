/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Bytes that no other address and no other transfer would have: a page in the wrong place, or an old one, is noticed. */
#include "process.h"

static unsigned char byte_at(uint64_t addr, uint64_t seed)
{
	uint64_t x = (addr >> 3 ^ seed) * UINT64_C(0x9e3779b97f4a7c15);

	return seed ? (unsigned char)((x ^ x >> 29) >> (addr & 7) * 8) : 0;
}

void pattern_fill(void *buf, uint64_t addr, size_t len, uint64_t seed)
{
	unsigned char *to = buf;

	for (size_t i = 0; i < len; i++)
		to[i] = byte_at(addr + i, seed);
}

bool pattern_holds(const void *buf, uint64_t addr, size_t len, uint64_t seed)
{
	const unsigned char *from = buf;

	for (size_t i = 0; i < len; i++)
		if (from[i] != byte_at(addr + i, seed))
			return false;
	return true;
}
