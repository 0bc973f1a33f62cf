/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier's part for denial of existence: after it the engine walks search
 * trees, directories and blocks without a check. Any thread; allocates nothing,
 * about 12 KiB of stack.
 *
 * A chain has one form only: what follows from the names or hashes is made once
 * more and compared.
 */
#include "snapshot/verify_denial.h"

#include <stddef.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/cell_table.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"
#include "snapshot/nsec3_hash.h"

/* Counts `bytes` as read, once they are known to be in the heap; refuses what
 * is read over and over. */
static int
extent_take(struct cell_check *c, uint32_t off, uint64_t bytes)
{
	if (off < c->extent.heap_off || off + bytes > c->extent.heap_end)
		return cell_refuse(c, off, "a denial chain out of the heap");
	c->extent.work += bytes;
	if (c->extent.work > c->extent.work_max)
		return cell_refuse(
		    c, off, "so much overlap that checking takes too long");
	return 0;
}

/* --- order_d -------------------------------------------------------------- */

static int
order_head_verify(struct cell_check *c, uint32_t off, struct order_shape *shape)
{
	const struct order_d *o = (const void *)(c->extent.base + off);
	uint64_t names_off;

	if (off % CELL_ALIGN)
		return cell_refuse(c, off, "an order that is not aligned");
	if (extent_take(c, off, sizeof *o) < 0 ||
	    extent_take(c, off, o->bytes) < 0)
		return ERR_CORRUPT;
	if (o->count == 0 || !order_shape_make(shape, o->count))
		return cell_refuse(c, off, "an order of %u names", o->count);
	names_off =
	    sizeof *o + (uint64_t)shape->nodes * sizeof(struct order_node_d);
	if (o->names_off != names_off || names_off > o->bytes)
		return cell_refuse(
		    c, off, "an order that does not fit its size");
	if (o->levels != shape->levels || o->has_blocks > 1 || o->reserved)
		return cell_refuse(c, off, "an order that is not sound");
	for (uint32_t i = 0; i < ORDER_LEVELS_MAX; i++)
		if (o->level_first[i] !=
		    (i < shape->levels ? shape->level_first[i] : 0))
			return cell_refuse(
			    c, off, "levels that are not where they should be");
	return 0;
}

/* The node that the name belongs to is here, and knows that it has NSEC. */
static int
order_node_find(struct cell_check *c, uint32_t off, struct order_name name)
{
	const struct node_d *n;
	struct cell_key key = {.anchor = c->zone_anchor};
	uint32_t found;

	/* what is hashed may be over-read by less than the cell's last zeros */
	key.hash = name_hash_above(
	    c->expect->key, c->apex_hash, name.labels, name.bytes);
	key.is_apex = name.bytes == 0;
	key.name = key.is_apex ? c->apex : name.labels;
	key.bytes = key.is_apex ? c->apex_bytes : name.bytes;
	found = cell_lookup(
	    c->extent.base, c->header->nbuckets, &key, &c->extent.work);
	if (!found)
		return cell_refuse(c, off, "a name of an order without a node");
	n = (const void *)(c->extent.base + found);
	return n->flags & NODE_NSEC
	           ? 0
	           : cell_refuse(c, off, "a name of an order without NSEC");
}

/* The NSEC record of a name, at `at` of the order. */
static int
order_block_verify(
    struct cell_check *c, uint32_t off, struct order_name n, uint64_t at)
{
	const struct order_d *o = (const void *)(c->extent.base + off);
	struct block_expect e = {
	    .key = c->expect->key,
	    .owner = &c->owner,
	    .use = BLOCK_USE_PROOF,
	    .type = DNS_TYPE_NSEC,
	};
	int rc;

	if (at >= o->bytes)
		return cell_refuse(c, off, "an NSEC record out of its place");
	rc = cell_owner_set(c, off, n.labels, n.bytes);
	return rc == 0
	           ? block_verify(&c->extent, off + (uint32_t)at, &e, c->err)
	           : rc;
}

/* Name `i`, at or behind *at of the order: *key becomes its key, and *at where
 * it ends. */
static int
order_name_verify(struct cell_check *c, uint32_t off, uint32_t i, uint64_t *at,
    struct order_key *key)
{
	const struct order_d *o = (const void *)(c->extent.base + off);
	uint64_t place = order_name_off(o, i), end;
	struct order_name n;

	if (place % 4 || (o->has_blocks ? place < *at : place != *at) ||
	    place >= o->bytes)
		return cell_refuse(
		    c, off, "name %u is not where it should be", i);
	n = order_name_get(o, i);
	end = order_name_end(place, n.bytes);
	if (end > o->bytes)
		return cell_refuse(
		    c, off, "name %u is not where it should be", i);
	if (n.bytes > 0 && (labels_verify(n.labels, n.bytes) == 0 ||
			       n.bytes + c->apex_bytes > DNS_NAME_MAX))
		return cell_refuse(c, off, "name %u is not sound", i);
	if (!cell_zeros(&c->extent, off + (uint32_t)(place + 1 + n.bytes),
		off + (uint32_t)end))
		return cell_refuse(c, off, "padding that is not zero");
	order_key_make(key, n.labels, n.bytes);
	*at = end;
	return 0;
}

/* Name `i` ascends, and has what belongs to it, at `at`. */
static int
order_place_verify(struct cell_check *c, uint32_t off, uint32_t i, uint64_t at,
    const struct order_key *before, const struct order_key *key)
{
	const struct order_d *o = (const void *)(c->extent.base + off);
	struct order_name n = order_name_get(o, i);
	int rc = 0;

	if (i > 0 && order_key_compare(before, key) >= 0)
		return cell_refuse(c, off, "names of an order do not ascend");
	if (c->header->kind == CELL_SHARED)
		rc = order_node_find(c, off, n);
	if (rc == 0 && o->has_blocks)
		rc = order_block_verify(c, off, n, at);
	return rc < 0 ? err_add(c->err, "NSEC record %u", i) : 0;
}

/* Without blocks names stand one right behind the other, up to the end; blocks
 * and the names in front of them may be anywhere behind the name before, which
 * any reader can bear. */
static int
order_names_verify(struct cell_check *c, uint32_t off)
{
	const struct order_d *o = (const void *)(c->extent.base + off);
	struct order_key keys[2] = {0};
	uint64_t at = o->names_off;

	for (uint32_t i = 0; i < o->count; i++) {
		int rc = order_name_verify(c, off, i, &at, &keys[i % 2]);

		if (rc == 0)
			rc = order_place_verify(
			    c, off, i, at, &keys[1 - i % 2], &keys[i % 2]);
		if (rc < 0)
			return rc;
	}
	return o->has_blocks || at == o->bytes
	           ? 0
	           : cell_refuse(c, off, "octets behind the names of an order");
}

static int
order_nodes_verify(
    struct cell_check *c, uint32_t off, const struct order_shape *shape)
{
	const struct order_d *o = (const void *)(c->extent.base + off);
	const struct order_node_d *have = order_nodes(o);

	for (uint32_t level = 0; level < shape->levels; level++) {
		uint32_t count =
		    shape->level_first[level + 1] - shape->level_first[level];

		for (uint32_t at = 0; at < count; at++, have++) {
			struct order_node_d node;
			struct order_leaf_d leaf;
			bool is_leaf = level + 1 == shape->levels;

			if (is_leaf)
				order_leaf_make(o, at, &leaf);
			else
				order_node_make(o, shape, level, at, &node);
			if (memcmp(is_leaf ? (void *)&leaf : (void *)&node,
				have, sizeof node) != 0)
				return cell_refuse(c, off,
				    "node %u of level %u is not that of its "
				    "names",
				    at, level);
		}
	}
	return 0;
}

static int
order_verify(struct cell_check *c, uint32_t off)
{
	struct order_shape shape;
	int rc = order_head_verify(c, off, &shape);

	if (rc == 0)
		rc = order_names_verify(c, off);
	return rc == 0 ? order_nodes_verify(c, off, &shape) : rc;
}

/* --- hashed_d ------------------------------------------------------------- */

static int
hashed_head_verify(struct cell_check *c, uint32_t off, unsigned prefix_bits)
{
	const struct hashed_d *h = (const void *)(c->extent.base + off);
	uint64_t names_off;

	if (off % CELL_ALIGN)
		return cell_refuse(c, off, "hashes that are not aligned");
	if (extent_take(c, off, sizeof *h) < 0 ||
	    extent_take(c, off, h->bytes) < 0)
		return ERR_CORRUPT;
	if (h->count == 0 || h->prefix_bits != prefix_bits ||
	    h->bits != hashed_bits(h->count) || h->reserved[0] ||
	    h->reserved[1])
		return cell_refuse(c, off, "hashes that are not sound");
	names_off = sizeof *h + ((1ull << h->bits) + 1) * sizeof(uint32_t);
	if (h->names_off != names_off ||
	    names_off + (uint64_t)h->count * sizeof(struct hashed_name_d) >
		h->bytes)
		return cell_refuse(c, off, "hashes that do not fit their size");
	return 0;
}

/* Ascending, with the prefix of the slot; the directory says where. */
static int
hashed_order_verify(struct cell_check *c, uint32_t off, uint32_t prefix)
{
	const struct hashed_d *h = (const void *)(c->extent.base + off);
	const struct hashed_name_d *names = hashed_names(h);
	const uint32_t *first = hashed_directory(h);
	uint32_t entry = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		uint32_t here =
		    hashed_index(names[i].hash, h->prefix_bits, h->bits);

		if (i > 0 && memcmp(names[i - 1].hash, names[i].hash,
				 NSEC3_HASH_BYTES) >= 0)
			return cell_refuse(c, off, "hashes do not ascend");
		if (hashed_slot(names[i].hash, h->prefix_bits) != prefix)
			return cell_refuse(c, off, "a hash of another slot");
		for (; entry <= here; entry++)
			if (first[entry] != i)
				return cell_refuse(c, off,
				    "a directory that is not of its hashes");
	}
	for (; entry <= 1u << h->bits; entry++)
		if (first[entry] != h->count)
			return cell_refuse(
			    c, off, "a directory that is not of its hashes");
	return 0;
}

static int
hashed_blocks_verify(struct cell_check *c, uint32_t off)
{
	const struct hashed_d *h = (const void *)(c->extent.base + off);
	const struct hashed_name_d *names = hashed_names(h);
	struct block_expect e = {
	    .key = c->expect->key,
	    .owner = &c->owner,
	    .use = BLOCK_USE_PROOF,
	    .type = DNS_TYPE_NSEC3,
	};
	uint64_t blocks = h->names_off + (uint64_t)h->count * sizeof *names;

	for (uint32_t i = 0; i < h->count; i++) {
		uint8_t label[NSEC3_LABEL_BYTES];
		int rc;

		if (names[i].block_off < blocks ||
		    names[i].block_off >= h->bytes)
			return cell_refuse(
			    c, off, "an NSEC3 record out of its place");
		nsec3_label_write(label, names[i].hash);
		rc = cell_owner_set(c, off, label, sizeof label);
		if (rc == 0)
			rc = block_verify(
			    &c->extent, off + names[i].block_off, &e, c->err);
		if (rc < 0)
			return err_add(c->err, "NSEC3 record %u", i);
	}
	return 0;
}

static int
hashed_verify(
    struct cell_check *c, uint32_t off, unsigned prefix_bits, uint32_t prefix)
{
	int rc = hashed_head_verify(c, off, prefix_bits);

	if (rc == 0)
		rc = hashed_order_verify(c, off, prefix);
	return rc == 0 ? hashed_blocks_verify(c, off) : rc;
}

/* --- denial_d ------------------------------------------------------------- */

static bool
all_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (p[n])
			return false;
	return true;
}

/* The hashes of the apex and of the wildcard below it. */
static int
nsec3_names_verify(struct cell_check *c, uint32_t off)
{
	const struct denial_d *d = (const void *)(c->extent.base + off);
	const uint8_t *salt = (const uint8_t *)(d + 1);
	uint8_t name[2 + DNS_NAME_MAX + 1] = {1, '*'};
	uint8_t hash[NSEC3_HASH_BYTES] = {0};

	if (d->iterations > NSEC3_ITERATIONS_LIMIT)
		return cell_refuse(
		    c, off, "%u NSEC3 iterations", d->iterations);
	memcpy(name + 2, c->apex, c->apex_bytes);
	if (c->apex_bytes + 2 <= DNS_NAME_MAX)
		nsec3_hash(hash, name, c->apex_bytes + 2, salt, d->salt_bytes,
		    d->iterations);
	if (memcmp(hash, d->wildcard_hash, sizeof hash) != 0)
		return cell_refuse(c, off, "not the hash of the wildcard");
	nsec3_hash(
	    hash, name + 2, c->apex_bytes, salt, d->salt_bytes, d->iterations);
	if (memcmp(hash, d->apex_hash, sizeof hash) != 0)
		return cell_refuse(c, off, "not the hash of the apex");
	return 0;
}

static int
denial_head_verify(struct cell_check *c, uint32_t off, uint16_t zone_flags)
{
	const struct denial_d *d = (const void *)(c->extent.base + off);
	uint32_t end;

	if (off % 4 || off < c->extent.heap_off ||
	    (uint64_t)off + sizeof *d > c->extent.heap_end)
		return cell_refuse(c, off, "a denial_d out of the heap");
	end = off + (uint32_t)sizeof *d + d->salt_bytes;
	if (((end + 3) & ~3u) > c->extent.heap_end)
		return cell_refuse(c, off, "a salt that leaves the heap");
	if (!cell_zeros(&c->extent, end, (end + 3) & ~3u))
		return cell_refuse(c, off, "padding that is not zero");
	if (!(zone_flags & ZONE_SIGNED))
		return cell_refuse(
		    c, off, "denial in a zone that is not signed");
	if (d->kind == DENIAL_NSEC3)
		return zone_flags & ZONE_NSEC3
		           ? nsec3_names_verify(c, off)
		           : cell_refuse(c, off, "NSEC3 without NSEC3PARAM");
	if (d->kind != DENIAL_NSEC)
		return cell_refuse(c, off, "denial of an unknown kind");
	if (d->salt_bytes || d->iterations ||
	    !all_zero(d->apex_hash, sizeof d->apex_hash) ||
	    !all_zero(d->wildcard_hash, sizeof d->wildcard_hash))
		return cell_refuse(c, off, "parameters of NSEC3 for NSEC");
	return 0;
}

/* The chain of a zone that is not split begins with the apex, or has it. */
static int
chain_verify(struct cell_check *c, uint32_t off)
{
	const struct denial_d *d = (const void *)(c->extent.base + off);
	uint32_t chain = d->chain_off;
	const struct hashed_name_d *names;
	const struct hashed_d *h;
	int rc;

	if (d->kind == DENIAL_NSEC) {
		const struct order_d *o =
		    (const void *)(c->extent.base + chain);

		rc = order_verify(c, chain);
		if (rc == 0 && !o->has_blocks)
			rc = cell_refuse(
			    c, chain, "an order without its NSEC records");
		if (rc == 0 && order_name_get(o, 0).bytes)
			rc = cell_refuse(
			    c, chain, "an order that misses the apex");
		return rc;
	}
	rc = hashed_verify(c, chain, 0, 0);
	if (rc < 0)
		return rc;
	h = (const void *)(c->extent.base + chain);
	names = hashed_names(h);
	for (uint32_t i = 0; i < h->count; i++)
		if (memcmp(names[i].hash, d->apex_hash, NSEC3_HASH_BYTES) == 0)
			return 0;
	return cell_refuse(c, chain, "NSEC3 records that miss the apex");
}

int
denial_verify(struct cell_check *c, uint32_t zone_off)
{
	const struct zone_d *z = (const void *)(c->extent.base + zone_off);
	const struct denial_d *d =
	    (const void *)(c->extent.base + z->denial_off);
	int rc = cell_zone_set(c, zone_off, zone_off);

	if (rc == 0)
		rc = denial_head_verify(c, z->denial_off, z->flags);
	if (rc < 0)
		return rc;
	if (z->split == NO_SPLIT)
		return chain_verify(c, z->denial_off);
	if (d->chain_off || d->kind != c->expect->splits[z->split].denial_kind)
		return cell_refuse(c, z->denial_off,
		    "the denial of a split zone, which is not that of its "
		    "cells");
	return 0;
}

int
denial_cell_verify(struct cell_check *c)
{
	const struct cell_header_d *h = c->header;
	const uint8_t *chain = c->extent.base + h->heap_off;
	uint32_t bytes;
	int rc;

	c->has_denial = true;
	if (h->nnodes)
		return cell_refuse(c, offsetof(struct cell_header_d, nnodes),
		    "names in a denial cell");
	if (h->kind == CELL_DENIAL_NSEC) {
		rc = order_verify(c, h->heap_off);
		bytes = ((const struct order_d *)chain)->bytes;
	} else {
		rc = hashed_verify(c, h->heap_off, h->slot_bits, h->slot);
		bytes = ((const struct hashed_d *)chain)->bytes;
	}
	if (rc < 0)
		return rc;
	if (h->apex_off != h->heap_off + bytes ||
	    ((h->apex_off + h->apex_bytes + CELL_ALIGN - 1) &
		~(CELL_ALIGN - 1u)) != c->extent.heap_end ||
	    !cell_zeros(
		&c->extent, h->apex_off + h->apex_bytes, c->extent.heap_end))
		return cell_refuse(c, h->apex_off,
		    "a denial cell that does not end behind its apex");
	return 0;
}
