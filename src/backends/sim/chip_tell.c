/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What a chip does, as records. The driver's ticket of a command is its number from 1, and here it is found out from the queue's index. A fence is told with what it has to
 * answer for: a command in front of it that was taken for illegal, device TLBs that did not answer.
 */
#include "backends/sim/chip.h"
#include "backends/sim/smmuv3/bits.h"

static unsigned op_of(const uint64_t w[2])
{
	return FIELD(w[0], 0, 8);
}

static bool is_answer(const uint64_t w[2])
{
	return op_of(w) == CMD_PRI_RESP || op_of(w) == CMD_RESUME;
}

/* ---- commands ----------------------------------------------------------------------------------------------------------------------------- */

/* The range of a TLBI (4.4.1), and without an address everything */
static void tlbi(const uint64_t w[2], struct iovm_trace *r)
{
	static const uint8_t granules[4] = { 12, 12, 14, 16 };
	unsigned tg = FIELD(w[1], 10, 2);
	bool by_address = cmd_by_address(op_of(w));
	uint64_t pages = tg ? FIELD(w[0], 12, 5) + 1 : 1;

	r->code = IOVM_CMD_TLB;
	r->stream_id = 0;
	r->id = FIELD(w[0], 48, 16);
	r->a = by_address ? w[1] & ONES(12, 63) : 0;
	r->b = by_address ? r->a + (pages << (granules[tg] + (tg ? FIELD(w[0], 20, 5) : 0))) - 1 : UINT64_MAX;
}

static struct iovm_trace exec_of(const uint64_t w[2])
{
	static const uint8_t codes[4] = { IOVM_RESP_FAILURE, IOVM_RESP_INVALID, IOVM_RESP_SUCCESS, IOVM_RESP_FAILURE };
	struct iovm_trace r = { .event = IOVM_TR_EXEC, .stream_id = FIELD(w[0], 32, 32), .pasid = IOVM_NO_PASID };
	unsigned size = FIELD(w[1], 0, 6);

	switch (op_of(w)) {
	case CMD_CFGI_STE: case CMD_CFGI_STE_RANGE: case CMD_CFGI_CD_ALL:
		r.code = IOVM_CMD_ENTRY;
		r.flags = IOVM_CMD_STREAM;
		break;
	case CMD_CFGI_CD:
		r.code = IOVM_CMD_ENTRY;
		r.pasid = FIELD(w[0], 12, 20);
		break;
	case CMD_ATC_INV:
		r.code = IOVM_CMD_ATC;
		r.pasid = w[0] & BIT64(11) ? FIELD(w[0], 12, 20) : IOVM_NO_PASID;
		r.a = size >= 52 ? 0 : w[1] & ONES(12 + size, 63);
		r.b = size >= 52 ? UINT64_MAX : r.a + ((UINT64_C(1) << (12 + size)) - 1);
		break;
	case CMD_PRI_RESP:
		r.code = IOVM_CMD_ANSWER;
		r.pasid = w[0] & BIT64(11) ? FIELD(w[0], 12, 20) : IOVM_NO_PASID;
		r.index = (uint16_t)FIELD(w[1], 0, 9);
		r.a = codes[FIELD(w[1], 12, 2)];
		break;
	case CMD_RESUME:
		r.code = IOVM_CMD_ANSWER;
		r.flags = IOVM_CMD_STALL;
		r.index = (uint16_t)FIELD(w[1], 0, 16);
		r.a = w[0] & BIT64(12) ? IOVM_RESP_SUCCESS : IOVM_RESP_INVALID;
		break;
	case CMD_STALL_TERM:
		r.code = IOVM_CMD_ANSWER;
		r.flags = IOVM_CMD_STALL | IOVM_CMD_STREAM;
		break;
	default: tlbi(w, &r);
	}
	return r;
}

static void exec(struct iovm__chip *chip, const uint64_t w[2])
{
	struct iovm_trace r = exec_of(w);

	r.iommu = (uint8_t)chip->node->index;
	iovm__trace(chip->sim, &r);
	if (op_of(w) == CMD_RESUME)
		SIM_TRACE(chip->sim, ANSWERED, .iommu = r.iommu, .stream_id = r.stream_id, .pasid = IOVM_NO_PASID, .index = r.index, .code = (int16_t)r.a,
			  .flags = IOVM_REQ_STALL);
}

static void tell_oldest(struct iovm__chip *chip)
{
	SIM_TRACE(chip->sim, FENCE_DONE, .iommu = (uint8_t)chip->node->index, .pasid = IOVM_NO_PASID, .b = chip->done[0].ticket,
		  .a = chip->done[0].at, .code = chip->done[0].error);
	memmove(&chip->done[0], &chip->done[1], --chip->ndone * sizeof chip->done[0]);
}

static void fence(struct iovm__chip *chip, uint64_t ticket, uint64_t msi, int error)
{
	if (chip->told == ticket)	/* it failed before, and is complete now */
		return;
	chip->told = ticket;
	if (chip->ndone == IOVM__CHIP_DONE)
		tell_oldest(chip);
	chip->done[chip->ndone].ticket = ticket;
	chip->done[chip->ndone].at = chip->sim->ordinal;
	chip->done[chip->ndone].msi = msi;
	chip->done[chip->ndone++].error = (int16_t)error;
}

/* A fence is complete when the driver can see it: CMDQ_CONS may lag behind what was carried out, and an MSI behind that, unless CMDQ_CONS is read first */
void iovm__chip_told(struct iovm__chip *chip, bool read)
{
	uint32_t mask = (2u << chip->sim->config.cmdq_log2) - 1, cons = iovm__chip_register(chip, O_CMDQ_CONS) & mask;
	uint64_t shown = chip->commands - (((uint32_t)chip->commands - cons) & mask);

	while (chip->ndone && chip->done[0].ticket <= shown && (read || !chip->done[0].msi))
		tell_oldest(chip);
}

void iovm__chip_msi(struct iovm__chip *chip, uint64_t addr)
{
	unsigned i;

	for (i = 0; i < chip->ndone; i++)
		if (chip->done[i].msi == addr)
			chip->done[i].msi = 0;
}

static void stopped(struct iovm__chip *chip, const uint64_t w[2], uint64_t ticket, unsigned error)
{
	if (error == CERROR_ATC_INV_SYNC) {
		fence(chip, ticket, 0, IOVM_E_ATC);
		while (chip->ndone)	/* an error is seen at once */
			tell_oldest(chip);
	}
	if (error != CERROR_ILL)
		return;
	if (chip->ill == ticket && !is_answer(w)) {	/* again: the driver replaces it; no fence stands for an answer */
		chip->bad = ticket;
		chip->bad_fence = op_of(w) == CMD_SYNC;
	}
	chip->ill = ticket;
}

void iovm__chip_command(void *vchip, const uint64_t w[2], uint32_t index, unsigned error)
{
	struct iovm__chip *chip = vchip;
	unsigned log2 = chip->sim->config.cmdq_log2;
	uint64_t ticket;

	chip->commands += (index - (uint32_t)chip->commands) & ((2u << log2) - 1);
	ticket = chip->commands + 1;
	if (error) {
		stopped(chip, w, ticket, error);
		return;
	}
	chip->commands = ticket;
	if (op_of(w) != CMD_SYNC) {
		exec(chip, w);
	} else if (ticket != chip->bad || chip->bad_fence) {	/* else it only stands in for another command */
		fence(chip, ticket, FIELD(w[0], 12, 2) == 1 ? w[1] & ONES(2, 55) : 0, chip->bad ? IOVM_E_HARDWARE : 0);
		chip->bad = 0;
		chip->bad_fence = false;
	}
}

/* ---- output queues ---------------------------------------------------------------------------------------------------------------------------- */

void iovm__chip_mark(struct iovm__chip *chip, unsigned queue, uint64_t position, unsigned fault, uint32_t stream_id)
{
	struct iovm__chip_queue *q = &chip->queue[queue];

	q->mark[position & ((UINT64_C(1) << q->log2) - 1)] = (struct iovm__chip_mark){ .stream_id = stream_id, .fault = (uint8_t)fault };
}

void iovm__chip_consumed(struct iovm__chip *chip, unsigned queue, uint32_t cons)
{
	struct iovm__chip_queue *q = &chip->queue[queue];
	uint64_t mask = (UINT64_C(1) << q->log2) - 1, end = q->cons + ((cons - (uint32_t)q->cons) & (2 * mask + 1));

	for (; q->cons != end && q->cons != q->prod; q->cons++) {
		const struct iovm__chip_mark *mark = &q->mark[q->cons & mask];

		if (mark->fault)
			iovm__chip_injected(chip, mark->fault, mark->stream_id);
	}
	if (q->overflow && !((cons ^ iovm__chip_register(chip, queue == IOVM__CHIP_PRI ? O_PRIQ_PROD : O_EVENTQ_PROD)) & OVFLG)) {
		q->overflow = false;
		iovm__chip_injected(chip, queue == IOVM__CHIP_PRI ? 24 : 25, 0);
	}
}

/* A stalled access has become a record that the engine will see; of others only the place counts */
void iovm__chip_event(void *vchip, const uint64_t w[4], uint64_t position)
{
	struct iovm__chip *chip = vchip;
	struct iovm__chip_queue *q = &chip->queue[IOVM__CHIP_EVENTS];
	uint64_t at = q->base + position;
	bool stall = FIELD(w[0], 0, 8) >= F_TRANSLATION && FIELD(w[0], 0, 8) <= F_PERMISSION && w[1] & BIT64(31);
	struct iovm_trace r = { .event = IOVM_TR_RX, .iommu = (uint8_t)chip->node->index, .stream_id = FIELD(w[0], 32, 32), .index = (uint16_t)FIELD(w[1], 0, 16),
				.pasid = w[0] & BIT64(11) ? FIELD(w[0], 12, 20) : IOVM_NO_PASID, .a = w[2] & ~(uint64_t)4095,
				.flags = (uint8_t)(IOVM_REQ_STALL | IOVM_REQ_LAST | (w[1] & BIT64(35) ? IOVM_REQ_READ : IOVM_REQ_WRITE) |
						   (w[1] & BIT64(34) ? IOVM_REQ_EXEC : 0) | (w[1] & BIT64(33) ? IOVM_REQ_PRIV : 0) | (w[0] & BIT64(11) ? IOVM_REQ_PASID : 0)) };

	q->prod = at + 1;
	iovm__chip_mark(chip, IOVM__CHIP_EVENTS, at, stall && chip->asking ? chip->asking->fault : 0, r.stream_id);
	if (!stall)
		return;
	chip->sim->stats.requests_emitted++;
	r.b = iovm__ep_ordinal(iovm__bus_find(&chip->node->bus, r.stream_id));
	iovm__trace(chip->sim, &r);
	r.event = IOVM_TR_ACC;
	r.b = at;
	r.id = 1;
	iovm__trace(chip->sim, &r);
}
