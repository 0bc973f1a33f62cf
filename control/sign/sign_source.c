/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The unsigned side of the signer (sign_source.h).
 */
#include "control/sign/sign_source.h"

#include "base/name.h"
#include "base/wire.h"

enum { TYPE_ZONEMD = 63 };

/* Octets of the SOA behind the serial, the serial included. */
enum { SOA_NUMBERS_BYTES = 20 };

static const char *
signer_type_find(uint16_t type, bool at_apex)
{
	switch (type) {
	case DNS_TYPE_DNSKEY:
		return "DNSKEY";
	case DNS_TYPE_RRSIG:
		return "RRSIG";
	case DNS_TYPE_NSEC:
		return "NSEC";
	case DNS_TYPE_NSEC3:
		return "NSEC3";
	case DNS_TYPE_NSEC3PARAM:
		return "NSEC3PARAM";
	case DNS_TYPE_CDS:
		return at_apex ? "CDS" : NULL;
	case DNS_TYPE_CDNSKEY:
		return at_apex ? "CDNSKEY" : NULL;
	case TYPE_ZONEMD:
		return at_apex ? "ZONEMD" : NULL;
	default:
		return NULL;
	}
}

static const char *
excluded_find(const struct zone_records *z, const struct record *r)
{
	return signer_type_find(
	    r->type, name_equal(record_owner(z, r), z->apex));
}

bool
sign_source_excludes(const struct zone_records *z, const struct record *r)
{
	return excluded_find(z, r) != NULL;
}

int
sign_source_check(const struct zone_records *z, struct err *err)
{
	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];
		const char *type = excluded_find(z, r);
		char owner[NAME_TEXT_MAX];

		if (type)
			return err_set(err, ERR_SEMANTIC,
			    "%.255s has a %s record, which the signer makes "
			    "itself (dnssec: sign); remove it, and whatever "
			    "else a signer has added",
			    name_to_text(owner, record_owner(z, r)), type);
	}
	return 0;
}

int
sign_source_strip(
    struct zone_records **out, const struct zone_records *zone, struct err *err)
{
	struct zone_records *z = zone_records_new(zone->apex, err);
	int rc = z ? 0 : ERR_NO_MEMORY;

	for (size_t i = 0; rc == 0 && i < zone->count; i++) {
		const struct record *r = &zone->records[i];

		if (!sign_source_excludes(zone, r))
			rc = zone_records_add(z, record_owner(zone, r), r->type,
			    r->ttl, record_rdata(zone, r), r->rdata_bytes, err);
	}
	if (rc == 0)
		rc = zone_records_seal(z, NULL, NULL, err);
	if (rc) {
		zone_records_free(z);
		return rc;
	}
	*out = z;
	return 0;
}

static void
record_digest(struct digest_stream *s, const struct zone_records *z,
    const struct record *r)
{
	const uint8_t *owner = record_owner(z, r), *rdata = record_rdata(z, r);
	static const uint8_t no_serial[4];
	size_t bytes = r->rdata_bytes;
	uint8_t fixed[8];

	wire_store16(fixed, r->type);
	wire_store32(fixed + 2, r->ttl);
	wire_store16(fixed + 6, r->rdata_bytes);
	digest_stream_add(s, owner, name_length(owner));
	digest_stream_add(s, fixed, sizeof fixed);
	if (r->type == DNS_TYPE_SOA && bytes >= SOA_NUMBERS_BYTES) {
		digest_stream_add(s, rdata, bytes - SOA_NUMBERS_BYTES);
		digest_stream_add(s, no_serial, sizeof no_serial);
		rdata += bytes - SOA_NUMBERS_BYTES + sizeof no_serial;
		bytes = SOA_NUMBERS_BYTES - sizeof no_serial;
	}
	digest_stream_add(s, rdata, bytes);
}

int
sign_source_digest(
    const struct zone_records *z, struct digest *out, struct err *err)
{
	static const char purpose[] = "source of a signed zone";
	struct digest_stream *s = digest_stream_new();

	if (!s)
		return err_set(err, ERR_NO_MEMORY, "no memory for a digest");
	/* never equal to the version of a zone that is not signed here */
	digest_stream_add(s, purpose, sizeof purpose);
	digest_stream_add(s, z->apex, z->apex_bytes);
	for (size_t i = 0; i < z->count; i++)
		if (!sign_source_excludes(z, &z->records[i]))
			record_digest(s, z, &z->records[i]);
	digest_stream_end(s, out);
	digest_stream_free(s);
	return 0;
}
