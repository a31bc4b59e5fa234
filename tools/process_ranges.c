/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Ranges of pages, sorted and joined. Requests of several groups arrive in the devices' order; the kernel is asked once for each stretch
 * of memory, whoever wanted which page of it.
 */
#include <stdlib.h>
#include <string.h>
#include "process.h"

bool ranges_add(struct process_ranges *rs, uint64_t first, uint64_t last)
{
	if (rs->n == PROCESS_RANGES)
		return false;
	rs->r[rs->n++] = (struct process_range){ first & ~(PROCESS_PAGE - 1), last | (PROCESS_PAGE - 1) };
	return true;
}

static int by_first(const void *left, const void *right)
{
	const struct process_range *a = left, *b = right;

	return a->first < b->first ? -1 : a->first > b->first;
}

void ranges_join(struct process_ranges *rs)
{
	unsigned to = 0;

	qsort(rs->r, rs->n, sizeof(rs->r[0]), by_first);
	for (unsigned i = 1; i < rs->n; i++) {
		if (rs->r[to].last != UINT64_MAX && rs->r[i].first > rs->r[to].last + 1)
			rs->r[++to] = rs->r[i];
		else if (rs->r[i].last > rs->r[to].last)
			rs->r[to].last = rs->r[i].last;
	}
	rs->n = rs->n ? to + 1 : 0;
	memset(rs->failed, 0, sizeof(rs->failed));
}

bool ranges_failed(const struct process_ranges *rs, unsigned i)
{
	return rs->failed[i / 64] >> i % 64 & 1;
}

void ranges_fail(struct process_ranges *rs, unsigned i)
{
	rs->failed[i / 64] |= UINT64_C(1) << i % 64;
}

uint64_t ranges_pages(const struct process_ranges *rs)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < rs->n; i++)
		if (!ranges_failed(rs, i))
			pages += (rs->r[i].last - rs->r[i].first) / PROCESS_PAGE + 1;
	return pages;
}

bool ranges_hold(const struct process_ranges *rs, uint64_t first, uint64_t last)
{
	for (unsigned i = 0; i < rs->n; i++)
		if (rs->r[i].first <= first && last <= rs->r[i].last)
			return !ranges_failed(rs, i);
	return false;
}
