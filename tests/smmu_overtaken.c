/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Entry 0 as a stage-2 table, aborting streams, and what becomes of a step of either that an abort or a quieting overtakes: the other call comes at each of the step's looks at
 * shared memory in turn, so that each of these meetings happens in every run; what the step has stored is seen by the other one at its next full fence, no earlier.
 */
#include "smmu_tables.h"

/* ---- stage 2 as entry 0 ------------------------------------------------------------------------------------------------------------------ */

START_TEST(stage2_entry)
{
	uint64_t before[8];
	const uint64_t *ste;
	struct rig r;
	unsigned i;

	set_up(&r, 8);
	ste = find_ste(&r, 0x100);
	enter(&r, 7, &stage1, 0x42);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, IOVM_NO_PASID, IOVM_TO_WALK, &stage2, 0x42), IOVM_E_FORMAT);
	ck_assert(!load_acq(&((struct iovm__smmu_table *)r.fn.priv)->restless));
	ck_assert_uint_eq(ste[0] & 15, 11);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 9, IOVM_TO_WALK, &stage2, 0x42), IOVM_E_FORMAT);
	quiet_entry(&r, 7);
	enter(&r, IOVM_NO_PASID, &stage2, 0x42);
	for (i = 0; i < 4; i++) {
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0], 0xd);
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[2], 0x044d355800000042);
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[3], 0x123456780000);
	}
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, 7, IOVM_TO_WALK, &stage1, 0x42), IOVM_E_FORMAT);
	r.fn.ats = true;
	ck_assert_uint_eq(attach(&r), 1);
	ck_assert_uint_eq(ste[0], 0xd);

	memcpy(before, ste, 64);
	nstored = 0;
	ck_assert_int_eq(quiet_entry(&r, IOVM_NO_PASID), 0);
	ck_assert_uint_eq(nstored, 5);		/* CD 0, and each STE */
	for (i = 0; i < 4; i++)
		ck_assert_ptr_eq(stored[1 + i], find_ste(&r, r.ids[i]));
	ck_assert_uint_eq(ste[0], 1);
	ck_assert_mem_eq(ste + 1, before + 1, 56);
	ck_assert(load_acq(&((struct iovm__smmu_table *)r.fn.priv)->restless));	/* what is said of a PASID's entry is said of the STE, too */
	/* Nothing brings the old table back; a PASID brings stage 1, under VMID 0 */
	enter(&r, 7, &stage1, 0x42);
	ck_assert_uint_eq(ste[0] & 15, 11);
	ck_assert_uint_eq(ste[2] & 0xffff, 0);
	ck_assert_mem_eq(find_cd(ste, 7), cd02, 64);
	ck_assert_uint_eq(find_cd(ste, 0)[0], QUIET0);
	rig_fini(&r);
}
END_TEST

START_TEST(stage2_then_stage1)
{
	struct rig r;

	set_up(&r, 8);
	enter(&r, IOVM_NO_PASID, &stage2, 0x42);
	quiet_entry(&r, IOVM_NO_PASID);
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);
	ck_assert_uint_eq(find_ste(&r, 6)[0] & 15, 11);
	ck_assert_mem_eq(find_cd(find_ste(&r, 6), 0), cd02, 64);
	quiet_entry(&r, IOVM_NO_PASID);
	enter(&r, IOVM_NO_PASID, &stage2, 0x43);
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);	/* nobody asked for quiet */
	ck_assert_uint_eq(find_ste(&r, 6)[0] & 15, 11);
	ck_assert_mem_eq(find_cd(find_ste(&r, 6), 0), cd02, 64);
	enter(&r, IOVM_NO_PASID, &stage2, 0x43);
	quiet_entry(&r, IOVM_NO_PASID);
	attach(&r);	/* on its own account, too */
	ck_assert_uint_eq(find_ste(&r, 6)[0] & 15, 11);
	ck_assert_uint_eq(find_cd(find_ste(&r, 6), 0)[0], QUIET0);
	rig_fini(&r);
}
END_TEST

START_TEST(stage2_alone)
{
	struct rig r;

	rig_init(&r, 0);
	r.s.features.no_stage1 = "IDR0.S1P = 0";
	ck_assert_int_eq(iovm__smmu_strtab_new(&r.s), 0);
	attach(&r);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 1);
	ck_assert_int_eq(iovm__smmu_entry(&r.s, &r.fn, IOVM_NO_PASID, IOVM_TO_WALK, &stage1, 0x42), IOVM_E_FORMAT);
	enter(&r, IOVM_NO_PASID, &stage2, 0x42);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 0xd);
	quiet_entry(&r, IOVM_NO_PASID);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 1);
	attach(&r);
	ck_assert_uint_eq(find_ste(&r, 5)[0], 1);
	rig_fini(&r);
}
END_TEST

/* ---- abort ---------------------------------------------------------------------------------------------------------------------------------- */

START_TEST(abort_is_one_store_a_stream)
{
	uint64_t before[8];
	struct rig r;
	unsigned i;

	set_up(&r, 8);
	enter(&r, IOVM_NO_PASID, &stage1, 0x42);
	memcpy(before, find_ste(&r, 6), 64);
	nstored = 0;
	r.fn.aborted = true;
	ck_assert_int_eq(iovm__smmu_attach(&r.s, &r.fn), 0);
	ck_assert_uint_eq(nstored, 4);
	for (i = 0; i < 4; i++) {
		ck_assert_ptr_eq(stored[i], find_ste(&r, r.ids[i]));
		ck_assert_uint_eq(find_ste(&r, r.ids[i])[0], 1);
	}
	ck_assert_mem_eq(find_ste(&r, 6) + 1, before + 1, 56);
	quiet_entry(&r, IOVM_NO_PASID);
	enter(&r, 7, &stage1, 0x42);		/* entries go on, the abort stands */
	ck_assert_uint_eq(find_ste(&r, 6)[0], 1);
	r.fn.aborted = false;
	ck_assert_uint_eq(attach(&r), 1);
	ck_assert_mem_eq(find_ste(&r, 6), before, 64);
	rig_fini(&r);
}
END_TEST

static struct rig *beside;

static void abort_comes(void)
{
	beside->fn.aborted = true;
	ck_assert_int_eq(iovm__smmu_attach(&beside->s, &beside->fn), 0);
}

static void quiet_comes(void)
{
	quiet_entry(beside, IOVM_NO_PASID);
}

static void step_comes(void)
{
	while (iovm__smmu_attach(&beside->s, &beside->fn) > 0)
		;
}

static void attach_call(struct rig *r) { (void)iovm__smmu_attach(&r->s, &r->fn); }
static void quiet_call(struct rig *r) { quiet_entry(r, IOVM_NO_PASID); }
static void walk2_call(struct rig *r) { (void)iovm__smmu_entry(&r->s, &r->fn, IOVM_NO_PASID, IOVM_TO_WALK, &stage2, 0x42); }
static void walk_call(struct rig *r) { (void)iovm__smmu_entry(&r->s, &r->fn, 7, IOVM_TO_WALK, &stage1, 0x42); }

/* act comes at each look of call in turn, and last behind it; call is the step that would bring the STE into force. Returns how many places there were */
static unsigned overtake(struct rig *r, void (*prepare)(struct rig *r), void (*call)(struct rig *r), void (*act)(void), bool walks2_is_wrong)
{
	unsigned at, i;

	beside = r;
	for (at = 1;; at++) {
		set_up(r, 8);
		prepare(r);
		looks = 0;
		stop_at = at;
		meanwhile = act;
		nlate = 0;
		stores_are_late = true;
		call(r);
		look();		/* its last stores may be on their way still */
		stores_are_late = false;
		if (meanwhile) {
			meanwhile = NULL;
			rig_fini(r);
			return at - 1;
		}
		for (i = 0; i < 4; i++)
			ck_assert_msg(walks2_is_wrong ? (find_ste(r, r->ids[i])[0] & 12) != 12 : find_ste(r, r->ids[i])[0] == 1,
				      "overtaken at %u: stream %u stands at %llx", at, i, (unsigned long long)find_ste(r, r->ids[i])[0]);
		rig_fini(r);
	}
}

static void nothing(struct rig *r) { (void)r; }
static void was_aborted(struct rig *r)
{
	r->fn.aborted = true;
	(void)iovm__smmu_attach(&r->s, &r->fn);
	r->fn.aborted = false;
}
static void in_stage2(struct rig *r) { enter(r, IOVM_NO_PASID, &stage2, 0x42); }
static void in_stage2_aborted(struct rig *r)
{
	in_stage2(r);
	was_aborted(r);
}
static void before_stage2(struct rig *r) { walk2_call(r); }
static void almost_in_stage2(struct rig *r)
{
	walk2_call(r);
	walk2_call(r);
}
static void after_stage2(struct rig *r)
{
	in_stage2(r);
	quiet_entry(r, IOVM_NO_PASID);
	walk_call(r);
	walk_call(r);
}

START_TEST(an_abort_overtakes)
{
	struct rig r;

	ck_assert_uint_gt(overtake(&r, was_aborted, attach_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, nothing, attach_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2_aborted, attach_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, before_stage2, walk2_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2, quiet_call, abort_comes, false), 4);
	ck_assert_uint_gt(overtake(&r, after_stage2, walk_call, abort_comes, false), 4);
}
END_TEST

START_TEST(a_quieting_overtakes_stage2)
{
	struct rig r;

	ck_assert_uint_gt(overtake(&r, in_stage2_aborted, attach_call, quiet_comes, true), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2, attach_call, quiet_comes, true), 4);
	ck_assert_uint_gt(overtake(&r, in_stage2, quiet_call, quiet_comes, true), 4);
	ck_assert_uint_gt(overtake(&r, almost_in_stage2, quiet_call, step_comes, true), 4);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_overtaken");
	TCase *tc = tcase_create("tables");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, stage2_entry);
	tcase_add_test(tc, stage2_then_stage1);
	tcase_add_test(tc, stage2_alone);
	tcase_add_test(tc, abort_is_one_store_a_stream);
	tcase_add_test(tc, an_abort_overtakes);
	tcase_add_test(tc, a_quieting_overtakes_stage2);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
