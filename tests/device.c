/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Devices come and go: capabilities in the only legal order, what is refused and why, and what is busy until it has drained. */
#include "rig.h"
#include <sched.h>

static void with_ats(struct iovm_device_config *c)
{
	c->flags |= IOVM_DEV_ATS;
}

START_TEST(order_of_capabilities)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_device(r, 0, 1, NULL), *a = rig_device(r, 0, 2, with_ats);

	ck_assert_str_eq(d->order, "");
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert_str_eq(d->order, "P+A+R+");
	ck_assert_uint_eq(d->pri_value, 16);
	ck_assert_uint_eq(d->ats_value, 1);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);		/* twice is fine */
	ck_assert_int_eq(iovm_device_shutdown(d->dev), 0);
	ck_assert_str_eq(d->order, "P+A+R+R-A-P-");
	ck_assert_int_eq(iovm_device_shutdown(d->dev), 0);
	ck_assert_str_eq(a->order, "A+");
	ck_assert_int_eq(iovm_device_init(a->dev), 0);
	ck_assert_str_eq(a->order, "A+A-P+A+R+");
	ck_assert_int_eq(iovm_device_ats(a->dev, false), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_device_shutdown(a->dev), 0);
	ck_assert_str_eq(a->order, "A+A-P+A+R+R-A-P-A+");	/* on before, on after */
	ck_assert_int_eq(iovm_device_ats(a->dev, false), 0);
	ck_assert(!a->ats);
	ck_assert_int_eq(iovm_device_ats(a->dev, true), 0);
	ck_assert(a->ats);
	rig_finish(r);
}
END_TEST

START_TEST(page_requests_only_after_stopped)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_device(r, 0, 1, NULL);

	d->busy = 5;
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert(d->pri);
	ck_assert_int_eq(iovm_device_shutdown(d->dev), 0);
	d->busy = 1000000;
	ck_assert_int_eq(iovm_device_init(d->dev), IOVM_E_BUSY);
	ck_assert(!d->pri && !d->ats && !d->pasid);
	ck_assert_int_eq(rig_bind(d, &r->mm[0]), IOVM_E_NOT_READY);
	rig_finish(r);
}
END_TEST

START_TEST(busy_devices)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_device_shutdown(d->dev), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_device_del(d->dev), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_iommu_del(r->iommu[0]), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_del(r->sys), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), 0);
	ck_assert_int_eq(iovm_device_shutdown(d->dev), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_device_del(d->dev), IOVM_E_BUSY);
	ck_assert_int_eq(iovm_del(r->sys), IOVM_E_BUSY);
	rig_settle(r);
	ck_assert_int_eq(iovm_device_shutdown(d->dev), 0);
	ck_assert_int_eq(iovm_device_del(d->dev), 0);
	d->dev = NULL;
	rig_settle(r);
	rig_device(r, 0, 1, NULL);	/* the StreamID is free again */
	ck_assert_uint_eq(r->m[0].attached, 1);
	rig_finish(r);
}
END_TEST

static void too_many_credits(struct iovm_device_config *c)
{
	c->max_outstanding = 241;
}
static void untrusted(struct iovm_device_config *c)
{
	c->flags = 0;
}
static void untrusted_ats(struct iovm_device_config *c)
{
	c->flags = IOVM_DEV_ATS;
}
static void credits(struct iovm_device_config *c)
{
	c->max_outstanding = 240;
}
static void no_stream(struct iovm_device_config *c)
{
	c->nstream_ids = 0;
}
static void bad_size(struct iovm_device_config *c)
{
	c->size--;
}
static void too_wide(struct iovm_device_config *c)
{
	c->pasid_bits = 21;
}

START_TEST(devices_that_are_refused)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *d = NULL;
	size_t live = r->port.live;

	ck_assert_int_eq(rig_try_device(r, 0, 1, too_many_credits, NULL), IOVM_E_NO_CREDITS);	/* 256 entries, a sixteenth for markers */
	ck_assert_int_eq(rig_try_device(r, 0, 1, untrusted_ats, NULL), IOVM_E_UNTRUSTED);
	ck_assert_int_eq(rig_try_device(r, 0, 1, no_stream, NULL), IOVM_E_INVAL);
	ck_assert_int_eq(rig_try_device(r, 0, 1, bad_size, NULL), IOVM_E_INVAL);
	ck_assert_int_eq(rig_try_device(r, 0, 1, too_wide, NULL), IOVM_E_INVAL);
	ck_assert_uint_eq(r->port.live, live);
	ck_assert_int_eq(rig_try_device(r, 0, 1, credits, &d), 0);
	ck_assert_int_eq(rig_try_device(r, 0, 1, NULL, NULL), IOVM_E_EXISTS);
	ck_assert_int_eq(rig_try_device(r, 0, 2, NULL, NULL), IOVM_E_NO_CREDITS);
	ck_assert_int_eq(iovm_device_del(d->dev), 0);
	d->dev = NULL;
	ck_assert_int_eq(rig_try_device(r, 0, 1, NULL, NULL), IOVM_E_BUSY);	/* drains */
	rig_settle(r);
	ck_assert_int_eq(rig_try_device(r, 0, 1, untrusted, &d), 0);
	ck_assert_int_eq(iovm_device_init(d->dev), IOVM_E_UNTRUSTED);
	ck_assert_int_eq(iovm_device_ats(d->dev, true), IOVM_E_UNTRUSTED);
	rig_finish(r);
}
END_TEST

static struct iovm_device *pf;
static void vf(struct iovm_device_config *c)
{
	c->pf = pf;
}

START_TEST(pf_first)
{
	struct rig *r = rig_new(NULL);
	struct rig_device *p = rig_device(r, 0, 1, NULL), *v;

	pf = p->dev;
	v = rig_device(r, 0, 2, vf);
	ck_assert_int_eq(iovm_device_init(v->dev), IOVM_E_PF_FIRST);
	ck_assert_int_eq(iovm_device_init(p->dev), 0);
	ck_assert_int_eq(iovm_device_init(v->dev), 0);
	ck_assert_str_eq(v->order, "A+");
	rig_finish(r);
}
END_TEST

START_TEST(limits_of_a_system)
{
	struct rig *r = rig_new(NULL);
	struct iovm_config c = { .size = sizeof c, .port = r->port.ops, .mm = r->sys->mm, .max_mms = 1, .pasid_bits = 1 }, bad;
	struct iovm *sys = NULL;

	ck_assert_int_eq(iovm_new(NULL, &c), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_new(&sys, NULL), IOVM_E_INVAL);
#define REFUSED(change) do { bad = c; change; ck_assert_int_eq(iovm_new(&sys, &bad), IOVM_E_INVAL); } while (0)
	REFUSED(bad.size = 8);
	REFUSED(bad.max_mms = 0);
	REFUSED(bad.pasid_bits = 0);
	REFUSED(bad.pasid_bits = 21);
	REFUSED(bad.port.alloc = NULL);
	REFUSED(bad.port.free = NULL);
	REFUSED(bad.port.wait = NULL);
	REFUSED(bad.port.lock = NULL);
	ck_assert_int_eq(iovm_new(&sys, &c), 0);
	ck_assert_int_eq(iovm_del(sys), 0);
	for (unsigned i = 1; i <= 4; i++) {
		struct iovm_backend be = r->m[0].be;
		struct iovm_iommu *none = NULL;

		be.size -= i == 1;
		be.pasid_bits = i == 2 ? 21 : be.pasid_bits;
		be.asid_bits = i == 3 ? 0 : be.asid_bits;
		be.poll = i == 4 ? NULL : be.poll;
		ck_assert_int_eq(iovm_iommu_add(r->sys, &be, &r->m[0], NULL, &none), IOVM_E_INVAL);
	}
	for (int e = -100; e <= 5; e++)
		ck_assert_ptr_nonnull(iovm_strerror(e));
	rig_finish(r);
}
END_TEST

/* ---- what another thread does to a device while its reset is under way ---------------------------------------------------------------- */

struct meanwhile { struct rig_device *d; bool done; };

static void flr(struct rig_device *d)
{
	d->pasid = d->ats = d->pri = false;
	machine_forget_atc(d->m, &d->dev->fn);
}

/* A reset whose end has to wait for the abort of its beginning, and what comes then */
static int reset_while(struct meanwhile *m, void (*comes)(void *meanwhile, unsigned turn))
{
	struct rig *r = m->d->rig;
	int err;

	r->m[0].accepts = 0;
	ck_assert_int_eq(iovm_device_reset_begin(m->d->dev), IOVM_E_TIMEDOUT);
	flr(m->d);
	r->port.on_wait = comes;
	r->port.wait_arg = m;
	err = iovm_device_reset_done(m->d->dev, true);
	r->port.on_wait = NULL;
	return err;
}

static void is_removed(void *arg, unsigned turn)
{
	struct meanwhile *m = arg;

	if (!m->done) {
		m->done = true;
		port_enter_callback();
		ck_assert_int_eq(iovm_device_gone(m->d->dev), 0);
		port_leave_callback();
	}
	m->d->m->accepts = ~0u;
}

START_TEST(removed_while_its_reset_ends)
{
	struct rig *r = rig_new(NULL);
	struct meanwhile m = { .d = rig_ready(r, 0, 1) };
	int pasid = rig_bind(m.d, &r->mm[0]);

	ck_assert_int_eq(reset_while(&m, is_removed), IOVM_E_INVAL);
	ck_assert(m.done && iovm__device_state(m.d->dev) & IOVM__DEV_GONE);
	rig_later(r);
	ck_assert(iovm__device_aborted(m.d->dev) && !rig_reaches(m.d, &r->mm[0], pasid));
	ck_assert_int_eq(rig_bind(m.d, &r->mm[1]), IOVM_E_NOT_READY);
	rig_finish(r);
}
END_TEST

static void is_stopped(void *arg, unsigned turn)
{
	struct meanwhile *m = arg;

	if (!m->done) {
		m->done = true;
		ck_assert_int_eq(iovm__device_suspect(m->d->dev, 0), 0);
	}
	m->d->m->accepts = ~0u;
}

static void fencing(struct port *port)
{
	port_fencing(port, 0);
}

/* The host stopped the function as it is after the reset: it wants another one */
START_TEST(stopped_while_its_reset_ends)
{
	const struct rig_config c = { .port = fencing };
	struct rig *r = rig_new(&c);
	struct meanwhile m = { .d = rig_ready(r, 0, 1) };
	int pasid = rig_bind(m.d, &r->mm[0]);

	ck_assert_int_eq(reset_while(&m, is_stopped), IOVM_E_TIMEDOUT);
	ck_assert(m.done && r->port.fences == 1 && !rig_reaches(m.d, &r->mm[0], pasid));
	ck_assert_int_eq(rig_reset(m.d, true), 0);
	ck_assert(rig_reaches(m.d, &r->mm[0], pasid));
	rig_finish(r);
}
END_TEST

static int gone_meanwhile(void *ctx, void *host)
{
	struct rig_device *d = host;

	port_enter_callback();
	ck_assert_int_eq(iovm_device_gone(d->dev), 0);
	port_leave_callback();
	return IOVM_E_TIMEDOUT;
}

static void fence_too_late(struct port *port)
{
	port->ops.fence = gone_meanwhile;
}

/* Blamed after its removal: nobody resets it any more, so nothing waits for that */
START_TEST(removed_while_it_is_blamed)
{
	const struct rig_config c = { .port = fence_too_late };
	struct rig *r = rig_new(&c);
	struct rig_device *d = rig_ready(r, 0, 1);

	ck_assert_int_gt(rig_bind(d, &r->mm[0]), 0);
	machine_function(d->m, &d->dev->fn)->deaf = true;
	ck_assert_int_eq(iovm_unbind_mm(d->dev, &r->mm[0]), IOVM_E_TIMEDOUT);
	machine_function(d->m, &d->dev->fn)->deaf = false;	/* its IOMMU has given up, too */
	rig_later(r);
	ck_assert_uint_eq(rig_stats(r).pasids_quarantined, 0);
	ck_assert_uint_eq(r->mm[0].unwatches, 1);
	rig_finish(r);
}
END_TEST

static struct { struct rig_device *d; atomic_uint entered, may_go; int (*attach)(void *hw, struct iovm_function *fn); } slow;

static int attach_slowly(void *hw, struct iovm_function *fn)
{
	if (fn->aborted && atomic_fetch_add(&slow.entered, 1) == 0)
		while (!atomic_load(&slow.may_go))
			sched_yield();
	return slow.attach(hw, fn);
}

static void slow_backend(struct iovm_backend *be, unsigned i)
{
	slow.attach = be->attach;
	be->attach = attach_slowly;
}

static void *blames(void *arg)
{
	(void)iovm__device_suspect(slow.d->dev, 0);
	return NULL;
}

static void lets_go(void *arg, unsigned turn)
{
	atomic_store(&slow.may_go, turn > 100);
}

/* Who set it to abort first is not done yet: the reset does not begin before the streams abort, however long that is */
START_TEST(begins_when_it_aborts)
{
	const struct rig_config c = { .backend = slow_backend };
	struct rig *r = rig_new(&c);
	pthread_t thread;

	slow.d = rig_ready(r, 0, 1);
	r->port.on_wait = lets_go;
	ck_assert_int_eq(pthread_create(&thread, NULL, blames, NULL), 0);
	while (!atomic_load(&slow.entered))
		sched_yield();
	ck_assert_int_eq(iovm_device_reset_begin(slow.d->dev), 0);
	ck_assert(atomic_load(&slow.may_go));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	r->port.on_wait = NULL;
	flr(slow.d);
	ck_assert_int_eq(iovm_device_reset_done(slow.d->dev, true), 0);
	rig_finish(r);
}
END_TEST

static Suite *device_suite(void)
{
	Suite *suite = suite_create("device");
	TCase *device = tcase_create("device"), *reset = tcase_create("reset");

	tcase_add_test(device, order_of_capabilities);
	tcase_add_test(device, page_requests_only_after_stopped);
	tcase_add_test(device, busy_devices);
	tcase_add_test(device, devices_that_are_refused);
	tcase_add_test(device, pf_first);
	tcase_add_test(device, limits_of_a_system);
	suite_add_tcase(suite, device);
	tcase_add_test(reset, removed_while_its_reset_ends);
	tcase_add_test(reset, stopped_while_its_reset_ends);
	tcase_add_test(reset, removed_while_it_is_blamed);
	tcase_add_test(reset, begins_when_it_aborts);
	suite_add_tcase(suite, reset);
	return suite;
}

int main(void)
{
	return harness_main(device_suite());
}
