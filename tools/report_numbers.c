/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Numbers for people. */
#include <stdio.h>
#include "report_numbers.h"

enum { RING = 16, ROOM = 32 };

static char *room(void)
{
	static char ring[RING][ROOM];
	static unsigned at;

	return ring[at++ % RING];
}

unsigned digits(uint64_t n)
{
	unsigned d = 0;

	for (; n; n /= 10)
		d++;
	return d;
}

const char *grouped(uint64_t n)
{
	char *text = room() + ROOM - 1;
	unsigned done = 0;

	*text = '\0';
	do {
		if (done && done % 3 == 0)
			*--text = ',';
		*--text = (char)('0' + n % 10);
		done++;
	} while (n /= 10);
	return text;
}

const char *shorter(uint64_t n)
{
	static const char units[] = "kMGTP";
	char *text = room();
	double x = (double)n;
	const char *unit = units;

	if (n < 1000) {
		snprintf(text, ROOM, "%u", (unsigned)n);
		return text;
	}
	for (x /= 1000; x >= 999.5; x /= 1000)
		unit++;
	snprintf(text, ROOM, x < 9.95 ? "%.1f%c" : "%.0f%c", x, *unit);
	return text;
}

const char *duration(uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	char *text = room();
	double x = (double)ns;
	unsigned unit = 0;

	for (; x >= 999.5 && unit < 3; unit++)
		x /= 1000;
	snprintf(text, ROOM, !unit || x >= 99.95 ? "%.0f %s" : x >= 9.995 ? "%.1f %s" : "%.2f %s", x, units[unit]);
	return text;
}
