/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* One SMMU whose commands run when the test says so, and the driver's queue called as the core's holder does. */
#ifndef TESTS_SMMU_CMDQ_H
#define TESTS_SMMU_CMDQ_H
#include "smmu_mock.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"

enum { LOG = 8192 };
static const uint32_t ids[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 3, 3, 16 };
static const struct iovm_function one = { .stream_ids = ids, .nstream_ids = 1 }, sixteen = { .stream_ids = ids, .nstream_ids = 16 };

struct rig {
	struct mock_host *h;
	struct mock *m;
	struct iovm__smmu *s;
	struct iovm_blame blame;
	unsigned long base;	/* of what the mock counts: commands before the first ticket that the test gets, less the driver's own count */
};

static inline struct rig rig_new(unsigned log2, unsigned sync)
{
	struct rig r = { .h = mock_host_new() };
	struct iovm_smmuv3_config config = mock_config(&r.h->m);

	config.cmdq_log2 = (uint8_t)log2;
	config.sync = (uint8_t)sync;
	ck_assert_int_eq(mock_host_add(r.h, &config), 0);
	r.m = &r.h->m;
	r.s = r.h->smmu;
	r.m->stepwise = true;
	r.base = r.m->count - load_rlx(&r.s->cmdq.prod);
	return r;
}

static inline void rig_del(struct rig *r)
{
	r->m->fail_times = 0;
	r->m->stepwise = false;
	mock_host_del(r->h);
}

/* The driver's numbers begin anew at first, in the queue too */
static inline void begin_at(struct rig *r, unsigned long first)
{
	r->m->stepwise = false;
	ck_assert_int_eq(iovm_smmuv3_disable(r->h->iommu), 0);
	store_rlx(&r->s->cmdq.prod, first - 6);	/* enabling takes three commands and their SYNCs */
	ck_assert_int_eq(iovm_smmuv3_enable(r->h->iommu), 0);
	ck_assert_uint_eq(load_rlx(&r->s->cmdq.prod), first);
	r->m->stepwise = true;
	r->base = r->m->count - first;
}

/* "TTF": commands by letter. R page response, S answer to a stall, E entry, T one page, L a range, A ATC of one stream, W of sixteen, F fence */
static inline unsigned commands(struct iovm_cmd *cmd, const char *text)
{
	unsigned n = 0;

	for (; *text; text++, n++)
		switch (*text) {
		case 'R':
			cmd[n] = (struct iovm_cmd){ .op = IOVM_CMD_ANSWER, .index = (uint16_t)n, .stream_id = 70 + n, .pasid = IOVM_NO_PASID };
			break;
		case 'S':
			cmd[n] = (struct iovm_cmd){ .op = IOVM_CMD_ANSWER, .flags = IOVM_CMD_STALL, .index = (uint16_t)n, .stream_id = 80 + n };
			break;
		case 'E':
			cmd[n] = (struct iovm_cmd){ .op = IOVM_CMD_ENTRY, .pasid = n, .fn = &one };
			break;
		case 'T':
		case 'L':
			cmd[n] = (struct iovm_cmd){ .op = IOVM_CMD_TLB, .format = IOVM_TABLE_AARCH64_S1, .pasid = IOVM_NO_PASID, .asid = 1 + n,
						    .first = 0x1000, .last = *text == 'T' ? 0x1fff : 0x1000000ull * (n + 1) + 0x3fff };
			break;
		case 'A':
		case 'W':
			cmd[n] = (struct iovm_cmd){ .op = IOVM_CMD_ATC, .pasid = 5, .first = 0, .last = UINT64_MAX, .fn = *text == 'A' ? &one : &sixteen };
			break;
		default:
			cmd[n] = (struct iovm_cmd){ .op = IOVM_CMD_FENCE, .pasid = IOVM_NO_PASID };
		}
	return n;
}

static inline unsigned long submit(struct rig *r, const char *text)	/* all of it, at once; the last one's ticket */
{
	struct iovm_cmd cmd[64];
	unsigned n = commands(cmd, text);
	unsigned long ticket = 0;

	ck_assert_int_eq(iovm__smmu_submit(r->s, cmd, n, &ticket), (int)n);
	return ticket;
}

static inline int reached(struct rig *r, unsigned long ticket)
{
	return iovm__smmu_reached(r->s, ticket);
}

static inline int recover(struct rig *r)
{
	return iovm__smmu_recover(r->s, &r->blame);
}

static inline void settle(struct rig *r)	/* to the end, mended as often as it stops */
{
	unsigned i;

	for (i = 0; i < 100; i++) {
		mock_run(r->m, ~0u);
		if (!mock_active(r->m))
			return;
		ck_assert_int_ge(recover(r), 0);
	}
	ck_abort_msg("it never runs again");
}

#endif
