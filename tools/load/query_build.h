/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A query set on its way: what zones, lists and captures put their queries
 * into. Main thread; allocates the set, which query_set.h describes.
 */
#ifndef HOLDFAST_QUERY_BUILD_H
#define HOLDFAST_QUERY_BUILD_H

#include "base/bytes.h"
#include "tools/load/draw.h"
#include "tools/load/query_set.h"

enum { QUERY_PROGRESS_STEP = 1 << 16, QUERY_ZONE_NONE = UINT32_MAX };

struct query_build {
	struct query_set *set;
	uint32_t cap;   /* of set->queries and of `zone` */
	uint32_t *zone; /* that answers, of each query; or QUERY_ZONE_NONE */
	struct bytes messages;
};

/* Room for `count` queries; it grows where there are more. */
int query_build_init(struct query_build *b, uint32_t count, struct err *err);
void query_build_fini(struct query_build *b);

/* Adds a message of at most QUERY_MESSAGE_MAX octets with ID 0. */
int query_build_add(struct query_build *b, const uint8_t *message, size_t bytes,
    enum query_kind kind, uint32_t zone, struct err *err);

/* Counts what is to be counted, gives back room that was not needed, and hands
 * the set over. */
int query_build_end(
    struct query_build *b, struct query_set **out, struct err *err);

/* A question as a message, with EDNS, DO, a cookie and mixed case as the shares
 * of the mix have it. Returns its octets. */
size_t query_compose(uint8_t out[QUERY_MESSAGE_MAX], const uint8_t *qname,
    uint16_t type, const struct query_mix *mix, struct draw *d);

static inline void
query_progress(const struct query_mix *mix, const char *step, uint64_t done,
    uint64_t total)
{
	if (mix->progress && (done % QUERY_PROGRESS_STEP == 0 || done == total))
		mix->progress(mix->arg, step, done, total);
}

#endif
