/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Who sits behind an IOMMU: devices by StreamID. */
#include "backends/sim/bus.h"

struct iovm_sim_ep *iovm__bus_find(const struct iovm__bus *bus, uint32_t stream_id)
{
	return map_get(&bus->eps, stream_id);
}

void iovm__bus_seat(struct iovm__bus *bus, uint32_t stream_id, struct iovm_sim_ep *ep)
{
	struct iovm_sim_ep *old = iovm__bus_find(bus, stream_id);

	if (ep)
		(void)map_put(&bus->eps, stream_id, ep);
	else if (map_take(&bus->eps, stream_id))
		bus->ops->gone(bus->hw, old);
}
