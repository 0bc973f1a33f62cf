/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Work in threads (dnssec_threads.h): each takes the next chunk from a counter.
 */
#include "control/dnssec/dnssec_threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { THREADS_MAX = 64, CHUNKS_A_THREAD = 4 };

struct crew {
	const struct dnssec_work *work;
	atomic_uint_fast64_t next, done;
	atomic_bool failed;
};

static unsigned
threads_for(const struct dnssec_work *w)
{
	unsigned n = w->threads;
	cpu_set_t cpus;
	uint64_t most = w->count / w->chunk / CHUNKS_A_THREAD + 1;

	if (!n && sched_getaffinity(0, sizeof cpus, &cpus) == 0)
		n = (unsigned)CPU_COUNT(&cpus);
	if (n < 1)
		n = 1;
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	return n < most ? n : (unsigned)most;
}

static void
chunks_do(struct crew *c, bool tell)
{
	const struct dnssec_work *w = c->work;
	void *own = w->begin ? w->begin(w->arg) : NULL;

	if (w->begin && !own) {
		c->failed = true;
		return;
	}
	while (!c->failed) {
		uint64_t from = atomic_fetch_add(&c->next, w->chunk), to, done;

		if (from >= w->count)
			break;
		to = w->count - from < w->chunk ? w->count : from + w->chunk;
		if (w->run(w->arg, own, from, to) != 0)
			c->failed = true;
		done = atomic_fetch_add(&c->done, to - from) + to - from;
		if (tell && w->progress)
			w->progress(w->progress_arg, done, w->count);
	}
	if (w->end)
		w->end(own);
}

static void *
thread_main(void *arg)
{
	chunks_do(arg, false);
	return NULL;
}

int
dnssec_work_do(const struct dnssec_work *w)
{
	struct crew c = {.work = w};
	pthread_t threads[THREADS_MAX];
	unsigned most = threads_for(w), n = 0;

	/* fewer threads than wished for only take longer */
	while (n + 1 < most &&
	       pthread_create(&threads[n], NULL, thread_main, &c) == 0)
		n++;
	chunks_do(&c, true);
	while (n-- > 0)
		pthread_join(threads[n], NULL);
	return c.failed ? ERR_NO_MEMORY : 0;
}
