/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Event records (IHI 0070 7.3): what is stalled becomes a request, all else is told the host.
 *
 * A device that goes wrong fills the queue with the same record, offset by offset (one for each beat of a burst), so equal ones are merged before they are told:
 * same stream, substream, event, access and page. The SMMU may have merged some already (STE.MEV); the first is told as it was written.
 *
 * Told: when the queue was found empty; the oldest alone, when another kind has no place any more; one that stands for MANY, since in a flood the queue
 * may never be empty. Nothing is told before the IOMMU has joined: nobody knows it yet.
 *
 * All of this is the servicer's.
 */
#include "backends/smmuv3/smmuv3.h"

enum { MANY = 1 << 16 };

/* The four that can stall, 7.3.13 to 7.3.16, have the fields of F_TRANSLATION. In others bit 95 means something else */
static bool can_stall(unsigned number)
{
	return number >= SMMU_EVT_F_TRANSLATION_NUMBER && number <= SMMU_EVT_F_PERMISSION_NUMBER;
}

static uint32_t pasid_of(const uint64_t *words, unsigned number)
{
	bool valid = SMMU_GET(words, EVT_F_TRANSLATION, SSV) || number == SMMU_EVT_C_BAD_SUBSTREAMID_NUMBER;	/* 7.3.9 has no SSV */

	return valid ? (uint32_t)SMMU_GET(words, EVT_F_TRANSLATION, SSID) : IOVM_NO_PASID;
}

static uint32_t access_of(const uint64_t *words)	/* RnW, InD, PnU */
{
	return (SMMU_GET(words, EVT_F_TRANSLATION, RnW) ? IOVM_READ : IOVM_WRITE) | (SMMU_GET(words, EVT_F_TRANSLATION, InD) ? IOVM_EXEC : 0) |
	       (SMMU_GET(words, EVT_F_TRANSLATION, PnU) ? IOVM_PRIV : 0);
}

static uint32_t translation_request_access(const uint64_t *words)	/* 7.3.6 */
{
	return (SMMU_GET(words, EVT_F_BAD_ATS_TREQ, R) ? IOVM_READ : 0) | (SMMU_GET(words, EVT_F_BAD_ATS_TREQ, W) ? IOVM_WRITE : 0) |
	       (SMMU_GET(words, EVT_F_BAD_ATS_TREQ, X) ? IOVM_EXEC : 0) | (SMMU_GET(words, EVT_F_BAD_ATS_TREQ, P) ? IOVM_PRIV : 0);
}

static uint32_t hint_access(const uint64_t *words)	/* 7.3.19 */
{
	uint64_t user = SMMU_GET(words, EVT_E_PAGE_REQUEST, uR) | SMMU_GET(words, EVT_E_PAGE_REQUEST, uW) << 1 | SMMU_GET(words, EVT_E_PAGE_REQUEST, uX) << 2;
	uint64_t priv = SMMU_GET(words, EVT_E_PAGE_REQUEST, pR) | SMMU_GET(words, EVT_E_PAGE_REQUEST, pW) << 1 | SMMU_GET(words, EVT_E_PAGE_REQUEST, pX) << 2;

	return (uint32_t)(user | priv) | (priv ? IOVM_PRIV : 0);
}

/* What a record says of the access, and which bits of its word 1 that is; its input address, if it has one */
struct access {
	uint64_t bits, addr;
	uint32_t prot;
};

static struct access describe(const uint64_t *words, unsigned number)
{
	const uint64_t bits = SMMU_MASK(EVT_F_TRANSLATION, RnW) | SMMU_MASK(EVT_F_TRANSLATION, InD) | SMMU_MASK(EVT_F_TRANSLATION, PnU);
	struct access a = { .addr = SMMU_GET(words, EVT_F_TRANSLATION, InputAddr) };

	switch (number) {
	case SMMU_EVT_F_UUT_NUMBER:
	case SMMU_EVT_F_TRANSL_FORBIDDEN_NUMBER:
	case SMMU_EVT_F_WALK_EABT_NUMBER:
	case SMMU_EVT_F_TRANSLATION_NUMBER:
	case SMMU_EVT_F_ADDR_SIZE_NUMBER:
	case SMMU_EVT_F_ACCESS_NUMBER:
	case SMMU_EVT_F_PERMISSION_NUMBER:
	case SMMU_EVT_F_TLB_CONFLICT_NUMBER:
		a.bits = bits;
		a.prot = access_of(words);
		return a;
	case SMMU_EVT_F_BAD_ATS_TREQ_NUMBER:
		a.bits = SMMU_MASK(EVT_F_BAD_ATS_TREQ, R) | SMMU_MASK(EVT_F_BAD_ATS_TREQ, W) | SMMU_MASK(EVT_F_BAD_ATS_TREQ, X) | SMMU_MASK(EVT_F_BAD_ATS_TREQ, P);
		a.prot = translation_request_access(words);
		return a;
	case SMMU_EVT_E_PAGE_REQUEST_NUMBER:
		a.bits = ~0ull;		/* each hint says how many pages it means */
		a.prot = hint_access(words);
		return a;
	}
	a.addr = 0;			/* configuration errors have none; what an unknown event has there nobody can say */
	return a;
}

static struct iovm_notice notice_of(const uint64_t *words, unsigned number, const struct access *a)
{
	return (struct iovm_notice){
		.what = IOVM_TERMINATED, .stream_id = (uint32_t)SMMU_GET(words, EVT_F_TRANSLATION, SID), .pasid = pasid_of(words, number), .prot = a->prot,
		.addr = a->addr, .code = number, .count = 1, .record = { words[0], words[1], words[2], words[3] },
	};
}

/* Word 2 whole but for the offset in the page, of events without address, too: there it is 0, or not known what it means */
static bool same(const struct iovm_notice *n, const struct iovm_notice *to, uint64_t bits)
{
	return n->code == to->code && n->stream_id == to->stream_id && n->pasid == to->pasid && !((n->record[1] ^ to->record[1]) & bits) &&
	       !((n->record[2] ^ to->record[2]) >> IOVM_PAGE_SHIFT);
}

/* The oldest stands first */
static void tell(struct iovm__smmu *s, unsigned i)
{
	struct iovm__smmu_merged *m = &s->merged;
	struct iovm_notice notice = m->notice[i];

	for (m->n--; i < m->n; i++)
		m->notice[i] = m->notice[i + 1];
	if (s->iommu)
		iovm_iommu_notice(s->iommu, &notice);
}

static void merge(struct iovm__smmu *s, const uint64_t *words, unsigned number)
{
	const struct access a = describe(words, number);
	const struct iovm_notice notice = notice_of(words, number, &a);
	struct iovm__smmu_merged *m = &s->merged;
	unsigned i = m->n;

	while (i && !same(&m->notice[i - 1], &notice, a.bits))
		i--;
	if (!i) {
		if (m->n == SMMU_MERGE)
			tell(s, 0);
		m->notice[m->n++] = notice;
		return;
	}
	count_up(&s->count.merged, 1);
	if (++m->notice[i - 1].count == MANY)
		tell(s, i - 1);
}

bool iovm__smmu_event(struct iovm__smmu *s, const uint64_t words[SMMU_EVT_WORDS], struct iovm_request *req)
{
	const uint64_t w[SMMU_EVT_WORDS] = { words[0], words[1], words[2], words[3] };
	unsigned number = (unsigned)(w[0] & 0xff);

	if (!can_stall(number) || !SMMU_GET(w, EVT_F_TRANSLATION, STALL)) {
		merge(s, w, number);
		return false;
	}
	*req = (struct iovm_request){
		.addr = SMMU_GET(w, EVT_F_TRANSLATION, InputAddr) & ~((1ull << IOVM_PAGE_SHIFT) - 1), .stream_id = (uint32_t)SMMU_GET(w, EVT_F_TRANSLATION, SID),
		.pasid = pasid_of(w, number), .index = (uint16_t)SMMU_GET(w, EVT_F_TRANSLATION, STAG), .queue = 1,
		.flags = (uint8_t)(IOVM_REQ_STALL | IOVM_REQ_LAST | access_of(w) | (SMMU_GET(w, EVT_F_TRANSLATION, SSV) ? IOVM_REQ_PASID : 0)),
	};
	return true;
}

void iovm__smmu_events_tell(struct iovm__smmu *s)
{
	while (s->merged.n)
		tell(s, 0);
}
