/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The pretend machine itself, through its public face: what a driver's author relies on when the last line of his test is iovm_sim_del(). Every world here
 * is harmless unless its test says otherwise, and every one is judged at its end.
 */
#include "harness.h"
#include <iovm/backend.h>
#include <iovm/sim.h>
#include <iovm/trace.h>
#include <string.h>

#define RW (IOVM_READ | IOVM_WRITE)

struct fixture {
	struct iovm_sim *sim;
	struct iovm_sim_ep *ep;
	struct iovm_device *dev;
	void *mm;
	int pasid;
	unsigned unbound, shutdown;
};
static struct fixture f;

static void on_bond(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct fixture *me = arg;

	if (event == IOVM_UNBOUND) {
		me->unbound++;
		return;
	}
	me->shutdown++;
	ck_assert_int_eq(iovm_unbind_mm(dev, mm), 0);
}

static void start(struct iovm_sim *sim, uint16_t credits)
{
	f = (struct fixture){ .sim = sim };
	ck_assert_ptr_nonnull(f.sim);
	f.ep = iovm_sim_ep_new(f.sim, credits, 16);
	ck_assert_ptr_nonnull(f.ep);
	f.dev = iovm_sim_ep_device(f.ep);
	ck_assert_int_eq(iovm_device_init(f.dev), 0);
	f.mm = iovm_sim_mm_new(f.sim);
	f.pasid = iovm_bind_mm(f.dev, f.mm, on_bond, &f);
	ck_assert_int_gt(f.pasid, 0);
	ck_assert_ptr_eq(iovm_sim_mm_map(f.mm, 0x10000, 0x1ffff, RW), f.mm);
}

static void begin(void)
{
	start(iovm_sim_new((uint64_t)1), 16);
}

static void finish(void)
{
	if (f.pasid > 0)
		ck_assert_int_eq(iovm_unbind_mm(f.dev, f.mm), 0);
	iovm_sim_run(f.sim);
	ck_assert_uint_eq(f.unbound, 1);
	iovm_sim_mm_put(f.mm);
	ck_assert_int_eq(iovm_sim_del(f.sim), 0);
}

static void dma(uint64_t addr, void *buf, size_t len, bool write, bool lands)
{
	unsigned done = iovm_sim_dma_done(f.ep), failed = iovm_sim_dma_failed(f.ep);

	ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, addr, buf, len, write), 0);
	iovm_sim_run(f.sim);
	ck_assert_uint_eq(iovm_sim_dma_done(f.ep) - done, lands);
	ck_assert_uint_eq(iovm_sim_dma_failed(f.ep) - failed, !lands);
}

START_TEST(dma_moves_bytes_across_pages)
{
	static unsigned char out[20000], in[20000];
	unsigned char seen[2];

	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 + 1);
	dma(0x10ff0, out, sizeof(out), true, true);
	dma(0x10ff0, in, sizeof(in), false, true);
	ck_assert_mem_eq(in, out, sizeof(out));
	ck_assert_int_eq(iovm_sim_mm_read(f.mm, 0x10fff, seen, 2), 0);
	ck_assert_mem_eq(seen, out + 15, 2);
}
END_TEST

START_TEST(cpu_and_device_share_pages)
{
	char buf[6] = "", word[6] = "hello";

	ck_assert_int_eq(iovm_sim_mm_write(f.mm, 0x12ffd, word, 6), 0);
	dma(0x12ffd, buf, 6, false, true);
	ck_assert_str_eq(buf, "hello");
	ck_assert_int_eq(iovm_sim_mm_read(f.mm, 0x20000, buf, 1), IOVM_E_INVAL);
}
END_TEST

START_TEST(what_is_not_mapped_is_refused)
{
	char buf[64] = "";

	dma(0x20000, buf, sizeof(buf), false, false);
	ck_assert_uint_eq(iovm_sim_ep_answers(f.ep).invalid, 1);
	ck_assert_uint_eq(iovm_sim_ep_outstanding(f.ep), 0);
}
END_TEST

START_TEST(unmap_empties_the_atc)
{
	char buf[64] = "";

	dma(0x10000, buf, sizeof(buf), true, true);
	dma(0x11000, buf, sizeof(buf), true, true);
	ck_assert_uint_eq(iovm_sim_ep_atc(f.ep, (uint32_t)f.pasid), 2);
	ck_assert_int_eq(iovm_sim_mm_unmap(f.mm, 0x10000, 0x10fff), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(f.ep, (uint32_t)f.pasid), 1);
	dma(0x10000, buf, sizeof(buf), true, false);
	dma(0x11000, buf, sizeof(buf), true, true);
}
END_TEST

START_TEST(lost_right_is_lost_for_the_device)
{
	char buf[64] = "";

	dma(0x10000, buf, sizeof(buf), true, true);
	ck_assert_int_eq(iovm_sim_mm_protect(f.mm, 0x10000, 0x10fff, IOVM_READ), 0);
	dma(0x10000, buf, sizeof(buf), true, false);
	dma(0x10000, buf, sizeof(buf), false, true);
	ck_assert_int_eq(iovm_sim_mm_protect(f.mm, 0x10000, 0x10fff, RW), 0);
	dma(0x10000, buf, sizeof(buf), true, true);
}
END_TEST

START_TEST(pending_waits_for_its_finish)
{
	char buf[64] = "";

	iovm_sim_handler(f.sim, IOVM_PENDING);
	ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x10000, buf, sizeof(buf), true), 0);
	iovm_sim_run(f.sim);
	ck_assert_uint_eq(iovm_sim_pending(f.sim), 1);
	ck_assert_uint_eq(iovm_sim_dma_done(f.ep), 0);
	ck_assert_int_eq(iovm_sim_finish(f.sim, IOVM_DONE), 0);
	iovm_sim_run(f.sim);
	ck_assert_uint_eq(iovm_sim_dma_done(f.ep), 1);
	ck_assert_int_eq(iovm_sim_finish(f.sim, IOVM_DONE), IOVM_E_INVAL);
}
END_TEST

START_TEST(again_without_end_fails_the_transfer)
{
	char buf[64] = "";

	iovm_sim_handler(f.sim, IOVM_AGAIN);
	dma(0x10000, buf, sizeof(buf), true, false);
	ck_assert_uint_gt(iovm_sim_ep_answers(f.ep).success, 8);
}
END_TEST

START_TEST(many_transfers_keep_within_credits)
{
	static char buf[40][4096];

	ck_assert_ptr_nonnull(iovm_sim_mm_map(f.mm, 0x100000, 0x1fffff, RW));
	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x100000 + 0x3000 * (uint64_t)i + 8, buf[i], 4096, i % 2), 0);
	while (!iovm_sim_ep_idle(f.ep)) {
		ck_assert(iovm_sim_step(f.sim));
		ck_assert_uint_le(iovm_sim_ep_outstanding(f.ep), 16);
	}
	ck_assert_uint_eq(iovm_sim_dma_done(f.ep), 40);
}
END_TEST

START_TEST(death_reaches_the_driver)
{
	char buf[64] = "";

	dma(0x10000, buf, sizeof(buf), true, true);
	ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x11000, buf, sizeof(buf), true), 0);
	ck_assert_int_eq(iovm_sim_mm_kill(f.mm), 0);
	iovm_sim_run(f.sim);
	ck_assert_uint_eq(f.shutdown, 1);
	ck_assert_uint_eq(iovm_sim_dma_failed(f.ep), 1);
	ck_assert(!iovm_sim_mm_watched(f.mm));
	f.pasid = 0;
}
END_TEST

START_TEST(capabilities_have_an_order)
{
	struct iovm_sim_cap cap[8];
	unsigned n = iovm_sim_ep_caps(f.ep, cap, 8);

	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(cap[0].cap, IOVM_CAP_PASID);
	ck_assert_int_eq(cap[1].cap, IOVM_CAP_ATS);
	ck_assert_int_eq(cap[2].cap, IOVM_CAP_PRI);
	ck_assert_uint_eq(cap[2].value, 16);
}
END_TEST

START_TEST(reset_forgets_and_comes_back)
{
	char buf[64] = "";

	dma(0x10000, buf, sizeof(buf), true, true);
	iovm_sim_handler(f.sim, IOVM_PENDING);
	ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x11000, buf, sizeof(buf), true), 0);
	iovm_sim_run(f.sim);
	ck_assert_int_eq(iovm_sim_ep_reset(f.ep, true), 0);
	ck_assert_uint_eq(iovm_sim_dma_failed(f.ep), 1);
	ck_assert_uint_eq(iovm_sim_ep_outstanding(f.ep), 0);
	ck_assert_uint_eq(iovm_sim_ep_atc(f.ep, (uint32_t)f.pasid), 0);
	iovm_sim_handler(f.sim, IOVM_DONE);
	ck_assert_int_eq(iovm_sim_finish(f.sim, IOVM_DONE), 0);	/* the bond lives on; its answer is suppressed */
	dma(0x11000, buf, sizeof(buf), true, true);
}
END_TEST

START_TEST(stop_ends_in_a_marker)
{
	struct iovm_stats stats = { .size = sizeof(stats) };
	static char buf[64];

	ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x10000, buf, sizeof(buf), true), 0);
	iovm_sim_ep_stop(f.ep, f.pasid);
	ck_assert_uint_eq(iovm_sim_dma_failed(f.ep), 1);
	iovm_sim_run(f.sim);
	iovm_stats(iovm_sim_system(f.sim), &stats);
	ck_assert_uint_eq(stats.stop_markers, 1);
}
END_TEST

START_TEST(raw_requests_are_counted)
{
	iovm_sim_ep_request(f.ep, (uint32_t)f.pasid, 0x10000, 7, IOVM_REQ_READ | IOVM_REQ_PASID);
	iovm_sim_ep_request(f.ep, (uint32_t)f.pasid, 0x11000, 7, IOVM_REQ_READ | IOVM_REQ_PASID | IOVM_REQ_LAST);
	iovm_sim_run(f.sim);
	ck_assert_uint_eq(iovm_sim_ep_answers(f.ep).success, 1);
	ck_assert_uint_eq(iovm_sim_ep_answers(f.ep).index, 7);
}
END_TEST

START_TEST(silent_device_is_stopped_at_the_bus)
{
	char buf[64] = "";

	dma(0x10000, buf, sizeof(buf), true, true);
	iovm_sim_ep_behave(f.ep, IOVM_SIM_ATC_SILENT, true);
	ck_assert_int_eq(iovm_sim_mm_unmap(f.mm, 0x10000, 0x10fff), 0);
	dma(0x11000, buf, sizeof(buf), true, false);
	iovm_sim_ep_behave(f.ep, IOVM_SIM_ATC_SILENT, false);
	ck_assert_int_eq(iovm_sim_ep_reset(f.ep, true), 0);
	dma(0x11000, buf, sizeof(buf), true, true);
}
END_TEST

START_TEST(device_that_never_stops_does_not_keep_run)
{
	char buf[64] = "";

	dma(0x10000, buf, sizeof(buf), true, true);
	iovm_sim_ep_behave(f.ep, IOVM_SIM_NEVER_STOPS, true);
	iovm_sim_run(f.sim);
	ck_assert(iovm_sim_step(f.sim));
	iovm_sim_ep_behave(f.ep, IOVM_SIM_NEVER_STOPS, false);
}
END_TEST

/* ---- worlds of their own ------------------------------------------------------------------------------------------------------------- */

struct digest { uint64_t hash, records; };

static void add(void *ctx, const struct iovm_trace *rec)
{
	const unsigned char *p = (const unsigned char *)rec;
	struct digest *d = ctx;

	d->records++;
	for (size_t i = 0; i < sizeof(*rec); i++)
		d->hash = (d->hash ^ p[i]) * UINT64_C(0x100000001b3);
}

static struct digest story(uint64_t seed, uint64_t inject)
{
	struct digest d = { .hash = 1 };
	const struct iovm_sim_config config = { .size = sizeof(config), .seed = seed, .inject = inject, .trace = add, .trace_ctx = &d };
	static char buf[3][9000];

	start(iovm_sim_new_config(&config), 16);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 3; i++)
			ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x10000 + 0x3000 * (uint64_t)i, buf[i], sizeof(buf[i]), round & 1), 0);
		for (unsigned i = 0; i < 400; i++)
			(void)iovm_sim_step(f.sim);
		(void)iovm_sim_mm_unmap(f.mm, 0x10000, 0x10fff);
		(void)iovm_sim_mm_map(f.mm, 0x10000, 0x10fff, RW);
	}
	ck_assert_int_ge(iovm_unbind_mm(f.dev, f.mm), 0);
	iovm_sim_mm_put(f.mm);
	ck_assert_int_eq(iovm_sim_del(f.sim), 0);
	return d;
}

START_TEST(same_seed_same_bytes)
{
	uint64_t inject = _i ? UINT64_C(1) << 24 | UINT64_C(1) << 46 | UINT64_C(1) << 53 : 0;
	struct digest a = story(3, inject), b = story(3, inject), c = story(4, inject);

	ck_assert_uint_gt(a.records, 500);
	ck_assert_uint_eq(a.hash, b.hash);
	ck_assert_uint_ne(a.hash, c.hash);
}
END_TEST

START_TEST(leaked_bond_is_broken)
{
	const struct iovm_sim_config config = { .size = sizeof(config), .quiet = true };

	start(iovm_sim_new_config(&config), 16);
	iovm_sim_mm_put(f.mm);
	ck_assert_int_eq(iovm_sim_del(f.sim), 0);	/* its callback unbinds when the space dies */
	start(iovm_sim_new_config(&config), 16);
	ck_assert_int_eq(iovm_bind_mm(f.dev, f.mm, on_bond, &f), f.pasid);	/* a second one, which nobody undoes */
	ck_assert_int_gt(iovm_sim_del(f.sim), 0);
}
END_TEST

START_TEST(stalls_are_retried)
{
	const struct iovm_sim_ep_config master = { .size = sizeof(master), .credits = 8, .pasid_bits = 8, .stall = true };
	char buf[64] = "stalled", seen[64] = "";

	f = (struct fixture){ .sim = iovm_sim_new(5) };
	f.ep = iovm_sim_ep_new_config(f.sim, &master, NULL);
	ck_assert_ptr_nonnull(f.ep);
	f.dev = iovm_sim_ep_device(f.ep);
	ck_assert_int_eq(iovm_device_init(f.dev), 0);
	f.mm = iovm_sim_mm_map(iovm_sim_mm_new(f.sim), 0x10000, 0x1ffff, RW);
	f.pasid = iovm_bind_mm(f.dev, f.mm, on_bond, &f);
	ck_assert_int_gt(f.pasid, 0);
	dma(0x10000, buf, sizeof(buf), true, true);
	dma(0x20000, buf, sizeof(buf), true, false);
	ck_assert_int_eq(iovm_sim_mm_read(f.mm, 0x10000, seen, sizeof(seen)), 0);
	ck_assert_str_eq(seen, "stalled");
	finish();
}
END_TEST

START_TEST(functions_share_their_units_credits)
{
	struct iovm_sim_ep_config vf = { .size = sizeof(vf), .pasid_bits = 16, .flags = IOVM_DEV_TRUSTED };
	struct iovm_sim_ep *ep;
	static char buf[2][8 * 4096];

	begin();
	vf.pf = f.ep;
	ep = iovm_sim_ep_new_config(f.sim, &vf, NULL);
	ck_assert_ptr_nonnull(ep);
	ck_assert_int_eq(iovm_device_init(iovm_sim_ep_device(ep)), 0);
	ck_assert_int_eq(iovm_bind_mm(iovm_sim_ep_device(ep), f.mm, NULL, NULL), f.pasid);
	ck_assert_int_eq(iovm_sim_dma(f.ep, f.pasid, 0x10000, buf[0], sizeof(buf[0]), true), 0);
	ck_assert_int_eq(iovm_sim_dma(ep, f.pasid, 0x18000, buf[1], sizeof(buf[1]), true), 0);
	while (!iovm_sim_ep_idle(f.ep) || !iovm_sim_ep_idle(ep)) {
		ck_assert(iovm_sim_step(f.sim));
		ck_assert_uint_le(iovm_sim_ep_outstanding(f.ep) + iovm_sim_ep_outstanding(ep), 16);
	}
	ck_assert_uint_eq(iovm_sim_dma_done(ep), 1);
	ck_assert_int_eq(iovm_unbind_mm(iovm_sim_ep_device(ep), f.mm), 0);
	finish();
}
END_TEST

static unsigned never(void *ctx, unsigned n, const char *point)
{
	ck_assert_uint_gt(n, 1);
	ck_assert_ptr_nonnull(point);
	++*(unsigned *)ctx;
	return 0;
}

START_TEST(all_choices_harmless_is_a_good_world)
{
	unsigned asked = 0;
	const struct iovm_sim_config config = { .size = sizeof(config), .inject = UINT64_MAX, .choose = never, .choose_ctx = &asked };
	struct iovm_sim_stats stats = { .size = sizeof(stats) };
	char buf[64] = "";

	start(iovm_sim_new_config(&config), 16);
	dma(0x10000, buf, sizeof(buf), true, true);
	ck_assert_uint_gt(asked, 10);
	iovm_sim_stats(f.sim, &stats);
	for (unsigned i = 0; i < 64; i++)
		ck_assert_uint_eq(stats.injected[i], 0);
	finish();
}
END_TEST

static Suite *sim_suite(void)
{
	Suite *s = suite_create("sim");
	TCase *t = tcase_create("device"), *w = tcase_create("world");

	tcase_add_checked_fixture(t, begin, finish);
	tcase_add_test(t, dma_moves_bytes_across_pages);
	tcase_add_test(t, cpu_and_device_share_pages);
	tcase_add_test(t, what_is_not_mapped_is_refused);
	tcase_add_test(t, unmap_empties_the_atc);
	tcase_add_test(t, lost_right_is_lost_for_the_device);
	tcase_add_test(t, pending_waits_for_its_finish);
	tcase_add_test(t, again_without_end_fails_the_transfer);
	tcase_add_test(t, many_transfers_keep_within_credits);
	tcase_add_test(t, death_reaches_the_driver);
	tcase_add_test(t, capabilities_have_an_order);
	tcase_add_test(t, reset_forgets_and_comes_back);
	tcase_add_test(t, stop_ends_in_a_marker);
	tcase_add_test(t, raw_requests_are_counted);
	tcase_add_test(t, silent_device_is_stopped_at_the_bus);
	tcase_add_test(t, device_that_never_stops_does_not_keep_run);
	suite_add_tcase(s, t);
	tcase_add_loop_test(w, same_seed_same_bytes, 0, 2);
	tcase_add_test(w, leaked_bond_is_broken);
	tcase_add_test(w, stalls_are_retried);
	tcase_add_test(w, functions_share_their_units_credits);
	tcase_add_test(w, all_choices_harmless_is_a_good_world);
	suite_add_tcase(s, w);
	return s;
}

int main(void)
{
	return harness_main(sim_suite());
}
