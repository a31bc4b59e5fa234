/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The `iovm` program: one verb, one file. A verb gets argv from its own name on and returns the exit code. */
#include <stdio.h>
#include <string.h>
#include "version.h"

int tool_soak(int argc, char **argv);
int tool_check_trace(int argc, char **argv);
int tool_decode(int argc, char **argv);
int tool_encode(int argc, char **argv);
int tool_doctor(int argc, char **argv);

static const struct { const char *name; int (*run)(int argc, char **argv); const char *what; } verbs[] = {
	{ "soak", tool_soak, "misbehaving devices around an engine, every answer checked" },
	{ "check-trace", tool_check_trace, "judge a trace file by the invariants" },
	{ "decode", tool_decode, "what SMMUv3 events, commands and tables say: words, a kernel's log, a dump" },
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
	return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version"))
		return puts("iovm " IOVM_TOOL_VERSION) < 0;
	for (unsigned i = 0; i < NVERBS; i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 1, argv + 1);
	fprintf(stderr, "iovm: there is no verb '%s'. The verbs:\n", argv[1]);
	list(stderr);
	return 2;
}
