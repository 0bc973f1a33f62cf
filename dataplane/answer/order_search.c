/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts of the search in an NSEC chain that a burst has not in line; see
 * order_search.h.
 */
#include "dataplane/answer/order_search.h"

/* Of `upto` first keys in a line, which are those of name `first` and every
 * `each`-th behind it, some have the same 8 octets as the key: their names
 * tell. */
static unsigned
tie(const struct order_d *o, const uint64_t *chunks, unsigned upto,
    uint64_t first, uint64_t each, const struct order_key *k)
{
	uint64_t chunk = chunks[upto - 1];

	for (; upto > 1 && chunks[upto - 1] == chunk; upto--)
		if (order_name_is_up_to(
			o, (uint32_t)(first + (upto - 1) * each), k))
			break;
	return upto - 1;
}

unsigned
order_node_tie(const struct order_d *o, unsigned level, uint32_t node,
    unsigned upto, const struct order_key *k)
{
	const struct order_node_d *n = order_node(o, level, node);
	uint64_t each = ORDER_LEAF_NAMES; /* names below a child */

	for (unsigned below = level + 2; below < o->levels; below++)
		each *= ORDER_FANOUT;
	if (upto > n->count)
		upto = n->count;
	/* what was the key's chunk may have been the head, or be unused */
	if (upto == 0 || n->chunk[upto - 1] != order_key_chunk(k, n->skip))
		return upto - (upto != 0);
	return tie(o, n->chunk, upto, each * ORDER_FANOUT * node, each, k);
}

unsigned
order_leaf_tie(const struct order_d *o, uint32_t leaf, unsigned upto,
    const struct order_key *k)
{
	const struct order_leaf_d *n = order_leaf(o, leaf);
	unsigned count = n->skip_count >> LEAF_COUNT_SHIFT;
	unsigned skip = n->skip_count & LEAF_SKIP_MASK;

	if (upto > count)
		upto = count;
	if (upto == 0 || n->chunk[upto - 1] != order_key_chunk(k, skip))
		return upto - (upto != 0);
	return tie(o, n->chunk, upto, (uint64_t)leaf * ORDER_LEAF_NAMES, 1, k);
}

uint32_t
order_find(const struct order_d *o, const struct order_key *k)
{
	uint32_t at = 0;
	unsigned level = 0;

	for (; level + 1 < o->levels; level++)
		at = order_descend(o, level, at, k);
	return at * ORDER_LEAF_NAMES + order_leaf_descend(o, at, k);
}
