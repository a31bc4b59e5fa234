/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* A small driver of an accelerator: one open space at a time. It knows libiovm's driver calls and nothing of who runs them. */
#ifndef EXAMPLES_ACC_H
#define EXAMPLES_ACC_H
#include <iovm/iovm.h>

struct acc;
struct acc *acc_probe(struct iovm_device *dev);		/* NULL: no memory, or the device cannot do it */
int acc_open(struct acc *a, void *mm);			/* PASID to submit jobs with, or IOVM_E_*; BUSY while the last one is not over */
int acc_close(struct acc *a);				/* no more jobs; the device no longer reaches the space. Also after its death */
bool acc_stopped(const struct acc *a);			/* nothing is open or on its way out */
int acc_remove(struct acc *a);				/* BUSY until it is stopped; on 0 a is gone */

#endif
