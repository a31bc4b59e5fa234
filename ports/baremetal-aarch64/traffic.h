/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * DMA: an engine is an edu device, libiovm's handle for it, and a model of its buffer. A transfer is started, waited for, and started again for as long as
 * the notices that dispatch brought say that the SMMU ended some of it; each notice is checked and served first.
 */
#ifndef TRAFFIC_H
#define TRAFFIC_H
#include "pci.h"
#include "space.h"

enum { ENGINES = 2, TRIES = 100, F_TRANSLATION = 0x10, F_PERMISSION = 0x13, C_BAD_STREAMID = 0x02, C_BAD_STE = 0x04 };

struct transfer {
	struct engine *e;
	uint64_t va;
	unsigned offset, length;	/* in the buffer; 1..EDU_MAX */
	bool to_memory;
	bool done;
};
struct engine {
	struct edu edu;
	struct iovm_device *dev;	/* NULL: libiovm does not know it */
	struct space *space;		/* NULL: blocked */
	uint8_t buffer[EDU_BUFFER];	/* what its buffer ought to contain */
	const struct transfer *now;	/* what it does; its notices must be about that */
	bool failed;
};
struct traffic {
	struct engine engine[ENGINES];
	unsigned long transfers, attempts, faults;
	unsigned long notices, records, lost, errors, strays;	/* notices: of terminated transfers; records: that they stand for; strays: of streams without an entry */
	struct iovm_notice last;	/* the last TERMINATED */
};
extern struct traffic traffic;

bool traffic_begin(void);		/* finds the engines; false: not enough */
void transfer_run(struct transfer *t, unsigned n);	/* n different engines at once, to the end, and compared */
void transfer_refused(struct transfer *t);	/* once; whatever it is told, memory must not change (memory_audit()) */
void serve_notices(void);		/* dispatch until libiovm is at rest, then whatever it told */
/* One page and one engine, at random places of it: there is a device buffer's worth of room */
struct transfer transfer_at(struct engine *e, unsigned page, bool to_memory);

int engine_add(struct engine *e, struct space *s);	/* on an error e is as before */
void engine_remove(struct engine *e);
void engine_switch(struct engine *e, struct space *s);

#endif
