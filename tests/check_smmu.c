/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The checker against short histories of one SMMUv3, one for each invariant that only an SMMUv3 shows. Told as it should be, a history breaks nothing
 * and its invariant is checked; in each way of telling it wrong that invariant breaks and no other does. One that goes wrong in its middle may stop
 * there: what must be true at the end of a run is then not asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <iovm/check.h>
#include "check_story.h"
#include "harness.h"

enum { PASID = 5, STAG = 3, STALL = IOVM_REQ_STALL };

/* ---- phrases ---- */

static void begin(struct story *s)
{
	TELL(s, "iommu", IOMMU, .a = 64, .b = 64);
	TELL(s, "smmu", SMMU);
}

static void device(struct story *s, uint32_t stream, uint32_t id)
{
	TELL(s, "add", DEVICE, .stream_id = stream, .id = id, .code = IOVM_TRD_ADD, .index = 16);
}

static uint64_t fence(struct story *s)
{
	TELL(s, "fence", CMD, .code = IOVM_CMD_FENCE, .b = ++s->ticket);
	return s->ticket;
}

/* carried: the ordinal of the record before which it was carried out */
static void completes(struct story *s, uint64_t ticket, int code, uint64_t carried)
{
	TELL(s, "done", FENCE_DONE, .b = ticket, .code = (int16_t)code, .a = carried);
}

static void fenced(struct story *s)
{
	completes(s, fence(s), 0, s->n);
}

/* An access of nobody's PASID stalls, is consumed, and is to be terminated */
static void stalls(struct story *s, uint32_t stream)
{
	struct iovm_trace rec = { .stream_id = stream, .pasid = PASID, .index = STAG, .flags = R | LAST | P | STALL, .a = 0x1000 };

	story_tell(s, "rx", IOVM_TR_RX, rec);
	rec.id = 1;
	rec.b = s->position++;
	story_tell(s, "acc", IOVM_TR_ACC, rec);
	rec.id = 1;
	rec.code = IOVM_TRV_LAST;
	story_tell(s, "cons", IOVM_TR_CONS, rec);
	rec.code = IOVM_RESP_INVALID;
	rec.a = IOVM_TRC_NO_BOND;
	story_tell(s, "resp", IOVM_TR_RESP, rec);
	TELL(s, "cmd", CMD, .code = IOVM_CMD_ANSWER, .stream_id = stream, .pasid = PASID, .index = STAG, .flags = IOVM_CMD_STALL);
}

static void resume(struct story *s, uint32_t stream)
{
	TELL(s, "exec", EXEC, .code = IOVM_CMD_ANSWER, .stream_id = stream, .index = STAG, .flags = IOVM_CMD_STALL);
}

static void stall_term(struct story *s, uint32_t stream)
{
	TELL(s, "term", EXEC, .code = IOVM_CMD_ANSWER, .stream_id = stream, .flags = IOVM_CMD_STALL | IOVM_CMD_STREAM);
}

static void aborts(struct story *s, uint32_t stream)
{
	TELL(s, "abort", CMD, .code = IOVM_CMD_ENTRY, .stream_id = stream, .pasid = IOVM_NO_PASID, .flags = IOVM_CMD_STREAM);
}

static void entry(struct story *s, uint32_t stream, uint32_t pasid, unsigned to, uint32_t asid)
{
	TELL(s, "entry", ENTRY, .stream_id = stream, .pasid = pasid, .bond = pasid, .context = pasid, .code = (int16_t)to, .id = asid);
	TELL(s, "cfgi", CMD, .code = IOVM_CMD_ENTRY, .stream_id = stream, .pasid = pasid);
	fenced(s);
}

/* Bond and context of a PASID have its number, and so has the mm */
static void bind(struct story *s, uint32_t stream, uint32_t pasid, uint32_t asid)
{
	TELL(s, "bind", BIND_CALL, .stream_id = stream, .mm = pasid);
	TELL(s, "watch", WATCH, .mm = pasid, .context = pasid);
	TELL(s, "alloc", ALLOC, .pasid = pasid, .context = pasid);
	entry(s, stream, pasid, IOVM_TO_WALK, asid);
	TELL(s, "bound", BIND_RET, .stream_id = stream, .mm = pasid, .pasid = pasid, .bond = pasid, .context = pasid, .id = 1);
}

static void quiet(struct story *s, uint32_t stream, uint32_t pasid)
{
	TELL(s, "call", UNBIND_CALL, .stream_id = stream, .mm = pasid, .pasid = pasid, .bond = pasid, .context = pasid);
	entry(s, stream, pasid, IOVM_TO_QUIET, 0);
}

static void leave(struct story *s, uint32_t stream, uint32_t pasid, uint32_t asid)
{
	TELL(s, "tlb", CMD, .code = IOVM_CMD_TLB, .id = asid, .b = UINT64_MAX);
	fenced(s);
	TELL(s, "ret", UNBIND_RET, .stream_id = stream, .mm = pasid, .pasid = pasid, .bond = pasid, .context = pasid);
	TELL(s, "snapshot", SNAPSHOT, .stream_id = stream, .pasid = pasid, .bond = pasid, .context = pasid, .b = s->position);
	TELL(s, "end", BOND_END, .stream_id = stream, .pasid = pasid, .bond = pasid, .context = pasid);
	TELL(s, "free", FREE, .pasid = pasid, .context = pasid);
	TELL(s, "unwatch", UNWATCH, .mm = pasid, .context = pasid);
}

/* ---- histories: how 0 is as it should be ---- */

enum { RIGHT };

enum { TWICE = 1, NEVER, OF_BEFORE, ELSEWHERE };
static void resumed_once(struct story *s, int how)
{
	begin(s);
	device(s, A, 1);
	device(s, B, 2);
	stalls(s, A);
	if (how == OF_BEFORE)	/* the SMMU was off: its stalls are over */
		TELL(s, "smmu", SMMU);
	if (how != NEVER)
		resume(s, how == ELSEWHERE ? B : A);
	if (how == TWICE || how == ELSEWHERE)
		resume(s, A);
}

static void ended_by_a_disable(struct story *s, int how)
{
	begin(s);
	device(s, A, 1);
	stalls(s, A);
	if (how == RIGHT)
		TELL(s, "smmu", SMMU);
	stalls(s, A);
	resume(s, A);
	if (how == TWICE)
		resume(s, A);
}

enum { NO_ENTRY = 1, NO_FENCE, FAILED, RESUMED };
static void stall_term_after_abort(struct story *s, int how)
{
	uint64_t ticket;

	begin(s);
	device(s, A, 1);
	stalls(s, A);
	if (how != RESUMED)
		resume(s, A);
	if (how != NO_ENTRY)
		aborts(s, A);
	ticket = fence(s);
	if (how != NO_FENCE)
		completes(s, ticket, how == FAILED ? IOVM_E_HARDWARE : 0, s->n);
	stall_term(s, A);
	if (how == NO_FENCE)
		completes(s, ticket, 0, s->n);
	if (how == RESUMED)
		resume(s, A);
}

enum { EARLY = 1 };
static void valid_after_resume(struct story *s, int how)
{
	begin(s);
	device(s, A, 1);
	stalls(s, A);
	if (how != EARLY)
		resume(s, A);
	bind(s, A, PASID, ASID);
	if (how == EARLY)
		resume(s, A);
	quiet(s, A, PASID);
	leave(s, A, PASID, ASID);
}

/* Neither the same PASID of another device, nor another PASID of this one, waits */
static void valid_for_others(struct story *s, int how)
{
	begin(s);
	device(s, A, 1);
	device(s, B, 2);
	stalls(s, A);
	stalls(s, B);
	resume(s, how == EARLY ? A : B);
	bind(s, B, PASID, ASID);
	bind(s, A, 6, ASID + 1);
	resume(s, how == EARLY ? B : A);
	quiet(s, B, PASID);
	leave(s, B, PASID, ASID);
	quiet(s, A, 6);
	leave(s, A, 6, ASID + 1);
}

enum { PCIE = 1 };
static void pcie_does_not_stall(struct story *s, int how)
{
	begin(s);
	device(s, A, 1);
	device(s, B, 2);
	TELL(s, "cap", CAP, .stream_id = how == PCIE ? A : B, .id = IOVM_CAP_ATS, .a = 1);
	stalls(s, A);
	resume(s, A);
}

enum { SUBMITTED = 1, COMPLETED, AGAIN };
static void fences_go_forward(struct story *s, int how)
{
	begin(s);
	TELL(s, "fence", CMD, .code = IOVM_CMD_FENCE, .b = how == SUBMITTED ? 2 : 1);
	TELL(s, "fence", CMD, .code = IOVM_CMD_FENCE, .b = how == SUBMITTED ? 1 : 2);
	completes(s, how == COMPLETED ? 2 : 1, 0, s->n);
	completes(s, how == COMPLETED ? 1 : 2, 0, s->n);
	if (how == AGAIN)
		completes(s, 2, 0, s->n);
}

enum { ANSWERED = 1, ANSWERED_LATER, OTHER };
static void guilty_is_blamed(struct story *s, int how)
{
	uint64_t first, second;

	begin(s);
	device(s, A, 1);
	device(s, B, 2);
	first = fence(s);
	if (how == ANSWERED_LATER)
		TELL(s, "stuck", FENCE_STUCK, .stream_id = A, .b = first);
	completes(s, first, 0, s->n);
	second = fence(s);
	if (how == RIGHT || how == OTHER)
		TELL(s, "stuck", FENCE_STUCK, .stream_id = A, .b = second);
	completes(s, second, IOVM_E_ATC, s->n);
	TELL(s, "suspect", SUSPECT, .stream_id = how == OTHER ? B : A, .b = second);
}

/* A fence is seen to be complete after it was: who stalls the next one meanwhile is no less guilty of that; a fence that never ended has suspects only */
static void guilty_in_time(struct story *s, int how)
{
	uint64_t first, second, carried;

	begin(s);
	device(s, A, 1);
	device(s, B, 2);
	first = fence(s);
	second = fence(s);
	carried = s->n;
	TELL(s, "stuck", FENCE_STUCK, .stream_id = how == OTHER ? B : A, .b = second);
	completes(s, first, 0, how == ANSWERED_LATER ? s->n : carried);
	completes(s, second, IOVM_E_ATC, s->n);
	TELL(s, "suspect", SUSPECT, .stream_id = A, .b = second);
	TELL(s, "suspect", SUSPECT, .stream_id = B, .b = 0);
}

enum { WALKED_UNDER = 1, CACHED };
static void asid_is_of_one(struct story *s, int how)
{
	begin(s);
	device(s, A, 1);
	bind(s, A, PASID, ASID);
	if (how == WALKED_UNDER) {
		bind(s, A, 6, ASID);
		return;
	}
	quiet(s, A, PASID);
	if (how == CACHED) {
		bind(s, A, 6, ASID);
		return;
	}
	leave(s, A, PASID, ASID);
	bind(s, A, 6, ASID);
	quiet(s, A, 6);
	leave(s, A, 6, ASID);
}

static const struct { unsigned inv; void (*tell)(struct story *s, int how); int how; bool stops; const char *name; } cases[] = {
	{ 13, resumed_once, RIGHT, false, "once" }, { 13, resumed_once, TWICE, false, "twice" }, { 13, resumed_once, NEVER, false, "never" },
	{ 13, resumed_once, OF_BEFORE, false, "a stall of before the SMMU was off" }, { 13, resumed_once, ELSEWHERE, false, "of another stream" },
	{ 13, ended_by_a_disable, RIGHT, false, "ended by a disable" }, { 13, ended_by_a_disable, TWICE, false, "the STAG came again" },
	{ 14, stall_term_after_abort, RIGHT, false, "behind the fence" }, { 14, stall_term_after_abort, NO_ENTRY, false, "streams go on" },
	{ 14, stall_term_after_abort, NO_FENCE, false, "before the fence" }, { 14, stall_term_after_abort, FAILED, false, "the fence failed" },
	{ 14, stall_term_after_abort, RESUMED, false, "resumed after STALL_TERM" },
	{ 15, valid_after_resume, RIGHT, false, "behind the RESUME" }, { 15, valid_after_resume, EARLY, false, "before the RESUME" },
	{ 15, valid_for_others, RIGHT, false, "for others" }, { 15, valid_for_others, EARLY, false, "the other one's RESUME" },
	{ 16, pcie_does_not_stall, RIGHT, false, "a platform device" }, { 16, pcie_does_not_stall, PCIE, false, "a PCIe function" },
	{ 30, fences_go_forward, RIGHT, false, "in order" }, { 30, fences_go_forward, SUBMITTED, false, "submitted out of order" },
	{ 30, fences_go_forward, COMPLETED, false, "completed out of order" }, { 30, fences_go_forward, AGAIN, false, "completed twice" },
	{ 31, guilty_is_blamed, RIGHT, false, "who did not answer" }, { 31, guilty_is_blamed, ANSWERED, false, "nobody was stuck" },
	{ 31, guilty_is_blamed, ANSWERED_LATER, false, "who answered in the end" }, { 31, guilty_is_blamed, OTHER, false, "somebody else" },
	{ 31, guilty_in_time, RIGHT, false, "stuck before the fence before was seen" }, { 31, guilty_in_time, ANSWERED_LATER, false, "stuck before it was done" },
	{ 31, guilty_in_time, OTHER, false, "the other one was stuck" },
	{ 43, asid_is_of_one, RIGHT, false, "one after the other" }, { 43, asid_is_of_one, WALKED_UNDER, true, "two walk" },
	{ 43, asid_is_of_one, CACHED, true, "before the TLB forgot" },
};

/* ---- the judgement ---- */

static struct iovm_check *judge(const struct story *s, bool stops)
{
	struct iovm_check *check = iovm_check_new();
	unsigned i;

	ck_assert_ptr_nonnull(check);
	for (i = 0; i < s->n; i++)
		iovm_check_record(check, &s->line[i].rec);
	if (!stops)
		iovm_check_end(check);
	return check;
}

static const char *first_of(const struct iovm_check *check)
{
	return iovm_check_first(check) ? iovm_check_first(check) : "nobody noticed";
}

START_TEST(one_way_of_telling_it)
{
	struct story *s = calloc(1, sizeof *s);
	struct iovm_check *check;
	unsigned inv, wrong = cases[_i].how == RIGHT ? 0 : cases[_i].inv;
	char name[16];

	ck_assert_ptr_nonnull(s);
	cases[_i].tell(s, cases[_i].how);
	check = judge(s, cases[_i].stops);
	ck_assert_msg(wrong || iovm_check_count(check, cases[_i].inv)->checked, "%s: I%u was not checked", cases[_i].name, cases[_i].inv);
	for (inv = 0; inv < IOVM_CHECK_MAX; inv++)
		ck_assert_msg((inv && inv == wrong) == !!iovm_check_count(check, inv)->violations, "%s: I%u %s; first: %s", cases[_i].name, inv,
			inv == wrong ? "did not notice" : "is broken", first_of(check));
	snprintf(name, sizeof name, "I%u: record ", wrong);
	ck_assert_msg(!wrong || !strncmp(first_of(check), name, strlen(name)), "%s", first_of(check));
	iovm_check_del(check);
	free(s);
}
END_TEST

/* Nobody else's: the same records of an IOMMU that has no registers say nothing about STAGs and ASIDs */
START_TEST(only_of_an_smmu)
{
	struct story *s = calloc(1, sizeof *s);
	struct iovm_check *check;
	unsigned inv;

	ck_assert_ptr_nonnull(s);
	cases[_i].tell(s, cases[_i].how);
	for (inv = 0; inv < s->n; inv++)
		if (s->line[inv].rec.event == IOVM_TR_SMMU)
			s->line[inv].rec = (struct iovm_trace){ .event = IOVM_TR_NOTICE };
	check = judge(s, cases[_i].stops);
	for (inv = 0; inv < IOVM_CHECK_MAX; inv++)
		ck_assert_msg(!((iovm_check_set(true) & ~iovm_check_set(false)) >> inv & 1) || !iovm_check_count(check, inv)->checked, "%s: I%u", cases[_i].name, inv);
	iovm_check_del(check);
	free(s);
}
END_TEST

START_TEST(every_invariant_is_told_right_and_wrong)
{
	uint64_t seen[2] = { 0, 0 }, all = iovm_check_set(true) & ~iovm_check_set(false);
	unsigned i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		seen[cases[i].how != RIGHT] |= UINT64_C(1) << cases[i].inv;
	ck_assert_uint_eq(seen[0], all);
	ck_assert_uint_eq(seen[1], all);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check_smmu");
	TCase *tc = tcase_create("check_smmu");

	tcase_add_loop_test(tc, one_way_of_telling_it, 0, sizeof cases / sizeof cases[0]);
	tcase_add_loop_test(tc, only_of_an_smmu, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(tc, every_invariant_is_told_right_and_wrong);
	suite_add_tcase(suite, tc);
	return harness_main(suite);
}
