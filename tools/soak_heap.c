/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later */
/*
 * Bytes come from jemalloc's own statistics where the program is linked with it: exact once the thread's cache was flushed. Without it (sanitizer
 * builds, where LeakSanitizer looks instead) bytes stay 0 here, and the pretend machine's account of the engine's memory is what remains.
 */
#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/types.h>
#include <sys/wait.h>
#include "soak_heap.h"

enum { WARM = 80 };	/* at most: --threads and a servicer for each IOMMU */

#ifdef IOVM_HAVE_JEMALLOC
#include <jemalloc/jemalloc.h>

static uint64_t heap_bytes(void)
{
	uint64_t epoch = 1;
	size_t bytes = 0, len = sizeof(bytes);

	mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
	mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	return mallctl("stats.allocated", &bytes, &len, NULL, 0) ? 0 : bytes;
}
#else
static uint64_t heap_bytes(void)
{
	return 0;
}
#endif

static uint64_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static uint64_t children(void)	/* dead ones that nobody waited for, and any living one; 0 if there is no child at all */
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void *pass(void *gate)
{
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

void soak_warm_up(unsigned threads)
{
	pthread_t thread[WARM];
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	unsigned n = 0;

	pthread_mutex_lock(&gate);	/* so that all of them are there at once */
	while (n < threads && n < WARM && !pthread_create(&thread[n], NULL, pass, &gate))
		n++;
	pthread_mutex_unlock(&gate);
	while (n > 0)
		pthread_join(thread[--n], NULL);
}

struct soak_holdings soak_holdings(void)
{
	uint64_t fds = open_fds();

	return (struct soak_holdings){ .bytes = heap_bytes(), .fds = fds, .children = children() };
}

static uint64_t beyond(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void soak_leaks(struct soak_result *r, const struct soak_holdings *before)
{
	struct soak_holdings now = soak_holdings();
	uint64_t sentences = 0;		/* of what failed: they stay until they are printed */

	for (unsigned i = 0; i < SOAK_FAILURES; i++)
		sentences += malloc_usable_size(r->failures[i]);
	r->leaks.bytes = beyond(now.bytes, before->bytes + sentences);
	r->leaks.fds = beyond(now.fds, before->fds);
	r->leaks.children = beyond(now.children, before->children);
}
