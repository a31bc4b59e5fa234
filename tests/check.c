/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The checker against one history of two devices that has every situation in it: as it stands no invariant is broken and each is checked; with one
 * edit exactly one invariant is broken. A checker that says nothing, or says too much, fails here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <iovm/check.h>
#include "../tools/trace_doc.h"
#include "check_story.h"
#include "harness.h"

#define MS UINT64_C(1000000)

/* ---- edits ---- */

static unsigned at(const struct story *s, const char *tag)
{
	unsigned i;

	for (i = 0; i < s->n && strcmp(s->line[i].tag, tag); i++)
		;
	ck_assert_msg(i < s->n, "no line is tagged %s", tag);
	return i;
}

static struct iovm_trace *line(struct story *s, const char *tag)
{
	return &s->line[at(s, tag)].rec;
}

static void drop(struct story *s, const char *tag)
{
	unsigned i = at(s, tag);

	memmove(&s->line[i], &s->line[i + 1], (--s->n - i) * sizeof s->line[0]);
}

/* Move the line with tag in front of the one with before */
static void move(struct story *s, const char *tag, const char *before)
{
	struct line l = s->line[at(s, tag)];
	unsigned i;

	drop(s, tag);
	i = at(s, before);
	memmove(&s->line[i + 1], &s->line[i], (s->n++ - i) * sizeof l);
	s->line[i] = l;
}

static void copy(struct story *s, const char *tag, const char *before)
{
	struct line l = s->line[at(s, tag)];
	unsigned i = at(s, before);

	ck_assert_uint_lt(s->n, ROOM);
	memmove(&s->line[i + 1], &s->line[i], (s->n++ - i) * sizeof l);
	s->line[i] = l;
	snprintf(s->line[i].tag, sizeof l.tag, "copy");
}

static void drop_fence(struct story *s, const char *name)
{
	drop(s, story_tagged(name, ".fence"));
	drop(s, story_tagged(name, ".done"));
}

/* Lines written at the end of the story, moved in front of before */
static void insert(struct story *s, unsigned from, const char *before)
{
	unsigned i;

	for (i = from; i < s->n; i++) {
		snprintf(s->line[i].tag, sizeof s->line[i].tag, "moved%u", i);
		move(s, s->line[i].tag, before);
	}
}

static void e1_index(struct story *s) { line(s, "last.resp")->index = line(s, "last.cmd")->index = 4; }
static void e1_pasid(struct story *s) { line(s, "last.resp")->pasid = line(s, "last.cmd")->pasid = IOVM_NO_PASID; }
static void e1_lost(struct story *s) { drop(s, "last.cmd"); }
static void e1_silent(struct story *s) { line(s, "calm.resp")->event = IOVM_TR_SUPPRESS; drop(s, "calm.cmd"); }
static void e2_twice(struct story *s) { copy(s, "last.resp", "marker.rx"); copy(s, "last.cmd", "marker.rx"); }
static void e2_command(struct story *s) { copy(s, "last.cmd", "marker.rx"); }
static void e3(struct story *s)
{
	unsigned from = s->n;

	story_answer(s, "m", line(s, "marker.acc")->b, IOVM_NO_PASID, IOVM_RESP_INVALID, IOVM_TRC_NO_BOND);
	insert(s, from, "dispatch");
}
static void e3_taken(struct story *s) { line(s, "stranger.cons")->code = IOVM_TRV_MARKER; drop(s, "stranger.resp"); drop(s, "stranger.cmd"); }
static void e4(struct story *s) { line(s, "member.acc")->index = line(s, "member.cons")->index = line(s, "member.fault")->index = 4; }
static void e5_page(struct story *s) { drop(s, "member.fault"); }
static void e5_rights(struct story *s) { line(s, "last.fault")->flags = R | LAST | P; }
static void e5_word(struct story *s) { line(s, "outcome")->code = IOVM_REFUSED; }
static void e5_lie(struct story *s) { line(s, "last.resp")->code = IOVM_RESP_INVALID; }
static void e6_page(struct story *s) { line(s, "member.fault")->a = 0x7000; }
static void e6_life(struct story *s) { line(s, "member.fault")->bond = 2; }
static void e6_early(struct story *s)
{
	move(s, "member.rx", "bind");
	move(s, "member.acc", "bind");
}
static void e7_twice(struct story *s) { copy(s, "member.fault", "last.fault"); }
static void e7_closed(struct story *s) { copy(s, "member.fault", "marker.rx"); }
static void e8(struct story *s)
{
	unsigned from = s->n;
	uint64_t p = story_ask(s, "late", B, 5, 9, R | LAST | P, 0x1000);

	story_take(s, "late", p, IOVM_TRV_LAST, 20, 2, 1);
	story_answer(s, "late", p, IOVM_NO_PASID, IOVM_RESP_INVALID, IOVM_TRC_OVERFLOW);
	insert(s, from, "discard");
	drop(s, "discard");
}
static void e9(struct story *s) { copy(s, "stranger.resp", "stranger.cons"); copy(s, "stranger.cmd", "stranger.cons"); }
static void e10(struct story *s) { line(s, "stranger.resp")->code = IOVM_RESP_FAILURE; }
static void e11_end(struct story *s) { drop(s, "stranger.resp"); drop(s, "stranger.cmd"); }
static void e11_bond(struct story *s)
{
	unsigned from = s->n;
	uint64_t p = story_ask(s, "open", A, 5, 7, R | LAST | P, 0x1000);

	story_take(s, "open", p, IOVM_TRV_LAST, 30, 1, 1);
	insert(s, from, "un1.call");
	from = s->n;
	story_answer(s, "open", p, 5, IOVM_RESP_INVALID, IOVM_TRC_BOND_END);
	insert(s, from, "un1.out");
}
static void e12(struct story *s) { line(s, "stranger.resp")->code = IOVM_RESP_SUCCESS; }
static void e17_lost(struct story *s) { drop(s, "free2"); }
static void e17_twice(struct story *s) { copy(s, "alloc", "un1.call"); }
static void e18_entry(struct story *s) { drop_fence(s, "exit.e"); }
static void e18_tlb(struct story *s) { drop_fence(s, "exit.t"); }
static void e18_no_tlb(struct story *s) { drop(s, "exit.tlb"); }
static void e18_order(struct story *s) { move(s, "exit.atc", "exit.tlb"); }
static void e18_asid(struct story *s) { line(s, "exit.quiet")->id = ASID + 1; }
static void e18_snapshot(struct story *s) { move(s, "un2.snap", "exit.quiet"); }
static void e18_queue(struct story *s)
{
	unsigned from = s->n;

	story_ask(s, "late", STRANGER, 5, 1, R | LAST | P, 0);
	insert(s, from, "un2.snap");
	line(s, "un2.snap")->a++;
	from = s->n;
	story_take(s, "late", s->position - 1, IOVM_TRV_LAST, 31, 0, 0);
	story_answer(s, "late", s->position - 1, IOVM_NO_PASID, IOVM_RESP_INVALID, IOVM_TRC_UNKNOWN_STREAM);
	insert(s, from, "unwatch");
}
static void e18_failed(struct story *s) { line(s, "un1.a.done")->code = IOVM_E_ATC; }
static void e18_token(struct story *s) { line(s, "outcome19")->code = IOVM_PENDING; }
static void e19_skipped(struct story *s) { drop(s, "quarantine"); }
static void e19_early(struct story *s) { drop(s, "reset"); drop(s, "reset"); drop(s, "reset"); }
static void e19_inside(struct story *s) { drop(s, "release"); }
static void e20_count(struct story *s)
{
	copy(s, "un1.call", "un1.call");
	line(s, "copy")->id = 1;
}
static void e20_two(struct story *s)
{
	unsigned from = s->n;

	TELL(s, "x", ALLOC, .pasid = 9, .context = 9);
	TELL(s, "x", BIND_RET, .stream_id = B, .mm = 1, .pasid = 9, .bond = 9, .context = 9, .id = 1);
	TELL(s, "x", UNBIND_CALL, .stream_id = B, .mm = 1, .pasid = 9, .bond = 9, .context = 9);
	TELL(s, "x", BOND_END, .stream_id = B, .pasid = 9, .bond = 9, .context = 9);
	TELL(s, "x", FREE, .pasid = 9, .context = 9);
	insert(s, from, "un1.call");
}
static void e21_twice(struct story *s) { copy(s, "un1.in", "un1.end"); copy(s, "un1.out", "un1.end"); }
static void e21_late(struct story *s) { move(s, "un2.call", "dead.in"); }
static void e21_never(struct story *s) { drop(s, "un1.in"); drop(s, "un1.out"); }
static void e22_reach(struct story *s)
{
	unsigned from = s->n;

	story_call_back(s, "x", A, 5, 1, 1, IOVM_SHUTDOWN);
	insert(s, from, "un1.call");
}
static void e22_silent(struct story *s)
{
	drop(s, "dead.in");
	drop(s, "dead.out");
	copy(s, "dispatch", "un2.call");
}
static void e24(struct story *s) { line(s, "stranger.cons")->bond = line(s, "stranger.cons")->context = 77; }
static void e26_old(struct story *s) { snprintf(s->line[at(s, "new.dma")].walk, 24, "old.walk"); }
static void e26_unwatched(struct story *s)
{
	unsigned from = s->n;
	struct line *l = TELL(s, "x", DMA, .stream_id = A, .mm = 1, .a = 0x5000, .flags = R);

	snprintf(l->walk, sizeof l->walk, "new.walk");
	insert(s, from, "suspect");
}
static void e27_atc(struct story *s) { line(s, "inv.a.done")->code = IOVM_E_ATC; }
static void e27_wait(struct story *s) { move(s, "inv.ret", "inv.a.done"); }
static void e28_fence(struct story *s) { drop_fence(s, "inv.t"); }
static void e28_swapped(struct story *s) { move(s, "inv.atc-a", "inv.tlb"); }
static void e28_missing(struct story *s) { drop(s, "inv.tlb"); }
static void e29_size(struct story *s) { line(s, "inv.atc-a")->b = 0x3fff; }
static void e29_width(struct story *s) { line(s, "add")->index = 2; }
static void e32(struct story *s)
{
	unsigned from = s->n;
	uint64_t p = line(s, "ninth.cons")->b;

	story_serve(s, "x", p, 1);
	story_word(s, B, 18, IOVM_DONE);
	story_answer(s, "x", p, IOVM_NO_PASID, IOVM_RESP_SUCCESS, IOVM_TRC_SERVED);
	insert(s, from, "ninth.resp");
	drop(s, "ninth.resp");
	drop(s, "ninth.cmd");
}
static void e33_refused(struct story *s)
{
	line(s, "calm.resp")->a = IOVM_TRC_FLOOD;
	line(s, "calm.resp")->code = IOVM_RESP_INVALID;
}
static void e33_turns(struct story *s)
{
	unsigned from = s->n, i;

	for (i = 0; i < 30; i++)
		story_dispatch(s, 1, 0);
	insert(s, from, "calm.fault");
}
static void e34_changed(struct story *s) { copy(s, "pri-a", "inv.call"); line(s, "copy")->a = 7; }
static void e34_sum(struct story *s) { line(s, "iommu")->a = 16; }
static void e35(struct story *s)
{
	copy(s, "dispatch", "un1.in");
	copy(s, "dispatch", "un1.in");
}
static void e36_late(struct story *s)
{
	copy(s, "dispatch", "stranger.cons");
	copy(s, "dispatch", "copy");
	s->line[at(s, "copy") + 1].rec.time = 2 * MS;
}
static void e36_end(struct story *s) { story_ask(s, "never", STRANGER, 5, 1, R | LAST | P, 0); }
static void e18_partial(struct story *s) { move(s, "discard", "unwatch"); }
static void e37_partial(struct story *s)
{
	uint64_t p = story_ask(s, "x", STRANGER, 5, 1, R | P, 0);

	story_take(s, "x", p, IOVM_TRV_MEMBER, 50, 0, 0);
}
static void e37_fence(struct story *s) { TELL(s, "x", CMD, .code = IOVM_CMD_FENCE, .b = 999); }
static void e37_bond(struct story *s)
{
	drop(s, "un3.end");
	drop(s, "free2");
}
static void e40_emitted(struct story *s) { drop(s, "last.rx"); }
static void e40_twice(struct story *s) { copy(s, "discard", "inv.call"); }
static void e40_dropped(struct story *s)
{
	TELL(s, "x", RX, .stream_id = A, .flags = R | LAST);
	TELL(s, "x", DROP, .stream_id = A, .flags = R | LAST, .code = 1);
}
static void e41_dma(struct story *s)
{
	copy(s, "new.dma", "un1.snap");
	snprintf(s->line[at(s, "copy")].walk, 24, "b.walk");
	move(s, "copy", "un1.snap");
}
static void e41_walk(struct story *s) { copy(s, "new.walk", "un1.snap"); }
static void e41_exit(struct story *s) { copy(s, "b.walk", "dead.in"); }
static void e42(struct story *s)
{
	line(s, "member.cons")->bond = line(s, "last.cons")->bond = 2;
	line(s, "member.fault")->bond = line(s, "last.fault")->bond = 2;
}

static const struct { unsigned inv; void (*edit)(struct story *s); const char *name; } cases[] = {
	{ 1, e1_index, "wrong index" }, { 1, e1_pasid, "PASID missing" }, { 1, e1_lost, "answer never commanded" },
	{ 1, e1_silent, "suppressed without a reset" },
	{ 2, e2_twice, "two answers" }, { 2, e2_command, "a command nobody gave" },
	{ 3, e3, "marker answered" }, { 3, e3_taken, "request taken for a marker" },
	{ 4, e4, "two indices in a group" },
	{ 5, e5_page, "page not served" }, { 5, e5_rights, "rights not asked" }, { 5, e5_word, "handler refused" }, { 5, e5_lie, "handler agreed" },
	{ 6, e6_page, "wrong page" }, { 6, e6_life, "wrong bond" }, { 6, e6_early, "asked before the bond" },
	{ 7, e7_twice, "served twice" }, { 7, e7_closed, "served after the answer" },
	{ 8, e8, "joined after an overflow" }, { 9, e9, "answered in the queue" }, { 10, e10, "failure" },
	{ 11, e11_end, "never answered" }, { 11, e11_bond, "open at UNBOUND" }, { 12, e12, "stranger welcomed" },
	{ 17, e17_lost, "never freed" }, { 17, e17_twice, "two owners" },
	{ 18, e18_entry, "entry and TLB share a fence" }, { 18, e18_tlb, "TLB and ATC share a fence" }, { 18, e18_no_tlb, "no TLB" },
	{ 18, e18_order, "ATC before TLB" }, { 18, e18_asid, "quiet keeps its ASID" }, { 18, e18_snapshot, "snapshot before the cut" },
	{ 18, e18_queue, "queue not consumed" }, { 18, e18_failed, "fence failed" }, { 18, e18_token, "token out" }, { 18, e18_partial, "partial kept" },
	{ 19, e19_skipped, "no quarantine" }, { 19, e19_early, "released for nothing" }, { 19, e19_inside, "freed inside" },
	{ 20, e20_count, "wrong count" }, { 20, e20_two, "two contexts" },
	{ 21, e21_twice, "UNBOUND twice" }, { 21, e21_late, "SHUTDOWN after unbind" }, { 21, e21_never, "no UNBOUND" },
	{ 22, e22_reach, "SHUTDOWN of the living" }, { 22, e22_silent, "nobody told" },
	{ 24, e24, "bond that never was" }, { 26, e26_old, "old translation" }, { 26, e26_unwatched, "mm unwatched" },
	{ 27, e27_atc, "fence failed" }, { 27, e27_wait, "returned early" },
	{ 28, e28_fence, "no fence between" }, { 28, e28_swapped, "ATC first" }, { 28, e28_missing, "no TLB" },
	{ 29, e29_size, "not a power of two" }, { 29, e29_width, "too wide" },
	{ 32, e32, "nine records" }, { 33, e33_refused, "innocent refused" }, { 33, e33_turns, "starved" },
	{ 34, e34_changed, "changed" }, { 34, e34_sum, "queue too small" }, { 35, e35, "slow drain" },
	{ 36, e36_late, "asleep" }, { 36, e36_end, "left in the queue" },
	{ 37, e37_partial, "partial left" }, { 37, e37_fence, "fence left" }, { 37, e37_bond, "bond left" },
	{ 40, e40_emitted, "emitted" }, { 40, e40_twice, "discarded twice" }, { 40, e40_dropped, "not answered by the IOMMU" },
	{ 41, e41_dma, "DMA after the cut" }, { 41, e41_walk, "walk after the cut" }, { 41, e41_exit, "walk after death" },
	{ 42, e42, "another's bond" },
};

/* ---- the judgement ---- */

static uint64_t ordinal(const struct story *s, const char *tag)
{
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->line[i].tag, tag))
			return i + 1;
	return s->n;
}

static struct iovm_check *judge(struct story *s)
{
	struct iovm_check *check = iovm_check_new();
	unsigned i;

	ck_assert_ptr_nonnull(check);
	for (i = 0; i < s->n; i++) {
		if (s->line[i].walk[0])
			s->line[i].rec.b = ordinal(s, s->line[i].walk);
		iovm_check_record(check, &s->line[i].rec);
	}
	iovm_check_end(check);
	return check;
}

START_TEST(clean_history_breaks_nothing)
{
	struct story *s = story_new();
	struct iovm_check *check = judge(s);
	unsigned inv;

	ck_assert_msg(!iovm_check_violations(check), "%s", iovm_check_first(check));
	ck_assert_ptr_null(iovm_check_first(check));
	for (inv = 0; inv < IOVM_CHECK_MAX; inv++)
		if (iovm_check_set(false) >> inv & 1)
			ck_assert_msg(iovm_check_count(check, inv)->checked, "I%u was never checked", inv);
		else
			ck_assert_uint_eq(iovm_check_count(check, inv)->checked, 0);
	iovm_check_del(check);
	free(s);
}
END_TEST

/* Four others flush the same behind us: their fences are out when ours, the first, is what lets us return */
START_TEST(own_fence_counts_behind_those_of_others)
{
	struct story *s = story_new();
	struct iovm_check *check;
	unsigned from = s->n, i;

	for (i = 0; i < 4; i++) {
		TELL(s, "x", CMD, .code = IOVM_CMD_TLB, .id = ASID + 1, .b = UINT64_MAX);
		TELL(s, "x", CMD, .code = IOVM_CMD_FENCE, .b = 1000 + i);
	}
	insert(s, from, "inv.a.done");
	move(s, "inv.t.done", "inv.a.done");
	from = s->n;
	for (i = 0; i < 4; i++)
		TELL(s, "x", FENCE_DONE, .b = 1000 + i);
	insert(s, from, "inv.ret");
	move(s, "inv.ret", s->line[at(s, "inv.ret") - 4].tag);
	check = judge(s);
	ck_assert_msg(!iovm_check_violations(check), "%s", iovm_check_first(check));
	iovm_check_del(check);
	free(s);
}
END_TEST

START_TEST(one_edit_breaks_one_invariant)
{
	struct story *s = story_new();
	struct iovm_check *check;
	char name[16];
	unsigned inv;

	cases[_i].edit(s);
	check = judge(s);
	ck_assert_msg(iovm_check_count(check, cases[_i].inv)->violations, "%s: I%u did not notice; %s", cases[_i].name, cases[_i].inv,
		iovm_check_first(check) ? iovm_check_first(check) : "nobody did");
	for (inv = 0; inv < IOVM_CHECK_MAX; inv++)
		ck_assert_msg(inv == cases[_i].inv || !iovm_check_count(check, inv)->violations, "%s: I%u, too, and first %s", cases[_i].name, inv,
			iovm_check_first(check));
	snprintf(name, sizeof name, "I%u: record ", cases[_i].inv);
	ck_assert_msg(!strncmp(iovm_check_first(check), name, strlen(name)), "%s", iovm_check_first(check));
	iovm_check_del(check);
	free(s);
}
END_TEST

START_TEST(every_invariant_has_a_case)
{
	uint64_t seen = 0;
	unsigned i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		seen |= UINT64_C(1) << cases[i].inv;
	ck_assert_uint_eq(seen, iovm_check_set(false));
}
END_TEST

START_TEST(trace_page_is_the_table)
{
	const char *dir = getenv("srcdir");
	char path[4096], *now = NULL, *then;
	size_t len = 0, got;
	FILE *mem = open_memstream(&now, &len), *page;

	ck_assert_ptr_nonnull(mem);
	trace_doc_print(mem);
	fclose(mem);
	snprintf(path, sizeof path, "%s/docs/TRACE.md", dir ? dir : ".");
	page = fopen(path, "r");
	ck_assert_msg(page != NULL, "%s cannot be read", path);
	then = calloc(1, len + 2);
	ck_assert_ptr_nonnull(then);
	got = fread(then, 1, len + 1, page);
	fclose(page);
	ck_assert_msg(got == len && !memcmp(now, then, len), "%s is not what the table says: make it anew with tools/gen_trace_doc", path);
	free(then);
	free(now);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *tc = tcase_create("check");

	tcase_add_test(tc, clean_history_breaks_nothing);
	tcase_add_test(tc, own_fence_counts_behind_those_of_others);
	tcase_add_loop_test(tc, one_edit_breaks_one_invariant, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(tc, every_invariant_has_a_case);
	tcase_add_test(tc, trace_page_is_the_table);
	suite_add_tcase(suite, tc);
	return harness_main(suite);
}
