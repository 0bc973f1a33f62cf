/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The keyed hash of names, from the root down: each label is folded into the
 * hash of its parent, so that one pass over a query name yields the hash of
 * every suffix. A 64 x 64 -> 128 bit multiplication a 16-byte chunk, about
 * five cycles. The key is random, one a store: without it nobody can make
 * names collide; and a collision costs a comparison, never a wrong answer.
 *
 * One multiplication leaves the hashes of numbered siblings (host1, host2, ...)
 * on a lattice, which fills buckets unevenly for one key in ten. So what picks
 * a place mixes the hash once more, off the chain from label to label. The
 * bits of a mixed hash: 0-31 the bucket, 32-47 (from the top) the slot, 48-63
 * the tag.
 */
#ifndef HOLDFAST_HASH_H
#define HOLDFAST_HASH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct name_key {
	uint64_t k[2]; /* k[1] is odd */
};

/* Labels are read in chunks of 16 bytes: this much must be readable behind the
 * start of any label that is hashed. */
enum { NAME_HASH_OVERREAD = 80 };

static inline uint64_t
name_hash_root(const struct name_key *key)
{
	return key->k[0];
}

static inline uint64_t
name_hash_chunk(
    const struct name_key *key, uint64_t h, uint64_t lo, uint64_t hi)
{
	__uint128_t m = (__uint128_t)(h ^ lo) * (hi ^ key->k[1]);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Sixteen octets from [16 - n] on: ones over the first n. No branch: lengths of
 * labels are a coin's toss to the processor. */
static const uint8_t name_hash_ones[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static inline uint64_t
name_hash_word(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return word;
}

/* Hash of the name that has the lower-case label (length octet first) in front
 * of the name with hash `parent`. */
static inline uint64_t
name_hash_label(
    const struct name_key *key, uint64_t parent, const uint8_t *label)
{
	const uint8_t *ones;
	uint64_t h = parent;
	unsigned n = label[0] + 1u;

	while (__builtin_expect(n > 16, 0)) {
		h = name_hash_chunk(
		    key, h, name_hash_word(label), name_hash_word(label + 8));
		label += 16;
		n -= 16;
	}
	ones = name_hash_ones + 16 - n;
	return name_hash_chunk(key, h,
	    name_hash_word(label) & name_hash_word(ones),
	    name_hash_word(label + 8) & name_hash_word(ones + 8));
}

/* Spreads a hash over its 64 bits. */
static inline uint64_t
name_hash_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio, odd */
	return h ^ h >> 32;
}

/* Places from a hash that is mixed already: the engine mixes once. */
static inline uint32_t
name_mixed_bucket(uint64_t mixed, uint32_t n)
{
	return (uint32_t)(((mixed & 0xffffffff) * n) >> 32);
}

static inline uint32_t
name_mixed_slot(uint64_t mixed, unsigned bits)
{
	return (uint32_t)((mixed >> 32) & 0xffff) >> (16 - bits);
}

static inline uint16_t
name_mixed_tag(uint64_t mixed)
{
	uint16_t tag = (uint16_t)(mixed >> 48);

	return tag ? tag : 1;
}

/* Whether a range of a split zone's NSEC chain begins at this name: one name in
 * 2,048, whatever names are beside it. */
static inline bool
name_mixed_starts_range(uint64_t mixed)
{
	return (mixed & 0x7ff) == 0;
}

/* Bucket of a hash in a table of n buckets (any n, not just powers of two). */
static inline uint32_t
name_bucket(uint64_t h, uint32_t n)
{
	return name_mixed_bucket(name_hash_mix(h), n);
}

/* Slot among 2^bits, bits <= 16. */
static inline uint32_t
name_slot(uint64_t h, unsigned bits)
{
	return name_mixed_slot(name_hash_mix(h), bits);
}

static inline uint16_t
name_tag(uint64_t h)
{
	return name_mixed_tag(name_hash_mix(h));
}

/* Hash of a whole lower-case uncompressed name; slow path. The name must lie in
 * a buffer with NAME_HASH_OVERREAD readable bytes behind it. */
uint64_t name_hash(const struct name_key *key, const uint8_t *name);

/* The hash of `bytes` octets of labels (no root label) above a name with hash
 * `above`: for names kept without their apex. Same rule on the buffer. */
uint64_t name_hash_above(const struct name_key *key, uint64_t above,
    const uint8_t *labels, unsigned bytes);

#endif
