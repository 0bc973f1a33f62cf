/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier's part for a cell: header and name table. Two passes over the
 * table: the first makes every offset in it safe to follow, the second looks at
 * what is there. Any thread; allocates nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/cell_table.h"
#include "snapshot/digest.h"
#include "snapshot/verify_denial.h"
#include "snapshot/verify_node.h"

enum {
	/* A miss walks on while buckets overflow: bounds the work of a query.
	 * Tables that are not nearly full have runs of a few. */
	OVERFLOW_RUN_MAX = 64,
	/* Honest cells are read about once; see struct cell_extent. */
	WORK_FACTOR = 8,
};

int
cell_refuse(struct cell_check *c, uint32_t off, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(c->err, ERR_CORRUPT, "offset %u: %s", off, text);
}

#define REFUSE_HEADER(c, field, text)                                          \
	cell_refuse(c, offsetof(struct cell_header_d, field), text)

/* Magic, version, features: what decides how the rest is read. */
static int
identity_verify(struct cell_check *c, size_t bytes)
{
	const struct cell_header_d *h = c->header;
	uint32_t unknown;

	if (bytes < sizeof *h + sizeof(struct bucket_d) + CELL_TAIL_BYTES)
		return cell_refuse(
		    c, 0, "%zu bytes are too few for a cell", bytes);
	if (memcmp(h->magic, CELL_MAGIC, sizeof h->magic) != 0)
		return cell_refuse(c, 0, "this is no cell");
	if (h->version != FORMAT_VERSION)
		return err_set(c->err, ERR_VERSION,
		    "the cell has format version %u, this program reads "
		    "version %u: compile the zones anew, into an empty store",
		    h->version, FORMAT_VERSION);
	unknown = h->features_required & ~FEATURES_KNOWN;
	if (unknown)
		return err_set(c->err, ERR_VERSION,
		    "the cell needs feature %u, which this program does not "
		    "have",
		    (unsigned)__builtin_ctz(unknown));
	return 0;
}

static bool
is_denial(const struct cell_check *c)
{
	return c->header->kind == CELL_DENIAL_NSEC ||
	       c->header->kind == CELL_DENIAL_NSEC3;
}

static int
sizes_verify(struct cell_check *c, size_t bytes)
{
	const struct cell_header_d *h = c->header;
	uint64_t heap_off =
	    sizeof *h + (uint64_t)h->nbuckets * sizeof(struct bucket_d);

	if (h->bytes_total != bytes || bytes % CELL_ALIGN ||
	    bytes > CELL_BYTES_MAX)
		return REFUSE_HEADER(c, bytes_total, "a wrong size");
	if ((h->nbuckets == 0) != is_denial(c) ||
	    heap_off + CELL_TAIL_BYTES > bytes)
		return REFUSE_HEADER(
		    c, nbuckets, "a table that does not fit the cell");
	if (h->heap_off != heap_off)
		return REFUSE_HEADER(
		    c, heap_off, "a heap that does not follow the table");
	c->extent.heap_off = h->heap_off;
	c->extent.heap_end = h->bytes_total - CELL_TAIL_BYTES;
	c->extent.work_max = (uint64_t)WORK_FACTOR * bytes;
	if (!cell_zeros(&c->extent, c->extent.heap_end, h->bytes_total))
		return cell_refuse(
		    c, c->extent.heap_end, "the last 64 octets are not zero");
	return 0;
}

/* The cell is the one that the manifest means. */
static int
place_verify(struct cell_check *c)
{
	const struct cell_header_d *h = c->header;
	const struct cell_expect *e = c->expect;
	uint8_t key_id[16];

	digest_key_id(key_id, e->key);
	if (memcmp(key_id, h->key_id, sizeof key_id) != 0)
		return REFUSE_HEADER(
		    c, key_id, "built with another store's name key");
	if (h->kind != (uint32_t)e->kind ||
	    (h->kind != CELL_SHARED && h->kind != CELL_SPLIT && !is_denial(c)))
		return REFUSE_HEADER(c, kind, "not the kind of cell expected");
	if (h->slot_bits != e->slot_bits || h->slot_bits > SLOT_BITS_MAX)
		return REFUSE_HEADER(
		    c, slot_bits, "not the number of slots expected");
	if (h->slot != e->slot)
		return REFUSE_HEADER(c, slot, "not the slot expected");
	if (!cell_zeros(&c->extent, offsetof(struct cell_header_d, reserved),
		sizeof *h))
		return REFUSE_HEADER(c, reserved, "reserved is not zero");
	return 0;
}

static int
split_apex_verify(struct cell_check *c)
{
	const struct cell_header_d *h = c->header;
	const struct split_d *split = c->expect->split;

	if (h->nzones || h->depths[0] || h->depths[1])
		return REFUSE_HEADER(c, nzones, "zones in a split's cell");
	if (h->split != c->expect->split_no)
		return REFUSE_HEADER(c, split, "not the split expected");
	if (h->apex_bytes == 0 || h->apex_bytes > DNS_NAME_MAX ||
	    h->apex_off < h->heap_off ||
	    (uint64_t)h->apex_off + h->apex_bytes > c->extent.heap_end)
		return REFUSE_HEADER(c, apex_off, "an apex out of the heap");
	c->apex = c->extent.base + h->apex_off;
	c->apex_bytes = h->apex_bytes;
	if (h->apex_bytes != split->apex_bytes ||
	    memcmp(c->apex, split->apex, h->apex_bytes) != 0 ||
	    name_length_find(c->apex, h->apex_bytes) != h->apex_bytes)
		return REFUSE_HEADER(
		    c, apex_off, "the apex is not that of the split");
	c->apex_labels = name_labels(c->apex);
	c->apex_hash = name_hash(c->expect->key, c->apex);
	return 0;
}

static int
header_verify(struct cell_check *c, size_t bytes)
{
	const struct cell_header_d *h = c->header;
	int rc = identity_verify(c, bytes);

	if (rc == 0)
		rc = sizes_verify(c, bytes);
	if (rc == 0)
		rc = place_verify(c);
	if (rc < 0)
		return rc;
	if (h->kind != CELL_SHARED)
		return split_apex_verify(c);
	if (h->split != NO_SPLIT || h->apex_off || h->apex_bytes)
		return REFUSE_HEADER(
		    c, split, "a shared cell that says it is a split's");
	return 0;
}

static uint32_t
bucket_off(uint32_t i)
{
	return (uint32_t)(sizeof(struct cell_header_d) +
			  i * sizeof(struct bucket_d));
}

/* Entries fill from 0, unused ones are zero; each leads to a sound name. */
static int
bucket_verify(struct cell_check *c, uint32_t number)
{
	const struct bucket_d *b = cell_buckets(c->extent.base) + number;
	uint32_t off = bucket_off(number);

	if (b->count > BUCKET_ENTRIES || b->flags & ~BUCKET_OVERFLOWS ||
	    b->reserved)
		return cell_refuse(c, off, "a bucket that is not sound");
	if (b->flags & BUCKET_OVERFLOWS && b->count < BUCKET_ENTRIES)
		return cell_refuse(
		    c, off, "a bucket overflows that is not full");
	for (unsigned i = 0; i < BUCKET_ENTRIES; i++) {
		int rc;

		if (i >= b->count) {
			if (b->tag[i] || b->node_off[i])
				return cell_refuse(
				    c, off, "an unused entry that is not zero");
			continue;
		}
		rc = node_shape_verify(c, b->node_off[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
table_verify(struct cell_check *c)
{
	const struct bucket_d *b = cell_buckets(c->extent.base);
	uint32_t n = c->header->nbuckets, run = 0, longest = 0;
	uint64_t entries = 0;

	for (uint32_t i = 0; i < n; i++) {
		int rc = bucket_verify(c, i);

		if (rc < 0)
			return rc;
		entries += b[i].count;
	}
	if (entries != c->header->nnodes)
		return REFUSE_HEADER(c, nnodes, "not the number of names");
	/* once more over the first ones: the table is a ring */
	for (uint64_t i = 0; i < (uint64_t)n + OVERFLOW_RUN_MAX; i++) {
		run = b[i % n].flags & BUCKET_OVERFLOWS ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	if (longest >= n || longest > OVERFLOW_RUN_MAX)
		return cell_refuse(
		    c, bucket_off(0), "%u buckets in a row overflow", longest);
	return 0;
}

static int
nodes_verify(struct cell_check *c)
{
	const struct bucket_d *b = cell_buckets(c->extent.base);
	const struct cell_header_d *h = c->header;

	for (uint32_t i = 0; i < h->nbuckets; i++)
		for (unsigned k = 0; k < b[i].count; k++) {
			int rc = node_verify(c, b[i].node_off[k], b[i].tag[k]);

			if (rc < 0)
				return rc;
		}
	if (c->nzones != h->nzones)
		return REFUSE_HEADER(c, nzones, "not the number of zones");
	if (c->depths[0] != h->depths[0] || c->depths[1] != h->depths[1])
		return REFUSE_HEADER(c, depths, "not the depths of the zones");
	return 0;
}

static int
features_verify(struct cell_check *c)
{
	if (!!(c->header->features_required & FEATURE_DENIAL) == c->has_denial)
		return 0;
	return REFUSE_HEADER(
	    c, features_required, "FEATURE_DENIAL without denial");
}

/* Once all nodes are sound: the chains lead to them. */
static int
denials_verify(struct cell_check *c)
{
	const struct bucket_d *b = cell_buckets(c->extent.base);
	const struct cell_header_d *h = c->header;

	for (uint32_t i = 0; c->has_denial && i < h->nbuckets; i++)
		for (unsigned k = 0; k < b[i].count; k++) {
			const struct node_d *n =
			    (const void *)(c->extent.base + b[i].node_off[k]);
			const struct zone_d *z =
			    (const void *)((const uint8_t *)n - sizeof *z);
			int rc;

			if (!(n->flags & NODE_APEX) || !z->denial_off)
				continue;
			rc = denial_verify(c, n->anchor);
			if (rc < 0)
				return rc;
		}
	return 0;
}

int
cell_verify(const uint8_t *cell, size_t bytes, const struct cell_expect *expect,
    struct err *err)
{
	struct cell_check c = {
	    .extent = {.base = cell},
	    .expect = expect,
	    .header = (const void *)cell,
	    .err = err,
	};
	int rc = header_verify(&c, bytes);

	if (rc < 0)
		return rc;
	if (is_denial(&c)) {
		rc = denial_cell_verify(&c);
	} else {
		rc = table_verify(&c);
		if (rc == 0)
			rc = nodes_verify(&c);
		if (rc == 0)
			rc = denials_verify(&c);
	}
	return rc == 0 ? features_verify(&c) : rc;
}
