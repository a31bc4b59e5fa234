/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Each chapter leaves both engines attached to the first two spaces and ends by looking at all memory. What a chapter says with check() is a line of the
 * output; what must hold at each step on the way is expected in silence, and summed up in its last line.
 */
#include "chapters.h"
#include "check.h"

struct glue glue;
static unsigned long syncs_before;	/* CMD_SYNC interrupts of earlier lives */

static struct engine *const A = &traffic.engine[0], *const B = &traffic.engine[1];
static struct space *const S = memory.space;

/* ---- before libiovm ------------------------------------------------------------------------------------------------------------------ */

void chapter_probe(void)
{
	struct iovm_smmuv3_features f;
	struct iovm_smmuv3_config config;
	const char *missing[4];
	unsigned i;

	glue_smmu_config(&config);
	check(iovm_smmuv3_probe(&config, &f) == 0 && !f.refused, "the SMMU is one that the driver can drive");
	board_say("      IDR0 %08x IDR1 %08x IDR3 %08x IDR5 %08x AIDR %x\n", f.idr[0], f.idr[1], f.idr[3], f.idr[5], f.aidr);
	check(!f.no_stage1 && f.two_level_stream && f.granule_4k && !f.no_range_tlbi && f.asid_bits == 16 && f.sid_bits == 16,
	      "stage 1, two-level stream table, 4 KiB granule, range TLBI, 16-bit ASIDs, 16-bit StreamIDs");
	missing[0] = f.no_stall;
	missing[1] = f.no_pri;
	missing[2] = f.no_ats;
	missing[3] = f.no_pasid;
	for (i = 0; i < 4; i++)
		check(missing[i] != NULL, "refused by name: %s", missing[i] ? missing[i] : "nothing");
	check(f.pasid_bits == 0 && f.max_stalls == 0, "no substreams, no stalls");
}

void chapter_off(void)		/* what the rest stands on: an edu device copies, with the SMMU as reset has left it */
{
	static uint8_t from[PAGE] __attribute__((aligned(PAGE))), to[PAGE] __attribute__((aligned(PAGE)));
	unsigned i;

	for (i = 0; i < PAGE; i++)
		from[i] = (uint8_t)(i * 7 + i / 256);
	for (i = 0; i < ENGINES; i++) {
		struct edu *e = &traffic.engine[i].edu;

		memset(to, 0, PAGE);
		edu_start(e, bus_address(from) + 3, 17, 3001, false);
		edu_wait(e);
		edu_start(e, bus_address(to) + 5, 17, 3001, true);
		edu_wait(e);
		memcpy(traffic.engine[i].buffer + 17, from + 3, 3001);
		check(!memcmp(from + 3, to + 5, 3001) && !to[4] && !to[3006], "engine %u, stream %x: copies while the SMMU is off", i, e->stream_id);
	}
}

/* ---- begin and end --------------------------------------------------------------------------------------------------------------------- */

bool life_begin(const struct life *life)
{
	struct iovm_smmuv3_config config;

	board_say("\n%s\n", life->name);
	syncs_before = board_irqs(SMMU_SYNC_SPI);
	check(glue_new(&glue, SPACES) == 0, "iovm_new");
	glue_smmu_config(&config);
	config.linear = life->linear;
	config.sync = life->sync;
	config.cmdq_log2 = life->cmdq_log2;
	config.evtq_log2 = life->evtq_log2;
	config.sid_bits = life->sid_bits;
	log_between(&command_log, &config);
	if (!check(glue_smmu(&glue, &config) == 0, "iovm_smmuv3_add"))
		return false;
	memory_begin(&glue);
	traffic.transfers = traffic.attempts = traffic.faults = traffic.notices = traffic.records = traffic.lost = traffic.errors = traffic.strays = 0;
	return check(engine_add(A, &S[0]) == 0 && engine_add(B, &S[1]) == 0, "two devices, each with a space of its own");
}

static void check_counters(const struct life *life)
{
	struct iovm_smmuv3_stats m = { .size = sizeof m };
	struct iovm_stats s = { .size = sizeof s };

	iovm_smmuv3_stats(glue.iommu, &m);
	iovm_stats(glue.sys, &s);
	check(s.invalidations >= memory.invalidations && s.invalidations <= memory.invalidations + memory.idle_invalidations,
	      "counters: %lu invalidations, %lu to %lu are ours", s.invalidations, memory.invalidations, memory.invalidations + memory.idle_invalidations);
	check(s.mm_exits == memory.deaths && s.dispatches == glue.dispatches, "counters: %lu deaths, %lu dispatches", s.mm_exits, s.dispatches);
	check(!s.requests && !s.groups && !s.pasids_allocated && !s.bonds && !s.tokens && !s.unknown_streams && !glue.faults,
	      "counters: no page request, no PASID, no bond, no token");
	check(m.commands == command_log.consumed, "counters: %lu commands, %lu taken by the SMMU", m.commands, command_log.consumed);
	check(m.events == command_log.events && m.events == traffic.records && m.events == m.events_merged + traffic.notices,
	      "counters: %lu events, each of them told, in %lu notices", m.events, traffic.notices);
	check(m.gerror[2] == command_log.aborts && m.event_overflows == command_log.overflows && m.gerror[0] == command_log.failed && m.cerror_ill == command_log.failed && !m.cerror_abt &&
	      !m.cerror_atc && !m.stalls && !m.page_requests, "counters: event queue full %lu times, %lu illegal commands, nothing else", m.gerror[2] + m.event_overflows, m.cerror_ill);
	check(!command_log.disorder && !command_log.open, "every CFGI complete before the next TLBI, every command before the end; queues empty when switched on; 4 KiB granules");
	check(traffic.lost >= (m.gerror[2] + m.event_overflows != 0), "lost events are told");
	check((board_irqs(SMMU_SYNC_SPI) > syncs_before) == (life->sync == IOVM_SMMUV3_SYNC_IRQ), "CMD_SYNC interrupts: %s",
	      life->sync == IOVM_SMMUV3_SYNC_IRQ ? "taken" : "none");
}

void life_end(const struct life *life)
{
	struct transfer t = { 0 };
	unsigned i;

	engine_switch(A, &S[0]);
	engine_switch(B, &S[0]);
	for (i = 0; i < ENGINES; i++) {		/* everything that came in goes out again */
		t = (struct transfer){ .e = &traffic.engine[i], .va = page_va(4 * i), .length = EDU_MAX, .to_memory = true };
		transfer_run(&t, 1);
	}
	for (i = 0; i < ENGINES; i++)
		engine_remove(&traffic.engine[i]);
	serve_notices();
	memory_end();
	for (i = 0; i < SPACES; i++)
		expect(!S[i].mm.watched, "space %u is still watched", i);
	expectations("end");
	check_counters(life);
	check(iovm_del(glue.sys) == 0, "iovm_del");
	check(!glue.bytes && !glue.dma_bytes, "all memory came back (%lu + %lu bytes)", glue.bytes, glue.dma_bytes);
}

/* ---- what this SMMU does not have --------------------------------------------------------------------------------------------------------- */

static int no_caps(void *dev, enum iovm_cap cap, uint32_t value) { return 0; }

void chapter_refusals(void)
{
	static const uint32_t stream = 0;	/* the host bridge: it does no DMA */
	struct iovm_device_config c = { .size = sizeof c, .stream_ids = &stream, .nstream_ids = 1 };
	struct iovm_device *dev = NULL;
	int pasid;

	c.max_outstanding = 8;
	check(iovm_device_add(glue.iommu, &c, &dev) == IOVM_E_UNSUPPORTED, "a device that stalls is refused");
	c.set_cap = no_caps;
	c.flags = IOVM_DEV_TRUSTED;
	check(iovm_device_add(glue.iommu, &c, &dev) == IOVM_E_UNSUPPORTED, "a device with page requests is refused");
	c.max_outstanding = 0;
	c.flags = IOVM_DEV_TRUSTED | IOVM_DEV_ATS;
	check(iovm_device_add(glue.iommu, &c, &dev) == IOVM_E_UNSUPPORTED, "a device with ATS is refused");
	c.flags = IOVM_DEV_TRUSTED;
	c.pasid_bits = 16;
	if (!check(iovm_device_add(glue.iommu, &c, &dev) == 0, "a device without them is not"))
		return;
	check(iovm_device_ats(dev, true) == IOVM_E_UNSUPPORTED, "ATS is refused later, too");
	check(iovm_device_init(dev) == 0, "iovm_device_init");
	pasid = iovm_bind_mm(dev, &S[2], NULL, NULL);
	check(pasid < 0 && !S[2].mm.watched, "iovm_bind_mm: %s", iovm_strerror(pasid));
	check(iovm_device_shutdown(dev) == 0 && iovm_device_del(dev) == 0, "and it goes");
	serve_notices();
}

/* ---- faults --------------------------------------------------------------------------------------------------------------------------------- */

static void one(struct engine *e, unsigned page, unsigned inside, unsigned length, bool to_memory)
{
	struct transfer t = { .e = e, .va = page_va(page) + inside, .offset = inside % 64, .length = length, .to_memory = to_memory };

	transfer_run(&t, 1);
}

void chapter_faults(void)
{
	unsigned long events = board_irqs(SMMU_EVENT_SPI), faults = traffic.faults, upgrades = memory.upgrades, attempts;

	one(A, 0, 64, 64, false);
	check(traffic.last.code == F_TRANSLATION && traffic.last.addr == page_va(0) + 64 && traffic.last.stream_id == A->edu.stream_id &&
	      traffic.last.count == 16, "a read that misses: F_TRANSLATION %lx, %u records in one notice", traffic.last.addr, traffic.last.count);
	check(board_irqs(SMMU_EVENT_SPI) > events, "the event queue's interrupt woke the servicer");
	check(traffic.faults == faults + 1, "one fault, served");
	one(A, 0, 64, 64, false);
	check(traffic.faults == faults + 1, "again: no fault");
	one(A, 0, 8, 64, true);
	check(traffic.last.code == F_PERMISSION && traffic.last.prot == IOVM_WRITE && memory.upgrades == upgrades + 1,
	      "a write to a read-only page: F_PERMISSION, made writable, written");
	space_clean(&S[0], 0);
	one(A, 0, 8, 64, true);
	check(memory.upgrades == upgrades + 2, "made read-only again and invalidated: the next write faults");
	attempts = traffic.attempts;
	one(A, 1, PAGE - 16, 32, false);
	check(S[0].page[1].frame && S[0].page[2].frame && traffic.attempts == attempts + 2, "across a page boundary: two pages told at once");
	one(A, 3, 4000, 300, true);
	one(A, PAGES - 1, 0, EDU_MAX, true);
	one(A, PAGES - 1, 0, EDU_MAX, false);
	check(S[0].page[PAGES - 1].frame != NULL, "the last page of the input range");
	one(B, 0, 64, 64, false);
	check(S[1].page[0].frame && S[1].page[0].frame != S[0].page[0].frame, "the same address in another space is another page");
	engine_switch(B, &S[0]);
	faults = traffic.faults;
	one(B, 0, 64, 64, true);
	check(traffic.faults == faults, "the other engine moved to the first space finds its page mapped");
	engine_switch(B, NULL);
	serve_notices();
	engine_blocked(B);
	check(!S[1].mm.watched, "a space that nobody is attached to is unwatched");
	engine_switch(B, &S[1]);
	one(B, 0, 64, 64, true);
	memory_audit();
	expectations("faults");
}

/* ---- invalidation ------------------------------------------------------------------------------------------------------------------------------ */

static unsigned resident(const struct space *s)
{
	unsigned i, n = 0;

	for (i = 0; i < PAGES; i++)
		n += s->page[i].frame != NULL;
	return n;
}

void chapter_ranges(void)
{
	static const unsigned lengths[] = { 1, 2, 3, 17, 31, 32, 600 };
	unsigned long faults;
	unsigned i, k, gone;

	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		unsigned from = lengths[i] > 32 ? 32 : 0;	/* 600 pages have 29 of ours, every 21st */

		for (k = 0; k < SPACES; k++)	/* so that the frames suffice */
			space_unmap_range(&S[k], 0, UINT64_MAX);
		for (k = 0; k < 32; k++)
			one(A, from + k, 0, 16, false);
		gone = resident(&S[0]);
		space_unmap_range(&S[0], page_va(from), page_va(from) + (uint64_t)lengths[i] * PAGE - 1);
		gone -= resident(&S[0]);
		faults = traffic.faults;
		for (k = 0; k < 32; k++)
			one(A, from + k, 0, 16, false);
		check(gone == (from ? 29 : lengths[i]) && traffic.faults == faults + gone, "%u pages unmapped and invalidated at once: these are gone", lengths[i]);
	}
	space_unmap_range(&S[0], 0, UINT64_MAX);
	check(!resident(&S[0]) && S[0].mm.table.root, "everything invalidated, all tables but the root reused");
	check(iovm_invalidate(glue.sys, &S[4], 0, UINT64_MAX) == 0, "a space that libiovm does not know");
	memory_audit();
	expectations("ranges");
}

/* ---- death -------------------------------------------------------------------------------------------------------------------------------------- */

void engine_blocked(struct engine *e)
{
	struct transfer t = { .e = e, .va = page_va(chance(PAGES)), .length = 200, .to_memory = true };
	unsigned long records = traffic.records;
	struct space *was = e->space;

	e->space = NULL;	/* an event would be one too many */
	transfer_refused(&t);
	t.va = memory_bait();	/* nor around the tables */
	transfer_refused(&t);
	expect(traffic.records == records || !e->dev, "%lu records of a device that is blocked", traffic.records - records);
	memory_audit();
	e->space = was;
}

void space_replace(struct space *s, struct space *refuge)
{
	unsigned i;

	space_death(s);
	for (i = 0; i < ENGINES; i++)
		if (traffic.engine[i].space == s)
			engine_blocked(&traffic.engine[i]);
	for (i = 0; i < ENGINES; i++)
		if (traffic.engine[i].space == s) {
			expect(iovm_device_attach(traffic.engine[i].dev, s) == IOVM_E_MM_DEAD, "attached to the dead");
			engine_switch(&traffic.engine[i], refuge);
		}
	serve_notices();
	space_birth(s, s->number ? IOVM_ASID_ANY : PINNED_ASID);
}

void chapter_death(void)
{
	unsigned long faults;

	engine_switch(B, &S[0]);
	one(A, 1, 0, 100, true);
	one(B, 2, 0, 100, true);
	space_replace(&S[0], &S[1]);
	check(S[0].alive && !S[0].mm.watched, "a space dies with two devices at it; another lives at the same address");
	engine_switch(A, &S[0]);
	faults = traffic.faults;
	one(A, 1, 0, 100, false);
	check(traffic.faults == faults + 1, "which has pages of its own");
	space_death(&S[0]);
	check(iovm_mm_exit(glue.sys, &S[0]) == 0, "a second death is none");
	memory.deaths++;
	engine_switch(A, NULL);
	serve_notices();
	space_birth(&S[0], PINNED_ASID);
	engine_switch(A, &S[0]);
	one(A, 1, 0, 100, true);
	memory_audit();
	expectations("deaths");
}

/* ---- devices ------------------------------------------------------------------------------------------------------------------------------------ */

void chapter_devices(void)
{
	struct transfer t = illegal_write(A, 4);

	one(A, 5, 0, 100, true);
	check(iovm_device_reset_begin(A->dev) == 0, "a reset begins");
	engine_blocked(A);
	check(iovm_device_reset_done(A->dev, true) == 0, "and is done");
	one(A, 5, 0, 100, true);
	check(engine_add(A, &S[0]) == IOVM_E_EXISTS, "a StreamID is taken once");
	engine_remove(A);
	engine_blocked(A);
	serve_notices();
	transfer_refused(&t);
	check(engine_add(A, &S[0]) == 0, "added again");
	one(A, 5, 0, 100, true);
	one(A, 5, 0, 100, false);
	t = illegal_write(A, 100);
	transfer_refused(&t);
	check(traffic.last.addr == t.va && traffic.last.code == F_TRANSLATION, "what no space has stays refused");
	serve_notices();
	memory_audit();
	expectations("devices");
}

/* ---- trouble ------------------------------------------------------------------------------------------------------------------------------------- */

struct transfer illegal_write(struct engine *e, unsigned length)
{
	return (struct transfer){ .e = e, .va = 0x2000000000u + (uint64_t)chance(1 << 16) * PAGE, .length = length, .to_memory = true };
}

void chapter_flood(void)
{
	unsigned long lost = traffic.lost, gerrors = board_irqs(SMMU_GERROR_SPI), overflows = command_log.overflows;
	struct transfer t = illegal_write(A, EDU_MAX), two[2];

	transfer_refused(&t);
	check(traffic.lost > lost && board_irqs(SMMU_GERROR_SPI) + command_log.overflows > gerrors + overflows, "1,024 events are more than the queue holds: the host is told");
	one(B, 7, 0, EDU_MAX, true);
	two[0] = (struct transfer){ .e = A, .va = page_va(40), .length = EDU_MAX, .to_memory = true };
	two[1] = (struct transfer){ .e = B, .va = page_va(80), .length = EDU_MAX, .to_memory = true };
	transfer_run(two, 2);
	check(two[0].done && two[1].done, "two engines in one flood, both served");
	memory_audit();
	expectations("floods");
}

void chapter_illegal(void)
{
	unsigned long failed = command_log.failed, spoilt = log_spoilt, faults;
	unsigned i;

	one(A, 6, 0, 100, true);
	command_log.spoil = LOG_TLBI;
	space_evict(&S[0], 6);
	faults = traffic.faults;
	one(A, 6, 0, 100, false);
	check(command_log.failed == failed + LOG_TRIES && traffic.faults > faults, "a TLBI spoilt in the queue: iovm_invalidate() returned 0 once it was carried out");
	for (i = 0; i < 32; i++)
		one(A, 32 + i, 0, 16, false);
	command_log.spoil = LOG_TLBI;
	space_unmap_range(&S[0], page_va(32), page_va(32) + 600 * PAGE - 1);	/* several TLBIs: more than the smallest queue holds with their SYNC */
	for (i = 0; i < 32; i++)
		one(A, 32 + i, 0, 16, false);
	check(command_log.failed == failed + 2 * LOG_TRIES, "one of the TLBIs of a range spoilt");
	one(A, 6, 0, 100, true);
	command_log.spoil = LOG_SYNC;
	space_evict(&S[0], 6);
	one(A, 6, 0, 100, true);
	check(command_log.failed == failed + 3 * LOG_TRIES, "a SYNC spoilt");
	command_log.spoil = LOG_CFGI;
	engine_switch(A, &S[2]);
	one(A, 6, 0, 100, true);
	command_log.spoil = LOG_TLBI;
	engine_switch(A, &S[0]);
	one(A, 6, 0, 100, true);
	serve_notices();
	check(command_log.failed == failed + 5 * LOG_TRIES && log_spoilt == spoilt + 5 && !command_log.spoil, "a CFGI and a TLBI spoilt during attach: the device is where it should be");
	memory_audit();
	expectations("illegal commands");
}

void chapter_power(void)
{
	enum { GBPA = 0x44, GBPA_ABORT = 1 << 20 };
	struct iovm_smmuv3_config c;
	unsigned i, broken;

	glue_smmu_config(&c);
	one(A, 0, 0, 100, true);
	for (i = 0; i < ENGINES; i++)
		expect(iovm_device_reset_begin(traffic.engine[i].dev) == 0, "reset_begin");
	check(iovm_smmuv3_disable(glue.iommu) == 0, "iovm_smmuv3_disable");
	broken = score.broken;
	if (c.read32(c.regs, GBPA) & GBPA_ABORT) {
		engine_blocked(A);
		check(score.broken == broken, "while it is off, DMA is aborted");
	} else {
		skip("DMA while it is off: this SMMU has no GBPA, off is bypass");
	}
	space_unmap_range(&S[0], page_va(0), page_va(0));
	check(iovm_smmuv3_enable(glue.iommu) == 0, "iovm_smmuv3_enable");
	engine_blocked(A);
	for (i = 0; i < ENGINES; i++)
		expect(iovm_device_reset_done(traffic.engine[i].dev, true) == 0, "reset_done");
	one(A, 0, 0, 100, true);
	one(B, 0, 0, 100, true);
	memory_audit();
	expectations("off and on");
}
