/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The time at which a line was logged, where the line says so. */
#ifndef IOVM_DECODE_STAMP_H
#define IOVM_DECODE_STAMP_H
#include <stdbool.h>
#include <stdint.h>

enum decode_clock { DECODE_NO_CLOCK, DECODE_SINCE_BOOT, DECODE_DATE };	/* times of different clocks are not compared */
struct decode_stamp {
	enum decode_clock clock;
	int64_t us;
	char text[36];		/* as it stands in the line */
};

/* "[ 1234.567890]" anywhere near the start of the line is preferred to the date before it: it is finer. *rest: what follows the kernel's stamp, or the line */
struct decode_stamp decode_stamp_find(const char *line, const char **rest);
/* false: one of them is missing, of another clock, or they run backwards */
bool decode_stamp_span(const struct decode_stamp *first, const struct decode_stamp *last, int64_t *us);

#endif
