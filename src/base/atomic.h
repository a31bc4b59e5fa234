/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * C11 atomics whose names carry the order: rlx, acq, rel, ar (acquire and release), sc. Nothing here is wider than a pointer, so that 32-bit
 * hosts need no library call. Plain C11 underneath: an explorer or ThreadSanitizer sees every operation.
 */
#ifndef IOVM_BASE_ATOMIC_H
#define IOVM_BASE_ATOMIC_H
#include <stdatomic.h>

#define load_rlx(p)		atomic_load_explicit(p, memory_order_relaxed)
#define load_acq(p)		atomic_load_explicit(p, memory_order_acquire)
#define load_sc(p)		atomic_load_explicit(p, memory_order_seq_cst)
#define store_rlx(p, v)		atomic_store_explicit(p, v, memory_order_relaxed)
#define store_rel(p, v)		atomic_store_explicit(p, v, memory_order_release)
#define store_sc(p, v)		atomic_store_explicit(p, v, memory_order_seq_cst)
#define xchg_ar(p, v)		atomic_exchange_explicit(p, v, memory_order_acq_rel)
#define xchg_sc(p, v)		atomic_exchange_explicit(p, v, memory_order_seq_cst)
#define add_rlx(p, v)		atomic_fetch_add_explicit(p, v, memory_order_relaxed)
#define add_ar(p, v)		atomic_fetch_add_explicit(p, v, memory_order_acq_rel)
#define add_sc(p, v)		atomic_fetch_add_explicit(p, v, memory_order_seq_cst)
#define sub_ar(p, v)		atomic_fetch_sub_explicit(p, v, memory_order_acq_rel)
#define sub_sc(p, v)		atomic_fetch_sub_explicit(p, v, memory_order_seq_cst)
#define or_rlx(p, v)		atomic_fetch_or_explicit(p, v, memory_order_relaxed)
#define or_sc(p, v)		atomic_fetch_or_explicit(p, v, memory_order_seq_cst)
#define or_ar(p, v)		atomic_fetch_or_explicit(p, v, memory_order_acq_rel)
#define and_ar(p, v)		atomic_fetch_and_explicit(p, v, memory_order_acq_rel)
#define and_sc(p, v)		atomic_fetch_and_explicit(p, v, memory_order_seq_cst)
#define fence_sc()		atomic_thread_fence(memory_order_seq_cst)

/* cas_xx(p, &expected, v): true if it was expected; otherwise expected holds what was there, read with acquire */
#define cas_rlx(p, e, v)	atomic_compare_exchange_strong_explicit(p, e, v, memory_order_relaxed, memory_order_relaxed)
#define cas_ar(p, e, v)		atomic_compare_exchange_strong_explicit(p, e, v, memory_order_acq_rel, memory_order_acquire)
#define cas_sc(p, e, v)		atomic_compare_exchange_strong_explicit(p, e, v, memory_order_seq_cst, memory_order_acquire)

/* A counter with one writer at a time that others may read: no locked instruction */
#define count_up(p, n)		store_rlx(p, load_rlx(p) + (n))

#endif
