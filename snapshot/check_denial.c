/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What must hold across the denial cells of a split zone: that they are one
 * chain, and that a name which the engine finds in it has a node with an NSEC
 * record. For control, on every manifest, and tools; one lookup a name.
 * Allocates nothing.
 */
#include <string.h>

#include "snapshot/check_whole.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"

static const void *
chain_of(const struct whole_check *c, uint32_t slot)
{
	return c->g->slots[slot].base + sizeof(struct cell_header_d);
}

static void
key_make(struct order_key *key, const struct order_d *o, uint32_t name)
{
	struct order_name n = order_name_get(o, name);

	order_key_make(key, n.labels, n.bytes);
}

/* Range `i` begins with the name that the root has for it, and ends in front of
 * the next one's. */
static int
range_bounds_check(struct whole_check *c, const struct order_d *root,
    const struct order_d *range, uint32_t i)
{
	struct order_name first = order_name_get(range, 0);
	struct order_name last = order_name_get(range, range->count - 1);
	struct order_key a, b;

	key_make(&a, root, i);
	key_make(&b, range, 0);
	if (order_key_compare(&a, &b) != 0)
		return check_refuse(c, first.labels, first.bytes,
		    "its range begins with another name than its root says");
	if (i + 1 == root->count)
		return 0;
	key_make(&a, root, i + 1);
	key_make(&b, range, range->count - 1);
	return order_key_compare(&a, &b) > 0
	           ? 0
	           : check_refuse(
			 c, last.labels, last.bytes, "it is behind its range");
}

static int
range_check(struct whole_check *c, const struct order_d *root, uint32_t i)
{
	const struct order_d *range = chain_of(c, c->slot);
	int rc = range_bounds_check(c, root, range, i);

	if (rc == 0 && !range->has_blocks)
		rc = check_refuse(c, c->apex, 0,
		    "a range of its NSEC chain has no NSEC records");
	for (uint32_t k = 0; rc == 0 && k < range->count; k++) {
		struct order_name n = order_name_get(range, k);
		const struct node_d *node =
		    check_node_find(c, n.labels, n.bytes);

		if (!node || !(node->flags & NODE_NSEC))
			rc = check_refuse(c, n.labels, n.bytes,
			    "it is in the order of NSEC records and has none");
	}
	return rc;
}

static int
ranges_check(struct whole_check *c, const struct split_ref *split)
{
	const struct order_d *root = chain_of(c, split->denial_first);
	int rc = 0;

	c->slot = split->denial_first;
	if (root->count + 1 != split->denial_slots)
		return check_refuse(c, c->apex, 0,
		    "the order of its ranges has not as many as there are");
	if (order_name_get(root, 0).bytes)
		return check_refuse(
		    c, c->apex, 0, "its NSEC chain does not begin with it");
	for (uint32_t i = 0; rc == 0 && i < root->count; i++) {
		c->slot = split->denial_first + 1 + i;
		rc = range_check(c, root, i);
	}
	return rc;
}

/* That hashes have their slot's prefix, the cells' verifier has seen. */
static int
apex_hash_check(struct whole_check *c, const struct split_ref *split,
    const struct denial_d *d)
{
	const struct hashed_d *h;

	c->slot =
	    split->denial_first + hashed_slot(d->apex_hash, split->denial_bits);
	h = chain_of(c, c->slot);
	for (uint32_t i = 0; i < h->count; i++)
		if (memcmp(hashed_names(h)[i].hash, d->apex_hash,
			NSEC3_HASH_BYTES) == 0)
			return 0;
	return check_refuse(
	    c, c->apex, 0, "its NSEC3 chain has no record for it");
}

/* The apex names its split and the kind of its chain: seen already. */
int
denial_slots_check(struct whole_check *c, uint32_t split)
{
	const struct split_ref *s = &c->g->splits[split];
	const struct zone_d *z;
	const uint8_t *cell;

	if (s->denial_slots == 0)
		return 0;
	check_split_set(c, c->g->slots[s->denial_first].base);
	if (s->denial_kind == DENIAL_NSEC)
		return ranges_check(c, s);
	cell = c->g->slots[name_slot(c->apex_hash, c->g->slot_bits)].base;
	z = (const struct zone_d *)check_node_find(c, c->apex, 0) - 1;
	return apex_hash_check(c, s, (const void *)(cell + z->denial_off));
}
