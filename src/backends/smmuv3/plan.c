/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From one form of a record to another, while the SMMU may look at any moment.
 *
 * The SMMU reads a record word by word, and until a CFGI and its SYNC are complete it may hold any of its words as they were before the step, others as they are
 * after it (3.21.3). Only one word is ever read at once (3.21.3: 64 bits). What it makes of the mix depends on the bits that it looks at: V says whether there is
 * anything else, Config whether there is a stage 1, and so on. So there are three kinds of harmless steps:
 *
 *	ahead	only bits that nobody looks at in the record as it stands, in any number of words: every mix is the old form
 *	one	one word, when all others are right already: what is seen is the old form or the new one
 *	abort	word 0 becomes one that aborts without a look at the others: old, or abort
 *
 * Bits that both forms look at and that differ in two words can only change behind an abort: a mix of them would be a third form. That makes the plan: nothing to do; one;
 * ahead and one; abort, ahead and one. It is not kept anywhere. What is in memory says which step is next, so that whoever comes goes on with it.
 *
 * A host that stores 32 bits at once has words of two halves. Word 0 is stored such that its half with V is the first to stop and the last to start (iovm__smmu_store), so
 * from and to a form that says no more than word 0 there are no other mixes; any other word with changes in both halves counts as two.
 */
#include "backends/smmuv3/smmuv3.h"

enum { WORDS = 8 };

static bool only_word0(const uint64_t used[WORDS])
{
	uint64_t others = 0;
	unsigned i;

	for (i = 1; i < WORDS; i++)
		others |= used[i];
	return !others;
}

static bool torn(uint64_t changed)
{
	return SMMU_STORE_HALVES && (uint32_t)changed && changed >> 32;
}

unsigned iovm__smmu_plan(iovm__smmu_used_fn *used, uint64_t abort0, const uint64_t now[WORDS], const uint64_t goal[WORDS], uint64_t next[WORDS])
{
	uint64_t looks[WORDS], will_look[WORDS], changed;
	unsigned i, seen = 0, ahead = 0, one = 0, others = 0;

	used(now, looks);
	used(goal, will_look);
	memcpy(next, now, WORDS * sizeof *next);
	for (i = 0; i < WORDS; i++) {
		changed = (now[i] ^ goal[i]) & will_look[i];
		others |= i && changed;
		if (changed & looks[i]) {
			seen += torn((now[i] ^ goal[i]) & (looks[i] | will_look[i])) && !only_word0(looks) && !only_word0(will_look) ? 2 : 1;
			one = i;
		} else if (changed) {
			next[i] = (now[i] & looks[i]) | (goal[i] & ~looks[i]);
			ahead++;
		}
	}
	IOVM_ASSERT(seen || !ahead);	/* what is looked at is said by bits that are looked at */
	if (seen == 1 && !ahead)
		next[one] = goal[one];
	if (seen <= 1)
		return seen + !!ahead;
	memcpy(next, now, WORDS * sizeof *next);
	next[0] = abort0;
	return 2 + others;
}
