/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The history, told in the order of the engine's own records: two binds of one mm, requests (served, refused, a flood, an overflow), an invalidation, an
 * unbind, a death, and a bond whose device does not complete its cut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check_story.h"
#include "harness.h"

struct line *story_tell(struct story *s, const char *tag, unsigned event, struct iovm_trace rec)
{
	struct line *l = &s->line[s->n++];

	ck_assert_uint_lt(s->n, ROOM);
	rec.event = (uint16_t)event;
	rec.pasid = rec.pasid ? rec.pasid : IOVM_NO_PASID;
	*l = (struct line){ .rec = rec };
	snprintf(l->tag, sizeof l->tag, "%s", tag);
	return l;
}

/* ---- phrases ---- */

const char *story_tagged(const char *name, const char *part)
{
	static char buf[4][24];
	static unsigned turn;
	char *b = buf[turn++ & 3];

	snprintf(b, sizeof buf[0], "%.12s%s", name, part);
	return b;
}

static void fence(struct story *s, const char *name, int code)
{
	s->ticket++;
	TELL(s, story_tagged(name, ".fence"), CMD, .code = IOVM_CMD_FENCE, .b = s->ticket);
	TELL(s, story_tagged(name, ".done"), FENCE_DONE, .b = s->ticket, .code = (int16_t)code);
}

static void device(struct story *s, uint32_t stream, uint32_t id, bool response_pasid)
{
	TELL(s, "add", DEVICE, .stream_id = stream, .id = id, .code = IOVM_TRD_ADD, .a = 8, .b = response_pasid, .index = 16);
	TELL(s, "cap", CAP, .stream_id = stream, .id = IOVM_CAP_PASID, .a = 1);
	TELL(s, "cap", CAP, .stream_id = stream, .id = IOVM_CAP_ATS, .a = 1);
	TELL(s, stream == A ? "pri-a" : "pri-b", CAP, .stream_id = stream, .id = IOVM_CAP_PRI, .a = 8);
}

static void bind(struct story *s, uint32_t stream, uint64_t mm, uint32_t pasid, uint32_t bond, uint32_t ctx, bool first)
{
	TELL(s, "bind", BIND_CALL, .stream_id = stream, .mm = mm);
	if (first) {
		TELL(s, "watch", WATCH, .mm = mm, .context = ctx);
		TELL(s, "alloc", ALLOC, .pasid = pasid, .context = ctx);
	}
	TELL(s, "walk-entry", ENTRY, .stream_id = stream, .pasid = pasid, .bond = bond, .context = ctx, .code = IOVM_TO_WALK, .id = ASID + ctx);
	TELL(s, "bind.entry", CMD, .code = IOVM_CMD_ENTRY, .stream_id = stream, .pasid = pasid);
	fence(s, "bind", 0);
	TELL(s, "bound", BIND_RET, .stream_id = stream, .mm = mm, .pasid = pasid, .bond = bond, .context = ctx, .id = 1, .a = 1);
}

/* A request arrives; returns its position */
uint64_t story_ask(struct story *s, const char *name, uint32_t stream, uint32_t pasid, unsigned index, unsigned flags, uint64_t addr)
{
	struct iovm_trace rec = { .stream_id = stream, .pasid = pasid, .index = (uint16_t)index, .flags = (uint8_t)flags, .a = addr };

	story_tell(s, story_tagged(name, ".rx"), IOVM_TR_RX, rec);
	rec.b = s->position++;
	story_tell(s, story_tagged(name, ".acc"), IOVM_TR_ACC, rec);
	return rec.b;
}

void story_take(struct story *s, const char *name, uint64_t position, int verdict, uint32_t group, uint32_t bond, uint32_t ctx)
{
	struct iovm_trace rec = { 0 };
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (s->line[i].rec.event == IOVM_TR_ACC && s->line[i].rec.b == position)
			rec = s->line[i].rec;
	rec.code = (int16_t)verdict;
	rec.id = group;
	rec.bond = bond;
	rec.context = ctx;
	story_tell(s, story_tagged(name, ".cons"), IOVM_TR_CONS, rec);
}

void story_serve(struct story *s, const char *name, uint64_t position, uint64_t mm)
{
	struct iovm_trace rec = { 0 };
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (s->line[i].rec.event == IOVM_TR_CONS && s->line[i].rec.b == position)
			rec = s->line[i].rec;
	rec.mm = mm;
	rec.code = 0;
	story_tell(s, story_tagged(name, ".fault"), IOVM_TR_FAULT, rec);
}

void story_word(struct story *s, uint32_t stream, uint32_t group, int outcome)
{
	TELL(s, group == 19 ? "outcome19" : "outcome", OUTCOME, .stream_id = stream, .id = group, .code = (int16_t)outcome);
}

void story_answer(struct story *s, const char *name, uint64_t position, uint32_t pasid, int code, int cause)
{
	struct iovm_trace rec = { 0 };
	unsigned i;

	for (i = 0; i < s->n; i++)
		if (s->line[i].rec.event == IOVM_TR_ACC && s->line[i].rec.b == position)
			rec = s->line[i].rec;
	rec.code = (int16_t)code;
	rec.pasid = pasid;
	rec.a = (uint64_t)cause;
	story_tell(s, story_tagged(name, ".resp"), IOVM_TR_RESP, rec);
	TELL(s, story_tagged(name, ".cmd"), CMD, .code = IOVM_CMD_ANSWER, .stream_id = rec.stream_id, .pasid = pasid, .index = rec.index);
}

void story_dispatch(struct story *s, int work, uint64_t taken)
{
	TELL(s, "dispatch", DISPATCH, .code = (int16_t)work, .a = taken, .b = s->position);
}

static void dma(struct story *s, const char *name, uint32_t stream, uint32_t pasid, uint64_t mm, uint64_t addr, bool walk)
{
	struct line *l;

	if (walk)
		TELL(s, story_tagged(name, ".walk"), WALK, .stream_id = stream, .pasid = pasid, .mm = mm, .a = addr);
	l = TELL(s, story_tagged(name, ".dma"), DMA, .stream_id = stream, .pasid = pasid, .mm = mm, .a = addr, .id = 64, .flags = R);
	snprintf(l->walk, sizeof l->walk, "%s", story_tagged(name, ".walk"));
}

static void quiet(struct story *s, const char *name, uint32_t stream, uint32_t pasid, uint32_t bond, uint32_t ctx)
{
	TELL(s, story_tagged(name, ".quiet"), ENTRY, .stream_id = stream, .pasid = pasid, .bond = bond, .context = ctx, .code = IOVM_TO_QUIET);
	TELL(s, story_tagged(name, ".entry"), CMD, .code = IOVM_CMD_ENTRY, .stream_id = stream, .pasid = pasid);
	fence(s, story_tagged(name, ".e"), 0);
}

static void forget(struct story *s, const char *name, uint32_t stream, uint32_t pasid, uint32_t asid, int code)
{
	if (asid) {
		TELL(s, story_tagged(name, ".tlb"), CMD, .code = IOVM_CMD_TLB, .id = asid, .b = UINT64_MAX);
		fence(s, story_tagged(name, ".t"), 0);
	}
	TELL(s, story_tagged(name, ".atc"), CMD, .code = IOVM_CMD_ATC, .stream_id = stream, .pasid = pasid, .b = UINT64_MAX);
	fence(s, story_tagged(name, ".a"), code);
}

static void unbind(struct story *s, const char *name, bool ret, uint32_t stream, uint64_t mm, uint32_t pasid, uint32_t bond, uint32_t ctx, int code)
{
	struct iovm_trace rec = { .stream_id = stream, .mm = mm, .pasid = pasid, .bond = bond, .context = ctx, .code = (int16_t)code };

	story_tell(s, story_tagged(name, ret ? ".ret" : ".call"), ret ? IOVM_TR_UNBIND_RET : IOVM_TR_UNBIND_CALL, rec);
}

static void snapshot(struct story *s, const char *name, uint32_t stream, uint32_t pasid, uint32_t bond, uint32_t ctx)
{
	TELL(s, story_tagged(name, ".snap"), SNAPSHOT, .stream_id = stream, .pasid = pasid, .bond = bond, .context = ctx, .a = s->position);
}

void story_call_back(struct story *s, const char *name, uint32_t stream, uint32_t pasid, uint32_t bond, uint32_t ctx, int what)
{
	TELL(s, story_tagged(name, ".in"), CB_IN, .stream_id = stream, .pasid = pasid, .bond = bond, .context = ctx, .code = (int16_t)what);
	TELL(s, story_tagged(name, ".out"), CB_OUT, .stream_id = stream, .pasid = pasid, .bond = bond, .context = ctx, .code = (int16_t)what);
}

/* ---- the history ---- */

static void requests(struct story *s)
{
	uint64_t member, last, other, flood[9];
	unsigned i;

	member = story_ask(s, "member", A, 5, 3, R | P, 0x1000);
	last = story_ask(s, "last", A, 5, 3, W | LAST | P, 0x2000);
	other = story_ask(s, "stranger", STRANGER, 5, 1, R | LAST | P, 0x1000);
	story_take(s, "member", member, IOVM_TRV_MEMBER, 1, 1, 1);
	story_take(s, "last", last, IOVM_TRV_LAST, 1, 1, 1);
	story_take(s, "stranger", other, IOVM_TRV_LAST, 2, 0, 0);
	story_answer(s, "stranger", other, IOVM_NO_PASID, IOVM_RESP_INVALID, IOVM_TRC_UNKNOWN_STREAM);
	story_serve(s, "member", member, 1);
	story_serve(s, "last", last, 1);
	story_word(s, A, 1, IOVM_DONE);
	story_answer(s, "last", last, 5, IOVM_RESP_SUCCESS, IOVM_TRC_SERVED);
	other = story_ask(s, "marker", A, 5, 0, LAST | P, 0);
	story_take(s, "marker", other, IOVM_TRV_MARKER, 0, 0, 0);
	story_dispatch(s, 0, 4);
	for (i = 0; i < 9; i++)
		flood[i] = story_ask(s, "flood", B, 5, i, R | LAST | P, 0x1000);
	other = story_ask(s, "calm", A, 5, 4, R | LAST | P, 0x3000);
	for (i = 0; i < 8; i++)
		story_take(s, "flood", flood[i], IOVM_TRV_LAST, 10 + i, 2, 1);
	for (i = 0; i < 8; i++) {
		story_serve(s, "flood", flood[i], 1);
		story_word(s, B, 10 + i, IOVM_PENDING);
	}
	story_take(s, "ninth", flood[8], IOVM_TRV_LAST, 18, 2, 1);
	story_answer(s, "ninth", flood[8], IOVM_NO_PASID, IOVM_RESP_INVALID, IOVM_TRC_FLOOD);
	story_take(s, "calm", other, IOVM_TRV_LAST, 19, 1, 1);
	story_serve(s, "calm", other, 1);
	story_word(s, A, 19, IOVM_AGAIN);
	story_answer(s, "calm", other, 5, IOVM_RESP_SUCCESS, IOVM_TRC_AGAIN);
	for (i = 0; i < 8; i++) {
		TELL(s, "token", DONE, .id = 10 + i, .a = IOVM_DONE);
		story_answer(s, "flood", flood[i], IOVM_NO_PASID, IOVM_RESP_SUCCESS, IOVM_TRC_SERVED);
	}
	member = story_ask(s, "partial", B, 5, 9, R | P, 0x1000);
	story_take(s, "partial", member, IOVM_TRV_MEMBER, 20, 2, 1);
	TELL(s, "overflow", OVERFLOW, .b = s->position);
	TELL(s, "discard", DISCARD, .stream_id = B, .pasid = 5, .index = 9, .flags = R | P, .b = member, .id = 20, .code = IOVM_TRC_OVERFLOW);
	story_dispatch(s, 0, 11);
}

static void invalidation(struct story *s)
{
	dma(s, "old", A, 5, 1, 0x1000, true);
	TELL(s, "inv.call", INV_CALL, .mm = 1, .a = 0x1000, .b = 0x1fff, .id = 1);
	TELL(s, "inv.tlb", CMD, .code = IOVM_CMD_TLB, .id = ASID + 1, .a = 0x1000, .b = 0x1fff);
	fence(s, "inv.t", 0);
	TELL(s, "inv.atc-a", CMD, .code = IOVM_CMD_ATC, .stream_id = A, .pasid = 5, .a = 0x1000, .b = 0x1fff);
	TELL(s, "inv.atc-b", CMD, .code = IOVM_CMD_ATC, .stream_id = B, .pasid = 5, .a = 0x1000, .b = 0x1fff);
	fence(s, "inv.a", 0);
	TELL(s, "inv.ret", INV_RET, .mm = 1, .a = 0x1000, .b = 0x1fff, .id = 1);
	dma(s, "new", A, 5, 1, 0x1000, true);
}

static void first_unbind(struct story *s)
{
	unbind(s, "un1", false, A, 1, 5, 1, 1, 0);
	quiet(s, "un1", A, 5, 1, 1);
	forget(s, "un1", A, 5, 0, 0);
	unbind(s, "un1", true, A, 1, 5, 1, 1, 0);
	dma(s, "b", B, 5, 1, 0x1000, true);
	snapshot(s, "un1", A, 5, 1, 1);
	story_dispatch(s, 1, 0);
	story_call_back(s, "un1", A, 5, 1, 1, IOVM_UNBOUND);
	TELL(s, "un1.end", BOND_END, .stream_id = A, .pasid = 5, .bond = 1, .context = 1);
	story_dispatch(s, 0, 0);
}

static void death(struct story *s)
{
	TELL(s, "exit.call", EXIT_CALL, .mm = 1, .context = 1);
	quiet(s, "exit", B, 5, 2, 1);
	forget(s, "exit", B, 5, ASID + 1, 0);
	TELL(s, "exit.ret", EXIT_RET, .mm = 1, .context = 1);
	story_call_back(s, "dead", B, 5, 2, 1, IOVM_SHUTDOWN);
	unbind(s, "un2", false, B, 1, 5, 2, 1, 0);
	unbind(s, "un2", true, B, 1, 5, 2, 1, 0);
	snapshot(s, "un2", B, 5, 2, 1);
	story_call_back(s, "un2", B, 5, 2, 1, IOVM_UNBOUND);
	TELL(s, "un2.end", BOND_END, .stream_id = B, .pasid = 5, .bond = 2, .context = 1);
	TELL(s, "free", FREE, .pasid = 5, .context = 1);
	TELL(s, "unwatch", UNWATCH, .mm = 1, .context = 1);
	story_dispatch(s, 0, 0);
}

static void quarantine(struct story *s)
{
	bind(s, A, 2, 6, 3, 2, true);
	unbind(s, "un3", false, A, 2, 6, 3, 2, 0);
	quiet(s, "un3", A, 6, 3, 2);
	forget(s, "un3", A, 6, ASID + 2, IOVM_E_ATC);
	TELL(s, "suspect", SUSPECT, .stream_id = A);
	TELL(s, "quarantine", QUARANTINE, .stream_id = A, .pasid = 6, .bond = 3, .context = 2);
	unbind(s, "un3", true, A, 2, 6, 3, 2, IOVM_E_TIMEDOUT);
	snapshot(s, "un3", A, 6, 3, 2);
	story_call_back(s, "un3", A, 6, 3, 2, IOVM_UNBOUND);
	TELL(s, "un3.end", BOND_END, .stream_id = A, .pasid = 6, .bond = 3, .context = 2);
	TELL(s, "reset", DEVICE, .stream_id = A, .id = 1, .code = IOVM_TRD_RESET_BEGIN);
	TELL(s, "reset", RESET, .stream_id = A);
	TELL(s, "reset", DEVICE, .stream_id = A, .id = 1, .code = IOVM_TRD_RESET_DONE);
	TELL(s, "release", RELEASE, .pasid = 6, .context = 2);
	TELL(s, "free2", FREE, .pasid = 6, .context = 2);
	TELL(s, "unwatch", UNWATCH, .mm = 2, .context = 2);
	story_dispatch(s, 0, 0);
}

struct story *story_new(void)
{
	struct story *s = calloc(1, sizeof *s);

	ck_assert_ptr_nonnull(s);
	TELL(s, "iommu", IOMMU, .a = 64, .b = 64);
	device(s, A, 1, true);
	device(s, B, 2, false);
	bind(s, A, 1, 5, 1, 1, true);
	bind(s, B, 1, 5, 2, 1, false);
	requests(s);
	invalidation(s);
	first_unbind(s);
	death(s);
	quarantine(s);
	return s;
}
