/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * One IOMMU as the core sees it: its queue (submit.h), its devices by StreamID, and the inbox of its servicer.
 *
 * Who writes what. Mutators (driver calls) add devices and streams under port.lock. The servicer is the only one that looks streams up without the lock and the
 * only one that takes them out again, so a lookup never meets a node that somebody else removes. Everything that another context wants of
 * the servicer is a work item in the inbox: post() may be called from anywhere, run() happens in dispatch.
 */
#ifndef IOVM_IOMMU_IOMMU_H
#define IOVM_IOMMU_IOMMU_H
#include <iovm/backend.h>
#include "base/atomic.h"
#include "base/bits.h"
#include "base/env.h"
#include "base/trace.h"
#include "iommu/submit.h"
#include "pasid/bitmap.h"

struct iovm__bond;
struct iovm__pri;
struct iovm__unit;

/* ---- work: whatever the servicer shall do next ----------------------------------------------------------------------------- */

struct iovm__work {
	struct iovm__work *next;
	atomic_uint bits;	/* what is asked for; 0: not in the inbox */
	void (*run)(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits);
};
/* Any context: ask for bits; takes effect in a dispatch that begins after this call, which also rings the bell. */
void iovm__work_post(struct iovm_iommu *iommu, struct iovm__work *work, unsigned bits);
bool iovm__work_run(struct iovm_iommu *iommu);	/* servicer: everything that was in the inbox; whether there was anything */

/* ---- one IOMMU --------------------------------------------------------------------------------------------------------------- */

struct iovm__stream {		/* hash node: one StreamID of a device */
	_Atomic(struct iovm__stream *) next;
	struct iovm_device *dev;
	uint32_t id;
};
#define IOVM__STREAM_BUCKETS 1024u

struct iovm__counters {		/* written by the servicer only (count_up), but for those said otherwise */
	atomic_ulong requests, served, discarded, markers, lasts, groups, success, invalid, suppressed, overflows;
	atomic_ulong shutdowns, unbounds, dispatches, unknown_streams, unknown_pasids, flooded, repeated, fenced;
	atomic_ulong bad_tokens, bad_outcomes;	/* any context: add_rlx */
	atomic_uint tokens;		/* with the host */
};

struct iovm_iommu {
	const struct iovm_port *port;
	struct iovm *sys;
	void *hw;
	void (*del)(void *hw);
	struct iovm_backend be;
	unsigned index;
	atomic_bool dead;

	struct iovm__queue queue;
	_Atomic(struct iovm__work *) inbox;
	_Atomic(struct iovm__stream *) streams[IOVM__STREAM_BUCKETS];

	/* under port.lock */
	struct iovm_device *devices;
	unsigned ndevices;
	uint32_t credits_free, stalls_free;
	struct iovm__bitmap *asids, *vmids;

	/* the servicer's */
	uint64_t now;
	uint64_t consumed[2];
	struct iovm__bond *draining;		/* engine/retire.c */
	struct iovm__slot *retiring;
	struct iovm__pri *pri;
	_Atomic(struct iovm__bond *) *bonds;	/* mmctx/bond.h: hash of (device, PASID) */
	uint32_t bonds_mask;
	struct iovm_device *ending;
	bool dispatching;
	uint64_t due;				/* when to dispatch again; 0: at once */
	struct iovm__counters count;
};

int iovm__iommu_new(struct iovm_iommu **out, const struct iovm_port *port, const struct iovm_backend *be, void *hw);
void iovm__iommu_free(struct iovm_iommu *iommu);

struct iovm_device *iovm__stream_find(const struct iovm_iommu *iommu, uint32_t id);	/* servicer, or under the lock */
void iovm__stream_add(struct iovm_iommu *iommu, struct iovm__stream *stream);		/* under the lock */
void iovm__stream_remove(struct iovm_iommu *iommu, struct iovm__stream *stream);	/* servicer */

static inline uint32_t iovm__stream_bucket(uint32_t id)
{
	return bits_mix(id) % IOVM__STREAM_BUCKETS;
}

/* ---- devices ------------------------------------------------------------------------------------------------------------------ */

/* device.state: bits set and cleared atomically; any context may read them */
enum {
	IOVM__DEV_READY = 1,		/* init done: bonds by PASID may be made */
	IOVM__DEV_PRI = 2,		/* page requests (or stalls) are on */
	IOVM__DEV_ATS = 4,		/* it may hold translations */
	IOVM__DEV_FENCED = 8,		/* misbehaved: Invalid without handler until it is reset */
	IOVM__DEV_SUSPECT = 16,		/* did not complete an ATC invalidation */
	IOVM__DEV_RESETTING = 32,
	IOVM__DEV_GONE = 64,
	IOVM__DEV_DYING = 128,		/* device_del has begun */
	IOVM__DEV_STOPPED = 256,	/* port.fence has stopped it at the bus */
	IOVM__DEV_NAMELESS = 512,	/* device_del is about to return: the host hears no more of it */
	IOVM__DEV_ABORTED = 8 | 16 | 32 | 64 | 128,	/* any of these: its stream entry aborts everything */
};

enum { IOVM__WORK_RESET = 1, IOVM__WORK_END = 2 };	/* bits of device.work */

struct iovm_device {
	struct iovm_iommu *iommu;
	atomic_uint state;
	uint32_t serial;
	struct iovm_function fn;
	struct iovm__unit *unit;		/* of the PF, or its own; NULL: no page requests */
	uint32_t flags;				/* IOVM_DEV_* */
	uint16_t credits;

	/* the servicer's */
	uint32_t score;
	uint64_t score_time;
	uint32_t lossy[IOVM_PRG_INDICES / 32];	/* a member of this index was dropped: its next Last is Invalid */
	uint32_t nlossy;
	uint64_t lossy_since;			/* overflows of the IOMMU when they were marked */

	/* a reset ends everything that was asked before it was done */
	_Atomic(uint32_t) epoch;
	atomic_ulong reset_position[2];		/* low words; written before the work item is posted */
	uint64_t ignore_below[2];		/* the servicer's */

	/* mutators, under port.lock */
	struct iovm_device *next, *pf;
	unsigned nvfs;
	bool ats_wanted;
	bool busy;				/* a driver call is in the middle of something */
	bool unsettled;				/* the fence behind the last step of its stream entries failed */
	void *host;
	int (*set_cap)(void *dev, enum iovm_cap cap, uint32_t value);
	_Atomic(struct iovm__bond *) bond0;

	atomic_uint holds;			/* bonds (and binds under way) that may still lead here: memory stays */
	atomic_uint pasid_bonds;		/* by PASID, not ended */
	atomic_uint named;			/* callers of the host's fence and notice that name it */
	atomic_uint aborting;			/* callers of iovm__device_abort() */
	unsigned end_step;			/* the servicer's */
	uint64_t end_snap[2];
	_Atomic(struct iovm__bond *) bonds;	/* mmctx/bond.h: pushed by mutators, taken out by the servicer */
	struct iovm__work work;
	struct iovm_device *trim_next;
	struct iovm__batch abort_batch;		/* whoever sets the device to abort first */
	struct iovm_cmd abort_cmd;
	atomic_uint abort_serial, abort_done;	/* of the abort, and one more than that of the last that was seen to be carried out: tickets are not asked for ever */
	uint32_t ids[IOVM_MAX_STREAMS];
	struct iovm__stream streams[IOVM_MAX_STREAMS];
};

static inline unsigned iovm__device_state(const struct iovm_device *dev)
{
	return load_acq(&dev->state);
}
static inline bool iovm__device_reaches_atc(const struct iovm_device *dev)	/* its ATC is worth invalidating */
{
	unsigned state = load_acq(&dev->state);

	return (state & IOVM__DEV_ATS) && !(state & IOVM__DEV_ABORTED);
}

/*
 * Around a call that names the device to the host, which may be made on any thread: an invalidation can outlast the bond of entry 0, whose device is being
 * deleted meanwhile. False: it is nameless. unname() makes it so, and waits for those that name it: what they run is the host's, which waits for nothing.
 */
bool iovm__device_name(struct iovm_device *dev);
void iovm__device_named(struct iovm_device *dev);
void iovm__device_unname(struct iovm_device *dev);

/* Capabilities, in the order that PCIe asks for (PASID while ATS is off; PRI last); under a mutator's protection, process context. */
int iovm__device_caps_on(struct iovm_device *dev);
void iovm__device_caps_off(struct iovm_device *dev);
int iovm__device_ats_on(struct iovm_device *dev);
int iovm__device_ats_off(struct iovm_device *dev);	/* it is off whatever is returned; TIMEDOUT: the device became a suspect */
/* Bring the stream entries in line and make the IOMMU forget what it cached of them: ENTRY|STREAM, fence, bounded by port.wait */
int iovm__device_sync(struct iovm_device *dev);
int iovm__device_attached(struct iovm_device *dev, int more);	/* the same, when the backend's attach() has just returned more */

/*
 * Set the device to abort from any context, without waiting: adds why (FENCED, SUSPECT, GONE...) to its state; the first to set an ABORTED bit stores
 * the stream entry and posts the command. False: it was aborted before.
 */
bool iovm__device_abort(struct iovm_device *dev, unsigned why);
void iovm__device_abort_streams(struct iovm_device *dev);	/* its second half, for whoever holds the device busy and found an ABORTED bit */
/* Whoever was the first, on another thread, has stored it and posted the command: until then the streams do not abort, nor may the abort be lifted. Waits for him */
void iovm__device_abort_stored(struct iovm_device *dev);

/* The IOMMU has taken note of the abort; any caller, never waits */
bool iovm__device_aborted(struct iovm_device *dev);

/*
 * dev did not complete an ATC invalidation. Stop it at the bus if the host can (0); otherwise set it to abort and return TIMEDOUT. Told to the host once.
 */
int iovm__device_suspect(struct iovm_device *dev, unsigned long ticket);

void iovm__device_trace(const struct iovm_device *dev, enum iovm_trace_device what);	/* a step in its life */
void iovm__notice(struct iovm_iommu *iommu, struct iovm_device *dev, enum iovm_notice_what what, uint32_t pasid, uint64_t addr);

#endif
