/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What all NXDOMAIN answers of a zone have in common for names whose closest
 * encloser is the apex, which in most zones are all: the SOA, and what shows
 * that the apex is there and has no wildcard, each with its signatures. Each
 * thread keeps these octets for the zones that it was last asked for, as an
 * earlier answer had them, and copies them; the name's own proof comes behind.
 * Private to dataplane/answer; no allocation.
 *
 * They stand right behind the question and refer to nothing but themselves and
 * the apex at the query name's end, so their pointers move with the length of
 * the query name, all by the same.
 */
#ifndef HOLDFAST_DENIAL_KEPT_H
#define HOLDFAST_DENIAL_KEPT_H

#include <immintrin.h>

#include "base/wire.h"
#include "dataplane/answer/answer_batch.h"
#include "dataplane/answer/response.h"

/* Where those of a zone are kept, or would be. */
static inline struct denial_kept *
denial_kept_place(struct answer_batch *b, const struct zone_d *zone)
{
	uint64_t mixed = ((uintptr_t)zone >> 3) * 0x9e3779b97f4a7c15ull;

	return &b->kept[mixed >> 58];
}
_Static_assert(KEPT_ZONES == 1 << (64 - 58), "six bits");

static inline bool
denial_kept_is(const struct denial_kept *k, const struct zone_d *zone,
    const struct generation *g)
{
	return k->zone == zone && k->generation == g->number;
}

/* Keeps what a composer has written since the question; `denial` is what it
 * shows. Keeps nothing if that is too much or not the usual. */
void denial_kept_fill(struct denial_kept *k, const struct zone_d *zone,
    const struct generation *g, const struct composer *c,
    const struct denial *denial);

enum { KEPT_CHUNK = 64 };
_Static_assert((int)KEPT_CHUNK <= (int)ANSWER_SPARE_BYTES, "may go beyond");
_Static_assert(KEPT_BYTES % KEPT_CHUNK == 0, "whole chunks");

/* Appends what is kept, if it fits, right behind the question. */
static inline bool
denial_kept_write(struct composer *c, const struct denial_kept *k)
{
	uint8_t *to = c->message + c->at;
	unsigned bytes = k->bytes, n = k->npointers, moved = c->query_bytes;

	if (c->at + bytes > c->limit)
		return false;
	for (unsigned at = 0; at < bytes; at += KEPT_CHUNK) {
		const __m256i *from = (const void *)(k->octets + at);

		_mm256_storeu_si256((void *)(to + at), _mm256_load_si256(from));
		_mm256_storeu_si256(
		    (void *)(to + at + 32), _mm256_load_si256(from + 1));
	}
	for (unsigned i = 0; i < n; i++)
		wire_store16(to + k->pointers[i].at,
		    (uint16_t)(k->pointers[i].value + moved));
	c->at += bytes;
	c->ns += k->records;
	return true;
}

static inline bool
denial_kept_has(const struct denial_kept *k, const struct block_d *proof)
{
	return k->proofs[0] == proof || k->proofs[1] == proof;
}

#endif
