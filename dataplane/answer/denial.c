/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Proofs of absence; see denial.h. Any thread; reads the generation only.
 */
#include "dataplane/answer/denial.h"

#include "snapshot/nsec3_hash.h"

/* Where a proof that is not there yet goes, of which its first three members
 * say what it is; NULL: nowhere. Filled in place: what is put together
 * elsewhere and copied waits for its stores (15 cycles). */
static inline struct denial_proof *
proof_new_find(struct denial *d)
{
	struct denial_proof *p = &d->proofs[d->count];

	if (d->count == DENIAL_PROOFS_MAX)
		return NULL;
	d->count++;
	return p;
}

/* --- NSEC ----------------------------------------------------------------- */

/* The NSEC of a name of the chain, which stands at `name`, or is NULL; `at` as
 * in struct denial_proof. */
static void
nsec_add_name(struct denial *d, const uint8_t *name, unsigned at)
{
	const struct block_d *b;
	struct denial_proof *p;

	if (!name)
		return;
	b = order_block(name);
	for (unsigned i = 0; i < d->count; i++)
		if (d->proofs[i].block == b)
			return;
	p = proof_new_find(d);
	if (!p)
		return;
	p->block = b;
	p->hash = NULL;
	p->labels = order_name_labels(name);
	p->labels_bytes = (uint8_t)order_name_bytes(name);
	p->at = (uint16_t)at;
}

/* The name of the chain that is the one in hand, or in front of it. */
static const uint8_t *
name_before(const struct denial_step *s)
{
	return s->hint && s->hint->before
	           ? s->hint->before
	           : chain_name_before(s->view, s->g, s->name->lower,
			 s->name->bytes - (unsigned)s->view->apex_bytes);
}

/* The NSEC at or in front of the wildcard below the closest encloser: in nearly
 * all flat zones the apex's, which needs no search. */
static void
nsec_before_wildcard(struct denial *d, const struct denial_step *s)
{
	unsigned start = query_name_start(s->name, s->found->encloser_labels);
	unsigned above = s->name->bytes - start - s->view->apex_bytes;
	const struct order_d *first = chain_order_first(s->view, s->g);
	uint8_t labels[2 + DNS_NAME_MAX + 32];

	if (above == 0 && first && order_spans_wildcard(first)) {
		nsec_add_name(d, chain_name_find(first, 0), 0);
		return;
	}
	labels[0] = 1;
	labels[1] = '*';
	memcpy(labels + 2, s->name->lower + start, above);
	nsec_add_name(
	    d, chain_name_before(s->view, s->g, labels, above + 2), 0);
}

/* RFC 4035 sections 3.1.3.1, 3.1.3.3 and 3.1.3.4. A name with an NSEC record is
 * found itself, and stands in the message already; an empty non-terminal has
 * none, and the one in front of it spans it. */
static void
nsec_add(struct denial *d, const struct denial_step *s)
{
	unsigned bytes = s->name->bytes - (unsigned)s->view->apex_bytes;
	const uint8_t *name = name_before(s);
	bool own = name && chain_name_is(name, s->name->lower, bytes);

	nsec_add_name(d, name, own ? s->at : 0);
	if (s->found->kind == FOUND_NODATA && s->found->expanded)
		nsec_before_wildcard(d, s);
}

static bool
proof_is_of(const struct denial_proof *p, const struct node_d *node)
{
	return !p->hash && p->labels_bytes == node->name_bytes &&
	       query_name_same(p->labels, node_name(node), node->name_bytes);
}

void
denial_leave_out(struct denial *d, const struct node_d *cut)
{
	unsigned kept = 0;

	if (!(cut->flags & NODE_NSEC) || node_block_find(cut, DNS_TYPE_DS))
		return;
	for (unsigned i = 0; i < d->count; i++)
		if (!proof_is_of(&d->proofs[i], cut))
			d->proofs[kept++] = d->proofs[i];
	d->count = kept;
}

/* --- NSEC3 ---------------------------------------------------------------- */

static bool
place_add(struct denial *d, struct hashed_place place, const uint8_t *hash,
    bool match)
{
	struct denial_proof *p;

	if (!place.name ||
	    (match && hashed_compare(place.name->hash, hash) != 0))
		return false;
	for (unsigned i = 0; i < d->count; i++)
		if (d->proofs[i].hash == place.name->hash)
			return true;
	p = proof_new_find(d);
	if (p) {
		p->block = hashed_block(place.hashed, place.name);
		p->hash = place.name->hash;
		p->labels_bytes = 0;
		p->at = 0;
	}
	return true;
}

/* Adds the record whose hash is the last that is not greater; if it must match,
 * only if it does. */
static bool
hashed_add(struct denial *d, const struct denial_step *s, const uint8_t *hash,
    bool match)
{
	return place_add(
	    d, chain_hashed_find(s->view, s->g, hash), hash, match);
}

/* The same for the suffix of some labels of the name in hand. */
static bool
suffix_add(
    struct denial *d, const struct denial_step *s, unsigned labels, bool match)
{
	const struct denial_d *denial = zone_denial(s->view);
	unsigned start = query_name_start(s->name, labels);
	uint8_t hash[NSEC3_HASH_BYTES];

	if (labels == s->view->apex_labels)
		return hashed_add(d, s, denial->apex_hash, match);
	if (s->hint && s->hint->place.name && s->hint->hash_labels == labels)
		return place_add(d, s->hint->place, s->hint->hash, match);
	chain_hash(
	    hash, denial, s->name->lower + start, s->name->bytes - start);
	return hashed_add(d, s, hash, match);
}

/* RFC 5155 section 7.2.1: the closest encloser that the chain has, which with
 * opt-out may be above the one of so many labels. Returns its labels. */
static unsigned
encloser_add(struct denial *d, const struct denial_step *s, unsigned labels)
{
	while (!suffix_add(d, s, labels, true) && labels > s->view->apex_labels)
		labels--;
	return labels;
}

/* The same, and that the next name down is not there. */
static void
encloser_and_next_add(
    struct denial *d, const struct denial_step *s, unsigned labels)
{
	suffix_add(d, s, encloser_add(d, s, labels) + 1, false);
}

static void
wildcard_add(struct denial *d, const struct denial_step *s)
{
	const struct denial_d *denial = zone_denial(s->view);
	unsigned start = query_name_start(s->name, s->found->encloser_labels);
	unsigned bytes = s->name->bytes - start;
	uint8_t name[2 + DNS_NAME_MAX], hash[NSEC3_HASH_BYTES];

	if (s->found->encloser_labels == s->view->apex_labels) {
		hashed_add(d, s, denial->wildcard_hash, false);
		return;
	}
	name[0] = 1;
	name[1] = '*';
	memcpy(name + 2, s->name->lower + start, bytes);
	chain_hash(hash, denial, name, bytes + 2);
	hashed_add(d, s, hash, false);
}

/* RFC 5155 sections 7.2.2 to 7.2.7. */
static void
nsec3_add(struct denial *d, const struct denial_step *s)
{
	const struct found *f = s->found;
	/* the name or the cut; it has no record of its own if it is an insecure
	 * delegation, or above such, and opted out */
	unsigned labels =
	    f->kind == FOUND_NODATA ? s->name->labels : f->key_labels;

	if (f->kind == FOUND_NODATA && f->expanded) {
		encloser_and_next_add(d, s, f->encloser_labels);
		wildcard_add(d, s);
	} else if (f->kind != FOUND_NODATA && f->kind != FOUND_REFERRAL) {
		suffix_add(d, s, f->encloser_labels + 1u, false);
	} else if (!suffix_add(d, s, labels, true) &&
		   labels > s->view->apex_labels) {
		encloser_and_next_add(d, s, labels - 1);
	}
}

/* --- either --------------------------------------------------------------- */

unsigned
denial_add_around(struct denial *d, const struct denial_step *s)
{
	unsigned labels = s->found->encloser_labels;

	if (zone_denial(s->view)->kind == DENIAL_NSEC3) {
		labels = encloser_add(d, s, labels);
		wildcard_add(d, s);
	} else {
		nsec_before_wildcard(d, s);
	}
	return labels;
}

void
denial_add_name(
    struct denial *d, const struct denial_step *s, unsigned encloser_labels)
{
	if (zone_denial(s->view)->kind == DENIAL_NSEC3)
		suffix_add(d, s, encloser_labels + 1, false);
	else
		nsec_add_name(d, name_before(s), 0);
}

void
denial_add(struct denial *d, const struct denial_step *s)
{
	if (s->found->kind == FOUND_NXDOMAIN) {
		denial_add_name(d, s, denial_add_around(d, s));
	} else if (zone_denial(s->view)->kind == DENIAL_NSEC3)
		nsec3_add(d, s);
	else
		nsec_add(d, s);
}
