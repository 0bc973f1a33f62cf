/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Finding the zone of a name. Any thread; reads the generation only.
 */
#include "dataplane/answer/name_lookup.h"

static const struct node_d *
apex_find(const struct cell_ref *cell, const struct query_name *n, unsigned d)
{
	unsigned start = query_name_start(n, d);
	unsigned bytes = n->bytes - start;
	uint64_t hash = n->hash[d];
	const struct bucket_d *b = cell_bucket(cell, hash);

	for (;;) {
		uint32_t match = bucket_match(b, name_tag(hash));

		while (match) {
			const struct node_d *node = bucket_node(
			    cell, b, (unsigned)__builtin_ctz(match) / 2);

			if (node->flags & NODE_APEX &&
			    node->name_bytes == bytes &&
			    query_name_same(
				node_name(node), n->lower + start, bytes))
				return node;
			match &= match - 1;
		}
		if (!(b->flags & BUCKET_OVERFLOWS))
			return NULL;
		b = cell_bucket_next(cell, b);
	}
}

static void
zone_view_set(struct zone_view *out, const struct generation *g,
    const struct cell_ref *cell, const struct node_d *apex)
{
	const struct zone_d *zone = (const struct zone_d *)apex - 1;

	out->zone = zone;
	out->apex_bytes = apex->name_bytes;
	out->apex_labels = zone->apex_labels;
	if (zone->split == NO_SPLIT) {
		out->cells = cell;
		out->slot_bits = 0;
		out->anchor = apex->anchor;
		out->anchor_mask = ~0u;
	} else {
		const struct split_ref *split = &g->splits[zone->split];

		out->cells = g->slots + split->first_slot;
		out->slot_bits = split->bits;
		out->anchor = 0;
		out->anchor_mask = 0;
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
