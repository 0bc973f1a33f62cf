/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a rollback would bring back (rollback_check.h).
 */
#include "control/publish/rollback_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/compile/compile.h"
#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_keys.h"

enum {
	RRSIG_ALGORITHM_AT = 2,
	RRSIG_EXPIRATION_AT = 8,
	RRSIG_TAG_AT = 16,
	RRSIG_FIXED_BYTES = 18,
	DNSKEY_ALGORITHM_AT = 3,
	DNSKEY_FIXED_BYTES = 4,
};

static uint64_t
rrsig_end(const uint8_t *rdata, uint64_t now)
{
	const uint8_t *p = rdata + RRSIG_EXPIRATION_AT;
	uint32_t end = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	               (uint32_t)p[2] << 8 | p[3];

	/* serial number arithmetic: the nearest moment of that number */
	return now + (uint64_t)(int64_t)(int32_t)(end - (uint32_t)now);
}

static bool
same_rrset(const struct zone_records *z, const struct record *a,
    const struct record *b)
{
	return name_equal(record_owner(z, a), record_owner(z, b)) &&
	       memcmp(record_rdata(z, a), record_rdata(z, b), 2) == 0;
}

/* Records are sorted, so signatures of one RRset follow each other. */
uint64_t
rollback_signatures_end(const struct zone_records *z, uint64_t now)
{
	uint64_t first = UINT64_MAX, last = 0;
	const struct record *before = NULL;

	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];
		const uint8_t *rdata = record_rdata(z, r);
		uint64_t end;

		if (r->type != DNS_TYPE_RRSIG ||
		    r->rdata_bytes < RRSIG_FIXED_BYTES)
			continue;
		end = rrsig_end(rdata, now);
		if (before && same_rrset(z, before, r)) {
			last = end > last ? end : last;
		} else {
			first = before && last < first ? last : first;
			last = end;
		}
		before = r;
	}
	return before && last < first ? last : first;
}

/* --- keys ----------------------------------------------------------------- */

/* True if the zone's keys are signed by this one: what a DS can lead to (RFC
 * 4035 section 5.2). */
static bool
signs_keys(const struct zone_records *z, const struct record *key)
{
	const uint8_t *dnskey = record_rdata(z, key);
	size_t n = 0;
	const struct record *r =
	    zone_records_find(z, z->apex, DNS_TYPE_RRSIG, &n);
	uint16_t tag;

	if (key->rdata_bytes < DNSKEY_FIXED_BYTES)
		return false;
	tag = dnssec_key_tag(dnskey, key->rdata_bytes);
	for (size_t i = 0; i < n; i++) {
		const uint8_t *rrsig = record_rdata(z, &r[i]);

		if (r[i].rdata_bytes >= RRSIG_FIXED_BYTES &&
		    wire_load16(rrsig) == DNS_TYPE_DNSKEY &&
		    wire_load16(rrsig + RRSIG_TAG_AT) == tag &&
		    rrsig[RRSIG_ALGORITHM_AT] == dnskey[DNSKEY_ALGORITHM_AT])
			return true;
	}
	return false;
}

static bool
signs_keys_of(const struct zone_records *z, const uint8_t *rdata, size_t bytes)
{
	size_t n = 0;
	const struct record *r =
	    zone_records_find(z, z->apex, DNS_TYPE_DNSKEY, &n);

	for (size_t i = 0; i < n; i++)
		if (r[i].rdata_bytes == bytes &&
		    memcmp(record_rdata(z, &r[i]), rdata, bytes) == 0)
			return signs_keys(z, &r[i]);
	return false;
}

bool
rollback_keeps_keys(
    const struct zone_records *was, const struct zone_records *is)
{
	size_t n = 0;
	const struct record *r =
	    zone_records_find(was, was->apex, DNS_TYPE_DNSKEY, &n);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (!signs_keys(was, &r[i]))
			continue;
		any = true;
		if (signs_keys_of(
			is, record_rdata(was, &r[i]), r[i].rdata_bytes))
			return true;
	}
	return !any;
}

/* --- a generation --------------------------------------------------------- */

struct zone_list {
	struct zone_records **zones;
	size_t count;
};

static void
zone_list_free(struct zone_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		zone_records_free(l->zones[i]);
	free(l->zones);
}

/* NULL: `now` does not have the zone. Both in canonical order. */
static void
zone_compare(const struct zone_records *was, const struct zone_records *is,
    uint64_t now, struct rollback_report *report, struct err *err)
{
	uint64_t end = rollback_signatures_end(is, now);
	char name[NAME_TEXT_MAX], when[32];

	if (was && digest_equal(&was->version, &is->version))
		return;
	name_to_text(name, is->apex);
	if (was && !rollback_keeps_keys(was, is) && report->rekeyed++ == 0 &&
	    report->ended == 0)
		err_set(err, ERR_REFUSED,
		    "zone %s of that generation has no key that signs the "
		    "keys of what is served: whoever knows the zone by its DS "
		    "would not believe it; --force goes back all the same",
		    name);
	if (end <= now && report->ended++ == 0 && report->rekeyed == 0)
		err_set(err, ERR_REFUSED,
		    "zone %s of that generation has signatures that ended at "
		    "%s: validators would not believe it; --force goes back "
		    "all the same",
		    name, dnssec_time_text(when, end));
	if (was && (int32_t)(is->serial - was->serial) < 0 &&
	    report->backwards++ == 0)
		snprintf(report->warning, sizeof report->warning,
		    "the serial of zone %.300s goes back from %u to %u: "
		    "secondaries that have the newer one keep it until a "
		    "higher one comes",
		    name, was->serial, is->serial);
}

int
rollback_check(struct store *s, const struct digest *from,
    const struct digest *to, uint64_t now, struct rollback_report *report,
    struct err *err)
{
	struct zone_list was = {0}, is = {0};
	size_t at = 0;
	int rc = compile_read_zones(s, to, &is.zones, &is.count, err);
	struct err ignored;

	*report = (struct rollback_report){0};
	/* what is left may be damaged: that is no reason to stay */
	if (rc == 0 && !digest_is_zero(from) &&
	    compile_read_zones(s, from, &was.zones, &was.count, &ignored) != 0)
		was = (struct zone_list){0};
	for (size_t i = 0; rc == 0 && i < is.count; i++) {
		const struct zone_records *z = is.zones[i];

		while (at < was.count &&
		       name_compare(was.zones[at]->apex, z->apex) < 0)
			at++;
		zone_compare(
		    at < was.count && name_equal(was.zones[at]->apex, z->apex)
			? was.zones[at]
			: NULL,
		    z, now, report, err);
	}
	if (rc == 0 && report->ended + report->rekeyed)
		rc = report->ended + report->rekeyed > 1
		         ? err_add(err, "%zu faults of zones",
			       report->ended + report->rekeyed)
		         : err->code;
	if (report->backwards > 1) {
		size_t n = strlen(report->warning);

		snprintf(report->warning + n, sizeof report->warning - n,
		    "; and of %zu zones more", report->backwards - 1);
	}
	zone_list_free(&was);
	zone_list_free(&is);
	return rc;
}
