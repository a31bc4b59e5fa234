/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A servicer without any library: epoll, a bell, the clock. Read the bell before dispatch, never after: work that comes
 * in between then rings again. Everything else is iovm_deadline().
 */
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "stubs/ownloop.h"

uint64_t loop_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int milliseconds(uint64_t due)
{
	uint64_t t = loop_now(), ms = due <= t ? 0 : (due - t + 999999) / 1000000;

	return due == UINT64_MAX ? -1 : ms > 60000 ? 60000 : (int)ms;
}

void loop_wake(void *ctx, struct iovm_iommu *iommu)
{
	struct loop *l = ctx;

	while (write(l->bell, &(uint64_t){ 1 }, 8) < 0 && errno == EINTR)
		;			/* EAGAIN: it rings already */
}

int loop_run(struct loop *l)
{
	struct epoll_event e[8];
	int n;

	while (!l->stop) {
		n = epoll_wait(l->ep, e, 8, milliseconds(iovm_deadline(l->iommu)));
		if (n < 0 && errno != EINTR)
			return -errno;
		while (n-- > 0)
			if (read(e[n].data.fd, &(uint64_t){ 0 }, 8) < 0 && errno != EAGAIN && errno != EINTR)
				return -errno;
		do
			n = iovm_dispatch(l->iommu, loop_now(), 64);
		while (n == 64);
		if (n < 0)
			return n;
	}
	return 0;
}
