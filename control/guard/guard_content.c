/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Guards over the owners that differ: protected names and endpoints that were
 * emptied, zones that were, keys of children, TTLs. One merge over both
 * versions; what is looked up besides is so for owners that lost something.
 */
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "control/guard/guard_case.h"

/* Records by what they are for: a name that is reached, a domain that gets
 * mail, a child that is delegated. */
enum purpose { REACH, MAIL, SERVERS, PURPOSES };

static const char *const purpose_words[PURPOSES] = {
    "address (A, AAAA, CNAME, HTTPS, SVCB, DNAME)", "MX", "NS"};

struct content {
	struct guard_case *c;
	struct guard_names emptied, endpoints, ds, ttl;
	uint32_t ttl_rise;
};

static enum purpose
purpose_of(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_A:
	case DNS_TYPE_AAAA:
	case DNS_TYPE_CNAME:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_HTTPS:
	case DNS_TYPE_SVCB:
		return REACH;
	case DNS_TYPE_MX:
		return MAIL;
	case DNS_TYPE_NS:
		return SERVERS;
	default:
		return PURPOSES;
	}
}

static void
purposes_count(unsigned out[PURPOSES + 1], const struct record *r, size_t n)
{
	memset(out, 0, (PURPOSES + 1) * sizeof *out);
	for (size_t i = 0; i < n; i++)
		out[purpose_of(r[i].type)]++;
}

static unsigned
addresses_count(const struct record *r, size_t n)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++)
		count += r[i].type == DNS_TYPE_A || r[i].type == DNS_TYPE_AAAA;
	return count;
}

static int
learned_order(const void *name, const void *element)
{
	return name_compare(
	    name, ((const struct guard_learned *)element)->name);
}

/* Why a name is protected; NULL if it is not. */
static const char *
protection_find(const struct guard_case *c, const uint8_t *name)
{
	const struct guard_learned_list *l = c->learned;
	const struct guard_learned *found = NULL;

	if (guard_rules_protect(c->rules, c->zone_rules, c->apex, name))
		return "protected by configuration";
	if (l && l->count)
		found = bsearch(
		    name, l->names, l->count, sizeof *l->names, learned_order);
	return found ? found->why : NULL;
}

static void
emptied_look(struct content *t, const struct guard_owner *o)
{
	unsigned before[PURPOSES + 1], after[PURPOSES + 1], addresses;
	const char *why = NULL;
	char detail[160];

	purposes_count(before, o->before, o->nbefore);
	purposes_count(after, o->after, o->nafter);
	for (unsigned p = 0; p < PURPOSES; p++) {
		if (!before[p] || after[p])
			continue;
		if (!why && !(why = protection_find(t->c, o->name)))
			break;
		snprintf(detail, sizeof detail, " (its last %s; %s)",
		    purpose_words[p], why);
		guard_names_add(&t->emptied, o->name, detail);
	}
	addresses = addresses_count(o->before, o->nbefore);
	if (why || after[REACH] ||
	    addresses < t->c->zone_rules->budgets.endpoint_records)
		return;
	snprintf(detail, sizeof detail, " (%u)", addresses);
	guard_names_add(&t->endpoints, o->name, detail);
}

static bool
rrset_equal(const struct guard_owner *o, uint16_t type)
{
	size_t a, b;
	const struct record *x =
	    guard_rrset_find(o->before, o->nbefore, type, &a);
	const struct record *y =
	    guard_rrset_find(o->after, o->nafter, type, &b);

	for (size_t i = 0; a == b && i < a; i++)
		if (x[i].rdata_bytes != y[i].rdata_bytes ||
		    memcmp(record_rdata(o->old, &x[i]),
			record_rdata(o->new, &y[i]), x[i].rdata_bytes) != 0)
			return false;
	return a == b;
}

static bool
has_type(const struct record *r, size_t n, uint16_t type)
{
	size_t count;

	return guard_rrset_find(r, n, type, &count) != NULL;
}

/* A child that stays delegated and whose keys the parent vouches for
 * otherwise. */
static void
ds_look(struct content *t, const struct guard_owner *o)
{
	if (has_type(o->before, o->nbefore, DNS_TYPE_DS) &&
	    has_type(o->after, o->nafter, DNS_TYPE_NS) &&
	    !rrset_equal(o, DNS_TYPE_DS))
		guard_names_add(&t->ds, o->name,
		    has_type(o->after, o->nafter, DNS_TYPE_DS)
			? ""
			: " (it has none now)");
}

static void
ttl_look(struct content *t, const struct guard_owner *o)
{
	uint32_t limit = t->c->zone_rules->budgets.ttl_raise_s, rise = 0;

	for (size_t i = 0; i < o->nafter; i++) {
		const struct record *new = &o->after[i];
		const struct record *old;
		size_t n;

		if ((i && new[-1].type == new->type) ||
		    guard_group_of(new->type) == GROUP_NONE)
			continue;
		old = guard_rrset_find(o->before, o->nbefore, new->type, &n);
		if (old && new->ttl > old->ttl &&new->ttl - old->ttl > rise)
			rise = new->ttl - old->ttl;
	}
	if (rise <= limit)
		return;
	guard_names_add(&t->ttl, o->name, "");
	if (rise > t->ttl_rise)
		t->ttl_rise = rise;
}

static void
owner_look(void *arg, const struct guard_owner *o)
{
	struct content *t = arg;

	if (o->nbefore == 0)
		return;
	emptied_look(t, o);
	ds_look(t, o);
	ttl_look(t, o);
}

/* --- zones ---------------------------------------------------------------- */

/* Whether an apex NS points there, so that its addresses are the servers'. */
static bool
is_server(const struct zone_records *z, const uint8_t *name)
{
	size_t n;
	const struct record *ns =
	    zone_records_find(z, z->apex, DNS_TYPE_NS, &n);

	for (size_t i = 0; i < n; i++)
		if (name_equal(record_rdata(z, &ns[i]), name))
			return true;
	return false;
}

/* Records that are there for others than resolvers: how many, up to `most`. */
static unsigned
content_count(const struct zone_records *z, unsigned most)
{
	unsigned count = 0;

	for (size_t i = 0; i < z->count && count < most; i++) {
		const struct record *r = &z->records[i];
		const uint8_t *owner = record_owner(z, r);
		bool address =
		    r->type == DNS_TYPE_A || r->type == DNS_TYPE_AAAA;
		bool frame =
		    r->type == DNS_TYPE_NS || r->type == DNS_TYPE_DNSKEY ||
		    r->type == DNS_TYPE_CDS || r->type == DNS_TYPE_CDNSKEY;

		if (guard_group_of(r->type) == GROUP_NONE ||
		    (frame && name_equal(owner, z->apex)) ||
		    (address && is_server(z, owner)))
			continue;
		count++;
	}
	return count;
}

enum {
	CONTENT_LEAST = 2, /* a zone with a single record may lose it */
	FRAME_MOST = 64,   /* records of a zone that may have nothing but NS */
};

static void
zone_emptied_look(struct guard_case *c)
{
	if (!c->diff.removed || guard_groups_sum(c->diff.after) > FRAME_MOST ||
	    content_count(c->zone->records, 1) ||
	    content_count(c->zone->last_good, CONTENT_LEAST) < CONTENT_LEAST)
		return;
	guard_case_say(c, GUARD_EMPTIED, GUARD_REFUSE,
	    "nothing is left of the zone but its name servers: it had %u "
	    "records, now %u; limit: a zone that has content keeps some",
	    guard_groups_sum(c->diff.before), guard_groups_sum(c->diff.after));
}

void
guard_check_content(struct guard_case *c)
{
	struct content t = {.c = c};
	char names[256];

	guard_diff_run(
	    &c->diff, c->zone->last_good, c->zone->records, owner_look, &t);
	if (t.emptied.count)
		guard_case_say(c, GUARD_NEVER_EMPTY, GUARD_REFUSE,
		    "%u protected names are emptied: %s; limit: a protected "
		    "name keeps one",
		    t.emptied.count, guard_names_text(names, &t.emptied));
	if (t.endpoints.count)
		guard_case_say(c, GUARD_NEVER_EMPTY, GUARD_REFUSE,
		    "%u names lose all of their addresses: %s; limit: a name "
		    "that had %u or more keeps one (endpoint_records)",
		    t.endpoints.count, guard_names_text(names, &t.endpoints),
		    c->zone_rules->budgets.endpoint_records);
	if (t.ds.count)
		guard_case_say(c, GUARD_DS, GUARD_REFUSE,
		    "DS of %u children are others: %s; limit: none changes",
		    t.ds.count, guard_names_text(names, &t.ds));
	if (t.ttl.count)
		guard_case_say(c, GUARD_TTL, GUARD_REFUSE,
		    "TTLs of %u names rise by up to %u s: %s; limit: %u s "
		    "(ttl_raise_s)",
		    t.ttl.count, t.ttl_rise, guard_names_text(names, &t.ttl),
		    c->zone_rules->budgets.ttl_raise_s);
	zone_emptied_look(c);
}
