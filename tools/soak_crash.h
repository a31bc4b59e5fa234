/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* A run that dies of its own bug still says how to repeat it. */
#ifndef TOOLS_SOAK_CRASH_H
#define TOOLS_SOAK_CRASH_H
#include "soak.h"

/* From now on a fatal signal prints the command that repeats the run r up to its present step, and then dies of that signal. r NULL: no longer */
void soak_crash_arm(const struct soak_options *o, const struct soak_result *r);

#endif
