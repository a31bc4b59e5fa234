/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What happened and the way out, in a sentence each. */
#include <iovm/iovm.h>

const char *iovm_strerror(int err)
{
	switch (err < 0 ? err : 0) {
	case 0: return "no error";
	case IOVM_E_INVAL: return "an argument is outside its range: see the call's description in iovm.h";
	case IOVM_E_NOT_BOUND: return "this device is not bound to this address space: one unbind too many";
	case IOVM_E_EXISTS: return "it exists already with another meaning (callback, StreamID, or entry 0 against PASID): undo that first";
	case IOVM_E_BUSY: return "something is still in use or drains: dispatch on, then call again";
	case IOVM_E_STALE: return "this fault token was finished before, or its bond has ended: forget it";
	case IOVM_E_FORMAT: return "the IOMMU cannot walk this table: check what mm_ops.watch filled in";
	case IOVM_E_PF_FIRST: return "a VF shares its PF's page requests: init the PF, then call again";
	case IOVM_E_UNTRUSTED: return "ATS and PRI need IOVM_DEV_TRUSTED: trust the device or do without";
	case IOVM_E_NOT_READY: return "the device is not ready to be bound: call iovm_device_init() first";
	case IOVM_E_UNSUPPORTED: return "this IOMMU has no such feature (ATS, page requests, stalls, PASIDs): do without it";
	case IOVM_E_NO_MEMORY: return "the host's allocator gave no memory: nothing changed, call again later";
	case IOVM_E_NO_PASID: return "every PASID that this device can carry is in use: unbind something";
	case IOVM_E_NO_ASID: return "the IOMMU has no ASID (VMID) left, or the pinned one is taken: unbind something";
	case IOVM_E_NO_CREDITS: return "the IOMMU's page request queue has no room for so many credits: ask for a smaller max_outstanding";
	case IOVM_E_PASID_WIDTH: return "the address space has a PASID wider than this device can carry: bind the narrow device first";
	case IOVM_E_FULL: return "the system is full: raise max_mms, or use fewer IOMMUs";
	case IOVM_E_MM_DEAD: return "the address space is dying: do not use it any more";
	case IOVM_E_TIMEDOUT: return "the hardware did not answer in time: the device was set to abort, reset it";
	case IOVM_E_HARDWARE: return "the IOMMU refused a command: its effect is unknown";
	case IOVM_E_ATC: return "an ATC invalidation failed: reset the device";
	case IOVM_E_STOPPED: return "the command queue stands still until it is recovered";
	case IOVM_E_DEAD: return "the IOMMU's queues are dead: delete it and add it anew";
	default: return "not an error of libiovm";
	}
}
