/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The verifier's part for a node: that it is found where its name hashes, that
 * its flags and types agree, that its zone is there, and all its blocks. Any
 * thread; allocates nothing.
 */
#include "snapshot/verify_node.h"

#include <string.h>

#include "base/name.h"
#include "snapshot/cell_table.h"

enum {
	NODE_FLAGS_KNOWN = NODE_APEX | NODE_CUT | NODE_CNAME | NODE_DNAME |
	                   NODE_HAS_WILDCARD | NODE_WILDCARD | NODE_ENT |
	                   NODE_OCCLUDED | NODE_NSEC,
	/* at most one of these: what is served for a name differs */
	NODE_FLAGS_ROLE = NODE_CUT | NODE_CNAME | NODE_DNAME | NODE_ENT,
};

static const struct node_d *
node_at(const struct cell_check *c, uint32_t off)
{
	return (const void *)(c->extent.base + off);
}

static bool
name_is_lower(const uint8_t *name, unsigned bytes)
{
	return bytes == 1 || labels_verify(name, bytes - 1) > 0;
}

int
node_shape_verify(struct cell_check *c, uint32_t off)
{
	const struct node_d *n = node_at(c, off);
	const uint8_t *name;

	if (off % 8 || off < c->extent.heap_off ||
	    (uint64_t)off + sizeof *n > c->extent.heap_end)
		return cell_refuse(c, off, "a node out of the heap");
	if ((uint64_t)off + sizeof *n + n->name_bytes > c->extent.heap_end)
		return cell_refuse(c, off, "a name that leaves the heap");
	c->extent.work += sizeof *n + n->name_bytes;
	name = (const uint8_t *)(n + 1);
	if (n->flags & NODE_APEX) {
		if (n->name_bytes == 0 ||
		    name_length_find(name, n->name_bytes) != n->name_bytes ||
		    !name_is_lower(name, n->name_bytes))
			return cell_refuse(c, off, "an apex name not sound");
	} else if (labels_verify(name, n->name_bytes) == 0) {
		return cell_refuse(c, off, "a name that is not sound");
	}
	return 0;
}

/* The zone's apex node is in this cell's table, at `anchor` and 40. */
int
cell_zone_set(struct cell_check *c, uint32_t off, uint32_t anchor)
{
	uint64_t apex_off = (uint64_t)anchor + sizeof(struct zone_d);
	const struct node_d *apex;
	struct cell_key key = {.is_apex = true};
	uint32_t found;

	if (c->zone_anchor && c->zone_anchor == anchor)
		return 0;
	if (anchor < c->extent.heap_off || apex_off % 8 ||
	    apex_off + sizeof *apex > c->extent.heap_end)
		return cell_refuse(c, off, "an anchor out of the heap");
	apex = node_at(c, (uint32_t)apex_off);
	if (!(apex->flags & NODE_APEX) ||
	    apex_off + sizeof *apex + apex->name_bytes > c->extent.heap_end)
		return cell_refuse(c, off, "an anchor that is no zone's");
	key.name = (const uint8_t *)(apex + 1);
	key.bytes = apex->name_bytes;
	if (name_length_find(key.name, key.bytes) != key.bytes)
		return cell_refuse(c, off, "an anchor that is no zone's");
	key.hash = name_hash(c->expect->key, key.name);
	c->extent.work += key.bytes;
	found = cell_lookup(
	    c->extent.base, c->header->nbuckets, &key, &c->extent.work);
	if (found != apex_off)
		return cell_refuse(
		    c, off, "an anchor whose apex is not in the table");
	c->apex = key.name;
	c->apex_bytes = key.bytes;
	c->apex_labels = name_labels(key.name);
	c->apex_hash = key.hash;
	c->zone_anchor = anchor;
	return 0;
}

/* Splits' anchors are no offsets: the labels of the cut that hides the name. */
static int
occlusion_verify(struct cell_check *c, uint32_t off, const struct node_d *n)
{
	if (!(n->flags & NODE_OCCLUDED))
		return n->anchor == 0
		           ? 0
		           : cell_refuse(c, off, "an anchor in a split's cell");
	if (n->flags & (NODE_FLAGS_ROLE | NODE_APEX))
		return cell_refuse(
		    c, off, "an occluded name that answers for itself");
	if (n->anchor <= c->apex_labels || n->anchor >= c->owner.labels)
		return cell_refuse(c, off, "an occluded name without a cut");
	return 0;
}

/* Puts the whole name together. */
int
cell_owner_set(
    struct cell_check *c, uint32_t off, const uint8_t *labels, unsigned bytes)
{
	struct block_owner *o = &c->owner;

	if (bytes + c->apex_bytes > DNS_NAME_MAX)
		return cell_refuse(c, off, "a name of more than 255 octets");
	memcpy(o->name, labels, bytes);
	memcpy(o->name + bytes, c->apex, c->apex_bytes);
	o->bytes = bytes + c->apex_bytes;
	o->apex_bytes = c->apex_bytes;
	o->apex_hash = c->apex_hash;
	o->labels = 0;
	memset(o->boundary, 0, sizeof o->boundary);
	for (unsigned at = 0; o->name[at]; at += o->name[at] + 1u) {
		o->boundary[at] = true;
		o->labels++;
	}
	o->is_wildcard = name_is_wildcard(o->name);
	c->extent.work += o->bytes / 4;
	return 0;
}

/* A lookup of the name comes here, and the name belongs into this slot. */
static int
place_of_node_verify(struct cell_check *c, uint32_t off, uint16_t tag)
{
	const struct node_d *n = node_at(c, off);
	uint64_t hash = name_hash_above(c->expect->key, c->apex_hash,
	    c->owner.name, c->owner.bytes - c->apex_bytes);
	struct cell_key key = {
	    .hash = hash,
	    .name = (const uint8_t *)(n + 1),
	    .bytes = n->name_bytes,
	    .is_apex = n->flags & NODE_APEX,
	    .any_anchor = c->expect->kind == CELL_SPLIT,
	    .anchor = n->anchor,
	};
	uint64_t slot_hash =
	    c->expect->kind == CELL_SPLIT ? hash : c->apex_hash;

	if (name_tag(hash) != tag)
		return cell_refuse(c, off, "a tag that is not the name's");
	if (cell_lookup(c->extent.base, c->header->nbuckets, &key,
		&c->extent.work) != off)
		return cell_refuse(c, off, "a name that a lookup can't find");
	if (name_slot(slot_hash, c->expect->slot_bits) != c->expect->slot)
		return cell_refuse(c, off, "a name of another slot");
	return 0;
}

/* The types' offsets: checked to be in the heap. */
static int
types_verify(struct cell_check *c, uint32_t off, const struct type_d **out)
{
	const struct node_d *n = node_at(c, off);
	uint32_t name_end = off + (uint32_t)sizeof *n + n->name_bytes;
	uint32_t types_off = (name_end + 3) & ~3u;
	uint32_t end = types_off + (uint32_t)sizeof **out * n->ntypes;
	const struct type_d *t = (const void *)(c->extent.base + types_off);

	if (end > c->extent.heap_end)
		return cell_refuse(c, off, "types that leave the heap");
	if (!cell_zeros(&c->extent, name_end, types_off))
		return cell_refuse(c, off, "padding that is not zero");
	c->extent.work += end - types_off;
	for (unsigned i = 0; i < n->ntypes; i++) {
		if (i > 0 && t[i].type <= t[i - 1].type)
			return cell_refuse(c, off, "types do not ascend");
		if (off + 4u * t[i].block_off4 < end)
			return cell_refuse(
			    c, off, "a block in front of its place");
	}
	*out = t;
	return 0;
}

static bool
types_have(const struct type_d *t, unsigned n, uint16_t type)
{
	while (n--)
		if (t[n].type == type)
			return true;
	return false;
}

/* Flags promise types to the engine. (A type without its flag is served as
 * plain data: wrong perhaps, which is the proof's business, but sound.) */
static int
flags_verify(struct cell_check *c, uint32_t off, const struct type_d *t)
{
	const struct node_d *n = node_at(c, off);
	unsigned f = n->flags, role = f & NODE_FLAGS_ROLE;

	if (f & ~NODE_FLAGS_KNOWN)
		return cell_refuse(c, off, "unknown node flags");
	if (role & (role - 1))
		return cell_refuse(
		    c, off, "node flags that exclude each other");
	if (!!(f & NODE_WILDCARD) != c->owner.is_wildcard)
		return cell_refuse(
		    c, off, "NODE_WILDCARD does not fit the name");
	if (!!(f & NODE_ENT) != (n->ntypes == 0 && !(f & NODE_NSEC)))
		return cell_refuse(c, off, "NODE_ENT does not fit the types");
	if (f & NODE_NSEC &&
	    (f & NODE_OCCLUDED || types_have(t, n->ntypes, DNS_TYPE_NSEC)))
		return cell_refuse(
		    c, off, "NODE_NSEC where NSEC is not in a chain");
	if (f & NODE_CNAME && !types_have(t, n->ntypes, DNS_TYPE_CNAME))
		return cell_refuse(c, off, "NODE_CNAME without a CNAME");
	if (f & NODE_DNAME && !types_have(t, n->ntypes, DNS_TYPE_DNAME))
		return cell_refuse(c, off, "NODE_DNAME without a DNAME");
	if (f & NODE_CUT && !types_have(t, n->ntypes, DNS_TYPE_NS))
		return cell_refuse(c, off, "NODE_CUT without NS");
	if (f & NODE_APEX &&
	    (f & (NODE_CUT | NODE_CNAME | NODE_ENT | NODE_OCCLUDED) ||
		!types_have(t, n->ntypes, DNS_TYPE_SOA)))
		return cell_refuse(c, off, "an apex that can be none");
	if (f & NODE_OCCLUDED && c->expect->kind != CELL_SPLIT)
		return cell_refuse(c, off, "NODE_OCCLUDED in a shared cell");
	return 0;
}

static int
blocks_verify(struct cell_check *c, uint32_t off, const struct type_d *t)
{
	const struct node_d *n = node_at(c, off);
	struct block_expect e = {.key = c->expect->key, .owner = &c->owner};

	for (unsigned i = 0; i < n->ntypes; i++) {
		int rc;

		e.type = t[i].type;
		e.use = BLOCK_USE_POSITIVE;
		if (n->flags & NODE_CUT && e.type == DNS_TYPE_NS)
			e.use = BLOCK_USE_REFERRAL;
		if (n->flags & NODE_DNAME && e.type == DNS_TYPE_DNAME)
			e.use = BLOCK_USE_DNAME;
		rc = block_verify(
		    &c->extent, off + 4u * t[i].block_off4, &e, c->err);
		if (rc < 0) {
			err_add(c->err, "node at %u, type %u", off, e.type);
			return rc;
		}
	}
	return 0;
}

/* The split that an apex names is there, and is its own. */
static int
zone_split_verify(struct cell_check *c, uint32_t off, const struct zone_d *z)
{
	const struct split_d *split;

	if (z->split == NO_SPLIT)
		return z->split_bits == 0
		           ? 0
		           : cell_refuse(c, off, "split slots without a split");
	if (z->split >= c->expect->nsplits)
		return cell_refuse(
		    c, off, "split %u, which there is not", z->split);
	split = &c->expect->splits[z->split];
	if (split->bits != z->split_bits ||
	    split->apex_bytes != c->apex_bytes ||
	    memcmp(split->apex, c->apex, c->apex_bytes) != 0)
		return cell_refuse(
		    c, off, "split %u, which is another zone's", z->split);
	return 0;
}

/* The zone_d in front of an apex node. */
static int
zone_verify(struct cell_check *c, uint32_t off, const struct type_d *t)
{
	const struct node_d *n = node_at(c, off + sizeof(struct zone_d));
	const struct zone_d *z = (const void *)(c->extent.base + off);
	unsigned flags =
	    (types_have(t, n->ntypes, DNS_TYPE_DNSKEY) ? ZONE_SIGNED : 0) |
	    (types_have(t, n->ntypes, DNS_TYPE_NSEC3PARAM) ? ZONE_NSEC3 : 0);
	struct block_expect e = {
	    .key = c->expect->key,
	    .owner = &c->owner,
	    .use = BLOCK_USE_NEGATIVE,
	    .type = DNS_TYPE_SOA,
	};
	int rc = zone_split_verify(c, off, z);

	if (rc < 0)
		return rc;
	if (z->apex_labels != c->apex_labels)
		return cell_refuse(c, off, "not the labels of the apex");
	if (z->flags != flags)
		return cell_refuse(c, off, "zone flags that do not fit");
	if (z->reserved0 || z->reserved1)
		return cell_refuse(c, off, "reserved is not zero");
	if (z->negative_off < c->extent.heap_off ||
	    z->negative_off >= c->extent.heap_end)
		return cell_refuse(c, off, "a negative answer out of the heap");
	if (!z->denial_off && z->split != NO_SPLIT &&
	    c->expect->splits[z->split].denial_slots)
		return cell_refuse(c, off, "denial cells and no denial");
	c->has_denial |= z->denial_off != 0;
	c->nzones++;
	c->depths[c->apex_labels / 64] |= 1ull << c->apex_labels % 64;
	rc = block_verify(&c->extent, z->negative_off, &e, c->err);
	if (rc < 0)
		err_add(c->err, "zone at %u", off);
	return rc;
}

/* The zone of a node: for a split's, the header's. */
static int
zone_of_node_verify(struct cell_check *c, uint32_t off, const struct node_d *n)
{
	const struct zone_d *z;
	int rc;

	if (c->expect->kind == CELL_SPLIT)
		return n->flags & NODE_APEX
		           ? cell_refuse(c, off, "an apex in a split's cell")
		           : 0;
	if (n->flags & NODE_APEX && n->anchor + sizeof *z != off)
		return cell_refuse(c, off, "an apex without its zone");
	rc = cell_zone_set(c, off, n->anchor);
	if (rc < 0 || n->flags & NODE_APEX)
		return rc;
	z = (const void *)(c->extent.base + n->anchor);
	return z->split == NO_SPLIT
	           ? 0
	           : cell_refuse(
			 c, off, "a split zone's name in a shared cell");
}

int
node_verify(struct cell_check *c, uint32_t off, uint16_t tag)
{
	const struct node_d *n = node_at(c, off);
	const struct type_d *t = NULL;
	unsigned above = n->flags & NODE_APEX ? 0 : n->name_bytes;
	int rc = zone_of_node_verify(c, off, n);

	if (rc == 0)
		rc = cell_owner_set(c, off, (const uint8_t *)(n + 1), above);
	if (rc == 0)
		rc = place_of_node_verify(c, off, tag);
	if (rc == 0 && c->expect->kind == CELL_SPLIT)
		rc = occlusion_verify(c, off, n);
	if (rc == 0)
		rc = types_verify(c, off, &t);
	if (rc == 0)
		rc = flags_verify(c, off, t);
	if (rc == 0)
		rc = blocks_verify(c, off, t);
	if (rc == 0 && n->flags & NODE_APEX)
		rc = zone_verify(c, n->anchor, t);
	if (rc == 0 && c->extent.work > c->extent.work_max)
		rc = cell_refuse(
		    c, off, "so much overlap that checking takes too long");
	return rc;
}
