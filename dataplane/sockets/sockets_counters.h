/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What holdfast-sockets counts: a block a worker and one for the management
 * thread, in RUN/sockets.counters when there is a run directory, else in
 * memory of its own that nobody reads. One row a counter; verdicts, rcodes and
 * the cycles histogram are families of their own.
 */
#ifndef HOLDFAST_SOCKETS_COUNTERS_H
#define HOLDFAST_SOCKETS_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/err.h"
#include "dataplane/answer/verdict.h"

/* clang-format off */
#define SOCKETS_COUNTERS(X) \
	X(UDP_RESPONSE_BYTES,  "response_bytes{udp}") \
	X(TCP_RESPONSE_BYTES,  "response_bytes{tcp}") \
	X(UDP_CUT,             "udp_cut_to_link_mtu") \
	X(UDP_SEND_FAILED,     "udp_send_failed") \
	X(UDP_PORT_ZERO,       "udp_source_port_zero") \
	X(CANARY_QUERIES,      "canary_queries") \
	X(LIMIT_WOULD_DROP,    "limit{would_drop}") \
	X(LIMIT_WOULD_SLIP,    "limit{would_slip}") \
	X(LIMIT_COOKIES,       "limit{valid_cookie}") \
	X(TCP_ACCEPTED,        "tcp_accepted") \
	X(TCP_OPEN,            "tcp_open") \
	X(TCP_LIMIT_CLIENTS,   "tcp_limit{clients}") \
	X(TCP_LIMIT_CLIENT,    "tcp_limit{per_client}") \
	X(TCP_LIMIT_DENIED,    "tcp_limit{denied}") \
	X(TCP_LIMIT_MEMORY,    "tcp_limit{memory}") \
	X(TCP_LIMIT_FILES,     "tcp_limit{files}") \
	X(TCP_EVICTED,         "tcp_closed{evicted}") \
	X(TCP_IDLE,            "tcp_closed{idle}") \
	X(TCP_SLOW_WRITER,     "tcp_closed{slow_writer}") \
	X(TCP_SLOW_READER,     "tcp_closed{slow_reader}") \
	X(TCP_MALFORMED,       "tcp_closed{malformed}") \
	X(GENERATION_SWAPS,    "generation_swaps") \
	X(GENERATION_FAILURES, "generation_load_failures") \
	X(QUARANTINED,         "quarantined")
/* clang-format on */

enum sockets_counter {
#define COUNTER_ENUM(name, text) COUNT_##name,
	SOCKETS_COUNTERS(COUNTER_ENUM)
#undef COUNTER_ENUM
	    COUNT_PLAIN
};

enum {
	COUNT_RCODES = 24, /* up to BADCOOKIE */
	COUNT_CYCLES = 32, /* log2 of TSC cycles a query */
	COUNT_VERDICT_UDP = COUNT_PLAIN,
	COUNT_VERDICT_TCP = COUNT_VERDICT_UDP + VERDICT_COUNT,
	COUNT_RCODE = COUNT_VERDICT_TCP + VERDICT_COUNT,
	COUNT_CYCLES_LOG2 = COUNT_RCODE + COUNT_RCODES,
	COUNT_ALL = COUNT_CYCLES_LOG2 + COUNT_CYCLES,
};
_Static_assert((int)COUNT_ALL <= COUNTERS_MAX, "counters");

typedef _Atomic uint64_t counter_t;

struct sockets_counters;

/* `run_dir` NULL: in memory only. Workers have blocks 0 to nworkers - 1, the
 * management thread has block nworkers. */
int sockets_counters_new(struct sockets_counters **out, const char *run_dir,
    unsigned nworkers, struct err *err);
void sockets_counters_free(struct sockets_counters **c);
counter_t *sockets_counters_block(struct sockets_counters *c, unsigned block);
/* The sum of a counter over all blocks. */
uint64_t sockets_counters_sum(struct sockets_counters *c, unsigned counter);

static inline void
count_one(counter_t *block, unsigned counter)
{
	counters_add(&block[counter], 1);
}

/* n queries that took `cycles` together. */
static inline void
count_cycles(counter_t *block, uint64_t cycles, unsigned n)
{
	uint64_t each = cycles / n | 1;
	unsigned log2 = 63 - (unsigned)__builtin_clzll(each);

	if (log2 >= COUNT_CYCLES)
		log2 = COUNT_CYCLES - 1;
	counters_add(&block[COUNT_CYCLES_LOG2 + log2], n);
}

#endif
