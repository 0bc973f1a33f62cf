/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Searching the NSEC chain of a zone: the last name in canonical order (RFC
 * 4034 section 6.1) that is not behind a given one. A static tree of cache
 * lines, one a level (snapshot/format.h draws it). Arithmetic on verified
 * bytes; any thread.
 */
#ifndef HOLDFAST_ORDER_SEARCH_H
#define HOLDFAST_ORDER_SEARCH_H

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/dns.h"
#include "snapshot/format.h"

/* What a name is compared by (order_node_d says how it is made). Every octet
 * of a label may become two; what the chunks read beyond is zero. */
struct order_key {
	uint16_t bytes;
	uint8_t octets[2 * DNS_NAME_MAX + 64];
};

/* A label's octets, `n` of them: those of which 0 and 1 would be escaped. */
static inline uint8_t *
order_label_escape(uint8_t *to, const uint8_t *label, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool escaped = label[i] <= 1;

		*to = 1;
		to += escaped;
		*to++ = (uint8_t)(label[i] + escaped);
	}
	return to;
}

/* The same. Copies 32 at a time, which nearly always is all; reads and writes
 * up to 31 beyond. */
static inline uint8_t *
order_label_copy(uint8_t *to, const uint8_t *label, unsigned n)
{
	const __m256i one = _mm256_set1_epi8(1);

	for (;;) {
		__m256i v = _mm256_loadu_si256((const void *)label);
		uint32_t low = (uint32_t)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(_mm256_min_epu8(v, one), v));

		if (__builtin_expect(_bzhi_u32(low, n < 32 ? n : 32) != 0, 0))
			return order_label_escape(to, label, n);
		_mm256_storeu_si256((void *)to, v);
		if (__builtin_expect(n <= 32, 1))
			return to + n;
		to += 32;
		label += 32;
		n -= 32;
	}
}

/* The key of `bytes` octets of labels, lower case, without the apex's; reads up
 * to 31 beyond. */
static inline void
order_key_make(struct order_key *k, const uint8_t *labels, unsigned bytes)
{
	uint8_t starts[DNS_LABELS_MAX + 1], *to = k->octets;
	unsigned n = 0;

	for (unsigned at = 0; at < bytes; at += labels[at] + 1u)
		starts[n++] = (uint8_t)at;
	while (n-- > 0) {
		const uint8_t *label = labels + starts[n];

		to = order_label_copy(to, label + 1, label[0]);
		*to++ = 0;
	}
	k->bytes = (uint16_t)(to - k->octets);
	memset(to, 0, 8);
}

static inline int
order_key_compare(const struct order_key *a, const struct order_key *b)
{
	int c = memcmp(
	    a->octets, b->octets, a->bytes < b->bytes ? a->bytes : b->bytes);

	return c ? c : (int)a->bytes - (int)b->bytes;
}

/* Where a name of the chain stands: how many octets it has, they, its block. */
static inline unsigned
order_name_bytes(const uint8_t *name)
{
	return name[0];
}

static inline const uint8_t *
order_name_labels(const uint8_t *name)
{
	return name + 1;
}

/* Its NSEC record, of an order that has blocks. */
static inline const struct block_d *
order_block(const uint8_t *name)
{
	return (const struct block_d *)(name + ((name[0] + 4u) & ~3u));
}

static inline const struct order_node_d *
order_node(const struct order_d *o, unsigned level, uint32_t node)
{
	return (const struct order_node_d *)(o + 1) + o->level_first[level] +
	       node;
}

static inline const struct order_leaf_d *
order_leaf(const struct order_d *o, uint32_t leaf)
{
	return (const void *)order_node(o, o->levels - 1, leaf);
}

/* The name with this index: its leaf says where it is. */
static inline const uint8_t *
order_name(const struct order_d *o, uint32_t index)
{
	const struct order_leaf_d *leaf =
	    order_leaf(o, index / ORDER_LEAF_NAMES);
	unsigned at = index % ORDER_LEAF_NAMES;

	return (const uint8_t *)o + leaf->first_off +
	       (at ? 4u * leaf->behind4[at - 1] : 0);
}

/* True if the name with this index is not behind the key. */
static inline bool
order_name_is_up_to(
    const struct order_d *o, uint32_t index, const struct order_key *k)
{
	const uint8_t *name = order_name(o, index);
	struct order_key key;

	order_key_make(&key, order_name_labels(name), order_name_bytes(name));
	return order_key_compare(&key, k) <= 0;
}

/* How many of a line's eight numbers are greater and chunks, of which there are
 * so many, at its end. */
static inline unsigned
order_chunks_greater_plain(const void *line, uint64_t chunk, unsigned chunks)
{
	const uint64_t *n = line;
	unsigned greater = 0;

	for (unsigned i = 8 - chunks; i < 8; i++)
		greater += n[i] > chunk;
	return greater;
}

/* The same. AVX2 compares signed numbers: all are moved by half their range. */
static inline unsigned
order_chunks_greater(const void *line, uint64_t chunk, unsigned chunks)
{
	const __m256i half = _mm256_set1_epi64x(INT64_MIN);
	__m256i key = _mm256_set1_epi64x((int64_t)(chunk ^ (1ull << 63)));
	__m256i low = _mm256_load_si256(line);
	__m256i high = _mm256_load_si256((const __m256i *)line + 1);
	unsigned greater;

	low = _mm256_cmpgt_epi64(_mm256_xor_si256(low, half), key);
	high = _mm256_cmpgt_epi64(_mm256_xor_si256(high, half), key);
	greater = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(low));
	/* the line's head is no chunk */
	greater &= 0xfu << (8 - chunks);
	greater |= (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(high)) << 4;
	return (unsigned)__builtin_popcount(greater);
}

/* The octets of a key that a line looks at. */
static inline uint64_t
order_key_chunk(const struct order_key *k, unsigned skip)
{
	uint64_t chunk;

	memcpy(&chunk, k->octets + skip, 8);
	return __builtin_bswap64(chunk);
}

/* Chunk number `upto` - 1 of those at a line's end; of 0 the number in front,
 * which is part of the head. */
static inline uint64_t
order_chunk_before(const void *line, unsigned upto, unsigned chunks)
{
	uint64_t chunk;

	memcpy(&chunk, (const uint8_t *)line + 8 * (7 - chunks + upto), 8);
	return chunk;
}

/* The slow part of a step, where a chunk is that of the key, or seems to be:
 * which child of a node, which name of a leaf. `upto` chunks, unused ones
 * included, are not greater. */
unsigned order_node_tie(const struct order_d *o, unsigned level, uint32_t node,
    unsigned upto, const struct order_key *k);
unsigned order_leaf_tie(const struct order_d *o, uint32_t leaf, unsigned upto,
    const struct order_key *k);

/* One level down, not from a leaf: the child that has the key, the last one
 * whose first key is not behind it. The search brought the key here, so that is
 * the first one at least. An unused chunk is not greater than the key's only if
 * it is the same. */
static inline uint32_t
order_descend(const struct order_d *o, unsigned level, uint32_t node,
    const struct order_key *k)
{
	const struct order_node_d *n = order_node(o, level, node);
	uint64_t chunk = order_key_chunk(k, n->skip);
	unsigned upto =
	    ORDER_FANOUT - order_chunks_greater(n, chunk, ORDER_FANOUT);

	if (__builtin_expect(
		order_chunk_before(n, upto, ORDER_FANOUT) == chunk, 0))
		return node * ORDER_FANOUT +
		       order_node_tie(o, level, node, upto, k);
	return node * ORDER_FANOUT + upto - (upto != 0);
}

/* The same from a leaf: which of its names. */
static inline unsigned
order_leaf_descend(
    const struct order_d *o, uint32_t leaf, const struct order_key *k)
{
	const struct order_leaf_d *n = order_leaf(o, leaf);
	uint64_t chunk = order_key_chunk(k, n->skip_count & LEAF_SKIP_MASK);
	unsigned upto =
	    ORDER_LEAF_NAMES - order_chunks_greater(n, chunk, ORDER_LEAF_NAMES);

	if (__builtin_expect(
		order_chunk_before(n, upto, ORDER_LEAF_NAMES) == chunk, 0))
		return order_leaf_tie(o, leaf, upto, k);
	return upto - (upto != 0);
}

/* True if the first name is the apex and the second one is behind "*" below it.
 * A leaf that begins with the apex skips nothing. */
static inline bool
order_spans_wildcard(const struct order_d *o)
{
	return order_name_bytes(order_name(o, 0)) == 0 &&
	       order_leaf(o, 0)->chunk[1] > (uint64_t)'*' << 56;
}

/* Index of the last name that is not behind the key, which is not in front of
 * all: of a whole chain the first is the apex, and of a part the first is one
 * that the search came by. (Else some name is found, no worse.) */
uint32_t order_find(const struct order_d *o, const struct order_key *k);

#endif
