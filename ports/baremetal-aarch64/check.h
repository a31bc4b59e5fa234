/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Checks and chance: one line for each check; and a sequence of numbers that is the same in every run. */
#ifndef CHECK_H
#define CHECK_H
#include "board.h"

struct score { unsigned passed, failed, skipped, expected, broken; };
extern struct score score;

bool check(bool ok, const char *what, ...) __attribute__((format(printf, 2, 3)));
void skip(const char *what, ...) __attribute__((format(printf, 1, 2)));
/* Inside loops: silent unless broken (the first few are told). expectations() makes one check of all since the last */
bool expect(bool ok, const char *what, ...) __attribute__((format(printf, 2, 3)));
void expectations(const char *what);
_Noreturn void score_end(void);		/* what was logged is saved; the line of counts, the exit code */

uint32_t chance(uint32_t below);	/* 0..below-1 */

#endif
