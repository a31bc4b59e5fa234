/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The host and the functions of smmu_meet.h. A bus address is never given out twice, and what no block has aborts: an SMMU that still
 * looks where memory was given back is seen.
 */
#include "smmu_meet.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ------------------------------------------------------------------------------------------------------------------------ */

static void *dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	struct meet *m = (struct meet *)ctx;	/* port is its first member: the port's own ctx is the meet's */
	void *mem = m->port.ops.alloc(&m->port, size);

	must(m->nblocks < MEET_BLOCKS, "too many blocks");
	m->next_bus = (m->next_bus + size - 1) & ~(uint64_t)(size - 1);
	*bus = m->next_bus;
	m->next_bus += size;
	m->block[m->nblocks++] = (struct meet_block){ mem, *bus, size };
	if (m->shadow)
		must(iovm_model_shadow_add(m->shadow, *bus, mem, size), "no shadow");
	return mem;
}

static void dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	struct meet *m = (struct meet *)ctx;
	unsigned i;

	for (i = 0; m->block[i].bus != bus; i++)
		must(i + 1 < m->nblocks, "freed what was never given");
	must(m->block[i].mem == mem && m->block[i].size == size, "freed as another block");
	m->block[i] = m->block[--m->nblocks];
	if (m->shadow)
		iovm_model_shadow_remove(m->shadow, bus);
	m->port.ops.free(&m->port, mem, size);
}

static uint8_t *find(struct meet *m, uint64_t addr, unsigned bytes)
{
	unsigned i;

	for (i = 0; i < m->nblocks; i++)
		if (addr >= m->block[i].bus && addr + bytes <= m->block[i].bus + m->block[i].size)
			return (uint8_t *)m->block[i].mem + (addr - m->block[i].bus);
	return NULL;
}

/* The next command to be consumed, first word: what an SMMU looks at beforehand is not spoiled */
static bool is_next_command(struct meet *m, uint64_t addr)
{
	uint64_t base = iovm_smmuv3_model_read(m->model, 0x90, 8);
	uint32_t cons = (uint32_t)iovm_smmuv3_model_read(m->model, 0x9c, 4) & ((1u << (base & 31)) - 1);

	return m->stepping && addr == (base & 0xffffffffffffe0) + 16ull * cons;
}

static bool mem_read(void *ctx, uint64_t addr, unsigned bytes, uint64_t *value)
{
	struct meet *m = ctx;
	uint8_t *at = find(m, addr, bytes);
	bool ok = at;

	*value = 0;
	if (m->shadow)
		ok = iovm_model_shadow_read(m->shadow, addr, bytes, value);
	else if (at)
		memcpy(value, at, bytes);
	if (!m->spoil || !is_next_command(m, addr))
		return ok;
	m->spoil--;
	*value = m->spoil_abort ? *value : 0xff;
	return !m->spoil_abort;
}

static bool mem_write(void *ctx, uint64_t addr, unsigned bytes, uint64_t value)
{
	struct meet *m = ctx;
	uint8_t *at;

	if (m->shadow)
		return iovm_model_shadow_write(m->shadow, addr, bytes, value);
	at = find(m, addr, bytes);
	if (at)
		memcpy(at, &value, bytes);
	return at != NULL;
}

/* ---- what the model says ---------------------------------------------------------------------------------------------------------------- */

static unsigned choose(void *ctx, unsigned n, const char *point)
{
	struct meet *m = ctx;

	if (!m->random)
		return 0;
	m->random = m->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(m->random >> 33) % n;
}

static void line(void *ctx, enum iovm_model_line n)
{
	((struct meet *)ctx)->line[n]++;
}

static void violation(void *ctx, const char *duty, const char *clause, const char *sentence)
{
	struct meet *m = ctx;

	if (m->expects && strstr(m->expects, duty)) {
		m->expected++;
		return;
	}
	fprintf(stderr, "broken: %s (%s): %s\n", duty, clause, sentence);
	m->violations++;
}

static struct meet_dev *dev_of(struct meet *m, uint32_t sid)
{
	unsigned i;

	for (i = 0; i < MEET_DEVS; i++)
		if (m->dev[i].meet && (m->dev[i].sid[0] == sid || m->dev[i].sid[1] == sid))
			return &m->dev[i];
	ck_abort_msg("no function has StreamID %u", sid);
	return NULL;
}

static enum iovm_model_atc atc_inv(void *ctx, const struct iovm_model_atc_inv *inv)
{
	struct meet_dev *d = dev_of(ctx, inv->stream_id);
	int64_t pasid = inv->pasid == IOVM_MODEL_NO_PASID ? NO_PASID : (int64_t)inv->pasid;
	unsigned i;

	d->invs++;
	if (d->reply == IOVM_MODEL_ATC_SENT) {
		must(d->nsent < MEET_SENT, "too many invalidations");
		d->sent[d->nsent++] = inv->tag;
	}
	if (d->reply != IOVM_MODEL_ATC_DONE)
		return d->reply;
	for (i = 0; i < MEET_ATC; i++) {
		struct meet_atc *e = &d->atc[i];
		uint64_t last = inv->size_log2 >= 64 ? UINT64_MAX : inv->addr + ((1ull << inv->size_log2) - 1);

		if (e->valid && (inv->global || e->pasid == pasid) && e->addr <= last && e->addr + ((1ull << e->size_log2) - 1) >= inv->addr)
			e->valid = false;
	}
	return IOVM_MODEL_ATC_DONE;
}

/* (8.1) The SMMU's own responses have it by IDR3.PPS, or by what the STE says of the function */
static bool wants_pasid(const struct meet_dev *d, uint16_t index, bool of_smmu)
{
	return d->asked[index & 511] >= 0 && (d->response_pasid || (of_smmu && d->meet->mc.idr[3] & 1u << 5));
}

static void prg_response(void *ctx, uint32_t sid, uint32_t pasid, uint16_t index, uint8_t code, bool of_smmu)
{
	struct meet_dev *d = dev_of(ctx, sid);

	if (!d->waits[index & 511]) {
		d->strange++;
		return;
	}
	d->waits[index & 511] = false;
	d->outstanding--;
	d->strange += code != IOVM_RESP_FAILURE && (pasid != IOVM_MODEL_NO_PASID) != wants_pasid(d, index, of_smmu);
	d->automatic += of_smmu;
	if (code == IOVM_RESP_SUCCESS)
		d->success++;
	else if (code == IOVM_RESP_INVALID)
		d->invalid++;
	else
		d->failure++;
}

static void resume(void *ctx, uint32_t sid, uint32_t stall, enum iovm_model_outcome outcome)
{
	struct meet_dev *d = dev_of(ctx, sid);

	d->retries += outcome == IOVM_MODEL_OK;
	d->aborts += outcome != IOVM_MODEL_OK;
}

void meet_atc_fails(struct meet_dev *d)
{
	while (d->nsent)
		iovm_smmuv3_model_atc_done(d->meet->model, d->sent[--d->nsent], true);
}

/* ---- what the driver does ----------------------------------------------------------------------------------------------------------------- */

static bool step(struct meet *m)
{
	bool more;

	m->stepping = true;
	more = iovm_smmuv3_model_step(m->model);
	m->stepping = false;
	return more;
}

static void some_steps(struct meet *m, unsigned n)
{
	while (n-- && step(m))
		;
}

static uint32_t reg_read(void *regs, uint32_t offset)
{
	struct meet *m = regs;

	return (uint32_t)iovm_smmuv3_model_read(m->model, offset, 4);
}

static void reg_write(void *regs, uint32_t offset, uint32_t value)
{
	struct meet *m = regs;

	if (m->shadow)
		iovm_model_shadow_barrier(m->shadow);
	iovm_smmuv3_model_write(m->model, offset, 4, value);
	some_steps(m, m->random ? choose(m, m->pace, "pace") : m->pace);
}

static void on_wait(void *arg, unsigned turn)
{
	some_steps(arg, 64);
}

/* ---- address spaces ------------------------------------------------------------------------------------------------------------------------- */

static int watch(void *ctx, void *mm_, struct iovm_table *t)
{
	struct meet_mm *mm = mm_;

	port_no_lock_held();
	mm->watches++;
	t->root = mm->root;
	t->top = (1ull << 48) - 1;
	if (mm->stage2) {
		t->format = IOVM_TABLE_AARCH64_S2;
		t->control = 16 | 2 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 5 << 16;	/* T0SZ, SL0: level 0, write-back, shared, PS: 48 bits */
	} else {
		t->format = IOVM_TABLE_AARCH64_S1;
		t->control = 16 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 5ull << 32;	/* T0SZ, write-back, shared, EPD1, IPS: 48 bits */
		t->attributes = 0xff;
	}
	return 0;
}

static void unwatch(void *ctx, void *mm_)
{
	struct meet_mm *mm = mm_;

	port_no_lock_held();
	mm->unwatches++;
}

static void fault(void *ctx, void *mm_, struct iovm_fault *faults, unsigned n)
{
	struct meet_mm *mm = mm_;
	unsigned i, k;

	for (i = 0; i < n; i++) {
		mm->faults++;
		mm->ranges += faults[i].nranges;
		mm->prot = faults[i].ranges[faults[i].nranges - 1].prot;
		for (k = 0; mm->maps && k < faults[i].nranges; k++)
			meet_map(mm, faults[i].ranges[k].first, faults[i].ranges[k].prot);
		must(mm->ntokens < MEET_TOKENS || !mm->pends, "too many tokens");
		if (mm->pends)
			mm->token[mm->ntokens++] = faults[i].token;
		faults[i].outcome = mm->pends ? IOVM_PENDING : mm->maps ? IOVM_DONE : IOVM_REFUSED;
	}
	if (mm->meet->shadow)
		iovm_model_shadow_barrier(mm->meet->shadow);
}

static uint64_t page(struct meet *m)
{
	m->pool_used += 4096;
	must(m->pool_used <= MEET_POOL, "no more pages");
	return m->pool_bus + m->pool_used - 4096;
}

static uint64_t *leaf(struct meet_mm *mm, uint64_t va)
{
	struct meet *m = mm->meet;
	uint64_t table = mm->root, *d;
	unsigned level;

	for (level = 0;; level++) {
		d = (uint64_t *)(void *)(m->pool + (table - m->pool_bus)) + (va >> (39 - 9 * level) & 511);
		if (level == 3)
			return d;
		if (!*d)
			*d = page(m) | 3;
		table = *d & 0xfffffffff000;
	}
}

uint64_t meet_pa(const struct meet_mm *mm, uint64_t va)
{
	return (uint64_t)(mm - mm->meet->mm + 1) << 40 | mm->version << 36 | (va & 0xfffffffff);
}

void meet_map(struct meet_mm *mm, uint64_t va, unsigned prot)
{
	uint64_t pa = meet_pa(mm, va) & ~0xfffull, rights;

	if (mm->stage2)
		rights = 0xf << 2 | 1 << 6 | (prot & IOVM_WRITE ? 1 << 7 : 0);
	else
		rights = 1 << 6 | (prot & IOVM_WRITE ? 0 : 1 << 7) | 1 << 11;	/* unprivileged, read-only, nG */
	*leaf(mm, va) = pa | rights | 3 << 8 | 1 << 10 | 3;
	if (mm->meet->shadow)
		iovm_model_shadow_barrier(mm->meet->shadow);
}

uint64_t meet_mapped(struct meet_mm *mm, uint64_t va)
{
	return *leaf(mm, va) & 0xfffffffff000;
}

void meet_unmap(struct meet_mm *mm, uint64_t va)
{
	*leaf(mm, va) = 0;
	if (mm->meet->shadow)
		iovm_model_shadow_barrier(mm->meet->shadow);
}

struct meet_mm *meet_mm(struct meet *m, bool stage2)
{
	struct meet_mm *mm = m->mm;

	while (mm->meet)
		mm++;
	must(mm < m->mm + MEET_MMS, "too many address spaces");
	*mm = (struct meet_mm){ .meet = m, .stage2 = stage2, .maps = true, .root = page(m) };
	return mm;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------ */

struct meet *meet_new(int seed)
{
	struct meet *m = calloc(1, sizeof *m);

	ck_assert_ptr_nonnull(m);
	port_init(&m->port);
	m->port.ops.dma_alloc = dma_alloc;
	m->port.ops.dma_free = dma_free;
	m->port.on_wait = on_wait;
	m->port.wait_arg = m;
	m->next_bus = 0x80000000;
	m->random = seed ? (uint64_t)seed * 0x9e3779b97f4a7c15u : 0;
	m->pace = 8;
	m->max_mms = 16;
	m->pasid_bits = 8;
	if (seed && seed % 2 == 0)
		m->shadow = iovm_model_shadow_new(choose, m);
	if (seed)
		m->port.wait_limit = 400;	/* the model is late on purpose */
	iovm_smmuv3_model_defaults(&m->mc);
	m->mc.ctx = m;
	m->mc.read = mem_read;
	m->mc.write = mem_write;
	m->mc.choose = choose;
	m->mc.line = line;
	m->mc.violation = violation;
	m->mc.atc_inv = atc_inv;
	m->mc.prg_response = prg_response;
	m->mc.resume = resume;
	m->sc = (struct iovm_smmuv3_config){ .size = sizeof m->sc, .regs = m, .read32 = reg_read, .write32 = reg_write, .cmdq_log2 = 5, .evtq_log2 = 5,
					     .priq_log2 = 5, .sid_bits = 10 };
	return m;
}

void meet_start(struct meet *m)
{
	struct iovm_config config = { .size = sizeof config, .port = m->port.ops, .max_mms = m->max_mms, .pasid_bits = m->pasid_bits,
				      .mm = { .ctx = m, .watch = watch, .unwatch = unwatch, .fault = fault } };

	m->model = iovm_smmuv3_model_new(&m->mc);
	ck_assert_ptr_nonnull(m->model);
	ck_assert_int_eq(iovm_new(&m->sys, &config), 0);
	m->pool = dma_alloc(m, MEET_POOL, &m->pool_bus);
	ck_assert_int_eq(iovm_smmuv3_add(m->sys, &m->sc, &m->iommu), 0);
}

void meet_end(struct meet *m)
{
	unsigned i;

	for (i = 0; i < MEET_DEVS; i++) {
		meet_settle(m);
		if (!m->dev[i].dev)
			continue;
		ck_assert_int_eq(iovm_device_shutdown(m->dev[i].dev), 0);
		ck_assert_int_eq(iovm_device_del(m->dev[i].dev), 0);
		m->dev[i].dev = NULL;
		ck_assert_uint_eq(m->dev[i].strange, 0);
	}
	meet_settle(m);
	ck_assert_uint_eq(iovm_smmuv3_model_judge(m->model), m->expected);
	ck_assert_int_eq(iovm_del(m->sys), 0);
	meet_steps(m);
	ck_assert_uint_eq(m->violations, 0);
	for (i = 0; i < MEET_MMS; i++)
		ck_assert_uint_eq(m->mm[i].watches, m->mm[i].unwatches);
	dma_free(m, m->pool, MEET_POOL, m->pool_bus);
	port_fini(&m->port);
	iovm_smmuv3_model_del(m->model);
	iovm_model_shadow_del(m->shadow);
	free(m);
}

void meet_steps(struct meet *m)
{
	unsigned quiet, n = 0;

	for (quiet = 0; quiet < (m->random ? 20 : 1) && n < 20000; n++)
		quiet = step(m) ? 0 : quiet + 1;
}

void meet_settle(struct meet *m)
{
	unsigned i;
	int r;

	for (i = 0; i < 8; i++) {
		meet_steps(m);
		m->now += 1000000;
		do {
			r = port_dispatch(m->iommu, m->now, 16);
			ck_assert_int_ge(r, 0);
		} while (r == 16);
	}
	meet_steps(m);
}

uint64_t meet_checked(const struct meet *m, const char *duty)
{
	struct iovm_model_duty d;
	unsigned n;

	for (n = 0; iovm_smmuv3_model_duty(m->model, n, &d); n++)
		if (!strcmp(d.name, duty))
			return d.checked;
	ck_abort_msg("no duty %s", duty);
	return 0;
}
