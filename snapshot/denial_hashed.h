/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC3 records by their hash (hashed_d of format.h). Allocates nothing but
 * what is appended; any thread.
 */
#ifndef HOLDFAST_DENIAL_HASHED_H
#define HOLDFAST_DENIAL_HASHED_H

#include <stdint.h>

#include "snapshot/block_builder.h"
#include "snapshot/format.h"
#include "snapshot/zone_plan.h"

/* Bits of the directory over so many hashes: two to four hashes for an entry of
 * it, none for one hash. */
unsigned hashed_bits(uint32_t count);

/* The entry of the directory for a hash. */
uint32_t hashed_index(
    const uint8_t hash[NSEC3_HASH_BYTES], unsigned prefix_bits, unsigned bits);

/* The slot among 2^bits for a hash: its first bits. */
uint32_t hashed_slot(const uint8_t hash[NSEC3_HASH_BYTES], unsigned bits);

static inline const uint32_t *
hashed_directory(const struct hashed_d *h)
{
	return (const void *)(h + 1);
}

static inline const struct hashed_name_d *
hashed_names(const struct hashed_d *h)
{
	return (const void *)((const uint8_t *)h + h->names_off);
}

/* Appends the hashed_d of p->hashed[first] and the `count` - 1 ones behind to
 * `out`, whose length is a multiple of 64. */
int hashed_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, uint32_t first, uint32_t count,
    unsigned prefix_bits, struct err *err);

#endif
