/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One table holds what is known of a fault here. Numbers are fixed for ever (F41 is retired, its number stays empty); a fault belongs to the abstract
 * simulator or needs the registers and queues of an SMMUv3, and a list that names one of the other machine is refused rather than ignored: a run
 * that silently injects nothing would look like a pass.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "faults.h"

enum { SIM = 1, SMMU, FATAL };	/* SIM: on both machines; FATAL: as SMMU, and no engine survives it */

static const struct { const char *name; int where; } table[FAULT_MAX + 1] = {
	[1] = { "lone-last", SIM }, [2] = { "never-last", SIM }, [3] = { "index-reused", SIM }, [4] = { "mixed-pasid", SIM },
	[5] = { "no-pasid-garbage", SIM }, [6] = { "stop-marker-garbage", SIM }, [7] = { "last-no-access", SIM }, [8] = { "member-no-access", SIM },
	[9] = { "exec-priv-disabled", SIM }, [10] = { "bad-address", SIM }, [11] = { "unknown-stream", SIM }, [12] = { "unknown-pasid", SIM },
	[13] = { "credit-flood", SIM }, [14] = { "after-unbind", SIM }, [15] = { "same-page-forever", SIM }, [16] = { "atc-no-answer", SIM },
	[17] = { "atc-unsupported", SIM }, [18] = { "atc-stale-use", SIM }, [19] = { "surprise-removal", SIM }, [20] = { "function-reset", SIM },
	[21] = { "stall-duplicate", SMMU }, [22] = { "stall-changed", SMMU }, [23] = { "translated-ungranted", SIM }, [24] = { "priq-overflow", SIM },
	[25] = { "evtq-overflow", SMMU }, [26] = { "interrupt-loss", SIM }, [27] = { "entry-late", SIM }, [28] = { "prod-wrap", SMMU },
	[29] = { "prod-backwards", SMMU }, [30] = { "priq-abort", SMMU }, [31] = { "cmdq-full", SMMU }, [32] = { "cmd-illegal", SMMU },
	[33] = { "cmd-abort", SMMU }, [34] = { "atc-sync-error", SMMU }, [35] = { "sync-never", SMMU }, [36] = { "gerror-twice", SMMU },
	[37] = { "smmu-off", SMMU }, [38] = { "ack-never", SMMU }, [39] = { "tlb-still-answers", FATAL }, [40] = { "alloc-fails", SIM },
	[42] = { "clock-jumps", SIM }, [43] = { "timeout-tie", SIM }, [44] = { "timer-late", SIM }, [45] = { "process-dies", SIM },
	[46] = { "unmap-in-flight", SIM }, [47] = { "pasid-exhausted", SIM }, [48] = { "handler-blocks", SIM }, [49] = { "handler-twice", SIM },
	[50] = { "handler-bad-code", SIM }, [51] = { "callback-reenters", SIM }, [52] = { "callback-unbinds", SIM }, [53] = { "handler-lies", SIM },
	[54] = { "foreign-token", SIM }, [55] = { "asks-failure", SIM }, [56] = { "credits-overclaimed", SIM }, [57] = { "consumer-dies", SIM },
	[58] = { "recall-race", SIM }, [59] = { "backend-error", SIM }, [60] = { "teardown-race", SIM }, [61] = { "foreign-pasid", SIM },
};

const char *fault_name(unsigned number)
{
	return number <= FAULT_MAX ? table[number].name : NULL;
}

uint64_t faults_of(bool smmuv3)
{
	uint64_t mask = 0;

	for (unsigned i = 1; i <= FAULT_MAX; i++)
		if (table[i].where == SIM || (smmuv3 && table[i].where == SMMU))
			mask |= UINT64_C(1) << i;
	return mask;
}

static unsigned find(const char *word)	/* 0: unknown */
{
	const char *digits = *word == 'F' || *word == 'f' ? word + 1 : word;
	char *end;

	for (unsigned i = 1; i <= FAULT_MAX; i++)
		if (table[i].name && !strcasecmp(word, table[i].name))
			return i;
	if (!isdigit((unsigned char)*digits))
		return 0;
	unsigned long n = strtoul(digits, &end, 10);
	return !*end && n <= FAULT_MAX && table[n].name ? (unsigned)n : 0;
}

static void explain(char *why, size_t len, const char *word, bool smmuv3)
{
	size_t at = (size_t)snprintf(why, len, "there is no fault '%s'. The faults of this machine:", word);
	size_t column = 80;

	for (unsigned i = 1; i <= FAULT_MAX && at < len; i++) {
		if (table[i].where != SIM && !(smmuv3 && table[i].where))
			continue;
		size_t need = strlen(table[i].name) + 6;
		const char *gap = column + need > 76 ? "\n " : ",";
		column = *gap == ',' ? column + need : need;
		at += (size_t)snprintf(why + at, len - at, "%s F%02u %s", gap, i, table[i].name);
	}
}

static int take(char *word, bool smmuv3, uint64_t *mask, char *why, size_t len)
{
	unsigned n = find(word);

	if (!n) {
		explain(why, len, word, smmuv3);
		return -1;
	}
	if (table[n].where != SIM && !smmuv3) {
		snprintf(why, len, "F%02u %s needs the registers and queues of an SMMUv3 (--backend smmuv3)", n, table[n].name);
		return -1;
	}
	*mask |= UINT64_C(1) << n;
	return 0;
}

int faults_parse(const char *list, bool smmuv3, uint64_t *mask, char *why, size_t len)
{
	char *copy, *save = NULL;
	int err = 0, words = 0;

	*mask = 0;
	if (!strcmp(list, "none"))
		return 0;
	if (!strcmp(list, "all")) {
		*mask = faults_of(smmuv3);
		return 0;
	}
	copy = strdup(list);
	if (!copy) {
		snprintf(why, len, "no memory");
		return -1;
	}
	for (char *word = strtok_r(copy, ",", &save); word && !err; word = strtok_r(NULL, ",", &save), words++)
		err = take(word, smmuv3, mask, why, len);
	free(copy);
	if (!err && !words) {
		explain(why, len, list, smmuv3);
		err = -1;
	}
	return err;
}
