/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * A child: a process whose memory devices use, and which dies of a store to a page that it does not have.
 *
 * Two threads. The main one carries out orders: it stores, compares and gives away the child's own bytes, and it is the one that dies. The agent makes
 * private pages present when the parent passes a page request on. Each has a socket of its own, so that a death with a request in the agent's hands
 * leaves just that request unanswered. Nobody survives the parent: SIGKILL comes with its death, and its closed sockets end both threads besides.
 *
 * We come from fork() in a process that may have had other threads: no allocation here but that of pthread_create().
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "process.h"

#ifdef __SANITIZE_THREAD__	/* it would forbid a child of ours its agent */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}
#endif

struct agent { int socket; struct populate populate; };

enum { FIRST_FD = 3, NFDS = 3, HIGH_FD = 64 };

static void forget_handlers(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGINT, SIGTERM, SIGPIPE };
	sigset_t none;

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void stand_alone(pid_t parent)
{
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* it died before it could be asked */
		_exit(1);
	setpgid(0, 0);
	setrlimit(RLIMIT_CORE, &none);
	forget_handlers();
}

static void close_above(int last)
{
#ifdef SYS_close_range
	if (!syscall(SYS_close_range, (unsigned)last + 1, ~0u, 0u))
		return;
#endif
	for (int fd = last + 1; fd < (int)sysconf(_SC_OPEN_MAX); fd++)
		close(fd);
}

/* Keep our own three descriptors and no other: a socket that a sibling holds open would never end */
static void keep_only(int fds[NFDS])
{
	for (int i = 0; i < NFDS; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, HIGH_FD);
	for (int i = 0; i < NFDS; i++)
		fds[i] = dup2(fds[i], FIRST_FD + i);
	close_above(FIRST_FD + NFDS - 1);
}

static void *agent_main(void *arg)
{
	static struct agent_request request;
	const struct agent *a = arg;
	const size_t head = offsetof(struct agent_request, ranges.r);

	while (recv(a->socket, &request, sizeof(request), 0) >= (ssize_t)head) {
		struct agent_reply reply = { .id = request.id };

		if (request.hold)
			continue;
		memset(request.ranges.failed, 0, sizeof(request.ranges.failed));
		populate_pages(&a->populate, &request.ranges);
		memcpy(reply.failed, request.ranges.failed, sizeof(reply.failed));
		if (send(a->socket, &reply, sizeof(reply), MSG_NOSIGNAL) != (ssize_t)sizeof(reply))
			break;
	}
	_exit(0);
}

static _Noreturn void die(void)
{
	volatile char *page = mmap(NULL, PROCESS_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap((void *)page, PROCESS_PAGE);
	*page = 1;
	_exit(2);		/* there was memory after all */
}

static bool carry_out(const struct worker_order *o, struct worker_reply *reply)
{
	void *at = (void *)(uintptr_t)o->addr;

	switch (o->op) {
	case WORKER_READ: memcpy(reply->data, at, o->len); reply->len = o->len; return true;
	case WORKER_WRITE: memcpy(at, o->data, o->len); return true;
	case WORKER_FILL: pattern_fill(at, o->addr, o->len, o->seed); return true;
	case WORKER_CHECK: return pattern_holds(at, o->addr, o->len, o->seed);
	case WORKER_DROP: return !madvise(at, o->len, MADV_DONTNEED);
	case WORKER_DIE: die();
	default: _exit(0);
	}
}

static _Noreturn void obey(int socket)
{
	static struct worker_order order;
	static struct worker_reply reply;

	while (recv(socket, &order, sizeof(order), 0) >= (ssize_t)offsetof(struct worker_order, data)) {
		reply.len = 0;
		reply.good = carry_out(&order, &reply);
		if (send(socket, &reply, offsetof(struct worker_reply, data) + reply.len, MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

_Noreturn void worker_main(const struct worker_setup *setup)
{
	static struct agent agent;
	int fds[NFDS] = { setup->ready, setup->pages, setup->orders };
	void *private = mmap(NULL, setup->private_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t base = (uintptr_t)private;
	pthread_t thread;

	stand_alone(setup->parent);
	keep_only(fds);
	agent.socket = fds[1];
	if (private == MAP_FAILED || populate_init_child(&agent.populate, setup->populate) || pthread_create(&thread, NULL, agent_main, &agent))
		_exit(1);
	madvise(private, setup->private_len, MADV_NOHUGEPAGE);	/* else one request would bring its neighbours along */
	if (write(fds[0], &base, sizeof(base)) != (ssize_t)sizeof(base))
		_exit(1);
	close(fds[0]);
	obey(fds[2]);
}
