/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A worker: one lcore, one queue pair, a range of source ports of its own. It
 * sends by schedule (open loop) or keeps a number of queries outstanding
 * (closed loop), takes answers, and counts. Nothing is allocated while it runs.
 *
 * Without RSS, or because of it, an answer may come to another worker's queue:
 * it is handed to its owner, whom the port number names, through a ring.
 */
#ifndef HOLDFAST_LOAD_WORKER_H
#define HOLDFAST_LOAD_WORKER_H

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "tools/load/answer_match.h"
#include "tools/load/cookie_jar.h"
#include "tools/load/load_stats.h"
#include "tools/load/pacing.h"

enum {
	WORKERS_MAX = 64,
	WORKER_RECEIVE_MAX = 64,
	WORKER_INBOX = 4096,
	WORKER_FIRST_PORT = 16384, /* of all workers' source ports */
};
_Static_assert(WORKER_FIRST_PORT + WORKERS_MAX * OUTSTANDING_PORTS_MAX <= 65536,
    "source ports for all workers");

/* A measurement. Times are TSC cycles; rate and window are one worker's. */
struct load_trial {
	double rate;     /* 0: closed loop */
	unsigned window; /* queries outstanding in the closed loop */
	uint64_t start, warm_end, end;
	uint64_t timeout;    /* behind its due time a query is lost */
	uint64_t behind_max; /* a schedule so late is not made up for */
	uint64_t cycles_a_second;
	unsigned check_every; /* content of every so many answers; 0: none */
};

struct load_worker {
	/* what the loop reads and writes */
	struct asked asked;
	struct cookie_jar jar;
	struct pacer pacer;
	uint64_t measured_from; /* sequence numbers before do not count */
	uint64_t last_answer;   /* when it came */
	uint32_t next_query;
	unsigned check_left;
	uint16_t port, queue;
	unsigned trusted_sums; /* enum frame_said */
	bool reflects;         /* the peer is a mirror */
	uint64_t sum_flags;    /* of mbufs, that mean something here */
	struct rte_mempool *pool;
	struct rte_mbuf *sending[PACING_BURST_MAX];
	unsigned sending_at, sending_end; /* not yet taken by the port */

	/* the others, when there are any */
	struct load_worker *crew; /* the first of all */
	unsigned number, nworkers;
	struct rte_ring *inbox;

	/* between the main thread and this one */
	_Atomic(const struct load_trial *) trial; /* to be run */
	_Atomic uint64_t trials_done;
	const atomic_bool *ending; /* cut the trial short */
	const atomic_bool *leaving;
	unsigned lcore;

	struct load_stats stats;
};

/* An lcore's function: runs trials until `leaving`. */
int load_worker_main(void *worker);

/* One trial of a worker on this thread, for load_worker_main() and tests. */
void load_worker_run(struct load_worker *w, const struct load_trial *t);

#endif
