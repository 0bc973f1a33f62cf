/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Searching the NSEC3 records of a zone by their hash (snapshot/format.h).
 * Hashes are spread evenly, so the directory leads to within a few of the right
 * one. Arithmetic on verified bytes; any thread.
 */
#ifndef HOLDFAST_HASHED_SEARCH_H
#define HOLDFAST_HASHED_SEARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "snapshot/format.h"

static inline const uint32_t *
hashed_first(const struct hashed_d *h)
{
	return (const uint32_t *)(h + 1);
}

static inline const struct hashed_name_d *
hashed_names(const struct hashed_d *h)
{
	return (
	    const struct hashed_name_d *)((const uint8_t *)h + h->names_off);
}

static inline const struct block_d *
hashed_block(const struct hashed_d *h, const struct hashed_name_d *n)
{
	return (const struct block_d *)((const uint8_t *)h + n->block_off);
}

/* The first octets of a hash, from bit `skip` on, as a number of `bits`. */
static inline uint32_t
hashed_number(const uint8_t *hash, unsigned skip, unsigned bits)
{
	uint64_t v;

	memcpy(&v, hash, 8);
	v = __builtin_bswap64(v) << skip;
	return bits ? (uint32_t)(v >> (64 - bits)) : 0;
}

/* The place of a hash in the directory. */
static inline uint32_t
hashed_place(const struct hashed_d *h, const uint8_t *hash)
{
	return hashed_number(hash, h->prefix_bits, h->bits);
}

/* How many hashes are not greater. */
static inline uint32_t
hashed_up_to(const struct hashed_d *h, const uint8_t *hash)
{
	const struct hashed_name_d *names = hashed_names(h);
	uint32_t place = hashed_place(h, hash);
	uint32_t low = hashed_first(h)[place];
	uint32_t high = hashed_first(h)[place + 1];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(names[middle].hash, hash, NSEC3_HASH_BYTES) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
