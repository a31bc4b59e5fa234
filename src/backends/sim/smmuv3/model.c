/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Making one, and whose turn it is. Everything is allocated here, sized by the ID registers: no driver and no device makes the model grow.
 *
 * A step does one thing of those that are due, and which is asked of choose(): first come acknowledges, then what became visible late, then commands. Early
 * retries and prefetches are nobody's due; they happen when choose() has more than one thing to choose from.
 */
#include <stdlib.h>
#include "backends/sim/smmuv3/model.h"

enum { STES = 64, CDS = 256, L1S = 64, TLB_SETS = 256, WAYS = 4, GROUPS = 16384, GRANTED = 1024, STALLS = 64 };

/* Bits of the ID registers that the model lives up to; IDR2 and IDR4 have none */
static const uint32_t idr_has[6] = {
	IDR0_S2P | IDR0_S1P | IDR0_TTF64 | IDR0_COHACC | 3u << IDR0_HTTU | IDR0_HYP | IDR0_ATS | IDR0_NS1ATS | IDR0_ASID16 | IDR0_MSI | IDR0_SEV | IDR0_PRI |
		IDR0_VMW | IDR0_VMID16 | IDR0_CD2L | 3u << IDR0_TTENDIAN | IDR0_ATSRECERR | 3u << IDR0_STALL_MODEL | IDR0_TERM_MODEL | 3u << IDR0_ST_LEVEL,
	0x03ffffff, 0, IDR3_HAD | IDR3_XNX | IDR3_PPS | IDR3_FWB | IDR3_STT | IDR3_RIL, 0, 0xffff0077,
};

void iovm_smmuv3_model_defaults(struct iovm_smmuv3_model_config *config)
{
	*config = (struct iovm_smmuv3_model_config){
		.size = sizeof *config,
		.idr = { IDR0_S2P | IDR0_S1P | IDR0_TTF64 | IDR0_COHACC | 2u << IDR0_HTTU | IDR0_HYP | IDR0_ATS | IDR0_ASID16 | IDR0_MSI | IDR0_SEV | IDR0_PRI |
			 IDR0_VMID16 | IDR0_CD2L | 2u << IDR0_TTENDIAN | IDR0_ATSRECERR | 1u << IDR0_ST_LEVEL,
			 16 | 20 << 6 | 19 << 11 | 19 << 16 | 19 << 21, 0, IDR3_HAD | IDR3_PPS | IDR3_RIL, 0, 5 | 7 << 4 | 64u << 16 },
		.iidr = 0x43b, .aidr = 2,
	};
}

static void limit(uint32_t *idr1, unsigned low, unsigned bits, unsigned most)
{
	uint32_t mask = (1u << bits) - 1, n = *idr1 >> low & mask;

	*idr1 = (*idr1 & ~(mask << low)) | (n < most ? n : most) << low;
}

static void identify(struct iovm_smmuv3_model_config *c)
{
	unsigned i;

	for (i = 0; i < 6; i++)
		c->idr[i] &= idr_has[i];
	c->idr[0] |= IDR0_NS1ATS | 2u << IDR0_TTENDIAN;	/* no split-stage ATS, no big-endian tables */
	c->idr[0] &= ~(1u << IDR0_TTENDIAN);
	limit(&c->idr[1], 0, 6, 32);
	limit(&c->idr[1], 6, 5, 20);
	limit(&c->idr[1], 11, 5, 19);
	limit(&c->idr[1], 16, 5, 19);
	limit(&c->idr[1], 21, 5, 19);
	limit(&c->idr[5], 0, 3, 6);
	if (!(c->idr[0] & IDR0_ATS))	/* PRI needs ATS (3.9) */
		c->idr[0] &= ~(uint32_t)IDR0_PRI;
}

static bool confs(struct iovm__model_confs *c, unsigned sets)
{
	*c = (struct iovm__model_confs){ .conf = calloc((size_t)sets * WAYS, sizeof *c->conf), .sets = sets };
	return c->conf;
}

static bool allocate(struct iovm_smmuv3_model *m)
{
	m->nstall = m->c.stalls ? m->c.stalls : STALLS;
	m->tag_limit = m->c.idr[5] >> 16;
	m->stall = calloc(m->nstall, sizeof *m->stall);
	m->ngroup = GROUPS;
	m->group = calloc(m->ngroup, sizeof *m->group);
	m->granted = calloc(GRANTED, sizeof *m->granted);
	m->sum = calloc((size_t)1 << FIELD(m->c.idr[1], 21, 5), sizeof *m->sum);
	m->tlb = (struct iovm__model_tlb){ .e = calloc((size_t)TLB_SETS * WAYS, sizeof *m->tlb.e), .sets = TLB_SETS };
	return confs(&m->confs[CONF_STE], STES / WAYS) && confs(&m->confs[CONF_CD], CDS / WAYS) && confs(&m->confs[CONF_L1STD], L1S / WAYS) &&
	       confs(&m->confs[CONF_L1CD], L1S / WAYS) && m->stall && m->group && m->granted && m->sum && m->tlb.e;
}

/* Registers whose reset is UNKNOWN (6.3): what is in them is chance, if there is any */
static void reset(struct iovm_smmuv3_model *m)
{
	static const uint8_t unknown[] = { R_CR1, R_CR2, R_STRTAB_BASE, R_STRTAB_BASE_CFG, R_CMDQ_BASE, R_CMDQ_PROD, R_CMDQ_CONS, R_EVENTQ_BASE, R_EVENTQ_PROD,
					   R_EVENTQ_CONS, R_PRIQ_BASE, R_PRIQ_PROD, R_PRIQ_CONS, R_GERROR_IRQ, R_EVENTQ_IRQ, R_PRIQ_IRQ };
	unsigned i;

	for (i = 0; i < sizeof unknown && model_choose(m, 2, "reset-unknown"); i++)
		m->reg[unknown[i]] = unknown[i] == R_PRIQ_PROD ? 0x2a5a5 : 0x8002a5a4;
	if (model_choose(m, 2, "reset-abort"))
		m->reg[R_GBPA] = GBPA_ABORT;
	m->lenient = model_choose(m, 2, "reserved-ignored");
}

struct iovm_smmuv3_model *iovm_smmuv3_model_new(const struct iovm_smmuv3_model_config *config)
{
	struct iovm_smmuv3_model *m;

	if (config->size != sizeof *config || !config->read || !config->write)
		return NULL;
	m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->c = *config;
	identify(&m->c);
	if (!allocate(m)) {
		iovm_smmuv3_model_del(m);
		return NULL;
	}
	reset(m);
	return m;
}

void iovm_smmuv3_model_del(struct iovm_smmuv3_model *m)
{
	unsigned i;

	if (!m)
		return;
	for (i = 0; i < CONF_KINDS; i++)
		free(m->confs[i].conf);
	free(m->tlb.e);
	free(m->sum);
	free(m->granted);
	free(m->group);
	free(m->stall);
	free(m);
}

bool iovm__model_load(const struct iovm_smmuv3_model *m, uint64_t addr, uint64_t *value)
{
	*value = 0;
	return !(addr >> model_oas(m)) && m->c.read(m->c.ctx, addr, 8, value);
}

bool iovm__model_store(const struct iovm_smmuv3_model *m, uint64_t addr, unsigned bytes, uint64_t value)
{
	return !(addr >> model_oas(m)) && m->c.write(m->c.ctx, addr, bytes, value);
}

/* ---- turns ---------------------------------------------------------------------------------------------------------------------------------- */

enum turn { TURN_ACK, TURN_SHOW, TURN_COMMAND, TURN_EFFECT, TURN_RETRY, TURN_PREFETCH, TURNS };

static bool unseen(const struct iovm_smmuv3_model *m)
{
	return m->cons_late || m->sync_msi_late || m->event_shown != m->event_count || m->pri_shown != m->pri_count;
}

static unsigned due(const struct iovm_smmuv3_model *m, uint8_t turn[TURNS])
{
	unsigned n = 0;

	if (iovm__model_acks(m))
		turn[n++] = TURN_ACK;
	if (unseen(m))
		turn[n++] = TURN_SHOW;
	if (iovm__model_cmdq_ready(m))
		turn[n++] = TURN_COMMAND;
	if (m->nlate)
		turn[n++] = TURN_EFFECT;
	return n;
}

static void show(struct iovm_smmuv3_model *m)
{
	iovm__model_cmdq_show(m);
	iovm__model_event_show(m);
	iovm__model_pri_show(m);
	iovm__model_sync_msi(m);
}

static void take(struct iovm_smmuv3_model *m, enum turn turn)
{
	switch (turn) {
	case TURN_ACK: iovm__model_ack(m); break;
	case TURN_SHOW: show(m); break;
	case TURN_COMMAND: iovm__model_cmdq_step(m); break;
	case TURN_EFFECT: iovm__model_effect(m); break;
	case TURN_RETRY: iovm__model_stall_early(m); break;
	default: iovm__model_prefetch(m);
	}
}

bool iovm_smmuv3_model_due(const struct iovm_smmuv3_model *m)
{
	uint8_t turn[TURNS];

	return due(m, turn) != 0;
}

bool iovm_smmuv3_model_step(struct iovm_smmuv3_model *m)
{
	uint8_t turn[TURNS];
	unsigned n, k;

	m->atc_busy = false;
	n = due(m, turn);
	if (n) {
		turn[n] = TURN_RETRY;
		turn[n + 1] = TURN_PREFETCH;
		k = model_choose(m, m->unasked ? n : n + 2, "step");	/* never twice in a row what nobody waits for */
		m->unasked = k >= n;
		take(m, turn[k]);
	} else if (model_choose(m, 8, "idle") == 7) {
		take(m, model_choose(m, 2, "unasked") ? TURN_PREFETCH : TURN_RETRY);
	}
	return due(m, turn) != 0;
}

void iovm_smmuv3_model_stats(const struct iovm_smmuv3_model *m, struct iovm_model_stats *stats)
{
	if (stats->size != sizeof *stats)
		return;
	*stats = m->stats;
	stats->size = sizeof *stats;
}

void iovm_smmuv3_model_device_gone(struct iovm_smmuv3_model *m, uint32_t sid)
{
	iovm__model_stall_gone(m, sid);
	iovm__model_pri_gone(m, sid);
	iovm__model_granted_gone(m, sid);
}
