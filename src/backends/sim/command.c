/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue. A ticket is the number of the command, from 1. Between two fences commands are carried out in any order; an ATC invalidation is carried out
 * when it was sent, complete when the device says so; a fence is done when all before it is complete (SMMU 4.7.3, 3.9.1).
 *
 * A device that does not answer holds its fence up, and with it everything behind. When the IOMMU's own time is over the queue stops at that fence, as
 * CERROR_ATC_INV_SYNC does (SMMU 7.1); recover() names the culprit if there is one only, marks the fence as failed and goes on behind it.
 */
#include "backends/sim/iommu.h"

enum { SHUFFLE = 4, INVALIDATIONS = 64 };

static unsigned long ticket_of(uint64_t slot)
{
	return (unsigned long)(slot + 1);
}

static void update(struct iovm__iommu_hw *hw)
{
	const struct iovm__command *head = &hw->slot[hw->ccons & (hw->slots - 1)];
	bool ready = hw->run == IOVM__RUNS && hw->ccons != hw->cprod;

	if (ready && head->cmd.op == IOVM_CMD_FENCE && hw->outstanding > hw->nstuck)
		ready = false;
	if (ready && head->cmd.op == IOVM_CMD_FENCE && hw->nstuck && hw->stuck_traced)
		ready = false;
	iovm__list_set(&hw->sim->hw_ready, hw->node, &hw->node->hw_slot, ready);
}

int iovm__command_submit(void *vhw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct iovm__iommu_hw *hw = vhw;
	unsigned i;

	if (hw->run != IOVM__RUNS)
		return hw->run == IOVM__STOPPED ? IOVM_E_STOPPED : IOVM_E_DEAD;
	for (i = 0; i < n && hw->cprod - hw->ccons < hw->slots; i++) {
		struct iovm__command *c = &hw->slot[hw->cprod & (hw->slots - 1)];

		*c = (struct iovm__command){ .cmd = cmd[i], .fn = cmd[i].fn ? cmd[i].fn->priv : NULL };
		c->cmd.fn = NULL;	/* the core's: it may be gone when the command is carried out */
		if (c->fn)
			c->fn->commands++;
		*ticket = ticket_of(hw->cprod++);
	}
	update(hw);
	return (int)i;
}

int iovm__command_reached(void *vhw, unsigned long ticket)
{
	const struct iovm__iommu_hw *hw = vhw;

	if ((long)((unsigned long)hw->ccons - ticket) < 0)
		return hw->run == IOVM__RUNS ? 0 : hw->run == IOVM__STOPPED ? IOVM_E_STOPPED : IOVM_E_DEAD;
	if (hw->failed[ticket % IOVM__RESULTS].ticket == ticket)
		return hw->failed[ticket % IOVM__RESULTS].error;
	return 1;
}

/* ---- ATC invalidations under way --------------------------------------------------------------------------------------------- */

static void settle_one(struct iovm__iommu_hw *hw, unsigned long tag)
{
	hw->nstuck -= hw->inv[tag].stuck;
	hw->outstanding--;
	hw->inv[tag].used = hw->inv[tag].stuck = false;
}

void iovm__command_forgot(void *vhw, unsigned long tag, bool ok)
{
	struct iovm__iommu_hw *hw = vhw;

	if (!ok) {
		hw->refused = true;
		hw->guilty = hw->inv[tag].stream_id;
	}
	settle_one(hw, tag);
	update(hw);
}

void iovm__command_stuck(void *vhw, unsigned long tag, uint32_t stream_id, bool injected)
{
	struct iovm__iommu_hw *hw = vhw;

	hw->inv[tag].stuck = true;
	hw->nstuck++;
	hw->stuck_injected |= injected;
	update(hw);
}

void iovm__command_gone(void *vhw, struct iovm_sim_ep *ep)
{
	struct iovm__iommu_hw *hw = vhw;
	unsigned i;

	for (i = 0; i < INVALIDATIONS; i++)
		if (hw->inv[i].used && hw->inv[i].ep == ep)
			settle_one(hw, i);
	for (i = 0; i < IOVM__STALLS; i++)
		if (hw->stall[i].ep == ep)
			hw->stall[i].ep = NULL;
	if (!hw->nstuck) {
		hw->stuck_traced = hw->stuck_injected = false;
		hw->deadline = UINT64_MAX;
	}
	update(hw);
}

static bool already_stuck(const struct iovm__iommu_hw *hw, const struct iovm_sim_ep *ep)
{
	unsigned i;

	for (i = 0; hw->nstuck && i < INVALIDATIONS; i++)
		if (hw->inv[i].used && hw->inv[i].stuck && hw->inv[i].ep == ep)
			return true;
	return false;
}

/* Whether it was sent (or need not be); otherwise it is tried again */
static bool send_invalidation(struct iovm__iommu_hw *hw, const struct iovm__command *c)
{
	struct iovm_sim_ep *ep = c->fn ? iovm__bus_find(&hw->node->bus, c->fn->stream_id) : NULL;
	unsigned tag;

	if (!ep || already_stuck(hw, ep))	/* its fence fails anyway */
		return true;
	for (tag = 0; tag < INVALIDATIONS && hw->inv[tag].used; tag++)
		;
	if (tag == INVALIDATIONS)
		return false;
	hw->inv[tag].used = true;
	hw->inv[tag].stuck = false;
	hw->inv[tag].ep = ep;
	hw->inv[tag].stream_id = c->fn->stream_id;
	hw->outstanding++;
	if (iovm__ep_invalidate(ep, tag, c->cmd.pasid, c->cmd.first, c->cmd.last))
		return true;
	settle_one(hw, tag);
	return false;
}

/* ---- carrying out --------------------------------------------------------------------------------------------------------------- */

static void fence_done(struct iovm__iommu_hw *hw, int error)
{
	unsigned long ticket = ticket_of(hw->ccons);

	if (error) {
		hw->failed[ticket % IOVM__RESULTS].ticket = ticket;
		hw->failed[ticket % IOVM__RESULTS].error = error;
	}
	SIM_TRACE(hw->sim, FENCE_DONE, .iommu = (uint8_t)hw->node->index, .pasid = IOVM_NO_PASID, .b = ticket, .code = (int16_t)error);
	hw->ccons++;
	hw->stuck_traced = hw->stuck_injected = hw->refused = false;
	hw->deadline = UINT64_MAX;
}

static uint32_t first_stuck(const struct iovm__iommu_hw *hw)
{
	unsigned i;

	for (i = 0; i < INVALIDATIONS; i++)
		if (hw->inv[i].used && hw->inv[i].stuck)
			return hw->inv[i].stream_id;
	return UINT32_MAX;
}

/* Only silent devices are waited for. The IOMMU's own patience ends after the caller's, as a rule */
static void fence_stuck(struct iovm__iommu_hw *hw)
{
	uint64_t limit = (uint64_t)IOVM__WAIT_TURNS * IOVM__TURN_NS;

	hw->stuck_traced = true;
	hw->deadline = hw->sim->now + (iovm_choose(hw->sim, 4, "ats-timeout") == 3 ? limit / 8 : 4 * limit);
	iovm__sched_timer(hw->sim, hw->deadline);
	SIM_TRACE(hw->sim, FENCE_STUCK, .iommu = (uint8_t)hw->node->index, .stream_id = first_stuck(hw), .pasid = IOVM_NO_PASID,
		  .b = ticket_of(hw->ccons));
	if (hw->stuck_injected)
		iovm__injected_stream(hw->sim, 16, hw->node->index, first_stuck(hw));
}

static void fence(struct iovm__iommu_hw *hw)
{
	if (hw->nstuck)
		fence_stuck(hw);
	else if (hw->refused)
		hw->run = IOVM__STOPPED;
	else
		fence_done(hw, 0);
}

static void resume(struct iovm__iommu_hw *hw, uint32_t stream_id, uint16_t stag, bool retry)
{
	bool ours = stag < IOVM__STALLS && hw->stall[stag].used;	/* else a test has made it up */
	struct iovm_sim_ep *ep = ours ? hw->stall[stag].ep : iovm__bus_find(&hw->node->bus, stream_id);

	if (ours)
		hw->stall[stag].used = false;
	if (ep)
		iovm__ep_resume(ep, ours ? hw->stall[stag].id : stag, retry);
}

static bool carry_out(struct iovm__iommu_hw *hw, const struct iovm__command *c)
{
	const struct iovm_cmd *cmd = &c->cmd;
	bool answer = cmd->op == IOVM_CMD_ANSWER;
	struct iovm_sim_ep *ep;

	if (cmd->op == IOVM_CMD_ATC && !send_invalidation(hw, c))
		return false;
	SIM_TRACE(hw->sim, EXEC, .iommu = (uint8_t)hw->node->index, .stream_id = c->fn ? c->fn->stream_id : cmd->stream_id,
		  .pasid = cmd->pasid, .a = cmd->first, .b = cmd->last, .id = cmd->asid, .code = cmd->op, .index = cmd->index,
		  .flags = cmd->flags);
	if (cmd->op == IOVM_CMD_ENTRY && c->fn)
		iovm__walk_changed(hw, c->fn, cmd->pasid, cmd->flags & IOVM_CMD_STREAM);
	else if (cmd->op == IOVM_CMD_TLB)
		iovm__cache_drop(&hw->tlb, cmd->asid, cmd->first, cmd->last);
	if (!answer)
		return true;
	ep = iovm__bus_find(&hw->node->bus, cmd->stream_id);
	SIM_TRACE(hw->sim, ANSWERED, .iommu = (uint8_t)hw->node->index, .stream_id = cmd->stream_id, .pasid = cmd->pasid,
		  .index = cmd->index, .code = cmd->code);
	if (cmd->flags & IOVM_CMD_STALL)
		resume(hw, cmd->stream_id, cmd->index, cmd->code == IOVM_RESP_SUCCESS);
	else if (ep)
		iovm__ep_answer(ep, cmd->pasid, cmd->index, (enum iovm_response)cmd->code);
	return true;
}

/* Commands between two fences have no order: some other one comes first */
static void shuffle(struct iovm__iommu_hw *hw)
{
	struct iovm__command *slot = hw->slot, tmp;
	uint64_t mask = hw->slots - 1, i = hw->ccons;
	unsigned n = 0, pick;

	while (n < SHUFFLE && i + n != hw->cprod && slot[(i + n) & mask].cmd.op != IOVM_CMD_FENCE)
		n++;
	pick = n > 1 ? iovm_choose(hw->sim, n, "command") : 0;
	if (!pick)
		return;
	tmp = slot[i & mask];
	slot[i & mask] = slot[(i + pick) & mask];
	slot[(i + pick) & mask] = tmp;
}

void iovm__command_step(void *vhw)
{
	struct iovm__iommu_hw *hw = vhw;
	struct iovm__command *head = &hw->slot[hw->ccons & (hw->slots - 1)], c;

	if (hw->run != IOVM__RUNS || hw->ccons == hw->cprod)
		return;
	if (head->cmd.op == IOVM_CMD_FENCE) {
		fence(hw);
	} else {
		shuffle(hw);
		c = *head;
		if (carry_out(hw, &c)) {
			iovm__walk_put(c.fn);
			hw->ccons++;
		}
	}
	update(hw);
}

int iovm__command_recover(void *vhw, struct iovm_blame *blame)
{
	struct iovm__iommu_hw *hw = vhw;
	unsigned i, n = 0;

	if (hw->run != IOVM__STOPPED)
		return hw->run == IOVM__RUNS ? 0 : IOVM_E_DEAD;
	for (i = 0; i < INVALIDATIONS; i++)
		if (hw->inv[i].used && hw->inv[i].stuck) {
			hw->guilty = n++ ? UINT32_MAX : hw->inv[i].stream_id;
			iovm__ep_forget(hw->inv[i].ep, i);
			settle_one(hw, i);
		}
	*blame = (struct iovm_blame){ .error = IOVM_E_ATC, .fence = ticket_of(hw->ccons), .stream_id = hw->guilty };
	fence_done(hw, IOVM_E_ATC);
	hw->run = IOVM__RUNS;
	update(hw);
	return 1;
}

void iovm__command_timer(void *vhw)
{
	struct iovm__iommu_hw *hw = vhw;

	if (hw->run != IOVM__RUNS || hw->deadline > hw->sim->now)
		return;
	hw->run = IOVM__STOPPED;
	hw->deadline = UINT64_MAX;
	hw->node->wake = true;	/* its error interrupt */
	iovm__node_update(hw->node);
	update(hw);
}

uint64_t iovm__command_next_timer(const void *vhw)
{
	const struct iovm__iommu_hw *hw = vhw;

	return hw->deadline;
}

bool iovm__command_busy(const void *vhw)
{
	const struct iovm__iommu_hw *hw = vhw;

	return hw->ccons != hw->cprod;
}
