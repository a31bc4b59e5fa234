/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
#include "model_rig.h"
#include <stdlib.h>
#include <string.h>

static bool inside(const struct mr *r, uint64_t addr, unsigned bytes)
{
	bool denied = r->deny_last && addr >= r->deny_first && addr <= r->deny_last;

	return !denied && addr >= MR_BASE && addr + bytes <= (uint64_t)MR_BASE + MR_SIZE && !(addr & (bytes - 1));
}

static bool mem_read(void *ctx, uint64_t addr, unsigned bytes, uint64_t *value)
{
	struct mr *r = ctx;

	*value = 0;
	if (!inside(r, addr, bytes))
		return false;
	memcpy(value, r->mem + (addr - MR_BASE), bytes);
	return true;
}

static bool mem_write(void *ctx, uint64_t addr, unsigned bytes, uint64_t value)
{
	struct mr *r = ctx;

	if (!inside(r, addr, bytes))
		return false;
	memcpy(r->mem + (addr - MR_BASE), &value, bytes);
	return true;
}

static unsigned choose(void *ctx, unsigned n, const char *point)
{
	struct mr *r = ctx;

	if (r->random) {
		r->random = r->random * 6364136223846793005u + 1442695040888963407u;
		return (unsigned)(r->random >> 33) % n;
	}
	return r->point && !strcmp(point, r->point) && r->choice < n ? r->choice : 0;
}

static void line(void *ctx, enum iovm_model_line n)
{
	((struct mr *)ctx)->lines[n]++;
}

static void violation(void *ctx, const char *duty, const char *clause, const char *sentence)
{
	struct mr *r = ctx;

	ck_assert(*clause && *sentence);
	r->violations++;
	r->broken = duty;
}

static enum iovm_model_atc atc_inv(void *ctx, const struct iovm_model_atc_inv *inv)
{
	struct mr *r = ctx;

	r->invs++;
	r->inv = *inv;
	return r->inv_reply;
}

static void prg_response(void *ctx, uint32_t sid, uint32_t pasid, uint16_t index, uint8_t code, bool automatic)
{
	struct mr *r = ctx;

	r->answers++;
	r->answer = (struct mr_answer){ sid, pasid, index, code, automatic };
}

static void resume(void *ctx, uint32_t sid, uint32_t stall, enum iovm_model_outcome how)
{
	struct mr *r = ctx;

	r->resumes++;
	r->resume = (struct mr_resume){ sid, stall, (uint8_t)how };
}

/* ---- making one --------------------------------------------------------------------------------------------------------------------------------- */

struct mr *mr_new(void (*adjust)(struct iovm_smmuv3_model_config *c))
{
	struct mr *r = calloc(1, sizeof *r);

	ck_assert_ptr_nonnull(r);
	r->mem = calloc(1, MR_SIZE);
	ck_assert_ptr_nonnull(r->mem);
	r->next = MR_BASE;
	r->broken = "";
	iovm_smmuv3_model_defaults(&r->config);
	r->config.ctx = r;
	r->config.read = mem_read;
	r->config.write = mem_write;
	r->config.choose = choose;
	r->config.line = line;
	r->config.violation = violation;
	r->config.atc_inv = atc_inv;
	r->config.prg_response = prg_response;
	r->config.resume = resume;
	if (adjust)
		adjust(&r->config);
	r->m = iovm_smmuv3_model_new(&r->config);
	ck_assert_ptr_nonnull(r->m);
	return r;
}

void mr_enable(struct mr *r, uint32_t cr0)
{
	wr(r, CR0, cr0);
	mr_run(r);
	ck_assert_uint_eq(rd(r, CR0ACK), cr0);
}

struct mr *mr_on(void (*adjust)(struct iovm_smmuv3_model_config *c))
{
	struct mr *r = mr_new(adjust);
	uint32_t idr0 = rd(r, IDR0), on = CMDQEN;

	r->strtab = mr_alloc(r, 64u << MR_STREAMS_LOG2, 64u << MR_STREAMS_LOG2);
	r->cmdq = mr_alloc(r, 16u << MR_QUEUE_LOG2, 16u << MR_QUEUE_LOG2);
	r->evtq = mr_alloc(r, 32u << MR_QUEUE_LOG2, 32u << MR_QUEUE_LOG2);
	r->priq = mr_alloc(r, 16u << MR_QUEUE_LOG2, 16u << MR_QUEUE_LOG2);
	wr(r, CR2, idr0 >> 23 & 1 ? 0xa : 2);	/* RECINVSID, REC_CFG_ATS */
	wr64(r, STRTAB_BASE, r->strtab);
	wr(r, STRTAB_BASE_CFG, MR_STREAMS_LOG2);
	wr64(r, CMDQ_BASE, r->cmdq | MR_QUEUE_LOG2);
	wr64(r, EVENTQ_BASE, r->evtq | MR_QUEUE_LOG2);
	wr64(r, PRIQ_BASE, r->priq | MR_QUEUE_LOG2);
	mr_enable(r, on);
	mr_cmd(r, 0x04, 31);
	mr_sync(r);
	mr_cmd(r, 0x30, 0);
	mr_sync(r);
	mr_enable(r, on |= EVENTQEN | (idr0 >> 16 & 1 ? PRIQEN : 0) | (idr0 >> 10 & 1 ? ATSCHK : 0));
	wr(r, IRQ_CTRL, idr0 >> 16 & 1 ? 7 : 5);
	mr_enable(r, on | SMMUEN);
	return r;
}

void mr_del(struct mr *r)
{
	ck_assert_str_eq(r->broken, "");
	iovm_smmuv3_model_del(r->m);
	free(r->mem);
	free(r);
}

const char *mr_broken(struct mr *r)
{
	const char *was = r->broken;

	r->broken = "";
	return was;
}

uint64_t mr_duty(const struct mr *r, const char *name, bool broken)
{
	struct iovm_model_duty d;
	unsigned n;

	for (n = 0; iovm_smmuv3_model_duty(r->m, n, &d); n++)
		if (!strcmp(d.name, name))
			return broken ? d.broken : d.checked;
	ck_abort_msg("no duty %s", name);
	return 0;
}

/* ---- memory and commands -------------------------------------------------------------------------------------------------------------------------- */

uint64_t *mr_mem(struct mr *r, uint64_t addr)
{
	ck_assert(addr >= MR_BASE && addr < (uint64_t)MR_BASE + MR_SIZE);
	return (uint64_t *)(void *)(r->mem + (addr - MR_BASE));
}

uint64_t mr_alloc(struct mr *r, uint64_t bytes, uint64_t align)
{
	uint64_t at = (r->next + align - 1) & ~(align - 1);

	r->next = at + bytes;
	ck_assert_uint_le(r->next, (uint64_t)MR_BASE + MR_SIZE);
	return at;
}

void mr_run(struct mr *r)
{
	unsigned n = 0;

	while (iovm_smmuv3_model_step(r->m))
		ck_assert_uint_lt(n++, 100000);
}

void mr_put(struct mr *r, uint64_t w0, uint64_t w1)
{
	uint64_t *slot = mr_mem(r, r->cmdq) + (r->prod & ((1u << MR_QUEUE_LOG2) - 1)) * 2;

	slot[0] = w0;
	slot[1] = w1;
	r->prod = (r->prod + 1) & ((2u << MR_QUEUE_LOG2) - 1);
}

void mr_ring(struct mr *r)
{
	wr(r, CMDQ_PROD, r->prod);
}

void mr_cmd(struct mr *r, uint64_t w0, uint64_t w1)
{
	mr_put(r, w0, w1);
	mr_ring(r);
	mr_run(r);
}

void mr_sync(struct mr *r)
{
	mr_cmd(r, 0x46, 0);
	ck_assert_uint_eq(rd(r, CMDQ_CONS), r->prod);
}

/* ---- streams and tables ----------------------------------------------------------------------------------------------------------------------------- */

uint64_t *mr_ste(struct mr *r, uint32_t sid)
{
	return mr_mem(r, r->strtab) + (size_t)sid * 8;
}

uint64_t mr_stream(struct mr *r, uint32_t sid, unsigned cdmax)
{
	uint64_t cds = mr_alloc(r, 64ull << cdmax, 64ull << cdmax), *ste = mr_ste(r, sid);

	ste[1] = 2 | (rd(r, IDR0) >> 10 & 1 ? 1ull << 28 : 0);	/* S1DSS: CD 0; EATS */
	ste[0] = 1 | 5 << 1 | cds | (uint64_t)cdmax << 59;
	mr_cmd(r, 0x03 | (uint64_t)sid << 32, 1);
	mr_sync(r);
	return cds;
}

uint64_t mr_cd(struct mr *r, uint64_t at, uint16_t asid, uint64_t flags, uint64_t ttb0)
{
	uint64_t *cd = mr_mem(r, at);

	if (!ttb0)
		ttb0 = mr_alloc(r, 4096, 4096);
	cd[1] = ttb0;
	cd[3] = 0xff;
	cd[0] = 16 | 1ull << 30 | 1ull << 31 | 5ull << 32 | 1ull << 41 | flags << 32 | (uint64_t)asid << 48;	/* T0SZ, EPD1, V, IPS, AA64 */
	return ttb0;
}

uint64_t *mr_pte(struct mr *r, uint64_t table, uint64_t va, unsigned level)
{
	uint64_t *d;
	unsigned l;

	for (l = 0;; l++) {
		d = mr_mem(r, table) + (va >> (39 - 9 * l) & 511);
		if (l == level)
			return d;
		if (!(*d & 1))
			*d = mr_alloc(r, 4096, 4096) | 3;
		table = *d & 0xfffffffff000;
	}
}

void mr_map(struct mr *r, uint64_t table, uint64_t va, uint64_t pa, uint64_t attributes)
{
	*mr_pte(r, table, va, 3) = pa | attributes | 3;
}

static struct iovm_model_result ask(struct mr *r, uint8_t kind, uint32_t sid, int64_t pasid, uint64_t addr, unsigned flags)
{
	struct iovm_model_access a = { .stream_id = sid, .pasid = pasid < 0 ? IOVM_MODEL_NO_PASID : (uint32_t)pasid, .addr = addr, .kind = kind, .flags = (uint8_t)flags };
	struct iovm_model_result result;

	iovm_smmuv3_model_translate(r->m, &a, &result);
	return result;
}

struct iovm_model_result mr_access(struct mr *r, uint32_t sid, int64_t pasid, uint64_t addr, unsigned flags)
{
	return ask(r, IOVM_MODEL_UNTRANSLATED, sid, pasid, addr, flags);
}

struct iovm_model_result mr_ats(struct mr *r, uint32_t sid, int64_t pasid, uint64_t addr, unsigned flags)
{
	return ask(r, IOVM_MODEL_ATS_REQUEST, sid, pasid, addr, flags);
}

unsigned mr_events(struct mr *r)
{
	return (rd(r, EVENTQ_PROD) - rd(r, EVENTQ_CONS)) & ((2u << MR_QUEUE_LOG2) - 1);
}

const uint64_t *mr_event(struct mr *r)
{
	uint32_t cons = rd(r, EVENTQ_CONS);
	const uint64_t *e = mr_mem(r, r->evtq) + (cons & ((1u << MR_QUEUE_LOG2) - 1)) * 4;

	if (!mr_events(r))
		return NULL;
	wr(r, EVENTQ_CONS, (cons & FLAG31) | ((cons + 1) & ((2u << MR_QUEUE_LOG2) - 1)));
	return e;
}

bool mr_ask(struct mr *r, uint32_t sid, int64_t pasid, uint64_t addr, uint16_t index, unsigned flags)
{
	struct iovm_model_page_request p = { .stream_id = sid, .pasid = pasid < 0 ? IOVM_MODEL_NO_PASID : (uint32_t)pasid, .addr = addr, .index = index, .flags = (uint8_t)flags };

	return iovm_smmuv3_model_page_request(r->m, &p);
}
