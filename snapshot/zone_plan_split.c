/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The part of a plan that split zones alone have: addresses below cuts that
 * other cuts link to, and which name goes into which slot. Runs in control and
 * tools; two arrays of numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "snapshot/zone_plan.h"

static int
out_of_memory(struct err *err)
{
	return err_set(err, ERR_NO_MEMORY, "no memory to split a zone");
}

/* First record of the owner of record `at`. */
static size_t
owner_first(const struct zone_records *z, size_t at)
{
	while (at > 0 && z->records[at - 1].owner == z->records[at].owner)
		at--;
	return at;
}

static int
occluded_add(struct zone_plan *p, const struct record *address,
    const struct plan_node *cut, struct err *err)
{
	const struct zone_records *z = p->zone;
	const uint8_t *name = record_owner(z, address);
	const uint8_t *cut_name = plan_node_name(p, cut);
	size_t first = owner_first(z, (size_t)(address - z->records)), end;
	struct plan_node *n = plan_node_add(p);

	if (!n)
		return out_of_memory(err);
	for (end = first; end < z->count; end++)
		if (z->records[end].owner != address->owner)
			break;
	n->hash = name_hash(&p->key, name);
	n->name = address->owner;
	n->name_bytes = (uint8_t)(name_length(name) - z->apex_bytes);
	n->first = (uint32_t)first;
	n->count = (uint32_t)(end - first);
	n->flags = NODE_OCCLUDED | (name_is_wildcard(name) ? NODE_WILDCARD : 0);
	n->cut_labels = (uint8_t)name_labels(cut_name);
	return 0;
}

/* A target of a cut's NS: notes where its addresses must be found. */
static int
target_plan(struct zone_plan *p, const uint8_t *cut, const uint8_t *target,
    struct err *err)
{
	const struct record *address = plan_address_find(p, target);
	struct plan_node *n;

	if (!address || name_is_at_or_below(target, cut))
		return 0;
	n = plan_node_before(p, target);
	if (name_equal(plan_node_name(p, n), target)) {
		n->is_linked = true;
		return 0;
	}
	if (!(n->flags & NODE_CUT) ||
	    !name_is_at_or_below(target, plan_node_name(p, n)))
		return 0; /* below a DNAME: not served */
	return occluded_add(p, address, n, err);
}

static int
cut_plan(struct zone_plan *p, size_t node, struct err *err)
{
	const struct zone_records *z = p->zone;
	size_t end = p->nodes[node].first + p->nodes[node].count;

	for (size_t i = p->nodes[node].first; i < end; i++) {
		const uint8_t *cut = plan_node_name(p, &p->nodes[node]);
		int rc;

		if (z->records[i].type != DNS_TYPE_NS)
			continue;
		rc = target_plan(p, cut, record_rdata(z, &z->records[i]), err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

const struct record *
plan_address_find(const struct zone_plan *p, const uint8_t *name)
{
	const struct record *r;
	size_t n;

	if (!name_is_at_or_below(name, p->zone->apex) ||
	    name_equal(name, p->zone->apex))
		return NULL;
	r = zone_records_find(p->zone, name, DNS_TYPE_A, &n);
	return r ? r : zone_records_find(p->zone, name, DNS_TYPE_AAAA, &n);
}

static int
first_compare(const void *a, const void *b)
{
	const struct plan_node *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Several cuts may link to one name. */
static void
occluded_unite(struct zone_plan *p)
{
	size_t kept = p->existing;

	qsort(
	    p->nodes + kept, p->count - kept, sizeof *p->nodes, first_compare);
	for (size_t i = p->existing; i < p->count; i++)
		if (kept == p->existing ||
		    p->nodes[kept - 1].first != p->nodes[i].first)
			p->nodes[kept++] = p->nodes[i];
	p->count = kept;
}

/* Counting sort; the apex is in the shared cell. */
static int
plan_slots(struct zone_plan *p, struct err *err)
{
	size_t slots = (size_t)1 << p->split_bits;
	uint32_t *next;

	p->by_slot = calloc(p->count, sizeof *p->by_slot);
	p->slot_first = calloc(slots + 2, sizeof *p->slot_first);
	if (!p->by_slot || !p->slot_first)
		return out_of_memory(err);
	next = p->slot_first + 1;
	for (size_t i = 1; i < p->count; i++)
		next[name_slot(p->nodes[i].hash, p->split_bits) + 1]++;
	for (size_t s = 0; s < slots; s++)
		next[s + 1] += next[s];
	for (size_t i = 1; i < p->count; i++)
		p->by_slot[next[name_slot(p->nodes[i].hash, p->split_bits)]++] =
		    (uint32_t)i;
	return 0;
}

int
plan_split(struct zone_plan *p, struct err *err)
{
	for (size_t i = 0; i < p->existing; i++) {
		int rc = p->nodes[i].flags & NODE_CUT ? cut_plan(p, i, err) : 0;

		if (rc < 0)
			return rc;
	}
	occluded_unite(p);
	return plan_slots(p, err);
}
