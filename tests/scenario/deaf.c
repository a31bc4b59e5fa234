/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * See deaf.h. A call may begin inside another one's wait: each has a frame, and a turn counts for the innermost. Which stream, PASID and mm a call is about
 * is read from its own first record. What was cut is kept by (device, PASID) and by mm; since nothing drains, no PASID comes again, and only a bind that
 * says 0 takes a (device, PASID) off the list. A dead mm stays on it. A device of several streams is one: its ADD records tell.
 */
#include "scenario.h"
#include "backends/sim/world.h"

enum { MANY = 256 };

jmp_buf deaf_end;
bool (*deaf_story_wait)(void *ctx, unsigned turn);
static const char *const call_name[] = { "invalidate", "mm_exit", "unbind" };
static struct deaf_frame *innermost;
static struct { uint32_t stream_id, device; uint8_t iommu; } stream[MANY];
static struct { uint32_t device, pasid; uint64_t mm; } cut[MANY];	/* pasid IOVM_NO_PASID: the whole mm */
static struct { uint32_t device, pasid; } bond[MANY];		/* ever made */
static struct iovm_sim_ep *ep[MANY];
static unsigned nstreams, ncuts, nbonds, neps;

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0"; }	/* who is never drained is never freed */

uint64_t __wrap_iovm_deadline(const struct iovm_iommu *iommu);
uint64_t __wrap_iovm_deadline(const struct iovm_iommu *iommu) { return UINT64_MAX; }	/* or the machine would call in vain for ever */

static uint32_t device_of(const struct iovm_trace *rec)
{
	unsigned i = nstreams;

	while (i--)
		if (stream[i].stream_id == rec->stream_id && stream[i].iommu == rec->iommu)
			return stream[i].device;
	return 0;
}

static void add_stream(const struct iovm_trace *rec)
{
	if (nstreams == MANY)
		ck_abort_msg("more than %d streams", MANY);
	stream[nstreams].stream_id = rec->stream_id;
	stream[nstreams].iommu = rec->iommu;
	stream[nstreams++].device = rec->id;
}

static void add_cut(uint32_t device, uint32_t pasid, uint64_t mm)
{
	if (ncuts == MANY)
		ck_abort_msg("more than %d cuts", MANY);
	cut[ncuts].device = device;
	cut[ncuts].pasid = pasid;
	cut[ncuts++].mm = mm;
}

static void bound(const struct iovm_trace *rec)
{
	uint32_t device = device_of(rec);
	unsigned i = 0;

	if (nbonds < MANY) {
		bond[nbonds].device = device;
		bond[nbonds++].pasid = rec->pasid;
	}
	while (i < ncuts)
		if (cut[i].device == device && cut[i].pasid == rec->pasid)
			cut[i] = cut[--ncuts];
		else
			i++;
}

static void reached(const struct iovm_trace *rec)
{
	uint32_t device = device_of(rec);
	unsigned i;

	for (i = 0; i < ncuts; i++)
		if (cut[i].pasid == IOVM_NO_PASID ? cut[i].mm == rec->mm : cut[i].device == device && cut[i].pasid == rec->pasid)
			ck_abort_msg("stream %#x reaches mm %u at %#llx under PASID %d after %s said 0", (unsigned)rec->stream_id, (unsigned)rec->mm,
				     (unsigned long long)rec->a, (int)rec->pasid, cut[i].pasid == IOVM_NO_PASID ? "mm_exit" : "unbind");
}

/* Nothing of another call can come between a call's entry and its first record */
static void begun(const struct iovm_trace *rec)
{
	if (!innermost || innermost->last)
		return;
	innermost->last = rec->event == IOVM_TR_EXIT_CALL || rec->id == 0;
	*innermost->about = *rec;
}

void deaf_fill(void *mm)
{
	uint64_t addr;

	for (addr = BASE; addr < TOP; addr += PAGE)
		(void)iovm_sim_mm_write(mm, addr, "", 1);
}

void deaf_note(const struct iovm_trace *rec)
{
	switch (rec->event) {
	case IOVM_TR_DEVICE:
		if (rec->code == IOVM_TRD_ADD)
			add_stream(rec);
		break;
	case IOVM_TR_BIND_RET:
		if (rec->code == 0)
			bound(rec);
		break;
	case IOVM_TR_UNBIND_CALL:
	case IOVM_TR_EXIT_CALL:
		begun(rec);
		break;
	case IOVM_TR_DMA:
		if (rec->code == 0)
			reached(rec);
		break;
	}
}

/* ---- worlds ---------------------------------------------------------------------------------------------------------------------- */

void deaf_new(void) { nstreams = ncuts = nbonds = neps = 0; }

void deaf_meet(struct iovm_sim_ep *who)
{
	if (neps < MANY)
		ep[neps++] = who;
}

int __real_iovm_sim_ep_del(struct iovm_sim_ep *who);
int __wrap_iovm_sim_ep_del(struct iovm_sim_ep *who);
int __wrap_iovm_sim_ep_del(struct iovm_sim_ep *who)
{
	int err = __real_iovm_sim_ep_del(who);
	unsigned i;

	for (i = 0; i < neps && !err; i++)
		if (ep[i] == who)
			ep[i] = ep[--neps];
	return err;
}

void deaf_try(struct iovm_sim *sim)
{
	static char buffer[8];
	struct iovm_trace of = { 0 };
	unsigned i, j;

	for (i = 0; i < neps; i++)
		for (j = 0; j < nbonds; j++) {
			of.stream_id = iovm_sim_ep_stream_id(ep[i]);
			if (device_of(&of) == bond[j].device)
				(void)iovm_sim_dma(ep[i], (int)bond[j].pasid, BASE, buffer, sizeof buffer, true);
		}
	scene_run(sim);
}

/* ---- calls ----------------------------------------------------------------------------------------------------------------------- */

bool deaf_wait(void *ctx, unsigned turn)
{
	if (innermost && ++innermost->turns > IOVM__WAIT_TURNS)
		ck_abort_msg("%s waits for more than %d turns", call_name[innermost->call], IOVM__WAIT_TURNS);
	return (!deaf_story_wait || deaf_story_wait(ctx, turn)) && turn + 1 < IOVM__WAIT_TURNS;
}

void deaf_enter(struct deaf_frame *frame, struct iovm_trace *about, enum deaf_call call)
{
	*frame = (struct deaf_frame){ .outer = innermost, .call = call, .about = about };
	innermost = frame;
}

static bool documented(enum deaf_call call, int result)
{
	switch (result) {
	case 0:
	case IOVM_E_TIMEDOUT:
		return true;
	case IOVM_E_INVAL:
		return call != DEAF_MM_EXIT;
	case IOVM_E_NOT_BOUND:
	case IOVM_E_DEAD:
		return call == DEAF_UNBIND;
	}
	return false;
}

int deaf_leave(struct deaf_frame *frame, int result)
{
	innermost = frame->outer;
	if (!documented(frame->call, result))
		ck_abort_msg("%s returns %d", call_name[frame->call], result);
	if (result == 0 && frame->last && frame->about->mm)
		add_cut(device_of(frame->about), frame->call == DEAF_MM_EXIT ? IOVM_NO_PASID : frame->about->pasid, frame->about->mm);
	return result;
}
