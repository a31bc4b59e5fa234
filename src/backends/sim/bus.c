/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Who sits behind an IOMMU: devices by StreamID; and what it answers them by itself. */
#include "backends/sim/world.h"

struct iovm_sim_ep *iovm__bus_find(const struct iovm__bus *bus, uint32_t stream_id)
{
	return map_get(&bus->eps, stream_id);
}

void iovm__bus_seat(struct iovm__bus *bus, uint32_t stream_id, struct iovm_sim_ep *ep)
{
	struct iovm_sim_ep *old;

	if (ep)
		(void)map_put(&bus->eps, stream_id, ep);
	else if ((old = map_take(&bus->eps, stream_id)) != NULL)
		bus->ops->gone(bus->hw, old);
}

void iovm__node_answer(struct iovm__node *node, const struct iovm_request *req, enum iovm_response code)
{
	struct iovm_sim_ep *ep = iovm__bus_find(&node->bus, req->stream_id);
	bool named = code != IOVM_RESP_FAILURE && req->flags & IOVM_REQ_PASID;	/* a failure is about the whole interface */

	SIM_REQUEST(node, AUTO, req, .code = (int16_t)code);
	node->sim->stats.auto_responses++;
	node->sim->stats.auto_success += code == IOVM_RESP_SUCCESS;
	node->sim->stats.auto_failure += code == IOVM_RESP_FAILURE;
	if (ep)
		iovm__ep_answer(ep, named ? req->pasid : IOVM_NO_PASID, req->index, code);
}
