/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Requests on their way to the engine (SMMU chapter 8). Queue 0 holds page requests: when it is full it freezes; until the engine has consumed all that was
 * there, members and Stop Markers are dropped silently and a Last is answered Success by the IOMMU itself. Queue 1 holds stalls, which are
 * never dropped: it has room for all that may be outstanding.
 *
 * The interrupt comes when the queue was empty (SMMU 3.18.2), and when an entry that was late becomes visible.
 */
#include "base/env.h"
#include "backends/sim/iommu.h"

static bool is_marker(const struct iovm_request *req)
{
	return (req->flags & (IOVM_REQ_LAST | IOVM_REQ_PASID | IOVM_REQ_READ | IOVM_REQ_WRITE)) == (IOVM_REQ_LAST | IOVM_REQ_PASID);
}

static void drop(struct iovm__iommu_hw *hw, const struct iovm_request *req)
{
	SIM_REQUEST(hw->node, DROP, req, .a = req->addr, .code = 1);
	hw->sim->stats.requests_dropped++;
	if ((req->flags & IOVM_REQ_LAST) && !is_marker(req))
		iovm__node_answer(hw->node, req, IOVM_RESP_SUCCESS);
}

/* A full queue freezes; F24: it says that it is full. One request of its own must be in it, or nobody would come and see. */
static bool freezes(struct iovm__iommu_hw *hw)
{
	if (hw->overflow)
		return true;
	if (hw->prod[0] - hw->cons[0] == hw->size[0]) {
		hw->overflow = true;
	} else if (hw->prod[0] != hw->cons[0] && iovm_sim_fault(hw->sim, 24, 200)) {
		hw->overflow = hw->overflow_injected = true;
	}
	return hw->overflow;
}

void iovm__queue_put(void *vhw, const struct iovm_request *req, unsigned fault)
{
	struct iovm__iommu_hw *hw = vhw;
	unsigned q = req->queue;
	struct iovm__queued *e;
	bool empty = hw->prod[q] == hw->cons[q];

	hw->sim->stats.requests_emitted++;
	SIM_REQUEST(hw->node, RX, req, .a = req->addr, .b = iovm__ep_ordinal(iovm__bus_find(&hw->node->bus, req->stream_id)));
	if (q == 0 && freezes(hw)) {
		drop(hw, req);
		return;
	}
	IOVM_ASSERT(hw->prod[q] - hw->cons[q] < hw->size[q]);
	e = &hw->queue[q][hw->prod[q] & (hw->size[q] - 1)];
	*e = (struct iovm__queued){ .req = *req, .fault = (uint8_t)fault };
	e->req.position = hw->prod[q]++;
	if (iovm_sim_fault(hw->sim, 27, 100))
		e->visible = hw->sim->now + 500 + 500 * iovm_choose(hw->sim, 8, "late");
	SIM_REQUEST(hw->node, ACC, req, .a = req->addr, .b = e->req.position, .id = q);
	if (empty)
		iovm__node_irq(hw->node);
}

/* If it is not yet, its own interrupt follows: MORE would say that it can be had now */
static bool visible(struct iovm__iommu_hw *hw, struct iovm__queued *e)
{
	if (e->visible <= hw->sim->now)
		return true;
	iovm__injected_stream(hw->sim, 27, hw->node->index, e->req.stream_id);
	if (e->visible < hw->node->irq_at) {
		hw->node->irq_at = e->visible;
		iovm__sched_timer(hw->sim, e->visible);
	}
	return false;
}

static unsigned take(struct iovm__iommu_hw *hw, unsigned q, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct iovm__queued *e;
	unsigned n = 0;

	for (; hw->cons[q] != hw->prod[q]; n++) {
		e = &hw->queue[q][hw->cons[q] & (hw->size[q] - 1)];
		if (!visible(hw, e))
			break;
		if (n == max) {
			out->flags |= IOVM_POLL_MORE;
			break;
		}
		req[n] = e->req;
		hw->cons[q]++;
		if (e->fault)
			iovm__injected_stream(hw->sim, e->fault, hw->node->index, e->req.stream_id);
	}
	out->consumed[q] = hw->cons[q];
	return n;
}

unsigned iovm__queue_poll(void *vhw, struct iovm_request *req, unsigned max, struct iovm_poll *out)
{
	struct iovm__iommu_hw *hw = vhw;
	unsigned n;

	*out = (struct iovm_poll){ .flags = hw->run == IOVM__HW_DEAD ? IOVM_POLL_DEAD : 0 };
	n = take(hw, 1, req, max, out);
	n += take(hw, 0, req + n, max - n, out);
	if (hw->overflow && hw->cons[0] == hw->prod[0]) {
		out->flags |= IOVM_POLL_OVERFLOW;
		hw->overflow = false;
		if (hw->overflow_injected)
			iovm_sim_injected(hw->sim, 24, NULL);
		hw->overflow_injected = false;
	}
	return n;
}

void iovm__queue_newest(void *vhw, uint64_t pos[2])
{
	const struct iovm__iommu_hw *hw = vhw;

	pos[0] = hw->prod[0];
	pos[1] = hw->prod[1];
}

bool iovm__queue_used(const void *vhw)
{
	const struct iovm__iommu_hw *hw = vhw;

	return hw->prod[0] != hw->cons[0] || hw->prod[1] != hw->cons[1] || hw->overflow;
}
