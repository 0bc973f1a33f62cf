/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Guards over the apex: SOA, NS and DNSKEY, signed or not, serial, and how long
 * absence is cached. Both versions are sealed and have one SOA (zone_check).
 */
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/guard/guard_case.h"

enum {
	SOA_NUMBERS_BYTES = 20, /* serial, refresh, retry, expire, minimum */
	SOA_TIMES_OFF = 4,      /* behind the serial */
	SOA_MINIMUM_OFF = 16,
};

static const struct record *
soa_of(const struct zone_records *z)
{
	size_t n;

	return zone_records_find(z, z->apex, DNS_TYPE_SOA, &n);
}

static const uint8_t *
soa_numbers(const struct zone_records *z, const struct record *soa)
{
	return record_rdata(z, soa) + soa->rdata_bytes - SOA_NUMBERS_BYTES;
}

/* How long an answer that says no is cached (RFC 2308 section 5). */
static uint32_t
negative_ttl(const struct zone_records *z)
{
	const struct record *soa = soa_of(z);
	uint32_t minimum = wire_load32(soa_numbers(z, soa) + SOA_MINIMUM_OFF);

	return soa->ttl < minimum ? soa->ttl : minimum;
}

static void
soa_look(struct guard_case *c)
{
	const struct zone_records *old = c->zone->last_good;
	const struct zone_records *new = c->zone->records;
	const struct record *a = soa_of(old), *b = soa_of(new);
	size_t names = a->rdata_bytes - SOA_NUMBERS_BYTES;

	/* the last field is for negative_look() */
	if (a->rdata_bytes == b->rdata_bytes &&
	    memcmp(record_rdata(old, a), record_rdata(new, b), names) == 0 &&
	    memcmp(soa_numbers(old, a) + SOA_TIMES_OFF,
		soa_numbers(new, b) + SOA_TIMES_OFF,
		SOA_MINIMUM_OFF - SOA_TIMES_OFF) == 0)
		return;
	guard_case_say(c, GUARD_SOA, GUARD_REFUSE,
	    "the SOA's server, mailbox, refresh, retry or expire are others; "
	    "limit: they stay");
}

static void
serial_look(struct guard_case *c)
{
	uint32_t old = c->zone->last_good->serial;
	uint32_t new = c->zone->records->serial;
	int32_t step = (int32_t)(new - old); /* RFC 1982 section 3.2 */

	if (c->zone_rules->is_signed_here)
		return; /* the signer counts */
	if (step == 0 && (c->diff.removed || c->diff.added))
		guard_case_say(c, GUARD_SERIAL, GUARD_WARN,
		    "records change and the serial stays at %u: secondaries "
		    "will not notice",
		    new);
	if (step < 0)
		guard_case_say(c, GUARD_SERIAL, GUARD_REFUSE,
		    "the serial goes back from %u to %u (RFC 1982): this looks "
		    "like an old version; limit: it goes forward",
		    old, new);
}

static void
negative_look(struct guard_case *c)
{
	uint32_t old = negative_ttl(c->zone->last_good);
	uint32_t new = negative_ttl(c->zone->records);
	uint32_t limit = c->zone_rules->budgets.negative_ttl_s;

	if (new > old)
		guard_case_say(c, GUARD_NEGATIVE_TTL,
		    new > limit ? GUARD_REFUSE : GUARD_WARN,
		    "absence would be cached for %u s, before for %u s; limit: "
		    "%u s (negative_ttl_s)",
		    new, old, limit);
}

/* Of the records of a type at the apex of the old version: how many there are,
 * and how many of them the new one has. */
static size_t
apex_kept(
    const struct guard_case *c, uint16_t type, size_t *before, size_t *after)
{
	const struct zone_records *old = c->zone->last_good;
	const struct zone_records *new = c->zone->records;
	const struct record *a =
	    zone_records_find(old, old->apex, type, before);
	const struct record *b = zone_records_find(new, new->apex, type, after);
	size_t kept = 0;

	for (size_t i = 0; i < *before; i++)
		for (size_t j = 0; j < *after; j++)
			kept += a[i].rdata_bytes == b[j].rdata_bytes &&
			        memcmp(record_rdata(old, &a[i]),
				    record_rdata(new, &b[j]),
				    a[i].rdata_bytes) == 0;
	return kept;
}

static void
ns_look(struct guard_case *c)
{
	size_t before, after, kept;

	kept = apex_kept(c, DNS_TYPE_NS, &before, &after);
	if (kept == before && kept == after)
		return;
	guard_case_say(c, GUARD_NS, kept ? GUARD_WARN : GUARD_REFUSE,
	    "the zone's NS are others: of %zu %zu stay, of %zu now; limit: one "
	    "stays",
	    before, kept, after);
}

static void
dnskey_look(struct guard_case *c)
{
	size_t before, after, kept;

	if (c->zone_rules->is_signed_here)
		return;
	kept = apex_kept(c, DNS_TYPE_DNSKEY, &before, &after);
	if (before && !after)
		guard_case_say(c, GUARD_UNSIGNED, GUARD_REFUSE,
		    "the zone was signed and is unsigned now: while its parent "
		    "has a DS, validators take all of it for bogus; limit: it "
		    "stays signed");
	else if (!before && after)
		guard_case_say(c, GUARD_UNSIGNED, GUARD_WARN,
		    "the zone was unsigned and is signed now");
	else if (kept < before || kept < after)
		guard_case_say(c, GUARD_DNSKEY,
		    kept ? GUARD_WARN : GUARD_REFUSE,
		    "the zone's DNSKEY are others: of %zu %zu stay, of %zu "
		    "now; limit: one stays",
		    before, kept, after);
}

/* Signed here before and not any more, or the reverse, which the configuration
 * says: the same for those who validate. */
static void
signing_look(struct guard_case *c)
{
	size_t before, after;

	if (!c->zone_rules->is_signed_here)
		return;
	apex_kept(c, DNS_TYPE_DNSKEY, &before, &after);
	if (!before && after)
		guard_case_say(c, GUARD_UNSIGNED, GUARD_WARN,
		    "the zone was unsigned and is signed here now");
}

void
guard_check_apex(struct guard_case *c)
{
	soa_look(c);
	serial_look(c);
	negative_look(c);
	ns_look(c);
	dnskey_look(c);
	signing_look(c);
}
