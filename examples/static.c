/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * libiovm with nothing under it: no libc, static memory, its own _start, and an IOMMU of six variables. A device asks
 * for a page, the engine serves and answers it; the device is unbound, nothing is left. The exit status says which step
 * failed.
 */
#include <iovm/backend.h>

/* volatile: the compiler must not turn these loops into calls of themselves */
void *memcpy(void *restrict to, const void *restrict from, size_t n), *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memmove(void *to, const void *from, size_t n)
{
	for (size_t i = 0, at; i < n; i++)
		at = (uintptr_t)to < (uintptr_t)from ? i : n - 1 - i, ((volatile char *)to)[at] = ((const char *)from)[at];
	return to;
}
void *memcpy(void *restrict to, const void *restrict from, size_t n) { return memmove(to, from, n); }
void *memset(void *to, int c, size_t n) { for (volatile char *t = to; n--; t++) *t = (char)c; return to; }
int memcmp(const void *a, const void *b, size_t n)
{
	for (const volatile unsigned char *p = a, *q = b; n--; p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

static _Alignas(64) char pool[1 << 20];
static size_t used;
static void *take(void *ctx, size_t n)
{
	n = (n + 63) & ~(size_t)63;
	return n > sizeof pool - used ? NULL : (used += n, pool + used - n);
}
static void keep(void *ctx, void *mem, size_t n) { }
static bool turn(void *ctx, unsigned n) { return n < 100; }
/* The IOMMU: one request, one entry, and what the last answer was. Commands are done when they are submitted. */
static struct iovm_request asked;
static unsigned long prod, cons, ticket;
static int reachable, answer = -1;
static unsigned poll(void *hw, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	unsigned n = 0;
	for (; n < max && cons != prod; cons++)
		req[n++] = asked;
	*out = (struct iovm_poll){ 0, { cons, 0 } };
	return n;
}
static void newest(void *hw, uint64_t pos[2]) { pos[0] = prod; pos[1] = 0; }
static int submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *t)
{
	for (unsigned i = 0; i < n; i++)
		if (cmd[i].op == IOVM_CMD_ANSWER)
			answer = cmd[i].code;
	*t = ticket += n;
	return (int)n;
}
static int reached(void *hw, unsigned long t) { return 1; }
static int recover(void *hw, struct iovm_blame *blame) { return 0; }
static int attach(void *hw, struct iovm_function *fn) { return 0; }
static void detach(void *hw, struct iovm_function *fn) { }
static int entry(void *hw, struct iovm_function *fn, uint32_t pasid, enum iovm_to to, const struct iovm_table *table, uint32_t asid)
{
	reachable = pasid == IOVM_NO_PASID ? reachable : to == IOVM_TO_WALK;
	return 0;
}
static int served, unbound, mm, stream = 8;
static int watch(void *ctx, void *m, struct iovm_table *t) { t->format = IOVM_TABLE_SIM; return 0; }
static void unwatch(void *ctx, void *m) { served++; }
static void fault(void *ctx, void *m, struct iovm_fault *f, unsigned n) { for (; n--; f++, served++) f->outcome = IOVM_DONE; }
static void bond(struct iovm_device *dev, void *m, enum iovm_bond_event event, void *arg) { unbound += event == IOVM_UNBOUND; }
static int set_cap(void *dev, enum iovm_cap cap, uint32_t value) { return 0; }
static int run(void)
{
	const struct iovm_config config = { sizeof config, { .alloc = take, .free = keep, .wait = turn }, { NULL, watch, unwatch, fault }, 4, 4 };
	const struct iovm_backend direct = { sizeof direct, 4, 8, 8, 6, 6, 64, 0, 512, true, true, true,
					     poll, newest, submit, reached, recover, attach, detach, entry };
	const struct iovm_device_config d = { sizeof d, (const uint32_t *)&stream, 1, 4, 4, .flags = IOVM_DEV_TRUSTED, .set_cap = set_cap };
	struct iovm *sys; struct iovm_iommu *iommu; struct iovm_device *dev;

	if (iovm_new(&sys, &config) || iovm_iommu_add(sys, &direct, NULL, NULL, &iommu)) return 1;
	if (iovm_device_add(iommu, &d, &dev) || iovm_device_init(dev)) return 1;
	if (iovm_bind_mm(dev, &mm, bond, NULL) < 1 || !reachable) return 2;
	asked = (struct iovm_request){ prod++, 0x1000, 8, 1, 3, IOVM_REQ_READ | IOVM_REQ_PASID | IOVM_REQ_LAST, 0 };
	if (iovm_dispatch(iommu, 1, 8) != 1 || answer != IOVM_RESP_SUCCESS || served != 1) return 3;
	if (iovm_unbind_mm(dev, &mm) || reachable) return 4;
	for (uint64_t now = 2; unbound == 0 || served == 1; now++)
		if (now > 10 || iovm_dispatch(iommu, now, 8)) return 5;
	return iovm_device_shutdown(dev) || iovm_device_del(dev) || iovm_del(sys) ? 6 : 0;
}

#ifdef __x86_64__
#define EXIT(status) __asm__ volatile("syscall" : : "a"(60), "D"(status))
__attribute__((force_align_arg_pointer))	/* the stack is not as after a call */
#else
#define EXIT(status) __asm__ volatile("mov x0, %0\n mov x8, 93\n svc 0" : : "r"((long)status) : "x0", "x8")
#endif
void _start(void);
void _start(void) { for (;;) EXIT(run()); }
