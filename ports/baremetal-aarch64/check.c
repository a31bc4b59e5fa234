/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Numbers that depend on nothing but how often they were asked for: two runs draw the same. */
#include "check.h"
#include "log.h"

enum { TOLD = 8, ENOUGH = 100 };
struct score score;

#define SAY(prefix) do { \
	__builtin_va_list args; \
	__builtin_va_start(args, what); \
	board_say("%s", prefix); \
	board_vsay(what, args); \
	board_say("\n"); \
	__builtin_va_end(args); \
} while (0)

bool check(bool ok, const char *what, ...)
{
	if (ok)
		score.passed++;
	else
		score.failed++;
	SAY(ok ? "ok    " : "FAIL  ");
	return ok;
}

void skip(const char *what, ...)
{
	score.skipped++;
	SAY("skip  ");
}

bool expect(bool ok, const char *what, ...)
{
	score.expected++;
	if (!ok && score.broken++ < TOLD)
		SAY("      broken: ");
	if (score.broken == ENOUGH) {	/* what comes after only repeats it, slowly */
		check(false, "%u expectations broken: giving up", score.broken);
		score_end();
	}
	return ok;
}

_Noreturn void score_end(void)
{
	check(log_save(), "commands saved");
	board_say("%u passed, %u failed, %u skipped\n", score.passed, score.failed, score.skipped);
	board_exit(score.failed ? 1 : 0);
}

void expectations(const char *what)
{
	check(!score.broken && score.expected, "%s: %u expectations, %u broken", what, score.expected, score.broken);
	score.expected = score.broken = 0;
}

uint32_t chance(uint32_t below)		/* xorshift64*, Marsaglia and Vigna */
{
	static uint64_t x = 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	return (uint32_t)((x * 0x2545f4914f6cdd1du >> 32) * below >> 32);
}
