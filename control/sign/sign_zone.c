/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Signing a zone (sign_zone.h):
 *
 *   source -> with serial and keys -> with denial -> with signatures
 *          -> with its digest; put in order after each, since each needs that
 */
#include "control/sign/sign_zone.h"

#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/sign/owner_walk.h"
#include "control/sign/sign_denial.h"
#include "control/sign/sign_source.h"
#include "control/sign/signature.h"
#include "control/sign/zone_digest.h"

enum { SOA_SERIAL_FROM_END = 20, SOA_MINIMUM_FROM_END = 4 };

bool
serial_is_newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* A version that is being made. */
struct pass {
	const struct zone_records *source;
	const struct sign_options *options;
	uint32_t serial, soa_ttl, denial_ttl;
	struct zone_records *zone;
	struct signer signer;
};

static int
soa_add(struct pass *p, const struct record *r, struct err *err)
{
	const uint8_t *rdata = record_rdata(p->source, r);
	uint8_t soa[2 * DNS_NAME_MAX + SOA_SERIAL_FROM_END];
	uint32_t minimum;

	if (r->rdata_bytes > sizeof soa || r->rdata_bytes < SOA_SERIAL_FROM_END)
		return err_set(err, ERR_SEMANTIC, "the SOA is not whole");
	memcpy(soa, rdata, r->rdata_bytes);
	wire_store32(soa + r->rdata_bytes - SOA_SERIAL_FROM_END, p->serial);
	minimum = wire_load32(soa + r->rdata_bytes - SOA_MINIMUM_FROM_END);
	if (minimum > DNS_TTL_MAX) /* RFC 2181 section 8 */
		minimum = 0;
	p->soa_ttl = r->ttl;
	/* RFC 9077 section 3 */
	p->denial_ttl = minimum < r->ttl ? minimum : r->ttl;
	return zone_records_add(p->zone, record_owner(p->source, r),
	    DNS_TYPE_SOA, r->ttl, soa, r->rdata_bytes, err);
}

static int
source_add(struct pass *p, struct err *err)
{
	const struct zone_records *from = p->source;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < from->count; i++) {
		const struct record *r = &from->records[i];

		rc = r->type == DNS_TYPE_SOA
		         ? soa_add(p, r, err)
		         : zone_records_add(p->zone, record_owner(from, r),
			       r->type, r->ttl, record_rdata(from, r),
			       r->rdata_bytes, err);
	}
	return rc;
}

static int
apex_add(struct pass *p, uint16_t type, uint32_t ttl, const void *rdata,
    size_t bytes, struct err *err)
{
	return zone_records_add(
	    p->zone, p->zone->apex, type, ttl, rdata, bytes, err);
}

/* What asks the parent to remove the DS (RFC 8078 section 4). */
static int
cds_delete_add(struct pass *p, struct err *err)
{
	static const uint8_t cds[] = {0, 0, 0, 0, 0},
			     cdnskey[] = {0, 0, 3, 0, 0};
	uint32_t ttl = p->options->policy->dnskey_ttl_s;
	int rc = apex_add(p, DNS_TYPE_CDS, ttl, cds, sizeof cds, err);

	return rc ? rc
	          : apex_add(
			p, DNS_TYPE_CDNSKEY, ttl, cdnskey, sizeof cdnskey, err);
}

static int
cds_add(struct pass *p, struct err *err)
{
	const struct zone_keys *keys = p->options->keys;
	const struct config_policy *policy = p->options->policy;
	int rc = 0;

	if (policy->cds == POLICY_CDS_DELETE)
		return cds_delete_add(p, err);
	for (unsigned i = 0;
	     rc == 0 && policy->cds == POLICY_CDS_PUBLISH && i < keys->count;
	     i++) {
		const struct zone_key *key = &keys->keys[i];
		uint8_t ds[KEY_DS_RDATA_BYTES];

		if (!zone_key_is_for_parent(keys, key))
			continue;
		zone_key_ds(keys, key, ds);
		rc = apex_add(
		    p, DNS_TYPE_CDS, policy->dnskey_ttl_s, ds, sizeof ds, err);
		if (rc == 0)
			rc = apex_add(p, DNS_TYPE_CDNSKEY, policy->dnskey_ttl_s,
			    key->rdata, key->rdata_bytes, err);
	}
	return rc;
}

static int
keys_add(struct pass *p, struct err *err)
{
	const struct zone_keys *keys = p->options->keys;
	const struct config_policy *policy = p->options->policy;
	/* SHA-1, no flags, no iterations, no salt (RFC 9276 section 3.1) */
	static const uint8_t nsec3param[] = {1, 0, 0, 0, 0};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < keys->count; i++)
		if (zone_key_is_published(&keys->keys[i]))
			rc = apex_add(p, DNS_TYPE_DNSKEY, policy->dnskey_ttl_s,
			    keys->keys[i].rdata, keys->keys[i].rdata_bytes,
			    err);
	if (rc == 0)
		rc = cds_add(p, err);
	if (rc == 0 && policy->denial == POLICY_NSEC3)
		/* for secondaries alone: no resolver asks for it */
		rc = apex_add(p, DNS_TYPE_NSEC3PARAM, 0, nsec3param,
		    sizeof nsec3param, err);
	return rc;
}

/* What of the owner is the zone's to sign (RFC 4035 section 2.2): of a cut the
 * DS and the NSEC. */
static bool
type_is_signed(const struct owner_walk *w, uint16_t type)
{
	if (type == DNS_TYPE_RRSIG)
		return false;
	return w->kind == OWNER_AUTHORITATIVE || type == DNS_TYPE_DS ||
	       type == DNS_TYPE_NSEC;
}

static int
signatures_add(struct pass *p, struct err *err)
{
	struct zone_records *z = p->zone;
	struct owner_walk w;
	int rc = 0;

	owner_walk_begin(&w, z);
	while (rc == 0 && owner_walk_next(&w)) {
		if (w.kind == OWNER_OCCLUDED &&
		    z->records[w.first].type != DNS_TYPE_NSEC3)
			continue;
		for (size_t i = w.first, end; rc == 0 && i < w.next; i = end) {
			end = rrset_end(z, i, w.next);
			if (type_is_signed(&w, z->records[i].type))
				rc = signer_rrset(&p->signer, z, i, end, err);
		}
	}
	return rc;
}

/* The digest covers all signatures but its own. */
static int
digest_add(struct pass *p, struct err *err)
{
	uint8_t rdata[ZONEMD_RDATA_BYTES];
	const struct record *r;
	size_t n;
	int rc = zone_digest_rdata(p->zone, rdata, err);

	if (rc == 0)
		rc = apex_add(
		    p, DNS_TYPE_ZONEMD, p->soa_ttl, rdata, sizeof rdata, err);
	if (rc == 0)
		rc = zone_records_order(p->zone, err);
	if (rc)
		return rc;
	r = zone_records_find(p->zone, p->zone->apex, DNS_TYPE_ZONEMD, &n);
	/* back to the apex in the version before */
	p->signer.source.at = p->signer.source.next = 0;
	rc = signer_rrset(&p->signer, p->zone, (size_t)(r - p->zone->records),
	    (size_t)(r - p->zone->records) + n, err);
	return rc;
}

static int
pass_fill(struct pass *p, struct err *err)
{
	const struct config_policy *policy = p->options->policy;
	struct denial_options denial = {.kind = policy->denial,
	    .apex_type = policy->zonemd ? DNS_TYPE_ZONEMD : 0};
	int rc = source_add(p, err);

	if (rc == 0)
		rc = keys_add(p, err);
	if (rc == 0)
		rc = zone_records_order(p->zone, err);
	denial.ttl = p->denial_ttl;
	if (rc == 0)
		rc = sign_denial_add(p->zone, &denial, err);
	if (rc == 0)
		rc = zone_records_order(p->zone, err);
	if (rc == 0)
		rc = signatures_add(p, err);
	if (rc == 0 && policy->zonemd) {
		rc = zone_records_order(p->zone, err);
		if (rc == 0)
			rc = digest_add(p, err);
	}
	return rc ? rc : zone_records_seal(p->zone, NULL, NULL, err);
}

/* Signs with this serial; what signatures are counted is added to `out`, whose
 * zone, if it has one, is what they come from, and is replaced. */
static int
pass_run(const struct zone_records *source, const struct sign_options *options,
    uint32_t serial, struct sign_result *out, struct err *err)
{
	struct pass p = {
	    .source = source, .options = options, .serial = serial};
	uint64_t all;
	int rc;

	p.zone = zone_records_new(source->apex, err);
	if (!p.zone)
		return ERR_NO_MEMORY;
	signer_init(&p.signer, options->keys, options->policy,
	    out->zone ? out->zone : options->previous, options->now);
	rc = pass_fill(&p, err);
	signer_fini(&p.signer);
	if (rc) {
		zone_records_free(p.zone);
		return rc;
	}
	all = p.signer.made + p.signer.kept;
	out->made += p.signer.made;
	/* what the first of two passes made is kept by the second */
	out->kept = all > out->made ? all - out->made : 0;
	out->ends_first = p.signer.ends_first;
	out->due = signature_due(options->policy, out->ends_first);
	zone_records_free(out->zone);
	out->zone = p.zone;
	return 0;
}

/* Both halves must be there, or the zone would come out half signed. */
static int
keys_check(const struct zone_keys *k, struct err *err)
{
	bool keys = false, zone = false;

	for (unsigned i = 0; i < k->count; i++) {
		keys |= zone_key_signs_keys(&k->keys[i]) &&
		        k->keys[i].state == KEY_ACTIVE;
		zone |= zone_key_signs_zone(&k->keys[i]);
	}
	if (keys && zone)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
	    "the zone has no active key that signs %s", keys ? "it" : "keys");
}

static uint32_t
serial_next(uint32_t serial)
{
	return serial + 1 ? serial + 1 : 1; /* some take 0 for none */
}

int
sign_zone(const struct zone_records *source, const struct sign_options *options,
    struct sign_result *out, struct err *err)
{
	const struct zone_records *before = options->previous;
	bool newer = !before || serial_is_newer(source->serial, before->serial);
	int rc = sign_source_check(source, err);

	*out = (struct sign_result){0};
	if (rc == 0)
		rc = keys_check(options->keys, err);
	if (rc == 0)
		rc = pass_run(source, options,
		    newer ? source->serial : before->serial, out, err);
	if (rc == 0 && !newer &&
	    !digest_equal(&out->zone->version, &before->version))
		rc = pass_run(
		    source, options, serial_next(before->serial), out, err);
	if (rc) {
		zone_records_free(out->zone);
		out->zone = NULL;
	}
	return rc;
}
