/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What a command may look like and what it does (chapter 4). A bit that is not a field of its command is RES0, and a command with such a bit is illegal unless this
 * SMMU ignores them; a field that needs a feature is RES0 without it.
 */
#include "backends/sim/smmuv3/model.h"

enum need { NOTHING, STAGE1, STAGE2, HYP, ATS, PRI, STALLS };
static const uint64_t VMID = ONES(32, 47), ASID = ONES(48, 63), SID = ONES(32, 63), SSID = ONES(12, 31), SSV = BIT64(11);
static const uint64_t RANGE0 = ONES(12, 16) | ONES(20, 24), RANGE1 = BIT64(0) | ONES(8, 11), VA = ONES(12, 63), IPA = ONES(12, 55);

static bool fields(unsigned op, uint64_t mask[2], enum need *need)
{
	static const struct { uint8_t op, need; } known[] = {
		{ CMD_PREFETCH_CONFIG, NOTHING }, { CMD_PREFETCH_ADDR, NOTHING }, { CMD_CFGI_STE, NOTHING }, { CMD_CFGI_STE_RANGE, NOTHING }, { CMD_CFGI_CD, STAGE1 },
		{ CMD_CFGI_CD_ALL, STAGE1 }, { CMD_TLBI_NH_ALL, STAGE1 }, { CMD_TLBI_NH_ASID, STAGE1 }, { CMD_TLBI_NH_VA, STAGE1 }, { CMD_TLBI_NH_VAA, STAGE1 },
		{ CMD_TLBI_EL2_ALL, HYP }, { CMD_TLBI_EL2_ASID, HYP }, { CMD_TLBI_EL2_VA, HYP }, { CMD_TLBI_EL2_VAA, HYP }, { CMD_TLBI_S12_VMALL, STAGE2 },
		{ CMD_TLBI_S2_IPA, STAGE2 }, { CMD_TLBI_NSNH_ALL, NOTHING }, { CMD_ATC_INV, ATS }, { CMD_PRI_RESP, PRI }, { CMD_RESUME, STALLS },
		{ CMD_STALL_TERM, STALLS }, { CMD_SYNC, NOTHING },
	};
	unsigned i;

	for (i = 0; i < sizeof known / sizeof *known && known[i].op != op; i++)
		;
	if (i == sizeof known / sizeof *known)
		return false;
	*need = (enum need)known[i].need;
	mask[0] = mask[1] = 0;
	switch (op) {
	case CMD_PREFETCH_CONFIG: mask[0] = SID | SSID | SSV; break;
	case CMD_PREFETCH_ADDR: mask[0] = SID | SSID | SSV; mask[1] = VA | ONES(0, 9); break;
	case CMD_CFGI_STE: mask[0] = SID; mask[1] = BIT64(0); break;
	case CMD_CFGI_STE_RANGE: mask[0] = SID; mask[1] = ONES(0, 4); break;
	case CMD_CFGI_CD: mask[0] = SID | SSID; mask[1] = BIT64(0); break;
	case CMD_CFGI_CD_ALL: case CMD_STALL_TERM: mask[0] = SID; break;
	case CMD_TLBI_NH_ALL: case CMD_TLBI_S12_VMALL: mask[0] = VMID; break;
	case CMD_TLBI_NH_ASID: mask[0] = VMID | ASID; break;
	case CMD_TLBI_NH_VA: mask[0] = VMID | ASID | RANGE0; mask[1] = VA | RANGE1; break;
	case CMD_TLBI_NH_VAA: mask[0] = VMID | RANGE0; mask[1] = VA | RANGE1; break;
	case CMD_TLBI_EL2_ASID: mask[0] = ASID; break;
	case CMD_TLBI_EL2_VA: mask[0] = ASID | RANGE0; mask[1] = VA | RANGE1; break;
	case CMD_TLBI_EL2_VAA: mask[0] = RANGE0; mask[1] = VA | RANGE1; break;
	case CMD_TLBI_S2_IPA: mask[0] = VMID | RANGE0; mask[1] = IPA | RANGE1; break;
	case CMD_ATC_INV: mask[0] = SID | SSID | SSV | BIT64(9); mask[1] = VA | ONES(0, 5); break;
	case CMD_PRI_RESP: mask[0] = SID | SSID | SSV; mask[1] = ONES(0, 8) | ONES(12, 13); break;
	case CMD_RESUME: mask[0] = SID | ONES(12, 13); mask[1] = ONES(0, 15); break;
	case CMD_SYNC: mask[0] = ONES(12, 13) | ONES(22, 27) | SID; mask[1] = ONES(2, 55); break;
	default: break;
	}
	return true;
}

static bool have(const struct iovm_smmuv3_model *m, enum need need)
{
	switch (need) {
	case STAGE1: return model_idr0(m, IDR0_S1P);
	case STAGE2: return model_idr0(m, IDR0_S2P);
	case HYP: return model_idr0(m, IDR0_HYP);
	case ATS: return model_idr0(m, IDR0_ATS);
	case PRI: return model_idr0(m, IDR0_PRI);
	case STALLS: return model_stall_model(m) != 1;
	default: return true;
	}
}

/* ---- ranges (4.4.1) -------------------------------------------------------------------------------------------------------------------------- */

static bool range_legal(const struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	unsigned num = FIELD(c->w[0], 12, 5), scale = FIELD(c->w[0], 20, 5), ttl = FIELD(c->w[1], 8, 2), tg = FIELD(c->w[1], 10, 2);

	if (!(m->c.idr[3] & IDR3_RIL))
		return m->lenient || !(num | scale | ttl | tg);
	if (!tg)
		return m->lenient || !(num | scale | ttl);
	if (tg == 2 && ttl == 1)	/* no such blocks with 16K: no hint */
		ttl = 0;
	return num || scale || ttl;
}

/* Bits that TG and TTL want to be 0; otherwise which range is invalidated is UNPREDICTABLE: none here */
static bool range_aligned(unsigned tg, unsigned ttl, uint64_t addr)
{
	static const uint8_t high[4][4] = { { 0 }, { 11, 29, 20, 11 }, { 13, 13, 24, 13 }, { 15, 41, 28, 15 } };

	return !tg || high[tg][ttl] < 12 || !(addr & ONES(12, high[tg][ttl]));
}

static bool range_of(const struct iovm_smmuv3_model *m, const struct iovm__model_command *c, uint64_t *first, uint64_t *last)
{
	unsigned tg = m->c.idr[3] & IDR3_RIL ? FIELD(c->w[1], 10, 2) : 0, scale = FIELD(c->w[0], 20, 5);
	unsigned unit = (tg == 2 ? 14 : tg == 3 ? 16 : 12) + scale;
	uint64_t n = FIELD(c->w[0], 12, 5) + 1, addr = c->w[1] & VA;

	*first = *last = addr;
	if (!tg)
		return true;
	if (!range_aligned(tg, FIELD(c->w[1], 8, 2), addr))
		return false;
	*last = addr + (n << unit) - 1;
	if (*last < addr)	/* never wraps */
		*last = UINT64_MAX;
	return true;
}

bool iovm__model_legal(const struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	uint64_t mask[2];
	unsigned op = FIELD(c->w[0], 0, 8);
	enum need need;

	if (!fields(op, mask, &need) || !have(m, need) || c->w[0] & BIT64(10))
		return false;
	if (!m->lenient && ((c->w[0] & ~(mask[0] | 0xff)) || (c->w[1] & ~mask[1])))
		return false;
	if (cmd_by_address(op) && !range_legal(m, c))
		return false;
	if (op >= CMD_TLBI_NH_ALL && op <= CMD_TLBI_NH_VAA && !model_idr0(m, IDR0_S2P) && c->w[0] & VMID)
		return m->lenient;
	return !(op == CMD_ATC_INV && FIELD(c->w[1], 0, 6) > 52) && !(op == CMD_PRI_RESP && FIELD(c->w[1], 12, 2) == 3) &&
	       !(op == CMD_SYNC && FIELD(c->w[0], 12, 2) == 3);
}

/* ---- what they do ------------------------------------------------------------------------------------------------------------------------------ */

static void tlbi(struct iovm_smmuv3_model *m, const struct iovm__model_command *c, unsigned op)
{
	struct iovm__model_tlbi t = { .vmid = (uint16_t)FIELD(c->w[0], 32, 16), .asid = (uint16_t)FIELD(c->w[0], 48, 16), .last = UINT64_MAX };
	bool e2h = m->reg[R_CR2] & CR2_E2H;

	t.vmid_mask = (uint16_t)~((1u << FIELD(m->reg[R_CR0ACK], 6, 3)) - 1);
	t.world = op >= CMD_TLBI_S12_VMALL ? WORLD_S2 : op < CMD_TLBI_EL2_ALL ? WORLD_EL1 : e2h ? WORLD_E2H : WORLD_EL2;
	t.by_vmid = op < CMD_TLBI_EL2_ALL || op == CMD_TLBI_S12_VMALL || op == CMD_TLBI_S2_IPA;
	t.by_asid = op == CMD_TLBI_NH_ASID || op == CMD_TLBI_NH_VA || ((op == CMD_TLBI_EL2_ASID || op == CMD_TLBI_EL2_VA) && e2h);
	t.keep_global = op == CMD_TLBI_NH_ASID || op == CMD_TLBI_EL2_ASID;
	t.both_worlds = op == CMD_TLBI_S12_VMALL || op == CMD_TLBI_NSNH_ALL;
	if (op == CMD_TLBI_EL2_ASID && !e2h)	/* without E2H an ASID means nothing: all of EL2 */
		t.keep_global = false;
	t.by_addr = cmd_by_address(op);
	if ((t.by_addr && !range_of(m, c, &t.first, &t.last)) || model_errs(m, IOVM_MODEL_ERROR_TLBI))
		return;
	iovm__model_tlb_drop(m, &t);
}

/* For the duties: what is open until the next SYNC. At consumption: when it is carried out is the SMMU's affair */
void iovm__model_note(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	unsigned op = FIELD(c->w[0], 0, 8), range = op == CMD_CFGI_STE_RANGE ? FIELD(c->w[1], 0, 5) + 1 : 0;

	if (op < CMD_CFGI_STE)
		return;
	m->moved_open = true;
	if (op >= CMD_TLBI_NH_ALL) {
		m->tlbi_open = true;
		m->tlbi_all_open |= op == CMD_TLBI_NSNH_ALL && (m->cfgi_all_open || m->cfgi_all_done);
		return;
	}
	m->cfgi_all_open |= range >= 32;
	if (m->nchange < CHANGES)
		m->change[m->nchange++] = (struct iovm__model_change){ .sid = FIELD(c->w[0], 32, 32), .range = (uint8_t)range };
	else
		m->change[0].all = true;
}

static void prefetch(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	struct iovm__model_fault fault;
	const struct iovm__model_conf *ste;

	if (!model_on(m, CR0_SMMUEN))
		return;
	ste = iovm__model_ste(m, FIELD(c->w[0], 32, 32), &fault);
	if (ste && ste_s1(ste) && ste_cdmax(m, ste->w) && c->w[0] & SSV)
		iovm__model_cd(m, ste, ste->sid, FIELD(c->w[0], 12, 20), &fault);
}

void iovm__model_carry_out(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	unsigned op = FIELD(c->w[0], 0, 8), range = FIELD(c->w[1], 0, 5) + 1;
	uint32_t sid = FIELD(c->w[0], 32, 32), ssid = FIELD(c->w[0], 12, 20);
	bool leaf = c->w[1] & 1;

	switch (op) {
	case CMD_PREFETCH_CONFIG: case CMD_PREFETCH_ADDR: prefetch(m, c); break;
	case CMD_CFGI_STE: iovm__model_cfgi_ste(m, sid, 0, leaf); break;
	case CMD_CFGI_STE_RANGE: iovm__model_cfgi_ste(m, sid, range, false); break;
	case CMD_CFGI_CD: iovm__model_cfgi_cd(m, sid, ssid, leaf); break;
	case CMD_CFGI_CD_ALL: iovm__model_cfgi_cd_all(m, sid); break;
	default: tlbi(m, c, op);
	}
}

bool iovm__model_command(struct iovm_smmuv3_model *m, const struct iovm__model_command *c)
{
	uint32_t sid = FIELD(c->w[0], 32, 32), how = FIELD(c->w[0], 12, 2);

	switch (FIELD(c->w[0], 0, 8)) {
	case CMD_ATC_INV: return iovm__model_atc_inv(m, c);
	case CMD_PRI_RESP: iovm__model_pri_resp(m, c); break;
	case CMD_RESUME:
		iovm__model_stall_resume(m, sid, (uint16_t)c->w[1], how & 1 ? IOVM_MODEL_OK : how & 2 || model_idr0(m, IDR0_TERM_MODEL) ? IOVM_MODEL_ABORT : IOVM_MODEL_RAZ_WI);
		break;
	default: iovm__model_stall_term(m, sid);
	}
	return true;
}
