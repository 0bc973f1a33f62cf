/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Tries a query in a child process: alone, with a generation, in a buffer that
 * ends at a page nobody may touch. The child has limits on time and memory and
 * leaves no core dump. Main thread, before anything is answered: the child is a
 * fork, so that it has generation and configuration without loading them, and
 * it runs nothing but the engine, which neither allocates nor locks. (Other
 * threads may live: DPDK's.)
 */
#ifndef HOLDFAST_QUERY_REPLAY_H
#define HOLDFAST_QUERY_REPLAY_H

#include "base/err.h"
#include "dataplane/answer/answer.h"
#include "dataplane/guard/burst_file.h"

enum replay_outcome { REPLAY_FINE, REPLAY_CRASHED, REPLAY_HUNG };

enum { REPLAY_QUERY_MS = 1000 };

struct replay {
	struct answer_batch *batch;
	uint8_t *pages; /* BURST_FILE_CAPACITY_MAX, and the page behind */
	size_t bytes;
	unsigned query_ms; /* REPLAY_QUERY_MS; tests have less patience */
};

int replay_init(struct replay *r, struct err *err);
void replay_fini(struct replay *r);

/* `signal` (out): what ended a child that crashed; 0: it ended by itself, say
 * by a sanitizer. */
int replay_query(struct replay *r, const struct generation *g,
    const struct answer_config *config, const struct held_query *query,
    enum replay_outcome *outcome, unsigned *signal, struct err *err);

#endif
