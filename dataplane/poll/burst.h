/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A poll core: one queue pair of one port, and the loop over it. No system
 * call, no lock, no allocation. Stages over the arrays of a burst:
 *
 *   receive -> parse frames -> queries: find, write -> replies -> send -> count
 *                |               |          |             |
 *                |               +-> limits +             +-> unsent: freed
 *                +-> drops, exceptions
 */
#ifndef HOLDFAST_BURST_H
#define HOLDFAST_BURST_H

#include <stdatomic.h>

#include <rte_mbuf.h>

#include "base/cache_line.h"
#include "dataplane/answer/answer.h"
#include "dataplane/answer/sampled_query.h"
#include "dataplane/guard/burst_log.h"
#include "dataplane/guard/quarantine.h"
#include "dataplane/limit/limits.h"
#include "dataplane/poll/exception.h"
#include "dataplane/poll/frame.h"
#include "dataplane/poll/live.h"
#include "dataplane/poll/ports.h"

enum { BURST_MAX = 32 };
_Static_assert((int)BURST_MAX <= (int)ANSWER_BATCH_MAX, "a burst is one batch");

/* The queries of a burst that one generation answers. */
struct burst_batch {
	unsigned count;
	struct answer_query queries[BURST_MAX];
	uint8_t packet[BURST_MAX]; /* index in the burst */
};

/* How often each value occurred in a burst, and which did. */
struct tally {
	uint64_t seen;
	uint16_t count[64];
};
_Static_assert((int)PACKET_VERDICT_COUNT <= 64, "a bit of `seen` each");

/* Reset by each burst. */
struct burst {
	unsigned received, sending;
	struct rte_mbuf *packets[BURST_MAX];
	struct frame frames[BURST_MAX];
	uint8_t verdicts[BURST_MAX];
	struct rte_mbuf *send[BURST_MAX];
	uint8_t send_packet[BURST_MAX];
	/* denied: those of both that are told REFUSED for their address */
	struct burst_batch stable, candidate, denied;
	struct tally verdict_tally, rcode_tally;
};

struct poll_cage;

/* Made by the main thread before the loop starts, then the core's own. */
struct core {
	_Alignas(CORE_ALIGN) struct port *port;
	struct live *live;
	struct answer_batch *batch;
	_Atomic uint64_t *counters;        /* its block: enum core_counter */
	struct exception_queue *exception; /* NULL: the port has none */
	const atomic_bool *stop;
	struct burst_log *log;               /* NULL: no fault handler */
	const struct quarantine *quarantine; /* NULL: none */
	const struct poll_cage *cage; /* entered by the loop; NULL: none */
	uint16_t queue;
	uint16_t lcore;
	unsigned reader;                /* of live */
	struct limiter limiter;         /* all zero: nothing is limited */
	struct sampler sampler;         /* all zero: nothing is sampled */
	struct query_ctx query, denied; /* the port's, with this burst's time */
	struct burst burst;
};

/* One turn of the loop: a burst received and done with, then what the kernel
 * sends. Returns the packets received. */
unsigned burst_turn(struct core *c);

/* lcore_function_t over a struct core: turns until *stop. */
int burst_loop(void *core);

#endif
