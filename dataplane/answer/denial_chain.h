/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Where the part of a zone's NSEC or NSEC3 chain is that has a given key or
 * hash: in the zone's own cell, or, of a split zone, in one of its denial cells
 * (snapshot/format.h). Private to dataplane/answer; reads the generation only.
 */
#ifndef HOLDFAST_DENIAL_CHAIN_H
#define HOLDFAST_DENIAL_CHAIN_H

#include "dataplane/answer/answer_batch.h"
#include "dataplane/answer/hashed_search.h"
#include "dataplane/answer/order_search.h"
#include "snapshot/nsec3_hash.h"

/* The zone's chain, or NULL if it has none. */
static inline const struct denial_d *
zone_denial(const struct zone_view *view)
{
	const uint8_t *cell =
	    (const uint8_t *)view->zone - zone_apex(view->zone)->anchor;

	return view->zone->denial_off
	           ? (const struct denial_d *)(cell + view->zone->denial_off)
	           : NULL;
}

/* The chain of a zone that is not split. */
static inline const void *
chain_whole(const struct zone_view *view)
{
	const struct denial_d *d = zone_denial(view);

	return (const uint8_t *)d - view->zone->denial_off + d->chain_off;
}

/* The part of an NSEC chain where the key is. */
static inline const struct order_d *
chain_order(const struct zone_view *view, const struct generation *g,
    const struct order_key *k)
{
	(void)g, (void)k;
	return chain_whole(view);
}

/* The part of an NSEC chain that begins with the apex. */
static inline const struct order_d *
chain_order_first(const struct zone_view *view, const struct generation *g)
{
	(void)g;
	return chain_whole(view);
}

/* The part of an NSEC3 chain where the hash is. */
static inline const struct hashed_d *
chain_hashed(const struct zone_view *view, const struct generation *g,
    const uint8_t *hash)
{
	(void)g, (void)hash;
	return chain_whole(view);
}

/* The record that covers what is in front of the first of a part. */
static inline const struct hashed_d *
chain_hashed_before(const struct zone_view *view, const struct generation *g,
    const uint8_t *hash)
{
	(void)g, (void)hash;
	return chain_whole(view);
}

/* RFC 5155 section 5, with the zone's parameters. */
static inline void
chain_hash(uint8_t hash[NSEC3_HASH_BYTES], const struct denial_d *d,
    const uint8_t *name, unsigned bytes)
{
	nsec3_hash(hash, name, bytes, (const uint8_t *)(d + 1), d->salt_bytes,
	    d->iterations);
}

#endif
