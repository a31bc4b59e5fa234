/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What this kernel takes, by trying it: a version number says little under a container's filter of system calls. Each finding names the call, and what to
 * do follows from how it was refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "doctor.h"
#include "process.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* Refused with err: the usual way out, or the one that the error itself points at */
static void refused(struct doctor *d, const char *name, enum doctor_state state, const char *call, int err, const char *usual)
{
	const char *mend = usual;
	char says[160];

	if (err == EMFILE || err == ENFILE)
		mend = "raise the limit of open files: ulimit -n 1024";
	else if (err == EPERM)
		mend = "a filter of system calls refuses it: allow it in the container's seccomp profile";
	snprintf(says, sizeof says, "%s: %s", call, strerror(err));
	doctor_add(d, name, state, says, mend);
}

/* A call that gives a descriptor, which is not needed any longer */
static void descriptor(struct doctor *d, const char *name, enum doctor_state without, int fd, const char *call, const char *good, const char *usual)
{
	if (fd < 0) {
		refused(d, name, without, call, errno, usual);
		return;
	}
	close(fd);
	doctor_add(d, name, DOCTOR_OK, good, "");
}

static void version(struct doctor *d)
{
	struct utsname u;
	char says[160];

	uname(&u);
	snprintf(says, sizeof says, "%.40s %.60s on %.40s", u.sysname, u.release, u.machine);
	doctor_add(d, "kernel", DOCTOR_OK, says, "");
}

static void page_size(struct doctor *d)
{
	long size = sysconf(_SC_PAGESIZE);
	char says[160];

	snprintf(says, sizeof says, "%ld bytes (soak on process memory needs %u)", size, (unsigned)PROCESS_PAGE);
	doctor_add(d, "page size", size == (long)PROCESS_PAGE ? DOCTOR_OK : DOCTOR_FAIL, says,
		   size == (long)PROCESS_PAGE ? "" : "boot a kernel with 4 KiB pages, or stay with: iovm soak --mm sim");
}

static void page_in(struct doctor *d)
{
	struct populate p = { .pidfd = -1 };
	char why[256];

	if (!populate_init(&p, SOAK_POPULATE_VECTOR, why, sizeof why))
		doctor_add(d, "process_madvise", DOCTOR_OK, "many ranges are made present by one call (--populate vector)", "");
	else
		refused(d, "process_madvise", DOCTOR_NONE, "process_madvise(MADV_POPULATE_WRITE)", errno, "Linux 6.13 or newer; until then pages come range by range");
	populate_fini(&p);
	if (!populate_init(&p, SOAK_POPULATE_SINGLE, why, sizeof why))
		doctor_add(d, "madvise", DOCTOR_OK, "a range is made present by one call (--populate single)", "");
	else
		refused(d, "madvise", DOCTOR_NONE, "madvise(MADV_POPULATE_WRITE)", errno, "Linux 5.14 or newer; until then every page is touched");
	populate_fini(&p);
}

static void iommufd(struct doctor *d)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EACCES) {
		doctor_add(d, "iommufd", DOCTOR_NONE, "/dev/iommu belongs to others", "sudo setfacl -m u:$(id -un):rw /dev/iommu");
		return;
	}
	if (fd < 0 && errno == EPERM) {		/* the device cgroup's word: permissions would say EACCES */
		doctor_add(d, "iommufd", DOCTOR_NONE, "open of /dev/iommu: Operation not permitted", "give it to the container: --device /dev/iommu");
		return;
	}
	descriptor(d, "iommufd", DOCTOR_NONE, fd, "open of /dev/iommu", "/dev/iommu can be opened",
		   "modprobe iommufd, as root (Linux 6.2 or newer with CONFIG_IOMMUFD)");
}

void doctor_look_at_kernel(struct doctor *d)
{
	version(d);
	page_size(d);
	descriptor(d, "page map", DOCTOR_FAIL, pagemap_open(getpid()), "open of /proc/self/pagemap", "/proc/self/pagemap can be read",
		   "mount -t proc proc /proc, as root (the kernel needs CONFIG_PROC_PAGE_MONITOR)");
	descriptor(d, "shared memory", DOCTOR_FAIL, memfd_create("iovm-doctor", MFD_CLOEXEC), "memfd_create", "memfd_create works",
		   "a kernel with CONFIG_MEMFD_CREATE");
	descriptor(d, "epoll", DOCTOR_FAIL, epoll_create1(EPOLL_CLOEXEC), "epoll_create1", "epoll works: what the event loop sleeps in",
		   "a kernel with CONFIG_EPOLL");
	descriptor(d, "eventfd", DOCTOR_FAIL, eventfd(0, EFD_CLOEXEC), "eventfd", "eventfd works: what wakes the event loop", "a kernel with CONFIG_EVENTFD");
	descriptor(d, "pidfd_open", DOCTOR_NONE, (int)syscall(SYS_pidfd_open, getpid(), 0u), "pidfd_open", "pidfd_open works: deaths are seen at once",
		   "Linux 5.3 or newer; until then the end of a socket tells of a death");
	page_in(d);
	descriptor(d, "userfaultfd", DOCTOR_NONE, (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY), "userfaultfd(UFFD_USER_MODE_ONLY)",
		   "userfaultfd works without privilege", "Linux 5.11 or newer with CONFIG_USERFAULTFD; libiovm does not need it, some hosts do");
	iommufd(d);
}
