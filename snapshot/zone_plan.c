/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Which names of a zone exist, and as what. Runs in control and tools; one
 * array of nodes.
 *
 * One pass over the records in canonical order, where each name stands directly
 * in front of all that is below it. The path from the apex to the last name is
 * kept with the hash of each step: labels that a name has in common with it are
 * there, those between are empty non-terminals.
 */
#include "snapshot/zone_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/fault.h"

struct plan_step {
	uint64_t hash;
	size_t node;
};

/* The path; step 0 is the apex. */
struct plan_walk {
	struct zone_plan *p;
	struct plan_step steps[DNS_LABELS_MAX + 1];
	const uint8_t *last;  /* name at its end */
	unsigned depth;       /* its labels above the apex */
	const uint8_t *cover; /* cut or DNAME that hides what is below */
	size_t cover_node;
	struct err *err;
};

static int
out_of_memory(const struct zone_plan *p, struct err *err)
{
	char apex[NAME_TEXT_MAX];

	return err_set(err, ERR_NO_MEMORY, "zone %s: no memory for its plan",
	    name_to_text(apex, p->zone->apex));
}

struct plan_node *
plan_node_add(struct zone_plan *p)
{
	struct plan_node *n;

	if (p->count == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16;

		n = realloc(p->nodes, cap * sizeof *n);
		if (!n)
			return NULL;
		p->nodes = n;
		p->cap = cap;
	}
	n = &p->nodes[p->count++];
	*n = (struct plan_node){0};
	return n;
}

/* How many labels above the apex two names of the zone share. */
static unsigned
labels_shared(const uint8_t *a, unsigned na, const uint8_t *b, unsigned nb)
{
	unsigned shared = 0, depth = na < nb ? na : nb;

	a = name_parent(a, na - depth);
	b = name_parent(b, nb - depth);
	/* the longest common end: labels equal so far count again from zero
	 * when a label closer to the front differs */
	for (; depth > 0; depth--, a += *a + 1, b += *b + 1) {
		if (*a == *b && memcmp(a + 1, b + 1, *a) == 0)
			shared++;
		else
			shared = 0;
	}
	return shared;
}

/* Adds the node of the label at `name`, `depth` labels above the apex. */
static int
walk_node_add(struct plan_walk *w, const uint8_t *name, unsigned depth)
{
	struct zone_plan *p = w->p;
	const struct plan_step *parent = &w->steps[depth ? depth - 1 : 0];
	struct plan_node *n = plan_node_add(p);

	if (!n)
		return out_of_memory(p, w->err);
	n->name = (uint32_t)(name - p->zone->names.data);
	n->name_bytes = (uint8_t)(name_length(name) - p->zone->apex_bytes);
	n->flags = NODE_ENT;
	if (depth == 0)
		n->hash = p->apex_hash;
	else
		n->hash = name_hash_label(&p->key, parent->hash, name);
	if (depth > 0 && name_is_wildcard(name)) {
		n->flags |= NODE_WILDCARD;
		if (!fault_hit("builder-wildcard-flag-lost"))
			p->nodes[parent->node].flags |= NODE_HAS_WILDCARD;
	}
	w->steps[depth] = (struct plan_step){n->hash, p->count - 1};
	return 0;
}

/* Whether a type makes a name exist and is served at it. */
static bool
type_is_data(uint16_t type)
{
	/* RFC 5155 section 7.2.8: NSEC3 records are not at names of the zone */
	return type != DNS_TYPE_RRSIG && type != DNS_TYPE_NSEC3;
}

static unsigned
node_flags_of(const struct zone_records *z, const struct plan_node *n)
{
	const struct record *r = &z->records[n->first];
	bool is_apex = n->name_bytes == 0;
	unsigned flags = is_apex ? NODE_APEX : 0;
	bool data = false, cut = false, dname = false, cname = false;

	for (size_t i = 0; i < n->count; i++) {
		data |= type_is_data(r[i].type);
		cut |= r[i].type == DNS_TYPE_NS;
		dname |= r[i].type == DNS_TYPE_DNAME;
		cname |= r[i].type == DNS_TYPE_CNAME;
	}
	if (!data)
		return flags | NODE_ENT;
	if (cut && !is_apex)
		return flags | NODE_CUT;
	if (dname)
		return flags | NODE_DNAME;
	return flags | (cname ? NODE_CNAME : 0);
}

/* Names that NSEC3 records alone are at do not exist. */
static bool
owner_exists(const struct record *r, size_t count)
{
	bool nsec3 = false;

	for (size_t i = 0; i < count; i++) {
		if (type_is_data(r[i].type))
			return true;
		nsec3 |= r[i].type == DNS_TYPE_NSEC3;
	}
	return !nsec3;
}

static int
walk_owner(struct plan_walk *w, size_t first, size_t count)
{
	struct zone_plan *p = w->p;
	const uint8_t *owner = record_owner(p->zone, &p->zone->records[first]);
	unsigned depth = name_labels(owner) - p->apex_labels, at;
	struct plan_node *n;

	if (w->cover && !name_is_at_or_below(owner, w->cover))
		w->cover = NULL;
	if (w->cover) {
		p->nodes[w->cover_node].below += (uint32_t)count;
		if (!fault_hit("builder-occluded-served"))
			return 0;
	}
	if (!owner_exists(&p->zone->records[first], count))
		return 0;
	at = w->last ? labels_shared(owner, depth, w->last, w->depth) + 1 : 0;
	for (; at <= depth; at++) {
		if (walk_node_add(w, name_parent(owner, depth - at), at) < 0)
			return ERR_NO_MEMORY;
	}
	w->last = owner;
	w->depth = depth;
	n = &p->nodes[p->count - 1];
	n->first = (uint32_t)first;
	n->count = (uint32_t)count;
	n->flags =
	    (uint16_t)((n->flags & NODE_WILDCARD) | node_flags_of(p->zone, n));
	if (n->flags & (NODE_CUT | NODE_DNAME) && !w->cover) {
		w->cover = owner;
		w->cover_node = p->count - 1;
	}
	return 0;
}

static int
plan_nodes(struct zone_plan *p, struct err *err)
{
	const struct zone_records *z = p->zone;
	struct plan_walk w = {.p = p, .err = err};

	for (size_t first = 0, end; first < z->count; first = end) {
		int rc;

		for (end = first + 1; end < z->count; end++)
			if (z->records[end].owner != z->records[first].owner)
				break;
		rc = walk_owner(&w, first, end - first);
		if (rc < 0)
			return rc;
	}
	p->existing = p->count;
	return 0;
}

static void
plan_zone_flags(struct zone_plan *p)
{
	size_t n;

	if (zone_records_find(p->zone, p->zone->apex, DNS_TYPE_DNSKEY, &n))
		p->zone_flags |= ZONE_SIGNED;
	if (zone_records_find(p->zone, p->zone->apex, DNS_TYPE_NSEC3PARAM, &n))
		p->zone_flags |= ZONE_NSEC3;
}

struct plan_node *
plan_node_before(const struct zone_plan *p, const uint8_t *name)
{
	size_t low = 0, high = p->existing;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (name_compare(plan_node_name(p, &p->nodes[middle]), name) <=
		    0)
			low = middle;
		else
			high = middle;
	}
	return &p->nodes[low];
}

static int
plan_make(struct zone_plan *p, struct err *err)
{
	int rc;

	if (p->zone->count == 0 || digest_is_zero(&p->zone->version))
		return err_set(err, ERR_USAGE, "records are not sealed");
	/* the SOA is the apex's: its owner lies in a buffer with room to
	 * hash */
	p->apex_hash =
	    name_hash(&p->key, record_owner(p->zone, &p->zone->records[0]));
	if (name_is_wildcard(p->zone->apex))
		return err_set(err, ERR_SEMANTIC,
		    "the apex is a wildcard: no such zone can be served");
	plan_zone_flags(p);
	rc = plan_records_check(p->zone, err);
	if (rc == 0)
		rc = plan_nodes(p, err);
	if (rc == 0)
		rc = plan_denial(p, err);
	for (size_t i = 0; rc == 0 && i < p->existing; i++)
		rc = plan_node_check(p, &p->nodes[i], err);
	if (rc == 0 && p->split != NO_SPLIT)
		rc = plan_split(p, err);
	return rc;
}

int
zone_plan_new(struct zone_plan **out, const struct zone_records *zone,
    const struct name_key *key, uint16_t split, unsigned split_bits,
    struct err *err)
{
	struct zone_plan *p = calloc(1, sizeof *p);
	char apex[NAME_TEXT_MAX];
	int rc;

	*out = NULL;
	if (!p)
		return err_set(err, ERR_NO_MEMORY, "no memory for a plan");
	p->zone = zone;
	p->key = *key;
	p->split = split;
	p->split_bits = (uint8_t)(split == NO_SPLIT ? 0 : split_bits);
	p->apex_labels = (uint8_t)name_labels(zone->apex);
	if (split_bits > SLOT_BITS_MAX)
		rc = err_set(
		    err, ERR_USAGE, "2^%u slots are too many", split_bits);
	else
		rc = plan_make(p, err);
	if (rc < 0) {
		zone_plan_free(p);
		return err_add(err, "zone %s", name_to_text(apex, zone->apex));
	}
	*out = p;
	return 0;
}

void
zone_plan_free(struct zone_plan *p)
{
	if (!p)
		return;
	free(p->nodes);
	free(p->by_slot);
	free(p->slot_first);
	free(p->chain);
	free(p->ranges);
	free(p->hashed);
	free(p);
}

uint64_t
zone_plan_apex_hash(const struct zone_plan *p)
{
	return p->apex_hash;
}

const struct zone_records *
zone_plan_records(const struct zone_plan *p)
{
	return p->zone;
}
