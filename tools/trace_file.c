/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Records are collected in a buffer and leave it in large pieces: one write and one SHA-256 update a piece. The format is little-endian; on a
 * big-endian host each record is turned around on its way into the buffer. A write that fails is remembered and reported at the end, since the run is
 * worth its other results.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "trace_file.h"
#include "trace_probe.h"

#define RECORDS 4096

struct trace_file {
	struct iovm_trace rec[RECORDS];
	unsigned used;
	int fd, error;
	bool hash;
	SHA2_CTX sha;
	struct report_collect *collect;
};

static void push(struct trace_file *tf, const void *data, size_t len)
{
	const char *at = data;

	if (tf->hash)
		SHA256Update(&tf->sha, data, len);
	while (tf->fd >= 0 && !tf->error && len) {
		ssize_t n = write(tf->fd, at, len);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (errno != EINTR) {
			tf->error = errno;
		}
	}
}

struct trace_file *trace_file_new(const char *path, uint64_t seed, bool hash, struct report_collect *collect)
{
	struct iovm_trace_header header = {
		.magic = IOVM_TRACE_MAGIC, .version = htole32(IOVM_TRACE_VERSION), .record_bytes = htole32(sizeof(struct iovm_trace)), .seed = htole64(seed),
	};
	struct trace_file *tf = calloc(1, sizeof(*tf));

	_Static_assert(sizeof(header) == 64 && sizeof(struct iovm_trace) == 64, "the file format");
	if (!tf)
		return NULL;
	tf->fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (path && tf->fd < 0) {
		free(tf);
		return NULL;
	}
	tf->hash = hash;
	tf->collect = collect;
	SHA256Init(&tf->sha);
	push(tf, &header, sizeof(header));
	return tf;
}

#if __BYTE_ORDER == __BIG_ENDIAN
static void to_file_order(struct iovm_trace *r)
{
	r->time = htole64(r->time), r->mm = htole64(r->mm), r->a = htole64(r->a), r->b = htole64(r->b);
	r->stream_id = htole32(r->stream_id), r->pasid = htole32(r->pasid), r->bond = htole32(r->bond), r->context = htole32(r->context);
	r->id = htole32(r->id), r->reserved = htole32(r->reserved);
	r->event = htole16(r->event), r->index = htole16(r->index), r->code = (int16_t)htole16((uint16_t)r->code);
}
#else
static void to_file_order(struct iovm_trace *r)
{
	(void)r;
}
#endif

void trace_file_put(void *trace_file, const struct iovm_trace *rec)
{
	struct trace_file *tf = trace_file;

	TRACE_PROBE(rec);
	if (tf->collect)
		report_collect_put(tf->collect, rec);
	if (tf->fd < 0 && !tf->hash)
		return;
	tf->rec[tf->used] = *rec;
	to_file_order(&tf->rec[tf->used]);
	if (++tf->used == RECORDS) {
		push(tf, tf->rec, sizeof(tf->rec));
		tf->used = 0;
	}
}

int trace_file_del(struct trace_file *tf, char sha256[65])
{
	int error;

	push(tf, tf->rec, tf->used * sizeof(tf->rec[0]));
	sha256[0] = '\0';
	if (tf->hash)
		SHA256End(&tf->sha, sha256);
	if (tf->fd >= 0 && close(tf->fd) && !tf->error)
		tf->error = errno;
	error = tf->error;
	free(tf);
	return error;
}
