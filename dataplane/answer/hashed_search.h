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

/* A record of the chain. */
struct hashed_place {
	const struct hashed_d *hashed;
	const struct hashed_name_d *name; /* NULL: none */
};

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
hashed_entry(const struct hashed_d *h, const uint8_t *hash)
{
	return hashed_number(hash, h->prefix_bits, h->bits);
}

/* The sign of a - b; the first 8 octets settle nearly every case. */
static inline int
hashed_compare(const uint8_t *a, const uint8_t *b)
{
	uint64_t x, y;

	memcpy(&x, a, 8);
	memcpy(&y, b, 8);
	if (__builtin_expect(x != y, 1))
		return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
	return memcmp(a + 8, b + 8, NSEC3_HASH_BYTES - 8);
}

/* How many hashes are not greater. */
static inline uint32_t
hashed_up_to(const struct hashed_d *h, const uint8_t *hash)
{
	const struct hashed_name_d *names = hashed_names(h);
	uint32_t place = hashed_entry(h, hash);
	uint32_t low = hashed_first(h)[place];
	uint32_t high = hashed_first(h)[place + 1];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (hashed_compare(names[middle].hash, hash) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
