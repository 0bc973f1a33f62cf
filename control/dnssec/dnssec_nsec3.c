/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC3 chains (dnssec_denial.h). The names that should be there, empty
 * non-terminals among them, are hashed and sorted, and go beside the records
 * that are there, which are in the order of their hashes already: base32hex
 * keeps it.
 */
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec_denial.h"
#include "control/dnssec/dnssec_threads.h"
#include "snapshot/format.h"

enum {
	HASH_BYTES = LDNS_SHA1_DIGEST_LENGTH,
	HASH_DIGITS = 32,
	HASH_CHUNK = 1024,
	HASH_SHA1 = 1,    /* RFC 5155 section 11 */
	FLAG_OPT_OUT = 1, /* RFC 5155 section 3.1.2.1 */
	PARAMETERS_MAX = 8,
};

/* A name of the zone, or an empty non-terminal. */
struct entry {
	uint8_t hash[HASH_BYTES];
	const uint8_t *name;
	const struct dnssec_owner *owner; /* NULL: an empty non-terminal */
	bool required; /* not: an insecure delegation or only above such */
};

/* A NSEC3 record. */
struct link {
	uint8_t hash[HASH_BYTES];
	const uint8_t *owner, *rdata, *next, *bitmap;
	size_t bitmap_bytes;
	bool next_sound, opt_out;
};

struct chain {
	const struct dnssec_owners *owners;
	struct dnssec_faults *faults;
	const uint8_t *salt;
	uint8_t salt_bytes;
	uint16_t iterations;
	struct entry *entries;
	size_t nentries, cap;
	struct link *links;
	size_t nlinks;
	size_t strays; /* NSEC3 records of other parameters */
};

/* --- what should be there ------------------------------------------------- */

static unsigned
labels_common(const uint8_t *a, const uint8_t *b)
{
	unsigned na = name_labels(a), nb = name_labels(b);
	unsigned n = na < nb ? na : nb;

	while (n && !name_equal(name_parent(a, na - n), name_parent(b, nb - n)))
		n--;
	return n;
}

static bool
entry_add(struct chain *c, const uint8_t *name,
    const struct dnssec_owner *owner, bool required)
{
	if (c->nentries == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : c->owners->count + 16;
		struct entry *grown =
		    reallocarray(c->entries, cap, sizeof *grown);

		if (!grown)
			return false;
		c->entries = grown;
		c->cap = cap;
	}
	c->entries[c->nentries++] =
	    (struct entry){.name = name, .owner = owner, .required = required};
	return true;
}

/* Empty non-terminals above the name that was added last, by depth. */
struct path {
	size_t entry[DNS_LABELS_MAX + 1];
	bool there[DNS_LABELS_MAX + 1];
	const uint8_t *before;
};

/* In canonical order the names below a name stand together: an ancestor that is
 * no ancestor of the name before is new here. */
static bool
path_follow(struct chain *c, struct path *p, const uint8_t *name, bool required)
{
	unsigned labels = name_labels(name);
	unsigned common = p->before ? labels_common(p->before, name) : labels;

	for (unsigned d = common + 1; d <= DNS_LABELS_MAX; d++)
		p->there[d] = false;
	for (unsigned d = common + 1; d < labels; d++) {
		p->entry[d] = c->nentries;
		p->there[d] = true;
		if (!entry_add(c, name_parent(name, labels - d), NULL, false))
			return false;
	}
	for (unsigned d = 0; required && d < labels; d++)
		if (p->there[d])
			c->entries[p->entry[d]].required = true;
	p->before = name;
	return true;
}

static bool
is_insecure(const struct dnssec_owners *o, const struct dnssec_owner *w)
{
	size_t n;

	return w->kind == OWNER_CUT &&
	       !dnssec_owner_find(o, w, DNS_TYPE_DS, &n);
}

static bool
entries_collect(struct chain *c)
{
	const struct dnssec_owners *o = c->owners;
	struct path path = {0};

	for (size_t i = 0; i < o->count; i++) {
		const struct dnssec_owner *w = &o->list[i];
		const uint8_t *name = dnssec_owner_name(o, w);
		bool required;

		if (w->kind != OWNER_AUTHORITATIVE && w->kind != OWNER_CUT)
			continue;
		required = !is_insecure(o, w);
		if (!path_follow(c, &path, name, required) ||
		    !entry_add(c, name, w, required))
			return false;
	}
	return true;
}

/* RFC 5155 section 5, over the name in lower case, as owners are. */
static void
entry_hash(const struct chain *c, struct entry *e)
{
	uint8_t data[DNS_NAME_MAX + 255];
	size_t bytes = name_length(e->name);

	memcpy(data, e->name, bytes);
	memcpy(data + bytes, c->salt, c->salt_bytes);
	ldns_sha1(data, (unsigned)(bytes + c->salt_bytes), e->hash);
	memcpy(data + HASH_BYTES, c->salt, c->salt_bytes);
	for (unsigned i = 0; i < c->iterations; i++) {
		memcpy(data, e->hash, HASH_BYTES);
		ldns_sha1(data, HASH_BYTES + c->salt_bytes, e->hash);
	}
}

static int
entries_hash(void *arg, void *own, uint64_t from, uint64_t to)
{
	struct chain *c = arg;

	(void)own;
	for (uint64_t i = from; i < to; i++)
		entry_hash(c, &c->entries[i]);
	return 0;
}

static int
entry_order(const void *a, const void *b)
{
	return memcmp(((const struct entry *)a)->hash,
	    ((const struct entry *)b)->hash, HASH_BYTES);
}

static int
entries_make(
    struct chain *c, const struct dnssec_options *options, struct err *err)
{
	struct dnssec_work work = {.chunk = HASH_CHUNK,
	    .threads = options->threads,
	    .run = entries_hash,
	    .arg = c};

	if (!entries_collect(c))
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for the hashes of names");
	work.count = c->nentries;
	dnssec_work_do(&work);
	qsort(c->entries, c->nentries, sizeof *c->entries, entry_order);
	return 0;
}

/* --- what is there -------------------------------------------------------- */

static int
digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'v' ? c - 'a' + 10 : -1;
}

/* "BASE32HEX.apex" to a hash; owners are in lower case. */
static bool
hash_of_owner(
    uint8_t hash[HASH_BYTES], const uint8_t *owner, const uint8_t *apex)
{
	unsigned bits = 0, have = 0, at = 0;

	if (owner[0] != HASH_DIGITS ||
	    !name_equal(owner + 1 + HASH_DIGITS, apex))
		return false;
	for (unsigned i = 1; i <= HASH_DIGITS; i++) {
		int value = digit_value(owner[i]);

		if (value < 0)
			return false;
		bits = bits << 5 | (unsigned)value;
		have += 5;
		if (have >= 8) {
			have -= 8;
			hash[at++] = (uint8_t)(bits >> have);
		}
	}
	return true;
}

/* Algorithm, iterations and salt are those of the chain. */
static bool
link_read(const struct chain *c, struct link *l, const struct record *r)
{
	const struct zone_records *z = c->owners->zone;
	struct wire_reader w =
	    wire_reader_make(record_rdata(z, r), r->rdata_bytes);
	unsigned algorithm = wire_read8(&w), flags = wire_read8(&w);
	unsigned iterations = wire_read16(&w), salt_bytes = wire_read8(&w);
	const uint8_t *salt = wire_take_find(&w, salt_bytes);
	unsigned next_bytes = wire_read8(&w);

	*l = (struct link){.owner = record_owner(z, r),
	    .rdata = record_rdata(z, r),
	    .next = wire_take_find(&w, next_bytes),
	    .next_sound = next_bytes == HASH_BYTES,
	    .opt_out = flags & FLAG_OPT_OUT};
	l->bitmap = w.at;
	l->bitmap_bytes = wire_left(&w);
	return !w.failed && algorithm == HASH_SHA1 &&
	       iterations == c->iterations && salt_bytes == c->salt_bytes &&
	       memcmp(salt, c->salt, salt_bytes) == 0;
}

static void
links_of_owner(struct chain *c, const struct dnssec_owner *w)
{
	size_t n, mine = 0;
	const struct record *r =
	    dnssec_owner_find(c->owners, w, DNS_TYPE_NSEC3, &n);

	for (size_t i = 0; i < n; i++) {
		struct link *l = &c->links[c->nlinks];

		if (!link_read(c, l, &r[i])) {
			c->strays++;
			continue;
		}
		if (w->kind == OWNER_BELOW_CUT ||
		    !hash_of_owner(l->hash, l->owner, c->owners->zone->apex))
			dnssec_fault(c->faults, l->owner,
			    "NSEC3: its owner is no hash below the apex");
		else if (mine++)
			dnssec_fault(
			    c->faults, l->owner, "NSEC3: two of one chain");
		else
			c->nlinks++;
	}
}

static int
links_make(struct chain *c, struct err *err)
{
	const struct zone_records *z = c->owners->zone;
	size_t n = 0;

	for (size_t i = 0; i < z->count; i++)
		n += z->records[i].type == DNS_TYPE_NSEC3;
	c->links = calloc(n + 1, sizeof *c->links);
	if (!c->links)
		return err_set(
		    err, ERR_NO_MEMORY, "no memory for %zu NSEC3 records", n);
	for (size_t i = 0; i < c->owners->count; i++)
		links_of_owner(c, &c->owners->list[i]);
	return 0;
}

/* --- side by side --------------------------------------------------------- */

static const char *
entry_word(const struct entry *e)
{
	return e->owner ? "" : " (an empty non-terminal)";
}

static void
circle_check(struct chain *c)
{
	for (size_t i = 0; i < c->nlinks; i++) {
		const struct link *l = &c->links[i];
		const struct link *next = &c->links[(i + 1) % c->nlinks];

		if (!l->next_sound ||
		    memcmp(l->next, next->hash, HASH_BYTES) != 0)
			dnssec_fault(c->faults, l->owner,
			    "NSEC3: the next hash is not %.32s",
			    (const char *)next->owner + 1);
	}
}

static void
bitmap_check(struct chain *c, const struct entry *e, const struct link *l)
{
	uint8_t want[DNSSEC_BITMAP_MAX];
	size_t bytes = dnssec_owner_bitmap(want, c->owners, e->owner);
	char type[64];

	if (bytes == l->bitmap_bytes && memcmp(want, l->bitmap, bytes) == 0)
		return;
	snprintf(type, sizeof type, "NSEC3 %.32s%s", (const char *)l->owner + 1,
	    entry_word(e));
	dnssec_bitmap_fault(
	    c->faults, e->name, type, l->bitmap, l->bitmap_bytes, want, bytes);
}

/* `before`: the record whose span the hash falls into. */
static void
missing_check(struct chain *c, const struct entry *e, const struct link *before)
{
	if (!e->required && before->opt_out)
		return;
	dnssec_fault(c->faults, e->name, "NSEC3: missing%s%s", entry_word(e),
	    e->required ? ""
			: ", and the record that covers it has no Opt-Out");
}

static void
entries_check(struct chain *c)
{
	size_t at = 0;

	for (size_t i = 0; i < c->nentries; i++) {
		const struct entry *e = &c->entries[i];
		int order = 1;

		if (i && entry_order(e - 1, e) == 0) {
			dnssec_fault(c->faults, e->name,
			    "NSEC3: its hash is also another name's; use "
			    "another salt");
			continue;
		}
		while (at < c->nlinks && (order = memcmp(c->links[at].hash,
					      e->hash, HASH_BYTES)) < 0)
			dnssec_fault(c->faults, c->links[at++].owner,
			    "NSEC3: no name has this hash");
		if (at < c->nlinks && order == 0)
			bitmap_check(c, e, &c->links[at++]);
		else
			missing_check(
			    c, e, &c->links[(at + c->nlinks - 1) % c->nlinks]);
	}
	while (at < c->nlinks)
		dnssec_fault(c->faults, c->links[at++].owner,
		    "NSEC3: no name has this hash");
}

/* One chain: that of one NSEC3PARAM. */
static int
chain_check(struct chain *c, const struct dnssec_options *options,
    const struct record *param, struct err *err)
{
	const struct zone_records *z = c->owners->zone;
	struct wire_reader w =
	    wire_reader_make(record_rdata(z, param), param->rdata_bytes);
	unsigned algorithm = wire_read8(&w), flags = wire_read8(&w);
	int rc;

	c->iterations = wire_read16(&w);
	c->salt_bytes = wire_read8(&w);
	c->salt = wire_take_find(&w, c->salt_bytes);
	if (w.failed || algorithm != HASH_SHA1 || flags != 0) {
		dnssec_fault(c->faults, z->apex,
		    "NSEC3PARAM: hash algorithm %u, flags %u: only algorithm 1 "
		    "with flags 0 denies anything (RFC 5155 section 4.1.2)",
		    algorithm, flags);
		return 0;
	}
	if (c->iterations > NSEC3_ITERATIONS_LIMIT) {
		dnssec_fault(c->faults, z->apex,
		    "NSEC3PARAM: %u iterations are too many, at most %d are "
		    "served (RFC 9276)",
		    c->iterations, NSEC3_ITERATIONS_LIMIT);
		return 0;
	}
	rc = entries_make(c, options, err);
	if (rc == 0)
		rc = links_make(c, err);
	if (rc == 0 && c->nlinks == 0)
		dnssec_fault(c->faults, z->apex,
		    "NSEC3PARAM: no NSEC3 has its parameters");
	else if (rc == 0) {
		circle_check(c);
		entries_check(c);
	}
	return rc;
}

int
dnssec_nsec3_check(const struct dnssec_owners *owners,
    const struct dnssec_options *options, struct dnssec_faults *faults,
    struct err *err)
{
	size_t n, records = 0, used = 0;
	const struct record *params = dnssec_owner_find(
	    owners, &owners->list[0], DNS_TYPE_NSEC3PARAM, &n);
	int rc = 0;

	if (n > PARAMETERS_MAX) {
		dnssec_fault(faults, owners->zone->apex,
		    "NSEC3PARAM: %zu chains are too many, at most %d are taken",
		    n, PARAMETERS_MAX);
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct chain c = {.owners = owners, .faults = faults};

		rc = chain_check(&c, options, &params[i], err);
		records = c.nlinks + c.strays;
		used += c.nlinks;
		free(c.entries);
		free(c.links);
	}
	if (rc == 0 && records > used)
		dnssec_warn(faults, WARNING_DENIAL, owners->zone->apex,
		    "NSEC3: %zu records have parameters that no NSEC3PARAM has",
		    records - used);
	return rc;
}
