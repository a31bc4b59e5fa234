/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the decoder promises of any words. An input is one byte, which chooses the kind (modulo their number), and the words, little-endian; what is
 * missing is zero, what is too much is ignored.
 */
#ifndef FUZZ_DECODE_H
#define FUZZ_DECODE_H
#include <stddef.h>
#include <stdint.h>

#define FUZZ_INPUT_MAX (1 + 8 * 8)

extern const char *const fuzz_kinds[];
extern const unsigned fuzz_nkinds;

const char *fuzz_check(const uint8_t *data, size_t size);		/* NULL, or the promise that is broken */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
