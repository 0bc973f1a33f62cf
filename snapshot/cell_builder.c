/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Cells: nodes put one behind the other, then the table that finds them. Runs
 * in control and tools; memory for the cell, and 16 bytes a name meanwhile.
 *
 * The heap is built first, with offsets from its own start, as the size of the
 * table is known only when all names fit into it.
 */
#include "snapshot/cell_builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/denial_cell.h"
#include "snapshot/digest.h"
#include "snapshot/fault.h"
#include "snapshot/node_builder.h"

struct cell_entry {
	uint64_t hash;
	uint32_t node_off; /* from the heap's start */
	uint32_t zone_off; /* of an apex: its zone_d; else NOT_APEX */
};

enum { NOT_APEX = UINT32_MAX };

struct cell_build {
	struct block_builder *block;
	struct bytes node, heap;
	struct cell_entry *entries;
	size_t count, cap;
	struct bucket_d *buckets;
	uint32_t nbuckets, nzones;
	uint32_t zone_off; /* of the zone whose nodes are being added */
	uint64_t depths[2];
	bool has_denial;
	struct err *err;
};

static int
out_of_memory(struct cell_build *c)
{
	return err_set(c->err, ERR_NO_MEMORY, "no memory for a cell");
}

static int
cell_build_init(struct cell_build *c, struct err *err)
{
	*c = (struct cell_build){.err = err, .block = block_builder_new()};
	bytes_init(&c->node);
	bytes_init(&c->heap);
	return c->block ? 0 : out_of_memory(c);
}

static void
cell_build_fini(struct cell_build *c)
{
	block_builder_free(c->block);
	bytes_fini(&c->node);
	bytes_fini(&c->heap);
	free(c->entries);
	free(c->buckets);
}

static int
entry_add(struct cell_build *c, struct cell_entry entry)
{
	if (c->count == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct cell_entry *e =
		    realloc(c->entries, cap * sizeof *c->entries);

		if (!e)
			return out_of_memory(c);
		c->entries = e;
		c->cap = cap;
	}
	c->entries[c->count++] = entry;
	return 0;
}

/* Puts c->node where it straddles no cache line, if it can be helped. */
static size_t
node_place(struct cell_build *c)
{
	size_t size = c->node.len;

	bytes_align(&c->heap, 8);
	if (size <= CELL_ALIGN && c->heap.len % CELL_ALIGN + size > CELL_ALIGN)
		bytes_align(&c->heap, CELL_ALIGN);
	return bytes_append(&c->heap, c->node.data, size);
}

/* A node, its anchor and what its zone_d says of places. The heap's start is a
 * multiple of 64 behind the cell's, so places stay good; offsets from the
 * cell's start are corrected when it is known. */
static int
node_add(
    struct cell_build *c, const struct zone_plan *p, const struct plan_node *n)
{
	bool is_apex = n->flags & NODE_APEX;
	struct cell_entry entry = {.hash = n->hash, .zone_off = NOT_APEX};
	struct node_image image;
	int rc = node_build(c->block, p, n, &c->node, &image, c->err);
	size_t at;

	if (rc < 0)
		return rc;
	at = node_place(c);
	if (c->heap.failed)
		return out_of_memory(c);
	if (c->heap.len > CELL_BYTES_MAX)
		return err_set(c->err, ERR_LIMIT, "its cell is over %u bytes",
		    CELL_BYTES_MAX);
	entry.node_off = (uint32_t)(at + image.node_off);
	if (is_apex) {
		struct zone_d *z = (void *)(c->heap.data + at);

		c->zone_off = entry.zone_off = (uint32_t)at;
		z->negative_off = (uint32_t)(at + image.negative_off);
		c->nzones++;
		c->depths[p->apex_labels / 64] |= 1ull << p->apex_labels % 64;
	}
	if (p->split == NO_SPLIT || is_apex) {
		struct node_d *node = (void *)(c->heap.data + entry.node_off);

		node->anchor = c->zone_off;
	}
	return entry_add(c, entry);
}

/* Enters all names into a table of n buckets; false if a name would have to
 * overflow through too many. */
static bool
table_fill(struct cell_build *c, uint32_t heap_off)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct cell_entry *e = &c->entries[i];
		uint32_t at = name_bucket(e->hash, c->nbuckets);
		struct bucket_d *b = &c->buckets[at];
		unsigned passed = 0;

		for (; b->count == BUCKET_ENTRIES; b = &c->buckets[at]) {
			if (++passed > BUCKET_CHAIN_MAX ||
			    passed >= c->nbuckets)
				return false;
			b->flags |= BUCKET_OVERFLOWS;
			at = at + 1 == c->nbuckets ? 0 : at + 1;
		}
		b->tag[b->count] = name_tag(e->hash);
		b->node_off[b->count++] = heap_off + e->node_off;
	}
	return true;
}

static uint32_t
heap_off_get(const struct cell_build *c)
{
	return (uint32_t)(sizeof(struct cell_header_d) +
			  c->nbuckets * sizeof(struct bucket_d));
}

/* About 6.5 of 10 entries are used; more room if that is not enough. Only names
 * chosen with the key in hand could need much more. */
static int
table_make(struct cell_build *c)
{
	uint32_t first = (uint32_t)(c->count * 2 / 13 + 1);

	for (c->nbuckets = first; c->nbuckets <= 4 * (first + 4);
	     c->nbuckets += c->nbuckets / 8 + 1) {
		free(c->buckets);
		c->buckets = calloc(c->nbuckets, sizeof *c->buckets);
		if (!c->buckets)
			return out_of_memory(c);
		if (table_fill(c, heap_off_get(c)))
			return 0;
	}
	return err_set(c->err, ERR_LIMIT, "too many names have one hash");
}

static void
denial_correct(struct cell_build *c, struct zone_d *z, uint32_t heap_off)
{
	struct denial_d *d = (void *)(c->heap.data + z->denial_off);

	if (!z->denial_off)
		return;
	z->denial_off += heap_off;
	if (d->chain_off)
		d->chain_off += heap_off;
}

/* Offsets in nodes of shared cells are from the cell's start. */
static void
offsets_correct(struct cell_build *c, uint32_t heap_off)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct cell_entry *e = &c->entries[i];
		struct node_d *n = (void *)(c->heap.data + e->node_off);

		n->anchor += heap_off;
		if (e->zone_off != NOT_APEX) {
			struct zone_d *z = (void *)(c->heap.data + e->zone_off);

			z->negative_off += heap_off;
			denial_correct(c, z, heap_off);
		}
	}
}

static int
cell_finish(struct cell_build *c, struct cell_header_d *h,
    const struct name_key *key, struct bytes *out)
{
	int rc = table_make(c);

	if (rc < 0)
		return rc;
	h->heap_off = heap_off_get(c);
	bytes_align(&c->heap, CELL_ALIGN);
	bytes_append_zero(&c->heap, CELL_TAIL_BYTES);
	if (c->heap.failed)
		return out_of_memory(c);
	if (h->heap_off + c->heap.len > CELL_BYTES_MAX)
		return err_set(c->err, ERR_LIMIT, "its cell is over %u bytes",
		    CELL_BYTES_MAX);
	if (h->kind == CELL_SHARED)
		offsets_correct(c, h->heap_off);
	memcpy(h->magic, CELL_MAGIC, sizeof h->magic);
	h->version = FORMAT_VERSION;
	h->features_required = c->has_denial ? FEATURE_DENIAL : 0;
	h->bytes_total = (uint32_t)(h->heap_off + c->heap.len);
	h->nbuckets = c->nbuckets;
	h->nnodes = (uint32_t)c->count;
	h->nzones = c->nzones;
	memcpy(h->depths, c->depths, sizeof h->depths);
	digest_key_id(h->key_id, key);
	if (h->kind == CELL_SPLIT)
		h->apex_off = h->heap_off;
	bytes_append(out, h, sizeof *h);
	bytes_append(out, c->buckets, c->nbuckets * sizeof *c->buckets);
	bytes_append(out, c->heap.data, c->heap.len);
	return out->failed ? out_of_memory(c) : 0;
}

static bool
node_is_lost(const struct plan_node *n)
{
	return (n->flags & NODE_ENT && fault_hit("builder-ent-missing")) ||
	       (!(n->flags & (NODE_ENT | NODE_APEX)) &&
		   fault_hit("builder-name-lost"));
}

/* The denial_d of a zone whose apex is in the heap. */
static int
denial_add(struct cell_build *c, const struct zone_plan *p)
{
	struct zone_d *z;
	uint32_t off;
	int rc = denial_append(&c->heap, c->block, p, &off, c->err);

	if (rc < 0)
		return rc;
	z = (void *)(c->heap.data + c->zone_off);
	z->denial_off = off;
	c->has_denial = true;
	return 0;
}

static int
zone_add(struct cell_build *c, const struct zone_plan *p)
{
	size_t count = p->split == NO_SPLIT ? p->count : 1;
	char apex[NAME_TEXT_MAX];
	int rc = 0;

	if (fault_hit("builder-zone-shadowed"))
		return 0;
	for (size_t i = 0; i < count && rc == 0; i++)
		if (!node_is_lost(&p->nodes[i]))
			rc = node_add(c, p, &p->nodes[i]);
	if (rc == 0 && p->denial != DENIAL_NONE)
		rc = denial_add(c, p);
	return rc < 0 ? err_add(c->err, "zone %s",
			    name_to_text(apex, p->zone->apex))
	              : 0;
}

static int
apex_compare(const void *a, const void *b)
{
	const struct zone_plan *const *x = a, *const *y = b;

	return name_compare((*x)->zone->apex, (*y)->zone->apex);
}

static int
zones_add(
    struct cell_build *c, const struct zone_plan *const *plans, size_t count)
{
	const struct zone_plan **sorted = calloc(count + 1, sizeof *sorted);
	int rc = 0;

	if (!sorted)
		return out_of_memory(c);
	memcpy(sorted, plans, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, apex_compare);
	for (size_t i = 0; i < count && rc == 0; i++) {
		if (i > 0 && apex_compare(&sorted[i - 1], &sorted[i]) == 0)
			rc = err_set(c->err, ERR_USAGE, "one zone twice");
		else
			rc = zone_add(c, sorted[i]);
	}
	free(sorted);
	return rc;
}

int
cell_build_shared(const struct zone_plan *const *plans, size_t count,
    const struct name_key *key, uint32_t slot, unsigned slot_bits,
    struct bytes *out, struct err *err)
{
	struct cell_header_d h = {.kind = CELL_SHARED,
	    .slot = slot,
	    .slot_bits = slot_bits,
	    .split = NO_SPLIT};
	struct cell_build c;
	int rc = cell_build_init(&c, err);

	if (rc == 0)
		rc = zones_add(&c, plans, count);
	if (rc == 0)
		rc = cell_finish(&c, &h, key, out);
	cell_build_fini(&c);
	return rc;
}

static int
split_nodes_add(struct cell_build *c, const struct zone_plan *p, uint32_t slot)
{
	int rc = 0;

	bytes_append(&c->heap, p->zone->apex, p->zone->apex_bytes);
	for (uint32_t i = p->slot_first[slot];
	     i < p->slot_first[slot + 1] && rc == 0; i++) {
		const struct plan_node *n = &p->nodes[p->by_slot[i]];

		plan_slot_prefetch(p, i, p->slot_first[slot + 1]);
		if (!node_is_lost(n))
			rc = node_add(c, p, n);
	}
	return rc;
}

int
cell_build_split(const struct zone_plan *plan, const struct name_key *key,
    uint32_t slot, struct bytes *out, struct err *err)
{
	struct cell_header_d h = {.kind = CELL_SPLIT,
	    .slot = slot,
	    .slot_bits = plan->split_bits,
	    .apex_bytes = plan->zone->apex_bytes,
	    .split = plan->split};
	char apex[NAME_TEXT_MAX];
	struct cell_build c;
	int rc;

	if (plan->split == NO_SPLIT || slot >> plan->split_bits != 0)
		return err_set(err, ERR_USAGE, "no slot %u of this zone", slot);
	rc = cell_build_init(&c, err);
	if (rc == 0)
		rc = split_nodes_add(&c, plan, slot);
	if (rc == 0)
		rc = cell_finish(&c, &h, key, out);
	if (rc < 0)
		err_add(err, "zone %s", name_to_text(apex, plan->zone->apex));
	cell_build_fini(&c);
	return rc;
}
