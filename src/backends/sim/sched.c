/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Who moves next, and when. A step is one choice among all that can move; when nothing can, time passes until something happens. A dispatch is due when its
 * interrupt or its bell rang, when it stopped because of its budget, and when its deadline is here.
 */
#include <stdlib.h>
#include "backends/sim/endpoint.h"

enum { HOUR_SHIFT = 42, LOST_NS = 300000, SICK_NS = 4000000 };	/* 2^42 ns: a good hour */
static const uint64_t never = UINT64_MAX;

bool iovm__list_room(struct iovm__list *list, unsigned n)
{
	void **item;

	if (n <= list->room)
		return true;
	item = realloc(list->item, 2 * n * sizeof *item);
	if (!item)
		return false;
	list->item = item;
	list->room = 2 * n;
	return true;
}

/* Every kind of item has a slot of its own type behind it: who is moved is told through the same offset */
void iovm__list_set(struct iovm__list *list, void *item, int *slot, bool in)
{
	size_t offset = (size_t)((char *)slot - (char *)item);
	void *moved;

	if (in == (*slot >= 0))
		return;
	if (in) {
		*slot = (int)list->n;
		list->item[list->n++] = item;
		return;
	}
	moved = list->item[--list->n];
	list->item[*slot] = moved;
	*(int *)((char *)moved + offset) = *slot;
	*slot = -1;
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------------- */

void iovm__sched_timer(struct iovm_sim *sim, uint64_t at)
{
	if (at < sim->next_timer)
		sim->next_timer = at;
}

static bool dispatches(const struct iovm_sim *sim)	/* at the end of the world we do, whoever did before */
{
	return !sim->config.no_dispatch || sim->settling;
}

/* A deadline of the engine, in the machine's time; never if it is not one */
static uint64_t deadline_of(struct iovm_sim *sim, const struct iovm__node *node)
{
	if (node->dead || !dispatches(sim) || node->deadline == never)
		return never;
	if (node->deadline == 0 || (int64_t)(node->deadline - iovm__host_clock(sim)) <= 0)
		return sim->now;
	return sim->now + (node->deadline - iovm__host_clock(sim));
}

static void node_timer(struct iovm_sim *sim, struct iovm__node *node)
{
	if (node->irq_at <= sim->now) {
		node->irq_at = never;
		node->irq = true;
	}
	node->ops->timer(node->bus.hw);
	iovm__node_update(node);
	iovm__sched_timer(sim, node->irq_at);
	iovm__sched_timer(sim, node->ops->next_timer(node->bus.hw));
	if (node->due_slot < 0)
		iovm__sched_timer(sim, deadline_of(sim, node));
}

static void fire(struct iovm_sim *sim)
{
	struct iovm_sim_ep *ep;
	unsigned i;

	sim->next_timer = never;
	for (i = 0; i < sim->nnodes; i++)
		node_timer(sim, sim->node[i]);
	for (i = 0; i < sim->eps.n; i++) {
		ep = sim->eps.item[i];
		if (ep->wake_at <= sim->now)
			iovm__ep_timer(ep);
		else
			iovm__sched_timer(sim, ep->wake_at);
		if (ep->sick_at && sim->now - ep->sick_at > SICK_NS && ep->device)
			iovm__list_set(&sim->resets, ep, &ep->reset_slot, true);
		else if (ep->sick_at && sim->now - ep->sick_at <= SICK_NS)
			iovm__sched_timer(sim, ep->sick_at + SICK_NS + 1);
	}
}

void iovm__sched_time(struct iovm_sim *sim, uint64_t ns)
{
	sim->now += ns;
	sim->stats.virtual_ns = sim->now;
	if (sim->now >= sim->next_timer)
		fire(sim);
}

uint64_t iovm_sim_now(const struct iovm_sim *sim)
{
	return sim->now;
}

void iovm_sim_advance(struct iovm_sim *sim, uint64_t ns)
{
	uint64_t end = sim->now + ns, next;

	while (sim->now < end) {
		iovm__sched_hardware(sim);
		next = sim->hw_ready.n || sim->inv_ready.n || sim->ep_ready.n ? sim->now + IOVM__STEP_NS : sim->next_timer;
		if (next <= sim->now)
			next = sim->now + IOVM__STEP_NS;
		iovm__sched_time(sim, (next < end ? next : end) - sim->now);
	}
}

/* ---- dispatch -------------------------------------------------------------------------------------------------------------------------- */

void iovm__node_update(struct iovm__node *node)
{
	struct iovm_sim *sim = node->sim;
	bool due = !node->dead && !node->dispatching && (node->irq || node->wake || node->again || deadline_of(sim, node) <= sim->now);

	iovm__list_set(&sim->due, node, &node->due_slot, due && dispatches(sim));
}

/* F26: nobody sees the interrupt; a watchdog of the host looks in the end. Or it comes for nothing, which costs a dispatch */
void iovm__node_irq(struct iovm__node *node)
{
	struct iovm_sim *sim = node->sim;

	if (sim->config.irq)
		sim->config.irq(sim->config.irq_ctx, node->index);
	if (!node->irq && iovm_sim_fault(sim, 26, 100)) {
		node->irq_lost = true;
		if (node->irq_at > sim->now + LOST_NS)
			node->irq_at = sim->now + LOST_NS;
		iovm__sched_timer(sim, node->irq_at);
	} else {
		node->irq = true;
	}
	iovm__node_update(node);
}

/* The host's clock as the engine sees it: F42 jumps or stalls it, F44 has let a timer expire long ago */
static void bend_clock(struct iovm_sim *sim, struct iovm__node *node)
{
	bool timer = node->deadline != never && node->deadline != 0 && !node->ops->queued(node->bus.hw);

	if (iovm_sim_fault(sim, 42, 300)) {
		if (iovm_choose(sim, 2, "clock")) {
			sim->stall_from = iovm__host_clock(sim) - sim->skew;
			sim->stall_to = sim->now + 50000;
		} else {
			sim->skew += UINT64_C(1) << HOUR_SHIFT;
		}
		iovm_sim_injected(sim, 42, NULL);
	}
	if ((timer || node->deadline == 0) && iovm_sim_fault(sim, 44, 40)) {
		sim->skew += UINT64_C(1) << HOUR_SHIFT;
		iovm_sim_injected(sim, 44, NULL);
	}
}

static void dispatch(struct iovm__node *node, unsigned budget)
{
	struct iovm_sim *sim = node->sim;
	uint64_t now;
	int n;

	if (node->dispatching || node->dead)
		return;
	bend_clock(sim, node);
	node->dispatching = true;
	node->irq = node->wake = node->again = false;
	if (node->irq_lost && node->ops->queued(node->bus.hw))
		iovm_sim_injected(sim, 26, NULL);
	node->irq_lost = false;
	sim->dispatching++;
	now = iovm__host_clock(sim);
	n = SIM_CALL(sim, iovm_dispatch(node->core, now, budget));
	sim->dispatching--;
	node->dispatching = false;
	node->again = n >= (int)budget;
	node->dead = n < 0;
	node->deadline = iovm_deadline(node->core);
	iovm__sched_timer(sim, deadline_of(sim, node));
	iovm__node_update(node);
}

void iovm_sim_dispatch(struct iovm_sim *sim, unsigned iommu)
{
	if (iommu < sim->nnodes)
		dispatch(sim->node[iommu], 64);
}

/* ---- choices ----------------------------------------------------------------------------------------------------------------------------- */

static void hw_step(const struct iovm__node *node)
{
	node->ops->step(node->bus.hw);
}

/* Beside a caller that waits: the IOMMUs first, since he waits for one of them */
void iovm__sched_hardware(struct iovm_sim *sim)
{
	unsigned n = sim->hw_ready.n + sim->inv_ready.n, pick;

	if (n && (!sim->ep_ready.n || iovm_choose(sim, 4, "hardware") != 3)) {
		pick = iovm_choose(sim, n, "hardware-of");
		if (pick < sim->hw_ready.n)
			hw_step(sim->hw_ready.item[pick]);
		else
			iovm__ep_invalidation(sim->inv_ready.item[pick - sim->hw_ready.n]);
	} else if (sim->ep_ready.n) {
		iovm__ep_move(sim->ep_ready.item[iovm_choose(sim, sim->ep_ready.n, "device")]);
	}
}

static bool reset_one(struct iovm_sim *sim, unsigned pick)
{
	struct iovm_sim_ep *ep = sim->resets.item[pick];

	if (ep->resetting)
		return false;
	iovm__list_set(&sim->resets, ep, &ep->reset_slot, false);
	(void)iovm_sim_ep_reset(ep, true);
	return true;
}

static const unsigned budgets[] = { 64, 64, 8, 1 };

/* One of those who are ready; false: there is nobody */
static bool choose_one(struct iovm_sim *sim, bool background)
{
	unsigned tokens = sim->ntokens > sim->nblocked && (sim->inject || sim->settling || sim->handler != IOVM_PENDING);
	unsigned resets = sim->inject || sim->settling ? sim->resets.n : 0, back = background ? sim->background.n : 0;
	unsigned n = sim->hw_ready.n + sim->inv_ready.n + sim->ep_ready.n + sim->due.n + tokens + resets + back, pick;

	if (!n)
		return false;
	pick = iovm_choose(sim, n, "run");
	if (pick < sim->due.n)
		dispatch(sim->due.item[pick], budgets[iovm_choose(sim, 4, "budget")]);
	else if ((pick -= sim->due.n) < sim->hw_ready.n)
		hw_step(sim->hw_ready.item[pick]);
	else if ((pick -= sim->hw_ready.n) < sim->inv_ready.n)
		iovm__ep_invalidation(sim->inv_ready.item[pick]);
	else if ((pick -= sim->inv_ready.n) < sim->ep_ready.n)
		iovm__ep_move(sim->ep_ready.item[pick]);
	else if ((pick -= sim->ep_ready.n) < back)
		iovm__ep_background(sim->background.item[pick]);
	else if ((pick -= back) < resets)
		return reset_one(sim, pick);
	else
		return iovm__handler_step(sim);
	return true;
}

static bool pass_time(struct iovm_sim *sim)
{
	if (sim->next_timer == never)
		return false;
	iovm__sched_time(sim, sim->next_timer > sim->now ? sim->next_timer - sim->now : 0);
	return true;
}

static void misbehave(struct iovm_sim *sim)
{
	struct iovm_sim_ep *ep;

	if (!sim->ndevice_faults || !sim->eps.n || !iovm__chance(sim, 128, "misbehave"))
		return;
	ep = sim->eps.item[iovm_choose(sim, sim->eps.n, "device")];
	if (!ep->honest && ep->device && !ep->resetting && iovm__ep_alive(ep))
		(void)iovm__ep_misbehave(ep);
}

static void spurious(struct iovm_sim *sim)		/* an interrupt for nothing */
{
	struct iovm__node *node = sim->node[iovm_choose(sim, sim->nnodes, "iommu")];

	if (iovm_sim_fault(sim, 26, 2000)) {
		node->wake = true;
		iovm__node_update(node);
	}
}

/* What happens to SMMUs as a whole; while no call is under way */
static void smmus(struct iovm_sim *sim)
{
	struct iovm__node *node = sim->node[iovm_choose(sim, sim->nnodes, "iommu")];

	if (iovm_sim_fault(sim, 37, 16000))
		iovm__chip_power(node);
	else if (iovm_sim_fault(sim, 38, 16000))
		iovm__chip_deaf(node);
}

bool iovm_sim_step(struct iovm_sim *sim)
{
	bool some;

	sim->stats.steps++;
	if (sim->inject)
		misbehave(sim);
	if (iovm__injects(sim, 26))
		spurious(sim);
	if (sim->config.smmuv3 && sim->inject && !sim->depth)
		smmus(sim);
	if (sim->nblocked)
		iovm__handler_unblock(sim);
	iovm__sched_time(sim, IOVM__STEP_NS);
	some = choose_one(sim, true);
	return some || pass_time(sim);
}

void iovm_sim_run(struct iovm_sim *sim)
{
	bool more = true;

	/* a device that never stops does not keep us: it moves beside others only */
	while (more) {
		iovm__sched_time(sim, IOVM__STEP_NS);
		more = choose_one(sim, sim->hw_ready.n || sim->inv_ready.n || sim->ep_ready.n) || pass_time(sim);
	}
}
