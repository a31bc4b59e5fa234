/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Runs ownloop.c: the copy engine on this process's memory, as libevent.c has it, until the bond's last word stops the loop. */
#include "accel.h"
#include "libc_port.h"
#include "ownloop.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LEN = 64 << 10 };
static struct iovm_device *dev;
static char process;

static int watch(void *ctx, void *mm, struct iovm_table *t) { t->format = IOVM_TABLE_SIM; return 0; }
static void unwatch(void *ctx, void *mm) { }
static void fault(void *ctx, void *mm, struct iovm_fault *f, unsigned n)
{
	for (; n--; f++)
		f->outcome = accel_page_in(f->ranges[0].first, f->ranges[0].last, true) ? IOVM_DONE : IOVM_REFUSED;
}
static void bond(struct iovm_device *d, void *mm, enum iovm_bond_event event, void *loop)
{
	if (event == IOVM_UNBOUND)
		((struct loop *)loop)->stop = true;
}
static void copied(void *arg, size_t n) { EXPECT(n == LEN && iovm_unbind_mm(dev, &process) == 0); }

static void listen_to(struct loop *l, int fd)
{
	EXPECT(epoll_ctl(l->ep, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd }) == 0);
}

int main(void)
{
	struct loop l = { .ep = epoll_create1(EPOLL_CLOEXEC), .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	const struct iovm_config config = { sizeof config, { .ctx = &l, .alloc = port_alloc, .free = port_free, .wait = port_wait, .wake = loop_wake },
					    { NULL, watch, unwatch, fault }, .max_mms = 4, .pasid_bits = 8 };
	char *src = mmap(NULL, 2 * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovm *sys;
	int fd, pasid;

	EXPECT(iovm_new(&sys, &config) == 0 && accel_add(sys, &l.iommu, &dev, &fd) == 0 && iovm_device_init(dev) == 0);
	listen_to(&l, l.bell);
	listen_to(&l, fd);
	pasid = iovm_bind_mm(dev, &process, bond, &l);
	EXPECT(pasid > 0);
	memset(src, 'x', LEN / 2);
	accel_copy(pasid, src + LEN, src, LEN, copied, NULL);
	EXPECT(loop_run(&l) == 0);
	accel_join();
	EXPECT(memcmp(src, src + LEN, LEN) == 0 && src[LEN] == 'x');
	while (iovm_del(sys) == IOVM_E_BUSY)
		iovm_dispatch(l.iommu, loop_now(), 64);
	close(l.bell);
	close(l.ep);
	return 0;
}
