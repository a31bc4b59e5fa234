/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
#include <stdbool.h>
#include <string.h>
#include "wrap.h"

#define COLUMNS 80u

void wrap(FILE *out, const char *text, unsigned at, unsigned indent)
{
	bool fresh = true;

	while (*text) {
		unsigned length = (unsigned)strcspn(text, " ");

		if (!fresh && at + 1 + length > COLUMNS) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			fresh = true;
		}
		fprintf(out, "%s%.*s", fresh ? "" : " ", (int)length, text);
		at += length + !fresh;
		fresh = false;
		text += length + (text[length] == ' ');
	}
	putc('\n', out);
}
