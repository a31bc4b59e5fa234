/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The page from its verdict to its foot. What a picture shows stands in words or in a table beside it, so that the page can be read aloud, searched and
 * compared. While the run goes on the file says so: who opens it after a crash is not told that nothing happened.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "report_html.h"
#include "report_numbers.h"
#include "soak_options.h"
#include "version.h"

static void escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: putc(*text, out);
		}
}

/* ---- sections ----------------------------------------------------------------------------------------------------------------- */

static void head(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n", out);
	fprintf(out, "<title>iovm soak: %s</title>\n<style>\n%s</style>\n</head>\n<body>\n", title, report_style);
}

static void failures(FILE *out, const struct soak_result *r)
{
	if (!r->nfailures)
		return;
	fputs("<ul class=\"failures\">\n", out);
	for (unsigned i = 0; i < r->nfailures && i < SOAK_FAILURES; i++) {
		fputs("<li>", out);
		escaped(out, soak_failure(r, i));
		fputs("</li>\n", out);
	}
	if (r->nfailures > SOAK_FAILURES)
		fprintf(out, "<li>and %u more</li>\n", r->nfailures - SOAK_FAILURES);
	fputs("</ul>\n", out);
}

static void verdict(FILE *out, const struct soak_options *o, const struct soak_result *r)
{
	const struct soak_config *c = &r->config;
	char command[1024];

	fprintf(out, "<header class=\"%s\">\n<h1>iovm soak: %s</h1>\n", r->nfailures ? "bad" : "good", soak_verdict(r));
	fprintf(out, "<p>%s steps, seed %" PRIu64 ", %s of virtual time in %.1f s. %u devices (%s), %u address spaces, %u IOMMUs, %u PASID bits.</p>\n",
		grouped(r->steps), r->seed, duration(r->virtual_ns), (double)r->wall_ns / 1e9, c->devices, soak_kinds_name(c->kinds), c->mms, c->iommus,
		c->pasid_bits);
	failures(out, r);
	soak_replay_command(command, sizeof(command), o, r);
	fputs("<p>Again:</p>\n<pre><code>", out);
	escaped(out, command);
	fputs("</code></pre>\n</header>\n", out);
}

static __attribute__((format(printf, 4, 5))) void figure(FILE *out, const char *name, uint64_t n, const char *fmt, ...)
{
	va_list ap;

	fprintf(out, "<div><dt>%s</dt><dd><b>%s</b> ", name, grouped(n));
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputs("</dd></div>\n", out);
}

static void on_processes(FILE *out, const struct soak_result *r)
{
	if (!r->has_processes)
		return;
	figure(out, "Processes", r->processes.started, "segfaulted %s, with a request open %s", grouped(r->processes.segfaulted),
	       grouped(r->processes.died_with_request));
	figure(out, "Bonds at their deaths", r->processes.bonds_at_death, "SHUTDOWN callbacks %s", grouped(r->processes.callbacks_for_dead));
	figure(out, "Pages made present", r->processes.pages_present, "verified by the kernel %s", grouped(r->processes.pages_verified));
}

static void figures(FILE *out, const struct soak_result *r)
{
	fputs("<h2>What happened</h2>\n", out);
	if (r->has_processes && !strcmp(r->mm, "sim"))
		fputs("<p class=\"note\">Counts of the pretend machine, and of the second part processes, their bonds and pages.</p>\n", out);
	fputs("<dl class=\"figures\">\n", out);
	figure(out, "Requests", r->requests_emitted, "served %s, discarded %s, markers %s, dropped %s", grouped(r->requests_served),
	       grouped(r->partials_discarded), grouped(r->stop_markers), grouped(r->requests_dropped));
	figure(out, "Answers", r->lasts, "success %s, invalid %s, suppressed %s", grouped(r->responses.success), grouped(r->responses.invalid),
	       grouped(r->responses.suppressed));
	figure(out, "DMA", r->dma.reads + r->dma.writes, "reads %s, writes %s, stale %s", grouped(r->dma.reads), grouped(r->dma.writes), grouped(r->dma.stale));
	figure(out, "Binds", r->binds, "unbinds %s, deaths %s, SHUTDOWN callbacks %s", grouped(r->unbinds), grouped(r->mm_exits), grouped(r->shutdown_callbacks));
	figure(out, "PASIDs", r->pasids.allocated, "freed %s, quarantined %s, lost %s", grouped(r->pasids.freed), grouped(r->pasids.quarantined),
	       grouped(r->pasids.leaked));
	figure(out, "Invalidations", r->invalidations, "queue overflows %s", grouped(r->overflows));
	on_processes(out, r);
	if (r->has_obligations)
		figure(out, "Obligations of the driver", r->obligations.checked, "times checked, broken %s", grouped(r->obligations.broken));
	figure(out, "Bytes leaked", r->leaks.bytes, "descriptors %s, children %s, PASIDs %s", grouped(r->leaks.fds), grouped(r->leaks.children),
	       grouped(r->leaks.pasids));
	if (r->has_memory)
		figure(out, "Engine memory at the end", r->memory.live_bytes_end, "bytes; at 10 %% of the run %s, at most %s", grouped(r->memory.live_bytes_10pct),
		       grouped(r->memory.peak_bytes));
	fputs("</dl>\n", out);
}

static void part(FILE *out, const char *title, const struct report_collect *c)
{
	if (!c || !c->records)
		return;
	fprintf(out, "<section>\n<h2>%s</h2>\n", title);
	report_latencies(out, c);
	report_timeline(out, c);
	report_devices(out, c);
	fputs("</section>\n", out);
}

static void page(FILE *out, const struct soak_options *o, const struct soak_result *r)
{
	head(out, soak_verdict(r));
	verdict(out, o, r);
	fputs("<main>\n", out);
	figures(out, r);
	part(out, "On the pretend machine", o->collect[0]);
	part(out, "On the memory of real processes", o->collect[1]);
	report_faults(out, r);
	report_invariants(out, r);
	fputs("</main>\n<footer>\n<p>iovm ", out);
	escaped(out, IOVM_TOOL_BUILD);
	if (*r->trace_sha256)
		fprintf(out, "<br>SHA-256 of the trace: <code>%s</code>", r->trace_sha256);
	fputs("</p>\n</footer>\n</body>\n</html>\n", out);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------ */

static int complain(const char *path, int err)
{
	fprintf(stderr, "iovm soak: --report %s: %s\n", path, strerror(err));
	return SOAK_ENVIRONMENT;
}

static bool can_be_rewritten(FILE *file)
{
	struct stat s;

	return !fstat(fileno(file), &s) && S_ISREG(s.st_mode);
}

static void say_unfinished(FILE *out)
{
	head(out, "did not end");
	fputs("<header class=\"bad\">\n<h1>iovm soak: the run goes on, or died</h1>\n<p>This page is written anew at its end.</p>\n</header>\n</body>\n</html>\n", out);
	fflush(out);
}

static void forget(const struct soak_options *o)
{
	report_collect_del(o->collect[0]);
	report_collect_del(o->collect[1]);
}

int report_open(struct report *rep, struct soak_options *o)
{
	rep->file = NULL;
	if (!o->report)
		return 0;
	rep->file = fopen(o->report, "we");
	if (!rep->file)
		return complain(o->report, errno);
	o->collect[0] = o->mm != SOAK_MM_PROCESS ? report_collect_new() : NULL;
	o->collect[1] = o->mm != SOAK_MM_SIM ? report_collect_new() : NULL;
	if ((o->mm != SOAK_MM_PROCESS && !o->collect[0]) || (o->mm != SOAK_MM_SIM && !o->collect[1])) {
		forget(o);
		fclose(rep->file);
		return complain(o->report, ENOMEM);
	}
	if (can_be_rewritten(rep->file))
		say_unfinished(rep->file);
	return 0;
}

int report_close(struct report *rep, const struct soak_options *o, const struct soak_result *r)
{
	int err = 0;

	if (!rep->file)
		return 0;
	if (can_be_rewritten(rep->file)) {
		rewind(rep->file);
		err = ftruncate(fileno(rep->file), 0) ? errno : 0;
	}
	page(rep->file, o, r);
	if (!err && (fflush(rep->file) || ferror(rep->file)))
		err = errno ? errno : EIO;
	if (fclose(rep->file) && !err)
		err = errno;
	forget(o);
	return err ? complain(o->report, err) : 0;
}
