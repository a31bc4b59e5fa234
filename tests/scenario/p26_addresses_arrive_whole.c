/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Pitfall 26: the handler sees the address that the device asked for, all 64 bits of it, and nothing of the flags that stand beside it. */
#include "scenario.h"

static uint64_t seen_addr;

static void listen(const struct iovm_trace *rec)
{
	if (rec->event == IOVM_TR_FAULT)
		seen_addr = rec->a;
}

SCENARIO(p26_addresses_arrive_whole)
{
	static const uint64_t addr[] = { 0, 0x1000, 0x7ffffffff000, 0xfffffffff000, 0x555555555000, 0x2aaaaaaaa000 };
	struct scene s;
	unsigned i;

	scene_listener = listen;
	scene_open(&s);
	for (i = 0; i < sizeof addr / sizeof *addr; i++) {
		ck_assert_ptr_nonnull(iovm_sim_mm_map(s.mm, addr[i], addr[i] + PAGE - 1, IOVM_READ | IOVM_WRITE));
		seen_addr = 1;
		scene_ask(s.ep, s.pasid, addr[i], (uint16_t)i, LAST);
		iovm_sim_run(s.sim);
		ck_assert_uint_eq(seen_addr, addr[i]);
		ck_assert_uint_eq(iovm_sim_ep_answers(s.ep).success, i + 1);
	}
	scene_close(&s);
}
