/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a worker counts. One writer with relaxed stores, read by the main thread
 * at any time. Each row: enum, name in --json, words in the table.
 */
#ifndef HOLDFAST_LOAD_STATS_H
#define HOLDFAST_LOAD_STATS_H

#include <stdalign.h>

#include "tools/load/latency.h"
#include "tools/load/query_set.h"

/* clang-format off */
#define LOAD_COUNTERS(X)                                                       \
	X(SENT, "sent", "queries handed to the port")                          \
	X(UNSENT, "unsent", "were due, but could not be sent in time")         \
	X(ANSWERED, "answered", "answers that match a query")                  \
	X(LOST, "lost", "no answer within the time-out")                       \
	X(CHECKED, "checked", "answers whose content was compared")            \
	X(WRONG, "wrong", "content is not what the zones say")                 \
	X(DUPLICATE, "duplicate", "answers to a query answered before")        \
	X(LATE, "late", "answers behind the time-out (counted lost)")          \
	X(MISMATCHED, "mismatched", "nobody asked: ID, port, address, question")\
	X(MALFORMED, "malformed", "bad lengths, checksums or DNS headers")     \
	X(TRUNCATED, "truncated", "answers with TC set")                       \
	X(FRAGMENTS, "fragments", "IP fragments, not put together")            \
	X(UNREACHABLE, "unreachable", "ICMP: nobody listens there")            \
	X(NEIGHBOURS, "neighbours", "ARP and solicitations answered")          \
	X(OTHER, "other", "packets of no interest")                            \
	X(HANDED, "handed", "answers that came to another worker's queue")     \
	X(HELD, "held", "bursts that the port did not take at once")           \
	X(NO_BUFFERS, "no_buffers", "bursts held for want of packet buffers")  \
	X(OCTETS_SENT, "octets_sent", "octets of frames sent")                 \
	X(OCTETS_RECEIVED, "octets_received", "octets of frames received")     \
	X(CYCLES, "cycles", "TSC cycles of the workers")                       \
	X(CYCLES_BUSY, "cycles_busy", "TSC cycles of turns with packets")      \
	X(TURNS, "turns", "turns of the loop")                                 \
	X(TURNS_BUSY, "turns_busy", "turns with packets")
/* clang-format on */

enum load_counter {
#define LOAD_COUNTER_ENUM(id, name, text) LOAD_##id,
	LOAD_COUNTERS(LOAD_COUNTER_ENUM)
#undef LOAD_COUNTER_ENUM
	    LOAD_COUNTERS_MAX,
};

enum { LOAD_RCODES = 16, LOAD_WRONG_KEPT = 4 };

/* An answer that was wrong, for people. */
struct load_wrong {
	uint32_t query;
	uint16_t bytes;
	uint8_t message[QUERY_MESSAGE_MAX]; /* its beginning */
};

struct load_stats {
	alignas(64) _Atomic uint64_t counters[LOAD_COUNTERS_MAX];
	_Atomic uint64_t rcodes[LOAD_RCODES];
	/* the longest of their kind, in cycles */
	_Atomic uint64_t behind_most; /* that a burst went out late */
	_Atomic uint64_t stall_most;  /* of a turn: the worker had no CPU */
	_Atomic uint64_t gap_most;    /* from an answer to the next */
	struct latency latency;
	struct load_wrong wrong[LOAD_WRONG_KEPT]; /* read after the run only */
	unsigned nwrong;
};

static inline void
load_count(struct load_stats *s, enum load_counter counter, uint64_t n)
{
	latency_store(
	    &s->counters[counter], latency_load(&s->counters[counter]) + n);
}

static inline void
load_most(_Atomic uint64_t *most, uint64_t value)
{
	if (value > latency_load(most))
		latency_store(most, value);
}

/* Sums of all workers, for the main thread. */
struct load_sums {
	uint64_t counters[LOAD_COUNTERS_MAX];
	uint64_t rcodes[LOAD_RCODES];
	uint64_t behind_most, stall_most, gap_most;
	struct latency_sum latency;
};

void load_stats_clear(struct load_stats *s);
void load_sums_clear(struct load_sums *s);
void load_stats_collect(struct load_sums *to, const struct load_stats *s);

extern const char *const load_counter_names[LOAD_COUNTERS_MAX];
extern const char *const load_counter_texts[LOAD_COUNTERS_MAX];

#endif
