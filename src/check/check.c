/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The checker's face: counts, the sentence about the first violation, and the order in which the families hear a record. */
#include "check/internal.h"
#include <stdarg.h>
#include <stdio.h>

#define BIT(n) (UINT64_C(1) << (n))
#define BITS(a, b) ((BIT((b) + 1) - 1) & ~(BIT(a) - 1))

uint64_t iovm_check_set(bool smmuv3)
{
	uint64_t all = BITS(1, 12) | BITS(17, 22) | BIT(24) | BITS(26, 29) | BITS(32, 37) | BITS(40, 42);

	return smmuv3 ? all | BITS(13, 16) | BIT(30) | BIT(31) | BIT(43) : all;
}

struct iovm_check *iovm_check_new(void)
{
	return calloc(1, sizeof(struct iovm_check));
}

void iovm__check_fail(struct iovm_check *ck, unsigned inv, const char *fmt, ...)
{
	va_list ap;
	int n;

	ck->count[inv].violations++;
	if (ck->violations++)
		return;
	n = snprintf(ck->first, sizeof ck->first, "I%u: record %llu: ", inv, (unsigned long long)ck->ordinal);
	va_start(ap, fmt);
	vsnprintf(ck->first + n, sizeof ck->first - (size_t)n, fmt, ap);
	va_end(ap);
}

void *iovm__check_alloc(struct iovm_check *ck, size_t size)
{
	void *mem = calloc(1, size);

	ck->no_memory |= !mem;
	return mem;
}

/*
 * Devices first: everything else asks who is who. Answers hear a command before the fences do, and invalidations hear of a completed fence before it
 * leaves the list. Bounds hear a DISCARD while its device's account still has it.
 */
void iovm_check_record(struct iovm_check *ck, const struct iovm_trace *rec)
{
	if (ck->no_memory || ck->ended)
		return;
	ck->ordinal++;
	iovm__check_devices(ck, rec);
	iovm__check_bounds(ck, rec);
	iovm__check_groups(ck, rec);
	iovm__check_answers(ck, rec);
	iovm__check_bonds(ck, rec);
	iovm__check_inval(ck, rec);
	iovm__check_cut(ck, rec);
	iovm__check_dma(ck, rec);
	iovm__check_smmu(ck, rec);
}

void iovm_check_end(struct iovm_check *ck)
{
	if (ck->ended)
		return;
	if (ck->no_memory) {
		iovm__check_fail(ck, 0, "the checker had no memory and stopped listening");
	} else {
		iovm__check_groups_end(ck);
		iovm__check_bonds_end(ck);
		iovm__check_answers_end(ck);
		iovm__check_cut_end(ck);
		iovm__check_bounds_end(ck);
		iovm__check_smmu_end(ck);
	}
	ck->ended = true;
}

unsigned iovm_check_violations(const struct iovm_check *ck)
{
	return ck->violations;
}

const struct iovm_check_count *iovm_check_count(const struct iovm_check *ck, unsigned invariant)
{
	return &ck->count[invariant < IOVM_CHECK_MAX ? invariant : 0];
}

const char *iovm_check_first(const struct iovm_check *ck)
{
	return ck->violations ? ck->first : NULL;
}

void iovm_check_del(struct iovm_check *ck)
{
	if (!ck)
		return;
	iovm__check_inval_fini(ck);
	iovm__check_dma_fini(ck);
	iovm__check_groups_fini(ck);
	iovm__check_bonds_fini(ck);
	iovm__check_smmu_fini(ck);
	iovm__check_devices_fini(ck);
	free(ck);
}
