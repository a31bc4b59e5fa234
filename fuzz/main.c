/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * decode.c without libFuzzer: decode [--runs N] [--seed S] [--kind K] [--input HEX]. Inputs come from a generator, of which run and seed are the whole
 * state, so that a failure is found again; its input is printed with the command that replays it, even when a signal ends the program. One result a
 * kind: it fails at its first broken promise.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "backends/smmuv3/codec.h"
#include "decode.h"

#define PROGRESS 1000000u	/* runs between two lines */

static uint8_t input[FUZZ_INPUT_MAX];	/* the one that is being tried, for the signal handler */
static size_t input_size;
static const char *program;

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Uniform words have half of their bits set; the rare cases are among those with few, and with nearly all */
static uint64_t draw_word(uint64_t *state)
{
	uint64_t word = draw(state), how = draw(state);

	switch (how % 8) {
	case 0: return 0;
	case 1: return UINT64_C(1) << (word & 63);
	case 2: return word & draw(state) & draw(state);
	case 3: return word | draw(state) | draw(state);
	default: return word;
	}
}

static void draw_input(unsigned kind, uint64_t seed, uint64_t run)
{
	uint64_t state = seed + run * 0x2545f4914f6cdd1d;	/* odd: every run of a seed has a state of its own */
	unsigned i, nwords = iovm__smmu_kind_words(fuzz_kinds[kind]);

	input_size = 1 + 8 * nwords;
	input[0] = (uint8_t)kind;
	for (i = 0; i < nwords; i++) {
		uint64_t word = draw_word(&state);
		const struct smmu_record *record = &iovm__smmu_records[draw(&state) % iovm__smmu_nrecords];
		unsigned byte;

		if (i == 0 && strcmp(record->kind, fuzz_kinds[kind]) == 0)
			iovm__smmu_begin(record, &word);	/* most numbers are unknown */
		for (byte = 0; byte < 8; byte++)
			input[1 + 8 * i + byte] = (uint8_t)(word >> 8 * byte);
	}
}

/* Writes only, for it is called in a signal handler, too */
static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void say_input(void)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * FUZZ_INPUT_MAX + 1];
	size_t i;

	for (i = 0; i < input_size; i++) {
		hex[2 * i] = digits[input[i] >> 4];
		hex[2 * i + 1] = digits[input[i] & 15];
	}
	hex[2 * i] = '\0';
	say("input ");
	say(hex);
	say("\nagain: ");
	say(program);
	say(" --input ");
	say(hex);
	say("\n");
}

static void on_signal(int signum)
{
	say("died of a signal\n");
	say_input();
	signal(signum, SIG_DFL);
	raise(signum);
}

static bool try_input(void)
{
	const char *broken = fuzz_check(input, input_size);

	if (broken == NULL)
		return true;
	fprintf(stderr, "broken: %s\n", broken);
	say_input();
	return false;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool fuzz_kind(unsigned kind, uint64_t seed, uint64_t runs)
{
	double start = seconds();
	uint64_t run;

	for (run = 0; run < runs; run++) {
		draw_input(kind, seed, run);
		if (!try_input())
			return false;
		if ((run + 1) % PROGRESS == 0)
			fprintf(stderr, "%s %llu/%llu %.1f s\n", fuzz_kinds[kind], (unsigned long long)run + 1, (unsigned long long)runs, seconds() - start);
	}
	return true;
}

/* false: no hexadecimal bytes, or too many */
static bool read_input(const char *hex)
{
	size_t n = strlen(hex), i;

	if (n == 0 || n % 2 || n / 2 > sizeof input || strspn(hex, "0123456789abcdefABCDEF") != n)
		return false;
	input_size = n / 2;
	for (i = 0; i < input_size; i++)
		input[i] = (uint8_t)strtoul((char[]){ hex[2 * i], hex[2 * i + 1], '\0' }, NULL, 16);
	return true;
}

struct wish {
	uint64_t runs, seed;
	const char *kind, *hex;
};

static bool read_number(uint64_t *number, const char *text)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10);
	return errno == 0 && end != text && *end == '\0' && *text != '-';
}

static int usage(FILE *to)
{
	fprintf(to, "usage: %s [--runs N] [--seed S] [--kind KIND] [--input HEX]\n"
		"KIND is CMD, EVT, PRI, STE, CD, L1 or REG; ./run fuzz --help says more\n", program);
	return to == stdout ? 0 : 2;
}

static bool complain(const char *option, const char *value, const char *what)
{
	fprintf(stderr, "%s: %s %s: %s\n", program, option, value, what);
	return false;
}

static bool set(struct wish *wish, int option)
{
	static const char number[] = "a number is needed, decimal or with 0x";

	switch (option) {
	case 'r': return read_number(&wish->runs, optarg) || complain("--runs", optarg, number);
	case 's': return read_number(&wish->seed, optarg) || complain("--seed", optarg, number);
	case 'k': return iovm__smmu_kind_words(wish->kind = optarg) || complain("--kind", optarg, "no such kind");
	case 'i': return read_input(wish->hex = optarg) || complain("--input", optarg, "bytes in hex are needed, 65 at most");
	default: return false;		/* getopt has said what is wrong */
	}
}

/* -1: go on; else the exit status */
static int read_options(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = {
		{ "runs", required_argument, NULL, 'r' }, { "seed", required_argument, NULL, 's' }, { "kind", required_argument, NULL, 'k' },
		{ "input", required_argument, NULL, 'i' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return usage(stdout);
		if (!set(wish, c))
			return usage(stderr);
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "%s: %s: no such option\n", program, argv[optind]);
	return usage(stderr);
}

/* A result that nobody could read is none */
static int written(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: standard output: %s\n", program, strerror(errno));
	return status ? status : 3;
}

int main(int argc, char **argv)
{
	struct wish wish = { .runs = 10000000, .seed = 1 };
	unsigned kind, passed = 0, failed = 0;
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	int status;

	program = argv[0];
	status = read_options(&wish, argc, argv);
	if (status >= 0)
		return written(status);
	signal(SIGPIPE, SIG_IGN);
	for (kind = 0; kind < sizeof deadly / sizeof *deadly; kind++)
		signal(deadly[kind], on_signal);
	for (kind = 0; kind < fuzz_nkinds; kind++) {
		if (wish.hex ? kind != 0 : wish.kind && strcmp(wish.kind, fuzz_kinds[kind]) != 0)
			continue;
		if (wish.hex ? try_input() : fuzz_kind(kind, wish.seed, wish.runs))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed, 0 skipped\n", passed, failed);
	return written(failed != 0);
}
