/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* See smmu_mock.h. Time passes by being looked at: an acknowledge is late by so many reads of its register. */
#include "smmu_mock.h"
#include <stdlib.h>
#include <string.h>

#define BUS	(1ull << 46)	/* bus addresses are no pointers */
static const uint32_t cr0_fields = 0x5df;	/* SMMUEN..ATSCHK, VMW, DPT_WALK_EN */

void *mock_memory(uint64_t bus)
{
	return (void *)(uintptr_t)(bus - BUS);
}

static uint32_t *reg(struct mock *m, uint32_t offset)
{
	must(!(offset & 3) && offset < sizeof m->reg, "offset %#x", offset);
	return &m->reg[offset / 4];
}

static uint64_t reg64(struct mock *m, uint32_t offset)
{
	return *reg(m, offset) | (uint64_t)*reg(m, offset + 4) << 32;
}

uint32_t mock_active(const struct mock *m)
{
	return m->reg[GERROR / 4] ^ m->reg[GERRORN / 4];
}

void mock_error(struct mock *m, uint32_t bits)	/* 6.3.19: an active one does not toggle again */
{
	m->reg[GERROR / 4] ^= bits & ~mock_active(m);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------ */

static unsigned queue_log2(struct mock *m)
{
	return *reg(m, CMDQ_BASE) & 0x1f;
}

static uint32_t queue_mask(struct mock *m)	/* of index and wrap */
{
	return (2u << queue_log2(m)) - 1;
}

static uint64_t (*queue(struct mock *m))[2]	/* aligned down to its size */
{
	uint64_t base = reg64(m, CMDQ_BASE) & 0x00ffffffffffffe0, size = 16ull << queue_log2(m);

	return mock_memory(base & ~(size - 1));
}

static uint32_t used(struct mock *m)
{
	return (m->prod - m->cons) & queue_mask(m);
}

static void remember(struct mock *m)
{
	size_t size = 16ul << queue_log2(m);

	m->seen = realloc(m->seen, size);
	memcpy(m->seen, queue(m), size);
}

static bool range_legal(const uint64_t *w)	/* 4.4.1 */
{
	unsigned num = w[0] >> 12 & 31, scale = w[0] >> 20 & 31, ttl = w[1] >> 8 & 3, tg = w[1] >> 10 & 3;
	static const unsigned shift[4] = { 12, 12, 14, 16 };
	uint64_t addr = w[1] & ~0xfffull, bytes = (num + 1ull) << scale << shift[tg];

	if (!tg)
		return !num && !scale && !ttl;
	return (num || scale || ttl) && !(addr & ((1ull << shift[tg]) - 1)) && addr + (bytes - 1) >= addr;
}

static bool legal(struct mock *m, const uint64_t *w)	/* what this driver may say; RES0 bits are 0 */
{
	const uint64_t sid = 0xffffffffull << 32, ssid = 0xfffff800, asid = 0xffffull << 48, vmid = 0xffffull << 32;
	const uint64_t range = 0x1f << 12 | 0x1f << 20, where = ~0xfffull | 0xf01;
	uint64_t first = w[0] & ~0xffull;
	bool stage1 = *reg(m, IDR0) & 2, stage2 = *reg(m, IDR0) & 1;

	switch (w[0] & 0xff) {
	case 0x03:
		return !(first & ~sid) && w[1] <= 1;
	case 0x04:
		return !first && w[1] == 31;
	case 0x05:
		return stage1 && !(first & ~(sid | 0xfffff000)) && w[1] <= 1;
	case 0x10:
		return stage1 && !(first & ~vmid) && !w[1];
	case 0x11:
		return stage1 && !(first & ~asid) && !w[1];
	case 0x12:
		return stage1 && !(first & ~(asid | range)) && !(w[1] & ~where) && range_legal(w);
	case 0x20:
		return *reg(m, IDR0) & 1 << 9 && !first && !w[1];
	case 0x28:
		return stage2 && !(first & ~vmid) && !w[1];
	case 0x2a:
		return stage2 && !(first & ~(vmid | range)) && !(w[1] & ~(where & ~(0xffull << 56))) && range_legal(w);
	case 0x30:
		return !first && !w[1];
	case 0x40:
		return *reg(m, IDR0) & 1 << 10 && !(first & ~(sid | ssid)) && (w[1] & 0x3f) <= 52 && !(w[1] & 0xfc0);
	case 0x41:
		return *reg(m, IDR0) & 1 << 16 && !(first & ~(sid | ssid)) && !(w[1] & ~0x31ffull) && (w[1] >> 12 & 3) != 3;
	case 0x44:
		return (*reg(m, IDR0) >> 24 & 3) != 1 && !(first & ~(sid | 0x3000)) && !(w[1] >> 16);
	case 0x46:
		return (w[0] >> 12 & 3) != 3 && !(first & ~(0x3000 | 0xfc00000 | sid)) && !(w[1] & ~0x00fffffffffffffcull);
	}
	return false;
}

static void complete(struct mock *m, const uint64_t *w)	/* a SYNC: 4.7.3 */
{
	uint64_t addr = w[1];
	uint32_t data = (uint32_t)(w[0] >> 32);

	if ((w[0] >> 12 & 3) != 1)
		return;
	if (!addr) {
		m->interrupts++;
		return;
	}
	must((w[0] >> 22 & 0x3f) == (0xf << 2 | 3), "an MSI that is not write-back, inner shareable");
	if (m->msi_aborts) {
		mock_error(m, ERR_MSI_CMDQ);
		return;
	}
	if (!m->msi_lost)
		__atomic_store_n((uint32_t *)mock_memory(addr), data, __ATOMIC_RELEASE);
	m->msis++;
}

static void show_cons(struct mock *m, unsigned code)
{
	*reg(m, CMDQ_CONS) = m->cons | code << 24;
}

static bool consume(struct mock *m)	/* one; false: it stands still */
{
	uint32_t slot = m->cons & ((1u << queue_log2(m)) - 1);
	uint64_t *w = queue(m)[slot];

	if (!(*reg(m, CR0ACK) & CMDQEN) || mock_active(m) & (ERR_CMDQ | ERR_SFM) || !used(m))
		return false;
	must(!memcmp(w, m->seen[slot], 16), "a command was changed after PROD");
	if (m->fail_times && m->count == m->fail_at) {
		m->fail_times--;
		show_cons(m, m->fail_code);
		mock_error(m, ERR_CMDQ);
		return false;
	}
	must(legal(m, w), "command %#llx %#llx", (unsigned long long)w[0], (unsigned long long)w[1]);
	memcpy(m->log[m->count++ % 8192], w, 16);
	if ((w[0] & 0xff) == 0x46)
		complete(m, w);
	m->cons = (m->cons + 1) & queue_mask(m);
	if (m->lag < 2 || m->count % m->lag == 0 || !used(m))
		show_cons(m, *reg(m, CMDQ_CONS) >> 24);	/* 7.1: an old code may stay */
	return true;
}

void mock_run(struct mock *m, unsigned n)
{
	while (n-- && consume(m))
		;
}

static void run_all(struct mock *m)
{
	if (!m->stepwise)
		mock_run(m, ~0u);
}

static void set_prod(struct mock *m, uint32_t value)
{
	uint32_t before = used(m);

	must(!(value & ~queue_mask(m)), "CMDQ_PROD %#x", value);
	if (!((*reg(m, CR0) | *reg(m, CR0ACK)) & CMDQEN)) {
		m->prod = value;
		return;
	}
	m->prod = value;
	must(used(m) <= 1u << queue_log2(m), "CMDQ_PROD %#x overtakes CMDQ_CONS %#x", value, m->cons);
	must(used(m) >= before, "CMDQ_PROD goes back");
	remember(m);
	run_all(m);
}

/* ---- switches ------------------------------------------------------------------------------------------------------------------------- */

static uint32_t late(unsigned *left, uint32_t ack, uint32_t now, uint32_t bit)
{
	if (!((ack ^ now) & bit) || *left == NEVER)
		return ack;
	if (*left) {
		--*left;
		return ack;
	}
	return ack ^ bit;
}

static void cr0_acknowledge(struct mock *m)
{
	uint32_t *ack = reg(m, CR0ACK), was = *ack;
	unsigned bit;

	for (bit = 0; bit < 11; bit++)
		*ack = late(&m->cr0_left[bit], *ack, *reg(m, CR0) & cr0_fields, 1u << bit);
	if (*ack & ~was & CMDQEN) {
		m->cons = *reg(m, CMDQ_CONS) & queue_mask(m);
		must(m->prod == m->cons, "the command queue is not empty when it is enabled");
		remember(m);
	}
}

static void irq_acknowledge(struct mock *m)
{
	uint32_t *ack = reg(m, IRQ_CTRLACK), now = *reg(m, IRQ_CTRL);

	if (*ack != now && m->irq_left != NEVER && !(m->irq_left && m->irq_left--))
		*ack = now;
}

static void set_cr0(struct mock *m, uint32_t value)
{
	uint32_t changed = value ^ *reg(m, CR0);
	unsigned bit;

	must(!((*reg(m, CR0) ^ *reg(m, CR0ACK)) & cr0_fields & changed), "CR0 %#x: a field is written before its acknowledge", value);
	must(!(value & ~cr0_fields), "CR0 %#x", value);
	*reg(m, CR0) = value;
	for (bit = 0; bit < 11; bit++)
		if (changed >> bit & 1)
			m->cr0_left[bit] = m->cr0_delay[bit];
}

static void set_gbpa(struct mock *m, uint32_t value)	/* 6.3.14 */
{
	must(!(*reg(m, GBPA) >> 31), "GBPA is written while Update is 1");
	must(value >> 31, "GBPA %#x without Update", value);
	if (m->no_gbpa)
		return;
	*reg(m, GBPA) = value;
	m->gbpa_left = m->gbpa_delay;
}

static void set_gerrorn(struct mock *m, uint32_t value)
{
	uint32_t toggled = value ^ *reg(m, GERRORN), active = mock_active(m);

	must(!(toggled & ~active), "GERRORN %#x: toggles what is not active (%#x)", value, active);
	*reg(m, GERRORN) = value;
	if (toggled & ERR_CMDQ && *reg(m, CR0ACK) & CMDQEN) {
		remember(m);	/* 7.1: commands may be changed while it is active */
		run_all(m);
	}
}

/* The guards of 6.3: what must be off, by CR0 and by its acknowledge */
static void guard(struct mock *m, uint32_t offset)
{
	static const struct { uint32_t first, last, cr0, irq; } guards[] = {
		{ CR1, CR1, SMMUEN | PRIQEN | EVENTQEN | CMDQEN, 0 }, { CR2, CR2, SMMUEN, 0 }, { STRTAB_BASE, STRTAB_BASE_CFG, SMMUEN, 0 },
		{ CMDQ_BASE, CMDQ_BASE + 4, CMDQEN, 0 }, { CMDQ_CONS, CMDQ_CONS, CMDQEN, 0 },
		{ EVENTQ_BASE, EVENTQ_BASE + 4, EVENTQEN, 0 }, { EVENTQ_PROD, EVENTQ_PROD, EVENTQEN, 0 },
		{ PRIQ_BASE, PRIQ_BASE + 4, PRIQEN, 0 }, { PRIQ_PROD, PRIQ_PROD, PRIQEN, 0 },
		{ GERROR_IRQ_CFG0, 0x74, 0, 1 }, { EVENTQ_IRQ_CFG0, 0xbc, 0, 4 }, { PRIQ_IRQ_CFG0, PRIQ_IRQ_CFG2, 0, 2 },
	};
	uint32_t cr0 = *reg(m, CR0) | *reg(m, CR0ACK), irq = *reg(m, IRQ_CTRL) | *reg(m, IRQ_CTRLACK);
	unsigned i;

	for (i = 0; i < sizeof guards / sizeof guards[0]; i++)
		if (offset >= guards[i].first && offset <= guards[i].last)
			must(!(cr0 & guards[i].cr0) && !(irq & guards[i].irq), "write of %#x while CR0 %#x, IRQ_CTRL %#x", offset, cr0, irq);
}

void mock_write(void *regs, uint32_t offset, uint32_t value)
{
	struct mock *m = regs;

	m->write[m->nwrites++ % 512] = (struct mock_write){ offset, value };
	must(offset > AIDR && offset != CR0ACK && offset != IRQ_CTRLACK && offset != GERROR, "write of %#x, which is read-only", offset);
	guard(m, offset);
	switch (offset) {
	case CR0:
		set_cr0(m, value);
		return;
	case GBPA:
		set_gbpa(m, value);
		return;
	case IRQ_CTRL:
		must(*reg(m, IRQ_CTRL) == *reg(m, IRQ_CTRLACK), "IRQ_CTRL is written before its acknowledge");
		*reg(m, IRQ_CTRL) = value & 7;
		m->irq_left = m->irq_delay;
		return;
	case GERRORN:
		set_gerrorn(m, value);
		return;
	case CMDQ_PROD:
		set_prod(m, value);
	}
	*reg(m, offset) = value;
}

uint32_t mock_read(void *regs, uint32_t offset)
{
	struct mock *m = regs;

	m->reads++;
	m->cons_reads += offset == CMDQ_CONS;
	m->gerror_reads += offset == GERROR;
	if (m->gone)
		return UINT32_MAX;
	if (offset == CR0ACK)
		cr0_acknowledge(m);
	if (offset == IRQ_CTRLACK)
		irq_acknowledge(m);
	if (offset == GBPA && *reg(m, GBPA) >> 31 && m->gbpa_left != NEVER && !(m->gbpa_left && m->gbpa_left--))
		*reg(m, GBPA) &= ~(1u << 31);
	return *reg(m, offset);
}

/* ---- the part, and a host for it ------------------------------------------------------------------------------------------------------------ */

void mock_init(struct mock *m)
{
	static const uint32_t garbage[] = { CR1, CR2, STRTAB_BASE, STRTAB_BASE_CFG, CMDQ_PROD, CMDQ_CONS, EVENTQ_BASE, EVENTQ_PROD, EVENTQ_CONS,
					    PRIQ_CONS, GERROR_IRQ_CFG0, EVENTQ_IRQ_CFG0, PRIQ_IRQ_CFG0, PRIQ_IRQ_CFG2 };
	unsigned i;

	memset(m, 0, sizeof *m);
	for (i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
		*reg(m, garbage[i]) = 0xa5a5a5a5;	/* unknown after reset */
	*reg(m, IDR0) = 1 | 1 << 1 | 2 << 2 | 1 << 4 | 1 << 9 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 16 | 1 << 18 | 1 << 19 | 2 << 21 | 1 << 27;
	*reg(m, IDR1) = 16 | 20 << 6 | 10 << 11 | 10 << 16 | 10 << 21;
	*reg(m, IDR3) = 1 << 10 | 1 << 5;
	*reg(m, IDR5) = 5 | 7 << 4 | 32 << 16;
	*reg(m, IIDR) = 0x43b;
	*reg(m, AIDR) = 2;
}

void mock_fini(struct mock *m)
{
	free(m->seen);
	m->seen = NULL;
}

struct iovm_smmuv3_config mock_config(struct mock *m)
{
	return (struct iovm_smmuv3_config){ .size = sizeof(struct iovm_smmuv3_config), .regs = m, .read32 = mock_read, .write32 = mock_write,
					    .cmdq_log2 = 4, .evtq_log2 = 4, .priq_log2 = 4 };
}

static void *dma_alloc(void *ctx, size_t size, uint64_t *bus)	/* aligned to its size, as the port promises */
{
	struct port *port = ctx;
	void *mem;

	port->allocs++;
	if (port->allocs == port->fail_nth || (port->fail_from && port->allocs >= port->fail_from)) {
		port->failed++;
		return NULL;
	}
	mem = aligned_alloc(size, size);
	must(mem != NULL, "no memory");
	memset(mem, 0, size);
	port->blocks++;
	port->live += size;
	*bus = (uintptr_t)mem + BUS;
	return mem;
}

static void dma_free(void *ctx, void *mem, size_t size, uint64_t bus)
{
	struct port *port = ctx;

	must(bus == (uintptr_t)mem + BUS, "freed another bus address");
	port->blocks--;
	port->live -= size;
	free(mem);
}

static int no_watch(void *ctx, void *mm, struct iovm_table *table)
{
	return IOVM_E_FORMAT;
}

static void no_unwatch(void *ctx, void *mm)
{
}

static void no_fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned n)
{
}

struct mock_host *mock_host_new(void)
{
	struct mock_host *h = calloc(1, sizeof *h);
	struct iovm_config config = { .size = sizeof config, .max_mms = 4, .pasid_bits = 8,
				      .mm = { .watch = no_watch, .unwatch = no_unwatch, .fault = no_fault } };

	mock_init(&h->m);
	port_init(&h->port);
	h->port.ops.dma_alloc = dma_alloc;
	h->port.ops.dma_free = dma_free;
	h->port.wait_limit = 20;
	config.port = h->port.ops;
	ck_assert_int_eq(iovm_new(&h->sys, &config), 0);
	return h;
}

int mock_host_add(struct mock_host *h, const struct iovm_smmuv3_config *config)
{
	int err = iovm_smmuv3_add(h->sys, config, &h->iommu);

	h->smmu = err ? NULL : iovm_iommu_hw(h->iommu);
	return err;
}

void mock_host_del(struct mock_host *h)
{
	ck_assert_int_eq(iovm_del(h->sys), 0);
	port_fini(&h->port);
	mock_fini(&h->m);
	free(h);
}
