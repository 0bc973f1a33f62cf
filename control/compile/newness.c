/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What is new in a generation, name by name; see newness.h. Allocates a list of
 * the new ranges of one zone.
 *
 * A name that was added changes an answer for names that were not: those whose
 * absence its neighbour's record proved. Where NSEC proves it, these are in its
 * range; where NSEC3 does, their hashes are in its slot.
 */
#include "control/compile/newness.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/cell_table.h"
#include "snapshot/denial_hashed.h"
#include "snapshot/denial_order.h"
#include "snapshot/nsec3_hash.h"

/* The names from `first` on and in front of `next`; of the last range all
 * that follow. Keys, which compare as names. */
struct new_range {
	struct order_key first, next;
	bool is_last;
};

bool
zone_is_new(const struct slot_work *w, const struct layout_zone *z)
{
	const struct layout *l = w->layout;
	bool is_new = w->is_new[name_slot(z->apex_hash, l->shared_bits)];

	if (z->split == NO_SPLIT)
		return is_new;
	for (uint32_t s = 0; s < split_slots(&l->splits[z->split]) && !is_new;
	     s++)
		is_new = w->is_new[l->splits[z->split].first_slot + s];
	return is_new;
}

static void
key_of(struct order_key *key, const struct order_d *o, uint32_t i)
{
	struct order_name n = order_name_get(o, i);

	order_key_make(key, n.labels, n.bytes);
}

/* Lists the ranges whose cell is new. */
static void
ranges_look(struct newness *n, const struct layout_zone *z)
{
	const struct split_ref *split = &n->g->splits[z->split];
	const struct order_d *root =
	    (const void *)(n->g->slots[split->denial_first].base +
			   sizeof(struct cell_header_d));
	const bool *is_new = n->w->is_new + split->denial_first + 1;
	uint32_t count = 0;

	free(n->ranges);
	n->zone = z;
	n->count = 0;
	for (uint32_t i = 0; i < root->count; i++)
		count += is_new[i];
	n->ranges = malloc((count + 1) * sizeof *n->ranges);
	n->failed = !n->ranges;
	for (uint32_t i = 0; n->ranges && i < root->count; i++) {
		struct new_range *r = &n->ranges[n->count];

		if (!is_new[i])
			continue;
		key_of(&r->first, root, i);
		r->is_last = i + 1 == root->count;
		if (!r->is_last)
			key_of(&r->next, root, i + 1);
		n->count++;
	}
}

static bool
range_is_new(
    struct newness *n, const struct layout_zone *z, const uint8_t *name)
{
	struct order_key key;
	uint32_t low = 0, high;

	if (n->zone != z)
		ranges_look(n, z);
	if (n->failed)
		return true;
	order_key_make(
	    &key, name, (unsigned)name_length(name) - z->records->apex_bytes);
	/* the last range that begins at or before the name */
	for (high = n->count; low < high;) {
		uint32_t middle = low + (high - low) / 2;

		if (order_key_compare(&n->ranges[middle].first, &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 &&
	       (n->ranges[low - 1].is_last ||
		   order_key_compare(&n->ranges[low - 1].next, &key) > 0);
}

/* The denial_d of a zone, in its shared cell; NULL if it is not there. */
static const struct denial_d *
denial_find(const struct newness *n, const struct layout_zone *z)
{
	const struct cell_key key = {
	    .hash = z->apex_hash,
	    .name = z->records->apex,
	    .bytes = z->records->apex_bytes,
	    .is_apex = true,
	};
	const struct cell_ref *cell =
	    &n->g->slots[name_slot(z->apex_hash, n->g->slot_bits)];
	uint64_t compared = 0;
	uint32_t off = cell_lookup(cell->base, cell->nbuckets, &key, &compared);
	const struct zone_d *zone = (const void *)(cell->base + off);

	return off ? (const void *)(cell->base + zone[-1].denial_off) : NULL;
}

static bool
hash_is_new(
    const struct newness *n, const struct layout_zone *z, const uint8_t *name)
{
	const struct split_ref *split = &n->g->splits[z->split];
	const struct denial_d *d = denial_find(n, z);
	uint8_t hash[NSEC3_HASH_BYTES];

	if (!d)
		return true;
	nsec3_hash(hash, name, (unsigned)name_length(name),
	    (const uint8_t *)(d + 1), d->salt_bytes, d->iterations);
	return n->w->is_new[split->denial_first +
			    hashed_slot(hash, split->denial_bits)];
}

bool
name_is_new(void *newness, size_t zone, const uint8_t *name)
{
	struct newness *n = newness;
	const struct layout *l = n->w->layout;
	const struct layout_zone *z = &l->zones[zone];
	const bool *is_new = n->w->is_new;
	const struct split_d *split;

	if (z->split == NO_SPLIT)
		return is_new[name_slot(z->apex_hash, l->shared_bits)];
	split = &l->splits[z->split];
	if (name_equal(name, z->records->apex))
		is_new += name_slot(z->apex_hash, l->shared_bits);
	else
		is_new += split->first_slot +
		          name_slot(name_hash(n->w->key, name), z->split_bits);
	if (*is_new)
		return true;
	if (split->denial_kind == DENIAL_NSEC)
		return range_is_new(n, z, name);
	return split->denial_kind == DENIAL_NSEC3 && hash_is_new(n, z, name);
}

void
newness_fini(struct newness *n)
{
	free(n->ranges);
	*n = (struct newness){0};
}
