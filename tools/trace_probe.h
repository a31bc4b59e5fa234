/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * The trace as a static probe, iovm:trace, for bpftrace and perf (docs/TRACING.md): one nop in the program until somebody attaches. Where sys/sdt.h was
 * not there at build time, nothing at all. Six arguments are what bpftrace reads on every machine; the last is the address of the record, where the rest is.
 */
#ifndef TOOLS_TRACE_PROBE_H
#define TOOLS_TRACE_PROBE_H
#ifdef IOVM_HAVE_SDT
#include <sys/sdt.h>
#define TRACE_PROBE(rec) STAP_PROBE6(iovm, trace, (rec)->event, (rec)->time, (rec)->iommu, (rec)->id, (rec)->code, (rec))
#else
#define TRACE_PROBE(rec) ((void)(rec))
#endif

#endif
