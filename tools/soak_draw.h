/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* The shape of a run: what the command line leaves open is drawn from the seed. */
#ifndef TOOLS_SOAK_DRAW_H
#define TOOLS_SOAK_DRAW_H
#include "soak.h"

void soak_draw(const struct soak_options *o, struct soak_config *c);

#endif
