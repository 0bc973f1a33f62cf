/* SPDX-License-Identifier: BSD-2-Clause
 *
 * RRSIGs (signature.h).
 */
#include "control/sign/signature.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/dnssec/dnssec_canonical.h"
#include "control/sign/key_roll.h"

enum {
	RRSIG_FIXED_BYTES = 18, /* before the signer's name */
	RRSIG_ENDS = 8,
	RRSIG_BEGINS = 12,
	RRSIG_TAG = 16,
	SIGNATURE_BYTES = 64, /* of algorithms 13 and 15 */
	RRSIG_BYTES_MAX = RRSIG_FIXED_BYTES + DNS_NAME_MAX + SIGNATURE_BYTES,
};

void
signer_init(struct signer *s, const struct zone_keys *keys,
    const struct config_policy *policy, const struct zone_records *previous,
    uint64_t now)
{
	*s = (struct signer){.keys = keys,
	    .policy = policy,
	    .now = now,
	    .source = {.zone = previous}};
	for (unsigned i = 0; i < keys->count; i++)
		/* the whole key is compared: tags are not unique over time */
		s->source.known[i] = keys->keys[i].rdata_bytes > 0 &&
		                     key_is_served(&keys->keys[i], previous);
}

void
signer_fini(struct signer *s)
{
	bytes_fini(&s->data);
	bytes_fini(&s->scratch);
}

/* FNV-1a, then its bits mixed: neighbours are to be far apart. */
uint32_t
signature_jitter(const uint8_t *owner, uint16_t type, uint32_t jitter_s)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t bytes = name_length(owner);

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ owner[i]) * 0x100000001b3u;
	h = (h ^ (type & 0xff)) * 0x100000001b3u;
	h = (h ^ (type >> 8)) * 0x100000001b3u;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	return (uint32_t)(h % ((uint64_t)jitter_s + 1));
}

uint64_t
signature_due(const struct config_policy *policy, uint64_t ends)
{
	return ends > policy->refresh_s ? ends - policy->refresh_s : 0;
}

/* Times are 32 bits that wrap (RFC 4034 section 3.1.5): near `now`. */
static int64_t
seconds_from_now(const struct signer *s, uint32_t time)
{
	return (int32_t)(time - (uint32_t)s->now);
}

static bool
lives_long_enough(const struct signer *s, const uint8_t *rrsig)
{
	int64_t left = seconds_from_now(s, wire_load32(rrsig + RRSIG_ENDS));
	int64_t begun = seconds_from_now(s, wire_load32(rrsig + RRSIG_BEGINS));
	int64_t due = (int64_t)s->policy->refresh_s +
	              s->policy->jitter_s / SIGNATURE_BATCHES;

	/* one that lives longer than the policy gives is from another policy,
	 * or from a clock that was wrong */
	return begun <= 0 && left > due && left <= s->policy->validity_s;
}

/* All but the times and the signature. */
static size_t
head_write(uint8_t head[RRSIG_BYTES_MAX], const struct zone_records *z,
    const struct record *r, const struct zone_key *key)
{
	const uint8_t *owner = record_owner(z, r);

	memset(head, 0, RRSIG_FIXED_BYTES);
	wire_store16(head, r->type);
	head[2] = key->algorithm;
	/* neither the root label nor the asterisk of a wildcard counts */
	head[3] = (uint8_t)(name_labels(owner) - name_is_wildcard(owner));
	wire_store32(head + 4, r->ttl);
	wire_store16(head + RRSIG_TAG, key->tag);
	memcpy(head + RRSIG_FIXED_BYTES, z->apex, z->apex_bytes);
	return (size_t)RRSIG_FIXED_BYTES + z->apex_bytes;
}

static void
ends_note(struct signer *s, const uint8_t *rrsig)
{
	uint64_t ends = s->now + (uint64_t)seconds_from_now(
				     s, wire_load32(rrsig + RRSIG_ENDS));

	if (!s->ends_first || ends < s->ends_first)
		s->ends_first = ends;
}

/* Moves to the owner in the version before, or behind where it would be. */
static bool
source_seek(struct signature_source *f, const uint8_t *owner)
{
	const struct zone_records *z = f->zone;

	while (f->at < z->count) {
		int c =
		    name_compare(record_owner(z, &z->records[f->at]), owner);

		if (c > 0)
			return false;
		if (f->next <= f->at)
			for (f->next = f->at;
			     f->next < z->count && z->records[f->next].owner ==
						       z->records[f->at].owner;)
				f->next++;
		if (c == 0)
			return true;
		f->at = f->next;
	}
	return false;
}

/* The RRset of a type among the owner's records there. */
static size_t
source_rrset_find(const struct signature_source *f, uint16_t type, size_t *end)
{
	size_t i = f->at;

	while (i < f->next && f->zone->records[i].type != type)
		i++;
	*end = i;
	while (*end < f->next && f->zone->records[*end].type == type)
		++*end;
	return i;
}

static bool
rrset_equal(const struct zone_records *a, size_t first, size_t end,
    const struct zone_records *b, size_t other, size_t other_end)
{
	if (end - first != other_end - other)
		return false;
	for (; first < end; first++, other++) {
		const struct record *x = &a->records[first];
		const struct record *y = &b->records[other];

		if (x->ttl != y->ttl || x->rdata_bytes != y->rdata_bytes ||
		    memcmp(record_rdata(a, x), record_rdata(b, y),
			x->rdata_bytes) != 0)
			return false;
	}
	return true;
}

/* A signature of the version before that says what a new one would. */
static const uint8_t *
kept_find(struct signer *s, const uint8_t *head, size_t head_bytes)
{
	struct signature_source *f = &s->source;
	size_t end, i = source_rrset_find(f, DNS_TYPE_RRSIG, &end);

	for (; i < end; i++) {
		const struct record *r = &f->zone->records[i];
		const uint8_t *rrsig = record_rdata(f->zone, r);

		if (r->rdata_bytes == head_bytes + SIGNATURE_BYTES &&
		    memcmp(rrsig, head, RRSIG_ENDS) == 0 &&
		    memcmp(rrsig + RRSIG_TAG, head + RRSIG_TAG,
			head_bytes - RRSIG_TAG) == 0 &&
		    lives_long_enough(s, rrsig))
			return rrsig;
	}
	return NULL;
}

/* Signs what is in `data`; the signature goes to `out`. */
static int
data_sign(struct signer *s, const struct zone_key *key,
    uint8_t out[SIGNATURE_BYTES], struct err *err)
{
	ldns_buffer *buffer = ldns_buffer_new(s->data.len);
	ldns_rdf *signature = NULL;
	int rc = 0;

	if (!buffer || s->data.failed) {
		ldns_buffer_free(buffer);
		return err_set(err, ERR_NO_MEMORY, "no memory to sign");
	}
	ldns_buffer_write(buffer, s->data.data, s->data.len);
	signature = ldns_sign_public_buffer(buffer, key->secret);
	if (signature && ldns_rdf_size(signature) == SIGNATURE_BYTES)
		memcpy(out, ldns_rdf_data(signature), SIGNATURE_BYTES);
	else
		rc = err_set(err, ERR_IO,
		    "libcrypto makes no signature with key %u", key->tag);
	ldns_rdf_deep_free(signature);
	ldns_buffer_free(buffer);
	return rc;
}

static int
signature_make(struct signer *s, const struct zone_key *key,
    const struct zone_records *z, size_t first, size_t end,
    uint8_t rrsig[RRSIG_BYTES_MAX], size_t head_bytes, struct err *err)
{
	const struct record *r = &z->records[first];
	uint32_t jitter =
	    signature_jitter(record_owner(z, r), r->type, s->policy->jitter_s);
	uint32_t now = (uint32_t)s->now;

	wire_store32(rrsig + RRSIG_ENDS, now + s->policy->validity_s - jitter);
	wire_store32(rrsig + RRSIG_BEGINS, now - SIGNATURE_BACK_S);
	bytes_clear(&s->data);
	bytes_append(&s->data, rrsig, head_bytes);
	if (!dnssec_canonical_rrset(&s->data, z, first, end - first,
		z->records[first].ttl, &s->scratch))
		return err_set(err, ERR_NO_MEMORY, "out of memory");
	return data_sign(s, key, rrsig + head_bytes, err);
}

static int
rrset_sign(struct signer *s, const struct zone_key *key, bool may_keep,
    struct zone_records *z, size_t first, size_t end, struct err *err)
{
	uint8_t rrsig[RRSIG_BYTES_MAX], owner[DNS_NAME_MAX + 1];
	const struct record *r = &z->records[first];
	size_t head_bytes = head_write(rrsig, z, r, key);
	const uint8_t *kept = may_keep ? kept_find(s, rrsig, head_bytes) : NULL;
	uint32_t ttl = r->ttl;
	int rc = 0;

	memcpy(owner, record_owner(z, r), name_length(record_owner(z, r)));
	if (kept)
		memcpy(rrsig, kept, head_bytes + SIGNATURE_BYTES);
	else
		rc = signature_make(
		    s, key, z, first, end, rrsig, head_bytes, err);
	if (rc)
		return rc;
	*(kept ? &s->kept : &s->made) += 1;
	ends_note(s, rrsig);
	return zone_records_add(z, owner, DNS_TYPE_RRSIG, ttl, rrsig,
	    head_bytes + SIGNATURE_BYTES, err);
}

/* RFC 4035 section 2.2, RFC 7344 section 4.1. */
static bool
key_signs(const struct zone_key *key, const struct zone_records *z,
    const struct record *r)
{
	bool of_keys = (r->type == DNS_TYPE_DNSKEY || r->type == DNS_TYPE_CDS ||
			   r->type == DNS_TYPE_CDNSKEY) &&
	               name_equal(record_owner(z, r), z->apex);

	return of_keys ? zone_key_signs_keys(key) : zone_key_signs_zone(key);
}

int
signer_rrset(struct signer *s, struct zone_records *z, size_t first, size_t end,
    struct err *err)
{
	const struct record *r = &z->records[first];
	struct signature_source *f = &s->source;
	bool same = false;
	char owner[NAME_TEXT_MAX];
	int rc = 0;

	if (f->zone && source_seek(f, record_owner(z, r))) {
		size_t other_end,
		    other = source_rrset_find(f, r->type, &other_end);

		same = rrset_equal(z, first, end, f->zone, other, other_end);
	}
	for (unsigned i = 0; rc == 0 && i < s->keys->count; i++)
		if (key_signs(&s->keys->keys[i], z, &z->records[first]))
			rc = rrset_sign(s, &s->keys->keys[i],
			    same && f->known[i], z, first, end, err);
	if (rc)
		err_add(err, "%.255s type %u",
		    name_to_text(owner, record_owner(z, &z->records[first])),
		    z->records[first].type);
	return rc;
}
