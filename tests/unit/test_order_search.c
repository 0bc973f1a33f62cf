/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The search in an NSEC chain against a linear search that compares names.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "dataplane/answer/order_search.h"
#include "tests/unit/unit_run.h"

enum { NAMES_MAX = 3000, OCTETS_MAX = 254 };

/* Labels above the apex; the apex has none. */
struct labels {
	uint8_t bytes;
	uint8_t octets[OCTETS_MAX + 1]; /* ends with the root label */
	uint8_t overread[32];
};

struct chain {
	struct labels names[NAMES_MAX];
	uint32_t count;
	struct order_d *order;
};

static int
labels_compare(const void *a, const void *b)
{
	return name_compare(((const struct labels *)a)->octets,
	    ((const struct labels *)b)->octets);
}

static void
labels_sort(struct chain *c)
{
	uint32_t kept = 0;

	qsort(c->names, c->count, sizeof c->names[0], labels_compare);
	for (uint32_t i = 0; i < c->count; i++)
		if (i == 0 ||
		    labels_compare(&c->names[kept - 1], &c->names[i]) != 0)
			c->names[kept++] = c->names[i];
	c->count = kept;
}

/* --- a tree, made as format.h says ---------------------------------------- */

static void
key_make(struct order_key *k, const struct labels *l)
{
	order_key_make(k, l->octets, l->bytes);
}

static uint16_t
common_octets(const struct labels *a, const struct labels *b)
{
	struct order_key x, y;
	uint16_t n = 0;

	key_make(&x, a);
	key_make(&y, b);
	while (n < x.bytes && n < y.bytes && x.octets[n] == y.octets[n])
		n++;
	return n;
}

static uint64_t
chunk_make(const struct labels *l, unsigned skip)
{
	struct order_key k;
	uint64_t chunk = 0;

	key_make(&k, l);
	for (unsigned i = 0; i < 8; i++)
		chunk =
		    chunk << 8 | (skip + i < k.bytes ? k.octets[skip + i] : 0);
	return chunk;
}

/* Chunks of up to `most` children, that begin with name `first` and every
 * `each`-th behind it. Returns how many there are. */
static unsigned
chunks_make(const struct chain *c, uint32_t first, uint32_t each, unsigned most,
    uint16_t *skip, uint64_t *chunk)
{
	uint32_t next = first + most * each;
	unsigned n = 0;

	memset(chunk, 0xff, most * sizeof *chunk);
	*skip = next < c->count
	            ? common_octets(&c->names[first], &c->names[next])
	            : 0;
	for (; n < most && first + n * each < c->count; n++)
		chunk[n] = chunk_make(&c->names[first + n * each], *skip);
	return n;
}

static uint32_t
level_nodes(uint32_t names, uint32_t below)
{
	return (names + below - 1) / below;
}

/* The lines of a level, of which each has `below` names below it. */
static void
level_make(const struct chain *c, struct order_node_d *node, uint32_t below)
{
	uint32_t each = below / ORDER_FANOUT;

	for (uint32_t i = 0; i < level_nodes(c->count, below); i++, node++)
		node->count = (uint8_t)chunks_make(
		    c, i * below, each, ORDER_FANOUT, &node->skip, node->chunk);
}

/* The leaves, and the names behind them; every third stands apart. */
static void
leaves_make(const struct chain *c, struct order_leaf_d *leaf)
{
	uint8_t *start = (uint8_t *)c->order;
	uint32_t at = c->order->names_off;

	for (uint32_t i = 0; i < c->count; i++) {
		unsigned in = i % ORDER_LEAF_NAMES;
		uint16_t skip;

		if (in == 0) {
			leaf += i > 0;
			leaf->first_off = at;
			leaf->skip_count =
			    (uint16_t)(chunks_make(c, i, 1, ORDER_LEAF_NAMES,
					   &skip, leaf->chunk)
				       << LEAF_COUNT_SHIFT);
			leaf->skip_count |= skip;
		} else {
			leaf->behind4[in - 1] =
			    (uint16_t)((at - leaf->first_off) / 4);
		}
		start[at] = c->names[i].bytes;
		memcpy(start + at + 1, c->names[i].octets, c->names[i].bytes);
		at += (c->names[i].bytes + 4u) & ~3u;
		at += i % 3 ? 0 : 8;
	}
}

static void
chain_make(struct chain *c)
{
	uint32_t below = ORDER_LEAF_NAMES, nodes = 0, levels = 1;
	size_t bytes;

	nodes = level_nodes(c->count, below);
	for (; level_nodes(c->count, below) > 1; levels++) {
		below *= ORDER_FANOUT;
		nodes += level_nodes(c->count, below);
	}
	bytes = sizeof(struct order_d) + nodes * sizeof(struct order_node_d);
	c->order = aligned_alloc(
	    64, (bytes + c->count * (OCTETS_MAX + 16u) + 127 + 64) & ~63ul);
	ck_assert_ptr_nonnull(c->order);
	memset(c->order, 0, bytes);
	*c->order = (struct order_d){
	    .count = c->count, .levels = levels, .names_off = (uint32_t)bytes};
	nodes = 0;
	for (uint32_t l = 0; l < levels; l++, below /= ORDER_FANOUT) {
		struct order_node_d *at =
		    (struct order_node_d *)(c->order + 1) + nodes;

		c->order->level_first[l] = nodes;
		if (l + 1 < levels)
			level_make(c, at, below);
		else
			leaves_make(c, (struct order_leaf_d *)at);
		nodes += level_nodes(c->count, below);
	}
}

/* --- names ---------------------------------------------------------------- */

static uint64_t rng = 2026;

static uint32_t
draw(uint32_t below)
{
	rng = rng * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((rng >> 33) % below);
}

/* Octets at the ends of the range, and few others, so that names meet. */
static uint8_t
octet_draw(unsigned kind)
{
	static const uint8_t odd[] = {0, 1, 2, 255, 'a', '*', '.', 254};

	return kind ? odd[draw(kind)] : (uint8_t)('a' + draw(3));
}

static void
labels_draw(struct labels *l, unsigned kind, unsigned long_prefix)
{
	unsigned labels = 1 + draw(3), at = 0;

	while (labels-- > 0) {
		unsigned n = 1 + draw(kind == 8 ? 3 : 12);

		if (at + 1 + n + long_prefix > OCTETS_MAX - 2)
			break;
		n += labels == 0 ? long_prefix : 0;
		l->octets[at] = (uint8_t)n;
		for (unsigned i = 1; i <= n; i++)
			l->octets[at + i] = labels == 0 && i <= long_prefix
			                        ? 'p'
			                        : octet_draw(kind);
		at += n + 1;
	}
	l->octets[at] = 0;
	l->bytes = (uint8_t)at;
}

static uint32_t
find_linear(const struct chain *c, const struct labels *l)
{
	uint32_t found = 0; /* the apex is in front of all */

	for (uint32_t i = 0; i < c->count; i++)
		if (labels_compare(&c->names[i], l) <= 0)
			found = i;
	return found;
}

static void
find_check(const struct chain *c, const struct labels *l)
{
	struct order_key k;

	key_make(&k, l);
	ck_assert_uint_eq(order_find(c->order, &k), find_linear(c, l));
}

/* A chain of drawn names, asked for its own and others. */
static void
chain_check(uint32_t count, unsigned kind, unsigned long_prefix)
{
	struct chain *c = calloc(1, sizeof *c);
	struct labels l = {0};

	ck_assert_ptr_nonnull(c);
	c->count = count;
	for (uint32_t i = 1; i < count; i++)
		labels_draw(&c->names[i], kind, long_prefix);
	labels_sort(c);
	chain_make(c);
	for (uint32_t i = 0; i < c->count; i += 1 + c->count / 300)
		find_check(c, &c->names[i]);
	for (unsigned i = 0; i < 300; i++) {
		labels_draw(&l, kind, draw(2) ? long_prefix : 0);
		find_check(c, &l);
	}
	free(c->order);
	free(c);
}

START_TEST(finds_what_a_linear_search_finds)
{
	static const uint32_t counts[] = {
	    1, 2, 6, 7, 8, 42, 43, 48, 294, 295, 1000, 2058, 2059, NAMES_MAX};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		for (unsigned kind = 0; kind <= 8; kind += 4)
			for (unsigned p = 0; p <= 40; p += 20)
				chain_check(counts[i], kind, p);
}
END_TEST

/* The vector form beside its plain twin, chunks at the ends of the range. */
START_TEST(chunks_are_counted_alike)
{
	static const uint64_t ends[] = {0, 1, INT64_MAX, 1ull << 63,
	    (1ull << 63) + 1, UINT64_MAX - 1, UINT64_MAX};
	struct order_node_d *n = aligned_alloc(64, sizeof *n);

	ck_assert_ptr_nonnull(n);
	memset(n, 0xff, sizeof *n);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t chunk = ends[draw(7)] + draw(2);

		for (unsigned k = 0; k < ORDER_FANOUT; k++)
			n->chunk[k] = draw(4) ? ends[draw(7)] : rng;
		ck_assert_uint_eq(order_chunks_greater(n, chunk, ORDER_FANOUT),
		    order_chunks_greater_plain(n, chunk, ORDER_FANOUT));
		ck_assert_uint_eq(
		    order_chunks_greater(n, chunk, ORDER_LEAF_NAMES),
		    order_chunks_greater_plain(n, chunk, ORDER_LEAF_NAMES));
	}
	free(n);
}
END_TEST

START_TEST(labels_are_escaped_alike)
{
	struct labels l = {0};
	uint8_t a[2 * DNS_NAME_MAX + 64], b[2 * DNS_NAME_MAX + 64];

	for (unsigned i = 0; i < 100000; i++) {
		unsigned n = 1 + draw(63);

		for (unsigned k = 0; k < n; k++)
			l.octets[k] = draw(40) ? 'a' : octet_draw(4);
		size_t x = (size_t)(order_label_copy(a, l.octets, n) - a);
		size_t y = (size_t)(order_label_escape(b, l.octets, n) - b);

		ck_assert_uint_eq(x, y);
		ck_assert_mem_eq(a, b, x);
	}
}
END_TEST

START_TEST(keys_are_in_canonical_order)
{
	struct labels a = {0}, b = {0};
	struct order_key x, y;

	for (unsigned i = 0; i < 100000; i++) {
		int names, keys;

		labels_draw(&a, 8, 0);
		labels_draw(&b, 8, 0);
		key_make(&x, &a);
		key_make(&y, &b);
		names = labels_compare(&a, &b);
		keys = order_key_compare(&x, &y);
		ck_assert_int_eq(
		    (names > 0) - (names < 0), (keys > 0) - (keys < 0));
	}
}
END_TEST

UNIT_MAIN("order search", finds_what_a_linear_search_finds,
    chunks_are_counted_alike, labels_are_escaped_alike,
    keys_are_in_canonical_order)
