/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What was thrown at the engine, what was watched, and what each device got of it. */
#include <inttypes.h>
#include <stdlib.h>
#include "faults.h"
#include "report_html.h"
#include "report_numbers.h"

enum { ROWS = 24 };	/* devices that are told one by one */

void report_faults(FILE *out, const struct soak_result *r)
{
	unsigned never = 0;

	if (!r->inject)
		return;
	fputs("<section>\n<h2>What was injected</h2>\n<p class=\"note\">How often each fault took effect; a bar's length is the number's of digits.</p>\n<ul class=\"faults\">\n", out);
	for (unsigned i = 1; i <= FAULT_MAX; i++) {
		if (!(r->inject >> i & 1))
			continue;
		never += !r->injected[i];
		fprintf(out, "<li style=\"--n:%u\"><span>F%02u %s</span> <b>%s</b></li>\n", digits(r->injected[i]), i, fault_name(i), grouped(r->injected[i]));
	}
	fputs("</ul>\n", out);
	if (never)
		fprintf(out, "<p class=\"note\">%u of them never did.</p>\n", never);
	fputs("</section>\n", out);
}

void report_invariants(FILE *out, const struct soak_result *r)
{
	fputs("<section>\n<h2>What was checked</h2>\n<p class=\"note\">Each invariant of docs/INVARIANTS.md, and how often it could have been broken.</p>\n"
	      "<ul class=\"invariants\">\n", out);
	for (unsigned i = 1; i < IOVM_CHECK_MAX; i++) {
		const struct iovm_check_count *n = &r->by_id[i];

		if (!soak_reports(r, i))
			continue;
		if (n->violations)
			fprintf(out, "<li class=\"bad\">I%u checked <b>%s</b>, broken <b>%s</b></li>\n", i, grouped(n->checked), grouped(n->violations));
		else
			fprintf(out, "<li%s>I%u <b>%s</b></li>\n", n->checked ? "" : " class=\"never\"", i, n->checked ? grouped(n->checked) : "never");
	}
	fputs("</ul>\n</section>\n", out);
}

/* ---- devices ------------------------------------------------------------------------------------------------------------------- */

static int busier(const void *a, const void *b)
{
	const struct report_device *const *x = a, *const *y = b;

	if ((*x)->requests != (*y)->requests)
		return (*x)->requests < (*y)->requests ? 1 : -1;
	return *x < *y ? -1 : 1;
}

static void cell(FILE *out, const char *name, const char *value)	/* narrow screens show a row as a card, with each column's name in it */
{
	fprintf(out, "<td data-name=\"%s\">%s</td>", name, value);
}

static void numbers(FILE *out, const struct report_device *d)
{
	cell(out, "requests", grouped(d->requests));
	cell(out, "dropped", grouped(d->dropped));
	cell(out, "success", grouped(d->success));
	cell(out, "invalid", grouped(d->invalid));
	cell(out, "suppressed", grouped(d->suppressed));
	cell(out, "half within", d->waited.n ? duration(report_within(&d->waited, 50)) : "-");
	cell(out, "99 % within", d->waited.n ? duration(report_within(&d->waited, 99)) : "-");
	fputs("</tr>\n", out);
}

static void add(struct report_device *sum, const struct report_device *d)
{
	sum->requests += d->requests;
	sum->dropped += d->dropped;
	sum->success += d->success;
	sum->invalid += d->invalid;
	sum->suppressed += d->suppressed;
	sum->waited.n += d->waited.n;
	sum->waited.max = d->waited.max > sum->waited.max ? d->waited.max : sum->waited.max;
	for (unsigned i = 0; i < REPORT_BUCKETS; i++)
		sum->waited.bucket[i] += d->waited.bucket[i];
}

static void rest(FILE *out, struct report_device *const *order, unsigned n)
{
	struct report_device sum = { 0 };

	if (n <= ROWS)
		return;
	for (unsigned i = ROWS; i < n; i++)
		add(&sum, order[i]);
	fprintf(out, "<tr><th scope=\"row\">%u others</th>", n - ROWS);
	numbers(out, &sum);
}

static unsigned rows(FILE *out, const struct report_collect *c, struct report_device **order)	/* how many asked for anything */
{
	unsigned n = 0;

	for (unsigned i = 1; i < c->ndevices; i++)
		if (c->device[i].requests)
			order[n++] = &c->device[i];
	qsort(order, n, sizeof(*order), busier);
	for (unsigned i = 0; i < n && i < ROWS; i++) {
		fprintf(out, "<tr><th scope=\"row\">%#" PRIx32 " <small>IOMMU %u</small></th>", order[i]->stream_id, order[i]->iommu);
		numbers(out, order[i]);
	}
	rest(out, order, n);
	if (c->device[0].requests) {
		fputs("<tr><th scope=\"row\">no device's</th>", out);
		numbers(out, &c->device[0]);
	}
	return n;
}

void report_devices(FILE *out, const struct report_collect *c)
{
	static const char *const columns[] = { "StreamID", "requests", "dropped", "success", "invalid", "suppressed", "half within", "99 % within" };
	struct report_device **order = calloc(c->ndevices, sizeof(*order));
	unsigned n = 0;

	fputs("<h3>How each device was served</h3>\n<p class=\"note\">Busiest first. The last two: from the acceptance of a Last to its answer.</p>\n"
	      "<table class=\"devices\">\n<thead><tr>", out);
	for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		fprintf(out, "<th scope=\"col\">%s</th>", columns[i]);
	fputs("</tr></thead>\n<tbody>\n", out);
	if (order)
		n = rows(out, c, order);
	fputs("</tbody>\n</table>\n", out);
	if (n < c->ndevices - 1)
		fprintf(out, "<p class=\"note\">%u more asked for nothing.</p>\n", c->ndevices - 1 - n);
	free(order);
}
