/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Referrals: NS, with DO also DS or the NSEC that proves that there is none,
 * and their signatures, then addresses of the name servers. Runs in control and
 * tools; allocates nothing.
 *
 * Addresses of names at or below the cut must be there, or the answer is
 * truncated (RFC 9471); others of the zone may be. In a split zone the others
 * are links, as they live in cells of their own.
 */
#include "base/name.h"
#include "snapshot/fault.h"
#include "snapshot/node_builder.h"

/* What says whether the child is signed (RFC 4035 section 3.1.4): empty if the
 * zone is not signed, or proves absence by NSEC3. */
static struct node_rrset
child_security_find(const struct zone_plan *p, const struct plan_node *n)
{
	struct node_rrset set = {0};

	if (p->zone_flags & ZONE_SIGNED)
		set = node_rrset_find(p, n, DNS_TYPE_DS);
	if (set.count == 0 && p->denial == DENIAL_NSEC)
		set = node_rrset_find(p, n, DNS_TYPE_NSEC);
	return set;
}

bool
referral_has_do_form(const struct zone_plan *p, const struct plan_node *n)
{
	return child_security_find(p, n).count > 0;
}

/* The addresses of `name` among the records [low, high), which are in order. */
static struct node_rrset
glue_find(const struct zone_records *z, size_t low, size_t high,
    const uint8_t *name, uint16_t type)
{
	struct node_rrset set = {0};
	size_t end = high;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct record *r = &z->records[middle];
		int c = name_compare(name, record_owner(z, r));

		if (c > 0 || (c == 0 && type > r->type))
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < end; low++) {
		const struct record *r = &z->records[low];

		if (r->type != type || !name_equal(record_owner(z, r), name))
			break;
		if (set.count++ == 0)
			set.first = r;
	}
	return set;
}

static bool
target_seen(const struct zone_records *z, struct node_rrset ns, size_t i)
{
	const uint8_t *target = record_rdata(z, &ns.first[i]);

	for (size_t k = 0; k < i; k++)
		if (name_equal(record_rdata(z, &ns.first[k]), target))
			return true;
	return false;
}

static void
addresses_add(struct block_builder *b, const struct zone_records *z, size_t low,
    size_t high, const uint8_t *target, enum mark_section section)
{
	static const uint16_t types[] = {DNS_TYPE_A, DNS_TYPE_AAAA};

	for (unsigned i = 0; i < 2; i++) {
		struct node_rrset set =
		    glue_find(z, low, high, target, types[i]);
		/* 2 pointer, 10 fixed, 16 at most an address */
		bool fits = block_has_room(b, set.count * 28);
		struct block_pointer owner;

		if (set.count == 0 || (!fits && section == MARK_OPTIONAL))
			continue;
		if (section == MARK_REQUIRED && fault_hit("builder-glue-lost"))
			continue;
		if (block_name_find(b, target, &owner))
			block_rrset_add(b, owner, section, set.first, set.count,
			    UINT32_MAX);
		else if (section == MARK_REQUIRED)
			block_no_target(b);
	}
}

/* Addresses of targets at or below the cut. They follow it in the order. */
static void
required_add(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n, struct node_rrset ns)
{
	const uint8_t *cut = plan_node_name(p, n);
	size_t high = (size_t)n->first + n->count + n->below;

	for (size_t i = 0; i < ns.count; i++) {
		const uint8_t *target = record_rdata(p->zone, &ns.first[i]);

		if (name_is_at_or_below(target, cut) &&
		    !target_seen(p->zone, ns, i))
			addresses_add(
			    b, p->zone, n->first, high, target, MARK_REQUIRED);
	}
}

static void
link_add(
    struct block_builder *b, const struct zone_plan *p, const uint8_t *target)
{
	const struct record *r = plan_address_find(p, target);

	if (r)
		block_link_add(b, record_owner(p->zone, r),
		    name_hash(&p->key, record_owner(p->zone, r)));
}

static void
optional_add(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n, struct node_rrset ns)
{
	const struct zone_records *z = p->zone;

	for (size_t i = 0; i < ns.count; i++) {
		const uint8_t *target = record_rdata(z, &ns.first[i]);

		if (name_is_at_or_below(target, plan_node_name(p, n)) ||
		    !name_is_at_or_below(target, z->apex) ||
		    target_seen(z, ns, i))
			continue;
		if (p->split == NO_SPLIT)
			addresses_add(b, z, 0, z->count, target, MARK_OPTIONAL);
		else
			link_add(b, p, target);
	}
}

static void
child_security_add(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n)
{
	struct node_rrset set = child_security_find(p, n);
	struct node_rrset signatures =
	    node_signatures_find(p, n, set.first->type);

	block_rrset_add(
	    b, block_own(b), MARK_AUTHORITY, set.first, set.count, UINT32_MAX);
	if (signatures.count > 0)
		block_rrset_add(b, block_own(b), MARK_AUTHORITY,
		    signatures.first, signatures.count, UINT32_MAX);
}

void
referral_build(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n, bool do_form)
{
	struct node_rrset ns = node_rrset_find(p, n, DNS_TYPE_NS);

	block_start(b, p->zone, plan_node_name(p, n), RELOC_SUFFIX);
	block_keep_labels(b, p->split != NO_SPLIT);
	block_rrset_add(
	    b, block_own(b), MARK_AUTHORITY, ns.first, ns.count, UINT32_MAX);
	if (do_form && !fault_hit("builder-ds-lost"))
		child_security_add(b, p, n);
	required_add(b, p, n, ns);
	optional_add(b, p, n, ns);
}
