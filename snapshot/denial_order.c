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

	do {
		if (n == ORDER_LEVELS_MAX)
			return false;
		below = (uint32_t)(((uint64_t)below + ORDER_FANOUT - 1) /
				   ORDER_FANOUT);
		nodes[n++] = below;
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
	const struct order_name_d *n = &order_names(o)[name];

	order_key_make(key, order_name_labels(o, n), n->name_bytes);
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

void
order_node_make(const struct order_d *o, const struct order_shape *shape,
    uint32_t level, uint32_t at, struct order_node_d *out)
{
	uint64_t names = 1, first, next; /* names below a child */
	struct order_key key, other;

	for (uint32_t i = level + 1; i < shape->levels; i++)
		names *= ORDER_FANOUT;
	first = names * ORDER_FANOUT * at;
	next = first + names * ORDER_FANOUT;
	*out = (struct order_node_d){0};
	memset(out->chunk, 0xff, sizeof out->chunk);
	key_of(o, first, &key);
	if (next < o->count) {
		key_of(o, next, &other);
		out->skip = (uint16_t)key_common(&key, &other);
	}
	for (unsigned i = 0; i < ORDER_FANOUT; i++) {
		if (first + i * names >= o->count)
			break;
		if (i > 0)
			key_of(o, first + i * names, &key);
		out->chunk[i] = key_chunk(&key, out->skip);
		out->count++;
	}
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
 * and ends at multiples of 4 then. */
static int
name_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const struct plan_node *n, size_t start,
    uint32_t *off, struct err *err)
{
	int rc;

	*off = (uint32_t)(out->len - start);
	bytes_append(out, plan_node_name(p, n), n->name_bytes);
	if (!b)
		return 0;
	bytes_align(out, 4);
	rc = denial_proof_append(
	    out, b, p, n->first, n->count, DNS_TYPE_NSEC, err);
	if (rc == 0 && !out->failed)
		*off = lines_spare(out, start, *off);
	return rc;
}

/* `table` is where the order_name_d go, `start` where the order_d is. */
static int
names_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const uint32_t *nodes, uint32_t count,
    size_t start, size_t table, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < count && rc == 0; i++) {
		const struct plan_node *n = &p->nodes[nodes[i]];
		struct order_name_d name = {.name_bytes = n->name_bytes};

		rc = name_append(out, b, p, n, start, &name.name_off, err);
		if (out->failed)
			return err_set(err, ERR_NO_MEMORY,
			    "no memory for the order of names");
		if (out->len - start > CELL_BYTES_MAX)
			return err_set(err, ERR_LIMIT,
			    "its NSEC records are over %u bytes",
			    CELL_BYTES_MAX);
		memcpy(out->data + table + i * sizeof name, &name, sizeof name);
	}
	return rc;
}

static void
nodes_fill(uint8_t *order, const struct order_shape *shape)
{
	struct order_node_d *to = (void *)(order + sizeof(struct order_d));

	for (uint32_t level = 0; level < shape->levels; level++) {
		uint32_t count =
		    shape->level_first[level + 1] - shape->level_first[level];

		for (uint32_t at = 0; at < count; at++, to++)
			order_node_make((void *)order, shape, level, at, to);
	}
}

int
order_append(struct bytes *out, struct block_builder *b,
    const struct zone_plan *p, const uint32_t *nodes, uint32_t count,
    struct err *err)
{
	struct order_d head = {.count = count, .has_blocks = b != NULL};
	struct order_shape shape;
	size_t start = out->len, table;
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
	bytes_append_zero(out,
	    (size_t)names_off + (size_t)count * sizeof(struct order_name_d));
	table = start + (size_t)names_off;
	if (out->failed)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for the order of names");
	rc = names_append(out, b, p, nodes, count, start, table, err);
	if (rc < 0)
		return rc;
	head.bytes = (uint32_t)(out->len - start);
	memcpy(out->data + start, &head, sizeof head);
	nodes_fill(out->data + start, &shape);
	return 0;
}
