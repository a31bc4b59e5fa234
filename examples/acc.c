/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * See acc.h. State goes IDLE, OPEN, CLOSING and back. A space that dies closes by the callback, on the IOMMU's thread;
 * UNBOUND alone leads back to IDLE, since until then the engine holds our pointer. The state is one atomic word:
 * whoever takes it from OPEN to CLOSING owes the unbind.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include "acc.h"

enum { IDLE, OPEN, CLOSING };
struct acc { struct iovm_device *io; void *mm; _Atomic int state; };

static void acc_bond(struct iovm_device *io, void *mm, enum iovm_bond_event event, void *arg)
{
	struct acc *a = arg;

	if (event == IOVM_SHUTDOWN)
		acc_close(a);
	else
		atomic_store(&a->state, IDLE);
}

struct acc *acc_probe(struct iovm_device *dev)
{
	struct acc *a = calloc(1, sizeof *a);

	if (a && iovm_device_init(a->io = dev)) {
		free(a);
		a = NULL;
	}
	return a;
}

int acc_open(struct acc *a, void *mm)
{
	int idle = IDLE, pasid;

	if (!atomic_compare_exchange_strong(&a->state, &idle, OPEN))
		return IOVM_E_BUSY;
	a->mm = mm;			/* before bind: the space may die, and the callback come, while we are still in it */
	pasid = iovm_bind_mm(a->io, mm, acc_bond, a);
	if (pasid < 0)
		atomic_store(&a->state, IDLE);
	return pasid;
}

int acc_close(struct acc *a)
{
	int open = OPEN;

	return atomic_compare_exchange_strong(&a->state, &open, CLOSING) ? iovm_unbind_mm(a->io, a->mm) : IOVM_E_NOT_BOUND;
}

bool acc_stopped(const struct acc *a) { return atomic_load(&a->state) == IDLE; }

int acc_remove(struct acc *a)
{
	int err = acc_stopped(a) ? iovm_device_shutdown(a->io) : IOVM_E_BUSY;

	if (!err)
		free(a);
	return err;
}
