/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The one hook that every event passes. Off, it costs one predictable branch; arguments are evaluated only when it is on. */
#ifndef IOVM_BASE_TRACE_H
#define IOVM_BASE_TRACE_H
#include <iovm/trace.h>
#include "base/env.h"

/* TRACE(port, NAME, .field = value, ...): pasid is given by every caller, the rest is 0 when not named */
#define TRACE(port, name, ...) do { \
	const struct iovm_port *trace_port_ = (port); \
	if (IOVM_UNLIKELY(trace_port_->trace != NULL)) { \
		const struct iovm_trace trace_rec_ = { .event = IOVM_TR_##name, __VA_ARGS__ }; \
		trace_port_->trace(trace_port_->ctx, &trace_rec_); \
	} \
} while (0)

#endif
