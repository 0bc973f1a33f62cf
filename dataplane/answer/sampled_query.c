/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The rare half of sampled_query.h.
 */
#include "dataplane/answer/sampled_query.h"

#include "snapshot/page.h"

unsigned
sampled_query_take(struct sampler *s, enum sample_side side, uint64_t now,
    const struct answer_query *q, unsigned n, enum answer_transport transport,
    const uint64_t key[2])
{
	unsigned k = sampler_pick(s, n), permille = 0;

	if (n == 0)
		return SAMPLED_NONE;
	if (q[k].client_bytes)
		permille =
		    page_client_permille(key, q[k].client, q[k].client_bytes);
	return sampler_take(
		   s, side, now, q[k].message, q[k].bytes, transport, permille)
	           ? k
	           : SAMPLED_NONE;
}

void
sampled_query_finish(struct sampler *s, const struct generation *g,
    const struct query_ctx *ctx, const struct answer_query *q)
{
	const struct sample_outcome o = {
	    .response = q->message,
	    .response_bytes = q->response_bytes,
	    .time = ctx->now,
	    .generation = g ? sample_mark(g->digest.b) : 0,
	    .verdict = q->verdict,
	    .rcode = q->rcode,
	};

	sampler_finish(s, &o);
}
