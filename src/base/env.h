/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the core needs of its environment beyond the port, replaceable as a whole: -DIOVM_ENV_H='"my_env.h"'. The default needs a freestanding C11
 * compiler and mem{cpy,move,set,cmp}.
 */
#ifndef IOVM_BASE_ENV_H
#define IOVM_BASE_ENV_H
#ifdef IOVM_ENV_H
#include IOVM_ENV_H
#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int c, size_t n);

/* Our own promises, never a device's input. A kernel maps it to BUG_ON(). */
#ifndef IOVM_ASSERT
#ifdef NDEBUG
#define IOVM_ASSERT(x)	((void)sizeof(x))
#else
#define IOVM_ASSERT(x)	((x) ? (void)0 : __builtin_trap())
#endif
#endif

/* Around the bounded section of a command queue: a kernel masks interrupts here; in user space its bound is the scheduler's. */
#ifndef IOVM_IRQ_SAVE
#define IOVM_IRQ_SAVE(flags)	((flags) = 0)
#define IOVM_IRQ_RESTORE(flags)	((void)(flags))
#endif

#define IOVM_LIKELY(x)		__builtin_expect(!!(x), 1)
#define IOVM_UNLIKELY(x)	__builtin_expect(!!(x), 0)
#define IOVM_PREFETCH(p)	__builtin_prefetch(p)
#define IOVM_LINE		64	/* bytes; what two writers must not share */
#define IOVM_ALIGNED		__attribute__((aligned(IOVM_LINE)))

#endif
#endif
