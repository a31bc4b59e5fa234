/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* Lines of three tab-separated columns (kind, name, data), and what decode and encode do with them alike. */
#ifndef IOVM_SMMU_TSV_H
#define IOVM_SMMU_TSV_H
#include <stdio.h>
#include "backends/smmuv3/codec.h"
#include "smmu_words.h"

struct smmu_tsv { char *kind, *name, *data; };		/* columns, each ended by 0 */

/*
 * Gives each line to answer, which prints the line that answers it and returns NULL, or prints nothing and returns why: that, and what is no line of three
 * columns, is answered with "ERR<tab>name<tab>reason". Returns DECODE_BAD if there was an ERR.
 */
int smmu_tsv_each(struct smmu_reader *in, FILE *out, const char *(*answer)(FILE *out, struct smmu_tsv *line));

/* The record that kind and name select: by name, by its first word (L1), by its part before "(" (REG), or the kind's only one. NULL, or why there is none */
const char *smmu_tsv_record(const struct smmu_tsv *line, const struct smmu_record **r);

/* "NAME=VALUE" up to the next ';': steps *at over it. false: it is not one */
bool smmu_tsv_pair(char **at, const char **name, size_t *length, const char **value, size_t *digits);

bool smmu_tsv_calculates(const struct smmu_tsv *line);	/* kinds QUE and ALG: the same in both directions */
const char *smmu_tsv_calculate(FILE *out, const struct smmu_tsv *line);

#endif
