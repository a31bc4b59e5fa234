/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A child as its parent sees it. Everything that the child says, its death included, arrives on the event_base: readiness by a pipe, the agent's answers
 * by its socket, death by a pidfd. Where pidfd_open is refused, the end of the agent's socket tells of the death. Only orders are waited for, with a limit.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "process.h"

enum { ORDER_MS = 5000 };	/* a child whose main thread does not answer for so long hangs */

struct process_child {
	struct process_child_events events;
	pid_t pid;			/* 0: reaped */
	int pidfd, pagemap, pages, orders, ready;	/* -1: not there */
	struct event *on_death, *on_pages, *on_ready;
	struct { uint32_t id; struct process_ranges ranges; } *asked;	/* what the agent was asked, to be joined with its answer */
	unsigned nasked;
};

/* ---- shared memory ---------------------------------------------------------------------------------------------------------- */

int region_new(struct process_region *region, size_t len)
{
	region->len = len;
	region->memfd = memfd_create("iovm-soak", MFD_CLOEXEC);
	if (region->memfd < 0)
		return -1;
	region->base = ftruncate(region->memfd, (off_t)len) ? MAP_FAILED : mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, region->memfd, 0);
	if (region->base != MAP_FAILED)
		return 0;
	close(region->memfd);
	return -1;
}

void region_del(struct process_region *region)
{
	munmap(region->base, region->len);
	close(region->memfd);
}

void region_drop(struct process_region *region, uint64_t first, uint64_t last)
{
	fallocate(region->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(first - (uintptr_t)region->base), (off_t)(last - first + 1));
}

/* ---- what it says ------------------------------------------------------------------------------------------------------------ */

static void stop_event(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

static void stop_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void reap(struct process_child *c, int options)
{
	siginfo_t info = { .si_pid = 0 };

	if (!c->pid || waitid(P_PID, (id_t)c->pid, &info, WEXITED | options) || !info.si_pid)
		return;
	c->pid = 0;
	stop_event(&c->on_death);
	stop_event(&c->on_pages);
	stop_event(&c->on_ready);
	c->events.died(c->events.ctx, &info);
}

static void on_death(evutil_socket_t fd, short what, void *arg)
{
	reap(arg, WNOHANG);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct process_child *c = arg;
	uint64_t private_base;
	ssize_t n = read(c->ready, &private_base, sizeof(private_base));

	stop_event(&c->on_ready);
	stop_fd(&c->ready);
	if (n == (ssize_t)sizeof(private_base))		/* else it has died, which is told elsewhere */
		c->events.ready(c->events.ctx, private_base);
}

static void answered(struct process_child *c, const struct agent_reply *reply)
{
	struct process_ranges ranges;

	for (unsigned i = 0; i < c->nasked; i++)
		if (c->asked[i].id == reply->id) {
			ranges = c->asked[i].ranges;
			c->asked[i] = c->asked[--c->nasked];
			memcpy(ranges.failed, reply->failed, sizeof(ranges.failed));
			c->events.paged(c->events.ctx, reply->id, &ranges);
			return;
		}
}

static void on_pages(evutil_socket_t fd, short what, void *arg)
{
	struct process_child *c = arg;
	struct agent_reply reply;
	ssize_t n = recv(c->pages, &reply, sizeof(reply), MSG_DONTWAIT);

	if (n == (ssize_t)sizeof(reply)) {
		answered(c, &reply);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		stop_event(&c->on_pages);
		if (c->pidfd < 0)
			reap(c, 0);
	}
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------ */

int child_page_in(struct process_child *c, uint32_t id, const struct process_ranges *rs, bool hold)
{
	struct agent_request request = { .id = id, .hold = hold };
	size_t len = offsetof(struct agent_request, ranges.r) + rs->n * sizeof(rs->r[0]);
	void *more = realloc(c->asked, (c->nasked + 1) * sizeof(*c->asked));

	if (!more)
		return -1;
	c->asked = more;
	c->asked[c->nasked].id = id;
	c->asked[c->nasked].ranges = *rs;
	request.ranges.n = rs->n;
	memcpy(request.ranges.r, rs->r, rs->n * sizeof(rs->r[0]));
	if (send(c->pages, &request, len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)len)
		return -1;
	c->nasked++;
	return 0;
}

static ssize_t reply_of(struct process_child *c, struct worker_reply *reply)
{
	struct pollfd p = { .fd = c->orders, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, ORDER_MS);
	while (n < 0 && errno == EINTR);
	return n > 0 ? recv(c->orders, reply, sizeof(*reply), MSG_DONTWAIT) : -1;
}

static int order_once(struct process_child *c, enum worker_op op, uint64_t addr, void *buf, size_t len, uint64_t seed)
{
	struct worker_order order;
	struct worker_reply reply;
	size_t size = offsetof(struct worker_order, data);

	order.op = op;
	order.len = (uint32_t)len;
	order.addr = addr;
	order.seed = seed;
	if (op == WORKER_WRITE) {
		memcpy(order.data, buf, len);
		size += len;
	}
	if (send(c->orders, &order, size, MSG_NOSIGNAL) != (ssize_t)size)
		return -1;
	if (op == WORKER_DIE || op == WORKER_LEAVE)
		return 0;
	if (reply_of(c, &reply) < (ssize_t)offsetof(struct worker_reply, data) || !reply.good)
		return -1;
	if (op == WORKER_READ)
		memcpy(buf, reply.data, len);
	return 0;
}

int child_order(struct process_child *c, enum worker_op op, uint64_t addr, void *buf, size_t len, uint64_t seed)
{
	bool carries = op == WORKER_READ || op == WORKER_WRITE;
	int err = c->pid && (!carries || len <= PROCESS_PAGE) ? 0 : -1;

	return err ? err : order_once(c, op, addr, buf, len, seed);
}

pid_t child_pid(const struct process_child *c)
{
	return c->pid;
}

int child_pagemap(const struct process_child *c)
{
	return c->pagemap;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------------- */

static int watch(struct process_child *c, struct event_base *base)
{
	c->on_pages = event_new(base, c->pages, EV_READ | EV_PERSIST, on_pages, c);
	c->on_ready = event_new(base, c->ready, EV_READ, on_ready, c);
	if (c->pidfd >= 0)
		c->on_death = event_new(base, c->pidfd, EV_READ | EV_PERSIST, on_death, c);
	if (!c->on_pages || !c->on_ready || (c->pidfd >= 0 && (!c->on_death || event_add(c->on_death, NULL))))
		return -1;
	return event_add(c->on_pages, NULL) || event_add(c->on_ready, NULL) ? -1 : 0;
}

/* The parent's ends in c, the child's in setup */
static const char *connect_ends(struct process_child *c, struct worker_setup *setup)
{
	int pages[2], orders[2], ready[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pages))
		return "socketpair";
	c->pages = pages[0];
	setup->pages = pages[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, orders))
		return "socketpair";
	c->orders = orders[0];
	setup->orders = orders[1];
	if (pipe2(ready, O_CLOEXEC))
		return "pipe2";
	c->ready = ready[0];
	setup->ready = ready[1];
	return NULL;
}

static const char *start(struct process_child *c, struct event_base *base, struct worker_setup *setup)
{
	const char *what = connect_ends(c, setup);

	if (what)
		return what;
	setup->parent = getpid();
	c->pid = fork();
	if (c->pid < 0)
		return "fork";
	if (!c->pid)
		worker_main(setup);
	setpgid(c->pid, c->pid);
	madvise(setup->shared->base, setup->shared->len, MADV_DONTFORK);	/* its brothers have no business there */
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0u);
	c->pagemap = pagemap_open(c->pid);
	if (c->pagemap < 0)
		return "open of /proc/PID/pagemap";
	return watch(c, base) ? "event_new" : NULL;
}

struct process_child *child_start(struct event_base *base, const struct process_region *shared, size_t private_len, const struct populate *populate,
				  const struct process_child_events *events, const char **what)
{
	struct worker_setup setup = { .ready = -1, .pages = -1, .orders = -1, .shared = shared, .private_len = private_len, .populate = populate };
	struct process_child *c = calloc(1, sizeof(*c));
	int err;

	*what = "calloc";
	if (!c)
		return NULL;
	*c = (struct process_child){ .events = *events, .pidfd = -1, .pagemap = -1, .pages = -1, .orders = -1, .ready = -1 };
	*what = start(c, base, &setup);
	err = errno;
	stop_fd(&setup.ready);
	stop_fd(&setup.pages);
	stop_fd(&setup.orders);
	if (!*what)
		return c;
	if (c->pid < 0)
		c->pid = 0;
	child_del(c);
	errno = err;
	return NULL;
}

void child_del(struct process_child *c)
{
	siginfo_t info;

	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitid(P_PID, (id_t)c->pid, &info, WEXITED);
	}
	stop_event(&c->on_death);
	stop_event(&c->on_pages);
	stop_event(&c->on_ready);
	stop_fd(&c->pidfd);
	stop_fd(&c->pagemap);
	stop_fd(&c->pages);
	stop_fd(&c->orders);
	stop_fd(&c->ready);
	free(c->asked);
	free(c);
}
