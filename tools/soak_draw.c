/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Every value is drawn, in one fixed order, and then overruled by what was given: naming one option leaves all others of that seed as they were.
 * The generator is its own (splitmix64 over the seed), apart from that of the machine, for the same reason.
 *
 * The lists are weighted by repetition. Small PASID spaces are where reuse and exhaustion are; 20 bits is where tables are large; a command queue
 * of 2^3 is full most of the time. Stalls alone are rare, because most faults are those of page requests.
 */
#include <iovm/smmuv3.h>
#include "soak_draw.h"

static uint64_t next(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static unsigned one_of(uint64_t *state, const uint8_t *list, unsigned n)
{
	return list[next(state) % n];
}

static unsigned between(uint64_t *state, unsigned low, unsigned high)
{
	return low + (unsigned)(next(state) % (high - low + 1));
}

#define ONE_OF(state, ...) one_of(state, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* Queues of every size that the architecture has; but one that has to be full (F31) is small. Most are mixed: what page requests and stalls do to each other is new here */
static void draw_smmuv3(const struct soak_options *o, struct soak_config *c, uint64_t *state)
{
	c->smmuv3 = true;
	c->cmdq_log2 = between(state, 1, 19);
	c->evtq_log2 = between(state, 1, 19);
	c->priq_log2 = between(state, 4, 19);
	c->sync = between(state, IOVM_SMMUV3_SYNC_CONS, IOVM_SMMUV3_SYNC_IRQ);
	c->linear = next(state) % 4 == 0;
	c->ranges = next(state) % 4 != 0;
	c->kinds = ONE_OF(state, SOAK_KINDS_MIXED, SOAK_KINDS_MIXED, SOAK_KINDS_MIXED, SOAK_KINDS_MIXED, SOAK_KINDS_PRI, SOAK_KINDS_STALL);
	if (o->inject == UINT64_C(1) << 31 && c->cmdq_log2 > 4)
		c->cmdq_log2 = 4;
}

/* A crowd larger than any that is drawn, with hardly a PASID or a place in the queue for each, would be idle */
static void provide(const struct soak_options *o, struct soak_config *c)
{
	if (!o->pasid_bits && c->pasid_bits < 8)
		c->pasid_bits = 8;
	while (!o->priq_log2 && 1u << c->priq_log2 < 2 * c->devices)
		c->priq_log2++;
}

void soak_draw(const struct soak_options *o, struct soak_config *c)
{
	bool alone = o->inject && !(o->inject & (o->inject - 1));	/* one fault asked for: see to it that some device can do it */
	uint64_t state = o->seed;

	*c = (struct soak_config) {
		.kinds = ONE_OF(&state, SOAK_KINDS_PRI, SOAK_KINDS_PRI, SOAK_KINDS_STALL, SOAK_KINDS_MIXED, SOAK_KINDS_MIXED, SOAK_KINDS_MIXED),
		.iommus = between(&state, 1, 3),
		.pasid_bits = ONE_OF(&state, 1, 1, 2, 4, 8, 8, 12, 16, 16, 20, 20, 20),
		.devices = between(&state, 3, 12),
		.mms = between(&state, 3, 16),
		.asid_bits = ONE_OF(&state, 8, 16, 16),
		.cmdq_log2 = between(&state, 3, 8),
		.priq_log2 = between(&state, 4, 8),
		.evtq_log2 = 10,
		.threads = 1,
		.populate = "machine",
	};
	if (o->backend == SOAK_BACKEND_SMMUV3)
		draw_smmuv3(o, c, &state);
	if (alone && (c->kinds == SOAK_KINDS_STALL || o->backend == SOAK_BACKEND_SMMUV3))
		c->kinds = SOAK_KINDS_MIXED;
#define GIVEN(field) do { if (o->field) c->field = o->field; } while (0)
	GIVEN(kinds);
	GIVEN(iommus);
	GIVEN(pasid_bits);
	GIVEN(devices);
	GIVEN(mms);
	GIVEN(cmdq_log2);
	GIVEN(evtq_log2);
	GIVEN(priq_log2);
	GIVEN(threads);
#undef GIVEN
	if (c->devices > 12 || c->mms > 16)
		provide(o, c);
	if (!o->kinds && c->devices == 1 && c->kinds == SOAK_KINDS_MIXED)
		c->kinds = SOAK_KINDS_PRI;
}
