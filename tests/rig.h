/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * What tests of the engine start from: a system on the watching port, one to three scripted IOMMUs, address spaces that count what is asked of them, devices
 * that write down their capabilities, and a list of callbacks in order. rig_fini() takes everything down and finds every leak.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H
#include "engine/engine.h"
#include "machine.h"

enum { RIG_IOMMUS = 3, RIG_MMS = 32, RIG_DEVICES = 32, RIG_LOG = 4096 };

struct rig;
struct rig_mm {
	struct rig *rig;
	unsigned watches, unwatches, watch_calls;
	int watch_error;
	uint32_t asid;			/* pinned, or IOVM_ASID_ANY */
	uint32_t format;
	uint64_t top;
	enum iovm_outcome outcome;	/* of the default handler */
	unsigned faults, ranges;	/* groups and pages that came */
};
struct rig_device {
	struct rig *rig;
	struct iovm_device *dev;
	struct machine *m;
	unsigned stream;
	bool pasid, ats, pri;		/* what is on at the device */
	unsigned pri_value, ats_value, busy;	/* busy: turns until page requests are STOPPED */
	unsigned calls, fail_nth;	/* of set_cap to a value that is not 0 */
	int fail;
	char order[64];			/* "P+A+R+": what was switched, in order */
};
struct rig_event {			/* callbacks */
	struct iovm_device *dev;
	void *mm, *arg;
	enum iovm_bond_event event;
};

struct rig {
	struct port port;
	struct machine m[RIG_IOMMUS];
	struct iovm_iommu *iommu[RIG_IOMMUS];
	unsigned niommus;
	struct iovm *sys;
	uint64_t now;
	unsigned versions[MACHINE_ROOTS];
	struct rig_mm mm[RIG_MMS];
	struct rig_device dev[RIG_DEVICES];
	struct rig_event events[RIG_LOG];
	unsigned nevents;
	void (*on_event)(struct rig *r, const struct rig_event *e);
	void (*on_fault)(struct rig *r, struct rig_mm *mm, struct iovm_fault *faults, unsigned n);
	/* what the handler saw */
	uint64_t tokens[RIG_LOG];
	unsigned ntokens, calls;
	struct iovm_range range[RIG_LOG];	/* of the last call, group after group */
	unsigned nranges, group_size[IOVM__BATCH];
};

struct rig_config {			/* zero: a rig of one IOMMU as machine_init() leaves it */
	unsigned niommus, pasid_bits, max_mms;
	void (*backend)(struct iovm_backend *be, unsigned i);
	void (*port)(struct port *port);
};
struct rig *rig_new(const struct rig_config *config);
void rig_finish(struct rig *r);		/* unbinds whatever is bound first */
void rig_fini(struct rig *r);		/* everything is unbound: devices, IOMMUs, system; no leak */
void rig_free(struct rig *r);		/* after a failed rig_start() or one's own iovm_del() */
int rig_start(struct rig *r, const struct rig_config *config);	/* what rig_new() does after preparing; may fail under a failing allocator */
struct rig *rig_prepare(const struct rig_config *config);

/* A device on IOMMU i: trusted, ATS capable, credits and width as given; set_cap is the rig's. change may alter the configuration. */
struct rig_device *rig_device(struct rig *r, unsigned i, unsigned stream, void (*change)(struct iovm_device_config *c));
int rig_try_device(struct rig *r, unsigned i, unsigned stream, void (*change)(struct iovm_device_config *c), struct rig_device **out);
struct rig_device *rig_ready(struct rig *r, unsigned i, unsigned stream);	/* added and initialised */
int rig_bind(struct rig_device *d, struct rig_mm *mm);		/* with the rig's callback, arg: mm */
void rig_callback(struct iovm_device *dev, void *mm, enum iovm_bond_event event, void *arg);

int rig_reset(struct rig_device *d, bool ok);	/* begin, the reset itself, done; what done said */
int rig_dispatch(struct rig *r, unsigned i);	/* one, a microsecond later than the last */
unsigned rig_settle(struct rig *r);		/* until no IOMMU has work; returns how many rounds */
void rig_later(struct rig *r);			/* settles again and again for some milliseconds: what waits for others goes on */
unsigned rig_count(const struct rig *r, const struct iovm_device *dev, const void *mm, enum iovm_bond_event event);
bool rig_reaches(struct rig_device *d, const struct rig_mm *mm, int pasid);	/* NO_PASID: -1 */
struct iovm_stats rig_stats(const struct rig *r);
static inline uint64_t rig_root(const struct rig_mm *mm)
{
	return (uint64_t)(mm - mm->rig->mm) + 1;
}

#endif
