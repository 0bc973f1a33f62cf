/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Unit tests of control/dnssec/: zones that ldns signs are without fault, and
 * each fault that is made by hand in one is found and named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "control/dnssec/dnssec.h"
#include "control/dnssec/dnssec_links.h"
#include "control/dnssec/dnssec_zonemd.h"
#include "control/source/zonefile.h"
#include "tests/rig/signed_zone.h"
#include "tests/unit/unit_run.h"

enum { NOW = 1700000000, DAY = 86400 };

static const uint8_t apex[] = "\1t";

static const char plain[] =
    "t. 60 SOA ns.t. h.t. 1 2 3 4 60\n"
    "t. 60 NS ns.t.\n"
    "t. 60 NS Upper.T.\n"
    "ns.t. 60 A 192.0.2.1\n"
    "upper.t. 60 A 192.0.2.2\n"
    "*.wild.t. 60 TXT \"w\"\n"
    "wild.t. 60 A 192.0.2.6\n"
    "x.y.z.t. 60 A 192.0.2.3\n"
    "alias.t. 60 CNAME Upper.T.\n"
    "mail.t. 60 MX 10 Upper.T.\n"
    "mail.t. 60 TYPE65280 \\# 2 abcd\n"
    "in.t. 60 NS ns.in.t.\n"
    "ns.in.t. 60 A 192.0.2.4\n"
    "deep.ent.t. 60 NS ns.elsewhere.\n"
    "sec.t. 60 NS ns.sec.t.\n"
    "sec.t. 60 DS 1 13 2 "
    "0102030405060708091011121314151617181920212223242526272829303132\n"
    "ns.sec.t. 60 A 192.0.2.5\n";

static struct err err;
static struct dnssec_result result;
static char heard[4096];

static void
hear(void *arg, const char *text)
{
	size_t used = strlen(heard);

	(void)arg;
	snprintf(heard + used, sizeof heard - used, "%s\n", text);
}

static char *
sign_with(enum signed_denial denial, uint8_t algorithm)
{
	struct signed_options o = {.apex = "t.",
	    .denial = denial,
	    .algorithm = algorithm,
	    .inception = NOW - DAY,
	    .expiration = NOW + 10 * DAY};
	char *text = signed_zone_text(plain, &o, NULL);

	ck_assert_ptr_nonnull(text);
	return text;
}

static struct zone_records *
parse(const char *text, const uint8_t *origin)
{
	struct zone_records *z;

	ck_assert_msg(zonefile_parse(
			  &z, "z", text, strlen(text), origin, NULL, &err) == 0,
	    "%s", err.text);
	return z;
}

static int
check_records(const struct zone_records *z, const struct zone_records *before,
    uint64_t now)
{
	struct dnssec_options o = {.now = now,
	    .horizon_s = DAY,
	    .threads = 2,
	    .before = before,
	    .warn = hear};

	heard[0] = 0;
	err.text[0] = 0;
	return dnssec_check(z, &o, &result, &err);
}

static int
check_at(const char *text, uint64_t now)
{
	struct zone_records *z = parse(text, apex);
	int rc = check_records(z, NULL, now);

	zone_records_free(z);
	return rc;
}

static void
must_pass(const char *text)
{
	int rc = check_at(text, NOW);

	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_str_eq(heard, "");
}

/* As many faults, and the words in what is said of the first. */
static void
must_fail(const char *text, unsigned faults, const char *words)
{
	int rc = check_at(text, NOW);

	ck_assert_msg(rc == ERR_REFUSED, "%s: passed", words);
	ck_assert_msg(strstr(err.text, words) != NULL, "\"%s\" is not in: %s",
	    words, err.text);
	ck_assert_msg(
	    result.faults == faults, "%lu faults: %s", result.faults, err.text);
}

/* --- lines ---------------------------------------------------------------- */

/* True if the line's owner, type and (of a RRSIG) type covered are these; NULL:
 * any. */
static bool
line_is(
    const char *line, const char *owner, const char *type, const char *covered)
{
	char o[256], t[32], c[32];

	if (sscanf(line, "%255s %*s IN %31s %31s", o, t, c) != 3)
		return false;
	return (!owner || strcmp(o, owner) == 0) &&
	       (!type || strcmp(t, type) == 0) &&
	       (!covered || strcmp(c, covered) == 0);
}

/* The text without such lines, but for `keep` of them, or only with them. */
static char *
lines_filter(const char *text, const char *owner, const char *type,
    const char *covered, bool drop)
{
	char *out = calloc(1, strlen(text) + 2), *at = out;

	ck_assert_ptr_nonnull(out);
	while (*text) {
		size_t n = strcspn(text, "\n") + 1;

		if (line_is(text, owner, type, covered) != drop) {
			memcpy(at, text, n);
			at += n;
		}
		text += n;
	}
	return out;
}

static char *
lines_drop(
    const char *text, const char *owner, const char *type, const char *covered)
{
	char *out = lines_filter(text, owner, type, covered, true);

	ck_assert_msg(strcmp(out, text) != 0, "no %s %s", owner, type);
	return out;
}

/* The RRset and its signatures. */
static char *
rrset_drop(const char *text, const char *owner, const char *type)
{
	char *once = lines_drop(text, owner, type, NULL);
	char *out = lines_filter(once, owner, "RRSIG", type, true);

	free(once);
	return out;
}

static char *
lines_add(const char *text, const char *more)
{
	char *out;

	ck_assert_int_ge(asprintf(&out, "%s%s\n", text, more), 0);
	return out;
}

static char *
words_swap(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out;

	ck_assert_msg(at != NULL, "no \"%s\"", from);
	ck_assert_int_ge(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to,
			     at + strlen(from)),
	    0);
	return out;
}

#define FAILS(faults, words, edited)                                           \
	do {                                                                   \
		char *edited_text = (edited);                                  \
                                                                               \
		must_fail(edited_text, faults, words);                         \
		free(edited_text);                                             \
	} while (0)

/* --- tests ---------------------------------------------------------------- */

START_TEST(what_ldns_signs_is_without_fault)
{
	static const uint8_t algorithms[] = {8, 13, 14, 15};

	for (unsigned a = 0; a < sizeof algorithms; a++) {
		for (int denial = SIGNED_NSEC; denial <= SIGNED_OPT_OUT;
		     denial++) {
			char *text = sign_with(denial, algorithms[a]);

			must_pass(text);
			ck_assert(result.is_signed && result.all_verified);
			ck_assert_uint_eq(result.expires_at, NOW + 10 * DAY);
			ck_assert_uint_eq(result.verified, result.signatures);
			free(text);
		}
	}
}
END_TEST

START_TEST(an_unsigned_zone_passes_untouched)
{
	must_pass(plain);
	ck_assert(!result.is_signed);
	ck_assert_uint_eq(result.expires_at, DNSSEC_NEVER);
}
END_TEST

START_TEST(dates_are_held)
{
	char *text = sign_with(SIGNED_NSEC, 0);

	ck_assert_int_eq(check_at(text, NOW + 9 * DAY), 0);
	ck_assert_int_eq(check_at(text, NOW + 9 * DAY + 1), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "ends 2023-11-24T22:13:20Z"));
	ck_assert_int_eq(check_at(text, NOW + 10 * DAY + 1), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "expired 2023-11-24T22:13:20Z"));
	ck_assert_int_eq(check_at(text, NOW - DAY), 0);
	ck_assert_int_eq(check_at(text, NOW - DAY - 1), ERR_REFUSED);
	ck_assert_ptr_nonnull(
	    strstr(err.text, "not valid before 2023-11-13T22:13:20Z"));
	free(text);
}
END_TEST

/* When a version that is refused for that alone can be taken. */
START_TEST(it_is_said_when_signatures_begin)
{
	char *text = sign_with(SIGNED_NSEC, 0), *broken;

	ck_assert_int_eq(check_at(text, NOW), 0);
	ck_assert_uint_eq(result.valid_from, 0);
	ck_assert_int_eq(check_at(text, NOW + 10 * DAY + 1), ERR_REFUSED);
	ck_assert_uint_eq(result.valid_from, 0);
	ck_assert_int_eq(check_at(text, NOW - 2 * DAY), ERR_REFUSED);
	ck_assert_uint_eq(result.valid_from, NOW - DAY);
	ck_assert_int_eq(check_at(text, result.valid_from), 0);
	/* time does not heal everything */
	broken = lines_drop(text, "ns.t.", "RRSIG", "A");
	ck_assert_int_eq(check_at(broken, NOW - 2 * DAY), ERR_REFUSED);
	ck_assert_uint_eq(result.valid_from, 0);
	free(broken);
	free(text);
}
END_TEST

START_TEST(signatures_are_needed_and_verified)
{
	char *text = sign_with(SIGNED_NSEC, 0);
	char *other = sign_with(SIGNED_NSEC, 0);
	char *key = lines_filter(other, "t.", "DNSKEY", NULL, false);
	char *without = lines_drop(text, "t.", "DNSKEY", NULL), *swapped;

	FAILS(1, "ns.t. A: its signature by key",
	    words_swap(text, "192.0.2.1\n", "192.0.2.9\n"));
	ck_assert_ptr_nonnull(strstr(err.text, "is bogus"));
	ck_assert(!result.all_verified);
	FAILS(1, "ns.t. A: no signature",
	    lines_drop(text, "ns.t.", "RRSIG", "A"));
	FAILS(1, "t. DNSKEY: no signature",
	    lines_drop(text, "t.", "RRSIG", "DNSKEY"));
	FAILS(1, "sec.t. DS: no signature",
	    lines_drop(text, "sec.t.", "RRSIG", "DS"));
	swapped = lines_add(without, key);
	must_fail(swapped, (unsigned)result.signatures + 1,
	    "has no zone key of this tag");
	free(swapped);
	free(without);
	free(key);
	free(other);
	free(text);
}
END_TEST

/* A signature moved to another owner. */
static char *
signature_copy(const char *text, const char *owner, const char *type,
    const char *to, const char *to_type)
{
	char *line = lines_filter(text, owner, "RRSIG", type, false);
	char *rest = strchr(line, '\t'), *moved, *typed, *out;
	char from[40], into[40];

	ck_assert_ptr_nonnull(rest);
	ck_assert_int_ge(asprintf(&moved, "%s%s", to, rest), 0);
	snprintf(from, sizeof from, "RRSIG\t%s ", type);
	snprintf(into, sizeof into, "RRSIG\t%s ", to_type);
	typed = words_swap(moved, from, into);
	out = lines_add(text, typed);
	free(typed);
	free(moved);
	free(line);
	return out;
}

START_TEST(what_is_not_ours_is_not_signed)
{
	char *text = sign_with(SIGNED_NSEC, 0);

	FAILS(1, "ns.in.t. A: signed, but it is below a delegation",
	    signature_copy(text, "ns.t.", "A", "ns.in.t.", "A"));
	FAILS(1, "in.t. NS: signed, but at a delegation",
	    signature_copy(text, "ns.t.", "A", "in.t.", "NS"));
	free(text);
}
END_TEST

START_TEST(a_bad_signature_beside_a_good_one_is_a_warning)
{
	char *text = sign_with(SIGNED_NSEC, 0), *twice, *odd;

	twice = signature_copy(text, "ns.t.", "A", "upper.t.", "A");
	ck_assert_int_eq(check_at(twice, NOW), 0);
	ck_assert_ptr_nonnull(
	    strstr(heard, "upper.t. A: its signature by key"));
	ck_assert(!result.all_verified);
	odd = signature_copy(text, "ns.t.", "A", "alias.t.", "AAAA");
	ck_assert_int_eq(check_at(odd, NOW), 0);
	ck_assert_ptr_nonnull(strstr(heard, "alias.t. AAAA: a signature, but"));
	free(odd);
	free(twice);
	free(text);
}
END_TEST

START_TEST(nsec_is_a_closed_circle_of_what_is_there)
{
	char *text = sign_with(SIGNED_NSEC, 0), *name, *key;

	FAILS(1, "ns.t. NSEC: missing", rrset_drop(text, "ns.t.", "NSEC"));
	FAILS(1, "in.t. NSEC: missing", rrset_drop(text, "in.t.", "NSEC"));
	FAILS(1, "*.wild.t. NSEC: missing",
	    rrset_drop(text, "*.wild.t.", "NSEC"));
	/* a hole: the name is gone with all that it has */
	name = lines_drop(text, "ns.t.", NULL, NULL);
	must_fail(name, 1, "NSEC: the next name is not sec.t.");
	free(name);
	/* a bit for what is gone, and none for what came */
	FAILS(1, "mail.t. NSEC: its bitmap has a type that is not there: MX",
	    rrset_drop(text, "mail.t.", "MX"));
	key = lines_add(text, "wild.t. 60 IN AAAA ::1");
	must_fail(key, 2,
	    "wild.t. NSEC: its bitmap lacks a type that is there: AAAA");
	free(key);
	/* nothing but denial is no name */
	FAILS(2, "ns.t. NSEC: a name that is not there",
	    rrset_drop(text, "ns.t.", "A"));
	/* an unsigned name that no NSEC knows */
	FAILS(3, "nu.t. NSEC: missing",
	    lines_add(text, "nu.t. 60 IN A 192.0.2.7"));
	/* the last one's next is the apex */
	name = lines_drop(text, "x.y.z.t.", NULL, NULL);
	must_fail(name, 1, "NSEC: the next name is not t.");
	free(name);
	free(text);
}
END_TEST

START_TEST(a_signed_zone_has_denial)
{
	char *text = sign_with(SIGNED_NSEC, 0);
	char *none = rrset_drop(text, "t.", "NSEC"), *three, *less;

	must_fail(none, 1, "neither NSEC nor NSEC3PARAM");
	three = sign_with(SIGNED_NSEC3, 0);
	less = rrset_drop(three, "t.", "NSEC3PARAM");
	must_fail(less, 1, "neither NSEC nor NSEC3PARAM");
	ck_assert_ptr_nonnull(strstr(heard, "NSEC3: not used"));
	free(less);
	free(three);
	free(none);
	free(text);
}
END_TEST

/* The owner of the first NSEC3 whose bitmap is `bitmap`. */
static char *
nsec3_owner(const char *text, const char *bitmap)
{
	char *list = lines_filter(text, NULL, "NSEC3", NULL, false), *line;
	char *owner = NULL, *save;

	for (line = strtok_r(list, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t n = strlen(line), m = strlen(bitmap);

		while (n && line[n - 1] == ' ')
			n--;
		if (!owner && n > m && memcmp(line + n - m, bitmap, m) == 0)
			owner = strndup(line, strcspn(line, "\t"));
	}
	free(list);
	ck_assert_msg(owner != NULL, "no NSEC3 with \"%s\"", bitmap);
	return owner;
}

static char *
nsec3_drop(const char *text, const char *bitmap)
{
	char *owner = nsec3_owner(text, bitmap);
	char *out = lines_drop(text, owner, NULL, NULL);

	free(owner);
	return out;
}

START_TEST(nsec3_is_a_closed_circle_of_what_is_there)
{
	char *text = sign_with(SIGNED_NSEC3, 0), *name;

	/* the record is missing, and the circle is open */
	FAILS(2, "mail.t. NSEC3: missing",
	    nsec3_drop(text, " MX RRSIG TYPE65280"));
	FAILS(2, "NSEC3: missing", nsec3_drop(text, " CNAME RRSIG"));
	/* insecure delegation, and no opt-out */
	FAILS(2,
	    ".t. NSEC3: missing, and the record that covers it has no "
	    "Opt-Out",
	    nsec3_drop(text, " NS"));
	/* a hash of no name */
	name = lines_drop(text, "mail.t.", NULL, NULL);
	must_fail(name, 1, "NSEC3: no name has this hash");
	free(name);
	FAILS(1, "its bitmap has a type that is not there: MX",
	    rrset_drop(text, "mail.t.", "MX"));
	/* y.z.t. and z.t. are empty non-terminals of x.y.z.t. */
	name = lines_drop(text, "x.y.z.t.", NULL, NULL);
	must_fail(name, 3, "NSEC3: no name has this hash");
	free(name);
	FAILS(2, "nu.t. NSEC3: missing",
	    lines_add(text, "nu.t. 60 IN A 192.0.2.7"));
	FAILS(1, "the record that covers it has no Opt-Out",
	    lines_add(text, "nu.t. 60 IN NS ns.elsewhere."));
	free(text);
}
END_TEST

START_TEST(opt_out_is_for_insecure_delegations)
{
	char *text = sign_with(SIGNED_OPT_OUT, 0), *more;

	/* ldns leaves the insecure ones out */
	more = lines_add(text, "new.one.t. 60 IN NS ns.elsewhere.");
	must_pass(more);
	free(more);
	FAILS(2, "nu.t. NSEC3: missing",
	    lines_add(text, "nu.t. 60 IN A 192.0.2.7"));
	FAILS(2, "sec.t. NSEC3: missing", nsec3_drop(text, " NS DS RRSIG"));
	free(text);
}
END_TEST

START_TEST(nsec3_agrees_with_its_parameters)
{
	char *text = sign_with(SIGNED_NSEC3, 0);

	FAILS(2, "NSEC3PARAM: no NSEC3 has its parameters",
	    words_swap(
		text, "NSEC3PARAM\t1 0 3 abcd", "NSEC3PARAM\t1 0 2 abcd"));
	FAILS(2, "NSEC3PARAM: hash algorithm 1, flags 1",
	    words_swap(
		text, "NSEC3PARAM\t1 0 3 abcd", "NSEC3PARAM\t1 1 3 abcd"));
	free(text);
}
END_TEST

START_TEST(what_was_verified_is_remembered)
{
	char *text = sign_with(SIGNED_NSEC3, 0);
	char *other = sign_with(SIGNED_NSEC3, 0), *changed;
	struct zone_records *before = parse(text, apex), *z;
	uint64_t all;

	ck_assert_int_eq(check_records(before, NULL, NOW), 0);
	all = result.signatures;
	ck_assert_uint_eq(result.verified, all);
	ck_assert_int_eq(check_records(before, before, NOW), 0);
	ck_assert_uint_eq(result.verified, 0);
	ck_assert(result.all_verified);
	ck_assert_int_eq(
	    check_records(before, before, NOW + 11 * DAY), ERR_REFUSED);
	changed = words_swap(text, "192.0.2.1\n", "192.0.2.9\n");
	z = parse(changed, apex);
	ck_assert_int_eq(check_records(z, before, NOW), ERR_REFUSED);
	ck_assert_uint_eq(result.verified, 1);
	ck_assert_uint_eq(result.faults, 1);
	zone_records_free(z);
	/* other keys */
	z = parse(other, apex);
	ck_assert_int_eq(check_records(z, before, NOW), 0);
	ck_assert_uint_eq(result.verified, all);
	zone_records_free(z);
	zone_records_free(before);
	free(changed);
	free(other);
	free(text);
}
END_TEST

START_TEST(the_end_is_known_by_dates_alone)
{
	char *text = sign_with(SIGNED_NSEC, 0);
	struct zone_records *z = parse(text, apex);

	ck_assert_uint_eq(dnssec_expires_at(z, NOW), NOW + 10 * DAY);
	zone_records_free(z);
	z = parse(plain, apex);
	ck_assert_uint_eq(dnssec_expires_at(z, NOW), DNSSEC_NEVER);
	zone_records_free(z);
	free(text);
}
END_TEST

/* RFC 8976 appendix A.1 */
static const char zonemd_plain[] =
    "t. 86400 SOA ns1.t. admin.t. 2018031900 1800 900 604800 86400\n"
    "t. 86400 NS ns1.t.\n"
    "t. 86400 NS Ns2.t.\n"
    "ns1.t. 3600 A 203.0.113.63\n"
    "ns2.t. 3600 AAAA 2001:db8::63\n";

static char *
zonemd_text(const char *fields, enum dnssec_zonemd_algorithm algorithm)
{
	struct zone_records *z = parse(zonemd_plain, apex);
	uint8_t digest[ZONEMD_DIGEST_MAX];
	size_t n = dnssec_zonemd_digest(digest, z, algorithm);
	struct bytes out = {0};

	ck_assert_uint_eq(n, algorithm == ZONEMD_SHA384 ? 48 : 64);
	bytes_printf(&out, "%st. 60 ZONEMD %s ", zonemd_plain, fields);
	for (size_t i = 0; i < n; i++)
		bytes_printf(&out, "%02x", digest[i]);
	bytes_append(&out, "\n", 2);
	zone_records_free(z);
	return (char *)out.data;
}

START_TEST(zonemd_is_that_of_the_rfc)
{
	static const uint8_t example[] = "\7example";
	struct zone_records *z = parse(
	    "example. 86400 SOA ns1.example. admin.example. 2018031900 1800 "
	    "900 604800 86400\n"
	    "example. 86400 NS ns1.example.\n"
	    "example. 86400 NS ns2.example.\n"
	    "example. 86400 ZONEMD 2018031900 1 1 "
	    "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9"
	    "a9713b3c9ae5cc27777f98b8e730044c\n"
	    "ns1.example. 3600 A 203.0.113.63\n"
	    "ns2.example. 3600 AAAA 2001:db8::63\n",
	    example);

	ck_assert_msg(check_records(z, NULL, NOW) == 0, "%s", err.text);
	ck_assert_str_eq(heard, "");
	zone_records_free(z);
}
END_TEST

START_TEST(zonemd_is_verified_also_of_unsigned_zones)
{
	char *text = zonemd_text("2018031900 1 1", ZONEMD_SHA384), *more;

	must_pass(text);
	FAILS(1, "ZONEMD: its digest is not that of the zone",
	    words_swap(text, "203.0.113.63", "203.0.113.64"));
	FAILS(1, "ZONEMD: its serial",
	    words_swap(text, "ZONEMD 2018031900", "ZONEMD 2018031901"));
	more =
	    words_swap(text, "ZONEMD 2018031900 1 1", "ZONEMD 2018031900 2 1");
	ck_assert_int_eq(check_at(more, NOW), 0);
	ck_assert_ptr_nonnull(strstr(heard, "scheme or algorithm is unknown"));
	free(more);
	/* one that matches is enough */
	more = lines_add(
	    text, "t. 60 ZONEMD 2018031900 1 2 0102030405060708091011121314");
	must_pass(more);
	free(more);
	more = lines_add(
	    text, "t. 60 ZONEMD 2018031900 1 1 0102030405060708091011121314");
	must_fail(more, 1, "two of one scheme and algorithm");
	free(more);
	free(text);
	text = zonemd_text("2018031900 1 2", ZONEMD_SHA512);
	must_pass(text);
	free(text);
}
END_TEST

/* --- parent and child ----------------------------------------------------- */

static const uint8_t child_apex[] = "\3sub\1t";

struct family {
	struct zone_records *child[2], *parent[2], *bare;
};

/* Two children with keys of their own, the parents of both, and a child without
 * keys. */
static void
family_make(struct family *f)
{
	struct signed_options o = {.apex = "sub.t.",
	    .inception = NOW - DAY,
	    .expiration = NOW + 10 * DAY};
	static const char text[] =
	    "sub.t. 60 SOA ns.sub.t. h.t. 1 2 3 4 60\n"
	    "sub.t. 60 NS ns.sub.t.\nns.sub.t. 60 A 192.0.2.1\n";

	for (unsigned i = 0; i < 2; i++) {
		char *ds, *child = signed_zone_text(text, &o, &ds), *parent;

		ck_assert_int_ge(asprintf(&parent,
				     "%ssub.t. 60 NS ns.sub.t.\n%s", plain, ds),
		    0);
		f->child[i] = parse(child, child_apex);
		f->parent[i] = parse(parent, apex);
		free(child);
		free(parent);
		free(ds);
	}
	f->bare = parse(text, child_apex);
}

static void
family_free(struct family *f)
{
	for (unsigned i = 0; i < 2; i++) {
		zone_records_free(f->child[i]);
		zone_records_free(f->parent[i]);
	}
	zone_records_free(f->bare);
}

START_TEST(a_ds_leads_to_a_key_that_signs_the_keys)
{
	struct family f;
	struct zone_records *z = parse(plain, apex);

	family_make(&f);
	ck_assert_int_eq(dnssec_link_check(f.parent[0], f.child[0], &err), 0);
	ck_assert_int_eq(dnssec_link_check(z, f.child[0], &err), 0);
	ck_assert_int_eq(
	    dnssec_link_check(f.parent[0], f.child[1], &err), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "one of its DNSKEY records"));
	ck_assert_int_eq(
	    dnssec_link_check(f.parent[0], f.bare, &err), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, "the zone has no DNSKEY"));
	zone_records_free(z);
	family_free(&f);
}
END_TEST

struct blame {
	unsigned refused, warned; /* bit a member */
};

static void
blame_hear(void *arg, size_t member, bool refused, const char *why)
{
	struct blame *b = arg;

	ck_assert_ptr_nonnull(strstr(why, "no DS of sub.t."));
	if (refused)
		b->refused |= 1u << member;
	else
		b->warned |= 1u << member;
}

enum { PARENT = 1, CHILD = 2 };

START_TEST(who_breaks_a_link_is_refused)
{
	struct family f;
	struct zone_records **p = f.parent, **c = f.child;

	family_make(&f);
	{
		const struct {
			const struct zone_records *pw, *ps, *cw, *cs;
			unsigned refused, warned;
		} cases[] = {
		    {p[0], NULL, c[0], NULL, 0, 0},
		    {NULL, p[0], NULL, c[1], 0, 0}, /* nobody changed */
		    {NULL, p[0], c[1], c[0], CHILD, 0},
		    {p[1], p[0], NULL, c[0], PARENT, 0},
		    {p[1], p[0], c[1], c[0], 0, 0}, /* together */
		    {p[1], p[0], f.bare, c[0], CHILD | PARENT, 0},
		    {p[0], NULL, c[1], NULL, CHILD, 0},  /* the first load */
		    {p[0], p[0], NULL, c[1], 0, PARENT}, /* broken before */
		    {NULL, p[0], c[0], c[1], 0, 0},      /* it heals */
		    {NULL, p[0], f.bare, c[1], CHILD, 0},
		};

		for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
			struct dnssec_member m[] = {{.apex = apex,
							.wanted = cases[i].pw,
							.served = cases[i].ps},
			    {.apex = child_apex,
				.wanted = cases[i].cw,
				.served = cases[i].cs}};
			struct blame b = {0};

			ck_assert_int_eq(
			    dnssec_links_check(m, 2, blame_hear, &b, &err), 0);
			ck_assert_msg(b.refused == cases[i].refused &&
					  b.warned == cases[i].warned,
			    "case %u: refused %u, warned %u", i, b.refused,
			    b.warned);
			ck_assert(!(b.refused & PARENT) || !m[0].wanted);
			ck_assert(!(b.refused & CHILD) || !m[1].wanted);
		}
	}
	family_free(&f);
}
END_TEST

START_TEST(times_are_text)
{
	uint64_t t;
	char text[32];

	ck_assert_int_eq(
	    dnssec_time_parse(&t, "2020-02-01T23:30:00Z", &err), 0);
	ck_assert_uint_eq(t, 1580599800);
	ck_assert_str_eq(dnssec_time_text(text, t), "2020-02-01T23:30:00Z");
	ck_assert_int_eq(dnssec_time_parse(&t, "1580599800", &err), 0);
	ck_assert_uint_eq(t, 1580599800);
	ck_assert_int_lt(dnssec_time_parse(&t, "yesterday", &err), 0);
	ck_assert_int_lt(dnssec_time_parse(&t, "", &err), 0);
	ck_assert_int_lt(dnssec_time_parse(&t, "2020-02-01", &err), 0);
}
END_TEST

UNIT_MAIN("dnssec_check", what_ldns_signs_is_without_fault,
    an_unsigned_zone_passes_untouched, dates_are_held,
    it_is_said_when_signatures_begin, signatures_are_needed_and_verified,
    what_is_not_ours_is_not_signed,
    a_bad_signature_beside_a_good_one_is_a_warning,
    nsec_is_a_closed_circle_of_what_is_there, a_signed_zone_has_denial,
    nsec3_is_a_closed_circle_of_what_is_there,
    opt_out_is_for_insecure_delegations, nsec3_agrees_with_its_parameters,
    what_was_verified_is_remembered, the_end_is_known_by_dates_alone,
    zonemd_is_that_of_the_rfc, zonemd_is_verified_also_of_unsigned_zones,
    a_ds_leads_to_a_key_that_signs_the_keys, who_breaks_a_link_is_refused,
    times_are_text)
