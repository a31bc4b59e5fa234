/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The loop as a whole: its port, and the pretend machine that moves bytes with the loop as the servicer of two IOMMUs. What the loop does when is in event.c.
 */
#include <event2/event.h>
#include <iovm/event.h>
#include <iovm/sim.h>
#include <stdlib.h>
#include <string.h>
#include "event/loop.h"
#include "harness.h"

enum { SECOND = 1000000000, PAGE = 4096 };
static const struct timeval one_ms = { 0, 1000 };

static struct iovm_event_stats count(const struct iovm_event *ev)
{
	struct iovm_event_stats s = { .size = sizeof(s) };

	iovm_event_stats(ev, &s);
	return s;
}

/* ---- the port ---------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(memory_is_zeroed_and_aligned)
{
	struct event_base *base = event_base_new();
	struct iovm_event *ev = iovm_event_new(base);
	struct iovm_port port = iovm_event_port(ev);
	uint64_t bus;

	for (size_t size = 1; size < 100000; size = size * 3 + 1) {
		unsigned char *mem = port.alloc(port.ctx, size);

		ck_assert_uint_eq((uintptr_t)mem % 64, 0);
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(mem[i], 0);
		memset(mem, 0xff, size);
		port.free(port.ctx, mem, size);
	}
	for (size_t size = 64; size <= 1 << 20; size *= 4) {
		unsigned char *mem = port.dma_alloc(port.ctx, size, &bus);

		ck_assert_uint_eq(bus, (uintptr_t)mem);
		ck_assert_uint_eq(bus % size, 0);
		ck_assert(mem[0] == 0 && mem[size - 1] == 0);
		memset(mem, 0xff, size);
		port.dma_free(port.ctx, mem, size, bus);
	}
	iovm_event_del(ev);
	event_base_free(base);
}
END_TEST

START_TEST(a_wait_ends_after_a_second)
{
	struct event_base *base = event_base_new();
	struct iovm_event *ev = iovm_event_new(base);
	struct iovm_port port = iovm_event_port(ev);
	uint64_t began = iovm__event_clock(), took;
	unsigned turn = 0;

	while (port.wait(port.ctx, turn++))
		;
	took = iovm__event_clock() - began;
	ck_assert_uint_ge(took, SECOND);
	ck_assert_uint_lt(took, 3 * (uint64_t)SECOND);
	ck_assert(port.wait(port.ctx, 0));	/* the next one begins anew */
	iovm_event_del(ev);
	event_base_free(base);
}
END_TEST

/* ---- the pretend machine, with the loop as its servicer ------------------------------------------------------------------------------------------- */

struct world {
	struct event_base *base;
	struct iovm_event *ev;
	struct iovm_port port;
	struct iovm_sim *sim;
	struct event *mover;
	struct iovm_sim_ep *ep[2];
	unsigned interrupts, shutdowns, unbounds, moves;
};

static void on_irq(void *ctx, unsigned iommu)
{
	struct world *w = ctx;

	w->interrupts++;
	w->port.wake(w->port.ctx, NULL);
}

static void host_wake(void *ctx, struct iovm_iommu *iommu)
{
	struct world *w = ctx;

	w->port.wake(w->port.ctx, iommu);
}

static void move(evutil_socket_t fd, short what, void *arg)
{
	struct world *w = arg;

	for (unsigned i = 0; i < 16 && iovm_sim_step(w->sim); i++)
		;
	event_add(w->mover, &(const struct timeval){ 0, 0 });
	ck_assert_uint_lt(++w->moves, 1000000);
}

static struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct iovm_port port = { .ctx = w, .wake = host_wake };
	struct iovm_sim_config config = { .size = sizeof(config), .seed = 1, .iommus = 2, .no_dispatch = true, .irq = on_irq, .irq_ctx = w, .port = &port };

	w->base = event_base_new();
	w->ev = iovm_event_new(w->base);
	w->port = iovm_event_port(w->ev);
	w->sim = iovm_sim_new_config(&config);
	ck_assert_ptr_nonnull(w->sim);
	for (unsigned i = 0; i < 2; i++) {
		const struct iovm_sim_ep_config ep = { .size = sizeof(ep), .iommu = i, .credits = 16, .pasid_bits = 16, .flags = IOVM_DEV_TRUSTED };

		ck_assert_int_eq(iovm_event_add(w->ev, iovm_sim_iommu(w->sim, i), -1), 0);
		ck_assert_ptr_nonnull(w->ep[i] = iovm_sim_ep_new_config(w->sim, &ep, NULL));
		ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(w->ep[i])), 0);
	}
	w->mover = event_new(w->base, -1, 0, move, w);
	event_add(w->mover, &one_ms);
	return w;
}

static void world_del(struct world *w)
{
	ck_assert_int_eq(iovm_sim_del(w->sim), 0);
	event_free(w->mover);
	iovm_event_del(w->ev);
	event_base_free(w->base);
	free(w);
}

static void in_world(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct world *w = arg;

	if (event == IOVM_UNBOUND) {
		w->unbounds++;
		return;
	}
	w->shutdowns++;
	ck_assert_int_eq(iovm_unbind_mm(dev, mm), 0);
}

static void until_equal(struct world *w, const unsigned *count_of, unsigned n)
{
	while (*count_of < n)
		event_base_loop(w->base, EVLOOP_ONCE);
}

START_TEST(bytes_move_through_two_iommus)
{
	struct world *w = world_new();
	unsigned char sent[40 * PAGE], seen[sizeof(sent)];
	void *mm = iovm_sim_mm_map(iovm_sim_mm_new(w->sim), 0x10000, 0x10000 + sizeof(sent) - 1, IOVM_READ | IOVM_WRITE);
	int pasid = iovm_bind_mm(iovm_sim_ep_device(w->ep[0]), mm, in_world, w);

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i * 31 >> 3);
	ck_assert_int_eq(iovm_bind_mm(iovm_sim_ep_device(w->ep[1]), mm, in_world, w), pasid);
	ck_assert_int_eq(iovm_sim_dma(w->ep[0], pasid, 0x10000, sent, sizeof(sent), true), 0);
	while (!iovm_sim_dma_done(w->ep[0]))
		event_base_loop(w->base, EVLOOP_ONCE);
	ck_assert_int_eq(iovm_sim_dma(w->ep[1], pasid, 0x10000, seen, sizeof(seen), false), 0);
	while (!iovm_sim_dma_done(w->ep[1]))
		event_base_loop(w->base, EVLOOP_ONCE);
	ck_assert(!memcmp(sent, seen, sizeof(sent)));
	ck_assert_uint_gt(w->interrupts, 0);
	ck_assert_uint_gt(count(w->ev).dispatches, 0);
	ck_assert_int_eq(iovm_sim_mm_kill(mm), 0);	/* its drivers are told on the loop, and let go */
	until_equal(w, &w->unbounds, 2);
	ck_assert_uint_eq(w->shutdowns, 2);
	while (iovm_sim_mm_watched(mm))
		event_base_loop(w->base, EVLOOP_ONCE);
	iovm_sim_mm_put(mm);
	world_del(w);
}
END_TEST

static Suite *event_world_suite(void)
{
	Suite *suite = suite_create("event_world");
	TCase *port = tcase_create("port"), *world = tcase_create("world");

	tcase_add_test(port, memory_is_zeroed_and_aligned);
	tcase_add_test(port, a_wait_ends_after_a_second);
	tcase_add_test(world, bytes_move_through_two_iommus);
	suite_add_tcase(suite, port);
	suite_add_tcase(suite, world);
	return suite;
}

int main(void)
{
	return harness_main(event_world_suite());
}
