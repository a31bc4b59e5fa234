/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What libiovm's sources take of the kernel, in place of src/base/env.h. */
#ifndef IOVM_LINUX_ENV_H
#define IOVM_LINUX_ENV_H
#include "iovm_types.h"

#define IOVM_ASSERT(x)	BUG_ON(!(x))

/* Its flags are an unsigned: the state that is saved is in the low half on every architecture */
#define IOVM_IRQ_SAVE(flags)	local_irq_save(flags)
#define IOVM_IRQ_RESTORE(flags)	local_irq_restore(flags)

#define IOVM_LIKELY(x)		likely(x)
#define IOVM_UNLIKELY(x)	unlikely(x)
#define IOVM_PREFETCH(p)	__builtin_prefetch(p)
#define IOVM_LINE		64
#define IOVM_ALIGNED		__aligned(IOVM_LINE)

#endif
