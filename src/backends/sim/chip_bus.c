/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The devices behind a chip. What they ask is asked of the model, and what the model asks of a device is asked of them; the records of both are written here.
 *
 * A walk is noted as it happens, with the frame that it led to; the note comes back with every use of that translation, from the TLB or a device's own. So a
 * translation knows the space it was made for, and that space's life, however long somebody kept it.
 */
#include "backends/sim/chip.h"

static uint32_t model_pasid(uint32_t pasid)
{
	return pasid == IOVM_NO_PASID ? IOVM_MODEL_NO_PASID : pasid;
}

static uint32_t our_pasid(uint32_t pasid)
{
	return pasid == IOVM_MODEL_NO_PASID ? IOVM_NO_PASID : pasid;
}

/* ---- translation -------------------------------------------------------------------------------------------------------------------------- */

static struct iovm_model_tag walked(void *vchip, const struct iovm_model_access *a, uint64_t addr, uint16_t asid)
{
	struct iovm__chip *chip = vchip;
	const struct iovm__page *page = iovm__frame_page(chip->sim, addr);

	if (!page || page->vpn != a->addr >> IOVM_PAGE_SHIFT) {	/* it walked what is no table of any space */
		chip->sim->broken++;
		return (struct iovm_model_tag){ NULL, 0 };
	}
	return (struct iovm_model_tag){ page->mm, SIM_TRACE(chip->sim, WALK, .iommu = (uint8_t)chip->node->index, .stream_id = a->stream_id,
		.pasid = our_pasid(a->pasid), .mm = page->mm->id, .a = a->addr & ~(uint64_t)4095, .id = asid) };
}

/* A header that lives again is another space */
static void translation(const struct iovm__access *a, const struct iovm_model_result *r, struct iovm__cached *out)
{
	struct iovm_sim_mm *mm = r->tag.ptr;

	*out = (struct iovm__cached){ .page = a->addr >> IOVM_PAGE_SHIFT, .mm = mm, .mm_id = r->tag.n > mm->born ? mm->id : UINT64_MAX, .walk = r->tag.n,
				      .prot = r->flags };
}

static enum iovm__reply stalled(struct iovm__chip *chip, const struct iovm__access *a, uint32_t stall)
{
	IOVM_ASSERT(chip->nstalls < IOVM__CHIP_STALLS);
	chip->stall[chip->nstalls].ep = iovm__bus_find(&chip->node->bus, a->stream_id);
	chip->stall[chip->nstalls].stall = stall;
	chip->stall[chip->nstalls++].id = a->id;
	return IOVM__STALLED;
}

static enum iovm__reply reply(struct iovm__chip *chip, const struct iovm__access *a, const struct iovm_model_result *r, struct iovm__cached *out)
{
	switch (r->outcome) {
	case IOVM_MODEL_OK:
		if ((r->flags & a->need) != a->need)
			return IOVM__MISS;
		if (!r->tag.ptr)	/* bypass, or a walk that was noted as broken */
			return IOVM__DENIED;
		translation(a, r, out);
		return IOVM__GRANTED;
	case IOVM_MODEL_STALLED: return stalled(chip, a, r->stall);
	case IOVM_MODEL_BUSY: return IOVM__FULL;
	default: return IOVM__DENIED;
	}
}

static enum iovm__reply translate(void *vchip, const struct iovm__access *a, struct iovm__cached *out)
{
	struct iovm__chip *chip = vchip;
	const struct iovm_model_access access = {
		.stream_id = a->stream_id, .pasid = model_pasid(a->pasid), .addr = a->ats ? a->addr & ~(uint64_t)4095 : a->addr,
		.kind = a->ats ? IOVM_MODEL_ATS_REQUEST : IOVM_MODEL_UNTRANSLATED, .flags = (uint8_t)(a->need | (a->pcie ? IOVM_MODEL_PCIE : 0)),
	};
	struct iovm_model_result result;

	chip->asking = a;
	iovm_smmuv3_model_translate(chip->model, &access, &result);
	chip->asking = NULL;
	iovm__chip_update(chip);
	return reply(chip, a, &result, out);
}

static bool translated(void *vchip, uint32_t stream_id)
{
	struct iovm__chip *chip = vchip;
	const struct iovm_model_access access = { .stream_id = stream_id, .pasid = IOVM_MODEL_NO_PASID, .addr = 4096, .kind = IOVM_MODEL_TRANSLATED,
						  .flags = IOVM_MODEL_READ | IOVM_MODEL_PCIE };
	struct iovm_model_result result;

	iovm_smmuv3_model_translate(chip->model, &access, &result);
	iovm__chip_update(chip);
	return result.outcome == IOVM_MODEL_OK;
}

static void resume(void *vchip, uint32_t stream_id, uint32_t stall, enum iovm_model_outcome outcome)
{
	struct iovm__chip *chip = vchip;
	struct iovm_sim_ep *ep;
	unsigned i;
	uint16_t id;

	for (i = 0; i < chip->nstalls && chip->stall[i].stall != stall; i++)
		;
	if (i == chip->nstalls)
		return;
	ep = chip->stall[i].ep;
	id = chip->stall[i].id;
	chip->stall[i] = chip->stall[--chip->nstalls];
	if (ep)
		iovm__ep_resume(ep, id, outcome == IOVM_MODEL_OK);
}

/* ---- page requests ---------------------------------------------------------------------------------------------------------------------------- */

static void prg_response(void *vchip, uint32_t stream_id, uint32_t pasid, uint16_t index, uint8_t code, bool of_smmu)
{
	struct iovm__chip *chip = vchip;
	struct iovm_sim_ep *ep = iovm__bus_find(&chip->node->bus, stream_id);

	if (of_smmu) {		/* to what is being sent: after it was dropped */
		chip->answered = true;
		chip->answer = code;
		return;
	}
	SIM_TRACE(chip->sim, ANSWERED, .iommu = (uint8_t)chip->node->index, .stream_id = stream_id, .pasid = our_pasid(pasid), .index = index, .code = code);
	if (ep)
		iovm__ep_answer(ep, our_pasid(pasid), index, (enum iovm_response)code);
}

static void dropped(struct iovm__chip *chip, const struct iovm_request *req)
{
	int16_t code = chip->answered && chip->answer == IOVM_RESP_FAILURE ? 2 : chip->pri_abort ? 4 : 1;

	SIM_REQUEST(chip->node, DROP, req, .a = req->addr, .code = code);
	chip->sim->stats.requests_dropped++;
	if (chip->answered)
		iovm__node_answer(chip->node, req, (enum iovm_response)chip->answer);
}

static void request(void *vchip, const struct iovm_request *req, unsigned fault)
{
	struct iovm__chip *chip = vchip;
	const struct iovm_model_page_request page = {
		.stream_id = req->stream_id, .pasid = req->flags & IOVM_REQ_PASID ? req->pasid : IOVM_MODEL_NO_PASID, .addr = req->addr, .index = req->index,
		.flags = req->flags & (IOVM_REQ_READ | IOVM_REQ_WRITE | IOVM_REQ_EXEC | IOVM_REQ_PRIV | IOVM_REQ_LAST),
	};
	struct iovm__chip_queue *q = &chip->queue[IOVM__CHIP_PRI];
	struct iovm_request seen = *req;

	if (!(req->flags & IOVM_REQ_PASID))	/* what a PASID prefix would carry is not in the record (clause 8) */
		seen.flags &= (uint8_t)~(IOVM_REQ_EXEC | IOVM_REQ_PRIV);
	if (req->flags & IOVM_REQ_STALL)	/* a stall is the SMMU's to make */
		return;
	chip->sim->stats.requests_emitted++;
	SIM_REQUEST(chip->node, RX, req, .a = req->addr, .b = iovm__ep_ordinal(iovm__bus_find(&chip->node->bus, req->stream_id)));
	chip->answered = false;
	chip->rogue = fault != 0;
	if (iovm_smmuv3_model_page_request(chip->model, &page)) {
		SIM_REQUEST(chip->node, ACC, &seen, .a = req->addr, .b = q->prod, .id = 0);
		iovm__chip_mark(chip, IOVM__CHIP_PRI, q->prod++, fault, req->stream_id);
	} else {
		dropped(chip, req);
	}
	iovm__chip_update(chip);
}

/* ---- invalidations ---------------------------------------------------------------------------------------------------------------------------- */

static enum iovm_model_atc atc_inv(void *vchip, const struct iovm_model_atc_inv *inv)
{
	struct iovm__chip *chip = vchip;
	struct iovm_sim_ep *ep = iovm__bus_find(&chip->node->bus, inv->stream_id);
	uint64_t last = inv->size_log2 >= 64 ? UINT64_MAX : inv->addr + ((UINT64_C(1) << inv->size_log2) - 1);

	if (!ep)
		return IOVM_MODEL_ATC_DONE;
	if (iovm__chip_loses(chip)) {
		SIM_TRACE(chip->sim, FENCE_STUCK, .iommu = (uint8_t)chip->node->index, .stream_id = inv->stream_id, .pasid = IOVM_NO_PASID);
		return IOVM_MODEL_ATC_LOST;
	}
	if (!iovm__ep_invalidate(ep, inv->tag, our_pasid(inv->pasid), inv->addr, last))
		return IOVM_MODEL_ATC_BUSY;
	chip->inv[inv->tag].ep = ep;
	chip->inv[inv->tag].used = true;
	chip->inv[inv->tag].lost_at = UINT64_MAX;
	return IOVM_MODEL_ATC_SENT;
}

static void inv_done(struct iovm__chip *chip, unsigned long tag, bool lost)
{
	chip->inv[tag].used = false;
	iovm_smmuv3_model_atc_done(chip->model, (uint16_t)tag, lost);
	iovm__chip_update(chip);
}

static void forgot(void *vchip, unsigned long tag, bool ok)	/* Unsupported Request (not ok) looks the same to an SMMU (3.9.1) */
{
	inv_done(vchip, tag, false);
}

/* The SMMU's own patience ends after the caller's, as a rule */
static void stuck(void *vchip, unsigned long tag, uint32_t stream_id, bool injected)
{
	struct iovm__chip *chip = vchip;
	uint64_t limit = (uint64_t)IOVM__WAIT_TURNS * IOVM__TURN_NS;

	chip->inv[tag].lost_at = chip->sim->now + (iovm_choose(chip->sim, 4, "ats-timeout") == 3 ? limit / 8 : 4 * limit);
	iovm__sched_timer(chip->sim, chip->inv[tag].lost_at);
	SIM_TRACE(chip->sim, FENCE_STUCK, .iommu = (uint8_t)chip->node->index, .stream_id = stream_id, .pasid = IOVM_NO_PASID);
	if (injected)
		iovm__chip_injected(chip, 16, stream_id);
}

uint64_t iovm__chip_next_timeout(const struct iovm__chip *chip)
{
	uint64_t next = UINT64_MAX;
	unsigned i;

	for (i = 0; i < IOVM__CHIP_TAGS; i++)
		if (chip->inv[i].used && chip->inv[i].lost_at < next)
			next = chip->inv[i].lost_at;
	return next;
}

void iovm__chip_timeouts(struct iovm__chip *chip)
{
	unsigned i;

	for (i = 0; i < IOVM__CHIP_TAGS; i++)
		if (chip->inv[i].used && chip->inv[i].lost_at <= chip->sim->now) {
			iovm__ep_forget(chip->inv[i].ep, i);
			inv_done(chip, i, true);
		}
}

static void gone(void *vchip, struct iovm_sim_ep *ep)
{
	struct iovm__chip *chip = vchip;
	unsigned i;

	for (i = 0; i < ep->nids; i++)
		iovm_smmuv3_model_device_gone(chip->model, ep->ids[i]);
	for (i = 0; i < IOVM__CHIP_TAGS; i++)
		if (chip->inv[i].used && chip->inv[i].ep == ep)
			inv_done(chip, i, false);
	for (i = 0; i < chip->nstalls;)
		if (chip->stall[i].ep == ep)
			chip->stall[i] = chip->stall[--chip->nstalls];
		else
			i++;
	iovm__chip_update(chip);
}

const struct iovm__bus_ops iovm__chip_bus_ops = {
	.translate = translate, .translated = translated, .request = request, .forgot = forgot, .stuck = stuck, .gone = gone,
};

void iovm__chip_bus_config(struct iovm_smmuv3_model_config *config)
{
	config->walked = walked;
	config->resume = resume;
	config->prg_response = prg_response;
	config->atc_inv = atc_inv;
}
