/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The result as one JSON object. The order of the keys is part of the format, and every number is an integer below 2^53. Objects are built bottom up
 * by jansson, which keeps the order of insertion; the _new setters own what they are given, also when memory runs out.
 */
#include <jansson.h>
#include <stdio.h>
#include "faults.h"
#include "soak.h"
#include "soak_options.h"
#include "version.h"

static json_t *num(uint64_t n)
{
	return json_integer((json_int_t)(n > SOAK_SEED_MAX ? SOAK_SEED_MAX : n));
}

#define PUT(o, p, field) json_object_set_new(o, #field, num((p)->field))
#define STR(o, key, value) json_object_set_new(o, key, json_string(value))

static json_t *config(const struct soak_config *c)
{
	json_t *o = json_object();

	PUT(o, c, devices);
	PUT(o, c, mms);
	PUT(o, c, iommus);
	PUT(o, c, pasid_bits);
	PUT(o, c, asid_bits);
	STR(o, "kinds", soak_kinds_name(c->kinds));
	PUT(o, c, cmdq_log2);
	PUT(o, c, evtq_log2);
	PUT(o, c, priq_log2);
	PUT(o, c, threads);
	STR(o, "populate", c->populate ? c->populate : "");
	if (c->smmuv3) {
		STR(o, "sync", soak_sync_name(c->sync));
		json_object_set_new(o, "stream_table", json_string(c->linear ? "linear" : "two-level"));
		json_object_set_new(o, "range_tlbi", json_boolean(c->ranges));
	}
	return o;
}

static void requests(json_t *o, const struct soak_result *r)
{
	json_t *responses = json_object(), *dma = json_object();

	PUT(o, r, steps);
	PUT(o, r, virtual_ns);
	PUT(o, r, requests_emitted);
	PUT(o, r, requests);
	PUT(o, r, requests_dropped);
	PUT(o, r, requests_served);
	PUT(o, r, partials_discarded);
	PUT(o, r, stop_markers);
	PUT(o, r, lasts);
	PUT(o, r, groups);
	PUT(o, r, overflows);
	PUT(responses, &r->responses, success);
	PUT(responses, &r->responses, invalid);
	PUT(responses, &r->responses, failure);
	PUT(responses, &r->responses, suppressed);
	json_object_set_new(o, "responses", responses);
	PUT(o, r, auto_responses);
	PUT(dma, &r->dma, reads);
	PUT(dma, &r->dma, writes);
	PUT(dma, &r->dma, bytes);
	PUT(dma, &r->dma, stale);
	PUT(dma, &r->dma, stale_rogue);
	json_object_set_new(o, "dma", dma);
}

static void bonds(json_t *o, const struct soak_result *r)
{
	json_t *pasids = json_object();

	PUT(o, r, binds);
	PUT(o, r, unbinds);
	PUT(o, r, mm_exits);
	PUT(o, r, shutdown_callbacks);
	PUT(o, r, invalidations);
	PUT(pasids, &r->pasids, allocated);
	PUT(pasids, &r->pasids, freed);
	PUT(pasids, &r->pasids, live);
	PUT(pasids, &r->pasids, quarantined);
	PUT(pasids, &r->pasids, leaked);
	json_object_set_new(o, "pasids", pasids);
}

static json_t *injected(const struct soak_result *r)	/* every fault of this machine: those not asked for are 0 */
{
	json_t *o = json_object();
	char key[8];

	for (unsigned i = 1; i <= FAULT_MAX; i++)
		if ((faults_of(r->config.smmuv3) | r->inject) >> i & 1) {
			snprintf(key, sizeof(key), "F%02u", i);
			json_object_set_new(o, key, num(r->injected[i]));
		}
	return o;
}

static json_t *invariants(const struct soak_result *r)
{
	struct iovm_check_count sum = { 0, 0 };
	json_t *o = json_object(), *by_id = json_object();
	char key[8];

	for (unsigned i = 1; i < IOVM_CHECK_MAX; i++) {
		json_t *one;
		if (!soak_reports(r, i))
			continue;
		one = json_object();
		PUT(one, &r->by_id[i], checked);
		PUT(one, &r->by_id[i], violations);
		snprintf(key, sizeof(key), "I%u", i);
		json_object_set_new(by_id, key, one);
		sum.checked += r->by_id[i].checked;
		sum.violations += r->by_id[i].violations;
	}
	PUT(o, &sum, checked);
	PUT(o, &sum, violations);
	json_object_set_new(o, "by_id", by_id);
	return o;
}

static void memory(json_t *o, const struct soak_result *r)
{
	json_t *mem = json_object(), *leaks = json_object();

	PUT(mem, &r->memory, live_bytes_10pct);
	PUT(mem, &r->memory, live_bytes_end);
	PUT(mem, &r->memory, peak_bytes);
	if (r->has_memory)
		json_object_set(o, "memory", mem);
	json_decref(mem);
	PUT(leaks, &r->leaks, bytes);
	PUT(leaks, &r->leaks, fds);
	PUT(leaks, &r->leaks, children);
	PUT(leaks, &r->leaks, pasids);
	json_object_set_new(o, "leaks", leaks);
}

static json_t *loop(const struct soak_result *r)
{
	json_t *o = json_object();

	PUT(o, &r->loop, dispatches);
	PUT(o, &r->loop, wakeups);
	PUT(o, &r->loop, sleeps);
	PUT(o, &r->loop, spins);
	PUT(o, &r->loop, invalidations_posted);
	return o;
}

static json_t *processes(const struct soak_result *r)
{
	json_t *o = json_object();

	PUT(o, &r->processes, started);
	PUT(o, &r->processes, segfaulted);
	PUT(o, &r->processes, died_with_request);
	PUT(o, &r->processes, bonds_at_death);
	PUT(o, &r->processes, callbacks_for_dead);
	PUT(o, &r->processes, pages_present);
	PUT(o, &r->processes, pages_verified);
	return o;
}

static json_t *obligations(const struct soak_result *r)
{
	json_t *o = json_object();

	PUT(o, &r->obligations, checked);
	PUT(o, &r->obligations, broken);
	return o;
}

static json_t *whole(const struct soak_options *opt, const struct soak_result *r)
{
	json_t *o = json_object();
	char command[1024];

	soak_replay_command(command, sizeof(command), opt, r);
	STR(o, "schema", "iovm-soak");
	json_object_set_new(o, "version", num(1));
	STR(o, "build", IOVM_TOOL_BUILD);
	STR(o, "command", command);
	PUT(o, r, seed);
	STR(o, "backend", r->backend);
	STR(o, "mm", r->mm);
	json_object_set_new(o, "config", config(&r->config));
	requests(o, r);
	bonds(o, r);
	json_object_set_new(o, "injected", injected(r));
	json_object_set_new(o, "invariants", invariants(r));
	memory(o, r);
	if (r->has_loop)
		json_object_set_new(o, "loop", loop(r));
	if (r->has_processes)
		json_object_set_new(o, "processes", processes(r));
	if (r->has_obligations)
		json_object_set_new(o, "obligations", obligations(r));
	json_object_set_new(o, "trace_sha256", *r->trace_sha256 ? json_string(r->trace_sha256) : json_null());
	return o;
}

void soak_report_json(const struct soak_options *opt, const struct soak_result *r)
{
	json_t *o = whole(opt, r);

	if (!json_dumpf(o, stdout, JSON_INDENT(1)))
		putchar('\n');
	fflush(stdout);
	json_decref(o);
}
