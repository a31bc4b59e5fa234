/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A child enters SECCOMP_MODE_STRICT, where every system call but read, write and exit is death, and services a million
 * requests. The checker and the trace are off, since both belong to tests and allocate.
 */
#include "scenario.h"
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUESTS = 1000000, AT_ONCE = 32 };

static void serve(struct iovm_sim *sim, struct iovm_sim_ep *ep, uint32_t pasid, unsigned requests)
{
	unsigned n, i;

	for (n = 0; n < requests; n += AT_ONCE) {
		for (i = 0; i < AT_ONCE; i++)
			scene_ask(ep, pasid, BASE + i % 16 * PAGE, (uint16_t)((n + i) % IOVM_PRG_INDICES), LAST);
		iovm_sim_run(sim);
	}
}

SCENARIO(s_no_system_call)
{
	const struct iovm_sim_config config = { .size = sizeof config, .no_check = true };
	struct iovm_sim *sim = iovm_sim_new_config(&config);
	struct iovm_sim_ep *ep = scene_device(sim);
	int status, pasid = iovm_bind_mm(iovm_sim_ep_device(ep), scene_space(sim), NULL, NULL);
	pid_t child;

	ck_assert_int_gt(pasid, 0);
	serve(sim, ep, (uint32_t)pasid, 1000);		/* pages come, the machine's own pools fill */
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
			_exit(2);
		serve(sim, ep, (uint32_t)pasid, REQUESTS);
		syscall(SYS_exit, iovm_sim_ep_answers(ep).success >= REQUESTS ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip("seccomp: this kernel refuses SECCOMP_MODE_STRICT; run where prctl(PR_SET_SECCOMP) is allowed");
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %#x", (unsigned)status);
	ck_assert_int_eq(iovm_sim_del(sim), 1);		/* the bond is still there, and is noticed */
}
