/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What golden vectors call QUE and ALG: queue indexes, GERROR, and how a range becomes invalidations. Independent of the driver, so that both can be compared. */
#ifndef IOVM_SMMU_RANGES_H
#define IOVM_SMMU_RANGES_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct smmu_argument { const char *name; size_t length; uint64_t value; };

/*
 * Prints "KIND<tab>NAME<tab>RESULT" of `name` of this kind (QUE or ALG) with these arguments (what is not given is 0) to out and returns NULL, or returns the reason
 * why there is no result, and prints nothing.
 */
const char *smmu_ranges_print(FILE *out, const char *kind, const char *name, const struct smmu_argument *arguments, unsigned count);

#endif
