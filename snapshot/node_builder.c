/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Nodes: head, name, types, and a block a type. Runs in control and tools;
 * writes into its caller's buffer.
 */
#include "snapshot/node_builder.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "snapshot/fault.h"

enum { NODE_BLOCKS_BYTES_MAX = 4 * 65535, NODE_TYPES_MAX = 255 };

struct node_rrset
node_rrset_find(
    const struct zone_plan *p, const struct plan_node *n, uint16_t type)
{
	const struct record *r = &p->zone->records[n->first];
	const struct record *end = r + n->count;
	struct node_rrset set = {0};

	for (; r < end && r->type <= type; r++) {
		if (r->type != type)
			continue;
		if (set.count++ == 0)
			set.first = r;
	}
	return set;
}

struct node_rrset
node_signatures_find(
    const struct zone_plan *p, const struct plan_node *n, uint16_t covered)
{
	struct node_rrset all = node_rrset_find(p, n, DNS_TYPE_RRSIG),
			  set = {0};

	/* sorted by RDATA, which starts with the type covered */
	for (size_t i = 0; i < all.count; i++) {
		const struct record *r = &all.first[i];

		if (wire_load16(record_rdata(p->zone, r)) != covered)
			continue;
		if (set.count++ == 0)
			set.first = r;
	}
	return set;
}

/* Whether the node has a type_d for records of this type. */
static bool
type_is_served(
    const struct zone_plan *p, const struct plan_node *n, uint16_t type)
{
	bool is_address = type == DNS_TYPE_A || type == DNS_TYPE_AAAA;

	if (type == DNS_TYPE_RRSIG || type == DNS_TYPE_NSEC3)
		return false;
	/* what the chain has is there alone */
	if (type == DNS_TYPE_NSEC && p->denial == DENIAL_NSEC)
		return false;
	if (n->flags & NODE_OCCLUDED)
		return is_address;
	if (n->flags & NODE_CUT)
		return type == DNS_TYPE_NS || type == DNS_TYPE_DS ||
		       type == DNS_TYPE_NSEC || (n->is_linked && is_address);
	return true;
}

struct node_build {
	struct block_builder *b;
	const struct zone_plan *p;
	const struct plan_node *n;
	struct bytes *out;
	struct err *err;
	unsigned flags; /* enum node_flags */
};

static int
node_refuse(const struct node_build *nb, uint16_t type, const char *what)
{
	char owner[NAME_TEXT_MAX];

	return err_set(nb->err, ERR_LIMIT, "%s TYPE%u: %s",
	    name_to_text(owner, plan_node_name(nb->p, nb->n)), type, what);
}

/* Writes the block in nb->b, if nothing was wrong with it. */
static int
block_finish(struct node_build *nb, uint16_t type, unsigned flags)
{
	static const char *const texts[] = {
	    [BLOCK_TOO_LONG] = "the RRset, with its signatures or glue, is "
			       "longer than a message can be",
	    [BLOCK_TOO_MANY_SETS] = "more RRsets of glue than the format "
				    "has room for",
	    [BLOCK_BAD_RDATA] = "RDATA has not the shape of its type",
	    [BLOCK_NO_GLUE_TARGET] = "so many name servers that glue for "
				     "them cannot be given",
	};
	enum block_fault fault = block_fault_get(nb->b);

	if (fault != BLOCK_SOUND)
		return node_refuse(nb, type, texts[fault]);
	block_flags_add(nb->b, flags);
	block_write(nb->b, nb->out);
	return 0;
}

static unsigned
chase_flag(const struct zone_plan *p, const struct record *r)
{
	if (r->type != DNS_TYPE_CNAME || fault_hit("builder-chase-lost"))
		return 0;
	return name_is_at_or_below(record_rdata(p->zone, r), p->zone->apex)
	           ? BLOCK_CHASE
	           : 0;
}

/* Both forms of an RRset with its signatures, in a section, TTLs capped. */
static int
rrset_build(struct node_build *nb, struct node_rrset set,
    enum mark_section section, enum reloc_kind kind, uint32_t ttl_cap)
{
	const uint8_t *owner = plan_node_name(nb->p, nb->n);
	uint16_t type = set.first->type;
	unsigned flags = chase_flag(nb->p, set.first);
	struct node_rrset signatures = node_signatures_find(nb->p, nb->n, type);
	int rc;

	if (signatures.count > 0 && fault_hit("builder-signature-lost"))
		signatures.count = 0;
	block_start(nb->b, nb->p->zone, owner, kind);
	block_rrset_add(
	    nb->b, block_own(nb->b), section, set.first, set.count, ttl_cap);
	rc = block_finish(
	    nb, type, flags | (signatures.count ? BLOCK_DO_FOLLOWS : 0));
	if (rc < 0 || signatures.count == 0)
		return rc;
	block_start(nb->b, nb->p->zone, owner, kind);
	block_rrset_add(
	    nb->b, block_own(nb->b), section, set.first, set.count, ttl_cap);
	block_rrset_add(nb->b, block_own(nb->b), section, signatures.first,
	    signatures.count, ttl_cap);
	return block_finish(nb, type, flags);
}

static int
referral_finish(struct node_build *nb)
{
	bool has_do = referral_has_do_form(nb->p, nb->n);
	int rc;

	referral_build(nb->b, nb->p, nb->n, false);
	rc = block_finish(nb, DNS_TYPE_NS, has_do ? BLOCK_DO_FOLLOWS : 0);
	if (rc < 0 || !has_do)
		return rc;
	referral_build(nb->b, nb->p, nb->n, true);
	return block_finish(nb, DNS_TYPE_NS, 0);
}

/* Block of type i of the node at node_off, and its type_d. */
static int
type_build(struct node_build *nb, size_t node_off, size_t types_off, unsigned i,
    struct node_rrset set)
{
	uint16_t type = set.first->type;
	size_t off = nb->out->len - node_off;
	/* a wildcard's DNAME answers for the names that it makes, too */
	bool redirects = type == DNS_TYPE_DNAME && nb->flags & NODE_DNAME &&
	                 !(nb->flags & NODE_WILDCARD);
	struct type_d t = {.type = type, .block_off4 = (uint16_t)(off / 4)};

	if (off > NODE_BLOCKS_BYTES_MAX)
		return node_refuse(
		    nb, type, "the name has over 256 KiB of records");
	if (nb->out->failed)
		return err_set(nb->err, ERR_NO_MEMORY, "no memory for a node");
	memcpy(nb->out->data + types_off + i * sizeof t, &t, sizeof t);
	if (type == DNS_TYPE_NS && nb->flags & NODE_CUT)
		return referral_finish(nb);
	return rrset_build(nb, set, MARK_ANSWER,
	    redirects ? RELOC_SUFFIX : RELOC_OWNER, UINT32_MAX);
}

/* The RRsets that get a type_d. Returns how many: at most NODE_TYPES_MAX are
 * kept, more are counted. */
static unsigned
types_collect(struct node_build *nb, struct node_rrset sets[NODE_TYPES_MAX])
{
	const struct record *r = &nb->p->zone->records[nb->n->first];
	unsigned n = 0;

	if (nb->flags & NODE_CUT && fault_hit("builder-cut-lost"))
		return 0;
	if (nb->flags & NODE_DNAME && fault_hit("builder-dname-lost"))
		nb->flags &= ~(unsigned)NODE_DNAME;
	for (size_t i = 0; i < nb->n->count; i++) {
		bool same = i > 0 && r[i].type == r[i - 1].type;

		if (!type_is_served(nb->p, nb->n, r[i].type) ||
		    (r[i].type == DNS_TYPE_DNAME &&
			!(nb->flags & (NODE_DNAME | NODE_WILDCARD | NODE_CUT))))
			continue;
		n += !same;
		if (n > NODE_TYPES_MAX)
			return n;
		if (!same)
			sets[n - 1] = (struct node_rrset){.first = &r[i]};
		sets[n - 1].count++;
	}
	if (n > 1 &&
	    !(nb->flags & (NODE_APEX | NODE_CUT | NODE_CNAME | NODE_DNAME)) &&
	    fault_hit("builder-type-lost"))
		n--;
	return n;
}

static void
zone_d_append(const struct zone_plan *p, struct bytes *out)
{
	struct zone_d z = {
	    .serial = p->zone->serial,
	    .flags = p->zone_flags,
	    .apex_labels = p->apex_labels,
	    .split_bits = p->split_bits,
	    .split = p->split,
	};

	memcpy(z.version, p->zone->version.b, sizeof z.version);
	memcpy(z.content, &p->zone->content, sizeof z.content);
	bytes_append(out, &z, sizeof z);
}

/* Whether the zone's chain has the node's NSEC: what is occluded is in none. */
static bool
has_chained_nsec(const struct node_build *nb)
{
	return nb->p->denial == DENIAL_NSEC &&
	       !(nb->n->flags & NODE_OCCLUDED) &&
	       node_rrset_find(nb->p, nb->n, DNS_TYPE_NSEC).count > 0;
}

/* Head and name; types follow, with their places to be filled in. Returns the
 * offset of the types. */
static size_t
node_head_append(struct node_build *nb, unsigned ntypes)
{
	const struct plan_node *n = nb->n;
	bool is_apex = n->flags & NODE_APEX;
	struct node_d head = {
	    .anchor = n->cut_labels,
	    .flags = (uint16_t)nb->flags,
	    .name_bytes = is_apex ? nb->p->zone->apex_bytes : n->name_bytes,
	    .ntypes = (uint8_t)ntypes,
	};

	if (ntypes == 0)
		head.flags &= NODE_WILDCARD | NODE_HAS_WILDCARD;
	if (has_chained_nsec(nb))
		head.flags |= NODE_NSEC;
	else if (ntypes == 0)
		head.flags |= NODE_ENT;
	bytes_append(nb->out, &head, sizeof head);
	bytes_append(nb->out, plan_node_name(nb->p, n), head.name_bytes);
	bytes_align(nb->out, 4);
	return bytes_append_zero(nb->out, ntypes * sizeof(struct type_d));
}

/* RFC 2308 section 5: an answer that says "no" lives for the least of the SOA's
 * TTL and its MINIMUM, its last field. */
static int
negative_build(struct node_build *nb)
{
	struct node_rrset soa = node_rrset_find(nb->p, nb->n, DNS_TYPE_SOA);
	const uint8_t *end =
	    record_rdata(nb->p->zone, soa.first) + soa.first->rdata_bytes;
	uint32_t minimum = wire_load32(end - 4);

	if (minimum > DNS_TTL_MAX || fault_hit("builder-negative-ttl"))
		minimum = DNS_TTL_MAX;
	return rrset_build(nb, soa, MARK_AUTHORITY, RELOC_SUFFIX, minimum);
}

int
node_build(struct block_builder *b, const struct zone_plan *p,
    const struct plan_node *n, struct bytes *out, struct node_image *image,
    struct err *err)
{
	struct node_build nb = {
	    .b = b, .p = p, .n = n, .out = out, .err = err, .flags = n->flags};
	struct node_rrset sets[NODE_TYPES_MAX];
	unsigned ntypes = types_collect(&nb, sets);
	size_t types_off;
	int rc = 0;

	bytes_clear(out);
	if (ntypes > NODE_TYPES_MAX)
		return node_refuse(&nb, sets[0].first->type,
		    "the name has more than 255 types");
	if (n->flags & NODE_APEX)
		zone_d_append(p, out);
	image->node_off = out->len;
	types_off = node_head_append(&nb, ntypes);
	for (unsigned i = 0; i < ntypes && rc == 0; i++)
		rc = type_build(&nb, image->node_off, types_off, i, sets[i]);
	image->negative_off = out->len;
	if (rc == 0 && n->flags & NODE_APEX)
		rc = negative_build(&nb);
	if (rc == 0 && out->failed)
		rc = err_set(err, ERR_NO_MEMORY, "no memory for a node");
	return rc;
}
