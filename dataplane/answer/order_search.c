/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The parts of the search in an NSEC chain that a burst has not in line; see
 * order_search.h.
 */
#include "dataplane/answer/order_search.h"

/* Several first keys of a node have the same 8 octets as the key: their names
 * tell. */
uint32_t
order_tie(const struct order_d *o, unsigned level, uint32_t node, unsigned upto,
    const struct order_key *k)
{
	const struct order_node_d *n = order_node(o, level, node);
	uint64_t chunk = n->chunk[upto - 1];
	uint32_t names_each = 1;

	for (unsigned below = level + 1; below < o->levels; below++)
		names_each *= ORDER_FANOUT;
	while (upto > 1 && n->chunk[upto - 1] == chunk) {
		uint32_t child = node * ORDER_FANOUT + upto - 1;

		if (order_name_is_up_to(o, child * names_each, k))
			return child;
		upto--;
	}
	return node * ORDER_FANOUT + (upto ? upto - 1 : 0);
}

uint32_t
order_find(const struct order_d *o, const struct order_key *k)
{
	uint32_t at = 0;

	for (unsigned level = 0; level < o->levels; level++)
		at = order_descend(o, level, at, k);
	return at;
}
