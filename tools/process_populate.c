/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Making pages of one's own memory present, in the best way that this kernel takes:
 *
 *   vector  one process_madvise(own pidfd, ranges, MADV_POPULATE_WRITE); Linux 6.13 takes that advice, older ones answer EINVAL
 *   single  one madvise(MADV_POPULATE_WRITE) for each range; Linux 5.14
 *   touch   a store to each page that changes nothing
 *
 * A vector that is refused in its middle says how far it came, not why; so its rest is tried range by range, and only what then fails has failed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "process.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static char *address(uint64_t addr)
{
	return (char *)(uintptr_t)addr;
}

static size_t length(const struct process_range *r)
{
	return (size_t)(r->last - r->first) + 1;
}

static ssize_t advise_vector(int pidfd, const struct iovec *v, size_t n)
{
	return syscall(SYS_process_madvise, pidfd, v, n, MADV_POPULATE_WRITE, 0u);
}

const char *populate_name(const struct populate *p)
{
	static const char *const names[] = { "vector", "single", "touch" };

	return names[p->how];
}

/* Two pages that are not there, in two ranges */
static int probe(struct populate *p, char *pages)
{
	struct iovec v[] = { { pages, PROCESS_PAGE }, { pages + 2 * PROCESS_PAGE, PROCESS_PAGE } };

	switch (p->how) {
	case POPULATE_VECTOR: return advise_vector(p->pidfd, v, 2) == (ssize_t)(2 * PROCESS_PAGE) ? 0 : -1;
	case POPULATE_SINGLE: return madvise(pages, PROCESS_PAGE, MADV_POPULATE_WRITE);
	default: return 0;
	}
}

static bool works(struct populate *p, enum populate_how how)
{
	char *pages = mmap(NULL, 4 * PROCESS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (pages == MAP_FAILED)
		return false;
	p->how = how;
	err = probe(p, pages);
	munmap(pages, 4 * PROCESS_PAGE);
	return err == 0;
}

int populate_init(struct populate *p, enum soak_populate wanted, char *why, size_t len)
{
	int err;

	p->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0u);
	err = errno;
	if (wanted != SOAK_POPULATE_SINGLE && p->pidfd >= 0) {
		if (works(p, POPULATE_VECTOR))
			return 0;
		err = errno;
	}
	if (wanted == SOAK_POPULATE_VECTOR) {
		snprintf(why, len, "--populate vector: this kernel refuses %s: %s; use --populate auto or single, or Linux 6.13 or newer",
			 p->pidfd < 0 ? "pidfd_open" : "process_madvise(MADV_POPULATE_WRITE)", strerror(err));
		populate_fini(p);
		return -1;
	}
	populate_fini(p);
	if (works(p, POPULATE_SINGLE))
		return 0;
	if (wanted == SOAK_POPULATE_SINGLE) {
		snprintf(why, len, "--populate single: this kernel refuses madvise(MADV_POPULATE_WRITE): %s; use --populate auto, or Linux 5.14 or newer",
			 strerror(errno));
		return -1;
	}
	p->how = POPULATE_TOUCH;
	return 0;
}

int populate_init_child(struct populate *p, const struct populate *parent)
{
	*p = *parent;
	if (p->how == POPULATE_VECTOR)
		p->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0u);
	return p->how == POPULATE_VECTOR && p->pidfd < 0 ? -1 : 0;
}

void populate_fini(struct populate *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
}

static int touch(const struct process_range *r)
{
	for (char *at = address(r->first), *end = at + length(r); at < end; at += PROCESS_PAGE)
		__atomic_fetch_or(at, 0, __ATOMIC_RELAXED);
	return 0;
}

static int populate_one(const struct populate *p, const struct process_range *r)
{
	int err;

	if (p->how == POPULATE_TOUCH)
		return touch(r);
	do
		err = madvise(address(r->first), length(r), MADV_POPULATE_WRITE);
	while (err && (errno == EINTR || errno == EAGAIN));
	return err;
}

/* How many ranges, from the first on, the kernel took whole */
static unsigned populate_vector(const struct populate *p, const struct process_ranges *rs)
{
	struct iovec v[PROCESS_RANGES];
	ssize_t done;
	unsigned i;

	for (i = 0; i < rs->n; i++)
		v[i] = (struct iovec){ address(rs->r[i].first), length(&rs->r[i]) };
	done = advise_vector(p->pidfd, v, rs->n);
	for (i = 0; i < rs->n && done >= (ssize_t)v[i].iov_len; i++)
		done -= (ssize_t)v[i].iov_len;
	return i;
}

uint64_t populate_pages(const struct populate *p, struct process_ranges *rs)
{
	unsigned i = p->how == POPULATE_VECTOR && rs->n ? populate_vector(p, rs) : 0;

	for (; i < rs->n; i++)
		if (populate_one(p, &rs->r[i]))
			ranges_fail(rs, i);
	return ranges_pages(rs);
}
