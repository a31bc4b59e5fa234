/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Pictures of one part of a run. Durations: a bar for each doubling, its height logarithmic, since one slow answer among a million is what one looks
 * for. Time: shapes alone are in the stretched SVG, words stand beside it as text, so that a narrow screen does not shrink them. Each picture has a
 * sentence and a table that say the same.
 */
#include "report_html.h"
#include "report_numbers.h"

/* ---- durations ----------------------------------------------------------------------------------------------------------------- */

enum { WIDTH = 340, LEFT = 30, RIGHT = WIDTH - 28, TOP = 14, BASE = 150, HEIGHT = 172, FEWEST = 10, LABELS = 4 };

struct span { unsigned first, end; };	/* buckets that are shown, beside that of no time at all, which stands apart at the left */

static const struct { const char *name, *what; } stages[REPORT_STAGES] = {
	[REPORT_QUEUED] = { "Queued", "From a request's acceptance by the queue to the engine taking it" },
	[REPORT_HOST] = { "With the host", "From a group's first page in the handler to the engine's answer" },
	[REPORT_ANSWERED] = { "Answered", "From the engine's answer to its arrival at the device" },
};

static struct span span_of(const struct report_collect *c)	/* the same for all three, so that they can be compared */
{
	struct span s = { REPORT_BUCKETS, 0 };

	for (unsigned i = 1; i < REPORT_BUCKETS; i++)
		for (unsigned stage = 0; stage < REPORT_STAGES; stage++)
			if (c->stage[stage].bucket[i]) {
				s.first = i < s.first ? i : s.first;
				s.end = i + 1;
			}
	if (s.first >= s.end)
		s = (struct span){ 1, 1 };
	while (s.end - s.first < FEWEST && s.end < REPORT_BUCKETS)
		s.end++;
	return s;
}

static double doublings(uint64_t n)	/* log2 + 1, straight between powers of two; 0 of 0 */
{
	unsigned whole = 0;

	if (!n)
		return 0;
	while (n >> whole > 1)
		whole++;
	return whole + (double)n / (double)(UINT64_C(1) << whole);
}

static uint64_t largest(const struct report_times *t)
{
	uint64_t most = 1;

	for (unsigned i = 0; i < REPORT_BUCKETS; i++)
		most = t->bucket[i] > most ? t->bucket[i] : most;
	return most;
}

static double height(uint64_t n, uint64_t most)
{
	return doublings(n) / doublings(most) * (BASE - TOP);
}

static void grid(FILE *out, uint64_t most)	/* a line for each power of ten, words on every second but the first */
{
	unsigned tens = 0;

	for (uint64_t n = 1; n <= most && n < UINT64_MAX / 10; n *= 10, tens++) {
		double y = BASE - height(n, most);

		fprintf(out, "<path class=\"grid\" d=\"M%u %.1fH%u\"/>", (unsigned)LEFT, y, (unsigned)RIGHT);
		if (tens % 2 == 0)
			fprintf(out, "<text x=\"%u\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 4u, y + 4, shorter(n));
	}
	fputc('\n', out);
}

static void bar(FILE *out, double x, double wide, uint64_t n, uint64_t most)
{
	double h = height(n, most);

	if (n)
		fprintf(out, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", x + 0.5, BASE - h, wide - 1, h);
}

static void label(FILE *out, double x, const char *text)
{
	fprintf(out, "<path class=\"grid\" d=\"M%.1f %uv4\"/><text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%s</text>\n", x, (unsigned)BASE, x, HEIGHT - 6u,
		text);
}

static void bars(FILE *out, const struct report_times *t, struct span s)
{
	double wide = (RIGHT - LEFT) / (s.end - s.first + 2.0);
	unsigned step = (s.end - s.first + LABELS - 1) / LABELS;
	uint64_t most = largest(t);

	bar(out, LEFT, wide, t->bucket[0], most);
	label(out, LEFT + wide / 2, "0");
	for (unsigned i = s.first; i < s.end; i++) {
		double x = LEFT + wide * (i - s.first + 2);

		bar(out, x, wide, t->bucket[i], most);
		if ((i - s.first) % step == step / 2)
			label(out, x + wide, duration(UINT64_C(1) << i));
	}
}

static void histogram(FILE *out, const struct report_times *t, unsigned stage, struct span s)
{
	fprintf(out, "<figure>\n<figcaption><h4>%s</h4>\n<p>%s.</p>\n<p>", stages[stage].name, stages[stage].what);
	if (!t->n) {
		fputs("None was measured.</p></figcaption>\n</figure>\n", out);
		return;
	}
	fprintf(out, "<b>%s</b> measured: half within <b>%s</b>, 99 %% within <b>%s</b>, the longest %s.</p></figcaption>\n", grouped(t->n),
		duration(report_within(t, 50)), duration(report_within(t, 99)), duration(t->max));
	fprintf(out, "<svg viewBox=\"0 0 %u %u\" role=\"img\" aria-label=\"%s: how often each duration was measured, as in the table below\">\n", (unsigned)WIDTH,
		(unsigned)HEIGHT, stages[stage].name);
	grid(out, largest(t));
	bars(out, t, s);
	fputs("</svg>\n</figure>\n", out);
}

static void durations_table(FILE *out, const struct report_collect *c, struct span s)
{
	fputs("<details><summary>Durations as a table</summary>\n<table>\n<thead><tr><th scope=\"col\">less than</th>", out);
	for (unsigned stage = 0; stage < REPORT_STAGES; stage++)
		fprintf(out, "<th scope=\"col\">%s</th>", stages[stage].name);
	fputs("</tr></thead>\n<tbody>\n", out);
	for (unsigned i = 0; i < s.end; i = i ? i + 1 : s.first) {
		fprintf(out, "<tr><th scope=\"row\">%s</th>", i ? duration(UINT64_C(1) << i) : "no time");
		for (unsigned stage = 0; stage < REPORT_STAGES; stage++)
			fprintf(out, "<td>%s</td>", grouped(c->stage[stage].bucket[i]));
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n</table>\n</details>\n", out);
}

void report_latencies(FILE *out, const struct report_collect *c)
{
	struct span s = span_of(c);

	fputs("<h3>How long each stage took</h3>\n<p class=\"note\">Virtual time. A bar for each doubling; its height is logarithmic.</p>\n<div class=\"charts\">\n",
	      out);
	for (unsigned stage = 0; stage < REPORT_STAGES; stage++)
		histogram(out, &c->stage[stage], stage, s);
	fputs("</div>\n", out);
	durations_table(out, c, s);
}

/* ---- the run's time ------------------------------------------------------------------------------------------------------------- */

static unsigned bins_used(const struct report_collect *c)
{
	return (unsigned)(c->now / c->bin_ns) + 1;
}

static double mean(const struct report_collect *c, unsigned first, unsigned end)	/* groups waiting, over these bins */
{
	uint64_t from = first * c->bin_ns, to = end * c->bin_ns, sum = 0;

	for (unsigned i = first; i < end; i++)
		sum += c->bin[i].sum;
	to = to < c->now ? to : c->now;
	return to > from ? (double)sum / (double)(to - from) : 0;
}

static void open_shapes(FILE *out, unsigned width, const char *label)
{
	fprintf(out, "<svg viewBox=\"0 0 %u 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s\">", width, label);
}

static void waiting(FILE *out, const struct report_collect *c, unsigned n)
{
	double scale = 100.0 / (c->peak ? c->peak : 1);

	fprintf(out, "<div class=\"plot\"><span class=\"y\"><b>%u</b><b>0</b></span>", c->peak);
	open_shapes(out, n, "groups waiting over virtual time, most and on average, as in the table below");
	fputs("<path class=\"most\" d=\"M0 100", out);
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "V%.1fH%u", 100 - scale * c->bin[i].peak, i + 1);
	fprintf(out, "V100Z\"/>\n<path class=\"mean\" d=\"M0 %.2f", 100 - scale * mean(c, 0, 1));
	for (unsigned i = 0; i < n; i++)
		fprintf(out, "V%.2fH%u", 100 - scale * mean(c, i, i + 1), i + 1);
	fputs("\"/></svg></div>\n", out);
}

static uint64_t marks_in(const struct report_bin *bin, bool deaths)
{
	return deaths ? bin->deaths : bin->overflows;
}

static void strip(FILE *out, const struct report_collect *c, unsigned n, bool deaths)	/* the tallest is the bin that has most; one is still seen */
{
	uint64_t most = 1;

	for (unsigned i = 0; i < n; i++)
		most = marks_in(&c->bin[i], deaths) > most ? marks_in(&c->bin[i], deaths) : most;
	fprintf(out, "<div class=\"plot strip\"><span class=\"y\">%s</span>", deaths ? "deaths" : "overflows");
	open_shapes(out, n, deaths ? "when address spaces died" : "when a queue overflowed");
	fprintf(out, "<path class=\"%s\" d=\"", deaths ? "deaths" : "overflows");
	for (unsigned i = 0; i < n; i++)
		if (marks_in(&c->bin[i], deaths))
			fprintf(out, "M%u 100V%.1fh1V100Z", i, 80 - 80.0 * (double)marks_in(&c->bin[i], deaths) / (double)most);
	fputs("\"/></svg></div>\n", out);
}

static void tenths_table(FILE *out, const struct report_collect *c, unsigned n)
{
	unsigned rows = n < 10 ? n : 10;

	fputs("<details><summary>The same as a table</summary>\n<table>\n<thead><tr><th scope=\"col\">until</th><th scope=\"col\">on average</th>"
	      "<th scope=\"col\">most</th><th scope=\"col\">deaths</th><th scope=\"col\">overflows</th></tr></thead>\n<tbody>\n", out);
	for (unsigned row = 0; row < rows; row++) {
		unsigned first = n * row / rows, end = n * (row + 1) / rows, most = 0;
		uint64_t deaths = 0, overflows = 0, until = end * c->bin_ns;

		for (unsigned i = first; i < end; i++) {
			most = c->bin[i].peak > most ? c->bin[i].peak : most;
			deaths += c->bin[i].deaths;
			overflows += c->bin[i].overflows;
		}
		fprintf(out, "<tr><th scope=\"row\">%s</th><td>%.2f</td><td>%u</td><td>%s</td><td>%s</td></tr>\n", duration(until < c->now ? until : c->now),
			mean(c, first, end), most, grouped(deaths), grouped(overflows));
	}
	fputs("</tbody>\n</table>\n</details>\n", out);
}

void report_timeline(FILE *out, const struct report_collect *c)
{
	unsigned n = bins_used(c);

	fprintf(out, "<h3>Groups that wait for an answer</h3>\n<figure class=\"timeline\">\n<figcaption><p>Over <b>%s</b> of virtual time: <b>%.2f</b> on average, "
		"<b>%u</b> at most. <b>%s</b> address spaces died, queues overflowed <b>%s</b> times.</p></figcaption>\n", duration(c->now), mean(c, 0, n), c->peak,
		grouped(c->deaths), grouped(c->overflows));
	waiting(out, c, n);
	strip(out, c, n, true);
	strip(out, c, n, false);
	fprintf(out, "<div class=\"x\"><span>0</span><span>%s</span><span>%s</span></div>\n", duration(n * c->bin_ns / 2), duration(n * c->bin_ns));
	fprintf(out, "<p class=\"note\"><span class=\"key most\"></span> most and <span class=\"key mean\"></span> average of each %s; deaths and overflows: "
		"the higher, the more of them.</p>\n</figure>\n", duration(c->bin_ns));
	tenths_table(out, c, n);
}
