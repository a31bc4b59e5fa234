/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What an SMMU must be, and the way to enabled and back: each refusal by its name, the writes in the order of 3.11, whatever was going on before, acknowledges that
 * are late, and acknowledges that never come: then it is dead, in a bounded number of turns, and nothing that it did not do is said to be done.
 */
#include "smmu_mock.h"
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

static const uint32_t registers[] = { IDR0, IDR1, IDR3, IDR5, AIDR };

/* ---- probe -------------------------------------------------------------------------------------------------------------------------------- */

struct change { uint32_t offset, clear, set; const char *name; };

static void change(struct mock *m, const struct change *c)
{
	m->reg[c->offset / 4] = (m->reg[c->offset / 4] & ~c->clear) | c->set;
}

static struct iovm_smmuv3_features probe(struct mock *m)
{
	struct iovm_smmuv3_config config = mock_config(m);
	struct iovm_smmuv3_features f;

	ck_assert_int_eq(iovm_smmuv3_probe(&config, &f), 0);
	ck_assert_uint_eq(m->nwrites, 0);
	return f;
}

START_TEST(all_there)
{
	struct mock *m = calloc(1, sizeof *m);
	struct iovm_smmuv3_features f;

	mock_init(m);
	f = probe(m);
	ck_assert_ptr_null(f.refused);
	ck_assert(!f.no_ats && !f.no_pri && !f.no_stall && !f.no_pasid && !f.no_stage1 && !f.no_stage2 && !f.no_msi && !f.no_range_tlbi);
	ck_assert(f.sid_bits == 16 && f.pasid_bits == 20 && f.asid_bits == 16 && f.vmid_bits == 16 && f.input_bits == 48 && f.output_bits == 48);
	ck_assert(f.cmdq_log2 == 10 && f.evtq_log2 == 10 && f.priq_log2 == 10 && f.max_stalls == 32 && f.two_level_stream && f.two_level_cd);
	ck_assert(f.granule_4k && f.granule_16k && f.granule_64k && !f.terminate_abort_only && f.hyp && !f.sev && f.pri_pasid_fixed && !f.httu);
	ck_assert(f.idr[0] == m->reg[0] && f.idr[5] == m->reg[5] && f.iidr == 0x43b && f.aidr == 2);
	free(m);
}
END_TEST

static const struct change refused[] = {
	{ AIDR, 0, 1 << 4, "AIDR.ArchMajorRev" }, { IDR0, 1 << 4, 0, "IDR0.COHACC" }, { IDR0, 3, 0, "IDR0.S1P" }, { IDR0, 3 << 2, 1 << 2, "IDR0.TTF" },
	{ IDR0, 3 << 2, 0, "IDR0.TTF" }, { IDR0, 0, 3 << 21, "IDR0.TTENDIAN" }, { IDR0, 3 << 21, 1 << 21, "IDR0.TTENDIAN" },
	{ IDR0, 0, 3 << 24, "IDR0.STALL_MODEL" }, { IDR1, 0, 1 << 29, "IDR1.QUEUES_PRESET" }, { IDR1, 0, 1 << 30, "IDR1.TABLES_PRESET" },
	{ IDR5, 7 << 4, 0, "IDR5" }, { IDR1, 0x3f, 33, "IDR1.SIDSIZE" }, { IDR1, 31 << 21, 0, "IDR1.CMDQS" },
};

START_TEST(refused_by_name)
{
	const struct change *c = &refused[_i];
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);
	struct iovm_smmuv3_features f;

	change(&h->m, c);
	f = probe(&h->m);
	ck_assert_ptr_nonnull(f.refused);
	must(!strncmp(f.refused, c->name, strlen(c->name)), "'%s', not %s", f.refused, c->name);
	ck_assert_int_eq(mock_host_add(h, &config), IOVM_E_UNSUPPORTED);
	ck_assert_uint_eq(h->m.nwrites, 0);
	mock_host_del(h);
}
END_TEST

START_TEST(missing_by_name)
{
	static const struct { struct change c; size_t where; } missing[] = {
#define NO(what) offsetof(struct iovm_smmuv3_features, no_##what)
		{ { IDR0, 1 << 10, 0, "IDR0.ATS" }, NO(ats) }, { { IDR0, 1 << 10, 0, "IDR0.ATS" }, NO(pri) }, { { IDR0, 1 << 16, 0, "IDR0.PRI" }, NO(pri) },
		{ { IDR1, 31 << 11, 0, "IDR1.PRIQS" }, NO(pri) }, { { IDR0, 0, 1 << 24, "IDR0.STALL_MODEL" }, NO(stall) },
		{ { IDR5, 0xffffu << 16, 0, "IDR5.STALL_MAX" }, NO(stall) }, { { IDR1, 31 << 6, 0, "IDR1.SSIDSIZE" }, NO(pasid) },
		{ { IDR0, 2, 0, "IDR0.S1P" }, NO(pasid) }, { { IDR0, 2, 0, "IDR0.S1P" }, NO(stage1) }, { { IDR0, 1, 0, "IDR0.S2P" }, NO(stage2) },
		{ { IDR0, 1 << 13, 0, "IDR0.MSI" }, NO(msi) }, { { IDR3, 1 << 10, 0, "IDR3.RIL" }, NO(range_tlbi) },
	};
	static const size_t all[] = { NO(ats), NO(pri), NO(stall), NO(pasid), NO(stage1), NO(stage2), NO(msi), NO(range_tlbi) };
	struct mock *m = calloc(1, sizeof *m);
	unsigned i, k, named;

	for (i = 0; i < sizeof missing / sizeof missing[0]; i++) {
		struct iovm_smmuv3_features f;
		const char *text;

		mock_init(m);
		change(m, &missing[i].c);
		f = probe(m);
		ck_assert_ptr_null(f.refused);
		memcpy(&text, (char *)&f + missing[i].where, sizeof text);
		must(text && strstr(text, missing[i].c.name), "%s: '%s'", missing[i].c.name, text ? text : "nothing");
		for (k = named = 0; k < sizeof all / sizeof all[0]; k++) {
			memcpy(&text, (char *)&f + all[k], sizeof text);
			named += text != NULL;
			must(!text || strstr(text, missing[i].c.name), "%s: '%s'", missing[i].c.name, text ? text : "");
		}
		ck_assert_uint_eq(named, !strcmp(missing[i].c.name, "IDR0.ATS") || !strcmp(missing[i].c.name, "IDR0.S1P") ? 2 : 1);
	}
	free(m);
}
END_TEST

/* Registers of known parts: QEMU 7.2, and the Intel NPU's SMMU, whose walks do not see the CPU's caches */
START_TEST(known_parts)
{
	struct mock_host *h = mock_host_new();
	struct iovm_smmuv3_config config = mock_config(&h->m);
	static const uint32_t qemu[] = { 0x0d40101a, 0x02730010, 0x1404, 0x74, 1 }, npu[] = { 0x080f3e0f, 0, 0x3c, 0x40070, 0 };
	struct iovm_smmuv3_features f;
	unsigned i;

	for (i = 0; i < 5; i++)
		h->m.reg[registers[i] / 4] = npu[i];
	f = probe(&h->m);
	ck_assert_str_eq(f.no_msi ? f.no_msi : "", "");
	ck_assert_ptr_nonnull(strstr(f.refused, "IDR0.COHACC"));
	for (i = 0; i < 5; i++)
		h->m.reg[registers[i] / 4] = qemu[i];
	f = probe(&h->m);
	ck_assert_ptr_null(f.refused);
	ck_assert(f.no_ats && f.no_pri && f.no_stall && f.no_pasid && f.no_stage2 && f.no_msi && !f.no_range_tlbi && !f.no_stage1);
	ck_assert(f.sid_bits == 16 && f.asid_bits == 16 && f.vmid_bits == 8 && f.output_bits == 44 && f.terminate_abort_only && !f.two_level_cd);
	ck_assert(f.cmdq_log2 == 19 && f.evtq_log2 == 19 && !f.max_stalls && f.stall_model == 1);
	h->m.no_gbpa = true;
	ck_assert_int_eq(mock_host_add(h, &config), 0);
	ck_assert_uint_eq(h->m.reg[CR0ACK / 4], SMMUEN | EVENTQEN | CMDQEN);
	ck_assert_uint_eq(h->m.reg[IRQ_CTRL / 4], 5);
	mock_host_del(h);
}
END_TEST

START_TEST(bad_arguments)
{
	struct mock *m = calloc(1, sizeof *m);
	struct iovm_smmuv3_features f;
	struct iovm_smmuv3_config config;

	mock_init(m);
	config = mock_config(m);
	ck_assert_int_eq(iovm_smmuv3_probe(NULL, &f), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_smmuv3_probe(&config, NULL), IOVM_E_INVAL);
	config.size--;
	ck_assert_int_eq(iovm_smmuv3_probe(&config, &f), IOVM_E_INVAL);
	config = mock_config(m);
	config.read32 = NULL;
	ck_assert_int_eq(iovm_smmuv3_probe(&config, &f), IOVM_E_INVAL);
	config = mock_config(m);
	config.write32 = NULL;
	ck_assert_int_eq(iovm_smmuv3_probe(&config, &f), IOVM_E_INVAL);
	ck_assert_uint_eq(m->reads, 0);
	free(m);
}
END_TEST

/* ---- on ---------------------------------------------------------------------------------------------------------------------------------- */

static void added(struct mock_host *h, int err)
{
	struct iovm_smmuv3_config config = mock_config(&h->m);

	ck_assert_int_eq(mock_host_add(h, &config), err);
}

/* The next write of this register, from *at on; the value must be such */
static void next_write(const struct mock *m, unsigned *at, uint32_t offset, uint32_t value)
{
	for (; *at < m->nwrites; ++*at)
		if (m->write[*at].offset == offset && m->write[*at].value == value) {
			++*at;
			return;
		}
	ck_abort_msg("%#x is not written %#x in its turn", offset, value);
}

static void pair(const struct mock *m, unsigned *at, uint32_t offset, uint64_t value)
{
	next_write(m, at, offset, (uint32_t)value);
	next_write(m, at, offset + 4, (uint32_t)(value >> 32));
}

static void is_enabled(const struct mock *m)
{
	ck_assert_uint_eq(m->reg[CR0 / 4], 0x1f);
	ck_assert_uint_eq(m->reg[CR0ACK / 4], 0x1f);
	ck_assert_uint_eq(m->reg[IRQ_CTRLACK / 4], 7);
	ck_assert_uint_eq(m->reg[CR1 / 4], 0xd75);
	ck_assert_uint_eq(m->reg[CR2 / 4], 6);
	ck_assert_uint_eq(m->reg[PRIQ_IRQ_CFG2 / 4], 0);
	ck_assert(!m->reg[GERROR_IRQ_CFG0 / 4] && !m->reg[EVENTQ_IRQ_CFG0 / 4] && !m->reg[PRIQ_IRQ_CFG0 / 4]);
	ck_assert_uint_eq(mock_active(m), 0);
	ck_assert_uint_eq(m->reg[EVENTQ_PROD / 4], m->reg[EVENTQ_CONS / 4]);
	ck_assert_uint_eq(m->reg[PRIQ_PROD / 4], m->reg[PRIQ_CONS / 4]);
}

static void forgot_everything(const struct mock *m, unsigned long from)
{
	static const uint64_t words[6][2] = { { 4, 31 }, { 0x46, 0 }, { 0x20, 0 }, { 0x46, 0 }, { 0x30, 0 }, { 0x46, 0 } };

	ck_assert_uint_eq(m->count, from + 6);
	ck_assert_mem_eq(m->log[from], words, sizeof words);
}

START_TEST(in_order)
{
	struct mock_host *h = mock_host_new();
	struct mock *m = &h->m;
	struct iovm__smmu *s;
	unsigned at = 0;

	added(h, 0);
	s = h->smmu;
	is_enabled(m);
	forgot_everything(m, 0);
	next_write(m, &at, GBPA, 0x80100000);
	next_write(m, &at, CR0, 0);
	next_write(m, &at, IRQ_CTRL, 0);
	next_write(m, &at, CR1, 0xd75);
	next_write(m, &at, CR2, 6);
	pair(m, &at, STRTAB_BASE, s->strtab.bus | 1ull << 62);
	next_write(m, &at, STRTAB_BASE_CFG, 1 << 16 | s->split << 6 | 16);
	pair(m, &at, CMDQ_BASE, s->cmdq.mem.bus | 1ull << 62 | 4);
	next_write(m, &at, CMDQ_PROD, 0);
	next_write(m, &at, CMDQ_CONS, 0);
	pair(m, &at, EVENTQ_BASE, s->evtq.mem.bus | 1ull << 62 | 4);
	pair(m, &at, PRIQ_BASE, s->priq.mem.bus | 1ull << 62 | 4);
	next_write(m, &at, CR0, CMDQEN);
	next_write(m, &at, CR0, CMDQEN | EVENTQEN);
	next_write(m, &at, CR0, CMDQEN | EVENTQEN | PRIQEN);
	next_write(m, &at, CR0, CMDQEN | EVENTQEN | PRIQEN | ATSCHK);
	next_write(m, &at, GERROR_IRQ_CFG0, 0);
	next_write(m, &at, IRQ_CTRL, 7);
	next_write(m, &at, CR0, CMDQEN | EVENTQEN | PRIQEN | ATSCHK | SMMUEN);
	mock_host_del(h);
}
END_TEST

/* Whoever had it before: everything on, an error standing, switches under way, indices anywhere */
START_TEST(from_any_state)
{
	struct mock_host *h = mock_host_new();
	struct mock *m = &h->m;
	unsigned seed = (unsigned)_i, bit;

	m->reg[CR0 / 4] = (unsigned)rand_r(&seed) & 0x1df;
	m->reg[CR0ACK / 4] = ((unsigned)rand_r(&seed) & 0x1d7) | (m->reg[CR0 / 4] & CMDQEN);	/* it has no queue that the mock could begin to read */
	m->reg[IRQ_CTRL / 4] = (unsigned)rand_r(&seed) & 7;
	m->reg[IRQ_CTRLACK / 4] = (unsigned)rand_r(&seed) & 7;
	m->reg[GERROR / 4] = (unsigned)rand_r(&seed) & ERR_ALL & ~ERR_SFM;
	m->reg[GERRORN / 4] = (unsigned)rand_r(&seed) & ERR_ALL & ~ERR_SFM;
	m->reg[GBPA / 4] = 0x1000 | (unsigned)(rand_r(&seed) & 1) << 31;
	m->gbpa_left = m->irq_left = 3;
	for (bit = 0; bit < 11; bit++) {
		m->cr0_left[bit] = (unsigned)rand_r(&seed) % 5;
		m->cr0_delay[bit] = (unsigned)rand_r(&seed) % 5;
	}
	m->irq_delay = (unsigned)rand_r(&seed) % 5;
	m->gbpa_delay = (unsigned)rand_r(&seed) % 5;
	added(h, 0);
	is_enabled(m);
	forgot_everything(m, 0);
	ck_assert_uint_eq(m->reg[GBPA / 4], 0x101000);	/* the rest of it as it was */
	mock_host_del(h);
}
END_TEST

/* An acknowledge that comes at the last look is in time; one look later it is not */
START_TEST(as_late_as_may_be)
{
	unsigned bit, late;

	for (bit = 0; bit < 5; bit++)
		for (late = 0; late < 2; late++) {
			struct mock_host *h = mock_host_new();
			unsigned looks = h->port.wait_limit + 1;

			h->m.cr0_delay[bit] = looks + late;
			added(h, late ? IOVM_E_DEAD : 0);
			h->m.cr0_delay[bit] = 0;
			mock_host_del(h);
		}
}
END_TEST

static void never(struct mock *m, int which)
{
	static const unsigned bits[] = { 0, 1, 2, 3, 4 };

	if (which < 5)
		m->cr0_delay[bits[which]] = NEVER;
	else if (which == 5)
		m->irq_delay = NEVER;
	else
		m->gbpa_delay = NEVER;
}

START_TEST(never_acknowledged)
{
	struct mock_host *h = mock_host_new();

	never(&h->m, _i);
	added(h, IOVM_E_DEAD);
	ck_assert_uint_le(atomic_load(&h->port.waits), 6 * (h->port.wait_limit + 1));	/* on, and off again */
	ck_assert_uint_eq(h->port.blocks > 0, 1);	/* the system's own */
	mock_host_del(h);
}
END_TEST

START_TEST(commands_that_do_not_run)
{
	struct mock_host *h = mock_host_new();

	if (_i == 0) {
		h->m.stepwise = true;	/* and nobody steps */
	} else {
		h->m.fail_at = (unsigned)_i - 1;
		h->m.fail_code = ILL;
		h->m.fail_times = 1;
	}
	added(h, IOVM_E_DEAD);
	ck_assert_uint_le(atomic_load(&h->port.waits), 6 * (h->port.wait_limit + 1));
	mock_host_del(h);
}
END_TEST

static void step_at_the_end(void *arg, unsigned turn)
{
	struct mock_host *h = arg;

	if (turn == h->port.wait_limit)		/* the port says that time is up, and then it is looked at once more */
		mock_run(&h->m, 1);
}

START_TEST(commands_that_run_late)
{
	struct mock_host *h = mock_host_new();

	h->m.stepwise = true;
	h->port.on_wait = step_at_the_end;
	h->port.wait_arg = h;
	added(h, 0);
	forgot_everything(&h->m, 0);
	mock_host_del(h);
}
END_TEST

START_TEST(service_failure)
{
	struct mock_host *h = mock_host_new();

	h->m.reg[GERROR / 4] = ERR_SFM;
	h->m.reg[GERRORN / 4] = _i ? ERR_SFM : 0;	/* acknowledging has never ended it */
	added(h, IOVM_E_DEAD);
	mock_host_del(h);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct mock_host *h = mock_host_new();

	h->m.gone = true;
	added(h, IOVM_E_UNSUPPORTED);
	mock_host_del(h);
}
END_TEST

/* ---- off, and on again ---------------------------------------------------------------------------------------------------------------------- */

START_TEST(off_in_order)
{
	struct mock_host *h = mock_host_new();
	struct mock *m = &h->m;
	unsigned at;

	added(h, 0);
	at = m->nwrites;
	ck_assert_int_eq(iovm_smmuv3_disable(h->iommu), 0);
	ck_assert_uint_eq(m->write[at].offset, GBPA);
	ck_assert_uint_eq(m->write[at + 1].offset, CR0);
	ck_assert_uint_eq(m->write[at + 1].value & SMMUEN, 0);
	ck_assert_uint_eq(m->write[at + 1].value & EVENTQEN, EVENTQEN);	/* 14.2: what ended with it is still written */
	next_write(m, &at, IRQ_CTRL, 0);
	next_write(m, &at, CR0, 0);
	ck_assert_uint_eq(m->reg[CR0ACK / 4], 0);
	ck_assert_uint_eq(m->reg[GBPA / 4] & 1 << 20, 1 << 20);
	at = m->reads;
	ck_assert_int_eq(iovm_smmuv3_disable(h->iommu), 0);	/* it may have no power any more */
	ck_assert_uint_eq(m->reads, at);
	mock_host_del(h);
}
END_TEST

START_TEST(on_again)
{
	struct mock_host *h = mock_host_new();
	struct mock *m = &h->m;
	unsigned round, i;
	uint64_t pos[2];

	added(h, 0);
	for (round = 1; round < 40; round++) {
		const uint32_t keep[2] = { m->reg[EVENTQ_PROD / 4], m->reg[PRIQ_PROD / 4] };
		unsigned long count = m->count;
		uint32_t idr[5];

		m->reg[EVENTQ_PROD / 4] = (keep[0] + 3) & 31;	/* entries that nobody took: void, and positions go on behind them */
		m->reg[PRIQ_PROD / 4] = (keep[1] + 2) & 31;
		ck_assert_int_eq(iovm_smmuv3_disable(h->iommu), 0);
		iovm__smmu_newest(h->smmu, pos);
		ck_assert_uint_eq(pos[0], 2 * round);
		ck_assert_uint_eq(pos[1], 3 * round);
		for (i = 0; i < 5; i++)
			idr[i] = m->reg[registers[i] / 4];
		memset(m->reg, round & 1 ? 0 : 0xff, sizeof m->reg);	/* the power */
		for (i = 0; i < 5; i++)
			m->reg[registers[i] / 4] = idr[i];
		m->reg[CR0 / 4] = m->reg[CR0ACK / 4] = m->reg[IRQ_CTRL / 4] = m->reg[IRQ_CTRLACK / 4] = m->reg[GERROR / 4] = m->reg[GERRORN / 4] = 0;
		m->reg[GBPA / 4] = 0;
		ck_assert_int_eq(iovm_smmuv3_enable(h->iommu), 0);
		is_enabled(m);
		ck_assert_uint_eq(m->count, count + 6);
		iovm__smmu_newest(h->smmu, pos);
		ck_assert_uint_eq(pos[0], 2 * round);
		ck_assert_uint_eq(pos[1], 3 * round);
		ck_assert_uint_eq(m->reg[EVENTQ_PROD / 4], pos[1] & 31);
	}
	mock_host_del(h);
}
END_TEST

/* It may still translate: nothing is complete, and it says so */
START_TEST(it_cannot_be_switched_off)
{
	struct mock_host *h = mock_host_new();
	const struct iovm_cmd fence = { .op = IOVM_CMD_FENCE, .pasid = IOVM_NO_PASID };
	unsigned long ticket = 0;

	added(h, 0);
	h->m.stepwise = true;
	ck_assert_int_eq(iovm__smmu_submit(h->smmu, &fence, 1, &ticket), 1);
	never(&h->m, _i);
	ck_assert_int_eq(iovm_smmuv3_disable(h->iommu), IOVM_E_DEAD);
	ck_assert_int_eq(iovm__smmu_submit(h->smmu, &fence, 1, &ticket), IOVM_E_DEAD);
	ck_assert_int_lt(iovm__smmu_reached(h->smmu, ticket), 0);
	mock_host_del(h);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_reset");
	TCase *p = tcase_create("probe"), *on = tcase_create("on"), *off = tcase_create("off");

	tcase_add_test(p, all_there);
	tcase_add_loop_test(p, refused_by_name, 0, sizeof refused / sizeof refused[0]);
	tcase_add_test(p, missing_by_name);
	tcase_add_test(p, known_parts);
	tcase_add_test(p, bad_arguments);
	suite_add_tcase(s, p);
	tcase_add_test(on, in_order);
	tcase_add_loop_test(on, from_any_state, 0, 60);
	tcase_add_test(on, as_late_as_may_be);
	tcase_add_loop_test(on, never_acknowledged, 0, 7);
	tcase_add_loop_test(on, commands_that_do_not_run, 0, 7);
	tcase_add_test(on, commands_that_run_late);
	tcase_add_loop_test(on, service_failure, 0, 2);
	tcase_add_test(on, nothing_at_all);
	suite_add_tcase(s, on);
	tcase_add_test(off, off_in_order);
	tcase_add_test(off, on_again);
	tcase_add_loop_test(off, it_cannot_be_switched_off, 0, 7);
	suite_add_tcase(s, off);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
