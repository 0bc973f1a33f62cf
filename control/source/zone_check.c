/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The semantics of a zone, see zone_check() in zonefile.h. One pass over the
 * sealed records: in canonical order all names below a name follow it, so the
 * cut and the DNAME that hold for a name are the last ones seen, and no tree is
 * built. Runs in control and tools; allocates nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/source/rdata_shape.h"
#include "control/source/zonefile.h"

/* Each kind of warning is heard this often, then counted. */
enum { WARN_EACH_MAX = 8 };

enum warning {
	WARNING_GLUE_MISSING,
	WARNING_TARGET_IS_ALIAS,
	WARNING_WILDCARD,
	WARNING_OCCLUDED,
	WARNING_SOA,
	WARNING_COUNT
};

static const char *const warning_names[WARNING_COUNT] = {
    "names of servers without an address",
    "targets that are aliases",
    "wildcards with NS or DNAME",
    "names hidden below a delegation",
    "odd SOA fields",
};

struct check {
	const struct zone_records *zone;
	void (*warn)(void *arg, const char *text);
	void *arg;
	uint64_t warned[WARNING_COUNT];
	const uint8_t *cut;   /* the delegation that was seen last, or NULL */
	const uint8_t *dname; /* the DNAME that was seen last, or NULL */
};

/* The records of one owner and what is among them. */
struct owner_group {
	const uint8_t *name;
	size_t first, end;
	unsigned cname, dname, ns, ds, soa, other;
	bool is_apex, is_occluded;
};

static void __attribute__((format(printf, 4, 5))) check_warn(struct check *c,
    enum warning kind, const uint8_t *name, const char *format, ...)
{
	char owner[NAME_TEXT_MAX], cause[512], text[ERR_TEXT_MAX];
	va_list args;

	if (!c->warn || c->warned[kind]++ >= WARN_EACH_MAX)
		return;
	va_start(args, format);
	vsnprintf(cause, sizeof cause, format, args);
	va_end(args);
	snprintf(
	    text, sizeof text, "%.255s %s", name_to_text(owner, name), cause);
	c->warn(c->arg, text);
}

static void
warn_of_the_rest(struct check *c)
{
	char text[128];

	for (unsigned i = 0; c->warn && i < WARNING_COUNT; i++) {
		if (c->warned[i] <= WARN_EACH_MAX)
			continue;
		snprintf(text, sizeof text, "and %llu more %s",
		    (unsigned long long)(c->warned[i] - WARN_EACH_MAX),
		    warning_names[i]);
		c->warn(c->arg, text);
	}
}

static int __attribute__((format(printf, 3, 4)))
check_fail(const uint8_t *name, struct err *err, const char *format, ...)
{
	char owner[NAME_TEXT_MAX], cause[512];
	va_list args;

	va_start(args, format);
	vsnprintf(cause, sizeof cause, format, args);
	va_end(args);
	return err_set(
	    err, ERR_SEMANTIC, "%.255s %s", name_to_text(owner, name), cause);
}

static size_t
count_of(const struct check *c, const uint8_t *name, uint16_t type)
{
	size_t n = 0;

	zone_records_find(c->zone, name, type, &n);
	return n;
}

/* The host names of servers and mail exchangers must not be aliases (RFC 2181
 * section 10.3); names in RDATA keep their case, so a lower copy is searched.
 */
static void
check_target(struct check *c, const struct owner_group *g, const char *type,
    const uint8_t *target)
{
	uint8_t lower[DNS_NAME_MAX + 1];
	char text[NAME_TEXT_MAX];

	name_lower(lower, target, name_length(target));
	if (!name_is_at_or_below(lower, c->zone->apex))
		return;
	if (count_of(c, lower, DNS_TYPE_CNAME))
		check_warn(c, WARNING_TARGET_IS_ALIAS, g->name,
		    "%s: its target %.255s is an alias (CNAME); name the host "
		    "itself (RFC 2181 section 10.3)",
		    type, name_to_text(text, target));
}

static bool
has_address(const struct check *c, const uint8_t *name)
{
	return count_of(c, name, DNS_TYPE_A) ||
	       count_of(c, name, DNS_TYPE_AAAA);
}

/* A wildcard may give the address of a server above all cuts (RFC 4592). */
static bool
has_wildcard_address(const struct check *c, const uint8_t *name)
{
	uint8_t wildcard[DNS_NAME_MAX + 3] = {1, '*'};
	const uint8_t *parent = name;

	while (name_labels(parent) > name_labels(c->zone->apex)) {
		parent = name_parent(parent, 1);
		if (name_length(parent) + 2 > DNS_NAME_MAX)
			continue;
		memcpy(wildcard + 2, parent, name_length(parent));
		if (has_address(c, wildcard))
			return true;
	}
	return false;
}

/* A server below the name that it serves is found by its glue only. */
static void
check_glue(struct check *c, const struct owner_group *g, const uint8_t *target)
{
	uint8_t lower[DNS_NAME_MAX + 1];
	char text[NAME_TEXT_MAX];

	name_lower(lower, target, name_length(target));
	if (!name_is_at_or_below(lower, g->name) || has_address(c, lower))
		return;
	if (g->is_apex &&
	    (has_wildcard_address(c, lower) || count_of(c, lower, 5)))
		return;
	if (g->is_apex && c->zone->apex[0] == 0)
		return; /* of the root all names are below */
	check_warn(c, WARNING_GLUE_MISSING, g->name,
	    "NS: %.255s has no address here, and without one it can't be "
	    "found; add its A or AAAA record",
	    name_to_text(text, target));
}

static void
check_targets(struct check *c, const struct owner_group *g)
{
	const struct record *r;
	const uint8_t *rdata;
	size_t i;

	for (i = g->first; i < g->end; i++) {
		r = &c->zone->records[i];
		rdata = record_rdata(c->zone, r);
		if (r->type == DNS_TYPE_NS) {
			check_target(c, g, "NS", rdata);
			check_glue(c, g, rdata);
		} else if (r->type == DNS_TYPE_MX) {
			check_target(c, g, "MX", rdata + 2);
		} else if (r->type == DNS_TYPE_SRV) {
			check_target(c, g, "SRV", rdata + 6);
		}
	}
}

/* Rules that hold for a name wherever it is. */
static int
check_aliases(const struct owner_group *g, struct err *err)
{
	if (g->cname > 1)
		return check_fail(g->name, err,
		    "has %u CNAME records; keep one (RFC 2181 section 10.1)",
		    g->cname);
	if (g->dname > 1)
		return check_fail(g->name, err,
		    "has %u DNAME records; keep one (RFC 6672 section 2.4)",
		    g->dname);
	if (g->cname && (g->dname || g->ns || g->ds || g->soa || g->other))
		return check_fail(g->name, err,
		    "has a CNAME beside other records; remove the CNAME or the "
		    "others (RFC 2181 section 10.1)");
	if (g->dname && g->ns && !g->is_apex)
		return check_fail(g->name, err,
		    "has DNAME and NS; remove one (RFC 6672 section 2.3)");
	if (g->soa && !g->is_apex)
		return check_fail(g->name, err,
		    "has a SOA, but is not the apex of the zone; remove it");
	return 0;
}

/* Below a DNAME there are no names (RFC 6672 section 2.4); the hashed owners of
 * NSEC3 are no names in that sense. */
static int
check_below_dname(struct check *c, const struct owner_group *g, struct err *err)
{
	char text[NAME_TEXT_MAX];
	uint16_t type;

	if (!c->dname || !name_is_at_or_below(g->name, c->dname) ||
	    name_equal(g->name, c->dname))
		return 0;
	for (size_t i = g->first; i < g->end; i++) {
		type = c->zone->records[i].type;
		if (type != DNS_TYPE_NSEC3 && type != DNS_TYPE_RRSIG)
			return check_fail(g->name, err,
			    "is below the DNAME of %.255s, which hides it; "
			    "remove one of them (RFC 6672 section 2.4)",
			    name_to_text(text, c->dname));
	}
	return 0;
}

static int
check_visible(struct check *c, const struct owner_group *g, struct err *err)
{
	int rc = check_below_dname(c, g, err);

	if (rc)
		return rc;
	if (g->ds && g->is_apex)
		return check_fail(g->name, err,
		    "is the apex and has a DS, which belongs to the parent "
		    "zone; remove it (RFC 4035 section 2.4)");
	if (g->ds && !g->ns)
		return check_fail(g->name, err,
		    "has a DS but no NS; add the delegation or remove the DS "
		    "(RFC 4035 section 2.4)");
	if (name_is_wildcard(g->name) && (g->ns || g->dname))
		check_warn(c, WARNING_WILDCARD, g->name,
		    "is a wildcard with %s, which resolvers read differently "
		    "(RFC 4592 section 4); write the names out",
		    g->ns ? "NS" : "DNAME");
	check_targets(c, g);
	return 0;
}

/* Only addresses may be below a cut; anything else is never answered. */
static void
warn_if_occluded(struct check *c, const struct owner_group *g)
{
	char text[NAME_TEXT_MAX];
	uint16_t type;

	for (size_t i = g->first; i < g->end; i++) {
		type = c->zone->records[i].type;
		if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA)
			continue;
		check_warn(c, WARNING_OCCLUDED, g->name,
		    "type %u is below the delegation of %.255s and is never "
		    "answered; move it to the child zone",
		    type, name_to_text(text, c->cut));
		return;
	}
}

static void
read_group(const struct check *c, size_t first, struct owner_group *g)
{
	const struct zone_records *z = c->zone;
	const struct record *r = &z->records[first];

	*g = (struct owner_group){.first = first, .name = record_owner(z, r)};
	/* sealed: the apex is before all others, an owner has one place */
	g->is_apex = first == 0 && name_equal(g->name, z->apex);
	for (; first < z->count; first++) {
		r = &z->records[first];
		if (r->owner != z->records[g->first].owner)
			break;
		g->cname += r->type == DNS_TYPE_CNAME;
		g->dname += r->type == DNS_TYPE_DNAME;
		g->ns += r->type == DNS_TYPE_NS;
		g->ds += r->type == DNS_TYPE_DS;
		g->soa += r->type == DNS_TYPE_SOA;
		switch (r->type) {
		case DNS_TYPE_CNAME:
		case DNS_TYPE_DNAME:
		case DNS_TYPE_NS:
		case DNS_TYPE_DS:
		case DNS_TYPE_SOA:
		case DNS_TYPE_RRSIG:
		case DNS_TYPE_NSEC:
			break;
		default:
			g->other++;
		}
	}
	g->end = first;
	g->is_occluded = c->cut && name_is_at_or_below(g->name, c->cut);
}

static int
check_shapes(
    const struct check *c, const struct owner_group *g, struct err *err)
{
	const struct record *r;
	char owner[NAME_TEXT_MAX];
	int rc;

	for (size_t i = g->first; i < g->end; i++) {
		r = &c->zone->records[i];
		rc = rdata_shape_check(
		    r->type, record_rdata(c->zone, r), r->rdata_bytes, err);
		if (rc)
			return err_add(
			    err, "%.255s", name_to_text(owner, g->name));
	}
	return 0;
}

static int
check_group(struct check *c, const struct owner_group *g, struct err *err)
{
	int rc = check_shapes(c, g, err);

	if (!rc)
		rc = check_aliases(g, err);
	if (rc)
		return rc;
	if (g->is_occluded) {
		warn_if_occluded(c, g);
		return 0;
	}
	rc = check_visible(c, g, err);
	if (rc)
		return rc;
	if (g->dname)
		c->dname = g->name;
	if (g->ns && !g->is_apex)
		c->cut = g->name;
	return 0;
}

static int
check_apex(struct check *c, struct err *err)
{
	const uint8_t *apex = c->zone->apex;
	size_t soa = count_of(c, apex, DNS_TYPE_SOA);
	const struct record *r;
	const uint8_t *end;

	if (soa != 1)
		return check_fail(apex, err,
		    soa ? "has %zu SOA records; keep one"
			: "has %zu SOA records; a zone begins with one",
		    soa);
	if (!count_of(c, apex, DNS_TYPE_NS))
		return check_fail(apex, err,
		    "has no NS record; add the names of the zone's servers");
	r = zone_records_find(c->zone, apex, DNS_TYPE_SOA, &soa);
	if (rdata_shape_check(
		r->type, record_rdata(c->zone, r), r->rdata_bytes, err))
		return err_add(err, "SOA");
	end = record_rdata(c->zone, r) + r->rdata_bytes;
	if (wire_load32(end - 20) == 0)
		check_warn(c, WARNING_SOA, apex,
		    "SOA: serial 0; some secondaries take it for none");
	if (wire_load32(end - 8) <= wire_load32(end - 16))
		check_warn(c, WARNING_SOA, apex,
		    "SOA: expire is not above refresh; secondaries would drop "
		    "the zone before they ask again");
	if (wire_load32(end - 4) > DNS_TTL_MAX)
		check_warn(c, WARNING_SOA, apex,
		    "SOA: minimum over 2147483647 counts as 0 (RFC 2181 "
		    "section 8)");
	return 0;
}

int
zone_check(const struct zone_records *z,
    void (*warn)(void *arg, const char *text), void *arg, struct err *err)
{
	struct check c = {.zone = z, .warn = warn, .arg = arg};
	struct owner_group g;
	size_t i;
	int rc = check_apex(&c, err);

	for (i = 0; !rc && i < z->count; i = g.end) {
		read_group(&c, i, &g);
		rc = check_group(&c, &g, err);
	}
	warn_of_the_rest(&c);
	return rc;
}

int
zone_iterations_check(
    const struct zone_records *z, unsigned most, struct err *err)
{
	size_t count;
	const struct record *r =
	    zone_records_find(z, z->apex, DNS_TYPE_NSEC3PARAM, &count);
	char apex[NAME_TEXT_MAX];

	/* RFC 5155 section 4: algorithm, flags, iterations; with flags it is
	 * not used */
	for (size_t i = 0; i < count; i++) {
		const uint8_t *rdata = record_rdata(z, &r[i]);
		unsigned iterations;

		if (r[i].rdata_bytes < 5 || rdata[1] != 0)
			continue;
		iterations = wire_load16(rdata + 2);
		if (iterations > most)
			return err_set(err, ERR_SEMANTIC,
			    "%s NSEC3PARAM: %u iterations, at most %u are "
			    "served: each name that does not exist costs as "
			    "many hashes. Sign with 0 (RFC 9276), or raise "
			    "control.nsec3_iterations_max",
			    name_to_text(apex, z->apex), iterations, most);
	}
	return 0;
}
