/* SPDX-License-Identifier: BSD-2-Clause
 *
 * One query of a batch, copied into the ring of samples before it is answered
 * in place, and what became of it afterwards: the same for poll cores and
 * sockets. Each thread with its own struct sampler; no system call, no lock, no
 * allocation. A batch without a sample costs an addition and two branches that
 * are always the same.
 */
#ifndef HOLDFAST_SAMPLED_QUERY_H
#define HOLDFAST_SAMPLED_QUERY_H

#include "base/sample.h"
#include "dataplane/answer/answer.h"

enum { SAMPLED_NONE = 0xff };

/* Out of line: rarely. The index of the query that was taken, or SAMPLED_NONE.
 * `key` is the canary's, of the hash of client addresses. */
unsigned sampled_query_take(struct sampler *s, enum sample_side side,
    uint64_t now, const struct answer_query *q, unsigned n,
    enum answer_transport transport, const uint64_t key[2]);
void sampled_query_finish(struct sampler *s, const struct generation *g,
    const struct query_ctx *ctx, const struct answer_query *q);

/* Before answer_batch_find(); n may be 0. */
static inline unsigned
sampled_query_begin(struct sampler *s, enum sample_side side, uint64_t now,
    const struct answer_query *q, unsigned n, enum answer_transport transport,
    const uint64_t key[2])
{
	if (__builtin_expect(!sampler_is_due(s, side, now, n), 1))
		return SAMPLED_NONE;
	return sampled_query_take(s, side, now, q, n, transport, key);
}

/* After answer_batch_write(). */
static inline void
sampled_query_end(struct sampler *s, unsigned index, const struct generation *g,
    const struct query_ctx *ctx, const struct answer_query *q)
{
	if (__builtin_expect(index != SAMPLED_NONE, 0))
		sampled_query_finish(s, g, ctx, &q[index]);
}

#endif
