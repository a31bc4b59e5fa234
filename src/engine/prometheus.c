/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Counters as Prometheus reads them (text exposition format 0.0.4): one table names each field of struct iovm_stats once, with its metric, its label and
 * what it counts. Fields that share a metric stand together, since the format wants HELP and TYPE once, before the first sample.
 */
#include <iovm/iovm.h>
#include "base/env.h"

struct metric {
	const char *name, *label;	/* label: NULL, or what stands between the braces */
	const char *help;		/* NULL: a further sample of the metric above */
	size_t offset, width;
};
#define METRIC(name, label, help, field) { name, label, help, offsetof(struct iovm_stats, field), sizeof(((struct iovm_stats *)0)->field) }
#define COUNTER(name, field, help) METRIC(name "_total", NULL, help, field)
#define ANSWER(label, field, help) METRIC("iovm_responses_total", "response=\"" label "\"", help, field)

static const struct metric metrics[] = {
	COUNTER("iovm_requests", requests, "Entries consumed from the queues of all IOMMUs."),
	COUNTER("iovm_requests_served", requests_served, "Page requests and stalls whose group was closed, whatever the answer."),
	COUNTER("iovm_partials_discarded", partials_discarded, "Members of groups that no Last will close."),
	COUNTER("iovm_stop_markers", stop_markers, "Stop Markers consumed."),
	COUNTER("iovm_lasts", lasts, "Lasts closed: each gets one response or is suppressed."),
	COUNTER("iovm_groups", groups, "Groups handed to the fault handler."),
	ANSWER("success", success, "Lasts closed, by answer; suppressed: none, the function was reset or removed."),
	ANSWER("invalid", invalid, NULL),
	ANSWER("suppressed", suppressed, NULL),
	COUNTER("iovm_overflows", overflows, "Recoveries from a page request queue that was full."),
	COUNTER("iovm_binds", binds, "Successful iovm_bind_mm() calls."),
	COUNTER("iovm_unbinds", unbinds, "Successful iovm_unbind_mm() calls."),
	COUNTER("iovm_mm_exits", mm_exits, "iovm_mm_exit() calls."),
	COUNTER("iovm_shutdown_callbacks", shutdown_callbacks, "Drivers told that an address space died under them."),
	COUNTER("iovm_unbound_callbacks", unbound_callbacks, "Bonds of which nothing is left."),
	COUNTER("iovm_invalidations", invalidations, "iovm_invalidate() calls for address spaces that are known."),
	COUNTER("iovm_dispatches", dispatches, "iovm_dispatch() calls."),
	COUNTER("iovm_pasids_allocated", pasids_allocated, "PASIDs claimed."),
	COUNTER("iovm_pasids_freed", pasids_freed, "PASIDs released."),
	COUNTER("iovm_unknown_streams", unknown_streams, "Requests of StreamIDs that no device has."),
	COUNTER("iovm_unknown_pasids", unknown_pasids, "Requests with a PASID that is not bound to their device."),
	COUNTER("iovm_flooded", flooded, "Requests beyond the credits of their device."),
	COUNTER("iovm_bad_outcomes", bad_outcomes, "Outcomes that no fault handler may give."),
	COUNTER("iovm_bad_tokens", bad_tokens, "iovm_fault_done() calls with a token that was spent or never given."),
	COUNTER("iovm_repeated", repeated, "Bonds whose device asked for the same page again and again, though it was answered Success."),
	COUNTER("iovm_fenced", fenced, "Devices set to abort since they broke the rules too often."),
	METRIC("iovm_pasids_live", NULL, "PASIDs bound or draining.", pasids_live),
	METRIC("iovm_pasids_quarantined", NULL, "PASIDs held back until a suspect device is reset or removed.", pasids_quarantined),
	METRIC("iovm_bonds", NULL, "Bonds of devices and address spaces by PASID, bound or draining.", bonds),
	METRIC("iovm_devices", NULL, "Devices.", devices),
	METRIC("iovm_tokens", NULL, "Faults that are PENDING with a host.", tokens),
};

struct text { char *buf; size_t room, len; };	/* room: without the zero; len: what there would be in a larger buffer */

static void add(struct text *t, const char *s)
{
	for (; *s; s++, t->len++)
		if (t->len < t->room)
			t->buf[t->len] = *s;
}

/* Without a division: on 32-bit machines that of 64 bits is a call of the compiler's library, which a kernel may not have */
static void add_number(struct text *t, uint64_t n)
{
	static const uint64_t powers[] = {
#define POWERS(zeros) UINT64_C(1##zeros##0000), UINT64_C(1##zeros##000), UINT64_C(1##zeros##00), UINT64_C(1##zeros##0), UINT64_C(1##zeros)
		POWERS(000000000000000), POWERS(0000000000), POWERS(00000), POWERS(),
#undef POWERS
	};
	char digits[21], *at = digits;

	for (unsigned i = 0; i < sizeof powers / sizeof powers[0]; i++) {
		char digit = '0';

		for (; n >= powers[i]; n -= powers[i])
			digit++;
		if (digit != '0' || at != digits || powers[i] == 1)
			*at++ = digit;
	}
	*at = '\0';
	add(t, digits);
}

static bool counts_up(const struct metric *m)	/* in struct iovm_stats what only grows has 64 bits, what comes and goes 32 */
{
	return m->width == sizeof(uint64_t);
}

static void add_head(struct text *t, const struct metric *m)
{
	add(t, "# HELP ");
	add(t, m->name);
	add(t, " ");
	add(t, m->help);
	add(t, "\n# TYPE ");
	add(t, m->name);
	add(t, counts_up(m) ? " counter\n" : " gauge\n");
}

static uint64_t value(const struct iovm_stats *stats, const struct metric *m)
{
	const char *at = (const char *)stats + m->offset;
	uint64_t wide;
	uint32_t narrow;

	if (m->width == sizeof narrow) {
		memcpy(&narrow, at, sizeof narrow);
		return narrow;
	}
	memcpy(&wide, at, sizeof wide);
	return wide;
}

static void add_sample(struct text *t, const struct metric *m, uint64_t n)
{
	add(t, m->name);
	if (m->label) {
		add(t, "{");
		add(t, m->label);
		add(t, "}");
	}
	add(t, " ");
	add_number(t, n);
	add(t, "\n");
}

size_t iovm_stats_prometheus(const struct iovm_stats *stats, char *buf, size_t len)
{
	struct text t = { buf, len ? len - 1 : 0, 0 };

	for (unsigned i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
		const struct metric *m = &metrics[i];

		if (m->offset + m->width > stats->size)
			continue;	/* the caller's structure is older than this field */
		if (m->help)
			add_head(&t, m);
		add_sample(&t, m, value(stats, m));
	}
	if (len)
		buf[t.len < t.room ? t.len : t.room] = '\0';
	return t.len;
}
