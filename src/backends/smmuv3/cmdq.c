/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The command queue (IHI 0070 3.5.3, 4, 7.1).
 *
 * Who. submit and recover are the holder's (iommu/submit.c): one at a time, with all that was stored before. reached is anyone's.
 *
 * Numbers. prod counts SMMU commands ever submitted, and is the ticket of the last; cons is a bound: all tickets up to it were consumed. A register holds the low
 * log2 + 1 bits. Who turns them into a number reads the bound first: what is consumed is then ahead of it, by less than two queues unless he was held up
 * between the two looks, and then the result is too small, never too large. The bound moves forward only. A SYNC that is consumed is complete (4.7.3).
 *
 * With MSIs each slot has a word where the SMMU stores the ticket of the SYNC that completed there; submit sets it back before the SYNC can be seen.
 *
 * Errors. The queue stands still at a command until GERRORN acknowledges (7.1). Nothing in the queue is changed but that command. Illegal: it is tried once more as it
 * stands, since for an answer no fence stands, and for much else nobody waits; then a SYNC takes its place, and the next SYNC of the core's, which may not even be submitted
 * yet, fails with HARDWARE: whoever waits for it asks again. Fetch aborted: it is tried again, a few times. ATC: the SYNC fails with ATC and is carried out again, since
 * the other commands before it are only delayed (7.1).
 *
 * Failures are remembered by ticket, the last FAILED of them. Who asks about an older ticket than the oldest that was forgotten hears HARDWARE: an invalidation made once
 * more is harmless, a failure that nobody heard of is not.
 */
#include "backends/smmuv3/smmuv3.h"

enum { FAILED = sizeof(((struct iovm__smmu_cmdq *)0)->failed) / sizeof(((struct iovm__smmu_cmdq *)0)->failed[0]) };
enum { TRIES = 3, CERROR_ILL = 1, CERROR_ABT = 2, CERROR_ATC_INV_SYNC = 3 };
enum { CS_IRQ = 1, OUTER_INNER_WB = 0xf, INNER_SHAREABLE = 3 };
#define GERROR_BIT(name) ((uint32_t)SMMU_MASK(REG_GERROR, name))

static bool before(unsigned long a, unsigned long b)	/* a < b, round the corner too */
{
	return (long)(a - b) < 0;
}

/* ---- what has failed ---------------------------------------------------------------------------------------------------------- */

static void fail(struct iovm__smmu_cmdq *q, unsigned long ticket, int error)
{
	unsigned n = load_rlx(&q->nfailed), i = n % FAILED;

	if (n && load_rlx(&q->failed[(n - 1) % FAILED].ticket) == ticket)	/* again: one failure is enough */
		return;
	if (n >= FAILED)
		store_rel(&q->forgotten, load_rlx(&q->failed[i].ticket));	/* before it is gone */
	store_rel(&q->failed[i].ticket, ticket);
	store_rel(&q->failed[i].error, error);
	store_rel(&q->nfailed, n + 1);
}

static int failure(const struct iovm__smmu_cmdq *q, unsigned long ticket)
{
	unsigned n = load_acq(&q->nfailed), i;
	unsigned long prod;

	if (IOVM_LIKELY(!n))
		return 0;
	for (i = 0; i < FAILED && i < n; i++)
		if (load_acq(&q->failed[i].ticket) == ticket)
			return load_acq(&q->failed[i].error);
	if (n <= FAILED)
		return 0;
	prod = load_acq(&q->prod);	/* by age: what is new stays so after half a turn of the numbers, too */
	return prod - ticket >= prod - load_acq(&q->forgotten) ? IOVM_E_HARDWARE : 0;
}

/* ---- how far it is -------------------------------------------------------------------------------------------------------------- */

static void move_cons(struct iovm__smmu_cmdq *q, unsigned long to)
{
	unsigned long cons = load_rlx(&q->cons);

	while (before(cons, to) && !cas_ar(&q->cons, &cons, to))
		;
}

/* What CMDQ_CONS says, as a number; an index beyond what was submitted says nothing, and all ones (bit 31 is none) is nobody's answer */
static unsigned long read_cons(struct iovm__smmu *s)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	unsigned long cons = load_acq(&q->cons), ahead;
	uint32_t reg = iovm__smmu_read(s, SMMU_REG_CMDQ_CONS_NUMBER);

	ahead = iovm__smmu_ahead(q->log2, reg, cons);
	if (reg == UINT32_MAX || ahead > load_acq(&q->prod) - cons)
		return cons;
	move_cons(q, cons + ahead);
	return cons + ahead;
}

/* Something that recover() must see to before a fence is known to be complete: a word that could not be written is one, too */
static bool stopped(const struct iovm__smmu *s)
{
	const uint32_t errors = GERROR_BIT(CMDQ_ERR) | GERROR_BIT(MSI_CMDQ_ABT_ERR) | GERROR_BIT(SFM_ERR);

	return (iovm__smmu_read(s, SMMU_REG_GERROR_NUMBER) ^ load_acq(&s->gerrorn)) & errors;
}

static bool told_by_msi(const struct iovm__smmu *s)
{
	return s->cmdq.done && !load_rlx(&s->msi_broken);
}

static bool consumed(struct iovm__smmu *s, unsigned long ticket)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;

	if (!before(load_acq(&q->cons), ticket))
		return true;
	if (!told_by_msi(s))
		return !before(read_cons(s), ticket);
	if ((int32_t)(load_acq(&q->done[(ticket - 1) & q->mask]) - (uint32_t)ticket) < 0)
		return false;
	move_cons(q, ticket);
	return true;
}

int iovm__smmu_reached(void *hw, unsigned long ticket)
{
	struct iovm__smmu *s = hw;
	unsigned down = load_acq(&s->down);
	int error;

	if (IOVM_UNLIKELY(down))	/* off: enabling forgets everything, whatever failed before */
		return down & SMMU_DEAD ? IOVM_E_DEAD : 1;
	error = failure(&s->cmdq, ticket);
	if (IOVM_UNLIKELY(error))
		return error;
	if (consumed(s, ticket)) {
		error = failure(&s->cmdq, ticket);	/* it may have failed and been carried out since the first look */
		return error ? error : 1;
	}
	return stopped(s) ? IOVM_E_STOPPED : 0;
}

/* ---- submit -------------------------------------------------------------------------------------------------------------------------- */

/* A SYNC in the slot of this ticket. Behind an illegal command it fails */
static void put_fence(struct iovm__smmu *s, unsigned long ticket, uint64_t words[SMMU_CMD_WORDS])
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	unsigned long slot = (ticket - 1) & q->mask;

	if (IOVM_UNLIKELY(q->fail_next)) {
		fail(q, ticket, q->fail_next);
		q->fail_next = 0;
	}
	words[0] = SMMU_CMD_SYNC_NUMBER;
	words[1] = 0;
	if (s->config.sync == IOVM_SMMUV3_SYNC_CONS)
		return;
	words[0] |= SMMU_BITS(CMD_SYNC, CS, CS_IRQ);
	if (!told_by_msi(s))
		return;
	store_rlx(&q->done[slot], (uint32_t)ticket - 1);
	words[0] |= SMMU_BITS(CMD_SYNC, MSH, INNER_SHAREABLE) | SMMU_BITS(CMD_SYNC, MSIAttr, OUTER_INNER_WB) |
		    SMMU_BITS(CMD_SYNC, MSIData, (uint32_t)ticket);
	words[1] = SMMU_BITS(CMD_SYNC, MSIAddress, q->msi.bus + slot * sizeof *q->done);
}

/* The i-th and further commands of c, as long as there is room; whether that was all of them */
static bool put(struct iovm__smmu *s, const struct iovm_cmd *c, unsigned long *prod)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	unsigned long end = load_acq(&q->cons) + q->mask + 1;	/* seen by whoever: the slots are ours behind that look */
	unsigned i = q->partial, n = iovm__smmu_encode_count(s, c);

	for (; i < n; i++) {
		uint64_t *words = q->slot[*prod & q->mask];

		if (*prod == end && (end = read_cons(s) + q->mask + 1) == *prod)
			break;
		++*prod;
		if (c->op == IOVM_CMD_FENCE)
			put_fence(s, *prod, words);
		else
			iovm__smmu_encode(s, c, i, words);
	}
	q->partial = i < n ? i : 0;
	return i == n;
}

static void ring(struct iovm__smmu *s, unsigned long prod)
{
	store_rel(&s->cmdq.prod, prod);
	iovm__smmu_write(s, SMMU_REG_CMDQ_PROD_NUMBER, (uint32_t)(prod & (2 * s->cmdq.mask + 1)));
}

/* Any command, any queue: c..end, behind what of cmd stands in front of prod and was not rung for */
static int submit_all(struct iovm__smmu *s, const struct iovm_cmd *cmd, const struct iovm_cmd *c, const struct iovm_cmd *end,
		      unsigned long prod, unsigned long *ticket) __attribute__((__noinline__));
static int submit_all(struct iovm__smmu *s, const struct iovm_cmd *cmd, const struct iovm_cmd *c, const struct iovm_cmd *end,
		      unsigned long prod, unsigned long *ticket)
{
	if (load_acq(&s->down) & SMMU_DEAD)
		return IOVM_E_DEAD;
	*ticket = prod;
	if (load_acq(&s->down))	/* nothing is cached while it is off: enabling forgets everything */
		return (int)(end - cmd);
	for (; c < end && put(s, c, &prod); c++)
		*ticket = prod;
	if (prod != load_rlx(&s->cmdq.prod))
		ring(s, prod);
	else if (c < end && stopped(s))
		return IOVM_E_STOPPED;
	return (int)(c - cmd);
}

/*
 * Most batches are TLBIs of a page each, and a SYNC that nobody is told of, into a queue that has room for them: straight stores. Whatever else there is goes on from
 * where that ends, by the general way. Nothing but n is needed behind a call, so hardly a register is saved: every unmap comes through here.
 */
static inline int submit_straight(struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	const unsigned long mask = q->mask;
	const struct iovm_cmd *c = cmd, *end = cmd + n;
	unsigned long prod = load_rlx(&q->prod);
	uint64_t (*slot)[SMMU_CMD_WORDS] = q->slot;

	for (; c < end; c++, prod++) {
		uint64_t *words = slot[prod & mask];

		if (IOVM_LIKELY(c->op == IOVM_CMD_TLB && c->format == IOVM_TABLE_AARCH64_S1 && (c->first ^ c->last) >> 12 == 0)) {
			words[0] = SMMU_CMD_TLBI_NH_VA_NUMBER | SMMU_BITS(CMD_TLBI_NH_VA, ASID, c->asid);
			words[1] = SMMU_BITS(CMD_TLBI_NH_VA, Addr, c->first);
		} else if (c->op == IOVM_CMD_FENCE && s->config.sync == IOVM_SMMUV3_SYNC_CONS && !q->fail_next) {
			words[0] = SMMU_CMD_SYNC_NUMBER;
			words[1] = 0;
		} else {
			return submit_all(s, cmd, c, end, prod, ticket);
		}
	}
	*ticket = prod;
	ring(s, prod);
	return (int)n;
}

/* The queue may be emptier than was known */
static int submit_crowded(struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket) __attribute__((__noinline__));
static int submit_crowded(struct iovm__smmu *s, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	unsigned long prod = load_rlx(&q->prod);

	if (!load_acq(&s->down) && !q->partial && n <= q->mask + 1 - (prod - read_cons(s)))
		return submit_straight(s, cmd, n, ticket);
	return submit_all(s, cmd, cmd, cmd + n, prod, ticket);
}

int iovm__smmu_submit(void *hw, const struct iovm_cmd *cmd, unsigned n, unsigned long *ticket)
{
	struct iovm__smmu *s = hw;
	struct iovm__smmu_cmdq *q = &s->cmdq;

	if (IOVM_UNLIKELY(load_acq(&s->down) | q->partial | (n > q->mask + 1 - (load_rlx(&q->prod) - load_acq(&q->cons)))))
		return submit_crowded(s, cmd, n, ticket);
	return submit_straight(s, cmd, n, ticket);
}

int iovm__smmu_command(struct iovm__smmu *s, const uint64_t words[SMMU_CMD_WORDS])
{
	static const uint64_t sync[SMMU_CMD_WORDS] = { SMMU_CMD_SYNC_NUMBER };
	const struct iovm_port *port = s->port;
	struct iovm__smmu_cmdq *q = &s->cmdq;
	unsigned long prod;
	unsigned i, turn;

	for (i = 0; i < 2; i++) {
		prod = load_rlx(&q->prod);
		memcpy(q->slot[prod & q->mask], i ? sync : words, sizeof sync);
		ring(s, prod + 1);
		for (turn = 0; before(read_cons(s), prod + 1); turn++)
			if (stopped(s) || (!port->wait(port->ctx, turn) && before(read_cons(s), prod + 1)))
				return IOVM_E_DEAD;
	}
	return 0;
}

/* ---- recover ------------------------------------------------------------------------------------------------------------------------- */

/* The first fence at or behind the command of this ticket fails; one that is still to come if there is none */
static unsigned long fail_fence(struct iovm__smmu_cmdq *q, unsigned long ticket, int error)
{
	unsigned long prod = load_rlx(&q->prod);

	for (; !before(prod, ticket); ticket++)
		if ((uint8_t)q->slot[(ticket - 1) & q->mask][0] == SMMU_CMD_SYNC_NUMBER) {
			fail(q, ticket, error);
			return ticket;
		}
	q->fail_next = error;
	return prod;
}

static uint32_t stream_of(const uint64_t words[SMMU_CMD_WORDS])
{
	switch ((uint8_t)words[0]) {
	case SMMU_CMD_CFGI_STE_NUMBER:
	case SMMU_CMD_CFGI_CD_NUMBER:
	case SMMU_CMD_ATC_INV_NUMBER:
	case SMMU_CMD_PRI_RESP_NUMBER:
	case SMMU_CMD_RESUME_NUMBER:
		return (uint32_t)SMMU_GET(words, CMD_CFGI_STE, SID);	/* the same place in all of them */
	default:
		return UINT32_MAX;
	}
}

static bool is_answer(const uint64_t words[SMMU_CMD_WORDS])
{
	return (uint8_t)words[0] == SMMU_CMD_PRI_RESP_NUMBER || (uint8_t)words[0] == SMMU_CMD_RESUME_NUMBER;
}

/* An error at the same command as before, a few times; or DEAD */
static int again(struct iovm__smmu_cmdq *q, unsigned long ticket)
{
	if (q->abort_at != ticket)
		q->abort_retries = 0;
	q->abort_at = ticket;
	return ++q->abort_retries > TRIES ? IOVM_E_DEAD : 0;
}

/* 7.1: what stands at CMDQ_CONS, and why. Before it is acknowledged, nobody reads the queue */
static int mend(struct iovm__smmu *s, struct iovm_blame *blame)
{
	struct iovm__smmu_cmdq *q = &s->cmdq;
	unsigned code = (unsigned)SMMU_GET_REG(iovm__smmu_read(s, SMMU_REG_CMDQ_CONS_NUMBER), REG_CMDQ_CONS, ERR);
	unsigned long ticket = read_cons(s) + 1;
	uint64_t *words = q->slot[(ticket - 1) & q->mask];

	*blame = (struct iovm_blame){ .error = IOVM_E_HARDWARE, .stream_id = UINT32_MAX };
	if (before(load_rlx(&q->prod), ticket))	/* at no command of ours */
		return again(q, ticket);
	switch (code) {
	case CERROR_ILL:
		count_up(&s->count.ill, 1);
		blame->stream_id = stream_of(words);
		blame->fence = ticket;
		if (again(q, ticket))	/* not even a SYNC is good enough here */
			return IOVM_E_DEAD;
		if (q->abort_retries == 1)	/* once more, as it stands: it may have been read wrong */
			return 0;
		if (is_answer(words))
			fail(q, ticket, IOVM_E_HARDWARE);
		else
			blame->fence = fail_fence(q, ticket, IOVM_E_HARDWARE);
		words[0] = SMMU_CMD_SYNC_NUMBER;
		words[1] = 0;
		return 1;
	case CERROR_ATC_INV_SYNC:
		count_up(&s->count.atc, 1);
		blame->error = IOVM_E_ATC;
		blame->fence = fail_fence(q, ticket, IOVM_E_ATC);
		return 1;
	default:
		if (code == CERROR_ABT)
			count_up(&s->count.abt, 1);
		return again(q, ticket);
	}
}

static void note_errors(struct iovm__smmu *s, uint32_t active)
{
	unsigned bit;

	for (bit = 0; bit < sizeof s->count.gerror / sizeof s->count.gerror[0]; bit++)
		if (active >> bit & 1)
			count_up(&s->count.gerror[bit], 1);
	if (active & GERROR_BIT(MSI_CMDQ_ABT_ERR))
		store_rel(&s->msi_broken, true);
	or_sc(&s->told, active & ~GERROR_BIT(CMDQ_ERR));	/* of those commands their callers hear */
}

int iovm__smmu_recover(void *hw, struct iovm_blame *blame)
{
	const uint32_t known = (2u << SMMU_LSB(REG_GERROR, DPT_ERR)) - 1 - (1u << 1);	/* bit 1 is none */
	struct iovm__smmu *s = hw;
	uint32_t gerror = iovm__smmu_read(s, SMMU_REG_GERROR_NUMBER), active = (gerror ^ load_rlx(&s->gerrorn)) & known;
	int more = 0;

	*blame = (struct iovm_blame){ .stream_id = UINT32_MAX };
	if (load_acq(&s->down) & SMMU_DEAD || gerror == UINT32_MAX) {	/* all ones: there is nothing at these addresses any more */
		or_ar(&s->down, (unsigned)SMMU_DEAD);
		return IOVM_E_DEAD;
	}
	if (!active)
		return 0;
	note_errors(s, active);
	if (active & GERROR_BIT(CMDQ_ERR))
		more = mend(s, blame);
	if (active & GERROR_BIT(SFM_ERR))	/* 12.3: acknowledging does not leave it */
		more = IOVM_E_DEAD;
	if (more == IOVM_E_DEAD) {
		blame->error = IOVM_E_DEAD;
		or_ar(&s->down, (unsigned)SMMU_DEAD);
	}
	store_rel(&s->gerrorn, load_rlx(&s->gerrorn) ^ active);	/* only what is active may be toggled */
	iovm__smmu_write(s, SMMU_REG_GERRORN_NUMBER, load_rlx(&s->gerrorn));
	return more;
}
