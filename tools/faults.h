/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The faults by number and name: what --inject understands, and what the report calls them. */
#ifndef TOOLS_FAULTS_H
#define TOOLS_FAULTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_MAX 61u

const char *fault_name(unsigned number);	/* NULL: no such fault */
uint64_t faults_of(bool smmuv3);		/* bit n: this machine can deliver Fn, and a right engine survives it */
/*
 * LIST of numbers (16, F16) or names, comma-separated, or "none", or "all" (every fault that a right engine survives on this machine).
 * 0, or -1 with a sentence in why.
 */
int faults_parse(const char *list, bool smmuv3, uint64_t *mask, char *why, size_t len);

#endif
