/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What one cell of a split zone depends on, as a digest: a change of one record
 * then rebuilds a cell or two and not all. Runs in control and tools; one
 * buffer of about the cell's size.
 *
 * A name's node depends on more than its records: what is below it (it is an
 * empty non-terminal, it has a wildcard, it has glue), what is above it (it is
 * hidden by a cut), and on other cuts and addresses (links). The plan has
 * settled all that: its nodes say it.
 */
#include "base/name.h"
#include "base/wire.h"
#include "snapshot/denial_cell.h"
#include "snapshot/node_builder.h"
#include "snapshot/zone_plan.h"

/* As bytes: no padding, all set. */
struct node_input {
	uint32_t count, glue;
	uint16_t flags;
	uint8_t cut_labels, is_linked;
	uint32_t name_bytes;
};
_Static_assert(sizeof(struct node_input) == 16, "no padding");

struct record_input {
	uint32_t ttl, owner_bytes;
	uint16_t type, rdata_bytes;
};
_Static_assert(sizeof(struct record_input) == 12, "no padding");

/* `owner_bytes` 0: the node's own. */
static void
record_append(struct bytes *b, const struct zone_records *z,
    const struct record *r, size_t owner_bytes)
{
	struct record_input input = {
	    .ttl = r->ttl,
	    .owner_bytes = (uint32_t)owner_bytes,
	    .type = r->type,
	    .rdata_bytes = r->rdata_bytes,
	};

	bytes_append(b, &input, sizeof input);
	bytes_append(b, record_owner(z, r), owner_bytes);
	bytes_append(b, record_rdata(z, r), r->rdata_bytes);
}

static bool
is_glue(const struct record *r)
{
	return r->type == DNS_TYPE_A || r->type == DNS_TYPE_AAAA;
}

static uint32_t
glue_count(const struct zone_plan *p, const struct plan_node *n)
{
	const struct record *r = &p->zone->records[n->first + n->count];
	uint32_t count = 0;

	for (uint32_t i = 0; n->flags & NODE_CUT && i < n->below; i++)
		count += is_glue(&r[i]);
	return count;
}

/* What a referral takes from elsewhere: glue below the cut, and which of its
 * servers have addresses to link to. */
static void
cut_append(
    struct bytes *b, const struct zone_plan *p, const struct plan_node *n)
{
	const struct zone_records *z = p->zone;
	const struct record *r = &z->records[n->first];

	for (size_t i = n->count; i < (size_t)n->count + n->below; i++)
		if (is_glue(&r[i]))
			record_append(
			    b, z, &r[i], name_length(record_owner(z, &r[i])));
	for (size_t i = 0; i < n->count; i++) {
		uint8_t linked;

		if (r[i].type != DNS_TYPE_NS)
			continue;
		linked = plan_address_find(p, record_rdata(z, &r[i])) != NULL;
		bytes_append(b, &linked, 1);
	}
}

static void
node_append(
    struct bytes *b, const struct zone_plan *p, const struct plan_node *n)
{
	struct node_input input = {
	    .count = n->count,
	    .glue = glue_count(p, n),
	    .flags = n->flags,
	    .cut_labels = n->cut_labels,
	    .is_linked = n->is_linked,
	    .name_bytes = n->name_bytes,
	};

	bytes_append(b, &input, sizeof input);
	bytes_append(b, plan_node_name(p, n), n->name_bytes);
	for (size_t i = 0; i < n->count; i++)
		record_append(b, p->zone, &p->zone->records[n->first + i], 0);
	if (n->flags & NODE_CUT)
		cut_append(b, p, n);
}

int
zone_plan_slot_digest(const struct zone_plan *plan, uint32_t slot,
    struct digest *out, struct err *err)
{
	struct bytes b;
	bool failed;

	if (plan->split == NO_SPLIT || slot >> plan->split_bits != 0)
		return err_set(err, ERR_USAGE, "no slot %u of this zone", slot);
	bytes_init(&b);
	bytes_append(&b, plan->zone->apex, plan->zone->apex_bytes);
	bytes_append(&b, &plan->zone_flags, sizeof plan->zone_flags);
	/* whether referrals have NSEC records */
	bytes_append(&b, &plan->denial, sizeof plan->denial);
	for (uint32_t i = plan->slot_first[slot];
	     i < plan->slot_first[slot + 1]; i++) {
		plan_slot_prefetch(plan, i, plan->slot_first[slot + 1]);
		node_append(&b, plan, &plan->nodes[plan->by_slot[i]]);
	}
	failed = b.failed;
	if (!failed)
		digest_of(out, b.data, b.len);
	bytes_fini(&b);
	return failed ? err_set(err, ERR_NO_MEMORY, "no memory for a slot") : 0;
}

static void
set_append(struct bytes *b, const struct zone_plan *p, struct node_rrset set)
{
	uint32_t count = (uint32_t)set.count;

	bytes_append(b, &count, sizeof count);
	for (size_t i = 0; i < set.count; i++)
		record_append(b, p->zone, &set.first[i], 0);
}

/* A name of an order; of a range, what its block has as well. */
static void
chain_name_append(
    struct bytes *b, const struct zone_plan *p, uint32_t node, bool is_root)
{
	const struct plan_node *n = &p->nodes[node];

	bytes_append(b, &n->name_bytes, sizeof n->name_bytes);
	bytes_append(b, plan_node_name(p, n), n->name_bytes);
	if (is_root)
		return;
	set_append(b, p, node_rrset_find(p, n, DNS_TYPE_NSEC));
	set_append(b, p, node_signatures_find(p, n, DNS_TYPE_NSEC));
}

/* All records of a hash, whose owner is the hash. */
static void
hashed_append_input(
    struct bytes *b, const struct zone_plan *p, const struct plan_hashed *h)
{
	bytes_append(b, h->hash, sizeof h->hash);
	bytes_append(b, &h->count, sizeof h->count);
	for (size_t i = 0; i < h->count; i++)
		record_append(b, p->zone, &p->zone->records[h->first + i], 0);
}

int
zone_plan_denial_digest(const struct zone_plan *plan,
    const struct zone_denial *denial, uint32_t number, struct digest *out,
    struct err *err)
{
	uint32_t first, count;
	struct bytes b;
	bool failed, is_root = denial->kind == DENIAL_NSEC && number == 0;
	int rc = denial_cell_find(plan, denial, number, &first, &count, err);

	if (rc < 0)
		return rc;
	bytes_init(&b);
	bytes_append(&b, plan->zone->apex, plan->zone->apex_bytes);
	bytes_append(&b, &denial->kind, sizeof denial->kind);
	bytes_append(&b, &is_root, sizeof is_root);
	for (uint32_t i = first; i < first + count; i++)
		if (denial->kind == DENIAL_NSEC3)
			hashed_append_input(&b, plan, &plan->hashed[i]);
		else
			chain_name_append(&b, plan,
			    plan->chain[is_root ? plan->ranges[i] : i],
			    is_root);
	failed = b.failed;
	if (!failed)
		digest_of(out, b.data, b.len);
	bytes_fini(&b);
	return failed ? err_set(err, ERR_NO_MEMORY, "no memory for a slot") : 0;
}
