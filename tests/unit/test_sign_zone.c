/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/sign: signatures verified by ldns, chains and bitmaps,
 * what is kept from one version to the next, serials, digests. Time is passed
 * in.
 */
#include "control/sign/sign_zone.h"

#include <check.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/wire.h"
#include "control/sign/key_roll.h"
#include "control/sign/sign_denial.h"
#include "control/sign/sign_source.h"
#include "control/sign/signature.h"
#include "control/sign/zone_digest.h"
#include "tests/unit/unit_run.h"
#include "tests/unit/zone_text.h"

enum { NOW = 1800000000, DAY = 86400 };

#define ONES "11111111111111111111111111111111"

static struct config_policy policy = {.algorithm = POLICY_ED25519,
    .validity_s = 14 * DAY,
    .refresh_s = 7 * DAY,
    .jitter_s = DAY,
    .dnskey_ttl_s = 3600,
    .ds_ttl_s = DAY,
    .propagation_s = 3600};
static struct zone_keys keys;
static struct err err;

/* Names in RDATA in mixed case, empty non-terminals, delegations with and
 * without DS, glue, wildcards, DNAME, a name with an odd octet. */
#define ZONE(serial, more)                                                     \
	"@ 600 SOA NS hostmaster " serial " 3600 600 86400 300\n"              \
	"@ 600 NS NS\n@ 600 NS ns2.Other.example.\n@ 60 MX 10 Mail\n"          \
	"ns 600 A 192.0.2.1\nns 600 AAAA 2001:db8::1\n"                        \
	"mail 600 A 192.0.2.2\na.b.c 60 TXT \"deep\"\n"                        \
	"*.wild 60 A 192.0.2.3\nx.*.wild 60 A 192.0.2.3\n"                     \
	"alias 60 CNAME Www\nsecure 60 NS ns.secure\n"                         \
	"secure 60 DS 1 13 2 "                                                 \
	"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n"   \
	"ns.secure 60 A 192.0.2.4\nplain 60 NS ns.plain\n"                     \
	"ns.plain 60 A 192.0.2.5\ndeep.under.plain 60 A 192.0.2.6\n"           \
	"cut.ent 60 NS ns.elsewhere.example.\n"                                \
	"moved 60 DNAME Other.example.\nodd\\000 60 A 192.0.2.7\n"             \
	"many 60 NS Z.test.\nmany2 60 SRV 1 2 3 Target\n"                      \
	"dup 60 PTR Host\ndup 60 PTR hOST\ntype 60 TYPE65280 \\# 2 abcd\n" more

static struct zone_records *
source(const char *serial, const char *more)
{
	char text[4096];

	snprintf(text, sizeof text, ZONE("%s", "%s"), serial, more);
	return zone_from_text("sign.test.", text);
}

static void
start(void)
{
	memset(&keys, 0, sizeof keys);
	memcpy(keys.apex, name_from_test("sign.test."), 11);
	ck_assert_msg(key_roll_create(&keys, &policy, NOW - 1000, &err) == 0,
	    "%s", err.text);
}

static struct sign_result
sign(const struct zone_records *from, const struct zone_records *previous,
    uint64_t now)
{
	struct sign_options options = {
	    .policy = &policy, .keys = &keys, .previous = previous, .now = now};
	struct sign_result out;

	ck_assert_msg(
	    sign_zone(from, &options, &out, &err) == 0, "%s", err.text);
	return out;
}

static ldns_rr *
record_to_ldns(const struct zone_records *z, const struct record *r)
{
	const uint8_t *owner = record_owner(z, r);
	size_t n = name_length(owner), at = 0;
	uint8_t *wire = malloc(n + 10 + r->rdata_bytes);
	ldns_rr *rr = NULL;

	memcpy(wire, owner, n);
	wire_store16(wire + n, r->type);
	wire_store16(wire + n + 2, DNS_CLASS_IN);
	wire_store32(wire + n + 4, r->ttl);
	wire_store16(wire + n + 8, r->rdata_bytes);
	memcpy(wire + n + 10, record_rdata(z, r), r->rdata_bytes);
	ck_assert_int_eq(ldns_wire2rr(&rr, wire, n + 10 + r->rdata_bytes, &at,
			     LDNS_SECTION_ANSWER),
	    LDNS_STATUS_OK);
	free(wire);
	return rr;
}

static ldns_rr_list *
rrset_to_ldns(const struct zone_records *z, const uint8_t *owner, uint16_t type)
{
	ldns_rr_list *list = ldns_rr_list_new();
	size_t n = 0;
	const struct record *r = zone_records_find(z, owner, type, &n);

	for (size_t i = 0; i < n; i++)
		ldns_rr_list_push_rr(list, record_to_ldns(z, &r[i]));
	return list;
}

/* Every signature is right; returns how many there are. */
static size_t
signatures_verify(const struct zone_records *z, uint64_t now)
{
	ldns_rr_list *dnskeys = rrset_to_ldns(z, z->apex, DNS_TYPE_DNSKEY);
	size_t n = 0;

	for (size_t i = 0; i < z->count; i++) {
		const struct record *r = &z->records[i];
		ldns_rr_list *rrset, *good;
		ldns_rr *rrsig;

		if (r->type != DNS_TYPE_RRSIG)
			continue;
		rrset = rrset_to_ldns(
		    z, record_owner(z, r), wire_load16(record_rdata(z, r)));
		/* what is equal in canonical form counts once (RFC 4034
		 * section 6.3), which ldns leaves to its callers */
		if (ldns_rr_list_rr_count(rrset) == 2 &&
		    ldns_rr_compare(ldns_rr_list_rr(rrset, 0),
			ldns_rr_list_rr(rrset, 1)) == 0)
			ldns_rr_free(ldns_rr_list_pop_rr(rrset));
		good = ldns_rr_list_new();
		rrsig = record_to_ldns(z, r);
		ck_assert_uint_gt(ldns_rr_list_rr_count(rrset), 0);
		ck_assert_int_eq(ldns_verify_rrsig_keylist_time(
				     rrset, rrsig, dnskeys, (time_t)now, good),
		    LDNS_STATUS_OK);
		ldns_rr_free(rrsig);
		ldns_rr_list_deep_free(rrset);
		ldns_rr_list_free(good);
		n++;
	}
	ldns_rr_list_deep_free(dnskeys);
	return n;
}

/* "A NS RRSIG NSEC" of the bitmap behind the next name of an NSEC, or behind
 * the hash of an NSEC3. */
static const char *
bitmap_text(const uint8_t *p, const uint8_t *end)
{
	static char text[256];
	ldns_rdf *rdf =
	    ldns_rdf_new_frm_data(LDNS_RDF_TYPE_BITMAP, (size_t)(end - p), p);
	char *words = ldns_rdf2str(rdf);

	snprintf(text, sizeof text, "%s", words);
	ldns_rdf_deep_free(rdf);
	free(words);
	while (text[0] && text[strlen(text) - 1] == ' ')
		text[strlen(text) - 1] = 0;
	return text;
}

static const char *
nsec_bitmap(const struct zone_records *z, const char *owner)
{
	size_t n = 0;
	const struct record *r =
	    zone_records_find(z, name_from_test(owner), DNS_TYPE_NSEC, &n);
	const uint8_t *rdata;

	if (n != 1)
		return NULL;
	ck_assert_uint_eq(r->ttl, 300); /* the SOA's minimum is less */
	rdata = record_rdata(z, r);
	return bitmap_text(rdata + name_length(rdata), rdata + r->rdata_bytes);
}

/* Names that the chain has, in its order. */
static void
nsec_chain(const struct zone_records *z, const char *const *names)
{
	const uint8_t *at = z->apex;
	uint8_t next[DNS_NAME_MAX];
	size_t n;

	for (; *names; names++) {
		const struct record *r =
		    zone_records_find(z, at, DNS_TYPE_NSEC, &n);

		ck_assert_msg(
		    name_equal(at, name_from_test(*names)), "%s", *names);
		ck_assert_uint_eq(n, 1);
		memcpy(
		    next, record_rdata(z, r), name_length(record_rdata(z, r)));
		at = next;
	}
	ck_assert(name_equal(at, z->apex));
}

START_TEST(nsec_of_every_name)
{
	struct zone_records *from = source("5", "");
	struct sign_result s;

	start();
	s = sign(from, NULL, NOW);
	ck_assert_uint_eq(s.zone->serial, 5);
	ck_assert_uint_eq(signatures_verify(s.zone, NOW), s.made);
	ck_assert_uint_eq(s.kept, 0);
	nsec_chain(s.zone,
	    (const char *const[]){"sign.test.", "alias.sign.test.",
		"a.b.c.sign.test.", "dup.sign.test.", "cut.ent.sign.test.",
		"mail.sign.test.", "many.sign.test.", "many2.sign.test.",
		"moved.sign.test.", "ns.sign.test.", "odd\\000.sign.test.",
		"plain.sign.test.", "secure.sign.test.", "type.sign.test.",
		"*.wild.sign.test.", "x.*.wild.sign.test.", NULL});
	ck_assert_str_eq(
	    nsec_bitmap(s.zone, "sign.test."), "NS SOA MX RRSIG NSEC DNSKEY");
	ck_assert_str_eq(
	    nsec_bitmap(s.zone, "plain.sign.test."), "NS RRSIG NSEC");
	ck_assert_str_eq(
	    nsec_bitmap(s.zone, "secure.sign.test."), "NS DS RRSIG NSEC");
	ck_assert_str_eq(
	    nsec_bitmap(s.zone, "*.wild.sign.test."), "A RRSIG NSEC");
	ck_assert_str_eq(
	    nsec_bitmap(s.zone, "type.sign.test."), "RRSIG NSEC TYPE65280");
	ck_assert_ptr_null(nsec_bitmap(s.zone, "ns.plain.sign.test."));
	ck_assert_ptr_null(nsec_bitmap(s.zone, "b.c.sign.test."));
	zone_records_free(s.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

/* The types that are signed at an owner, as words. */
static const char *
signed_types(const struct zone_records *z, const char *owner)
{
	static char text[256];
	size_t n = 0, at = 0;
	const struct record *r =
	    zone_records_find(z, name_from_test(owner), DNS_TYPE_RRSIG, &n);

	text[0] = 0;
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%u ",
		    wire_load16(record_rdata(z, &r[i])));
	return text;
}

START_TEST(what_is_signed)
{
	struct zone_records *from = source("5", "");
	struct sign_result s;
	const struct record *r;
	size_t n;

	start();
	s = sign(from, NULL, NOW);
	ck_assert_str_eq(signed_types(s.zone, "sign.test."), "2 6 15 47 48 ");
	ck_assert_str_eq(signed_types(s.zone, "secure.sign.test."), "43 47 ");
	ck_assert_str_eq(signed_types(s.zone, "plain.sign.test."), "47 ");
	ck_assert_str_eq(signed_types(s.zone, "ns.plain.sign.test."), "");
	ck_assert_str_eq(
	    signed_types(s.zone, "deep.under.plain.sign.test."), "");
	/* labels: the asterisk does not count, where it is the first */
	r = zone_records_find(
	    s.zone, name_from_test("*.wild.sign.test."), DNS_TYPE_RRSIG, &n);
	ck_assert_uint_eq(record_rdata(s.zone, r)[3], 3);
	r = zone_records_find(
	    s.zone, name_from_test("x.*.wild.sign.test."), DNS_TYPE_RRSIG, &n);
	ck_assert_uint_eq(record_rdata(s.zone, r)[3], 5);
	zone_records_free(s.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

static const struct record *
nsec3_of(const struct zone_records *z, const char *name)
{
	uint8_t hash[NSEC3_HASH_BYTES];
	char text[64], owner[128];
	size_t n = 0;
	const struct record *r;

	denial_nsec3_hash(name_from_test(name), hash);
	ldns_b32_ntop_extended_hex(hash, sizeof hash, text, sizeof text);
	snprintf(owner, sizeof owner, "%.32s.sign.test.", text);
	r = zone_records_find(z, name_from_test(owner), DNS_TYPE_NSEC3, &n);
	ck_assert_uint_le(n, 1);
	return n ? r : NULL;
}

static const char *
nsec3_bitmap(const struct zone_records *z, const char *name)
{
	const struct record *r = nsec3_of(z, name);
	const uint8_t *rdata;

	if (!r)
		return NULL;
	rdata = record_rdata(z, r);
	return bitmap_text(rdata + 26, rdata + r->rdata_bytes);
}

START_TEST(nsec3_of_every_name)
{
	struct zone_records *from = source("5", "");
	struct sign_result s;
	size_t all = 0, walked = 0;
	uint8_t next[DNS_NAME_MAX], first[DNS_NAME_MAX] = {0};

	policy.denial = POLICY_NSEC3;
	start();
	s = sign(from, NULL, NOW);
	signatures_verify(s.zone, NOW);
	ck_assert_str_eq(nsec3_bitmap(s.zone, "sign.test."),
	    "NS SOA MX RRSIG DNSKEY NSEC3PARAM");
	ck_assert_str_eq(nsec3_bitmap(s.zone, "plain.sign.test."), "NS");
	ck_assert_str_eq(
	    nsec3_bitmap(s.zone, "secure.sign.test."), "NS DS RRSIG");
	ck_assert_str_eq(nsec3_bitmap(s.zone, "c.sign.test."), "");
	ck_assert_str_eq(nsec3_bitmap(s.zone, "b.c.sign.test."), "");
	ck_assert_str_eq(nsec3_bitmap(s.zone, "ent.sign.test."), "");
	ck_assert_str_eq(nsec3_bitmap(s.zone, "wild.sign.test."), "");
	ck_assert_str_eq(nsec3_bitmap(s.zone, "*.wild.sign.test."), "A RRSIG");
	ck_assert_ptr_null(nsec3_of(s.zone, "ns.plain.sign.test."));
	ck_assert_ptr_null(nsec3_of(s.zone, "under.plain.sign.test."));
	/* one circle through all of them */
	for (size_t i = 0; i < s.zone->count; i++) {
		const struct record *r = &s.zone->records[i];

		if (r->type != DNS_TYPE_NSEC3)
			continue;
		ck_assert_uint_eq(r->ttl, 300);
		ck_assert_mem_eq(record_rdata(s.zone, r), "\1\0\0\0\0\24", 6);
		if (all++ == 0)
			memcpy(first, record_owner(s.zone, r), 44);
	}
	ck_assert_uint_eq(all, 20);
	memcpy(next, first, sizeof next);
	do {
		size_t n;
		char text[64];
		const struct record *r =
		    zone_records_find(s.zone, next, DNS_TYPE_NSEC3, &n);

		ck_assert_uint_eq(n, 1);
		ldns_b32_ntop_extended_hex(record_rdata(s.zone, r) + 6,
		    NSEC3_HASH_BYTES, text, sizeof text);
		name_lower(next + 1, (uint8_t *)text, 32);
		walked++;
	} while (!name_equal(next, first) && walked <= all);
	ck_assert_uint_eq(walked, all);
	zone_records_free(s.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

/* RFC 5155 appendix A: the hash of an example, without salt: its own text. */
START_TEST(nsec3_hash)
{
	uint8_t hash[NSEC3_HASH_BYTES];
	char text[64];

	denial_nsec3_hash(name_from_test("example.com."), hash);
	ldns_b32_ntop_extended_hex(hash, sizeof hash, text, sizeof text);
	/* as `nsec3hash - 1 0 example.com` of BIND says */
	ck_assert_str_eq(text, "onib9mgub9h0rml3cdf5bgrj59dkjhvk");
}
END_TEST

START_TEST(what_did_not_change_is_kept)
{
	struct zone_records *from = source("5", ""), *edited;
	struct sign_result a, b;

	start();
	a = sign(from, NULL, NOW);
	/* nothing new: the same version, whatever the time */
	b = sign(from, a.zone, NOW + DAY);
	ck_assert(digest_equal(&a.zone->version, &b.zone->version));
	ck_assert_uint_eq(b.made, 0);
	ck_assert_uint_eq(b.kept, a.made);
	zone_records_free(b.zone);
	/* one record more: it, its NSEC, the NSEC before, the SOA */
	edited = source("6", "new 60 A 192.0.2.9\n");
	b = sign(edited, a.zone, NOW + DAY);
	ck_assert_uint_eq(b.zone->serial, 6);
	ck_assert_uint_eq(b.made, 4);
	ck_assert_uint_eq(
	    b.made + b.kept, signatures_verify(b.zone, NOW + DAY));
	zone_records_free(b.zone);
	zone_records_free(edited);
	/* an edit that forgets the serial gets a new one */
	edited = source("5", "new 60 A 192.0.2.9\n");
	b = sign(edited, a.zone, NOW + DAY);
	ck_assert_uint_eq(b.zone->serial, 6);
	ck_assert_uint_eq(b.made, 4);
	ck_assert_uint_eq(
	    b.made + b.kept, signatures_verify(b.zone, NOW + DAY));
	zone_records_free(b.zone);
	zone_records_free(edited);
	/* signatures that other keys made are not ours */
	zone_keys_fini(&keys);
	start();
	b = sign(from, a.zone, NOW);
	ck_assert_uint_eq(b.kept, 0);
	ck_assert_uint_eq(b.zone->serial, 6);
	zone_records_free(b.zone);
	zone_records_free(a.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

/* Ed25519 has no chance in it. */
START_TEST(same_input_same_octets)
{
	struct zone_records *from = source("5", "");
	struct sign_result a, b;

	start();
	a = sign(from, NULL, NOW);
	b = sign(from, NULL, NOW);
	ck_assert(digest_equal(&a.zone->version, &b.zone->version));
	zone_records_free(a.zone);
	zone_records_free(b.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

START_TEST(renewal_in_time)
{
	struct zone_records *from = source("5", "");
	struct sign_result a, b;
	uint64_t now = NOW;
	unsigned rounds = 0;

	start();
	a = sign(from, NULL, now);
	ck_assert_uint_ge(a.ends_first, now + 13 * DAY);
	ck_assert_uint_le(a.ends_first, now + 14 * DAY);
	ck_assert_uint_eq(a.due, a.ends_first - 7 * DAY);
	/* for two months, always when it is due */
	for (; now < NOW + 60 * DAY; rounds++) {
		ck_assert_uint_gt(a.due, now);
		now = a.due;
		b = sign(from, a.zone, now);
		ck_assert_uint_gt(b.made, 1);
		ck_assert_uint_eq(b.zone->serial, a.zone->serial + 1);
		ck_assert_uint_gt(b.ends_first, now + 7 * DAY);
		signatures_verify(b.zone, now);
		zone_records_free(a.zone);
		a = b;
	}
	/* in batches, not one signature at a time */
	ck_assert_uint_le(rounds, 10 * SIGNATURE_BATCHES);
	zone_records_free(a.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

START_TEST(jitter_is_spread)
{
	unsigned parts[10] = {0};

	for (unsigned i = 0; i < 10000; i++) {
		char name[32];
		uint32_t j;

		snprintf(name, sizeof name, "h%u.example.", i);
		j = signature_jitter(name_from_test(name), DNS_TYPE_A, 999);
		ck_assert_uint_le(j, 999);
		ck_assert_uint_eq(
		    j, signature_jitter(name_from_test(name), 1, 999));
		parts[j / 100]++;
	}
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_uint_gt(parts[i], 800);
		ck_assert_uint_lt(parts[i], 1200);
	}
	ck_assert_uint_eq(
	    signature_jitter(name_from_test("example."), 1, 0), 0);
}
END_TEST

START_TEST(signers_records_are_refused)
{
	static const char *const bad[] = {"sub 60 NSEC sign.test. A RRSIG NSEC",
	    "@ 60 DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
	    "@ 0 NSEC3PARAM 1 0 0 -", "@ 60 CDS 0 0 0 00",
	    "@ 60 ZONEMD 5 1 240 " ONES ONES ONES};
	static const char *const words[] = {"sub.sign.test. has a NSEC record",
	    "DNSKEY", "NSEC3PARAM", "CDS", "ZONEMD"};

	start();
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct zone_records *from = source("5", bad[i]);
		struct sign_options options = {
		    .policy = &policy, .keys = &keys, .now = NOW};
		struct sign_result out;

		ck_assert_int_eq(
		    sign_zone(from, &options, &out, &err), ERR_SEMANTIC);
		ck_assert_msg(
		    strstr(err.text, words[i]) != NULL, "%s", err.text);
		ck_assert_ptr_null(out.zone);
		zone_records_free(from);
	}
	zone_keys_fini(&keys);
}
END_TEST

/* A signed version without what the signer made is its source. */
START_TEST(source_from_signed)
{
	struct zone_records *from =
	    source("5", "_dsboot.x._signal.ns 60 CDS 0 0 0 00\n");
	struct zone_records *back, *other = source("6", "");
	struct digest a, b;
	struct sign_result s;

	policy.denial = POLICY_NSEC3;
	policy.zonemd = true;
	start();
	s = sign(from, NULL, NOW);
	ck_assert_int_eq(sign_source_strip(&back, s.zone, &err), 0);
	ck_assert(digest_equal(&back->version, &from->version));
	ck_assert_int_eq(sign_source_digest(s.zone, &a, &err), 0);
	ck_assert_int_eq(sign_source_digest(from, &b, &err), 0);
	ck_assert(digest_equal(&a, &b));
	ck_assert_int_eq(sign_source_digest(other, &b, &err), 0);
	ck_assert(!digest_equal(&a, &b));
	zone_records_free(back);
	zone_records_free(other);
	zone_records_free(from);
	/* the serial alone makes no other source */
	from = source("5", "");
	other = source("6", "");
	ck_assert_int_eq(sign_source_digest(from, &a, &err), 0);
	ck_assert_int_eq(sign_source_digest(other, &b, &err), 0);
	ck_assert(digest_equal(&a, &b));
	zone_records_free(from);
	zone_records_free(other);
	zone_records_free(s.zone);
	zone_keys_fini(&keys);
}
END_TEST

START_TEST(zone_digest)
{
	struct zone_records *from = source("5", "");
	struct sign_result s, t;
	uint8_t rdata[ZONEMD_RDATA_BYTES];
	const struct record *r;
	size_t n;

	policy.zonemd = true;
	start();
	s = sign(from, NULL, NOW);
	r = zone_records_find(s.zone, s.zone->apex, DNS_TYPE_ZONEMD, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(zone_digest_rdata(s.zone, rdata, &err), 0);
	ck_assert_mem_eq(record_rdata(s.zone, r), rdata, sizeof rdata);
	ck_assert_uint_eq(wire_load32(rdata), 5);
	ck_assert_str_eq(
	    signed_types(s.zone, "sign.test."), "2 6 15 47 48 63 ");
	signatures_verify(s.zone, NOW);
	t = sign(from, s.zone, NOW + 5);
	ck_assert(digest_equal(&s.zone->version, &t.zone->version));
	ck_assert_uint_eq(t.made, 0);
	zone_records_free(t.zone);
	zone_records_free(s.zone);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

START_TEST(split_keys_and_cds)
{
	struct zone_records *from = source("5", "");
	struct sign_result s;
	struct zone_key *ksk;
	size_t n;

	policy.keys = POLICY_KEYS_SPLIT;
	policy.algorithm = POLICY_ECDSA_P256;
	policy.cds = POLICY_CDS_PUBLISH;
	start();
	ksk = &keys.keys[0];
	ck_assert_int_eq(ksk->role, KEY_KSK);
	s = sign(from, NULL, NOW);
	signatures_verify(s.zone, NOW);
	ck_assert(!zone_records_find(s.zone, s.zone->apex, DNS_TYPE_CDS, &n));
	zone_records_free(s.zone);
	ksk->ds = KEY_DS_WANTED;
	s = sign(from, NULL, NOW);
	signatures_verify(s.zone, NOW);
	ck_assert_str_eq(
	    signed_types(s.zone, "sign.test."), "2 6 15 47 48 59 60 ");
	zone_records_free(s.zone);
	policy.cds = POLICY_CDS_DELETE;
	s = sign(from, NULL, NOW);
	zone_records_find(s.zone, s.zone->apex, DNS_TYPE_CDNSKEY, &n);
	ck_assert_uint_eq(n, 1);
	signatures_verify(s.zone, NOW);
	zone_records_free(s.zone);
	/* half a pair signs nothing */
	keys.keys[1].state = KEY_RETIRED;
	ck_assert_int_eq(sign_zone(from,
			     &(struct sign_options){
				 .policy = &policy, .keys = &keys, .now = NOW},
			     &s, &err),
	    ERR_NOT_FOUND);
	zone_records_free(from);
	zone_keys_fini(&keys);
}
END_TEST

START_TEST(serials)
{
	ck_assert(serial_is_newer(2, 1));
	ck_assert(!serial_is_newer(1, 1));
	ck_assert(serial_is_newer(1, 0xffffffff));
	ck_assert(!serial_is_newer(0xffffffff, 1));
}
END_TEST

UNIT_MAIN("sign_zone", nsec_of_every_name, what_is_signed, nsec3_of_every_name,
    nsec3_hash, what_did_not_change_is_kept, same_input_same_octets,
    renewal_in_time, jitter_is_spread, signers_records_are_refused,
    source_from_signed, zone_digest, split_keys_and_cds, serials)
