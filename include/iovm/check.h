/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The invariant checker: reads trace records and nothing else. docs/INVARIANTS.md has what each invariant says.
 * One thread at a time per checker; allocates with malloc as the trace grows (it is a test tool, part of libiovm-sim).
 */
#ifndef IOVM_CHECK_H
#define IOVM_CHECK_H
#include <iovm/trace.h>
#ifdef __cplusplus
extern "C" {
#endif

#define IOVM_CHECK_MAX 64		/* invariants are numbered 1..43 */
struct iovm_check;
struct iovm_check_count { uint64_t checked, violations; };

struct iovm_check *iovm_check_new(void);	/* NULL: no memory */
void iovm_check_record(struct iovm_check *check, const struct iovm_trace *rec);	/* in order of happening */
/* The run is over and everything was torn down: what must be true at the end. May be called once. */
void iovm_check_end(struct iovm_check *check);
unsigned iovm_check_violations(const struct iovm_check *check);
/* Bit n: invariant n is held by this checker: for IOMMUs without registers, or for SMMUv3s */
uint64_t iovm_check_set(bool smmuv3);
const struct iovm_check_count *iovm_check_count(const struct iovm_check *check, unsigned invariant);
/* The first violation in words: "I2: record 1234: RESP without ..." ; NULL: none. Valid until iovm_check_del(). */
const char *iovm_check_first(const struct iovm_check *check);
void iovm_check_del(struct iovm_check *check);

#ifdef __cplusplus
}
#endif
#endif
