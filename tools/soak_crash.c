/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An assertion of the engine is a trap, and the step at which it fell is the most valuable figure of the whole run. The command is put together before
 * anything can happen; the handler adds the number and uses nothing but write(2), since the heap may be what is broken.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "soak_crash.h"

static struct { const struct soak_result *r; char before[1024], after[1024]; } crash;
static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGALRM };	/* ALRM: it was told to stop and did not */

static void say(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, text, len);
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static void say_number(uint64_t n)
{
	char digits[24], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	say(at, (size_t)(digits + sizeof(digits) - at));
}

static void died(int sig)
{
	static const char head[] = "\niovm soak: died of signal ", again[] = "; again: ";

	say(head, sizeof(head) - 1);
	say_number((uint64_t)sig);
	say(again, sizeof(again) - 1);
	say(crash.before, strlen(crash.before));
	say_number(crash.r->steps);
	say(crash.after, strlen(crash.after));
	say("\n", 1);
	raise(sig);		/* SA_RESETHAND: now it is the default's turn */
}

static void prepare(const struct soak_options *o, const struct soak_result *r)
{
	static const char key[] = " --steps ";
	struct soak_options by_steps = *o;
	struct soak_result now = *r;
	char *at;

	now.steps = 0;
	now.partial = true;
	soak_replay_command(crash.before, sizeof(crash.before), &by_steps, &now);
	at = strstr(crash.before, key);
	crash.after[0] = '\0';
	if (at) {
		at += sizeof(key) - 1;
		strcpy(crash.after, at + 1);
		*at = '\0';
	}
	crash.r = r;
}

void soak_crash_arm(const struct soak_options *o, const struct soak_result *r)
{
	struct sigaction sa = { .sa_handler = r ? died : SIG_DFL, .sa_flags = (int)SA_RESETHAND | SA_NODEFER };

	if (r)
		prepare(o, r);
	for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &sa, NULL);
}
