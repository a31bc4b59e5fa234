/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Instructions, which do not depend on who else uses the machine. This program runs itself under callgrind; the child
 * builds a world, does each thing N times and 2N times, and dumps what was counted after each. The slope between the
 * two is what one costs, without what it takes to begin. Counting is on only around the calls. A lookup and a claim
 * are short, so the cost of the loop itself is measured as a thing of its own and taken off. A request's count
 * contains the bench's own poll, submit and handler: some twenty instructions each; through an SMMUv3 the driver's,
 * and the bench's registers.
 */
#define _GNU_SOURCE
#include "bench.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "engine/engine.h"
#include "ring.h"
#include "smmu.h"
#include "world.h"
#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif

enum { N = 16384, ROUND = 256, NKEYS = 4096 };
#define LOOP "loop"

struct count {
	struct world *world;
	uint32_t key[NKEYS];	/* numbers of mms, random */
	struct traffic traffic, smmu_traffic;
	struct ring_bench *ring;
	unsigned batch;		/* commands */
	uint64_t bad, wrong;
};

#ifdef CALLGRIND_TOGGLE_COLLECT

static void op_loop(struct count *c, uint32_t mm)
{
	__asm__ volatile("" : : "r"(c), "r"(mm) : "memory");
}
static void op_pasid(struct count *c, uint32_t mm)
{
	const struct world *world = c->world;

	c->wrong += iovm__bond_find(world->iommu, world->dev[mm % world->ndevices], world->pasid[mm]) == NULL;
}
static void op_mm(struct count *c, uint32_t mm)
{
	c->wrong += iovm__hash_find(&c->world->sys->reg, &c->world->mm[mm]) == NULL;
}
static void op_absent(struct count *c, uint32_t mm)
{
	c->wrong += iovm__hash_find(&c->world->sys->reg, (const char *)&c->world->mm[mm] + 8) != NULL;
}
static void op_claim(struct count *c, uint32_t mm)
{
	long id = iovm__bitmap_claim(c->world->sys->pasids, 1, UINT32_MAX);

	c->wrong += id < 0;
	iovm__bitmap_release(c->world->sys->pasids, (uint32_t)id);
}

static void op_submit(struct count *c, uint32_t mm)
{
	ring_submit(c->ring, c->batch);
}
static void op_bare(struct count *c, uint32_t mm)
{
	ring_bare(c->ring, c->batch);
}

static void run_op(struct count *c, void (*op)(struct count *c, uint32_t mm), unsigned n)
{
	CALLGRIND_TOGGLE_COLLECT;
	for (unsigned i = 0; i < n; i++)
		op(c, c->key[i % NKEYS]);
	CALLGRIND_TOGGLE_COLLECT;
}

static unsigned answers(struct world *world, uint64_t *bad)
{
	return world->smmu != NULL ? smmu_answers(world->smmu, bad) : traffic_answers(&world->hw.commands, bad);
}

static void run_requests(struct count *c, struct traffic *traffic, unsigned n)
{
	struct world *world = traffic->world;
	const unsigned npages = traffic->npages;

	for (unsigned i = 0; i < n; i += ROUND) {
		if (world->smmu != NULL)
			smmu_emit(traffic, ROUND / npages);
		else
			traffic_emit(traffic, &world->hw.requests, ROUND / npages);
		CALLGRIND_TOGGLE_COLLECT;
		while (iovm_dispatch(world->iommu, ++world->now, ROUND) > 0)
			;
		CALLGRIND_TOGGLE_COLLECT;
		c->wrong += answers(world, &c->bad) != ROUND / npages;
	}
}

static const struct thing {
	const char *name;
	void (*op)(struct count *c, uint32_t mm);
	unsigned npages, batch;
	bool smmu;
} things[] = {
	{ LOOP, op_loop, 0, 0, false },
	{ "request, 1-page groups", NULL, 1, 0, false },
	{ "request, 8-page groups", NULL, 8, 0, false },
	{ "request, SMMUv3, 1-page groups", NULL, 1, 0, true },
	{ "request, SMMUv3, 8-page groups", NULL, 8, 0, true },
	{ "lookup by PASID", op_pasid, 0, 0, false },
	{ "lookup by mm", op_mm, 0, 0, false },
	{ "lookup by mm, absent", op_absent, 0, 0, false },
	{ "PASID claim and release", op_claim, 0, 0, false },
	{ "SMMUv3 submit, batch of 1", op_submit, 0, 1, false },
	{ "bare ring, batch of 1", op_bare, 0, 1, false },
	{ "SMMUv3 submit, batch of 3", op_submit, 0, 3, false },
	{ "bare ring, batch of 3", op_bare, 0, 3, false },
	{ "SMMUv3 submit, batch of 17", op_submit, 0, 17, false },
	{ "bare ring, batch of 17", op_bare, 0, 17, false },
	{ "SMMUv3 submit, batch of 65", op_submit, 0, 65, false },
	{ "bare ring, batch of 65", op_bare, 0, 65, false },
};

static void run_thing(struct count *c, const struct thing *thing, unsigned n)
{
	struct traffic *traffic = thing->smmu ? &c->smmu_traffic : &c->traffic;
	char label[80];

	snprintf(label, sizeof(label), "%u %s", n, thing->name);
	traffic->npages = thing->npages;
	c->batch = thing->batch;
	ring_bench_batch(c->ring, c->batch);
	CALLGRIND_ZERO_STATS;
	if (thing->op != NULL)
		run_op(c, thing->op, n);
	else
		run_requests(c, traffic, n);
	CALLGRIND_DUMP_STATS_AT(label);
}

int count_child(unsigned npasids, unsigned ndevices)
{
	struct count *c = bench_memory(sizeof(*c));
	const bool small = npasids + ndevices <= 17;
	uint64_t seed = 88172645463325252u;

	c->world = world_new(ndevices, npasids, 0);
	traffic_init(&c->traffic, c->world, 1);
	c->ring = ring_bench_new();
	if (small)
		traffic_init(&c->smmu_traffic, world_new_smmu(ndevices, npasids), 1);
	for (unsigned i = 0; i < NKEYS; i++)
		c->key[i] = bench_below(&seed, npasids);
	CALLGRIND_START_INSTRUMENTATION;
	for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
		if (!small && (things[i].batch != 0 || things[i].smmu))	/* the same in every world; one IOMMU is enough to compare */
			continue;
		run_thing(c, &things[i], N);
		run_thing(c, &things[i], 2 * N);
	}
	CALLGRIND_STOP_INSTRUMENTATION;
	c->wrong += c->ring->taken != c->ring->asked || !ring_same(c->ring);
	fprintf(stderr, "iovm-bench: %llu wrong, %llu not Success\n", (unsigned long long)c->wrong, (unsigned long long)c->bad);
	return c->wrong + c->bad > 0;	/* the kernel frees the rest */
}

#else

int count_child(unsigned npasids, unsigned ndevices)
{
	return 3;
}

#endif

/* ---- the process that was started ---- */

struct slopes {			/* what was dumped: for each name the counts at N and at 2N */
	struct slope { char name[80]; double at[2]; } slope[32];
	unsigned n;
};

static struct slope *slope_of(struct slopes *all, const char *name)
{
	for (unsigned i = 0; i < all->n; i++)
		if (strcmp(all->slope[i].name, name) == 0)
			return &all->slope[i];
	if (all->n == sizeof(all->slope) / sizeof(all->slope[0]))
		return NULL;
	snprintf(all->slope[all->n].name, sizeof(all->slope[0].name), "%s", name);
	return &all->slope[all->n++];
}

/* A dump has "desc: Trigger: Client Request: LABEL" and "totals: COUNT". */
static void read_dump(const char *path, struct slopes *all)
{
	FILE *file = fopen(path, "r");
	char line[512], name[80] = "";
	unsigned n = 0;
	double total = -1;
	struct slope *slope;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		sscanf(line, "desc: Trigger: Client Request: %u %79[^\n]", &n, name);
		sscanf(line, "totals: %lf", &total);
	}
	if (file != NULL)
		fclose(file);
	slope = name[0] != '\0' && total >= 0 ? slope_of(all, name) : NULL;
	if (slope != NULL)
		slope->at[n == 2 * N] = total;
}

static void each_file(const char *dir, void (*fn)(const char *path, void *arg), void *arg)
{
	DIR *list = opendir(dir);
	const struct dirent *entry;
	char path[512];

	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		fn(path, arg);
	}
	if (list != NULL)
		closedir(list);
}

static void read_one(const char *path, void *arg)
{
	read_dump(path, arg);
}
static void remove_one(const char *path, void *arg)
{
	unlink(path);
}

static int finish(pid_t child)		/* exit status; 127: it could not be started */
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(char *const argv[], const char *log)
{
	pid_t child = fork();

	if (child != 0)
		return child < 0 ? 127 : finish(child);
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	execvp(argv[0], argv);
	_exit(127);
}

static void show_log(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		fputs(line, stderr);
	if (file != NULL)
		fclose(file);
}

static void add_rows(struct bench *bench, const struct slopes *all, unsigned npasids, unsigned ndevices)
{
	double loop = 0;

	for (unsigned i = 0; i < all->n; i++) {
		const struct slope *slope = &all->slope[i];
		double each = (slope->at[1] - slope->at[0]) / N;
		struct bench_row *row;

		if (strcmp(slope->name, LOOP) == 0) {
			loop = each;
			continue;
		}
		row = bench_row_new(bench);
		row->name = "count";
		row->slices = 2;
		row->instructions = each - (strncmp(slope->name, "request", 7) == 0 ? 0 : loop);
		if (strstr(slope->name, "batch of") != NULL)
			snprintf(row->variant, sizeof(row->variant), "%.60s", slope->name);
		else
			snprintf(row->variant, sizeof(row->variant), "%.40s, %u PASIDs, %u device%s", slope->name, npasids, ndevices, ndevices > 1 ? "s" : "");
	}
}

static double cost_of(const struct slopes *all, const char *name)	/* 0: not counted here */
{
	for (unsigned i = 0; i < all->n; i++)
		if (strcmp(all->slope[i].name, name) == 0)
			return (all->slope[i].at[1] - all->slope[i].at[0]) / N;
	return 0;
}

/* From a record in an SMMUv3's queue to its PRI_RESP: at most twice what a request costs through the rings of world.c. 0, or 1 if it is more */
static int hold_smmu_to_it(const struct slopes *all)
{
	static const char *const pair[][2] = { { "request, 1-page groups", "request, SMMUv3, 1-page groups" },
					       { "request, 8-page groups", "request, SMMUv3, 8-page groups" } };
	int status = 0;

	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		double direct = cost_of(all, pair[i][0]), smmu = cost_of(all, pair[i][1]);

		if (smmu <= 2 * direct)
			continue;
		fprintf(stderr, "iovm-bench: %s: %.0f instructions, more than twice %.0f\n", pair[i][1], smmu, direct);
		status = 1;
	}
	return status;
}

static int in_order(const void *a, const void *b)	/* the loop first */
{
	const struct slope *x = a, *y = b;
	int xl = strcmp(x->name, LOOP) != 0, yl = strcmp(y->name, LOOP) != 0;

	return xl != yl ? xl - yl : strcmp(x->name, y->name);
}

static int count_one(struct bench *bench, const char *self, const char *dir, unsigned npasids, unsigned ndevices)
{
	char out[256], log[256], sizes[64];
	char *const argv[] = { "valgrind", "--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", out,
			       (char *)self, "--count-child", sizes, NULL };
	struct slopes all = { .n = 0 };
	int status;

	snprintf(out, sizeof(out), "--callgrind-out-file=%s/out", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	snprintf(sizes, sizeof(sizes), "%u,%u", npasids, ndevices);
	fprintf(stderr, "counting with %u PASIDs, %u device%s ...\n", npasids, ndevices, ndevices > 1 ? "s" : "");
	status = run(argv, log);
	if (status != 0 && status != 127)
		show_log(log);
	else
		each_file(dir, read_one, &all);
	each_file(dir, remove_one, NULL);
	qsort(all.slope, all.n, sizeof(all.slope[0]), in_order);
	if (status != 0)
		return status;
	add_rows(bench, &all, npasids, ndevices);
	return hold_smmu_to_it(&all);
}

int count_run(struct bench *bench, const char *self)
{
	static const struct { unsigned npasids, ndevices; } size[] = { { 16, 1 }, { 16, 1024 }, { 1000000, 1 }, { 1000000, 1024 } };
	char dir[] = "/tmp/iovm-count-XXXXXX", path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int status = 0;

#ifndef CALLGRIND_TOGGLE_COLLECT
	fputs("iovm-bench: built without valgrind/callgrind.h: install the package valgrind, build again\n", stderr);
	return 3;
#endif
	if (length > 0)
		path[length] = '\0';
	if (mkdtemp(dir) == NULL) {
		fprintf(stderr, "iovm-bench: %s: %s\n", dir, strerror(errno));
		return 3;
	}
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]) && status == 0; i++)
		status = count_one(bench, length > 0 ? path : self, dir, size[i].npasids, size[i].ndevices);
	rmdir(dir);
	if (status == 127)
		fputs("iovm-bench: cannot run valgrind: install the package valgrind\n", stderr);
	return status == 127 ? 3 : status;
}
