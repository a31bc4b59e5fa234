/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Chance and its book-keeping. All chance is iovm_choose(). A fault is drawn with iovm_sim_fault() where it may happen, and counted with iovm_sim_injected()
 * where its effect reaches the engine: between the two it may come to nothing.
 *
 * With the world's own PRNG "one in n" is meant literally. Somebody who chooses himself (a search, a replay) is asked a yes-or-no question.
 */
#include "backends/sim/endpoint.h"

static uint64_t next_random(struct iovm_sim *sim)	/* splitmix64 */
{
	uint64_t z = sim->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned iovm_choose(struct iovm_sim *sim, unsigned n, const char *point)
{
	if (n <= 1)
		return 0;
	if (sim->config.choose)
		return sim->config.choose(sim->config.choose_ctx, n, point) % n;
	return (unsigned)((next_random(sim) >> 32) * n >> 32);
}

bool iovm__chance(struct iovm_sim *sim, unsigned one_in, const char *point)
{
	if (sim->config.choose)
		return sim->config.choose(sim->config.choose_ctx, 2, point) == 1;
	return iovm_choose(sim, one_in ? one_in : 1, point) == one_in - 1;
}

bool iovm_sim_fault(struct iovm_sim *sim, unsigned number, unsigned one_in)
{
	static const char points[10][10][4] = {
#define D(t) { t "0", t "1", t "2", t "3", t "4", t "5", t "6", t "7", t "8", t "9" }
		D("F0"), D("F1"), D("F2"), D("F3"), D("F4"), D("F5"), D("F6"),
#undef D
	};

	return number < 64 && iovm__injects(sim, number) && iovm__chance(sim, one_in, points[number / 10][number % 10]);
}

void iovm__injected_stream(struct iovm_sim *sim, unsigned number, unsigned iommu, uint32_t stream_id)
{
	sim->stats.injected[number]++;
	SIM_TRACE(sim, INJECT, .iommu = (uint8_t)iommu, .stream_id = stream_id, .pasid = IOVM_NO_PASID, .id = number);
}

void iovm_sim_injected(struct iovm_sim *sim, unsigned number, const struct iovm_sim_ep *ep)
{
	iovm__injected_stream(sim, number, ep ? ep->node->index : 0, ep ? ep->ids[0] : 0);
}
