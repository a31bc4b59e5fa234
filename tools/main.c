/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The `iovm` program: one verb, one file. A verb gets argv from its own name on, prints its result to stdout and returns the exit code. Whether stdout
 * could take all of it is looked at here, for every verb and every --help alike: a pipe that nobody reads and a disk that is full are errors with a
 * sentence, not a death without one, and a verdict that says more than 0 stays what it is.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "version.h"

int tool_soak(int argc, char **argv);
int tool_check_trace(int argc, char **argv);
int tool_decode(int argc, char **argv);
int tool_encode(int argc, char **argv);
int tool_doctor(int argc, char **argv);

enum { GOOD = 0, USAGE = 2, ENVIRONMENT = 3 };

static const struct { const char *name; int (*run)(int argc, char **argv); const char *what; } verbs[] = {
	{ "soak", tool_soak, "misbehaving devices around an engine, every answer checked" },
	{ "check-trace", tool_check_trace, "judge a trace file by the invariants" },
	{ "decode", tool_decode, "what SMMUv3 events, commands and tables say: words, logs, dumps" },
	{ "encode", tool_encode, "the words of an SMMUv3 record" },
	{ "doctor", tool_doctor, "what this machine offers, and what mends what it does not" },
};
#define NVERBS (sizeof(verbs) / sizeof(verbs[0]))

static void list(FILE *out)
{
	for (unsigned i = 0; i < NVERBS; i++)
		fprintf(out, "  %-12s %s\n", verbs[i].name, verbs[i].what);
}

static int usage(FILE *out)
{
	fputs("usage: iovm VERB [options]      iovm VERB --help says more\n\n", out);
	list(out);
	fputs("\nTry: iovm soak --steps 200000 --seed 1 --trace /tmp/run.trace\n"
	      "     iovm check-trace /tmp/run.trace\n"
	      "     dmesg | iovm decode\n", out);
	return out == stdout ? GOOD : USAGE;
}

static int written(const char *name, int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fprintf(stderr, "%s: standard output: %s\n", name, strerror(errno));	/* of this write, or of the one that failed under the verb */
	return code ? code : ENVIRONMENT;
}

static int run(unsigned verb, int argc, char **argv)
{
	static char name[32];

	snprintf(name, sizeof(name), "iovm %s", verbs[verb].name);
	argv[0] = name;		/* what getopt's complaints begin with */
	return written(name, verbs[verb].run(argc, argv));
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return written("iovm", usage(stdout));
	if (!strcmp(argv[1], "--version"))
		return puts("iovm " IOVM_TOOL_VERSION), written("iovm", GOOD);
	for (unsigned i = 0; i < NVERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return run(i, argc - 1, argv + 1);
	fprintf(stderr, "iovm: there is no verb '%s'. The verbs:\n", argv[1]);
	list(stderr);
	return USAGE;
}
