/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The result as a page for people: verdict first, then what happened, then what was thrown at it and what was watched. At most 80 columns. Bars are
 * logarithmic (one # a factor of ten), since counts of faults lie five powers of ten apart and the question is which of them are rare.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "faults.h"
#include "report_numbers.h"
#include "soak.h"
#include "soak_options.h"
#include "wrap.h"

static const char *bar(uint64_t n)
{
	static const char full[] = "########";
	unsigned len = digits(n);

	return full + 8 - (len > 8 ? 8 : len);
}

static void verdict(const struct soak_result *r)
{
	printf("iovm soak: %s.  %s steps, seed %" PRIu64 ", %.1f s\n", soak_verdict(r), grouped(r->steps), r->seed, (double)r->wall_ns / 1e9);
	for (unsigned i = 0; i < r->nfailures && i < SOAK_FAILURES; i++)
		fputs("  ! ", stdout), wrap(stdout, soak_failure(r, i), 4, 4);
	if (r->nfailures > SOAK_FAILURES)
		printf("  ! and %u more\n", r->nfailures - SOAK_FAILURES);
}

static void shape(const struct soak_result *r)
{
	const struct soak_config *c = &r->config;

	printf("\n  %u devices (%s), %u address spaces (%s), %u IOMMUs, %u PASID bits\n", c->devices, soak_kinds_name(c->kinds), c->mms, r->mm, c->iommus,
	       c->pasid_bits);
	if (c->cmdq_log2)
		printf("  %u ASID bits, queues of 2^%u commands, 2^%u events and 2^%u requests\n", c->asid_bits, c->cmdq_log2, c->evtq_log2, c->priq_log2);
	if (r->has_processes && c->populate)
		printf("  pages made present by: %s\n", c->populate);
}

enum { DETAILS = 28 };	/* the column where they begin */

static __attribute__((format(printf, 3, 4))) void row(const char *what, uint64_t n, const char *fmt, ...)
{
	char details[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(details, sizeof(details), fmt, ap);
	va_end(ap);
	printf("  %s%*s   ", what, DETAILS - 5 - (int)strlen(what), grouped(n));
	wrap(stdout, details, DETAILS, DETAILS);
}

static void work(const struct soak_result *r)
{
	putchar('\n');
	row("requests", r->requests_emitted, "served %s, discarded %s, markers %s, dropped %s", grouped(r->requests_served), grouped(r->partials_discarded),
	    grouped(r->stop_markers), grouped(r->requests_dropped));
	row("answers", r->lasts, "success %s, invalid %s, suppressed %s", grouped(r->responses.success), grouped(r->responses.invalid),
	    grouped(r->responses.suppressed));
	row("DMA", r->dma.reads + r->dma.writes, "reads %s, writes %s, stale %s", grouped(r->dma.reads), grouped(r->dma.writes), grouped(r->dma.stale));
	row("binds", r->binds, "unbinds %s, deaths %s, shutdowns %s", grouped(r->unbinds), grouped(r->mm_exits), grouped(r->shutdown_callbacks));
	row("PASIDs", r->pasids.allocated, "freed %s, quarantined %s, lost %s", grouped(r->pasids.freed), grouped(r->pasids.quarantined),
	    grouped(r->pasids.leaked));
	row("invalidations", r->invalidations, "queue overflows %s", grouped(r->overflows));
}

static void on_processes(const struct soak_result *r)
{
	if (r->has_processes) {
		row("processes", r->processes.started, "segfaulted %s, with a request open %s", grouped(r->processes.segfaulted),
		    grouped(r->processes.died_with_request));
		row("their bonds", r->processes.bonds_at_death, "callbacks %s; pages present %s, verified %s", grouped(r->processes.callbacks_for_dead),
		    grouped(r->processes.pages_present), grouped(r->processes.pages_verified));
	}
	if (r->has_loop)
		row("event loop", r->loop.dispatches, "sleeps %s, spins %s, wakeups %s, posted %s", grouped(r->loop.sleeps), grouped(r->loop.spins),
		    grouped(r->loop.wakeups), grouped(r->loop.invalidations_posted));
}

static void faults(const struct soak_result *r)		/* two columns; no blanks at the end of a line */
{
	unsigned column = 0;
	uint64_t last = 0;

	if (!r->inject)
		return;
	printf("\n  faults delivered (a # is a factor of ten)");
	for (unsigned i = 1; i <= FAULT_MAX; i++)
		if (r->inject >> i & 1) {
			if (column++ % 2)
				printf("%*s", 9 - (int)strlen(bar(last)), "");
			else
				putchar('\n');
			last = r->injected[i];
			printf("  F%02u %-20s%5s %s", i, fault_name(i), shorter(last), bar(last));
		}
	putchar('\n');
}

static void invariants(const struct soak_result *r)
{
	unsigned column = 0;

	printf("\n  invariants, how often each was checked (! broken, ? never)");
	for (unsigned i = 1; i < IOVM_CHECK_MAX; i++) {
		const struct iovm_check_count *n = &r->by_id[i];
		if (!soak_reports(r, i))
			continue;
		printf("%s %cI%-2u %5s", column++ % 6 ? " " : "\n", n->violations ? '!' : n->checked ? ' ' : '?', i, shorter(n->checked));
	}
	putchar('\n');
}

static void memory(const struct soak_result *r)
{
	putchar('\n');
	if (r->has_memory)
		printf("  engine memory: %s bytes at 10 %%, %s at the end, %s at most\n", grouped(r->memory.live_bytes_10pct), grouped(r->memory.live_bytes_end),
		       grouped(r->memory.peak_bytes));
	printf("  leaks: %s bytes, %s descriptors, %s children, %s PASIDs\n", grouped(r->leaks.bytes), grouped(r->leaks.fds), grouped(r->leaks.children),
	       grouped(r->leaks.pasids));
	if (*r->trace_sha256)
		printf("  trace: %.16s... (SHA-256)\n", r->trace_sha256);
}

void soak_report_text(const struct soak_options *o, const struct soak_result *r)
{
	char command[1024];

	verdict(r);
	if (r->environment && !r->steps)
		return;
	shape(r);
	work(r);
	on_processes(r);
	faults(r);
	invariants(r);
	memory(r);
	soak_replay_command(command, sizeof(command), o, r);
	printf("\n  again: %s\n", command);	/* whole: it is there to be copied */
	fflush(stdout);
}
