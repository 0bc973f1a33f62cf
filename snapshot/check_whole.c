/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What must hold across the cells of a zone, which no cell shows by itself. For
 * control, on every manifest, and tools; one lookup or two a name. Allocates
 * nothing.
 *
 * A zone has all its names in the shared cell of its apex, or is split: then
 * they lie in the slots of its split. So a shared cell that passed the check in
 * another generation passes again, and so does a split zone all of whose cells,
 * that of its apex included, did.
 */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/cell_table.h"
#include "snapshot/check_whole.h"
#include "snapshot/manifest.h"

static const struct node_d *
node_at(const uint8_t *cell, uint32_t off)
{
	return (const void *)(cell + off);
}

static const uint8_t *
node_labels(const struct node_d *n)
{
	return (const uint8_t *)(n + 1);
}

int
check_refuse(struct whole_check *c, const uint8_t *labels, unsigned bytes,
    const char *why)
{
	char text[NAME_TEXT_MAX];
	uint8_t name[DNS_NAME_MAX + 1];

	memcpy(name, labels, bytes);
	memcpy(name + bytes, c->apex, c->apex_bytes);
	return err_set(c->err, ERR_CORRUPT, "slot %u: %s: %s", c->slot,
	    name_to_text(text, name), why);
}

/* The apex node of a whole name, in the shared slots, or NULL. */
static const struct node_d *
apex_lookup(const struct generation *g, const uint8_t *name, unsigned bytes)
{
	struct cell_key key = {
	    .hash = name_hash(&g->key, name),
	    .name = name,
	    .bytes = bytes,
	    .is_apex = true,
	};
	const struct cell_ref *cell =
	    &g->slots[name_slot(key.hash, g->slot_bits)];
	uint64_t compared = 0;
	uint32_t off = cell_lookup(cell->base, cell->nbuckets, &key, &compared);

	return off ? node_at(cell->base, off) : NULL;
}

const struct node_d *
check_node_find(
    const struct whole_check *c, const uint8_t *labels, unsigned bytes)
{
	const struct generation *g = c->g;
	struct cell_key key = {
	    .name = labels,
	    .bytes = bytes,
	    .any_anchor = c->split != NO_SPLIT,
	    .anchor = c->anchor,
	};
	const struct cell_ref *cell = &g->slots[c->slot];
	uint64_t compared = 0;
	uint32_t off;

	if (bytes == 0)
		return apex_lookup(g, c->apex, c->apex_bytes);
	key.hash = name_hash_above(&g->key, c->apex_hash, labels, bytes);
	if (c->split != NO_SPLIT)
		cell = &g->slots[g->splits[c->split].first_slot +
				 name_slot(key.hash, g->splits[c->split].bits)];
	off = cell_lookup(cell->base, cell->nbuckets, &key, &compared);
	return off ? node_at(cell->base, off) : NULL;
}

/* An occluded name: the cut that hides it is there. */
static int
occluded_check(struct whole_check *c, const struct node_d *n)
{
	const uint8_t *labels = node_labels(n);
	unsigned at = 0, depth = c->apex_labels;
	const struct node_d *cut;

	for (unsigned i = 0; i < n->name_bytes; i += labels[i] + 1u)
		depth++;
	for (; depth > n->anchor; depth--)
		at += labels[at] + 1u;
	cut = check_node_find(c, labels + at, n->name_bytes - at);
	if (!cut || !(cut->flags & NODE_CUT))
		return check_refuse(c, labels, n->name_bytes,
		    "it is marked as below a cut, which is not there");
	return 0;
}

/* A name's parent exists and lets it be seen; so, by its parent's own check, do
 * all above. */
static int
parent_check(struct whole_check *c, const struct node_d *n)
{
	const uint8_t *labels = node_labels(n);
	unsigned first = labels[0] + 1u;
	const struct node_d *parent;

	if (n->flags & NODE_OCCLUDED)
		return occluded_check(c, n);
	parent = check_node_find(c, labels + first, n->name_bytes - first);
	if (!parent && first == n->name_bytes)
		return check_refuse(
		    c, labels, n->name_bytes, "its zone has no apex");
	if (!parent)
		return check_refuse(
		    c, labels, n->name_bytes, "its parent does not exist");
	if (parent->flags & (NODE_CUT | NODE_OCCLUDED))
		return check_refuse(
		    c, labels, n->name_bytes, "it is below a cut");
	if (parent->flags & NODE_DNAME)
		return check_refuse(
		    c, labels, n->name_bytes, "it is below a DNAME");
	return 0;
}

void
check_split_set(struct whole_check *c, const uint8_t *cell)
{
	const struct cell_header_d *h = (const void *)cell;

	c->split = h->split;
	c->apex = cell + h->apex_off;
	c->apex_bytes = h->apex_bytes;
	c->apex_hash = name_hash(&c->g->key, c->apex);
	c->apex_labels = name_labels(c->apex);
}

static void
zone_set(struct whole_check *c, const uint8_t *cell, const struct node_d *n)
{
	const struct cell_header_d *h = (const void *)cell;
	const struct node_d *apex;

	if (h->kind == CELL_SPLIT) {
		check_split_set(c, cell);
		return;
	}
	apex = node_at(cell, n->anchor + sizeof(struct zone_d));
	c->split = NO_SPLIT;
	if (c->anchor == n->anchor && c->apex == node_labels(apex))
		return;
	c->anchor = n->anchor;
	c->apex = node_labels(apex);
	c->apex_bytes = apex->name_bytes;
	c->apex_hash = name_hash(&c->g->key, c->apex);
	c->apex_labels = name_labels(c->apex);
}

static int
slot_check(struct whole_check *c)
{
	const struct cell_ref *cell = &c->g->slots[c->slot];
	const struct bucket_d *b = cell_buckets(cell->base);

	for (uint32_t i = 0; i < cell->nbuckets; i++)
		for (unsigned k = 0; k < b[i].count; k++) {
			const struct node_d *n =
			    node_at(cell->base, b[i].node_off[k]);
			int rc;

			if (n->flags & NODE_APEX)
				continue;
			zone_set(c, cell->base, n);
			rc = parent_check(c, n);
			if (rc < 0)
				return rc;
		}
	return 0;
}

/* Whether a slot has the cell that it has in the base. */
static bool
slot_is_old(const struct whole_check *c, uint32_t slot)
{
	uint32_t there;

	if (!c->base)
		return false;
	there = generation_base_slot(c->g, c->base, slot);
	return there < c->base->nslots &&
	       digest_equal(generation_cell_digest(c->g, slot),
		   generation_cell_digest(c->base, there));
}

static int
shared_slots_check(struct whole_check *c)
{
	int rc = 0;

	for (c->slot = 0; rc == 0 && c->slot < 1u << c->g->slot_bits; c->slot++)
		if (!slot_is_old(c, c->slot))
			rc = slot_check(c);
	return rc;
}

/* The names of a split zone, whose apex is in shared slot `apex_slot`. */
static int
split_slots_check(struct whole_check *c, uint32_t split, uint32_t apex_slot)
{
	uint32_t first = c->g->splits[split].first_slot;
	uint32_t end = c->g->splits[split].denial_first;
	uint32_t last = end + c->g->splits[split].denial_slots;
	bool old = slot_is_old(c, apex_slot);
	int rc = 0;

	for (uint32_t i = first; old && i < last; i++)
		old = slot_is_old(c, i);
	for (c->slot = first; !old && rc == 0 && c->slot < end; c->slot++)
		rc = slot_check(c);
	return rc == 0 && !old ? denial_slots_check(c, split) : rc;
}

/* Each split in use is named by its zone's apex; that an apex names no split of
 * another zone, the cell's verifier has seen. */
static int
splits_check(struct whole_check *c)
{
	const struct split_d *t = c->g->memory->split_table;
	char text[NAME_TEXT_MAX];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < c->g->nsplits; i++) {
		uint8_t name[sizeof t->apex + NAME_HASH_OVERREAD] = {0};
		const struct node_d *apex;

		if (t[i].apex_bytes == 0)
			continue;
		memcpy(name, t[i].apex, t[i].apex_bytes);
		apex = apex_lookup(c->g, name, t[i].apex_bytes);
		if (!apex || ((const struct zone_d *)apex - 1)->split != i)
			return err_set(c->err, ERR_CORRUPT,
			    "split %u: the apex of %s does not name it", i,
			    name_to_text(text, name));
		rc = split_slots_check(c, i,
		    name_slot(name_hash(&c->g->key, name), c->g->slot_bits));
	}
	return rc;
}

/* Sums of what the cells say, which their verifier has compared with their
 * nodes, against what the manifest says. */
static int
counts_check(const struct generation *g, struct err *err)
{
	uint64_t nzones = 0, depths[2] = {0};

	for (uint32_t i = 0; i < g->nslots; i++) {
		const struct cell_header_d *h = (const void *)g->slots[i].base;

		nzones += h->nzones;
		depths[0] |= h->depths[0];
		depths[1] |= h->depths[1];
	}
	if (nzones != g->nzones)
		return err_set(err, ERR_CORRUPT,
		    "the manifest says %u zones, its cells have %llu",
		    g->nzones, (unsigned long long)nzones);
	if (depths[0] != g->depths[0] || depths[1] != g->depths[1])
		return err_set(err, ERR_CORRUPT,
		    "the manifest's depths are not those of its zones");
	return 0;
}

int
generation_check_whole(
    const struct generation *g, const struct generation *base, struct err *err)
{
	struct whole_check c = {.g = g, .err = err};
	int rc;

	if (base && generation_tables_agree(g, base))
		c.base = base;
	rc = shared_slots_check(&c);
	if (rc == 0)
		rc = splits_check(&c);
	return rc == 0 ? counts_check(g, err) : rc;
}
