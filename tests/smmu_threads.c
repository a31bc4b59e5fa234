/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Sixteen threads and one command queue: the real submit.c over the real driver over the model, whose registers a mutex guards. Every command carries
 * its thread and a number, and is looked at when CMDQ_CONS has passed it: each was consumed once, a batch's in one piece, batches in the order of the list
 * (whose post had returned when another's began comes first, in each phase), and a fence behind all of it before its thread hears that it is done.
 *
 * Fairness is counted, not timed: of all that was consumed after a post had returned, how much went before its batch was through? IOVM_TEST_BATCHES is
 * how many batches there are in all; a million take minutes.
 */
#include "port.h"
#include <iovm/smmuv3.h>
#include <iovm/smmuv3_model.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backends/smmuv3/smmuv3.h"
#include "iommu/submit.h"

enum { THREADS = 16, QUEUE_LOG2 = 8, LARGEST = 65, BATCHES = 40000, PACE = 8, PHASES = 3, BOUND = 2 * THREADS << QUEUE_LOG2 };
enum { OP_CFGI_CD = 0x05, OP_TLBI_NH_VA = 0x12, OP_ATC_INV = 0x40, OP_SYNC = 0x46 };

struct caller {				/* thread i: StreamID, ASID and VA bits say so */
	struct iovm_function fn;
	struct iovm__smmu_table table;
	uint32_t stream_id;
	uint64_t seed;
	struct iovm_cmd cmd[LARGEST];
	uint32_t sent[PHASES];		/* numbers of its commands, ever */
	unsigned long overtaken;	/* the most that any of its batches was */
	/* of its batch. The thread writes them while it has posted none; then who has the registers */
	atomic_ulong before, after;	/* moments of the post; after 0: not yet posted */
	atomic_uint left[PHASES];	/* not yet consumed */
	atomic_ulong through;		/* what total was when the last was */
	/* who has the registers */
	uint32_t seen[PHASES];
};
static struct world {
	struct port port;
	struct iovm *sys;
	struct iovm_iommu *iommu;
	struct iovm_smmuv3_model *model;
	const struct iovm__smmu_cmdq *q;
	pthread_mutex_t registers;
	struct caller caller[THREADS];
	struct caller *piece[PHASES];	/* whose commands of this phase are under way */
	unsigned batches;		/* of each thread */
	uint64_t random;		/* of the model; 0: the plainest */
	bool waiters_step;		/* the model moves when a waiter has its turn; else a thread of its own moves it */
	atomic_ulong moment, total, last_sync;
	atomic_bool stop;
	unsigned violations;
} w;

static uint32_t draw(uint64_t *state, uint32_t n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % n;
}

/* ---- what was consumed: whoever calls has the registers --------------------------------------------------------------------------- */

/* Nobody whose post had returned when c's began still has commands of this phase to come */
static void in_list_order(const struct caller *c, unsigned phase)
{
	unsigned i, left;
	unsigned long after;

	for (i = 0; i < THREADS; i++) {
		struct caller *other = &w.caller[i];

		after = load_acq(&other->after);
		left = load_acq(&other->left[phase]);
		must(other == c || !after || after > load_acq(&c->before) || !left || after != load_acq(&other->after), "%u was overtaken in the list", i);
	}
}

static void consumed(struct caller *c, unsigned phase, uint32_t number)
{
	unsigned left = load_acq(&c->left[phase]), i, all = 0;

	must(number == c->seen[phase], "%u is consumed, not %u", number, c->seen[phase]);
	must(left > 0, "more than was posted");
	c->seen[phase]++;
	must(!w.piece[phase] || w.piece[phase] == c, "a batch came between");
	if (!w.piece[phase])
		in_list_order(c, phase);
	w.piece[phase] = left > 1 ? c : NULL;
	store_rel(&c->left[phase], left - 1);
	for (i = 0; i < PHASES; i++)
		all += load_acq(&c->left[i]);
	if (!all)
		store_rel(&c->through, load_rlx(&w.total));
}

static void look_at(const uint64_t *words)
{
	uint32_t number = (uint32_t)(words[1] >> 12), stream = (uint32_t)(words[0] >> 32);

	count_up(&w.total, 1);
	switch (words[0] & 0xff) {
	case OP_CFGI_CD:
		number = words[0] >> 12 & 0xfffff;
		consumed(&w.caller[stream % THREADS], 0, (w.caller[stream % THREADS].seen[0] & ~0xfffffu) | number);
		break;
	case OP_TLBI_NH_VA:
		consumed(&w.caller[(words[0] >> 48) % THREADS], 1, number);
		break;
	case OP_ATC_INV:
		consumed(&w.caller[stream % THREADS], 2, number);
		break;
	default:
		must((words[0] & 0xff) == OP_SYNC, "command %llx", (unsigned long long)words[0]);
		store_rel(&w.last_sync, load_rlx(&w.total));
	}
}

static bool step(void)
{
	uint32_t mask = (2u << QUEUE_LOG2) - 1, from = (uint32_t)iovm_smmuv3_model_read(w.model, SMMU_REG_CMDQ_CONS_NUMBER, 4) & mask, to;
	bool more = iovm_smmuv3_model_step(w.model);

	to = (uint32_t)iovm_smmuv3_model_read(w.model, SMMU_REG_CMDQ_CONS_NUMBER, 4) & mask;
	for (; w.q && from != to; from = (from + 1) & mask)
		look_at(w.q->slot[from & w.q->mask]);
	return more;
}

static void some_steps(void)
{
	unsigned n = PACE;

	pthread_mutex_lock(&w.registers);
	while (n-- && step())
		;
	pthread_mutex_unlock(&w.registers);
}

/* ---- the host ------------------------------------------------------------------------------------------------------------------------ */

static bool mem_read(void *ctx, uint64_t addr, unsigned bytes, uint64_t *value)
{
	*value = 0;
	memcpy(value, (const void *)(uintptr_t)addr, bytes);
	return true;
}

static bool mem_write(void *ctx, uint64_t addr, unsigned bytes, uint64_t value)
{
	memcpy((void *)(uintptr_t)addr, &value, bytes);
	return true;
}

static unsigned choose(void *ctx, unsigned n, const char *point)
{
	return w.random ? draw(&w.random, n) : 0;
}

static void violation(void *ctx, const char *duty, const char *clause, const char *sentence)
{
	fprintf(stderr, "broken: %s (%s): %s\n", duty, clause, sentence);
	w.violations++;
}

static uint32_t reg_read(void *regs, uint32_t offset)
{
	uint32_t value;

	pthread_mutex_lock(&w.registers);
	value = (uint32_t)iovm_smmuv3_model_read(w.model, offset, 4);
	pthread_mutex_unlock(&w.registers);
	return value;
}

static void reg_write(void *regs, uint32_t offset, uint32_t value)
{
	pthread_mutex_lock(&w.registers);
	iovm_smmuv3_model_write(w.model, offset, 4, value);
	pthread_mutex_unlock(&w.registers);
}

static void *dma_alloc(void *ctx, size_t size, uint64_t *bus)
{
	void *mem = aligned_alloc(size, size);

	must(mem != NULL, "no memory");
	memset(mem, 0, size);
	*bus = (uintptr_t)mem;
	return mem;
}

static void dma_free(void *ctx, void *mem, size_t size, uint64_t bus) { free(mem); }

static void on_wait(void *arg, unsigned turn)
{
	if (w.waiters_step || !w.q)
		some_steps();
	sched_yield();
}

static int watch(void *ctx, void *mm, struct iovm_table *table) { return 0; }
static void unwatch(void *ctx, void *mm) { }
static void fault(void *ctx, void *mm, struct iovm_fault *faults, unsigned n) { }

/* ---- the threads ----------------------------------------------------------------------------------------------------------------------- */

static unsigned fill(struct caller *c)	/* a batch, sorted by phase: all of one, or a bit of each */
{
	static const uint8_t op[PHASES] = { IOVM_CMD_ENTRY, IOVM_CMD_TLB, IOVM_CMD_ATC };
	unsigned n = 1 + draw(&c->seed, LARGEST), of[PHASES] = { 0, n, 0 }, i, k, at = 0;

	if (draw(&c->seed, 2)) {
		of[0] = draw(&c->seed, n + 1);
		of[1] = draw(&c->seed, n - of[0] + 1);
		of[2] = n - of[0] - of[1];
	}
	for (i = 0; i < PHASES; i++) {
		for (k = 0; k < of[i]; k++, at++) {
			uint32_t number = c->sent[i]++;
			uint64_t va = (uint64_t)number << 12;

			c->cmd[at] = (struct iovm_cmd){ .op = op[i], .format = IOVM_TABLE_AARCH64_S1, .pasid = i ? 1 : number & 0xfffff, .asid = THREADS + c->stream_id,
							.first = va, .last = va | 0xfff, .fn = &c->fn };
		}
		store_rel(&c->left[i], of[i]);
	}
	return n;
}

static void post_one(struct caller *c)
{
	struct iovm__batch batch = { 0 };
	unsigned long since, through;
	unsigned i, n;

	store_rel(&c->after, 0ul);
	n = fill(c);
	store_rel(&c->before, add_sc(&w.moment, 1) + 1);
	iovm__submit_post(w.iommu, &batch, c->cmd, n, false);
	store_rel(&c->after, add_sc(&w.moment, 1) + 1);
	since = load_acq(&w.total);
	must(iovm__submit_wait(w.iommu, &batch) == 0, "the wait failed");
	through = load_acq(&c->through);
	for (i = 0; i < PHASES; i++)
		must(!load_acq(&c->left[i]), "done, with %u commands to come", load_acq(&c->left[i]));
	must(load_acq(&w.last_sync) > through, "done, and no fence came behind it");
	if (through > since && through - since > c->overtaken)
		c->overtaken = through - since;
}

static void *caller(void *arg)
{
	unsigned i;

	for (i = 0; i < w.batches; i++)
		post_one(arg);
	return NULL;
}

static void *smmu(void *arg)
{
	while (!load_acq(&w.stop)) {
		some_steps();
		sched_yield();
	}
	return NULL;
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------------------- */

static void begin(void)
{
	struct iovm_smmuv3_config sc = { .size = sizeof sc, .read32 = reg_read, .write32 = reg_write, .regs = &w, .cmdq_log2 = QUEUE_LOG2, .sid_bits = 6 };
	struct iovm_smmuv3_model_config mc;
	struct iovm_config config = { .size = sizeof config, .max_mms = 4, .pasid_bits = 4, .mm = { .watch = watch, .unwatch = unwatch, .fault = fault } };

	pthread_mutex_init(&w.registers, NULL);
	port_init(&w.port);
	w.port.ops.dma_alloc = dma_alloc;
	w.port.ops.dma_free = dma_free;
	w.port.on_wait = on_wait;
	w.port.wait_limit = ~0u;
	config.port = w.port.ops;
	iovm_smmuv3_model_defaults(&mc);
	mc.read = mem_read;
	mc.write = mem_write;
	mc.choose = choose;
	mc.violation = violation;
	w.model = iovm_smmuv3_model_new(&mc);
	ck_assert_ptr_nonnull(w.model);
	ck_assert_int_eq(iovm_new(&w.sys, &config), 0);
	ck_assert_int_eq(iovm_smmuv3_add(w.sys, &sc, &w.iommu), 0);
	w.q = &((struct iovm__smmu *)iovm_iommu_hw(w.iommu))->cmdq;
}

static void end(void)
{
	some_steps();
	w.q = NULL;
	ck_assert_uint_eq(iovm_smmuv3_model_judge(w.model), 0);
	ck_assert_int_eq(iovm_del(w.sys), 0);
	ck_assert_uint_eq(w.violations, 0);
	iovm_smmuv3_model_del(w.model);
	port_fini(&w.port);
	pthread_mutex_destroy(&w.registers);
}

static void run_threads(void)
{
	pthread_t thread[THREADS + 1];
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		struct caller *c = &w.caller[i];

		c->stream_id = i;
		c->fn = (struct iovm_function){ .stream_ids = &c->stream_id, .nstream_ids = 1, .ats = true, .priv = &c->table };
		c->seed = i + 1;
		ck_assert_int_eq(pthread_create(&thread[i], NULL, caller, c), 0);
	}
	if (!w.waiters_step)
		ck_assert_int_eq(pthread_create(&thread[THREADS], NULL, smmu, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	store_rel(&w.stop, true);
	if (!w.waiters_step)
		pthread_join(thread[THREADS], NULL);
}

static unsigned long batches_wanted(void)
{
	const char *text = getenv("IOVM_TEST_BATCHES");

	return text ? strtoul(text, NULL, 0) : BATCHES;
}

START_TEST(sixteen_at_once)
{
	unsigned long most = 0, sent = 0;
	unsigned i, k;

	w = (struct world){ .waiters_step = _i != 1 };
	w.batches = (unsigned)(batches_wanted() / THREADS / (_i ? 8 : 1));
	w.random = _i == 2 ? 7 : 0;
	begin();
	run_threads();
	for (i = 0; i < THREADS; i++) {
		struct caller *c = &w.caller[i];

		for (k = 0; k < PHASES; k++) {
			ck_assert_uint_eq(c->seen[k], c->sent[k]);
			sent += c->sent[k];
		}
		most = c->overtaken > most ? c->overtaken : most;
	}
	ck_assert_uint_ge(sent, (unsigned long)w.batches * THREADS);
	ck_assert_uint_gt(most, 0);
	ck_assert_uint_le(most, BOUND);
	fprintf(stderr, "smmu_threads: %lu batches, %lu commands and %lu fences; at most %lu went before a batch was through, %u may\n", (unsigned long)w.batches * THREADS,
		sent, load_rlx(&w.total) - sent, most, (unsigned)BOUND);
	end();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("smmu_threads");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, sixteen_at_once, 0, 3);	/* waiters move the model; a thread of its own does; it does as it likes */
	tcase_set_timeout(all, batches_wanted() > BATCHES ? 3600 : 240);
	suite_add_tcase(s, all);
	return s;
}

int main(void)
{
	return harness_main(suite());
}
