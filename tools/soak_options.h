/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The command line of `iovm soak`. */
#ifndef TOOLS_SOAK_OPTIONS_H
#define TOOLS_SOAK_OPTIONS_H
#include "soak.h"

enum soak_parse { SOAK_PARSE_RUN, SOAK_PARSE_HELP, SOAK_PARSE_USAGE };
/* USAGE: the sentence is already on stderr. HELP: the text is on stdout. */
enum soak_parse soak_options_parse(int argc, char **argv, struct soak_options *o);
const char *soak_kinds_name(enum soak_kinds kinds);
const char *soak_sync_name(unsigned sync);	/* enum iovm_smmuv3_sync */
const char *soak_populate_name(enum soak_populate populate);

#endif
