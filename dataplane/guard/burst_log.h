/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The burst in hand: a copy of the queries that a thread is about to answer,
 * for the fault handler to write should the answering crash. A copy, because
 * the engine answers in place: header and what is behind the question are gone
 * when it is at the next query. Packed one behind the other, so that a burst of
 * usual queries touches about 40 cache lines, the same ones every time.
 *
 *   held_query_d | message | held_query_d | message | ...        (unaligned)
 *
 * One log a thread that answers, made before it starts; then the thread's own.
 * No system call, no lock, no allocation.
 */
#ifndef HOLDFAST_BURST_LOG_H
#define HOLDFAST_BURST_LOG_H

#include <immintrin.h>
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "dataplane/answer/answer.h"
#include "snapshot/digest.h"

/* In front of each message, in memory and in the file (burst_file.h). */
struct held_query_d {
	uint16_t bytes;       /* of the message */
	uint8_t transport;    /* enum answer_transport */
	uint8_t client_bytes; /* 4, 16; 0: not known */
	uint32_t capacity;    /* of the buffer that it was answered in */
	uint8_t client[16];
};
_Static_assert(sizeof(struct held_query_d) == 24, "held query");

enum {
	BURST_LOG_COPY = 32, /* octets copied at a time: the last may be over */
	BURST_LOG_QUERIES_MAX = ANSWER_BATCH_MAX,
};
_Static_assert((int)BURST_LOG_COPY <= (int)ANSWER_SPARE_BYTES,
    "a copy reads no further than the engine may");

struct burst_log {
	_Alignas(64) uint32_t used; /* octets of `data` */
	uint32_t count;
	uint32_t room; /* of `data`, without what a copy may be over */
	uint8_t *data;
	struct digest generation; /* zeros: none was loaded */
	/* of the fault handler: a signal stack of the thread's own */
	void *stack;
	size_t stack_bytes;
};

/* Room for `queries` messages of `bytes` octets each. Pages are touched as they
 * are needed. */
int burst_log_new(
    struct burst_log **out, unsigned queries, uint32_t bytes, struct err *err);
void burst_log_free(struct burst_log **log);

/* A new burst, or a part of one that another generation answers. */
static inline void
burst_log_begin(struct burst_log *l, const struct generation *g)
{
	l->used = 0;
	l->count = 0;
	if (g)
		l->generation = g->digest;
	else
		memset(&l->generation, 0, sizeof l->generation);
}

/* Nothing is in hand: what crashes now is no query's fault. */
static inline void
burst_log_end(struct burst_log *l)
{
	l->used = 0;
	l->count = 0;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void
burst_log_copy(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += BURST_LOG_COPY)
		_mm256_storeu_si256((void *)(to + at),
		    _mm256_loadu_si256((const void *)(from + at)));
}

/* Keeps a query. One that has no room is not kept: a log is made for the
 * largest burst. */
static inline void
burst_log_hold(struct burst_log *l, const struct answer_query *q,
    enum answer_transport transport)
{
	struct held_query_d head = {.bytes = (uint16_t)q->bytes,
	    .transport = (uint8_t)transport,
	    .client_bytes = q->client_bytes,
	    .capacity = q->capacity};
	uint8_t *at = l->data + l->used;

	if (__builtin_expect(q->bytes > UINT16_MAX ||
				 sizeof head + q->bytes > l->room - l->used,
		0))
		return;
	if (q->client_bytes == 4)
		memcpy(head.client, q->client, 4);
	else if (q->client_bytes == 16)
		memcpy(head.client, q->client, 16);
	memcpy(at, &head, sizeof head);
	burst_log_copy(at + sizeof head, q->message, q->bytes);
	l->used += (uint32_t)sizeof head + q->bytes;
	l->count++;
}

/* All of it before the engine is called. */
static inline void
burst_log_hold_all(struct burst_log *l, const struct generation *g,
    const struct answer_query *q, unsigned n, enum answer_transport transport)
{
	burst_log_begin(l, g);
	for (unsigned i = 0; i < n; i++)
		burst_log_hold(l, &q[i], transport);
	atomic_signal_fence(memory_order_seq_cst);
}

#endif
