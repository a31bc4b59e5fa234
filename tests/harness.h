/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What Check 0.15 lacks: a skip that is counted, and a count that a script can add up. A test program's main() is one line,
 *
 *	int main(void) { return harness_main(room_suite()); }
 *
 * and a test that cannot run here says skip("no such call: what to do about it") before its first assertion. CK_FORK, CK_RUN_CASE and the other
 * variables of Check work as usual. IOVM_TEST_RESULTS names a file to which "program passed failed skipped" and the skips' reasons are appended.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H
#include <check.h>

int harness_main(Suite *suite);		/* the exit status: 0, 1 if a test failed, 77 if all were skipped */
void harness_skip(const char *reason);	/* counts the running test as skipped; works in Check's children too */

#define skip(reason) do { harness_skip(reason); return; } while (0)

#endif
