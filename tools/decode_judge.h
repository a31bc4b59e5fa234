/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What cannot be right in a record: values that contradict each other, or that the architecture calls illegal. */
#ifndef IOVM_DECODE_JUDGE_H
#define IOVM_DECODE_JUDGE_H
#include "decode_book.h"

/* A sentence for each problem, without the reserved bits, which the codec tells. text is good until say returns. */
void decode_judge(const struct decode_record *r, void (*say)(void *arg, const char *text), void *arg);

#endif
