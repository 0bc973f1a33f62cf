/* SPDX-License-Identifier: BSD-2-Clause
 *
 * NSEC and NSEC3 chains (sign_denial.h).
 */
#include "control/sign/sign_denial.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/sign/owner_walk.h"

enum {
	/* of an owner, NSEC, RRSIG and one more included; a name with more
	 * types than there are codes can't be */
	TYPES_MAX = 65536 + 3,
	HASH_TEXT_BYTES = 32, /* 20 octets in base32hex */
	NSEC3_SHA1 = 1,
};

/* A name in the NSEC3 chain. */
struct hashed_name {
	uint8_t hash[NSEC3_HASH_BYTES];
	uint32_t bitmap; /* offset in `bitmaps` */
	uint32_t bitmap_bytes;
	uint32_t name; /* offset in `names`, for messages */
};

struct chain {
	struct zone_records *zone;
	const struct denial_options *options;
	struct owner_walk walk;
	ldns_rr_type *types; /* TYPES_MAX of them */
	struct bytes bitmaps;
	/* NSEC: the owner before this one */
	uint8_t last[DNS_NAME_MAX + 1];
	bool any;
	/* NSEC3 */
	struct hashed_name *names;
	size_t nnames, names_cap;
	struct bytes name_octets;
};

static int
no_memory(struct err *err)
{
	return err_set(
	    err, ERR_NO_MEMORY, "no memory for the proofs of absence");
}

void
denial_nsec3_hash(const uint8_t *name, uint8_t hash[NSEC3_HASH_BYTES])
{
	ldns_sha1(name, (unsigned)name_length(name), hash);
}

/* The types that the bitmap of the walk's owner names: of a cut only what the
 * parent has (RFC 4035 section 2.3, RFC 5155 section 7.1). */
static size_t
types_collect(struct chain *c)
{
	const struct owner_walk *w = &c->walk;
	bool nsec = c->options->kind == POLICY_NSEC;
	bool is_apex = name_equal(w->name, c->zone->apex);
	size_t n = 0;

	for (size_t i = w->first; i < w->next; i++) {
		uint16_t type = c->zone->records[i].type;

		if (w->kind == OWNER_CUT && type != DNS_TYPE_NS &&
		    type != DNS_TYPE_DS)
			continue;
		if (n == 0 || c->types[n - 1] != type)
			c->types[n++] = (ldns_rr_type)type;
	}
	if (is_apex && c->options->apex_type)
		c->types[n++] = (ldns_rr_type)c->options->apex_type;
	if (nsec)
		c->types[n++] = LDNS_RR_TYPE_NSEC;
	/* an insecure delegation has nothing signed but an NSEC */
	if (nsec || w->kind == OWNER_AUTHORITATIVE || w->has_ds)
		c->types[n++] = LDNS_RR_TYPE_RRSIG;
	return n;
}

/* Appends the bitmap of `n` types to `bitmaps`. */
static int
bitmap_append(struct chain *c, size_t n, struct err *err)
{
	ldns_rdf *bitmap;

	if (n == 0) /* of an empty non-terminal (RFC 5155 section 7.1) */
		return 0;
	bitmap = ldns_dnssec_create_nsec_bitmap(c->types, n,
	    c->options->kind == POLICY_NSEC ? LDNS_RR_TYPE_NSEC
					    : LDNS_RR_TYPE_NSEC3);
	if (!bitmap)
		return no_memory(err);
	bytes_append(&c->bitmaps, ldns_rdf_data(bitmap), ldns_rdf_size(bitmap));
	ldns_rdf_deep_free(bitmap);
	return c->bitmaps.failed ? no_memory(err) : 0;
}

/* The NSEC of `last`, whose bitmap is in `bitmaps`, to `next`. */
static int
nsec_emit(struct chain *c, const uint8_t *next, struct err *err)
{
	struct bytes rdata = {0};
	int rc;

	bytes_append(&rdata, next, name_length(next));
	bytes_append(&rdata, c->bitmaps.data, c->bitmaps.len);
	rc = rdata.failed ? no_memory(err)
	                  : zone_records_add(c->zone, c->last, DNS_TYPE_NSEC,
				c->options->ttl, rdata.data, rdata.len, err);
	bytes_fini(&rdata);
	return rc;
}

static int
nsec_owner(struct chain *c, struct err *err)
{
	int rc = c->any ? nsec_emit(c, c->walk.name, err) : 0;

	if (rc)
		return rc;
	c->any = true;
	memcpy(c->last, c->walk.name, sizeof c->last);
	bytes_clear(&c->bitmaps);
	return bitmap_append(c, types_collect(c), err);
}

static int
hashed_add(struct chain *c, const uint8_t *name, size_t ntypes, struct err *err)
{
	struct hashed_name *h;
	int rc;

	if (c->nnames == c->names_cap) {
		size_t cap = c->names_cap ? 2 * c->names_cap : 64;

		h = reallocarray(c->names, cap, sizeof *h);
		if (!h)
			return no_memory(err);
		c->names = h;
		c->names_cap = cap;
	}
	h = &c->names[c->nnames++];
	denial_nsec3_hash(name, h->hash);
	h->name =
	    (uint32_t)bytes_append(&c->name_octets, name, name_length(name));
	h->bitmap = (uint32_t)c->bitmaps.len;
	rc = bitmap_append(c, ntypes, err);
	h->bitmap_bytes = (uint32_t)(c->bitmaps.len - h->bitmap);
	if (rc == 0 &&
	    (c->name_octets.failed || c->name_octets.len > UINT32_MAX ||
		c->bitmaps.len > UINT32_MAX))
		rc = no_memory(err);
	return rc;
}

/* Labels that both names end with. */
static unsigned
labels_shared(const uint8_t *a, const uint8_t *b)
{
	unsigned na = name_labels(a), nb = name_labels(b);
	unsigned n = na < nb ? na : nb;

	a = name_parent(a, na - n);
	b = name_parent(b, nb - n);
	while (n > 0 && !name_equal(a, b)) {
		a = name_parent(a, 1);
		b = name_parent(b, 1);
		n--;
	}
	return n;
}

/* Names between this one and the one before it that own nothing: in canonical
 * order a name above this one that owns something came before, and is shared
 * with the last. */
static int
empty_names_add(struct chain *c, struct err *err)
{
	unsigned labels = name_labels(c->walk.name);
	unsigned shared = c->any ? labels_shared(c->last, c->walk.name)
	                         : name_labels(c->zone->apex);
	int rc = 0;

	for (unsigned n = shared + 1; rc == 0 && n < labels; n++)
		rc = hashed_add(
		    c, name_parent(c->walk.name, labels - n), 0, err);
	return rc;
}

static int
nsec3_owner(struct chain *c, struct err *err)
{
	int rc = empty_names_add(c, err);

	c->any = true;
	memcpy(c->last, c->walk.name, sizeof c->last);
	if (rc)
		return rc;
	return hashed_add(c, c->walk.name, types_collect(c), err);
}

static int
hash_compare(const void *a, const void *b)
{
	const struct hashed_name *x = a, *y = b;

	return memcmp(x->hash, y->hash, NSEC3_HASH_BYTES);
}

/* SHA-1 collisions can be made by whoever may choose names. */
static int
hashes_differ(const struct chain *c, struct err *err)
{
	char one[NAME_TEXT_MAX], other[NAME_TEXT_MAX];

	for (size_t i = 1; i < c->nnames; i++) {
		const struct hashed_name *h = &c->names[i];

		if (hash_compare(h - 1, h) == 0)
			return err_set(err, ERR_SEMANTIC,
			    "%.255s and %.255s have the same NSEC3 hash; "
			    "remove one of them, or use NSEC",
			    name_to_text(one, c->name_octets.data + h[-1].name),
			    name_to_text(other, c->name_octets.data + h->name));
	}
	return 0;
}

static int
nsec3_emit(struct chain *c, const struct hashed_name *h,
    const struct hashed_name *next, struct err *err)
{
	const struct zone_records *z = c->zone;
	/* algorithm, flags, iterations, no salt, length of the next hash */
	static const uint8_t head[] = {
	    NSEC3_SHA1, 0, 0, 0, 0, NSEC3_HASH_BYTES};
	uint8_t owner[DNS_NAME_MAX + 1];
	char text[HASH_TEXT_BYTES + 8]; /* ldns ends it with a zero */
	struct bytes rdata = {0};
	int rc;

	ldns_b32_ntop_extended_hex(
	    h->hash, NSEC3_HASH_BYTES, text, sizeof text);
	owner[0] = HASH_TEXT_BYTES;
	memcpy(owner + 1, text, HASH_TEXT_BYTES);
	memcpy(owner + 1 + HASH_TEXT_BYTES, z->apex, z->apex_bytes);
	bytes_append(&rdata, head, sizeof head);
	bytes_append(&rdata, next->hash, NSEC3_HASH_BYTES);
	bytes_append(&rdata, c->bitmaps.data + h->bitmap, h->bitmap_bytes);
	rc = rdata.failed ? no_memory(err)
	                  : zone_records_add(c->zone, owner, DNS_TYPE_NSEC3,
				c->options->ttl, rdata.data, rdata.len, err);
	bytes_fini(&rdata);
	return rc;
}

static int
nsec3_emit_all(struct chain *c, struct err *err)
{
	int rc;

	if (c->zone->apex_bytes + 1 + HASH_TEXT_BYTES > DNS_NAME_MAX)
		return err_set(err, ERR_LIMIT,
		    "the zone's name is too long for NSEC3, whose names have "
		    "33 octets more; use NSEC");
	qsort(c->names, c->nnames, sizeof *c->names, hash_compare);
	rc = hashes_differ(c, err);
	for (size_t i = 0; rc == 0 && i < c->nnames; i++)
		rc = nsec3_emit(
		    c, &c->names[i], &c->names[(i + 1) % c->nnames], err);
	return rc;
}

int
sign_denial_add(struct zone_records *z, const struct denial_options *options,
    struct err *err)
{
	struct chain c = {.zone = z,
	    .options = options,
	    .types = calloc(TYPES_MAX, sizeof *c.types)};
	bool nsec = options->kind == POLICY_NSEC;
	int rc = c.types ? 0 : no_memory(err);

	owner_walk_begin(&c.walk, z);
	while (rc == 0 && owner_walk_next(&c.walk)) {
		if (c.walk.kind == OWNER_OCCLUDED)
			continue;
		rc = nsec ? nsec_owner(&c, err) : nsec3_owner(&c, err);
	}
	if (rc == 0)
		rc = nsec ? nsec_emit(&c, z->apex, err)
		          : nsec3_emit_all(&c, err);
	bytes_fini(&c.bitmaps);
	bytes_fini(&c.name_octets);
	free(c.types);
	free(c.names);
	return rc;
}
