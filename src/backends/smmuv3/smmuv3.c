/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * An SMMUv3 from its registers to a backend of the core: memory first, then the hardware, then the system; taken apart in reverse. Sizes are the
 * smaller of what the SMMU has and what the host allows.
 */
#include "backends/smmuv3/smmuv3.h"

enum { CMDQ_LOG2 = 8, EVTQ_LOG2 = 7, PRIQ_LOG2 = 9, SID_BITS = 16, PAGES_WITHOUT_RANGES = 64, PAGES_WITH_RANGES = 1 << 20 };

/* ---- memory ---------------------------------------------------------------------------------------------------------------------- */

static void *dma_ctx(const struct iovm__smmu *s)
{
	return s->config.dma ? s->config.dma : s->port->ctx;
}

void *iovm__smmu_dma_alloc(const struct iovm__smmu *s, struct iovm__smmu_dma *dma, size_t size)
{
	dma->size = (size_t)1 << bits_ceil_log2(size < 64 ? 64 : size);
	dma->mem = s->port->dma_alloc(dma_ctx(s), dma->size, &dma->bus);
	return dma->mem;
}

void iovm__smmu_dma_free(const struct iovm__smmu *s, struct iovm__smmu_dma *dma)
{
	if (dma->mem)
		s->port->dma_free(dma_ctx(s), dma->mem, dma->size, dma->bus);
	*dma = (struct iovm__smmu_dma){ 0 };
}

static unsigned least(unsigned wanted, unsigned otherwise, unsigned most)
{
	wanted = wanted ? wanted : otherwise;
	return wanted < most ? wanted : most;
}

static bool cmdq_new(struct iovm__smmu *s)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;

	q->log2 = least(s->config.cmdq_log2, CMDQ_LOG2, s->features.cmdq_log2);
	q->mask = (1ul << q->log2) - 1;
	q->slot = iovm__smmu_dma_alloc(s, &q->mem, sizeof *q->slot << q->log2);
	if (s->config.sync == IOVM_SMMUV3_SYNC_MSI && !s->features.no_msi)
		q->done = iovm__smmu_dma_alloc(s, &q->msi, sizeof *q->done << q->log2);
	else if (s->config.sync == IOVM_SMMUV3_SYNC_MSI)
		s->config.sync = IOVM_SMMUV3_SYNC_CONS;
	return q->slot && (s->config.sync != IOVM_SMMUV3_SYNC_MSI || q->done);
}

static bool outq_new(struct iovm__smmu *s, struct iovm__smmu_outq *q, unsigned log2, unsigned words, uint32_t prod, uint32_t cons)
{
	q->log2 = log2;
	q->prod_reg = prod;
	q->cons_reg = cons;
	return iovm__smmu_dma_alloc(s, &q->mem, (size_t)words * 8 << log2) != NULL;
}

static bool queues_new(struct iovm__smmu *s)
{
	const struct iovm_smmuv3_config *c = &s->config;

	return cmdq_new(s) &&
	       outq_new(s, &s->evtq, least(c->evtq_log2, EVTQ_LOG2, s->features.evtq_log2), SMMU_EVT_WORDS, SMMU_REG_EVENTQ_PROD_NUMBER,
			SMMU_REG_EVENTQ_CONS_NUMBER) &&
	       (s->features.no_pri || outq_new(s, &s->priq, least(c->priq_log2, PRIQ_LOG2, s->features.priq_log2), SMMU_PRI_WORDS,
					       SMMU_REG_PRIQ_PROD_NUMBER, SMMU_REG_PRIQ_CONS_NUMBER));
}

static void smmu_free(struct iovm__smmu *s)
{
	const struct iovm_port *port = s->port;

	iovm__smmu_strtab_free(s);
	iovm__smmu_dma_free(s, &s->priq.mem);
	iovm__smmu_dma_free(s, &s->evtq.mem);
	iovm__smmu_dma_free(s, &s->cmdq.msi);
	iovm__smmu_dma_free(s, &s->cmdq.mem);
	port->free(port->ctx, s, sizeof *s);
}

/* ---- into the system, and out of it --------------------------------------------------------------------------------------------------- */

static void smmu_del(void *hw)
{
	(void)iovm__smmu_disable(hw);	/* one that does not follow any more aborts, or is beyond help */
	smmu_free(hw);
}

static struct iovm_backend backend_of(const struct iovm__smmu *s)
{
	const struct iovm_smmuv3_features *f = &s->features;

	return (struct iovm_backend){
		.size = sizeof(struct iovm_backend),
		.pasid_bits = (uint8_t)least(s->config.pasid_bits, f->pasid_bits, f->pasid_bits),
		.asid_bits = f->asid_bits, .vmid_bits = f->vmid_bits,
		.priq_log2 = (uint8_t)s->priq.log2, .evtq_log2 = (uint8_t)s->evtq.log2, .address_bits = f->input_bits,
		.max_stalls = f->no_stall ? 0 : f->max_stalls,
		.range_pages = f->no_range_tlbi ? PAGES_WITHOUT_RANGES : PAGES_WITH_RANGES,
		.coherent = true, .ats = !f->no_ats, .pri = !f->no_pri,
		.poll = iovm__smmu_poll, .newest = iovm__smmu_newest, .submit = iovm__smmu_submit, .reached = iovm__smmu_reached,
		.recover = iovm__smmu_recover, .attach = iovm__smmu_attach, .detach = iovm__smmu_detach, .entry = iovm__smmu_entry,
	};
}

static int smmu_new(const struct iovm_port *port, const struct iovm_smmuv3_config *config, struct iovm__smmu **out)
{
	struct iovm__smmu *s = port->alloc(port->ctx, sizeof *s);

	if (!s)
		return IOVM_E_NO_MEMORY;
	s->port = port;
	s->config = *config;
	(void)iovm_smmuv3_probe(config, &s->features);
	s->sid_bits = (uint8_t)least(config->sid_bits, SID_BITS, s->features.sid_bits);
	if (!queues_new(s) || iovm__smmu_strtab_new(s)) {
		smmu_free(s);
		return IOVM_E_NO_MEMORY;
	}
	*out = s;
	return 0;
}

int iovm_smmuv3_add(struct iovm *sys, const struct iovm_smmuv3_config *config, struct iovm_iommu **iommu)
{
	struct iovm_smmuv3_features features;
	struct iovm_backend backend;
	struct iovm__smmu *s;
	int err;

	if (!sys || !iommu || !iovm_system_port(sys)->dma_alloc || !iovm_system_port(sys)->dma_free)
		return IOVM_E_INVAL;
	err = iovm_smmuv3_probe(config, &features);
	if (!err && (config->cmdq_log2 > 19 || config->evtq_log2 > 19 || config->priq_log2 > 19 || config->sid_bits > 32 ||
		     config->pasid_bits > IOVM_PASID_BITS || config->sync > IOVM_SMMUV3_SYNC_IRQ))
		err = IOVM_E_INVAL;
	if (!err && features.refused)
		err = IOVM_E_UNSUPPORTED;
	if (!err)
		err = smmu_new(iovm_system_port(sys), config, &s);
	if (err)
		return err;
	err = iovm__smmu_enable(s);
	backend = backend_of(s);
	if (!err)
		err = iovm_iommu_add(sys, &backend, s, smmu_del, iommu);
	if (err)
		smmu_del(s);
	else
		s->iommu = *iommu;
	return err;
}

int iovm_smmuv3_disable(struct iovm_iommu *iommu)
{
	return iommu ? iovm__smmu_disable(iovm_iommu_hw(iommu)) : IOVM_E_INVAL;
}

int iovm_smmuv3_enable(struct iovm_iommu *iommu)
{
	return iommu ? iovm__smmu_enable(iovm_iommu_hw(iommu)) : IOVM_E_INVAL;
}

void iovm_smmuv3_stats(const struct iovm_iommu *iommu, struct iovm_smmuv3_stats *stats)
{
	const struct iovm__smmu *s = iovm_iommu_hw(iommu);
	unsigned i;

	*stats = (struct iovm_smmuv3_stats){
		.size = stats->size, .commands = load_rlx(&s->cmdq.prod), .events = load_rlx(&s->count.events),
		.events_merged = load_rlx(&s->count.merged), .stalls = load_rlx(&s->count.stalls), .page_requests = load_rlx(&s->count.requests),
		.stop_markers = load_rlx(&s->count.markers), .event_overflows = load_rlx(&s->count.event_overflows),
		.pri_overflows = load_rlx(&s->count.pri_overflows), .cerror_ill = load_rlx(&s->count.ill),
		.cerror_abt = load_rlx(&s->count.abt), .cerror_atc = load_rlx(&s->count.atc),
	};
	for (i = 0; i < sizeof stats->gerror / sizeof stats->gerror[0]; i++)
		stats->gerror[i] = load_rlx(&s->count.gerror[i]);
}
