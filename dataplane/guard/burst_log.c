/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Making and freeing logs of bursts; see burst_log.h. Main threads, before and
 * after the threads that answer.
 */
#include "dataplane/guard/burst_log.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the handler needs, and what the kernel pushes (with AVX-512, 3 KiB). */
enum { STACK_BYTES = 64 << 10 };

static void *
pages_find(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t
data_bytes(const struct burst_log *l)
{
	return (size_t)l->room + BURST_LOG_COPY;
}

int
burst_log_new(
    struct burst_log **out, unsigned queries, uint32_t bytes, struct err *err)
{
	struct burst_log *l = aligned_alloc(64, sizeof *l);

	if (!l)
		return err_set(err, ERR_NO_MEMORY, "no memory for a burst log");
	memset(l, 0, sizeof *l);
	l->room = queries * ((uint32_t)sizeof(struct held_query_d) + bytes);
	l->stack_bytes = STACK_BYTES;
	l->data = pages_find(data_bytes(l));
	l->stack = pages_find(l->stack_bytes);
	if (!l->data || !l->stack) {
		burst_log_free(&l);
		return err_set(err, ERR_NO_MEMORY, "no memory for a burst log");
	}
	*out = l;
	return 0;
}

void
burst_log_free(struct burst_log **log)
{
	struct burst_log *l = *log;

	if (!l)
		return;
	if (l->data)
		munmap(l->data, data_bytes(l));
	if (l->stack)
		munmap(l->stack, l->stack_bytes);
	free(l);
	*log = NULL;
}
