/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The stories told to a servicer that is deaf: iovm_dispatch() does nothing. What a story asserts no longer holds then, so Check's assertions become plain
 * evaluations of their arguments; a NULL that a story cannot go on with ends it. deaf.c asserts instead what is promised without a servicer, of each call:
 * invalidate, mm_exit and unbind return within port.wait's limit, with a documented code, and a 0 from the last two is kept: no device reaches the mm.
 */
#ifndef TESTS_SCENARIO_DEAF_H
#define TESTS_SCENARIO_DEAF_H
#include <iovm/sim.h>
#include <check.h>
#include <setjmp.h>

enum deaf_call { DEAF_INVALIDATE, DEAF_MM_EXIT, DEAF_UNBIND };
struct deaf_frame { struct deaf_frame *outer; enum deaf_call call; struct iovm_trace *about; bool last; unsigned turns; };

void deaf_enter(struct deaf_frame *frame, struct iovm_trace *about, enum deaf_call call);
int deaf_leave(struct deaf_frame *frame, int result);
void deaf_new(void);			/* a world begins; one at a time */
void deaf_meet(struct iovm_sim_ep *ep);
void deaf_try(struct iovm_sim *sim);	/* before it ends, every device tries every PASID that it ever had */
void deaf_fill(void *mm);		/* nobody brings a page later: all of a space's are there */
void deaf_note(const struct iovm_trace *rec);
extern bool (*deaf_story_wait)(void *ctx, unsigned turn);	/* the story's own; asked within the machine's limit */
bool deaf_wait(void *ctx, unsigned turn);
extern jmp_buf deaf_end;		/* of the story */

#define BOTH(a, b) ((void)(a), (void)(b))
#define NEEDED(p) do { if (!(p)) longjmp(deaf_end, 1); } while (0)
#undef ck_assert
#undef ck_assert_msg
#undef ck_assert_int_eq
#undef ck_assert_int_ne
#undef ck_assert_int_lt
#undef ck_assert_int_le
#undef ck_assert_int_gt
#undef ck_assert_int_ge
#undef ck_assert_uint_eq
#undef ck_assert_uint_ne
#undef ck_assert_uint_lt
#undef ck_assert_uint_le
#undef ck_assert_uint_gt
#undef ck_assert_uint_ge
#undef ck_assert_str_eq
#undef ck_assert_ptr_null
#undef ck_assert_ptr_nonnull
#define ck_assert(e) ((void)(e))
#define ck_assert_msg(e, ...) ((void)(e))
#define ck_assert_int_eq BOTH
#define ck_assert_int_ne BOTH
#define ck_assert_int_lt BOTH
#define ck_assert_int_le BOTH
#define ck_assert_int_gt BOTH
#define ck_assert_int_ge BOTH
#define ck_assert_uint_eq BOTH
#define ck_assert_uint_ne BOTH
#define ck_assert_uint_lt BOTH
#define ck_assert_uint_le BOTH
#define ck_assert_uint_gt BOTH
#define ck_assert_uint_ge BOTH
#define ck_assert_str_eq BOTH
#define ck_assert_ptr_null(p) ((void)(p))
#define ck_assert_ptr_nonnull NEEDED

#endif
