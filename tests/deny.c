/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * deny CALL[=ERRNO],... -- COMMAND [ARGUMENT...]: runs COMMAND where the kernel refuses these system calls, as an older or a locked-down one would. It needs
 * no rights: a seccomp filter, which every child inherits and nobody can take off again. ERRNO: ENOSYS (default), EPERM, EINVAL...
 * Without a command the calls are made here: exit 0 if each of them was refused with its ERRNO.
 *
 * The filter is classic BPF, a few instructions for each call: load the number; another one: on to the next call; else (for an advice: load the low half of the
 * argument, not one of ours: on to the next call) refuse. Exit: 2 usage, 77 the kernel has no such filters, 127 no COMMAND.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POPULATE_READ 22	/* MADV_POPULATE_READ; a kernel that lacks it (before 5.14) refuses all beyond it, too */
#define POPULATE_WRITE 23	/* MADV_POPULATE_WRITE */
#define MOST 16			/* calls in one list */
#define EACH 5			/* instructions for one at most */

static const struct call { const char *name; long nr; int advice; } calls[] = {	/* advice: which argument it is, 0: the call with any */
	{ "pidfd_open", SYS_pidfd_open, 0 },
	{ "process_madvise", SYS_process_madvise, 0 },
	{ "madvise-populate", SYS_madvise, 2 },
	{ "process_vm_readv", SYS_process_vm_readv, 0 },
	{ "process_vm_writev", SYS_process_vm_writev, 0 },
	{ "userfaultfd", SYS_userfaultfd, 0 },
	{ "perf_event_open", SYS_perf_event_open, 0 },
};
static const struct { const char *name; int number; } errors[] = {
	{ "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "EACCES", EACCES }, { "EINVAL", EINVAL }, { "ENOMEM", ENOMEM },
};
struct denial { const struct call *call; int error; };

static int usage(const char *why, const char *word)
{
	fprintf(stderr, "deny: %s%s\nusage: deny CALL[=ERRNO],... [-- COMMAND [ARGUMENT...]]\n", why, word);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		fprintf(stderr, "  %s\n", calls[i].name);
	return 2;
}

static const struct call *find_call(const char *name)
{
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (!strcmp(calls[i].name, name))
			return &calls[i];
	return NULL;
}

static int find_error(const char *name)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	return 0;
}

/* How many denials, or -1 with the reason said */
static int parse(char *list, struct denial *denials)
{
	int n = 0;

	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = 0;
		if (n == MOST)
			return usage("too many calls: ", word), -1;
		denials[n] = (struct denial){ find_call(word), equals ? find_error(equals + 1) : ENOSYS };
		if (!denials[n].call)
			return usage("no such call: ", word), -1;
		if (!denials[n].error)
			return usage("no such error: ", equals + 1), -1;
		n++;
	}
	return n ? n : (usage("which call?", ""), -1);
}

static size_t refuse(struct sock_filter *to, const struct denial *d)
{
	const struct sock_filter number = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	const struct sock_filter refusal = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)d->error);
	const struct sock_filter whole[] = { number, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)d->call->nr, 0, 1), refusal };
	const unsigned low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;
	const struct sock_filter advice[] = {
		number, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)d->call->nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[d->call->advice]) + low),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, POPULATE_READ, 0, 1), refusal,
	};

	if (!d->call->advice)
		return memcpy(to, whole, sizeof whole), sizeof whole / sizeof whole[0];
	return memcpy(to, advice, sizeof advice), sizeof advice / sizeof advice[0];
}

static int install(const struct denial *denials, int n)
{
	struct sock_filter filter[MOST * EACH + 1];
	struct sock_fprog program = { 0, filter };

	for (int i = 0; i < n; i++)
		program.len += (unsigned short)refuse(filter + program.len, &denials[i]);
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* With arguments that no kernel takes, so nothing happens where the filter lets it through */
static int probe(const struct denial *denials, int n)
{
	int bad = 0;

	for (int i = 0; i < n; i++) {
		long got = syscall(denials[i].call->nr, -1, -1, POPULATE_WRITE, -1, -1, -1);

		if (got >= 0 || errno != denials[i].error) {
			fprintf(stderr, "deny: %s was not refused as asked: %s\n", denials[i].call->name, got < 0 ? strerror(errno) : "it succeeded");
			bad = 1;
		}
	}
	return bad;
}

int main(int argc, char **argv)
{
	struct denial denials[MOST];
	int n;

	if (argc < 2)
		return usage("which call?", "");
	if (argc > 2 && strcmp(argv[2], "--"))
		return usage("-- is needed before ", argv[2]);
	n = parse(argv[1], denials);
	if (n < 0)
		return 2;
	if (install(denials, n)) {
		fprintf(stderr, "deny: this kernel takes no seccomp filter: %s\n", strerror(errno));
		return 77;
	}
	if (argc <= 3)
		return probe(denials, n);
	execvp(argv[3], argv + 3);
	fprintf(stderr, "deny: %s: %s\n", argv[3], strerror(errno));
	return 127;
}
