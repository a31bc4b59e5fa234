/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What must hold between the figures of a run, whoever made them. Counters come from three sides (the pretend machine, the engine, the checker), so
 * an identity across them is a test of all three. Each that is broken becomes a sentence in the result, and the exit code follows from there being any.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "faults.h"
#include "soak.h"

volatile sig_atomic_t soak_signal;

void soak_fail(struct soak_result *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->nfailures < SOAK_FAILURES && asprintf(&r->failures[r->nfailures], "%s", text) < 0)
		r->failures[r->nfailures] = NULL;
	r->nfailures++;
}

void soak_free(struct soak_result *r)
{
	for (unsigned i = 0; i < SOAK_FAILURES; i++) {
		free(r->failures[i]);
		r->failures[i] = NULL;
	}
}

int soak_exit_code(const struct soak_result *r)
{
	if (soak_signal)
		return 128 + soak_signal;
	return r->environment ? SOAK_ENVIRONMENT : r->nfailures ? SOAK_BROKEN : SOAK_GOOD;
}

const char *soak_verdict(const struct soak_result *r)
{
	return r->environment ? "the environment lacks something" : r->nfailures ? "BROKEN" : soak_signal ? "stopped, good so far" : "good";
}

const char *soak_failure(const struct soak_result *r, unsigned i)
{
	return r->failures[i] ? r->failures[i] : "(no memory for the sentence)";
}

bool soak_reports(const struct soak_result *r, unsigned invariant)
{
	return ((r->held | iovm_check_set(r->config.smmuv3)) >> invariant & 1) || r->by_id[invariant].checked;
}

static void equal(struct soak_result *r, const char *identity, uint64_t left, uint64_t right)
{
	if (left != right)
		soak_fail(r, "identity broken: %s: %" PRIu64 " is not %" PRIu64, identity, left, right);
}

static void identities(struct soak_result *r)
{
	equal(r, "requests_emitted = requests + requests_dropped", r->requests_emitted, r->requests + r->requests_dropped);
	equal(r, "requests = requests_served + partials_discarded + stop_markers", r->requests,
	      r->requests_served + r->partials_discarded + r->stop_markers);
	equal(r, "lasts = success + invalid + failure + suppressed", r->lasts,
	      r->responses.success + r->responses.invalid + r->responses.failure + r->responses.suppressed);
	equal(r, "pasids.allocated = freed + live + quarantined + leaked", r->pasids.allocated,
	      r->pasids.freed + r->pasids.live + r->pasids.quarantined + r->pasids.leaked);
}

static void invariants(struct soak_result *r)
{
	for (unsigned i = 1; i < IOVM_CHECK_MAX; i++) {
		if (r->by_id[i].violations)
			soak_fail(r, "I%u violated %" PRIu64 " times", i, r->by_id[i].violations);
		if (!r->partial && r->held >> i & 1 && !r->by_id[i].checked)
			soak_fail(r, "vacuous: I%u", i);
	}
	if (r->dma.stale)
		soak_fail(r, "%" PRIu64 " DMA of honest devices through translations that were gone", r->dma.stale);
}

static void faults(struct soak_result *r)
{
	for (unsigned i = 0; i < 64; i++)
		if (r->injected[i] && !(r->inject >> i & 1))
			soak_fail(r, "F%02u %s happened %" PRIu64 " times without being injected", i, fault_name(i) ? fault_name(i) : "(none)", r->injected[i]);
}

static void leaks(struct soak_result *r)
{
	if (r->leaks.bytes)
		soak_fail(r, "leak: %" PRIu64 " bytes", r->leaks.bytes);
	if (r->leaks.fds)
		soak_fail(r, "leak: %" PRIu64 " file descriptors", r->leaks.fds);
	if (r->leaks.children)
		soak_fail(r, "leak: %" PRIu64 " child processes", r->leaks.children);
	if (r->leaks.pasids)
		soak_fail(r, "leak: %" PRIu64 " PASIDs", r->leaks.pasids);
	if (r->has_memory && !r->partial && r->memory.live_bytes_10pct != r->memory.live_bytes_end)
		soak_fail(r, "the engine holds %" PRIu64 " bytes at the end, %" PRIu64 " at 10 %% of the run, in the same state", r->memory.live_bytes_end,
			  r->memory.live_bytes_10pct);
}

void soak_judge(struct soak_result *r)
{
	if (r->environment)
		return;
	invariants(r);
	faults(r);
	if (r->unsettled)
		return;
	identities(r);
	leaks(r);
}
