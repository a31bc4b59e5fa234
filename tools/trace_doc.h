/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* docs/TRACE.md out of the one table that the code uses: printed by gen_trace_doc, compared by tests/check.c. */
#ifndef TOOLS_TRACE_DOC_H
#define TOOLS_TRACE_DOC_H
#include <stdio.h>

void trace_doc_print(FILE *out);

#endif
