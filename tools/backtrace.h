/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Back traces by libunwind: who made this, and where we crashed. Without libunwind they are empty, and say so. */
#ifndef TOOLS_BACKTRACE_H
#define TOOLS_BACKTRACE_H
#include <stddef.h>
#include <stdint.h>

#define BACKTRACE_FRAMES 24u

struct backtrace {
	unsigned n;
	uintptr_t pc[BACKTRACE_FRAMES];	/* innermost first; return addresses, but for a frame that a signal interrupted */
};
void backtrace_take(struct backtrace *bt);	/* of our caller */
/* "name <- name <- name", from the frame of function `from` on (all if it is not among them) up to main */
void backtrace_words(const struct backtrace *bt, const char *from, char *buf, size_t len);
/* From now on SIGSEGV and SIGABRT print where it happened to stderr, and exit with 128 + n. */
void backtrace_on_crash(void);
void backtrace_on_crash_end(void);

#endif
