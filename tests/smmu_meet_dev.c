/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The functions of smmu_meet.h: their capabilities, their ATC, their page requests, and the driver that binds them. */
#include "smmu_meet.h"
#include <string.h>

static int set_cap(void *dev, enum iovm_cap cap, uint32_t value)
{
	struct meet_dev *d = dev;

	switch (cap) {
	case IOVM_CAP_PASID:
		ck_assert(!d->ats);
		d->pasid = value;
		break;
	case IOVM_CAP_ATS:
		d->ats = value;
		memset(d->atc, 0, sizeof d->atc);
		break;
	case IOVM_CAP_PRI:
		if (value && d->outstanding)
			return IOVM_E_BUSY;
		d->pri = value;
		break;
	}
	return 0;
}

static struct meet_dev *slot(struct meet *m, uint32_t sid, bool pcie)
{
	struct meet_dev *d = m->dev;

	while (d->meet)
		d++;
	must(d < m->dev + MEET_DEVS, "too many functions");
	*d = (struct meet_dev){ .meet = m, .sid = { sid, sid }, .nsids = 1, .pcie = pcie };
	return d;
}

struct meet_dev *meet_add(struct meet *m, uint32_t sid, void (*change)(struct iovm_device_config *c))
{
	struct meet_dev *d = slot(m, sid, true);
	struct iovm_device_config c = { .size = sizeof c, .stream_ids = d->sid, .nstream_ids = 1, .pasid_bits = m->pasid_bits, .flags = IOVM_DEV_TRUSTED,
					.dev = d, .set_cap = set_cap };

	if (change)
		change(&c);
	d->response_pasid = c.flags & IOVM_DEV_RESPONSE_PASID;
	ck_assert_int_eq(iovm_device_add(m->iommu, &c, &d->dev), 0);
	return d;
}

struct meet_dev *meet_pci(struct meet *m, uint32_t sid, unsigned credits)
{
	struct meet_dev *d = slot(m, sid, true);
	struct iovm_device_config c = { .size = sizeof c, .stream_ids = d->sid, .nstream_ids = 1, .pasid_bits = m->pasid_bits, .dev = d, .set_cap = set_cap,
					.max_outstanding = (uint16_t)credits, .flags = (credits ? IOVM_DEV_TRUSTED : 0) | IOVM_DEV_RESPONSE_PASID };

	d->response_pasid = true;
	ck_assert_int_eq(iovm_device_add(m->iommu, &c, &d->dev), 0);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	ck_assert(d->pasid && d->pri == !!credits);
	return d;
}

struct meet_dev *meet_platform(struct meet *m, uint32_t sid, unsigned stalls)
{
	struct meet_dev *d = slot(m, sid, false);
	struct iovm_device_config c = { .size = sizeof c, .stream_ids = d->sid, .nstream_ids = 1, .pasid_bits = m->pasid_bits, .dev = d,
					.max_outstanding = (uint16_t)stalls };

	ck_assert_int_eq(iovm_device_add(m->iommu, &c, &d->dev), 0);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	return d;
}

struct meet_dev *meet_two(struct meet *m, uint32_t sid, uint32_t other, bool pcie)
{
	struct meet_dev *d = slot(m, sid, pcie);
	struct iovm_device_config c = { .size = sizeof c, .stream_ids = d->sid, .nstream_ids = 2, .pasid_bits = m->pasid_bits, .dev = d,
					.set_cap = pcie ? set_cap : NULL, .max_outstanding = 4, .flags = pcie ? IOVM_DEV_TRUSTED : 0 };

	d->sid[1] = other;
	d->nsids = 2;
	ck_assert_int_eq(iovm_device_add(m->iommu, &c, &d->dev), 0);
	ck_assert_int_eq(iovm_device_init(d->dev), 0);
	return d;
}

static void bond_cb(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	struct meet_dev *d = arg;
	struct meet *m = d->meet;

	port_enter_callback();
	must(m->ncalls < MEET_CALLS && d->dev == dev, "a strange callback");
	m->call[m->ncalls].dev = d;
	m->call[m->ncalls].mm = mm;
	m->call[m->ncalls++].event = event;
	port_leave_callback();
}

int meet_bind(struct meet_dev *d, struct meet_mm *mm)
{
	return iovm_bind_mm(d->dev, mm, bond_cb, d);
}

unsigned meet_called(const struct meet *m, const struct meet_dev *d, const struct meet_mm *mm, enum iovm_bond_event event)
{
	unsigned i, n = 0;

	for (i = 0; i < m->ncalls; i++)
		n += m->call[i].dev == d && m->call[i].mm == mm && m->call[i].event == event;
	return n;
}

void meet_function_reset(struct meet_dev *d)
{
	unsigned i;

	d->pasid = d->ats = d->pri = false;
	d->outstanding = 0;
	memset(d->waits, 0, sizeof d->waits);
	memset(d->atc, 0, sizeof d->atc);
	for (i = 0; i < d->nsids; i++)
		iovm_smmuv3_model_device_gone(d->meet->model, d->sid[i]);
}

int meet_reset(struct meet_dev *d)
{
	ck_assert_int_eq(iovm_device_reset_begin(d->dev), 0);
	meet_function_reset(d);
	return iovm_device_reset_done(d->dev, true);
}

/* ---- DMA ------------------------------------------------------------------------------------------------------------------------------ */

struct iovm_model_result meet_access(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags, enum iovm_model_kind kind)
{
	struct iovm_model_access a = { .stream_id = d->sid[d->as], .pasid = pasid < 0 ? IOVM_MODEL_NO_PASID : (uint32_t)pasid, .addr = va, .kind = (uint8_t)kind,
				       .flags = (uint8_t)(flags | (d->pcie ? IOVM_MODEL_PCIE : 0)) };
	struct iovm_model_result r;

	iovm_smmuv3_model_translate(d->meet->model, &a, &r);
	return r;
}

static struct meet_atc *held(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags)
{
	struct meet_atc *e;

	for (e = d->atc; e < d->atc + MEET_ATC; e++)
		if (e->valid && e->pasid == pasid && !((va ^ e->addr) >> e->size_log2) && (e->flags & flags) == flags)
			return e;
	return NULL;
}

static void keep(struct meet_dev *d, int64_t pasid, uint64_t va, const struct iovm_model_result *r)
{
	uint64_t mask = (1ull << r->size_log2) - 1;
	struct meet_atc *e = d->atc;

	while (e < d->atc + MEET_ATC && e->valid)
		e++;
	must(e < d->atc + MEET_ATC, "the ATC is full");
	*e = (struct meet_atc){ true, pasid, va & ~mask, r->addr & ~mask, r->size_log2, r->flags };
}

struct iovm_model_result meet_dma(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags)
{
	struct iovm_model_result r;
	struct meet_atc *e;

	if (!d->ats)
		return meet_access(d, pasid, va, flags, IOVM_MODEL_UNTRANSLATED);
	e = held(d, pasid, va, flags);
	if (!e) {
		r = meet_access(d, pasid, va, flags & IOVM_MODEL_WRITE, IOVM_MODEL_ATS_REQUEST);
		if (r.outcome != IOVM_MODEL_OK || (r.flags & flags) != flags) {
			r.outcome = r.outcome == IOVM_MODEL_OK ? IOVM_MODEL_ABORT : r.outcome;
			return r;
		}
		keep(d, pasid, va, &r);
		e = held(d, pasid, va, flags);
	}
	return meet_access(d, pasid, e->out | (va & ((1ull << e->size_log2) - 1)), flags, IOVM_MODEL_TRANSLATED);
}

bool meet_reaches(struct meet_dev *d, int64_t pasid, const struct meet_mm *mm, uint64_t va, unsigned flags)
{
	struct iovm_model_result r = meet_dma(d, pasid, va, flags);

	return r.outcome == IOVM_MODEL_OK && r.addr == meet_pa(mm, va);
}

bool meet_blocked(struct meet_dev *d, int64_t pasid, uint64_t va)
{
	struct iovm_model_result r;

	if (held(d, pasid, va, RD))
		return false;
	r = meet_access(d, pasid, va, 0, IOVM_MODEL_ATS_REQUEST);
	if (d->ats && r.outcome == IOVM_MODEL_OK && r.flags)
		return false;
	r = meet_access(d, pasid, va, RD, IOVM_MODEL_UNTRANSLATED);
	return r.outcome != IOVM_MODEL_OK;
}

/* ---- page requests ------------------------------------------------------------------------------------------------------------------------ */

uint16_t meet_ask(struct meet_dev *d, int64_t pasid, uint64_t va, unsigned flags)
{
	struct iovm_model_page_request p = { .stream_id = d->sid[d->as], .pasid = pasid < 0 ? IOVM_MODEL_NO_PASID : (uint32_t)pasid, .addr = va & ~0xfffull,
					     .index = d->index, .flags = (uint8_t)flags };

	if (flags & LAST) {
		d->waits[d->index] = true;
		d->asked[d->index] = pasid;
		d->outstanding++;
		d->index = (d->index + 1) % IOVM_PRG_INDICES;
	}
	iovm_smmuv3_model_page_request(d->meet->model, &p);
	return p.index;
}

void meet_marker(struct meet_dev *d, int64_t pasid)
{
	struct iovm_model_page_request p = { .stream_id = d->sid[0], .pasid = (uint32_t)pasid, .index = d->index, .flags = LAST };

	iovm_smmuv3_model_page_request(d->meet->model, &p);
}
