/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A name to be looked up: lower case, with the place of each label and the hash
 * of each suffix, in one pass down the labels and one back up. On the query
 * path: no allocation, a few cache lines. The vector variants stand beside
 * plain twins; tests/unit/test_query_name.c runs both.
 */
#ifndef HOLDFAST_QUERY_NAME_H
#define HOLDFAST_QUERY_NAME_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/dns.h"
#include "snapshot/hash.h"

struct query_name {
	/* octets of `lower`, root label included */
	uint16_t bytes;
	/* the root label not counted */
	uint16_t labels;
	uint32_t reserved;
	/* start of label i, counted from the left */
	uint8_t label_at[DNS_LABELS_MAX + 1];
	/* hash of the suffix of d labels */
	uint64_t hash[DNS_LABELS_MAX + 1];
	/* in front of the over-read that the hash and vector copies want */
	uint8_t lower[256] __attribute__((aligned(32)));
	uint8_t overread[96];
};

/* The distance from 'A', unsigned, is below 26 for capitals alone. */
static inline __m256i
query_name_lower32(__m256i v)
{
	__m256i from_a = _mm256_sub_epi8(v, _mm256_set1_epi8('A'));
	__m256i upper = _mm256_cmpeq_epi8(
	    from_a, _mm256_min_epu8(from_a, _mm256_set1_epi8(25)));

	return _mm256_or_si256(
	    v, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
}

/* Lowers n octets, in chunks of 32: reads and writes up to 31 beyond. */
static inline void
query_name_lower(uint8_t *to, const uint8_t *from, unsigned n)
{
	unsigned at = 0;

	do {
		__m256i v = _mm256_loadu_si256((const void *)(from + at));

		_mm256_storeu_si256((void *)(to + at), query_name_lower32(v));
		at += 32;
	} while (__builtin_expect(at < n, 0));
}

static inline void
query_name_lower_plain(uint8_t *to, const uint8_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint8_t c = from[i];

		to[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
}

/* True if n octets are the same; reads up to 31 beyond both. */
static inline bool
query_name_same(const uint8_t *a, const uint8_t *b, unsigned n)
{
	for (;;) {
		__m256i x = _mm256_loadu_si256((const void *)a);
		__m256i y = _mm256_loadu_si256((const void *)b);
		uint32_t diff =
		    ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y));

		if (__builtin_expect(n <= 32, 1))
			return _bzhi_u32(diff, n) == 0;
		if (diff)
			return false;
		a += 32;
		b += 32;
		n -= 32;
	}
}

/* Finds the labels of the name at p (no more than `avail` octets there); false
 * if it is cut off, too long, compressed or of an unknown label type. */
static inline bool
query_name_scan(struct query_name *n, const uint8_t *p, unsigned avail)
{
	unsigned most = avail < DNS_NAME_MAX ? avail : DNS_NAME_MAX;
	unsigned at = 0, labels = 0;

	for (;;) {
		if (__builtin_expect(at >= most, 0))
			return false;

		unsigned len = p[at];

		if (len == 0)
			break;
		if (__builtin_expect(len > DNS_LABEL_MAX, 0))
			return false;
		/* at most 127 labels fit below octet 255 */
		n->label_at[labels++] = (uint8_t)at;
		at += len + 1;
	}
	n->labels = (uint16_t)labels;
	n->bytes = (uint16_t)(at + 1);
	return true;
}

/* Hashes every suffix, from the root down. */
static inline void
query_name_hash(struct query_name *n, const struct name_key *key)
{
	const uint8_t *label_at = n->label_at + n->labels;
	uint64_t *hash = n->hash, h = name_hash_root(key);

	*hash = h;
	while (label_at > n->label_at) {
		h = name_hash_label(key, h, n->lower + *--label_at);
		*++hash = h;
	}
}

/* Where the suffix of d labels starts. */
static inline unsigned
query_name_start(const struct query_name *n, unsigned d)
{
	return d ? n->label_at[n->labels - d] : n->bytes - 1u;
}

#endif
