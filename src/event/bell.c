/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The bell: how other threads make the loop look, and why they mostly need no system call for it.
 *
 * While the loop is awake it looks again soon anyway: ringing is one store. Only a sleeper needs the eventfd. Order: the ringer stores rung, then
 * reads asleep; the loop stores asleep, then reads rung; all seq_cst. So one of the two sees the other: either the ringer finds asleep and writes,
 * or the loop finds rung and does not go to sleep. Exchanging asleep elects one writer among many ringers.
 *
 * The loop clears rung before it looks for work, never after: what is rung later counts for the next turn.
 */
#include <sys/eventfd.h>
#include <unistd.h>
#include "loop.h"

int iovm__bell_init(struct iovm_event *ev)
{
	ev->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ev->sleeping = true;		/* until the first turn nobody looks */
	store_rlx(&ev->asleep, 1);
	return ev->bell_fd < 0 ? -1 : 0;
}

void iovm__bell_fini(struct iovm_event *ev)
{
	close(ev->bell_fd);
}

void iovm__bell_ring(struct iovm_event *ev)
{
	store_sc(&ev->rung, 1);
	if (load_sc(&ev->asleep) && xchg_sc(&ev->asleep, 0))
		eventfd_write(ev->bell_fd, 1);
}

bool iovm__bell_hear(struct iovm_event *ev)
{
	if (ev->sleeping)
		store_sc(&ev->asleep, 0);
	ev->sleeping = false;
	return xchg_sc(&ev->rung, 0);
}

bool iovm__bell_sleep(struct iovm_event *ev)
{
	ev->sleeping = true;
	store_sc(&ev->asleep, 1);
	if (!load_sc(&ev->rung))
		return true;
	store_sc(&ev->asleep, 0);
	ev->sleeping = false;
	return false;
}
