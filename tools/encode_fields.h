/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* A record's words from "NAME=VALUE" pairs, for both forms of `iovm encode`. */
#ifndef IOVM_ENCODE_FIELDS_H
#define IOVM_ENCODE_FIELDS_H
#include "backends/smmuv3/codec.h"

#define ENCODE_WHY 160u

/* One pair into words: a field of record; RESERVED=bit,bit; MISMATCH=name or number. false: why says what is wrong with it */
bool encode_pair(const struct smmu_record *r, uint64_t *words, const char *name, size_t length, const char *value, size_t digits, char why[ENCODE_WHY]);

#endif
