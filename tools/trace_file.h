/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Where the tools' traces go: to the report's collector and the static probe, record by record, and as a file and as a fingerprint: header and records
 * pass one buffer, from there to the file (if there is one) and into SHA-256 (unless it is switched off), so that the fingerprint is that of the file's
 * bytes by construction.
 */
#ifndef TOOLS_TRACE_FILE_H
#define TOOLS_TRACE_FILE_H
#include <iovm/trace.h>
#include "report_collect.h"

struct trace_file;
/* path NULL: no file; collect NULL: no report. NULL with errno set: the file cannot be written, or no memory */
struct trace_file *trace_file_new(const char *path, uint64_t seed, bool hash, struct report_collect *collect);
void trace_file_put(void *trace_file, const struct iovm_trace *rec);	/* fits iovm_sim_config.trace */
/* Flush and free. sha256: 65 characters, "" without hash. 0, or the errno of the first write that failed */
int trace_file_del(struct trace_file *tf, char sha256[65]);

#endif
