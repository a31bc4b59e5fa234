/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * `iovm soak`: options, the parts that were asked for, one report. Without a wish it is two parts, the pretend machine and then real processes, shown as
 * one result: that of the machine, with the objects of the processes beside it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "faults.h"
#include "report_html.h"
#include "soak.h"
#include "soak_options.h"

int tool_soak(int argc, char **argv);

#define PATIENCE 20		/* seconds between the signal and the end, should a step hang */

static void stop(int sig)
{
	soak_signal = sig;
	alarm(PATIENCE);
}

static void catch_signals(void)		/* once: a second one kills, should the first not be heard */
{
	struct sigaction sa = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND }, was;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (!sigaction(SIGHUP, NULL, &was) && was.sa_handler != SIG_IGN)	/* nohup means it */
		sigaction(SIGHUP, &sa, NULL);
}

/* ---- the command that does it again --------------------------------------------------------------------------------------- */

struct text { char *at; size_t left; };

static __attribute__((format(printf, 2, 3))) void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < t->left) {
		t->at += n;
		t->left -= (size_t)n;
	}
}

/* What was given, less what means nothing in the part that is to run again, which would be refused there */
static void add_shape(struct text *t, const struct soak_options *o, bool process)
{
#define NUMBER(option, field) do { if (o->field) add(t, " --" option " %u", o->field); } while (0)
	NUMBER("devices", devices);
	NUMBER("mms", mms);
	NUMBER("iommus", iommus);
	NUMBER("pasid-bits", pasid_bits);
	NUMBER("cmdq-log2", cmdq_log2);
	NUMBER("evtq-log2", evtq_log2);
	NUMBER("priq-log2", priq_log2);
	if (process)
		NUMBER("threads", threads);
#undef NUMBER
	if (o->kinds)
		add(t, " --kinds %s", soak_kinds_name(o->kinds));
	if (process && o->populate)
		add(t, " --populate %s", soak_populate_name(o->populate));
	if (process && o->plant)
		add(t, " --plant %s", o->plant == SOAK_PLANT_LEAK ? "leak" : "crash");
	if (!process && o->inject_list)
		add(t, " --inject %s", o->inject_list);
}

static uint64_t duration_of_part(const struct soak_options *o, unsigned thirds);

static void add_length(struct text *t, const struct soak_options *o, const struct soak_result *r, bool process)
{
	uint64_t duration_ns = r->second_failed ? duration_of_part(o, 1) : o->duration_ns;

	if (!process && (!o->requests || r->partial))
		add(t, " --steps %" PRIu64, r->steps);
	else if (o->requests)
		add(t, " --requests %" PRIu64, o->requests);
	else if (o->kills)
		add(t, " --kills %" PRIu64, o->kills);
	else
		add(t, " --duration %" PRIu64 "ms", duration_ns / 1000000);
}

/* As it was typed: ./run says so, and who has the installed program has no ./run */
static const char *program(void)
{
	const char *command = getenv("IOVM_COMMAND");

	return command && *command ? command : "iovm";
}

void soak_replay_command(char *buf, size_t len, const struct soak_options *o, const struct soak_result *r)
{
	bool process = r->second_failed || !strcmp(r->mm, "process");
	struct text t = { buf, len };

	add(&t, "%.200s soak", program());
	add(&t, "%s --mm %s --seed %" PRIu64, o->backend == SOAK_BACKEND_SMMUV3 ? " --backend smmuv3" : "", process ? "process" : r->mm, r->seed);
	add_length(&t, o, r, process);
	add_shape(&t, o, process);
}

/* ---- parts ------------------------------------------------------------------------------------------------------------------ */

static void move_failures(struct soak_result *to, struct soak_result *from)
{
	for (unsigned i = 0; i < from->nfailures && i < SOAK_FAILURES; i++)
		soak_fail(to, "on process memory: %s", soak_failure(from, i));
	to->environment |= from->environment;
	to->second_failed = from->nfailures;
	soak_free(from);
}

static void merge(struct soak_result *to, struct soak_result *from)
{
	to->has_loop = from->has_loop;
	to->loop = from->loop;
	to->has_processes = from->has_processes;
	to->processes = from->processes;
	to->has_obligations |= from->has_obligations;
	to->obligations.checked += from->obligations.checked;
	to->obligations.broken += from->obligations.broken;
	to->leaks.bytes += from->leaks.bytes;
	to->leaks.fds += from->leaks.fds;
	to->leaks.children += from->leaks.children;
	to->leaks.pasids += from->leaks.pasids;
	to->config.populate = from->config.populate;
	to->wall_ns += from->wall_ns;
	move_failures(to, from);
}

/* How the time of a two-part run is divided. The first part stays what its command line says; only the second is real memory. */
static uint64_t duration_of_part(const struct soak_options *o, unsigned thirds)
{
	return (o->duration_ns ? o->duration_ns : UINT64_C(15000000000)) / 3 * thirds;
}

static struct soak_options part(const struct soak_options *o, enum soak_mm mm, unsigned thirds)
{
	struct soak_options p = *o;

	p.mm = mm;
	p.duration_ns = duration_of_part(o, thirds);
	return p;
}

static void run_both(const struct soak_options *o, struct soak_result *r)
{
	struct soak_options sim = part(o, SOAK_MM_SIM, 2), process = part(o, SOAK_MM_PROCESS, 1);
	struct soak_result second = { .backend = "sim", .mm = "process" };

	soak_sim_run(&sim, r);
	soak_judge(r);
	if (soak_signal || r->nfailures)
		return;
	soak_process_run(&process, &second);
	soak_judge(&second);
	merge(r, &second);
}

static void run(const struct soak_options *o, struct soak_result *r)
{
	if (o->mm == SOAK_MM_BOTH) {
		run_both(o, r);
		return;
	}
	if (o->mm == SOAK_MM_PROCESS)
		soak_process_run(o, r);
	else
		soak_sim_run(o, r);
	soak_judge(r);
}

static void say_failures(const struct soak_options *o, const struct soak_result *r)	/* stdout is the object's alone */
{
	char command[1024];

	for (unsigned i = 0; o->json && i < r->nfailures && i < SOAK_FAILURES; i++)
		fprintf(stderr, "iovm soak: %s\n", soak_failure(r, i));
	if (!r->nfailures || r->environment)
		return;
	soak_replay_command(command, sizeof(command), o, r);
	fprintf(stderr, "iovm soak: again: %s\n", command);
}

int tool_soak(int argc, char **argv)
{
	struct soak_options o;
	struct soak_result r = { .backend = "sim", .mm = "sim" };
	struct report report;
	int code, err;

	switch (soak_options_parse(argc, argv, &o)) {
	case SOAK_PARSE_HELP: return SOAK_GOOD;
	case SOAK_PARSE_USAGE: fputs("Try: iovm soak --help\n", stderr); return SOAK_USAGE;
	default: break;
	}
	catch_signals();	/* before there is a file that a death would leave empty */
	if (report_open(&report, &o))
		return SOAK_ENVIRONMENT;
	fprintf(stderr, "iovm soak: seed %" PRIu64 "\n", o.seed);
	run(&o, &r);
	alarm(0);
	(o.json ? soak_report_json : soak_report_text)(&o, &r);
	say_failures(&o, &r);
	err = report_close(&report, &o, &r);
	code = soak_exit_code(&r) ? soak_exit_code(&r) : err;
	soak_free(&r);
	return code;
}
