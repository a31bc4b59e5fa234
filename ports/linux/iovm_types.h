/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * <stdint.h> for libiovm's headers, and every header of the kernel that its sources need: they must come before
 * <stdatomic.h>, since both have an atomic_fetch_add(), and the compiler's are macros. Limits are literals, as #if
 * wants them.
 */
#ifndef IOVM_LINUX_TYPES_H
#define IOVM_LINUX_TYPES_H
#include <linux/bug.h>
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>

#define UINT8_MAX	0xff
#define UINT16_MAX	0xffff
#define UINT32_MAX	0xffffffffU
#define UINT64_MAX	0xffffffffffffffffULL
#define UINTPTR_MAX	ULONG_MAX
#define UINT64_C(c)	c ## ULL

#endif
