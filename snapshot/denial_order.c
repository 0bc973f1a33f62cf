/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Search trees over canonical order; see denial_order.h. The names are written
 * first, then the nodes from the names: a node is its first keys, cut to the
 * eight octets in which they can differ.
 */
#include "snapshot/denial_order.h"

#include <endian.h>
#include <string.h>

#include "base/dns.h"
#include "snapshot/denial_proof.h"

void
order_key_make(struct order_key *key, const uint8_t *labels, unsigned bytes)
{
	uint8_t starts[DNS_LABELS_MAX + 1], *to = key->octets;
	unsigned n = 0;

	for (unsigned at = 0; at < bytes && n <= DNS_LABELS_MAX;
	     at += labels[at] + 1u)
		starts[n++] = (uint8_t)at;
	while (n--) {
		const uint8_t *label = labels + starts[n];

		for (unsigned i = 1; i <= label[0]; i++) {
			/* what ends a label is less than all octets of one */
			if (label[i] > 1) {
				*to++ = label[i];
			} else {
				*to++ = 1;
				*to++ = label[i] + 1;
			}
		}
		*to++ = 0;
	}
	key->bytes = (unsigned)(to - key->octets);
	memset(to, 0, ORDER_CHUNK_BYTES);
}

/* Octets that two keys have in common. */
static unsigned
key_common(const struct order_key *a, const struct order_key *b)
{
	unsigned most = a->bytes < b->bytes ? a->bytes : b->bytes, n = 0;

	while (n < most && a->octets[n] == b->octets[n])
		n++;
	return n;
}

int
order_key_compare(const struct order_key *a, const struct order_key *b)
{
	unsigned n = key_common(a, b);

	/* no octet at the end of one is less than any of the other's */
	if (n == a->bytes || n == b->bytes)
		return (a->bytes > b->bytes) - (a->bytes < b->bytes);
	return a->octets[n] < b->octets[n] ? -1 : 1;
}

bool
order_shape_make(struct order_shape *shape, uint32_t count)
{
	uint32_t nodes[ORDER_LEVELS_MAX], below = count, n = 0, at = 0;
	uint32_t each = ORDER_LEAF_NAMES;

	do {
		if (n == ORDER_LEVELS_MAX)
			return false;
		below = (uint32_t)(((uint64_t)below + each - 1) / each);
		nodes[n++] = below;
		each = ORDER_FANOUT;
	} while (below > 1);
	memset(shape, 0, sizeof *shape);
	shape->levels = n;
	for (uint32_t level = 0; level < n; level++) {
		shape->level_first[level] = at;
		at += nodes[n - 1 - level];
	}
	shape->level_first[n] = at;
	shape->nodes = at;
	return true;
}

static void
key_of(const struct order_d *o, uint64_t name, struct order_key *key)
{
	struct order_name n = order_name_get(o, name);

	order_key_make(key, n.labels, n.bytes);
}

static uint64_t
key_chunk(const struct order_key *key, unsigned skip)
{
	uint64_t chunk;

	if (skip >= key->bytes)
		return 0;
	memcpy(&chunk, key->octets + skip, sizeof chunk);
	return be64toh(chunk);
}

/* Children that have `each` names and begin with name `first`, up to `most`:
 * their chunks, all ones where there is none, and what these skip. Returns how
 * many there are. */
static unsigned
chunks_make(const struct order_d *o, uint64_t first, uint64_t each,
    unsigned most, uint16_t *skip, uint64_t *chunk)
{
	uint64_t next = first + most * each;
	struct order_key key, other;
	unsigned n = 0;

	memset(chunk, 0xff, most * sizeof *chunk);
	*skip = 0;
	key_of(o, first, &key);
	if (next < o->count) {
		key_of(o, next, &other);
		*skip = (uint16_t)key_common(&key, &other);
	}
	for (; n < most && first + n * each < o->count; n++) {
		if (n > 0)
			key_of(o, first + n * each, &key);
		chunk[n] = key_chunk(&key, *skip);
	}
	return n;
}

void
order_node_make(const struct order_d *o, const struct order_shape *shape,
    uint32_t level, uint32_t at, struct order_node_d *out)
{
	uint64_t each = ORDER_LEAF_NAMES; /* names below a child */

	for (uint32_t i = level + 2; i < shape->levels; i++)
		each *= ORDER_FANOUT;
	*out = (struct order_node_d){0};
	out->count = (uint8_t)chunks_make(o, each * ORDER_FANOUT * at, each,
	    ORDER_FANOUT, &out->skip, out->chunk);
}

void
order_leaf_make(const struct order_d *o, uint32_t at, struct order_leaf_d *out)
{
	const struct order_leaf_d *have = &order_leaves(o)[at];
	unsigned n;
	uint16_t skip;

	*out = (struct order_leaf_d){.first_off = have->first_off};
	n = chunks_make(o, (uint64_t)ORDER_LEAF_NAMES * at, 1, ORDER_LEAF_NAMES,
	    &skip, out->chunk);
	for (unsigned i = 1; i < n; i++)
		out->behind4[i - 1] = have->behind4[i - 1];
	out->skip_count = (uint16_t)(skip | n << LEAF_COUNT_SHIFT);
}

/* What was written from `at` of the order on, which starts at `start`, moves to
 * where a cache line begins if that is a line less to read. Returns where it is
 * then. */
static uint32_t
lines_spare(struct bytes *out, size_t start, uint32_t at)
{
	size_t bytes = out->len - start - at;
	uint32_t gap = -at % CELL_ALIGN;
	uint8_t *p;

	if ((at % CELL_ALIGN + bytes + CELL_ALIGN - 1) / CELL_ALIGN ==
	    (bytes + CELL_ALIGN - 1) / CELL_ALIGN)
		return at;
	bytes_append_zero(out, gap);
	if (out->failed)
		return at;
	p = out->data + start + at;
	memmove(p + gap, p, bytes);
	memset(p, 0, gap);
	return at + gap;
}

/* A name, with its block if there is a builder; *off: where it is. All begins
 * and ends at multiples of 4. */
static int
name_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const struct plan_node *n, size_t start,
    uint32_t *off, struct err *err)
{
	int rc;

	*off = (uint32_t)(out->len - start);
	bytes_append(out, &n->name_bytes, 1);
	bytes_append(out, plan_node_name(p, n), n->name_bytes);
	bytes_align(out, 4);
	if (!b)
		return 0;
	rc = denial_proof_append(
	    out, b, p, n->first, n->count, DNS_TYPE_NSEC, err);
	bytes_align(out, 4);
	if (rc == 0 && !out->failed)
		*off = lines_spare(out, start, *off);
	return rc;
}

/* The leaf at `leaf` of `out` learns where its name `i` is. */
static int
place_note(
    struct bytes *out, size_t leaf, unsigned i, uint32_t off, struct err *err)
{
	struct order_leaf_d *to = (void *)(out->data + leaf);
	uint32_t behind4 = i ? (off - to->first_off) / 4 : 0;

	if (behind4 > UINT16_MAX)
		return err_set(err, ERR_LIMIT,
		    "%d NSEC records beside one another are over %u bytes",
		    ORDER_LEAF_NAMES, 4u * UINT16_MAX);
	if (i)
		to->behind4[i - 1] = (uint16_t)behind4;
	else
		to->first_off = off;
	return 0;
}

/* `leaves` is where the leaves go, `start` where the order_d is. */
static int
names_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const uint32_t *nodes, uint32_t count,
    size_t start, size_t leaves, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < count && rc == 0; i++) {
		size_t leaf =
		    leaves + i / ORDER_LEAF_NAMES * sizeof(struct order_leaf_d);
		uint32_t off;

		rc = name_append(
		    out, b, p, &p->nodes[nodes[i]], start, &off, err);
		if (out->failed)
			return err_set(err, ERR_NO_MEMORY,
			    "no memory for the order of names");
		if (out->len - start > CELL_BYTES_MAX)
			return err_set(err, ERR_LIMIT,
			    "its NSEC records are over %u bytes",
			    CELL_BYTES_MAX);
		if (rc == 0)
			rc = place_note(
			    out, leaf, i % ORDER_LEAF_NAMES, off, err);
	}
	return rc;
}

/* Of an order whose names and their places are there. */
static void
nodes_fill(struct order_d *o, const struct order_shape *shape)
{
	struct order_node_d *to = (void *)(o + 1);
	uint32_t last = shape->levels - 1;

	for (uint32_t level = 0; level < last; level++)
		for (uint32_t at = shape->level_first[level];
		     at < shape->level_first[level + 1]; at++, to++)
			order_node_make(o, shape, level,
			    at - shape->level_first[level], to);
	for (uint32_t at = 0; shape->level_first[last] + at < shape->nodes;
	     at++, to++) {
		struct order_leaf_d leaf;

		order_leaf_make(o, at, &leaf);
		memcpy(to, &leaf, sizeof leaf);
	}
}

int
order_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const uint32_t *nodes, uint32_t count,
    struct err *err)
{
	struct order_d head = {.count = count, .has_blocks = b != NULL};
	struct order_shape shape;
	size_t start = out->len, leaves;
	uint64_t names_off;
	int rc;

	if (!order_shape_make(&shape, count))
		return err_set(err, ERR_LIMIT,
		    "%u names with NSEC records are more than a cell holds",
		    count);
	names_off =
	    sizeof head + (uint64_t)shape.nodes * sizeof(struct order_node_d);
	head.levels = shape.levels;
	head.names_off = (uint32_t)names_off;
	memcpy(head.level_first, shape.level_first, sizeof head.level_first);
	for (uint32_t i = shape.levels; i < ORDER_LEVELS_MAX; i++)
		head.level_first[i] = 0;
	bytes_append_zero(out, (size_t)names_off);
	leaves = start + sizeof head +
	         (size_t)shape.level_first[shape.levels - 1] *
	             sizeof(struct order_node_d);
	if (out->failed)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for the order of names");
	rc = names_append(out, b, p, nodes, count, start, leaves, err);
	if (rc < 0)
		return rc;
	head.bytes = (uint32_t)(out->len - start);
	memcpy(out->data + start, &head, sizeof head);
	nodes_fill((void *)(out->data + start), &shape);
	return 0;
}
