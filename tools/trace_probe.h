/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The trace as a static probe, iovm:trace, for bpftrace and perf (docs/TRACING.md): one nop in the program until somebody attaches. Where sys/sdt.h was
 * not there at build time, nothing at all. The arguments are in the order of the documentation, the record itself being the last.
 */
#ifndef TOOLS_TRACE_PROBE_H
#define TOOLS_TRACE_PROBE_H
#ifdef IOVM_HAVE_SDT
#include <sys/sdt.h>
#define TRACE_PROBE(rec) STAP_PROBE9(iovm, trace, (rec)->event, (rec)->time, (rec)->iommu, (rec)->stream_id, (rec)->pasid, (rec)->code, (rec)->id, (rec)->a, (rec))
#else
#define TRACE_PROBE(rec) ((void)(rec))
#endif

#endif
