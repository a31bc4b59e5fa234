/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* README shows this program. */
#include <iovm/sim.h>
#include <stdio.h>

static void bond(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg)
{
	puts(event == IOVM_SHUTDOWN ? "SHUTDOWN: the process died" : "UNBOUND: the last word");
	if (event == IOVM_SHUTDOWN)
		iovm_unbind_mm(dev, mm);
}

int main(void)
{
	struct iovm_sim *sim = iovm_sim_new(1);			/* devices, memory, an IOMMU, an engine */
	struct iovm_sim_ep *ep = iovm_sim_ep_new(sim, 32, 16);	/* 32 page requests at a time, 16 PASID bits */
	struct iovm_device *dev = iovm_sim_ep_device(ep);
	void *mm = iovm_sim_mm_map(iovm_sim_mm_new(sim), 0x10000, 0x1ffff, IOVM_READ | IOVM_WRITE);
	char buf[] = "hello", seen[sizeof buf];
	int pasid = iovm_device_init(dev) ? -1 : iovm_bind_mm(dev, mm, bond, NULL);

	iovm_sim_dma(ep, pasid, 0x10000, buf, sizeof buf, true);	/* no page there yet: the device has to ask */
	iovm_sim_run(sim);
	if (!iovm_sim_mm_read(mm, 0x10000, seen, sizeof seen))
		printf("PASID %d wrote \"%s\"\n", pasid, seen);
	iovm_sim_mm_kill(mm);
	iovm_sim_run(sim);
	return iovm_sim_del(sim) != 0;				/* how many rules were broken */
}
