/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Threads of this process that give scratch memory back to the kernel while devices read it, and post the invalidations to the loop, as a notifier of a
 * real kernel would from any thread: neighbouring pages one by one, so that there is something to join. A burst is over when
 * the loop has answered all of it.
 */
#include <sys/mman.h>
#include <time.h>
#include "base/atomic.h"
#include "process_soak.h"

enum { BURST = 8 };

static void answered(void *arg, int result)	/* on the loop */
{
	struct notifier *n = arg;

	if (result)
		soak_fail(n->run->r, "a posted invalidation returned %d: %s", result, iovm_strerror(result));
	add_ar(&n->answers, 1);
	run_kick(n->run);
}

static void rest(long ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
}

static unsigned take_away(struct notifier *n, uint64_t page)
{
	struct run *run = n->run;
	char *at = run->scratch + page * PROCESS_PAGE;
	uint64_t first = (uintptr_t)at;

	pthread_mutex_lock(&run->own_memory);
	madvise(at, PROCESS_PAGE, MADV_DONTNEED);
	pthread_mutex_unlock(&run->own_memory);
	return !iovm_event_invalidate(run->ev, run->sys, run->spaces[0].mm, first, first + PROCESS_PAGE - 1, answered, n);
}

static void *notify(void *arg)
{
	struct notifier *n = arg;
	uint64_t x = n->seed;

	while (!load_acq(&n->stop)) {
		unsigned posted = 0;

		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		store_rel(&n->answers, 0);
		for (unsigned i = 0; i < BURST; i++)
			posted += take_away(n, (x >> 33) % (SCRATCH / PROCESS_PAGE - BURST) + i);
		while (load_acq(&n->answers) < posted)
			rest(50000);
		rest(1000000);
	}
	store_rel(&n->gone, 1);
	return NULL;
}

int notifiers_start(struct run *run)
{
	for (unsigned i = 0; i < run->nnotifiers; i++) {
		struct notifier *n = &run->notifiers[i];

		n->run = run;
		n->seed = run->o->seed + i;
		if (pthread_create(&n->thread, NULL, notify, n))
			return -1;
		n->started = true;
	}
	return 0;
}

bool notifiers_stop(struct run *run)
{
	bool all = true;

	for (unsigned i = 0; i < run->nnotifiers; i++)
		store_rel(&run->notifiers[i].stop, 1);
	for (unsigned i = 0; i < run->nnotifiers; i++) {
		struct notifier *n = &run->notifiers[i];

		if (n->started && !load_acq(&n->gone)) {
			all = false;
		} else if (n->started) {
			pthread_join(n->thread, NULL);
			n->started = false;
		}
	}
	return all;
}
