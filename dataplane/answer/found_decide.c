/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The lookup algorithm of RFC 1034 section 4.3.2 over a zone's nodes: exact
 * name, delegation, alias, wildcard (RFC 4592), redirection (RFC 6672), or
 * nothing. Work is bounded by the labels of the name: at most 7 probes for the
 * closest encloser, one for the cut of an occluded name, one for the wildcard.
 */
#include "dataplane/answer/answer_batch.h"
#include "dataplane/answer/denial_chain.h"
#include "snapshot/fault.h"

static void
found_negative(struct found *out, const struct zone_view *view,
    enum found_kind kind, bool want_do)
{
	out->kind = (uint8_t)kind;
	out->block = block_form(zone_negative(view->zone), want_do);
	out->owner_bytes = (uint8_t)view->apex_bytes;
	out->key_labels = view->apex_labels;
}

static void
found_block(struct found *out, const struct zone_view *view,
    enum found_kind kind, const struct node_d *node, const struct block_d *b,
    bool want_do)
{
	out->kind = (uint8_t)kind;
	out->block = block_form(b, want_do);
	out->owner_bytes = (uint8_t)(node->flags & NODE_APEX
					 ? node->name_bytes
					 : node->name_bytes + view->apex_bytes);
}

/* RFC 8482 section 4.1: one RRset is enough of an answer to ANY; the smallest
 * one, signatures and proofs last, amplifies least. */
static const struct block_d *
node_smallest_block(const struct node_d *node)
{
	const struct block_d *best = NULL;
	unsigned best_cost = ~0u;

	for (unsigned i = 0; i < node->ntypes; i++) {
		const struct type_d *t = node_types(node) + i;
		const struct block_d *b = node_block(node, t);
		unsigned cost =
		    b->len + (t->type == DNS_TYPE_NSEC ? 0x10000u : 0);

		if (cost < best_cost) {
			best_cost = cost;
			best = b;
		}
	}
	return best;
}

/* Signatures have no entry of their own: they are in the forms for DO. */
static const struct block_d *
node_signed_block(const struct node_d *node)
{
	for (unsigned i = 0; i < node->ntypes; i++) {
		const struct block_d *b =
		    node_block(node, node_types(node) + i);

		if (b->flags & BLOCK_DO_FOLLOWS && b->an)
			return block_do_form(b);
	}
	return NULL;
}

/* The NSEC of a node, which only the chain has: asked for by its type, or for
 * want of other types by ANY or RRSIG. False: it has none, or is not asked. */
static bool
found_nsec(struct found *out, const struct generation *g,
    const struct zone_view *view, const struct node_d *node, uint16_t type)
{
	const struct block_d *b;

	if (type != DNS_TYPE_NSEC && type != DNS_TYPE_RRSIG &&
	    (type != DNS_TYPE_ANY || node->ntypes))
		return false;
	b = chain_nsec_of_node(view, g, node);
	if (!b || (type == DNS_TYPE_RRSIG && b->nmark < 2))
		return false;
	found_block(out, view,
	    type == DNS_TYPE_RRSIG ? FOUND_RRSIG : FOUND_NSEC, node, b, false);
	return true;
}

/* A node that owns data for the name: the exact one, or the wildcard's. */
static void
found_at_node(struct found *out, const struct generation *g,
    const struct zone_view *view, const struct node_d *node, uint16_t type,
    bool want_do)
{
	const struct block_d *b = node_block_find(node, type);

	if (__builtin_expect(b != NULL, 1)) {
		found_block(out, view, FOUND_ANSWER, node, b, want_do);
		return;
	}
	if (type == DNS_TYPE_ANY && node->ntypes) {
		found_block(out, view, FOUND_ANSWER, node,
		    node_smallest_block(node), want_do);
		return;
	}
	if (type == DNS_TYPE_RRSIG && (b = node_signed_block(node)) != NULL) {
		found_block(out, view, FOUND_RRSIG, node, b, true);
		return;
	}
	if (node->flags & NODE_NSEC && found_nsec(out, g, view, node, type))
		return;
	if (node->flags & NODE_CNAME)
		found_block(out, view, FOUND_CNAME, node,
		    node_block_find(node, DNS_TYPE_CNAME), want_do);
	else
		found_negative(out, view, FOUND_NODATA, want_do);
}

static void
found_referral(struct found *out, const struct zone_view *view,
    const struct node_d *cut, bool want_do)
{
	out->node = cut;
	found_block(out, view, FOUND_REFERRAL, cut,
	    node_block_find(cut, DNS_TYPE_NS), want_do);
}

/* The name is the cut: DS is the parent's to answer (RFC 4035 section 3.1.4.1),
 * all else the child's. */
static void
found_at_cut(struct found *out, const struct zone_view *view,
    const struct node_d *cut, uint16_t type, bool want_do)
{
	const struct block_d *ds;

	if (type != DNS_TYPE_DS) {
		found_referral(out, view, cut, want_do);
		return;
	}
	ds = node_block_find(cut, DNS_TYPE_DS);
	if (ds)
		found_block(out, view, FOUND_ANSWER, cut, ds, want_do);
	else
		found_negative(out, view, FOUND_NODATA, want_do);
}

/* The probes of closest_encloser() when none of them finds a name, which is
 * what a flood of deep random names makes of it: asked for at once, their
 * misses overlap, where each would wait for the one before. */
static void
fetch_probes(const struct zone_view *view, const struct query_name *n)
{
	unsigned low = view->apex_labels, high = n->labels;

	while (high - low > 1) {
		uint64_t mixed;

		high = (low + high) / 2;
		mixed = name_hash_mix(n->hash[high]);
		__builtin_prefetch(cell_bucket(zone_cell(view, mixed), mixed));
	}
}

/* The deepest existing name above n. Existence is monotonous in depth (empty
 * non-terminals are nodes), so this is a binary search. */
static const struct node_d *
closest_encloser(
    const struct zone_view *view, const struct query_name *n, unsigned *depth)
{
	const struct node_d *best = zone_apex(view->zone);
	unsigned low = view->apex_labels, high = n->labels;

	fetch_probes(view, n);
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		const struct node_d *node = zone_suffix_find(view, n, middle);

		if (node) {
			best = node;
			low = middle;
		} else {
			high = middle;
		}
	}
	if (fault_hit("engine-encloser-too-high") && low > view->apex_labels) {
		low--;
		best = low > view->apex_labels ? zone_suffix_find(view, n, low)
		                               : zone_apex(view->zone);
	}
	*depth = low;
	return best;
}

/* The wildcard under the closest encloser, or NULL. */
static const struct node_d *
wildcard_find(const struct zone_view *view, const struct query_name *n,
    const struct generation *g, unsigned depth)
{
	uint8_t name[2 + DNS_NAME_MAX + 1 + NAME_HASH_OVERREAD];
	unsigned start = query_name_start(n, depth);
	unsigned above = n->bytes - start - view->apex_bytes;

	name[0] = 1;
	name[1] = '*';
	memcpy(name + 2, n->lower + start, above);
	memset(name + 2 + above, 0, 32);
	return zone_node_find(view,
	    name_hash_label(&g->key, n->hash[depth],
		(const uint8_t *)"\1*\0\0\0\0\0\0\0\0"
				 "\0\0\0\0\0\0"),
	    name, above + 2);
}

/* The referral that covers an occluded node. Its cut is in another cell: that
 * it is there was checked for the generation as a whole, but the cells'
 * verifiers can't promise it, so nothing here relies on it. */
static void
found_occluded(struct found *out, const struct zone_view *view,
    const struct query_name *n, const struct node_d *node, bool want_do)
{
	unsigned depth = node->anchor;
	const struct node_d *cut =
	    depth < n->labels ? zone_suffix_find(view, n, depth) : NULL;

	if (!cut || !(cut->flags & NODE_CUT)) {
		found_negative(out, view, FOUND_NXDOMAIN, want_do);
		return;
	}
	found_referral(out, view, cut, want_do);
	out->key_labels = (uint8_t)depth;
}

static void
found_below(struct found *out, const struct generation *g,
    const struct zone_view *view, const struct query_name *n, uint16_t type,
    bool want_do)
{
	unsigned depth;
	const struct node_d *node = closest_encloser(view, n, &depth);

	out->encloser_labels = (uint8_t)depth;
	if (node->flags & NODE_OCCLUDED) {
		found_occluded(out, view, n, node, want_do);
		return;
	}
	if (node->flags & NODE_CUT && !fault_hit("engine-cut-ignored")) {
		found_referral(out, view, node, want_do);
		out->key_labels = (uint8_t)depth;
		return;
	}
	if (node->flags & NODE_DNAME) {
		found_block(out, view, FOUND_DNAME, node,
		    node_block_find(node, DNS_TYPE_DNAME), want_do);
		out->key_labels = (uint8_t)depth;
		return;
	}
	if (node->flags & NODE_HAS_WILDCARD &&
	    !fault_hit("engine-wildcard-ignored")) {
		node = wildcard_find(view, n, g, depth);
		/* A wildcard that owns NS has no defined meaning (RFC 4592
		 * section 4.2): it exists, and has no data. */
		out->expanded = node != NULL;
		out->node = node;
		if (node && node->flags & NODE_CUT) {
			found_negative(out, view, FOUND_NODATA, want_do);
			return;
		}
		if (node) {
			found_at_node(out, g, view, node, type, want_do);
			out->key_labels = (uint8_t)depth;
			return;
		}
	}
	found_negative(out, view, FOUND_NXDOMAIN, want_do);
}

void
found_decide(struct found *out, const struct generation *g,
    const struct zone_view *view, const struct query_name *name,
    const struct node_d *node, uint16_t type, bool want_do)
{
	out->expanded = false;
	out->encloser_labels = view->apex_labels;
	out->node = node;
	if (__builtin_expect(node == NULL, 0)) {
		found_below(out, g, view, name, type, want_do);
		return;
	}
	out->key_labels = (uint8_t)name->labels;
	if (__builtin_expect(node->flags & (NODE_CUT | NODE_OCCLUDED), 0)) {
		if (node->flags & NODE_OCCLUDED) {
			found_occluded(out, view, name, node, want_do);
			return;
		}
		found_at_cut(out, view, node, type, want_do);
		return;
	}
	found_at_node(out, g, view, node, type, want_do);
}
