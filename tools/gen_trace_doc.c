/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Prints docs/TRACE.md. */
#include "trace_doc.h"

int main(void)
{
	trace_doc_print(stdout);
	return fflush(stdout) || ferror(stdout);
}
