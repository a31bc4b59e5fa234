/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The checker's picture of the world, made of trace records only. It never looks into the engine, so that it cannot share the engine's mistakes.
 *
 * Objects appear with the record that first names them and go with the record that ends them, so memory follows what is alive, never how long the
 * trace is. One family of invariants per file: group.c (requests, groups, answers), bond.c (PASIDs, bonds, callbacks), cut.c (the way out),
 * inval.c (invalidation and DMA), bounds.c (quotas, credits, liveness, sums). Each is fed every record, in the order in which the facts build on each other.
 */
#ifndef IOVM_CHECK_INTERNAL_H
#define IOVM_CHECK_INTERNAL_H
#include <iovm/backend.h>
#include <iovm/check.h>
#include <stdlib.h>
#include <string.h>

/* ---- a map of 64-bit keys to pointers; key 0 is allowed, pointers are not NULL ---- */
struct iovm__map_cell { uint64_t key; void *val; };
struct iovm__map { struct iovm__map_cell *cell; uint32_t mask, used; };
void *iovm__map_get(const struct iovm__map *map, uint64_t key);
bool iovm__map_put(struct iovm__map *map, uint64_t key, void *val);	/* false: no memory */
void *iovm__map_take(struct iovm__map *map, uint64_t key);		/* removes; what was there, or NULL */
void iovm__map_fini(struct iovm__map *map, void (*del)(void *val));	/* del may be NULL */

struct iovm_check {
	uint64_t ordinal;
	struct iovm_check_count count[IOVM_CHECK_MAX];
	unsigned violations;
	bool no_memory, ended;
	char first[400];
};

void iovm__check_fail(struct iovm_check *ck, unsigned inv, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
