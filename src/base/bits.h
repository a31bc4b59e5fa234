/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pure arithmetic on words: no memory, no order. */
#ifndef IOVM_BASE_BITS_H
#define IOVM_BASE_BITS_H
#include "base/env.h"

static inline unsigned bits_len64(uint64_t x)	/* bits needed to write x; 0 for 0 */
{
	uint32_t high = (uint32_t)(x >> 32), low = (uint32_t)x;	/* two halves: no library call on 32-bit hosts */

	return high ? 64u - (unsigned)__builtin_clz(high) : low ? 32u - (unsigned)__builtin_clz(low) : 0;
}
static inline uint32_t bits_mix(uint64_t x)	/* spread every bit of x over 32 */
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(x >> 32);
}
static inline unsigned bits_ceil_log2(uint64_t x)	/* smallest n with 2^n >= x; x <= 2^63 */
{
	return x <= 1 ? 0 : bits_len64(x - 1);
}

#endif
