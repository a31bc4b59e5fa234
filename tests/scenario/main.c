/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* All scenarios, in the order of list.h. CK_RUN_CASE=pitfalls or promises runs these; each gap is a case of its own. */
#include "scenario.h"

#define DECLARE(name) extern const TTest name;
#include "list.h"
GAPS(DECLARE)
PITFALLS(DECLARE)
PROMISES(DECLARE)

static void add_alone(Suite *s, const TTest *test)
{
	TCase *t = tcase_create(test->name);

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test);
	suite_add_tcase(s, t);
}

static Suite *scenario_suite(void)
{
	Suite *s = suite_create("scenario");
	TCase *pitfalls = tcase_create("pitfalls"), *promises = tcase_create("promises");

	tcase_set_timeout(pitfalls, 60);
#define ADD(name) tcase_add_test(pitfalls, &name);
	PITFALLS(ADD)
#undef ADD
#define ADD(name) tcase_add_test(promises, &name);
	PROMISES(ADD)
#undef ADD
#define ADD(name) add_alone(s, &name);
	GAPS(ADD)
	suite_add_tcase(s, pitfalls);
	suite_add_tcase(s, promises);
	return s;
}

int main(void) { return harness_main(scenario_suite()); }
