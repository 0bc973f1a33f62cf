/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Assertions (guard_assert.h): from the configuration, and evaluated on a
 * generation. The engine answers over a stream, where nothing is cut; ldns
 * decodes. Names of a chain are asked one after the other, so that a chain that
 * the engine ends at a zone's edge goes on. Worker thread; allocates for each
 * answer.
 */
#include "control/guard/guard_assert.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/prefix.h"
#include "base/wire.h"
#include "dataplane/answer/answer.h"

enum { TYPES_MAX = 2, RECORDS_MAX = 4096 };

struct guard_assertion {
	char *where; /* "FILE:LINE" */
	uint8_t name[DNS_NAME_MAX + 1], disjoint[DNS_NAME_MAX + 1];
	bool has_disjoint, resolves;
	uint16_t types[TYPES_MAX];
	unsigned ntypes, least, most, ttl_least, ttl_most;
	struct prefix *inside;
	unsigned ninside;
	ldns_rr **equals; /* canonical */
	unsigned nequals;
};

struct guard_asker {
	struct answer_batch *batch;
	struct answer_config config;
	uint8_t wire[DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES + 1];
};

/* --- from the configuration ----------------------------------------------- */

static int
owner_make(uint8_t out[DNS_NAME_MAX + 1], const char *text,
    const struct config_zone *z, struct err *err)
{
	size_t n = strlen(text);
	char whole[2 * NAME_TEXT_MAX];
	int rc;

	if (strcmp(text, "@") == 0)
		snprintf(whole, sizeof whole, "%s", z->name);
	else if (n && text[n - 1] == '.')
		snprintf(whole, sizeof whole, "%s", text);
	else
		snprintf(whole, sizeof whole, "%s.%s", text,
		    strcmp(z->name, ".") == 0 ? "" : z->name);
	rc = name_from_text(out, whole, err);
	if (rc < 0)
		return rc;
	name_lower(out, out, (size_t)rc);
	return 0;
}

static int
types_make(struct guard_assertion *a, const struct config_assertion *from,
    struct err *err)
{
	ldns_rr_type type;

	a->types[0] = DNS_TYPE_A;
	a->types[1] = DNS_TYPE_AAAA;
	a->ntypes = from->type ? 1 : 2;
	if (!from->type)
		return 0;
	type = ldns_get_rr_type_by_name(from->type);
	if (type == 0 || type == LDNS_RR_TYPE_OPT ||
	    (type >= 128 && type <= 255) || type > UINT16_MAX)
		return err_set(err, ERR_SYNTAX,
		    "\"type\": \"%s\" is no type of records", from->type);
	a->types[0] = (uint16_t)type;
	return 0;
}

static int
inside_make(struct guard_assertion *a, const struct config_assertion *from,
    struct err *err)
{
	int rc = 0;

	if (from->ninside && a->types[0] != DNS_TYPE_A &&
	    a->types[0] != DNS_TYPE_AAAA)
		return err_set(err, ERR_SEMANTIC,
		    "\"inside\" is for addresses, and the type is %s",
		    from->type);
	a->inside = calloc(from->ninside + 1u, sizeof *a->inside);
	if (!a->inside)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	for (; rc == 0 && a->ninside < from->ninside; a->ninside++)
		rc = prefix_parse(
		    &a->inside[a->ninside], from->inside[a->ninside], err);
	return rc;
}

static int
equal_make(ldns_rr **out, const struct guard_assertion *a,
    const struct config_assertion *from, const char *text,
    const struct config_zone *z, struct err *err)
{
	ldns_rdf *origin = ldns_dname_new_frm_str(z->name);
	ldns_rdf *previous = NULL;
	char *type = ldns_rr_type2str((ldns_rr_type)a->types[0]);
	char *line = NULL;
	ldns_status status = LDNS_STATUS_MEM_ERR;

	(void)from;
	if (origin && type && asprintf(&line, ". 0 IN %s %s", type, text) > 0)
		status = ldns_rr_new_frm_str(out, line, 0, origin, &previous);
	if (status == LDNS_STATUS_OK)
		ldns_rr2canonical(*out);
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(previous);
	free(type);
	free(line);
	return status == LDNS_STATUS_OK
	           ? 0
	           : err_set(err, ERR_SYNTAX, "\"equals\": \"%.100s\": %s",
			 text, ldns_get_errorstr_by_id(status));
}

static int
equals_make(struct guard_assertion *a, const struct config_assertion *from,
    const struct config_zone *z, struct err *err)
{
	int rc = 0;

	if (from->nequals && !from->type)
		return err_set(
		    err, ERR_SEMANTIC, "\"equals\" needs a \"type\"");
	a->equals = calloc(from->nequals + 1u, sizeof *a->equals);
	if (!a->equals)
		return err_set(err, ERR_NO_MEMORY, "no memory");
	for (; rc == 0 && a->nequals < from->nequals; a->nequals += rc == 0)
		rc = equal_make(&a->equals[a->nequals], a, from,
		    from->equals[a->nequals], z, err);
	return rc;
}

static int
limits_make(struct guard_assertion *a, const struct config_assertion *from,
    struct err *err)
{
	a->resolves = from->resolves;
	a->least = from->least;
	a->most = from->most;
	a->ttl_least = from->ttl_least;
	a->ttl_most = from->ttl_most;
	if (a->most && a->least > a->most)
		return err_set(err, ERR_SEMANTIC,
		    "\"least\" %u is more than \"most\" %u", a->least, a->most);
	if (a->ttl_most && a->ttl_least > a->ttl_most)
		return err_set(err, ERR_SEMANTIC,
		    "\"ttl_least\" %u is more than \"ttl_most\" %u",
		    a->ttl_least, a->ttl_most);
	return 0;
}

static int
assertion_make(struct guard_assertion *a, const struct config_assertion *from,
    const struct config_zone *z, struct err *err)
{
	int rc = owner_make(a->name, from->name, z, err);

	if (rc == 0 && !name_is_at_or_below(a->name, z->apex))
		rc = err_set(err, ERR_SEMANTIC,
		    "\"name\": \"%.200s\" is not in the zone", from->name);
	a->has_disjoint = from->disjoint != NULL;
	if (rc == 0 && a->has_disjoint)
		rc = owner_make(a->disjoint, from->disjoint, z, err);
	if (rc == 0)
		rc = types_make(a, from, err);
	if (rc == 0)
		rc = limits_make(a, from, err);
	if (rc == 0)
		rc = inside_make(a, from, err);
	return rc ? rc : equals_make(a, from, z, err);
}

int
guard_assertions_make(struct guard_assertion **out, unsigned *count,
    const char *path, const struct config_zone *z, struct err *err)
{
	struct guard_assertion *list =
	    calloc(z->guards.nassertions + 1u, sizeof *list);
	int rc = 0;

	*count = 0;
	*out = list;
	if (!list)
		return err_set(err, ERR_NO_MEMORY, "no memory for assertions");
	for (unsigned i = 0; rc == 0 && i < z->guards.nassertions; i++) {
		const struct config_assertion *from = &z->guards.assertions[i];
		struct guard_assertion *a = &list[(*count)++];

		if (asprintf(&a->where, "%s:%u", path, from->line) < 0) {
			a->where = NULL;
			return err_set(err, ERR_NO_MEMORY, "no memory");
		}
		rc = assertion_make(a, from, z, err);
		if (rc)
			err_add(err, "%s:%u: assertion of zone %s", path,
			    from->line, z->name);
	}
	return rc;
}

void
guard_assertions_free(struct guard_assertion *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned e = 0; e < list[i].nequals; e++)
			ldns_rr_free(list[i].equals[e]);
		free(list[i].equals);
		free(list[i].inside);
		free(list[i].where);
	}
	free(list);
}

/* --- asking ----------------------------------------------------------------
 */

struct guard_asker *
guard_asker_new(void)
{
	struct guard_asker *a = calloc(1, sizeof *a);

	if (!a || !(a->batch = answer_batch_new())) {
		free(a);
		return NULL;
	}
	answer_config_default(&a->config);
	return a;
}

void
guard_asker_free(struct guard_asker *a)
{
	if (a)
		answer_batch_free(a->batch);
	free(a);
}

/* The engine's answer, decoded; NULL if there is none. */
static ldns_pkt *
asker_ask(struct guard_asker *a, const struct generation *g,
    const uint8_t *name, uint16_t type)
{
	struct query_ctx ctx = {
	    .config = &a->config, .transport = ANSWER_STREAM};
	struct wire_writer w = wire_writer_make(a->wire, DNS_MESSAGE_MAX);
	enum verdict verdict;
	ldns_pkt *p = NULL;
	size_t bytes;

	wire_write32(&w, 0);
	wire_write16(&w, 1);
	wire_write32(&w, 0);
	wire_write16(&w, 0);
	wire_write(&w, name, name_length(name));
	wire_write16(&w, type);
	wire_write16(&w, DNS_CLASS_IN);
	bytes = answer_one(a->batch, g, &ctx, a->wire, (size_t)(w.at - a->wire),
	    DNS_MESSAGE_MAX + ANSWER_SPARE_BYTES, &verdict);
	if (!bytes || ldns_wire2pkt(&p, a->wire, bytes) != LDNS_STATUS_OK)
		return NULL;
	return p;
}

/* What was gathered for a name. */
struct gathered {
	ldns_rr_list *records; /* canonical, of all types */
	uint32_t ttl_low, ttl_high;
	const char *missing;            /* why there are none, or NULL */
	uint8_t last[DNS_NAME_MAX + 1]; /* where the chain ended */
};

static const uint8_t *
rdf_name(const ldns_rdf *rdf)
{
	return ldns_rdf_data(rdf);
}

static void
record_take(struct gathered *out, const ldns_rr *rr)
{
	ldns_rr *copy = ldns_rr_clone(rr);
	uint32_t ttl = ldns_rr_ttl(rr);

	if (!copy)
		return;
	ldns_rr2canonical(copy);
	if (ldns_rr_list_rr_count(out->records) == 0 || ttl < out->ttl_low)
		out->ttl_low = ttl;
	if (ttl > out->ttl_high)
		out->ttl_high = ttl;
	ldns_rr_list_push_rr(out->records, copy);
}

/* Records of the type at the end of the chain within one answer; *name moves
 * along. True if there were some. */
static bool
answer_take(struct gathered *out, ldns_pkt *p, uint16_t type, uint8_t *name)
{
	ldns_rr_list *answer = ldns_pkt_answer(p);
	bool any = false;

	for (size_t i = 0; i < ldns_rr_list_rr_count(answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(answer, i);
		ldns_rr_type t = ldns_rr_get_type(rr);
		const uint8_t *target;

		if (!name_equal(rdf_name(ldns_rr_owner(rr)), name))
			continue;
		if (t == (ldns_rr_type)type) {
			record_take(out, rr);
			any = true;
		} else if (t == LDNS_RR_TYPE_CNAME) {
			target = rdf_name(ldns_rr_rdf(rr, 0));
			name_lower(name, target, name_length(target));
		}
	}
	return any;
}

static void
chain_note(struct guard_finding *f, const uint8_t *name)
{
	for (unsigned i = 0; i < f->nchain; i++)
		if (name_equal(f->chain[i], name))
			return;
	if (f->nchain < GUARD_CHAIN_MAX)
		memcpy(f->chain[f->nchain++], name, name_length(name));
}

static const char *
missing_why(const ldns_pkt *p)
{
	switch (ldns_pkt_get_rcode(p)) {
	case LDNS_RCODE_NOERROR:
		return "has no such record";
	case LDNS_RCODE_NXDOMAIN:
		return "does not exist";
	case LDNS_RCODE_REFUSED:
		return "is not served here";
	default:
		return "gets an error for an answer";
	}
}

static void
type_gather(struct guard_asker *asker, const struct guard_assertion *a,
    const struct generation *g, uint16_t type, const uint8_t *name,
    struct gathered *out, struct guard_finding *f)
{
	uint8_t at[DNS_NAME_MAX + 1] = {0}, asked[DNS_NAME_MAX + 1];
	bool any = false;

	memcpy(at, name, name_length(name));
	for (unsigned step = 0; step < GUARD_CHAIN_MAX && !any; step++) {
		ldns_pkt *p = asker_ask(asker, g, at, type);

		memcpy(asked, at, sizeof asked);
		chain_note(f, at);
		if (!p) {
			out->missing = "gets no sound answer";
			return;
		}
		any = answer_take(out, p, type, at);
		chain_note(f, at);
		out->missing = any ? NULL : missing_why(p);
		ldns_pkt_free(p);
		if (!any && !name_equal(at, asked) && !a->resolves)
			out->missing = "is an alias (resolves: true follows "
				       "it)";
		if (name_equal(at, asked) || !a->resolves)
			break;
	}
	memcpy(out->last, at, sizeof out->last);
}

/* The records of a name, of all types of the assertion. Without `resolves` an
 * alias' records are not its own. */
static bool
gather(struct guard_asker *asker, const struct guard_assertion *a,
    const struct generation *g, const uint8_t *name, struct gathered *out,
    struct guard_finding *f)
{
	*out = (struct gathered){.records = ldns_rr_list_new()};
	if (!out->records)
		return false;
	memcpy(out->last, name, name_length(name));
	for (unsigned i = 0; i < a->ntypes; i++)
		type_gather(asker, a, g, a->types[i], name, out, f);
	if (!a->resolves && !name_equal(out->last, name)) {
		ldns_rr_list_deep_free(out->records);
		out->records = ldns_rr_list_new();
		out->missing = "is an alias (resolves: true follows it)";
	}
	return out->records != NULL;
}

/* --- what must hold ------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
fail(struct guard_finding *f, const char *format, ...)
{
	va_list args;

	f->holds = false;
	va_start(args, format);
	vsnprintf(f->why, sizeof f->why, format, args);
	va_end(args);
}

static const char *
type_text(char out[32], const struct guard_assertion *a)
{
	char *text =
	    a->ntypes > 1 ? NULL : ldns_rr_type2str((ldns_rr_type)a->types[0]);

	snprintf(out, 32, "%s", text ? text : "addresses");
	free(text);
	return out;
}

static bool
is_inside(const struct guard_assertion *a, const ldns_rr *rr)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);
	const uint8_t *address = ldns_rdf_data(rdf);
	bool v4 = ldns_rr_get_type(rr) == LDNS_RR_TYPE_A;

	for (unsigned i = 0; i < a->ninside; i++)
		if (a->inside[i].v4 == v4 && prefix_has(&a->inside[i], address))
			return true;
	return false;
}

static bool
rdata_equal(const ldns_rr *a, const ldns_rr *b)
{
	size_t n = ldns_rr_rd_count(a);

	if (ldns_rr_get_type(a) != ldns_rr_get_type(b) ||
	    n != ldns_rr_rd_count(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (ldns_rdf_compare(ldns_rr_rdf(a, i), ldns_rr_rdf(b, i)) != 0)
			return false;
	return true;
}

static bool
list_has(const ldns_rr_list *list, const ldns_rr *rr)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (rdata_equal(ldns_rr_list_rr(list, i), rr))
			return true;
	return false;
}

/* A record's data as text, cut; returns dst. */
static char *
rdata_text(char dst[80], const ldns_rr *rr)
{
	char *text = ldns_rr_rd_count(rr) == 1
	                 ? ldns_rdf2str(ldns_rr_rdf(rr, 0))
	                 : ldns_rr2str(rr);

	snprintf(dst, 80, "%.70s", text ? text : "?");
	dst[strcspn(dst, "\n")] = '\0';
	for (char *p = dst; *p; p++)
		if (*p == '\t')
			*p = ' ';
	free(text);
	return dst;
}

static void
count_check(const struct guard_assertion *a, const struct gathered *r,
    const char *what, struct guard_finding *f)
{
	size_t n = ldns_rr_list_rr_count(r->records);
	char last[NAME_TEXT_MAX];

	if (n < a->least && n == 0)
		fail(f, "%s: %.120s %s; limit: at least %u records (%s)", what,
		    name_to_text(last, r->last),
		    r->missing ? r->missing : "has no such record", a->least,
		    a->where);
	else if (n < a->least)
		fail(f, "%s: %zu records; limit: at least %u (%s)", what, n,
		    a->least, a->where);
	else if (a->most && n > a->most)
		fail(f, "%s: %zu records; limit: at most %u (%s)", what, n,
		    a->most, a->where);
	else if (n && (r->ttl_low < a->ttl_least ||
			  (a->ttl_most && r->ttl_high > a->ttl_most)))
		fail(f, "%s: TTL %u; limit: %u to %u s (%s)", what,
		    r->ttl_low < a->ttl_least ? r->ttl_low : r->ttl_high,
		    a->ttl_least, a->ttl_most ? a->ttl_most : DNS_TTL_MAX,
		    a->where);
}

static void
values_check(const struct guard_assertion *a, const struct gathered *r,
    const char *what, struct guard_finding *f)
{
	size_t n = ldns_rr_list_rr_count(r->records);
	char text[80];

	for (size_t i = 0; i < n && f->holds; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(r->records, i);
		bool known = !a->nequals;

		for (unsigned e = 0; e < a->nequals && !known; e++)
			known = rdata_equal(a->equals[e], rr);
		if (a->ninside && !is_inside(a, rr))
			fail(f,
			    "%s: %s is outside of the prefixes; limit: all "
			    "inside (%s)",
			    what, rdata_text(text, rr), a->where);
		else if (!known)
			fail(f,
			    "%s: %s is none of those that it equals; "
			    "limit: these %u and no other (%s)",
			    what, rdata_text(text, rr), a->nequals, a->where);
	}
	for (unsigned e = 0; e < a->nequals && f->holds; e++)
		if (!list_has(r->records, a->equals[e]))
			fail(f,
			    "%s: %s is missing; limit: all of the %u that "
			    "it equals (%s)",
			    what, rdata_text(text, a->equals[e]), a->nequals,
			    a->where);
}

static void
disjoint_check(struct guard_asker *asker, const struct guard_assertion *a,
    const struct generation *g, const struct gathered *r, const char *what,
    struct guard_finding *f)
{
	char text[80], other[NAME_TEXT_MAX];
	struct gathered second;
	size_t n;

	if (!gather(asker, a, g, a->disjoint, &second, f)) {
		fail(f, "%s: no memory to ask", what);
		return;
	}
	n = ldns_rr_list_rr_count(second.records);
	for (size_t i = 0; i < n && f->holds; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(second.records, i);

		if (list_has(r->records, rr))
			fail(f,
			    "%s: %s is at %.120s as well; limit: the two "
			    "share none (%s)",
			    what, rdata_text(text, rr),
			    name_to_text(other, a->disjoint), a->where);
	}
	ldns_rr_list_deep_free(second.records);
}

void
guard_assertion_check(struct guard_asker *asker,
    const struct guard_assertion *list, unsigned i, const struct generation *g,
    struct guard_finding *out)
{
	const struct guard_assertion *a = &list[i];
	char name[NAME_TEXT_MAX], type[32], what[256];
	struct gathered r;

	out->holds = true;
	out->nchain = 0;
	out->why[0] = '\0';
	snprintf(what, sizeof what, "%.200s %s", name_to_text(name, a->name),
	    type_text(type, a));
	if (!gather(asker, a, g, a->name, &r, out)) {
		fail(out, "%s: no memory to ask", what);
		return;
	}
	count_check(a, &r, what, out);
	if (out->holds)
		values_check(a, &r, what, out);
	if (out->holds && a->has_disjoint)
		disjoint_check(asker, a, g, &r, what, out);
	ldns_rr_list_deep_free(r.records);
}
