/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/* What the kernel itself says about which pages a process has: /proc/PID/pagemap, a 64-bit word for each page. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "process.h"

#define PRESENT	(UINT64_C(1) << 63)
#define SWAPPED	(UINT64_C(1) << 62)	/* it was present, and nothing that we did undid it */

enum { WORDS = 64 };

int pagemap_open(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/pagemap", (long)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int64_t present_in(int fd, uint64_t page, uint64_t end)
{
	uint64_t words[WORDS];
	int64_t present = 0;

	for (; page < end; page += WORDS) {
		size_t want = (end - page < WORDS ? end - page : WORDS) * sizeof(words[0]);

		if (pread(fd, words, want, (off_t)(page * sizeof(words[0]))) != (ssize_t)want)
			return -1;
		for (size_t i = 0; i < want / sizeof(words[0]); i++)
			present += (words[i] & (PRESENT | SWAPPED)) != 0;
	}
	return present;
}

int64_t pagemap_present(int fd, const struct process_ranges *rs)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < rs->n; i++) {
		int64_t n = ranges_failed(rs, i) ? 0 : present_in(fd, rs->r[i].first / PROCESS_PAGE, rs->r[i].last / PROCESS_PAGE + 1);

		if (n < 0)
			return -1;
		sum += n;
	}
	return sum;
}
