/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See accel.h. */
#include "accel.h"
#include "direct.h"
#include "libc_port.h"
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STREAM = 1, PAGE = 4096 };
static struct {
	struct direct *hw;
	pthread_t thread;
	int fd, pasid;
	char *to;
	const char *from;
	size_t len;
	accel_done *done;
	void *arg;
} accel;

static void irq(void *arg) { EXPECT(eventfd_write(accel.fd, 1) == 0); }

static void *page(uint64_t root, uint64_t addr, uint32_t prot)
{
	void *p = (void *)(uintptr_t)addr;
	unsigned char present;

	return !mincore(p, PAGE, &present) && (present & 1) ? p : NULL;
}

int accel_add(struct iovm *sys, struct iovm_iommu **iommu, struct iovm_device **dev, int *fd)
{
	const struct direct_config direct = { .page = page, .irq = irq };
	const struct iovm_device_config config = { .size = sizeof config, .stream_ids = (const uint32_t[]){ STREAM }, .nstream_ids = 1, .max_outstanding = 8,
						   .pasid_bits = 16, .flags = IOVM_DEV_TRUSTED, .set_cap = port_set_cap };
	int err = direct_add(sys, &direct, iommu, &accel.hw);

	if (err)
		return err;
	accel.fd = *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	EXPECT(accel.fd >= 0);
	return iovm_device_add(*iommu, &config, dev);
}

static void *work(void *none)
{
	size_t n = 0, step;

	for (; n < accel.len; n += step) {
		uint64_t from = (uintptr_t)(accel.from + n), to = (uintptr_t)(accel.to + n);
		size_t from_left = PAGE - from % PAGE, to_left = PAGE - to % PAGE, left = accel.len - n;
		void *r = direct_wait(accel.hw, STREAM, (uint32_t)accel.pasid, from, IOVM_READ);
		void *w = r ? direct_wait(accel.hw, STREAM, (uint32_t)accel.pasid, to, IOVM_WRITE) : NULL;

		step = from_left < to_left ? from_left : to_left;
		step = step < left ? step : left;
		if (!w)
			break;
		memcpy(w, r, step);
	}
	accel.done(accel.arg, n);
	return NULL;
}

void accel_copy(int pasid, void *to, const void *from, size_t len, accel_done *done, void *arg)
{
	accel.pasid = pasid;
	accel.to = to;
	accel.from = from;
	accel.len = len;
	accel.done = done;
	accel.arg = arg;
	EXPECT(pthread_create(&accel.thread, NULL, work, NULL) == 0);
}

/* One call for any number of pages since Linux 5.14; older kernels and some containers refuse it, and a touch of each has to do */
bool accel_page_in(uint64_t first, uint64_t last, bool write)
{
	unsigned char present;

	if (!madvise((void *)(uintptr_t)first, last - first + 1, write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ))
		return true;
	for (uint64_t at = first; at < last; at += PAGE) {
		unsigned char *p = (unsigned char *)(uintptr_t)at;

		if (mincore(p, PAGE, &present))
			return false;
		if (write)
			__atomic_fetch_or(p, 0, __ATOMIC_RELAXED);
		else
			(void)__atomic_load_n(p, __ATOMIC_RELAXED);
	}
	return true;
}

void accel_join(void)
{
	pthread_join(accel.thread, NULL);
	close(accel.fd);
}
