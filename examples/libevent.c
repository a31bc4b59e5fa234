/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An accelerator copies this process's own memory, under libevent. Neither buffer is present when it begins: every page
 * comes because the device asked. The engine runs on the thread of the event loop, the device's completion on one of
 * its own.
 */
#include <event2/event.h>
#include <iovm/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "stubs/accel.h"

enum { LEN = 1 << 20 };
static struct iovm_device *dev;
static char process;		/* stands for "the memory of this process": the engine only needs a pointer that is unique */
static unsigned pages;

static int watch(void *ctx, void *mm, struct iovm_table *t) { t->format = IOVM_TABLE_SIM; return 0; }	/* we live as long as the engine */
static void unwatch(void *ctx, void *mm) { }
static void fault(void *ctx, void *mm, struct iovm_fault *f, unsigned n)
{
	for (; n--; f++) {
		f->outcome = IOVM_DONE;
		for (const struct iovm_range *r = f->ranges; r < f->ranges + f->nranges; r++, pages++)
			if (!accel_page_in(r->first, r->last, r->prot & IOVM_WRITE))
				f->outcome = IOVM_REFUSED;
	}
}
static void bond(struct iovm_device *d, void *mm, enum iovm_bond_event event, void *base)
{
	if (event == IOVM_UNBOUND)
		event_base_loopbreak(base);
}
static void copied(void *arg, size_t n)
{
	printf("copied %zu bytes\n", n);
	iovm_unbind_mm(dev, &process);
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct iovm_event *ev = iovm_event_new(base);
	const struct iovm_config config = { sizeof config, iovm_event_port(ev), { NULL, watch, unwatch, fault }, .max_mms = 64, .pasid_bits = 16 };
	char *src = mmap(NULL, 2 * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *dst = src + LEN;
	struct iovm_iommu *iommu;
	struct iovm *sys;
	int fd, err, pasid = 0;

	if ((err = iovm_new(&sys, &config)) || (err = accel_add(sys, &iommu, &dev, &fd)) || (err = iovm_event_add(ev, iommu, fd)) ||
	    (err = iovm_device_init(dev)) || (err = pasid = iovm_bind_mm(dev, &process, bond, base)) < 0)
		return fprintf(stderr, "accel: %s\n", iovm_strerror(err)), 1;
	strcpy(src + LEN - 32, "the last words of the source");
	accel_copy(pasid, dst, src, LEN, copied, NULL);
	event_base_dispatch(base);		/* until UNBOUND */
	accel_join();
	printf("served %u pages; \"%s\"\n", pages, dst + LEN - 32);
	while ((err = iovm_del(sys)) == IOVM_E_BUSY)
		event_base_loop(base, EVLOOP_ONCE);
	iovm_event_del(ev);
	event_base_free(base);
	return err != 0 || memcmp(src, dst, LEN) != 0;
}
