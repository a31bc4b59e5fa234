/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Taking a trace is cheap, naming its frames is not (libunwind reads symbols from the file). So a trace that is kept in case of a leak is a list
 * of addresses, and gets its names when somebody wants to read it.
 *
 * The crash handler runs on a stack of its own and uses the heap for nothing, since that may be what is broken.
 */
#include "backtrace.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef IOVM_HAVE_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>

static unsigned walk(struct backtrace *bt, unw_context_t *context, int flags)
{
	unw_cursor_t cursor;
	unw_word_t ip;

	bt->n = 0;
	if (unw_init_local2(&cursor, context, flags))
		return 0;
	do {
		if (unw_get_reg(&cursor, UNW_REG_IP, &ip) || !ip)
			break;
		bt->pc[bt->n++] = ip;
	} while (bt->n < BACKTRACE_FRAMES && unw_step(&cursor) > 0);
	return bt->n;
}

void backtrace_take(struct backtrace *bt)
{
	unw_context_t context;

	unw_getcontext(&context);
	if (walk(bt, &context, 0))
		memmove(bt->pc, bt->pc + 1, --bt->n * sizeof(bt->pc[0]));
}

static void take_at_signal(struct backtrace *bt, void *context)
{
	walk(bt, context, UNW_INIT_SIGNAL_FRAME);
}

/* called: pc is a return address, which may belong to the next function already if the call was the last thing in this one */
static size_t name_of(uintptr_t pc, int called, char *buf, size_t len)
{
	unw_accessors_t *a = unw_get_accessors(unw_local_addr_space);
	unw_word_t offset = 0;

	if (a->get_proc_name(unw_local_addr_space, pc - (called != 0), buf, len, &offset, NULL) < 0)
		snprintf(buf, len, "?");
	return offset;
}
#else
void backtrace_take(struct backtrace *bt)
{
	bt->n = 0;
}

static void take_at_signal(struct backtrace *bt, void *context)
{
	bt->n = 0;
}

static size_t name_of(uintptr_t pc, int called, char *buf, size_t len)
{
	snprintf(buf, len, "?");
	return 0;
}
#endif

static size_t append(char *buf, size_t len, const char *before, const char *word)
{
	int n = snprintf(buf, len, "%s%s", before, word);

	return n < 0 || (size_t)n >= len ? len - 1 : (size_t)n;
}

static unsigned index_of(const struct backtrace *bt, const char *name)
{
	char here[64];

	for (unsigned i = 0; i < bt->n; i++) {
		name_of(bt->pc[i], 1, here, sizeof(here));
		if (!strcmp(here, name))
			return i;
	}
	return 0;
}

void backtrace_words(const struct backtrace *bt, const char *from, char *buf, size_t len)
{
	char name[64];
	size_t at = 0;

	buf[0] = '\0';
	if (!bt->n)
		snprintf(buf, len, "(no back trace: libunwind is not in this build)");
	for (unsigned first = index_of(bt, from), i = first; i < bt->n && at < len - 1; i++) {
		name_of(bt->pc[i], 1, name, sizeof(name));
		at += append(buf + at, len - at, i == first ? "" : " <- ", name);
		if (!strcmp(name, "main"))
			break;
	}
}

/* ---- crashes ----------------------------------------------------------------------------------------------------------------- */

enum { STACK = 256 * 1024 };	/* libunwind's cursor and context alone are some kilobytes */
static const int fatal[] = { SIGSEGV, SIGABRT };

static void say_frame(unsigned i, uintptr_t pc, int called)
{
	char name[128], line[192];
	size_t offset = name_of(pc, called, name, sizeof(name));
	int n = snprintf(line, sizeof(line), "  #%u %s+0x%zx\n", i, name, offset);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(127);
}

static void crashed(int sig, siginfo_t *info, void *context)
{
	struct backtrace bt;
	char line[96];
	int n = snprintf(line, sizeof(line), "\niovm: died of signal %d at address %p; back trace:\n", sig, sig == SIGSEGV ? info->si_addr : NULL);

	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(127);
	take_at_signal(&bt, context);
	for (unsigned i = 0; i < bt.n; i++)
		say_frame(i, bt.pc[i], i > 0);
	_exit(128 + sig);
}

static void set_handlers(const struct sigaction *sa)
{
	for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], sa, NULL);
}

void backtrace_on_crash(void)
{
	struct sigaction sa = { .sa_sigaction = crashed, .sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND) };
	stack_t stack = { .ss_size = STACK };

	stack.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp != MAP_FAILED)
		sigaltstack(&stack, NULL);
	set_handlers(&sa);
}

void backtrace_on_crash_end(void)
{
	const struct sigaction sa = { .sa_handler = SIG_DFL };
	const stack_t none = { .ss_flags = SS_DISABLE };
	stack_t stack;

	set_handlers(&sa);
	if (!sigaltstack(&none, &stack) && !(stack.ss_flags & SS_DISABLE))
		munmap(stack.ss_sp, stack.ss_size);
}
