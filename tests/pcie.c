/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The capabilities on a configuration space that behaves: read-only and write-1-to-clear bits, Enable guards, Stopped that takes its time. It ends
 * the test at a write that PCIe leaves undefined.
 */
#include "harness.h"
#include "port.h"
#include <iovm/pcie.h>
#include <string.h>

enum { ATS = 0x200, PRI = 0x300, PASID = 0x140, NEVER = 1000000 };

struct space {
	struct iovm_pcie pcie;
	uint32_t word[1024];
	unsigned reads, writes, resets;
	unsigned stopped_after;		/* reads of the status, from the reset on */
	char log[512];			/* of control writes, a letter each */
};

static void note(struct space *s, char what)
{
	size_t n = strlen(s->log);

	must(n < sizeof s->log - 1, "writes without end");
	s->log[n] = what;
}

static uint32_t read32(void *ctx, uint32_t offset)
{
	struct space *s = ctx;

	must(offset < 4096 && !(offset & 3), "read at %#x", offset);
	s->reads++;
	if (s->pcie.pri && offset == PRI + 4u && !(s->word[(PRI + 4) / 4] & 1)) {	/* Stopped means something only with Enable clear */
		if (s->stopped_after)
			s->stopped_after--;
		else
			s->word[(PRI + 4) / 4] |= 1u << 24;
	}
	return s->word[offset / 4];
}

static void write32(void *ctx, uint32_t offset, uint32_t value)
{
	struct space *s = ctx;

	must(offset == PRI + 12, "32 bits written at %#x: the status beside it would be cleared", offset);
	must(!(s->word[(PRI + 4) / 4] & 1) && s->word[(PRI + 4) / 4] & 1u << 24, "allocation while PRI runs");
	must(value && value <= s->word[(PRI + 8) / 4], "allocation");
	s->word[offset / 4] = value;
	note(s, 'n');
}

static void pri_control(struct space *s, uint32_t *w, uint16_t value)
{
	must(!(value & 1) || (s->word[(PRI + 12) / 4] && *w & 1u << 24), "PRI on without allocation or before Stopped");
	must(!(value & 2) || !(*w & 1), "Reset while PRI runs");
	if (value & 2) {
		s->resets++;
		*w &= ~(1u << 24);
	}
	if (value & 1)
		*w &= ~(1u << 24);
	*w = (*w & ~1u) | (value & 1);		/* Reset reads as 0 */
	note(s, value & 2 ? 'R' : value & 1 ? 'E' : 'e');
}

static void write16(void *ctx, uint32_t offset, uint16_t value)
{
	struct space *s = ctx;
	uint32_t *w = &s->word[offset / 4];
	bool ats_on = s->word[(ATS + 4) / 4] >> 31;

	s->writes++;
	if (offset == PASID + 6) {
		must(!ats_on || value == *w >> 16, "PASID changed while ATS is on");
		*w = (*w & 0xffff) | (uint32_t)value << 16;
		note(s, value & 1 ? 'P' : 'p');
	} else if (offset == ATS + 6) {
		must(!ats_on || !(value >> 15) || value == *w >> 16, "the STU changed while ATS is on");
		*w = (*w & 0xffff) | (uint32_t)value << 16;
		note(s, value >> 15 ? 'A' : 'a');
	} else if (offset == PRI + 4) {
		pri_control(s, w, value);
	} else {
		must(offset == PRI + 6, "written at %#x", offset);
		*w &= ~((uint32_t)(value & 3) << 16);
		note(s, 'c');
	}
}

static void header(struct space *s, uint32_t at, uint32_t id, uint32_t next)
{
	s->word[at / 4] = id | 1u << 16 | next << 20;
}

static void space_init(struct space *s)
{
	*s = (struct space){ .pcie = { .ctx = s, .read32 = read32, .write32 = write32, .write16 = write16 } };
	header(s, 0x100, 1, PASID);
	header(s, PASID, 0x1b, ATS);
	header(s, ATS, 0x0f, PRI);
	header(s, PRI, 0x13, 0);
	s->word[(PASID + 4) / 4] = 16u << 8 | 6;
	s->word[(ATS + 4) / 4] = 1 << 5 | 7 | 0x40u << 16;	/* a control bit that nobody here knows */
	s->word[(PRI + 4) / 4] = 1u << 31 | 1u << 24 | 3u << 16;	/* errors of the last owner */
	s->word[(PRI + 8) / 4] = 100;
}

START_TEST(three_capabilities_are_found)
{
	struct iovm_device_config config = { .flags = IOVM_DEV_TRUSTED }, vf;
	struct space s, empty;

	space_init(&s);
	ck_assert_int_eq(iovm_pcie_probe(&s.pcie), 3);
	ck_assert_uint_eq(s.pcie.ats, ATS);
	ck_assert_uint_eq(s.pcie.pri, PRI);
	ck_assert_uint_eq(s.pcie.pasid, PASID);
	ck_assert_uint_eq(s.pcie.pasid_bits, 16);
	ck_assert(s.pcie.exec && s.pcie.priv && s.pcie.page_aligned && s.pcie.response_pasid);
	ck_assert_uint_eq(s.pcie.invalidate_depth, 7);
	ck_assert_uint_eq(s.pcie.capacity, 100);
	ck_assert_uint_eq(s.writes, 0);
	iovm_pcie_describe(&s.pcie, 64, &config);
	ck_assert_uint_eq(config.max_outstanding, 64);
	ck_assert_uint_eq(config.pasid_bits, 16);
	ck_assert_uint_eq(config.flags, IOVM_DEV_TRUSTED | IOVM_DEV_RESPONSE_PASID | IOVM_DEV_EXEC | IOVM_DEV_PRIV);
	ck_assert(config.set_cap == iovm_pcie_set_cap && config.dev == &s.pcie);
	vf = config;
	vf.pf = (struct iovm_device *)&s;
	space_init(&empty);
	memset(empty.word, 0, sizeof empty.word);
	ck_assert_int_eq(iovm_pcie_probe(&empty.pcie), 0);
	iovm_pcie_describe(&empty.pcie, 64, &vf);		/* a VF keeps what its PF has */
	ck_assert_uint_eq(vf.pasid_bits, 16);
	ck_assert_uint_eq(vf.flags, config.flags);
	ck_assert_ptr_eq(vf.dev, &empty.pcie);
	s.pcie.exec = false;
	iovm_pcie_describe(&s.pcie, 65535, &config);
	ck_assert_uint_eq(config.max_outstanding, 100);
	ck_assert(!(config.flags & IOVM_DEV_EXEC));
}
END_TEST

START_TEST(limits_of_the_fields)
{
	struct space s;

	space_init(&s);
	s.word[(PASID + 4) / 4] = 31u << 8;
	s.word[(ATS + 4) / 4] = 0;
	s.word[(PRI + 4) / 4] = 0;
	ck_assert_int_eq(iovm_pcie_probe(&s.pcie), 3);
	ck_assert_uint_eq(s.pcie.pasid_bits, 20);
	ck_assert_uint_eq(s.pcie.invalidate_depth, 32);
	ck_assert(!s.pcie.exec && !s.pcie.priv && !s.pcie.page_aligned && !s.pcie.response_pasid);
}
END_TEST

static const struct broken { const char *what; uint32_t at, header; int found; } broken[] = {
	{ "nothing", 0x100, 0, 0 }, { "no function", 0x100, ~0u, 0 }, { "itself", PRI, 0x13 | 0x300u << 20, 3 }, { "a loop", PRI, 0x13 | 0x100u << 20, 3 },
	{ "into the first 256 bytes", PASID, 0x1b | 0x40u << 20, 1 }, { "odd", PASID, 0x1b | 0x203u << 20, 3 }, { "an id twice", PRI, 0x0f, 2 },
	{ "all ones in the middle", ATS, ~0u, 1 },
};

START_TEST(broken_lists_end)
{
	struct space s;

	space_init(&s);
	s.word[broken[_i].at / 4] = broken[_i].header;
	header(&s, 0x40, 0x0f, 0);		/* an ordinary capability may look so */
	ck_assert_msg(iovm_pcie_probe(&s.pcie) == broken[_i].found, "%s", broken[_i].what);
	ck_assert_uint_le(s.reads, broken[_i].found ? 480 + 4 : 1);
	ck_assert(!s.pcie.ats || s.pcie.ats == ATS);
}
END_TEST

START_TEST(what_does_not_fit_is_none)
{
	struct space s;

	space_init(&s);
	header(&s, ATS, 0x0f, 0xff4);
	header(&s, 0xff4, 0x13, 0xffc);
	header(&s, 0xffc, 0x1b, 0);
	header(&s, PASID, 2, ATS);
	ck_assert_int_eq(iovm_pcie_probe(&s.pcie), 1);
	ck_assert_uint_eq(s.pcie.ats, ATS);
}
END_TEST

START_TEST(on_and_off_in_order)
{
	struct space s;
	void *dev = &s.pcie;

	space_init(&s);
	iovm_pcie_probe(dev);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PASID, 1), 0);
	ck_assert_uint_eq(s.word[(PASID + 4) / 4] >> 16, 7);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_ATS, 1 + 4), 0);
	ck_assert_uint_eq(s.word[(ATS + 4) / 4] >> 16, 0x8044);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PRI, 100), 0);
	ck_assert_uint_eq(s.word[(PRI + 12) / 4], 100);
	ck_assert_uint_eq(s.word[(PRI + 4) / 4] >> 16 & 3, 0);		/* the last owner's errors are not ours */
	s.word[(PRI + 4) / 4] |= 3u << 16;				/* our own */
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PRI, 0), 0);
	ck_assert_uint_eq(s.word[(PRI + 4) / 4] >> 16 & 3, 3);		/* are left for who looks */
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_ATS, 0), 0);
	ck_assert_uint_eq(s.word[(ATS + 4) / 4] >> 31, 0);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PASID, 0), 0);
	ck_assert_uint_eq(s.word[(PASID + 4) / 4] >> 16, 0);
	ck_assert_str_eq(s.log, "PAeRcnEeap");
}
END_TEST

START_TEST(pri_waits_for_stopped)
{
	struct space s;
	unsigned lap, n;

	space_init(&s);
	iovm_pcie_probe(&s.pcie);
	for (lap = 0; lap < 3; lap++) {
		s.stopped_after = NEVER;
		for (n = 0; n < 9; n++)
			ck_assert_int_eq(iovm_pcie_set_cap(&s.pcie, IOVM_CAP_PRI, 8), IOVM_E_BUSY);
		ck_assert_uint_eq(s.resets, 2 * lap + 1);	/* once, not at each try */
		ck_assert_int_eq(iovm_pcie_set_cap(&s.pcie, IOVM_CAP_PRI, 0), 0);	/* given up */
		for (s.stopped_after = 4, n = 0; iovm_pcie_set_cap(&s.pcie, IOVM_CAP_PRI, 8) == IOVM_E_BUSY; n++)
			ck_assert_uint_lt(n, 5);
		ck_assert_uint_eq(n, 4);
		ck_assert_uint_eq(s.resets, 2 * lap + 2);
		ck_assert_uint_eq(s.word[(PRI + 4) / 4] & 1, 1);
	}
}
END_TEST

START_TEST(what_is_undefined_is_refused)
{
	struct space s;
	void *dev = &s.pcie;
	unsigned writes;

	space_init(&s);
	iovm_pcie_probe(dev);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_ATS, 33), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_ATS, 32), 0);
	writes = s.writes;
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PASID, 1), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_ATS, 1), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PASID, 0), 0);	/* it is off */
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PASID, 2), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PRI, 101), IOVM_E_INVAL);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, (enum iovm_cap)7, 1), IOVM_E_INVAL);
	ck_assert_uint_eq(s.writes, writes);
	s.pcie.ats = s.pcie.pri = s.pcie.pasid = 0;
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PASID, 1), IOVM_E_UNSUPPORTED);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_ATS, 1), IOVM_E_UNSUPPORTED);
	ck_assert_int_eq(iovm_pcie_set_cap(dev, IOVM_CAP_PRI, 1), IOVM_E_UNSUPPORTED);
	ck_assert_int_eq(iovm_pcie_probe(NULL), IOVM_E_INVAL);
}
END_TEST

static Suite *pcie_suite(void)
{
	Suite *suite = suite_create("pcie");
	TCase *probe = tcase_create("probe"), *caps = tcase_create("set_cap");

	tcase_add_test(probe, three_capabilities_are_found);
	tcase_add_test(probe, limits_of_the_fields);
	tcase_add_loop_test(probe, broken_lists_end, 0, sizeof broken / sizeof broken[0]);
	tcase_add_test(probe, what_does_not_fit_is_none);
	tcase_add_test(caps, on_and_off_in_order);
	tcase_add_test(caps, pri_waits_for_stopped);
	tcase_add_test(caps, what_is_undefined_is_refused);
	suite_add_tcase(suite, probe);
	suite_add_tcase(suite, caps);
	return suite;
}

int main(void)
{
	return harness_main(pcie_suite());
}
