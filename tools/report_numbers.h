/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Numbers as the reports write them. Each text lives in a ring: a few may be alive at a time. */
#ifndef TOOLS_REPORT_NUMBERS_H
#define TOOLS_REPORT_NUMBERS_H
#include <stdint.h>

unsigned digits(uint64_t n);		/* 0 has none */
const char *grouped(uint64_t n);	/* 1,234,567 */
const char *shorter(uint64_t n);	/* 1.2M: at most four characters */
const char *duration(uint64_t ns);	/* 512 ns, 1.02 us, 16.4 ms: three digits */

#endif
