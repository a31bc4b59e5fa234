/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What the core asks for, in the SMMU's commands (IHI 0070 4): one becomes several where a function has several StreamIDs, or a range does not fit into one.
 * Pure: the i-th command of cmd follows from cmd alone, so that a queue that fills up in the middle goes on later.
 *
 * Ranges. With IDR3.RIL a TLBI says (NUM + 1) * 2^SCALE granules (4.4.1.1). A count is taken apart five bits at a time, the lowest first, SCALE being where they stand; that
 * is exact for every count, and no command is illegal but that of a single granule with TTL = 0, which is sent without a granule as the plain invalidation of
 * an address. Without RIL each granule gets that. Leaf = 0 and TTL = 0: pages of the table itself may have gone, and nobody says at which level.
 *
 * A granule that cannot be told (a table that is none of ours) means everything, and so does a count that would take too many commands.
 */
#include "backends/smmuv3/smmuv3.h"

enum { EVERYTHING = 52, NUM_MAX = 31, RANGE_BITS = 36, SINGLE_BITS = 20 };	/* SCALE and NUM + 1 come to 36 bits */

static const uint8_t shifts[4] = { 12, 16, 14, 0 };	/* by TCR.TG0 and VTCR.TG0 */
static const uint8_t granules[4] = { 1, 3, 2, 0 };	/* the same in a command's TG */

static unsigned tg_of(const struct iovm_cmd *cmd)
{
	return (unsigned)(cmd->control >> 14) & 3;
}

static bool everything(const struct iovm__smmu *s, const struct iovm_cmd *cmd)
{
	unsigned shift = shifts[tg_of(cmd)];

	return !shift || ((cmd->last >> shift) - (cmd->first >> shift)) >> (s->features.no_range_tlbi ? SINGLE_BITS : RANGE_BITS);
}

static uint64_t granules_of(const struct iovm_cmd *cmd)	/* 2^RANGE_BITS at most: see everything() */
{
	unsigned shift = shifts[tg_of(cmd)];

	return (cmd->last >> shift) - (cmd->first >> shift) + 1;
}

static unsigned trailing_zeroes(uint64_t x)	/* not 0; halves, for 32-bit hosts */
{
	return (uint32_t)x ? (unsigned)__builtin_ctz((uint32_t)x) : 32u + (unsigned)__builtin_ctz((uint32_t)(x >> 32));
}

struct iovm__smmu_piece iovm__smmu_range_piece(uint64_t *pages)
{
	unsigned scale = trailing_zeroes(*pages), most = NUM_MAX;
	struct iovm__smmu_piece piece;
	uint64_t n;

	if (scale > most)	/* SCALE has five bits where IDR5.DS is 0 */
		scale = most;
	n = *pages >> scale;
	n = scale == most && n > most ? most + 1u : n & most;
	piece = (struct iovm__smmu_piece){ .pages = n << scale, .num = (uint8_t)(n - 1), .scale = (uint8_t)scale };
	*pages -= piece.pages;
	return piece;
}

static unsigned pieces(const struct iovm__smmu *s, uint64_t pages)
{
	unsigned n = 0;

	if (s->features.no_range_tlbi)
		return (unsigned)pages;
	for (; pages; n++)
		(void)iovm__smmu_range_piece(&pages);
	return n;
}

unsigned iovm__smmu_encode_count(const struct iovm__smmu *s, const struct iovm_cmd *cmd)
{
	switch (cmd->op) {
	case IOVM_CMD_ENTRY:
	case IOVM_CMD_ATC:
		return cmd->fn->nstream_ids;
	case IOVM_CMD_TLB:
		if ((cmd->format != IOVM_TABLE_AARCH64_S1 && cmd->format != IOVM_TABLE_AARCH64_S2) || everything(s, cmd))
			return 1;
		return pieces(s, granules_of(cmd)) + (cmd->format == IOVM_TABLE_AARCH64_S2);
	case IOVM_CMD_ANSWER:	/* a STAG of before the SMMU was off may be another stall's by now */
		return !(cmd->flags & IOVM_CMD_STALL) || cmd->first >= s->stalls_from;
	default:
		return 1;
	}
}

/* ---- one command ------------------------------------------------------------------------------------------------------------------ */

static void encode_answer(const struct iovm_cmd *cmd, uint64_t w[SMMU_CMD_WORDS])
{
	bool pasid = cmd->pasid != IOVM_NO_PASID, retry = cmd->code == IOVM_RESP_SUCCESS;

	if (cmd->flags & IOVM_CMD_STALL) {
		w[0] = SMMU_CMD_RESUME_NUMBER | SMMU_BITS(CMD_RESUME, Ac, retry) | SMMU_BITS(CMD_RESUME, Ab, !retry) |
		       SMMU_BITS(CMD_RESUME, SID, cmd->stream_id);
		w[1] = SMMU_BITS(CMD_RESUME, STAG, cmd->index);
		return;
	}
	w[0] = SMMU_CMD_PRI_RESP_NUMBER | SMMU_BITS(CMD_PRI_RESP, SID, cmd->stream_id) | SMMU_BITS(CMD_PRI_RESP, SSV, pasid) |
	       SMMU_BITS(CMD_PRI_RESP, SSID, pasid ? cmd->pasid : 0);
	w[1] = SMMU_BITS(CMD_PRI_RESP, PRGIndex, cmd->index) |	/* 4.5.2: 0 Failure, 1 Invalid, 2 Success; PCIe: 0xf, 1, 0 */
	       SMMU_BITS(CMD_PRI_RESP, Resp, retry ? 2 : cmd->code == IOVM_RESP_INVALID ? 1 : 0);
}

/*
 * Leaf = 0: a level-1 descriptor may have become valid with the entry. A function whose STE changed along with an entry of a PASID has that told, too: CFGI_STE takes
 * its CDs along.
 */
static void encode_entry(const struct iovm_cmd *cmd, unsigned i, uint64_t w[SMMU_CMD_WORDS])
{
	const struct iovm__smmu_table *t = cmd->fn->priv;
	uint32_t sid = cmd->fn->stream_ids[i];

	w[1] = 0;
	if (cmd->flags & IOVM_CMD_STREAM || cmd->pasid == IOVM_NO_PASID || (t && load_acq(&t->restless)))
		w[0] = SMMU_CMD_CFGI_STE_NUMBER | SMMU_BITS(CMD_CFGI_STE, SID, sid);
	else
		w[0] = SMMU_CMD_CFGI_CD_NUMBER | SMMU_BITS(CMD_CFGI_CD, SID, sid) | SMMU_BITS(CMD_CFGI_CD, SSID, cmd->pasid);
}

static void encode_atc(const struct iovm_cmd *cmd, unsigned i, uint64_t w[SMMU_CMD_WORDS])
{
	bool pasid = cmd->pasid != IOVM_NO_PASID, all = !cmd->first && cmd->last == UINT64_MAX;
	unsigned size = all ? EVERYTHING : bits_len64((cmd->last - cmd->first) >> IOVM_PAGE_SHIFT);

	w[0] = SMMU_CMD_ATC_INV_NUMBER | SMMU_BITS(CMD_ATC_INV, SSV, pasid) | SMMU_BITS(CMD_ATC_INV, SSID, pasid ? cmd->pasid : 0) |
	       SMMU_BITS(CMD_ATC_INV, SID, cmd->fn->stream_ids[i]);
	w[1] = SMMU_BITS(CMD_ATC_INV, Size, size) | SMMU_BITS(CMD_ATC_INV, Addr, cmd->first);
}

/* The i-th piece of a range, as the part that NH_VA and S2_IPA have in common: w[0]'s NUM and SCALE, w[1] */
static void encode_range(const struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned i, uint64_t w[SMMU_CMD_WORDS])
{
	unsigned shift = shifts[tg_of(cmd)];
	uint64_t at = cmd->first >> shift, left = granules_of(cmd);
	struct iovm__smmu_piece piece = { .pages = 1 };

	w[0] = w[1] = 0;
	if (s->features.no_range_tlbi) {
		at += i;
	} else {
		for (piece = iovm__smmu_range_piece(&left); i; i--) {
			at += piece.pages;
			piece = iovm__smmu_range_piece(&left);
		}
	}
	if (piece.pages > 1) {
		w[0] = SMMU_BITS(CMD_TLBI_NH_VA, NUM, piece.num) | SMMU_BITS(CMD_TLBI_NH_VA, SCALE, piece.scale);
		w[1] = SMMU_BITS(CMD_TLBI_NH_VA, TG, granules[tg_of(cmd)]);
	}
	w[1] |= SMMU_BITS(CMD_TLBI_NH_VA, Addr, at << shift);
}

static void encode_stage1(const struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned i, uint64_t w[SMMU_CMD_WORDS])
{
	w[1] = 0;
	if (everything(s, cmd)) {
		w[0] = SMMU_CMD_TLBI_NH_ASID_NUMBER | SMMU_BITS(CMD_TLBI_NH_ASID, ASID, cmd->asid);
		return;
	}
	encode_range(s, cmd, i, w);
	w[0] |= SMMU_CMD_TLBI_NH_VA_NUMBER | SMMU_BITS(CMD_TLBI_NH_VA, ASID, cmd->asid);
}

/* What is cached of both stages together goes by NH_ALL only (4.4.3); VMALL takes that along */
static void encode_stage2(const struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned i, uint64_t w[SMMU_CMD_WORDS])
{
	w[1] = 0;
	if (everything(s, cmd)) {
		w[0] = SMMU_CMD_TLBI_S12_VMALL_NUMBER | SMMU_BITS(CMD_TLBI_S12_VMALL, VMID, cmd->asid);
	} else if (i == pieces(s, granules_of(cmd))) {
		/* illegal where there is no stage 1 (4.4.2.1), and then there is nothing cached of both */
		w[0] = s->features.no_stage1 ? SMMU_CMD_TLBI_S12_VMALL_NUMBER | SMMU_BITS(CMD_TLBI_S12_VMALL, VMID, cmd->asid)
					     : SMMU_CMD_TLBI_NH_ALL_NUMBER | SMMU_BITS(CMD_TLBI_NH_ALL, VMID, cmd->asid);
	} else {
		encode_range(s, cmd, i, w);
		w[0] |= SMMU_CMD_TLBI_S2_IPA_NUMBER | SMMU_BITS(CMD_TLBI_S2_IPA, VMID, cmd->asid);
	}
}

void iovm__smmu_encode(const struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned i, uint64_t words[SMMU_CMD_WORDS])
{
	switch (cmd->op) {
	case IOVM_CMD_ANSWER:
		encode_answer(cmd, words);
		break;
	case IOVM_CMD_ENTRY:
		encode_entry(cmd, i, words);
		break;
	case IOVM_CMD_ATC:
		encode_atc(cmd, i, words);
		break;
	case IOVM_CMD_FENCE:	/* how its completion is told depends on its slot: cmdq.c */
		words[0] = SMMU_CMD_SYNC_NUMBER;
		words[1] = 0;
		break;
	default:
		if (cmd->format == IOVM_TABLE_AARCH64_S1) {
			encode_stage1(s, cmd, i, words);
		} else if (cmd->format == IOVM_TABLE_AARCH64_S2) {
			encode_stage2(s, cmd, i, words);
		} else {
			words[0] = SMMU_CMD_TLBI_NSNH_ALL_NUMBER;
			words[1] = 0;
		}
	}
}
