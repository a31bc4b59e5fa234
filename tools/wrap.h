/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What people read is at most 80 columns wide, on every page of the program. */
#ifndef TOOLS_WRAP_H
#define TOOLS_WRAP_H
#include <stdio.h>

/* Words of text from column `at` on, each further line indented, and the newline. A word that is longer than a line keeps whole */
void wrap(FILE *out, const char *text, unsigned at, unsigned indent);

#endif
