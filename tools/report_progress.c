/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Progress on stderr. A terminal that can take it gets one line, redrawn five times a second; everything else gets a line every five seconds, so
 * that a log stays readable. Colour only where neither NO_COLOR nor TERM=dumb forbids it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "soak.h"

static struct { bool known, redraw, colour, open; uint64_t last; } line;

uint64_t soak_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static void look(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	line.known = true;
	line.redraw = isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
	line.colour = line.redraw && !(no_color && *no_color);
	line.last = soak_clock();
}

void soak_progress(int done, const char *fmt, ...)
{
	char text[128];
	uint64_t now;
	va_list ap;

	if (!line.known)
		look();
	now = soak_clock();
	if (now - line.last < (line.redraw ? UINT64_C(200000000) : UINT64_C(5000000000)))
		return;
	line.last = now;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line.redraw)
		fputs(line.colour ? "\r\033[K\033[2m" : "\r\033[K", stderr);
	if (done >= 0)
		fprintf(stderr, "%3d %%  ", done / 10);
	fputs(text, stderr);
	fputs(line.colour ? "\033[0m" : line.redraw ? "" : "\n", stderr);
	line.open = line.redraw;
}

void soak_progress_end(void)
{
	if (line.open)
		fputs("\r\033[K", stderr);
	line.open = false;
}
