/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Finding the zone of a name. Any thread; reads the generation only.
 */
#include "dataplane/answer/name_lookup.h"

static const struct node_d *
apex_find(const struct cell_ref *cell, const struct query_name *n, unsigned d)
{
	uint64_t mixed = name_hash_mix(n->hash[d]);
	const struct bucket_d *b = cell_bucket(cell, mixed);

	for (;;) {
		uint32_t match = bucket_match(b, name_mixed_tag(mixed));

		while (match) {
			const struct node_d *node = bucket_node(
			    cell, b, (unsigned)__builtin_ctz(match) / 2);

			if (apex_is(node, n, d))
				return node;
			match &= match - 1;
		}
		if (!(b->flags & BUCKET_OVERFLOWS))
			return NULL;
		b = cell_bucket_next(cell, b);
	}
}

bool
zone_find(const struct generation *g, const struct query_name *n, unsigned most,
    struct zone_view *out)
{
	/* at most 16 depths have an apex: the manifest's verifier sees to it */
	for (int d = zone_depth_next(g, (int)most); d >= 0;
	     d = zone_depth_next(g, d - 1)) {
		const struct cell_ref *cell =
		    g->slots + name_slot(n->hash[d], g->slot_bits);
		const struct node_d *apex = apex_find(cell, n, (unsigned)d);

		if (apex) {
			zone_view_set(out, g, cell, apex);
			return true;
		}
	}
	return false;
}
