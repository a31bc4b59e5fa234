/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Check forks a child for each test and tells the parent passed or failed, nothing else. So skips go through an unlinked file opened before the first
 * fork: one line each, appended by whoever skips, read by the parent at the end. Check counts a skipped test as passed; we take it off again.
 */
#include "harness.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *skips;

void harness_skip(const char *reason)
{
	char line[256];
	int n = snprintf(line, sizeof(line) - 1, "%s", reason);

	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n] = '\n';
	if (write(fileno(skips), line, (size_t)n + 1) != n + 1)
		ck_abort_msg("cannot note a skip: %s", strerror(errno));
}

static int report_skips(FILE *to)	/* returns how many there were */
{
	char line[256];
	int n = 0;

	rewind(skips);
	for (; fgets(line, sizeof(line), skips) != NULL; n++)
		fprintf(to, "skip: %s: %s", program_invocation_short_name, line);
	return n;
}

static int write_results(int run, int failed)	/* returns the number of skips, or -1 */
{
	const char *name = getenv("IOVM_TEST_RESULTS");
	FILE *to = name != NULL ? fopen(name, "a") : stdout;
	int skipped;

	if (to == NULL) {
		perror(name);
		return -1;
	}
	skipped = report_skips(to);
	fprintf(to, "%s %d %d %d\n", program_invocation_short_name, run - failed - skipped, failed, skipped);
	if ((to == stdout ? fflush(to) : fclose(to)) != 0) {
		perror("results");
		return -1;
	}
	return skipped;
}

int harness_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int run, failed, skipped;

	skips = tmpfile();
	if (skips == NULL) {
		perror("tmpfile");
		return 1;
	}
	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	skipped = write_results(run, failed);
	fclose(skips);
	if (run == 0)
		fprintf(stderr, "%s: no test was run\n", program_invocation_short_name);
	if (failed > 0 || skipped < 0 || run == 0)
		return 1;
	return skipped == run ? 77 : 0;
}
