/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * From words to struct soak_options. An option that would have no effect in the run that was asked for is refused, not ignored. What is not given
 * stays 0 and is drawn from the seed later; only the seed itself is made up here, from the system's entropy, because it must be known first.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "faults.h"
#include "smmu_words.h"
#include "soak_options.h"

enum {
	OPT_BACKEND = 256, OPT_MM, OPT_SEED, OPT_STEPS, OPT_REQUESTS, OPT_DURATION, OPT_KILLS, OPT_DEVICES, OPT_MMS, OPT_IOMMUS, OPT_PASID_BITS, OPT_KINDS,
	OPT_CMDQ, OPT_EVTQ, OPT_PRIQ, OPT_THREADS, OPT_POPULATE, OPT_INJECT, OPT_TRACE, OPT_REPORT, OPT_NO_HASH, OPT_PLANT, OPT_JSON, OPT_HELP,
};

static const struct option longs[] = {
	{ "backend", required_argument, NULL, OPT_BACKEND }, { "mm", required_argument, NULL, OPT_MM }, { "seed", required_argument, NULL, OPT_SEED },
	{ "steps", required_argument, NULL, OPT_STEPS }, { "requests", required_argument, NULL, OPT_REQUESTS },
	{ "duration", required_argument, NULL, OPT_DURATION }, { "kills", required_argument, NULL, OPT_KILLS },
	{ "devices", required_argument, NULL, OPT_DEVICES }, { "mms", required_argument, NULL, OPT_MMS }, { "iommus", required_argument, NULL, OPT_IOMMUS },
	{ "pasid-bits", required_argument, NULL, OPT_PASID_BITS }, { "kinds", required_argument, NULL, OPT_KINDS },
	{ "cmdq-log2", required_argument, NULL, OPT_CMDQ }, { "evtq-log2", required_argument, NULL, OPT_EVTQ },
	{ "priq-log2", required_argument, NULL, OPT_PRIQ }, { "threads", required_argument, NULL, OPT_THREADS },
	{ "populate", required_argument, NULL, OPT_POPULATE }, { "inject", required_argument, NULL, OPT_INJECT },
	{ "trace", required_argument, NULL, OPT_TRACE }, { "report", required_argument, NULL, OPT_REPORT },
	{ "no-hash", no_argument, NULL, OPT_NO_HASH }, { "plant", required_argument, NULL, OPT_PLANT },
	{ "json", no_argument, NULL, OPT_JSON }, { "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 },
};

static const char help[] =
"usage: iovm soak [options]\n"
"\n"
"Lets drivers, devices and processes misbehave around a libiovm engine, watches\n"
"every event with the invariant checker, and reports. Without options: the\n"
"pretend machine with all faults for about 10 s, then real process memory for 5.\n"
"\n"
"What runs\n"
"  --mm sim|process     spaces of the pretend machine, or those of real processes\n"
"  --backend sim|smmuv3 an abstract IOMMU, or SMMUv3s of registers and memory\n"
"                       under the driver that ships\n"
"  --seed N             0..2^53-1; the same seed and steps repeat byte for byte\n"
"  --inject LIST|none|all   faults by number or name: --inject 16,credit-flood;\n"
"                       not into real processes\n"
"How long (the first that is reached; default 10s)\n"
"  --steps N            scheduler choices    --requests N   page requests\n"
"  --duration T         500ms, 10s, 5m, 1h   --kills N      processes that die\n"
"Its shape (what is not given is drawn from the seed and reported)\n"
"  --devices 1..256  --mms 1..1024  --iommus 1..16  --pasid-bits 1..20\n"
"  --kinds pri|stall|mixed\n"
"  --cmdq-log2 2..19  --evtq-log2 8..19  --priq-log2 3..19   queue sizes, 2^N;\n"
"                       --backend smmuv3: from 1, 1 and 4\n"
"  --threads 1..64      with --mm process: who takes memory away; from 2 with\n"
"                       --backend smmuv3: who maps, binds and resets at once, as\n"
"                       servicers and hardware run; nothing repeats: no --trace\n"
"  --populate auto|vector|single     with --mm process: how pages come in\n"
"What comes out\n"
"  --json               one JSON object instead of the page for people\n"
"  --trace FILE         every event, for iovm check-trace\n"
"  --report FILE.html   a page for a browser: verdict, latencies, faults, devices\n"
"  --no-hash            no SHA-256 of the trace\n"
"  --plant leak|crash   with --mm process: do a wrong thing, to see it reported\n"
"  --help               this text\n"
"\n"
"A step is one scheduler choice. Exit: 0 good, 1 an invariant or a check broke,\n"
"2 usage, 3 the environment lacks something, 128+n signal n (report included).\n"
"\n"
"  iovm soak --steps 200000 --seed 1          the same run, every time\n"
"  iovm soak --inject F24 --seed 7 --json     one fault alone\n"
"  iovm soak --mm process --kills 10          processes that really die\n";

static __attribute__((format(printf, 1, 2))) int complain(const char *fmt, ...)
{
	va_list ap;

	fputs("iovm soak: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\n", stderr);
	return -1;
}

static int number(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;

	if (!smmu_number_parse(text, strlen(text), &n) || n < min || n > max)
		return complain("--%s %s: a number from %llu to %llu is needed", what, text, (unsigned long long)min, (unsigned long long)max);
	*out = n;
	return 0;
}

static int small(const char *what, const char *text, unsigned min, unsigned max, unsigned *out)
{
	uint64_t n;

	if (number(what, text, min, max, &n))
		return -1;
	*out = (unsigned)n;
	return 0;
}

static int word(const char *what, const char *text, const char *const *words, unsigned first, unsigned *out)
{
	for (unsigned i = 0; words[i]; i++)
		if (!strcmp(text, words[i])) {
			*out = first + i;
			return 0;
		}
	complain("--%s %s: not one of:", what, text);
	for (unsigned i = 0; words[i]; i++)
		fprintf(stderr, "  %s\n", words[i]);
	return -1;
}

static int duration(const char *text, uint64_t *ns)
{
	static const struct { const char *unit; double ns; } units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 },
	};
	char *end;
	double n = strtod(text, &end);

	for (unsigned i = 0; end != text && n > 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].unit) && n * units[i].ns >= 1 && n * units[i].ns < 1e18) {
			*ns = (uint64_t)(n * units[i].ns);
			return 0;
		}
	return complain("--duration %s: 500ms, 10s, 5m or 1h, say", text);
}

static const char *const kinds[] = { "pri", "stall", "mixed", NULL };
static const char *const populates[] = { "auto", "vector", "single", NULL };
static const char *const plants[] = { "leak", "crash", NULL };
static const char *const backends[] = { "sim", "smmuv3", NULL };
static const char *const mms[] = { "sim", "process", NULL };

const char *soak_kinds_name(enum soak_kinds k)
{
	return k ? kinds[k - SOAK_KINDS_PRI] : "drawn";
}

const char *soak_sync_name(unsigned sync)
{
	static const char *const names[] = { "cons", "msi", "irq" };

	return sync < sizeof(names) / sizeof(names[0]) ? names[sync] : "unknown";
}

const char *soak_populate_name(enum soak_populate p)
{
	return populates[p];
}

static int inject(struct soak_options *o)	/* which faults there are depends on the machine */
{
	char why[2048];

	return faults_parse(o->inject_list ? o->inject_list : "all", o->backend == SOAK_BACKEND_SMMUV3, &o->inject, why, sizeof(why)) ?
	       complain("--inject: %s", why) : 0;
}

struct given { bool backend, mm, seed; };

static int set(int opt, const char *arg, struct soak_options *o, struct given *g)
{
	unsigned n = 0;
	int err = 0;

	switch (opt) {
	case OPT_BACKEND: err = word("backend", arg, backends, SOAK_BACKEND_SIM, &n); o->backend = n; g->backend = true; return err;
	case OPT_MM: err = word("mm", arg, mms, SOAK_MM_SIM, &n); o->mm = n; g->mm = true; return err;
	case OPT_SEED: g->seed = true; return number("seed", arg, 0, SOAK_SEED_MAX, &o->seed);
	case OPT_STEPS: return number("steps", arg, 1, SOAK_SEED_MAX, &o->steps);
	case OPT_REQUESTS: return number("requests", arg, 1, SOAK_SEED_MAX, &o->requests);
	case OPT_DURATION: return duration(arg, &o->duration_ns);
	case OPT_KILLS: return number("kills", arg, 1, SOAK_SEED_MAX, &o->kills);
	case OPT_DEVICES: return small("devices", arg, 1, 256, &o->devices);
	case OPT_MMS: return small("mms", arg, 1, 1024, &o->mms);
	case OPT_IOMMUS: return small("iommus", arg, 1, 16, &o->iommus);
	case OPT_PASID_BITS: return small("pasid-bits", arg, 1, IOVM_PASID_BITS, &o->pasid_bits);
	case OPT_KINDS: err = word("kinds", arg, kinds, SOAK_KINDS_PRI, &n); o->kinds = n; return err;
	case OPT_CMDQ: return small("cmdq-log2", arg, 1, 19, &o->cmdq_log2);
	case OPT_EVTQ: return small("evtq-log2", arg, 1, 19, &o->evtq_log2);
	case OPT_PRIQ: return small("priq-log2", arg, 3, 19, &o->priq_log2);
	case OPT_THREADS: return small("threads", arg, 1, 64, &o->threads);
	case OPT_POPULATE: err = word("populate", arg, populates, SOAK_POPULATE_AUTO, &n); o->populate = n; return err;
	case OPT_INJECT: o->inject_list = arg; return 0;
	case OPT_TRACE: o->trace = arg; return 0;
	case OPT_REPORT: o->report = arg; return 0;
	case OPT_NO_HASH: o->no_hash = true; return 0;
	case OPT_PLANT: err = word("plant", arg, plants, SOAK_PLANT_LEAK, &n); o->plant = n; return err;
	case OPT_JSON: o->json = true; return 0;
	default: return -1;	/* getopt has said what is wrong */
	}
}

/*
 * With threads not those that are aimed by the engine's trace (F14, F58, F61) or at a call on the stack (F60), that are the one dispatcher's (F26, F42, F44), that
 * end a wait which nobody has time to end here (F35), and for which all calls must stop (F37, F38)
 */
#define F(n) (UINT64_C(1) << (n))
static const uint64_t threaded = ~(F(14) | F(26) | F(35) | F(37) | F(38) | F(39) | F(42) | F(44) | F(58) | F(60) | F(61));

/* By whatever names. What is no file, as a terminal, takes both */
static bool one_file(const char *a, const char *b)
{
	struct stat s, t;

	if (stat(a, &s) || stat(b, &t))
		return !strcmp(a, b);
	return S_ISREG(s.st_mode) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* Which of the parts is meant, and does every option that was given mean something there? */
static int settle(struct soak_options *o, const struct given *g)
{
	bool bounded = o->steps || o->requests || o->kills;

	if (!g->mm && o->plant)
		o->mm = SOAK_MM_PROCESS;
	else if (!g->mm && (g->backend || bounded || o->trace))
		o->mm = SOAK_MM_SIM;
	if (o->mm == SOAK_MM_SIM && (o->plant || o->populate))
		return complain("--plant and --populate need --mm process: the pretend machine has no real memory");
	if (o->mm == SOAK_MM_SIM && o->threads > 1 && o->backend != SOAK_BACKEND_SMMUV3)
		return complain("--threads needs --mm process or --backend smmuv3: the abstract IOMMU of the pretend machine is of one thread");
	if (o->mm == SOAK_MM_SIM && o->threads > 1 && o->inject & ~threaded && o->inject_list && strcasecmp(o->inject_list, "all"))
		return complain("--inject with --threads: not F14, F26, F35, F37 to F39, F42, F44, F58, F60, F61, which need one order of all that happens");
	if (o->mm == SOAK_MM_SIM && o->threads > 1)
		o->inject &= threaded;
	if (o->mm == SOAK_MM_SIM && o->threads > 1 && (o->trace || o->report))
		return complain("--trace and --report: of several threads nobody knows in which order things happen; leave out --threads");
	if (o->trace && o->report && one_file(o->trace, o->report))
		return complain("--trace and --report: %s cannot be both; name two files", o->report);
	if (o->mm == SOAK_MM_PROCESS && (o->backend != SOAK_BACKEND_SIM || (o->inject_list && o->inject)))
		return complain("--backend smmuv3 and --inject need --mm sim: real processes are served behind the abstract IOMMU, and no fault is injected");
	if (o->mm == SOAK_MM_PROCESS && o->steps)
		return complain("--steps: real processes have no scheduler that we choose for; use --kills, --requests or --duration");
	if (o->backend == SOAK_BACKEND_SIM && (o->cmdq_log2 == 1 || (o->evtq_log2 && o->evtq_log2 < 8)))
		return complain("--cmdq-log2 from 2, --evtq-log2 from 8: smaller queues need --backend smmuv3");
	if (o->backend == SOAK_BACKEND_SMMUV3 && o->priq_log2 == 3)
		return complain("--priq-log2: at least 4 with --backend smmuv3");
	if (o->mm != SOAK_MM_BOTH && !bounded && !o->duration_ns)
		o->duration_ns = UINT64_C(10000000000);
	if (o->mm == SOAK_MM_BOTH && !o->kinds)
		o->kinds = SOAK_KINDS_MIXED;	/* who only looks shall see every fault */
	return 0;
}

static int fresh_seed(uint64_t *seed)
{
	if (getrandom(seed, sizeof(*seed), 0) != (ssize_t)sizeof(*seed))
		return complain("no random seed: %s; use --seed", strerror(errno));
	*seed &= UINT64_C(0xffffffff);	/* short enough to be typed again */
	return 0;
}

enum soak_parse soak_options_parse(int argc, char **argv, struct soak_options *o)
{
	struct given g = { false };
	int opt;

	*o = (struct soak_options){ .mm = SOAK_MM_BOTH };
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == OPT_HELP) {
			fputs(help, stdout);
			return SOAK_PARSE_HELP;
		}
		if (set(opt, optarg, o, &g))
			return SOAK_PARSE_USAGE;
	}
	if (optind < argc) {
		complain("'%s': no such option; see iovm soak --help", argv[optind]);
		return SOAK_PARSE_USAGE;
	}
	if (inject(o) || settle(o, &g) || (!g.seed && fresh_seed(&o->seed)))
		return SOAK_PARSE_USAGE;
	return SOAK_PARSE_RUN;
}
